-- One round of matching: an infusion and a supplied dose that are each other's first choice among those still free belong together.
-- in:  pair, match
-- out: match (with more rows, or the same: then nobody is left to match)
-- First choice: what the claim itself says, then a drug given that way, then the nearest day, then the earlier one.
INSERT INTO match
WITH free AS (
    SELECT pair.*
    FROM pair
    ANTI JOIN (SELECT seed_no FROM match) AS served USING (seed_no)
    ANTI JOIN (SELECT supply_no FROM match) AS used USING (supply_no)
), ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY seed_no ORDER BY quality, is_other_route, days, supplied_on, supply_no) AS choice_of_seed,
        row_number() OVER (PARTITION BY supply_no ORDER BY quality, is_other_route, days, service_date, seed_no) AS choice_of_supply
    FROM free
)
SELECT seed_no, supply_no, quality
FROM ranked
WHERE choice_of_seed = 1 AND choice_of_supply = 1;
