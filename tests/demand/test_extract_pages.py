"""The list of extracts, whatever state each is in: a refused one has no counts, one of medical claims alone no others."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from demand.engine.outcomes import SQL_FOLDER
from demand.models import Extract
from demand.selectors.accounts import FLAGS


@pytest.fixture
def as_council(client, db):
    user = get_user_model().objects.create_user("council")
    user.user_permissions.add(Permission.objects.get(codename="view_extracts"))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("status", "counts", "medical", "pharmacy"),
    [
        ("refused", {}, "–", "–"),
        ("queued", {}, "–", "–"),
        ("loaded", {"medical": {"rows_read": 6067}, "pharmacy": {"rows_read": 0}}, "6,067", "0"),
        ("loaded", {"medical": {"rows_read": 6067}}, "6,067", "–"),
    ],
)
def test_the_list_opens(as_council, status, counts, medical, pharmacy):
    Extract.objects.create(name="Payer A", status=status, counts=counts)
    page = as_council.get("/extracts/").content.decode()
    cells = [cell.split("<")[0] for cell in page.split('<td class="num">')[1:]]
    assert cells == [medical, pharmacy, "–"]


def test_every_warning_of_intake_is_explained():
    raised = set()
    for source in [*SQL_FOLDER.glob("candidate_*.sql"), SQL_FOLDER.parent / "flags.py", SQL_FOLDER.parent / "lines.py"]:
        raised |= set(re.findall(r"(?:THEN |flags\[|^\s+)['\"]([A-Z]+_[A-Z_]+)['\"]", source.read_text(), re.MULTILINE))
    assert len(raised) > 15
    assert raised <= FLAGS.keys()
