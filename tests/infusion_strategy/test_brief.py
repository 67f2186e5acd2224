"""The strategy brief as its readers get it: page, fragment and CSV with the same numbers, and what is said before and between results."""

import csv
import io
import json
import re

import pytest
from auditlog.models import LogEntry
from django.core.cache import cache
from django.utils import timezone

from demand import storage
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Extract, Run
from demand.selectors.dashboard import OUTCOMES, dashboard
from tests.demand.facts_files import fact, write_facts
from tests.infusion_strategy.published import publish, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    cache.clear()


@pytest.fixture
def run():
    return publish(people=200)


def page(client, address="/", **headers) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def rows_of(answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_a_page_names_its_run_its_data_and_its_filters(client, run):
    html = page(sign_in(client, "analyst"), "/?payer=Medicare&from=2024-02")
    assert f"Run {run.pk}</a>" in html and "Payer: Medicare; from Feb 2024" in html
    assert "What these figures cover" in html and "Rows held back" in html and "Share unknown" in html


def test_every_figure_has_a_title_a_sentence_a_chart_and_a_table(client, run):
    html = page(sign_in(client, "analyst"))
    for key in ("destinations", "month", "payer", "therapy"):
        (figure,) = re.findall(rf'<figure[^>]*id="figure-{key}">.*?</figure>', html, re.S)
        assert "<figcaption>" in figure and 'class="reading"' in figure and "<caption>" in figure and 'scope="col"' in figure
        chart = json.loads(re.search(rf'id="data-{key}"[^>]*>(.*?)</script>', figure, re.S)[1])
        assert chart["data"] and "better" in figure


def test_htmx_gets_the_part_that_filters_change_and_history_the_whole(client, run):
    client = sign_in(client, "leader")
    part = page(client, "/?payer=Medicare", HX_Request="true")
    assert part.strip().startswith('<div id="figures"') and "<html" not in part
    assert "<html" in page(client, "/?payer=Medicare", HX_Request="true", HX_History_Restore_Request="true")


def test_a_filter_that_cannot_be_used_is_said_and_left_out(client, run):
    html = page(sign_in(client, "leader"), "/?from=2026-13&payer=" + "x" * 300)
    assert "write it as YYYY-MM" in html and "none: everything in the data" in html


def test_a_name_from_the_address_is_text_on_the_page(client, run):
    html = page(sign_in(client, "leader"), "/?payer=<script>alert(1)</script>")
    assert "<script>alert" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize("key", ["destinations", "month", "payer", "therapy"])
def test_the_csv_has_the_numbers_of_the_figure(client, run, key):
    client = sign_in(client, "analyst")
    rows = rows_of(client.get(f"/brief/{key}.csv?family=infliximab"))
    board = dashboard(run, DashboardFilters(family="infliximab"), see_small=True)
    column = "infusions" if key == "destinations" else "site_leak_infusions"
    total = board.total.at("named").infusions if key == "destinations" else board.total.at("site_leak").infusions
    assert sum(int(row[column]) for row in rows) == total > 0
    assert {row["run_id"] for row in rows} == {str(run.pk)} and {row["filters"] for row in rows} == {"Therapy: infliximab"}


def test_a_download_is_written_to_the_audit_log(client, run):
    sign_in(client, "leader").get("/brief/payer.csv?payer=Medicare")
    entry = LogEntry.objects.latest("pk")
    assert (entry.actor.username, entry.additional_data["did"], entry.additional_data["table"]) == (
        "leader",
        "downloaded a table",
        "payer",
    )


def test_a_table_that_is_none_is_not_found(client, run):
    assert sign_in(client, "leader").get("/brief/nothing.csv").status_code == 404


def test_names_of_payers_are_harmless_in_a_spreadsheet(client):
    run = publish(people=20)
    write_facts(storage.run_folder(run.pk), [fact(person_no=one, payer="=HYPERLINK(1)") for one in range(3)])
    text = sign_in(client, "analyst").get("/brief/payer.csv").content.decode()
    assert "'=HYPERLINK(1)" in text and "\n=HYPERLINK" not in text


def test_small_counts_are_hidden_on_page_csv_and_api_alike(client, run):
    """What one surface hides no other shows."""
    client = sign_in(client, "leader")
    board = dashboard(run, DashboardFilters(), see_small=False)
    html = page(client)
    api = {row["label"]: row for row in client.get("/api/v1/leakage/summary/").json()["payers"]}
    csv_rows = {row["payer"]: row for row in rows_of(client.get("/brief/payer.csv"))}
    hidden = 0
    for line in board.payers:
        written = re.search(rf'<th scope="row">{line.label}</th>(.*?)</tr>', html[html.index('id="figure-payer"') :], re.S)[1]
        on_page = re.sub(r"<[^>]+>", "|", written)
        for outcome in OUTCOMES:
            cell = line.at(outcome)
            if cell.infusions is HIDDEN:
                hidden += 1
                assert csv_rows[line.label][f"{outcome}_infusions"] == "hidden"
                assert api[line.label]["cells"][outcome] == {
                    "infusions": None,
                    "people": None,
                    "allowed_cents": None,
                    "hidden": True,
                }
                assert "hidden" in on_page
            else:
                assert csv_rows[line.label][f"{outcome}_infusions"] == str(cell.infusions)
                assert cell.people is None or cell.people == 0 or cell.people > 10
    assert hidden


def test_the_figures_drawn_hold_no_small_count_either(client):
    run = publish(people=20)
    rows = [fact(person_no=one) for one in range(40)]
    rows += [fact(person_no=100 + one, outcome="unknown") for one in range(20)]
    rows += [fact(person_no=200 + one, payer="Tiny", outcome="partner") for one in range(7)]
    write_facts(storage.run_folder(run.pk), rows)
    html = page(sign_in(client, "leader"))
    charts = [json.loads(text) for text in re.findall(r'<script id="data-[a-z]+"[^>]*>(.*?)</script>', html, re.S)]
    assert charts and not any(re.search(r"\b7\b", json.dumps(chart["data"])) for chart in charts)


def test_queries_do_not_grow_with_the_data(client, run, django_assert_num_queries):
    client = sign_in(client, "leader")
    page(client)
    # session, user, rights by user, rights by group, newest run, recent runs, groups for the role;
    # markets of the registers, recorded choices, first run (since when a choice is open)
    with django_assert_num_queries(10):
        page(client)
    with django_assert_num_queries(10):  # figures come from Parquet; the extracts covered would be one more
        page(client, "/?payer=Medicare")


# ---- before, between and after results ----


def test_before_anything_is_loaded_an_analyst_is_told_what_to_do_and_a_leader_whom_to_ask(client, db):
    assert "Load an extract" in page(sign_in(client, "analyst"))
    assert "An analyst has to load claims first" in page(sign_in(client, "leader"))


def test_work_under_way_is_shown_and_asked_after(client):
    Run.objects.create(kind="rehearsal", status="running", stage="making patients", progress=0.3, requested_at=timezone.now())
    html = page(sign_in(client, "leader"))
    assert "making patients" in html and 'hx-trigger="every' in html and "The brief appears here" in html


def test_the_last_good_result_stays_with_its_date_when_a_newer_run_fails(client, run):
    Run.objects.create(kind="recompute", status="failed", reason="The disk is full.", requested_at=timezone.now())
    html = page(sign_in(client, "leader"))
    assert "The disk is full." in html and f"last good result, of run {run.pk}" in html and "kpi-leakage" in html


def test_a_failure_before_the_run_that_is_shown_is_over(client, run):
    Run.objects.create(kind="recompute", status="failed", reason="Old trouble.", requested_at="2020-01-01T00:00Z")
    assert "Old trouble." not in page(sign_in(client, "leader"))


def test_a_reader_is_told_when_newer_figures_are_there(client, run):
    client = sign_in(client, "leader")
    assert "New figures are ready" in page(client, "/runs/state/?shown=0")
    assert "New figures are ready" not in page(client, f"/runs/state/?shown={run.pk}")
    assert client.get("/runs/state/?shown=")["HX-Redirect"] == "/"


def test_results_that_are_gone_are_one_sentence(client, run):
    (storage.run_folder(run.pk) / "facts.parquet").unlink()
    assert "cannot be read; recompute" in page(sign_in(client, "leader"))


def test_what_the_figures_cover_counts_the_rows_held_back(client):
    extract = Extract.objects.create(
        name="Payer A",
        status="loaded",
        paid_through="2026-06-30",
        counts={"medical": {"files": 1, "rows_read": 5000, "rejected": 12}},
    )
    run = publish(people=60)
    Run.objects.filter(pk=run.pk).update(inputs={"extracts": [{"id": extract.pk, "name": "Payer A", "files": []}]})
    html = page(sign_in(client, "council member"))
    assert "12 rejected of 5,000 read" in html and "2026-06-30" in html


# ---- the frame ----


def test_the_policy_allows_this_server_only_and_one_style_by_nonce(client, run):
    answer = sign_in(client, "leader").get("/")
    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    assert f'<style nonce="{nonce}" id="plotly.js-style-global">' in answer.content.decode()
    assert answer["Cache-Control"] == "private, no-store"


def test_no_page_carries_script_or_style_of_its_own(client, run):
    html = page(sign_in(client, "analyst"))
    assert not re.search(r"\son[a-z]+=", html) and "style=" not in html
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))


