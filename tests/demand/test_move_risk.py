"""Who is next: snapshots that know nothing of the future, a forecast that is judged, pages that say how good it is (definitions.md 5)."""

import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from demand import storage
from demand.engine import move_risk, stage
from demand.engine.disclosure import HIDDEN
from demand.engine.move_risk import BETTER, NO_BETTER, TOO_FEW, forecast_moves
from demand.engine.parameters import Parameters
from demand.engine.risk_features import MONTHS, months_ahead
from demand.engine.risk_snapshots import tell_risk_snapshots
from demand.models import Run
from demand.selectors.move_risk import tenths, who_is_next
from infusion_strategy.questions import next_to_leave
from payers.actions.forecasts import decide, state_likelihood, take_decision_back
from payers.actions.versions import fields_of
from payers.engine.policies import checked_document, flat_rows
from payers.models import Payer, Policy
from payers.selectors import reference_frames
from tests.demand import flow
from tests.infusion_strategy.published import sign_in

POLICY = {
    "id": "P", "payer": "Acme", "kind": "site_of_care", "status": "in_force", "effective_from": "2025-06-01",
    "source": {"title": "P", "retrieved": "2025-03-15"}, "drugs": {"hcpcs": ["J1745"]}, "excluded_site_classes": ["hopd_on_campus"],
}  # fmt: skip
CAME_OF_IT = {"moved_in_month", "ended_in_month", "turned_in_month"}
FOREVER = [dt.date(2024, 1, 3) + dt.timedelta(28 * dose) for dose in range(26)]  # to December 2025


def given(person: str, days: list[dt.date], moved_on: dt.date = dt.date.max) -> list[dict]:
    made = []
    for number, day in enumerate(days):
        fields = {"person_id": person, "service_date": day, "claim_id": f"{person}-{number}", "ordering_npi": flow.DOCTOR}
        made.append(flow.facility(**fields) if day < moved_on else flow.line(**fields, billing_npi=flow.CLINIC))
    return made


def snapshots(folder, lines: list[dict]) -> pd.DataFrame:
    people = sorted({line["person_id"] for line in lines})
    policies = pd.DataFrame(flat_rows(checked_document(POLICY)), dtype=object)
    told = flow.to_episodes(lines, known_until="2026-01-01", spans=[flow.span(person_id=one) for one in people], policies=policies)
    none = "(SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS code, NULL::DATE AS from_on, NULL::DATE AS until_on LIMIT 0)"
    for name, rows in (
        ("infusions", "attributed_infusion"), ("eligibility", "eligibility_span"), ("exception_evidence", none),
        ("lines-0", "(SELECT 0::BIGINT AS infusion_id, 'Acme' AS payer, NULL::DATE AS authorization_end_date)"),
    ):  # fmt: skip
        told.connection.execute(f"COPY (FROM {rows}) TO '{folder / name}.parquet' (FORMAT parquet)")
    reference = flow.usual_reference().from_frames(flow.shipped_frames() | {"policies": policies})
    with told.connection.cursor() as lane:
        stage.set_parameters(lane, Parameters())
        return tell_risk_snapshots(lane, folder, reference)


@pytest.fixture(scope="module")
def all_stay(tmp_path_factory):
    return snapshots(
        tmp_path_factory.mktemp("stay"), [line for person in ("p1", "p2", "p3", "p4") for line in given(person, FOREVER)]
    )


@pytest.fixture(scope="module")
def some_leave(tmp_path_factory):
    """From 26 February 2025 on p2 is given at a clinic of others; p3 is given nothing more, p4 two doses."""
    lines = [*given("p1", FOREVER), *given("p2", FOREVER, FOREVER[15]), *given("p3", FOREVER[:15]), *given("p4", FOREVER[:17])]
    return snapshots(tmp_path_factory.mktemp("leave"), lines)


def test_a_later_event_changes_nothing_that_was_known_before(all_stay, some_leave):
    known = [name for name in all_stay.columns if name not in CAME_OF_IT]
    usual, other = (
        told[told["snapshot_on"] <= pd.Timestamp(FOREVER[15])][known].reset_index(drop=True) for told in (all_stay, some_leave)
    )
    assert len(usual) == 12  # four people on three days
    pd.testing.assert_frame_equal(usual, other)


