-- Exposures of a run -> what is at risk in the months ahead. Grain: one row per month in which an infusion is due.
-- in:  exposure, chance (policy_id, likelihood, ends_on), variables first_day, end_day, unknown_funding (whether people whose funding
--      nobody knows are taken for exposed where only one of the two fundings exposes them)
-- out: one SELECT (month, people, infusions, allowed_cents, people_touched); expectations, not rounded; people_touched is a count
-- A due infusion is at risk with 1 - product of (1 - likelihood) over the policies that will have exposed the person by that day; so a
-- likelihood of 0 is a world without the policy and 1 is a world with it. People: in a month, the largest of their chances.
WITH reached AS (  -- which policy exposes which episode from when
    SELECT
        episode_id, policy_id, max(coalesce(exposed_from, expected_from)) AS exposed_from,
        bool_and(coalesce(exposed_from, expected_from) IS NOT NULL AND verdict IN ('exposed', 'in_grace')) AS is_sure
    FROM exposure
    WHERE policy_id IN (SELECT policy_id FROM chance)
    GROUP BY episode_id, policy_id
    HAVING bool_or(coalesce(exposed_from, expected_from) IS NOT NULL AND verdict IN ('exposed', 'in_grace'))
), episode AS (
    SELECT
        episode_id, any_value(person_no) AS person_no, any_value(allowed_per_infusion_cents) AS allowed_cents,
        greatest(any_value(interval_days), 1) AS interval_days,
        greatest(any_value(next_expected_on), getvariable('first_day')) AS next_on
    FROM exposure
    WHERE active AND next_expected_on IS NOT NULL AND interval_days IS NOT NULL
    GROUP BY episode_id
), due AS (
    SELECT
        episode_id, person_no, allowed_cents,
        unnest(generate_series(next_on, getvariable('end_day') - 1, to_days(interval_days)))::DATE AS due_on
    FROM episode
    WHERE next_on < getvariable('end_day')
), judged AS (
    SELECT
        due.episode_id, due.person_no, due.due_on, due.allowed_cents,
        1 - coalesce(product(1 - chance.likelihood), 1) AS risk
    FROM due
    LEFT JOIN reached
        ON reached.episode_id = due.episode_id AND reached.exposed_from <= due.due_on
        AND (reached.is_sure OR getvariable('unknown_funding'))
    LEFT JOIN chance ON chance.policy_id = reached.policy_id AND due.due_on < coalesce(chance.ends_on, DATE '9999-12-31')
    GROUP BY ALL
), by_person AS (
    SELECT date_trunc('month', due_on)::DATE AS month, person_no, max(risk) AS risk FROM judged GROUP BY ALL
), people AS (
    SELECT month, sum(risk) AS people, count(*) FILTER (risk > 0) AS people_touched FROM by_person GROUP BY month
)
SELECT
    people.month, any_value(people.people) AS people, sum(judged.risk) AS infusions,
    coalesce(sum(judged.risk * judged.allowed_cents), 0) AS allowed_cents, any_value(people.people_touched) AS people_touched
FROM judged
JOIN people ON people.month = date_trunc('month', judged.due_on)
GROUP BY people.month
ORDER BY people.month
