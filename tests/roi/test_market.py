"""Volumes, prices and policies of a claims run: measured where the data has them, and never a small cell."""

import datetime as dt
import json
from collections import Counter
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roi.engine.leaving import Law
from roi.engine.market import ELSEWHERE, HOSPITAL, Market, RateChange
from roi.engine.measure_market import POOLED_PAYERS, POOLED_THERAPIES, PolicyBook, measure_market
from tests.roi import claims_run as claims

ON = dt.date(2026, 5, 1)
MARKETS, PAYERS, FAMILIES = ("metro", "suburban", "rural"), ("Plan A", "Plan B"), ("infliximab", "vedolizumab")


def measure(tmp_path, rows, *, rates=(), policies=(), laws=(), name="", sites_340b=(), denials=(), exposed=None, bound=(), **book):
    infusions, facts = claims.write_run(tmp_path, rows)
    policy_book = PolicyBook(policies, laws, {"infliximab": 165}, sites_340b, dict(denials), bound)
    exposure = None if exposed is None else claims.write_exposure(tmp_path, exposed)
    prices = claims.price_book(*rates, **book)
    return measure_market(7, infusions, facts, prices, policy_book, exposure=exposure, name=name, on=ON)


def only(market, place=HOSPITAL):
    (cell,) = market.at(place)
    return cell


def test_volumes_of_the_last_six_mature_months(tmp_path):
    rows = claims.everybody(range(12), months=9)
    rows += [claims.infusion(person_no=99, service_date=dt.date(2026, 4, 2))]  # an immature month
    market = measure(tmp_path, rows)
    assert (market.first_month, market.last_month, market.mature) == (dt.date(2025, 10, 1), dt.date(2026, 3, 1), True)
    cell = only(market)
    assert cell.infusions_per_month == 12
    assert cell.hospital_allowed == 300_000
    assert cell.hospital_source.mark == "measured"
    assert cell.chair_minutes == 165


def test_what_is_neither_at_our_hospital_nor_elsewhere_does_not_count(tmp_path):
    rows = claims.everybody(range(12))
    rows += claims.everybody(range(20, 40), site_class="infusion_center", site_id="OURS-2")  # ours, but no hospital
    rows += claims.everybody(range(40, 60), ownership="partner", outcome="partner")
    rows += claims.everybody(range(60, 80), attributed=False, outcome=None)
    rows += claims.everybody(range(80, 100), family="unknown")
    market = measure(tmp_path, rows)
    assert [cell.infusions_per_month for cell in market.cells] == [12]


def test_a_market_is_chosen_by_name(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 40), market="rural")
    assert only(measure(tmp_path, rows, name="rural")).infusions_per_month == 20


@given(st.lists(st.tuples(*(st.sampled_from(names) for names in (MARKETS, PAYERS, FAMILIES)), st.integers(1, 16)), max_size=9))
@settings(max_examples=6, deadline=None)
def test_all_markets_tell_no_more_than_each_market_does(groups):
    """What all markets say is the sum of what each says, so that all less some markets leaves no few people of another."""
    rows, people = claims.everybody(range(12), market="metro"), 12
    for market, payer, family, number in groups:
        rows += claims.everybody(range(people, people + number), months=1, market=market, payer=payer, family=family)
        people += number
    with TemporaryDirectory() as folder:
        added = Counter()
        for name in (*MARKETS, ""):
            found = measure(Path(folder), rows, name=name)
            cells = (
                Counter() if found is None else Counter({(one.payer, one.family): one.infusions_per_month for one in found.cells})
            )
            added = added + cells if name else added
    assert cells.keys() == added.keys() and all(abs(cells[key] - added[key]) < D("0.001") for key in cells)


def test_one_small_market_is_not_left_over(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 25), market="rural")
    assert only(measure(tmp_path, rows)).infusions_per_month == 12
    assert measure(tmp_path, rows, name="rural").cells == ()


def test_patients_elsewhere_are_apart(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 33), **claims.ELSEWHERE)
    market = measure(tmp_path, rows)
    assert only(market).infusions_per_month == 12
    assert only(market, ELSEWHERE).infusions_per_month == 13
    assert only(market, ELSEWHERE).hospital_allowed is None


