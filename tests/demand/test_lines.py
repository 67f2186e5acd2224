"""Loading: how text becomes codes, dates and cents; what is rejected and warned of; what is kept and what never is."""

from __future__ import annotations

import datetime as dt
import json
import logging
import stat
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine import typed
from demand.engine.columns import MEDICAL
from demand.engine.lines import KindResult, LoadOptions, RefusedFile, SourceFile, load_extract
from demand.engine.pseudonym import LENGTH, pseudonym, pseudonym_sql, secret_of
from tests.demand.builders import KEY, SHARED, eligibility, institutional, load, load_files, medical, pharmacy, rows_of, write_rows

CLAIMS = SHARED / "data" / "claims"


def one_row(folder, name="one", options=None, **changes) -> dict:
    """The candidate row of one medical row, loaded with a sound one beside it."""
    loaded = load(folder, name=name, options=options, medical=[medical(**changes), medical(claim_id="sound")])
    rows = [row for row in loaded.candidates() if row["claim_id"] != "sound"]
    assert len(rows) == 1, loaded.rejects()
    return rows[0]


def each(folder, column: str, cells, **changes) -> list[dict]:
    """The candidate rows of one load, a medical row for each of these cells in a column: one load costs as much as all of them."""
    rows = [medical(claim_id=f"cell {number}", **{column: cell}, **changes) for number, cell in enumerate(cells)]
    loaded = load(folder, medical=rows)
    assert loaded.counts() == (len(rows), 0, 0, 0), loaded.rejects()
    return loaded.candidates()


def rejects_of_each(folder, column: str, cells) -> dict[str, tuple]:
    """Cell -> (rule, column) of its row's reject; all rows in one load."""
    found = rejects(folder, *(medical(**{"claim_id": f"cell {number}", column: cell}) for number, cell in enumerate(cells)))
    return {cells[number - 3]: (rule, told) for number, rule, told, _ in found}


def rejects(folder, *rows, name="one", options=None) -> list[tuple]:
    """(row number, rule, column, value) of the rejects of these rows and a sound one."""
    loaded = load(folder, name=name, options=options, medical=[medical(claim_id="sound"), *rows])
    return [(reject["row_number"], reject["rule"], reject["column"], reject["value"]) for reject in loaded.rejects()]


# Codes


CODES = [
    ("J1745", "J1745", "JZ", None),
    (" j1745 ", "J1745", "JZ", None),
    ("96413", "96413", "JZ", None),
    ("J1551JW", "J1551", "JZ;JW", "MODIFIER_SPLIT"),
    ("J1551-JW", "J1551", "JZ;JW", "MODIFIER_SPLIT"),
    ("j1551 jw", "J1551", "JZ;JW", "MODIFIER_SPLIT"),
    ("96413PO59", "96413", "JZ;PO;59", "MODIFIER_SPLIT"),
    ("0537T", "0537T", "JZ", None),
    ("J174", "J174", "JZ", "HCPCS_INVALID"),
    ("J1745X", "J1745X", "JZ", "HCPCS_INVALID"),
    ("9641E", "9641E", "JZ", None),
    ("", None, "JZ", None),
]


def test_a_procedure_code_and_its_modifiers(tmp_path):
    rows = each(tmp_path, "hcpcs_code", [given for given, *_ in CODES], hcpcs_modifier_1="jz")
    assert [
        (given, row["hcpcs_code"], row["modifiers"], row["flags"]) for (given, *_), row in zip(CODES, rows, strict=True)
    ] == CODES


NDCS = [
    ("57894003001", "57894003001", None),
    ("00069015001", "00069015001", None),
    ("57894-0030-01", "57894003001", None),
    ("0069-0150-01", "00069015001", None),
    ("57894-030-01", "57894003001", None),
    ("57894-0030-1", "57894003001", None),
    ("N457894003001", "57894003001", None),
    ("5789400301", "5789400301", "NDC_AMBIGUOUS"),
    ("5.78940E+10", "5.78940E+10", "NDC_INVALID"),
    ("578-0030-01", "578-0030-01", "NDC_INVALID"),
    ("99999999999", "99999999999", "NDC_INVALID"),
    ("", None, "NDC_MISSING"),
]


