-- A run's treatments under way -> what the criteria of a retention line ask. Grain: one row a person x family, on the run's day.
-- in:  treatment, treatment_span (treatments.sql), clinical_event (clinical_events.sql), comorbidity (comorbidities.sql), run_infusions, register_site, zip_centroid,
--      ref_drug_families     out: retention_value
-- Days are counted back from as_of, the day on which the run's feeds end; empty: no claim shows it.

CREATE OR REPLACE TEMP TABLE under_way AS
SELECT *
FROM treatment
WHERE treated_until IS NULL OR treated_until >= as_of
QUALIFY row_number() OVER (PARTITION BY person_no, family ORDER BY started_on DESC, episode_id DESC) = 1;

-- The nearest open site of each class that a person could go to instead, by ZIP centroid, and how far the site of today is.
CREATE OR REPLACE TEMP TABLE miles_to AS
WITH home AS (
    SELECT DISTINCT under_way.zip_code, under_way.as_of, zip.latitude, zip.longitude
    FROM under_way
    JOIN zip_centroid AS zip ON zip.zip_code = under_way.zip_code
)
SELECT
    home.zip_code, site.site_id, site.site_class,
    miles_between(home.latitude, home.longitude, site.latitude, site.longitude) AS miles
FROM home
JOIN (SELECT DISTINCT site_id, site_class, latitude, longitude, opened_on, closed_on FROM register_site) AS site
    ON site.latitude IS NOT NULL AND coalesce(site.opened_on, DATE '1900-01-01') <= home.as_of
    AND coalesce(site.closed_on, DATE '9999-12-31') > home.as_of;

