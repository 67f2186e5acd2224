"""The formulary: each rule puts a drug out with its reason, what is not known puts none out, and the list does to the value what it says."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from demand import storage
from demand.models import Denial, Run
from roi.actions.compute import request_scenario_run
from roi.engine.cash_flow import cash_flow
from roi.engine.formulary import (
    HAZARDOUS,
    NOT_AVAILABLE,
    STERILE,
    Known,
    Rules,
    decided,
    measured,
    off_formulary,
    priced,
    with_formulary,
)
from roi.engine.infusion_center import Center, inputs_of
from roi.models import Formulary, ScenarioResult
from roi.selectors.formulary import decided_rows
from roi.tasks import scenario as work
from sites.models import ChecklistItem
from tests.demand.facts_files import fact, write_facts
from tests.roi.test_infusion_center import cell, center

KNOWN = Known("available", dt.date(2026, 1, 1), D(1), False, STERILE)
MARGIN = 240_000 + 15_000 - 200_000
OTHER = {"payer": "Plan B", "line_of_business": "medicare"}
POOR = {**OTHER, "site_drug": D(150_000)}  # leaves $350 less than the drug costs


def verdict(*cells, known=KNOWN, rules=None, by_hand=None):
    (one,) = measured(center(*cells))
    return decided(one, known, rules or Rules(), by_hand)


def test_a_drug_that_meets_every_rule_is_in():
    found = verdict(cell(), cell(**OTHER))
    assert (found.is_in, found.reasons, found.unknown) == (True, (), ())
    assert (found.measured.margin, found.measured.margin_an_hour) == (MARGIN, MARGIN * D(60) / 150)


@pytest.mark.parametrize(
    ("cells", "changes", "words"),
    [
        ([cell(), cell(**OTHER)], {"rules": Rules(margin=D(60_000))}, "leaves $550.00 an infusion, $600.00 are asked"),
        ([cell(), cell(infusions_per_month=D(30), **POOR)], {"rules": Rules(margin=D(-100_000), medicare=False)}, "25 % of its infusions"),
        ([cell(infusions_per_month=D(30)), cell(**POOR)], {}, "Medicare leaves $-350.00"),
        ([cell(bars_centers=True), cell(bars_centers=True, **OTHER)], {}, "no payer lets its patients come"),
        ([cell(), cell(**OTHER)], {"rules": Rules(chair_minutes=120)}, "takes a chair for 150 minutes"),
        ([cell(), cell(**OTHER)], {"known": Known(NOT_AVAILABLE, None, D(1), False, STERILE)}, "not available"),
        ([cell(), cell(**OTHER)], {"known": Known("available", None, D("2.5"), False, STERILE)}, "denied 2.5 times as often"),
        ([cell(), cell(**OTHER)], {"known": Known("available", None, D(1), False, HAZARDOUS)}, "needs hazardous"),
    ],
)  # fmt: skip
def test_a_rule_that_fails_puts_a_drug_out_and_says_why(cells, changes, words):
    found = verdict(*cells, **changes)
    assert not found.is_in
    assert any(words in reason for reason in found.reasons), found.reasons


def test_a_pooled_therapy_is_measured_by_the_prices_on_file():
    """Average sales price $2,000: Plan A leaves $500, Plan B costs $100, Medicare leaves $120; two of three pay for it."""
    paid = {("Plan A", "PPO"): D(250_000), ("Plan B", ""): D(190_000), ("medicare", ""): D(212_000)}
    one = priced("rituximab", D(240), D(200_000), paid, center())
    assert (one.infusions_per_month, one.payers_covering, one.payers) == (None, 2, 3)
    assert (one.margin, one.medicare_margin) == (D(50_000 - 10_000 + 12_000) / 3, 12_000)
    found = decided(one, KNOWN, Rules(covered=D("0.7")))
    assert found.reasons == ("67 % of payers and plans are covered at no loss, 70 % are asked",)
    assert priced("rituximab", D(240), D(200_000), {}, center()) is None


def test_what_is_not_known_fails_nothing_and_is_said():
    found = verdict(cell(), known=Known())
    assert found.is_in
    assert found.unknown == ("Medicare", "availability", "denials", "preparation")


def test_a_decision_by_hand_goes_before_the_rules():
    found = verdict(cell(**POOR), by_hand=(True, "mission"))
    assert (found.is_in, found.by_hand, found.reasons) == (True, True, ("mission",))


def npv(made: Center, baseline="do_nothing") -> int:
    return cash_flow(inputs_of(made)).values[baseline].npv_cents


def test_drugs_that_are_out_bring_no_volume_and_take_none_from_the_baseline():
    """Both baselines lose what policies take; a drug that is out adds nothing to either, as if the site could not give it."""
    moving = cell(leaves_on=dt.date(2026, 7, 1), policy_id="P")
    made = center(moving, cell(family="vedolizumab", place="elsewhere", hospital_allowed=None, hospital_administration=None))
    without = with_formulary(made, ("infliximab", "vedolizumab"))
    value = cash_flow(inputs_of(without)).values
    assert value["do_nothing"].parts["margin_kept"] == value["do_nothing"].parts["new_volume"] == 0
    assert value["today"].parts["policies"] == cash_flow(inputs_of(made)).values["today"].parts["policies"] != 0
    assert npv(with_formulary(without, ())) == npv(made)


def test_a_version_keeps_which_drugs_are_out():
    made = with_formulary(center(cell(), cell(family="vedolizumab")), ("vedolizumab",))
    assert off_formulary(Center.from_json(made.as_json())) == ("vedolizumab",)
    assert "off_formulary" not in center().as_json()["market"]["cells"][0]


# the page


def address(scenario, name="formulary"):
    return reverse(f"roi:{name}", args=[scenario.pk])


def said(page, **changes):
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | changes).items() if value not in (None, "", False)}


def test_a_formulary_is_saved_put_into_effect_and_shown_on_the_scenario(make, as_editor):
    scenario = make(denials="90")  # nothing pays for itself
    page = as_editor.get(address(scenario))
    ((row, _),) = page.context["rows"]
    assert not row.is_in
    assertContains(page, "leaves")
    refused = as_editor.post(address(scenario), said(page, do="save"))
    assertContains(refused, "Every drug would be out", status_code=422)
    unsaid = as_editor.post(address(scenario), said(page, do="save", choice_0="in"))
    assertContains(unsaid, "Say why infliximab is decided by hand", status_code=422)
    as_editor.post(address(scenario), said(page, do="save", choice_0="in", reason_0="The reason we open"))
    assert Formulary.objects.get().rows[0]["reasons"] == ["The reason we open"]
    assertContains(as_editor.get(address(scenario)), "The reason we open")


def test_drugs_out_make_the_next_version_worth_what_the_page_said(make, as_editor):
    scenario = make()
    rows = as_editor.get(address(scenario))
    Formulary.objects.create(
        scenario=scenario, number=1, basis=scenario.versions.get(), rules=rows.context["form"].as_saved(),
        rows=[{"family": "infliximab", "is_in": False, "by_hand": True, "reasons": ["test"], "preparation": "not stated"}],
    )  # fmt: skip
    promised = as_editor.get(address(scenario)).context["effect"].formulary
    as_editor.post(address(scenario, "apply-formulary"))
    version = scenario.versions.order_by("-number").first()
    assert version.note == "Formulary 1: 1 of 1 therapies out"
    work(request_scenario_run(version).pk)
    result = ScenarioResult.objects.get(version=version)
    assert {key: value["npv_cents"] for key, value in result.summary["baselines"].items()} == promised
    assertContains(as_editor.get(reverse("roi:scenario", args=[scenario.pk])), "Not on the formulary")
    assertContains(as_editor.get(address(scenario)), "It is in effect in version 2")


def test_availability_and_denials_come_from_lists_and_logs(make, as_editor):
    scenario = make()
    made = Center.from_json(scenario.versions.get().inputs)

    def known():
        return decided_rows(made, Rules(), {})[0].known

    assert (known().availability, known().burden) == ("not recorded", None)
    today = timezone.localdate()
    ChecklistItem.objects.create(
        kind="drug", market="metro", site_type="community", area="drugs", title="Infliximab 100 mg", distributor="D", state="done",
        checked_on=today,
    )  # fmt: skip
    rows = [fact(person_no=person) for person in range(60)]
    rows += [fact(person_no=person, family="vedolizumab") for person in range(100, 220)]
    run = Run.objects.published().first()
    Run.objects.filter(pk=run.pk).update(published_at=timezone.now())
    for judged in storage.run_folder(run.pk).glob("hidden-*.npz"):
        judged.unlink()  # of another test's run of the same number
    write_facts(storage.run_folder(run.pk), rows)
    for number in range(40):  # half of all denials on a third of all infusions
        code = "J1745" if number < 20 else "J9999"
        Denial.objects.create(
            claim_id=str(number), payer="Plan A", hcpcs_code=code, site_id="OURS", service_date=today, reason_code="1", row_key=str(number)
        )  # fmt: skip
    assert (known().availability, known().checked_on, known().burden) == ("available", today, D("1.5"))
    Denial.objects.filter(hcpcs_code="J1745", pk__gt=Denial.objects.order_by("pk")[4].pk).delete()
    assert (known().burden, known().burden_hidden) == (None, True)


def test_readers_look_and_editors_save(make, as_reader):
    scenario = make()
    assert as_reader.get(address(scenario)).status_code == 200
    assert as_reader.post(address(scenario), {"do": "save"}).status_code == 403
    assert as_reader.post(address(scenario, "apply-formulary")).status_code == 403


def test_the_page_takes_a_bounded_number_of_queries(make, as_reader, django_assert_max_num_queries):
    scenario = make()
    as_reader.get(address(scenario))
    with django_assert_max_num_queries(40):
        as_reader.get(address(scenario))
