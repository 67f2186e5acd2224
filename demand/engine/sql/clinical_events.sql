-- A run's lines of people with an infusion -> what befell them that claims can show. Grain: person x day x kind.
-- in:  run_lines, run_infusions (views of the finished tables), exception_evidence (treatments.sql), clinical_rule (kind, pattern)
-- out: clinical_event (kind: emergency, admission, epinephrine, a kind of clinical_rule, or an exception's code in lower case)
-- until_on: an admission's last day on claims, the last day for which a diagnosis counts (empty: for good), else the day itself.

CREATE OR REPLACE TEMP TABLE asked_line AS
SELECT
    line.person_id, line.service_date, line.claim_start_date, line.claim_end_date, line.data_source, line.claim_id,
    coalesce(line.facility_npi, line.billing_npi, line.rendering_npi) AS npi, line.hcpcs_code, line.diagnosis_codes,
    line.place_of_service_code = '23' OR left(lpad(line.revenue_center_code, 4, '0'), 3) = '045'
        OR list_contains(getvariable('emergency_codes'), line.hcpcs_code) AS is_emergency,
    left(line.bill_type_code, 2) = '11' AS is_stay, line.place_of_service_code = '21' AS is_inpatient_visit
FROM run_lines AS line
SEMI JOIN run_infusions ON run_infusions.person_id = line.person_id;

CREATE OR REPLACE TEMP TABLE clinical_event AS
WITH inpatient AS (  -- a hospital's claim tells the whole stay, a clinician's one day of it
    SELECT
        person_id, npi, data_source, diagnosis_codes,
        CASE WHEN is_stay THEN coalesce(claim_start_date, service_date) ELSE service_date END AS from_on,
        CASE WHEN is_stay THEN greatest(coalesce(claim_end_date, service_date), service_date) ELSE service_date END AS until_on
    FROM asked_line
    WHERE is_stay OR is_inpatient_visit
), stay_day AS (  -- days that touch are one stay
    SELECT
        *,
        from_on > max(until_on) OVER (
            PARTITION BY person_id ORDER BY from_on, until_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) + 1 IS NOT FALSE AS is_new
    FROM inpatient
), stay AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY person_id ORDER BY from_on, until_on) AS stay_no
    FROM stay_day
), given AS (
    SELECT DISTINCT person_id, service_date FROM run_infusions
), told AS (
    SELECT DISTINCT diagnosis_codes FROM asked_line WHERE diagnosis_codes IS NOT NULL
), diagnosed AS (  -- few texts stand on many lines
    SELECT told.diagnosis_codes, rule.kind, code
    FROM told, unnest(string_split(told.diagnosis_codes, ';')) AS split(code), clinical_rule AS rule
    WHERE regexp_matches(code, rule.pattern)
), seen AS (
    SELECT 'emergency' AS kind, person_id, service_date AS event_on, service_date AS until_on,
        string_split(diagnosis_codes, ';')[1] AS detail, npi, data_source
    FROM asked_line
    WHERE is_emergency
    UNION ALL
    SELECT 'admission', person_id, min(from_on), max(until_on), arg_min(string_split(diagnosis_codes, ';')[1], (from_on, diagnosis_codes)),
        arg_min(npi, (from_on, npi)), arg_min(data_source, (from_on, data_source))
    FROM stay
    GROUP BY person_id, stay_no
    UNION ALL
    SELECT 'epinephrine', line.person_id, line.service_date, line.service_date, line.hcpcs_code, line.npi, line.data_source
    FROM asked_line AS line
    SEMI JOIN given ON given.person_id = line.person_id AND given.service_date = line.service_date
    WHERE list_contains(getvariable('epinephrine_codes'), line.hcpcs_code)
    UNION ALL
    SELECT diagnosed.kind, line.person_id, line.service_date, line.service_date, diagnosed.code, line.npi, line.data_source
    FROM asked_line AS line
    JOIN diagnosed USING (diagnosis_codes)
    UNION ALL
    SELECT lower(code), person_id, from_on, nullif(until_on - 1, DATE '9999-12-30'), diagnosis_code, NULL, data_source
    FROM exception_evidence
)
SELECT
    person.person_id, person.person_no, seen.event_on, seen.kind, max(seen.until_on) AS until_on, min(seen.detail) AS detail,
    min(seen.npi) AS npi, min(seen.data_source) AS data_source
FROM seen
JOIN (SELECT DISTINCT person_id, person_no FROM run_infusions) AS person USING (person_id)
GROUP BY ALL;
