-- Moves and first infusions elsewhere -> why, as far as the data says. Grain: one row per departure of an episode.
-- in:  episode_base, episode_infusion, stay, move, eligibility_span, policy_scope, fill_family, order_family, site_place, site_use,
--      reaction_day, roster, ref_zip_centroids
-- out: departure (episode_key, kind, departed_on, from and to site, reason, evidence). The first reason that holds, in this order.

CREATE OR REPLACE TEMP TABLE departure_fact AS
WITH departed AS (
    SELECT
        episode_key, CASE WHEN to_ownership = 'owned' THEN 'moved_in' ELSE 'moved_out' END AS kind, moved_on AS departed_on,
        first_infusion_id, from_site_id, from_site_class, to_site_id, to_site_class
    FROM move
    WHERE (from_ownership = 'owned') <> (to_ownership = 'owned')
    UNION ALL
    SELECT episode_key, 'never_captured', from_on, first_infusion_id, NULL, NULL, site_id, site_class
    FROM stay
    WHERE stay_no = 1 AND ownership IN ('other', 'partner')
)
SELECT
    row_number() OVER (ORDER BY departed.episode_key, departed.departed_on, departed.kind) AS departure_no,
    departed.*, base.person_id, base.family, base.started_on,
    infusion.molecule, infusion.hcpcs_codes, infusion.payer, infusion.plan, infusion.line_of_business, infusion.funding_type,
    infusion.state, person.birth_date, person.zip_code
FROM departed
JOIN episode_base AS base USING (episode_key)
JOIN episode_infusion AS infusion ON infusion.infusion_id = departed.first_infusion_id
LEFT JOIN (
    SELECT
        person_id, arg_max(birth_date, enrollment_start_date) AS birth_date, arg_max(zip_code, enrollment_start_date) AS zip_code
    FROM eligibility_span
    GROUP BY person_id
) AS person ON person.person_id = base.person_id;

