-- Episodes -> what became of them. Grain: one row per episode; an attributed one has exactly one outcome.
-- in:  episode_base, episode_infusion, stay, move, enrolled, eligibility_span, span_horizon, fill_family, family_event, order_family,
--      maturity, feed_end, regimen, departure (reasons.sql)
-- out: episode

-- What we know of a person's life and coverage. `enrolled_until` is the first day no longer covered.
CREATE OR REPLACE TEMP TABLE episode_coverage AS
WITH life AS (
    SELECT person_id, min(death_date) AS died_on FROM eligibility_span GROUP BY person_id
), feed_horizon AS (
    SELECT span.person_id, max(horizon.ends) AS ends
    FROM eligibility_span AS span
    JOIN span_horizon AS horizon ON horizon.data_source IS NOT DISTINCT FROM span.data_source
    GROUP BY span.person_id
)
SELECT
    base.episode_key,
    life.person_id IS NOT NULL AS has_eligibility,
    life.died_on,
    enrolled.ends AS enrolled_until,
    enrolled.ends >= feed_horizon.ends AS is_horizon
FROM episode_base AS base
LEFT JOIN life ON life.person_id = base.person_id
LEFT JOIN feed_horizon ON feed_horizon.person_id = base.person_id
LEFT JOIN enrolled
    ON enrolled.person_id = base.person_id AND enrolled.starts <= base.last_infused_on AND enrolled.ends > base.last_infused_on;

-- Overdue, and may we say so? The feed that covers the person when the dose is due decides, else that of the last infusion.
CREATE OR REPLACE TEMP TABLE episode_due AS
WITH due AS (
    SELECT
        base.episode_key, base.person_id, base.last_infused_on + base.allowed_gap AS due_on,
        arg_max(infusion.data_source, (infusion.service_date, infusion.infusion_id)) AS infusion_source
    FROM episode_base AS base
    JOIN episode_infusion AS infusion USING (episode_key)
    GROUP BY ALL
), sourced AS (
    SELECT due.episode_key, due.due_on, coalesce(min(feed_end.data_source), any_value(due.infusion_source)) AS data_source
    FROM due
    LEFT JOIN eligibility_span AS span
        ON span.person_id = due.person_id AND due.due_on >= span.enrollment_start_date
        AND due.due_on <= coalesce(span.enrollment_end_date, DATE '9999-12-31')
    LEFT JOIN feed_end ON feed_end.data_source = span.data_source
    GROUP BY due.episode_key, due.due_on
)
SELECT
    sourced.episode_key, sourced.due_on, sourced.data_source AS due_source, feed_end.known_until AS seen_until,
    sourced.due_on < feed_end.known_until AS is_overdue,
    coalesce(maturity.mature, false) AS is_mature
FROM sourced
LEFT JOIN feed_end ON feed_end.data_source = sourced.data_source
LEFT JOIN maturity ON maturity.data_source = sourced.data_source AND maturity.month = date_trunc('month', sourced.due_on);

-- Named evidence of a stop: an order that was refused or ended after the last infusion, or another drug for the same condition.
CREATE OR REPLACE TEMP TABLE episode_stop AS
SELECT
    base.episode_key, arg_min(found.evidence, (found.stopped_on, found.evidence)) AS evidence, min(found.stopped_on) AS stopped_on
FROM episode_base AS base
JOIN (
    SELECT person_id, family, ordered_on AS stopped_on, 'stopped' AS evidence, NULL AS clinical_line
    FROM order_family
    WHERE lower(determination) IN ('rejected', 'discontinued') AND reject_reason IS NOT NULL
    UNION ALL
    SELECT episode.person_id, NULL, episode.started_on, 'switched', regimen.clinical_line || '|' || episode.family
    FROM episode_base AS episode
    JOIN regimen USING (family)
    WHERE episode.episode_no = 1
) AS found
    ON found.person_id = base.person_id AND found.stopped_on > base.last_infused_on
LEFT JOIN regimen ON regimen.family = base.family
WHERE found.stopped_on <= base.last_infused_on + base.allowed_gap
    AND ((found.evidence = 'stopped' AND found.family = base.family)
        OR (found.evidence = 'switched' AND starts_with(found.clinical_line, regimen.clinical_line || '|')))
GROUP BY base.episode_key;

