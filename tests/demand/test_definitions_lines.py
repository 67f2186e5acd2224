"""Section 1 of the definitions, rows to lines: each case's answer was worked out from the text."""

import pytest

from demand.engine.check_numbers import check_numbers
from tests.demand.builders import reversal
from tests.demand.definition_cases import (
    OTHER_OFFICE,
    PHARMACY,
    Cases,
    claim,
    dispensed,
    enrolled,
    given,
    hospital,
    office,
)  # fmt: skip

ACCEPTED, REJECTED, DUPLICATE, SUPERSEDED = "accepted", "rejected", "duplicate", "superseded"
CASES = Cases()
case = CASES.add

# fmt: off

# Duplicates and versions
case("an identical row is a duplicate", office(), office(), outcomes=[ACCEPTED, DUPLICATE])
case("identical in a later extract too", office(), then={"medical": [office(), office(claim_id="C2")]},
     outcomes=[ACCEPTED, DUPLICATE, ACCEPTED])
case("the same claim of two sources is two claims", office(), office(data_source="other"), outcomes=[ACCEPTED, ACCEPTED])
case("the later paid date stands, whichever comes first",
     office(paid="2025-05-01", allowed_amount="3.00"), office(paid="2025-04-01", allowed_amount="2.00"),
     outcomes=[ACCEPTED, SUPERSEDED], infusions=[{"allowed_cents": 300}])
case("the same in a later extract: the older version that comes late is superseded",
     office(paid="2025-05-01", allowed_amount="3.00"), then={"medical": [office(paid="2025-04-01", allowed_amount="2.00")]},
     outcomes=[ACCEPTED, SUPERSEDED], infusions=[{"allowed_cents": 300}])
case("a later extract restates", office(paid="2025-04-01", allowed_amount="2.00"),
     then={"medical": [office(paid="2025-05-01", allowed_amount="3.00")]},
     outcomes=[SUPERSEDED, ACCEPTED], infusions=[{"allowed_cents": 300}])
case("paid on one day, the later file date stands",
     office(file_date="2025-06-01", allowed_amount="3.00"), office(file_date="2025-05-01", allowed_amount="2.00"),
     outcomes=[ACCEPTED, SUPERSEDED])
case("and else the later row", office(allowed_amount="3.00"), office(allowed_amount="2.00"),
     outcomes=[SUPERSEDED, ACCEPTED], infusions=[{"allowed_cents": 200}])

# Reversals
PLAIN = office()
case("a reversal and its row go together", PLAIN, reversal(PLAIN, claim_id="C9"), outcomes=[SUPERSEDED, SUPERSEDED], infusions=[])
case("in a later extract", PLAIN, then={"medical": [reversal(PLAIN, claim_id="C9", paid_date="2025-06-01")]},
     outcomes=[SUPERSEDED, SUPERSEDED], infusions=[])
case("the nearest earlier row goes", office(claim_id="A"), office(claim_id="B"), reversal(PLAIN, claim_id="Z"),
     outcomes=[ACCEPTED, SUPERSEDED, SUPERSEDED])
case("only an earlier row is reversed", reversal(PLAIN, claim_id="Z"), office(claim_id="A"), outcomes=[REJECTED, ACCEPTED])
case("reversed, then restated under the same key: the new version stands",
     PLAIN, reversal(PLAIN, paid_date="2025-04-10"), office(paid="2025-04-10", allowed_amount="99.00", service_unit_quantity="50"),
     outcomes=[SUPERSEDED, SUPERSEDED, ACCEPTED], infusions=[{"allowed_cents": 9900, "dose": 500}])
case("nothing to reverse is rejected", PLAIN, reversal(office(allowed_amount="119.99")), outcomes=[ACCEPTED, REJECTED])
for column, other in [("person_id", "P2"), ("hcpcs_code", "J3380"), ("claim_line_start_date", "2025-03-04"),
                      ("billing_npi", OTHER_OFFICE), ("facility_npi", OTHER_OFFICE), ("rendering_npi", OTHER_OFFICE),
                      ("data_source", "other")]:
    case(f"another {column} is another row", PLAIN, reversal(PLAIN, claim_id="Z", **{column: other}), outcomes=[ACCEPTED, REJECTED])
