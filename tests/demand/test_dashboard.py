"""The dashboard's figures against sums a person would do by hand, what filters and the cache do, and what small counts hide."""

import datetime as dt

import duckdb
import pytest
from django.core.cache import cache
from django.utils import timezone

from demand import storage, tasks
from demand.charts.months import by_month
from demand.engine.disclosure import HIDDEN
from demand.engine.maturity import completed_count
from demand.engine.parameters import Parameters
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import OUTCOMES, choices, dashboard
from demand.selectors.facts import ResultsMissing, ask
from tests.demand.facts_files import ELSEWHERE, WHITE_BAG, fact, market, write_facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def publish(settings, tmp_path):
    """publish(rows) -> a published run with these facts."""
    settings.STORAGE_DIR = tmp_path

    def publish(rows) -> Run:
        now = timezone.now()
        run = Run.objects.create(kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now)
        write_facts(storage.run_folder(run.pk), rows)
        return run

    return publish


def people(number, start=0, **fields):
    return [fact(person_no=start + one, **fields) for one in range(number)]


def test_the_leakage_rate_is_left_over_kept_white_bagged_and_left(publish):
    rows = (
        people(6) + people(3, 10, **WHITE_BAG) + people(1, 20, **ELSEWHERE) + people(5, 30, outcome="partner", ownership="partner")
    )
    rows += people(2, 40, outcome="unknown")
    total = dashboard(publish(rows), DashboardFilters(), see_small=True).total
    assert (total.leakage_rate.numerator, total.leakage_rate.denominator) == (1, 10)
    assert total.leakage_rate.value == 0.1 and total.margin_rate.value == 0.3
    assert (total.unknown_share.numerator, total.unknown_share.denominator) == (2, 17)


def test_zero_over_zero_is_no_rate(publish):
    total = dashboard(publish(people(4, outcome="partner")), DashboardFilters(), see_small=True).total
    assert total.leakage_rate.value is None


def test_majority_and_unattributed_stand_apart(publish):
    rows = people(5) + people(3, 10, attribution_rule="majority")
    rows += people(2, 20, attributed=False, attribution_rule=None, outcome=None)
    total = dashboard(publish(rows), DashboardFilters(), see_small=True).total
    assert total.at("named").infusions == total.at("kept").infusions == 5
    assert (total.at("majority").infusions, total.at("unattributed").infusions) == (3, 2)


def test_a_person_counts_once_however_many_infusions(publish):
    rows = [fact(person_no=1, month=dt.date(2025, number, 1)) for number in (1, 2, 3)] + [fact(person_no=2)]
    total = dashboard(publish(rows), DashboardFilters(), see_small=True).total
    assert (total.at("kept").infusions, total.at("kept").people) == (4, 2)


def test_an_unknown_amount_is_counted_and_not_zero(publish):
    rows = [fact(allowed_cents=None, **ELSEWHERE), fact(person_no=2, allowed_cents=500, **ELSEWHERE)]
    left = dashboard(publish(rows), DashboardFilters(), see_small=True).total.at("site_leak")
    assert (left.allowed_cents, left.amounts_unknown) == (500, 1)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"payer": "Birch Mutual"},
        {"market": "Rural", "family": "infliximab"},
        {"since": dt.date(2024, 6, 1), "through": dt.date(2024, 8, 1), "line_of_business": "commercial"},
    ],
)
def test_every_figure_is_what_counting_row_by_row_gives(publish, filters):
    frame = market(people=150)
    asked = DashboardFilters(**filters)
    board = dashboard(publish(frame), asked, see_small=True)
    rows = [
        row
        for row in frame.to_dict("records")
        if all(row[name] == value for name, value in asked.chosen.items())
        and (not asked.since or row["month"] >= asked.since)
        and (not asked.through or row["month"] <= asked.through)
    ]
    named = [row for row in rows if row["attributed"] and row["attribution_rule"] != "majority"]
    groups = {"payer": board.payers, "family": board.families, "month": [month.line for month in board.months]}
    for dimension, lines in groups.items():
        for line in lines:
            mine = [row for row in named if row[dimension] == line.label]
            for outcome in OUTCOMES:
                cell = [row for row in mine if row["outcome"] == outcome]
                assert line.at(outcome).infusions == len(cell)
                assert line.at(outcome).people == len({row["person_no"] for row in cell})
            in_rate = [row for row in mine if row["outcome"] in ("kept", "margin_leak", "site_leak")]
            assert line.leakage_rate.denominator == line.counted.infusions == len(in_rate)
            assert line.counted.people == len({row["person_no"] for row in in_rate})
    assert sum(place.slice.infusions for place in board.places) == board.total.at("named").infusions == len(named)
    assert {line.label for line in board.payers} == {row["payer"] for row in rows}


