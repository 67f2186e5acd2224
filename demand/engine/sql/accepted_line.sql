-- Accepted medical rows, as intake leaves them -> the lines the stages read. Nothing is added or lost.
-- in:  accepted_medical (view), extract (sequence, extract_id, first_file), ref_payer_names     out: accepted_line

CREATE OR REPLACE TEMP VIEW accepted_line AS
SELECT
    -- Where the row stands: unique, and the same in every run. Far apart on purpose: on dense integer keys DuckDB chooses "perfect"
    -- hash joins, whose memory (key range x columns) no memory limit counts.
    ((extract.first_file + file_no)::BIGINT << 51) + (row_number << 20) AS line_no,
    extract.extract_id, data_source, claim_id, claim_line_number, file_no, row_number, claim_type, person_id, coalesce(known.payer, accepted_medical.payer) AS payer, plan,
    NULL::VARCHAR AS line_of_business, NULL::VARCHAR AS funding_type, NULL::VARCHAR AS state,
    claim_start_date, claim_end_date, service_date, place_of_service_code, bill_type_code, revenue_center_code, hcpcs_code,
    modifiers, units, rendering_npi, billing_npi, facility_npi, ordering_npi, ndc_code, paid_date, file_date,
    paid_cents, allowed_cents, charge_cents, patient_cents, diagnosis_codes, authorization_id, authorization_end_date, flags
FROM accepted_medical
JOIN extract USING (sequence)
LEFT JOIN ref_payer_names AS known ON known.name = lower(accepted_medical.payer);