def test_what_came_of_a_treatment_is_dated_from_the_day(some_leave):
    day = some_leave[some_leave["snapshot_on"] == "2025-01-01"].set_index("person_id")
    assert day.loc["p2", "moved_in_month"] == 2  # February 2025
    assert day.loc[["p1", "p3", "p4"], "moved_in_month"].isna().all()
    assert day.loc["p3", "ended_in_month"] == 3  # the last dose on 29 January, and 60 days
    assert set(some_leave[some_leave["snapshot_on"] > "2025-07-01"]["person_id"]) == {"p1"}  # the others are no longer ours to lose


def test_a_policy_counts_from_the_day_on_which_it_was_known(all_stay):
    by_day = all_stay[all_stay["person_id"] == "p1"].set_index("snapshot_on")
    january, april = by_day.loc["2025-01-01"], by_day.loc["2025-04-01"]
    assert pd.isna(january["site_policy_on"]) and january["site_policy_came_on"] == pd.Timestamp("2025-06-01")
    assert april["site_policy_on"] == pd.Timestamp("2025-06-01")
    assert pd.isna(january["site_policy_terms"]) and january["site_policy_came_terms"] == "no site of ours"  # H is the only one
    assert april["site_policy_terms"] == "no site of ours"


def test_a_dose_is_overdue_by_the_days_since_it_was_expected(all_stay):
    by_day = all_stay[all_stay["person_id"] == "p1"].set_index("snapshot_on")["days_overdue"]
    assert by_day["2026-01-01"] == 1 and by_day["2025-10-01"] == 0  # expected on 31 December, on 8 October


def past_and_now(seed: int = 1, policy_moves: float = 0.5, moves: float = 0.01, per_day: int = 150) -> pd.DataFrame:
    """Treatments on nine days, a quarter of a year apart. One in five is reached by a policy two months after the day: it then moves with
    that chance, everybody else with `moves` a month."""
    draws = np.random.default_rng(seed)
    days = [pd.Timestamp(dt.date(2026, 7, 1)) - pd.DateOffset(months=3 * number) for number in range(9)]
    rows = []
    for number, day in enumerate(days, start=1):
        for one in range(per_day):
            reached = draws.random() < 0.2
            month = 3 + draws.integers(0, 3) if reached and draws.random() < policy_moves else draws.geometric(moves)
            on = day + pd.DateOffset(months=2) if reached else pd.NaT
            rows.append(
                (number, day, number * 1000 + one, on, float(month) if month < 60 else np.nan, float(draws.integers(10, 40)))
            )
    names = ["snapshot_no", "snapshot_on", "person_no", "site_policy_on", "moved_in_month", "ended_in_month"]
    frame = pd.DataFrame(rows, columns=names)
    frame["site_policy_on"] = pd.to_datetime(frame["site_policy_on"])
    return frame.assign(
        person_id=[f"p{number}" for number in frame["person_no"]], site_policy_came_on=frame["site_policy_on"],
        drug_policy_on=pd.NaT, drug_policy_came_on=pd.NaT, site_policy_maybe_on=pd.NaT, site_policy_chance=0.0,
        site_policy_terms="", site_policy_came_terms="", turned_in_month=np.nan, interval_days=28, days_overdue=0, is_finite=False,
        family="infliximab", clinical_line="gastroenterology", payer=np.where(frame["person_no"] % 3, "Acme", "Beta"),
        line_of_business="commercial", market="metro", site_id="H", site_class="hopd_on_campus", started_on=pd.Timestamp("2023-01-01"),
        last_infused_on=frame["snapshot_on"], next_expected_on=frame["snapshot_on"], years_treated=1.0, is_new=False, doses=9,
        has_moved=False, visited_elsewhere=False, changed_prescriber=False, prescriber_left=False, is_white_bagged=False,
        waited=np.nan, authorization_waited=np.nan, miles=5.0, miles_nearer_elsewhere=0.0, age=50.0,
        followed=(frame["snapshot_no"] - 1) * 3,
    )  # fmt: skip


@pytest.fixture(scope="module")
def predictable():
    return forecast_moves(past_and_now())


