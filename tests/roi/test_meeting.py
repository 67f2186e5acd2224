"""The pages of uncertainty, sliders and stresses, and the workbook: what they show is what was computed, and what they save."""

import re
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from python_calamine import CalamineWorkbook
from xlsxwriter.utility import xl_col_to_name

from demand.models import Run
from roi.engine.cash_flow import BASELINES, PARTS, cash_flow
from roi.engine.center_fields import FIELDS
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.options import CENTER, OPTIONS
from roi.engine.uncertainty import uncertainty
from roi.models import Scenario, ScenarioLine, ScenarioResult, ScenarioVersion
from roi.selectors.sliders import moved_center, sliders_of
from roi.tasks import scenario as work
from tests.roi.test_api import ask

pytestmark = pytest.mark.django_db


def url(name, *args, query=""):
    return reverse(f"roi:{name}", args=args) + query


def money(cents: int) -> str:
    return f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


# uncertainty


def test_the_draws_are_kept_with_the_version_and_shown_to_the_cent(make, as_reader, reader):
    scenario = make()
    result = ScenarioResult.objects.get()
    center = Center.from_json(result.version.inputs)
    drawn = result.summary["uncertainty"]
    assert drawn == uncertainty(center, seed=1, draws=200).as_json()
    page = as_reader.get(url("uncertainty", scenario.pk))
    for cents in drawn["baselines"]["do_nothing"]["npv_cents"]:
        assertContains(page, money(cents))
    assertContains(page, "200 draws; seed 1")
    assert ask(reader, "retrieve", pk=str(scenario.pk)).data["result"]["uncertainty"] == drawn


def test_a_result_without_draws_says_what_to_do(make, as_editor):
    scenario = make()
    result = ScenarioResult.objects.get()
    for key in ("uncertainty", "break_even", "contributions"):
        del result.summary[key]
    result.save()
    assertContains(as_editor.get(url("uncertainty", scenario.pk)), "Compute again")
    assert as_editor.get(url("scenario", scenario.pk)).status_code == 200
    assert as_editor.get(url("workbook", scenario.pk, 1)).status_code == 200


def test_two_inputs_at_a_time_come_as_a_fragment(make, as_reader):
    scenario = make()
    address = url("uncertainty", scenario.pk, query="?a=nurse_pay&b=chairs")
    fragment = as_reader.get(address, headers={"HX-Request": "true", "HX-Target": "two-way"})
    assertNotContains(fragment, "<html")
    assert fragment.context["pair"].grid.row_key == "nurse_pay"
    same = as_reader.get(url("uncertainty", scenario.pk, query="?a=chairs&b=chairs"))
    assertContains(same, "Choose two different inputs")
    assert as_reader.get(url("uncertainty", scenario.pk, query="?a=nonsense")).status_code == 200


def test_given_spreads_make_the_next_version(make, as_editor):
    scenario = make()
    sent = {"based_on": "1", "nurse_pay_low": "90000", "nurse_pay_high": "130000", "note": "From HR"}
    assertRedirects(as_editor.post(url("spreads", scenario.pk), sent), url("uncertainty", scenario.pk))
    version = scenario.versions.get(number=2)
    assert version.inputs["spreads"] == {"nurse_pay": {"low": "90000", "high": "130000"}}
    work(Run.objects.get(kind=Run.Kind.SCENARIO, subject_id=version.pk).pk)
    drawn = ScenarioResult.objects.get(version=version).summary["uncertainty"]["inputs"]
    assert next(one for one in drawn if one["key"] == "nurse_pay")["given"]
    assertContains(as_editor.get(url("spreads", scenario.pk)), 'value="130000"')


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [("110000", "130000", "does not enclose it"), ("90000", "", "Give both ends"), ("many", "130000", "Give a number.")],
)
def test_spreads_that_cannot_be_used_are_answered_by_a_sentence(make, as_editor, low, high, says):
    scenario = make(computed=False)
    page = as_editor.post(url("spreads", scenario.pk), {"based_on": "1", "nurse_pay_low": low, "nurse_pay_high": high})
    assert page.status_code == 422
    assertContains(page, says, status_code=422)
    assert scenario.versions.count() == 1


# sliders


def test_a_move_is_computed_by_the_exact_engine_and_saves_nothing(make, as_reader):
    scenario = make()
    before = ScenarioVersion.objects.count(), Run.objects.count(), ScenarioResult.objects.count()
    address = url("sliders", scenario.pk, query="?chairs=6&capture_leaving=80")
    fragment = as_reader.get(address, headers={"HX-Request": "true", "HX-Target": "answers"})
    center = Center.from_json(scenario.versions.get().inputs)
    moved = moved_center(center, sliders_of(center, {"chairs": "6", "capture_leaving": "80"}))
    value = cash_flow(inputs_of(moved)).values["do_nothing"]
    assertContains(fragment, money(value.npv_cents))
    assertContains(fragment, 'id="out-chairs"')
    assert fragment["HX-Replace-Url"] == address
    assert (ScenarioVersion.objects.count(), Run.objects.count(), ScenarioResult.objects.count()) == before