case("a duplicate of a reversed row doubles nothing", PLAIN, PLAIN, reversal(PLAIN, claim_id="Z"), infusions=[])

# What is rejected and what is not
case("a blank code is accepted", office(hcpcs_code=""), outcomes=[ACCEPTED], infusions=[], lines=[{"role": "other"}])
case("no date", office(claim_start_date="", claim_line_start_date="", claim_end_date=""), outcomes=[REJECTED])
case("a date that is none", office(claim_line_start_date="2025-02-30"), outcomes=[REJECTED])
case("no person", office(person_id=""), office(claim_id="C2"), outcomes=[REJECTED, ACCEPTED])
case("no claim id", office(claim_id=""), outcomes=[REJECTED])
case("an amount that is none", office(paid_amount="12,5O"), outcomes=[REJECTED])
case("a wrong check digit is a warning", office(billing_npi="2000000001"), outcomes=[ACCEPTED])
case("the line's date, else the claim's", office(on="2025-03-03", claim_line_start_date=""),
     infusions=[{"service_date": "2025-03-03"}])
case("the line's date first", office(on="2025-03-05", claim_start_date="2025-03-01"), infusions=[{"service_date": "2025-03-05"}])

# Amounts and codes
case("a missing amount is unknown and not 0", office(allowed_amount=""), infusions=[{"allowed_cents": None, "paid_cents": 10025}])
case("cents are exact", office(allowed_amount="1234567.89"), infusions=[{"allowed_cents": 123456789}])
case("codes are trimmed and in capitals", office(" j1745 "), infusions=[{"molecule": "infliximab", "dose": 400}])
case("J1551JW is J1551 with JW: money and waste, no dose",
     *claim(hospital("J1551", service_unit_quantity="20", allowed_amount="300.00"),
            hospital("J1551JW", service_unit_quantity="2", allowed_amount="30.00"), given(hospital())),
     infusions=[{"family": "immune globulin", "dose": 2000, "dose_unit": "mg", "waste_units": 2, "allowed_cents": 38000,
                 "hcpcs_codes": "96413;J1551"}])
case("JW among the modifiers",
     *claim(office(service_unit_quantity="37"), office(service_unit_quantity="3", hcpcs_modifier_1="25", hcpcs_modifier_2="jw")),
     infusions=[{"dose": 370, "waste_units": 3, "allowed_cents": 24000}])
case("J1300 was 10 mg until the end of March 2025", office("J1300", on="2025-03-31", service_unit_quantity="90"),
     infusions=[{"family": "eculizumab", "dose": 900}])
case("J1299 is 2 mg from 1 April 2025", office("J1299", on="2025-04-01", service_unit_quantity="450"),
     infusions=[{"family": "eculizumab", "dose": 900}])
case("units may be fractions", office(service_unit_quantity="39.5"), infusions=[{"dose": 395}])
case("blank units make the dose unknown", office(service_unit_quantity=""), infusions=[{"dose": None}])
case("grams too: alpha-1 proteinase inhibitor counts 10 mg", office("J0256", service_unit_quantity="600"),
     infusions=[{"dose": 6000, "dose_unit": "mg"}])

# NDCs
for written, read in [("57894-030-01", "57894003001"), ("57894-0030-1", "57894003001"), ("57894003001", "57894003001")]:
    case(f"NDC {written}", pharmacy=[dispensed("2025-03-03", ndc=written)], infusions=[],
         unadministered_fills=[{"ndc_code": read, "family": "infliximab", "dispensing_date": "2025-03-03",
                                "dispensing_provider_npi": PHARMACY, "paid_cents": 90010}])
case("4-4-2: the zero leads", pharmacy=[dispensed("2025-03-03", ndc="0074-5015-01")],
     unadministered_fills=[{"ndc_code": "00074501501", "family": "risankizumab"}])
case("a bare 10-digit NDC is never padded", pharmacy=[dispensed("2025-03-03", ndc="5789403001")], unadministered_fills=[])

# Payer, plan and span
SPAN = enrolled("2025-01-01", "2025-03-03", payer="Span Payer", plan="Span Plan")
case("the claim's payer first", office(), eligibility=[SPAN], infusions=[{"payer": "Acme Health", "plan": "Acme PPO"}])
case("else the span's: its end date is the last day covered", office(payer="", plan="", on="2025-03-03"), eligibility=[SPAN],
     infusions=[{"payer": "Span Payer", "plan": "Span Plan"}])
