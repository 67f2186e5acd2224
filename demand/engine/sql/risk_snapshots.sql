-- Episodes at risk as of each day -> what was known of them then, and what came of them. Grain: one row per episode and day.
-- in:  snapshot, at_risk, treatment (treatments.sql), exposure, policy (exposure.sql), episode_base, episode_infusion, move, regimen
--      (episodes.sql), order_family, roster, site_place, register_site, ref_policies, ref_zip_centroids, all_maturity
-- out: risk_snapshot
-- A policy counts from the day on which its source was read, or its effective date where that is earlier; on the forecast's day every
-- policy on file counts. `certain` ones are in force or will be; others come with their likelihood, all independent of one another.
-- Whom a clinical or access exception lets off keeps the date: the exception may not be granted. Terms of the first policy that reaches:
-- `exception`, or `no site of ours` where it permits none of ours in the market; null where one of ours may go on.
-- Moved: the first move from a site of ours to another's in the same episode. Turned: to another of ours. Ended: no dose for longer than the gap allows. Both count
-- in complete months only: `followed` is how many of them a feed has after the day.

CREATE OR REPLACE TEMP TABLE risk_policy AS
WITH ours AS (
    SELECT DISTINCT policy.policy_id, coalesce(site.market, 'unknown') AS market
    FROM policy
    JOIN register_site AS site
        ON site.ownership = 'owned' AND site.site_class <> 'specialty_pharmacy' AND NOT list_contains(policy.excluded, site.site_class)
        AND NOT (policy.excludes_affiliated AND coalesce(site.hospital_affiliated, false))
        AND policy.effective_from >= coalesce(site.opened_on, DATE '1900-01-01')
        AND policy.effective_from < coalesce(site.closed_on, DATE '9999-12-31')
), known AS (
    SELECT policy_id, least(
        coalesce(any_value(document) ->> '$.source.retrieved', any_value(effective_from)::VARCHAR)::DATE, any_value(effective_from)
    ) AS known_on
    FROM ref_policies
    GROUP BY policy_id
), day AS (
    SELECT
        exposure.episode_id AS episode_key, exposure.policy_id, exposure.kind, exposure.status = 'in_force' AS is_certain,
        known.known_on < at_risk.snapshot_on OR at_risk.snapshot_no = 1 AS is_known,
        any_value(exposure.likelihood) AS likelihood, min(coalesce(exposure.exposed_from, exposure.expected_from)) AS exposed_on,
        CASE
            WHEN bool_or(exposure.verdict = 'exempt') THEN 'exception' WHEN any_value(ours.policy_id) IS NULL THEN 'no site of ours' ELSE ''
        END AS terms
    FROM exposure
    JOIN known USING (policy_id)
    JOIN at_risk ON at_risk.episode_key = exposure.episode_id
    LEFT JOIN ours ON ours.policy_id = exposure.policy_id AND ours.market = coalesce(at_risk.market, 'unknown')
    WHERE exposure.verdict IN ('exposed', 'in_grace', 'exempt') AND exposure.kind IN ('site_of_care', 'drug_source')
    GROUP BY ALL
)
SELECT
    episode_key,
    min(exposed_on) FILTER (kind = 'site_of_care' AND is_certain AND is_known) AS site_policy_on,
    min(exposed_on) FILTER (kind = 'drug_source' AND is_certain AND is_known) AS drug_policy_on,
    min(exposed_on) FILTER (kind = 'site_of_care' AND is_certain) AS site_policy_came_on,
    min(exposed_on) FILTER (kind = 'drug_source' AND is_certain) AS drug_policy_came_on,
    min(exposed_on) FILTER (kind = 'site_of_care' AND NOT is_certain AND is_known) AS site_policy_maybe_on,
    arg_min(terms, (exposed_on, policy_id)) FILTER (kind = 'site_of_care' AND is_known) AS site_policy_terms,
    arg_min(terms, (exposed_on, policy_id)) FILTER (kind = 'site_of_care' AND is_certain) AS site_policy_came_terms,
    1 - coalesce(product(1 - likelihood) FILTER (kind = 'site_of_care' AND NOT is_certain AND is_known), 1) AS site_policy_chance
