-- Infusions for which no pharmacy's drug was found -> those that something else says were white-bagged. Grain: one row per infusion.
-- in:  need, match, seed, seed_line, service_line, policy_scope, filled_payer (payers with a pharmacy claim in the run; NULL: a claim that
--      names no payer, which may be anybody's)
-- out: noted (seed_no, family)
-- The clinic's own note of that day and drug says so; or, where the run has no pharmacy claim of the payer at all, the drug that
-- the site gave and stated without charging for it, the payer's policy that a specialty pharmacy supplies the drug, on a dose that the site did not
-- bill, or another such dose of the same therapy at the same site. Never more than probable. Where the infusion's own claim names no drug
-- it may be any of the person's therapies, the one nearest in time first, and without one the only drug that the clinic noted that day.
-- Where a site keeps a log and noted hardly any of a therapy's doses, its own pharmacy may have supplied them: nothing is supposed.

CREATE OR REPLACE TEMP TABLE unexplained AS
SELECT need.seed_no, need.person_id, need.service_date, seed.site_id, need.family, need.logged_families
FROM need
JOIN seed ON seed.seed_no = need.seed_no AND NOT seed.needs_drug
ANTI JOIN match ON match.seed_no = need.seed_no;

CREATE OR REPLACE TEMP TABLE supposed AS
WITH billed AS (
    SELECT
        seed_line.seed_no, lower(min(line.payer)) AS payer, min(line.line_of_business) AS line_of_business,
        min(line.funding_type) AS funding_type,
        bool_or(line.role = 'administration')
        AND bool_and(line.charge_cents <= getvariable('payable_above_cents')) FILTER (line.role = 'drug') IS TRUE AS is_free_of_charge
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
    UNION ALL
    SELECT seed_no, logged_families[1], NULL
    FROM unexplained AS open
    WHERE family IS NULL AND len(logged_families) = 1
        AND NOT EXISTS (FROM seed AS other WHERE other.person_id = open.person_id AND other.family IS NOT NULL)
), kept_log AS (
    SELECT site_id, min(administered_on) AS first_on, max(administered_on) AS last_on FROM ref_white_bag_events GROUP BY site_id
), compared AS (
    SELECT
        open.seed_no, open.person_id, open.site_id, open.service_date, possible.family, possible.days,
        coalesce(list_contains(open.logged_families, possible.family), false) AS is_logged, kept_log.site_id IS NOT NULL AS is_log_kept
    FROM unexplained AS open
    JOIN possible ON possible.seed_no = open.seed_no
    LEFT JOIN kept_log
        ON kept_log.site_id = open.site_id AND open.service_date >= kept_log.first_on AND open.service_date <= kept_log.last_on
)
SELECT
    compared.*, billed.payer, billed.line_of_business, billed.funding_type, billed.is_free_of_charge,
    NOT EXISTS (FROM filled_payer WHERE filled_payer.payer IS NULL OR filled_payer.payer = billed.payer)
    AND (
        count(*) FILTER (is_log_kept) OVER therapy < getvariable('log_doses')
        OR count(*) FILTER (is_logged) OVER therapy >= getvariable('log_share') * count(*) FILTER (is_log_kept) OVER therapy
    ) AS may_be_bagged
FROM compared
JOIN billed ON billed.seed_no = compared.seed_no
WINDOW therapy AS (PARTITION BY person_id, site_id, family);

CREATE OR REPLACE TEMP TABLE noted AS
WITH said AS (
    SELECT seed_no, person_id, site_id, family, days, 0 AS evidence FROM supposed WHERE is_logged
    UNION ALL
    SELECT seed_no, person_id, site_id, family, days, 1 FROM supposed WHERE is_free_of_charge AND may_be_bagged
    UNION ALL
    SELECT supposed.seed_no, supposed.person_id, supposed.site_id, supposed.family, supposed.days, 2
    FROM supposed
    JOIN policy_scope AS policy
        ON policy.payer = supposed.payer AND supposed.service_date >= policy.effective_from
        AND supposed.service_date < policy.effective_to
    WHERE supposed.may_be_bagged AND policy.kind = 'drug_source' AND policy.drug_source IN ('sp_required', 'sp_preferred')
        AND (policy.line_of_business IS NULL OR policy.line_of_business = supposed.line_of_business)
        AND (policy.funding IS NULL OR list_contains(policy.funding, supposed.funding_type) OR supposed.funding_type = 'unknown')
        AND policy_names_drug(policy.all_drugs, policy.codes, policy.names, '', supposed.family, supposed.family)
), same_therapy AS (
    FROM said
    UNION ALL
    SELECT supposed.seed_no, supposed.person_id, supposed.site_id, supposed.family, supposed.days, 3
    FROM supposed
    SEMI JOIN said USING (person_id, site_id, family)
    WHERE supposed.may_be_bagged
)
SELECT seed_no, family
FROM same_therapy
QUALIFY row_number() OVER (PARTITION BY seed_no ORDER BY evidence, days NULLS LAST, family) = 1;
