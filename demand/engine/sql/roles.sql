-- Accepted claim lines -> lines that know what they are. Grain: one row per accepted line; no line is added or lost.
-- in:  accepted_line, eligibility_span, ref_drug_codes, ref_service_codes
-- out: line (everything of accepted_line, and: claim_form, payer, plan, line_of_business, funding_type, state,
--      role, kind, molecule, family, dose, dose_unit, waste_units, is_enrolled)

-- Who pays, on that day: the claim says so, else the eligibility span does (its last day counts), else nobody knows.
-- Where several spans cover the day, the claim's own payer and plan come first, then the span that began last.
CREATE OR REPLACE TEMP TABLE coverage AS
WITH person_day AS (
    SELECT DISTINCT person_id, service_date, payer AS claim_payer, plan AS claim_plan
    FROM accepted_line
)
SELECT
    person_day.person_id, person_day.service_date, person_day.claim_payer, person_day.claim_plan,
    span.payer, span.plan, span.line_of_business, span.funding_type, span.state
FROM person_day
JOIN eligibility_span AS span
    ON span.person_id = person_day.person_id
    AND person_day.service_date >= span.enrollment_start_date
    AND person_day.service_date <= coalesce(span.enrollment_end_date, DATE '9999-12-31')
QUALIFY row_number() OVER (
    PARTITION BY person_day.person_id, person_day.service_date, person_day.claim_payer, person_day.claim_plan
    ORDER BY
        coalesce(lower(span.payer) = lower(person_day.claim_payer), false) DESC,
        coalesce(lower(span.plan) = lower(person_day.claim_plan), false) DESC,
        span.enrollment_start_date DESC, span.payer, span.plan, span.line_of_business, span.funding_type, span.state
) = 1;

-- A code that the reference knows, though not on that date, is still that drug: only its unit is unknown then.
CREATE OR REPLACE TEMP TABLE drug_code_ever AS
SELECT hcpcs_code, arg_max(molecule, effective_from) AS molecule, arg_max(family, effective_from) AS family
FROM (SELECT * REPLACE (coalesce(effective_from, DATE '1900-01-01') AS effective_from) FROM ref_drug_codes)
GROUP BY hcpcs_code;

CREATE OR REPLACE TEMP TABLE line AS
WITH classified AS (
    SELECT
        accepted.* EXCLUDE (payer, plan, line_of_business, funding_type, state, flags),
        coalesce(accepted.payer, coverage.payer, 'unknown') AS payer,
        coalesce(accepted.plan, coverage.plan, 'unknown') AS plan,
        coalesce(nullif(accepted.line_of_business, 'unknown'), coverage.line_of_business, 'unknown') AS line_of_business,
        coalesce(nullif(accepted.funding_type, 'unknown'), coverage.funding_type, 'unknown') AS funding_type,
        coalesce(accepted.state, coverage.state) AS state,
        CASE
            WHEN accepted.claim_type IN ('institutional', 'professional') THEN accepted.claim_type
            WHEN coalesce(accepted.bill_type_code, accepted.revenue_center_code) IS NOT NULL THEN 'institutional'
            WHEN accepted.place_of_service_code IS NOT NULL THEN 'professional'
            ELSE 'unknown'
        END AS claim_form,
        CASE
            WHEN ever.hcpcs_code IS NOT NULL THEN 'drug'
            ELSE coalesce(service.role, 'other')
        END AS role,
        service.kind,
        coalesce(code.molecule, ever.molecule) AS molecule,
        coalesce(code.family, ever.family) AS family,
        ever.hcpcs_code IS NOT NULL AND has_modifier(accepted.modifiers, 'JW') AS is_waste,
        code.unit_amount,
        code.unit_of_measure,
        ever.hcpcs_code IS NOT NULL AND code.hcpcs_code IS NULL AS is_code_out_of_date,
        coverage.person_id IS NOT NULL AS is_enrolled,
        accepted.flags AS load_flags
    FROM accepted_line AS accepted
    LEFT JOIN coverage
        ON coverage.person_id = accepted.person_id
        AND coverage.service_date = accepted.service_date
        AND coverage.claim_payer IS NOT DISTINCT FROM accepted.payer
        AND coverage.claim_plan IS NOT DISTINCT FROM accepted.plan
    LEFT JOIN drug_code_ever AS ever ON ever.hcpcs_code = accepted.hcpcs_code
    LEFT JOIN ref_drug_codes AS code
        ON code.hcpcs_code = accepted.hcpcs_code
        AND accepted.service_date >= coalesce(code.effective_from, DATE '1900-01-01')
        AND accepted.service_date < coalesce(code.effective_to, DATE '9999-12-31')
    LEFT JOIN ref_service_codes AS service ON service.hcpcs_code = accepted.hcpcs_code
)
SELECT
    * EXCLUDE (is_waste, unit_amount, unit_of_measure, is_code_out_of_date, load_flags),
    CASE WHEN role = 'drug' AND NOT is_waste THEN round(units::DOUBLE * unit_amount, 6) END AS dose,
    CASE WHEN role = 'drug' THEN unit_of_measure END AS dose_unit,
    CASE WHEN is_waste THEN units::DOUBLE END AS waste_units,
    is_waste,
    concat_ws(';', load_flags, CASE WHEN is_code_out_of_date THEN 'code_out_of_date' END) AS flags
FROM classified;
