-- Treatments and policies -> who is exposed to what, from when, and why. Grain: one row per episode x policy that names its payer and
-- drug while the policy was in force and the person treated; two rows where nobody says who bears the risk (insured, self-funded).
-- in:  treatment, treatment_span, exception_evidence (treatments.sql), policy_document (document: JSON text), shield (state, kind,
--      from_on, to_on, disjoint; clause), register_site, zip_centroid; variable exposure_as_of
-- out: exposure
-- What is said of single things is judged once (each coverage, product, place x policy), then put together by plain joins.

CREATE OR REPLACE TEMP TABLE policy AS
WITH stated AS (
    SELECT from_json(document, '{"id": "VARCHAR", "payer": "VARCHAR", "kind": "VARCHAR", "status": "VARCHAR",
        "likelihood": "DOUBLE", "effective_from": "DATE", "effective_to": "DATE", "starts": "VARCHAR", "drug_source": "VARCHAR",
        "scope": {"lines_of_business": ["VARCHAR"], "funding": ["VARCHAR"], "states": ["VARCHAR"], "plans_in": ["VARCHAR"],
            "plans_out": ["VARCHAR"]},
        "drugs": {"hcpcs": ["VARCHAR"], "molecules": ["VARCHAR"], "families": ["VARCHAR"]},
        "excluded_site_classes": ["VARCHAR"], "excludes_hospital_affiliated": "BOOLEAN", "restart_gap_days": "INTEGER",
        "grace": {"doses": "INTEGER", "days": "INTEGER", "combine": "VARCHAR"}, "single_dose_has_grace": "BOOLEAN",
        "age": {"min": "INTEGER", "max": "INTEGER"}, "clinical_exceptions": ["VARCHAR"],
        "access_exception": {"miles": "DOUBLE"}}') AS said
    FROM policy_document
)
SELECT
    row_number() OVER (ORDER BY said.id) AS policy_no, said.id AS policy_id, said.payer AS policy_payer, lower(said.payer) AS payer_key, said.kind, said.status,
    said.likelihood, said.effective_from, coalesce(said.effective_to, DATE '9999-12-31') AS effective_to, said.starts,
    CASE WHEN said.kind = 'drug_source' THEN said.drug_source END AS drug_source, said.scope,
    said.drugs.hcpcs AS codes, list_concat(said.drugs.molecules, said.drugs.families) AS names,
    said.excluded_site_classes AS excluded, said.excludes_hospital_affiliated AS excludes_affiliated, said.restart_gap_days,
    said.grace.doses AS grace_doses, said.grace.days AS grace_days, coalesce(said.grace.combine, 'first') AS combine,
    said.grace.doses IS NOT NULL OR said.grace.days IS NOT NULL AS has_grace, said.single_dose_has_grace,
    said.age.min AS age_min, said.age.max AS age_max, said.clinical_exceptions AS exceptions,
    said.access_exception.miles AS miles, greatest(said.effective_from, getvariable('exposure_as_of')) AS judged_on,
    nullif(array_to_string(
        list_filter(said.clinical_exceptions, lambda code: NOT list_contains(getvariable('shown_exceptions'), code)), ', '), ''
    ) AS unseen_exceptions
FROM stated;

-- 1. Coverage, product and place of a stretch by number; a funding that nobody told is taken as insured and as self-funded in turn.
CREATE OR REPLACE TEMP TABLE coverage AS
SELECT row_number() OVER () AS coverage_no, *
FROM (SELECT DISTINCT payer, plan, line_of_business, funding_type, state FROM treatment_span);

CREATE OR REPLACE TEMP TABLE product AS
SELECT row_number() OVER () AS product_no, *
FROM (
    SELECT DISTINCT treatment.family, span.molecule, span.codes FROM treatment_span AS span JOIN treatment USING (episode_id)
);

CREATE OR REPLACE TEMP TABLE place AS
SELECT row_number() OVER () AS place_no, *
FROM (SELECT DISTINCT site_class, hospital_affiliated, channel FROM treatment_span);

