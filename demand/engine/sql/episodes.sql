-- Infusions -> episodes. Grain: one person's run of one molecule family, without a gap that the regimen does not allow.
-- in:  attributed_infusion, eligibility_span, ref_drug_families
-- out: episode_base (when, how often, new or not), episode_infusion (which infusion belongs to which episode), stay, move
-- The infusions of an episode add up: each infusion of a known drug is in exactly one.

CREATE OR REPLACE TEMP TABLE regimen AS
SELECT
    family, clinical_line, interval_days, coalesce(induction_doses, 0) AS induction_doses, coalesce(cyclic, false) AS cyclic,
    CASE WHEN finite_course THEN course_doses END AS course_doses,
    coalesce(planned_self_injection, false) AS planned_self_injection,
    greatest(floor(interval_days * (1 + getvariable('gap_allowance'))), getvariable('gap_minimum_days'))::INTEGER AS allowed_gap
FROM ref_drug_families;

-- 1. Days on which the person was given the family, and the gap before each.
CREATE OR REPLACE TEMP TABLE dose_day AS
SELECT
    *, service_date - lag(service_date) OVER (PARTITION BY person_id, family ORDER BY service_date) AS gap
FROM (SELECT DISTINCT person_id, family, service_date FROM attributed_infusion WHERE family <> 'unknown');

-- 2. The interval: the median of the person's own maintenance gaps, else the regimen's; the cycle's length for cyclic regimens.
--    A gap long enough for a restart, and longer than the regimen allows, is none: induction begins anew after it.
CREATE OR REPLACE TEMP TABLE person_interval AS
WITH treatment AS (
    SELECT
        dose_day.*, regimen.induction_doses,
        sum(CASE WHEN gap > getvariable('restart_days') AND gap > coalesce(regimen.allowed_gap, 0) THEN 1 ELSE 0 END)
            OVER (PARTITION BY person_id, family ORDER BY service_date) AS treatment_no
    FROM dose_day
    LEFT JOIN regimen USING (family)
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY person_id, family, treatment_no ORDER BY service_date) AS dose_no
    FROM treatment
), own AS (  -- both doses of the gap are maintenance doses
    SELECT person_id, family, count(*) AS gaps, median(gap) AS middle
    FROM numbered
    WHERE dose_no >= coalesce(induction_doses, 0) + 2
    GROUP BY person_id, family
)
SELECT
    person.person_id, person.family, interval_days,
    greatest(floor(interval_days * (1 + getvariable('gap_allowance'))), getvariable('gap_minimum_days'))::INTEGER AS allowed_gap
FROM (
    SELECT
        days.person_id, days.family,
        CASE
            WHEN NOT coalesce(regimen.cyclic, false) AND own.gaps >= getvariable('own_gaps_needed')
                THEN floor(own.middle + 0.5)::INTEGER
            ELSE regimen.interval_days
        END AS interval_days
    FROM (SELECT DISTINCT person_id, family FROM dose_day) AS days
    LEFT JOIN own USING (person_id, family)
    LEFT JOIN regimen USING (family)
) AS person;

-- 3. A longer gap than the interval and half of it (and at least 60 days) ends an episode.
CREATE OR REPLACE TEMP TABLE dose_in_episode AS
SELECT
    *,
    sum(CASE WHEN gap IS NULL OR gap > allowed_gap THEN 1 ELSE 0 END)
        OVER (PARTITION BY person_id, family ORDER BY service_date) AS episode_no
FROM dose_day
JOIN person_interval USING (person_id, family);

-- Days of unbroken enrollment: spans that touch leave no gap.
CREATE OR REPLACE TEMP TABLE enrolled AS
WITH span AS (
    SELECT person_id, enrollment_start_date AS starts, coalesce(enrollment_end_date, DATE '9999-12-30') + 1 AS ends
    FROM eligibility_span
), flagged AS (
    SELECT
        *,
        starts > coalesce(max(ends) OVER (
            PARTITION BY person_id ORDER BY starts, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), DATE '0001-01-01') AS is_new
    FROM span
), islands AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY person_id ORDER BY starts, ends) AS island FROM flagged
)
SELECT person_id, min(starts) AS starts, max(ends) AS ends
FROM islands
GROUP BY person_id, island;

