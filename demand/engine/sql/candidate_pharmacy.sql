-- Typed rows of one load -> candidate rows with their codes spelled one way. Grain: one row per row that passed the row rules.
-- in:  the Parquet files that typed_pharmacy.sql made     out: file_no, row_number (the physical line) and the columns below
-- A file that was read as it lay has one record a line, the header first: the record's place then gives the line.
SELECT
    file_no,
    coalesce(physical_line, file_row_number + 2) AS row_number,
    data_source,
    claim_id,
    claim_line_number,
    person_id,
    payer,
    plan,
    dispensing_date,
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
    quantity,
    days_supply,
    CASE WHEN prescribing_provider_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE prescribing_provider_npi END AS prescribing_provider_npi,
    CASE WHEN dispensing_provider_npi IN ('0', '0000000000', '1111111111', '9999999999') THEN NULL ELSE dispensing_provider_npi END AS dispensing_provider_npi,
    paid_date,
    file_date,
    paid_cents,
    allowed_cents,
    charge_cents,
    patient_cents,
    nullif(concat_ws(';',
        CASE WHEN ndc_code IS NULL THEN 'NDC_MISSING' END,
        CASE
            WHEN ndc_code IN ('00000000000', '99999999999') THEN 'NDC_INVALID'
            WHEN regexp_full_match(ndc_code, '[0-9]{10}') THEN 'NDC_AMBIGUOUS'
            WHEN NOT regexp_full_match(upper(ndc_code),
                '(N4)?[0-9]{11}|[0-9]{5}-[0-9]{4}-[0-9]{2}|[0-9]{4}-[0-9]{4}-[0-9]{2}|[0-9]{5}-[0-9]{3}-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9]')
                THEN 'NDC_INVALID'
        END,
        CASE WHEN least(dispensing_date, paid_date) < DATE '1990-01-01' THEN 'DATE_RANGE' END,
        CASE WHEN dispensing_date > horizon THEN 'FUTURE_DATE' END,
        CASE WHEN paid_cents IS NULL THEN 'PAID_NULL' END,
        CASE WHEN quantity = 0 THEN 'UNITS_ZERO' END,
        CASE WHEN rounded THEN 'AMOUNT_ROUNDED' END
    ), '') AS flags
FROM read_parquet({files}, file_row_number = true, hive_partitioning = false)
WHERE reject IS NULL AND {rows}
