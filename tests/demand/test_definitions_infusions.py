"""Section 2 of the definitions, lines to infusions: site class, what makes one infusion, its money and its drug channel."""

import pytest

from demand.engine.check_numbers import check_numbers
from tests.demand.definition_cases import (
    CLOSED,
    HOME,
    HOSPITAL,
    HOSPITAL_OR_CENTER,
    OFF_CAMPUS,
    ON_AND_OFF,
    OTHER_OFFICE,
    OUR_CENTER,
    OUR_PHARMACY,
    PHARMACY,
    STRANGE_CLINIC,
    STRANGE_HOSPITAL,
    STRANGE_OFFICE,
    THEIR_CENTER,
    TWO_CENTERS,
    Cases,
    claim,
    dispensed,
    given,
    hospital,
    office,
)  # fmt: skip

CASES = Cases()
case = CASES.add

# fmt: off


def at(site_class, site_id, ownership="other"):
    return [{"site_class": site_class, "site_id": site_id, "ownership": ownership}]


NPI_HOSPITAL, NPI_OFFICE = f"npi:{STRANGE_HOSPITAL}", f"npi:{STRANGE_OFFICE}"

# Rule 0
for bill_type in ("0111", "0121", "0181", "0211", "111", "127"):
    case(f"rule 0: bill type {bill_type}", hospital(bill_type_code=bill_type), infusions=[], outcomes=["accepted"])
for pos in ("21", "23"):
    case(f"rule 0: place of service {pos}", office(place_of_service_code=pos), infusions=[])
case("rule 0: the emergency room on the claim",
     *claim(hospital(), hospital("99284", revenue_center_code="0450", service_unit_quantity="1")), infusions=[])
case("rule 0: the emergency room's other codes", *claim(hospital(), hospital("", revenue_center_code="0459")), infusions=[])
case("rule 0 comes before the register", hospital(bill_type_code="0111", facility_npi=HOSPITAL), infusions=[])
case("a drug of a specialty pharmacy is supply", office(billing_npi=PHARMACY, place_of_service_code="12"), infusions=[])

# Rule 1
case("rule 1: facility first", hospital(facility_npi=HOSPITAL, billing_npi=THEIR_CENTER, rendering_npi=OUR_CENTER),
     infusions=at("hopd_on_campus", "H", "owned"))
case("rule 1: then billing", hospital(facility_npi=STRANGE_HOSPITAL, billing_npi=THEIR_CENTER, rendering_npi=OUR_CENTER),
     infusions=at("infusion_center", "X"))
case("rule 1: then rendering", office(rendering_npi=OUR_CENTER), infusions=at("infusion_center", "OC", "owned"))
case("rule 1: the register's class, whatever the claim says", hospital(facility_npi=OFF_CAMPUS, bill_type_code="0131"),
     infusions=at("hopd_off_campus", "HO", "owned"))
case("rule 1: open on its last day", office(billing_npi=CLOSED, on="2025-03-02"), infusions=at("infusion_center", "OLD", "owned"))
case("rule 1: closed from closed_on", office(billing_npi=CLOSED, on="2025-03-03"),
     infusions=at("physician_office", f"npi:{CLOSED}"))
case("rule 1: not open yet", office(billing_npi=CLOSED, on="2019-12-31"), infusions=at("physician_office", f"npi:{CLOSED}"))
case("rule 1: a registered home provider is home", office(billing_npi=HOME, place_of_service_code="12"), infusions=at("home", "HH"))
case("rule 1: unless rule 2 says suite",
     *claim(office(billing_npi=HOME, place_of_service_code="12"),
            given(office("S9338", billing_npi=HOME, place_of_service_code="12"), "S9338", hcpcs_modifier_1="SS")),
     infusions=at("infusion_suite", "HH"))
case("two sites: PO says off campus", hospital(facility_npi=ON_AND_OFF, hcpcs_modifier_1="PO"),
     infusions=at("hopd_off_campus", "DOFF", "owned"))
case("two sites: PN too", hospital(facility_npi=ON_AND_OFF, hcpcs_modifier_1="PN"),
     infusions=at("hopd_off_campus", "DOFF", "owned"))
case("two sites: neither says on campus", hospital(facility_npi=ON_AND_OFF), infusions=at("hopd_on_campus", "DON", "owned"))
case("two sites: a hospital's bill", hospital(facility_npi=HOSPITAL_OR_CENTER), infusions=at("hopd_on_campus", "MH"))
case("two sites: POS 49", office(billing_npi=HOSPITAL_OR_CENTER, place_of_service_code="49"), infusions=at("infusion_center", "MC"))
case("two sites: POS 22", office(billing_npi=HOSPITAL_OR_CENTER, place_of_service_code="22"), infusions=at("hopd_on_campus", "MH"))
case("two sites of one class cannot be told apart", office(billing_npi=TWO_CENTERS, place_of_service_code="49"),
     infusions=[{"site_class": "unknown"}])