def test_small_cells_are_pooled_by_therapy_then_by_payer(tmp_path):
    rows = claims.everybody(range(12))
    rows += claims.everybody(range(20, 26), molecule="vedolizumab", family="vedolizumab", hcpcs_codes="J3380", dose=300.0)
    rows += claims.everybody(range(30, 36), molecule="infliximab-dyyb", family="golimumab")
    rows += claims.everybody(range(40, 50), payer="Plan B") + claims.everybody(range(50, 60), payer="Plan C")
    market = measure(tmp_path, rows)
    people = {(cell.payer, cell.family): cell.infusions_per_month for cell in market.cells}
    assert people == {("Plan A", "infliximab"): 12, ("Plan A", POOLED_THERAPIES): 12, (POOLED_PAYERS, POOLED_THERAPIES): 20}


def test_a_person_in_two_small_cells_counts_once(tmp_path):
    """Ten people on two drugs are ten people, however often they are listed."""
    rows = claims.everybody(range(10)) + claims.everybody(range(10), family="golimumab")
    market = measure(tmp_path, rows)
    assert market.cells == ()
    assert market.left_out == 1


def test_a_market_does_not_say_how_many_people_there_are(tmp_path):
    """Those of two markets, subtracted from those of all, would tell the third's."""
    assert "people" not in str(measure(tmp_path, claims.everybody(range(12))).as_json())


def test_no_cell_is_smaller_than_eleven_whatever_the_data(tmp_path):
    rows = []
    for number in range(60):
        rows += claims.everybody(
            [number],
            payer=f"Plan {number % 7}",
            family=f"drug {number % 11}",
            line_of_business=["commercial", "exchange"][number % 2],
        )
    market = measure(tmp_path, rows, policies=[claims.policy(payer="Plan 3")])
    assert market.cells
    assert min(cell.infusions_per_month for cell in market.cells) >= 11
    assert sum(cell.infusions_per_month for cell in market.cells) + 60 * market.left_out == 60


def test_white_bagging_and_340b_are_measured(tmp_path):
    rows = claims.everybody(range(9)) + claims.everybody(range(9, 12), **claims.WHITE_BAG)
    cell = only(measure(tmp_path, rows, sites_340b=["OURS"]))
    assert cell.white_bag_share == D("0.25")
    assert cell.share_340b == 1
    assert cell.hospital_allowed == 300_000  # the pharmacy's drug is not the hospital's
    assert cell.limit == 212_000  # the dose that white-bagged claims do not tell is the usual one


def test_shares_of_few_are_told_in_steps(tmp_path):
    rows = (
        claims.everybody(range(13))
        + claims.everybody(range(13, 20), site_id="OTHER")
        + claims.everybody(range(20, 23), **claims.WHITE_BAG)
    )
    cell = only(measure(tmp_path, rows, sites_340b=["OURS"]))
    assert (cell.white_bag_share, cell.share_340b) == (D("0.15"), D("0.65"))  # 3 of 23, 13 of 20
    assert cell.white_bag_share * 20 % 1 == cell.share_340b * 20 % 1 == 0


def test_the_contract_prices_the_new_site(tmp_path):
    rates = [claims.rate(), claims.rate(hcpcs_code="96413", basis="per_unit", rate=D(160))]
    cell = only(measure(tmp_path, claims.everybody(range(12)), rates=rates))
    assert cell.site_drug == 2_000_00 * D("1.2")
    assert cell.site_administration == 160_00
    assert cell.site_source.mark == "borrowed"
    assert cell.site_source.text == "contract of Plan A"


def test_a_rate_dated_ahead_holds_from_its_day_on(tmp_path):
    rates = [
        claims.rate(effective_to=dt.date(2027, 1, 1)),
        claims.rate(rate=D(150), effective_from=dt.date(2027, 1, 1), effective_to=dt.date(2028, 1, 1)),
        claims.rate(rate=D(90), effective_from=dt.date(2028, 1, 1)),
        claims.rate(rate=D(300), effective_from=dt.date(2024, 1, 1), site_class="hopd_on_campus"),
        claims.rate(rate=D(270), effective_from=dt.date(2027, 1, 1), site_class="hopd_on_campus"),
        claims.rate(payer="Plan B", rate=D(50), effective_from=dt.date(2027, 1, 1)),  # another payer's
    ]
    market = measure(tmp_path, claims.everybody(range(12)), rates=rates)
    cell = only(market)
    first, second = dt.date(2027, 1, 1), dt.date(2028, 1, 1)
    assert cell.site_changes == (RateChange(first, D("1.25"), D(1)), RateChange(second, D("0.75"), D(1)))
    assert [change.drug for change in cell.hospital_changes] == [D("0.9")]
    assert cell.at_rates(first).site_drug == 300_000 and cell.at_rates(dt.date(2026, 12, 31)) == cell
    administration = cell.hospital_administration
    assert cell.at_rates(first).hospital_allowed == (300_000 - administration) * D("0.9") + administration
    assert Market.from_json(json.loads(json.dumps(market.as_json()))) == market


