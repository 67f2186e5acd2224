-- Drug, administration and home service lines -> the same lines with the site they happened at. Grain: one row per such line.
-- in:  line, ref_sites, ref_taxonomies
-- out: service_line (what infusions need of line, and: site_id, site_class, ownership, not_outpatient, is_supply, is_payable)
-- The numbered comments are the rules of the definitions; the first that answers decides.

-- What all of a person's lines of a claim say; asked only of claims with a line that is placed, and most have none.
CREATE OR REPLACE TEMP TABLE claim_fact AS
SELECT
    data_source, claim_id, person_id,
    bool_or(left(lpad(revenue_center_code, 4, '0'), 3) = '045') IS TRUE AS has_emergency_room,
    bool_or(has_modifier(modifiers, 'PO') OR has_modifier(modifiers, 'PN')) AS is_off_campus
FROM line
SEMI JOIN (SELECT DISTINCT data_source, claim_id FROM line WHERE role <> 'other') AS placed USING (data_source, claim_id)
GROUP BY data_source, claim_id, person_id;

CREATE OR REPLACE TEMP TABLE home_day AS
SELECT
    person_id, service_date,
    bool_or(has_modifier(modifiers, 'SS') OR place_of_service_code IN ('11', '49')) IS TRUE AS is_suite
FROM line
WHERE role = 'home_service'
GROUP BY person_id, service_date;

CREATE OR REPLACE TEMP TABLE npi_taxonomy AS
SELECT
    npi,
    bool_or(list_contains(getvariable('infusion_clinic_taxonomies'), taxonomy)) AS is_infusion_clinic,
    bool_or(starts_with(taxonomy, getvariable('pharmacy_taxonomy_prefix')))
        AND NOT bool_or(list_contains(getvariable('home_infusion_taxonomies'), taxonomy)) AS is_pharmacy
FROM ref_taxonomies
GROUP BY npi;

CREATE OR REPLACE TEMP TABLE placed_line AS
SELECT
    line.* EXCLUDE (
        file_no, row_number, claim_type, claim_line_number, claim_start_date, claim_end_date, revenue_center_code, units, paid_date,
        file_date, diagnosis_codes, authorization_id, authorization_end_date, is_enrolled
    ),
    coalesce(line.facility_npi, line.billing_npi, line.rendering_npi) AS site_npi,
    CASE  -- rule 0
        WHEN left(line.bill_type_code, 2) IN ('11', '12', '18', '21') OR line.place_of_service_code = '21' THEN 'inpatient'
        WHEN line.place_of_service_code = '23' OR claim_fact.has_emergency_room THEN 'emergency'
    END AS not_outpatient,
    CASE
        WHEN line.claim_form = 'professional'  -- rule 3
            AND line.place_of_service_code IN ('04', '12', '13', '14', '32', '33', '54', '55', '56') THEN 'home'
        WHEN line.claim_form = 'institutional' AND left(line.bill_type_code, 2) IN ('13', '85')  -- rule 4
            THEN CASE WHEN claim_fact.is_off_campus THEN 'hopd_off_campus' ELSE 'hopd_on_campus' END
        WHEN line.claim_form <> 'professional' THEN 'unknown'
        WHEN line.place_of_service_code = '19' THEN 'hopd_off_campus'  -- rule 5
        WHEN line.place_of_service_code = '22' THEN 'hopd_on_campus'
        WHEN line.place_of_service_code = '49' THEN 'infusion_center'  -- rule 6
        WHEN line.place_of_service_code = '11' AND taxonomy.is_infusion_clinic THEN 'infusion_center'
        WHEN line.place_of_service_code = '11' THEN 'physician_office'
        WHEN line.place_of_service_code = '24' THEN 'surgery_center'
        ELSE 'unknown'
    END AS claim_class,
    home_day.person_id IS NOT NULL AS is_home_day,  -- rule 2
    coalesce(home_day.is_suite, false) AS is_suite_day,
    coalesce(taxonomy.is_pharmacy, false) AS is_billed_by_pharmacy
FROM line
LEFT JOIN claim_fact
    ON claim_fact.data_source = line.data_source AND claim_fact.claim_id = line.claim_id AND claim_fact.person_id = line.person_id
LEFT JOIN home_day ON home_day.person_id = line.person_id AND home_day.service_date = line.service_date
LEFT JOIN npi_taxonomy AS taxonomy ON taxonomy.npi = coalesce(line.billing_npi, line.rendering_npi, line.facility_npi)
WHERE line.role <> 'other';

-- Rule 1: the first of the three NPIs that is in the register and open on that day. Looked up once per combination.
CREATE OR REPLACE TEMP TABLE site_question AS
SELECT row_number() OVER () AS question, *
FROM (SELECT DISTINCT facility_npi, billing_npi, rendering_npi, service_date, claim_class FROM placed_line);

