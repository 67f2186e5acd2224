-- Accepted medical lines -> the run-off triangle. Grain: data source x service month x months from service to payment.
-- in:  line
-- out: paid_triangle (rows are added pass by pass)
-- A line without a paid date says nothing about the lag and is left out; paid before it was served counts as paid at once.
INSERT INTO paid_triangle
SELECT
    data_source,
    date_trunc('month', service_date)::DATE AS month,
    greatest(0, date_diff('month', date_trunc('month', service_date), date_trunc('month', paid_date)))::INTEGER AS age,
    count(*) AS lines,
    max(paid_date) AS last_paid
FROM line
WHERE paid_date IS NOT NULL
GROUP BY ALL;