CREATE OR REPLACE TEMP TABLE stretch AS
WITH numbered AS (
    SELECT
        span.episode_id, span.from_on, span.to_on, span.is_last, coverage.coverage_no, product.product_no, place.place_no,
        lower(span.payer) AS payer_key, span.funding_type
    FROM treatment_span AS span
    JOIN treatment USING (episode_id)
    JOIN coverage
        ON coverage.payer IS NOT DISTINCT FROM span.payer AND coverage.plan IS NOT DISTINCT FROM span.plan
        AND coverage.line_of_business IS NOT DISTINCT FROM span.line_of_business
        AND coverage.funding_type IS NOT DISTINCT FROM span.funding_type AND coverage.state IS NOT DISTINCT FROM span.state
    JOIN product
        ON product.family = treatment.family AND product.molecule IS NOT DISTINCT FROM span.molecule
        AND product.codes IS NOT DISTINCT FROM span.codes
    JOIN place
        ON place.site_class IS NOT DISTINCT FROM span.site_class AND place.channel IS NOT DISTINCT FROM span.channel
        AND place.hospital_affiliated IS NOT DISTINCT FROM span.hospital_affiliated
), open_funding AS (
    SELECT DISTINCT episode_id, payer_key FROM numbered WHERE coalesce(funding_type, 'unknown') = 'unknown'
)
SELECT numbered.* EXCLUDE (payer_key, funding_type), NULL AS assumed
FROM numbered ANTI JOIN open_funding USING (episode_id, payer_key)
UNION ALL
SELECT numbered.* EXCLUDE (payer_key, funding_type), assumption.assumed
FROM numbered SEMI JOIN open_funding USING (episode_id, payer_key)
CROSS JOIN (VALUES ('insured'), ('self_funded')) AS assumption(assumed);

-- 2. What a policy says of a coverage. `against` are clauses that are not met, `open` those of which nobody can tell.
CREATE OR REPLACE TEMP TABLE policy_coverage AS
WITH faced AS (
    SELECT
        policy.policy_no, policy.kind, policy.scope, coverage.coverage_no, assumption.assumed,
        coalesce(coverage.line_of_business, 'unknown') AS line_of_business, lower(coverage.plan) AS plan, coverage.state,
        CASE WHEN coalesce(coverage.funding_type, 'unknown') = 'unknown' THEN assumption.assumed ELSE coverage.funding_type END
            AS funding
    FROM policy
    JOIN coverage ON lower(coverage.payer) = policy.payer_key
    CROSS JOIN (VALUES (NULL), ('insured'), ('self_funded')) AS assumption(assumed)
), failed AS (
    SELECT
        *,
        len(scope.lines_of_business) > 0 AND NOT list_contains(scope.lines_of_business, line_of_business) AS line_fails,
        len(scope.funding) > 0 AND NOT list_contains(scope.funding, coalesce(funding, 'unknown')) AS funding_fails,
        len(scope.states) > 0 AND NOT list_contains(scope.states, coalesce(state, '')) AS state_fails,
        len(scope.plans_in) > 0 AND (plan IS NULL
            OR NOT list_contains(list_transform(scope.plans_in, lambda name: lower(name)), plan)) AS plan_not_in,
        len(scope.plans_out) > 0 AND (plan IS NULL
            OR list_contains(list_transform(scope.plans_out, lambda name: lower(name)), plan)) AS plan_out
    FROM faced
)
SELECT
    policy_no, coverage_no, assumed,
    nullif(concat_ws(';',
        CASE WHEN line_fails AND line_of_business <> 'unknown' THEN 'scope.lines_of_business' END,
        CASE WHEN funding_fails THEN 'scope.funding' END,
        CASE WHEN state_fails AND failed.state IS NOT NULL THEN 'scope.states' END,
        CASE WHEN plan_not_in AND plan IS NOT NULL THEN 'scope.plans_in' END,
        CASE WHEN plan_out AND plan IS NOT NULL THEN 'scope.plans_out' END), '') AS against,
    nullif(concat_ws(';',
        CASE WHEN line_fails AND line_of_business = 'unknown' THEN 'scope.lines_of_business' END,
        CASE WHEN state_fails AND failed.state IS NULL THEN 'scope.states' END,
        CASE WHEN plan_not_in AND plan IS NULL THEN 'scope.plans_in' END,
        CASE WHEN plan_out AND plan IS NULL THEN 'scope.plans_out' END), '') AS open,
    shields.shields
