"""Every option is answers over one engine: what it asks, what it earns, and that draws and exact engine agree on each."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from roi.actions import compute
from roi.engine.alternatives import alternative
from roi.engine.cash_flow import BASELINES, cash_flow
from roi.engine.center_costs import staff
from roi.engine.center_fields import FIELDS
from roi.engine.contributions import WAYS, contributions
from roi.engine.draws import draw_values
from roi.engine.infusion_center import Center, default_answers, inputs_of, read_value, values_of
from roi.engine.inputs import at
from roi.engine.market import ELSEWHERE, Offer
from roi.engine.marks import GUESSED, Source
from roi.engine.options import OPTIONS, SITE_CLASSES
from roi.engine.sampling import draw_inputs
from roi.engine.spreads import spreads_of
from roi.engine.stress import bagging, stress
from roi.engine.typed_volumes import VolumeKey, type_over
from roi.models import Scenario
from roi.selectors.inputs import market_notes
from roi.tasks import scenario as work
from tests.roi.test_infusion_center import HOSPITAL_MARGIN, SITE_MARGIN, cell, center

OFFERS = {
    site_class: Offer(D(240_000 + 1000 * number), D(15_000), None, D(1), Source("borrowed"))
    for number, site_class in enumerate(SITE_CLASSES)
}
RESTLESS = {"growth": "3", "asp_erosion": "4", "negotiated_cut": "40", "new_referrals": "2", "bad_debt": "5", "in_reach": "80"}


def market_of_all(**answers) -> Center:
    """Who stays, who leaves, who is elsewhere, and a Medicare drug with a price negotiated from 2028, priced at every class of site."""
    usual = {"opens_in": "2026-04", "capture_staying": "10", "chairs": "3", "exempt": "10"}
    return center(
        cell(offers=OFFERS, patient_share=D("0.1"), denial_index=D("1.5")),
        cell(payer="Plan B", leaves_on=dt.date(2026, 7, 1), policy_id="P", excluded=("hopd_on_campus",), offers=OFFERS),
        cell(
            payer="Medicare", line_of_business="medicare", negotiated_from=dt.date(2028, 1, 1), share_340b=D("0.5"), offers=OFFERS
        ),
        cell(place=ELSEWHERE, hospital_allowed=None, hospital_administration=None, offers=OFFERS),
        **(usual | answers),
    )


def value(made: Center, baseline="do_nothing"):
    return cash_flow(inputs_of(made)).values[baseline]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_usable_answers_and_a_mark_for_each_input_it_asks(option):
    answers = default_answers(dt.date(2026, 1, 1), dt.date(2026, 7, 1), option)
    kind = OPTIONS[option]
    assert set(answers) == set(FIELDS) and {*kind.answers, *kind.stands} <= set(FIELDS)
    for key, field in FIELDS.items():
        read_value(key, answers[key].text)
        if kind.asks(key) and field.source is not None:
            assert answers[key].source is not None, key
        elif not kind.asks(key):
            assert answers[key].source is None, key  # what is not asked is no input and is never drawn


@pytest.mark.parametrize("option", OPTIONS)
def test_of_every_option_a_draw_is_the_exact_engines_answer_to_the_cent(option):
    made = alternative(market_of_all(**RESTLESS), option)
    exact, drawn = cash_flow(inputs_of(made)), draw_values(made, {}, 1)
    for baseline in BASELINES:
        assert [int(cents) for cents in drawn.flows[baseline][:, 0]] == list(exact.values[baseline].flows)
    found = contributions(made, inputs_of(made), exact)
    assert {sum(row.npv_cents for row in found[way]) for way in WAYS} == {exact.values["do_nothing"].npv_cents}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_can_be_drawn_stressed_and_kept(option):
    made = alternative(market_of_all(**RESTLESS), option)
    assert Center.from_json(json.loads(json.dumps(made.as_json()))) == made
    drawn = draw_inputs(spreads_of(made), seed=1, draws=3)
    assert all(OPTIONS[option].asks(key) for key in drawn if key in FIELDS)
    assert draw_values(made, drawn, 3).size == 3
    assert stress(made)[0].npv["do_nothing"] == value(made).npv_cents
    turned = bagging(made).turned
    assert sum(turned.values()) == pytest.approx(float(cash_flow(inputs_of(made)).chairs.given[-1]))


def test_doing_nothing_is_zero_and_all_options_have_the_same_baselines():
    made = market_of_all()
    nothing = alternative(made, "do_nothing")
    assert value(nothing).npv_cents == 0 and not any(value(nothing).flows)
    worlds = [cash_flow(inputs_of(alternative(made, option))).worlds for option in OPTIONS]
    assert all(each["do_nothing"] == worlds[0]["do_nothing"] and each["today"] == worlds[0]["today"] for each in worlds)


def test_referring_out_gives_up_the_margin_of_who_would_stay_and_nothing_else():
    made = alternative(center(cell(offers=OFFERS)), "refer_out")
    quiet = {"capture_staying": "100", "own_opening": "0", "own_per_month": "0", "receivable_days": "0", "stock_days": "0"}
    answers = {key: replace(answer, text=quiet.get(key, answer.text)) for key, answer in made.answers.items()}
    found = value(replace(made, answers=answers | {"supplier_days": replace(made.answers["supplier_days"], text="0")}))
    assert found.total_cents == -60 * 10 * HOSPITAL_MARGIN == found.parts["margin_given_up"]


def test_a_joint_venture_carries_its_share_of_the_sites_margin_cost_and_outlay():
    made = market_of_all(release="no")
    joint = alternative(made, "joint_venture")
    own = {"share": "100", "own_opening": "0", "own_per_month": "0"}
    assert value(with_texts(joint, **own)).npv_cents == value(made).npv_cents
    half = with_texts(joint, **own | {"share": "50"})
    whole_costs, half_costs = (value(each).parts["costs"] for each in (made, half))
    assert half_costs == pytest.approx(whole_costs / 2, abs=60 * 20)
    new = [value(each).parts["new_volume"] for each in (made, half)]
    assert new[1] == pytest.approx(new[0] / 2, abs=60)


def with_texts(made: Center, **texts) -> Center:
    return replace(made, answers=made.answers | {key: replace(made.answers[key], text=text) for key, text in texts.items()})


def test_a_class_of_site_that_a_policy_excludes_or_a_drug_cannot_be_given_at_sends_nobody():
    leaving = {"leaves_on": dt.date(2026, 1, 1), "policy_id": "P"}
    only_home = {"home_infusion": OFFERS["home_infusion"]}
    made = center(cell(**leaving, offers=OFFERS, excluded=("home_infusion",)), cell(**leaving, offers=only_home))
    assert [group.infusions for group in inputs_of(alternative(made, "home_infusion")).groups if group.capture] == [10]
    at_suite = alternative(made, "infusion_suite")
    assert [float(each.capture) for each in inputs_of(at_suite).groups if each.name.endswith("P")] == [1.0, 0.0]


def test_what_cannot_be_given_at_the_site_is_said():
    half = {"home_infusion": replace(OFFERS["home_infusion"], share=D("0.5"))}
    made = center(cell(offers=OFFERS), cell(offers=half))
    assert not market_notes(made.market)
    assert market_notes(alternative(made, "home_infusion").market)[0].startswith(
        "75 % of infusions can be given at this kind of site"
    )


def test_home_is_paid_by_its_own_prices_and_costs_a_visit_and_a_delivery():
    made = alternative(market_of_all(nurse_pay="100000", benefits="25"), "home_infusion")
    assert made.market.cells[0].site_drug == OFFERS["home_infusion"].drug
    costs = {cost.name: cost for cost in inputs_of(made).costs}
    assert float(costs["visits"].per_infusion) == pytest.approx(3.5 * 100_000_00 * 1.25 / (36 * 52))
    assert costs["delivery"].per_infusion == 60_00
    assert inputs_of(made).chairs is None and not any(at(costs["rent"].per_month, month) for month in (1, 60))


def test_a_per_diem_below_cost_loses_on_every_infusion():
    """The drug is paid at cost; 150 dollars of per diem and visit against more than 300 of nurse, delivery and supplies."""
    at_cost = {"home_infusion": replace(OFFERS["home_infusion"], drug=D(200_000))}
    made, twice = (
        alternative(
            center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P", infusions_per_month=D(volume), offers=at_cost)),
            "home_infusion",
        )
        for volume in (10, 20)
    )
    (payer, _) = contributions(made, inputs_of(made), cash_flow(inputs_of(made)))["payer"]
    assert payer.npv_cents < 0
    assert value(twice).npv_cents < value(made).npv_cents


def test_staff_is_the_least_or_what_the_chairs_ask_for_whichever_is_more():
    made = values_of(
        center(chairs="18", open_hours="40", full_time_hours="40", nurses="2", chairs_per_nurse="3.6", pharmacists="3")
    )
    assert staff(made, "nurse") == 5
    assert staff(made, "pharmacist") == 3


def test_the_sterile_room_costs_only_where_the_formulary_needs_it():
    without, needed = (
        {outlay.name: outlay.cents for outlay in inputs_of(center(compounds=said)).outlays}["sterile_room"]
        for said in ("no", "yes")
    )
    assert (without, needed) == (0, 350_000_00)


# years


def test_volumes_grow_and_prices_fall_by_the_year():
    """400 dollars of drug margin follow prices, the administration does not: by hand over two years."""
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P"), growth="10", asp_erosion="20", horizon="24")
    drug, administration = 40_000, 15_000
    first, second = 12 * 10 * (drug + administration), 12 * 11 * (D("0.8") * drug + administration)
    assert SITE_MARGIN == drug + administration
    assert value(made).parts["margin_kept"] == first + second


def test_a_negotiated_price_begins_in_its_month_and_is_medicares_alone():
    """Both what Medicare pays and what the drug costs fall: of 40,000 cents of drug margin half is left from month 25."""
    made = center(cell(negotiated_from=dt.date(2028, 1, 1), leaves_on=dt.date(2026, 1, 1), policy_id="P"), negotiated_cut="50")
    assert value(made).parts["margin_kept"] == 24 * 10 * 55_000 + 36 * 10 * (20_000 + 15_000)


def test_bad_debt_denials_by_payer_and_biosimilars():
    prices = {"patient_share": D("0.2"), "denial_index": D(2), "biosimilar_asp": D(100_000), "biosimilar_drug": D(150_000)}
    made = center(
        cell(**prices, leaves_on=dt.date(2026, 1, 1), policy_id="P"), bad_debt="10", denials="3", biosimilar_mix="50", horizon="12"
    )
    allowed, drug, lost = D(195_000), D(150_000), D("0.2") * D("0.1") + 2 * D("0.03")
    assert value(made).parts["margin_kept"] == 12 * 10 * ((allowed + 15_000) * (1 - lost) - drug)


def test_new_referrals_and_reach():
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P"), new_referrals="20", in_reach="50", horizon="12")
    assert value(made).parts["new_volume"] == 12 * SITE_MARGIN
    assert value(made).parts["margin_kept"] == 12 * 5 * SITE_MARGIN


def test_a_question_that_did_not_exist_is_answered_by_what_changes_nothing():
    made = center(cell(limit=D(212_000)))
    saved = made.as_json()
    del saved["option"]
    new = ("bad_debt", "growth", "share", "asp_erosion", "chairs_per_nurse", "it_opening")
    for key in new:
        del saved["answers"][key]
    again = Center.from_json(saved)
    assert again.answers["growth"].source.mark == GUESSED
    assert values_of(again)["share"] == 1 and value(again).parts["margin_given_up"] == value(made).parts["margin_given_up"]


# pages

pages = pytest.mark.django_db


@pages
def test_every_option_is_shown_live_and_may_be_kept_beside_the_scenario(make, as_editor):
    scenario = make(computed=False)
    page = as_editor.get(reverse("roi:options", args=[scenario.pk]))
    assert [row[0] for row in page.context["figures"][0].table.rows] == [option.short for option in OPTIONS.values()]
    sent = {"option": ["partner", "do_nothing"]}
    kept = as_editor.post(reverse("roi:keep-options", args=[scenario.pk]), sent)
    made = Scenario.objects.exclude(pk=scenario.pk).order_by("pk")
    assert [each.kind for each in made] == ["partner", "do_nothing"]
    assertRedirects(kept, reverse("roi:side-by-side") + "?" + "&".join(f"s={each.pk}" for each in (scenario, *made)))
    markets = {
        json.dumps([c["infusions_per_month"] for c in each.versions.get().inputs["market"]["cells"]])
        for each in Scenario.objects.all()
    }
    assert len(markets) == 1  # the same volumes
    again = as_editor.post(reverse("roi:keep-options", args=[scenario.pk]), sent, follow=True)
    assertContains(again, "Nothing was kept.")


@pages
def test_a_scenario_begins_with_the_affiliation_that_was_searched_for(published, as_editor):
    def prefilled(**asked):
        return as_editor.get(reverse("roi:create"), asked).context["form"]["hospital_affiliated"].value()

    assert [prefilled(affiliated=said) for said in ("yes", "no", "x")] == ["yes", "no", "yes"]
    assert as_editor.get(reverse("roi:create"), {"option": "expand", "affiliated": "no"}).status_code == 200


@pages
def test_kept_scenarios_stand_side_by_side_as_their_own_pages_show_them(make, as_reader):
    one, two = make("Center one"), make("Center two", chairs="9")
    page = as_reader.get(reverse("roi:side-by-side") + f"?s={one.pk}&s={two.pk}")
    npv = [each.versions.get().results.get().summary["baselines"]["do_nothing"]["npv_cents"] for each in (one, two)]
    assert [row[1] for row in page.context["figures"][0].table.rows] == npv
    assertNotContains(page, "do not rest on the same figures")
    assertContains(page, "The same patients, prices and months in each")
    other = two.versions.get()
    market = Center.from_json(other.inputs).market
    typed = type_over(market, VolumeKey("hospital", "Plan A", "commercial", "infliximab"), D(77), "A new clinic", "Operations")
    other.inputs["market"] = typed.as_json()
    other.save()
    page = as_reader.get(reverse("roi:side-by-side") + f"?s={one.pk}&s={two.pk}")
    assertContains(page, "They differ in their typed volumes, as told below")
    assertContains(page, "typed over, in infusions a month: Plan A, Commercial, infliximab: 77")
    other.inputs["market"] |= market.as_json() | {"name": "metro", "first_month": "2025-01-01"}
    other.save()
    page = as_reader.get(reverse("roi:side-by-side") + f"?s={one.pk}&s={two.pk}")
    assertContains(page, "Their markets and months differ")
    assertNotContains(page, "The same patients")
    assert not any("most" in figure.reading for figure in page.context["figures"])
    assert as_reader.get(reverse("roi:side-by-side") + "?s=x").status_code == 404
    assert as_reader.get(reverse("roi:side-by-side") + "?s=999").status_code == 404


@pages
@pytest.mark.parametrize("option", ["home_infusion", "partner", "expand"])
def test_an_options_form_asks_its_questions_alone(published, as_editor, option):
    address = reverse("roi:create") + f"?option={option}"
    form = as_editor.get(address).context["form"]
    asked = {key for key in FIELDS if key in form.fields}
    assert asked == {key for key in FIELDS if OPTIONS[option].asks(key)}
    sent = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    assert as_editor.post(address, sent | {"name": "Another way"}).status_code == 302
    scenario = Scenario.objects.get()
    assert scenario.kind == option == scenario.versions.get().inputs["option"]
    assertContains(as_editor.get(reverse("roi:scenario", args=[scenario.pk])), OPTIONS[option].name)


@pages
@pytest.mark.parametrize("option", ["home_infusion", "do_nothing"])
def test_an_option_without_chairs_has_every_page_of_a_scenario(make, as_editor, option):
    beside = make(computed=False)
    as_editor.post(reverse("roi:keep-options", args=[beside.pk]), {"option": [option]})
    kept = Scenario.objects.get(kind=option)
    work(compute.request_scenario_run(kept.versions.get()).pk)
    for room in ("scenario", "options", "uncertainty", "sliders", "stress", "edit"):
        assert as_editor.get(reverse(f"roi:{room}", args=[kept.pk])).status_code == 200, room
    assert as_editor.get(reverse("roi:workbook", args=[kept.pk, 1])).status_code == 200
    shown = as_editor.get(reverse("roi:scenario", args=[kept.pk])).context["figures"]
    assert "chairs" not in {figure.key for figure in shown}
