-- Episodes -> the register of treatments whose next dose is overdue, and what was looked for. Grain: one row per attributed episode.
-- in:  episode, episode_infusion, ref_prescribers
-- out: prescriber_group, silent_episode (the last site, prescriber and usual money of episodes that are overdue or went to self-injection),
--      overdue (the register)
-- A treatment that began again later, or of which no further dose was due (a complete course, planned self-injection), is not in the
-- register: its next dose is not missing. Every other overdue one has exactly one resolution; only those of mature months may be dark.

-- Whom a prescriber number belongs to, by its last stay on the roster.
CREATE OR REPLACE TEMP TABLE prescriber_group AS
SELECT
    npi,
    arg_max(coalesce(nullif(specialty, ''), 'unknown'), (coalesce(starts_on, DATE '1900-01-01'), specialty, relation, market)) AS specialty,
    arg_max(coalesce(nullif(relation, ''), 'unknown'), (coalesce(starts_on, DATE '1900-01-01'), specialty, relation, market)) AS relation,
    arg_max(coalesce(nullif(market, ''), 'unknown'), (coalesce(starts_on, DATE '1900-01-01'), specialty, relation, market)) AS prescriber_market
FROM ref_prescribers
WHERE npi IS NOT NULL
GROUP BY npi;

CREATE OR REPLACE TEMP TABLE silent_episode AS
WITH last_one AS (
    SELECT
        episode_key,
        arg_max(named_npi, (service_date, infusion_id)) AS named_npi, arg_max(plan, (service_date, infusion_id)) AS plan,
        arg_max(site_id, (service_date, infusion_id)) AS site_id, arg_max(site_class, (service_date, infusion_id)) AS site_class,
        arg_max(ownership, (service_date, infusion_id)) AS ownership,
        arg_max(coalesce(owner, ''), (service_date, infusion_id)) AS owner,
        cents(round(median(allowed_cents))) AS dose_cents  -- what one infusion of the treatment is usually allowed; unknown where none is
    FROM episode_infusion
    GROUP BY episode_key
)
SELECT
    episode.*, last_one.* EXCLUDE (episode_key),
    episode.attribution_rule IN ('ordering_npi', 'rendering_npi') AS is_headline,
    coalesce(prescriber.specialty, 'unknown') AS specialty, coalesce(prescriber.relation, 'unknown') AS relation,
    coalesce(prescriber.prescriber_market, 'unknown') AS prescriber_market
FROM episode
JOIN last_one USING (episode_key)
LEFT JOIN prescriber_group AS prescriber ON prescriber.npi = last_one.named_npi
WHERE episode.attributed AND (episode.is_overdue OR episode.outcome = 'benefit_shift');

CREATE OR REPLACE TEMP TABLE overdue AS
SELECT
    *, date_trunc('month', due_on)::DATE AS month,
    CASE
        WHEN resolution = 'stopped' AND is_benefit_shift THEN 'benefit_shift'
        WHEN resolution IN ('stopped', 'not_enrolled') THEN end_cause
        WHEN resolution = 'moved' THEN reason
        WHEN resolution = 'unknown' AND NOT has_eligibility THEN 'enrollment_unknown'
        WHEN resolution = 'unknown' AND (later_fills > 0 OR has_later_event) THEN 'seen_otherwise'
    END AS evidence
FROM silent_episode
WHERE is_overdue AND coalesce(end_cause, '') NOT IN ('complete', 'planned_self_injection', 'restarted');