def test_splits_add_up_to_the_total(publish):
    board = dashboard(publish(market(people=120)), DashboardFilters(), see_small=True)
    for outcome in OUTCOMES:
        total = board.total.at(outcome).infusions
        for lines in (board.payers, board.families, [month.line for month in board.months]):
            assert sum(line.at(outcome).infusions for line in lines) == total
        assert sum(place.slice.infusions for place in board.places if place.outcome == outcome) == total
    assert board.total.at("margin_leak").infusions == sum(
        board.total.at(f"margin_leak:{kind}").infusions for kind in ("confirmed", "probable")
    )


def test_an_immature_month_is_marked_and_months_without_infusions_stand_between(publish):
    run = publish([fact(month=dt.date(2025, 1, 1)), fact(month=dt.date(2025, 3, 1), mature=False)])
    months = dashboard(run, DashboardFilters(), see_small=True).months
    assert [(month.day.month, month.mature) for month in months] == [(1, True), (2, True), (3, False)]


MARCH = dt.date(2025, 3, 1)


def write_curves(run, *rows: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (completion::DOUBLE AS completion, completion_low::DOUBLE AS completion_low, completion_high::DOUBLE AS completion_high) FROM (VALUES {', '.join(rows)}) "
            "AS t(data_source, month, lines, completion, completion_low, completion_high, mature)) "
            f"TO '{storage.run_folder(run.pk) / 'maturity.parquet'}' (FORMAT parquet)"
        )


def fed(**feeds: int) -> list[dict]:
    """So many infusions of March from each feed, each of another person."""
    sources = [source for source, number in feeds.items() for _ in range(number)]
    return [fact(person_no=one, month=MARCH, mature=False, data_source=source) for one, source in enumerate(sources, start=1)]


A, B = "('a', DATE '2025-03-01', 900, 0.9, 0.9, 0.9, false)", "('b', DATE '2025-03-01', 10, 0.5, 0.5, 0.5, false)"


def test_each_feed_is_completed_on_its_own_curve(publish):
    run = publish([*fed(a=18, b=40), fact(month=MARCH, mature=False, data_source="c", outcome="partner")])
    write_curves(run, A, B)
    (month,) = dashboard(run, DashboardFilters(), see_small=True).months
    assert month.completed.expected == 18 / 0.9 + 40 / 0.5 and month.completion == pytest.approx(910 / (1000 + 20))
    (first, low, high), (second, least, most) = (
        completed_count(*one, Parameters.band_z) for one in ((18, *[0.9] * 3), (40, *[0.5] * 3))
    )
    assert month.completed.most == round(100 + ((high - first) ** 2 + (most - second) ** 2) ** 0.5)
    assert month.completed.least == round(100 - ((first - low) ** 2 + (second - least) ** 2) ** 0.5)
    unknown = publish(fed(a=18, c=1))
    write_curves(unknown, A, B)
    assert dashboard(unknown, DashboardFilters(), see_small=True).months[0].completed is None


def test_without_the_right_no_feeds_own_count_can_be_worked_out(publish):
    """However 60 infusions are divided between the feeds, the number expected is one: by the lines of all feeds."""
    told = set()
    for few in (0, 3, 30):
        run = publish(fed(a=60 - few, b=few))
        write_curves(run, A, B)
        told.add(dashboard(run, DashboardFilters(), see_small=False).months[0].completed)
    assert [one.expected for one in told] == [round(60 / (910 / 1020))]


def test_a_complete_month_is_drawn_without_a_band_and_says_which_outcomes_are_left_out(publish):
    run = publish([*people(20), *fed(a=20)])
    write_curves(run, A)
    told = by_month(dashboard(run, DashboardFilters(), see_small=True))
    more = next(trace for trace in told.chart["data"] if trace["name"] == "Expected once complete")
    assert [value is None for value in more["y"]] == [
        month.mature for month in dashboard(run, DashboardFilters(), see_small=True).months
    ]
    assert "left out of the bar" not in told.note
    few = publish(
        [*people(40), *people(20, 50, **ELSEWHERE), *people(15, 100, outcome="partner"), *people(5, 200, outcome="unknown")]
    )
    assert "In 1 of 1 months an outcome is hidden" in by_month(dashboard(few, DashboardFilters(), see_small=False)).note


def test_the_choices_are_what_the_run_has(publish):
    found = choices(publish([fact(), fact(payer="Payer B", month=dt.date(2025, 3, 1), market="Rural")]))
    assert (found.payer, found.market, len(found.months)) == (("Payer A", "Payer B"), ("Metro", "Rural"), 3)


def test_a_run_is_asked_once_per_question_and_another_run_anew(publish):
    run = publish(people(3))
    cache.clear()
    before = dashboard(run, DashboardFilters(), see_small=True)
    write_facts(storage.run_folder(run.pk), people(9))  # results are never updated in place; if they were, nobody would see it
    assert dashboard(run, DashboardFilters(), see_small=True).total == before.total
    assert dashboard(publish(people(9)), DashboardFilters(), see_small=True).total.at("kept").infusions == 9


