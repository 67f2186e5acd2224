-- Accepted medical lines -> who had coverage on file on the day of service. Grain: extract x data source, added up over the passes.
-- in:  line (is_enrolled: some eligibility span of the person covers the day, in any feed)
-- out: enrolled_seen (rows are added pass by pass; a person is in one pass only, so people add up)
INSERT INTO enrolled_seen
WITH person AS (
    SELECT
        extract_id, data_source, person_id, count(*) AS lines, count(*) FILTER (NOT is_enrolled) AS lines_without,
        sum(allowed_cents) AS allowed, sum(allowed_cents) FILTER (NOT is_enrolled) AS allowed_without,
        sum(paid_cents) AS paid, sum(paid_cents) FILTER (NOT is_enrolled) AS paid_without
    FROM line
    GROUP BY extract_id, data_source, person_id
)
SELECT
    extract_id, data_source, sum(lines), sum(lines_without), count(*), count(*) FILTER (lines_without > 0),
    cents(sum(allowed)), cents(sum(allowed_without)), cents(sum(paid)), cents(sum(paid_without))
FROM person
GROUP BY extract_id, data_source;
