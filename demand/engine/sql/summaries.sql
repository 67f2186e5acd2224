-- Facts and episodes -> the figures at the top of the pages. Grain: one row.
-- in:  fact_all, episode_all     out: headline_row
-- Leakage rests on named prescribers; people attributed by majority only are counted apart. Shares are made of these counts in Python.
CREATE OR REPLACE TEMP TABLE headline_row AS
SELECT
    count(*) AS infusions,
    count(DISTINCT person_no) AS people,
    count(*) FILTER (is_headline) AS attributed_infusions,
    count(DISTINCT person_no) FILTER (is_headline) AS attributed_people,
    count(*) FILTER (attribution_rule = 'majority') AS majority_infusions,
    count(*) FILTER (attribution_rule IS NULL) AS unattributed_infusions,
    count(*) FILTER (is_headline AND outcome = 'kept') AS kept,
    count(*) FILTER (is_headline AND outcome = 'margin_leak') AS margin_leak,
    count(*) FILTER (is_headline AND outcome = 'partner') AS partner,
    count(*) FILTER (is_headline AND outcome = 'site_leak') AS site_leak,
    count(*) FILTER (is_headline AND outcome = 'unknown') AS unknown,
    count(*) FILTER (is_headline AND mature AND outcome = 'kept') AS mature_kept,
    count(*) FILTER (is_headline AND mature AND outcome = 'margin_leak') AS mature_margin_leak,
    count(*) FILTER (is_headline AND mature AND outcome = 'site_leak') AS mature_site_leak,
    count(*) FILTER (is_headline AND mature AND outcome = 'unknown') AS mature_unknown,
    count(*) FILTER (is_headline AND mature) AS mature_attributed,
    cents(coalesce(sum(allowed_cents) FILTER (is_headline AND outcome = 'site_leak'), 0)) AS left_allowed_cents,
    cents(coalesce(sum(allowed_cents) FILTER (is_headline), 0)) AS attributed_allowed_cents,
    count(*) FILTER (is_headline AND outcome = 'site_leak' AND allowed_cents IS NULL) AS left_without_allowed,
    cents(coalesce(sum(allowed_cents), 0)) AS allowed_cents,
    count(*) FILTER (site_class = 'unknown') AS unknown_site_class,
    count(*) FILTER (channel = 'unknown') AS unknown_channel,
    count(*) FILTER (channel = 'white_bag') AS white_bag,
    count(*) FILTER (channel = 'white_bag' AND channel_confidence = 'confirmed') AS white_bag_confirmed,
    count(*) FILTER (family = 'unknown') AS unknown_family
FROM fact_all;

CREATE OR REPLACE TEMP TABLE episode_row AS
SELECT outcome, count(*) AS episodes, count(*) FILTER (dark) AS dark, count(*) FILTER (NOT fixed90) AS other_under_fixed90
FROM episode_all
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi')
GROUP BY outcome;
