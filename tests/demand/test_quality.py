"""What an extract's quality rests on: filled shares, codes nobody knows, payer names, doses, coverage on the day."""

import json

import duckdb
import pytest

from demand.engine import maturity
from demand.engine.dose_reason import dose_reason
from demand.engine.fill import columns_filled
from demand.engine.payer_names import group_payers
from demand.engine.quality import KnownCodes, Measured, Value, measure
from demand.engine.quality_marks import LIMITS, worst
from tests.demand import builders, flow
from tests.demand.builders import eligibility, institutional, medical, pharmacy

KNOWN = KnownCodes(
    hcpcs={"J1745", "96413"}, ndcs={"57894003001"}, places={"11", "22"}, bill_facilities={"13"}, bill_frequencies={"1", "7"}
)  # fmt: skip


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def measured(connection, loaded, **flags) -> Measured:
    return measure(connection, loaded.folder, KNOWN, {kind: result.flags for kind, result in loaded.result.kinds.items()} | flags)


# Filled shares


def test_filled_counts_are_those_of_a_scan_and_placeholders_are_no_numbers(connection, tmp_path):
    rows = [
        medical(claim_id=f"C{number}", allowed_amount="" if number % 3 else "5.00", billing_npi="0000000000" if number % 4 == 0 else "1245319599",
                hcpcs_modifier_1="JW" if number == 1 else "")
        for number in range(12)
    ]  # fmt: skip
    loaded = builders.load(tmp_path, medical=rows)
    files = {"medical": sorted(loaded.folder.glob("medical-*.parquet"))}
    found = {one.column: (one.filled, one.rows) for one in columns_filled(connection, files, {"medical": set(rows[0])})}
    assert found["allowed_amount"] == (4, 12)
    assert found["billing_npi"] == (9, 12)
    assert found["hcpcs_modifier_1"] == (1, 12)
    assert found["claim_id"] == (12, 12)
    assert "ordering_npi" not in found  # the file has no such column
    for column, stored in {
        "allowed_amount": "allowed_cents",
        "place_of_service_code": "place_of_service_code",
        "paid_date": "paid_date",
    }.items():
        scanned = connection.execute(f"SELECT count({stored}) FROM read_parquet('{files['medical'][0]}')").fetchall()[0][0]
        assert found[column][0] == scanned


def test_a_column_that_one_of_two_files_lacks_is_filled_in_part(connection, tmp_path):
    first, second = [medical(claim_id="A")], [{name: value for name, value in medical(claim_id="B").items() if name != "payer"}]
    folders = [builders.load(tmp_path, name=name, medical=rows).folder for name, rows in (("one", first), ("two", second))]
    files = {"medical": [next(folder.glob("medical-*.parquet")) for folder in folders]}
    (payer,) = [one for one in columns_filled(connection, files, {"medical": set(first[0])}) if one.column == "payer"]
    assert payer.share == 0.5


# Codes, payers, warnings


def test_codes_are_told_apart_and_only_what_is_shaped_like_a_code_is_shown(connection, tmp_path):
    loaded = builders.load(
        tmp_path,
        medical=[
            medical(claim_id="1"),
            medical(claim_id="2", hcpcs_code="J9999", allowed_amount="50.00"),
            medical(claim_id="3", hcpcs_code="J7777", allowed_amount="900.00", place_of_service_code="88"),
            medical(claim_id="4", hcpcs_code="JOHN SMITH", allowed_amount="7.00", place_of_service_code="123456789"),
            medical(claim_id="5", hcpcs_code="99213"),  # no drug
            medical(claim_id="6", ndc_code="123-45-6789"),
            institutional(claim_id="7", bill_type_code="0991"),
            institutional(claim_id="8", bill_type_code="0131"),
        ],
        pharmacy=[pharmacy(), pharmacy(claim_id="R2", ndc_code="00000000011", allowed_amount="20.00")],
    )
    found = measured(connection, loaded)
    assert [(value.what, value.value, value.rows, value.allowed_cents) for value in found.codes["hcpcs"]] == [
        ("unknown", "J7777", 1, 90_000),
        ("unclassified", "J9999", 1, 5_000),
        ("misshapen", "", 1, 700),
    ]
    assert {(value.what, value.value) for value in found.codes["place"]} == {("unknown", "88"), ("misshapen", "")}
    assert [(value.what, value.value) for value in found.codes["bill_type"]] == [("unknown", "991")]
    assert [(value.what, value.value) for value in found.codes["ndc"]] == [("misshapen", "")]
    assert [(value.what, value.value, value.allowed_cents) for value in found.codes["pharmacy_ndc"]] == [
        ("unknown", "00000000011", 2_000)
    ]
    kept = json.dumps(found.as_json())
    assert "SMITH" not in kept and "123456789" not in kept and "6789" not in kept
    assert Measured.from_json(json.loads(kept)) == found


