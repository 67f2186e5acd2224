-- A run's infusions, episodes, eligibility and lines -> what policies ask of a treatment. Grain of each table: see its line.
-- in:  run_infusions, run_episodes, run_eligibility, run_lines, run_feed_end (views of the finished tables), ref_drug_families,
--      code_successor (a drug code, its molecule, and all codes of that same product over time)
-- out: treatment (one row per episode), treatment_span (one row per stretch of an episode in which payer, drug and site stay the
--      same; the stretches of an episode add up to it), exception_evidence (person x exception code x day on which a claim shows it)

-- 1. Which product a list of codes on an infusion says: the drug codes of it; where there is none (a white-bagged dose), all of the
--    molecule. A code stands for those that it succeeded or that succeeded it.
CREATE OR REPLACE TEMP TABLE product_told AS
WITH told AS (
    SELECT DISTINCT hcpcs_codes, molecule FROM run_infusions
), given AS (
    SELECT told.hcpcs_codes, told.molecule, flatten(list(successor.codes)) AS codes
    FROM told
    JOIN code_successor AS successor
        ON successor.molecule = told.molecule AND list_contains(string_split(told.hcpcs_codes, ';'), successor.hcpcs_code)
    GROUP BY ALL
), of_molecule AS (
    SELECT molecule, flatten(list(codes)) AS codes FROM code_successor GROUP BY molecule
)
SELECT
    told.hcpcs_codes, told.molecule,
    list_sort(list_distinct(coalesce(given.codes, of_molecule.codes, []::VARCHAR[]))) AS codes
FROM told
LEFT JOIN given ON given.hcpcs_codes IS NOT DISTINCT FROM told.hcpcs_codes AND given.molecule = told.molecule
LEFT JOIN of_molecule ON of_molecule.molecule = told.molecule;

-- 2. Days on which the family was given; of two infusions on a day the later one tells payer, product and site.
CREATE OR REPLACE TEMP TABLE treated_day AS
SELECT
    episode.episode_id, infusion.service_date AS given_on, infusion.person_id, infusion.payer, infusion.plan,
    infusion.line_of_business, infusion.funding_type, infusion.state, infusion.data_source,
    infusion.molecule, product.codes, infusion.site_id, infusion.site_class, infusion.hospital_affiliated, infusion.channel,
    infusion.allowed_cents
FROM run_episodes AS episode
JOIN run_infusions AS infusion
    ON infusion.person_no = episode.person_no AND infusion.family = episode.family
    AND infusion.service_date >= episode.started_on AND infusion.service_date <= episode.last_infused_on
JOIN product_told AS product
    ON product.molecule = infusion.molecule AND product.hcpcs_codes IS NOT DISTINCT FROM infusion.hcpcs_codes
QUALIFY row_number() OVER (PARTITION BY episode.episode_id, infusion.service_date ORDER BY infusion.infusion_id DESC) = 1;

-- 3. Until when a treatment counts: its last dose and the gap that the regimen allows. It is open while nothing says that it ended.
CREATE OR REPLACE TEMP TABLE treatment AS
WITH day AS (
    SELECT
        episode_id, list(given_on ORDER BY given_on) AS dose_days,
        arg_max(data_source, given_on) AS data_source, arg_max(site_id, given_on) AS site_id,
        arg_max(site_class, given_on) AS site_class, arg_max(channel, given_on) AS channel,
        cents(round(avg(allowed_cents))) AS allowed_per_infusion_cents
    FROM treated_day
    GROUP BY episode_id
), person AS (
    SELECT
        person_id, arg_max(birth_date, enrollment_start_date) AS birth_date, arg_max(zip_code, enrollment_start_date) AS zip_code
    FROM run_eligibility
    GROUP BY person_id
), authorized AS (  -- by payer: another payer's says nothing; nor does one on a claim that may be for another drug
    SELECT person_no, family, list({'payer': payer, 'ends_on': ends_on} ORDER BY ends_on, payer) AS authorizations
    FROM (
        SELECT DISTINCT infusion.person_no, infusion.family, lower(line.payer) AS payer, line.authorization_end_date AS ends_on
        FROM run_lines AS line
        JOIN run_infusions AS infusion ON infusion.infusion_id = line.infusion_id
        LEFT JOIN (
            SELECT person_no FROM run_episodes GROUP BY person_no HAVING count(DISTINCT family) > 1
        ) AS several ON several.person_no = infusion.person_no
        WHERE line.authorization_end_date IS NOT NULL AND line.payer IS NOT NULL
            AND (infusion.channel_confidence IS DISTINCT FROM 'probable' OR several.person_no IS NULL)
    )
    GROUP BY person_no, family
), feed AS (
    SELECT max(known_until) AS known_until FROM run_feed_end
)
SELECT
    episode.episode_id, episode.person_id, episode.person_no, episode.family, episode.started_on, episode.last_infused_on,
    coalesce(episode.allowed_gap, 0) AS allowed_gap, episode.new_start, episode.interval_days,
    coalesce(family.finite_course AND family.course_doses = 1, false) AS single_dose,
    CASE
        WHEN episode.last_infused_on + coalesce(episode.allowed_gap, 0) < coalesce(feed_end.known_until, feed.known_until)
            OR episode.end_cause IS NOT NULL OR episode.outcome = 'benefit_shift'
            THEN episode.last_infused_on + coalesce(episode.allowed_gap, 0)
    END AS treated_until,
    day.dose_days, day.site_id, day.site_class, day.channel, day.allowed_per_infusion_cents,
    person.birth_date, left(person.zip_code, 5) AS zip_code, authorized.authorizations, episode.market,
    episode.expected_next_on AS next_expected_on, feed.known_until AS as_of
