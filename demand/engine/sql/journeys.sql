-- Episodes -> their moves and how well doses kept time. Grain: one row per move (every change of the established site); one per treatment.
-- in:  episode, episode_infusion, move, departure, dose_in_episode, roster
-- out: site_move (from, to, why, the days without a dose around it, whether the prescriber stayed in our network),
--      dose_timing (doses that had one before them, of those late and missed)

CREATE OR REPLACE TEMP MACRO late_after(interval_days) AS
    interval_days + greatest(getvariable('late_days'), interval_days * getvariable('late_share'));

CREATE OR REPLACE TEMP TABLE site_move AS
WITH placed AS (
    SELECT
        *, lag(service_date) OVER in_turn AS last_before, lag(owner) OVER in_turn AS from_owner,
        last_value(named_npi IGNORE NULLS) OVER (in_turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS npi_before,
        first_value(named_npi IGNORE NULLS) OVER (in_turn ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS npi_after
    FROM episode_infusion
    WINDOW in_turn AS (PARTITION BY episode_key ORDER BY service_date, infusion_id)
)
SELECT
    episode.episode_id, episode.person_id, episode.person_no, episode.family, coalesce(episode.clinical_line, 'unknown') AS clinical_line,
    episode.attribution_rule IN ('ordering_npi', 'rendering_npi') AS is_headline, episode.interval_days,
    first.payer, first.line_of_business, first.market, move.moved_on, first.month,
    move.from_site_id, move.from_site_class, move.from_ownership, first.from_owner,
    move.to_site_id, move.to_site_class, move.to_ownership, first.owner AS to_owner, first.payer_affiliation AS to_payer_affiliation,
    departure.reason, departure.evidence, first.last_before, move.moved_on - first.last_before AS gap_days,
    move.moved_on - first.last_before > late_after(episode.interval_days) AS is_late,
    first.npi_before, first.npi_after,
    CASE
        WHEN first.npi_before IS NULL OR first.npi_after IS NULL THEN 'unknown'
        WHEN NOT EXISTS (FROM roster WHERE roster.npi = first.npi_after
            AND move.moved_on >= roster.starts_on AND move.moved_on < roster.ends_on) THEN 'outside'  -- also one of ours who has left
        WHEN first.npi_before = first.npi_after THEN 'same_prescriber'
        ELSE 'same_network'
    END AS prescriber_after
FROM move
JOIN episode ON episode.episode_key = move.episode_key
JOIN placed AS first ON first.infusion_id = move.first_infusion_id
LEFT JOIN departure
    ON departure.episode_key = move.episode_key AND departure.departed_on = move.moved_on AND departure.kind IN ('moved_out', 'moved_in')
WHERE episode.attributed;

-- A gap within the time in which a restart is no new start says how late the dose after it came. Doses early in an induction are not late.
CREATE OR REPLACE TEMP TABLE dose_timing AS
SELECT
    episode.episode_id, episode.person_no, episode.family, coalesce(episode.clinical_line, 'unknown') AS clinical_line,
    episode.payer, episode.line_of_business, episode.market, date_trunc('month', episode.last_infused_on)::DATE AS month,
    count(*) AS doses,
    count(*) FILTER (dose.gap > late_after(dose.interval_days)) AS late,
    count(*) FILTER (dose.gap > late_after(dose.interval_days) AND dose.gap >= 2 * dose.interval_days - getvariable('late_days')) AS missed
FROM dose_in_episode AS dose
JOIN episode
    ON episode.person_id = dose.person_id AND episode.family = dose.family
    AND dose.service_date >= episode.started_on AND dose.service_date <= episode.last_infused_on
WHERE episode.attribution_rule IN ('ordering_npi', 'rendering_npi') AND dose.interval_days IS NOT NULL
    AND dose.gap <= greatest(getvariable('restart_days'), dose.allowed_gap)
GROUP BY ALL;
