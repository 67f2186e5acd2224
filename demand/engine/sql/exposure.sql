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

-- 1. Every coverage, product and place once; a funding that nobody told is taken as insured and as self-funded in turn.
CREATE OR REPLACE TEMP TABLE coverage AS
SELECT DISTINCT ON (coverage_no) coverage_no, payer, plan, line_of_business, funding_type, state FROM treatment_span;

CREATE OR REPLACE TEMP TABLE product AS
SELECT DISTINCT ON (span.product_no) span.product_no, treatment.family, span.molecule, span.codes
FROM treatment_span AS span
JOIN treatment USING (episode_id);

CREATE OR REPLACE TEMP TABLE place AS
SELECT DISTINCT ON (place_no) place_no, site_class, hospital_affiliated, channel FROM treatment_span;

CREATE OR REPLACE TEMP TABLE stretch AS
WITH placed AS (
    SELECT
        span.episode_id, span.from_on, span.to_on, span.is_last, span.coverage_no, span.product_no, span.place_no,
        coalesce(coverage.funding_type, 'unknown') = 'unknown' AS is_open, lower(coverage.payer) AS payer_key
    FROM treatment_span AS span
    JOIN coverage ON coverage.coverage_no = span.coverage_no
), open_funding AS (
    SELECT DISTINCT episode_id, payer_key FROM placed WHERE is_open
)
SELECT placed.* EXCLUDE (is_open, payer_key), 0 AS assumed_no FROM placed ANTI JOIN open_funding USING (episode_id, payer_key)
UNION ALL
SELECT placed.* EXCLUDE (is_open, payer_key), assumption.assumed_no
FROM placed
SEMI JOIN open_funding USING (episode_id, payer_key)
CROSS JOIN (VALUES (1), (2)) AS assumption(assumed_no);  -- insured, self-funded