def test_a_rate_that_ends_without_another_goes_on_as_renewed(tmp_path):
    rates = [claims.rate(effective_to=dt.date(2027, 1, 1)), claims.rate(hcpcs_code="J3380", effective_from=dt.date(2027, 1, 1))]
    assert only(measure(tmp_path, claims.everybody(range(12)), rates=rates)).site_changes == ()


def test_without_a_contract_the_price_is_a_guess(tmp_path):
    cell = only(measure(tmp_path, claims.everybody(range(12))))
    assert cell.site_source.mark == "guessed"
    assert cell.site_drug == 2_000_00 * D("1.18")


def test_medicare_pays_less_than_it_allows(tmp_path):
    """The limit, 80 % less 2 % of it, and 20 % coinsurance: 98.4 % at the new site and of what the hospital is allowed."""
    cell = only(measure(tmp_path, claims.everybody(range(12), payer="Medicare", line_of_business="medicare")))
    assert cell.site_drug == D(212_000) * D("0.984")
    assert cell.hospital_allowed == D(300_000) * D("0.984")
    assert cell.site_source.mark == "borrowed"


def test_allowed_amounts_unknown_are_taken_from_the_contract(tmp_path):
    rows = claims.everybody(range(12), allowed_cents=None)
    cell = only(measure(tmp_path, rows, rates=[claims.rate(site_class="hopd_on_campus", rate=D(210))]))
    assert cell.hospital_allowed == 2_000_00 * D("2.1") + D("119.36") * 100
    assert cell.hospital_source.mark == "borrowed"


def test_a_drug_without_a_payment_limit_is_left_out_and_said(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 32), hcpcs_codes="J9999", molecule="novel", family="novel")
    market = measure(tmp_path, rows)
    assert only(market).family == "infliximab"
    assert market.unpriced == D("0.5")


def test_no_infusion_is_no_market(tmp_path):
    infusions, facts = claims.write_run(tmp_path, [], immature=())
    assert measure_market(1, infusions, facts, claims.price_book(), PolicyBook([], [], {}, []), on=ON) is None


def test_a_run_without_a_mature_month_says_so(tmp_path):
    infusions, facts = claims.write_run(tmp_path, claims.everybody(range(12)), immature=())
    import duckdb

    duckdb.execute(f"COPY (SELECT month, false AS mature FROM read_parquet('{facts}')) TO '{tmp_path / 'young.parquet'}'")
    market = measure_market(1, infusions, tmp_path / "young.parquet", claims.price_book(), PolicyBook([], [], {}, []), on=ON)
    assert market.mature is False
    assert only(market).infusions_per_month == 12


def test_a_market_survives_json(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 33), **claims.ELSEWHERE)
    market = measure(tmp_path, rows, policies=[claims.policy()], rates=[claims.rate()])
    assert Market.from_json(json.loads(json.dumps(market.as_json()))) == market


# policies


@pytest.mark.parametrize(
    ("changes", "leaves_on"),
    [
        ({}, dt.date(2026, 7, 1)),
        ({"status": "in_force"}, dt.date(2026, 7, 1)),
        ({"status": "anticipated"}, None),
        ({"kind": "drug_source"}, None),
        ({"payer": "Plan B"}, None),
        ({"starts": "at_renewal"}, dt.date(2026, 12, 31)),
        ({"starts": "new_starts"}, None),
        ({"effective_from": "2026-02-01"}, None),  # has done its work within the months measured
        ({"effective_to": "2026-07-01"}, None),
        ({"excluded_site_classes": ["hopd_off_campus"]}, None),
        ({"scope": {"lines_of_business": ["exchange"]}}, None),
        ({"scope": {"funding": ["self_funded"]}}, None),
        ({"scope": {"funding": ["insured"]}}, dt.date(2026, 7, 1)),
        ({"scope": {"states": ["KY"]}}, None),
        ({"scope": {"plans_in": ["HMO"]}}, None),
        ({"scope": {"plans_out": ["PPO"]}}, None),
        ({"drugs": {"hcpcs": [], "molecules": ["infliximab"], "families": []}}, dt.date(2026, 7, 1)),
        ({"drugs": {"hcpcs": ["J3380"], "molecules": [], "families": []}}, None),
    ],
)
def test_when_patients_have_to_leave(tmp_path, changes, leaves_on):
    cell = only(measure(tmp_path, claims.everybody(range(12)), policies=[claims.policy(**changes)]))
    assert cell.leaves_on == leaves_on


