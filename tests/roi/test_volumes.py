"""Volumes typed over and taken back, what they are month by month, and one sentence beside the numbers of “Where to open”."""

import csv
import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.urls import reverse

from demand.models import Run
from roi.engine.cash_flow import cash_flow
from roi.engine.center_file import read_center
from roi.engine.chairs import chair_use
from roi.engine.draws import draw_values
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.inputs import InputError
from roi.engine.levels import TYPED, center_at
from roi.engine.market import ELSEWHERE
from roi.engine.marks import GUESSED
from roi.engine.monthly_volumes import AT_SITE, AWAY, HERE, MOVED, TAKEN, monthly_volumes, summed
from roi.engine.scenario_file import FileRefused
from roi.engine.spreads import spreads_of
from roi.engine.typed_volumes import VolumeKey, carried, take_back, type_over, volumes_of
from roi.models import Scenario
from roi.selectors.changes import input_pairs
from roi.selectors.inputs import debt, risk_note
from roi.selectors.sliders import sliders_of
from roi.selectors.volumes import begun_with, reconciled
from roi.tasks import scenario as work
from tests.libreoffice import sheets
from tests.roi.test_draws import mixed
from tests.roi.test_infusion_center import cell, center

KEY = VolumeKey("hospital", "Plan A", "commercial", "infliximab")


def two_fates() -> Center:
    return center(cell(), cell(infusions_per_month=D(30), leaves_on=dt.date(2026, 7, 1), policy_id="P"), cell(payer="Plan B"))


def typed(made: Center, number="60") -> Center:
    return replace(made, market=type_over(made.market, KEY, D(number), "Growing since May", "Head of pharmacy"))


def test_a_typed_number_is_shared_as_the_measured_one_and_keeps_it_beside():
    made = typed(two_fates())
    assert [one.infusions_per_month for one in made.market.cells] == [15, 45, 10]
    first, other = volumes_of(made.market)
    assert (first.measured, first.used, first.typed.reason, other.typed) == (40, 60, "Growing since May", None)
    again = typed(made, "20")  # from the measured ones, not from what was typed before
    assert volumes_of(again.market)[0].measured == 40 and volumes_of(again.market)[0].used == 20
    assert take_back(again.market, KEY) == two_fates().market


def test_a_small_number_leaves_no_rest_below_zero():
    fates = [cell(leaves_on=dt.date(2026, month, 1), policy_id="P", infusions_per_month=D(3)) for month in (7, 8, 9)]
    shares = [one.infusions_per_month for one in typed(center(*fates, cell(infusions_per_month=D(1))), "0.0002").market.cells]
    assert min(shares) >= 0 and sum(shares) == D("0.0002")


def test_each_typed_volume_is_compared_with_itself():
    """Another volume stands first in a newer run's market: nothing is said to have changed but that it is there."""
    old = typed(two_fates())
    new = replace(old, market=replace(old.market, cells=(cell(payer="Plan 0"), *old.market.cells)))
    pairs = {pair.label: pair for pair in input_pairs(old, new)}
    assert not pairs["Volume typed over: Plan A, Commercial, infliximab"].differs


def test_what_cannot_be_typed_is_said():
    for field, number, reason, said_by in (
        ("infusions", "-1", "x", "y"), ("infusions", "NaN", "x", "y"), ("infusions", "0." + "3" * 5_000, "x", "y"), ("infusions", "1e-400", "x", "y"),
        ("reason", "1", " ", "y"), ("said_by", "1", "x", ""), ("reason", "1", "a\0b", "y"),
    ):  # fmt: skip
        with pytest.raises(InputError) as refused:
            type_over(two_fates().market, KEY, D(number), reason, said_by)
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("part", "hostile"),
    [
        ("typed_over", {"measured": "-5", "reason": "x", "said_by": "y"}),
        ("typed_over", {"measured": "5", "reason": "x" * 201, "said_by": "y"}),
        ("site_changes", [{"since": "2026-06-01", "drug": "-1", "administration": "1"}]),
        ("hospital_changes", [{"since": "2026-06-01", "drug": "1", "administration": "-0.01"}]),
    ],
)
def test_a_hostile_file_is_refused(part, hostile):
    inputs = two_fates().as_json()
    inputs["market"]["cells"][0][part] = hostile
    with pytest.raises(FileRefused, match="cells"):
        read_center(inputs)