CREATE OR REPLACE TEMP TABLE episode_base AS
WITH grouped AS (
    SELECT
        person_id, family, episode_no,
        min(service_date) AS started_on, max(service_date) AS last_infused_on, count(*) AS infusion_days,
        any_value(interval_days) AS interval_days, any_value(allowed_gap) AS allowed_gap,
        arg_min(gap, service_date) AS gap_before,
        coalesce(bool_and(gap <= getvariable('fixed_gap_days')) FILTER (gap <= allowed_gap), true)
            AND coalesce(bool_and(gap > getvariable('fixed_gap_days')) FILTER (gap > allowed_gap), true) AS fixed90
    FROM dose_in_episode
    GROUP BY person_id, family, episode_no
), with_earlier AS (
    SELECT
        grouped.*,
        -- the person's first dose on record has a gap of unknown length before it
        CASE WHEN episode_no > 1 THEN gap_before END AS known_gap
    FROM grouped
)
SELECT
    row_number() OVER (ORDER BY base.person_id, base.started_on, base.family) AS episode_key,
    base.* EXCLUDE (gap_before),
    lead(started_on) OVER (PARTITION BY base.person_id, base.family ORDER BY started_on) AS restarted_on,
    CASE
        WHEN known_gap > getvariable('restart_days') THEN true
        WHEN known_gap IS NOT NULL THEN false
        WHEN enrolled.person_id IS NOT NULL THEN true
    END AS new_start
FROM with_earlier AS base
LEFT JOIN enrolled
    ON enrolled.person_id = base.person_id
    AND enrolled.starts <= base.started_on - getvariable('new_start_enrolled_days') AND enrolled.ends >= base.started_on;

CREATE OR REPLACE TEMP TABLE episode_infusion AS
SELECT base.episode_key, infusion.*
FROM attributed_infusion AS infusion
JOIN episode_base AS base
    ON base.person_id = infusion.person_id AND base.family = infusion.family
    AND infusion.service_date >= base.started_on AND infusion.service_date <= base.last_infused_on;

-- 4. Stays: infusions in a row at one site. A stay is established by two infusions; the first and the last seen count as they are.
--    A move is the first infusion of such a stay at another site than the one before; what lies between is visiting.
CREATE OR REPLACE TEMP TABLE stay AS
WITH flagged AS (
    SELECT
        episode_key, infusion_id, service_date, site_id, site_class, ownership,
        site_id IS DISTINCT FROM lag(site_id) OVER (PARTITION BY episode_key ORDER BY service_date, infusion_id) AS is_new
    FROM episode_infusion
), islands AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY episode_key ORDER BY service_date, infusion_id) AS stay_no FROM flagged
), stays AS (
    SELECT
        episode_key, stay_no, arg_min(infusion_id, (service_date, infusion_id)) AS first_infusion_id,
        min(service_date) AS from_on, max(service_date) AS until_on, count(*) AS infusions,
        any_value(site_id) AS site_id, arg_max(site_class, (service_date, infusion_id)) AS site_class,
        arg_max(ownership, (service_date, infusion_id)) AS ownership
    FROM islands
    GROUP BY episode_key, stay_no
)
SELECT
    *,
    stay_no = 1 OR infusions >= getvariable('established_infusions')
        OR stay_no = max(stay_no) OVER (PARTITION BY episode_key) AS is_home_base
FROM stays;

CREATE OR REPLACE TEMP TABLE move AS
WITH base AS (
    SELECT
        *,
        lag(site_id) OVER before AS from_site_id, lag(site_class) OVER before AS from_site_class,
        lag(ownership) OVER before AS from_ownership
    FROM stay
    WHERE is_home_base
    WINDOW before AS (PARTITION BY episode_key ORDER BY stay_no)
)
SELECT
    episode_key, from_on AS moved_on, first_infusion_id, from_site_id, from_site_class, from_ownership,
    site_id AS to_site_id, site_class AS to_site_class, ownership AS to_ownership
FROM base
WHERE from_site_id <> site_id;
