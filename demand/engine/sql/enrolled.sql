-- Accepted medical lines -> who had coverage on file on the day of service. Grain: extract x data source.
-- in:  paid_line (every accepted line; is_enrolled: some eligibility span of the person covers the day, in any feed)
-- out: enrolled_seen
CREATE OR REPLACE TABLE enrolled_seen AS
WITH person AS (
    SELECT
        extract_id, data_source, person_id, count(*) AS lines, count(*) FILTER (NOT is_enrolled) AS lines_without,
        sum(allowed_cents) AS allowed, sum(allowed_cents) FILTER (NOT is_enrolled) AS allowed_without,
        sum(paid_cents) AS paid, sum(paid_cents) FILTER (NOT is_enrolled) AS paid_without
    FROM paid_line
    GROUP BY extract_id, data_source, person_id
)
SELECT
    extract_id, data_source, sum(lines) AS lines, sum(lines_without) AS lines_without,
    count(*) AS people, count(*) FILTER (lines_without > 0) AS people_without,
    cents(sum(allowed)) AS allowed_cents, cents(sum(allowed_without)) AS allowed_without_cents,
    cents(sum(paid)) AS paid_cents, cents(sum(paid_without)) AS paid_without_cents
FROM person
GROUP BY extract_id, data_source;
