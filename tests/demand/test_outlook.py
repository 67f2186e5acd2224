"""What is at risk in the months ahead, from exposures and likelihoods (definitions.md, section 6)."""

import datetime as dt

import duckdb
import pytest

from demand.engine.outlook import Chance, outlook

FIRST, END = dt.date(2026, 10, 1), dt.date(2027, 1, 1)
EPISODES = {1: (11, 28, "DATE '2026-10-05'", 100_000), 2: (12, 56, "DATE '2026-09-20'", 50_000)}


def exposures(*rows: tuple) -> str:
    told = ", ".join(
        f"({episode}, {EPISODES[episode][0]}, '{policy}', '{verdict}', {day}, NULL::DATE, {EPISODES[episode][1]}, {EPISODES[episode][2]}, "
        f"{EPISODES[episode][3]}, true)"
        for episode, policy, verdict, day in rows
    )
    return (
        f"(SELECT * FROM (VALUES {told}) AS t (episode_id, person_no, policy_id, verdict, exposed_from, expected_from, interval_days, "
        "next_expected_on, allowed_per_infusion_cents, active))"
    )


def ahead(exposure: str, *chances: Chance, unknown_funding: bool = True):
    with duckdb.connect() as connection:
        months = outlook(connection, exposure, chances, FIRST, END, unknown_funding)
    return {month.month.month: month for month in months}


BOTH = exposures((1, "P", "exposed", "DATE '2026-11-01'"), (2, "P", "not_applicable", "NULL::DATE"))


def test_months_are_told_and_whom_they_touch():
    months = ahead(BOTH, Chance("P", 1))
    assert {month: found.people_touched for month, found in months.items()} == {10: 0, 11: 1, 12: 1}


@pytest.mark.parametrize("likelihood", [0.0, 0.3, 1.0])
def test_infusions_after_the_date_count_with_the_likelihood(likelihood):
    months = ahead(BOTH, Chance("P", likelihood))
    assert months[10].infusions == 0
    assert months[11].infusions == pytest.approx(2 * likelihood)  # due on 2 and 30 November; the other person is not bound
    assert months[11].allowed_cents == pytest.approx(2 * likelihood * 100_000)
    assert months[11].people == pytest.approx(likelihood)


def test_two_policies_are_one_loss():
    twice = exposures((1, "P", "exposed", "DATE '2026-10-01'"), (1, "Q", "in_grace", "DATE '2026-10-01'"))
    assert ahead(twice, Chance("P", 0.5), Chance("Q", 0.4))[10].infusions == pytest.approx(1 - 0.5 * 0.6)
    assert ahead(twice, Chance("P", 1), Chance("Q", 1))[10].infusions == pytest.approx(1)


def test_a_policy_that_ends_endangers_nothing_after():
    months = ahead(BOTH, Chance("P", 1, dt.date(2026, 11, 15)))
    assert (months[11].infusions, months[12].infusions) == (1, 0)  # of those due on 2 and 30 November and 28 December


def test_unknown_funding_counts_both_ways():
    either = exposures((1, "P", "exposed", "DATE '2026-10-01'"), (1, "P", "shielded", "DATE '2026-10-01'"))
    assert ahead(either, Chance("P", 1))[10].infusions == 1
    assert ahead(either, Chance("P", 1), unknown_funding=False)[10].infusions == 0


def test_an_exempt_person_is_not_at_risk():
    assert ahead(exposures((1, "P", "exempt", "DATE '2026-10-01'")), Chance("P", 1))[10].infusions == 0


def test_a_likelihood_beyond_1_is_refused():
    with pytest.raises(ValueError, match=r"likelihood of P is 1\.2; it must be from 0 to 1"):
        Chance("P", 1.2)
