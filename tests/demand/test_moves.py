"""Moves, continuity of care, the pace of steerage, and therapies on two axes."""

import csv
import datetime as dt
import io

import pytest
from auditlog.models import LogEntry
from django.core.cache import cache

from demand import storage
from demand.charts.therapy_risk import high
from demand.engine.disclosure import HIDDEN
from demand.engine.parameters import Parameters
from demand.filters import DashboardFilters
from demand.selectors.clinical_axes import AXES, Clinical
from demand.selectors.moves import DIRECTIONS, moves, parts_shown
from demand.selectors.steerage import steerage
from demand.selectors.therapy_risk import TherapyRisk, TherapyRisks, therapy_risks
from tests.demand.flow import CLINIC, DOCTOR, HOSPITAL, PRESCRIBERS, STRANGER, day, span, to_episodes
from tests.demand.leaks_run import publish_rehearsed, rehearsed_300
from tests.demand.test_leaks import given_at
from tests.infusion_strategy.published import sign_in

HERE = ("2024-01-03", "2024-03-03", "2024-05-02")


@pytest.fixture
def run(db, own_storage):
    return publish_rehearsed()


def move(*elsewhere, npi=DOCTOR, **more):
    rows = given_at(*HERE, npi=HOSPITAL) + given_at(*elsewhere, npi=CLINIC, ordering_npi=npi)
    (found,) = to_episodes(rows, known_until="2024-12-01", spans=[span()], **more).rows("FROM site_move")
    return found


def test_a_move_says_who_orders_afterwards():
    elsewhere = ("2024-07-01", "2024-08-30")
    assert move(*elsewhere)["prescriber_after"] == "same_prescriber"
    assert move(*elsewhere, npi=STRANGER)["prescriber_after"] == "outside"
    second = [*PRESCRIBERS, PRESCRIBERS[0] | {"npi": STRANGER}]
    assert move(*elsewhere, npi=STRANGER, prescribers=second)["prescriber_after"] == "same_network"
    left = [PRESCRIBERS[0] | {"ends_on": day("2024-06-01")}]
    assert move(*elsewhere, prescribers=left)["prescriber_after"] == "outside"  # the prescriber left us and took the patient along


def test_the_first_dose_elsewhere_is_late_by_a_week_or_a_tenth_of_the_interval():
    on_time, late = move("2024-07-04", "2024-08-29"), move("2024-07-05", "2024-08-30")
    assert (on_time["gap_days"], on_time["interval_days"], on_time["is_late"]) == (63, 56, False)
    assert (late["gap_days"], late["is_late"]) == (64, True)
    assert not move("2024-07-05", "2024-08-30", parameters=Parameters(late_share=0.2))["is_late"]


def test_a_missed_dose_is_a_late_one_and_a_new_start_is_neither():
    (timing,) = to_episodes(
        given_at("2024-01-03", "2024-01-31", "2024-02-28", "2024-04-24", npi=HOSPITAL, hcpcs_code="J2323", units=300),
        known_until="2024-05-01",
        spans=[span()],
    ).rows("SELECT sum(doses)::INT AS doses, sum(late)::INT AS late, sum(missed)::INT AS missed FROM dose_timing")
    assert timing == {"doses": 3, "late": 1, "missed": 1}
    (again,) = to_episodes(
        given_at("2023-01-03", "2023-03-03", "2024-03-03", "2024-05-02", npi=HOSPITAL), known_until="2024-05-05", spans=[span()]
    ).rows("SELECT sum(doses)::INT AS doses, sum(late)::INT AS late FROM dose_timing")
    assert again == {"doses": 2, "late": 0}


def test_flows_reasons_and_continuity_are_parts_of_the_moves(run):
    found = moves(run, DashboardFilters(), see_small=True)
    assert set(found.total) <= set(DIRECTIONS)
    for direction, number in found.total.items():
        assert sum(flow.moves for flow in found.flows if flow.direction == direction) == number
    assert sum(number for _, number, _ in found.reasons) == found.total["out"]
    for one in found.continuity:
        assert sum(one.prescribers.values()) == one.moves >= one.timed >= one.late
    by_payer = [moves(run, DashboardFilters(payer=payer), see_small=True).total.get("out", 0)
                for payer in {row["payer"] for row in rehearsed_300().query("SELECT DISTINCT payer FROM moves")}]  # fmt: skip
    assert sum(by_payer) == found.total["out"]


