"""Completion of months by chain ladder: worked by hand. Rules: definitions, section 5."""

from datetime import date

import pytest

from demand.engine.maturity import completion_curves
from demand.engine.parameters import Parameters
from tests.demand.flow import day, line, to_episodes

JAN, FEB, MAR = date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)


def curves(triangle, paid_through, months=(JAN, FEB, MAR), parameters=None):
    judged = completion_curves(triangle, [("acme", month) for month in months], {"acme": paid_through}, parameters or Parameters())
    return {one.month: one for one in judged}


# service month, age in months, lines
TRIANGLE = [
    ("acme", JAN, 0, 60), ("acme", JAN, 1, 30), ("acme", JAN, 2, 10),
    ("acme", FEB, 0, 40), ("acme", FEB, 1, 40),
    ("acme", MAR, 0, 50),
]  # fmt: skip


def test_completion_is_one_over_the_product_of_the_development_factors():
    # f(0) = (90 + 80) / (60 + 40) = 1.7; f(1) = 100 / 90
    found = curves(TRIANGLE, date(2025, 3, 31))
    assert found[JAN].completion == 1.0
    assert found[FEB].completion == pytest.approx(90 / 100)
    assert found[MAR].completion == pytest.approx(1 / (1.7 * 100 / 90))


def test_mature_is_at_least_ninety_per_cent():
    found = curves(TRIANGLE, date(2025, 3, 31))
    assert [found[month].mature for month in (JAN, FEB, MAR)] == [True, True, False]
    assert not curves(TRIANGLE, date(2025, 3, 31), parameters=Parameters(mature_completion=0.91))[FEB].mature


def test_the_band_holds_the_completion_and_widens_with_scatter():
    found = curves(TRIANGLE, date(2025, 3, 31))[MAR]
    assert found.completion_low < found.completion < found.completion_high <= 1.0
    calm = [*TRIANGLE[:3], ("acme", FEB, 0, 60), ("acme", FEB, 1, 30), TRIANGLE[5]]
    same = curves(calm, date(2025, 3, 31))[MAR]
    assert same.completion_low == pytest.approx(same.completion_high)


def test_only_whole_months_of_payment_count():
    # paid through mid March: February is the last whole month, so January is one month old and its third month of payment is not in
    found = curves(TRIANGLE, date(2025, 3, 15))
    assert found[JAN].completion == 1.0
    assert found[FEB].completion == pytest.approx(60 / 90)
    assert (found[MAR].completion, found[MAR].mature) == (None, False)


def test_a_month_may_end_on_a_weekend():
    assert curves(TRIANGLE, date(2025, 3, 29)) == curves(TRIANGLE, date(2025, 3, 31))
    assert curves(TRIANGLE, date(2025, 3, 28)) != curves(TRIANGLE, date(2025, 3, 31))


def test_a_feed_without_paid_dates_cannot_tell():
    (found,) = completion_curves([], [("acme", JAN)], {}, Parameters())
    assert (found.completion, found.mature) == (None, False)


def test_each_feed_is_judged_by_its_own_curve():
    slow = [("slow", month, age, lines) for _, month, age, lines in TRIANGLE]
    fast = [("fast", month, 0, 100) for month in (JAN, FEB, MAR)]
    months = [(source, month) for source in ("slow", "fast") for month in (JAN, FEB, MAR)]
    judged = completion_curves(slow + fast, months, dict.fromkeys(("slow", "fast"), date(2025, 3, 31)), Parameters())
    assert {one.data_source for one in judged if one.mature and one.month == MAR} == {"fast"}


def test_feeds_end_with_their_last_service_or_payment():
    rows = [line(service_date=day("2025-03-03"), paid_date=day("2025-06-20")), line(service_date=day("2025-05-05"), paid_date=None)]
    flow = to_episodes(rows, all_mature=False)
    assert flow.rows("FROM feed_end") == [
        {"data_source": "acme", "paid_through": day("2025-06-20"), "known_until": day("2025-05-06")}
    ]


def test_the_triangle_counts_accepted_lines_by_months_from_service_to_payment():
    rows = [
        line(service_date=day("2025-01-31"), paid_date=day("2025-02-01")),
        line(service_date=day("2025-01-01"), paid_date=day("2025-01-31")),
        line(service_date=day("2025-01-15"), paid_date=day("2024-12-31")),
        line(service_date=day("2025-01-15"), paid_date=None),
    ]
    flow = to_episodes(rows, all_mature=False)
    assert flow.rows("SELECT month, age, lines FROM paid_triangle ORDER BY age") == [
        {"month": JAN, "age": 0, "lines": 2},
        {"month": JAN, "age": 1, "lines": 1},
    ]