def test_a_move_that_counts_for_nothing_is_said_to(make, as_reader):
    """A year after the policy took them all nobody is left whom it makes leave."""
    scenario = make(opens_in="2027-06", recapture="30")
    same = "The answer stays the same to the cent"
    assertContains(as_reader.get(url("sliders", scenario.pk, query="?capture_leaving=90")), same)
    assertNotContains(as_reader.get(url("sliders", scenario.pk, query="?recapture=90")), same)


def test_unmoved_sliders_are_the_version(make, as_reader):
    scenario = make()
    page = as_reader.get(url("sliders", scenario.pk))
    assertContains(page, "Nothing yet")
    center = Center.from_json(scenario.versions.get().inputs)
    shown = {slider.key: slider.value for slider in page.context["sliders"]}
    assert not [slider for slider in sliders_of(center, shown) if slider.moved]
    assert moved_center(center, sliders_of(center, shown)) == center


def test_a_sliders_value_lies_on_one_of_its_steps(make):
    center = Center.from_json(make(computed=False).versions.get().inputs)
    for slider in sliders_of(center, {}):
        if not slider.is_choice:
            low, high, step, value = (Decimal(text) for text in (slider.low, slider.high, slider.step, slider.value))
            assert low <= value <= high, slider.key
            assert (value - low) % step == 0, slider.key


def test_a_move_that_cannot_be_is_refused_in_a_sentence(make, as_reader):
    scenario = make(computed=False)
    refused = as_reader.get(url("sliders", scenario.pk, query="?chairs=0"), headers={"HX-Request": "true", "HX-Target": "answers"})
    assert refused.status_code == 422
    assert "give a number from 1 to 200" in refused.content.decode()
    assertContains(as_reader.get(url("sliders", scenario.pk, query="?chairs=two"), follow=True), "give a number")


def test_kept_moves_are_guesses_in_the_next_version_or_in_a_new_scenario(make, as_editor):
    scenario = make()
    sent = {"based_on": "1", "pharmacist_pay": "150000", "ramp_delay": "6", "note": "As argued on Monday"}
    as_editor.post(url("keep", scenario.pk), sent)
    version = scenario.versions.get(number=2)
    assert version.note == "As argued on Monday"
    answer = Center.from_json(version.inputs).answers["pharmacist_pay"]
    assert (answer.text, answer.source.mark, answer.source.text) == ("150000", "guessed", "Moved in a meeting")
    assert Center.from_json(version.inputs).answers["ramp"].text.split(",")[0] == "0"
    as_editor.post(url("keep", scenario.pk), {"name": "Another", "chairs": "9"})
    other = Scenario.objects.get(name="Another")
    assert Center.from_json(other.versions.get().inputs).answers["chairs"].text == "9"
    assert scenario.versions.count() == 2


def test_keeping_nothing_or_on_an_old_version_is_refused(make, change, as_editor):
    scenario = make(computed=False)
    assertContains(as_editor.post(url("keep", scenario.pk), {"based_on": "1"}, follow=True), "nothing to save")
    change(scenario, computed=False, nurses="3")
    assertContains(as_editor.post(url("keep", scenario.pk), {"based_on": "1", "chairs": "8"}, follow=True), "Nothing was saved.")
    assert scenario.versions.count() == 2


def test_who_may_not_see_or_change_is_turned_away(make, client, reader, stranger):
    scenario = make()
    client.force_login(stranger)
    for name, args in (("uncertainty", ()), ("sliders", ()), ("stress", ()), ("workbook", (1,))):
        assert client.get(url(name, scenario.pk, *args)).status_code == 403
    client.force_login(reader)
    assert client.get(url("spreads", scenario.pk)).status_code == 403
    assert client.post(url("keep", scenario.pk), {"based_on": "1", "chairs": "8"}).status_code == 403
    assertNotContains(client.get(url("sliders", scenario.pk)), "Keep as scenario")


# stress and the parts of the answer


def test_the_stress_page_begins_with_the_version_as_it_is(make, as_reader):
    scenario = make()
    page = as_reader.get(url("stress", scenario.pk))
    value = ScenarioResult.objects.get().summary["baselines"]["do_nothing"]["npv_cents"]
    assert page.context["figures"][0].table.rows[0][1] == value
    assertContains(page, "Where buy-and-bill stops paying")