FROM run_episodes AS episode
JOIN day USING (episode_id)
CROSS JOIN feed
LEFT JOIN run_feed_end AS feed_end ON feed_end.data_source = day.data_source
LEFT JOIN person ON person.person_id = episode.person_id
LEFT JOIN authorized ON authorized.person_no = episode.person_no AND authorized.family = episode.family
LEFT JOIN ref_drug_families AS family ON family.family = episode.family;

-- 4. Since when who pays: a change of payer or plan that a dose shows began with the eligibility span that covers the dose, and after
--    the last dose the newest span tells, once the plan of that dose is over.
CREATE OR REPLACE TEMP TABLE coverage_change AS
WITH seen AS (
    SELECT
        *,
        lag(given_on) OVER by_day AS given_before,
        (payer, plan, line_of_business, funding_type, state) IS DISTINCT FROM lag((payer, plan, line_of_business, funding_type, state))
            OVER by_day AS is_change
    FROM treated_day
    WINDOW by_day AS (PARTITION BY episode_id ORDER BY given_on)
), changed AS (
    SELECT * FROM seen WHERE is_change
), began AS (
    SELECT changed.episode_id, changed.given_on, max(span.enrollment_start_date) AS began_on
    FROM changed
    JOIN run_eligibility AS span
        ON span.person_id = changed.person_id AND lower(span.payer) = lower(changed.payer)
        AND (span.plan IS NULL OR changed.plan IS NULL OR span.plan = changed.plan)
        AND span.enrollment_start_date > changed.given_before AND span.enrollment_start_date <= changed.given_on
        AND coalesce(span.enrollment_end_date, DATE '9999-12-30') >= changed.given_on
    GROUP BY changed.episode_id, changed.given_on
), newest AS (
    SELECT
        treatment.episode_id, treatment.person_id, treatment.last_infused_on, span.enrollment_start_date AS from_on, span.payer,
        span.plan, span.line_of_business, span.funding_type, span.state
    FROM treatment
    JOIN run_eligibility AS span
        ON span.person_id = treatment.person_id AND span.enrollment_start_date > treatment.last_infused_on
        AND span.enrollment_start_date <= least(treatment.as_of, coalesce(treatment.treated_until, DATE '9999-12-31'))
    QUALIFY row_number() OVER (
        PARTITION BY treatment.episode_id
        ORDER BY span.enrollment_start_date DESC, span.payer, span.plan, span.line_of_business, span.funding_type, span.state
    ) = 1
), tail AS (
    SELECT
        newest.episode_id, newest.from_on, newest.payer, newest.plan, newest.line_of_business, newest.funding_type, newest.state
    FROM newest
    JOIN treated_day AS last_day ON last_day.episode_id = newest.episode_id AND last_day.given_on = newest.last_infused_on
    ANTI JOIN run_eligibility AS held
        ON held.person_id = newest.person_id AND lower(held.payer) = lower(last_day.payer)
        AND held.plan IS NOT DISTINCT FROM last_day.plan AND held.enrollment_start_date <= newest.from_on
        AND coalesce(held.enrollment_end_date, DATE '9999-12-30') >= newest.from_on
)
SELECT
    changed.episode_id, coalesce(began.began_on, changed.given_on) AS from_on,
    changed.payer, changed.plan, changed.line_of_business, changed.funding_type, changed.state
