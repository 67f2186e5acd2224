"""The scenario pages: what they show, who may see and change what, and how many queries they take."""

import datetime as dt
import re
import shutil

import pytest
from auditlog.models import LogEntry
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from demand import storage
from demand.models import Run
from roi.actions import scenarios
from roi.models import Scenario, ScenarioResult
from roi.tasks import scenario as work
from sites.models import ChecklistItem, Partnership, WatchEntry

pytestmark = pytest.mark.django_db


def url(name, *args, query=""):
    return reverse(f"roi:{name}", args=args) + query


def answers(page) -> dict:
    """What a browser would send back from a form that was only looked at."""
    form = page.context["form"]
    sent = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    return {name: "" if value is None else value for name, value in sent.items()}


# reading


def test_an_empty_list_says_what_to_do(as_reader):
    assertContains(as_reader.get(url("scenarios")), "Load claims first")


def test_an_empty_list_with_data_invites_editors_only(published, client, reader, editor):
    client.force_login(editor)
    assertContains(client.get(url("scenarios")), url("create"))
    client.force_login(reader)
    assertNotContains(client.get(url("scenarios")), url("create"))


def test_the_list_shows_values_against_both_baselines(make, as_reader):
    make("Center one")
    summary = ScenarioResult.objects.get().summary
    page = as_reader.get(url("scenarios"))
    assertContains(page, "Center one")
    for baseline in ("do_nothing", "today"):
        dollars = abs(summary["baselines"][baseline]["npv_cents"]) / 100
        assertContains(page, f"{dollars:,.0f}")


def test_the_list_takes_as_many_queries_for_ten_as_for_one(make, as_reader, django_assert_num_queries):
    make("Center 0")
    as_reader.get(url("scenarios"))
    with django_assert_num_queries(14):
        as_reader.get(url("scenarios"))
    for number in range(1, 10):
        make(f"Center {number}", computed=False)
    with django_assert_num_queries(14):
        as_reader.get(url("scenarios"))


def test_a_scenario_shows_both_baselines_figures_and_inputs_with_their_marks(make, as_reader):
    scenario = make()
    page = as_reader.get(url("scenario", scenario.pk))
    value = ScenarioResult.objects.get().summary["baselines"]["do_nothing"]
    text = page.content.decode()
    assertContains(page, f"{abs(value['npv_cents']) // 100:,}.{abs(value['npv_cents']) % 100:02d}")
    assertContains(page, "today unchanged")
    for key in ("bridge-do-nothing", "bridge-today", "months", "chairs"):
        assert re.search(rf'<script id="data-{key}" type="application/json">', text), key
    assertContains(page, "BLS, Occupational Employment")
    for mark in ("measured", "borrowed", "guessed"):
        assertContains(page, mark)


def test_a_figures_table_has_the_charts_numbers(make, as_reader):
    page = as_reader.get(url("scenario", make().pk))
    for figure in page.context["figures"]:
        if not figure.key.startswith("bridge"):
            continue
        (trace,) = figure.chart["data"]
        assert [round(dollars * 100) for dollars in trace["x"]] == [row[1] for row in figure.table.rows] + [figure.table.total[1]]
        assert sum(row[1] for row in figure.table.rows) == figure.table.total[1]
        assert sum(row[2] for row in figure.table.rows) == figure.table.total[2]


def test_a_scenario_takes_a_fixed_number_of_queries(make, change, as_reader, django_assert_num_queries):
    scenario = make()
    change(scenario, capture_leaving="80")
    as_reader.get(url("scenario", scenario.pk))
    with django_assert_num_queries(17):
        as_reader.get(url("scenario", scenario.pk))
    for percent in ("70", "75", "85"):
        change(scenario, capture_leaving=percent)
    with django_assert_num_queries(17):
        as_reader.get(url("scenario", scenario.pk))


def test_while_a_version_waits_the_last_good_result_stays_with_its_date(make, change, as_reader):
    scenario = make()
    good = ScenarioResult.objects.get()
    change(scenario, computed=False, capture_leaving="80")
    page = as_reader.get(url("scenario", scenario.pk))
    assertContains(page, "waits for the worker")
    assertContains(page, f"The figures below are those of version 1, computed {good.created_at:%Y-%m-%d %H:%M} UTC")
    assertContains(page, url("state", scenario.pk))
    assert page.context["figures"]
    polled = as_reader.get(url("state", scenario.pk))
    assert "HX-Redirect" not in polled
    work(Run.objects.filter(kind=Run.Kind.SCENARIO, status=Run.Status.QUEUED).get().pk)
    assert as_reader.get(url("state", scenario.pk))["HX-Redirect"] == url("scenario", scenario.pk)