# Rule 2
for service in ("S9338", "S9500", "99601", "99602", "G0068", "G0088"):
    case(f"rule 2: {service} that day", office(place_of_service_code="12"),
         given(office(), service, claim_id="C2", place_of_service_code="12"), infusions=at("home", NPI_OFFICE))
for pos, changes in [("12", {"hcpcs_modifier_1": "SS"}), ("11", {}), ("49", {})]:
    case(f"rule 2: suite by {pos} {changes}", office(place_of_service_code=pos),
         given(office(place_of_service_code=pos), "S9338", claim_id="C2", **changes), infusions=at("infusion_suite", NPI_OFFICE))
case("rule 2: the register comes before it", office(billing_npi=THEIR_CENTER),
     given(office(place_of_service_code="12"), "S9338", claim_id="C2", billing_npi=THEIR_CENTER),
     infusions=at("infusion_center", "X"))

# Rules 3 to 6
for pos in ("04", "12", "13", "14", "32", "33", "54", "55", "56"):
    case(f"rule 3: {pos}", office(place_of_service_code=pos), infusions=at("home", NPI_OFFICE))
for bill_type in ("0131", "131", "0137", "0851", "0135"):
    case(f"rule 4: {bill_type}", hospital(bill_type_code=bill_type), infusions=at("hopd_on_campus", NPI_HOSPITAL))
for modifier in ("PO", "PN"):
    case(f"rule 4: {modifier} on the drug line", hospital(hcpcs_modifier_1=modifier), infusions=at("hopd_off_campus", NPI_HOSPITAL))
    case(f"rule 4: {modifier} on any line of the claim", *claim(hospital(), given(hospital(), hcpcs_modifier_2=modifier)),
         infusions=at("hopd_off_campus", NPI_HOSPITAL))
case("rule 5: 19", office(place_of_service_code="19"), infusions=at("hopd_off_campus", NPI_OFFICE))
case("rule 5: 22", office(place_of_service_code="22"), infusions=at("hopd_on_campus", NPI_OFFICE))
case("rule 6: 49", office(place_of_service_code="49"), infusions=at("infusion_center", NPI_OFFICE))
case("rule 6: 11", office(place_of_service_code="11"), infusions=at("physician_office", NPI_OFFICE))
case("rule 6: 11 of an infusion clinic by taxonomy", office(billing_npi=STRANGE_CLINIC),
     infusions=at("infusion_center", f"npi:{STRANGE_CLINIC}"))
case("rule 6: 24", office(place_of_service_code="24"), infusions=at("surgery_center", NPI_OFFICE))
for pos in ("99", "20", "81", ""):
    case(f"anything else is unknown: {pos or 'blank'}", office(place_of_service_code=pos), infusions=at("unknown", NPI_OFFICE))
case("anything else is unknown: bill type 721", hospital(bill_type_code="0721"), infusions=at("unknown", NPI_HOSPITAL))

# One infusion
case("drug and administration of a day", *claim(office(), given(office()), given(office(), "96415")),
     infusions=[{"molecule": "infliximab", "hcpcs_codes": "96413;96415;J1745", "allowed_cents": 22000, "dose": 400,
                 "channel": "buy_and_bill"}])
case("the biosimilar is a molecule of its own in the family", office("Q5103"),
     infusions=[{"molecule": "infliximab-dyyb", "family": "infliximab"}])
case("two immune globulins are one family", office("J1561", service_unit_quantity="60"),
     office("J1569", on="2025-03-31", claim_id="C2", service_unit_quantity="60"),
     infusions=[{"family": "immune globulin"}, {"family": "immune globulin"}])
for on, count in [("2025-03-02", 1), ("2025-03-03", 1), ("2025-03-04", 1), ("2025-03-05", 2), ("2025-03-01", 2)]:
    professional = office(on=on, claim_id="C2", place_of_service_code="22", allowed_amount="")
    seen = [{"site_class": "hopd_on_campus"}] * count
    case(f"facility on the 3rd and professional on {on[-2:]}", hospital(), professional, infusions=seen)
