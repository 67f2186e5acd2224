-- Claims whose paid amount is repeated on every line -> each line's share of it, in whole cents that add up. Grain: one row per line.
-- in:  candidate, exception, repeating_source (sequence, data_source), variables pass and passes     out: rows added to paid_share
-- share = paid × weight ÷ sum of weights; weight = the line's charge, or 1 where charges are absent or repeat too.
-- The cents left over go to the largest remainders, then to the lowest line. A line of revenue code 0001 is a total: it gets none.
WITH line_of_claim AS (
    SELECT
        sequence, file_no, row_number, person_id, claim_key, line, paid, charge, data_source,
        revenue IS NOT DISTINCT FROM '0001' AND NOT bool_and(revenue IS NOT DISTINCT FROM '0001') OVER claim AS is_total,
        count(*) OVER claim AS lines, count(paid) OVER claim AS paid_lines,
        min(paid) OVER claim AS lowest, max(paid) OVER claim AS highest
    FROM candidate
    SEMI JOIN repeating_source USING (sequence, data_source)
    ANTI JOIN exception USING (sequence, file_no, row_number)
    WHERE institutional AND claim_hash % getvariable('passes') = getvariable('pass')
    WINDOW claim AS (PARTITION BY sequence, claim_key)
),
charged AS (
    SELECT
        *,
        count(*) FILTER (NOT is_total) OVER claim AS sharing,
        count(charge) FILTER (NOT is_total AND charge >= 0) OVER claim AS charges,
        min(charge) FILTER (NOT is_total) OVER claim AS lowest_charge,
        max(charge) FILTER (NOT is_total) OVER claim AS highest_charge
    FROM line_of_claim
    WHERE lines > 1 AND paid_lines = lines AND lowest = highest AND highest > 0
    WINDOW claim AS (PARTITION BY sequence, claim_key)
),
weighted AS (
    SELECT
        *,
        CASE WHEN is_total THEN 0 WHEN charges = sharing AND highest_charge > lowest_charge THEN charge ELSE 1 END::HUGEINT AS weight
    FROM charged
),
floored AS (
    SELECT
        *,
        paid * weight // sum(weight) OVER claim AS share,
        paid * weight % sum(weight) OVER claim AS remainder
    FROM weighted
    WINDOW claim AS (PARTITION BY sequence, claim_key)
),
ranked AS (
    SELECT
        *,
        paid - sum(share) OVER (PARTITION BY sequence, claim_key) AS cents_left,
        row_number() OVER (PARTITION BY sequence, claim_key ORDER BY remainder DESC, is_total, line, file_no, row_number) AS place
    FROM floored
)
INSERT INTO paid_share
SELECT sequence, file_no, row_number, person_id, CAST(share + CASE WHEN place <= cents_left THEN 1 ELSE 0 END AS BIGINT)
FROM ranked;
