"""A number too long for any database is not found, on every address that has one."""

import re

import pytest
from django.urls import URLPattern, get_resolver

from sites.converters import whole_number
from tests.infusion_strategy.published import sign_in


def addresses(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        elif not route.startswith("admin/"):
            yield from addresses(pattern.url_patterns, route)


def test_no_address_takes_a_number_without_bound():
    assert not [route for route in addresses(get_resolver().url_patterns) if "<int:" in route]


@pytest.mark.django_db
def test_a_number_of_thirty_digits_is_not_found(client):
    sign_in(client, "analyst")
    numbered = [route for route in addresses(get_resolver().url_patterns) if re.fullmatch(r"[\w/.-]*<bigint:\w+>[\w/.-]*", route)]
    assert len(numbered) > 20
    for route in numbered:
        assert client.get("/" + re.sub("<bigint:.*?>", "9" * 30, route)).status_code == 404, route


def test_a_form_takes_no_number_that_an_address_would_not():
    assert [whole_number(text) for text in ("7", "", "-1", "²", "٣", "<x>", "9" * 18, "9" * 19, "9" * 4400)] == [
        7, None, None, None, None, None, 10**18 - 1, None, None,
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_query_of_thousands_of_digits_is_left_aside(client):
    sign_in(client, "analyst")
    for query in (
        "markets/where/?waived={}",
        "line/?GEO-place={}&asked=1",
        "leakage/treatments/?page={}",
        "who-is-next/people/?page={}",
    ):
        assert client.get("/" + query.format("9" * 4400)).status_code == 200, query