FROM failed
LEFT JOIN (
    SELECT state, kind, list({'from_on': from_on, 'to_on': to_on, 'clause': clause} ORDER BY from_on) AS shields
    FROM shield
    GROUP BY state, kind
) AS shields ON shields.state = failed.state AND shields.kind = failed.kind AND failed.funding = 'insured';

-- 3. Which products a policy names, and what it says of a place (and of where the drug there comes from).
CREATE OR REPLACE TEMP TABLE policy_product AS
SELECT policy.policy_no, product.product_no
FROM policy
JOIN product
    ON list_has_any(policy.codes, product.codes) OR list_contains(policy.names, product.molecule)
    OR list_contains(policy.names, product.family);

CREATE OR REPLACE TEMP TABLE policy_place AS
WITH faced AS (
    SELECT
        policy.policy_no, policy.kind, policy.drug_source, place.place_no, place.channel, place.hospital_affiliated,
        len(policy.excluded) > 0 AS lists_classes, policy.excludes_affiliated,
        list_contains(policy.excluded, place.site_class) AS is_excluded,
        policy.excludes_affiliated AND place.site_class <> 'home' AS asks_affiliation,
        coalesce(place.site_class, 'unknown') = 'unknown' AS is_class_unknown
    FROM policy CROSS JOIN place
), judged AS (
    SELECT
        *,
        CASE
            WHEN is_excluded OR NOT (lists_classes OR excludes_affiliated) THEN 'met'
            WHEN asks_affiliation AND hospital_affiliated THEN 'met'
            WHEN asks_affiliation AND hospital_affiliated IS NULL THEN 'open'
            WHEN lists_classes AND is_class_unknown THEN 'open'
            ELSE 'against'
        END AS site_says,
        CASE
            WHEN drug_source = 'any' THEN 'against'
            WHEN drug_source = 'buy_and_bill_required' AND coalesce(channel, 'unknown') = 'unknown' THEN 'open'
            WHEN drug_source = 'buy_and_bill_required' AND channel NOT IN ('white_bag', 'clear_bag') THEN 'against'
            ELSE 'met'
        END AS source_says,
        CASE
            WHEN asks_affiliation AND hospital_affiliated IS NULL AND NOT is_excluded THEN 'excludes_hospital_affiliated'
            WHEN lists_classes THEN 'excluded_site_classes'
            ELSE 'excludes_hospital_affiliated'
        END AS site_clause
    FROM faced
)
SELECT
    policy_no, place_no,
    nullif(concat_ws(';', CASE WHEN source_says = 'against' THEN 'drug_source' END,
        CASE WHEN site_says = 'against' THEN site_clause END), '') AS against,
    nullif(concat_ws(';', CASE WHEN source_says = 'open' THEN 'drug_source' END,
        CASE WHEN site_says = 'open' THEN site_clause END), '') AS open,
    CASE
        WHEN is_excluded THEN 'excluded_site_classes'
        WHEN excludes_affiliated THEN 'excludes_hospital_affiliated'
        WHEN kind = 'drug_source' THEN 'drug_source'
        ELSE 'drugs'
    END AS hit
FROM judged;

