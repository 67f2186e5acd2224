"""The sentences of the strategy brief: what they may say of few infusions, of unknowns and of months without any."""

import dataclasses
import datetime as dt

from demand.charts import brief, flows, months
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.selectors.coverage import Coverage
from demand.selectors.dashboard import Dashboard, Line, Month, Place, Slice

COVERAGE = Coverage(run_id=1, computed_at=dt.datetime(2026, 7, 1, tzinfo=dt.UTC), engine_version="", extracts=(), as_of=None)


def line(label, kept=0, left=0, **others) -> Line:
    slices = {"named": Slice(kept + left, 20, 0), "kept": Slice(kept, 20, 0), "site_leak": Slice(left, 20, 100)}
    return Line(label, slices | {node: Slice(number) for node, number in others.items()})


def month(number, attributed) -> Month:
    return Month(dt.date(2026, number, 1), Line("", {"named": Slice(attributed)}), True)


def board(total, payers=(), families=(), places=(), all_months=None) -> Dashboard:
    all_months = all_months or (month(1, 5),)
    return Dashboard(DashboardFilters(), COVERAGE, total, tuple(payers), tuple(families), tuple(all_months), tuple(places), False)


def test_the_highest_rate_is_of_a_known_name_with_enough_infusions():
    lines = [line("infliximab", 60, 40), line("unknown", 0, 35), line("rare", 0, 29), line("natalizumab", 20, 30)]
    figure = next(one for one in brief.figures(board(line("", 80, 134), families=lines)) if one.key == "therapy")
    assert "natalizumab's, 60.0%" in figure.reading and "100.0%" not in figure.reading
    assert len(figure.table.rows) == 4  # the table leaves nothing out


def test_a_largest_part_is_not_called_most_of_it():
    payers = [line("Medicare", 100, 30), line("Plan A", 100, 25), line("Plan B", 100, 45)]
    said = brief.opening(board(line("", 300, 100), payers, [line("infliximab", 200, 60), line("rituximab", 100, 40)]))
    assert "Plan B (45.0%)" in said and "infliximab (60.0%)" in said and "Most of what left" not in said


def test_months_before_the_first_attributed_infusion_are_not_claimed():
    shown = board(line("", 10, 2), all_months=[month(1, 0), month(2, HIDDEN), month(3, 0), month(4, 7), month(5, 0)])
    assert "From February 2026 to April 2026" in brief.opening(shown)
    assert [row[0].month for row in months.by_month(shown).table.rows] == [2, 3, 4]


def test_where_nobody_of_ours_ordered_anything_the_next_step_is_named():
    said = brief.opening(board(Line("", {"unattributed": Slice(17)})))
    assert "17 infusions stand apart" in said and "filters" not in said and "load_prescribers" in said
    assert "load_prescribers" not in brief.opening(board(Line("", {})))


def test_on_a_phone_a_flow_has_two_columns_that_add_up_to_the_same():
    places = [
        Place("kept", "hopd_on_campus", "owned", "Us", "", Slice(70)),
        Place("kept", "infusion_center", "owned", "Us", "", Slice(10)),
        Place("site_leak", "home", "other", "A name that is far too long for a phone's screen", "", Slice(20)),
        Place("site_leak", "home", "other", "", "", Slice(25)),
    ]
    figure = flows.destinations(board(line("", 80, 45), places=places))
    (wide,), (narrow,) = figure.chart["data"], figure.chart["narrow_data"]
    assert sum(narrow["link"]["value"]) == 125 and sum(wide["link"]["value"]) == 2 * 125
    starts, ends = set(narrow["link"]["source"]), set(narrow["link"]["target"])
    assert not starts & ends and {narrow["node"]["label"][end].rsplit(" ", 1)[1] for end in ends} == {"80", "20", "25"}
    assert max(map(len, narrow["node"]["label"])) < 34
    assert "45 of the 125 infusions" in figure.reading and "most to owners that the register does not name (25)" in figure.reading


def test_what_may_not_be_shown_is_drawn_as_such_and_never_as_nothing():
    hidden = {"site_leak": Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN), "margin_leak": Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN)}
    some = Line("", {"named": Slice(100, 40), "kept": Slice(70, 30), **hidden})
    shown = board(some, all_months=[Month(dt.date(2026, 1, 1), some, True), month(2, HIDDEN)], payers=[some])
    for figure, axis in ((months.by_month(shown), "y"), (brief.figures(shown)[2], "x")):
        drawn = {trace["name"]: trace[axis] for trace in figure.chart["data"]}
        assert drawn["Outcome hidden"][0] == 30 and drawn["Kept"][0] == 70
        assert ("withheld", "Outcome hidden") in figure.key_to_marks
    assert "In 2 of 2 months counts are hidden" in months.by_month(shown).note
    nothing = months.by_month(board(some, all_months=[month(1, HIDDEN)]))
    assert nothing.chart is None and "may be shown" in nothing.reading


def test_no_headline_speaks_of_a_hidden_number_of_of():
    parts = ("named", "kept", "margin_leak", "partner", "site_leak", "unknown", "unattributed", "majority")
    total = Line("", {node: Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN) for node in parts})
    assert not [headline.detail for headline in brief.headlines(board(total)) if "hidden number of" in headline.detail]


def test_claims_without_a_roster_are_seen_by_those_who_may_see_single_people():
    apart = (("infliximab", "hopd_on_campus", 12, 3, 120_00, 0), ("unknown", "unknown", 5, 2, None, 5))
    shown = dataclasses.replace(board(Line("", {"unattributed": Slice(17)})), apart=apart)
    figure = brief.figures(shown)[-1]
    assert figure.key == "apart" and not figure.folded and "17 infusions" in figure.reading
    assert figure.table.rows == (
        ("infliximab", "Hospital outpatient, on campus", 12, 3, 120_00, 0),
        ("Not known", "Site not known", 5, 2, None, 5),
    )
    assert "apart" not in [one.key for one in brief.figures(board(Line("", {"unattributed": Slice(17)})))]


def test_no_share_is_told_where_counts_are_hidden():
    hidden = Slice(HIDDEN, HIDDEN, HIDDEN)
    lines = [line("infliximab", 60, 40), Line("small", dict.fromkeys(("named", "kept", "site_leak"), hidden))]
    figure = next(one for one in brief.figures(board(line("", 80, 134), families=lines)) if one.key == "therapy")
    assert "accounts for" not in figure.reading and "whose counts may be shown, infliximab has the most" in figure.reading