CREATE OR REPLACE TEMP TABLE retention_value AS
WITH nearest AS (
    SELECT
        zip_code,
        min(miles) FILTER (site_class = 'infusion_center') AS miles_infusion_center,
        min(miles) FILTER (site_class = 'infusion_suite') AS miles_infusion_suite,
        min(miles) FILTER (site_class = 'physician_office') AS miles_physician_office
    FROM miles_to
    GROUP BY zip_code
), dose AS (
    SELECT person_no, family, given_on, given_on - lag(given_on) OVER (PARTITION BY person_no, family ORDER BY given_on) AS gap
    FROM (SELECT DISTINCT person_no, family, unnest(dose_days) AS given_on FROM treatment)
), course AS (  -- doses since the treatment began again after a gap that makes it a new start
    SELECT person_no, family, max(given_on) FILTER (gap > getvariable('restart_days')) AS restarted_on, min(given_on) AS first_on
    FROM dose
    GROUP BY person_no, family
), given AS (
    SELECT dose.person_no, dose.family, count(*) AS doses, any_value(course.restarted_on IS NOT NULL) AS restarted
    FROM dose
    JOIN course USING (person_no, family)
    WHERE dose.given_on >= coalesce(course.restarted_on, course.first_on)
    GROUP BY dose.person_no, dose.family
), first_seen AS (
    SELECT person_no, family, arg_min(new_start, started_on) AS start_known FROM treatment GROUP BY person_no, family
), shown AS (
    SELECT
        event.person_no,
        max(event_on) FILTER (kind IN ('reaction', 'epinephrine')) AS reaction_on,
        arg_max(detail, (event_on, detail)) FILTER (kind IN ('reaction', 'epinephrine')) AS reaction_code,
        max(event_on) FILTER (kind = 'cardiopulm') AS cardiopulm_on, arg_max(detail, (event_on, detail)) FILTER (kind = 'cardiopulm') AS cardiopulm_code,
        max(event_on) FILTER (kind = 'renal_fluid') AS renal_fluid_on, arg_max(detail, (event_on, detail)) FILTER (kind = 'renal_fluid') AS renal_fluid_code,
        max(event_on) FILTER (kind = 'pregnancy') AS pregnancy_on, arg_max(detail, (event_on, detail)) FILTER (kind = 'pregnancy') AS pregnancy_code,
        max(event_on) FILTER (kind = 'investigational') AS investigational_on,
        arg_max(detail, (event_on, detail)) FILTER (kind = 'investigational') AS investigational_code
    FROM clinical_event AS event
    GROUP BY event.person_no
), ill AS (  -- the wider groups of AHRQ: heart failure, valves, lung circulation, chronic lung disease; kidneys, moderate and severe
    SELECT
        person_no,
        max(last_on) FILTER (measure IN ('HF', 'VALVE', 'PULMCIRC', 'LUNG_CHRONIC')) AS cardiopulm_wide_on,
        arg_max(diagnosis_code, (last_on, diagnosis_code)) FILTER (measure IN ('HF', 'VALVE', 'PULMCIRC', 'LUNG_CHRONIC')) AS cardiopulm_wide_code,
        max(last_on) FILTER (measure IN ('RENLFL_MOD', 'RENLFL_SEV')) AS renal_fluid_wide_on,
        arg_max(diagnosis_code, (last_on, diagnosis_code)) FILTER (measure IN ('RENLFL_MOD', 'RENLFL_SEV')) AS renal_fluid_wide_code,
        list(measure ORDER BY measure) FILTER (last_on > (SELECT max(as_of) FROM under_way) - 365) AS comorbidities
    FROM comorbidity
    GROUP BY person_no
), infusion_day AS (
    SELECT DISTINCT person_no, service_date, family, clinical_line FROM run_infusions
), hospital_care AS (  -- on the day of an infusion, or the next
    SELECT
        day.person_no, max(event.event_on) FILTER (event.kind = 'emergency' AND event.event_on = day.service_date) AS emergency_on,
        count(DISTINCT event.event_on) FILTER (event.event_on > under.as_of - 365) AS events_a_year
    FROM (SELECT DISTINCT person_no, service_date FROM infusion_day) AS day
    JOIN clinical_event AS event
        ON event.person_no = day.person_no AND event.kind IN ('emergency', 'admission')
        AND event.event_on >= day.service_date AND event.event_on <= day.service_date + 1
    CROSS JOIN (SELECT max(as_of) AS as_of FROM under_way) AS under
    GROUP BY day.person_no
), concurrent AS (
    SELECT under_way.episode_id, max(day.service_date) AS oncology_on, arg_max(day.family, (day.service_date, day.family)) AS oncology_family
    FROM under_way
    JOIN infusion_day AS day
        ON day.person_no = under_way.person_no AND day.clinical_line = 'oncology' AND day.family <> under_way.family
    GROUP BY under_way.episode_id
)
SELECT
    under.person_id, under.person_no, under.family, under.episode_id, under.as_of,
    span.payer, span.line_of_business, under.market, family.clinical_line, under.site_id, under.site_class,
    own.ownership,
    CASE WHEN under.birth_date IS NOT NULL THEN date_diff('year', under.birth_date, under.as_of)
        - (strftime(under.birth_date, '%m%d') > strftime(under.as_of, '%m%d'))::INTEGER END AS age,
    given.doses, coalesce(first_seen.start_known OR given.restarted, false) AS start_known,
    under.as_of - shown.reaction_on AS reaction_days, shown.reaction_code,
    under.as_of - care.emergency_on AS emergency_days,
    under.as_of - shown.cardiopulm_on AS cardiopulm_days, shown.cardiopulm_code,
    under.as_of - shown.renal_fluid_on AS renal_fluid_days, shown.renal_fluid_code,
    under.as_of - ill.cardiopulm_wide_on AS cardiopulm_wide_days, ill.cardiopulm_wide_code,
    under.as_of - ill.renal_fluid_wide_on AS renal_fluid_wide_days, ill.renal_fluid_wide_code,
    len(coalesce(ill.comorbidities, [])) AS comorbidities,
    under.as_of - shown.pregnancy_on AS pregnancy_days, shown.pregnancy_code,
    under.as_of - shown.investigational_on AS investigational_days, shown.investigational_code,
    under.as_of - concurrent.oncology_on AS concurrent_days, concurrent.oncology_family AS concurrent_code,
    nearest.miles_infusion_center, nearest.miles_infusion_suite, nearest.miles_physician_office,
    today.miles AS miles_today,
    CASE WHEN under.interval_days > 0 AND NOT under.single_dose THEN 365.25 / under.interval_days END AS infusions_a_year,
    under.allowed_per_infusion_cents AS allowed_cents, family.chair_minutes, coalesce(care.events_a_year, 0) AS events_a_year
FROM under_way AS under
JOIN treatment_span AS span ON span.episode_id = under.episode_id AND span.is_last
LEFT JOIN given ON given.person_no = under.person_no AND given.family = under.family
LEFT JOIN first_seen ON first_seen.person_no = under.person_no AND first_seen.family = under.family
LEFT JOIN shown ON shown.person_no = under.person_no
LEFT JOIN ill ON ill.person_no = under.person_no
LEFT JOIN hospital_care AS care ON care.person_no = under.person_no
LEFT JOIN concurrent ON concurrent.episode_id = under.episode_id
LEFT JOIN nearest ON nearest.zip_code = under.zip_code
LEFT JOIN miles_to AS today ON today.zip_code = under.zip_code AND today.site_id = under.site_id
LEFT JOIN (SELECT site_id, any_value(ownership) AS ownership FROM register_site GROUP BY site_id) AS own ON own.site_id = under.site_id
LEFT JOIN ref_drug_families AS family ON family.family = under.family;
