"""Exposure counted for pages: by verdict, clause and month, small counts hidden, and who crosses when a clause is edited."""

import datetime as dt
from dataclasses import replace

import pytest
from django.utils import timezone

from demand import storage
from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.exposure import crossings, exposure_of
from demand.selectors.facts import ResultsMissing
from tests.demand.exposure_cases import Covered, Person, doses, policy, write_run
from tests.demand.flow import day

HOSPITAL = doses("2025-12-01", "2026-01-26", "2026-03-23", "2026-05-18")
MOVED = doses("2025-12-01", "2026-01-26 infusion_center", "2026-03-23 infusion_center", "2026-05-18 infusion_center")
RECENT = doses("2026-06-10")
ASKED = policy("grace: {days: 45}\nclinical_exceptions: [REACTION]")


def crowd(size: int, given, name: str, **more) -> list[Person]:
    return [Person(given, name=f"{name}{number}", **more) for number in range(size)]


@pytest.fixture
def run(own_storage, db) -> Run:
    reacted = (replace(HOSPITAL[0], diagnosis="T8052XA"), *HOSPITAL[1:])
    people = [
        *crowd(20, HOSPITAL, "exposed"),
        *crowd(12, MOVED, "moved"),
        *crowd(13, RECENT, "recent"),
        *crowd(3, reacted, "reacted"),
        *crowd(15, HOSPITAL, "elsewhere", covered=(Covered(payer="Other"),)),
        *crowd(11, HOSPITAL, "nobody", covered=(Covered(funding="unknown"),)),
    ]
    made = Run.objects.create(
        kind=Run.Kind.RECOMPUTE,
        status=Run.Status.FINISHED,
        input_hash="x",
        published_at=timezone.now(),
        requested_at=timezone.now(),
    )
    write_run(storage.run_folder(made.pk), people, [ASKED])
    return made


def test_people_are_counted_by_verdict_clause_and_month(run):
    found = exposure_of(run, see_small=True, policy_id="P")
    assert {count.verdict: count.people for count in found.verdicts} == {
        "exposed": 31, "in_grace": 13, "exempt": 3, "not_applicable": 12,
    }  # fmt: skip
    assert (found.people, found.moved, found.of("exposed"), found.of("shielded")) == (59, 12, 31, 0)
    assert ("exempt", "clinical_exceptions.REACTION", 3) in [(one.verdict, one.clause, one.people) for one in found.clauses]
    assert [(one.month, one.people) for one in found.in_grace_until] == [(day("2026-07-01"), 13)]
    assert [(one.verdict, one.insured, one.self_funded) for one in found.unknown_funding] == [("exposed", 11, 11)]
    first = {one.month: one.first_exposed for one in found.calendar if one.first_exposed}
    assert first == {day("2026-01-01"): 46, day("2026-07-01"): 13}
    assert found.calendar[-1].month == day("2027-06-01")


def test_infusions_and_money_at_risk_follow_the_interval(run):
    by_month = {one.month: one for one in exposure_of(run, see_small=True, policy_id="P").calendar}
    april = by_month[day("2026-04-01")]  # 31 people every 56 days over 30 days; who moved or is exempt is not at risk
    assert (april.infusions, april.allowed_cents) == (round(31 * 30 / 56, 1), round(31 * 30 / 56 * 100_000))
    january = by_month[day("2026-01-01")]  # from the 15th on, when the 45 days are over; 12 of them move on the 26th
    assert january.infusions == round((31 * 17 + 12 * 11) / 56, 1)


def test_small_counts_are_hidden_and_not_given_away(run):
    found = exposure_of(run, see_small=False, policy_id="P")
    assert found.of("exempt") is HIDDEN
    assert [count.verdict for count in found.verdicts if count.people is HIDDEN] != ["exempt"]  # another one with it
    assert all(one.people is HIDDEN for one in found.clauses if one.verdict == "exempt")
    assert isinstance(found.people, int)


def test_a_payer_a_therapy_and_whom_no_policy_names(run):
    assert exposure_of(run, see_small=True, payer="acme").people == 59
    assert exposure_of(run, see_small=True, family="infliximab").without_policy == 15
    other = exposure_of(run, see_small=False, payer="Other")
    assert (other.policy_ids, other.people, other.verdicts, other.calendar, other.without_policy) == ((), 0, (), (), 15)


def test_an_edited_clause_shows_who_crosses(run):
    by_doses = policy("grace: {doses: 1}\nclinical_exceptions: [REACTION]")
    found = crossings(run, ASKED, by_doses, see_small=True)
    assert [(one.before, one.after, one.people) for one in found.crossings] == [("in_grace", "exposed", 13)]
    assert (found.unchanged, found.another_day) == (0, 46)
    person = next(one for one in found.listed if one.before == "in_grace")
    assert (person.exposed_from_before, person.exposed_from_after) == (day("2026-07-25"), day("2026-06-11"))
    gone = crossings(run, ASKED, None, see_small=False)
    assert {(one.before, one.after): one.people for one in gone.crossings}["exempt", None] is HIDDEN
    assert all(one.people is HIDDEN or one.people % 10 == 0 for one in gone.crossings)
    assert not gone.listed


def test_a_run_of_an_earlier_version_says_recompute(run):
    (storage.run_folder(run.pk) / "treatments.parquet").unlink()
    with pytest.raises(ResultsMissing, match="Recompute"):
        crossings(run, ASKED, None, see_small=True)


def test_the_calendar_asks_no_day_before_the_first(run):
    assert exposure_of(run, see_small=True, policy_id="P").calendar[0].month == dt.date(2026, 1, 1)