-- 2. What a policy says of a coverage. `against` are clauses that are not met, `open` those of which nobody can tell.
CREATE OR REPLACE TEMP TABLE policy_coverage AS
WITH faced AS (
    SELECT
        policy.policy_no, policy.kind, policy.scope, coverage.coverage_no, assumption.assumed_no,
        coalesce(coverage.line_of_business, 'unknown') AS line_of_business, lower(coverage.plan) AS plan, coverage.state,
        CASE WHEN coalesce(coverage.funding_type, 'unknown') = 'unknown' THEN assumption.assumed ELSE coverage.funding_type END
            AS funding
    FROM policy
    JOIN coverage ON lower(coverage.payer) = policy.payer_key
    CROSS JOIN (VALUES (0, NULL), (1, 'insured'), (2, 'self_funded')) AS assumption(assumed_no, assumed)
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
    policy_no, coverage_no, assumed_no,
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
), alone AS (  -- most have one episode: nothing to chain
    SELECT person_no, family FROM treatment GROUP BY person_no, family HAVING count(*) = 1
), cut AS (
    SELECT
        treatment.episode_id, treatment.person_no, treatment.family, treatment.started_on, treatment.new_start,
        treatment.dose_days, gap.restart_gap_days,
        coalesce(started_on - lag(last_infused_on) OVER by_start > gap.restart_gap_days, false)::INTEGER AS is_restart
    FROM treatment ANTI JOIN alone USING (person_no, family) CROSS JOIN gap
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
WINDOW so_far AS (PARTITION BY restart_gap_days, person_no, family, course_no ORDER BY started_on)
UNION ALL
SELECT episode_id, restart_gap_days, started_on, coalesce(new_start, false), dose_days
FROM treatment SEMI JOIN alone USING (person_no, family) CROSS JOIN gap;

-- 5. Each stretch with each policy that names its payer and drug: when start rule, grace and age let the policy begin, and the first day
--    of the stretch that nothing lets off: in force, started, grace used up, old enough, at an excluded place, no shield.
CREATE OR REPLACE TEMP TABLE ruled AS
WITH faced AS (
    SELECT
        (stretch.episode_id * 1000000 + policy.policy_no) * 3 + stretch.assumed_no AS pair,
        stretch.episode_id, policy.policy_no, stretch.assumed_no, stretch.from_on, stretch.to_on, stretch.is_last,
        stretch.to_on > policy.effective_from AND stretch.from_on < policy.effective_to AS in_force,
        stretch.coverage_no, stretch.place_no, policy_coverage.shields, policy_place.against IS NOT NULL AS is_permitted,
        coalesce(policy_coverage.against, policy_coverage.open, policy_place.against, policy_place.open) IS NULL AS is_bound,
        policy.effective_from, policy.effective_to, policy.starts, policy.combine, course.start_known,
        course.began_on < policy.effective_from AS under_way,
        policy.has_grace AND (policy.single_dose_has_grace OR NOT treatment.single_dose) AS has_grace,
        CASE
            WHEN policy.grace_doses = 0 THEN course.began_on
            WHEN policy.grace_doses IS NOT NULL THEN coalesce(course.given_on[policy.grace_doses] + 1, DATE '9999-12-31')
        END AS doses_end,
        course.began_on + policy.grace_days AS days_end,
        policy.grace_doses - len(course.given_on)::INTEGER AS doses_left,
        CASE WHEN policy.starts = 'at_renewal' AND course.began_on < policy.effective_from THEN list_min(list_transform(
            list_filter(treatment.authorizations,
                lambda held: held.payer = policy.payer_key AND held.ends_on >= policy.effective_from),
            lambda held: held.ends_on)) END AS renewal,
        CASE WHEN policy.age_min IS NOT NULL THEN (treatment.birth_date + to_years(policy.age_min))::DATE END AS old_enough,
        CASE WHEN policy.age_max IS NOT NULL THEN (treatment.birth_date + to_years(policy.age_max + 1))::DATE END AS too_old,
        treatment.birth_date IS NULL AND policy.age_min IS NOT NULL AS min_open,
        treatment.birth_date IS NULL AND policy.age_max IS NOT NULL AS max_open
    FROM stretch
    JOIN policy_coverage
        ON policy_coverage.coverage_no = stretch.coverage_no AND policy_coverage.assumed_no = stretch.assumed_no
    JOIN policy_product
        ON policy_product.policy_no = policy_coverage.policy_no AND policy_product.product_no = stretch.product_no
    JOIN policy ON policy.policy_no = policy_coverage.policy_no
    JOIN policy_place ON policy_place.policy_no = policy_coverage.policy_no AND policy_place.place_no = stretch.place_no
    JOIN treatment ON treatment.episode_id = stretch.episode_id
    JOIN course ON course.episode_id = stretch.episode_id AND course.restart_gap_days = policy.restart_gap_days
    WHERE stretch.is_last OR (stretch.to_on > policy.effective_from AND stretch.from_on < policy.effective_to)
), timed AS (
    SELECT
        * EXCLUDE (doses_end, days_end),
        CASE WHEN has_grace THEN CASE combine WHEN 'last' THEN greatest(doses_end, days_end) ELSE least(doses_end, days_end) END END
            AS grace_end,
        days_end IS NULL OR (combine = 'last' AND doses_end >= days_end) OR (combine = 'first' AND doses_end <= days_end)
            AS grace_by_doses,
        starts = 'new_starts' AND under_way AS start_against,
        CASE WHEN starts = 'everyone' THEN false WHEN under_way THEN starts = 'at_renewal' AND renewal IS NULL ELSE NOT start_known END
            AS start_open
    FROM faced
), due AS (
    SELECT
        *,
        is_bound AND NOT start_against AND NOT start_open AND NOT min_open AND NOT max_open AS binds,
        greatest(from_on, effective_from, grace_end, renewal, old_enough) AS due_on
    FROM timed
), shielded AS (
    SELECT
        *,
        CASE WHEN shields IS NULL THEN due_on ELSE coalesce(
            list_filter(shields, lambda law: law.from_on <= due_on AND law.to_on > due_on)[1].to_on, due_on) END AS first_on
    FROM due
)
SELECT
    * EXCLUDE (to_on, effective_from, effective_to, starts, combine, under_way, due_on, binds, is_bound, first_on, has_grace, shields),
    CASE WHEN binds AND first_on < least(to_on, effective_to, too_old) THEN first_on END AS exposed_from
FROM shielded;

-- 6. What earlier stretches left: few treatments have any. Moved: the first permitted place after the last that was not.
CREATE OR REPLACE TEMP TABLE earlier AS
SELECT
    pair, any_value(episode_id) AS episode_id, any_value(policy_no) AS policy_no, any_value(assumed_no) AS assumed_no,
    min(exposed_from) AS exposed_from, max(CASE WHEN NOT is_permitted THEN from_on END) AS last_barred_from,
    bool_or(in_force) AS in_force
FROM ruled
WHERE NOT is_last
GROUP BY pair;

CREATE OR REPLACE TEMP TABLE moved AS
SELECT ruled.pair, min(ruled.from_on) AS moved_on
FROM ruled
JOIN earlier ON earlier.pair = ruled.pair AND ruled.from_on > earlier.exposed_from AND ruled.from_on > earlier.last_barred_from
WHERE ruled.is_permitted
GROUP BY ruled.pair;

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

CREATE OR REPLACE TEMP TABLE exempted AS  -- by which clinical exceptions a policy lets a person off on the day on which it is judged
SELECT
    policy.policy_no, held.person_id,
    array_to_string(list_transform(
        list_filter(policy.exceptions, lambda code: list_contains(held.codes, code)),
        lambda code: 'clinical_exceptions.' || code), ';') AS clauses
FROM policy
JOIN (
    SELECT day.judged_on, evidence.person_id, list(DISTINCT evidence.code) AS codes
    FROM exception_evidence AS evidence
    JOIN (SELECT DISTINCT judged_on FROM policy WHERE len(exceptions) > 0) AS day
        ON evidence.from_on <= day.judged_on AND evidence.until_on > day.judged_on
    GROUP BY day.judged_on, evidence.person_id
) AS held ON held.judged_on = policy.judged_on AND list_has_any(policy.exceptions, held.codes);

-- 8. The verdict on the day asked (a policy that is not yet in force: on its first day), by the last stretch.
-- What is joined to the many pairs here is small: joined in the order written, the pairs themselves are never hashed.
SET disabled_optimizers = 'join_order,build_side_probe_side';
CREATE OR REPLACE TEMP TABLE verdict AS
WITH last AS (
    SELECT
        ruled.* EXCLUDE (from_on, is_last, in_force, exposed_from),
        least(ruled.exposed_from, earlier.exposed_from) AS exposed_from,
        CASE WHEN ruled.is_permitted THEN moved.moved_on END AS moved_on
    FROM ruled
    LEFT JOIN earlier ON earlier.pair = ruled.pair
    LEFT JOIN moved ON moved.pair = ruled.pair
    WHERE ruled.is_last AND (ruled.in_force OR earlier.in_force)
), said AS (
    SELECT
        policy.judged_on, policy.effective_from, policy.unseen_exceptions,
        coalesce(treatment.treated_until < policy.judged_on, false) AS is_over,
        policy.judged_on >= policy.effective_to AS has_ended,
        coalesce(last.old_enough > policy.judged_on, false) AS is_young, coalesce(last.too_old <= policy.judged_on, false) AS is_old,
        CASE WHEN last.grace_by_doses THEN 'grace.doses' ELSE 'grace.days' END AS grace_clause,
        last.grace_end > policy.judged_on AS grace_runs,
        policy_coverage.against AS coverage_against, policy_coverage.open AS coverage_open, policy_coverage.shields,
        policy_place.against AS place_against, policy_place.open AS place_open, policy_place.hit,
        last.renewal > policy.judged_on AS renewal_runs,
        last.* EXCLUDE (pair, too_old, start_known, coverage_no, place_no, is_permitted, grace_by_doses),
        NOT last.start_known AND (policy.has_grace OR policy.starts <> 'everyone') AS is_start_open,
        exempted.clauses AS exempted, CASE WHEN reach.nearest > policy.miles THEN 'access_exception.miles' END AS out_of_reach,
        policy.miles IS NOT NULL AND reach.nearest IS NULL AS is_distance_open
    FROM last
    JOIN policy ON policy.policy_no = last.policy_no
    JOIN treatment ON treatment.episode_id = last.episode_id
    JOIN policy_place ON policy_place.policy_no = last.policy_no AND policy_place.place_no = last.place_no
    JOIN policy_coverage
        ON policy_coverage.policy_no = last.policy_no AND policy_coverage.coverage_no = last.coverage_no
        AND policy_coverage.assumed_no = last.assumed_no
    LEFT JOIN exempted ON exempted.policy_no = policy.policy_no AND exempted.person_id = treatment.person_id
    LEFT JOIN reach ON reach.policy_no = policy.policy_no AND reach.zip_code = treatment.zip_code
), shielded AS (
    SELECT
        *,
        CASE WHEN shields IS NOT NULL
            THEN list_filter(shields, lambda law: law.from_on <= judged_on AND law.to_on > judged_on)[1].clause END AS shield
    FROM said
), judged AS (
    SELECT
        *,
        CASE
            WHEN is_over OR has_ended OR is_young OR is_old OR start_against
                OR coverage_against IS NOT NULL OR place_against IS NOT NULL THEN 'not_applicable'
            WHEN shield IS NOT NULL THEN 'shielded'
            WHEN start_open OR min_open OR max_open OR coverage_open IS NOT NULL OR place_open IS NOT NULL THEN 'unknown'
            WHEN exempted IS NOT NULL OR out_of_reach IS NOT NULL THEN 'exempt'
            WHEN grace_runs OR renewal_runs THEN 'in_grace'
            ELSE 'exposed'
        END AS verdict,
        CASE WHEN grace_runs OR renewal_runs THEN greatest(grace_end, renewal) END AS waits_until
    FROM shielded
)
SELECT
    episode_id, policy_no, assumed_no, verdict, exposed_from, moved_on, waits_until, doses_left,
    CASE verdict
        WHEN 'exposed' THEN CASE
            WHEN exposed_from = grace_end THEN hit || ';' || grace_clause
            WHEN exposed_from = renewal THEN hit || ';starts'
            WHEN exposed_from = old_enough THEN hit || ';age.min'
            WHEN exposed_from = effective_from THEN hit || ';effective_from'
            ELSE hit END
        WHEN 'in_grace' THEN concat_ws(';',
            CASE WHEN grace_runs THEN grace_clause END, CASE WHEN renewal_runs THEN 'starts' END)
        WHEN 'exempt' THEN concat_ws(';', exempted, out_of_reach)
        WHEN 'shielded' THEN shield
        WHEN 'unknown' THEN concat_ws(';',
            coverage_open, CASE WHEN min_open THEN 'age.min' END, CASE WHEN max_open THEN 'age.max' END, place_open,
            CASE WHEN start_open THEN 'starts' END)
        ELSE CASE WHEN is_over THEN 'treated' ELSE concat_ws(';',
            CASE WHEN has_ended THEN 'effective_to' END, coverage_against, CASE WHEN is_young THEN 'age.min' END,
            CASE WHEN is_old THEN 'age.max' END, place_against, CASE WHEN start_against THEN 'starts' END) END
    END AS clauses,
    CASE WHEN verdict IN ('exposed', 'in_grace', 'unknown') THEN concat_ws('; ',
        CASE WHEN is_start_open THEN 'start of treatment not known from claims: the first dose seen counts' END,
        CASE WHEN verdict <> 'unknown' THEN 'not known from claims: ' || unseen_exceptions END,
        CASE WHEN verdict <> 'unknown' AND is_distance_open THEN 'distance to a permitted site not known' END)
    ELSE '' END AS reasons
FROM judged;

RESET disabled_optimizers;
INSERT INTO verdict  -- whom the policy names no longer: they changed payer or drug
SELECT
    earlier.episode_id, earlier.policy_no, earlier.assumed_no, 'not_applicable', earlier.exposed_from, moved.moved_on, NULL, NULL,
    CASE
        WHEN treatment.treated_until < policy.judged_on THEN 'treated'
        WHEN lower(now.payer) IS DISTINCT FROM policy.payer_key THEN 'payer'
        ELSE 'drugs'
    END, ''
FROM earlier
ANTI JOIN (SELECT pair FROM ruled WHERE is_last) AS named ON named.pair = earlier.pair
LEFT JOIN moved ON moved.pair = earlier.pair
JOIN policy ON policy.policy_no = earlier.policy_no
JOIN treatment ON treatment.episode_id = earlier.episode_id
JOIN treatment_span AS now ON now.is_last AND now.episode_id = earlier.episode_id
WHERE earlier.in_force;

CREATE OR REPLACE TEMP VIEW exposure AS
SELECT
    treatment.person_id, treatment.family, policy.policy_id, verdict.verdict, verdict.exposed_from, verdict.clauses, verdict.reasons,
    CASE verdict.assumed_no WHEN 1 THEN 'insured' WHEN 2 THEN 'self_funded' END AS funding_assumed,
    CASE WHEN verdict.verdict = 'in_grace' AND verdict.waits_until < DATE '9999-12-31' THEN verdict.waits_until END AS grace_until,
    CASE  -- a grace of doses ends by the doses that are still to come, at the person's own interval
        WHEN verdict.exposed_from IS NOT NULL THEN verdict.exposed_from
        WHEN verdict.verdict = 'in_grace' AND verdict.waits_until = DATE '9999-12-31' AND treatment.treated_until IS NULL THEN
            greatest(treatment.next_expected_on, policy.judged_on) + (greatest(verdict.doses_left, 1) - 1) * treatment.interval_days + 1
    END AS expected_from,
    verdict.moved_on,
    policy.policy_payer, policy.kind, policy.status, policy.likelihood, policy.judged_on,
    treatment.episode_id, treatment.person_no, now.payer, now.plan, now.line_of_business, treatment.market, treatment.site_id,
    treatment.site_class, treatment.channel, treatment.started_on, treatment.treated_until,
    treatment.treated_until IS NULL OR treatment.treated_until >= getvariable('exposure_as_of') AS active,
    treatment.next_expected_on, treatment.interval_days, treatment.allowed_per_infusion_cents
FROM verdict
JOIN policy ON policy.policy_no = verdict.policy_no
JOIN treatment ON treatment.episode_id = verdict.episode_id
JOIN treatment_span AS now ON now.is_last AND now.episode_id = verdict.episode_id;