case("the day after is unknown", office(payer="", plan="", on="2025-03-04"), eligibility=[SPAN],
     infusions=[{"payer": "unknown", "plan": "unknown"}])
case("a span that starts on the day covers it", office(payer="", plan="", on="2025-01-01"), eligibility=[SPAN],
     infusions=[{"payer": "Span Payer"}])
case("an open span covers", office(payer="", plan=""), eligibility=[enrolled("2025-01-01", "", payer="Span Payer")],
     infusions=[{"payer": "Span Payer"}])

for payer_type, line_of_business in [("commercial", "commercial"), ("medicare", "medicare"), ("Medicaid", "medicaid"),
                                     ("Medicare Advantage", "medicare_advantage"), ("exchange", "exchange"), ("", "unknown")]:
    case(f"line of business: {payer_type or 'blank'}", office(), eligibility=[enrolled(payer_type=payer_type)],
         infusions=[{"line_of_business": line_of_business}])
case("no span, no line of business", office(), eligibility=[], infusions=[{"line_of_business": "unknown"}])
case("a span of the same source, person, payer, plan and start is a version: the later row stands",
     office(payer="", plan="", on="2025-02-20"),
     eligibility=[enrolled("2025-01-01", "2025-12-31"), enrolled("2025-01-01", "2025-01-31")],
     infusions=[{"payer": "unknown"}])
case("two reversals of one row: the second finds nothing", PLAIN, reversal(PLAIN, claim_id="Y"), reversal(PLAIN, claim_id="Z"),
     outcomes=[SUPERSEDED, SUPERSEDED, REJECTED])
case("the row that was reversed, sent again, doubles nothing", PLAIN, reversal(PLAIN, claim_id="Z"),
     then={"medical": [PLAIN, reversal(PLAIN, claim_id="Z")]},
     outcomes=[SUPERSEDED, SUPERSEDED, DUPLICATE, DUPLICATE], infusions=[])

# Repeated claim totals
TOTAL = {"paid_amount": "100.00", "allowed_amount": "120.00", "service_unit_quantity": "1"}
case("a claim's total on every line is split by charge, to the cent",
     *claim(hospital(**TOTAL, data_source="totals", charge_amount="100.00"),
            hospital("96413", **TOTAL, data_source="totals", charge_amount="200.00"),
            hospital("96415", **TOTAL, data_source="totals", charge_amount="300.00")),
     lines=[{"paid_cents": 1667}, {"paid_cents": 3333}, {"paid_cents": 5000}], infusions=[{"paid_cents": 10000}])
case("equally where the charges repeat too",
     *claim(*[hospital(code, **TOTAL, data_source="totals2", charge_amount="500.00") for code in ("J1745", "96413", "96415")]),
     lines=[{"paid_cents": 3334}, {"paid_cents": 3333}, {"paid_cents": 3333}])
case("professional claims are left as they are",
     *claim(*[office(code, **TOTAL, data_source="totals3") for code in ("J1745", "96413")]),
     lines=[{"paid_cents": 10000}, {"paid_cents": 10000}])
case("revenue code 0001 is a total, never summed",
     *claim(hospital(allowed_amount="120.00"), hospital("", revenue_center_code="0001", allowed_amount="120.00",
            paid_amount="90.00", service_unit_quantity="")),
     infusions=[{"allowed_cents": 12000}])

# Versions of whole claims
case("frequency 8 voids",
     hospital(bill_type_code="0131"), hospital(bill_type_code="0138", paid="2025-05-01"), infusions=[])
case("frequency 7 replaces",
     hospital(bill_type_code="0131", allowed_amount="2.00"),
     hospital(bill_type_code="0137", paid="2025-05-01", allowed_amount="3.00"),
     infusions=[{"allowed_cents": 300, "site_class": "hopd_on_campus"}])
# fmt: on


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    return CASES.compute(tmp_path_factory.mktemp("lines"))


@pytest.mark.parametrize("one", CASES.listed, ids=str)
def test_lines_are_as_defined(answers, one):
    answers.check(one)


def test_the_slow_way_finds_the_same_in_all_cases(answers):
    assert [check for check in check_numbers(answers.run, answers.reference) if not check.agrees] == []
