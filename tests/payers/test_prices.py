"""The price of one infusion, against amounts worked out by hand from CMS's published files."""

import datetime as dt
from decimal import Decimal as D

import pytest

from payers.engine.asp import read_asp
from payers.engine.average_sales_price import Limit, asp_on, in_words, quarter_of, sales_quarter
from payers.engine.medicare_rules import LAYOUTS, shipped_rules
from payers.engine.price_book import BilledUnits, Period340B
from payers.engine.prices import MEDICARE_PAID_SHARE, price
from tests.payers.price_builders import Q4, book, infusion, medicare, rate

REASON = "no contract rate covers this payer, site class and day"


def cents(amount) -> D:
    return round(amount, 4)


def test_medicare_pays_the_limit_of_the_quarter_less_sequestration():
    # 31.090 a unit of 10 mg × 40 units = 1,243.60; × (0.8 × 0.98 + 0.2) = 1,223.7024. Office hour 119.36 × 0.984 = 117.45024.
    found = price(medicare(site_class="infusion_center"), book())
    assert MEDICARE_PAID_SHARE == D("0.984")
    assert (cents(found.drug), cents(found.administration)) == (D("122370.2400"), D("11745.0240"))
    drug = found.parts[0]
    assert (drug.source, drug.source_date, drug.confidence) == ("CMS, October 2025", Q4, "high")
    assert "on sales of Q2 2025" in drug.words
    assert found.gaps == () and found.total == found.drug + found.administration


def test_the_price_of_the_published_file_is_the_price_of_the_engine(published):
    limits = {}
    for quarter in ("2025Q1", "2025Q4"):
        file = read_asp(published(f"prices/asp_payment_limits_{quarter}_as_published.csv"))
        for row in file.limits().rows:
            limit = Limit(file.quarter_start, row.values["payment_limit"], file.source)
            limits.setdefault(row.values["hcpcs_code"], []).append(limit)
    on_file = book(limits=limits)
    winter = price(medicare(service_date=dt.date(2025, 2, 3)), on_file)
    autumn = price(medicare(service_date=dt.date(2025, 12, 31)), on_file)
    assert cents(winter.drug) == cents(D("30.525") * 40 * 100 * D("0.984"))  # CMS, January 2025
    assert cents(autumn.drug) == cents(D("31.090") * 40 * 100 * D("0.984"))  # CMS, October 2025
    between = price(medicare(service_date=dt.date(2025, 8, 1)), on_file).parts[0]
    assert between.cents == winter.parts[0].cents and "carried forward to Q3 2025" in between.words
    assert between.confidence == "medium"


def test_every_biosimilar_window_is_one_that_cms_notes(published):
    said = published("prices/asp_payment_limits_2025Q4_as_published.csv").read_text("latin-1")
    noted = {line.split(",")[0] for line in said.splitlines() if "8% of reference add-on applied" in line}
    assert {row.hcpcs_code for row in shipped_rules().add_ons} <= noted
    assert all(row.percent == 8 and row.effective_to.year >= 2027 for row in shipped_rules().add_ons)


def test_quarters_and_the_lag():
    assert quarter_of(dt.date(2025, 12, 31)) == Q4
    assert sales_quarter(Q4) == dt.date(2025, 4, 1)
    assert sales_quarter(dt.date(2025, 1, 1)) == dt.date(2024, 7, 1)
    assert sales_quarter(dt.date(2025, 4, 1)) == dt.date(2024, 10, 1)
    assert in_words(Q4) == "Q4 2025"


def test_a_biosimilars_own_price_is_its_limit_less_its_share_of_the_reference_price():
    # 19.990 − 8 % × (31.090 ÷ 1.06 = 29.3302) = 17.6436; 6 % once the window is over.
    asp = book().asp("Q5103", Q4)
    assert (round(asp.average_sales_price, 4), asp.add_on_percent) == (D("17.6436"), 8)
    assert asp.reference_hcpcs_code == "J1745"
    own = {"Q5103": [Limit(dt.date(2027, 7, 1), D("19.990"))], "J1745": [Limit(dt.date(2027, 7, 1), D("31.090"))]}
    after = asp_on("Q5103", dt.date(2027, 10, 1), own, shipped_rules())
    assert after.limit == D("19.990") - D("0.02") * D("31.090") / D("1.06")
    assert "its window is another on this day" in after.words


