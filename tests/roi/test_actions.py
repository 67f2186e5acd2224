"""Scenarios in the database: versions are added, never edited; results are computed once and published whole."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from demand.actions import runs
from demand.models import Run
from roi.actions import compute, scenarios
from roi.actions.example import create_example_scenario
from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import Center, inputs_of
from roi.models import Scenario, ScenarioLine, ScenarioResult, ScenarioVersion
from roi.selectors import scenario_rows
from roi.tasks import scenario as work
from tests.roi import claims_run as claims
from tests.roi.conftest import center, publish

pytestmark = pytest.mark.django_db


def summary(scenario, number=1):
    return ScenarioResult.objects.get(version__scenario=scenario, version__number=number).summary


def test_what_is_saved_is_computed_from_the_version_alone(make):
    scenario = make()
    before = summary(scenario)
    publish(claims.everybody(range(90)))  # new claims change nothing about what was saved
    version = scenario.versions.get()
    run = compute.request_scenario_run(version, seed=2)
    work(run.pk)
    again = ScenarioResult.objects.get(run=run).summary
    drawn, drawn_before = again.pop("uncertainty"), before.pop("uncertainty")
    assert again == before  # what is not drawn does not know the seed
    assert drawn["baselines"] != drawn_before["baselines"]


def test_a_stored_version_returns_what_the_same_inputs_return_unstored(make):
    """On SQLite and PostgreSQL alike, which keeps a document's keys in its own order: so both return the same."""
    scenario = make()
    inputs = scenario.versions.get().inputs
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in reversed(inputs.items())}
    made = Center.from_json(turned)
    unstored = compute.summarized(made, cash_flow(inputs_of(made)), seed=compute.SEED, draws=200)
    assert json.loads(json.dumps(unstored)) == summary(scenario)


def test_by_hand_plan_a_leaves_in_july(make):
    """20 people of Plan A leave in month 2; 90 % (10 % are exempt) of their 20 infusions a month go, 60 % of these come, at full
    volume, to the site: 120 % of the average sales price and the fee, less drug, denials, waste, white bagging."""
    scenario = make(
        ramp="100",
        chairs="20",
        capture_leaving="60",
        exempt="10",
        denials="0",
        waste="0",
        white_bag="0",
        hospital_affiliated="no",
        bad_debt="0",
        asp_erosion="0",
    )
    margin = 240_000 + 11_936 - 200_000
    assert summary(scenario)["baselines"]["do_nothing"]["parts_cents"]["margin_kept"] == 59 * round(20 * 0.9 * 0.6 * margin)


def test_asking_again_gives_the_same_run(make):
    version = make().versions.get()
    assert compute.request_scenario_run(version).pk == Run.objects.get(kind=Run.Kind.SCENARIO).pk
    assert compute.request_scenario_run(version, seed=2).pk != Run.objects.filter(kind=Run.Kind.SCENARIO).earliest("pk").pk


def test_lines_add_up_to_the_months_and_the_parts(make):
    scenario = make()
    result = ScenarioResult.objects.get()
    for baseline, value in summary(scenario)["baselines"].items():
        rows = list(result.lines.filter(baseline=baseline).values_list("month", "cents"))
        by_month = [sum(cents for month, cents in rows if month == number) for number in range(61)]
        assert by_month == value["monthly_cents"]
        assert sum(value["parts_cents"].values()) == value["total_cents"] == sum(by_month)


def test_scenario_rows_are_what_is_exported(make, capsys):
    make("Center one")
    run = Run.objects.get(kind=Run.Kind.SCENARIO)
    rows = scenario_rows(run)
    assert {row[2] for row in rows} == {"do_nothing", "today"}
    assert rows[0][:2] == (run.pk, "Center one")
    assert len(rows) == ScenarioLine.objects.count()
    call_command("export", "scenario", "--json")
    out = json.loads(capsys.readouterr().out)
    assert [tuple(row.values()) for row in out["rows"]] == rows


def test_a_worker_that_lost_its_run_publishes_nothing(make):
    run = compute.request_scenario_run(make(computed=False).versions.get())
    ghost = runs.claim_run(run.pk)
    Run.objects.filter(pk=run.pk).update(fencing_token=ghost.token + 1)  # somebody else has taken it over
    with pytest.raises(runs.LostLease):
        compute.perform_scenario(ghost)
    assert not ScenarioResult.objects.exists()
    assert not ScenarioLine.objects.exists()


