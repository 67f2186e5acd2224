"""Drivers of demand: each is the exact engine with one thing off, and all rows add up to the cent."""

from decimal import Decimal as D
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from roi.engine.cash_flow import cash_flow
from roi.engine.chairs import chair_use
from roi.engine.drivers import driven, drivers_of, without
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.levels import center_at
from roi.models import Scenario
from tests.roi.test_draws import mixed

KEYS = (
    "policy:P", "policy:Q", "move_risk", "recapture", "capture_staying", "short_staffed", "capture_elsewhere", "new_drugs", "growth",
)  # fmt: skip


def grown():
    return mixed(growth="3", short_staffed="6", new_drugs="5")


def test_a_center_has_the_drivers_that_bring_something():
    assert drivers_of(grown()) == KEYS
    assert not {"growth", "short_staffed", "new_drugs"} & set(drivers_of(mixed()))


def test_staff_shortage_and_preference_send_nobody_twice():
    both, wish = (inputs_of(mixed(capture_staying="40", short_staffed=short)).groups[0].capture for short in ("50", "0"))
    assert (both, wish) == (D("0.7"), D("0.4"))


def test_all_rows_add_up_whatever_is_off():
    for off in ((), ("growth", "policy:Q"), KEYS):
        found = driven(grown(), off)
        total = found.without + found.together
        for driver in found.drivers:
            assert driver.is_on == (driver.key not in off)
            total = total + driver.effect if driver.is_on else total
        assert total.npv == found.whole.npv
        assert found.whole.npv["do_nothing"] == cash_flow(inputs_of(without(grown(), off))).values["do_nothing"].npv_cents


def test_a_drivers_effect_is_the_exact_value_less_that_without_it():
    made = grown()
    exact = cash_flow(inputs_of(made)).values["today"].npv_cents
    typed = cash_flow(inputs_of(center_at(made, {"growth": 0}))).values["today"].npv_cents
    effects = {driver.key: driver.effect for driver in driven(made, ()).drivers}
    assert effects["growth"].npv["today"] == exact - typed
    withdrawn = without(made, ["policy:Q"])
    assert "policy:Q" not in drivers_of(withdrawn) and "policy:P" in drivers_of(withdrawn)
    fewer = float(sum(chair_use(inputs_of(made)).given) - sum(chair_use(inputs_of(withdrawn)).given))
    assert effects["policy:Q"].infusions == pytest.approx(fewer)


def test_switching_in_the_meeting_saves_nothing_until_it_is_kept(make, as_editor):
    scenario = make()
    address = reverse("roi:drivers", args=[scenario.pk])
    asked = urlencode([("shown", "policy:A-SOC-1"), ("shown", "capture_elsewhere"), ("on", "capture_elsewhere")])
    swapped = as_editor.get(f"{address}?{asked}", headers={"HX-Target": "driven"})
    assert "policy%3AA-SOC-1" in swapped["HX-Replace-Url"]
    assert b"Switched off" in swapped.content and b"<html" not in swapped.content
    assert scenario.versions.count() == 1
    as_editor.post(reverse("roi:keep-drivers", args=[scenario.pk]), {"off": "policy:A-SOC-1", "name": "No\0name"})
    assert Scenario.objects.count() == 1  # PostgreSQL has no room for NUL
    kept = as_editor.post(reverse("roi:keep-drivers", args=[scenario.pk]), {"off": ["policy:A-SOC-1", "nonsense"], "based_on": 1})
    assert kept.status_code == 302
    version = scenario.versions.get(number=2)
    assert version.note == "Switched off: Policy A-SOC-1"
    assert not any(cell.leaves_on for cell in Center.from_json(version.inputs).market.cells)


def test_readers_look_and_do_not_keep(make, as_reader, django_assert_max_num_queries):
    scenario = make()
    with django_assert_max_num_queries(30):
        page = as_reader.get(reverse("roi:drivers", args=[scenario.pk]))
    assert page.status_code == 200 and b"Keep what is off" not in page.content
    assert as_reader.post(reverse("roi:keep-drivers", args=[scenario.pk]), {"off": "growth"}).status_code == 403
