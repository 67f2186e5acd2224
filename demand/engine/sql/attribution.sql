-- Infusions -> whose they are and what became of them. Grain: one row per infusion, none added or lost.
-- in:  infusion, line, order_family, roster, ref_drug_families
-- out: attributed_infusion (infusion, and: ordering_npi, named_npi, attributed, attribution_rule, outcome, market)
-- kept + margin_leak + partner + site_leak + unknown = attributed infusions, always.

-- Who ordered it: the claim's ordering provider, else the matched fill's prescriber, else the last order of the drug on file;
-- else who rendered the drug.
CREATE OR REPLACE TEMP TABLE named_infusion AS
WITH order_on_file AS (
    SELECT infusion.infusion_id, arg_max(orders.ordering_npi, (orders.ordered_on, orders.order_id)) AS ordering_npi
    FROM infusion
    JOIN order_family AS orders ON orders.person_id = infusion.person_id AND orders.family = infusion.family
    WHERE infusion.line_ordering_npi IS NULL AND infusion.fill_prescriber_npi IS NULL AND orders.ordering_npi IS NOT NULL
        AND orders.ordered_on <= infusion.service_date
        AND orders.ordered_on >= infusion.service_date - getvariable('order_valid_days')
    GROUP BY infusion.infusion_id
)
SELECT
    infusion.*,
    coalesce(infusion.line_ordering_npi, infusion.fill_prescriber_npi, order_on_file.ordering_npi) AS ordering_npi,
    coalesce(
        infusion.line_ordering_npi, infusion.fill_prescriber_npi, order_on_file.ordering_npi, infusion.line_rendering_npi
    ) AS named_npi
FROM infusion
LEFT JOIN order_on_file USING (infusion_id);

-- Only where nobody is named: where the person's last months of infusions and specialist visits mostly were.
CREATE OR REPLACE TEMP TABLE majority AS
WITH nameless AS (
    SELECT
        infusion_id, person_id, family, service_date,
        (service_date - to_months(getvariable('majority_months')))::DATE AS since
    FROM named_infusion
    WHERE named_npi IS NULL
), visit AS (
    SELECT DISTINCT line.person_id, line.service_date, roster.npi, roster.specialty,
        line.service_date >= roster.starts_on AND line.service_date < roster.ends_on AS is_inside
    FROM line
    JOIN roster ON roster.npi = coalesce(line.rendering_npi, line.billing_npi)
    WHERE list_contains(getvariable('office_visit_codes'), line.hcpcs_code)
        AND line.person_id IN (SELECT person_id FROM nameless)
), seen AS (
    SELECT nameless.infusion_id, earlier.ownership = 'owned' AS is_inside
    FROM nameless
    JOIN infusion AS earlier
        ON earlier.person_id = nameless.person_id
        AND earlier.service_date >= nameless.since AND earlier.service_date < nameless.service_date
    UNION ALL
    SELECT nameless.infusion_id, visit.is_inside
    FROM nameless
    JOIN visit
        ON visit.person_id = nameless.person_id
        AND visit.service_date >= nameless.since AND visit.service_date < nameless.service_date
    JOIN ref_drug_families AS family ON family.family = nameless.family
        AND list_contains(string_split(lower(family.specialties), ';'), lower(visit.specialty))
)
SELECT infusion_id
FROM seen
GROUP BY infusion_id
HAVING 2 * count(*) FILTER (is_inside) > count(*);

-- Days from an order on file to the first infusion that followed it.
CREATE OR REPLACE TEMP TABLE waited AS
WITH followed AS (
    SELECT placed.order_id, placed.ordered_on, arg_min(infusion.infusion_id, infusion.infusion_id) AS infusion_id
    FROM order_family AS placed
    JOIN infusion
        ON infusion.person_id = placed.person_id AND infusion.family = placed.family
        AND infusion.service_date >= placed.ordered_on
        AND infusion.service_date <= placed.ordered_on + getvariable('access_order_days')
    GROUP BY placed.order_id, placed.ordered_on
)
SELECT infusion_id, max(infusion.service_date - followed.ordered_on) AS waits
FROM followed
JOIN infusion USING (infusion_id)
GROUP BY infusion_id;

-- When claims first told of it: its first payment. NULL where no line says when it was paid.
CREATE OR REPLACE TEMP TABLE first_payment AS
SELECT line_place.infusion_id, min(line.paid_date) AS known_on
FROM line_place
JOIN line USING (line_no)
WHERE line_place.infusion_id IS NOT NULL
GROUP BY line_place.infusion_id;

CREATE OR REPLACE TEMP TABLE on_roster AS
SELECT named.infusion_id, min(roster.market) AS market
FROM named_infusion AS named
JOIN roster
    ON roster.npi = named.named_npi AND named.service_date >= roster.starts_on AND named.service_date < roster.ends_on
GROUP BY named.infusion_id;

CREATE OR REPLACE TEMP TABLE attributed_infusion AS
WITH ruled AS (
    SELECT
        named.*,
        waited.waits, first_payment.known_on,
        coalesce(named.site_market, on_roster.market, 'unknown') AS market,
        CASE
            WHEN on_roster.infusion_id IS NOT NULL AND named.ordering_npi IS NOT NULL THEN 'ordering_npi'
            WHEN on_roster.infusion_id IS NOT NULL THEN 'rendering_npi'
            WHEN majority.infusion_id IS NOT NULL THEN 'majority'
        END AS attribution_rule
    FROM named_infusion AS named
    LEFT JOIN on_roster USING (infusion_id)
    LEFT JOIN majority USING (infusion_id)
    LEFT JOIN waited USING (infusion_id)
    LEFT JOIN first_payment USING (infusion_id)
)
SELECT
    *,
    attribution_rule IS NOT NULL AS attributed,
    CASE
        WHEN attribution_rule IS NULL THEN NULL
        WHEN ownership = 'other' THEN 'site_leak'
        WHEN ownership = 'partner' THEN 'partner'
        WHEN ownership <> 'owned' THEN 'unknown'
        WHEN channel IN ('buy_and_bill', 'clear_bag', 'home_per_diem') THEN 'kept'
        WHEN channel = 'white_bag' THEN 'margin_leak'
        ELSE 'unknown'
    END AS outcome
FROM ruled;