def test_a_partnership_that_bars_it_and_an_unfinished_launch_are_said(make, as_reader):
    scenario = make()
    detail = url("scenario", scenario.pk)
    assert "partnership limits this" not in as_reader.get(detail).content.decode()
    Partnership.objects.create(partner="Kidney Group", site_types=["community"], waived_by="The board")
    page = as_reader.get(detail).content.decode()
    assert "The partnership with Kidney Group bars this" in page and "It may be waived by The board." in page


def test_a_new_scenario_takes_the_launch_checklists_cost_and_delay_less_what_we_own(published, as_editor):
    ChecklistItem.objects.create(
        kind="launch", market="metro", site_type="community", area="space", title="Hood", cost_cents=10_000_00, contingency_percent=20,
        lead_time_weeks=52,
    )  # fmt: skip
    before = as_editor.get(url("create")).context["form"]
    page = as_editor.get(url("create", query="?market=metro")).context["form"]
    assert (page["opening_costs"].value(), page["opening_costs_mark"].value(), page["market"].value()) == (
        "12000",
        "borrowed",
        "metro",
    )
    months = [dt.date.fromisoformat(f"{form['opens_in'].value()}-01") for form in (before, page)]
    assert (months[1].year - months[0].year) * 12 + months[1].month - months[0].month == 6  # 12 months instead of 6
    WatchEntry.objects.create(kind="resource", title="Spare hood", noted_on=dt.date(2026, 1, 1), saves_cents=4_000_00)
    assert as_editor.get(url("create", query="?market=metro")).context["form"]["opening_costs"].value() == "8000"


def test_a_failed_run_says_why_and_can_be_tried_again(make, change, as_editor):
    scenario = make()
    change(scenario, computed=False, capture_leaving="80")
    run = Run.objects.filter(kind=Run.Kind.SCENARIO, status=Run.Status.QUEUED).get()
    Run.objects.filter(pk=run.pk).update(status=Run.Status.FAILED, reason="The disk is full.")
    page = as_editor.get(url("scenario", scenario.pk))
    assertContains(page, "The disk is full.")
    assertContains(page, "Compute again")
    assertRedirects(as_editor.post(url("compute", scenario.pk)), url("scenario", scenario.pk))
    assert Run.objects.filter(kind=Run.Kind.SCENARIO, status=Run.Status.QUEUED).count() == 1


def test_the_newest_version_shows_what_it_changed_part_by_part(make, change, as_reader):
    scenario = make()
    change(scenario, supplies="50")
    page = as_reader.get(url("scenario", scenario.pk))
    assertContains(page, "What changed since version 1")
    assert [(pair.label, pair.old, pair.new) for pair in page.context["page"].change.inputs] == [
        ("Supplies of an infusion", "$30", "$50")
    ]
    changed = {(pair.baseline, pair.label) for pair in page.context["changed_results"]}
    assert ("do_nothing", "Costs") in changed
    assert ("do_nothing", "New volume") not in changed  # supplies are a cost and nothing else
    npv = next(pair for pair in page.context["changed_results"] if pair.label == "Net present value")
    costs = next(pair for pair in page.context["changed_results"] if pair.label == "Costs")
    assert abs(npv.change - costs.change) <= 7


def test_an_older_version_is_shown_as_such(make, change, as_editor):
    scenario = make()
    change(scenario, capture_leaving="80")
    page = as_editor.get(url("version", scenario.pk, 1))
    assertContains(page, "This is version 1 of 2")
    assertContains(page, "Restore this version")
    assert as_editor.get(url("version", scenario.pk, 9)).status_code == 404


def test_comparing_marks_the_inputs_that_differ(make, as_reader):
    one, two = make("Center one"), make("Center two", chairs="9")
    page = as_reader.get(url("compare", query=f"?a={one.pk}&b={two.pk}"))
    assertContains(page, "Center one")
    assertContains(page, "1 input differs")
    only = as_reader.get(url("compare", query=f"?a={one.pk}&b={two.pk}&differences"))
    assert [pair.label for pair in only.context["inputs"]] == ["Chairs"]
    npv = [pair for pair in page.context["results"] if pair.label == "Net present value"]
    assert [pair.baseline for pair in npv] == ["do_nothing", "today"]
    assert npv[0].change == npv[0].new - npv[0].old


def test_two_versions_of_one_scenario_can_be_compared(make, change, as_reader):
    scenario = make()
    change(scenario, computed=False, chairs="9")
    page = as_reader.get(url("compare", query=f"?a={scenario.pk}.1&b={scenario.pk}.2"))
    assertContains(page, "version 2 is not computed yet")
    assertContains(as_reader.get(url("compare", query=f"?a={scenario.pk}&b={scenario.pk}")), "Both sides are the same version")