def test_results_that_are_gone_are_said_to_be(publish):
    run = publish(people(3))
    (storage.run_folder(run.pk) / "facts.parquet").unlink()
    with pytest.raises(ResultsMissing, match="recompute"):
        dashboard(run, DashboardFilters(family="x"), see_small=True)


def test_the_shared_connection_reads_the_storage_folder_and_nothing_else(publish, tmp_path_factory):
    run = publish(people(3))
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("a\n1\n")
    with pytest.raises(duckdb.PermissionException):
        ask(run, f"SELECT * FROM read_csv('{outside}'), {{facts}}")
    with pytest.raises(duckdb.Error):
        ask(run, "SET enable_external_access = true; SELECT 1 FROM {facts}")


def test_values_of_an_address_reach_sql_as_values_only(publish):
    run = publish(people(3))
    asked = DashboardFilters(payer="x' OR 1=1 --", family="'; DROP TABLE facts; --")
    assert dashboard(run, asked, see_small=True).empty


# ---- small counts ----


def test_small_cells_are_hidden_without_the_right_and_shown_with_it(publish):
    rows = people(40) + people(30, 100, payer="Payer B") + people(4, 200, payer="Payer C") + people(20, 300, **ELSEWHERE)
    run = publish(rows)
    with_right = {line.label: line for line in dashboard(run, DashboardFilters(), see_small=True).payers}
    without = {line.label: line for line in dashboard(run, DashboardFilters(), see_small=False).payers}
    assert with_right["Payer C"].at("kept").infusions == 4
    assert without["Payer C"].at("kept").infusions is HIDDEN
    assert without["Payer C"].leakage_rate.value is HIDDEN
    shown = [line.at("kept").infusions for line in without.values()]
    assert shown.count(HIDDEN) >= 2  # the total less one payer would be the other


def test_a_page_and_the_filtered_page_of_a_hidden_row_hide_the_same(publish):
    run = publish(people(40) + people(30, 100, payer="Payer B") + people(4, 200, payer="Payer C"))
    everything = dashboard(run, DashboardFilters(), see_small=False)
    for line in everything.payers:
        alone = dashboard(run, DashboardFilters(payer=line.label), see_small=False)
        for outcome in OUTCOMES:
            assert alone.total.at(outcome) == line.at(outcome)


def test_a_month_that_is_hidden_cannot_be_had_from_two_spans(publish):
    """January to March less January to February is March."""
    rows = [
        *people(30, 0), *people(30, 100, month=dt.date(2025, 2, 1)), *people(5, 200, month=dt.date(2025, 3, 1)),
        *people(30, 300, month=dt.date(2025, 4, 1)),
    ]  # fmt: skip
    run = publish(rows)

    def kept(first, last):
        asked = DashboardFilters(since=dt.date(2025, first, 1), through=dt.date(2025, last, 1))
        return dashboard(run, asked, see_small=False).total.at("kept").infusions

    assert kept(1, 4) == 95  # everything
    assert kept(1, 3) is HIDDEN and kept(3, 3) is HIDDEN and kept(2, 3) is HIDDEN
    shown = [kept(month, month) for month in (1, 2, 4)]
    assert shown.count(HIDDEN) >= 1  # everything less three months would be the fourth


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"payer": "Payer A"}, ""),
        ({"payer": "Payer A", "since": dt.date(2024, 3, 1)}, "by payer and by therapy are shown for whole calendar years"),
        ({"payer": "Payer A", "family": "infliximab"}, "by month and the destinations are not shown"),
        ({"payer": "Payer A", "family": "infliximab", "market": "Metro"}, "clear one of them"),
        ({"payer": "Payer A", "line_of_business": "commercial"}, ""),
    ],
)
def test_filters_that_hide_whole_figures_say_so(publish, filters, said):
    rows = people(60, month=dt.date(2024, 3, 1)) + people(60, 100, month=dt.date(2024, 2, 1))
    board = dashboard(publish(rows), DashboardFilters(**filters), see_small=False)
    assert said in board.withheld and bool(said) == bool(board.withheld)


def test_what_was_judged_is_kept_with_the_run(publish):
    run = publish(people(30) + people(3, 100, payer="Payer B"))
    dashboard(run, DashboardFilters(), see_small=False)
    assert list(storage.run_folder(run.pk).glob("hidden-*.npz"))


def test_the_worker_judges_small_counts_right_after_publishing(publish, monkeypatch):
    run = publish(people(30))
    monkeypatch.setattr(tasks, "work_on", lambda run_id, perform: True)
    tasks.recompute_leakage(run.pk)
    assert list(storage.run_folder(run.pk).glob("hidden-*.npz"))


def test_a_judgement_that_fails_leaves_the_run_published(publish, monkeypatch, caplog):
    run = publish(people(30))
    (storage.run_folder(run.pk) / "facts.parquet").unlink()
    monkeypatch.setattr(tasks, "work_on", lambda run_id, perform: True)
    tasks.recompute_leakage(run.pk)
    assert "not judged yet" in caplog.text
