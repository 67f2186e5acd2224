-- Infusions and their episodes -> what the dashboard reads. Grain: one narrow row per infusion, none added or lost.
-- in:  attributed_infusion, episode_infusion, stay, departure, policy_scope, maturity
-- out: fact. Every leaked infusion has one mechanism (how), one destination (where: site class, owner) and one reason (why), so that
--      each of the three splits adds up to the same total.

CREATE OR REPLACE TEMP TABLE infusion_journey AS
WITH placed AS (
    SELECT
        infusion.infusion_id, infusion.episode_key, infusion.service_date,
        bool_or(stay.is_home_base) AS is_home_base
    FROM episode_infusion AS infusion
    JOIN stay
        ON stay.episode_key = infusion.episode_key AND stay.site_id = infusion.site_id
        AND infusion.service_date >= stay.from_on AND infusion.service_date <= stay.until_on
    GROUP BY ALL
)
SELECT
    placed.infusion_id, placed.is_home_base,
    arg_max(departure.kind, departure.departed_on) AS kind,
    arg_max(departure.reason, departure.departed_on) AS reason,
    nullif(arg_max(coalesce(departure.evidence, ''), departure.departed_on), '') AS evidence
FROM placed
LEFT JOIN departure
    ON departure.episode_key = placed.episode_key AND departure.departed_on <= placed.service_date
    AND departure.kind IN ('moved_out', 'never_captured')
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE bagged_by_policy AS
SELECT infusion.infusion_id, 'policy ' || min(policy.policy_id) AS evidence
FROM attributed_infusion AS infusion
JOIN policy_scope AS policy
    ON policy.kind = 'drug_source' AND policy.drug_source IN ('sp_required', 'sp_preferred')
    AND policy.payer = lower(infusion.payer)
    AND (policy.line_of_business IS NULL OR policy.line_of_business = infusion.line_of_business)
    AND (policy.funding IS NULL OR list_contains(policy.funding, infusion.funding_type) OR infusion.funding_type = 'unknown')
    AND infusion.service_date >= policy.effective_from AND infusion.service_date < policy.effective_to
    AND policy_names_drug(policy.all_drugs, policy.codes, policy.names, infusion.hcpcs_codes, infusion.molecule, infusion.family)
WHERE infusion.outcome = 'margin_leak'
GROUP BY infusion.infusion_id;

CREATE OR REPLACE TEMP TABLE fact AS
SELECT
    infusion.infusion_id, infusion.month, infusion.service_date, infusion.person_no, infusion.data_source,
    infusion.payer, infusion.plan, infusion.line_of_business, infusion.funding_type, infusion.market,
    infusion.family, coalesce(infusion.clinical_line, 'unknown') AS clinical_line,
    infusion.site_id, infusion.site_class, infusion.ownership, infusion.owner, infusion.payer_affiliation,
    infusion.channel, infusion.channel_confidence, infusion.outcome, infusion.attributed, infusion.attribution_rule,
    coalesce(infusion.attribution_rule IN ('ordering_npi', 'rendering_npi'), false) AS is_headline,
    infusion.allowed_cents, infusion.pharmacy_fill_cents,
    CASE
        WHEN infusion.outcome = 'margin_leak' THEN 'white_bagged'
        WHEN infusion.outcome NOT IN ('site_leak', 'partner') OR infusion.outcome IS NULL THEN NULL
        WHEN journey.infusion_id IS NULL THEN 'unknown'
        WHEN NOT journey.is_home_base THEN 'visiting'
        ELSE coalesce(journey.kind, 'unknown')
    END AS mechanism,
    CASE
        WHEN infusion.outcome = 'margin_leak' AND bagged.infusion_id IS NOT NULL THEN 'drug_source_policy'
        WHEN infusion.outcome = 'margin_leak' THEN 'unexplained'
        WHEN infusion.outcome IN ('site_leak', 'partner') AND journey.is_home_base THEN coalesce(journey.reason, 'unexplained')
        WHEN infusion.outcome IN ('site_leak', 'partner') THEN 'unexplained'
    END AS reason,
    coalesce(maturity.mature, false) AS mature, infusion.known_on
FROM attributed_infusion AS infusion
LEFT JOIN infusion_journey AS journey ON journey.infusion_id = infusion.infusion_id
LEFT JOIN bagged_by_policy AS bagged ON bagged.infusion_id = infusion.infusion_id
LEFT JOIN maturity ON maturity.data_source = infusion.data_source AND maturity.month = infusion.month;
