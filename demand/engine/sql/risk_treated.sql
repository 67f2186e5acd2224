-- Episodes as of each day -> those that could move out then, as treatments.sql reads them. Grain: one row per episode and day.
-- in:  snapshot, attributed_infusion, eligibility_span (risk_as_of.sql), episode_base, episode_infusion, stay (episodes.sql), all_lines
-- out: at_risk, and run_infusions, run_episodes, run_eligibility, run_lines, run_feed_end as of the days
-- At risk: ordered by a named prescriber of ours, not overdue by more than the gap rule, its last site ours, and the person still covered
-- (or nobody told of any coverage).

CREATE OR REPLACE TEMP TABLE at_risk AS
WITH home AS (
    SELECT
        episode_key, arg_max(ownership, stay_no) AS ownership,
        count(DISTINCT site_id) > 1 AS has_moved
    FROM stay
    WHERE is_home_base
    GROUP BY episode_key
), last_dose AS (
    SELECT
        episode_key, any_value(snapshot_no) AS snapshot_no, any_value(snapshot_on) AS snapshot_on,
        any_value(real_person_id) AS real_person_id, any_value(real_person_no) AS real_person_no,
        any_value(person_no) AS person_no, any_value(clinical_line) AS clinical_line,
        arg_max(payer, infusion_id) AS payer, arg_max(line_of_business, infusion_id) AS line_of_business,
        arg_max(funding_type, infusion_id) AS funding_type, arg_max(market, infusion_id) AS market,
        arg_max(site_id, infusion_id) AS site_id, arg_max(site_class, infusion_id) AS site_class,
        arg_max(channel, infusion_id) AS channel, arg_max(feed, infusion_id) AS feed,
        count(DISTINCT service_date) AS doses,
        bool_or(ownership IN ('other', 'partner') AND service_date >= snapshot_on - getvariable('risk_recent_days')) AS visited_elsewhere,
        count(DISTINCT named_npi) FILTER (service_date >= snapshot_on - getvariable('risk_recent_days')) > 1 AS changed_prescriber
    FROM episode_infusion
    WHERE snapshot_no > 0
    GROUP BY episode_key
), covered AS (
    SELECT
        person_id, bool_or(coalesce(enrollment_end_date, DATE '9999-12-30') >= snapshot.snapshot_on - 1) AS is_covered
    FROM eligibility_span
    JOIN snapshot ON snapshot.snapshot_no = string_split(person_id, '@')[-1]::INTEGER
    GROUP BY person_id
)
SELECT
    base.episode_key, base.person_id, base.family, base.started_on, base.last_infused_on, base.interval_days, base.allowed_gap,
    base.new_start, home.has_moved, last_dose.* EXCLUDE (episode_key)
FROM episode_base AS base
JOIN last_dose USING (episode_key)
JOIN home USING (episode_key)
LEFT JOIN covered USING (person_id)
WHERE home.ownership = 'owned' AND coalesce(covered.is_covered, true)
    AND base.last_infused_on + base.allowed_gap >= last_dose.snapshot_on;

CREATE OR REPLACE TEMP VIEW run_infusions AS FROM attributed_infusion;
CREATE OR REPLACE TEMP VIEW run_episodes AS
SELECT
    episode_key AS episode_id, person_id, person_no, family, started_on, last_infused_on, allowed_gap, new_start, interval_days, market,
    last_infused_on + interval_days AS expected_next_on, NULL::VARCHAR AS end_cause, NULL::VARCHAR AS outcome
FROM at_risk;
CREATE OR REPLACE TEMP VIEW run_eligibility AS FROM eligibility_span SEMI JOIN at_risk USING (person_id);
CREATE OR REPLACE TEMP VIEW run_lines AS  -- of diagnoses the run has kept what exceptions ask: see all_evidence
SELECT infusion_id, payer, authorization_end_date, NULL::VARCHAR AS person_id, NULL::DATE AS service_date, NULL::VARCHAR AS diagnosis_codes,
    NULL::VARCHAR AS data_source
FROM all_lines
WHERE authorization_end_date IS NOT NULL;
CREATE OR REPLACE TEMP VIEW run_feed_end AS
SELECT snapshot_no::VARCHAR AS data_source, snapshot_on AS known_until FROM snapshot WHERE snapshot_no > 0;