def test_a_limit_is_carried_two_years_forward_and_one_back_and_no_longer():
    year, two = book().asp("J1745", dt.date(2026, 12, 31)), book().asp("J1745", dt.date(2027, 12, 31))
    assert (year.carried, year.confidence, two.carried, two.confidence) == (4, "medium", 8, "low")
    assert book().asp("J1745", dt.date(2028, 1, 1)) is None
    assert book().asp("J1745", dt.date(2024, 10, 1)).carried == -4 and book().asp("J1745", dt.date(2024, 9, 30)) is None
    gap = price(medicare(service_date=dt.date(2028, 1, 1)), book()).gaps[0]
    assert gap.reason.startswith("no Medicare payment limit near the service date")


@pytest.mark.parametrize(
    ("site_class", "modifier", "on", "dollars"),
    [
        ("hopd_on_campus", "", dt.date(2025, 11, 15), D("331.69")),
        ("hopd_on_campus", "", dt.date(2026, 1, 1), D("337.00")),
        ("hopd_off_campus", "PO", dt.date(2025, 12, 31), D("331.69")),
        ("hopd_off_campus", "PO", dt.date(2026, 1, 1), D("134.80")),
        ("hopd_off_campus", "PN", dt.date(2025, 12, 31), D("132.676")),
        ("hopd_off_campus", "", dt.date(2026, 1, 1), D("134.80")),
        ("physician_office", "", dt.date(2025, 11, 15), D("119.36")),
    ],
)
def test_medicare_administration_by_department_and_day(site_class, modifier, on, dollars):
    found = price(medicare(site_class=site_class, modifier=modifier, service_date=on), book())
    assert cents(found.administration) == cents(dollars * 100 * D("0.984"))


def test_an_off_campus_department_of_unknown_kind_is_a_gap_while_the_kinds_differ():
    found = price(medicare(site_class="hopd_off_campus", service_date=dt.date(2025, 12, 31)), book())
    assert found.administration is None and found.total is None and found.drug is not None
    assert "excepted (PO) or not (PN)" in found.gaps[0].reason


def test_a_packaged_code_is_paid_within_another_and_an_unpriced_one_is_a_gap():
    packaged = price(medicare(services=("96413", "96368")), book())
    assert packaged.parts[2].cents == 0 and "packaged" in packaged.parts[2].words and not packaged.gaps
    assert price(medicare(services=("96379",), site_class="infusion_center"), book()).administration is None
    assert price(medicare(services=("96523",)), book()).gaps[0].remedy == "add it from CMS's Addendum B"


def test_medicare_has_no_home_benefit_and_no_price_from_2028_for_negotiated_drugs():
    home = price(medicare(site_class="home", services=("S9379",)), book())
    assert (home.drug, home.administration) == (None, None)
    assert {gap.reason for gap in home.gaps} == {"Medicare has no home infusion benefit for this drug"}
    newer = book(limits={"J3380": [Limit(dt.date(2028, 1, 1), D("21.311"))], "J1745": [Limit(dt.date(2028, 1, 1), D(31))]})
    gap = price(medicare("J3380", 300, service_date=dt.date(2028, 1, 1)), newer).gaps[0]
    assert gap.reason == "Medicare pays a negotiated price from 2028-01-01, which is not known"
    assert price(medicare(service_date=dt.date(2028, 1, 1)), newer).drug is not None


def test_the_proposal_is_off_unless_it_is_switched_on_and_says_that_it_is_one():
    ours = {
        "periods_340b": [Period340B("S1", dt.date(2026, 4, 1), None)],
        "limits": {"J1745": [Limit(dt.date(2027, 1, 1), D("31.090"))]},
    }
    case = medicare(site_id="S1", service_date=dt.date(2027, 2, 1))
    law, proposed = price(case, book(**ours)), price(case, book(**ours, proposed=frozenset({"opps_2027_340b"})))
    assert law.parts[0].proposed == ""
    # ASP 29.3302 × 66.6 % × 40 × 0.984
    assert cents(proposed.drug) == cents(D("31.090") / D("1.06") * D("0.666") * 4000 * D("0.984"))
    assert proposed.parts[0].proposed.startswith("Drugs bought at 340B prices")
    elsewhere = medicare(site_id="S2", service_date=dt.date(2027, 2, 1))
    assert price(elsewhere, book(**ours, proposed=frozenset({"opps_2027_340b"}))).drug == law.drug


