-- All accepted rows -> whose lines the stages must see together, and what is asked of everybody else's. Made once a run.
-- in:  accepted_medical, told_span (over all people), ref_drug_codes, ref_service_codes
-- out: looked_into (person_id), everyday_span (person_id, starts_on, ends_on, term), span_term (what a span says, once per wording)
-- Without a line of a drug, an administration or a home service that the reference knows there is no infusion; and where no two spans
-- cover the same day, the span on a day needs no choosing. Then a line is told by itself: everyday_lines.sql.

CREATE OR REPLACE TABLE looked_into AS
SELECT DISTINCT person_id
FROM accepted_medical
WHERE hcpcs_code IN (SELECT hcpcs_code FROM ref_drug_codes UNION ALL SELECT hcpcs_code FROM ref_service_codes)
UNION
SELECT person_id
FROM (
    SELECT
        person_id, enrollment_start_date,
        max(coalesce(enrollment_end_date, DATE '9999-12-31')) OVER (
            PARTITION BY person_id ORDER BY enrollment_start_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered_until
    FROM told_span
)
WHERE enrollment_start_date <= covered_until;

CREATE OR REPLACE TABLE span_term AS
SELECT row_number() OVER () AS term, *
FROM (SELECT DISTINCT payer, plan, line_of_business, funding_type, state FROM told_span);

CREATE OR REPLACE TABLE everyday_span AS
SELECT
    span.person_id, span.enrollment_start_date AS starts_on, coalesce(span.enrollment_end_date, DATE '9999-12-31') AS ends_on,
    span_term.term::INTEGER AS term
FROM told_span AS span
ANTI JOIN looked_into USING (person_id)
JOIN span_term
    ON span_term.payer IS NOT DISTINCT FROM span.payer AND span_term.plan IS NOT DISTINCT FROM span.plan
    AND span_term.line_of_business = span.line_of_business AND span_term.funding_type = span.funding_type
    AND span_term.state IS NOT DISTINCT FROM span.state;
