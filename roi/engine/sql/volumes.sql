-- A run's infusions of the last mature months -> the strands a scenario is made of, and their people.
-- Grain: strand = market x place x payer x plan x line of business x funding x state x site class x molecule x codes billed x fate.
-- in:  infusion (the run's infusions), fact (its mature flag by month), exposure (the run's, empty where it has none), site_340b,
--      bound (who the clinical line keeps from which class of site), risk (the run's chances to move, empty where they are not used);
--      variables months, market
-- out: volume_window, chosen (one row per infusion with its strand), strand, likely (chances of whom no policy explains)

CREATE TEMP TABLE volume_window AS
WITH by_month AS (
    SELECT month, bool_and(mature) AS mature FROM fact GROUP BY month
), last AS (  -- without a mature month the newest months serve, and the scenario says so
    SELECT coalesce(max(month) FILTER (mature), max(month)) AS month, coalesce(bool_or(mature), false) AS mature FROM by_month
)
SELECT
    (month - to_months(getvariable('months') - 1))::DATE AS first_month,
    month::DATE AS last_month,
    mature
FROM last;

-- Who has to leave, from which month on, by which decided policy: each person's own exposure after the months measured. This table
-- and `likely`, below, are the one place where a run's tables say who leaves.
CREATE TEMP TABLE leaving AS
SELECT
    person_no,
    family,
    date_trunc('month', min(leaves_on))::DATE AS leaves_on,
    arg_min(policy_id, (leaves_on, policy_id)) AS policy_id
FROM (
    SELECT *, coalesce(exposed_from, expected_from, grace_until)::DATE AS leaves_on FROM exposure
)
CROSS JOIN volume_window
WHERE kind = 'site_of_care' AND status IN ('in_force', 'announced') AND verdict IN ('exposed', 'in_grace') AND active
    AND leaves_on >= last_month + INTERVAL 1 MONTH
GROUP BY person_no, family;

-- Who may leave without a policy: treatments with a chance to move out, but none that a decided site policy reaches or has reached,
-- so that nobody leaves twice. Of each month's chance (in ten millionths) only the part that comes without announced and anticipated
-- policies counts.
CREATE TEMP TABLE likely AS
SELECT
    person_no,
    family,
    ahead,
    sum(round(months[ahead] * CASE WHEN risk > 0 THEN risk_certain / risk ELSE 0 END * 1e7)::BIGINT)::BIGINT AS chance,
    min(forecast_on)::DATE AS forecast_on
FROM risk
CROSS JOIN range(1, 13) AS months_ahead(ahead)
WHERE NOT EXISTS (
    FROM exposure
    WHERE exposure.person_no = risk.person_no AND exposure.family = risk.family
        AND kind = 'site_of_care' AND status IN ('in_force', 'announced') AND verdict IN ('exposed', 'in_grace') AND active
)
GROUP BY person_no, family, ahead;

CREATE TEMP TABLE kept_from AS
SELECT person_no, family, list(site_class) AS site_classes FROM bound GROUP BY person_no, family;

CREATE TEMP TABLE chosen AS
SELECT
    dense_rank() OVER (
        ORDER BY market, place, payer, plan, line_of_business, funding_type, state, site_class, family, molecule, hcpcs_codes, leaves_on, policy_id
    ) AS strand_no,
    *
FROM (
    SELECT
        coalesce(infusion.market, '') AS market,
        CASE WHEN infusion.outcome = 'site_leak' THEN 'elsewhere' ELSE 'hospital' END AS place,
        coalesce(infusion.payer, 'unknown') AS payer,
        coalesce(infusion.plan, '') AS plan,
        coalesce(infusion.line_of_business, 'unknown') AS line_of_business,
        coalesce(infusion.funding_type, 'unknown') AS funding_type,
        coalesce(infusion.state, '') AS state,
        infusion.site_class,
        infusion.family,
        infusion.molecule,
        infusion.hcpcs_codes,
        infusion.person_no,
        infusion.dose,
        infusion.allowed_cents,
        infusion.patient_cents,
        CASE WHEN infusion.outcome <> 'site_leak' THEN leaving.leaves_on END AS leaves_on,
        CASE WHEN infusion.outcome <> 'site_leak' THEN coalesce(leaving.policy_id, '') ELSE '' END AS policy_id,
        infusion.channel = 'white_bag' AS is_white_bagged,
        kept_from.site_classes,
        site_340b.site_id IS NOT NULL AS is_340b
    FROM infusion
    CROSS JOIN volume_window
    LEFT JOIN site_340b ON site_340b.site_id = infusion.site_id
    LEFT JOIN leaving ON leaving.person_no = infusion.person_no AND leaving.family = infusion.family
    LEFT JOIN kept_from ON kept_from.person_no = infusion.person_no AND kept_from.family = infusion.family
    WHERE infusion.attributed
        AND infusion.family <> 'unknown'
        AND date_trunc('month', infusion.service_date) BETWEEN first_month AND last_month
        AND (getvariable('market') = '' OR infusion.market = getvariable('market'))
        AND (
            infusion.outcome = 'site_leak'
            OR (
                infusion.outcome IN ('kept', 'margin_leak')
                AND infusion.ownership = 'owned'
                AND infusion.site_class IN ('hopd_on_campus', 'hopd_off_campus')
            )
        )
);

CREATE TEMP TABLE strand AS
SELECT
    strand_no,
    market, place, payer, plan, line_of_business, funding_type, state, site_class, family, molecule, hcpcs_codes, leaves_on, policy_id,
    count(*) AS infusions,
    count(dose) AS with_dose,
    coalesce(sum(dose), 0) AS dose,
    -- the allowed amount of a white-bagged infusion holds the pharmacy's drug, which is not the hospital's
    count(allowed_cents) FILTER (NOT is_white_bagged) AS with_allowed,
    coalesce(sum(allowed_cents) FILTER (NOT is_white_bagged), 0)::BIGINT AS allowed_cents,
    coalesce(sum(patient_cents) FILTER (NOT is_white_bagged AND allowed_cents IS NOT NULL), 0)::BIGINT AS patient_cents,
    count(*) FILTER (list_contains(site_classes, 'infusion_center')) AS kept_from_center,
    count(*) FILTER (list_contains(site_classes, 'infusion_suite')) AS kept_from_suite,
    count(*) FILTER (list_contains(site_classes, 'physician_office')) AS kept_from_office,
    count(*) FILTER (list_contains(site_classes, 'home')) AS kept_from_home,
    count(*) FILTER (is_white_bagged) AS white_bagged,
    count(*) FILTER (is_340b AND NOT is_white_bagged) AS bought_at_340b
FROM chosen
GROUP BY ALL;