FROM changed
LEFT JOIN began USING (episode_id, given_on)
UNION ALL
SELECT * FROM tail;

-- 5. The stretches: from each change of coverage, product or place to the next.
CREATE OR REPLACE TEMP TABLE treatment_span AS
WITH place AS (
    SELECT
        episode_id, given_on AS from_on, molecule, codes, site_class, hospital_affiliated, channel,
        (molecule, codes, site_class, hospital_affiliated, channel)
            IS DISTINCT FROM lag((molecule, codes, site_class, hospital_affiliated, channel))
            OVER (PARTITION BY episode_id ORDER BY given_on) AS is_change
    FROM treated_day
), place_change AS (
    SELECT episode_id, from_on, {'molecule': molecule, 'codes': codes, 'site_class': site_class, 'affiliated': hospital_affiliated,
        'channel': channel} AS placed
    FROM place
    WHERE is_change
), event AS (
    SELECT coalesce(place.episode_id, cover.episode_id) AS episode_id, coalesce(place.from_on, cover.from_on) AS from_on,
        place.placed,
        CASE WHEN cover.episode_id IS NOT NULL THEN {'payer': cover.payer, 'plan': cover.plan,
            'line_of_business': cover.line_of_business, 'funding_type': cover.funding_type, 'state': cover.state} END AS covered
    FROM place_change AS place
    FULL JOIN coverage_change AS cover ON cover.episode_id = place.episode_id AND cover.from_on = place.from_on
), filled AS (
    SELECT
        episode_id, from_on,
        last_value(placed IGNORE NULLS) OVER so_far AS placed, last_value(covered IGNORE NULLS) OVER so_far AS covered,
        lead(from_on) OVER (PARTITION BY episode_id ORDER BY from_on) AS next_on
    FROM event
    WINDOW so_far AS (PARTITION BY episode_id ORDER BY from_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    filled.episode_id, filled.from_on,
    coalesce(filled.next_on, treatment.treated_until + 1, DATE '9999-12-31') AS to_on, filled.next_on IS NULL AS is_last,
    covered.payer, covered.plan, covered.line_of_business, covered.funding_type, covered.state,
    placed.molecule, placed.codes, placed.site_class, placed.affiliated AS hospital_affiliated, placed.channel,
    -- the same coverage, product or place has the same number: a policy is asked once of each
    dense_rank() OVER (ORDER BY covered) AS coverage_no,
    dense_rank() OVER (ORDER BY treatment.family, placed.molecule, placed.codes) AS product_no,
    dense_rank() OVER (ORDER BY placed.site_class, placed.affiliated, placed.channel) AS place_no
FROM filled
JOIN treatment USING (episode_id);

-- 6. What a clinical exception can rest on: a diagnosis on any claim of the person. A reaction holds for good, the others for so many
--    days as the parameter says.
CREATE OR REPLACE TEMP TABLE exception_evidence AS
WITH rule AS (
    SELECT 'REACTION' AS code, getvariable('reaction_diagnosis_pattern') AS pattern, NULL::INTEGER AS days
    UNION ALL
    SELECT string_split(said, ' ')[1], string_split(said, ' ')[3], string_split(said, ' ')[2]::INTEGER
    FROM (SELECT unnest(getvariable('exception_diagnoses')) AS said)
), asked AS (
    SELECT line.person_id, line.service_date, line.diagnosis_codes, line.data_source
    FROM run_lines AS line
    SEMI JOIN treatment ON treatment.person_id = line.person_id
    WHERE line.diagnosis_codes IS NOT NULL
), telling AS (  -- few texts stand on many lines
    SELECT
        diagnosis_codes, rule.code, rule.days,
        list_filter(string_split(diagnosis_codes, ';'), lambda said: regexp_matches(said, rule.pattern))[1] AS diagnosis_code
    FROM (SELECT DISTINCT diagnosis_codes FROM asked)
    JOIN rule ON regexp_matches(diagnosis_codes, rule.pattern)
)
SELECT
    asked.person_id, telling.code, asked.service_date AS from_on,
    coalesce(asked.service_date + telling.days, DATE '9999-12-31') AS until_on,
    min(telling.diagnosis_code) AS diagnosis_code, min(asked.data_source) AS data_source
FROM asked
JOIN telling USING (diagnosis_codes)
GROUP BY ALL;