-- 4. Since when a treatment runs, as a policy's restart gap sees it: episodes without a longer gap between them are one course. Gaps
--    inside an episode are allowed by the regimen and never a restart.
CREATE OR REPLACE TEMP TABLE course AS
WITH gap AS (
    SELECT DISTINCT restart_gap_days FROM policy
), cut AS (
    SELECT
        treatment.episode_id, treatment.person_no, treatment.family, treatment.started_on, treatment.new_start,
        treatment.dose_days, gap.restart_gap_days,
        coalesce(started_on - lag(last_infused_on) OVER by_start > gap.restart_gap_days, false)::INTEGER AS is_restart
    FROM treatment CROSS JOIN gap
    WINDOW by_start AS (PARTITION BY gap.restart_gap_days, person_no, family ORDER BY started_on)
), numbered AS (
    SELECT
        *, sum(is_restart) OVER (PARTITION BY restart_gap_days, person_no, family ORDER BY started_on) AS course_no,
        first_value(new_start) OVER (PARTITION BY restart_gap_days, person_no, family ORDER BY started_on) AS first_new_start
    FROM cut
)
SELECT
    episode_id, restart_gap_days, min(started_on) OVER so_far AS began_on,
    course_no > 0 OR coalesce(first_new_start, false) AS start_known,
    flatten(list(dose_days) OVER so_far) AS given_on
FROM numbered
WINDOW so_far AS (PARTITION BY restart_gap_days, person_no, family, course_no ORDER BY started_on);

-- 5. One row per episode, policy and assumed funding: when start rule, grace and age let the policy begin.
CREATE OR REPLACE TEMP TABLE named AS  -- stretches in which the policy names payer and drug; does it, while in force and they treated?
SELECT
    stretch.episode_id, policy.policy_no, stretch.assumed, stretch.from_on, stretch.to_on, stretch.is_last,
    stretch.coverage_no, stretch.place_no,
    stretch.to_on > policy.effective_from AND stretch.from_on < policy.effective_to AS in_force
FROM stretch
JOIN policy_coverage
    ON policy_coverage.coverage_no = stretch.coverage_no AND policy_coverage.assumed IS NOT DISTINCT FROM stretch.assumed
JOIN policy_product ON policy_product.policy_no = policy_coverage.policy_no AND policy_product.product_no = stretch.product_no
JOIN policy ON policy.policy_no = policy_coverage.policy_no
WHERE stretch.is_last OR (stretch.to_on > policy.effective_from AND stretch.from_on < policy.effective_to);

CREATE OR REPLACE TEMP TABLE clock AS
WITH faced AS (
    SELECT
        pair.episode_id, pair.policy_no, pair.assumed, course.began_on, course.start_known,
        course.began_on < policy.effective_from AS under_way, policy.starts, policy.combine,
        CASE
            WHEN policy.grace_doses = 0 THEN course.began_on
            WHEN policy.grace_doses IS NOT NULL THEN coalesce(course.given_on[policy.grace_doses] + 1, DATE '9999-12-31')
        END AS doses_end,
        course.began_on + policy.grace_days AS days_end,
        policy.has_grace AND (policy.single_dose_has_grace OR NOT treatment.single_dose) AS has_grace,
        policy.grace_doses - len(course.given_on)::INTEGER AS doses_left,
        CASE WHEN policy.starts = 'at_renewal' THEN list_min(list_transform(
            list_filter(treatment.authorizations,
                lambda held: held.payer = policy.payer_key AND held.ends_on >= policy.effective_from),
            lambda held: held.ends_on)) END AS renewal,
        CASE WHEN policy.age_min IS NOT NULL THEN (treatment.birth_date + to_years(policy.age_min))::DATE END AS old_enough,
        CASE WHEN policy.age_max IS NOT NULL THEN (treatment.birth_date + to_years(policy.age_max + 1))::DATE END AS too_old,
        treatment.birth_date IS NULL AND policy.age_min IS NOT NULL AS min_open,
        treatment.birth_date IS NULL AND policy.age_max IS NOT NULL AS max_open
    FROM (SELECT DISTINCT episode_id, policy_no, assumed FROM named WHERE in_force) AS pair
    JOIN policy USING (policy_no)
    JOIN treatment USING (episode_id)
    JOIN course ON course.episode_id = pair.episode_id AND course.restart_gap_days = policy.restart_gap_days
)
SELECT
    * EXCLUDE (doses_end, days_end, renewal),
    CASE WHEN has_grace THEN CASE combine WHEN 'last' THEN greatest(doses_end, days_end) ELSE least(doses_end, days_end) END END
        AS grace_end,
    CASE WHEN has_grace THEN CASE
        WHEN days_end IS NULL OR (combine = 'last' AND doses_end >= days_end) OR (combine = 'first' AND doses_end <= days_end)
            THEN 'grace.doses' ELSE 'grace.days' END END AS grace_clause,
    CASE WHEN under_way THEN renewal END AS renewal,
    starts = 'new_starts' AND under_way AS start_against,
    (starts = 'new_starts' AND NOT under_way AND NOT start_known)
        OR (starts = 'at_renewal' AND NOT under_way AND NOT start_known)
        OR (starts = 'at_renewal' AND under_way AND renewal IS NULL) AS start_open
