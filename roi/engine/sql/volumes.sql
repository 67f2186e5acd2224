-- A run's infusions of the last mature months -> the strands a scenario is made of, and their people.
-- Grain: strand = place x payer x plan x line of business x funding x state x site class x molecule x codes billed.
-- in:  infusion (the run's infusions), fact (its mature flag by month), site_340b; variables months, market
-- out: volume_window, chosen (one row per infusion with its strand), strand

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

CREATE TEMP TABLE chosen AS
SELECT
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
    infusion.channel = 'white_bag' AS is_white_bagged,
    site_340b.site_id IS NOT NULL AS is_340b
FROM infusion
CROSS JOIN volume_window
LEFT JOIN site_340b ON site_340b.site_id = infusion.site_id
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
    );

CREATE TEMP TABLE strand AS
SELECT
    row_number() OVER (
        ORDER BY place, payer, plan, line_of_business, funding_type, state, site_class, family, molecule, hcpcs_codes
    ) AS strand_no,
    *
FROM (
    SELECT
        place, payer, plan, line_of_business, funding_type, state, site_class, family, molecule, hcpcs_codes,
        count(*) AS infusions,
        count(dose) AS with_dose,
        coalesce(sum(dose), 0) AS dose,
        -- the allowed amount of a white-bagged infusion holds the pharmacy's drug, which is not the hospital's
        count(allowed_cents) FILTER (NOT is_white_bagged) AS with_allowed,
        coalesce(sum(allowed_cents) FILTER (NOT is_white_bagged), 0)::BIGINT AS allowed_cents,
        count(*) FILTER (is_white_bagged) AS white_bagged,
        count(*) FILTER (is_340b AND NOT is_white_bagged) AS bought_at_340b
    FROM chosen
    GROUP BY ALL
);
