"""The register of overdue treatments: one outcome each, nothing dark on immature months, answers that stay and can be taken back."""

import csv
import io

import pytest

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import DarkResolution
from demand.selectors.dark import RESOLUTIONS, register, work_list
from demand.selectors.dark import WorkQuestion as Asked
from sites.append_only import HistoryStands
from tests.demand.flow import CLINIC, HOSPITAL, day, span, to_episodes
from tests.demand.leaks_run import publish_rehearsed, rehearsed_300
from tests.demand.test_leaks import given_at
from tests.infusion_strategy.published import sign_in

TWICE = ("2024-01-03", "2024-03-03")


@pytest.fixture
def run(db, own_storage):
    return publish_rehearsed()


def overdue(rows, known_until="2024-12-01", **more):
    flow = to_episodes(rows, known_until=known_until, **{"spans": [span()]} | more)
    return [(row["resolution"], row["dark"], row["evidence"]) for row in flow.rows("FROM overdue")]


# ---- the rules ----


def test_a_treatment_is_overdue_only_after_its_gap_rule():
    assert overdue(given_at(*TWICE, npi=HOSPITAL), known_until="2024-05-15") == []
    assert overdue(given_at(*TWICE, npi=HOSPITAL)) == [("unknown", True, None)]


def test_known_causes_are_no_darkness():
    died = span(death_date=day("2024-04-10"))
    left = span(enrollment_end_date=day("2024-04-10"))
    later = span(person_id="p2", enrollment_end_date=day("2030-12-31"))  # so that p1's span does not end with the file
    assert overdue(given_at(*TWICE, npi=HOSPITAL), spans=[died]) == [("stopped", False, "died")]
    assert overdue(given_at(*TWICE, npi=HOSPITAL), spans=[left, later]) == [("not_enrolled", False, "not_enrolled")]
    assert overdue(given_at(*TWICE, npi=HOSPITAL), spans=[]) == [("unknown", False, "enrollment_unknown")]


def test_who_moved_and_then_fell_silent_has_moved():
    rows = given_at(*TWICE, npi=HOSPITAL) + given_at("2024-05-03", "2024-07-03", npi=CLINIC)
    assert overdue(rows, known_until="2025-03-01") == [("moved", True, "unexplained")]


def test_who_came_back_later_is_not_overdue_for_the_time_between():
    rows = given_at(*TWICE, npi=HOSPITAL) + given_at("2024-09-03", npi=HOSPITAL)
    assert overdue(rows, known_until="2024-10-01") == []


def test_every_attributed_treatment_of_a_run_is_in_exactly_one_class():
    """Not overdue, never due again, or in the register with one outcome: nobody is lost and nobody is there twice."""
    system = rehearsed_300()
    assert system.one("SELECT count(*) - count(DISTINCT episode_id) FROM overdue") == 0
    assert system.one("SELECT count(*) FROM overdue WHERE resolution IS NULL") == 0
    # resolution is the episode's own mark of being overdue
    assert system.one(
        "SELECT count(*) FROM episodes WHERE attributed AND resolution IS NOT NULL "
        "AND coalesce(end_cause, '') NOT IN ('complete', 'planned_self_injection', 'restarted') AND episode_id NOT IN (SELECT episode_id FROM overdue)"
    ) == system.one("SELECT count(*) FROM overdue WHERE episode_id NOT IN (SELECT episode_id FROM episodes WHERE attributed)") == 0  # fmt: skip
    assert system.one("SELECT count(*) FROM episodes WHERE attributed AND outcome IS NULL") == 0


def test_nothing_is_dark_in_a_month_that_is_not_complete():
    system = rehearsed_300()
    assert system.one("SELECT count(*) FROM overdue WHERE dark") > 0
    assert system.one(
        "SELECT count(*) FROM overdue JOIN maturity ON maturity.data_source = overdue.due_source AND maturity.month = overdue.month "
        "WHERE overdue.dark AND NOT coalesce(maturity.mature, false)"
    ) == 0  # fmt: skip
    assert system.one("SELECT count(*) FROM leaks WHERE mechanism = 'dark' AND NOT mature") == 0


# ---- the counts ----


@pytest.mark.parametrize("by", ["payer", "family", "specialty"])
def test_the_outcomes_add_up_over_every_dimension(run, by):
    found = register(run, DashboardFilters(), see_small=True, by=by)
    for name in RESOLUTIONS:
        assert sum(row.of(name).treatments for row in found.rows) == found.of(name).treatments
        assert sum(row.of(name).dose_cents or 0 for row in found.rows) == (found.of(name).dose_cents or 0)
    assert sum(found.of(name).treatments for name in RESOLUTIONS) + found.apart == rehearsed_300().one(
        "SELECT count(*) FROM overdue"
    )


def test_without_the_right_no_small_count_is_shown(run):
    everything = register(run, DashboardFilters(), see_small=True, by="payer")
    found = register(run, DashboardFilters(), see_small=False, by="payer")
    shown = [found.of(name).treatments for name in RESOLUTIONS] + [
        row.of(name).treatments for row in found.rows for name in RESOLUTIONS
    ]
    assert HIDDEN in shown and all(number is HIDDEN or number == 0 or number >= 11 for number in shown)
    assert everything.evidence and not found.evidence
    assert register(run, DashboardFilters(), see_small=False, by="specialty").rows == ()
    filtered = register(
        run, DashboardFilters(since=everything.coverage.computed_at.date().replace(month=1, day=1)), see_small=False, by="payer"
    )
    assert all(count.treatments is HIDDEN for count in filtered.counts.values())