FROM faced;

-- 6. The first day of each stretch that nothing lets off: in force, started, grace used up, old enough, at an excluded place, no shield.
CREATE OR REPLACE TEMP TABLE dated AS
WITH ruled AS (
    SELECT
        named.episode_id, named.policy_no, named.assumed, named.from_on, policy_place.against IS NOT NULL AS is_permitted,
        policy_coverage.shields,
        policy_coverage.against IS NULL AND policy_coverage.open IS NULL AND policy_place.against IS NULL AND policy_place.open IS NULL
            AND NOT clock.start_against AND NOT clock.start_open AND NOT clock.min_open AND NOT clock.max_open AS binds,
        greatest(named.from_on, policy.effective_from, clock.grace_end, CASE WHEN clock.starts = 'at_renewal' THEN clock.renewal END,
            clock.old_enough) AS due_on,
        least(named.to_on, policy.effective_to, clock.too_old) AS until_on
    FROM named
    JOIN clock
        ON clock.episode_id = named.episode_id AND clock.policy_no = named.policy_no
        AND clock.assumed IS NOT DISTINCT FROM named.assumed
    JOIN policy ON policy.policy_no = named.policy_no
    JOIN policy_place ON policy_place.policy_no = named.policy_no AND policy_place.place_no = named.place_no
    JOIN policy_coverage
        ON policy_coverage.policy_no = named.policy_no AND policy_coverage.coverage_no = named.coverage_no
        AND policy_coverage.assumed IS NOT DISTINCT FROM named.assumed
), shielded AS (
    SELECT
        *,
        CASE WHEN shields IS NULL THEN due_on ELSE coalesce(
            list_filter(shields, lambda law: law.from_on <= due_on AND law.to_on > due_on)[1].to_on, due_on) END AS first_on
    FROM ruled
)
SELECT
    episode_id, policy_no, assumed,
    min(CASE WHEN binds AND first_on < until_on THEN first_on END) AS exposed_from,
    list(from_on ORDER BY from_on) FILTER (is_permitted) AS permitted_from,
    max(from_on) FILTER (NOT is_permitted) AS last_barred_from
FROM shielded
GROUP BY episode_id, policy_no, assumed;

-- 7. How far the nearest registered site is to which a policy sends people, from each ZIP; home infusion has no distance.
CREATE OR REPLACE TEMP TABLE reach AS
SELECT policy.policy_no, home.zip_code, min(miles_between(home.latitude, home.longitude, site.latitude, site.longitude)) AS nearest
FROM policy
JOIN register_site AS site
    ON policy.miles IS NOT NULL AND site.site_class NOT IN ('home_infusion', 'specialty_pharmacy')
    AND NOT list_contains(policy.excluded, site.site_class)
    AND NOT (policy.excludes_affiliated AND coalesce(site.hospital_affiliated, false))
    AND policy.judged_on >= coalesce(site.opened_on, DATE '1900-01-01')
    AND policy.judged_on < coalesce(site.closed_on, DATE '9999-12-31')
    AND site.latitude IS NOT NULL AND site.longitude IS NOT NULL
CROSS JOIN (SELECT DISTINCT zip_code FROM treatment) AS lived
JOIN zip_centroid AS home ON home.zip_code = lived.zip_code
GROUP BY policy.policy_no, home.zip_code;