def test_what_is_predictable_is_foreseen_better_than_by_the_base_rate(predictable):
    card = predictable.card
    assert card["status"] == BETTER and card["evaluation"]["gain_low"] > 0
    assert card["evaluation"]["on"] == "2025-07-01" and card["evaluation"]["through"] == "2026-07-01"
    risk = predictable.risk.set_index("person_no")["risk"]
    reached = past_and_now().query("snapshot_no == 1").set_index("person_no")["site_policy_on"].notna()
    assert risk[reached].mean() == pytest.approx(0.55, abs=0.12) and risk[~reached].mean() == pytest.approx(0.11, abs=0.05)
    assert predictable.risk.loc[predictable.risk["risk"].idxmax(), "reasons"].startswith(
        "a site policy reaches the treatment on 2026-09-01"
    )


def test_an_overdue_dose_is_told_as_no_reason_to_move():
    frame = past_and_now()
    found = forecast_moves(frame.assign(days_overdue=np.where(frame["moved_in_month"] < 12, 30, 0)))
    assert "overdue" not in " ".join(found.risk["reasons"]) and all("overdue" not in one["name"] for one in found.card["drivers"])


def test_shuffled_outcomes_are_foreseen_no_better_than_by_the_base_rate():
    frame = past_and_now()
    outcomes = frame.groupby("snapshot_no")["moved_in_month"].transform(lambda one: one.sample(frac=1, random_state=5).to_numpy())
    found = forecast_moves(frame.assign(moved_in_month=outcomes))
    assert found.card["status"] == NO_BETTER and found.card["evaluation"]["gain_low"] <= 0
    assert found.risk["risk"].mean() == pytest.approx(found.card["training"]["base_rate"], abs=0.02)


def test_who_cannot_turn_to_another_site_of_ours_moves_out():
    """Half of those whom a policy moves turn to another site of ours, wherever the policy permits one."""
    frame = past_and_now(policy_moves=0.6)
    reached = frame["site_policy_on"].notna() & frame["moved_in_month"].between(3, 5)
    turns = reached & (frame["person_no"] % 2 == 0)
    frame = frame.assign(turned_in_month=frame["moved_in_month"].where(turns), moved_in_month=frame["moved_in_month"].mask(turns))
    barred = frame["snapshot_no"].eq(1) & frame["site_policy_on"].notna() & (frame["person_no"] % 3 == 0)
    found = forecast_moves(frame.assign(site_policy_terms=np.where(barred, "no site of ours", ""))).risk.set_index("person_no")
    now = frame[frame["snapshot_no"] == 1].set_index("person_no")
    mean = found["risk"].groupby([now["site_policy_on"].notna(), now.index % 3 == 0]).mean()
    assert mean[True, False] == pytest.approx(0.37, abs=0.1) and mean[True, True] > mean[True, False] + 0.1
    assert mean[False, False] == pytest.approx(mean[False, True], abs=0.02)


def test_a_policy_that_begins_on_the_day_begins_to_bind_in_the_first_month():
    day = pd.Timestamp("2025-04-01")
    one = (
        past_and_now(per_day=1)
        .head(3)
        .assign(snapshot_on=day, site_policy_on=pd.to_datetime(["2025-04-01", "2025-05-01", "2025-03-01"]))
    )
    rows = months_ahead(one, {})
    begins = rows["a site policy begins to bind in the month"].to_numpy().reshape(3, MONTHS)
    assert [list(np.flatnonzero(month) + 1) for month in begins] == [[1], [2], []]
    stayed = rows["stayed though a site policy binds, since less than 3 months"].to_numpy().reshape(3, MONTHS)
    assert [list(np.flatnonzero(month) + 1) for month in stayed] == [[], [], [1, 2]]


def test_few_moves_are_too_few_to_tell():
    found = forecast_moves(past_and_now(policy_moves=0, moves=0.0005))
    assert found.card["status"] == TOO_FEW
    assert found.risk["risk"].unique() == pytest.approx([found.card["training"]["base_rate"]])
    nothing = forecast_moves(past_and_now().query("snapshot_no == 1"))
    assert (
        nothing.card["status"] == TOO_FEW and nothing.card["evaluation"] is None and nothing.card["training"]["base_rate"] is None
    )


def test_the_same_snapshots_give_the_same_forecast(predictable):
    again = forecast_moves(past_and_now())
    assert again.card == predictable.card
    pd.testing.assert_frame_equal(again.risk, predictable.risk)