def test_a_drug_code_gets_its_zero_only_where_the_hyphens_say_where(tmp_path):
    loaded = load(tmp_path, pharmacy=[pharmacy(claim_id=f"R{n}", ndc_code=given) for n, (given, *_) in enumerate(NDCS)])
    found = [(row["ndc_code"], row["flags"]) for row in loaded.candidates("pharmacy")]
    assert [(given, *row) for (given, *_), row in zip(NDCS, found, strict=True)] == NDCS


def test_bill_type_is_read_without_its_leading_zero_and_kept_as_sent(tmp_path):
    rows = load(
        tmp_path, medical=[institutional(bill_type_code="0131"), institutional(claim_id="2", bill_type_code="13i")]
    ).candidates()
    assert [(row["bill_type_code"], row["bill_type_as_sent"]) for row in rows] == [("131", "0131"), ("13I", "13I")]


def test_diagnoses_and_procedures_are_one_text_in_order(tmp_path):
    row = one_row(tmp_path, diagnosis_code_1="k5090", diagnosis_code_3="0340", diagnosis_code_25="E119", procedure_code_2="3E03305")
    assert (row["diagnosis_codes"], row["procedure_codes"]) == ("K5090;0340;E119", "3E03305")


NPIS = [
    ("1234567893", "1234567893", False),
    ("1245319599", "1245319599", False),
    ("1234567890", "1234567890", True),  # check digit
    ("3234567893", "3234567893", True),  # begins with 1 or 2
    ("1.23457E+09", "1.23457E+09", True),
    ("١٢٣٤٥٦٧٨٩٣", "١٢٣٤٥٦٧٨٩٣", True),
    ("0000000000", None, True),  # a placeholder names nobody
    ("", None, False),
]


@pytest.mark.parametrize("flagged", [True, False])
def test_a_bad_provider_number_is_a_warning(tmp_path, flagged):
    cases = {number: kept for number, kept, bad in NPIS if bad is flagged}
    loaded = load(tmp_path, medical=[medical(claim_id=f"C{n}", rendering_npi=number) for n, number in enumerate(cases)])
    assert [row["rendering_npi"] for row in loaded.candidates()] == list(cases.values())
    assert loaded.result.kinds["medical"].flags == ({"NPI_INVALID": len(cases)} if flagged else {})


def test_names_are_kept_byte_for_byte(tmp_path):
    names = ["=cmd|'/C calc'!A0", "100%_\\", "</script>", "  Acme ", "T", "1-2", "Clínica", "Acme\n2"]
    assert [row["payer"] for row in each(tmp_path, "payer", names)] == names


# Dates


NO_DATES = [
    "03/01/2026", "2026-02-30", "2023-02-29", "45352", "0000-00-00", "2026-1-5", "20260105", "2026-01-05 10:30:00",
    "Jan 5 2026", "infinity", "epoch", "today", "2026-01-05 (BC)", "10000-01-01", "+2026-01-05", "2026-01-05T00:00:00+02:00", "NULL",
    "٢٠٢٦-٠١-٠٥",
]  # fmt: skip


def test_what_is_no_date_is_rejected(tmp_path):
    assert rejects_of_each(tmp_path, "claim_end_date", NO_DATES) == dict.fromkeys(NO_DATES, ("BAD_DATE", "claim_end_date"))


def test_a_date_may_carry_midnight(tmp_path):
    cells = ["2024-02-29", "2024-02-29 00:00:00", "2024-02-29T00:00:00", "2024-02-29 00:00:00.000", " 2024-02-29 "]
    rows = each(tmp_path, "claim_line_start_date", cells)
    assert [row["service_date"] for row in rows] == [dt.date(2024, 2, 29)] * len(cells)


def test_the_service_date_is_the_lines_else_the_claims(tmp_path):
    assert one_row(tmp_path, claim_line_start_date="")["service_date"] == dt.date(2026, 1, 5)
    assert one_row(tmp_path, name="two", claim_line_start_date="2026-01-07")["service_date"] == dt.date(2026, 1, 7)


