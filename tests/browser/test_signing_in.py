"""Signing in, in a real browser: at desktop and phone width, in light and dark, accessible, without a request to elsewhere."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("viewport", "color_scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop, light", "phone, dark"])
def test_a_leader_signs_in_and_out(live_server, new_page, viewport, color_scheme):
    User.objects.create_user("lee", password="a-long-enough-secret").groups.add(Group.objects.get(name="leader"))
    page = new_page(viewport=viewport, color_scheme=color_scheme)
    page.goto(live_server.url)
    assert page.url.startswith(f"{live_server.url}/sign-in/")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.get_by_label("Name").fill("lee")
    page.get_by_label("Password").fill("a-long-enough-secret")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Where our infusions go").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    if viewport is PHONE:
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{live_server.url}/sign-in/**")
