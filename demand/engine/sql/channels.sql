-- Infusions without a payable drug line of the provider -> the pharmacy's drug that fits each. Grain: one row per dose supplied.
-- in:  seed, seed_line, service_line, drug_line, fill, ref_ndcs, ref_drug_families, ref_white_bag_events, ref_drug_codes
-- out: need (infusions that look for a drug), supply (drugs that look for an infusion), pair (who could belong to whom)
-- The matching itself is channels_round.sql, repeated until nobody finds anybody.

CREATE OR REPLACE TEMP TABLE payable_drug AS
SELECT DISTINCT person_id, molecule, site_id, service_date
FROM drug_line
WHERE is_payable;

CREATE OR REPLACE TEMP TABLE seed_payable AS
SELECT DISTINCT drug_line.home_no * 2 AS seed_no
FROM drug_line
JOIN payable_drug AS payable
    ON payable.person_id = drug_line.person_id AND payable.molecule = drug_line.molecule
    AND payable.site_id = drug_line.site_id
    AND payable.service_date >= drug_line.service_date - getvariable('payable_window_days')
    AND payable.service_date <= drug_line.service_date + getvariable('payable_window_days');

-- What the provider's own claim says about the drug: a line at no charge, or an NDC on the administration.
CREATE OR REPLACE TEMP TABLE need AS
WITH stated AS (
    SELECT seed_line.seed_no, min(ndc.molecule) AS molecule, min(ndc.family) AS family
    FROM seed_line
    JOIN service_line ON service_line.line_no = seed_line.line_no
    JOIN ref_ndcs AS ndc ON ndc.ndc_code = service_line.ndc_code
    WHERE seed_line.role = 'administration'
    GROUP BY seed_line.seed_no
), given AS (
    SELECT seed_no, bool_and(kind IN ('injection', 'chemo_injection')) AS is_injected
    FROM seed_line
    JOIN service_line USING (line_no)
    WHERE seed_line.role = 'administration' AND kind <> 'hydration'
    GROUP BY seed_no
), logged AS (
    SELECT DISTINCT event.site_id, event.administered_on, code.family
    FROM ref_white_bag_events AS event
    JOIN ref_drug_codes AS code ON code.hcpcs_code = event.hcpcs_code
)
SELECT
    seed.seed_no, seed.person_id, seed.service_date, given.is_injected,
    coalesce(seed.molecule, stated.molecule) AS molecule,
    coalesce(seed.family, stated.family) AS family,
    list_sort(list(DISTINCT logged.family) FILTER (logged.family IS NOT NULL)) AS logged_families
FROM seed
LEFT JOIN seed_payable USING (seed_no)
LEFT JOIN stated USING (seed_no)
LEFT JOIN given USING (seed_no)
LEFT JOIN logged ON logged.site_id = seed.site_id AND logged.administered_on = seed.service_date
WHERE seed_payable.seed_no IS NULL
GROUP BY ALL;

-- A fill for several doses can serve as many infusions; its money belongs to the first dose.
CREATE OR REPLACE TEMP TABLE supply AS
WITH item AS (
    SELECT
        'fill' AS kind, fill.fill_no AS source_no, fill.person_id, fill.dispensing_date AS supplied_on,
        ndc.molecule, ndc.family, fill.dispensing_provider_npi AS pharmacy_npi, fill.prescribing_provider_npi AS prescriber_npi,
        coalesce(fill.allowed_cents, fill.paid_cents) AS fill_cents, fill.days_supply
    FROM fill
    JOIN ref_ndcs AS ndc ON ndc.ndc_code = fill.ndc_code AND NOT coalesce(ndc.self_administered, false)
    UNION ALL
    SELECT
        'medical', min(line_no), person_id, service_date,
        molecule, any_value(family), coalesce(billing_npi, rendering_npi, facility_npi), min(ordering_npi), NULL, NULL
    FROM service_line
    WHERE is_supply AND not_outpatient IS NULL
    GROUP BY person_id, service_date, molecule, coalesce(billing_npi, rendering_npi, facility_npi)
), dosed AS (
    SELECT
        item.*,
        unnest(range(1, 1 + greatest(1, least(12, CAST(coalesce(
            round(item.days_supply / nullif(family.interval_days, 0)), 1) AS INTEGER))))) AS dose_no
    FROM item
    LEFT JOIN ref_drug_families AS family ON family.family = item.family
)
SELECT
    row_number() OVER (ORDER BY person_id, supplied_on, kind, source_no, dose_no) AS supply_no,
    dosed.* EXCLUDE (days_supply, fill_cents),
    CASE WHEN dose_no = 1 THEN fill_cents END AS fill_cents,
    given.is_injected
FROM dosed
LEFT JOIN (
    SELECT molecule, bool_and(route IN ('sc', 'im')) AS is_injected FROM ref_drug_codes GROUP BY molecule
) AS given ON given.molecule = dosed.molecule;

CREATE OR REPLACE TEMP TABLE pair AS
SELECT
    need.seed_no, supply.supply_no,
    CASE
        WHEN need.molecule = supply.molecule OR list_contains(need.logged_families, supply.family) THEN 0
        WHEN need.family = supply.family THEN 1
        WHEN supply.kind = 'medical' AND abs(need.service_date - supply.supplied_on) <= getvariable('fill_days_after') THEN 2
        ELSE 3
    END AS quality,
    coalesce(need.is_injected <> supply.is_injected, false) AS is_other_route,  -- an infusion billed for a drug that is injected
    abs(need.service_date - supply.supplied_on) AS days,
    need.service_date, supply.supplied_on
FROM need
JOIN supply
    ON supply.person_id = need.person_id
    AND supply.supplied_on >= need.service_date - getvariable('fill_days_before')
    AND supply.supplied_on <= need.service_date + getvariable('fill_days_after')
    AND (need.family IS NULL OR need.family = supply.family);

CREATE OR REPLACE TEMP TABLE match (seed_no BIGINT, supply_no BIGINT, quality INTEGER);