def test_dates_out_of_range_and_in_the_future_are_warnings(tmp_path):
    assert one_row(tmp_path, claim_start_date="1900-01-01", claim_line_start_date="1900-01-01")["flags"] == "DATE_RANGE"
    late = medical(claim_id="late", claim_line_start_date="2026-01-21")
    for name, options, flagged in (
        ("by the newest paid date", {}, True),
        ("by paid through", {"paid_through": dt.date(2026, 1, 31)}, False),
        ("by the day they came", {"received_on": dt.date(2026, 1, 10)}, True),
    ):
        row = next(
            row
            for row in load(tmp_path, name=name, options=options, medical=[medical(), late]).candidates()
            if row["claim_id"] == "late"
        )
        assert (row["flags"] == "FUTURE_DATE") is flagged, name


def test_without_any_date_to_compare_with_nothing_is_in_the_future(tmp_path):
    loaded = load(tmp_path, medical=[medical(claim_line_start_date="2049-01-01", paid_date="")])
    assert loaded.result.kinds["medical"].flags == {}
    assert loaded.result.quality["horizon"] is None


# Amounts


NO_NUMBERS = [
    "$1,234.50", "1,234.50", "100.00-", "NaN", "inf", "1e308", "1E5", "0x64", "DENIED", "1 000", "1\u00a0000", "--5", "1.2.3", "٣",
    "1" * 13, "(5)", "-", ".",
]  # fmt: skip


def test_what_is_no_number_is_rejected_and_never_null_or_zero(tmp_path):
    assert rejects_of_each(tmp_path, "paid_amount", NO_NUMBERS) == dict.fromkeys(NO_NUMBERS, ("BAD_NUMBER", "paid_amount"))


AMOUNTS = {
    "100.25": 10025, "0.1": 10, "5": 500, "+5.5": 550, ".5": 50, "5.": 500, "0": 0, "12.3400": 1234, "": None,
    "999999999999.99": 99999999999999, "00012.50": 1250, " 7.10 ": 710,
}  # fmt: skip


def test_amounts_are_whole_cents(tmp_path):
    rows = each(tmp_path, "paid_amount", AMOUNTS)
    assert {text: row["paid_cents"] for text, row in zip(AMOUNTS, rows, strict=True)} == AMOUNTS
    assert all(row["flags"] == ("PAID_NULL" if row["paid_cents"] is None else None) for row in rows)


def test_parts_of_a_cent_are_rounded_and_said(tmp_path):
    rows = each(tmp_path, "allowed_amount", ["0.125", "0.124999", "2.675"])
    assert [(row["allowed_cents"], row["flags"]) for row in rows] == [(cents, "AMOUNT_ROUNDED") for cents in (13, 12, 268)]


@settings(max_examples=12, deadline=None)
@given(amounts=st.lists(st.decimals(min_value=0, max_value=10**9, places=2), min_size=1, max_size=50))
def test_sums_are_exact(tmp_path_factory, amounts):
    loaded = load(
        tmp_path_factory.mktemp("sums"), medical=[medical(claim_id=f"C{n}", paid_amount=amount) for n, amount in enumerate(amounts)]
    )
    assert Decimal(sum(row["paid_cents"] for row in loaded.candidates())) / 100 == sum(amounts)


def test_what_the_patient_pays_is_one_amount_and_unknown_where_all_parts_are(tmp_path):
    row = one_row(tmp_path, coinsurance_amount="10.00", copayment_amount="", deductible_amount="9.75")
    assert row["patient_cents"] == 1975
    assert one_row(tmp_path, name="two")["patient_cents"] is None


def test_units_are_decimals_and_zero_is_a_warning(tmp_path):
    assert one_row(tmp_path, service_unit_quantity="0.3333")["units"] == Decimal("0.3333")
    assert one_row(tmp_path, name="two", service_unit_quantity="0")["flags"] == "UNITS_ZERO"
    assert one_row(tmp_path, name="three", service_unit_quantity="")["units"] is None


# Rows


def test_a_line_number_is_a_whole_number_from_one(tmp_path):
    cells = ["1.0", "-1", "0", "abc", "1e1", "99999999999", "١"]
    expected = dict.fromkeys(cells, ("BAD_LINE_NUMBER", "claim_line_number"))
    assert rejects_of_each(tmp_path, "claim_line_number", cells) == expected


