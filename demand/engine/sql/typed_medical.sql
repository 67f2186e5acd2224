-- Raw medical claim rows (all text) -> typed candidate rows. Grain: one row per row read, in the order of the file.
-- in:  raw (the canonical columns as text, blank is NULL; given_reject, physical_line), person (person_id, pseudonym)
-- out: one SELECT, written to Parquet. `reject` is 'RULE column' where a row rule failed, else NULL.
WITH typed AS (
    SELECT
        *,
        read_line_number(claim_line_number) AS line_number,
        read_day(claim_start_date) AS start_day,
        read_day(claim_end_date) AS end_day,
        read_day(claim_line_start_date) AS line_start_day,
        read_day(paid_date) AS paid_day,
        read_day(file_date) AS file_day,
        read_day(authorization_end_date) AS authorization_end_day,
        read_cents(paid_amount) AS paid,
        read_cents(allowed_amount) AS allowed,
        read_cents(charge_amount) AS charge,
        read_cents(coinsurance_amount) AS coinsurance,
        read_cents(copayment_amount) AS copayment,
        read_cents(deductible_amount) AS deductible,
        read_quantity(service_unit_quantity) AS quantity,
        upper(hcpcs_code) AS code,
        lower(claim_type) AS form
    FROM raw
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
            WHEN bad_cents(paid_amount, paid) THEN 'BAD_NUMBER paid_amount'
            WHEN bad_cents(allowed_amount, allowed) THEN 'BAD_NUMBER allowed_amount'
            WHEN bad_cents(charge_amount, charge) THEN 'BAD_NUMBER charge_amount'
            WHEN bad_cents(coinsurance_amount, coinsurance) THEN 'BAD_NUMBER coinsurance_amount'
            WHEN bad_cents(copayment_amount, copayment) THEN 'BAD_NUMBER copayment_amount'
            WHEN bad_cents(deductible_amount, deductible) THEN 'BAD_NUMBER deductible_amount'
            WHEN bad_cents(service_unit_quantity, quantity) THEN 'BAD_NUMBER service_unit_quantity'
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
    data_source,
    claim_id,
    line_number AS claim_line_number,
    form AS claim_type,
    person.pseudonym AS person_id,
    payer,
    plan,
    start_day AS claim_start_date,
    end_day AS claim_end_date,
    coalesce(line_start_day, start_day) AS service_date,
    upper(place_of_service_code) AS place_of_service_code,
    blank_to_null(ltrim(upper(bill_type_code), '0')) AS bill_type_code,
    upper(revenue_center_code) AS revenue_center_code,
    CASE WHEN is_glued(code) THEN left(code, 5) ELSE code END AS hcpcs_code,
    blank_to_null(concat_ws(';', upper(hcpcs_modifier_1), upper(hcpcs_modifier_2), upper(hcpcs_modifier_3), upper(hcpcs_modifier_4),
        upper(hcpcs_modifier_5), glued_modifiers(code))) AS modifiers,
    quantity AS units,
    read_npi(rendering_npi) AS rendering_npi,
    read_npi(billing_npi) AS billing_npi,
    read_npi(facility_npi) AS facility_npi,
    read_npi(ordering_npi) AS ordering_npi,
    billing_tin,
    read_ndc(upper(ndc_code)) AS ndc_code,
    paid_day AS paid_date,
    file_day AS file_date,
    paid AS paid_cents,
    allowed AS allowed_cents,
    charge AS charge_cents,
    CASE WHEN coinsurance IS NULL AND copayment IS NULL AND deductible IS NULL THEN NULL
         ELSE coalesce(coinsurance, 0) + coalesce(copayment, 0) + coalesce(deductible, 0) END AS patient_cents,
    blank_to_null(upper(concat_ws(';', {diagnoses}))) AS diagnosis_codes,
    lower(diagnosis_code_type) AS diagnosis_code_type,
    blank_to_null(upper(concat_ws(';', {procedures}))) AS procedure_codes,
    lower(in_network_flag) AS in_network_flag,
    authorization_id,
    authorization_end_day AS authorization_end_date,
    upper(bill_type_code) AS bill_type_as_sent,
    blank_to_null(concat_ws(';',
        CASE WHEN npi_wrong(rendering_npi) OR npi_wrong(billing_npi) OR npi_wrong(facility_npi) OR npi_wrong(ordering_npi)
             THEN 'NPI_INVALID' END,
        CASE WHEN is_glued(code) THEN 'MODIFIER_SPLIT' WHEN NOT is_hcpcs(code) THEN 'HCPCS_INVALID' END,
        ndc_flag(upper(ndc_code)),
        CASE WHEN form IS NULL OR form NOT IN ('professional', 'institutional', 'undetermined') THEN 'CLAIM_TYPE_INVALID' END,
        CASE WHEN NOT regexp_full_match(place_of_service_code, '[0-9]{2}') THEN 'POS_INVALID' END,
        CASE WHEN odd_day(start_day) OR odd_day(line_start_day) OR odd_day(paid_day) THEN 'DATE_RANGE' END,
        CASE WHEN after_horizon(start_day) OR after_horizon(line_start_day) THEN 'FUTURE_DATE' END,
        CASE WHEN paid_amount IS NULL THEN 'PAID_NULL' END,
        CASE WHEN quantity = 0 THEN 'UNITS_ZERO' END,
        CASE WHEN has_part_cents(paid_amount) OR has_part_cents(allowed_amount) OR has_part_cents(charge_amount)
             THEN 'AMOUNT_ROUNDED' END
    )) AS flags
FROM ruled
LEFT JOIN person USING (person_id)
