"""Chair-hours needed against open ones: the formula, what adds up, the month in which a site fills, whom freed hours serve."""

import datetime as dt
import random

import pytest

from demand.engine.capacity import (
    Assumptions,
    Driver,
    Given,
    Leaver,
    Move,
    Place,
    Waiting,
    capacity,
    chairs_needed,
    freed,
    month_after,
    open_hours_a_month,
)

FIRST = dt.date(2025, 1, 1)
YEAR = [month_after(FIRST, number) for number in range(12)]
PLACES = [Place("A", "A", 4, 40), Place("B", "B", 2, 30), Place("C", "C")]


def steady(site="A", line="gi", hours=100.0, months=YEAR):
    return [Given(site, month, line, hours) for month in months]


def some(seed):
    draw = random.Random(seed)
    given = [Given(p.site_id, m, line, draw.uniform(0, 90)) for p in PLACES for m in YEAR for line in ("gi", "neuro", "iron")]
    leavers = [
        Leaver(draw.choice("ABC"), draw.choice(["gi", "neuro"]), month_after(FIRST, draw.randrange(10, 30)), 7.5) for _ in range(30)
    ]
    drivers = [Driver("biosimilar", "", 0.1, "gi"), Driver("pipeline", "", 0.2), Driver("rare", "", -0.05, "neuro")]
    return given, leavers, drivers


def test_the_chair_need_of_the_definition():
    # 300 infusions of 120 minutes, 50 hours a week at 75 %: 600 ÷ (216.67 × 0.75) chairs
    assert chairs_needed(300 * 120, open_hours_a_month(50), 0.75) == pytest.approx(600 / (50 * 52 / 12 * 0.75))
    found = capacity(PLACES, steady(hours=600), YEAR, Assumptions()).sites[0]
    assert found.chairs_today == pytest.approx(600 / (40 * 52 / 12 * 0.75))
    assert found.use_today == pytest.approx(600 / (4 * 40 * 52 / 12))


@pytest.mark.parametrize("seed", range(3))
def test_sites_add_up_to_the_system_and_parts_to_the_hours(seed):
    given, leavers, drivers = some(seed)
    found = capacity(
        PLACES, given, YEAR, Assumptions(no_show=0.05, other_growth=0.07, growth={"gi": 0.2}, drivers=drivers), leavers
    )
    assert found.system.today == pytest.approx(sum(site.today for site in found.sites))
    assert sum(found.system.history.values()) == pytest.approx(sum(row.hours for row in given) / 0.95)
    for number, month in enumerate(found.system.ahead):
        assert month.hours == pytest.approx(sum(site.ahead[number].hours for site in found.sites))
        assert all(sum(site.ahead[number].parts.values()) == pytest.approx(site.ahead[number].hours) for site in found.sites)


def test_switching_a_driver_off_takes_exactly_its_part_away():
    given, leavers, drivers = some(9)
    everything = capacity(PLACES, given, YEAR, Assumptions(drivers=drivers), leavers)
    for off in drivers:
        rest = [one for one in drivers if one is not off]
        without = capacity(PLACES, given, YEAR, Assumptions(drivers=rest), leavers)
        for before, after in zip(everything.system.ahead, without.system.ahead, strict=True):
            assert before.hours - after.hours == pytest.approx(before.parts[off.key])
    nobody_leaves = capacity(PLACES, given, YEAR, Assumptions(drivers=drivers))
    last = everything.system.ahead[-1]
    assert nobody_leaves.system.ahead[-1].hours - last.hours == pytest.approx(-last.parts["leaving"]) and last.parts["leaving"] < 0


