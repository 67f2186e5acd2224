"""Explaining: every line item of every month is rebuilt from its steps, every margin from its formula, and pages open to the last number."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal as D
from decimal import localcontext
from types import SimpleNamespace

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from roi.engine.cash_flow import BASELINES, cash_flow
from roi.engine.cell_terms import hospital_terms, site_terms
from roi.engine.center_fields import FIELDS
from roi.engine.cents import EXACT, round_half_up
from roi.engine.cost_formula import A_MONTH, AN_INFUSION, OUTLAYS
from roi.engine.infusion_center import Answer, Center, default_answers, groups_of, inputs_of, read_value, values_of
from roi.engine.inputs import at
from roi.engine.line_month import BOUGHT, line_month
from roi.engine.margin_formula import (
    hospital_benefit_formula,
    hospital_bought_formula,
    hospital_formula,
    site_benefit_formula,
    site_bought_formula,
    site_formula,
)
from roi.engine.market import HOSPITAL, Offer, RateChange
from roi.engine.marks import MEASURED, Source
from roi.engine.options import OPTIONS, SITE_CLASSES
from roi.models import ScenarioLine, ScenarioResult
from roi.selectors import explain
from roi.selectors.explain import explained
from roi.selectors.explain_steps import cost_words, step_formulas, step_names
from tests.roi.test_infusion_center import cell, center

NEW = {"place": "elsewhere", "hospital_allowed": None, "hospital_administration": None, "infusions_per_month": D("7.3333")}
CELLS = (
    cell(share_340b=D("0.4"), white_bag_share=D("0.15"), infusions_per_month=D("31.1667"), patient_share=D("0.1")),
    cell(payer="Plan B", leaves_on=dt.date(2026, 8, 1), policy_id="P", infusions_per_month=D("12.5"), denial_index=D("1.3")),
    cell(
        payer="Medicare",
        line_of_business="medicare",
        site_drug=D("198765.43"),
        biosimilar_asp=D(90_000),
        biosimilar_drug=D(120_000),
        negotiated_from=dt.date(2027, 3, 1),
    ),
    cell(payer="Plan C", risk=(D("0.01"),) * 12, risk_from=dt.date(2026, 1, 1),
         hospital_changes=(RateChange(dt.date(2026, 3, 1), D("0.9"), D("1.1")),)),
    cell(**NEW),
)  # fmt: skip
OFFER = Offer(D(240_000), D(15_000), D(120_000), D("0.8"), Source(MEASURED, "contract", "2026-01"))
RICH = {
    "opens_in": "2026-03", "denials": "3", "waste": "1.5", "hospital_cost": "40", "white_bag": "7", "supplies": "31.25", "exempt": "10",
    "ramp": "20, 45, 70", "capture_staying": "12", "capture_elsewhere": "15", "chairs": "1", "horizon": "24", "acquisition_site": "97",
    "site_340b": "yes", "bad_debt": "4", "asp_erosion": "3", "growth": "2", "biosimilar_mix": "30", "share": "60",
}  # fmt: skip


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_line_of_every_month_is_the_sum_of_its_steps_to_the_cent(baseline):
    """A site that fills, 340B on both sides, a policy, white bagging, new patients: nothing is a cent off."""
    inputs = inputs_of(center(*CELLS, **RICH))
    lines = cash_flow(inputs).values[baseline].lines
    assert {"hospital_margin", "kept_margin", "new_patient_margin", "site_340b", "working_capital"} <= lines.keys()
    for line, flows in lines.items():
        for month, cents in enumerate(flows):
            assert line_month(inputs, line, baseline, month).cents == cents, (line, month)


def test_every_margin_is_what_its_formula_says():
    made = center(*CELLS, **RICH)
    value = {key: read_value(key, made.answers[key].text) for key in FIELDS}
    for one in made.market.cells:
        assert round(site_formula(one, value).cents, 12) == round(at(site_terms(one, value).margin, 1), 12)
        if one.place == HOSPITAL:
            assert round(hospital_formula(one, value).cents, 12) == round(at(hospital_terms(one, value).margin, 1), 12)
    words = site_formula(CELLS[0], value).words
    assert "60 % our share × ((1 − 7 % white-bagged) × ($2,400.00 allowed − $1,940.00 drug − $81.60 denied or unpaid" in words
    assert len(groups_of(CELLS[1], value)) == 2


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_balance_of_working_capital_is_made_of_the_drugs_bought(baseline):
    inputs = inputs_of(center(*CELLS, **RICH))
    days = inputs.days.net
    for month in (1, 3, 13, inputs.horizon):
        before, after = (line_month(inputs, BOUGHT, baseline, each) for each in (month - 1, month))
        tied = [round_half_up(sum(step.scenario for step in made.steps) * 12 / 365 * days) for made in (before, after)]
        steps = line_month(inputs, "working_capital", baseline, month).steps
        assert [step.scenario for step in steps[:2]] == [tied[0], -tied[1]]


def test_benefits_and_purchases_are_what_their_formulas_say():
    made = center(*CELLS, **RICH)
    value = {key: read_value(key, made.answers[key].text) for key in FIELDS}
    for one in made.market.cells:
        site = site_terms(one, value)
        assert round(site_benefit_formula(one, value).cents, 12) == round(at(site.benefit_340b, 1), 12) != 0
        assert round(site_bought_formula(one, value).cents, 12) == round(at(site.purchases, 1), 12)
        if one.place == HOSPITAL:
            hospital = hospital_terms(one, value)
            assert round(hospital_benefit_formula(one, value).cents, 12) == round(at(hospital.benefit_340b, 1), 12)
            assert round(hospital_bought_formula(one, value).cents, 12) == round(at(hospital.purchases, 1), 12)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_cost_of_an_option_is_what_its_formula_says(option):
    """The formulas that explanations show and the workbook calculates by, evaluated anew."""
    made = of_option(option)
    value, inputs = values_of(made), inputs_of(made)
    names = {**value, "compounds": "yes" if value["compounds"] else "no", "MAX": max}

    def amount(formula: str) -> D:
        with localcontext(EXACT):
            return eval(formula.replace("=", "=="), {"__builtins__": {}}, names)

    assert {cost.name for cost in inputs.costs} == A_MONTH.keys() | AN_INFUSION.keys()
    for cost in inputs.costs:
        for text, cents in (
            (A_MONTH.get(cost.name), at(cost.per_month, inputs.horizon)),
            (AN_INFUSION.get(cost.name), cost.per_infusion),
        ):
            assert (amount(text) if text else 0) == pytest.approx(cents, abs=D("1e-20"))
    assert {outlay.name: amount(OUTLAYS[outlay.name]) for outlay in inputs.outlays} == {
        each.name: each.cents for each in inputs.outlays
    }


@pytest.mark.parametrize("option", OPTIONS)
def test_every_line_of_every_option_has_a_formula_for_each_of_its_steps(option):
    made = of_option(option)
    inputs = inputs_of(made)
    names = step_names(made)
    for baseline in BASELINES:
        for line in cash_flow(inputs).values[baseline].lines:
            for month in (0, 1, 4, inputs.horizon):
                formulas = step_formulas(made, line, baseline, month)
                for step in line_month(inputs, line, baseline, month).steps:
                    assert any(sign in formulas[step.name] for sign in "×÷−$"), (line, month, step.name)
                    assert not re.search(r"[a-z]_[a-z]", formulas[step.name]), "answers stand for their keys"
                    assert line in ("working_capital",) or line.startswith(("cost_", "outlay_")) or step.name in names


def test_costs_read_with_the_numbers_in_them():
    made = center(*CELLS, chairs="6")
    assert cost_words(made, A_MONTH["nurses"]) == (
        "the larger of (1 full-time and 6 chairs × 50 hours a week ÷ (3.6 chairs while open × 36 hours a week)) × $100,000 a year × "
        "(1 + 28 %) ÷ 12"
    )
    assert cost_words(made, OUTLAYS["building"]) == "$80,000 a chair × 6 chairs"
    partly = replace(made, answers=made.answers | {"needs_chairs": Answer("no"), "share": Answer("40")})
    assert (
        cost_words(partly, A_MONTH["nurses"])
        == "1 full-time × $100,000 a year × (1 + 28 %) ÷ 12 × 40 % of what it costs and brings"
    )


def of_option(option: str) -> Center:
    answers = default_answers(dt.date(2026, 1, 1), dt.date(2026, 3, 1), option)
    sites = tuple(replace(one, offers=dict.fromkeys(SITE_CLASSES, OFFER)) for one in CELLS)
    market = replace(center(*CELLS).market, cells=sites).at_class(OPTIONS[option].site_class)
    return Center(answers, market, {}, option)


def test_a_rate_far_below_nothing_is_found_by_the_signs_on_either_side():
    """−$10,000 before opening and a cent after five years: (10^-6)^(1/5) − 1 = −93.7 % a year."""
    summary = {"irr": -0.936904265552, "monthly_cents": [-1_000_000, *[0] * 59, 1]}
    page = SimpleNamespace(result=SimpleNamespace(summary={"baselines": {"today": summary}}))
    found = explain._irr(explain._Value(page, "today"))
    assert (found.found, found.is_same) == ("below −90 %", True)
    summary["monthly_cents"][-1] = 1_000_000_000  # a rate above nothing
    assert not explain._irr(explain._Value(page, "today")).is_same


# pages


def address(scenario, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"{reverse('roi:explain', args=[scenario.pk, 1])}?{query}"


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_figure_opens_and_is_made_anew_from_its_rows(make, as_reader, baseline):
    scenario = make(capture_staying="20")
    first = as_reader.get(address(scenario, against=baseline))
    figures = [key for _, key, _ in first.context["figures"]]
    assert {"npv", "irr", "payback", "part:costs", "line:kept_margin", "line:working_capital"} <= set(figures)
    for figure in figures:
        found = explained(first.context["page"], figure, baseline)
        assert found.is_same, figure
        assert found.rows
    month = ScenarioLine.objects.filter(baseline=baseline, line_item="kept_margin").order_by("-month").first()
    page = as_reader.get(address(scenario, figure="line:kept_margin", against=baseline, month=month.month))
    assert page.context["found"].is_same
    assertContains(page, "white-bagged) ×")


def test_a_figure_of_another_engine_says_so(make, as_reader):
    scenario = make()
    result = ScenarioResult.objects.get()
    result.summary["baselines"]["do_nothing"]["npv_cents"] += 1
    result.save()
    assertContains(as_reader.get(address(scenario, figure="npv")), "another version of the engine")


def test_groups_are_named_in_words(make, as_reader):
    scenario = make()
    page = as_reader.get(address(scenario, figure="line:kept_margin", month="30"))
    assertContains(page, "Plan A, Commercial, infliximab")
    assertNotContains(page, ", commercial, ")


def test_what_is_not_there_is_not_found(make, as_reader):
    scenario = make()
    for asked in ({"figure": "line:nothing"}, {"against": "tomorrow"}, {"figure": "line:cost_rent", "month": "999"}):
        assert as_reader.get(address(scenario, **asked)).status_code == 404


def test_the_scenario_leads_to_its_figures(make, as_reader):
    scenario = make()
    page = as_reader.get(reverse("roi:scenario", args=[scenario.pk]))
    assertContains(page, "figure=npv&amp;against=today")
    assertContains(page, "figure=part:costs")