@pytest.mark.parametrize(
    ("path", "status", "said"), [("/nothing/", 404, "There is nothing at this address"), ("/audit/", 403, "Your role")]
)
def test_errors_are_one_clear_sentence(client, path, status, said, db):
    answer = sign_in(client, "leader").get(path)
    assert answer.status_code == status and said in answer.content.decode()


def test_a_failure_inside_is_told_without_detail(client, run, monkeypatch):
    monkeypatch.setattr("infusion_strategy.brief.newest_published", lambda: 1 / 0)
    client = sign_in(client, "leader")
    client.raise_request_exception = False
    answer = client.get("/")
    assert (
        answer.status_code == 500
        and "Something went wrong" in answer.content.decode()
        and "ZeroDivision" not in answer.content.decode()
    )


def test_the_theme_is_kept_in_a_cookie_and_goes_back_to_where_one_was(client, db):
    answer = client.post("/theme/", {"theme": "dark", "next": "/runs/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/runs/", "dark")
    assert client.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})["Location"] == "/"
    assert 'data-theme="dark"' in page(sign_in(client, "leader"))


def test_a_wrong_password_says_nothing_of_which_part_was_wrong(client, django_user_model):
    django_user_model.objects.create_user("lee", password="right-one")
    first = client.post("/sign-in/", {"username": "lee", "password": "wrong"}).content.decode()
    second = client.post("/sign-in/", {"username": "nobody", "password": "wrong"}).content.decode()
    errors = [re.findall(r'<div class="note bad".*?</div>', html, re.S) for html in (first, second)]
    assert errors[0] == errors[1] != []
