-- Site policies and facts -> people bound by a policy and comparable people, and how many of each moved. Grain: one row per policy.
-- in:  policy_scope, fact_all     out: policy_people
-- Bound: an infusion of the policy's drugs at a site it excludes in the window before its date, by its payer. Comparable: the same
-- for the clinical lines of those drugs by other payers. Moved: the last infusion in the window after the date was elsewhere.
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
), before AS (
    SELECT
        policy.policy_id, fact.person_no, policy.effective_from, policy.excluded,
        bool_or(
            lower(fact.payer) = policy.payer AND list_contains(policy.families, fact.family)
            AND (len(policy.lines_of_business) IS NULL OR list_contains(policy.lines_of_business, fact.line_of_business))
            AND (policy.funding IS NULL OR list_contains(policy.funding, fact.funding_type))
        ) AS is_bound,
        bool_or(lower(fact.payer) = policy.payer) AS has_payer
    FROM policy
    JOIN clinical USING (policy_id)
    JOIN fact_all AS fact
        ON fact.clinical_line = clinical.clinical_line
        AND fact.service_date >= policy.effective_from - getvariable('policy_effect_days')
        AND fact.service_date < policy.effective_from
        AND list_contains(policy.excluded, fact.site_class)
    GROUP BY ALL
), after AS (
    SELECT
        before.policy_id, before.person_no, arg_max(fact.site_class, (fact.service_date, fact.infusion_id)) AS site_class,
        bool_and(fact.mature) AS mature
    FROM before
    JOIN clinical USING (policy_id)
    JOIN fact_all AS fact
        ON fact.person_no = before.person_no AND fact.clinical_line = clinical.clinical_line
        AND fact.service_date >= before.effective_from
        AND fact.service_date < before.effective_from + getvariable('policy_effect_days')
    GROUP BY ALL
)
SELECT
    before.policy_id,
    count(*) FILTER (is_bound) AS bound,
    count(*) FILTER (is_bound AND after.person_no IS NOT NULL AND NOT list_contains(excluded, after.site_class)) AS bound_moved,
    count(*) FILTER (NOT has_payer) AS comparable,
    count(*) FILTER (NOT has_payer AND after.person_no IS NOT NULL AND NOT list_contains(excluded, after.site_class)) AS comparable_moved
FROM before
LEFT JOIN after ON after.policy_id = before.policy_id AND after.person_no = before.person_no
GROUP BY before.policy_id
ORDER BY before.policy_id;