# ---- answers ----


def test_an_answer_stays_in_the_next_run_and_is_taken_back_by_a_new_entry(client, run):
    sign_in(client, "managed care")
    first = work_list(run, Asked(DashboardFilters()))[0]
    address = f"/dark/treatments/{first.episode_id}/"
    assert client.post(f"{address}resolve/", {"kind": "moved", "evidence": " "}).status_code == 422
    assert client.post(f"{address}resolve/", {"kind": "open", "evidence": "a letter"}).status_code == 422
    assert DarkResolution.objects.count() == 0
    answer = client.post(
        f"{address}resolve/", {"kind": "moved", "evidence": "call to the office", "note": "infused at home"}, follow=True
    )
    assert "Infused elsewhere" in answer.content.decode()
    again = publish_rehearsed()
    kept = next(
        row
        for row in work_list(again, Asked(DashboardFilters()))
        if row.person_id == first.person_id and row.family == first.family
    )
    assert (kept.answer.kind, kept.answer.evidence) == ("moved", "call to the office")
    assert len(work_list(again, Asked(DashboardFilters(), open_only=True))) == len(work_list(again, Asked(DashboardFilters()))) - 1
    found = register(again, DashboardFilters(), see_small=True, by="payer").answers
    assert (found.answered, found.kinds) == (1, (("Infused elsewhere", 1),)) and found.of >= 1
    client.post(f"{address}reopen/")
    assert register(again, DashboardFilters(), see_small=True, by="payer").answers.answered == 0
    assert [entry.kind for entry in DarkResolution.objects.order_by("pk")] == ["moved", "open"]
    with pytest.raises(HistoryStands):
        DarkResolution.objects.first().delete()


def test_an_answer_from_a_page_that_is_out_of_date_replaces_nothing(client, run):
    sign_in(client, "managed care")
    address = f"/dark/treatments/{work_list(run, Asked(DashboardFilters()))[0].episode_id}/"
    moved, stopped = {"kind": "moved", "evidence": "a letter", "seen": ""}, {"kind": "stopped", "evidence": "the chart", "seen": ""}
    for _ in range(2):  # sent twice, recorded once
        assert client.post(f"{address}resolve/", moved).status_code == 302
    stale = client.post(f"{address}resolve/", stopped)
    assert stale.status_code == 422 and "in the meantime" in stale.content.decode()
    assert [entry.kind for entry in DarkResolution.objects.all()] == ["moved"]
    seen = DarkResolution.objects.get().pk
    assert f'name="seen" value="{seen}"' in client.get(address).content.decode()
    assert client.post(f"{address}resolve/", stopped | {"seen": seen}).status_code == 302
    assert DarkResolution.objects.first().kind == "stopped"


def test_another_last_infusion_is_another_treatment(client, run):
    first = work_list(run, Asked(DashboardFilters()))[0]
    DarkResolution.objects.create(
        person_id=first.person_id, family=first.family, last_infused_on=day("2001-01-01"), kind="stopped", evidence="chart"
    )
    assert all(row.answer is None for row in work_list(run, Asked(DashboardFilters())))


def test_single_treatments_are_for_those_with_the_right(client, run):
    sign_in(client, "leader")
    one = work_list(run, Asked(DashboardFilters()))[0]
    assert client.get("/dark/").status_code == 200
    for address in ("", f"{one.episode_id}/"):
        assert client.get(f"/dark/treatments/{address}").status_code == 403
    assert client.get("/dark/treatments.csv").status_code == 403
    assert client.post(f"/dark/treatments/{one.episode_id}/resolve/", {"kind": "moved", "evidence": "chart"}).status_code == 403
    assert DarkResolution.objects.count() == 0


def test_the_work_list_says_what_was_checked(client, run):
    sign_in(client, "analyst")
    one = work_list(run, Asked(DashboardFilters()))[0]
    listed = client.get(f"/dark/treatments/?prescriber={one.named_npi}&open=1").content.decode()
    assert f"/dark/treatments/{one.episode_id}/" in listed and one.person_id not in listed
    page = client.get(f"/dark/treatments/{one.episode_id}/").content.decode()
    assert "No later fill of the therapy" in page and "Complete: its claims are in" in page
    assert client.get("/dark/treatments/1/").status_code == 404
    rows = list(csv.DictReader(io.StringIO(client.get("/dark/treatments.csv").content.decode())))
    assert len(rows) == len(work_list(run, Asked(DashboardFilters()))) and all(row["resolution"] == "unknown" for row in rows)


def test_planted_darkness_is_found_and_what_is_too_early_is_not_called_dark():
    system = rehearsed_300()
    planted = system.query(
        "SELECT planted.resolution AS planted, overdue.resolution AS found, overdue.dark, count(*) AS treatments "
        f"FROM read_csv('{system.folder / 'system' / 'truth' / 'darks.csv'}') AS planted "
        f"JOIN (SELECT DISTINCT pseudonym, person_id FROM read_parquet('{system.folder / 'identities' / '*.parquet'}')) AS known USING (person_id) "
        "LEFT JOIN overdue ON overdue.person_id = known.pseudonym AND overdue.family = planted.family "
        "AND abs(overdue.last_infused_on - planted.last_infused_on) <= 3 GROUP BY ALL"
    )
    assert {(row["planted"], row["found"], row["dark"]) for row in planted} <= {
        ("unknown", "unknown", True),
        ("feed_immature", "feed_immature", False),
    }
    assert sum(row["treatments"] for row in planted) >= 10