def test_contributions_and_months_add_up_on_the_page(make, as_reader):
    page = as_reader.get(url("scenario", make().pk))
    npv = ScenarioResult.objects.get().summary["baselines"]["do_nothing"]["npv_cents"]
    figures = {figure.key: figure for figure in page.context["figures"]}
    for way in ("payer", "therapy", "patients"):
        table = figures[f"contribution-{way}"].table
        assert sum(row[2] for row in table.rows) == table.total[2] == npv
    months = figures["statement-months"].table
    assert [sum(column) for column in zip(*(row[1:] for row in months.rows), strict=True)] == list(months.total[1:])
    assert "break-even" in figures


# workbook


def sheets(content: bytes) -> dict[str, list[list]]:
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_every_number_of_the_workbook_is_the_pages(make, as_reader):
    scenario = make(name="=1+1, a center")
    result = ScenarioResult.objects.get()
    answered = as_reader.get(url("workbook", scenario.pk, 1))
    assert answered["Content-Disposition"] == 'attachment; filename="11-a-center-version-1.xlsx"'
    book = sheets(answered.content)
    answer = {row[0]: row[1:] for row in book["Answer"]}
    assert book["Answer"][0][0] == "=1+1, a center"
    for column, baseline in enumerate(BASELINES):
        value = result.summary["baselines"][baseline]
        assert round(answer["Net present value"][column] * 100) == value["npv_cents"]
        assert round(answer["Peak cash"][column] * 100) == value["peak_cash_cents"]
        bridge = {row[0]: row[1 + column] for row in book["Bridge"][4:]}
        assert round(bridge["Value"] * 100) == value["npv_cents"]
        assert sum(round(cents * 100) for cents in list(bridge.values())[: len(PARTS)]) == value["npv_cents"]
        months = book["Against do nothing" if baseline == "do_nothing" else "Against today"]
        at = months[3].index("Value")
        assert [round(row[at] * 100) for row in months[4:]] == value["monthly_cents"]
        assert round(sum(row[months[3].index("Present value")] for row in months[4:]) * 100) == value["npv_cents"]
    lines = ScenarioLine.objects.filter(baseline="do_nothing")
    total = next(row for row in book["Years"] if row[0] == "Value")[-1]
    assert round(total * 100) == sum(lines.values_list("cents", flat=True))
    drawn = result.summary["uncertainty"]
    listed = [row for row in book["Draws"] if row[0] == "Net present value, P50"]
    assert [round(row[1] * 100) for row in listed] == [drawn["baselines"][b]["npv_cents"][1] for b in BASELINES]
    debt = next(row for row in book["Draws"] if str(row[0]).endswith("guessed"))[5]
    assert debt == pytest.approx(drawn["debt"]["guessed"], abs=1e-6)


def test_the_workbooks_net_present_value_is_a_formula_on_its_months(make, as_reader):
    """Value times discount factor, over month 0 to the last: the columns that the formula names are those."""
    content = as_reader.get(url("workbook", make().pk, 1)).content
    xml = ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    found = re.search(
        r"SUMPRODUCT\('Against do nothing'!\$(\w+?)\$(\d+):\$\1\$(\d+),'Against do nothing'!\$(\w+?)\$\2:\$\4\$\3\)", xml
    )
    months = sheets(content)["Against do nothing"]
    head = {xl_col_to_name(number): text for number, text in enumerate(months[3])}
    assert (head[found[1]], head[found[4]]) == ("Value", "Discount factor")
    assert (months[int(found[2]) - 1][0], months[int(found[3]) - 1][0]) == (0, 60)
    assert int(found[3]) == len(months)
    rate_at = re.search(r'name="discount_rate">Inputs!\$C\$(\d+)<', ZipFile(BytesIO(content)).read("xl/workbook.xml").decode())
    assert sheets(content)["Inputs"][int(rate_at[1]) - 1][1:3] == ["Discount rate", 0.08]


def test_the_workbook_names_every_input_with_its_mark_and_source(make, as_reader):
    book = sheets(as_reader.get(url("workbook", make().pk, 1)).content)
    rows = {row[1]: row for row in book["Inputs"][4:]}
    assert rows["Pharmacist's pay"][3:5] == ["borrowed", "BLS, Occupational Employment and Wage Statistics, mean annual wage"]
    assert {field.label for field in FIELDS.values() if OPTIONS[CENTER].asks(field.key)} <= rows.keys()


def test_the_workbook_of_another_engines_answer_says_so(make, as_reader):
    scenario = make()
    assert "another version" not in sheets(as_reader.get(url("workbook", scenario.pk, 1)).content)["Answer"][1][0]
    result = ScenarioResult.objects.get()
    result.summary["baselines"]["today"]["npv_cents"] += 1
    result.save()
    assert "another version of the engine" in sheets(as_reader.get(url("workbook", scenario.pk, 1)).content)["Answer"][1][0]


def test_a_version_without_results_has_no_workbook(make, as_reader):
    assert as_reader.get(url("workbook", make(computed=False).pk, 1)).status_code == 404