CREATE OR REPLACE TEMP TABLE held_exception AS  -- by the day on which a policy is judged
SELECT evidence.person_id, day.judged_on, list(DISTINCT evidence.code) AS codes
FROM exception_evidence AS evidence
JOIN (SELECT DISTINCT judged_on FROM policy WHERE len(exceptions) > 0) AS day
    ON evidence.from_on <= day.judged_on AND evidence.until_on > day.judged_on
GROUP BY evidence.person_id, day.judged_on;

-- 8. The verdict on the day asked (a policy that is not yet in force: on its first day), by the last stretch.
CREATE OR REPLACE TEMP TABLE exposure AS
WITH now AS (  -- what holds last, whichever payer it is
    SELECT span.episode_id, span.payer, span.plan, span.line_of_business, lower(span.payer) AS payer_key
    FROM treatment_span AS span
    WHERE span.is_last
), said AS (
    SELECT
        dated.episode_id, dated.policy_no, dated.assumed, dated.exposed_from, dated.permitted_from,
        dated.last_barred_from,
        coalesce(treatment.treated_until < policy.judged_on, false) AS is_over,
        CASE WHEN named.episode_id IS NULL THEN CASE WHEN now.payer_key IS DISTINCT FROM policy.payer_key THEN 'payer' ELSE 'drugs' END
        END AS unnamed,
        nullif(concat_ws(';',
            CASE WHEN policy.judged_on >= policy.effective_to THEN 'effective_to' END, policy_coverage.against,
            CASE WHEN clock.old_enough > policy.judged_on THEN 'age.min' END,
            CASE WHEN clock.too_old <= policy.judged_on THEN 'age.max' END,
            policy_place.against, CASE WHEN clock.start_against THEN 'starts' END), '') AS against,
        nullif(concat_ws(';',
            policy_coverage.open, CASE WHEN clock.min_open THEN 'age.min' END, CASE WHEN clock.max_open THEN 'age.max' END,
            policy_place.open, CASE WHEN clock.start_open THEN 'starts' END), '') AS open,
        CASE WHEN policy_coverage.shields IS NOT NULL THEN list_filter(policy_coverage.shields,
            lambda law: law.from_on <= policy.judged_on AND law.to_on > policy.judged_on)[1].clause END AS shield,
        policy_place.hit, clock.grace_end, clock.grace_clause, clock.doses_left, clock.old_enough,
        CASE WHEN clock.starts = 'at_renewal' THEN clock.renewal END AS renewal,
        NOT clock.start_known AND (policy.has_grace OR policy.starts <> 'everyone') AS is_start_open,
        concat_ws(';',
            nullif(array_to_string(list_transform(
                list_filter(policy.exceptions, lambda code: list_contains(held_exception.codes, code)),
                lambda code: 'clinical_exceptions.' || code), ';'), ''),
            CASE WHEN reach.nearest > policy.miles THEN 'access_exception.miles' END) AS exempt,
        policy.miles IS NOT NULL AND reach.nearest IS NULL AS is_distance_open
    FROM dated
    JOIN policy USING (policy_no)
    JOIN treatment USING (episode_id)
    JOIN now USING (episode_id)
    JOIN clock
        ON clock.episode_id = dated.episode_id AND clock.policy_no = dated.policy_no
        AND clock.assumed IS NOT DISTINCT FROM dated.assumed
    LEFT JOIN named
        ON named.is_last AND named.episode_id = dated.episode_id AND named.policy_no = dated.policy_no
        AND named.assumed IS NOT DISTINCT FROM dated.assumed
    LEFT JOIN policy_place ON policy_place.policy_no = named.policy_no AND policy_place.place_no = named.place_no
    LEFT JOIN policy_coverage
        ON policy_coverage.policy_no = named.policy_no AND policy_coverage.coverage_no = named.coverage_no
        AND policy_coverage.assumed IS NOT DISTINCT FROM named.assumed
    LEFT JOIN held_exception
        ON held_exception.person_id = treatment.person_id AND held_exception.judged_on = policy.judged_on
        AND len(policy.exceptions) > 0
    LEFT JOIN reach ON reach.policy_no = policy.policy_no AND reach.zip_code = treatment.zip_code
), judged AS (
    SELECT
        said.*, policy.judged_on,
        CASE
            WHEN is_over OR unnamed IS NOT NULL OR against IS NOT NULL THEN 'not_applicable'
            WHEN shield IS NOT NULL THEN 'shielded'
            WHEN open IS NOT NULL THEN 'unknown'
            WHEN exempt <> '' THEN 'exempt'
            WHEN policy.judged_on < grace_end OR policy.judged_on < renewal THEN 'in_grace'
            ELSE 'exposed'
        END AS verdict,
        CASE
            WHEN policy.judged_on < grace_end OR policy.judged_on < renewal THEN greatest(grace_end, renewal)
        END AS waits_until
    FROM said
    JOIN policy USING (policy_no)
), told AS (
    SELECT
        *,
        CASE
            WHEN is_over THEN 'treated'
            WHEN verdict = 'not_applicable' THEN coalesce(unnamed, against)
            WHEN verdict = 'shielded' THEN shield
            WHEN verdict = 'unknown' THEN open
            WHEN verdict = 'exempt' THEN exempt
            WHEN verdict = 'in_grace' THEN concat_ws(';',
                CASE WHEN judged_on < grace_end THEN grace_clause END, CASE WHEN judged_on < renewal THEN 'starts' END)
            ELSE concat_ws(';', hit, CASE
                WHEN exposed_from = grace_end THEN grace_clause
                WHEN exposed_from = renewal THEN 'starts'
                WHEN exposed_from = old_enough THEN 'age.min'
                WHEN exposed_from = policy.effective_from THEN 'effective_from' END)
        END AS clauses,
        concat_ws('; ',
            CASE WHEN is_start_open AND verdict IN ('exposed', 'in_grace', 'unknown')
                THEN 'start of treatment not known from claims: the first dose seen counts' END,
            CASE WHEN verdict IN ('exposed', 'in_grace') THEN 'not known from claims: ' || policy.unseen_exceptions END,
            CASE WHEN verdict IN ('exposed', 'in_grace') AND is_distance_open THEN 'distance to a permitted site not known' END
        ) AS reasons
    FROM judged
    JOIN policy USING (policy_no, judged_on)
)
SELECT
    treatment.person_id, treatment.family, policy.policy_id, told.verdict, told.exposed_from, told.clauses, told.reasons,
    told.assumed AS funding_assumed,
    CASE WHEN told.verdict = 'in_grace' AND told.waits_until < DATE '9999-12-31' THEN told.waits_until END AS grace_until,
    CASE  -- a grace of doses ends by the doses that are still to come, at the person's own interval
        WHEN told.exposed_from IS NOT NULL THEN told.exposed_from
        WHEN told.verdict = 'in_grace' AND told.waits_until = DATE '9999-12-31' AND treatment.treated_until IS NULL THEN
            greatest(treatment.next_expected_on, told.judged_on) + (greatest(told.doses_left, 1) - 1) * treatment.interval_days + 1
    END AS expected_from,
    list_min(list_filter(told.permitted_from, lambda day: day > told.exposed_from AND day > told.last_barred_from)) AS moved_on,
    policy.policy_payer, policy.kind, policy.status, policy.likelihood, told.judged_on,
    treatment.episode_id, treatment.person_no, now.payer, now.plan, now.line_of_business, treatment.market, treatment.site_id,
    treatment.site_class, treatment.channel, treatment.started_on, treatment.treated_until,
    treatment.treated_until IS NULL OR treatment.treated_until >= getvariable('exposure_as_of') AS active,
    treatment.next_expected_on, treatment.interval_days, treatment.allowed_per_infusion_cents
FROM told
JOIN policy USING (policy_no)
JOIN treatment USING (episode_id)
JOIN now USING (episode_id)
ORDER BY treatment.episode_id, policy.policy_id, told.assumed NULLS FIRST;