def test_needed_cells_must_not_be_blank(tmp_path):
    columns = ["claim_id", "claim_line_number", "person_id", "claim_start_date"]
    found = rejects(tmp_path, *(medical(**{"claim_id": column, column: "  "}) for column in columns))
    assert found == [(line, "REQUIRED_EMPTY", column, None) for line, column in enumerate(columns, start=3)]


def test_a_blank_source_is_filled_or_else_rejected_beside_named_ones(tmp_path):
    blank = medical(claim_id="blank", data_source="")
    assert rejects(tmp_path, blank) == [(3, "REQUIRED_EMPTY", "data_source", None)]
    filled = load(tmp_path, name="filled", options={"data_source": "payer b"}, medical=[medical(), blank])
    assert [row["data_source"] for row in filled.candidates()] == ["acme", "payer b"]


def test_a_file_without_any_source_is_one_unnamed_source(tmp_path):
    rows = [{name: cell for name, cell in medical(claim_id=claim).items() if name != "data_source"} for claim in "AB"]
    assert {row["data_source"] for row in load(tmp_path, medical=rows).candidates()} == {"unspecified"}


def test_one_rule_in_every_row_refuses_the_file_and_says_it_once(tmp_path):
    with pytest.raises(RefusedFile) as caught:
        load(tmp_path, medical=[medical(claim_id=f"C{number}", claim_start_date="03/01/2026") for number in range(5)])
    assert caught.value.rule == "ALL_ROWS_REJECTED BAD_DATE"
    assert (
        "medical.csv" in caught.value.sentence
        and "all of its 5 rows" in caught.value.sentence
        and "YYYY-MM-DD" in caught.value.sentence
    )
    assert not (tmp_path / "one").exists() and not (tmp_path / "one.partial").exists()


def test_two_rules_or_one_sound_row_do_not_refuse_the_file(tmp_path):
    rows = [medical(claim_start_date="03/01/2026"), medical(claim_id="")]
    assert load(tmp_path, medical=rows).counts() == (0, 2, 0, 0)


def test_warnings_that_need_more_than_one_row(tmp_path):
    rows = [
        medical(claim_id="A"), medical(claim_id="A", claim_line_number=2, claim_start_date="2026-01-04"),
        medical(claim_id="B"), medical(claim_id="B", claim_line_number=2, person_id="P2"),
        medical(claim_id="C", payer="Clínica"), medical(claim_id="D", payer="Cli\u0301nica"),
        medical(claim_id="E", claim_type="PROF"), medical(claim_id="F", place_of_service_code="2"),
    ]  # fmt: skip
    loaded = load(tmp_path, medical=rows)
    assert loaded.result.kinds["medical"].flags == {
        "CLAIM_HEADER_CONFLICT": 4, "UNICODE_VARIANTS": 1, "CLAIM_TYPE_INVALID": 1, "POS_INVALID": 1,
    }  # fmt: skip
    assert loaded.counts() == (8, 0, 0, 0)


def test_eligibility_warnings(tmp_path):
    rows = [
        eligibility(enrollment_end_date="2023-01-01"),
        eligibility(plan="x", funding_type="ASO"),
        eligibility(plan="y", funding_type="Insured"),
    ]
    loaded = load(tmp_path, eligibility=rows)
    assert loaded.result.kinds["eligibility"].flags == {"END_BEFORE_START": 1, "FUNDING_TYPE_INVALID": 1}
    assert [row["funding_type"] for row in loaded.candidates("eligibility")] == [None, "aso", "insured"]


# The account


def test_the_json_of_a_load(tmp_path):
    rows = [medical(), medical(), medical(claim_id="bad", paid_amount="x"), medical(paid_amount="1")]
    answer = load(tmp_path, medical=rows, eligibility=[eligibility()]).result.as_json()
    assert list(answer) == ["seconds", "medical", "pharmacy", "eligibility"]
    assert answer["medical"] == {
        "files": 1, "rows_read": 4, "accepted": 1, "rejected": 1, "duplicate": 1, "superseded": 1, "flags": {},
    }  # fmt: skip
    assert answer["pharmacy"]["files"] == 0 and answer["eligibility"]["accepted"] == 1
    json.dumps(answer)


def test_an_account_that_does_not_add_up_cannot_be_made():
    with pytest.raises(AssertionError):
        KindResult(files=1, rows_read=3, accepted=1, rejected=1)


