"""Every page in light and dark, wide and on a phone: no serious finding of axe, nothing wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser
PAGES = {
    "leader": [
        *("", "scenarios/", "scenarios/1/", "runs/", "sites/", "prescribers/", "policies/", "drugs/", "definitions/"),
        *(
            "markets/map/",
            "markets/choices/",
            "markets/choices/cell/?market=metro&type=home",
            "markets/capacity/",
            "markets/readiness/",
            "markets/watch/",
        ),
        *("leakage/", "leakage/moves/", "leakage/therapies/", "leakage/time/", "dark/"),
        *("white-bagging/", "safety/", "gladly/"),
        *("line/", "line/versions/", "line/drugs/"),
        *("exposure/", "outlook/", "therapies/", "contradictions/", "response/", "prices/", "logs/"),
        *("who-is-next/", "who-is-next/model/", "policy-effect/"),
        *("definitions/leakage-rate/", "scenarios/1/uncertainty/", "scenarios/1/sliders/", "scenarios/1/stress/"),
        *("scenarios/1/options/", "scenarios/side-by-side/?s=1"),
    ],
    "council": ["markets/choices/record/?market=metro&type=home", "markets/lists/item/new/", "markets/lists/partnership/new/"],
    "analyst": [
        *(
            "extracts/",
            "extracts/1/",
            "extracts/upload/",
            "scenarios/new/",
            "scenarios/renew/",
            "scenarios/1/edit/",
            "scenarios/1/uncertainty/spreads/",
            "runs/1/",
            "drugs/infliximab/",
        ),
        *("policies/new/", "policies/ANC-SOC-1/edit/", "policies/ANC-SOC-1/history/", "policies/upload/", "policies/library/"),
        *("policies/library/LIB-HIGHMARK-SOC-2024/", "payers/", "payers/1/", "payers/1/edit/", "payers/laws/"),
        *("policies/ANC-SOC-1/", "figures/3/leakage-rate/", "figures/3/leakage-rate/infusions/", "lines/"),
        *(
            "sites/1/",
            "sites/1/edit/",
            "sites/1/340b/",
            "sites/2/merge/1/",
            "sites/duplicates/",
            "sites/unregistered/",
            "sites/competitors/",
        ),
        *("sites/upload/", "sites/changes/", "sites/changes/1/", "?site=LM-UNIV"),
        *("extracts/feeds/", "extracts/feeds/new/", "mappings/", "quality/", "extracts/1/quality/", "extracts/1/correct/"),
        *("markets/map/", "markets/fit/", "markets/where/", "exposure/people/", "payers/1/brief/", "prices/indifference/"),
        *("leakage/treatments/", "leakage/prescribers/", "dark/treatments/"),
        *("line/people/?verdict=must_stay", "logs/clinical_facts/"),
        *("therapies/ulmere-health/infliximab/", "prices/rates/", "prices/gaps/", "response/ULM-SOC-1/"),
    ],
    "administrator": ["audit/"],
}
LONG = ("leader", "analyst")  # most of a minute each
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.mark.parametrize("role", [pytest.param(role, marks=pytest.mark.thorough if role in LONG else ()) for role in PAGES])
@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(PHONE, "dark", id="phone and dark"),
        pytest.param(DESKTOP, "light", id="wide and light", marks=pytest.mark.thorough),
    ],
)
def test_no_page_has_a_serious_finding(signed_in, role, viewport, scheme):
    page = signed_in(role, viewport=viewport, color_scheme=scheme)
    home, found = page.url, []
    for path in PAGES[role]:
        page.goto(home + path)
        results = Axe().run(page, options=RULES).response["violations"]
        found += [
            f"/{path} {finding['id']}: {node['target']} {node['failureSummary'][:300]}"
            for finding in results
            if finding["impact"] in ("serious", "critical")
            for node in finding["nodes"][:3]
        ]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            found.append(f"/{path} is {width} px wide on a screen of {viewport['width']}")
    assert not found, "\n".join(found)


def test_the_sign_in_page(new_page, demo):
    page = new_page(viewport=PHONE)
    page.goto(demo.url)
    assert not [
        finding for finding in Axe().run(page, options=RULES).response["violations"] if finding["impact"] in ("serious", "critical")
    ]
