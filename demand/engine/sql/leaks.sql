-- What leaked, infusion by infusion, and which treatments fell silent. Grain: one row per leaked infusion (kind `left`, `bagged`) and one
-- per treatment of which no infusion is left to count (kind `silent`: dark, or shifted to self-injection).
-- in:  fact, infusion_journey, bagged_by_policy, attributed_infusion, episode, episode_infusion, silent_episode, prescriber_group
-- out: leak. Every row has exactly one mechanism (how), one place with its owner (where) and one reason (why): three splits of the same
--      rows. Only what named prescribers ordered: `left` and `bagged` are the upper parts of the leakage rates.
CREATE OR REPLACE TEMP TABLE leak AS
SELECT
    CASE fact.outcome WHEN 'site_leak' THEN 'left' ELSE 'bagged' END AS kind,
    fact.infusion_id, episode.episode_id, fact.person_no, fact.month, fact.service_date AS leaked_on,
    fact.payer, fact.plan, fact.line_of_business, fact.market, fact.family, fact.clinical_line,
    fact.mechanism, fact.site_id, fact.site_class, fact.ownership, fact.owner, fact.payer_affiliation,
    fact.reason, CASE fact.outcome WHEN 'site_leak' THEN journey.evidence ELSE bagged.evidence END AS evidence,
    infusion.named_npi, coalesce(prescriber.specialty, 'unknown') AS specialty, coalesce(prescriber.relation, 'unknown') AS relation,
    coalesce(prescriber.prescriber_market, 'unknown') AS prescriber_market,
    1 AS infusions, fact.allowed_cents, NULL::BIGINT AS dose_cents, fact.mature
FROM fact
JOIN attributed_infusion AS infusion ON infusion.infusion_id = fact.infusion_id
LEFT JOIN infusion_journey AS journey ON journey.infusion_id = fact.infusion_id AND fact.mechanism <> 'visiting'
LEFT JOIN bagged_by_policy AS bagged ON bagged.infusion_id = fact.infusion_id
LEFT JOIN episode_infusion AS given ON given.infusion_id = fact.infusion_id
LEFT JOIN episode ON episode.episode_key = given.episode_key
LEFT JOIN prescriber_group AS prescriber ON prescriber.npi = infusion.named_npi
WHERE fact.is_headline AND fact.outcome IN ('site_leak', 'margin_leak')
UNION ALL
SELECT
    'silent', NULL, episode_id, person_no, date_trunc('month', outcome_on)::DATE, outcome_on,
    payer, plan, line_of_business, market, family, coalesce(clinical_line, 'unknown'),
    outcome, NULL, CASE outcome WHEN 'benefit_shift' THEN 'self_injection' ELSE 'unknown' END, 'unknown', NULL, NULL,
    CASE outcome WHEN 'benefit_shift' THEN 'benefit_shift' ELSE 'unexplained' END,
    CASE outcome WHEN 'benefit_shift' THEN 'self-administered fill' END,
    named_npi, specialty, relation, prescriber_market, 0, NULL, dose_cents, is_mature
FROM silent_episode
WHERE is_headline AND outcome IN ('dark', 'benefit_shift');
