-- Exposures, episodes and infusions of a run -> what is at risk in the months ahead. Grain: one row per month.
-- in:  exposure, episode, infusion, chance (policy_id, likelihood, ends_on), variables first_day, end_day, unknown_funding (whether people
--      whose funding nobody knows are taken for exposed where only one of the two fundings exposes them)
-- out: one SELECT (month, people, infusions, allowed_cents, people_due, infusions_due, allowed_due_cents); expectations, not rounded
-- A due infusion is at risk with 1 - product of (1 - likelihood) over the policies that will have exposed the person by that day; so a
-- likelihood of 0 is a world without the policy and 1 is a world with it. People: in a month, the largest of their chances.
WITH episode_ahead AS (
    SELECT
        episode_id, person_id, family, greatest(interval_days, 1) AS interval_days,
        greatest(expected_next_on, getvariable('first_day')) AS next_on
    FROM episode
    WHERE expected_next_on IS NOT NULL AND interval_days IS NOT NULL
        AND episode_id IN (SELECT episode_id FROM exposure)
), usual AS (  -- what an infusion of the episode was allowed, the mean of its last year
    SELECT ahead.episode_id, avg(infusion.allowed_cents) AS allowed_cents
    FROM episode_ahead AS ahead
    JOIN infusion
        ON infusion.person_id = ahead.person_id AND infusion.family = ahead.family
        AND infusion.service_date >= getvariable('first_day') - 365
    GROUP BY ahead.episode_id
), reached AS (  -- which policy exposes which episode from when
    SELECT exposure.episode_id, exposure.policy_id, max(exposure.exposed_from) AS exposed_from
    FROM exposure
    WHERE exposure.policy_id IN (SELECT policy_id FROM chance)
    GROUP BY exposure.episode_id, exposure.policy_id
    HAVING bool_or(exposure.exposed_from IS NOT NULL AND exposure.verdict IN ('exposed', 'in_grace'))
        AND (
            getvariable('unknown_funding')
            OR bool_and(exposure.exposed_from IS NOT NULL AND exposure.verdict IN ('exposed', 'in_grace'))
        )
), due AS (
    SELECT
        ahead.episode_id, ahead.person_id,
        unnest(generate_series(next_on, getvariable('end_day') - 1, to_days(interval_days)))::DATE AS due_on
    FROM episode_ahead AS ahead
    WHERE next_on < getvariable('end_day')
), judged AS (
    SELECT
        due.episode_id, due.person_id, due.due_on,
        1 - coalesce(product(1 - chance.likelihood), 1) AS risk
    FROM due
    LEFT JOIN reached ON reached.episode_id = due.episode_id AND reached.exposed_from <= due.due_on
    LEFT JOIN chance ON chance.policy_id = reached.policy_id AND due.due_on < coalesce(chance.ends_on, DATE '9999-12-31')
    GROUP BY ALL
), by_person AS (
    SELECT date_trunc('month', due_on)::DATE AS month, person_id, max(risk) AS risk FROM judged GROUP BY ALL
), people AS (
    SELECT month, sum(risk) AS people, count(*) AS people_due FROM by_person GROUP BY month
)
SELECT
    date_trunc('month', judged.due_on)::DATE AS month,
    any_value(people.people) AS people,
    sum(judged.risk) AS infusions,
    coalesce(sum(judged.risk * usual.allowed_cents), 0) AS allowed_cents,
    any_value(people.people_due) AS people_due,
    count(*) AS infusions_due,
    coalesce(sum(usual.allowed_cents), 0) AS allowed_due_cents
FROM judged
JOIN people ON people.month = date_trunc('month', judged.due_on)
LEFT JOIN usual ON usual.episode_id = judged.episode_id
GROUP BY date_trunc('month', judged.due_on)
ORDER BY month
