"""The ledger of choices, the limits of partnerships, and how ready a checklist says one is: rules without a database."""

import datetime as dt

from sites.engine.ledger import NO, UNDECIDED, YES, Row, ledger
from sites.engine.limits import Limit, binding
from sites.engine.readiness import DONE, NOT_NEEDED, Item, assess, months_later
from sites.engine.site_types import CLASSES, HOME, HOSPITAL, SITE_TYPES, site_type
from sites.models import Site

DAY = dt.date(2026, 3, 1)


def row(number, decision, on=DAY, site_type=HOME, **more):
    return Row(number, "metro", site_type, decision, on, **more)


def test_every_class_of_the_register_is_of_one_kind():
    listed = [name for names in CLASSES.values() for name in names]
    assert len(listed) == len(set(listed)) and {choice.value for choice in Site.SiteClass} <= set(listed)
    assert site_type("emergency") is None and site_type("home") == HOME


def test_the_newest_row_counts_and_what_nobody_chose_is_undecided_since_the_market_is_known():
    book = ledger([row(1, YES), row(2, NO)], ["metro", "rural"], {"metro": dt.date(2024, 5, 1), "rural": dt.date(2025, 1, 1)})
    assert len(book.cells) == 2 * len(SITE_TYPES) and len(book.undecided) == 7
    home = book.at("metro", HOME)
    assert home.decision == NO and [one.number for one in home.earlier] == [1] and home.undecided_since is None
    assert book.oldest_undecided == dt.date(2024, 5, 1)
    assert book.at("rural", HOSPITAL).undecided_since == dt.date(2025, 1, 1)
    assert ledger([row(1, YES)], []).markets == ("metro",)


def test_undecided_is_as_old_as_its_unbroken_run():
    days = [dt.date(2025, month, 1) for month in (1, 2, 3, 4)]
    rows = [row(n, d, on) for n, (d, on) in enumerate(zip((UNDECIDED, YES, UNDECIDED, UNDECIDED), days, strict=True), start=1)]
    assert ledger(rows, []).at("metro", HOME).undecided_since == days[2]


def test_reviews_fall_due_on_their_day():
    rows = [row(1, NO, next_review=DAY), row(2, NO, site_type=HOSPITAL, next_review=dt.date(2025, 1, 1))]
    book = ledger(rows, [])
    assert [cell.site_type for cell in book.reviews_due(DAY)] == [HOSPITAL, HOME]
    assert len(book.reviews_due(DAY - dt.timedelta(1))) == 1


def test_a_limit_binds_its_kinds_its_markets_and_its_days():
    limit = Limit(
        1, "Kidney Group", (HOME,), ("metro",), "The board", "people with kidney disease", since=DAY, until=dt.date(2027, 1, 1)
    )
    assert binding([limit], "metro", HOME, DAY) == (limit,)
    for market, kind, on in [
        ("rural", HOME, DAY),
        ("metro", HOSPITAL, DAY),
        ("metro", HOME, dt.date(2027, 1, 1)),
        ("metro", HOME, dt.date(2026, 2, 28)),
    ]:
        assert not binding([limit], market, kind, on)
    assert binding([limit], "", HOME, DAY)  # all markets together touch it
    assert "It may be waived by The board." in limit.sentence and "kidney disease" in limit.sentence


def test_ready_is_refused_while_a_required_item_is_open_or_stale():
    done = {"state": DONE, "checked_on": dt.date(2026, 1, 15), "stale_after_months": 6}
    items = [Item(1, "Licence", "licences", **done), Item(2, "Nurses", "nursing"), Item(3, "Extra", "other", required=False)]
    found = assess(items, DAY)
    assert not found.is_ready and found.score == 0.5 and [gap.number for gap in found.gaps] == [2]
    assert "1 of 2 required items are missing: open Nurses." in found.why_not
    ready = [items[0], Item(2, "Nurses", "nursing", NOT_NEEDED), items[2]]
    assert assess(ready, DAY).is_ready and assess(ready, DAY).why_not == ""
    later = assess(ready, dt.date(2026, 7, 15))
    assert not later.is_ready and later.stale == {1} and "too long ago Licence" in later.why_not
    assert not assess([], DAY).is_ready and assess([], DAY).score is None
    assert not assess([Item(1, "From the future", "drugs", DONE, checked_on=DAY + dt.timedelta(1))], DAY).is_ready


def test_unfinished_items_cost_money_with_contingency_and_time():
    items = [
        Item(1, "Hood", "pharmacy", cost_cents=100_01, contingency_percent=10, lead_time_weeks=6),
        Item(2, "Ducts", "space", cost_cents=200_00, lead_time_weeks=10),
        Item(3, "Paint", "space", DONE, checked_on=DAY, cost_cents=999_00, lead_time_weeks=99),
        Item(4, "Billing", "revenue"),
    ]
    found = assess(items, DAY)
    assert found.cost_cents == 110_01 + 200_00  # 110.011 is rounded to the cent
    assert (found.weeks_side_by_side, found.weeks_in_turn, found.without_cost) == (10, 16, 1)


def test_months_later_ends_with_the_month():
    assert months_later(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert months_later(dt.date(2025, 12, 5), 14) == dt.date(2027, 2, 5)