FROM day
GROUP BY episode_key;

CREATE OR REPLACE TEMP TABLE risk_miles AS  -- how far the site is, and the nearest that is not ours and open that day
WITH home AS (
    SELECT DISTINCT treatment.zip_code, at_risk.snapshot_on
    FROM at_risk JOIN treatment ON treatment.episode_id = at_risk.episode_key
)
SELECT
    home.zip_code, home.snapshot_on,
    min(miles_between(lived.latitude, lived.longitude, site.latitude, site.longitude)) AS nearest_other
FROM home
JOIN ref_zip_centroids AS lived ON lived.zip_code = home.zip_code
JOIN site_place AS site
    ON site.ownership IN ('other', 'partner') AND site.site_class NOT IN ('home_infusion', 'specialty_pharmacy')
    AND home.snapshot_on >= site.opened_on AND home.snapshot_on < site.closed_on
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE risk_wait AS  -- the last order in the time before: how long it had waited by then
SELECT
    at_risk.episode_key,
    arg_max(
        least(coalesce(placed.first_infused_on, placed.scheduled_on, at_risk.snapshot_on), at_risk.snapshot_on) - placed.ordered_on,
        (placed.ordered_on, placed.order_id)) AS waited,
    arg_max(
        least(coalesce(placed.authorized_on, at_risk.snapshot_on), at_risk.snapshot_on) - placed.ordered_on,
        (placed.ordered_on, placed.order_id)) AS authorization_waited
FROM at_risk
JOIN order_family AS placed
    ON placed.person_id = at_risk.real_person_id AND placed.family = at_risk.family
    AND placed.ordered_on < at_risk.snapshot_on AND placed.ordered_on >= at_risk.snapshot_on - getvariable('access_order_days')
GROUP BY at_risk.episode_key;

CREATE OR REPLACE TEMP TABLE risk_prescriber AS
SELECT DISTINCT infusion.episode_key
FROM episode_infusion AS infusion
JOIN roster
    ON roster.npi = infusion.named_npi AND roster.ends_on < infusion.snapshot_on
    AND roster.ends_on >= infusion.snapshot_on - getvariable('prescriber_left_days');

CREATE OR REPLACE TEMP TABLE came_of_it AS
WITH whole AS (
    SELECT base.episode_key, base.family, base.started_on, base.last_infused_on, base.allowed_gap, person.real_person_no
    FROM episode_base AS base
    JOIN (SELECT DISTINCT person_id, real_person_no FROM attributed_infusion WHERE snapshot_no = 0) AS person USING (person_id)
)
SELECT
    at_risk.episode_key,
    min(move.moved_on) FILTER (move.moved_on >= at_risk.snapshot_on AND move.to_ownership IN ('other', 'partner')) AS moved_on,
    min(move.moved_on) FILTER (move.moved_on >= at_risk.snapshot_on AND move.to_ownership = 'owned') AS turned_on,
    any_value(whole.last_infused_on + whole.allowed_gap) AS ended_on
FROM at_risk
JOIN whole
    ON whole.real_person_no = at_risk.real_person_no AND whole.family = at_risk.family
    AND at_risk.last_infused_on >= whole.started_on AND at_risk.last_infused_on <= whole.last_infused_on
LEFT JOIN move
    ON move.episode_key = whole.episode_key AND move.from_ownership = 'owned'
GROUP BY at_risk.episode_key;

