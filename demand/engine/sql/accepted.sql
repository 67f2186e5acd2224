-- One pass's accepted rows -> the tables the stages read. Nothing is added or lost.
-- in:  told_span, accepted_pharmacy (views), extract (sequence, extract_id), ref_ndcs, ref_payer_names
-- out: eligibility_span, fill, fill_family

CREATE OR REPLACE TEMP TABLE eligibility_span AS FROM told_span;

-- Fills of drugs we know: infusible ones may have supplied an infusion, self-administered ones show a benefit shift.
CREATE OR REPLACE TEMP TABLE fill AS
SELECT
    row_number() OVER (ORDER BY person_id, dispensing_date, data_source, claim_id, claim_line_number) AS fill_no,
    extract.extract_id, data_source, claim_id, claim_line_number, person_id, coalesce(known.payer, accepted_pharmacy.payer) AS payer, plan, dispensing_date, ndc_code,
    ndc.molecule, ndc.family, coalesce(ndc.self_administered, false) AS self_administered,
    prescribing_provider_npi, dispensing_provider_npi, quantity, days_supply, paid_date, paid_cents, allowed_cents, patient_cents
FROM accepted_pharmacy
JOIN extract USING (sequence)
JOIN ref_ndcs AS ndc USING (ndc_code)
LEFT JOIN ref_payer_names AS known ON known.name = lower(accepted_pharmacy.payer);

CREATE OR REPLACE TEMP VIEW fill_family AS
SELECT person_id, family, dispensing_date, self_administered FROM fill;
