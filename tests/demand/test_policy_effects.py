"""What a site policy did, beside what the groups did before it (definitions.md, section 4)."""

import datetime as dt

import pandas as pd
import pytest
from django.utils import timezone

from demand.charts.policy_effects import reading
from demand.engine import stage
from demand.engine.disclosure import HIDDEN
from demand.engine.policy_effects import policy_effects
from demand.models import Run
from demand.selectors.policy_effects import effects_of_policies
from payers.engine.policies import checked_document, flat_rows
from tests.demand import flow
from tests.infusion_strategy.published import sign_in


def row(policy_id="P", window_no=0, complete=True, bound=100, bound_moved=40, comparable=200, comparable_moved=20) -> tuple:
    day = dt.date(2025, 6, 1) + dt.timedelta(90 * window_no)
    return (policy_id, window_no, day, complete, bound, bound_moved, comparable, comparable_moved, ["Beta"], ["neurology"], ["Q"])


BEFORE = [row(window_no=-2, bound_moved=12), row(window_no=-1, bound_moved=18)]


def test_the_difference_before_the_policy_is_taken_off():
    (found,) = policy_effects([*BEFORE, row()])
    assert found["difference"] == pytest.approx(0.40 - 0.10)
    assert found["change"] == pytest.approx(0.30 - (0.02 + 0.08) / 2)
    assert found["change_low"] < found["change"] < found["change_high"]
    assert [one["difference"] for one in found["before"]] == pytest.approx([0.02, 0.08])


def test_groups_alike_in_all_windows_show_no_change():
    (found,) = policy_effects([row(window_no=number, bound_moved=10) for number in (-2, -1, 0)])
    assert found["change"] == pytest.approx(0) and found["change_low"] < 0 < found["change_high"]


@pytest.mark.parametrize(
    ("fields", "verdict"), [({"bound": 19, "bound_moved": 9}, "too few"), ({"complete": False}, "incomplete"), ({}, "told")]
)
def test_few_people_and_incomplete_claims_are_said(fields, verdict):
    assert [one["verdict"] for one in policy_effects([row(**fields)])] == [verdict]


def test_nobody_on_the_policys_date_is_no_effect():
    assert policy_effects(BEFORE) == []


def test_windows_tell_who_was_bound_and_who_moved():
    """Two people of the policy's payer, of whom one goes to a clinic, and one of another payer; given every four weeks."""
    lines = []
    for person, payer, moved_on in (("p1", "Acme", dt.date(2025, 6, 10)), ("p2", "Acme", None), ("p3", "Beta", None)):
        for number, day in enumerate(dt.date(2025, 1, 6) + dt.timedelta(28 * dose) for dose in range(9)):
            fields = {"person_id": person, "payer": payer, "service_date": day, "claim_id": f"{person}-{number}"}
            lines.append(flow.line(**fields, billing_npi=flow.CLINIC) if moved_on and day >= moved_on else flow.facility(**fields))
    said = {
        "id": "P", "payer": "Acme", "kind": "site_of_care", "status": "in_force", "effective_from": "2025-06-01",
        "source": {"title": "P"}, "drugs": {"hcpcs": ["J1745"]}, "excluded_site_classes": ["hopd_on_campus"],
    }  # fmt: skip
    told = flow.to_episodes(lines, policies=pd.DataFrame(flat_rows(checked_document(said)), dtype=object))
    told.connection.execute("CREATE OR REPLACE TEMP VIEW fact_all AS FROM fact")
    stage.run(told.connection, "policy_effects")
    counted = "SELECT window_no, bound, bound_moved, comparable, comparable_moved, comparators FROM policy_people"
    assert [tuple(one.values()) for one in told.rows(counted)] == [
        (0, 2, 1, 1, 0, ["Beta"])
    ]  # claims begin too late for one before
    told.connection.execute("SET VARIABLE policy_effect_days = 45")
    stage.run(told.connection, "policy_effects")
    told.connection.execute("SET VARIABLE policy_effect_days = 90")
    assert [tuple(one.values())[:3] for one in told.rows(counted)] == [(-2, 2, 0), (-1, 2, 0), (0, 2, 1)]


def published(*rows: tuple) -> Run:
    now = timezone.now()
    return Run.objects.create(
        kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now, inputs={"extracts": []},
        result={"policy_effects": policy_effects(rows)},
    )  # fmt: skip


@pytest.mark.django_db
def test_a_difference_that_rests_on_a_small_count_is_hidden():
    run = published(row(window_no=-1, bound_moved=4), row())
    (found,) = effects_of_policies(run, see_small=False)
    assert found.before[0].bound_moved is HIDDEN and found.before[0].difference is HIDDEN
    assert found.before[0].comparable_moved == 20
    assert found.effect.difference == pytest.approx(0.3) and found.change is HIDDEN
    (told,) = effects_of_policies(run, see_small=True)
    assert told.change == pytest.approx(0.3 + 0.06)


@pytest.mark.django_db
def test_the_sentence_claims_no_cause_and_names_chance():
    (found,) = effects_of_policies(published(row(bound_moved=12)), see_small=True)
    assert "Not a cause by itself" in reading(found) and "chance alone may have made it" in reading(found)
    assert "No claims from before the policy" in reading(found)


@pytest.mark.django_db
def test_the_page_draws_the_windows_before(client):
    published(*BEFORE, row(), row("R", bound=15, bound_moved=0))
    page = sign_in(client, "leader").get("/policy-effect/").content.decode()
    assert "30.0 points apart" in page and "Less the difference that they had before: 25.0 points" in page
    assert "Beta" in page and "too few people" in page
    assert "Too few people to tell" in client.get("/policy-effect/?policy=R").content.decode()


@pytest.mark.django_db
def test_a_run_from_before_says_what_to_do(client):
    Run.objects.filter(pk=published(row()).pk).update(result={"policy_effects": [{"policy_id": "P", "bound": 3}]})
    assert "recompute, then look again" in sign_in(client, "leader").get("/policy-effect/").content.decode()
