"""A new market from nothing: sites, a competitor, a limit, who is out of reach, where to open, and a decision; by keyboard, and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
MARKET = "Harbor"
CENTER = "Infusion center"
SITES = (
    ("Harbor Hospital", "Hospital outpatient, on campus", "Ours", "Our System", "37040"),
    ("Harbor Center", CENTER, "Ours", "Our System", "37043"),
    ("Harbor Kidney Clinic", "Physician office", "Partner", "Kidney Group", "42240"),
    ("Rival Harbor", CENTER, "Other", "Rival", "37042"),
)


class Keyboard:
    """Fields and buttons are reached with Tab and used by typing."""

    def __init__(self, page):
        self.page = page

    def to(self, element):
        for _ in range(150):
            if element.evaluate("one => one === document.activeElement"):
                return element
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {element}")

    def type(self, label: str, text: str) -> None:
        """Into a field; in a select the first letters choose."""
        self.to(self.page.get_by_label(re.compile(rf"^{label}( \(may stay blank\))?$")))
        self.page.keyboard.type(text)

    def press(self, role: str, name: str, key: str = "Enter") -> None:
        self.to(self.page.get_by_role(role, name=name).first)
        self.page.keyboard.press(key)


def undecided(page) -> tuple[int, ...]:
    return tuple(map(int, re.search(r"(\d+) of (\d+) choices", page.locator("#undecided").inner_text()).groups()))


def test_a_new_market_is_set_up_searched_and_decided(signed_in, demo, complaints):
    page = signed_in("analyst")
    keys, before = Keyboard(page), undecided(page)
    for name, site_class, whose, owner, zip_code in SITES:
        page.goto(f"{demo.url}/sites/")
        keys.press("link", "Add a site")
        for label, text in (
            ("Name", name), ("Class of site", site_class), ("Whose", whose), ("Owner", owner), ("Market", MARKET),
            ("ZIP code", zip_code), ("Chairs", "6"), ("Open hours a week", "50"),
        ):  # fmt: skip
            keys.type(label, text)
        keys.press("button", "Save")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_text("no provider number, so no claim can be matched")).to_be_visible()
    page.goto(f"{demo.url}/markets/watch/")
    keys.press("link", "Add a limiting partnership")
    keys.type("With whom", "Kidney Group")
    keys.press("checkbox", "Community-based center", "Space")
    keys.press("checkbox", MARKET, "Space")
    keys.type("Who may waive it", "The board")
    keys.press("button", "Save")
    expect(page.locator("#partnerships")).to_contain_text("The board")

    phone = signed_in("analyst", viewport=PHONE)
    assert undecided(phone) == (before[0] + 4, before[1] + 4)
    phone.goto(f"{demo.url}/markets/map/")
    expect(phone.locator("#figure-people-map")).to_contain_text("do not have it in reach")
    expect(phone.locator("#figure-map-sites")).to_contain_text("Rival Harbor")
    phone.goto(f"{demo.url}/markets/where/")
    expect(phone.locator("#figures")).to_contain_text("It may be waived by The board.")
    found = phone.locator("#figure-answer")
    expect(found).to_contain_text("The best 2")
    expect(found).to_contain_text("No other choice adds more.")
    assert "Harbor Hospital" not in found.inner_text()  # the limit bars it as an infusion center
    assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    council = signed_in("council")
    keys = Keyboard(council)
    keys.press("link", "See and decide")
    keys.press("link", f"Decide on Home infusion in {MARKET}")
    keys.type("Decision", "No")
    keys.press("button", "Record for good")
    expect(council.get_by_text("A no needs a reason.", exact=True)).to_be_visible()
    complaints.clear()  # the browser complains of an answer that refuses
    keys.type("Next review", "01152099")
    keys.type("Reason", "No nurse lives within reach.")
    keys.type("Who answers for it", "M. Ode")
    keys.press("button", "Record for good")
    expect(council.get_by_text(f"Recorded: Home infusion in {MARKET}: No.")).to_be_visible()
    council.goto(f"{demo.url}/")
    assert undecided(council) == (before[0] + 3, before[1] + 4)
