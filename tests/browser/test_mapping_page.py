"""A layout nobody knows: from the upload over the mapping page and the dry run to a loaded extract, in light and dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessible import RULES
from tests.demand.builders import SHARED

SECONDS = 1000
SAMPLE = SHARED / "data/claims/infusion_sample_claims.csv"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not SAMPLE.exists(), reason="the sample claims are not here")]


def is_accessible(page, width: int) -> None:
    found = [one for one in Axe().run(page, options=RULES).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not found, found
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_sample_layout_in_a_few_minutes(signed_in):
    page = signed_in("analyst", viewport=PHONE, color_scheme="dark")
    home = page.url
    page.goto(home + "extracts/upload/")
    page.get_by_label("Name of the extract").fill("Sample layout")
    page.get_by_label("Medical claims").set_input_files(SAMPLE)
    page.get_by_role("button", name="Upload and check first").click()
    page.wait_for_url("**/mapping/*/", timeout=30 * SECONDS)
    expect(page.get_by_text("All 400 lines of the sample pass the row rules.")).to_be_visible()
    is_accessible(page, PHONE["width"])
    # Taking a needed column away is said at once; giving it back by keyboard mends it.
    source = page.get_by_label("claim_id", exact=True)
    source.select_option("(nothing)")
    expect(page.get_by_text("Say where claim_id comes from")).to_be_visible()
    page.get_by_label("claim_id", exact=True).focus()
    page.keyboard.type("ClaimN")
    expect(page.get_by_text("Say where claim_id comes from")).to_have_count(0)
    page.get_by_role("button", name="Save and check the whole file").click()
    expect(page.get_by_role("heading", name="Checked, not loaded yet")).to_be_visible(timeout=30 * SECONDS)
    expect(page.locator(".equation")).to_have_text(re.compile(r"1,200\s*rows read.*1,180\s*accepted.*20\s*rejected", re.DOTALL))
    expect(page.get_by_role("heading", name="What it can answer")).to_be_visible()
    is_accessible(page, PHONE["width"])
    page.get_by_role("button", name="Load it").click()
    expect(page.get_by_text("“Sample layout” is loaded.")).to_be_visible()
    # The workbook of the same header is read through the saved mapping without a question.
    page.goto(home + "extracts/upload/")
    page.get_by_label("Name of the extract").fill("Sample workbook")
    page.get_by_label("Medical claims").set_input_files(SAMPLE.with_suffix(".xlsx"))
    page.get_by_role("button", name="Upload and load").click()
    expect(page.get_by_text("Read through the mapping “Sample layout, medical claims”, version 1.")).to_be_visible(
        timeout=30 * SECONDS
    )
