"""Our facts equal what CMS publishes: units, limits, packages, dates, fees, code sets."""

import csv
import datetime as dt
import re
from decimal import Decimal

import pytest

from payers.engine.asp import read_asp
from payers.engine.reference_tables import shipped_tables

LIMITS = "prices/asp_payment_limits_2025Q4_as_published.csv"
CROSSWALK = "prices/asp_ndc_hcpcs_crosswalk_2025Q4_as_published.csv.gz"
HCPCS = "reference/hcpcs_level2_2026-01_infusion_families.csv"
UNIT = re.compile(r"([\d.]+)\s*(mg|mcg|micrograms?|units?|iu|i\.u\.)(?![a-z])", re.IGNORECASE)


@pytest.fixture(scope="module")
def ours():
    return {name: [row.values for row in table.rows] for name, table in shipped_tables().items()}


def in_our_unit(words):
    amount, measure = UNIT.search(words).groups()
    if measure.lower() in ("mcg", "microgram", "micrograms"):
        return float(amount) / 1000, "mg"
    return float(amount), "mg" if measure.lower() == "mg" else "iu"


def in_force(row, day):
    return row["effective_from"] <= day and (row["effective_to"] is None or day < row["effective_to"])


def test_units_are_those_of_the_price_file(ours, published):
    with published(LIMITS).open(encoding="latin-1") as file:
        dosage = {row[0].strip(): row[2] for row in csv.reader(file) if len(row) > 2}
    compared = [row for row in ours["drug_codes"] if row["hcpcs_code"] in dosage and in_force(row, dt.date(2025, 10, 1))]
    assert len(compared) > 110
    wrong = {
        row["hcpcs_code"]: dosage[row["hcpcs_code"]]
        for row in compared
        if in_our_unit(dosage[row["hcpcs_code"]]) != pytest.approx((row["unit_amount"], row["unit_of_measure"]))
    }
    assert wrong == {}


def test_units_and_dates_are_those_of_the_code_set(ours, published):
    with published(HCPCS).open(encoding="utf-8-sig") as file:
        codes = {row["hcpc"]: row for row in csv.DictReader(file)}
    compared = [row for row in ours["drug_codes"] if row["hcpcs_code"] in codes]
    assert len(compared) > 175
    for row in compared:
        said = codes[row["hcpcs_code"]]
        begins = dt.datetime.strptime(said["add_dt"], "%Y%m%d").date()  # noqa: DTZ007
        ends = said["term_dt"].strip()
        last_day = dt.datetime.strptime(ends, "%Y%m%d").date() if ends else None  # noqa: DTZ007
        assert in_our_unit(said["long_description"]) == pytest.approx((row["unit_amount"], row["unit_of_measure"])), row
        assert row["effective_from"] == begins, row
        assert row["effective_to"] == (last_day + dt.timedelta(days=1) if last_day else None), row


def test_limits_are_those_of_the_price_file(ours, published):
    limits = {row.values["hcpcs_code"]: row.values["payment_limit"] for row in read_asp(published(LIMITS)).limits().rows}
    shipped = {row["hcpcs_code"]: row["payment_limit"] for row in ours["asp_limits"]}
    codes = {row["hcpcs_code"] for row in ours["drug_codes"]}
    assert shipped == {code: limit for code, limit in limits.items() if code in codes}
    assert shipped["J1745"] == Decimal("31.090")


def test_packages_are_those_of_the_crosswalk(ours, published):
    codes = {row["hcpcs_code"] for row in ours["drug_codes"]}
    table, _ = read_asp(published(CROSSWALK)).packages(codes)
    theirs = {(row.values["ndc_code"], row.values["hcpcs_code"], row.values["units_per_package"]) for row in table.rows}
    shipped = {
        (row["ndc_code"], row["hcpcs_code"], row["units_per_package"]) for row in ours["ndcs"] if "crosswalk" in row["source"]
    }
    assert len(shipped) > 300
    assert shipped <= theirs
    assert {ndc for ndc, _, _ in theirs} == {ndc for ndc, _, _ in shipped}


def test_fees_are_those_of_the_fee_schedule(ours, published):
    with published("prices/physician_fee_schedule_2025Q4_administration.csv").open() as file:
        fees = {row["hcpcs_code"]: Decimal(row["nonfacility_national_amount"]) for row in csv.DictReader(file)}
    quarter = dt.date(2025, 10, 1)
    assert {row["hcpcs_code"]: row["amount"] for row in ours["administration_fees"] if row["effective_from"] == quarter} == fees
    assert set(fees) <= {row["hcpcs_code"] for row in ours["service_codes"]}


def test_places_of_service_are_the_published_ones_and_the_two_that_were_missing(ours, published):
    with published("reference/place_of_service.csv").open(encoding="utf-8-sig") as file:
        theirs = {row["place_of_service_code"] for row in csv.DictReader(file)}
    assert {row["code"] for row in ours["claim_codes"] if row["code_set"] == "place_of_service"} == theirs | {"27", "66"}


def test_revenue_codes_exist(ours, published):
    with published("reference/revenue_center.csv").open(encoding="utf-8-sig") as file:
        theirs = {row["revenue_center_code"] for row in csv.DictReader(file)}
    assert {row["code"] for row in ours["claim_codes"] if row["code_set"] == "revenue_center"} <= theirs
