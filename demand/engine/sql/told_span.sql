-- Accepted eligibility rows, as intake leaves them -> spans with a line of business and who bears the risk. A span that ends before
-- it begins covers no day and is left out.
-- in:  accepted_eligibility (view), extract (sequence, extract_id), ref_payer_names     out: told_span

CREATE OR REPLACE TEMP VIEW told_span AS
SELECT
    extract.extract_id, data_source, person_id, coalesce(known.payer, told.payer) AS payer, plan,
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
FROM (SELECT *, replace(lower(trim(coalesce(payer_type, ''))), '_', ' ') AS kind FROM accepted_eligibility) AS told
JOIN extract USING (sequence)
LEFT JOIN ref_payer_names AS known ON known.name = lower(told.payer)
WHERE enrollment_end_date IS NULL OR enrollment_end_date >= enrollment_start_date;