def test_only_rows_accepted_at_loading_count(connection, tmp_path):
    row = medical(hcpcs_code="J7777", allowed_amount="10.00")
    loaded = builders.load(tmp_path, medical=[row, row, medical(claim_id="C2", claim_start_date="soon")])
    assert loaded.counts() == (1, 1, 1, 0)
    found = measured(connection, loaded)
    assert (found.totals["medical"].rows, found.totals["medical"].allowed_cents) == (1, 1_000)
    assert [(value.rows, value.people) for value in found.codes["hcpcs"]] == [(1, 1)]


def test_warnings_come_with_the_money_that_rests_on_them(connection, tmp_path):
    loaded = builders.load(
        tmp_path,
        medical=[
            medical(claim_id="1", service_unit_quantity="0", allowed_amount="30.00", paid_amount="20.00"),
            medical(claim_id="2", service_unit_quantity="0", hcpcs_code="NONE", allowed_amount="4.00", paid_amount=""),
            medical(claim_id="3", allowed_amount="100.00", billing_npi="1234567890"),
            medical(claim_id="4", claim_line_number="1", claim_start_date="2026-01-05"),
            medical(claim_id="4", claim_line_number="2", claim_start_date="2026-01-06", allowed_amount="1.00"),
        ],
    )
    found = {
        value.what: (value.rows, value.people, value.allowed_cents, value.paid_cents)
        for value in measured(connection, loaded).warnings["medical"]
    }
    assert found["UNITS_ZERO"] == (2, 1, 3_400, 2_000)
    assert found["HCPCS_INVALID"] == (1, 1, 400, None)
    assert found["PAID_NULL"] == (1, 1, 400, None)
    assert found["NPI_INVALID"] == (1, 1, 10_000, 10_025)
    assert found["CLAIM_HEADER_CONFLICT"] == (2, 1, 12_100, 20_050)
    assert {rule: rows for rule, (rows, *_) in found.items()} == loaded.result.kinds["medical"].flags


def test_payers_that_look_alike_stand_together_and_unknown_ones_say_so():
    def payer(name, cents):
        return Value("", name, 10, 20, cents, None)

    named = (payer("Acme Health", 500), payer("ACME  HEALTH.", 900), payer("Birch", 100), payer("", 5))
    groups = group_payers(named, {"acme health"}, {"Acme Health": "Acme Group"})
    assert [
        (group.name, [value.value for value in group.spellings], group.known, group.allowed_cents, group.parent) for group in groups
    ] == [("ACME  HEALTH.", ["ACME  HEALTH.", "Acme Health"], True, 1_400, "Acme Group"), ("Birch", ["Birch"], False, 100, "")]


# Doses


@pytest.mark.parametrize(
    ("dose", "units", "others", "reason"),
    [
        (5_000, {10}, (), "milligrams"),  # 500 mg billed as 500 units of 10 mg
        (10, {10}, (), "package"),
        (60, {10}, {50}, "other_code"),
        (40, {10}, (), "twice"),
        (40_000, {1}, (), "decimal"),
        (2_400, {1}, (), "several"),
        (29, {1}, (), ""),
        (400, {10}, {50}, ""),  # usual
    ],
)
def test_the_likely_reason_is_the_first_slip_whose_arithmetic_fits(dose, units, others, reason):
    assert dose_reason(dose, 300, 1_000, units, others) == reason


# Coverage on the day


def test_people_without_coverage_on_the_day_are_counted_once_and_their_money_adds_up():
    made = flow.to_infusions(
        [
            flow.line(person_id="in", service_date=flow.day("2025-03-03")),
            flow.line(person_id="out", service_date=flow.day("2025-03-03"), allowed_cents=700, paid_cents=None),
            flow.line(person_id="out", service_date=flow.day("2025-06-03"), allowed_cents=800),
            flow.line(person_id="gap", service_date=flow.day("2025-03-03")),
            flow.line(person_id="gap", service_date=flow.day("2025-12-31"), allowed_cents=50),
        ],
        spans=[flow.span(person_id="in"), flow.span(person_id="gap", enrollment_end_date=flow.day("2025-12-30"))],
    )
    maturity.count_lines(made.connection, "line")
    (row,) = made.rows("FROM enrolled_seen")
    assert (row["lines"], row["lines_without"], row["people"], row["people_without"]) == (5, 3, 3, 2)
    assert (row["allowed_cents"], row["allowed_without_cents"], row["paid_without_cents"]) == (21_550, 1_550, 18_000)


def test_marks_turn_at_the_stated_limits():
    assert [LIMITS["outliers"].mark(share) for share in (None, 0.0, 0.0099, 0.01, 0.05)] == [None, "pass", "pass", "look", "warn"]
    assert [LIMITS["filled"].mark(share) for share in (1.0, 0.9, 0.89, 0.5, 0.49)] == ["pass", "pass", "look", "look", "warn"]
    assert (worst(["pass", None, "look"]), worst([None])) == ("look", None)


def test_eligibility_without_money_is_measured_too(connection, tmp_path):
    found = measured(connection, builders.load(tmp_path, medical=[medical()], eligibility=[eligibility(payer="ACME HEALTH")]))
    assert [value.value for value in found.payers["eligibility"]] == ["ACME HEALTH"]
    assert found.totals["eligibility"].allowed_cents is None and found.data_sources == ("acme",)