@pytest.mark.parametrize("chance", [0.0, 0.4, 1.0])
def test_likelihoods_of_0_and_1_are_the_two_certain_worlds(chance):
    frame = past_and_now()
    maybe = frame["snapshot_no"].eq(1) & frame["site_policy_on"].isna()
    on = pd.Series(np.where(maybe, pd.Timestamp("2026-10-01"), pd.NaT), index=frame.index)
    risk = forecast_moves(
        frame.assign(site_policy_maybe_on=pd.to_datetime(on), site_policy_chance=np.where(maybe, chance, 0.0))
    ).risk
    mixed = (1 - chance) * risk["risk_certain"] + chance * risk["risk_all"]
    reachable = risk["person_no"].isin(frame[maybe]["person_no"])
    assert risk["risk"][reachable].to_numpy() == pytest.approx(mixed[reachable].to_numpy(), abs=2e-4)
    assert (risk["risk_all"][reachable] > risk["risk_certain"][reachable]).all()
    assert [sum(months) for months in risk["months"]] == pytest.approx(risk["risk"].tolist(), abs=2e-4)


@pytest.fixture
def run(db, settings, tmp_path, predictable):
    """150 treatments at risk: 140 of infliximab at H, 4 of them by a small payer, and 10 at another site."""
    settings.STORAGE_DIR = tmp_path
    now = timezone.now()
    run = Run.objects.create(
        kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now, inputs={"extracts": []},
        result={"move_risk": predictable.card},
    )  # fmt: skip
    folder = storage.run_folder(run.pk)
    folder.mkdir(parents=True)
    rows = predictable.risk.assign(site_id=["C"] * 10 + ["H"] * 140)
    rows.loc[:3, "payer"] = "Small"
    with flow.duckdb.connect() as connection:
        connection.register("risk_row", rows)
        connection.execute(f"COPY (FROM risk_row) TO '{folder / 'risk.parquet'}' (FORMAT parquet)")
        connection.execute(
            f"COPY (SELECT 'MAYBE' AS policy_id, 'announced' AS status, 0.4::DOUBLE AS likelihood) TO '{folder / 'exposure.parquet'}' (FORMAT parquet)"
        )
    return run


def test_expected_movers_of_a_split_add_up_to_the_total(run):
    found = who_is_next(run, see_small=True)
    for groups in found.groups.values():
        assert sum(one.expected for one in groups) == pytest.approx(found.total.expected)
        assert sum(one.treatments for one in groups) == found.total.treatments == 150
    assert sum(one.expected for one in found.months) == pytest.approx(found.total.expected, abs=0.01)
    assert all(one.low <= one.expected <= one.high for groups in found.groups.values() for one in groups)


def test_small_groups_and_what_gives_them_away_are_hidden(run):
    payers = {one.name: one.people for one in who_is_next(run, see_small=False).groups["payer"]}
    assert payers["Small"] is HIDDEN and sum(people is HIDDEN for people in payers.values()) == 2
    assert all(one.is_hidden for one in who_is_next(run, see_small=False).groups["site"])


def test_the_calibration_of_readers_without_the_right_tells_no_small_count(predictable):
    shown = tenths(predictable.card, see_small=False)
    assert all(one.moved == 0 or one.moved > 10 for one in shown) and 1 < len(shown) < 10
    assert sum(one.moved for one in shown) == predictable.card["evaluation"]["moved"]


def test_pages_say_how_good_the_forecast_is(run, client):
    page = sign_in(client, "leader").get("/who-is-next/").content.decode()
    assert "Better than the base rate" in page and "hidden" in page
    card = client.get("/who-is-next/model/").content.decode()
    assert "a site policy" in card and "chance alone puts the worst tenth" in card
    assert client.get("/who-is-next/people/").status_code == 403
    assert "hidden" in client.get("/who-is-next/by-payer.csv").content.decode()
    assert client.get("/who-is-next/by-person.csv").status_code == 404


def test_pages_say_when_the_forecast_adds_nothing(run, client):
    Run.objects.update(result={"move_risk": run.result["move_risk"] | {"status": NO_BETTER}})
    sign_in(client, "analyst")
    for address in ("/who-is-next/", "/who-is-next/model/", "/who-is-next/people/"):
        assert "No better than the base rate" in client.get(address).content.decode()


def test_treatments_are_listed_by_risk_for_those_with_the_right(run, client):
    page = sign_in(client, "analyst").get("/who-is-next/people/?payer=Small").content.decode()
    assert (
        "1 to 4 of 4" in page
        and '<option value="Small" selected>' in page
        and 'name="therapy"' in page
        and 'type="text"' not in page
    )
    rows = client.get("/who-is-next/people.csv").content.decode().splitlines()
    assert len(rows) == 151
    risks = [float(row.split(",")[8]) for row in rows[1:]]
    assert risks == sorted(risks, reverse=True)