def test_several_files_of_a_kind_are_one_extract(tmp_path):
    (tmp_path / "sent").mkdir()
    files = []
    for number in range(3):
        path = write_rows(
            tmp_path / "sent" / f"{number}.csv", [medical(claim_id=f"C{number}"), medical(claim_id="same"), medical(claim_id="")]
        )
        files.append(SourceFile("medical", path, f"month {number}.csv"))
    loaded = load_files(tmp_path, files)
    assert loaded.counts() == (4, 3, 2, 0)
    found = [(reject["file"], reject["row_number"], reject["rule"]) for reject in loaded.rejects()]
    assert found[1:3] == [("month 1.csv", 3, "DUPLICATE_ROW"), ("month 1.csv", 4, "REQUIRED_EMPTY")]
    assert loaded.rejects()[1]["message"] == "Identical to line 3 of another file of this extract."


def test_one_refused_file_refuses_the_extract(tmp_path):
    good = write_rows(tmp_path / "good.csv", [medical()])
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"")
    with pytest.raises(RefusedFile) as caught:
        load_files(tmp_path, [SourceFile("medical", good, "good.csv"), SourceFile("pharmacy", bad, "fills.csv")])
    assert caught.value.sentence.startswith("fills.csv is empty")
    assert {path.name for path in tmp_path.iterdir()} == {"good.csv", "bad.csv"}


def test_rows_stay_in_the_order_of_a_large_file(tmp_path):
    """Line numbers rest on it: several threads read and write, and every row must come out in its place."""
    path = tmp_path / "large.csv"
    duckdb.connect().execute(
        "COPY (SELECT 'C' || i AS claim_id, 1 AS claim_line_number, 'P' || (i % 5000) AS person_id, "
        "'2026-01-05' AS claim_start_date, "
        "'J1745' AS hcpcs_code, CASE WHEN i % 50000 = 7 THEN 'x' ELSE '1.00' END AS paid_amount, repeat('filler ', 20) AS payer "
        f"FROM range(400000) AS t(i)) TO '{path}' (HEADER)"
    )
    loaded = load_files(tmp_path, [SourceFile("medical", path, "large.csv")])
    assert [(reject["row_number"], reject["claim_id"]) for reject in loaded.rejects()] == [
        (i + 2, f"C{i}") for i in range(7, 400_000, 50_000)
    ]
    written = f"read_parquet('{loaded.folder}/medical-0000.parquet', file_row_number=true)"
    assert rows_of(f"SELECT count(*) AS moved FROM {written} WHERE claim_id <> 'C' || file_row_number") == [{"moved": 0}]