@pytest.mark.parametrize("query", ["?a=x&b=1", "?a=99999&b=99999", "?a=1.1.1&b=2", "?a=1%27&b=2", "?a=-1&b=1"])
def test_a_comparison_of_nothing_is_not_found(as_reader, query):
    assert as_reader.get(url("compare", query=query)).status_code == 404


def test_names_cannot_smuggle_markup(make, as_reader):
    scenario = make("<script>alert(1)</script>", site_name="<img src=x onerror=alert(1)>")
    for page in (as_reader.get(url("scenarios")), as_reader.get(url("scenario", scenario.pk))):
        assertNotContains(page, "<script>alert(1)")
        assertNotContains(page, "<img src=x")


# changing


def test_a_scenario_is_created_and_sent_to_the_worker(published, as_editor, django_capture_on_commit_callbacks):
    page = as_editor.get(url("create"))
    sent = answers(page) | {"name": "Center one", "first_month": "2026-06", "opens_in": "2026-07", "chairs": "5"}
    with django_capture_on_commit_callbacks() as callbacks:
        response = as_editor.post(url("create"), sent)
    scenario = Scenario.objects.get()
    assertRedirects(response, url("scenario", scenario.pk))
    assert len(callbacks) == 1  # the message goes out once the row is there
    version = scenario.versions.get()
    assert version.created_by.username == "editor"
    assert version.inputs["answers"]["chairs"]["value"] == "5"
    assert version.inputs["market"]["run_id"] == published.pk
    assert Run.objects.get(kind=Run.Kind.SCENARIO).subject_id == version.pk


def test_what_cannot_be_used_is_said_at_its_field_and_nothing_is_saved(published, as_editor):
    sent = answers(as_editor.get(url("create"))) | {"name": "Center one", "chairs": "many", "rate": "900", "ramp": "x"}
    page = as_editor.post(url("create"), sent)
    assert page.status_code == 422
    assert not Scenario.objects.exists()
    assert page.context["form"].errors["chairs"] == ["Give a number."]
    assert page.context["form"].errors["rate"] == ["Give a number from 0 to 50."]
    assertContains(page, "Nothing was saved", status_code=422)


def test_an_opening_outside_the_months_is_said_at_its_field(published, as_editor):
    sent = answers(as_editor.get(url("create"))) | {"name": "Center one", "first_month": "2026-06", "opens_in": "2026-05"}
    assert "must not be before" in str(as_editor.post(url("create"), sent).context["form"].errors["opens_in"]).lower()


def test_a_taken_name_is_refused(make, as_editor):
    make("Center one")
    sent = answers(as_editor.get(url("create"))) | {"name": "Center one"}
    assertContains(as_editor.post(url("create"), sent), "There is a scenario called “Center one” already", status_code=422)


def test_a_market_without_patients_is_refused(published, as_editor):
    sent = answers(as_editor.get(url("create"))) | {"name": "Center one", "market": "rural"}
    assertContains(as_editor.post(url("create"), sent), "no group of 11 people or more in this market", status_code=422)


def test_a_claims_run_whose_files_are_gone_is_refused(published, as_editor):
    sent = answers(as_editor.get(url("create"))) | {"name": "Center one"}
    shutil.rmtree(storage.run_folder(published.pk))
    assertContains(as_editor.post(url("create"), sent), "recompute, then save the scenario again", status_code=422)


def test_without_a_claims_run_the_form_says_what_is_missing(as_editor):
    assertContains(as_editor.get(url("create")), "No claims run yet")


def test_changing_one_input_makes_the_next_version(make, as_editor):
    scenario = make()
    sent = answers(as_editor.get(url("edit", scenario.pk))) | {"chairs": "7", "note": "More room"}
    assertRedirects(as_editor.post(url("edit", scenario.pk), sent), url("scenario", scenario.pk))
    version = scenario.versions.order_by("-number").first()
    assert (version.number, version.note) == (2, "More room")
    assert version.inputs["market"] == scenario.versions.get(number=1).inputs["market"]


def test_a_form_that_was_only_looked_at_saves_nothing(make, as_editor):
    scenario = make()
    page = as_editor.post(url("edit", scenario.pk), answers(as_editor.get(url("edit", scenario.pk))))
    assertContains(page, "Nothing was changed", status_code=422)


def test_a_stale_form_is_refused(make, change, as_editor):
    scenario = make()
    sent = answers(as_editor.get(url("edit", scenario.pk))) | {"chairs": "7"}
    change(scenario, chairs="8")
    assertContains(as_editor.post(url("edit", scenario.pk), sent), "while you were editing version 1", status_code=422)


