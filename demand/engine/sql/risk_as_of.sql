-- A run's infusions and eligibility -> the same people as they stood on each of several days. Grain: one row per row and day.
-- in:  run_infusions, run_eligibility, run_feed_end; variables risk_step_months, risk_snapshots, risk_people
-- out: snapshot, attributed_infusion, eligibility_span (the names that episodes.sql reads)
-- A person on a day is a person of their own (`person@number`) of whom nothing later is known, so the stages that tell episodes and
-- exposure tell them as they would have been told then. Number 0 is the whole history: what came of it. Number 1 is the forecast's day,
-- the first of the month after the last day seen; each later number lies a step before the one above it.

CREATE OR REPLACE TEMP TABLE snapshot AS
WITH seen AS (
    SELECT
        (SELECT min(service_date) FROM run_infusions) AS first_on,
        (SELECT (date_trunc('month', max(known_until) - 1) + INTERVAL 1 MONTH)::DATE FROM run_feed_end) AS forecast_on
), day AS (
    SELECT number AS snapshot_no, (forecast_on - to_months(getvariable('risk_step_months') * (number - 1)::INTEGER))::DATE AS snapshot_on,
        first_on
    FROM seen CROSS JOIN range(1, getvariable('risk_snapshots') + 1) AS numbers(number)
)
SELECT snapshot_no, snapshot_on FROM day WHERE snapshot_no = 1 OR snapshot_on >= first_on + to_months(getvariable('risk_step_months'))
UNION ALL
SELECT 0, DATE '9999-12-31';

-- Treatments that a named prescriber of ours has ordered, since when; the past is learned from so many people, chosen by hash.
CREATE OR REPLACE TEMP TABLE ordered_here AS
WITH named AS (
    SELECT person_no, family, min(service_date) AS ordered_on
    FROM run_infusions
    WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND family <> 'unknown'
    GROUP BY person_no, family
), ranked AS (
    SELECT person_no, row_number() OVER (ORDER BY hash(person_no), person_no) AS place FROM (SELECT DISTINCT person_no FROM named)
)
SELECT named.*, ranked.place <= getvariable('risk_people') AS is_learned_from FROM named JOIN ranked USING (person_no);

CREATE OR REPLACE TEMP TABLE attributed_infusion AS
SELECT
    infusion.person_id || '@' || snapshot.snapshot_no AS person_id,
    infusion.person_no * 100 + snapshot.snapshot_no AS person_no,
    infusion.person_id AS real_person_id, infusion.person_no AS real_person_no, snapshot.snapshot_no, snapshot.snapshot_on,
    infusion.infusion_id, infusion.service_date, infusion.family, infusion.molecule, infusion.hcpcs_codes, infusion.clinical_line,
    infusion.site_id, infusion.site_class, infusion.ownership, infusion.hospital_affiliated, infusion.market, infusion.channel,
    infusion.channel_confidence, infusion.payer, infusion.plan, infusion.line_of_business, infusion.funding_type, infusion.state,
    infusion.named_npi, infusion.allowed_cents, infusion.data_source AS feed,
    snapshot.snapshot_no::VARCHAR AS data_source  -- each day has a feed of its own, which ends there
FROM run_infusions AS infusion
JOIN ordered_here AS ordered USING (person_no, family)
JOIN snapshot ON infusion.service_date < snapshot.snapshot_on AND ordered.ordered_on < snapshot.snapshot_on
WHERE snapshot.snapshot_no = 1 OR ordered.is_learned_from;

CREATE OR REPLACE TEMP TABLE eligibility_span AS
SELECT span.* EXCLUDE (person_id), person.person_id
FROM run_eligibility AS span
JOIN (SELECT DISTINCT person_id, real_person_id, snapshot_on FROM attributed_infusion) AS person
    ON person.real_person_id = span.person_id AND span.enrollment_start_date < person.snapshot_on;
