-- One pass's lines -> the little that later stages need of lines that are no infusion.
-- in:  line, service_line, line_place, feed_seen (table to add to)
-- out: family_event (a known drug given as inpatient or in an emergency, or billed by a pharmacy and given in no infusion that we see:
--      a fill on the medical benefit), reaction_day, rows of feed_seen

CREATE OR REPLACE TEMP TABLE family_event AS
SELECT DISTINCT person_id, family, service_date
FROM service_line
LEFT JOIN line_place USING (line_no)
WHERE role = 'drug' AND (not_outpatient IS NOT NULL OR line_place.place = 'supply_without_administration');

CREATE OR REPLACE TEMP TABLE reaction_day AS
SELECT DISTINCT person_id, service_date
FROM line
WHERE regexp_matches(diagnosis_codes, getvariable('reaction_diagnosis_pattern'));

INSERT INTO feed_seen
SELECT
    extract_id, data_source, date_trunc('month', service_date)::DATE AS month, count(*) AS lines,
    max(paid_date) AS last_paid,
    max(service_date) FILTER (NOT contains(coalesce(flags, ''), 'FUTURE_DATE')) AS last_service
FROM line
GROUP BY ALL;
