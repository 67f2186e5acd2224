-- Infusions for which no pharmacy's drug was found -> those that something else says were white-bagged. Grain: one row per infusion.
-- in:  need, match, seed, seed_line, service_line, policy_scope, filled_payer (payers with a pharmacy claim in the run; NULL: a claim that
--      names no payer, which may be anybody's)
-- out: noted (seed_no, family)
-- The clinic's own note of that day and drug says so; or, where the run has no pharmacy claim of the payer at all, the payer's policy that
-- a specialty pharmacy supplies the drug, on a dose that the site did not bill. Never more than probable. Where the infusion's own claim
-- names no drug it may be any of the person's therapies, the one nearest in time first.

CREATE OR REPLACE TEMP TABLE unexplained AS
SELECT need.seed_no, need.person_id, need.service_date, need.family, need.logged_families
FROM need
JOIN seed ON seed.seed_no = need.seed_no AND NOT seed.needs_drug
ANTI JOIN match ON match.seed_no = need.seed_no;

CREATE OR REPLACE TEMP TABLE supposed AS
WITH billed AS (
    SELECT
        seed_line.seed_no, lower(min(line.payer)) AS payer, min(line.line_of_business) AS line_of_business,
        min(line.funding_type) AS funding_type
    FROM seed_line
    JOIN service_line AS line USING (line_no)
    GROUP BY seed_line.seed_no
), possible AS (
    SELECT seed_no, family, 0 AS days FROM unexplained WHERE family IS NOT NULL
    UNION ALL
    SELECT open.seed_no, other.family, min(abs(other.service_date - open.service_date))
    FROM unexplained AS open
    JOIN seed AS other ON other.person_id = open.person_id AND other.family IS NOT NULL
    WHERE open.family IS NULL
    GROUP BY open.seed_no, other.family
)
SELECT
    open.seed_no, open.service_date, possible.family, possible.days, billed.payer, billed.line_of_business, billed.funding_type,
    coalesce(list_contains(open.logged_families, possible.family), false) AS is_logged
FROM unexplained AS open
JOIN possible ON possible.seed_no = open.seed_no
JOIN billed ON billed.seed_no = open.seed_no;

CREATE OR REPLACE TEMP TABLE noted AS
WITH said AS (
    SELECT seed_no, family, days, 0 AS evidence FROM supposed WHERE is_logged
    UNION ALL
    SELECT supposed.seed_no, supposed.family, supposed.days, 1
    FROM supposed
    JOIN policy_scope AS policy
        ON policy.payer = supposed.payer AND supposed.service_date >= policy.effective_from
        AND supposed.service_date < policy.effective_to
    ANTI JOIN filled_payer ON filled_payer.payer IS NULL OR filled_payer.payer = supposed.payer
    WHERE policy.kind = 'drug_source' AND policy.drug_source IN ('sp_required', 'sp_preferred')
        AND (policy.line_of_business IS NULL OR policy.line_of_business = supposed.line_of_business)
        AND (policy.funding IS NULL OR list_contains(policy.funding, supposed.funding_type) OR supposed.funding_type = 'unknown')
        AND policy_names_drug(policy.all_drugs, policy.codes, policy.names, '', supposed.family, supposed.family)
)
SELECT seed_no, family
FROM said
QUALIFY row_number() OVER (PARTITION BY seed_no ORDER BY evidence, days, family) = 1;
