-- One pass's accepted rows, as intake leaves them -> the tables the stages read. Nothing is added or lost.
-- in:  accepted_medical, accepted_pharmacy, accepted_eligibility (views), extract (sequence, extract_id, first_file), ref_ndcs
-- out: accepted_line, fill, fill_family, eligibility_span

CREATE OR REPLACE TEMP VIEW accepted_line AS
SELECT
    -- Where the row stands: unique, and the same in every run. Far apart on purpose: on dense integer keys DuckDB chooses "perfect"
    -- hash joins, whose memory (key range x columns) no memory limit counts.
    ((extract.first_file + file_no)::BIGINT << 51) + (row_number << 20) AS line_no,
    extract.extract_id, data_source, claim_id, claim_line_number, file_no, row_number, claim_type, person_id, payer, plan,
    NULL::VARCHAR AS line_of_business, NULL::VARCHAR AS funding_type, NULL::VARCHAR AS state,
    claim_start_date, claim_end_date, service_date, place_of_service_code, bill_type_code, revenue_center_code, hcpcs_code,
    modifiers, units, rendering_npi, billing_npi, facility_npi, ordering_npi, ndc_code, paid_date, file_date,
    paid_cents, allowed_cents, charge_cents, patient_cents, diagnosis_codes, authorization_id, authorization_end_date, flags
FROM accepted_medical
JOIN extract USING (sequence);

CREATE OR REPLACE TEMP TABLE eligibility_span AS
SELECT
    extract.extract_id, data_source, person_id, payer, plan,
    CASE kind
        WHEN 'commercial' THEN 'commercial' WHEN 'private' THEN 'commercial' WHEN 'employer' THEN 'commercial'
        WHEN 'self-insured' THEN 'commercial' WHEN 'self insured' THEN 'commercial' WHEN 'self funded' THEN 'commercial'
        WHEN 'medicare' THEN 'medicare' WHEN 'medicare ffs' THEN 'medicare' WHEN 'original medicare' THEN 'medicare'
        WHEN 'medicare advantage' THEN 'medicare_advantage' WHEN 'medicare part c' THEN 'medicare_advantage'
        WHEN 'medicaid' THEN 'medicaid' WHEN 'managed medicaid' THEN 'medicaid' WHEN 'chip' THEN 'medicaid'
        WHEN 'exchange' THEN 'exchange' WHEN 'marketplace' THEN 'exchange' WHEN 'aca' THEN 'exchange'
        WHEN '' THEN 'unknown' WHEN 'unknown' THEN 'unknown'
        ELSE 'other'
    END AS line_of_business,
    CASE
        WHEN funding_type IN ('insured', 'self_funded', 'government') THEN funding_type
        WHEN kind IN ('self-insured', 'self insured', 'self funded') THEN 'self_funded'
        WHEN kind LIKE 'medicare%' OR kind LIKE '%medicaid' THEN 'government'
        ELSE 'unknown'
    END AS funding_type,
    payer_type, group_id, gender, birth_date, death_date, state, zip_code, enrollment_start_date, enrollment_end_date
FROM (SELECT *, replace(lower(trim(coalesce(payer_type, ''))), '_', ' ') AS kind FROM accepted_eligibility)
JOIN extract USING (sequence)
WHERE enrollment_end_date IS NULL OR enrollment_end_date >= enrollment_start_date;

-- Fills of drugs we know: infusible ones may have supplied an infusion, self-administered ones show a benefit shift.
CREATE OR REPLACE TEMP TABLE fill AS
SELECT
    row_number() OVER (ORDER BY person_id, dispensing_date, data_source, claim_id, claim_line_number) AS fill_no,
    extract.extract_id, data_source, claim_id, claim_line_number, person_id, payer, plan, dispensing_date, ndc_code,
    ndc.molecule, ndc.family, coalesce(ndc.self_administered, false) AS self_administered,
    prescribing_provider_npi, dispensing_provider_npi, quantity, days_supply, paid_date, paid_cents, allowed_cents, patient_cents
FROM accepted_pharmacy
JOIN extract USING (sequence)
JOIN ref_ndcs AS ndc USING (ndc_code);

CREATE OR REPLACE TEMP VIEW fill_family AS
SELECT person_id, family, dispensing_date, self_administered FROM fill;
