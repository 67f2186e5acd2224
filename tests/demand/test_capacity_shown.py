"""What a reader without the patient-level right may see of chair-hours."""

import datetime as dt

from demand.engine.capacity import Leaver
from demand.engine.capacity_shown import POOLED, SYSTEM, Hidden, hidden_months, pooled_lines, together, with_system

JAN, FEB, MAR = (dt.date(2025, month, 1) for month in (1, 2, 3))


def test_a_small_month_is_hidden_with_company():
    people = {("A", JAN): 3, ("A", FEB): 30, ("A", MAR): 40, ("B", JAN): 50, ("B", FEB): 60, ("B", MAR): 70}
    found = hidden_months(people, {"A": 60, "B": 80}, {"A": "office", "B": "office"})
    assert ("A", JAN) in found.months and ("B", JAN) in found.months  # the month's total is known
    assert len([key for key in found.months if key[0] == "A"]) > 1 and not found.sites  # the site's total is known too


def test_a_small_site_is_hidden_with_another():
    found = hidden_months({}, {}, {})
    assert not found.sites
    people = {(site, JAN): number for site, number in {"A": 4, "B": 30, "C": 40}.items()}
    found = hidden_months(people, {"A": 4, "B": 30, "C": 40}, {})
    assert found.sites >= {"A"} and len(found.sites) == 2
    assert not hidden_months({("A", JAN): 12, ("B", JAN): 30}, {"A": 12, "B": 30}, {}).months


def test_a_system_of_few_people_is_hidden_too():
    assert not with_system(Hidden(), {JAN: 12, FEB: 11}, [JAN]).months
    late = with_system(Hidden(), {JAN: 12, FEB: 4}, [JAN])
    assert late.months_of(SYSTEM) == {FEB} and not late.sites
    assert with_system(Hidden(), {JAN: 12, FEB: 4}, [JAN, FEB]).sites == {SYSTEM}


def test_small_lines_join_the_smallest_large_one():
    names = pooled_lines({("A", "gi"): 40, ("A", "neuro"): 15, ("A", "iron"): 2, ("B", "gi"): 12})
    assert names == {("A", "gi"): "gi", ("A", "neuro"): POOLED, ("A", "iron"): POOLED, ("B", "gi"): "gi"}


def test_leavers_are_told_of_in_elevens():
    leavers = [(Leaver("A", "gi", JAN, 1.0), 6), (Leaver("A", "gi", FEB, 2.0), 6), (Leaver("A", "gi", MAR, 4.0), 3)]
    assert together(leavers) == [Leaver("A", "gi", FEB, 1.0), Leaver("A", "gi", FEB, 2.0)]
    assert together([(Leaver("A", "gi", JAN, 1.0), 6), (Leaver("A", "neuro", JAN, 1.0), 6)]) == []  # may be the same six people