-- Policies of the payer in force that day for the drug and the person, whose start rule is met and whose grace is used up.
CREATE OR REPLACE TEMP TABLE departure_policy AS
WITH dose AS (
    SELECT episode_key, service_date, row_number() OVER (PARTITION BY episode_key ORDER BY service_date) AS dose_no
    FROM (SELECT DISTINCT episode_key, service_date FROM episode_infusion)
), scoped AS (
    SELECT
        fact.departure_no, fact.departed_on, fact.started_on, policy.*,
        greatest(0, date_diff('day', fact.birth_date, fact.departed_on) // 365.2425) AS age,
        fact.started_on + policy.grace_days AS days_over,
        grace_dose.service_date + 1 AS doses_over
    FROM departure_fact AS fact
    JOIN policy_scope AS policy
        ON policy.payer = lower(fact.payer)
        AND (policy.line_of_business IS NULL OR policy.line_of_business = fact.line_of_business)
        AND fact.departed_on >= policy.effective_from AND fact.departed_on < policy.effective_to
        AND policy_names_drug(policy.all_drugs, policy.codes, policy.names, fact.hcpcs_codes, fact.molecule, fact.family)
        AND (policy.funding IS NULL OR list_contains(policy.funding, fact.funding_type) OR fact.funding_type = 'unknown')
        AND (policy.plans_in IS NULL OR list_contains(policy.plans_in, fact.plan))
        AND (policy.plans_out IS NULL OR NOT list_contains(policy.plans_out, fact.plan))
        AND (policy.states IS NULL OR fact.state IS NULL OR list_contains(policy.states, fact.state))
        AND (policy.starts <> 'new_starts' OR fact.started_on >= policy.effective_from)
        AND (
            policy.kind <> 'site_of_care'
            OR list_contains(policy.excluded, fact.from_site_class)
            OR (policy.excludes_hospital_affiliated AND fact.from_site_id IN (SELECT site_id FROM site_place WHERE hospital_affiliated))
            OR (fact.from_site_id IS NULL AND EXISTS (
                FROM site_place WHERE ownership = 'owned' AND list_contains(policy.excluded, site_place.site_class)))
        )
        AND (policy.kind <> 'drug_source' OR policy.drug_source IN ('sp_required', 'sp_preferred'))
    LEFT JOIN dose AS grace_dose ON grace_dose.episode_key = fact.episode_key AND grace_dose.dose_no = policy.grace_doses
)
SELECT departure_no, kind, min(policy_id) AS policy_id
FROM scoped
WHERE (age IS NULL OR (age >= coalesce(age_min, 0) AND age <= coalesce(age_max, 200)))
    AND departed_on >= coalesce(
        CASE
            WHEN grace_days IS NULL THEN CASE WHEN grace_doses IS NOT NULL THEN coalesce(doses_over, DATE '9999-12-31') END
            WHEN grace_doses IS NULL THEN days_over
            WHEN grace_combine = 'last' THEN greatest(days_over, coalesce(doses_over, DATE '9999-12-31'))
            ELSE least(days_over, coalesce(doses_over, DATE '9999-12-31'))
        END,
        effective_from)
GROUP BY departure_no, kind;

CREATE OR REPLACE TEMP TABLE departure_wait AS  -- the last order in the time before: how long did it wait
SELECT
    fact.departure_no,
    arg_max(coalesce(placed.first_infused_on, placed.scheduled_on, fact.departed_on) - placed.ordered_on,
        (placed.ordered_on, placed.order_id)) AS waited
FROM departure_fact AS fact
JOIN order_family AS placed
    ON placed.person_id = fact.person_id AND placed.family = fact.family
    AND placed.ordered_on >= fact.departed_on - getvariable('access_order_days') AND placed.ordered_on <= fact.departed_on
GROUP BY fact.departure_no;

CREATE OR REPLACE TEMP TABLE departure_full AS  -- the site left was over capacity in the month of its last infusion there
SELECT DISTINCT fact.departure_no
FROM departure_fact AS fact
JOIN site_use
    ON site_use.site_id = fact.from_site_id AND site_use.chair_use > getvariable('over_capacity_use')
    AND site_use.month IN (
        date_trunc('month', fact.departed_on), date_trunc('month', fact.departed_on) - INTERVAL 1 MONTH);

CREATE OR REPLACE TEMP TABLE departure_miles AS  -- how much nearer the new site is; for a first infusion elsewhere, than our nearest
SELECT
    fact.departure_no,
    min(miles_between(home.latitude, home.longitude, old.latitude, old.longitude))
        - min(miles_between(home.latitude, home.longitude, new.latitude, new.longitude)) AS nearer
FROM departure_fact AS fact
JOIN ref_zip_centroids AS home ON home.zip_code = left(fact.zip_code, 5)
JOIN site_place AS new ON new.site_id = fact.to_site_id AND fact.to_site_class <> 'home'
JOIN site_place AS old
    ON old.site_id = fact.from_site_id
    OR (fact.from_site_id IS NULL AND old.ownership = 'owned' AND old.site_class NOT IN ('specialty_pharmacy', 'home_infusion')
        AND fact.departed_on >= old.opened_on AND fact.departed_on < old.closed_on)
GROUP BY fact.departure_no;

CREATE OR REPLACE TEMP TABLE departure_prescriber AS
SELECT fact.departure_no, max(roster.ends_on) AS left_on
FROM departure_fact AS fact
JOIN episode_infusion AS infusion ON infusion.episode_key = fact.episode_key AND infusion.service_date <= fact.departed_on
JOIN roster
    ON roster.npi = infusion.named_npi AND roster.ends_on <= fact.departed_on
    AND roster.ends_on >= fact.departed_on - getvariable('prescriber_left_days')
GROUP BY fact.departure_no;

CREATE OR REPLACE TEMP TABLE departure_clinical AS
SELECT fact.departure_no, min(found.evidence) AS evidence
FROM departure_fact AS fact
JOIN (
    SELECT person_id, family, ordered_on AS found_on, 'order refused as clinically inappropriate' AS evidence
    FROM order_family
    WHERE lower(reject_reason) = 'clinically inappropriate'
    UNION ALL
    SELECT person_id, NULL, service_date, 'reaction coded on a claim' FROM reaction_day
) AS found
    ON found.person_id = fact.person_id AND (found.family IS NULL OR found.family = fact.family)
    AND found.found_on <= fact.departed_on AND found.found_on >= fact.departed_on - getvariable('clinical_days')
GROUP BY fact.departure_no;

CREATE OR REPLACE TEMP TABLE departure_shift AS  -- the drug went to the pharmacy benefit at about that time
SELECT DISTINCT fact.departure_no
FROM departure_fact AS fact
JOIN fill_family AS fill
    ON fill.person_id = fact.person_id AND fill.family = fact.family AND fill.self_administered
    AND abs(fill.dispensing_date - fact.departed_on) <= getvariable('benefit_shift_days');

CREATE OR REPLACE TEMP TABLE departure AS
SELECT
    fact.episode_key, fact.kind, fact.departed_on, fact.from_site_id, fact.to_site_id,
    CASE
        WHEN site_policy.policy_id IS NOT NULL THEN 'site_policy'
        WHEN source_policy.policy_id IS NOT NULL THEN 'drug_source_policy'
        WHEN shift.departure_no IS NOT NULL THEN 'benefit_shift'
        WHEN wait.waited > getvariable('access_wait_days') OR is_full.departure_no IS NOT NULL THEN 'access'
        WHEN distance.nearer >= getvariable('distance_miles') THEN 'distance'
        WHEN prescriber.departure_no IS NOT NULL THEN 'prescriber_left'
        WHEN clinical.departure_no IS NOT NULL THEN 'clinical'
        ELSE 'unexplained'
    END AS reason,
    CASE
        WHEN site_policy.policy_id IS NOT NULL THEN 'policy ' || site_policy.policy_id
        WHEN source_policy.policy_id IS NOT NULL THEN 'policy ' || source_policy.policy_id
        WHEN shift.departure_no IS NOT NULL THEN 'self-administered fill'
        WHEN wait.waited > getvariable('access_wait_days') THEN 'order waited ' || wait.waited || ' days'
        WHEN is_full.departure_no IS NOT NULL THEN 'site over capacity'
        WHEN distance.nearer >= getvariable('distance_miles') THEN round(distance.nearer)::INTEGER || ' miles nearer'
        WHEN prescriber.departure_no IS NOT NULL THEN 'prescriber left ' || prescriber.left_on
        WHEN clinical.departure_no IS NOT NULL THEN clinical.evidence
    END AS evidence
FROM departure_fact AS fact
LEFT JOIN departure_policy AS site_policy ON site_policy.departure_no = fact.departure_no AND site_policy.kind = 'site_of_care'
LEFT JOIN departure_policy AS source_policy ON source_policy.departure_no = fact.departure_no AND source_policy.kind = 'drug_source'
LEFT JOIN departure_shift AS shift ON shift.departure_no = fact.departure_no
LEFT JOIN departure_wait AS wait ON wait.departure_no = fact.departure_no
LEFT JOIN departure_full AS is_full ON is_full.departure_no = fact.departure_no
LEFT JOIN departure_miles AS distance ON distance.departure_no = fact.departure_no
LEFT JOIN departure_prescriber AS prescriber ON prescriber.departure_no = fact.departure_no
LEFT JOIN departure_clinical AS clinical ON clinical.departure_no = fact.departure_no;