CREATE OR REPLACE TEMP TABLE risk_snapshot AS
WITH feed AS (
    SELECT data_source, (max(month) FILTER (mature) + INTERVAL 1 MONTH)::DATE AS seen_until FROM all_maturity GROUP BY data_source
)
SELECT
    at_risk.snapshot_no, at_risk.snapshot_on, at_risk.real_person_id AS person_id, at_risk.real_person_no AS person_no, at_risk.family,
    coalesce(at_risk.clinical_line, 'unknown') AS clinical_line, coalesce(at_risk.payer, 'unknown') AS payer,
    coalesce(at_risk.line_of_business, 'unknown') AS line_of_business, coalesce(at_risk.funding_type, 'unknown') AS funding_type,
    coalesce(at_risk.market, 'unknown') AS market, at_risk.site_id, at_risk.site_class, at_risk.started_on, at_risk.last_infused_on,
    at_risk.last_infused_on + at_risk.interval_days AS next_expected_on,
    date_diff('day', at_risk.started_on, at_risk.snapshot_on) / 365.25 AS years_treated,
    coalesce(at_risk.new_start, false) AND at_risk.snapshot_on - at_risk.started_on < getvariable('risk_recent_days') AS is_new,
    at_risk.interval_days, greatest(
        0, least(at_risk.snapshot_on, coalesce(feed.seen_until, at_risk.snapshot_on)) - at_risk.last_infused_on - at_risk.interval_days
    ) AS days_overdue,
    regimen.course_doses IS NOT NULL OR coalesce(regimen.planned_self_injection, false) AS is_finite,
    at_risk.doses, at_risk.has_moved, at_risk.visited_elsewhere, at_risk.changed_prescriber,
    prescriber.episode_key IS NOT NULL AS prescriber_left,
    coalesce(at_risk.channel = 'white_bag', false) AS is_white_bagged,
    wait.waited::DOUBLE AS waited, wait.authorization_waited::DOUBLE AS authorization_waited,
    miles_between(lived.latitude, lived.longitude, here.latitude, here.longitude) AS miles,
    miles_between(lived.latitude, lived.longitude, here.latitude, here.longitude) - miles.nearest_other AS miles_nearer_elsewhere,
    date_diff('day', treatment.birth_date, at_risk.snapshot_on) / 365.25 AS age,
    policy.site_policy_on, policy.drug_policy_on, policy.site_policy_came_on, policy.drug_policy_came_on,
    policy.site_policy_terms, policy.site_policy_came_terms, policy.site_policy_maybe_on, coalesce(policy.site_policy_chance, 0) AS site_policy_chance,
    greatest(0, coalesce(date_diff('month', at_risk.snapshot_on, feed.seen_until), 0)) AS followed,
    (date_diff('month', at_risk.snapshot_on, came.moved_on) + 1)::DOUBLE AS moved_in_month,
    (date_diff('month', at_risk.snapshot_on, came.turned_on) + 1)::DOUBLE AS turned_in_month,
    (date_diff('month', at_risk.snapshot_on, came.ended_on) + 1)::DOUBLE AS ended_in_month
FROM at_risk
JOIN treatment ON treatment.episode_id = at_risk.episode_key
LEFT JOIN regimen ON regimen.family = at_risk.family
LEFT JOIN feed ON feed.data_source = at_risk.feed
LEFT JOIN risk_policy AS policy ON policy.episode_key = at_risk.episode_key
LEFT JOIN ref_zip_centroids AS lived ON lived.zip_code = treatment.zip_code
LEFT JOIN site_place AS here ON here.site_id = at_risk.site_id AND here.site_class <> 'home_infusion'
LEFT JOIN risk_miles AS miles ON miles.zip_code = treatment.zip_code AND miles.snapshot_on = at_risk.snapshot_on
LEFT JOIN risk_wait AS wait ON wait.episode_key = at_risk.episode_key
LEFT JOIN risk_prescriber AS prescriber ON prescriber.episode_key = at_risk.episode_key
LEFT JOIN came_of_it AS came ON came.episode_key = at_risk.episode_key
ORDER BY at_risk.snapshot_no, person_no, at_risk.family, at_risk.started_on;
