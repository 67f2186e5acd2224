-- Placed lines -> which lines make one infusion. Grain of an infusion: person x service date x molecule x site.
-- in:  line, service_line
-- out: seed (one row per infusion to be: who, when, what, where), seed_line (one row per line and infusion, with its money)
-- A line that serves two infusions has two rows in seed_line; its cents are split and add up.

-- 1. Drug lines open infusions. What a pharmacy bills is supply and opens none; inpatient and emergency are none.
CREATE OR REPLACE TEMP TABLE drug_group AS
SELECT
    row_number() OVER (ORDER BY person_id, service_date, molecule, site_id) AS group_no,
    person_id, service_date, molecule, site_id, any_value(family) AS family,
    bool_or(claim_form = 'institutional') AS has_facility,
    bool_or(claim_form = 'professional') AS has_professional
FROM service_line
WHERE role = 'drug' AND not_outpatient IS NULL AND NOT is_supply
GROUP BY person_id, service_date, molecule, site_id;

-- 2. The professional claim and the facility claim for one infusion are one infusion, at the facility.
CREATE OR REPLACE TEMP TABLE drug_group_home AS
SELECT own.group_no, coalesce(facility.group_no, own.group_no) AS home_no
FROM drug_group AS own
LEFT JOIN drug_group AS facility
    ON facility.person_id = own.person_id AND facility.molecule = own.molecule
    AND own.has_professional AND NOT own.has_facility AND facility.has_facility
    AND abs(facility.service_date - own.service_date) <= getvariable('claim_merge_days')
QUALIFY row_number() OVER (
    PARTITION BY own.group_no
    ORDER BY abs(facility.service_date - own.service_date), facility.service_date, facility.site_id
) = 1;

CREATE OR REPLACE TEMP TABLE drug_line AS
SELECT
    line_no, service_line.person_id, service_line.service_date, data_source, claim_id, claim_form, place_of_service_code, billing_npi,
    facility_npi, rendering_npi, service_line.molecule, service_line.site_id, site_class, allowed_cents, is_payable,
    drug_group_home.home_no
FROM service_line
JOIN drug_group
    ON drug_group.person_id = service_line.person_id AND drug_group.service_date = service_line.service_date
    AND drug_group.molecule = service_line.molecule AND drug_group.site_id = service_line.site_id
JOIN drug_group_home ON drug_group_home.group_no = drug_group.group_no
WHERE service_line.role = 'drug' AND service_line.not_outpatient IS NULL AND NOT service_line.is_supply;

-- 3. Administration and home service lines belong to the nearest drug line of the same person and provider.
--    The other side of a facility's claim (POS 19, 22), and a nurse beside a home infusion's drug, count as the same provider.
CREATE OR REPLACE TEMP TABLE service_match AS
WITH near AS (
    SELECT
        service.line_no, drug.home_no, drug.service_date AS drug_date,
        abs(service.service_date - drug.service_date) AS days,
        (service.claim_id = drug.claim_id AND service.data_source = drug.data_source)
            OR (service.site_id = drug.site_id AND service.site_id <> 'unknown')
            OR coalesce(service.billing_npi = drug.billing_npi, false)
            OR coalesce(service.facility_npi = drug.facility_npi, false)
            OR coalesce(service.rendering_npi = drug.rendering_npi, false) AS is_same_provider,
        abs(service.service_date - drug.service_date) <= getvariable('claim_merge_days') AND (
            (service.claim_form = 'professional' AND service.place_of_service_code IN ('19', '22')
                AND drug.claim_form = 'institutional')
            OR (drug.claim_form = 'professional' AND drug.place_of_service_code IN ('19', '22')
                AND service.claim_form = 'institutional')
        ) AS is_other_side,
        service.role = 'home_service' AND drug.site_class IN ('home', 'infusion_suite')
            AND service.service_date = drug.service_date AS is_nurse_at_home
    FROM service_line AS service
    JOIN drug_line AS drug
        ON drug.person_id = service.person_id
        AND service.service_date >= drug.service_date - getvariable('administration_window_days')
        AND service.service_date <= drug.service_date + getvariable('administration_window_days')
    WHERE service.role <> 'drug' AND service.not_outpatient IS NULL
)
SELECT DISTINCT line_no, home_no, days
FROM near
WHERE is_same_provider OR is_other_side OR is_nurse_at_home
QUALIFY rank() OVER (PARTITION BY line_no ORDER BY days, is_same_provider DESC, drug_date) = 1;

-- 4. What explains an administration without a drug line of ours: another drug of the same day.
CREATE OR REPLACE TEMP TABLE other_drug AS  -- drugs outside our reference, by what their codes look like
SELECT
    person_id, service_date, data_source, claim_id, billing_npi, facility_npi, rendering_npi, hcpcs_code,
    list_contains(getvariable('premedication_codes'), hcpcs_code) AS is_premedication
