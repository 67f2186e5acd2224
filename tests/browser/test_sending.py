"""Files sent in parts by the browser: a cut connection, a reload, two tabs, and what is refused before a byte is sent."""

import re

import pytest
from playwright.sync_api import expect

from tests.demand.test_uploads import HEADER

pytestmark = pytest.mark.browser
SECONDS = 1000
ROWS = 6_000


def visits(path, rows: int):
    """Office visits, which are in no figure; a wide column that nobody reads makes 10 KB of each."""
    row = path.stem + "{},1,p1,2025-01-05,2025-01-05,professional,99213,1,100.00,2025-02-01," + "x" * 9_950 + "\n"
    path.write_text(HEADER.replace("\n", ",remark\n") + "".join(map(row.format, range(rows))))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = visits(tmp_path_factory.mktemp("large") / "large.csv", ROWS)
    assert path.stat().st_size > 60_000_000
    return path


@pytest.fixture
def upload_page(signed_in):
    def open_page(page=None):
        page = page or signed_in("analyst")
        page.goto(re.sub(r"(https?://[^/]+/).*", r"\1extracts/upload/", page.url))
        return page

    return open_page


def choose(page, name, files):
    page.get_by_label("Name of the extract").fill(name)
    page.get_by_label("Medical claims").set_input_files(files)
    return page.get_by_role("button", name="Upload and load")


def cut_after(page, parts: int) -> list:
    """Let so many parts pass and cut the connection of every later one."""
    seen = []

    def route(route):
        seen.extend([route.request.url] if route.request.method == "PUT" else [])
        route.abort() if len(seen) > parts and route.request.method == "PUT" else route.continue_()

    page.route("**/extracts/upload/files/*/", route)
    return seen


@pytest.mark.thorough
def test_a_cut_upload_goes_on_after_a_reload_and_is_loaded_whole(upload_page, large, complaints):
    page = upload_page()
    page.on("dialog", lambda dialog: dialog.accept())  # the page asks before it is left
    cut_after(page, 3)
    choose(page, "Cut in the middle", large).click()
    said = page.locator("[data-upload-status]")
    expect(said).to_have_text(re.compile(r"The connection broke. Trying again in \d+ s"), timeout=30 * SECONDS)
    expect(page.locator("[data-upload-detail]")).to_contain_text("% sent: ")
    page.unroute("**/extracts/upload/files/*/")
    complaints.clear()  # Chromium notes the connections that were cut
    page.reload()
    expect(page.get_by_text("25.2 MB of 60")).to_be_visible()
    went_on = []
    page.on("request", lambda request: went_on.append(request.headers.get("upload-offset")) if request.method == "PUT" else None)
    choose(page, "Cut in the middle", large).click()
    page.wait_for_url(re.compile(r"/extracts/\d+/(\?sent)?$"), timeout=30 * SECONDS)
    assert went_on[0] == str(3 * 8_388_608)
    expect(page.locator(".equation")).to_have_text(
        re.compile(f"{ROWS:,}\\s*rows read.*{ROWS:,}\\s*accepted.*every row accounted for", re.DOTALL), timeout=60 * SECONDS
    )


@pytest.mark.thorough
def test_a_short_break_is_bridged_and_two_tabs_do_not_spoil_each_other(upload_page, tmp_path, complaints):
    first = upload_page()
    second = first.context.new_page()
    second.goto(first.url)
    file, broken = visits(tmp_path / "tabs.csv", 2_000), []

    def break_once(route):
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort()

    first.route("**/extracts/upload/files/*/", break_once)
    buttons = [choose(tab, "Twice", file) for tab in (first, second)]
    for button in buttons:
        button.click()
    over = re.compile(
        "Waiting for the worker|Loading|every row accounted for|no longer on the server|exists already|loaded already"
    )
    said = []
    for tab in (first, second):
        expect(tab.locator("main")).to_contain_text(over, timeout=60 * SECONDS)
        said.append(over.search(tab.locator("main").inner_text()).group())
    taken = [words for words in said if words[0].isupper() or words.startswith("every")]
    assert broken and len(taken) == 1, said
    complaints.clear()


@pytest.mark.thorough
def test_stopping_keeps_nothing(upload_page, large, complaints):
    page = upload_page()
    cut_after(page, 1)
    choose(page, "Stopped", large).click()
    expect(page.locator("[data-upload-status]")).to_contain_text("Trying again", timeout=30 * SECONDS)
    page.get_by_role("button", name="Stop and discard").click()
    expect(page.locator("[data-upload-status]")).to_contain_text("Nothing of these files is kept", timeout=40 * SECONDS)
    page.reload()
    expect(page.get_by_text("already here")).to_have_count(0)
    complaints.clear()


def test_what_is_too_much_is_said_before_it_is_sent(upload_page):
    page = upload_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.method != "GET" else None)
    page.evaluate(
        "() => { const rules = document.getElementById('upload-rules'); rules.textContent = rules.textContent.replace('20000000000', '9'); }"
    )
    button = choose(page, "Too much", {"name": "claims.csv", "mimeType": "text/csv", "buffer": b"0123456789"})
    sentence = "“claims.csv” has 10 bytes, and one file may have at most 20 GB: compress with gzip"
    expect(page.get_by_role("status").filter(has_text=sentence)).to_be_visible()
    button.click()
    expect(page.get_by_role("status").filter(has_text=sentence)).to_be_visible()
    assert not asked