case("the merged infusion is at the facility, with both claims' money",
     *claim(hospital(facility_npi=HOSPITAL), given(hospital(facility_npi=HOSPITAL))),
     *claim(given(office(on="2025-03-04", place_of_service_code="22"), "96413", allowed_amount="7.00", hcpcs_modifier_1="26"),
            claim_id="C2"),
     infusions=[{"site_id": "H", "service_date": "2025-03-03", "allowed_cents": 17700}])
case("the drug on the professional claim, the administration on the facility's: at the facility",
     office(place_of_service_code="22"), given(hospital(facility_npi=HOSPITAL), claim_id="C2"),
     infusions=[{"site_id": "H", "site_class": "hopd_on_campus", "ownership": "owned", "dose": 400, "allowed_cents": 17000,
                 "channel": "buy_and_bill", "attributed": True}])
case("an office's drug and a hospital's administration that day are not two claims of one infusion",
     office(), given(hospital(facility_npi=HOSPITAL), claim_id="C2"), infusions=[{"site_id": NPI_OFFICE, "allowed_cents": 12000}])
case("a drug on both claims: the facility's dose only",
     hospital(service_unit_quantity="40", allowed_amount="500.00"),
     office(service_unit_quantity="40", claim_id="C2", place_of_service_code="22", allowed_amount="20.00"),
     infusions=[{"site_id": NPI_HOSPITAL, "dose": 400, "allowed_cents": 52000}])
for on, count in [("2025-03-06", 1), ("2025-03-07", 2), ("2025-02-28", 1), ("2025-02-27", 2)]:
    late = given(office(on=on), claim_id="C2")
    case(f"administration of the provider on {on}", office(), late, infusions=[{"site_id": NPI_OFFICE}] * count)
case("another provider's administration three days later is its own", office(),
     given(office(on="2025-03-06"), claim_id="C2", billing_npi=OTHER_OFFICE),
     infusions=[{"site_id": NPI_OFFICE}, {"site_id": f"npi:{OTHER_OFFICE}", "channel": "unknown"}])
for code in ("96360", "96361"):
    case(f"hydration {code} opens no infusion", given(office(), code), infusions=[])
case("administration explained by another drug of the day", *claim(office("J9035", service_unit_quantity="50"), given(office())),
     infusions=[])
case("two drugs of a day split the administration by drug allowed, to the cent",
     *claim(office(allowed_amount="300.00"), office("J3380", service_unit_quantity="300", allowed_amount="100.00"),
            given(office(), allowed_amount="100.01")),
     infusions=[{"molecule": "infliximab", "allowed_cents": 37501}, {"molecule": "vedolizumab", "allowed_cents": 12500}])
case("a professional claim of the day is the facility's, whatever its place of service",
     hospital(), office(claim_id="C2", place_of_service_code="49"),
     infusions=[{"site_id": NPI_HOSPITAL}])
case("home service lines are the infusion's money", office(place_of_service_code="12", allowed_amount="100.00"),
     given(office(place_of_service_code="12"), "S9338", claim_id="C2", allowed_amount="60.00"),
     infusions=[{"allowed_cents": 16000}])
case("what the patient pays", office(coinsurance_amount="10.00", copayment_amount="5.50", deductible_amount="1.00"),
     infusions=[{"patient_cents": 1650}])

# Drug channel
TOKEN = {"allowed_amount": "0.01", "paid_amount": "0.00", "charge_amount": "0.01"}
BLANK = {"allowed_amount": "", "paid_amount": "", "charge_amount": ""}


def channel(name, confidence=None, **more):
    return [{"channel": name} | ({"channel_confidence": confidence} if confidence else {}) | more]


for name, money, payable in [
    ("allowed two cents", TOKEN | {"allowed_amount": "0.02"}, True),
    ("paid two cents", TOKEN | {"paid_amount": "0.02"}, True),
    ("one cent and charged more", TOKEN | {"charge_amount": "900.00"}, False),
    ("allowed and paid blank, charged two cents", BLANK | {"charge_amount": "0.02"}, True),
    ("allowed and paid blank, charged one cent", BLANK | {"charge_amount": "0.01"}, False),
    ("nothing known", BLANK, False),
    ("denied: allowed 0, charged", {"allowed_amount": "0", "paid_amount": "0", "charge_amount": "900.00"}, False),
]:  # fmt: skip
    case(f"payable: {name}", *claim(office(**money), given(office())), infusions=channel("buy_and_bill" if payable else "unknown"))
for on, found in [("2025-02-01", "white_bag"), ("2025-03-06", "white_bag"), ("2025-01-31", "unknown"), ("2025-03-07", "unknown")]:
    case(f"administered 3 March, filled {on}", *claim(office(**TOKEN), given(office())), pharmacy=[dispensed(on)],
         infusions=channel(found))