CREATE OR REPLACE TEMP TABLE site_answer AS
WITH open_site AS (
    SELECT DISTINCT
        site_id, npi, site_class, ownership, coalesce(opened_on, DATE '1900-01-01') AS opened_on,
        coalesce(closed_on, DATE '9999-12-31') AS closed_on
    FROM ref_sites
    WHERE npi IS NOT NULL
), asked AS (
    SELECT question, service_date, claim_class, 1 AS npi_rank, facility_npi AS npi FROM site_question
    UNION ALL SELECT question, service_date, claim_class, 2, billing_npi FROM site_question
    UNION ALL SELECT question, service_date, claim_class, 3, rendering_npi FROM site_question
), candidate AS (
    SELECT
        asked.question, asked.npi_rank, site.site_id, site.site_class, site.ownership,
        CASE  -- how well the claim's own signs (PO and PN, bill type, POS) fit the site
            WHEN site.site_class = asked.claim_class THEN 2
            WHEN site.site_class = 'home_infusion' AND asked.claim_class = 'home' THEN 2
            WHEN site.site_class IN ('infusion_center', 'infusion_suite', 'physician_office')
                AND asked.claim_class IN ('infusion_center', 'physician_office') THEN 1
            WHEN site.site_class = 'specialty_pharmacy' AND asked.claim_class IN ('home', 'unknown') THEN 1
            ELSE 0
        END AS fit
    FROM asked
    JOIN open_site AS site
        ON site.npi = asked.npi AND asked.service_date >= site.opened_on AND asked.service_date < site.closed_on
    QUALIFY asked.npi_rank = min(asked.npi_rank) OVER (PARTITION BY asked.question)
), weighed AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY question) AS sites,
        max(fit) OVER (PARTITION BY question) AS best_fit,
        min(ownership) OVER (PARTITION BY question) AS first_ownership,
        max(ownership) OVER (PARTITION BY question) AS last_ownership
    FROM candidate
), best AS (
    SELECT *, count(*) OVER (PARTITION BY question) AS equals
    FROM weighed
    WHERE fit = best_fit
)
SELECT  -- one site, or the one that fits best; several that fit alike stay undecided, though who owns them may be clear
    question,
    CASE WHEN sites = 1 OR (equals = 1 AND fit > 0) THEN site_id END AS site_id,
    CASE WHEN sites = 1 OR (equals = 1 AND fit > 0) THEN site_class ELSE 'unknown' END AS site_class,
    CASE
        WHEN sites = 1 OR (equals = 1 AND fit > 0) THEN ownership
        WHEN first_ownership = last_ownership THEN first_ownership
        ELSE 'unknown'
    END AS ownership
FROM best
QUALIFY row_number() OVER (PARTITION BY question ORDER BY site_id) = 1;

CREATE OR REPLACE TEMP TABLE service_line AS
SELECT
    placed.* EXCLUDE (site_npi, claim_class, is_home_day, is_suite_day, is_billed_by_pharmacy),
    coalesce(answer.site_id, 'npi:' || placed.site_npi, 'unknown') AS site_id,
    CASE
        WHEN placed.not_outpatient IS NOT NULL THEN placed.not_outpatient
        WHEN answer.site_class = 'home_infusion' AND placed.is_suite_day THEN 'infusion_suite'
        WHEN answer.site_class = 'home_infusion' THEN 'home'
        WHEN answer.site_class <> 'specialty_pharmacy' THEN answer.site_class
        WHEN placed.is_home_day AND placed.is_suite_day THEN 'infusion_suite'
        WHEN placed.is_home_day THEN 'home'
        ELSE placed.claim_class
    END AS site_class,
    CASE
        WHEN answer.question IS NOT NULL THEN coalesce(answer.ownership, 'unknown')
        WHEN placed.site_npi IS NULL THEN 'unknown'
        ELSE 'other'
    END AS ownership,
    placed.role = 'drug' AND coalesce(
        answer.site_class = 'specialty_pharmacy' OR (answer.question IS NULL AND placed.is_billed_by_pharmacy), false
    ) AS is_supply,
    placed.role = 'drug' AND CASE
        WHEN placed.allowed_cents IS NULL AND placed.paid_cents IS NULL
            THEN coalesce(placed.charge_cents, 0) > getvariable('payable_above_cents')
        ELSE greatest(coalesce(placed.allowed_cents, 0), coalesce(placed.paid_cents, 0)) > getvariable('payable_above_cents')
    END AS is_payable
FROM placed_line AS placed
JOIN site_question AS asked
    ON asked.service_date = placed.service_date AND asked.claim_class = placed.claim_class
    AND asked.facility_npi IS NOT DISTINCT FROM placed.facility_npi
    AND asked.billing_npi IS NOT DISTINCT FROM placed.billing_npi
    AND asked.rendering_npi IS NOT DISTINCT FROM placed.rendering_npi
LEFT JOIN site_answer AS answer ON answer.question = asked.question;

DROP TABLE placed_line;
