"""The response clock: dates in, durations and passed people out; wrong orders refused in one sentence."""

import datetime as dt

import pytest

from payers.actions.steps import WrongStep, note_computed, note_logged, record_step
from payers.engine.response import Passed, clock, median_days, out_of_order
from payers.models import PolicyStep

TODAY = dt.date(2026, 7, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


DATES = {"notice": day("2026-01-05"), "logged": day("2026-01-12"), "answered": day("2026-02-04")}


def test_durations_and_what_is_missing():
    found = clock(DATES)
    assert [(one.earlier, one.later, one.days) for one in found.between] == [("notice", "logged", 7), ("logged", "answered", 23)]
    assert (found.notice_to_answer, found.missing, found.passed) == (30, ("computed", "decided", "adopted"), None)
    assert clock({"logged": TODAY}).notice_to_answer is None
    assert median_days([found, clock({"notice": day("2026-01-01"), "answered": day("2026-01-11")}), clock({})]) == 20
    assert median_days([clock({})]) is None


def test_people_have_passed_a_step_when_they_were_exposed_before_it():
    exposed = [("a", day("2026-01-01"), 500), ("a", day("2026-01-10"), 700), ("b", day("2026-01-12"), 900)]
    assert clock(DATES, exposed).passed == {"notice": Passed(1, 500), "logged": Passed(1, 1200), "answered": Passed(2, 2100)}
    assert clock(DATES, []).passed["answered"] == Passed(0, 0)


def test_steps_never_go_backwards():
    assert "“decided” cannot be on 2026-01-10, before “logged here” on 2026-01-12" in out_of_order(
        DATES, "decided", day("2026-01-10")
    )
    assert "after “answered to the payer” on 2026-02-04" in out_of_order(DATES, "decided", day("2026-03-10"))
    assert out_of_order(DATES, "decided", day("2026-02-04")) == out_of_order(DATES, "logged", day("2026-01-05")) == ""


@pytest.mark.django_db
def test_a_step_is_recorded_corrected_and_refused():
    record_step("P-1", "notice", day("2026-01-05"), TODAY, note=" letter ")
    record_step("P-1", "notice", day("2026-01-06"), TODAY)
    assert list(PolicyStep.objects.values_list("step", "on", "note")) == [("notice", day("2026-01-06"), "")]
    with pytest.raises(WrongStep, match="lies in the future; enter a step when it has happened"):
        record_step("P-1", "answered", day("2026-07-02"), TODAY)
    with pytest.raises(WrongStep, match="cannot be on 2026-01-01, before “the payer's notice”"):
        record_step("P-1", "answered", day("2026-01-01"), TODAY)
    with pytest.raises(WrongStep, match="“signed” is no step"):
        record_step("P-1", "signed", day("2026-01-01"), TODAY)
    assert PolicyStep.objects.count() == 1


@pytest.mark.django_db
def test_the_system_dates_what_it_knows_once_and_never_against_people():
    note_logged(["P-1", "P-2"], day("2026-02-01"))
    note_logged(["P-1", "P-2", "P-3"], day("2026-03-01"))
    record_step("P-2", "decided", day("2026-02-10"), TODAY)
    note_computed(["P-1", "P-2"], day("2026-04-01"))
    assert sorted(PolicyStep.objects.values_list("policy_id", "step", "on")) == [
        ("P-1", "computed", day("2026-04-01")),
        ("P-1", "logged", day("2026-02-01")),
        ("P-2", "decided", day("2026-02-10")),
        ("P-2", "logged", day("2026-02-01")),
        ("P-3", "logged", day("2026-03-01")),
    ]