case("confirmed: molecule and date match", *claim(office(**TOKEN), given(office())), pharmacy=[dispensed("2025-02-27")],
     infusions=channel("white_bag", "confirmed", pharmacy_fill_cents=95000, allowed_cents=5001), unadministered_fills=[])
case("probable: administration alone and a fill", given(office()), pharmacy=[dispensed("2025-02-27")],
     infusions=channel("white_bag", "probable", family="infliximab", pharmacy_fill_cents=95000))
case("clear bag: the system's own pharmacy", *claim(office(**TOKEN), given(office())),
     pharmacy=[dispensed("2025-02-27", by=OUR_PHARMACY)], infusions=channel("clear_bag", "confirmed"))
case("a pharmacy's medical drug line is a white bag, its money the infusion's",
     given(office()),
     office(on="2025-02-25", claim_id="C2", billing_npi=PHARMACY, place_of_service_code="12", allowed_amount="800.00"),
     infusions=channel("white_bag", allowed_cents=85000, site_id=NPI_OFFICE, dose=400))
case("the own pharmacy's medical drug line is a clear bag",
     given(office()), office(on="2025-02-25", claim_id="C2", billing_npi=OUR_PHARMACY, place_of_service_code="12"),
     infusions=channel("clear_bag"))
case("nothing found is unknown", given(office()), infusions=channel("unknown"), unadministered_fills=[])
case("a payable line comes before a fill", *claim(office(), given(office())), pharmacy=[dispensed("2025-02-27")],
     infusions=channel("buy_and_bill"))
case("the provider's payable line three days away: a day of its own, and the channel of both",
     *claim(office(on="2025-03-06"), office(on="2025-03-03", **TOKEN), given(office())),
     infusions=channel("buy_and_bill", service_date="2025-03-03") + channel("buy_and_bill", service_date="2025-03-06"))
case("the provider's payable line four days away",
     *claim(office(on="2025-03-07"), office(on="2025-03-03", **TOKEN), given(office())),
     infusions=channel("unknown") + channel("buy_and_bill"))
case("drug and per diem of a home provider",
     *claim(office(billing_npi=HOME, place_of_service_code="12"),
            given(office(billing_npi=HOME, place_of_service_code="12"), "S9338")),
     infusions=channel("home_per_diem", site_id="HH", site_class="home"))
case("a fill without an administration", pharmacy=[dispensed("2025-03-03")], infusions=[],
     unadministered_fills=[{"molecule": "infliximab", "payer": "Acme Health", "paid_cents": 90010}])
case("administered a month later it was used; the month before it was not", given(office(on="2025-04-02")),
     pharmacy=[dispensed("2025-03-03"), dispensed("2025-01-01", claim_id="R2")],
     infusions=channel("white_bag"), unadministered_fills=[{"dispensing_date": "2025-01-01"}])
case("a fill beside a bought drug: another family's went unused", *claim(office("J3380"), given(office())),
     pharmacy=[dispensed("2025-03-01")], infusions=channel("buy_and_bill", molecule="vedolizumab"),
     unadministered_fills=[{"family": "infliximab"}])
case("the same family's was administered", *claim(office(), given(office())), pharmacy=[dispensed("2025-03-01")],
     infusions=channel("buy_and_bill"), unadministered_fills=[])
case("a fill of the biosimilar does not confirm the reference product", *claim(office(**TOKEN), given(office())),
     pharmacy=[dispensed("2025-03-01", ndc="00069080901")], infusions=channel("white_bag", "probable"))
for on, found in [("2025-02-01", "white_bag"), ("2025-01-31", "unknown"), ("2025-03-06", "white_bag"), ("2025-03-07", "unknown")]:
    case(f"administered 3 March, the pharmacy's medical line of {on}", given(office()),
         office(on=on, claim_id="C2", billing_npi=PHARMACY, place_of_service_code="12"), infusions=channel(found))
case("a self-administered fill is neither", pharmacy=[dispensed("2025-03-03", ndc="72606002501")], infusions=[])
case("and white-bags nothing", given(office()), pharmacy=[dispensed("2025-03-01", ndc="72606002501")], infusions=channel("unknown"))

# Where rules meet
case("PO on the claim of the professional does not move the hospital's", hospital(),
     office(claim_id="C2", place_of_service_code="19"), infusions=at("hopd_on_campus", NPI_HOSPITAL))
