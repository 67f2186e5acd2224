-- Accepted medical lines -> the run-off triangle, and what each feed holds.
-- in:  paid_line (extract_id, data_source, service_date, paid_date, flags of every accepted line)
-- out: paid_triangle (grain: data source x service month x months from service to payment), feed_seen (extract x data source x month)

-- A line without a paid date says nothing about the lag and is left out; paid before it was served counts as paid at once.
CREATE OR REPLACE TABLE paid_triangle AS
SELECT
    data_source,
    date_trunc('month', service_date)::DATE AS month,
    greatest(0, date_diff('month', date_trunc('month', service_date), date_trunc('month', paid_date)))::INTEGER AS age,
    count(*) AS lines,
    max(paid_date) AS last_paid
FROM paid_line
WHERE paid_date IS NOT NULL
GROUP BY ALL;

CREATE OR REPLACE TABLE feed_seen AS
SELECT
    extract_id, data_source, date_trunc('month', service_date)::DATE AS month, count(*) AS lines,
    max(paid_date) AS last_paid,
    max(service_date) FILTER (NOT contains(coalesce(flags, ''), 'FUTURE_DATE')) AS last_service
FROM paid_line
GROUP BY ALL;