def test_the_month_in_which_a_site_fills():
    room = 4 * 40 * 52 / 12 * 0.75  # 520 hours
    found = capacity(PLACES, steady(hours=500), YEAR, Assumptions(other_growth=0.10)).sites[0]
    assert found.usable == pytest.approx(room) and not found.is_full_now
    assert found.month_full == dt.date(2026, 5, 1)  # 500 × 1.1^(5 ÷ 12) = 520.3, the fifth month after December
    assert capacity(PLACES, steady(hours=500), YEAR, Assumptions()).sites[0].month_full is None
    assert capacity(PLACES, steady(hours=530), YEAR, Assumptions()).sites[0].is_full_now
    assert capacity(PLACES, steady("C", hours=9_999), YEAR, Assumptions()).sites[2].month_full is None  # no chairs stated
    assert capacity(PLACES, steady("C"), YEAR, Assumptions()).system.usable is None


def test_only_complete_months_are_today_and_a_line_cannot_lose_more_than_it_has():
    months = [*YEAR, dt.date(2026, 1, 1)]
    late = [Given("A", dt.date(2026, 1, 1), "gi", 3.0)]
    found = capacity(PLACES, steady() + late, YEAR, Assumptions(months=1), [Leaver("A", "gi", dt.date(2025, 6, 1), 1_000.0)])
    assert found.last_month == YEAR[-1] and found.sites[0].today == pytest.approx(100)
    assert found.sites[0].history[months[-1]] == 3.0
    assert found.sites[0].ahead[0].month == dt.date(2026, 1, 1) and found.sites[0].ahead[0].hours == pytest.approx(0)
    assert capacity(PLACES, [], [], Assumptions()).system.ahead == ()


def test_freed_and_kept_are_now_and_serve_only_those_who_wait():
    site = capacity(PLACES, steady(hours=300) + steady(line="iron", hours=100), YEAR, Assumptions()).sites[0]
    told = freed(site, Move(0.5, "gi"), None)
    assert told.freed + told.kept == pytest.approx(told.now) and told.freed == pytest.approx(150)
    assert (told.served_people, told.value_cents) == (0, 0) and "no value" in told.why
    all_served = freed(site, Move(0.5, "gi"), Waiting(20, 4.0, value_cents_an_hour=10_000))
    assert (all_served.served_people, all_served.value_cents) == (20, 800_000)
    short = freed(site, Move(0.5, "gi"), Waiting(90, 4.0))
    assert short.served_people == 37 and short.why == "The freed hours end first." and short.value_cents is None
    staffed = freed(site, Move(0.5, "gi"), Waiting(90, 4.0, staffed_hours=290.0, value_cents_an_hour=1))
    assert staffed.served_people == 10 and staffed.why == "The staffed hours end first."  # 290 - 250 kept
    unstated = capacity(PLACES, steady("C"), YEAR, Assumptions()).sites[2]
    assert freed(unstated, Move(1.0), Waiting(5, 1.0)).served_people == 0


def test_the_claims_of_some_payers_stand_for_their_share_of_the_work():
    part = capacity(PLACES, steady(hours=100), YEAR, Assumptions(seen=0.25, no_show=0.2), [Leaver("A", "gi", FIRST, 10.0)]).sites[0]
    assert part.today == pytest.approx(500) and part.ahead[0].parts["leaving"] == pytest.approx(-50)


def test_shares_that_mean_nothing_are_refused():
    for wrong in ({"target_use": 0}, {"target_use": 1.2}, {"no_show": 1}, {"seen": 0}):
        with pytest.raises(ValueError, match="must be"):
            Assumptions(**wrong)


def test_a_site_has_room_while_it_is_open():
    later = Place("L", "Later", 4, 40, opens_on=YEAR[-1].replace(year=YEAR[-1].year + 1))
    found = capacity([*PLACES, later], steady(), YEAR, Assumptions(months=24)).system
    alone = capacity(PLACES, steady(), YEAR, Assumptions(months=24)).system
    opens = later.opens_on
    assert found.usable == alone.usable
    assert found.usable_in(opens) == pytest.approx(alone.usable_in(opens) + later.open_hours * 0.75)
