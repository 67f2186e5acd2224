-- Rows of contested claims that still stand -> older versions, replaced and voided claims. Grain: one row per row superseded.
-- in:  contested_candidate, exception (duplicates, reversals), variables pass and passes     out: rows added to exception
-- Older = earlier paid_date, then earlier file_date, then earlier row (extract, file, line); an unknown date is the earliest.
-- Bill type frequency 7 replaces the claim's other rows up to its date, frequency 8 voids them and itself.
WITH standing AS (
    SELECT
        sequence, file_no, row_number, person_id, claim_key, line, frequency,
        coalesce(paid_date, DATE '0001-01-01') AS paid_on,
        coalesce(file_date, DATE '0001-01-01') AS filed_on
    FROM contested_candidate
    ANTI JOIN exception USING (sequence, file_no, row_number)
    WHERE claim_hash % getvariable('passes') = getvariable('pass')
),
compared AS (
    SELECT
        *,
        max((paid_on, filed_on)) FILTER (frequency = '7') OVER (PARTITION BY claim_key) AS replaced_on,
        max((paid_on, filed_on)) FILTER (frequency = '8') OVER (PARTITION BY claim_key) AS voided_on,
        row_number() OVER newest_first AS age,
        first_value(sequence) OVER newest_first AS other_sequence,
        first_value(file_no) OVER newest_first AS other_file_no,
        first_value(row_number) OVER newest_first AS other_row_number
    FROM standing
    WINDOW newest_first AS (PARTITION BY claim_key, line
        ORDER BY paid_on DESC, filed_on DESC, sequence DESC, file_no DESC, row_number DESC)
)
INSERT INTO exception
SELECT
    sequence, file_no, row_number, person_id, 'superseded',
    CASE WHEN age > 1 THEN 'OLDER_VERSION'
         WHEN frequency = '8' OR (paid_on, filed_on) <= voided_on THEN 'CLAIM_VOIDED'
         ELSE 'CLAIM_REPLACED' END,
    CASE WHEN age > 1 THEN other_sequence END,
    CASE WHEN age > 1 THEN other_file_no END,
    CASE WHEN age > 1 THEN other_row_number END
FROM compared
WHERE age > 1
    OR frequency = '8'
    OR (paid_on, filed_on) <= voided_on
    OR (frequency IS DISTINCT FROM '7' AND (paid_on, filed_on) <= replaced_on);
