"""What people do in a browser, on the demo as the README starts it: look, filter, load, ask what if, by mouse and by keyboard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
CLAIMS = Path(__file__).parents[3] / "shared" / "data" / "claims"
EVERYBODY = [
    "Strategy brief",
    "Leakage",
    "Patients",
    "Payers",
    "Therapies",
    "Prices",
    "Sites",
    "Markets",
    "Scenarios",
    "Data",
    "Definitions",
]
SECONDS = 1000


@pytest.mark.parametrize(
    ("role", "more"),
    [("leader", []), ("council", []), ("analyst", []), ("administrator", ["Audit", "Admin"])],
)
def test_every_role_lands_on_the_brief_and_sees_its_pages(signed_in, role, more):
    page = signed_in(role)
    expect(page.get_by_role("heading", level=1)).to_have_text("Where our infusions go")
    assert set(page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()) == {*EVERYBODY, *more}
    expect(page.locator("#invented")).to_contain_text("invented", ignore_case=True)
    expect(page.locator("#kpi-leakage .value")).to_have_text(re.compile(r"^\d+\.\d%$"))
    expect(page.locator("#figure-destinations svg .sankey")).to_be_visible()


def test_a_filter_lives_in_the_address(signed_in):
    page = signed_in("analyst")
    before = page.locator(".brief").inner_text()
    market = page.get_by_label("Market").locator("option").nth(1).get_attribute("value")
    page.get_by_label("Market").select_option(market)
    expect(page.locator("#figures")).to_contain_text(f"Market: {market}")
    assert f"market={market}" in page.url
    filtered = page.locator(".brief").inner_text()
    assert filtered != before
    page.reload()
    assert page.locator(".brief").inner_text() == filtered and page.get_by_label("Market").input_value() == market
    page.go_back()
    expect(page.locator(".brief")).to_have_text(before)


def test_a_filter_chosen_before_the_scripts_are_here_is_asked_for(signed_in):
    page = signed_in("analyst")
    chosen = page.get_by_label("Market").locator("option").nth(1).get_attribute("value")
    page.context.route("**/htmx*.js", lambda route: (page.get_by_label("Market").select_option(chosen), route.continue_()))
    page.reload()
    expect(page.locator("#figures")).to_contain_text(f"Market: {chosen}")
    assert f"market={chosen}" in page.url


@pytest.mark.skipif(not CLAIMS.exists(), reason="the shared claims files are not here")
def test_the_tuva_files_from_upload_to_brief(signed_in):
    page = signed_in("analyst")
    page.get_by_role("link", name="Load your own claims").click()
    page.get_by_label("Name of the extract").fill("Tuva, all files")
    page.get_by_label("Medical claims").set_input_files(
        [CLAIMS / "tuva_medical_claim.csv", CLAIMS / "tuva_medical_claim_upper.csv"]
    )
    page.get_by_label("Pharmacy claims").set_input_files(CLAIMS / "tuva_pharmacy_claim.csv")
    page.get_by_label("Eligibility").set_input_files(CLAIMS / "tuva_eligibility.csv")
    page.get_by_role("button", name="Upload and load").click()
    page.wait_for_url(re.compile(r"/extracts/\d+/(\?sent)?$"))
    expect(page.locator(".equation")).to_have_count(3, timeout=60 * SECONDS)
    for kind, rows in (("Medical claims", 12_142), ("Pharmacy claims", 12_019), ("Eligibility", 2_309)):
        section = page.get_by_role("region", name=kind, exact=True)
        read, *parts = (int(term.replace(",", "")) for term in section.locator(".term strong").all_inner_texts())
        assert read == rows == sum(parts)
    expect(page.get_by_role("link", name="Download all of them (CSV)")).to_be_visible()
    assert not page.locator("#account").get_by_text("rows are missing").count()
    page.get_by_role("link", name="Data").first.click()
    expect(page.get_by_role("row", name=re.compile("Tuva, all files Loaded 4 12,142 12,019 2,309"))).to_be_visible()
    page.goto(page.url.replace("extracts/", ""))
    expect(page.locator("#data-state")).to_contain_text("New figures are ready", timeout=90 * SECONDS)
    page.get_by_role("link", name="Show them").click()
    expect(page.locator("#invented")).to_contain_text("“Tuva, all files”")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n", "claims.csv is a PDF document"),
        (b"person_id,enrollment_start_date\n1,2024-01-01\n", "claims.csv looks like a file of eligibility, not of medical claims"),
    ],
)
def test_a_wrong_file_is_refused_in_words_and_the_list_stays_open(signed_in, content, said):
    page = signed_in("analyst")
    page.goto(f"{page.url}extracts/upload/")
    page.get_by_label("Name of the extract").fill("Not claims")
    page.get_by_label("Medical claims").set_input_files({"name": "claims.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload and load").click()
    expect(page.locator("#account")).to_contain_text("Nothing of this extract was loaded", timeout=60 * SECONDS)
    expect(page.locator("#account")).to_contain_text(said)
    page.get_by_role("link", name="Data").first.click()
    expect(page.get_by_role("row", name=re.compile("Not claims Refused")).first).to_be_visible()


def test_a_file_without_a_needed_column_waits_for_a_mapping(signed_in):
    page = signed_in("analyst")
    page.goto(f"{page.url}extracts/upload/")
    page.get_by_label("Name of the extract").fill("Lacks a column")
    content = b"person_id,claim_start_date,hcpcs_code\n1,2024-01-01,J1745\n"
    page.get_by_label("Medical claims").set_input_files({"name": "claims.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload and load").click()
    expect(page.get_by_role("heading", name="What do these columns mean?")).to_be_visible(timeout=60 * SECONDS)
    expect(page.get_by_text("claims.csv lacks the columns claim_id, claim_line_number")).to_be_visible()
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_role("heading", name="Nothing is loaded yet: say what the columns mean")).to_be_visible()


def test_a_scenario_is_changed_and_compared(signed_in):
    page = signed_in("council")
    page.goto(f"{page.url}scenarios/")
    page.get_by_role("link", name="Example").click()
    before = page.locator("main .brief").inner_text()
    page.get_by_role("link", name="Change inputs").click()
    chairs = page.get_by_label("Chairs", exact=False).first
    chairs.fill(str(int(chairs.input_value()) + 3))
    page.get_by_role("button", name=re.compile("Save")).click()
    page.wait_for_url("**/scenarios/*/")
    expect(page.get_by_role("region", name="Changed results")).to_be_visible(timeout=30 * SECONDS)
    expect(page.get_by_role("region", name="Changed inputs")).to_contain_text("Chairs")
    assert page.locator("main .brief").inner_text() != before
    scenario = re.search(r"scenarios/(\d+)/", page.url)[1]
    page.goto(re.sub(r"scenarios/.*", f"scenarios/compare/?a={scenario}.1&b={scenario}.2&differences=on", page.url))
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 1 and version 2")
    expect(page.get_by_role("row", name=re.compile("Do nothing Net present value"))).to_be_visible()


def test_with_the_keyboard_alone(new_page, demo):
    page = new_page()
    page.goto(demo.url)
    page.keyboard.type("council")
    page.keyboard.press("Tab")
    page.keyboard.type(demo.password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".kpis")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{demo.url}/scenarios/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Example"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/scenarios/*/")


def test_names_on_a_phones_flow_do_not_overlap(signed_in):
    page = signed_in("analyst", viewport=PHONE)  # nothing is hidden: more owners, more names
    page.wait_for_selector("#figure-destinations .node-label")
    boxes = page.locator("#figure-destinations .node-label").evaluate_all(
        "labels => labels.map(label => label.getBoundingClientRect().toJSON())"
    )
    frame = page.locator("#figure-destinations .chart").bounding_box()
    assert len(boxes) > 4
    for number, one in enumerate(boxes):
        assert frame["x"] <= one["left"] and one["right"] <= frame["x"] + frame["width"]
        for other in boxes[:number]:
            apart = (
                one["right"] <= other["left"]
                or other["right"] <= one["left"]
                or one["bottom"] <= other["top"] + 3
                or other["bottom"] <= one["top"] + 3
            )
            assert apart, (one, other)