case("waste alone is no dose", *claim(office(service_unit_quantity="5", hcpcs_modifier_1="JW"), given(office())),
     infusions=[{"dose": None, "waste_units": 5, "allowed_cents": 17000}])
case("JZ is no waste", office(hcpcs_modifier_1="JZ"), infusions=[{"dose": 400, "waste_units": 0}])
case("an administration between two drug days goes to one of them",
     office(on="2025-03-03"), office(on="2025-03-05", claim_id="C2"), given(office(on="2025-03-04"), claim_id="C3"),
     infusions=[{"service_date": "2025-03-03"}, {"service_date": "2025-03-05"}])
case("two doses of a day are one infusion", *claim(office(), office(service_unit_quantity="10", allowed_amount="30.00")),
     infusions=[{"dose": 500, "allowed_cents": 15000}])
case("the biosimilar and the reference product on one day are two molecules", *claim(office(), office("Q5103")),
     infusions=[{"molecule": "infliximab"}, {"molecule": "infliximab-dyyb"}])
case("an allowed amount that is blank on one line leaves the others counted",
     *claim(office(allowed_amount=""), given(office())), infusions=[{"allowed_cents": 5000}])
case("one fill serves one administration",
     given(office(on="2025-03-03")), given(office(on="2025-03-10"), claim_id="C2"), pharmacy=[dispensed("2025-03-01")],
     infusions=channel("white_bag") + channel("unknown"))
case("two fills serve two", given(office(on="2025-03-03")), given(office(on="2025-03-10"), claim_id="C2"),
     pharmacy=[dispensed("2025-03-01"), dispensed("2025-03-08", claim_id="R2")], infusions=channel("white_bag") * 2,
     unadministered_fills=[])
case("a fill of another drug confirms nothing", *claim(office("J3380", **TOKEN), given(office())),
     pharmacy=[dispensed("2025-03-01")],
     infusions=[{"molecule": "vedolizumab"}])
case("a drug at an inpatient stay takes no part in the clinic's money",
     office(allowed_amount="10.00"), hospital(bill_type_code="0111", claim_id="C2", allowed_amount="999.00"),
     infusions=[{"site_id": NPI_OFFICE, "allowed_cents": 1000}])
case("the administration at a white-bagging hospital, the drug line unpaid there",
     *claim(hospital(facility_npi=HOSPITAL, **TOKEN), given(hospital(facility_npi=HOSPITAL))),
     office(claim_id="C2", billing_npi=PHARMACY, place_of_service_code="12", allowed_amount="700.00"),
     infusions=channel("white_bag", "confirmed", site_id="H", allowed_cents=75001, dose=400))
case("subcutaneous self-form on a medical claim of a pharmacy is supply", office("J1748", billing_npi=PHARMACY), infusions=[])
case("an injection of ours with its injection code", *claim(office("J0897", service_unit_quantity="60"), given(office(), "96372")),
     infusions=[{"molecule": "denosumab", "dose": 60, "allowed_cents": 17000}])
case("an injection code alone is an administration with nothing found", given(office(), "96372"),
     infusions=channel("unknown", molecule="unknown"))
case("hydration belongs to the infusion of the day", *claim(office(), given(office()), given(office(), "96361")),
     infusions=[{"allowed_cents": 22000}])
case("an office visit does not", *claim(office(), given(office(), "99214")), infusions=[{"allowed_cents": 12000}])
case("cents of a split among three", *claim(office(allowed_amount="100.00"), office("J3380", allowed_amount="100.00"),
     office("J0129", allowed_amount="100.00"), given(office(), allowed_amount="100.00")),
     infusions=[{"molecule": "abatacept"}, {"molecule": "infliximab"}, {"molecule": "vedolizumab"}])
case("POS 49 of a per diem makes the day a suite", office(place_of_service_code="12"),
     given(office(), "S9338", claim_id="C2", place_of_service_code="49"), infusions=at("infusion_suite", NPI_OFFICE))
# fmt: on


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    return CASES.compute(tmp_path_factory.mktemp("infusions"))


@pytest.mark.parametrize("one", CASES.listed, ids=str)
def test_infusions_are_as_defined(answers, one):
    answers.check(one)


def test_a_split_by_drug_loses_no_cent(answers):
    one = next(case for case in CASES.listed if case.name == "cents of a split among three")
    assert sum(int(row["allowed_cents"]) for row in answers.shown(one, "infusions", ["allowed_cents"])) == 40_000


def test_the_slow_way_finds_the_same_in_all_cases(answers):
    assert [check for check in check_numbers(answers.run, answers.reference) if not check.agrees] == []