def test_without_the_right_few_people_are_in_no_flow(run):
    found = moves(run, DashboardFilters(), see_small=False)
    assert all(flow.people is HIDDEN or flow.people >= 11 for flow in found.flows)
    assert HIDDEN in [flow.people for flow in found.flows]
    assert moves(run, DashboardFilters(payer="x"), see_small=False).withheld


def test_one_hidden_flow_of_a_direction_has_company_in_that_direction(run):
    people, directions = [40, 30, 3, 20, 50, 4], [0, 0, 0, 1, 1, 1]
    assert parts_shown(people, False) == [True, True, False, False, True, False]  # 3, 4 and 20 hide each other in one sum
    assert parts_shown(people, False, directions) == [True, False, False, False, True, False]
    found = moves(run, DashboardFilters(), see_small=False)
    for direction, total in found.total.items():
        hidden = [flow for flow in found.flows if flow.direction == direction and flow.moves is HIDDEN]
        assert total is HIDDEN or len(hidden) != 1


def test_a_quarter_counts_who_moved_under_a_site_policy(run):
    told = steerage(run, see_small=True)
    assert sum(one.moved for one in told) == rehearsed_300().one(
        "SELECT count(*) FROM moves WHERE is_headline AND reason = 'site_policy' AND from_ownership = 'owned'"
    )
    assert all(one.moved in (0, HIDDEN) or one.moved >= 11 for one in steerage(run, see_small=False))


def risk(family: str, leaked: int, late: int, doses: int = 100) -> TherapyRisk:
    return TherapyRisk(family, leaked, 1_000, Clinical("line", late, doses, 0), AXES["late"].least)


def test_a_therapy_can_be_high_on_one_axis_alone():
    rows = (risk("costly", 900, 1), risk("late", 10, 40), risk("both", 800, 30), risk("neither", 20, 2))
    found = TherapyRisks(DashboardFilters(), None, AXES["late"], rows, restricted=False)
    assert [high(row, found) for row in rows] == ["dollars", "late doses", "dollars and late doses", "neither"]
    few = risk("few", 500, 20, doses=29)
    assert few.share is None and high(few, found) == "not known"


def test_therapies_take_their_dollars_from_the_brief_and_their_doses_from_the_run(run):
    found = therapy_risks(run, DashboardFilters(), see_small=True)
    assert sum(row.leaked_cents for row in found.rows) == rehearsed_300().one(
        "SELECT sum(allowed_cents)::BIGINT FROM facts WHERE is_headline AND outcome IN ('site_leak', 'margin_leak')"
    )
    told = {row.family for row in found.rows}
    doses = rehearsed_300().query("SELECT family, sum(late)::INT AS late FROM dose_timing GROUP BY 1")
    assert sum(row.clinical.events or 0 for row in found.rows) == sum(row["late"] for row in doses if row["family"] in told)
    hidden = therapy_risks(run, DashboardFilters(), see_small=False)
    assert HIDDEN in [row.clinical.events for row in hidden.rows]


def test_moves_therapies_and_time_download_what_their_pages_show(client, run):
    sign_in(client, "leader")
    for page, key, query in (("moves", "moves", ""), ("therapies", "risk", "?by=stay"), ("time", "then", "?as_of=2025-06")):
        text = client.get(f"/leakage/{page}/{query}").content.decode()
        address = f"/leakage/{page}/{key}.csv{query}"
        assert f'href="{address}"' in text
        answer = client.get(address)
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert rows and {row["run_id"] for row in rows} == {str(run.pk)} and "filters" in rows[0]
    assert rows[0]["looked_from"] == "2025-06-01"
    assert LogEntry.objects.filter(additional_data__table="therapies-risk").exists()
    assert client.get("/leakage/moves/nothing.csv").status_code == client.get("/leakage/luck/moves.csv").status_code == 404


def test_a_download_without_a_run_or_its_tables_is_not_found(client, run):
    sign_in(client, "leader")
    downloads = (
        "/leakage/moves/moves.csv",
        "/leakage/table/how.csv",
        "/dark/table/outcomes.csv",
        "/safety/late-doses.csv",
        "/gladly/segments.csv",
    )
    for name in ("facts", "leaks", "overdue", "moves", "infusions"):
        (storage.run_folder(run.pk) / f"{name}.parquet").unlink()
    cache.clear()
    run.published_at += dt.timedelta(seconds=1)
    run.save()
    assert [client.get(one).status_code for one in downloads] == [404] * len(downloads)
    run.delete()
    assert [client.get(one).status_code for one in (*downloads, "/brief/payer.csv", "/white-bagging/white-bag-site.csv")] == [
        404
    ] * 7
