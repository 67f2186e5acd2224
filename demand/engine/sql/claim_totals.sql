-- Accepted institutional lines -> how often a source repeats the claim's paid amount on every line. Grain: one row per extract
-- and data_source in this pass (added up over the passes).
-- in:  candidate, exception, variables pass, passes and first_sequence (earlier extracts are left out)
-- out: rows added to source_total (sequence, data_source, claims, repeated, lines)
-- claims = claims of several lines that paid something; repeated = those of them with one and the same paid amount on every
-- line; lines = the lines of the repeated ones.
WITH claim AS (
    SELECT sequence, data_source, count(*) AS lines, count(paid) AS paid_lines, min(paid) AS lowest, max(paid) AS highest
    FROM candidate
    ANTI JOIN exception USING (sequence, file_no, row_number)
    WHERE institutional AND claim_hash % getvariable('passes') = getvariable('pass')
        AND sequence >= getvariable('first_sequence')
    GROUP BY sequence, data_source, claim_key
    HAVING count(*) > 1 AND max(paid) > 0
)
INSERT INTO source_total
SELECT sequence, data_source, count(*), count(*) FILTER (paid_lines = lines AND lowest = highest),
    coalesce(sum(lines) FILTER (paid_lines = lines AND lowest = highest), 0)
FROM claim
GROUP BY sequence, data_source;
