"""Sentences in which a number is hidden stay sentences, on every page that tells leaders where patients go."""

import html
import re

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from demand.charts import gladly
from demand.charts.numbers import count, count_of, how_many
from demand.engine.disclosure import HIDDEN
from demand.selectors.two_sites import Clinic
from tests.demand.rehearsed_run import publish_rehearsal

PAGES = (
    "gladly",
    "safety",
    "dark",
    "white-bagging",
    "clinical-line",
    "who-is-next",
    "leakage",
    "moves",
    "therapy-risk",
    "leakage-time",
)


def test_a_noun_follows_of_and_nothing_else_does():
    assert (
        f"{count(HIDDEN)} people" == "a hidden number of people" and f"{how_many(HIDDEN)} were late" == "a hidden number were late"
    )
    assert count_of(HIDDEN, 361) == "a hidden number of 361" and count(1234) == how_many(1234) == "1,234"
    reading = gladly.needs((Clinic("All", HIDDEN, HIDDEN),)).reading
    assert reading[0].isupper() and "hidden number" not in reading


@pytest.mark.django_db
def test_no_page_says_a_number_of_nothing(own_storage, client):
    publish_rehearsal()
    user = User.objects.create_user("leader")
    user.groups.add(Group.objects.get(name="leader"))
    client.force_login(user)
    told = [html.unescape(client.get(reverse(f"demand:{page}")).content.decode()) for page in PAGES]
    sentences = [text for page in told for text in re.findall(r"<p[^>]*>(.*?)</p>", page, re.S)]
    assert any("hidden number" in text for text in sentences)
    after = [word for text in sentences for word in re.findall(r"a hidden number of (\S+)", text)]
    assert not {"and", "began", "were", "have", "must", "may", "more", "whose", "the", "go", "confirmed,", "probable.", "a"} & set(
        after
    ), after
    assert not any(re.match(r"\s*(hidden|a hidden)\b", text) for text in sentences)
