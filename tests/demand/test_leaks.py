"""How, where and why: three splits of one total that always add up, the treatments behind them, and what may be shown to whom."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand import leak_words
from demand.charts.leaks import figures
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.selectors.dashboard import HIDDEN_SLICE, choices, dashboard
from demand.selectors.leak_treatments import LeakQuestion, treatments
from demand.selectors.leaks import BY, MECHANISMS, SILENT, leaks
from tests.demand.flow import CLINIC, DOCTOR, HOSPITAL, STRANGER, day, facility, line, span, to_episodes
from tests.demand.leaks_run import publish_rehearsed, rehearsed_300
from tests.infusion_strategy.published import publish, sign_in

SPLITS = ("how", "where", "why")


@pytest.fixture
def run(db, own_storage):
    return publish_rehearsed()


# ---- the table ----


GIVEN = {"hcpcs_code": "96413", "units": 1, "allowed_cents": 2_000, "claim_line_number": 2}


def given_at(*days: str, npi: str, ordering_npi: str = DOCTOR, **drug) -> list[dict]:
    """Buy and bill of a drug (infliximab) ordered by our doctor, at the hospital or the clinic: a drug line and its administration."""
    make = facility if npi == HOSPITAL else line
    rows = []
    for one in days:
        claim = {"claim_id": f"{npi}-{one}", "service_date": day(one), "ordering_npi": ordering_npi}
        claim |= {} if npi == HOSPITAL else {"billing_npi": npi}
        rows += [make(**claim | drug), make(**claim | GIVEN)]
    return rows


def leaked(flow) -> list[tuple]:
    return [
        (row["kind"], row["mechanism"], row["site_class"], row["ownership"], row["reason"])
        for row in flow.rows("FROM leak ORDER BY leaked_on")
    ]


def test_a_move_a_visit_and_a_first_infusion_elsewhere_are_told_apart():
    months = [f"2024-{month:02d}-03" for month in (1, 3, 5, 7, 9, 11)]
    moved = to_episodes(
        given_at(*months[:3], npi=HOSPITAL) + given_at(*months[3:5], npi=CLINIC), known_until="2024-10-01", spans=[span()]
    )
    assert leaked(moved) == [("left", "moved_out", "infusion_center", "other", "unexplained")] * 2
    visiting = to_episodes(
        given_at(*months[:2], npi=HOSPITAL) + given_at(months[2], npi=CLINIC) + given_at(*months[3:5], npi=HOSPITAL),
        known_until="2024-10-01", spans=[span()],
    )  # fmt: skip
    assert leaked(visiting) == [("left", "visiting", "infusion_center", "other", "unexplained")]
    never = to_episodes(given_at(*months[:2], npi=CLINIC), known_until="2024-04-01", spans=[span()])
    assert leaked(never) == [("left", "never_captured", "infusion_center", "other", "unexplained")] * 2


def test_a_dark_treatment_is_silent_and_what_strangers_order_is_not_ours_to_lose():
    dark = to_episodes(given_at("2024-01-03", "2024-03-03", npi=HOSPITAL), known_until="2024-12-01", spans=[span()])
    assert leaked(dark) == [("silent", "dark", "unknown", "unknown", "unexplained")]
    stranger = to_episodes(
        given_at("2024-01-03", "2024-03-03", npi=CLINIC, ordering_npi=STRANGER), known_until="2024-12-01", spans=[span()]
    )
    assert leaked(stranger) == []


def test_a_new_code_with_another_unit_moves_no_trend():
    """Eculizumab was 10 mg a unit (J1300) and is 2 mg (J1299) since 2025-04-01: one treatment, one dose, nothing late, nothing left."""
    days = [f"2025-{month:02d}-{number:02d}" for month in (2, 3, 4, 5) for number in (1, 15)]
    rows = []
    for one in days:
        code, units = ("J1300", 90) if one < "2025-04-01" else ("J1299", 450)
        rows += given_at(one, npi=HOSPITAL, hcpcs_code=code, units=units)
    flow = to_episodes(rows, known_until="2025-05-20", spans=[span()])
    doses = flow.rows("SELECT DISTINCT dose, dose_unit, family, site_id, outcome FROM attributed_infusion")
    assert [(one["dose"], one["family"], one["outcome"]) for one in doses] == [(900, "eculizumab", "kept")]
    assert flow.rows("SELECT count(*) AS episodes, sum(infusions)::INT AS infusions FROM episode") == [
        {"episodes": 1, "infusions": 8}
    ]
    assert flow.rows("SELECT late, missed FROM dose_timing") == [{"late": 0, "missed": 0}]
    assert leaked(flow) == [] and flow.rows("FROM site_move") == []


def test_a_biosimilar_goes_on_with_the_same_treatment():
    months = [f"2024-{month:02d}-03" for month in (1, 3, 5, 7)]
    rows = [row | ({"hcpcs_code": "Q5103"} if row["hcpcs_code"] == "J1745" and str(row["service_date"]) > "2024-04" else {})
            for row in given_at(*months, npi=HOSPITAL)]  # fmt: skip
    flow = to_episodes(rows, known_until="2024-08-01", spans=[span()])
    assert [one["infusions"] for one in flow.episodes] == [4] and leaked(flow) == []


# ---- the splits ----


def test_each_leak_of_a_run_is_in_one_part_of_each_split_and_none_is_lost():
    system = rehearsed_300()
    assert system.one("SELECT count(*) FROM leaks WHERE mechanism IS NULL OR reason IS NULL OR site_class IS NULL") == 0
    assert system.query(
        "SELECT count(*) AS n, sum(allowed_cents)::BIGINT AS cents FROM leaks WHERE kind <> 'silent'"
    ) == system.query(
        "SELECT count(*) AS n, sum(allowed_cents)::BIGINT AS cents FROM facts WHERE is_headline AND outcome IN ('site_leak', 'margin_leak')"
    )
    assert (
        system.one("SELECT count(*) FROM leaks WHERE reason <> 'unexplained' AND evidence IS NULL") == 0
    )  # no reason without evidence
    assert system.one("SELECT count(*) - count(DISTINCT episode_id) FROM leaks WHERE kind = 'silent'") == 0


def test_three_splits_and_the_rows_of_a_dimension_add_up_under_any_filters(run):
    found = choices(run)
    asked = st.builds(
        DashboardFilters,
        **{name: st.none() | st.sampled_from(getattr(found, name)) for name in ("market", "payer", "family")},
        since=st.none() | st.sampled_from(found.months),
        site_owner=st.none() | st.sampled_from(found.site_owner),
    )

    @settings(max_examples=15)
    @given(asked, st.sampled_from(BY))
    def add_up(filters, by):
        told, board = leaks(run, filters, see_small=True, by=by), dashboard(run, filters, see_small=True)
        left, bagged = board.total.at("site_leak"), board.total.at("margin_leak")
        assert (told.total.infusions, told.total.allowed_cents) == (
            left.infusions + bagged.infusions,
            (left.allowed_cents or 0) + (bagged.allowed_cents or 0),
        )
        for split in SPLITS:
            parts = getattr(told, split)
            assert sum(part.leaked.infusions for part in parts) == told.total.infusions
            assert sum(part.leaked.allowed_cents or 0 for part in parts) == told.total.allowed_cents
            assert sum(part.silent.treatments for part in parts) == (told.silent.treatments or 0)
        assert sum(row.left.infusions + row.bagged.infusions for row in told.rows) == told.total.infusions
        assert sum(sum(row.mechanisms.values()) for row in told.rows) == told.total.infusions
        if told.silent.treatments is not None:
            assert sum(sum(row.silent.values()) for row in told.rows) == told.silent.treatments

    add_up()


def test_the_treatments_behind_a_part_are_the_part(run):
    told = leaks(run, DashboardFilters(), see_small=True, by="payer")
    for part in told.how:
        question, problems = LeakQuestion.from_query({"kind": part.kind, "leak_mechanism": part.code[0]})
        (number, people, infusions, allowed), rows = treatments(run, question)
        assert not problems and len(rows) == number
        if part.kind == "silent":
            assert number == part.silent.treatments
        else:
            assert (infusions, people, allowed) == (part.leaked.infusions, part.leaked.people, part.leaked.allowed_cents or 0)
            assert sum(row.infusions for row in rows) == infusions


def test_without_the_right_no_part_of_few_people_is_shown(run):
    everything = leaks(run, DashboardFilters(), see_small=True, by="payer")
    told = leaks(run, DashboardFilters(), see_small=False, by="payer")
    hidden = 0
    for split in SPLITS:
        people = {(part.kind, part.code): part.leaked.people for part in getattr(everything, split)}
        for part in getattr(told, split):
            gone = HIDDEN in (part.leaked.infusions, part.silent.treatments)
            hidden += gone
            assert gone or part.kind == "silent" or people[part.kind, part.code] >= 11
    assert hidden and told.evidence == ()
    assert leaks(run, DashboardFilters(), see_small=False, by="specialty").rows == ()
    for row in leaks(run, DashboardFilters(), see_small=False, by="clinical_line").rows:
        assert row.left.people in (None, 0, HIDDEN)  # people of several therapies overlap: never a sum


# ---- the pages ----

PAGES = ("", "moves/", "therapies/", "time/")


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_tell_leaders_what_may_be_told_and_offer_no_patients(client, run, page):
    sign_in(client, "leader")
    answer = client.get(f"/leakage/{page}")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "What these figures cover" in text and "/leakage/treatments/" not in text
    assert (
        client.get(f"/leakage/{page}", {"family": "infliximab", "from": "2025-01"}, headers={"HX-Request": "true"}).status_code
        == 200
    )


def test_patients_are_for_those_with_the_right(client, run):
    sign_in(client, "leader")
    for address in ("treatments/", "treatments.csv", "prescribers/", "prescribers/2200000001/"):
        assert client.get(f"/leakage/{address}").status_code == 403
    sign_in(client, "analyst")
    page = client.get("/leakage/").content.decode()
    assert "/leakage/treatments/?kind=left" in page
    listed = client.get("/leakage/treatments/?kind=left&leak_mechanism=moved_out")
    assert "Moved away from our sites" in listed.content.decode()
    rows = list(csv.DictReader(io.StringIO(client.get("/leakage/treatments.csv?kind=left").content.decode())))
    assert sum(int(row["infusions"]) for row in rows) == rehearsed_300().one("SELECT count(*) FROM leaks WHERE kind = 'left'")
    prescribers = client.get("/leakage/prescribers/").content.decode()
    assert (
        client.get(
            prescribers.split('href="/leakage/prescribers/')[1].split('"')[0].join(["/leakage/prescribers/", ""])
        ).status_code
        == 200
    )


def test_a_table_is_downloaded_as_it_is_shown(client, run):
    sign_in(client, "leader")
    answer = client.get("/leakage/table/how.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["kind"] for row in rows] and any(row["infusions"] == "hidden" for row in rows)
    assert client.get("/leakage/table/nothing.csv").status_code == 404


def test_the_page_asks_few_questions_of_the_database(client, run, django_assert_max_num_queries):
    sign_in(client, "analyst")
    client.get("/leakage/")
    with django_assert_max_num_queries(20):
        client.get("/leakage/?by=family")


def test_a_run_of_before_says_recompute(client, db, own_storage):
    publish(people=40, months=6)
    sign_in(client, "leader")
    for page in PAGES:
        assert "Recompute" in client.get(f"/leakage/{page}").content.decode()


def test_without_a_run_the_pages_say_what_to_do(client, db, own_storage):
    sign_in(client, "analyst")
    for page in (*PAGES, "treatments/", "prescribers/"):
        assert client.get(f"/leakage/{page}").status_code == 200
    assert "Load claims" in client.get("/leakage/").content.decode()


def test_every_mechanism_has_words():
    assert set(leak_words.MECHANISMS) == set(MECHANISMS) >= set(SILENT)


def test_treatments_that_fell_silent_are_not_counted_by_site(run):
    told = leaks(run, DashboardFilters(site_owner="unknown"), see_small=True, by="payer")
    assert leaks(run, DashboardFilters(), see_small=True, by="payer").silent.treatments > 0
    assert told.silent.treatments is None and all(part.kind != "silent" for part in (*told.how, *told.where, *told.why))
    assert all(set(row.silent.values()) == {None} for row in told.rows)
    assert "not counted by site" in figures(told, "")[0].reading


def test_the_largest_row_beside_hidden_ones_is_the_largest_of_what_may_be_shown(run):
    told = leaks(run, DashboardFilters(), see_small=True, by="family")
    first, *others = told.rows
    for rows, says in ((told.rows, False), ((replace(first, left=HIDDEN_SLICE), *others), True)):
        assert ("of what may be shown, most dollars left at" in figures(replace(told, rows=rows), "")[-1].reading) == says


@pytest.mark.parametrize("address", ["/leakage/treatments/", "/line/people/"])
def test_lists_say_that_no_run_is_published_yet(db, client, address):
    assert "No claims run is published yet" in sign_in(client, "analyst").get(address).content.decode()
