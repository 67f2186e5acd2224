-- Candidate rows -> claims whose rows may stand in each other's way. Grain: one row per claim (or eligibility span) in this pass.
-- in:  candidate, variables pass and passes     out: rows added to contested (claim_hash, rows)
-- Where every line number of a claim occurs once, as many bits are set as there are rows. Line numbers above 64 set no bit,
-- so such a claim is looked at, which costs time and changes nothing.
INSERT INTO contested
SELECT claim_hash, count(*)
FROM candidate
WHERE claim_hash % getvariable('passes') = getvariable('pass')
GROUP BY claim_hash
HAVING count(*) > bit_count(bit_or(CASE WHEN line <= 64 THEN 1::UBIGINT << (line - 1) ELSE 0::UBIGINT END))
    OR bool_or(frequency = '8')
    OR (bool_or(frequency = '7') AND bool_or(frequency IS DISTINCT FROM '7'));