def test_a_reader_that_moves_rows_is_found_out(tmp_path, monkeypatch):
    """Sampled lines are looked up in what was typed; where they stand elsewhere, the slow path numbers every row itself."""
    rows = [medical(claim_id=f"C{number}", person_id=f"P{number}") for number in range(300)]
    read = typed.SQL_FOLDER / "typed_medical.sql"
    moved = tmp_path / "sql"
    moved.mkdir()
    (moved / read.name).write_text(
        read.read_text(encoding="utf-8") + "ORDER BY CASE WHEN physical_line IS NULL THEN hash(claim_id) ELSE physical_line END\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(typed, "SQL_FOLDER", moved)
    loaded = load(tmp_path, medical=[*rows, medical(claim_id="bad", claim_line_number="0")])
    assert [row["claim_id"] for row in loaded.candidates()] == [f"C{number}" for number in range(300)]
    assert [reject["row_number"] for reject in loaded.rejects()] == [302]


def test_progress_is_told_and_ends(tmp_path):
    path = write_rows(tmp_path / "a.csv", [medical()])
    told = []
    load_extract(
        [SourceFile("medical", path, "a.csv")],
        [],
        tmp_path / "out",
        LoadOptions(KEY),
        lambda stage, share: told.append((stage, share)),
    )
    assert {stage for stage, _ in told} >= {"reading", "people", "checking rows", "matching with earlier rows", "done"}
    assert all(0 <= share <= 1 for _, share in told) and told[-1] == ("done", 1.0)


def test_the_same_files_give_the_same_rows(tmp_path):
    rows = [medical(claim_id=f"C{number}", person_id=f"P{number % 3}") for number in range(30)]
    first, second = (load(tmp_path, name=name, medical=rows) for name in ("a", "b"))
    assert first.candidates() == second.candidates()
    assert first.result.as_json()["medical"] == second.result.as_json()["medical"]


# Patient data


def test_the_pseudonym_is_one_in_python_and_sql():
    connection = duckdb.connect()
    connection.execute("SET VARIABLE pseudonym_secret = ?", [secret_of(KEY)])
    for person_id in ("P1", "  P1 ", "0012", "é", "a'b", "x" * 300, "\tP1\n"):
        ((found,),) = connection.execute(f"SELECT {pseudonym_sql('$1')}", [person_id]).fetchall()
        assert found == pseudonym(person_id, KEY)
    assert pseudonym("P1", KEY) == pseudonym(" P1", KEY) != pseudonym("P1", b"another key")
    assert len(pseudonym("P1", KEY)) == LENGTH and pseudonym("P1", KEY)[0] == "p"


def test_a_person_is_one_across_kinds_and_loads(tmp_path):
    one = load(tmp_path, medical=[medical()], pharmacy=[pharmacy()], eligibility=[eligibility(person_id=" P1 ")])
    people = {row["person_id"] for kind in ("medical", "pharmacy", "eligibility") for row in one.candidates(kind)}
    assert people == {pseudonym("P1", KEY)}


IDENTIFIERS = {
    "person_id": "PHISENT-77", "member_id": "PHISENT-M", "first_name": "PHISENTJane", "last_name": "PHISENTDoe",
    "social_security_number": "078-05-1120", "address": "1 PHISENT St", "phone": "617-555-0100", "email": "phisent@example.com",
}  # fmt: skip


def everything_written(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def test_identifiers_are_stored_nowhere_but_in_the_identity_map(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    keep = tmp_path / "identities"
    loaded = load(
        tmp_path / "store", options={"identities_dir": keep},
        medical=[medical(**IDENTIFIERS), medical(**IDENTIFIERS | {"paid_amount": "PHISENT-77"})],
        eligibility=[eligibility(**IDENTIFIERS)],
    )  # fmt: skip
    stored = everything_written(loaded.folder)
    for value in ("PHISENT", "078-05-1120", "617-555-0100", "phisent@"):
        assert value not in stored and value not in caplog.text
    (kept,) = keep.iterdir()
    assert rows_of(f"SELECT * FROM read_parquet('{kept}')") == [
        {"pseudonym": pseudonym("PHISENT-77", KEY), "person_id": "PHISENT-77"}
    ]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and stat.S_IMODE(keep.stat().st_mode) == 0o700


def test_no_map_is_kept_where_no_place_is_given_or_the_load_fails(tmp_path):
    load(tmp_path, medical=[medical()])
    keep = tmp_path / "identities"
    with pytest.raises(RefusedFile):
        load(tmp_path, name="two", options={"identities_dir": keep}, medical=[medical(paid_amount="x")])
    assert not keep.exists() or not list(keep.iterdir())


SLIPPED = [
    ("claim_start_date", "PHISENT-77"), ("claim_start_date", "10114"), ("claim_start_date", "19801224"),
    ("paid_amount", "PHISENT-77"), ("paid_amount", "078-05-1120"), ("paid_amount", "12345678901234"),
    ("claim_line_number", "PHISENT-77"), ("paid_date", "Doe"),
    ("paid_date", "617-555-0100"), ("service_unit_quantity", "Jane Doe"), ("claim_end_date", "\x1bPHISENT"),
]  # fmt: skip


def test_a_row_that_slipped_shows_no_person(tmp_path):
    """In a slipped row a date or amount column may hold the person's number, name or telephone."""
    loaded = load(tmp_path, medical=[medical(claim_id="sound"), *(medical(**dict([slipped])) for slipped in SLIPPED)])
    rejected, stored = loaded.rejects(), everything_written(loaded.folder)
    assert len(rejected) == len(SLIPPED)
    for _, value in SLIPPED:
        assert value not in str(rejected) and value not in stored


SHOWN = [
    ("claim_start_date", "03/01/2026"), ("claim_start_date", "0000-00-00"), ("claim_start_date", "2026-01-05 10:30:00"),
    ("paid_amount", "$1,234.50"), ("paid_amount", "100.00-"), ("paid_amount", "1e308"), ("paid_amount", "DENIED"),
    ("paid_amount", "#REF!"), ("claim_line_number", "1.0"),
]  # fmt: skip


def test_a_value_that_is_only_a_date_or_number_gone_wrong_is_shown(tmp_path):
    rows = [medical(**dict([wrong])) for wrong in [*SHOWN, ("claim_start_date", "45352")]]
    rejected = load(tmp_path, medical=[medical(claim_id="sound"), *rows]).rejects()
    said = "(five digits: perhaps a spreadsheet's serial number)"
    assert [reject["value"] for reject in rejected] == [*(value for _, value in SHOWN), said]
    assert all(one["claim_id"] == "C1" and one["message"] and one["value"] not in one["message"] for one in rejected)


def test_duckdbs_words_do_not_leave_the_engine(tmp_path, monkeypatch):
    """An error of DuckDB may quote the row it stumbled over."""

    def stumble(*_):
        raise duckdb.ConversionException("Could not convert string 'PHISENT-77' to DATE")

    monkeypatch.setattr("demand.engine.lines.profile_files", stumble)
    with pytest.raises(RuntimeError) as caught:
        load(tmp_path, medical=[medical()])
    assert "PHISENT" not in str(caught.value) and caught.value.__suppress_context__
    assert not (tmp_path / "one.partial").exists()


def test_the_connection_reads_nothing_outside_its_folder(tmp_path):
    from demand.engine.lines import _connect

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    work = tmp_path / "out.partial" / "work"
    work.mkdir(parents=True)
    connection = _connect(work, [tmp_path / "out.partial"], LoadOptions(KEY))
    for query in (
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM read_text('{tmp_path}/out.partial/../secret.csv')",
        "SELECT * FROM read_csv('https://evil.example/x.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(query)


def test_try_cast_over_a_csv_does_not_become_a_hard_cast(tmp_path):
    """The canary of duckdb#23818: with the connection's settings a bad cell is NULL and costs no row."""
    from demand.engine.lines import _connect

    work = tmp_path / "out.partial" / "work"
    work.mkdir(parents=True)
    connection = _connect(work, [tmp_path / "out.partial"], LoadOptions(KEY))
    (work / "x.csv").write_text("c0\n2026-01-05\nnonsense\n", encoding="utf-8")
    scan = f"read_csv('{work}/x.csv', header=true, columns={{'c0': 'VARCHAR'}}, auto_detect=false, delim=',', store_rejects=true)"
    assert connection.execute(f"SELECT TRY_CAST(c0 AS DATE) FROM {scan}").fetchall() == [(dt.date(2026, 1, 5),), (None,)]


# Real claims


@pytest.mark.skipif(not CLAIMS.exists(), reason="the real claims are not here")
@pytest.mark.parametrize(
    ("kind", "name", "rows"),
    [
        ("medical", "tuva_medical_claim.csv", 6067),
        ("medical", "tuva_medical_claim_upper.csv", 6075),
        ("pharmacy", "tuva_pharmacy_claim.csv", 12019),
        ("eligibility", "tuva_eligibility.csv", 2309),
    ],
)
def test_every_row_of_the_real_files_is_accounted_for(tmp_path, kind, name, rows):
    loaded = load_files(tmp_path, [SourceFile(kind, CLAIMS / name, name)])
    counts = loaded.result.kinds[kind]
    assert counts.rows_read == rows
    assert len(loaded.rejects()) == rows - counts.accepted
    assert (counts.rejected == 5) == (name == "tuva_medical_claim_upper.csv")  # five negative lines without a row to reverse
    assert "EXTRA_COLUMN" not in counts.flags


@pytest.mark.skipif(not CLAIMS.exists(), reason="the real claims are not here")
def test_a_real_file_of_another_layout_names_what_it_lacks(tmp_path):
    with pytest.raises(RefusedFile) as caught:
        load_files(tmp_path, [SourceFile(MEDICAL, CLAIMS / "infusion_sample_claims.csv", "sample.csv")])
    assert caught.value.rule in ("UNKNOWN_NAMES", "MISSING_COLUMN") and "claim_line_number" in caught.value.sentence
