"""Journeys in Debian's Chromium: a page reaches this machine only, and any console error fails the test."""

import os
import re
from urllib.parse import urlsplit

import pytest

from tests.infusion_strategy.demos import Demo
from tests.services import Processes, or_skip, program, wait_until

# live_server and Playwright's event loop share a thread; Django's guard against that is for production code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

FLAGS = """--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync --disable-default-apps""".split()
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium():
    """One running Chromium."""
    with or_skip():
        binary = program("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """What a page complained of; a test that breaks something on purpose clears it."""
    return []


@pytest.fixture
def new_page(chromium, complaints):
    """new_page(viewport=PHONE, color_scheme="dark") -> a page; console errors and foreign requests fail the test."""
    contexts = []

    def local_only(route):
        address = urlsplit(route.request.url)
        if address.scheme in {"data", "blob"} or address.hostname in {"localhost", "127.0.0.1"}:
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            route.abort()

    def heard(message):
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def open_page(viewport=DESKTOP, **options):
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        context.route("**/*", local_only)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.set_default_timeout(30_000)
        page.set_default_navigation_timeout(60_000)  # the first page of a process imports everything
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture(scope="session")
def demo(chromium, tmp_path_factory, environment_for):
    """The README's first command with a small rehearsal system, its example scenario computed; `demo.url`, `demo.password`."""
    folder = tmp_path_factory.mktemp("demo")
    processes = Processes(folder, environment_for(DATA_DIR=str(folder / "data")))
    try:
        running = Demo(processes, "--people", "600", "--months", "15").wait_ready()
        running.url = f"http://127.0.0.1:{running.port}"
        running.password = re.search(r"demo-\w+", running.said()).group()
        example = "SELECT count(*) FROM demand_run WHERE kind = 'scenario' AND status = 'finished'"
        wait_until(lambda: running.value(example), 120, "the example scenario is computed")
        yield running
        running.interrupt()
    finally:
        processes.stop_all()


@pytest.fixture(scope="session")
def sessions():
    """Role -> what its browser keeps of signing in."""
    return {}


@pytest.fixture
def signed_in(new_page, demo, sessions):
    """signed_in("leader", viewport=PHONE) -> the home page as that role. A role signs in once: its password's hash takes its time."""

    def sign_in(role, **options):
        if role in sessions:
            page = new_page(**options, storage_state=sessions[role])
            page.goto(f"{demo.url}/")
        else:
            page = new_page(**options)
            page.goto(demo.url)
            page.get_by_label("Name").fill(role)
            page.get_by_label("Password").fill(demo.password)
            page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".kpis")
        sessions.setdefault(role, page.context.storage_state())
        return page

    return sign_in
