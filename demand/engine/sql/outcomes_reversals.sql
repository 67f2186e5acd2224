-- Events with a negative row -> reversed pairs, and negative rows with nothing to reverse. Grain: one row per row so marked.
-- in:  negative_candidate, negative_event, exception (duplicates), variables pass and passes     out: rows added to exception
-- Within an event, a negative row and a positive row of the same amounts are a closing and an opening parenthesis: the nearest
-- earlier open one is closed. `depth` = how many are open after the row; the running sum is lifted where it fell below zero,
-- for a closing parenthesis with none open closes nothing. At one depth, openings and closings alternate, so lag finds the partner.
WITH event_row AS (
    SELECT
        sequence, file_no, row_number, person_id, event_key, paid_date, file_date,
        coalesce(units < 0, false) OR coalesce(paid < 0, false) OR coalesce(allowed < 0, false)
            OR coalesce(charge < 0, false) OR coalesce(patient < 0, false) AS negative,
        units, paid, allowed, charge, patient
    FROM negative_candidate
    SEMI JOIN negative_event USING (event_hash)
    ANTI JOIN exception USING (sequence, file_no, row_number)
    WHERE event_hash % getvariable('passes') = getvariable('pass')
),
signed AS (
    SELECT
        * EXCLUDE (units, paid, allowed, charge, patient),
        CASE WHEN negative THEN -1 ELSE 1 END AS step,
        hash(event_key, CASE WHEN negative THEN -units ELSE units END, CASE WHEN negative THEN -paid ELSE paid END,
            CASE WHEN negative THEN -allowed ELSE allowed END, CASE WHEN negative THEN -charge ELSE charge END,
            CASE WHEN negative THEN -patient ELSE patient END) AS amounts
    FROM event_row
),
summed AS (
    SELECT *, sum(step) OVER earlier AS height
    FROM signed
    WINDOW earlier AS (PARTITION BY event_key, amounts
        ORDER BY sequence, paid_date NULLS FIRST, file_date NULLS FIRST, file_no, row_number ROWS UNBOUNDED PRECEDING)
),
lifted AS (
    SELECT *, height - least(0, min(height) OVER earlier) AS depth
    FROM summed
    WINDOW earlier AS (PARTITION BY event_key, amounts
        ORDER BY sequence, paid_date NULLS FIRST, file_date NULLS FIRST, file_no, row_number ROWS UNBOUNDED PRECEDING)
),
levelled AS (
    SELECT *, CASE WHEN negative THEN coalesce(lag(depth) OVER in_order, 0) ELSE depth END AS level
    FROM lifted
    WINDOW in_order AS (PARTITION BY event_key, amounts
        ORDER BY sequence, paid_date NULLS FIRST, file_date NULLS FIRST, file_no, row_number)
),
paired AS (
    SELECT
        *,
        CASE WHEN negative THEN lag(sequence) OVER at_level WHEN lead(negative) OVER at_level THEN lead(sequence) OVER at_level END AS other_sequence,
        CASE WHEN negative THEN lag(file_no) OVER at_level WHEN lead(negative) OVER at_level THEN lead(file_no) OVER at_level END AS other_file_no,
        CASE WHEN negative THEN lag(row_number) OVER at_level WHEN lead(negative) OVER at_level THEN lead(row_number) OVER at_level END AS other_row_number
    FROM levelled
    WHERE level > 0
    WINDOW at_level AS (PARTITION BY event_key, amounts, level
        ORDER BY sequence, paid_date NULLS FIRST, file_date NULLS FIRST, file_no, row_number)
)
INSERT INTO exception
SELECT sequence, file_no, row_number, person_id, 'superseded', 'REVERSED', other_sequence, other_file_no, other_row_number
FROM paired
WHERE other_row_number IS NOT NULL
UNION ALL
SELECT sequence, file_no, row_number, person_id, 'rejected', 'NEGATIVE_UNMATCHED', NULL, NULL, NULL
FROM levelled
WHERE negative AND level = 0;
