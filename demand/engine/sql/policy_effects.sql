-- Site policies and facts -> people bound by a policy and comparable people, and how many of each moved, in the window after its date
-- and in windows of the same length before it. Grain: one row per policy and window; window 0 begins on the policy's date.
-- in:  policy_scope, fact_all, maturity     out: policy_people
-- Bound: an infusion of the policy's drugs at a site it excludes in the window before the day, by its payer. Comparable: the same
-- for the clinical lines of those drugs by other payers. Moved: the last infusion in the window after the day was elsewhere.
-- Policies of other payers on the same drugs that began within a window's length of the day are named: they move comparable people.
-- A window counts if claims begin before the one that precedes it and all its months are complete; earlier windows show what
-- the two groups did before anything bound them.
CREATE OR REPLACE TEMP TABLE policy_people AS
WITH policy AS (
    SELECT
        policy_id, any_value(payer) AS payer, any_value(effective_from) AS effective_from, any_value(excluded) AS excluded,
        list(DISTINCT line_of_business) FILTER (line_of_business IS NOT NULL) AS lines_of_business, any_value(funding) AS funding,
        list(DISTINCT known.family) AS families
    FROM policy_scope
    JOIN (
        SELECT hcpcs_code AS drug, family FROM ref_drug_codes UNION SELECT drug, family FROM drug_family_of
    ) AS known ON all_drugs OR list_contains(codes, known.drug) OR list_contains(names, known.drug)
    WHERE kind = 'site_of_care'
    GROUP BY policy_id
), clinical AS (
    SELECT DISTINCT policy.policy_id, family.clinical_line
    FROM policy JOIN ref_drug_families AS family ON list_contains(policy.families, family.family)
), seen AS (
    SELECT
        (SELECT min(service_date) FROM fact_all) AS first_on,
        (SELECT min(until) FROM (
            SELECT (max(month) FILTER (mature) + INTERVAL 1 MONTH)::DATE AS until FROM maturity GROUP BY data_source)) AS complete_until
), period AS (
    SELECT
        policy.*, number AS window_no, effective_from + number::INTEGER * getvariable('policy_effect_days') AS begins_on,
        coalesce(begins_on + getvariable('policy_effect_days') <= seen.complete_until, false) AS complete
    FROM policy CROSS JOIN seen CROSS JOIN range(-getvariable('policy_effect_windows'), 1) AS numbers(number)
    WHERE begins_on - getvariable('policy_effect_days') >= seen.first_on OR number = 0
), before AS (
    SELECT
        period.policy_id, period.window_no, fact.person_no, period.begins_on, period.excluded,
        bool_or(
            lower(fact.payer) = period.payer AND list_contains(period.families, fact.family)
            AND (len(period.lines_of_business) IS NULL OR list_contains(period.lines_of_business, fact.line_of_business))
            AND (period.funding IS NULL OR list_contains(period.funding, fact.funding_type))
        ) AS is_bound,
        bool_or(lower(fact.payer) = period.payer) AS has_payer, any_value(fact.payer) AS payer
    FROM period
    JOIN clinical USING (policy_id)
    JOIN fact_all AS fact
        ON fact.clinical_line = clinical.clinical_line
        AND fact.service_date >= period.begins_on - getvariable('policy_effect_days')
        AND fact.service_date < period.begins_on
        AND list_contains(period.excluded, fact.site_class)
    GROUP BY ALL
), after AS (
    SELECT
        before.policy_id, before.window_no, before.person_no,
        arg_max(fact.site_class, (fact.service_date, fact.infusion_id)) AS site_class
    FROM (SELECT DISTINCT policy_id, window_no, person_no, begins_on FROM before) AS before
    JOIN clinical USING (policy_id)
    JOIN fact_all AS fact
        ON fact.person_no = before.person_no AND fact.clinical_line = clinical.clinical_line
        AND fact.service_date >= before.begins_on
        AND fact.service_date < before.begins_on + getvariable('policy_effect_days')
    GROUP BY ALL
), judged AS (
    SELECT
        before.policy_id, before.window_no, before.payer, is_bound, NOT has_payer AS is_comparable,
        after.person_no IS NOT NULL AND NOT list_contains(excluded, after.site_class) AS moved
    FROM before
    LEFT JOIN after
        ON after.policy_id = before.policy_id AND after.window_no = before.window_no AND after.person_no = before.person_no
)
SELECT
    period.policy_id, period.window_no, any_value(period.begins_on) AS begins_on, any_value(period.complete) AS complete,
    count(*) FILTER (is_bound) AS bound,
    count(*) FILTER (is_bound AND moved) AS bound_moved,
    count(*) FILTER (is_comparable) AS comparable,
    count(*) FILTER (is_comparable AND moved) AS comparable_moved,
    list_sort(list(DISTINCT judged.payer) FILTER (is_comparable)) AS comparators,
    (SELECT list_sort(list(clinical_line)) FROM clinical WHERE clinical.policy_id = period.policy_id) AS clinical_lines,
    (
        SELECT list_sort(list(other.policy_id))
        FROM policy AS other
        WHERE other.payer <> any_value(period.payer) AND list_has_any(other.families, any_value(period.families))
            AND abs(other.effective_from - any_value(period.begins_on)) < getvariable('policy_effect_days')
    ) AS policies_of_others
FROM period
JOIN judged ON judged.policy_id = period.policy_id AND judged.window_no = period.window_no
GROUP BY period.policy_id, period.window_no
ORDER BY period.policy_id, period.window_no;