FROM line
WHERE role = 'other' AND regexp_matches(hcpcs_code, getvariable('drug_code_pattern'));

CREATE OR REPLACE TEMP TABLE explained_line AS
SELECT
    service.line_no,
    coalesce(bool_or(matched.days = 0), false) AS has_own_drug,
    bool_or(drug_day.person_id IS NOT NULL) AS has_drug_of_day,
    count(other.hcpcs_code) AS other_drugs,
    coalesce(bool_or(NOT other.is_premedication), false) AS has_other_treatment
FROM service_line AS service
LEFT JOIN service_match AS matched ON matched.line_no = service.line_no
LEFT JOIN (SELECT DISTINCT person_id, service_date FROM drug_line) AS drug_day
    ON drug_day.person_id = service.person_id AND drug_day.service_date = service.service_date
LEFT JOIN other_drug AS other
    ON other.person_id = service.person_id AND other.service_date = service.service_date
    AND ((other.claim_id = service.claim_id AND other.data_source = service.data_source)
        OR coalesce(other.billing_npi = service.billing_npi, false)
        OR coalesce(other.facility_npi = service.facility_npi, false)
        OR coalesce(other.rendering_npi = service.rendering_npi, false))
WHERE service.role <> 'drug' AND service.not_outpatient IS NULL
GROUP BY service.line_no;

-- 5. What is left opens infusions of an unknown drug: person x day x site. Hydration opens none. Where another provider gave a drug of
--    ours that day, or a premedication may explain a push or an injection (never the infusion that it prepares), and for nurses'
--    visits at home, there is an infusion only if a pharmacy's drug is found for it (channels.sql).
CREATE OR REPLACE TEMP TABLE orphan_group AS
SELECT
    row_number() OVER (ORDER BY service.person_id, service.service_date, service.site_id) AS group_no,
    service.person_id, service.service_date, service.site_id,
    bool_or(service.claim_form = 'institutional') AS has_facility,
    bool_or(service.place_of_service_code IN ('19', '22')) IS TRUE AS is_at_hospital,
    bool_and(service.role = 'home_service') OR bool_or(explained.has_drug_of_day) OR (
        max(explained.other_drugs) > 0
        AND NOT bool_or(coalesce(service.kind IN ('infusion_initial', 'chemo_initial', 'chemo_injection'), false))
    ) AS needs_drug
FROM service_line AS service
JOIN explained_line AS explained ON explained.line_no = service.line_no
LEFT JOIN service_match AS matched ON matched.line_no = service.line_no
WHERE NOT explained.has_own_drug
    AND (matched.line_no IS NULL OR explained.other_drugs > 0)
    AND (service.role = 'administration' OR service.kind IN ('nursing_visit', 'medicare_home_visit', 'home_ivig'))
GROUP BY service.person_id, service.service_date, service.site_id
HAVING
    bool_or(service.kind IS DISTINCT FROM 'hydration') AND NOT bool_or(explained.has_other_treatment);

CREATE OR REPLACE TEMP TABLE orphan_home AS
SELECT own.group_no, coalesce(facility.group_no, own.group_no) AS home_no
FROM orphan_group AS own
LEFT JOIN orphan_group AS facility
    ON facility.person_id = own.person_id
    AND own.is_at_hospital AND NOT own.has_facility AND facility.has_facility
    AND abs(facility.service_date - own.service_date) <= getvariable('claim_merge_days')
QUALIFY row_number() OVER (
    PARTITION BY own.group_no
    ORDER BY abs(facility.service_date - own.service_date), facility.service_date, facility.site_id
) = 1;

-- 6. The infusions to be. Drug infusions have even numbers, those of an unknown drug odd ones. Where the drug stands on the
--    professional claim alone and the administration on the facility's, the infusion is at the facility too.
CREATE OR REPLACE TEMP TABLE facility_side AS
WITH seen AS (
    SELECT
        own.group_no, own.person_id, own.service_date, own.molecule,
        arg_min(service.site_id, (matched.days, service.line_no)) AS site_id
    FROM drug_group AS own
    JOIN service_match AS matched ON matched.home_no = own.group_no
    JOIN service_line AS service ON service.line_no = matched.line_no
    WHERE own.has_professional AND NOT own.has_facility
        AND service.claim_form = 'institutional' AND service.role = 'administration' AND service.site_id <> 'unknown'
        AND matched.days <= getvariable('claim_merge_days')
    GROUP BY own.group_no, own.person_id, own.service_date, own.molecule
)
SELECT group_no, seen.site_id
FROM seen
ANTI JOIN drug_group AS there USING (person_id, service_date, molecule, site_id)
QUALIFY row_number() OVER (PARTITION BY person_id, service_date, molecule, site_id ORDER BY group_no) = 1;

