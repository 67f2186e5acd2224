-- Rows of contested claims -> duplicates. Grain: one row per row that is identical to an earlier one of the same key.
-- in:  contested_candidate, variables pass and passes     out: rows added to exception
WITH numbered AS (
    SELECT
        sequence, file_no, row_number, person_id,
        row_number() OVER same AS occurrence,
        first_value(sequence) OVER same AS other_sequence,
        first_value(file_no) OVER same AS other_file_no,
        first_value(row_number) OVER same AS other_row_number
    FROM contested_candidate
    WHERE claim_hash % getvariable('passes') = getvariable('pass')
    WINDOW same AS (PARTITION BY claim_key, line, content ORDER BY sequence, file_no, row_number)
)
INSERT INTO exception
SELECT sequence, file_no, row_number, person_id, 'duplicate', 'DUPLICATE_ROW', other_sequence, other_file_no, other_row_number
FROM numbered
WHERE occurrence > 1;