def test_340b_by_site_and_day():
    periods = book(periods_340b=[Period340B("S1", dt.date(2026, 4, 1), dt.date(2026, 7, 1)), Period340B("S2", None, None)])
    days = [dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2026, 6, 30), dt.date(2026, 7, 1)]
    assert [periods.buys_at_340b("S1", day) for day in days] == [False, True, True, False]
    assert periods.buys_at_340b("S2", days[0])


# Contracts


def test_a_contract_in_percent_of_the_average_sales_price():
    # 31.090 ÷ 1.06 × 2.2 × 40 units = 2,581.0566 dollars
    found = price(infusion(services=()), book(rate()))
    assert cents(found.drug) == D("258105.6604")
    assert found.parts[0].source == "contract of Plan A" and found.parts[0].source_date == dt.date(2025, 1, 1)


def test_the_bases_of_a_contract():
    visit = rate(basis="per_visit", rate=D(300), hcpcs_code="96413")
    unit = rate(basis="per_unit", rate=D("62.50"), hcpcs_code="J1745")
    assert price(infusion(), book(unit, visit)).total == D(250_000) + D(30_000)
    charge = rate(basis="percent_of_charge", rate=D(40))
    billed = infusion(services=(), drugs=(BilledUnits("J1745", D(40), charge_cents=D(800_000)),))
    assert price(billed, book(charge)).drug == 320_000
    assert (
        price(infusion(services=()), book(charge)).gaps[0].reason == "the contract pays 40 % of charges and the charge is not known"
    )


def test_home_infusion_is_drug_per_diem_and_nursing():
    rates = (
        rate(site_class="home_infusion", rate=D(110)),
        rate(site_class="home_infusion", basis="per_diem", rate=D(165), hcpcs_code=""),
        rate(site_class="home_infusion", basis="per_visit", rate=D(115), hcpcs_code="99601"),
    )
    case = infusion(site_class="home", services=("S9338", "99601"))
    found = price(case, book(*rates))
    assert found.administration == 16_500 + 11_500 and found.drug is not None
    # a per diem for any code prices no hour of administration
    assert price(infusion(site_class="home", services=("96413",)), book(*rates)).administration is None


def test_what_names_more_counts_and_of_two_alike_the_newer():
    rates = (
        rate(rate=D(200)),
        rate(rate=D(210), effective_from=dt.date(2025, 6, 1)),
        rate(rate=D(190), site_id="S1"),
        rate(rate=D(180), plan="PPO"),
        rate(rate=D(170), hcpcs_code="J1745", effective_to=dt.date(2025, 11, 1)),
    )

    def percent(**fields) -> D:
        found = price(infusion(services=(), **fields), book(*rates))
        return round(found.drug / (D("31.090") / D("1.06") * 4000) * 100, 6)

    assert percent() == 210
    assert percent(site_id="S1") == 190
    assert percent(site_id="S1", plan="PPO") == 180
    assert percent(service_date=dt.date(2025, 10, 31)) == 170
    assert percent(service_date=dt.date(2025, 3, 1)) == 170


def test_nothing_on_file_is_a_gap_and_never_a_zero():
    found = price(infusion(), book())
    assert (found.drug, found.administration, found.total) == (None, None, None)
    assert [(gap.hcpcs_code, gap.reason) for gap in found.gaps] == [("J1745", REASON), ("96413", REASON)]
    no_limit = price(infusion("J9999", services=()), book(rate()))
    assert no_limit.drug is None and no_limit.gaps[0].remedy == "load CMS's quarterly ASP file"


def test_a_drug_that_the_payers_pharmacy_supplies_brings_the_administration_alone():
    found = price(infusion(channel="white_bag"), book(rate(basis="per_visit", rate=D(300), hcpcs_code="96413")))
    assert (found.drug, found.administration) == (0, 30_000)
    assert "administration alone" in found.parts[0].words
    assert price(infusion(channel="clear_bag"), book()).drug is None


def test_every_shipped_rule_says_its_source():
    rules = shipped_rules()
    rows = [
        *rules.outpatient_fees,
        *rules.department_shares,
        *rules.add_ons,
        *rules.negotiated,
        *rules.proposals,
        *rules.home_benefits,
    ]
    assert len(rows) > 30 and all(row.source and row.confidence for row in rows)
    names = {"outpatient_fees", "department_shares", "biosimilar_add_ons", "negotiated_drugs", "price_proposals", "medicare_home"}
    assert set(LAYOUTS) == names
