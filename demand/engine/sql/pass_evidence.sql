-- One pass's lines -> the little that later stages need of lines that are no infusion.
-- in:  line, service_line, line_place
-- out: family_event (a known drug given as inpatient or in an emergency, or billed by a pharmacy and given in no infusion that we see:
--      a fill on the medical benefit), reaction_day

CREATE OR REPLACE TEMP TABLE family_event AS
SELECT DISTINCT person_id, family, service_date
FROM service_line
LEFT JOIN line_place USING (line_no)
WHERE role = 'drug' AND (not_outpatient IS NOT NULL OR line_place.place = 'supply_without_administration');

CREATE OR REPLACE TEMP TABLE reaction_day AS
SELECT DISTINCT person_id, service_date
FROM line
WHERE regexp_matches(diagnosis_codes, getvariable('reaction_diagnosis_pattern'));
