-- Facts -> leakage cells. Grain: month x payer x line of business x family x site class x market.
-- in:  fact_all. Only infusions attributed by a named prescriber: the majority rule can only add kept people and is shown apart.
-- out: leakage, arrivals (infusions by the month of their first payment, feed by feed: what could be known when). Per cell the five outcomes' infusions add up to the attributed infusions; people are distinct within the cell.
CREATE OR REPLACE TEMP TABLE leakage AS
SELECT
    month, payer, line_of_business, family, site_class, market,
    count(*) FILTER (outcome = 'kept') AS kept_infusions,
    count(DISTINCT person_no) FILTER (outcome = 'kept') AS kept_people,
    cents(coalesce(sum(allowed_cents) FILTER (outcome = 'kept'), 0)) AS kept_allowed_cents,
    count(*) FILTER (outcome = 'margin_leak') AS margin_leak_infusions,
    count(DISTINCT person_no) FILTER (outcome = 'margin_leak') AS margin_leak_people,
    cents(coalesce(sum(allowed_cents) FILTER (outcome = 'margin_leak'), 0)) AS margin_leak_allowed_cents,
    count(*) FILTER (outcome = 'partner') AS partner_infusions,
    count(DISTINCT person_no) FILTER (outcome = 'partner') AS partner_people,
    cents(coalesce(sum(allowed_cents) FILTER (outcome = 'partner'), 0)) AS partner_allowed_cents,
    count(*) FILTER (outcome = 'site_leak') AS site_leak_infusions,
    count(DISTINCT person_no) FILTER (outcome = 'site_leak') AS site_leak_people,
    cents(coalesce(sum(allowed_cents) FILTER (outcome = 'site_leak'), 0)) AS site_leak_allowed_cents,
    count(*) FILTER (outcome = 'unknown') AS unknown_infusions,
    count(DISTINCT person_no) FILTER (outcome = 'unknown') AS unknown_people,
    cents(coalesce(sum(allowed_cents) FILTER (outcome = 'unknown'), 0)) AS unknown_allowed_cents,
    bool_and(mature) AS mature
FROM fact_all
WHERE is_headline
GROUP BY month, payer, line_of_business, family, site_class, market
ORDER BY month, payer, line_of_business, family, site_class, market;

CREATE OR REPLACE TEMP TABLE arrivals AS
SELECT
    data_source, month, date_trunc('month', known_on)::DATE AS known_month, payer, line_of_business, family, market, outcome,
    count(*) AS infusions
FROM fact_all
WHERE is_headline
GROUP BY ALL;
