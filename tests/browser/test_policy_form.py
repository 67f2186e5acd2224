"""A policy from a payer's notice by hand: the words beside the form follow the typing, and a change shows what it changes."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_notice_becomes_a_policy_and_a_changed_grace_shows_beside_it(signed_in):
    page = signed_in("analyst")
    home = page.url
    page.goto(home + "policies/new/")
    page.get_by_label("Id", exact=True).fill("NOTICE-1")
    page.get_by_label("Payer", exact=True).fill("Ulmere Health")
    page.get_by_label("Kind", exact=True).select_option("Site of care")
    page.get_by_label("Title", exact=True).fill("Notice of 3 March")
    page.get_by_label("Insured", exact=True).check()
    search, found = page.get_by_label("Search the drug reference"), page.get_by_role("group", name="Drugs found")
    search.fill("entyvio")
    found.get_by_label("vedolizumab, the whole family").check()
    search.fill("remicade")
    found.get_by_label("infliximab, the whole family").check()
    expect(found.get_by_label("vedolizumab, the whole family")).to_be_checked()
    page.get_by_label("Hospital outpatient, on campus").check()
    page.get_by_label("Only people who start the drug").check()
    page.get_by_label("Doses of grace").fill("2")
    page.get_by_label("In force from").fill("2026-12-01")
    words = page.get_by_role("complementary", name="In plain words")
    expect(words.get_by_text("who start infliximab or vedolizumab on or after 1 December 2026 may have two doses")).to_be_visible()
    page.get_by_label("Status", exact=True).select_option("Announced")
    page.get_by_role("button", name="Save the policy").click()
    page.wait_for_url("**/policies/NOTICE-1/")
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Doses of grace").fill("")
    page.get_by_label("Days of grace").fill("45")
    expect(words.get_by_role("row", name="Grace two doses 45 days")).to_be_visible()
    page.get_by_label("Why it changes").fill("Their correction")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Version 2 of NOTICE-1 is saved.")).to_be_visible()