def test_a_scenario_deleted_before_it_was_computed_ends_in_words(make):
    scenario = make(computed=False)
    run = Run.objects.get(kind=Run.Kind.SCENARIO)
    Scenario.objects.filter(pk=scenario.pk).delete()
    work(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert "deleted" in run.reason


def test_inputs_that_can_no_longer_be_read_end_in_words(make):
    scenario = make(computed=False)
    version = scenario.versions.get()
    inputs = version.inputs
    inputs["answers"]["chairs"]["value"] = "none"
    ScenarioVersion.objects.filter(pk=version.pk).update(inputs=inputs)
    run = compute.request_scenario_run(scenario.versions.get())
    work(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert "chairs" in run.reason


# saving


def test_a_change_is_a_new_version(make, change):
    scenario = make()
    change(scenario, capture_leaving="80")
    assert [version.number for version in scenario.versions.order_by("number")] == [1, 2]
    assert summary(scenario, 1) != summary(scenario, 2)


def test_saving_nothing_is_refused(make, change):
    with pytest.raises(scenarios.Refused, match="Nothing was changed"):
        change(make())


def test_saving_on_an_older_version_is_refused_and_names_the_newer(make, change, editor):
    scenario = make()
    change(scenario, user=editor, capture_leaving="80")
    with pytest.raises(scenarios.Refused, match="Version 2 was saved by editor while you were editing version 1"):
        scenarios.save_version(None, scenario, center(rate="9"), based_on=1)


def test_a_name_is_used_once(make):
    make("Twice", computed=False)
    with pytest.raises(scenarios.Refused, match="Twice"):
        scenarios.create_scenario(None, "Twice", center())
    other = make("Other", computed=False)
    with pytest.raises(scenarios.Refused, match="Twice"):
        scenarios.save_version(None, other, Center.from_json(other.versions.get().inputs), based_on=1, name="Twice")


def test_a_new_name_alone_makes_no_version(make):
    scenario = make("Old name")
    scenarios.save_version(None, scenario, Center.from_json(scenario.versions.get().inputs), based_on=1, name="New name")
    scenario.refresh_from_db()
    assert (scenario.name, scenario.versions.count()) == ("New name", 1)


def test_restoring_adds_the_earlier_inputs_as_the_newest_version(make, change):
    scenario = make()
    change(scenario, capture_leaving="80")
    saved = scenarios.restore_version(None, scenario, 1)
    work(saved.run.pk)
    assert saved.version.number == 3
    assert saved.version.inputs == scenario.versions.get(number=1).inputs
    assert summary(scenario, 3) == summary(scenario, 1)
    with pytest.raises(scenarios.Refused, match="same as the newest"):
        scenarios.restore_version(None, scenario, 1)
    with pytest.raises(scenarios.Refused, match="no version 9"):
        scenarios.restore_version(None, scenario, 9)


def test_only_archived_scenarios_are_deleted(make):
    scenario = make()
    with pytest.raises(scenarios.Refused, match="Archive"):
        scenarios.delete_scenario(scenario)
    scenarios.archive_scenario(scenario)
    with pytest.raises(scenarios.Refused, match="bring it back"):
        scenarios.restore_version(None, scenario, 1)
    scenarios.unarchive_scenario(scenario)
    assert scenario.archived_at is None
    scenarios.archive_scenario(scenario)
    scenarios.delete_scenario(scenario)
    assert not ScenarioLine.objects.exists()


# the example, and the command


def test_the_example_is_made_once_and_computes(published):
    saved = create_example_scenario(None)
    work(saved.run.pk)
    saved.run.refresh_from_db()
    assert saved.run.status == Run.Status.FINISHED
    assert create_example_scenario(None) is None


def test_the_example_needs_data(db):
    with pytest.raises(scenarios.Refused, match="load claims first"):
        create_example_scenario(None)


def test_run_scenario_prints_what_the_page_shows(make, capsys):
    scenario = make("Center one", computed=False)
    call_command("run_scenario", "Center one", "--json")
    by_name = json.loads(capsys.readouterr().out)
    call_command("run_scenario", str(scenario.pk), "--json")
    assert json.loads(capsys.readouterr().out) == by_name
    assert by_name["baselines"] == summary(scenario)["baselines"]
    assert by_name["seed"] == 1
    call_command("run_scenario", "Center one")
    assert "Net present value" in capsys.readouterr().out


def test_run_scenario_refuses_a_name_that_is_none(db):
    with pytest.raises(CommandError, match="No scenario is called “Nowhere”"):
        call_command("run_scenario", "Nowhere")