@pytest.fixture
def maybe(db):
    """A site policy that may come: 40 % by its file."""
    Payer.objects.create(name="Payer A")
    said = {
        "id": "MAYBE", "payer": "Payer A", "kind": "site_of_care", "status": "announced", "likelihood": 0.4, "source": {"title": "x"},
        "effective_from": "2026-12-01", "drugs": {"hcpcs": ["J1745"]}, "excluded_site_classes": ["hopd_on_campus"],
    }  # fmt: skip
    return Policy.objects.create(**fields_of(checked_document(said)))


def counted_by_the_next_run() -> set[float]:
    return {json.loads(text)["likelihood"] for text in reference_frames()["policies"]["document"]}


def test_the_next_run_counts_what_somebody_said_last_or_what_was_decided(maybe):
    user = User.objects.create_user("ada")
    assert counted_by_the_next_run() == {0.4}
    for said in (0.9, 0.7):
        state_likelihood(maybe, user, said)
    assert counted_by_the_next_run() == {0.7}
    decide(maybe, user, came=False, known_on=dt.date(2026, 7, 1))
    assert counted_by_the_next_run() == {0.0}
    take_decision_back(maybe)
    assert counted_by_the_next_run() == {0.7}


def test_the_page_says_whose_likelihood_counts_and_what_is_newer(run, maybe, client):
    def words() -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", client.get("/who-is-next/").content.decode()).split())

    sign_in(client, "analyst")
    assert "Payer A: MAYBE 2026-12-01 40.0% of the policy's file" in words()
    state_likelihood(maybe, User.objects.create_user("ada"), 0.7)
    assert "40.0% Another by now: 70.0%, said by ada on" in words() and "recompute to count it" in words()


def test_a_run_from_before_says_what_to_do(run, client):
    Run.objects.update(result={})
    sign_in(client, "analyst")
    for address in ("/who-is-next/", "/who-is-next/model/", "/who-is-next/people/"):
        assert "recompute, then look again" in client.get(address).content.decode()


@pytest.mark.thorough
def test_calibrated_on_a_rehearsal_system_of_20_000_people(tmp_path):
    from tests.demand.rehearsed import rehearse

    evaluation = rehearse(tmp_path, 20_000, 813).summary.move_risk["evaluation"]  # benchmarks add five seeds up
    off = [abs(one["expected"] - one["moved"]) / one["treatments"] for one in evaluation["deciles"]]
    assert evaluation["gain_low"] > 0
    assert 100 * max(off) <= max(2.0, evaluation["chance_points"])  # 400 people a tenth: chance alone is more than two points
    assert abs(evaluation["expected"] - evaluation["moved"]) / evaluation["treatments"] < 0.02


@pytest.mark.thorough
def test_equal_hazards_are_foreseen_no_better_than_by_the_base_rate(tmp_path, monkeypatch):
    from tests.demand.equal_hazards import plant_equal_hazards
    from tests.demand.rehearsed import rehearse

    plant_equal_hazards(monkeypatch)
    card = rehearse(tmp_path, 1_500, 5).summary.move_risk
    assert card["status"] == NO_BETTER and card["evaluation"]["gain"] == pytest.approx(0, abs=0.002)


def test_chance_is_what_a_perfect_forecast_is_off_by():
    assert move_risk._chance_points(np.full(10_000, 0.5)) == pytest.approx(
        4.4, abs=0.7
    )  # 1,000 a tenth: 1.6 points each, the worst of ten


def test_a_last_forecast_outside_its_own_chance_interval_is_said(run, client):
    found = who_is_next(run, see_small=True)
    low, high = found.last_band
    assert low < found.card["evaluation"]["expected"] < high
    evaluation = found.card["evaluation"] | {"moved": int(high) + 1}
    Run.objects.update(result={"move_risk": found.card | {"evaluation": evaluation}})
    page = sign_in(client, "leader").get("/who-is-next/").content.decode()
    assert "outside its own chance interval" in page
    run.refresh_from_db()
    said = next_to_leave(run, see_small=False).sure
    assert f"{int(high) + 1} of {evaluation['treatments']} moved" in said and "outside its own chance interval" in said
