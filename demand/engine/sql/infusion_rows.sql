-- Grouped lines and matched drugs -> infusions. Grain: one row per person x service date x molecule x site.
-- in:  seed, seed_line, seed_payable, service_line, supply, match, noted, ref_sites, ref_drug_families, person
-- out: infusion, line_place (line_no -> infusion_id and why a line has none), unadministered_fill

CREATE OR REPLACE TEMP TABLE kept_seed AS  -- some are infusions only where a drug was found for them (a nurse's visit at home)
SELECT seed.*
FROM seed
LEFT JOIN match USING (seed_no)
WHERE NOT seed.needs_drug OR match.seed_no IS NOT NULL;

CREATE OR REPLACE TEMP TABLE seed_supply AS
SELECT
    match.seed_no, supply.kind, supply.source_no, supply.supply_no, supply.molecule, supply.family, supply.fill_cents,
    supply.prescriber_npi, supply.dose_no,
    CASE WHEN match.quality IN (0, 2) THEN 'confirmed' ELSE 'probable' END AS confidence,
    coalesce(pharmacy.is_owned, false) AS is_own_pharmacy
FROM match
JOIN kept_seed USING (seed_no)
JOIN supply USING (supply_no)
LEFT JOIN (SELECT npi, bool_or(ownership = 'owned') AS is_owned FROM ref_sites GROUP BY npi) AS pharmacy
    ON pharmacy.npi = supply.pharmacy_npi;

-- A pharmacy's medical drug line belongs to the infusion it supplied (the first, where it supplied several doses).
CREATE OR REPLACE TEMP TABLE infusion_line AS
SELECT line_no, seed_no, role, is_main, allowed_cents, paid_cents, patient_cents, false AS is_supply
FROM seed_line
JOIN kept_seed USING (seed_no)
UNION ALL
SELECT
    line.line_no, served.seed_no, 'drug', true, line.allowed_cents, line.paid_cents, line.patient_cents, true
FROM seed_supply AS served
JOIN service_line AS first_line ON served.kind = 'medical' AND served.dose_no = 1 AND first_line.line_no = served.source_no
JOIN service_line AS line
    ON line.is_supply AND line.not_outpatient IS NULL
    AND line.person_id = first_line.person_id AND line.service_date = first_line.service_date
    AND line.molecule = first_line.molecule
    AND coalesce(line.billing_npi, line.rendering_npi, line.facility_npi)
        IS NOT DISTINCT FROM coalesce(first_line.billing_npi, first_line.rendering_npi, first_line.facility_npi);

CREATE OR REPLACE TEMP TABLE infusion_member AS
WITH drug_side AS (  -- a drug on both claims: the facility's dose only
    SELECT
        part.seed_no,
        bool_or(line.claim_form = 'institutional') AS has_facility_drug,
        bool_or(NOT line.is_waste) AS has_own_drug
    FROM infusion_line AS part
    JOIN service_line AS line ON line.line_no = part.line_no
    WHERE part.role = 'drug' AND NOT part.is_supply
    GROUP BY part.seed_no
)
SELECT
    part.seed_no, part.role, part.allowed_cents, part.paid_cents, part.patient_cents,
    line.line_no, line.hcpcs_code, line.dose, line.dose_unit, line.waste_units, line.is_waste, line.flags, line.extract_id,
    line.ordering_npi, line.rendering_npi, part.is_supply AS from_pharmacy,
    CASE WHEN coalesce(drug_side.has_own_drug, false)
        THEN part.role = 'drug' AND NOT part.is_supply
            AND (NOT drug_side.has_facility_drug OR line.claim_form = 'institutional')
        ELSE part.role = 'drug'
    END AS gives_dose,
    row_number() OVER (  -- the first is what the infusion takes its site, payer and prescriber from
        PARTITION BY part.seed_no
        ORDER BY
            part.is_supply OR line.site_id <> seed.site_id,
            part.is_supply OR part.role <> 'drug',
            line.claim_form <> 'institutional',
            line.allowed_cents DESC NULLS LAST,
            line.line_no
    ) AS importance
FROM infusion_line AS part
JOIN service_line AS line ON line.line_no = part.line_no
JOIN kept_seed AS seed ON seed.seed_no = part.seed_no
LEFT JOIN drug_side ON drug_side.seed_no = part.seed_no;

CREATE OR REPLACE TEMP TABLE infusion_codes AS
SELECT seed_no, array_to_string(list_sort(list(hcpcs_code)), ';') AS hcpcs_codes
FROM (SELECT DISTINCT seed_no, hcpcs_code FROM infusion_member)
GROUP BY seed_no;

CREATE OR REPLACE TEMP TABLE infusion_sums AS
SELECT
    seed_no,
    CASE WHEN count(*) FILTER (gives_dose AND NOT is_waste) = count(dose) FILTER (gives_dose AND NOT is_waste)
            AND min(dose_unit) FILTER (gives_dose) = max(dose_unit) FILTER (gives_dose)
        THEN round(sum(dose) FILTER (gives_dose AND NOT is_waste), 6)
    END AS dose,
    min(dose_unit) FILTER (gives_dose) AS dose_unit,
    coalesce(min(dose_unit) FILTER (gives_dose) <> max(dose_unit) FILTER (gives_dose), false) AS has_mixed_units,
    coalesce(round(sum(waste_units) FILTER (gives_dose AND is_waste), 6), 0) AS waste_units,
    cents(sum(allowed_cents)) AS allowed_cents,
    cents(sum(paid_cents)) AS paid_cents,
    cents(sum(patient_cents)) AS patient_cents,
    count(*) FILTER (allowed_cents IS NULL) AS lines_without_allowed,
    count(*) AS lines,
    bool_or(role = 'home_service') AS has_home_service,
    bool_or(contains(coalesce(flags, ''), 'code_out_of_date')) AS has_code_out_of_date,
    min(extract_id) AS first_extract_id, max(extract_id) AS last_extract_id,
    arg_min(line_no, importance) AS first_line_no,
    arg_min(ordering_npi, importance) FILTER (ordering_npi IS NOT NULL) AS line_ordering_npi,
    arg_min(rendering_npi, importance) FILTER (rendering_npi IS NOT NULL AND NOT from_pharmacy) AS line_rendering_npi
FROM infusion_member
GROUP BY seed_no;

CREATE OR REPLACE TEMP TABLE infusion_number AS
SELECT
    seed.seed_no, person.person_no,
    coalesce(seed.molecule, served.molecule, 'unknown') AS molecule,
    coalesce(seed.family, served.family, noted.family, 'unknown') AS family,
    person.person_no * 100000 + row_number() OVER (
        PARTITION BY person.person_no
        ORDER BY seed.service_date, coalesce(seed.molecule, served.molecule, 'unknown'), seed.site_id, seed.seed_no
    ) AS infusion_id
FROM kept_seed AS seed
JOIN person ON person.person_id = seed.person_id
LEFT JOIN seed_supply AS served ON served.seed_no = seed.seed_no
LEFT JOIN noted ON noted.seed_no = seed.seed_no;

CREATE OR REPLACE TEMP TABLE infusion AS
WITH site AS (
    SELECT
        site_id, any_value(owner) AS owner, any_value(payer_affiliation) AS payer_affiliation,
        bool_or(hospital_affiliated) AS hospital_affiliated, any_value(market) AS market
    FROM ref_sites
    GROUP BY site_id
), described AS (
    SELECT
        numbered.infusion_id, numbered.person_no, numbered.molecule, numbered.family,
        seed.seed_no, seed.person_id, seed.service_date, date_trunc('month', seed.service_date)::DATE AS month,
        seed.site_id, first_line.site_class, first_line.ownership,
        first_line.payer, first_line.plan, first_line.line_of_business, first_line.funding_type, first_line.state,
        first_line.data_source, site.owner, site.payer_affiliation, site.hospital_affiliated, site.market AS site_market,
        infusion_codes.hcpcs_codes,
        infusion_sums.* EXCLUDE (seed_no, first_line_no, first_extract_id, last_extract_id),
        concat_ws(';', first_extract_id, nullif(last_extract_id, first_extract_id)) AS extract_ids,
        served.fill_cents AS pharmacy_fill_cents,
        served.prescriber_npi AS fill_prescriber_npi,
        CASE
            WHEN payable.seed_no IS NOT NULL AND first_line.site_class IN ('home', 'infusion_suite') AND infusion_sums.has_home_service
                THEN 'home_per_diem'
            WHEN payable.seed_no IS NOT NULL THEN 'buy_and_bill'
            WHEN served.is_own_pharmacy THEN 'clear_bag'
            WHEN served.seed_no IS NOT NULL OR noted.seed_no IS NOT NULL THEN 'white_bag'
            ELSE 'unknown'
        END AS channel,
        CASE WHEN payable.seed_no IS NULL THEN coalesce(served.confidence, CASE WHEN noted.seed_no IS NOT NULL THEN 'probable' END) END
            AS channel_confidence
    FROM kept_seed AS seed
    JOIN infusion_number AS numbered USING (seed_no)
    JOIN infusion_sums USING (seed_no)
    JOIN infusion_codes USING (seed_no)
    JOIN service_line AS first_line ON first_line.line_no = infusion_sums.first_line_no
    LEFT JOIN seed_supply AS served ON served.seed_no = seed.seed_no
    LEFT JOIN noted ON noted.seed_no = seed.seed_no
    LEFT JOIN seed_payable AS payable ON payable.seed_no = seed.seed_no
    LEFT JOIN site ON site.site_id = seed.site_id
)
SELECT
    concat_ws(';',
        CASE WHEN dose < usual.usual_dose_low * getvariable('dose_flag_below') THEN 'dose_far_below_regimen' END,
        CASE WHEN dose > usual.usual_dose_high * getvariable('dose_flag_above') THEN 'dose_far_above_regimen' END,
        CASE WHEN has_mixed_units THEN 'mixed_dose_units' END,
        CASE WHEN has_code_out_of_date THEN 'code_out_of_date' END,
        CASE WHEN lines_without_allowed > 0 THEN 'allowed_partly_unknown' END
    ) AS flags,
    usual.clinical_line,
    described.*
FROM described
LEFT JOIN ref_drug_families AS usual ON usual.family = described.family;

-- Where each line went. A line that serves two infusions names the one with more of its drug.
CREATE OR REPLACE TEMP TABLE line_place AS
SELECT
    service.line_no, infusion.infusion_id, service.site_id, service.site_class,
    CASE
        WHEN infusion.infusion_id IS NOT NULL THEN 'infusion'
        WHEN service.not_outpatient IS NOT NULL THEN service.not_outpatient
        WHEN service.is_supply THEN 'supply_without_administration'
        WHEN service.kind = 'hydration' THEN 'hydration'
        WHEN service.role = 'home_service' THEN 'home_service_without_drug'
        WHEN service.role = 'administration' THEN 'explained_by_another_drug'
    END AS place
FROM service_line AS service
LEFT JOIN infusion_line AS part ON part.line_no = service.line_no AND part.is_main
LEFT JOIN infusion ON infusion.seed_no = part.seed_no;

CREATE OR REPLACE TEMP TABLE unadministered_fill AS
SELECT
    supply.person_id, supply.supplied_on AS dispensing_date, supply.molecule, supply.family, fill.ndc_code,
    fill.dispensing_provider_npi, fill.payer, fill.paid_cents, fill.allowed_cents, fill.data_source, fill.fill_no
FROM supply
JOIN fill ON fill.fill_no = supply.source_no
WHERE supply.kind = 'fill' AND supply.dose_no = 1
    AND NOT EXISTS (
        FROM supply AS other JOIN match USING (supply_no) WHERE other.kind = 'fill' AND other.source_no = supply.source_no
    )
    AND NOT EXISTS (
        FROM infusion
        WHERE infusion.person_id = supply.person_id AND infusion.family = supply.family
            AND infusion.service_date >= supply.supplied_on - getvariable('fill_days_after')
            AND infusion.service_date <= supply.supplied_on + getvariable('fill_unadministered_days')
    );