def test_a_file_says_of_its_risks_what_a_model_card_may_say():
    made = two_fates()
    for status, off, works in (("no better", "0", True), ("=cmd", "0", False), ("better", "-3", False)):
        inputs = replace(made, market=replace(made.market, risk_status=status, risk_off=D(off))).as_json()
        if works:
            assert risk_note(read_center(inputs)).startswith("Who leaves without a policy is left out")
        else:
            with pytest.raises(FileRefused, match="risk_status"):
                read_center(inputs)


def test_a_typed_volume_is_a_guess_and_its_spread_is_its_own():
    before, after = two_fates(), typed(two_fates(), "40")
    assert cash_flow(inputs_of(before)).as_json() == cash_flow(inputs_of(after)).as_json()  # the same number
    assert debt(after).counts[GUESSED] == debt(before).counts[GUESSED] + 1
    assert {one.key: one.mark for one in spreads_of(after)}[TYPED] == GUESSED
    assert TYPED not in {one.key for one in spreads_of(before)}
    moved = center_at(after, {TYPED: D(2), "data_volumes": D(3)})
    assert [one.infusions_per_month for one in moved.market.cells] == [20, 60, 30]


def test_a_file_and_a_newer_run_carry_it():
    made = typed(two_fates())
    assert read_center(made.as_json()) == made
    newer = center(cell(infusions_per_month=D(12)), cell(payer="Plan C")).market
    market, lost = carried(made.market, newer)
    assert volumes_of(market)[0].measured == 12 and volumes_of(market)[0].used == 60 and not lost
    assert [one.key.payer for one in carried(made.market, center(cell(payer="Plan C")).market)[1]] == ["Plan A"]


def test_months_add_up_to_what_is_there_and_what_comes():
    made = mixed(growth="-10")
    sums = summed(monthly_volumes(made))
    here = sum(one.infusions_per_month for one in made.market.cells if one.place != ELSEWHERE)
    for month, level in ((0, D(1)), (12, D("0.9")), (59, D("0.9") ** 4)):
        assert sums[HERE][month] + sums[TAKEN][month] + sums[MOVED][month] == pytest.approx(here * level)
        assert sums[AWAY][month] == pytest.approx(D("33.3333") * level)
    assert sums[AT_SITE] == pytest.approx(list(chair_use(inputs_of(made)).given))
    assert sums[TAKEN][0] == 0 < sums[MOVED][-1]


@pytest.mark.parametrize("text", ["-5", "−5 %", "-30"])
def test_volumes_may_fall(text):
    made = center(growth=text)
    level = 1 + D(text.replace("−", "-").removesuffix(" %")) / 100
    assert inputs_of(made).groups[0].infusions[12] == 10 * level
    spread = next(one for one in spreads_of(made) if one.key == "growth")
    assert D(-30) / 100 <= spread.low < spread.likely <= spread.high < 0 or text == "-30"
    slider = next(one for one in sliders_of(made, {}) if one.key == "growth")
    assert (D(slider.low), D(slider.high)) == (-30, 30) and D(slider.value) == 100 * (level - 1)
    drawn = draw_values(made, {}, 1)
    assert drawn.npv["today"][0] == cash_flow(inputs_of(made)).values["today"].npv_cents


def test_a_decline_has_a_limit_and_says_so():
    for text, sentence in (("-31", "give a number from -30 to 30."), ("--5", "give a number."), ("-", "give a number.")):
        with pytest.raises(InputError) as refused:
            inputs_of(center(growth=text))
        assert (refused.value.field, refused.value.sentence) == ("growth", sentence)


