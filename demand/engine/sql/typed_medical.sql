-- Raw medical claim rows (all text) -> typed rows. Grain: one row per row read, in the order of the file.
-- in:  raw (the canonical columns as text, blank is NULL; given_reject, physical_line), variables horizon (the last day that
--      a service can have been on) and pseudonym_secret. No join, no window: rows must keep their order.
-- out: one SELECT, written to Parquet. `reject` is 'RULE column' where a row rule failed, else NULL. Codes stay as they were
--      written: candidate_medical.sql spells them, at no cost, because Parquet keeps each spelling once.
WITH cast_text AS (
    SELECT
        *,
        as_day(claim_start_date) AS start_day_cast,
        as_day(claim_end_date) AS end_day_cast,
        as_day(claim_line_start_date) AS line_start_day_cast,
        as_day(paid_date) AS paid_day_cast,
        as_day(file_date) AS file_day_cast,
        as_day(authorization_end_date) AS authorization_end_day_cast,
        is_cents(paid_amount) AS paid_whole,
        is_cents(allowed_amount) AS allowed_whole,
        is_cents(charge_amount) AS charge_whole,
        is_cents(coinsurance_amount) AS coinsurance_whole,
        is_cents(copayment_amount) AS copayment_whole,
        is_cents(deductible_amount) AS deductible_whole,
        read_line_number(claim_line_number) AS line_number,
        read_quantity(service_unit_quantity) AS units
    FROM raw
),
typed AS (
    SELECT
        *,
        sure_day(claim_start_date, start_day_cast) AS start_day,
        sure_day(claim_end_date, end_day_cast) AS end_day,
        sure_day(claim_line_start_date, line_start_day_cast) AS line_start_day,
        sure_day(paid_date, paid_day_cast) AS paid_day,
        sure_day(file_date, file_day_cast) AS file_day,
        sure_day(authorization_end_date, authorization_end_day_cast) AS authorization_end_day,
        sure_cents(paid_amount, paid_whole) AS paid,
        sure_cents(allowed_amount, allowed_whole) AS allowed,
        sure_cents(charge_amount, charge_whole) AS charge,
        sure_cents(coinsurance_amount, coinsurance_whole) AS coinsurance,
        sure_cents(copayment_amount, copayment_whole) AS copayment,
        sure_cents(deductible_amount, deductible_whole) AS deductible
    FROM cast_text
),
ruled AS (
    SELECT
        *,
        CASE
            WHEN given_reject IS NOT NULL THEN given_reject
            WHEN claim_id IS NULL THEN 'REQUIRED_EMPTY claim_id'
            WHEN claim_line_number IS NULL THEN 'REQUIRED_EMPTY claim_line_number'
            WHEN line_number IS NULL THEN 'BAD_LINE_NUMBER claim_line_number'
            WHEN person_id IS NULL THEN 'REQUIRED_EMPTY person_id'
            WHEN claim_start_date IS NULL THEN 'REQUIRED_EMPTY claim_start_date'
            WHEN data_source IS NULL THEN 'REQUIRED_EMPTY data_source'
            WHEN bad_day(claim_start_date, start_day) THEN 'BAD_DATE claim_start_date'
            WHEN bad_day(claim_end_date, end_day) THEN 'BAD_DATE claim_end_date'
            WHEN bad_day(claim_line_start_date, line_start_day) THEN 'BAD_DATE claim_line_start_date'
            WHEN bad_day(paid_date, paid_day) THEN 'BAD_DATE paid_date'
            WHEN bad_day(file_date, file_day) THEN 'BAD_DATE file_date'
            WHEN bad_day(authorization_end_date, authorization_end_day) THEN 'BAD_DATE authorization_end_date'
            WHEN bad_number(paid_amount, paid) THEN 'BAD_NUMBER paid_amount'
            WHEN bad_number(allowed_amount, allowed) THEN 'BAD_NUMBER allowed_amount'
            WHEN bad_number(charge_amount, charge) THEN 'BAD_NUMBER charge_amount'
            WHEN bad_number(coinsurance_amount, coinsurance) THEN 'BAD_NUMBER coinsurance_amount'
            WHEN bad_number(copayment_amount, copayment) THEN 'BAD_NUMBER copayment_amount'
            WHEN bad_number(deductible_amount, deductible) THEN 'BAD_NUMBER deductible_amount'
            WHEN bad_number(service_unit_quantity, units) THEN 'BAD_NUMBER service_unit_quantity'
        END AS reject
    FROM typed
)
SELECT
    reject,
    CASE WHEN reject IS NOT NULL THEN CASE reject
        WHEN 'BAD_LINE_NUMBER claim_line_number' THEN shown_number(claim_line_number)
        WHEN 'BAD_DATE claim_start_date' THEN shown_day(claim_start_date)
        WHEN 'BAD_DATE claim_end_date' THEN shown_day(claim_end_date)
        WHEN 'BAD_DATE claim_line_start_date' THEN shown_day(claim_line_start_date)
        WHEN 'BAD_DATE paid_date' THEN shown_day(paid_date)
        WHEN 'BAD_DATE file_date' THEN shown_day(file_date)
        WHEN 'BAD_DATE authorization_end_date' THEN shown_day(authorization_end_date)
        WHEN 'BAD_NUMBER paid_amount' THEN shown_number(paid_amount)
        WHEN 'BAD_NUMBER allowed_amount' THEN shown_number(allowed_amount)
        WHEN 'BAD_NUMBER charge_amount' THEN shown_number(charge_amount)
        WHEN 'BAD_NUMBER coinsurance_amount' THEN shown_number(coinsurance_amount)
        WHEN 'BAD_NUMBER copayment_amount' THEN shown_number(copayment_amount)
        WHEN 'BAD_NUMBER deductible_amount' THEN shown_number(deductible_amount)
        WHEN 'BAD_NUMBER service_unit_quantity' THEN shown_number(service_unit_quantity)
    END END AS reject_value,
    physical_line,
    getvariable('horizon') AS horizon,
    data_source,
    claim_id,
    line_number AS claim_line_number,
    claim_type,
    {pseudonym} AS person_id,
    payer,
    plan,
    start_day AS claim_start_date,
    end_day AS claim_end_date,
    coalesce(line_start_day, start_day) AS service_date,
    place_of_service_code,
    bill_type_code,
    revenue_center_code,
    hcpcs_code,
    nullif(concat_ws(';', {modifiers}), '') AS modifiers,
    units,
    rendering_npi,
    billing_npi,
    facility_npi,
    ordering_npi,
    billing_tin,
    ndc_code,
    paid_day AS paid_date,
    file_day AS file_date,
    paid AS paid_cents,
    allowed AS allowed_cents,
    charge AS charge_cents,
    CASE WHEN coinsurance IS NULL AND copayment IS NULL AND deductible IS NULL THEN NULL
         ELSE coalesce(coinsurance, 0) + coalesce(copayment, 0) + coalesce(deductible, 0) END AS patient_cents,
    CASE WHEN NOT paid_whole OR NOT allowed_whole OR NOT charge_whole THEN true END AS rounded,
    nullif(concat_ws(';', {diagnoses}), '') AS diagnosis_codes,
    diagnosis_code_type,
    nullif(concat_ws(';', {procedures}), '') AS procedure_codes,
    in_network_flag,
    authorization_id,
    authorization_end_day AS authorization_end_date
FROM ruled
