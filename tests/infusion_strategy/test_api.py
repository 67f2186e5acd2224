"""The API answers with the pages' values, hides what they hide, and refuses whom they refuse; its schema is the released one."""

from pathlib import Path

import pytest
from django.core.management import call_command

from demand.filters import DashboardFilters
from demand.models import Extract, LeakageCell, Run
from demand.selectors.dashboard import dashboard
from tests.infusion_strategy.published import publish, sign_in

pytestmark = pytest.mark.django_db
RELEASED = Path(__file__).with_name("openapi.yaml")
PATHS = ["extracts", "runs", "figures", "figures/leakage-rate", "leakage", "leakage/summary", "scenarios", "schema"]


@pytest.fixture
def run(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    return publish()


def get(client, path, **query):
    answer = client.get(f"/api/v1/{path}/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_schema_is_the_released_one(tmp_path):
    """A change of the API is a decision: `manage.py spectacular --file tests/infusion_strategy/openapi.yaml` releases it."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    assert made.read_text() == RELEASED.read_text()


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_gets_nothing(client, path, run):
    assert client.get(f"/api/v1/{path}/").status_code == 403


@pytest.mark.parametrize(
    ("role", "refused"),
    [("leader", {"extracts"}), ("council member", set()), ("analyst", set()), ("administrator", set())],
)
def test_a_role_gets_what_its_pages_show(client, role, refused, run):
    client = sign_in(client, role)
    assert {path for path in PATHS if client.get(f"/api/v1/{path}/").status_code == 403} == refused


def test_nothing_can_be_written(client, run):
    client = sign_in(client, "administrator")
    for path in PATHS:
        assert client.post(f"/api/v1/{path}/", {}).status_code in (403, 405)
        assert client.delete(f"/api/v1/{path}/").status_code in (403, 405)


def test_the_summary_is_the_strategy_brief(client, run):
    """Screen and API: the same selector, the same figures."""
    given = get(sign_in(client, "analyst"), "leakage/summary", payer="Medicare")
    board = dashboard(run, DashboardFilters(payer="Medicare"), see_small=True)
    assert given["run"] == run.pk and given["filters"] == {"payer": "Medicare"}
    assert given["total"]["cells"]["site_leak"]["infusions"] == board.total.at("site_leak").infusions > 0
    assert given["total"]["leakage_rate"]["value"] == board.total.leakage_rate.value
    assert [row["label"] for row in given["therapies"]] == [line.label for line in board.families]


def test_the_table_adds_up_to_the_summary(client, run):
    """Every attributed infusion stands in one cell of the table, whichever rule attributed it."""
    client = sign_in(client, "analyst")
    total, page = 0, 1
    while True:
        answer = client.get("/api/v1/leakage/", {"page": page})
        if answer.status_code == 404:
            break
        total += sum(row["site_leak_infusions"] for row in answer.json()["results"])
        page += 1
    cells = get(client, "leakage/summary")["total"]["cells"]
    assert cells["site_leak"]["infusions"] <= total == sum(cell.site_leak_infusions for cell in LeakageCell.objects.all())


def test_a_figure_is_hidden_wherever_the_brief_hides_it(client, run):
    """What the summary hides of a payer, the figure's own address hides too, and what it shows is the same number."""
    client = sign_in(client, "leader")
    seen = set()
    for row in get(client, "leakage/summary")["payers"]:
        for node, slug in (("kept", "kept-infusions"), ("partner", "partner-infusions"), ("site_leak", "left-infusions")):
            cell = row["cells"].get(node, {"infusions": 0, "hidden": False})
            given = get(client, f"figures/{slug}", payer=row["label"])
            assert (given["value"], given["hidden"]) == (cell["infusions"], cell["hidden"])
            assert not given["hidden"] or all(part["value"] is None for part in given["parts"])
            seen.add(given["hidden"])
        rate = get(client, "figures/leakage-rate", payer=row["label"])
        assert rate["value"] == row["leakage_rate"]["value"]
    assert seen == {True, False}


def test_the_figures_of_flows_and_months_are_hidden_as_in_the_summary(client, run):
    client = sign_in(client, "leader")
    summary = get(client, "leakage/summary")
    for place in summary["destinations"][:8]:
        given = get(client, "figures/flow-people", **{name: place[name] for name in place if name != "cell"})
        assert (given["value"], given["hidden"]) == (place["cell"]["people"], place["cell"]["hidden"])
    for month in summary["months"][:4]:
        given = get(client, "figures/left-infusions", **{"from": month["label"], "to": month["label"]})
        assert given["value"] == month["cells"].get("site_leak", {"infusions": 0})["infusions"]
    apart = get(client, "figures/apart-people", site_class="home")
    assert (apart["value"], apart["hidden"]) == (None, True)


@pytest.mark.parametrize("path", ["figures/nothing", "figures/flow-people", "figures/leakage-rate/infusions"])
def test_a_figure_that_is_none_is_not_found(client, run, path):
    """The last one's tables are not there."""
    assert sign_in(client, "analyst").get(f"/api/v1/{path}/").status_code == 404


def test_small_counts_are_hidden_from_those_without_the_right(client, run):
    client = sign_in(client, "leader")
    rows = get(client, "leakage")["results"]
    shown = [row[f"{outcome}_people"] for row in rows for outcome in ("kept", "margin_leak", "partner", "site_leak", "unknown")]
    assert None in shown and not any(1 <= people <= 10 for people in shown if people is not None)
    summary = get(client, "leakage/summary")
    cells = [cell for group in ("payers", "therapies", "months") for line in summary[group] for cell in line["cells"].values()]
    cells += [place["cell"] for place in summary["destinations"]]
    assert any(cell["hidden"] for cell in cells)
    assert not any(cell["people"] is not None and 1 <= cell["people"] <= 10 for cell in cells)
    assert all(cell["infusions"] is None and cell["allowed_cents"] is None for cell in cells if cell["hidden"])


def test_a_question_that_cannot_be_used_is_said(client, run):
    given = get(sign_in(client, "leader"), "leakage/summary", **{"from": "soon"})
    assert "YYYY-MM" in given["problems"][0]


@pytest.mark.parametrize("number", ["999999", "x", "-1"])
def test_a_run_that_is_none_is_not_found(client, run, number):
    assert sign_in(client, "leader").get("/api/v1/leakage/", {"run": number}).status_code == 404


def test_before_the_first_run_the_summary_says_what_to_do(client):
    answer = sign_in(client, "leader").get("/api/v1/leakage/summary/")
    assert (answer.status_code, "load claims" in answer.json()["detail"]) == (404, True)
    assert get(client, "leakage")["results"] == []


def test_extracts_come_with_their_account_in_a_fixed_number_of_queries(client, run, django_assert_max_num_queries):
    for number in range(5):
        counts = {"medical": {"rows_read": number, "accepted": number}}
        Extract.objects.create(name=f"Payer {number}", status=Extract.Status.LOADED, counts=counts)
    client = sign_in(client, "analyst")
    with django_assert_max_num_queries(8):
        given = get(client, "extracts", status="loaded")
    assert [row["counts"]["medical"]["rows_read"] for row in given["results"]] == [4, 3, 2, 1, 0]


def test_runs_can_be_filtered_and_read(client, run):
    client = sign_in(client, "leader")
    assert [row["id"] for row in get(client, "runs", kind="recompute", status="finished")["results"]] == [run.pk]
    assert get(client, f"runs/{run.pk}")["status"] == Run.Status.FINISHED