def test_typing_over_in_view_and_taking_it_back(make, as_editor):
    scenario = make()
    page, address = reverse("roi:volumes", args=[scenario.pk]), reverse("roi:change-volume", args=[scenario.pk])
    asked = {"volume": 0, "infusions": "25.5", "reason": "Two clinics join", "said_by": "Dr. Lee, managed care", "based_on": 1}
    refused = as_editor.post(address, asked | {"infusions": "many"})
    assert refused.status_code == 422 and b"Infusions a month must be a number from 0 to 1,000,000" in refused.content
    for hostile in (
        {"infusions": "٢٥"},
        {"infusions": "1e-400"},
        {"infusions": "1e5"},
        {"volume": ""},
        {"volume": "first"},
        {"volume": "99"},
    ):
        assert as_editor.post(address, asked | hostile).status_code == 422
    assert scenario.versions.count() == 1
    as_editor.post(address, asked)
    version = scenario.versions.get(number=2)
    assert volumes_of(Center.from_json(version.inputs).market)[0].used == D("25.5")
    shown = as_editor.get(page).content.decode()
    assert "Two clinics join (Dr. Lee, managed care)" in shown and "25.5" in shown and "25.0" in shown
    as_editor.post(address, {"volume": 0, "take_back": "", "based_on": 2})
    assert scenario.versions.get(number=3).inputs["market"] == scenario.versions.get(number=1).inputs["market"]
    late = as_editor.post(address, asked)  # somebody else saved since
    assert late.status_code == 302 and scenario.versions.count() == 3


def test_readers_look_and_change_nothing(make, as_reader, django_assert_max_num_queries):
    scenario = make()
    with django_assert_max_num_queries(30):
        assert b"Type over" not in as_reader.get(reverse("roi:volumes", args=[scenario.pk])).content
    assert as_reader.post(reverse("roi:change-volume", args=[scenario.pk]), {}).status_code == 403
    rows = list(csv.DictReader(io.StringIO(as_reader.get(reverse("roi:volumes-csv", args=[scenario.pk])).content.decode())))
    assert len(rows) == 2 * 60 and rows[0]["therapy"] == "infliximab"


def test_the_workbook_has_measured_and_used(make, as_editor):
    scenario = make()
    asked = {"volume": 0, "infusions": "30", "reason": "Why", "said_by": "Who", "based_on": 1}
    as_editor.post(reverse("roi:change-volume", args=[scenario.pk]), asked)
    work(Run.objects.get(kind=Run.Kind.SCENARIO, subject_id=scenario.versions.get(number=2).pk).pk)
    rows = sheets(as_editor.get(reverse("roi:workbook", args=[scenario.pk, 2])).content)["Measured volumes"]
    assert rows[4][1:] == [25.0, 30.0, 5.0, "Why", "Who"]


def test_the_sentence_holds_both_numbers():
    said = begun_with({"place": "Oak Ridge", "measure": "people", "amount": "about 120"})
    made = replace(two_fates(), begun_with=said)
    assert read_center(made.as_json()) == made
    with pytest.raises(FileRefused, match="begun_with"):
        read_center(replace(made, begun_with={"place": "Oak Ridge"}).as_json())
    text = reconciled(made)
    assert "“Where to open” said that Oak Ridge adds about 120 people at risk to those with a site in reach" in text
    assert "50 a month in our hospitals (Jul 2025 to Dec 2025, 6 months), of which dated policies take 30 a month" in text
    assert "6 months; 50 were measured, some are typed over), of which" in reconciled(typed(made))
    for wrong in ({}, {"amount": "hidden"}, {"measure": "love"}, {"place": ""}):
        assert begun_with({"place": "Oak Ridge", "measure": "people", **wrong}) == {}


def test_a_scenario_begins_with_the_answer_and_leads_to_its_months(published, as_editor):
    address = reverse("roi:create") + "?place=Oak+Ridge&measure=people&amount=about+120"
    form = as_editor.get(address).context["form"]
    sent = {name: field.value() for name in form.fields if (field := form[name]).value() is not None} | {
        "name": "Oak Ridge",
        "market": "",
    }
    as_editor.post(address, {key: value for key, value in sent.items() if value is not False})
    scenario = Scenario.objects.get()
    assert b"about 120 people at risk" in as_editor.get(reverse("roi:volumes", args=[scenario.pk])).content
    assert scenario.versions.get().inputs["begun_with"]["place"] == "Oak Ridge"
