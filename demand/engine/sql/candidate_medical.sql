-- Typed rows of one load -> candidate rows with their codes spelled one way. Grain: one row per row that passed the row rules.
-- in:  the Parquet files that typed_medical.sql made     out: file_no, row_number (the physical line) and the columns below
-- A file that was read as it lay has one record a line, the header first: the record's place then gives the line.
-- J1551JW is J1551 with modifier JW (also J1551-JW, and several modifiers in a row). A placeholder NPI names nobody.
WITH typed AS (
    SELECT
        *,
        upper(hcpcs_code) AS code,
        strlen(hcpcs_code) > 5 AND regexp_full_match(upper(hcpcs_code), '([A-Z][0-9]{4}|[0-9]{4}[0-9A-Z])[-: ]?[A-Z0-9]{2}([-: ]?[A-Z0-9]{2}){0,3}') AS glued
    FROM read_parquet({files}, file_row_number = true, hive_partitioning = false)
    WHERE reject IS NULL AND {rows}
)
SELECT
    file_no,
    coalesce(physical_line, file_row_number + 2) AS row_number,
    data_source,
    claim_id,
    claim_line_number,
    lower(claim_type) AS claim_type,
    person_id,
    payer,
    plan,
    claim_start_date,
    claim_end_date,
    service_date,
    upper(place_of_service_code) AS place_of_service_code,
    nullif(ltrim(upper(bill_type_code), '0'), '') AS bill_type_code,
    upper(revenue_center_code) AS revenue_center_code,
    CASE WHEN glued THEN left(code, 5) ELSE code END AS hcpcs_code,
    CASE
        WHEN glued THEN concat_ws(';', upper(modifiers), rtrim(regexp_replace(regexp_replace(code[6:], '[-: ]', '', 'g'), '(..)', '\1;', 'g'), ';'))
        ELSE upper(modifiers)
    END AS modifiers,
    units,
    CASE WHEN rendering_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE rendering_npi END AS rendering_npi,
    CASE WHEN billing_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE billing_npi END AS billing_npi,
    CASE WHEN facility_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE facility_npi END AS facility_npi,
    CASE WHEN ordering_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE ordering_npi END AS ordering_npi,
    billing_tin,
    -- 11 digits (5-4-2) only where the hyphens say where the zero belongs; a bare 10-digit code is never padded.
    CASE
        WHEN regexp_full_match(ndc_code, '[0-9]{11}') THEN ndc_code
        WHEN regexp_full_match(ndc_code, '[0-9]{5}-[0-9]{4}-[0-9]{2}') THEN replace(ndc_code, '-', '')
        WHEN regexp_full_match(ndc_code, '[0-9]{4}-[0-9]{4}-[0-9]{2}') THEN '0' || replace(ndc_code, '-', '')
        WHEN regexp_full_match(ndc_code, '[0-9]{5}-[0-9]{3}-[0-9]{2}') THEN left(ndc_code, 5) || '0' || ndc_code[7:9] || right(ndc_code, 2)
        WHEN regexp_full_match(ndc_code, '[0-9]{5}-[0-9]{4}-[0-9]') THEN left(ndc_code, 5) || ndc_code[7:10] || '0' || right(ndc_code, 1)
        WHEN regexp_full_match(upper(ndc_code), 'N4[0-9]{11}') THEN right(ndc_code, 11)
        ELSE upper(ndc_code)
    END AS ndc_code,
    paid_date,
    file_date,
    paid_cents,
    allowed_cents,
    charge_cents,
    patient_cents,
    upper(diagnosis_codes) AS diagnosis_codes,
    lower(diagnosis_code_type) AS diagnosis_code_type,
    upper(procedure_codes) AS procedure_codes,
    lower(in_network_flag) AS in_network_flag,
    authorization_id,
    authorization_end_date,
    upper(bill_type_code) AS bill_type_as_sent,
    nullif(concat_ws(';',
        CASE WHEN glued THEN 'MODIFIER_SPLIT' WHEN NOT regexp_full_match(code, '[A-Z][0-9]{4}|[0-9]{4}[0-9A-Z]') THEN 'HCPCS_INVALID' END,
        CASE
            WHEN ndc_code IN ('00000000000', '99999999999') THEN 'NDC_INVALID'
            WHEN regexp_full_match(ndc_code, '[0-9]{10}') THEN 'NDC_AMBIGUOUS'
            WHEN NOT regexp_full_match(upper(ndc_code),
                '(N4)?[0-9]{11}|[0-9]{5}-[0-9]{4}-[0-9]{2}|[0-9]{4}-[0-9]{4}-[0-9]{2}|[0-9]{5}-[0-9]{3}-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9]')
                THEN 'NDC_INVALID'
        END,
        CASE WHEN claim_type IS NULL THEN 'CLAIM_TYPE_NULL'
             WHEN lower(claim_type) NOT IN ('professional', 'institutional', 'undetermined') THEN 'CLAIM_TYPE_INVALID' END,
        CASE WHEN NOT regexp_full_match(place_of_service_code, '[0-9]{2}') THEN 'POS_INVALID' END,
        CASE WHEN NOT regexp_full_match(upper(bill_type_code), '0?[1-9][0-9][0-9A-Z]') THEN 'BILL_TYPE_INVALID' END,
        CASE WHEN NOT regexp_full_match(revenue_center_code, '[0-9]{4}') THEN 'REVENUE_INVALID' END,
        CASE WHEN claim_end_date < claim_start_date THEN 'END_BEFORE_START' END,
        CASE WHEN least(claim_start_date, service_date, paid_date) < DATE '1990-01-01' THEN 'DATE_RANGE' END,
        CASE WHEN greatest(claim_start_date, service_date) > horizon THEN 'FUTURE_DATE' END,
        CASE WHEN paid_cents IS NULL THEN 'PAID_NULL' END,
        CASE WHEN units = 0 THEN 'UNITS_ZERO' END,
        CASE WHEN rounded THEN 'AMOUNT_ROUNDED' END
    ), '') AS flags
FROM typed
