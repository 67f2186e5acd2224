-- Diagnoses of people with an infusion -> the comorbidity measures they show. Grain: person x measure.
-- in:  asked_line (clinical_events.sql), run_infusions, elixhauser (diagnosis_code, measure)     out: comorbidity
CREATE OR REPLACE TEMP TABLE comorbidity AS
WITH told AS (  -- few texts stand on many lines
    SELECT DISTINCT diagnosis_codes FROM asked_line WHERE diagnosis_codes IS NOT NULL
), mapped AS (
    SELECT told.diagnosis_codes, elixhauser.measure, min(elixhauser.diagnosis_code) AS diagnosis_code
    FROM told, unnest(string_split(told.diagnosis_codes, ';')) AS split(code)
    JOIN elixhauser ON elixhauser.diagnosis_code = code
    GROUP BY ALL
)
SELECT
    person.person_id, person.person_no, mapped.measure, max(line.service_date) AS last_on,
    arg_max(mapped.diagnosis_code, (line.service_date, mapped.diagnosis_code)) AS diagnosis_code
FROM asked_line AS line
JOIN mapped USING (diagnosis_codes)
JOIN (SELECT DISTINCT person_id, person_no FROM run_infusions) AS person USING (person_id)
GROUP BY ALL;