def test_a_state_law_shields_insured_members(tmp_path):
    law = Law("TN", "site_of_care", dt.date(2026, 1, 1), None)
    shielded = measure(tmp_path, claims.everybody(range(12)), policies=[claims.policy()], laws=[law])
    assert only(shielded).leaves_on is None
    ours = measure(tmp_path, claims.everybody(range(12), funding_type="self_funded"), policies=[claims.policy()], laws=[law])
    assert only(ours).leaves_on == dt.date(2026, 7, 1)


def test_a_policy_that_bars_the_new_site_too_is_noted(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 33), **claims.ELSEWHERE)
    market = measure(tmp_path, rows, policies=[claims.policy(excludes_hospital_affiliated=True)])
    assert [cell.bars_affiliated for cell in market.cells] == [True, True]
    assert [cell.leaves_on for cell in market.at(ELSEWHERE)] == [None]


def test_a_cell_has_the_prices_of_every_class_of_site_and_of_the_biosimilar(tmp_path):
    rows = claims.everybody(range(12)) + claims.everybody(
        range(6), molecule="infliximab-dyyb", hcpcs_codes="96413;Q5103", dose=400.0
    )
    cell = only(measure(tmp_path, rows, rates=[claims.rate(), claims.rate(site_class="physician_office", rate=D(110))]))
    assert cell.biosimilar_asp < cell.asp < 200_000  # a third of the infusions are the biosimilar already
    assert cell.site_drug == cell.offers["infusion_center"].drug
    office = cell.at_class("physician_office")
    assert office.site_drug * 120 == pytest.approx(cell.site_drug * 110)
    assert cell.at_class("specialty_pharmacy").site_share == 0


def test_what_patients_owe_and_how_much_a_payer_denies_are_measured(tmp_path):
    cell = only(measure(tmp_path, claims.everybody(range(12)), denials={"Plan A": D("1.4")}))
    assert cell.patient_share == D("0.1")
    assert cell.denial_index == D("1.4")


def test_the_clinical_line_decides_who_can_move(tmp_path):
    """Three of twelve are kept from the home, one from the center: in steps of 5 %, and no other class of site is touched."""
    bound = [(person, "infliximab", "home") for person in range(3)] + [
        (0, "infliximab", "infusion_center"),
        (1, "other", "infusion_suite"),
    ]
    offers = only(measure(tmp_path, claims.everybody(range(12)), bound=bound)).offers
    shares = [offers[name].share for name in ("home_infusion", "infusion_center", "infusion_suite", "hopd_on_campus")]
    assert shares == [D("0.75"), D("0.9"), 1, 1]


# the run's own exposures


def test_people_leave_by_their_own_exposure_and_who_is_exempt_stays(tmp_path):
    people = [{"person_no": person} for person in range(12)]
    people += [{"person_no": person, "verdict": "exempt", "exposed_from": None} for person in range(12, 24)]
    people += [
        {"person_no": 20, "kind": "drug_source"},
        {"person_no": 21, "status": "anticipated"},
        {"person_no": 22, "active": False},
    ]
    market = measure(tmp_path, claims.everybody(range(24)), policies=[claims.policy()], exposed=people)
    fates = {cell.leaves_on: cell for cell in market.cells}
    assert {day: cell.infusions_per_month for day, cell in fates.items()} == {None: 12, dt.date(2026, 7, 1): 12}
    assert fates[dt.date(2026, 7, 1)].policy_id == "A-SOC-1"
    assert fates[dt.date(2026, 7, 1)].excluded == ("hopd_on_campus",)


def test_a_few_people_of_other_days_leave_with_their_quarter(tmp_path):
    days = [dt.date(2026, 7, 1)] * 8 + [dt.date(2026, 9, 12)] * 8
    people = [{"person_no": person, "exposed_from": day} for person, day in enumerate(days)]
    cell = only(measure(tmp_path, claims.everybody(range(16)), policies=[claims.policy()], exposed=people))
    assert cell.leaves_on == dt.date(2026, 7, 1)


def test_an_exposure_within_the_months_measured_has_done_its_work(tmp_path):
    people = [{"person_no": person, "exposed_from": dt.date(2026, 2, 1)} for person in range(12)]
    assert only(measure(tmp_path, claims.everybody(range(12)), policies=[claims.policy()], exposed=people)).leaves_on is None
