-- Infusions -> what cannot be read off their lines: shared lines and the pharmacy's drug behind a white bag, for whoever follows a number back.
-- in:  infusion, infusion_line, shared_line, line, seed_supply, supply, fill
-- out: line_share (one row per infusion and line that serves several infusions, with the infusion's part of the line's cents),
--      infusion_supply (one row per infusion whose drug a pharmacy supplied, with the claim line that shows it)
-- An infusion's cents = those of the lines that name it and are not shared + its shares, always.

CREATE OR REPLACE TEMP TABLE line_share AS
SELECT
    line.data_source, line.claim_id, line.claim_line_number, line.person_id, infusion.infusion_id,
    part.is_main, part.allowed_cents, part.paid_cents, part.patient_cents
FROM infusion_line AS part
JOIN shared_line USING (line_no)
JOIN line ON line.line_no = part.line_no
JOIN infusion ON infusion.seed_no = part.seed_no;

CREATE OR REPLACE TEMP TABLE infusion_supply AS
SELECT
    infusion.infusion_id, infusion.person_id, served.kind, served.confidence, served.is_own_pharmacy, served.dose_no,
    supply.supplied_on, served.molecule, served.family, supply.pharmacy_npi, served.fill_cents,
    coalesce(fill.data_source, line.data_source) AS data_source,
    coalesce(fill.claim_id, line.claim_id) AS claim_id,
    coalesce(fill.claim_line_number, line.claim_line_number) AS claim_line_number,
    coalesce(fill.ndc_code, line.ndc_code) AS ndc_code
FROM seed_supply AS served
JOIN infusion ON infusion.seed_no = served.seed_no
JOIN supply ON supply.supply_no = served.supply_no
LEFT JOIN fill ON served.kind = 'fill' AND fill.fill_no = served.source_no
LEFT JOIN line ON served.kind = 'medical' AND line.line_no = served.source_no;
