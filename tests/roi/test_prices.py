"""What an infusion is paid at each class of site, by the dated rates and Medicare's rules, and what stands in where there is none."""

import datetime as dt
from decimal import Decimal as D

from roi.engine.prices import MEDICARE, Dose, paid_at
from tests.roi import claims_run as claims

ON = dt.date(2026, 5, 1)


def price(*rates, lob="commercial", site_class="infusion_center", codes=("96413",), drug="J1745", dose=400, on=ON, **book):
    given = Dose(drug, D(dose), "infliximab", codes)
    return paid_at(claims.price_book(*rates, **book), given, "Plan A", "PPO", lob, site_class, on)


def test_the_most_particular_rate_in_force_counts():
    general, by_plan, by_code = claims.rate(), claims.rate(plan="PPO", rate=D(125)), claims.rate(hcpcs_code="J1745", rate=D(110))
    assert price(general, by_plan, by_code).drug == 2_000_00 * D("1.1")
    assert price(general, by_plan).drug == 2_000_00 * D("1.25")
    newer = claims.rate(rate=D(130), effective_from=dt.date(2026, 1, 1))
    assert price(general, newer).drug == 2_000_00 * D("1.3")
    over = claims.rate(rate=D(140), effective_from=dt.date(2026, 2, 1), effective_to=ON)  # the first day that no longer counts
    assert price(general, over).drug == 2_000_00 * D("1.2")
    other = claims.rate(payer="Plan B", rate=D(1))
    assert price(general, other).drug == 2_000_00 * D("1.2")


def test_a_rate_by_unit_is_by_billing_unit():
    assert price(claims.rate(hcpcs_code="J1745", basis="per_unit", rate=D(60))).drug == 40 * 60_00


def test_a_flat_amount_for_any_code_is_no_drug_price():
    assert price(claims.rate(basis="per_unit", rate=D(5))).source.mark == "guessed"


def test_the_hospital_has_its_own_planning_multiple():
    assert price(site_class="hopd_on_campus").drug == 2_000_00 * D("2.2")


def test_medicare_ignores_contracts():
    assert price(claims.rate(rate=D(500)), lob=MEDICARE).drug == D(212_000) * D("0.984")


def test_a_percentage_of_charges_is_used_and_marked_a_guess():
    """What the new site will charge nobody knows: three times the average sales price."""
    found = price(claims.rate(basis="percent_of_charge", rate=D(45)))
    assert found.drug == 3 * 2_000_00 * D("0.45")
    assert found.source.mark == "guessed" and "contract of Plan A" in found.source.text


def test_further_hours_are_paid_by_the_minutes_of_the_infusion():
    codes = ("96413", "96415")
    assert price(codes=codes).administration == (D("119.36") + 25) * 100
    assert price(codes=codes, minutes={"infliximab": 211}).administration == (D("119.36") + 3 * 25) * 100


def test_home_is_paid_a_per_diem_and_a_visit_and_closed_to_medicare():
    rates = [
        claims.rate(site_class="home_infusion", rate=D(105)),
        claims.rate(site_class="home_infusion", hcpcs_code="S9379", basis="per_diem", rate=D(180)),
        claims.rate(site_class="home_infusion", hcpcs_code="99601", basis="per_visit", rate=D(160)),
    ]
    found = price(*rates, site_class="home_infusion")
    assert (found.drug, found.administration) == (2_000_00 * D("1.05"), 340_00)
    assert price(site_class="home_infusion").administration == 300_00  # planning amounts where no contract is on file
    assert price(*rates, site_class="home_infusion", lob=MEDICARE) is None


def test_only_a_drug_that_patients_inject_themselves_comes_from_a_pharmacy():
    assert price(site_class="specialty_pharmacy") is None
    found = price(site_class="specialty_pharmacy", self_injected=frozenset({"infliximab"}))
    assert (found.drug, found.administration, found.source.mark) == (2_000_00 * D("1.08"), 0, "guessed")