CREATE OR REPLACE TEMP TABLE episode AS
WITH ends AS (  -- first and last home base
    SELECT
        episode_key,
        arg_min(ownership, stay_no) AS first_ownership, arg_max(ownership, stay_no) AS last_ownership,
        arg_min(site_class, stay_no) AS first_site_class, arg_max(site_class, stay_no) AS last_site_class,
        arg_min(site_id, stay_no) AS first_site_id, arg_max(site_id, stay_no) AS last_site_id
    FROM stay
    WHERE is_home_base
    GROUP BY episode_key
), moved AS (
    SELECT
        episode_key,
        max(moved_on) FILTER (from_ownership = 'owned' AND to_ownership <> 'owned') AS out_on,
        max(moved_on) FILTER (from_ownership <> 'owned' AND to_ownership = 'owned') AS in_on
    FROM move
    GROUP BY episode_key
), infused AS (
    SELECT
        episode_key, count(*) AS infusions, bool_or(attributed) AS attributed,
        min(CASE attribution_rule WHEN 'ordering_npi' THEN 1 WHEN 'rendering_npi' THEN 2 WHEN 'majority' THEN 3 END) AS best_rule,
        arg_min(person_no, infusion_id) AS person_no,
        arg_max(payer, infusion_id) AS payer, arg_max(line_of_business, infusion_id) AS line_of_business,
        arg_max(market, infusion_id) AS market, arg_max(molecule, infusion_id) AS last_molecule
    FROM episode_infusion
    GROUP BY episode_key
), later AS (  -- what else of the family was seen after the last infusion
    SELECT
        base.episode_key,
        min(fill.dispensing_date) FILTER (
            fill.self_administered AND fill.dispensing_date <= base.last_infused_on + getvariable('benefit_shift_days')
        ) AS shifted_on,
        count(*) AS fills
    FROM episode_base AS base
    JOIN fill_family AS fill
        ON fill.person_id = base.person_id AND fill.family = base.family AND fill.dispensing_date > base.last_infused_on
    GROUP BY base.episode_key
), event AS (
    SELECT DISTINCT base.episode_key
    FROM episode_base AS base
    JOIN family_event AS seen
        ON seen.person_id = base.person_id AND seen.family = base.family AND seen.service_date > base.last_infused_on
), known AS (
    SELECT
        base.*, ends.* EXCLUDE (episode_key), infused.* EXCLUDE (episode_key), moved.out_on, moved.in_on,
        later.shifted_on, coalesce(later.fills, 0) AS later_fills, event.episode_key IS NOT NULL AS has_later_event,
        coverage.* EXCLUDE (episode_key), due.due_on, due.due_source, due.seen_until, coalesce(due.is_overdue, false) AS is_overdue,
        due.is_mature,
        regimen.clinical_line, stop.evidence AS stop_evidence, stop.stopped_on,
        ends.first_ownership = 'owned' AND ends.last_ownership IN ('other', 'partner') AS is_moved_out,
        ends.first_ownership IN ('other', 'partner') AND ends.last_ownership = 'owned' AS is_moved_in,
        ends.first_ownership IN ('other', 'partner') AS is_never_captured,  -- a partner's site is not ours
        CASE
            WHEN base.infusion_days >= regimen.course_doses THEN 'complete'
            WHEN regimen.planned_self_injection AND (
                later.shifted_on IS NOT NULL OR (base.infusion_days >= regimen.induction_doses AND due.is_overdue)
            ) THEN 'planned_self_injection'
            WHEN coverage.died_on >= base.last_infused_on AND coverage.died_on <= greatest(due.due_on, feed.known_until) THEN 'died'
            WHEN coverage.enrolled_until <= least(due.due_on, feed.known_until) AND NOT coverage.is_horizon THEN 'not_enrolled'
            WHEN stop.evidence IS NOT NULL THEN stop.evidence
            WHEN base.restarted_on IS NOT NULL THEN 'restarted'
        END AS end_cause
    FROM episode_base AS base
    JOIN ends USING (episode_key)
    JOIN infused USING (episode_key)
    JOIN episode_coverage AS coverage USING (episode_key)
    JOIN episode_due AS due USING (episode_key)
    CROSS JOIN (SELECT max(known_until) AS known_until FROM feed_end) AS feed
    LEFT JOIN moved USING (episode_key)
    LEFT JOIN later USING (episode_key)
    LEFT JOIN event USING (episode_key)
    LEFT JOIN regimen ON regimen.family = base.family
    LEFT JOIN episode_stop AS stop USING (episode_key)
), judged AS (
    SELECT
        *,
        shifted_on IS NOT NULL AND restarted_on IS NULL AND end_cause IS DISTINCT FROM 'planned_self_injection' AS is_benefit_shift,
        is_overdue AND is_mature AND end_cause IS NULL AND later_fills = 0 AND NOT has_later_event
            AND has_eligibility AND enrolled_until > due_on AS is_silent
    FROM known
), decided AS (
    SELECT
        *,
        CASE
            WHEN NOT attributed THEN NULL
            WHEN is_moved_out THEN 'moved_out'
            WHEN is_moved_in THEN 'moved_in'
            WHEN is_never_captured THEN 'never_captured'
            WHEN is_benefit_shift THEN 'benefit_shift'
            WHEN end_cause IS NOT NULL THEN 'ended'
            WHEN is_silent THEN 'dark'
            WHEN is_overdue OR first_ownership = 'unknown' OR last_ownership = 'unknown' THEN 'unknown'
            ELSE 'kept'
        END AS outcome
    FROM judged
)
SELECT
    decided.person_no * 1000 + row_number() OVER (PARTITION BY person_id ORDER BY started_on, family) AS episode_id,
    person_id, person_no, family, clinical_line, started_on, last_infused_on, infusions, interval_days, new_start,
    first_site_class, last_site_class, attributed,
    CASE best_rule WHEN 1 THEN 'ordering_npi' WHEN 2 THEN 'rendering_npi' WHEN 3 THEN 'majority' END AS attribution_rule,
    outcome,
    CASE outcome
        WHEN 'moved_out' THEN out_on
        WHEN 'moved_in' THEN in_on
        WHEN 'never_captured' THEN started_on
        WHEN 'benefit_shift' THEN shifted_on
        WHEN 'dark' THEN due_on
        WHEN 'ended' THEN CASE end_cause
            WHEN 'died' THEN died_on
            WHEN 'not_enrolled' THEN enrolled_until
            WHEN 'stopped' THEN stopped_on
            WHEN 'switched' THEN stopped_on
            ELSE last_infused_on
        END
    END AS outcome_on,
    CASE
        WHEN outcome IN ('moved_out', 'moved_in', 'never_captured') THEN departure.reason
        WHEN outcome = 'benefit_shift' THEN 'benefit_shift'
        WHEN outcome = 'ended' THEN end_cause
        WHEN outcome = 'unknown' AND is_overdue AND NOT is_mature THEN 'feed_immature'
        WHEN outcome = 'unknown' AND is_overdue AND NOT has_eligibility THEN 'enrollment_unknown'
    END AS reason,
    CASE WHEN outcome IN ('moved_out', 'moved_in', 'never_captured') THEN departure.evidence END AS reason_evidence,
    CASE WHEN outcome IN ('moved_out', 'moved_in') THEN departure.from_site_id END AS from_site_id,
    CASE
        WHEN outcome IN ('moved_out', 'moved_in') THEN departure.to_site_id
        WHEN outcome = 'never_captured' THEN first_site_id
    END AS to_site_id,
    CASE WHEN interval_days IS NOT NULL THEN last_infused_on + interval_days END AS expected_next_on,
    attributed AND is_silent AND NOT is_benefit_shift AS dark,
    CASE
        WHEN NOT attributed OR NOT is_overdue THEN NULL
        WHEN outcome = 'moved_out' THEN 'moved'
        WHEN end_cause IN ('stopped', 'switched', 'complete', 'planned_self_injection', 'died') OR is_benefit_shift THEN 'stopped'
        WHEN end_cause = 'not_enrolled' THEN 'not_enrolled'
        WHEN NOT is_mature THEN 'feed_immature'
        ELSE 'unknown'
    END AS resolution,
    fixed90, payer, line_of_business, market, last_molecule, allowed_gap, end_cause, decided.episode_key,
    due_on, due_source, seen_until, is_overdue, is_mature, is_benefit_shift, has_eligibility, enrolled_until, later_fills, has_later_event
FROM decided
LEFT JOIN departure
    ON departure.episode_key = decided.episode_key
    AND departure.departed_on = CASE decided.outcome
        WHEN 'moved_out' THEN out_on WHEN 'moved_in' THEN in_on WHEN 'never_captured' THEN started_on END
    AND departure.kind = decided.outcome;