CREATE OR REPLACE TEMP TABLE seed AS
SELECT
    home_no * 2 AS seed_no, person_id, service_date, molecule, family,
    coalesce(facility_side.site_id, drug_group.site_id) AS site_id, false AS needs_drug
FROM drug_group
JOIN drug_group_home USING (group_no)
LEFT JOIN facility_side USING (group_no)
WHERE group_no = home_no
UNION ALL
SELECT home_no * 2 + 1, person_id, service_date, NULL, NULL, site_id, needs_drug
FROM orphan_group
JOIN orphan_home USING (group_no)
WHERE group_no = home_no;

CREATE OR REPLACE TEMP TABLE seed_member AS
SELECT line_no, home_no * 2 AS seed_no FROM drug_line
UNION ALL
SELECT matched.line_no, matched.home_no * 2
FROM service_match AS matched
JOIN explained_line AS explained USING (line_no)
WHERE matched.days = 0 OR explained.other_drugs = 0
UNION ALL
SELECT service.line_no, orphan_home.home_no * 2 + 1
FROM service_line AS service
JOIN orphan_group
    ON orphan_group.person_id = service.person_id AND orphan_group.service_date = service.service_date
    AND orphan_group.site_id = service.site_id
JOIN orphan_home ON orphan_home.group_no = orphan_group.group_no
JOIN explained_line AS explained ON explained.line_no = service.line_no
LEFT JOIN service_match AS matched ON matched.line_no = service.line_no
WHERE service.not_outpatient IS NULL AND NOT explained.has_own_drug
    AND (matched.line_no IS NULL OR explained.other_drugs > 0)
    AND (service.role = 'administration' OR service.kind IN ('nursing_visit', 'medicare_home_visit', 'home_ivig'));

-- 7. Money. A line of two infusions (two drugs on a day) is split by the drugs' allowed amounts, to the cent: everyone gets the
--    whole cents of the share, the cents left over go to the largest remainders.
CREATE OR REPLACE TEMP TABLE shared_line AS
SELECT line_no, count(*) AS members
FROM seed_member
GROUP BY line_no
HAVING count(*) > 1;

CREATE OR REPLACE TEMP TABLE seed_line AS
WITH weight AS (
    SELECT home_no * 2 AS seed_no, greatest(coalesce(sum(allowed_cents), 0), 0)::HUGEINT AS drug_allowed
    FROM drug_line
    GROUP BY home_no
), weighed AS (
    SELECT
        member.line_no, member.seed_no, line.role, line.allowed_cents, line.paid_cents, line.patient_cents,
        CASE
            WHEN coalesce(sum(weight.drug_allowed) OVER (PARTITION BY member.line_no), 0) = 0 THEN 1
            ELSE coalesce(weight.drug_allowed, 0)
        END AS part
    FROM shared_line
    JOIN seed_member AS member ON member.line_no = shared_line.line_no
    JOIN service_line AS line ON line.line_no = member.line_no
    LEFT JOIN weight ON weight.seed_no = member.seed_no
), parted AS (
    SELECT *, sum(part) OVER (PARTITION BY line_no)::HUGEINT AS whole FROM weighed
), floored AS (
    SELECT
        *,
        allowed_cents * part // whole AS allowed_floor, allowed_cents * part % whole AS allowed_rest,
        paid_cents * part // whole AS paid_floor, paid_cents * part % whole AS paid_rest,
        patient_cents * part // whole AS patient_floor, patient_cents * part % whole AS patient_rest
    FROM parted
)
SELECT
    line_no, seed_no, role,
    row_number() OVER (PARTITION BY line_no ORDER BY part DESC, seed_no) = 1 AS is_main,
    cents(allowed_floor + CASE WHEN row_number() OVER (PARTITION BY line_no ORDER BY allowed_rest DESC, seed_no)
        <= allowed_cents - sum(allowed_floor) OVER (PARTITION BY line_no) THEN 1 ELSE 0 END) AS allowed_cents,
    cents(paid_floor + CASE WHEN row_number() OVER (PARTITION BY line_no ORDER BY paid_rest DESC, seed_no)
        <= paid_cents - sum(paid_floor) OVER (PARTITION BY line_no) THEN 1 ELSE 0 END) AS paid_cents,
    cents(patient_floor + CASE WHEN row_number() OVER (PARTITION BY line_no ORDER BY patient_rest DESC, seed_no)
        <= patient_cents - sum(patient_floor) OVER (PARTITION BY line_no) THEN 1 ELSE 0 END) AS patient_cents
FROM floored
UNION ALL
SELECT line.line_no, member.seed_no, line.role, true, line.allowed_cents, line.paid_cents, line.patient_cents
FROM seed_member AS member
ANTI JOIN shared_line ON shared_line.line_no = member.line_no
JOIN service_line AS line ON line.line_no = member.line_no;