def test_a_changed_value_no_longer_rests_on_its_old_source(make, as_editor):
    scenario = make()
    sent = answers(as_editor.get(url("edit", scenario.pk))) | {"pharmacist_pay": "150000"}
    page = as_editor.post(url("edit", scenario.pk), sent, follow=True)
    assertContains(page, "now marked as guessed: Pharmacist&#x27;s pay")
    changed = scenario.versions.get(number=2).inputs["answers"]["pharmacist_pay"]
    assert changed == {"value": "150000", "mark": "guessed", "source": "Changed by hand", "as_of": ""}


def test_a_changed_value_with_a_new_source_keeps_its_mark(make, as_editor):
    scenario = make()
    sent = answers(as_editor.get(url("edit", scenario.pk)))
    sent |= {
        "pharmacist_pay": "150000",
        "pharmacist_pay_source": "Our payroll",
        "pharmacist_pay_mark": "measured",
        "pharmacist_pay_as_of": "2026-05",
    }
    as_editor.post(url("edit", scenario.pk), sent)
    changed = scenario.versions.get(number=2).inputs["answers"]["pharmacist_pay"]
    assert changed == {"value": "150000", "mark": "measured", "source": "Our payroll", "as_of": "2026-05"}
    wrong = answers(as_editor.get(url("edit", scenario.pk))) | {"rate_as_of": "last year"}
    assertContains(as_editor.post(url("edit", scenario.pk), wrong), "Give the source&#x27;s date as", status_code=422)


def test_restoring_archiving_and_deleting(make, change, as_editor):
    scenario = make("Center one")
    change(scenario, chairs="9")
    assertRedirects(as_editor.post(url("restore", scenario.pk, 1)), url("scenario", scenario.pk))
    assert scenario.versions.count() == 3
    assertContains(as_editor.get(url("archive", scenario.pk)), "can be brought back at any time")
    as_editor.post(url("archive", scenario.pk))
    assertNotContains(as_editor.get(url("scenarios")), url("scenario", scenario.pk))
    assertContains(as_editor.get(url("scenarios", query="?archived")), url("scenario", scenario.pk))
    as_editor.post(url("unarchive", scenario.pk))
    assertContains(as_editor.get(url("scenarios")), url("scenario", scenario.pk))
    as_editor.post(url("delete", scenario.pk))  # not from the list
    assert Scenario.objects.exists()
    scenarios.archive_scenario(scenario)
    assertContains(as_editor.get(url("delete", scenario.pk)), "3 versions")
    assertRedirects(as_editor.post(url("delete", scenario.pk)), url("scenarios"))
    assert not Scenario.objects.exists()


def test_looking_changes_nothing(make, as_editor):
    scenario = make()
    for name in ("restore", "unarchive", "compute"):
        args = (scenario.pk, 1) if name == "restore" else (scenario.pk,)
        assert as_editor.get(url(name, *args)).status_code == 405


def test_every_change_is_in_the_audit_log(make, as_editor, editor):
    scenario = make("Center one")
    as_editor.post(url("edit", scenario.pk), answers(as_editor.get(url("edit", scenario.pk))) | {"chairs": "7"})
    as_editor.post(url("archive", scenario.pk))
    as_editor.post(url("delete", scenario.pk))
    entries = LogEntry.objects.filter(actor=editor, content_type__app_label="roi").order_by("pk")
    said = [(entry.content_type.model, entry.get_action_display()) for entry in entries]
    assert said[0] == ("scenarioversion", "create")
    assert ("scenario", "update") in said
    assert ("scenario", "delete") in said
    assert "market" not in str([entry.changes for entry in entries])


# rights

READING = ["scenarios", "compare", "scenario", "state", "version"]
CHANGING = ["create", "edit", "restore", "compute", "archive", "unarchive", "delete"]


def addresses(names, pk):
    args = {"scenarios": (), "compare": (), "create": (), "version": (pk, 1), "restore": (pk, 1)}
    return [url(name, *args.get(name, (pk,))) for name in names]


def test_without_the_right_nothing_of_a_scenario_is_seen(make, client, stranger):
    scenario = make("Secret center")
    client.force_login(stranger)
    for address in addresses(READING + CHANGING, scenario.pk):
        for method in (client.get, client.post):
            page = method(address)
            assert page.status_code in (403, 405), address
            assert b"Secret center" not in page.content


def test_a_reader_changes_nothing(make, as_reader):
    scenario = make()
    for address in addresses(CHANGING, scenario.pk):
        assert as_reader.post(address, {}).status_code == 403, address
    page = as_reader.get(url("scenario", scenario.pk))
    for address in addresses(["edit", "archive"], scenario.pk):
        assertNotContains(page, address)


def test_nobody_unknown_comes_in(make, client):
    scenario = make()
    for address in addresses(READING + CHANGING, scenario.pk):
        assert client.get(address).status_code == 302
