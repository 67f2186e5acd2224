-- Reference tables -> small tables that several stages share. Made once a run.
-- in:  ref_drug_codes, ref_ndcs, ref_drug_families, ref_orders, ref_policies, ref_sites, ref_prescribers
-- out: drug_family_of, order_family, policy_scope, site_place, roster

CREATE OR REPLACE TABLE drug_family_of AS  -- a molecule, or a family under its own name -> its family
SELECT drug, min(family) AS family
FROM (
    SELECT molecule AS drug, family FROM ref_drug_codes
    UNION ALL SELECT molecule, family FROM ref_ndcs
    UNION ALL SELECT family, family FROM ref_drug_families
)
WHERE drug IS NOT NULL
GROUP BY drug;

CREATE OR REPLACE TABLE order_family AS
SELECT placed.*, drug.family
FROM ref_orders AS placed
JOIN drug_family_of AS drug ON drug.drug = lower(placed.molecule);

-- What a policy in force says of whom: one row a policy and line of business. Lists are NULL where the policy does not restrict.
CREATE OR REPLACE TABLE policy_scope AS
WITH document AS (
    SELECT
        *,
        from_json(document, '{"starts": "VARCHAR",
            "scope": {"funding": ["VARCHAR"], "states": ["VARCHAR"], "plans_in": ["VARCHAR"], "plans_out": ["VARCHAR"]},
            "grace": {"doses": "INTEGER", "days": "INTEGER", "combine": "VARCHAR"}}') AS stated
    FROM ref_policies
    WHERE status = 'in_force'
)
SELECT
    policy_id, line_of_business, lower(any_value(payer)) AS payer, any_value(kind) AS kind, any_value(effective_from) AS effective_from,
    coalesce(any_value(effective_to), DATE '9999-12-31') AS effective_to,
    bool_or(drug IS NULL) AS all_drugs,
    coalesce(list(drug) FILTER (drug_kind = 'hcpcs'), []) AS codes,
    coalesce(list(lower(drug)) FILTER (drug_kind IN ('molecule', 'family')), []) AS names,
    string_split(coalesce(any_value(excluded_site_classes), ''), ';') AS excluded,
    coalesce(any_value(excludes_hospital_affiliated), false) AS excludes_hospital_affiliated,
    any_value(age_min) AS age_min, any_value(age_max) AS age_max, any_value(drug_source) AS drug_source,
    coalesce(any_value(stated.starts), 'everyone') AS starts,
    any_value(CASE WHEN len(stated.scope.funding) > 0 THEN stated.scope.funding END) AS funding,
    any_value(CASE WHEN len(stated.scope.states) > 0 THEN stated.scope.states END) AS states,
    any_value(CASE WHEN len(stated.scope.plans_in) > 0 THEN stated.scope.plans_in END) AS plans_in,
    any_value(CASE WHEN len(stated.scope.plans_out) > 0 THEN stated.scope.plans_out END) AS plans_out,
    any_value(stated.grace.days) AS grace_days, any_value(stated.grace.doses) AS grace_doses,
    coalesce(any_value(stated.grace.combine), 'first') AS grace_combine
FROM document
GROUP BY policy_id, line_of_business;

CREATE OR REPLACE TABLE site_place AS
SELECT
    site_id, any_value(site_class) AS site_class, any_value(ownership) AS ownership,
    any_value(latitude) AS latitude, any_value(longitude) AS longitude, bool_or(hospital_affiliated) AS hospital_affiliated,
    any_value(chairs) AS chairs, any_value(open_hours_per_week) AS open_hours_per_week,
    min(coalesce(opened_on, DATE '1900-01-01')) AS opened_on, max(coalesce(closed_on, DATE '9999-12-31')) AS closed_on
FROM ref_sites
GROUP BY site_id;

CREATE OR REPLACE TABLE roster AS
SELECT
    npi, specialty, market, coalesce(starts_on, DATE '1900-01-01') AS starts_on, coalesce(ends_on, DATE '9999-12-31') AS ends_on
FROM ref_prescribers
WHERE npi IS NOT NULL;
