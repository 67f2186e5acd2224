"""Reading one file: what it is, how it is separated, which columns it has, and that no record is lost or invented."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine.columns import KINDS
from demand.engine.extract import Limits, RefusedFile, SourceFile, read_file
from demand.engine.survey import survey
from tests.demand import builders
from tests.demand.builders import eligibility, medical, pharmacy, rows_of, write_rows

HEADER = "claim_id,claim_line_number,person_id,claim_start_date,hcpcs_code,payer"


def stage(folder: Path, content: bytes | str, name: str = "claims.csv", kind: str = "medical", limits: Limits | None = None):
    """Stage a file of this content; returns (staged, its rows)."""
    work = folder / f"work{len(list(folder.iterdir()))}"
    work.mkdir()
    path = folder / f"upload{len(list(folder.iterdir()))}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    connection = duckdb.connect()
    staged = read_file(SourceFile(kind, path, name), 0, work, connection, limits or Limits())
    try:
        rows = rows_of(staged.relation, connection)
    except duckdb.InvalidInputException:
        rows = []
    if len(rows) != staged.records:  # as a load does: DuckDB's count is held against the bytes' own
        staged = staged.fallback()
        rows = rows_of(staged.relation, connection)
    assert len(rows) == staged.records
    return staged, rows


def refused(folder: Path, content: bytes | str, name: str = "claims.csv", **more) -> RefusedFile:
    with pytest.raises(RefusedFile) as caught:
        stage(folder, content, name, **more)
    sentence = caught.value.sentence
    assert name.rsplit("/", 1)[-1] in sentence or "the file" in sentence
    assert sentence.endswith(".")
    return caught.value


def text_of(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


# Header and dialect


def test_columns_are_matched_by_name_in_any_order_and_letter_case(tmp_path):
    _, (row,) = stage(
        tmp_path, "PAYER, Hcpcs_Code ,claim_start_date,PATIENT_ID,Claim_Line_Number,claim_id\nAcme,J1745,2026-01-05,P1,1,C1\n"
    )
    assert (row["claim_id"], row["person_id"], row["payer"], row["hcpcs_code"]) == ("C1", "P1", "Acme", "J1745")


def test_person_id_wins_over_patient_id(tmp_path):
    staged, (row,) = stage(
        tmp_path, "patient_id,claim_id,claim_line_number,person_id,claim_start_date,hcpcs_code\nwrong,C1,1,right,2026-01-05,J1745\n"
    )
    assert row["person_id"] == "right"
    assert staged.extra == ("patient_id",)


@pytest.mark.parametrize(("delimiter", "said"), [(",", "comma"), ("\t", "tab"), (";", "semicolon"), ("|", "pipe")])
def test_the_delimiter_is_found_in_the_header_and_said(tmp_path, delimiter, said):
    staged, (row,) = stage(tmp_path, text_of([medical(payer="a;b|c,d\te")], delimiter))
    assert staged.delimiter == said
    assert row["payer"] == "a;b|c,d\te"


def test_all_missing_columns_are_named_at_once(tmp_path):
    found = refused(tmp_path, "claim_id,payer,hcpcs_code\nC1,Acme,J1745\n")
    assert found.rule == "MISSING_COLUMN"
    assert all(name in found.sentence for name in ("claim_line_number", "person_id (or patient_id)", "claim_start_date"))
    assert "hcpcs_code," not in found.sentence


def test_a_near_miss_is_suggested(tmp_path):
    found = refused(tmp_path, HEADER.replace("claim_id", "claimid") + "\nC1,1,P1,2026-01-05,J1745,Acme\n")
    assert "'claimid' may be claim_id" in found.sentence


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        ([pharmacy()], "medical", "pharmacy claims"),
        ([eligibility()], "medical", "eligibility"),
        ([medical()], "pharmacy", "medical claims"),
        ([medical()], "eligibility", "medical claims"),
    ],
)
def test_a_file_of_another_kind_is_recognised(tmp_path, rows, kind, said):
    found = refused(tmp_path, text_of(rows), kind=kind)
    assert found.rule == "WRONG_KIND"
    assert f"looks like a file of {said}" in found.sentence and f"choose it under {said}" in found.sentence


def test_a_first_line_of_data_is_no_header_and_is_not_quoted(tmp_path):
    found = refused(tmp_path, "C1,1,PHISENT-7,PHISENT-7,2026-01-05,2026-01-05,J1745,Acme\n")
    assert found.rule == "NO_HEADER" and "PHISENT" not in found.sentence


def test_characters_that_nobody_sees_do_not_hide_a_column(tmp_path):
    _, (row,) = stage(tmp_path, HEADER.replace("claim_id", "\u200bclaim_id\u00a0") + "\nC1,1,P1,2026-01-05,J1745,Acme\n")
    assert row["claim_id"] == "C1"


def test_duplicate_names_are_refused_whatever_their_case(tmp_path):
    found = refused(tmp_path, HEADER + ",PAYER \nC1,1,P1,2026-01-05,J1745,Acme,Acme\n")
    assert found.rule == "DUPLICATE_COLUMN" and "payer" in found.sentence


def test_unknown_columns_are_ignored_and_listed(tmp_path):
    staged, (row,) = stage(tmp_path, HEADER + ",notes,ssn\nC1,1,P1,2026-01-05,J1745,Acme,hello,078-05-1120\n")
    assert staged.extra == ("notes", "ssn")
    assert "078-05-1120" not in str(row)


def test_tuva_columns_left_out_on_purpose_are_no_warning(tmp_path):
    staged, _ = stage(tmp_path, HEADER + ",member_id,ms_drg_code\nC1,1,P1,2026-01-05,J1745,Acme,M1,\n")
    assert staged.extra == ()


@pytest.mark.parametrize("text", ["", "\n\n\r\n", "\ufeff\n"])
def test_nothing_is_not_a_file(tmp_path, text):
    assert refused(tmp_path, text).rule == "EMPTY"


def test_a_header_alone_is_not_a_success(tmp_path):
    assert refused(tmp_path, HEADER + "\n").rule == "NO_ROWS"


def test_limits_are_kept(tmp_path):
    wide = HEADER + "".join(f",x{number}" for number in range(500))
    assert refused(tmp_path, wide + "\n" + "," * 505 + "\n").rule == "TOO_MANY_COLUMNS"
    assert refused(tmp_path, HEADER + "," + "x" * 64_001 + "\n").rule == "HEADER_TOO_LONG"
    long_line = HEADER + "\nC1,1,P1,2026-01-05,J1745," + "x" * 6_000_001 + "\n"
    assert refused(tmp_path, long_line).rule == "LINE_TOO_LONG"
    staged, rows = stage(
        tmp_path, HEADER + "\nC1,1,P1,2026-01-05,J1745," + "x" * 10_001 + "\nC2,1,P1,2026-01-05,J1745," + "y" * 10_000 + "\n"
    )
    assert [(reject.rule, reject.row_number, reject.column) for reject in staged.rejects] == [("FIELD_TOO_LONG", 2, "payer")]
    assert [len(row["payer"]) for row in rows] == [10_000]


# Structure


def test_physical_lines_are_kept_where_records_and_lines_part(tmp_path):
    text = HEADER + '\n\nC1,1,P1,2026-01-05,J1745,"two\nlines"\n\nC2,1,P1,2026-01-05,J1745\nC3,1,P1,2026-01-05,J1745,Acme\n'
    staged, rows = stage(tmp_path, text)
    assert [(row["claim_id"], row["physical_line"], row["payer"]) for row in rows] == [("C1", 3, "two\nlines"), ("C3", 7, "Acme")]
    assert [(reject.rule, reject.row_number, reject.claim_id) for reject in staged.rejects] == [("RAGGED", 6, "C2")]
    assert (staged.blank_lines, staged.rows_read) == (2, 3)


def test_an_export_that_is_broken_throughout_is_refused_before_its_rows_fill_the_memory(tmp_path):
    rows = "".join(f"C{number},1,P1,2026-01-05,J1745\n" for number in range(60))
    found = refused(tmp_path, f"{HEADER}\n\n{rows}", limits=Limits(max_broken_rows=50))
    assert found.rule == "TOO_MANY_BROKEN RAGGED" and "line 3" in found.sentence


def test_rows_of_nothing_but_spaces_are_blank_lines(tmp_path):
    staged, rows = stage(tmp_path, HEADER + "\nC1,1,P1,2026-01-05,J1745,Acme\n   \nC2,1,P1,2026-01-05,J1745,Acme\n")
    assert [row["physical_line"] for row in rows] == [2, 4] and staged.blank_lines == 1


def test_blank_lines_before_the_header_are_passed_over(tmp_path):
    staged, rows = stage(tmp_path, "\n\n" + HEADER + "\nC1,1,P1,2026-01-05,J1745,Acme\n")
    assert [row["physical_line"] for row in rows] == [4]
    assert staged.rejects == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(tmp_path, newline):
    lines = [HEADER, "C1,1,P1,2026-01-05,J1745,Acme", "C2,1,P1,2026-01-05,J1745,Acme"]
    for text in (newline.join(lines), newline.join(lines) + newline):
        _, rows = stage(tmp_path, text)
        assert [row["claim_id"] for row in rows] == ["C1", "C2"]
        assert [row["payer"] for row in rows] == ["Acme", "Acme"]


@pytest.mark.parametrize("cell", ['"Acme" Health', r'"Acme \"Best\" Health"'])
def test_text_after_a_closing_quote_is_a_reject(tmp_path, cell):
    staged, rows = stage(tmp_path, f"{HEADER}\nC1,1,P1,2026-01-05,J1745,{cell}\nC2,1,P1,2026-01-05,J1745,Acme\n")
    assert [row["claim_id"] for row in rows] == ["C2"]
    assert [(reject.rule, reject.row_number) for reject in staged.rejects] == [("TEXT_AFTER_QUOTE", 2)]


def test_quotes_inside_an_unquoted_cell_are_letters(tmp_path):
    _, rows = stage(tmp_path, f'{HEADER}\nC1,1,P1,2026-01-05,J1745,5" line\nC2,1,P1,2026-01-05,J1745,4" x 2" pad\n')
    assert [row["payer"] for row in rows] == ['5" line', '4" x 2" pad']


@pytest.mark.parametrize("later", ["", 'C9,1,P1,2026-01-05,J1745,"Acme"\n', 'C9,1,P1,2026-01-05,J1745,the "Acme\n'])
def test_an_unclosed_quote_swallows_no_rows(tmp_path, later):
    rows = "".join(f"C{number},1,P1,2026-01-05,J1745,Acme\n" for number in range(5))
    found = refused(tmp_path, f'{HEADER}\nC1,1,P1,2026-01-05,J1745,"Acme\n{rows}{later}')
    assert found.rule == "UNCLOSED_QUOTE" and "line 2" in found.sentence


def test_a_control_character_rejects_its_row(tmp_path):
    staged, rows = stage(tmp_path, HEADER + "\n\x1aC1,1,P1,2026-01-05,J1745,Acme\nC2,1,P1,2026-01-05,J1745,Acme\n")
    assert [row["claim_id"] for row in rows] == ["C2"]
    assert [(reject.rule, reject.column, reject.row_number) for reject in staged.rejects] == [("CONTROL_CHAR", "claim_id", 2)]


def test_blanks_are_trimmed_from_codes_and_kept_in_names(tmp_path):
    _, (row,) = stage(tmp_path, HEADER + '\n C1 ,1," P1",2026-01-05,\tJ1745, Acme  Health \n')
    assert (row["claim_id"], row["person_id"], row["hcpcs_code"], row["payer"]) == ("C1", "P1", "J1745", " Acme  Health ")


def test_words_for_missing_are_words(tmp_path):
    _, rows = stage(tmp_path, HEADER + "\nNA,1,null,2026-01-05,None,nan\n")
    assert [(row["claim_id"], row["person_id"], row["hcpcs_code"], row["payer"]) for row in rows] == [("NA", "null", "None", "nan")]


# Encoding


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    for extra in ("", "\n"):
        _, rows = stage(tmp_path, ("\ufeff" + HEADER + "\nC1,1,P1,2026-01-05,J1745,Acme\n" + extra).encode())
        assert rows[0]["claim_id"] == "C1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_another_encoding_is_refused_with_the_remedy(tmp_path, encoding):
    text = HEADER + "\n" + "C1,1,P1,2026-01-05,J1745,Clínica Peñón\n" * 9
    found = refused(tmp_path, text.encode(encoding))
    assert found.rule == "ENCODING" and "UTF-8" in found.sentence


@pytest.mark.parametrize("at", [0, 70_000, (1 << 22) - 1, (1 << 22) + 5])
def test_one_bad_byte_anywhere_refuses_the_whole_file(tmp_path, at):
    row = b"C1,1,P1,2026-01-05,J1745,Acme\n"
    content = HEADER.encode() + b"\n" + row * ((at // len(row)) + 2) + b"C2,1,P1,2026-01-05,J1745,Acm\xe9\n" + row * 3
    bad = content.index(b"\xe9")
    found = refused(tmp_path, content)
    assert found.rule == "ENCODING" and f"byte {bad:,}" in found.sentence


def test_a_nul_byte_far_inside_is_found(tmp_path):
    row = b"C1,1,P1,2026-01-05,J1745,Acme\n"
    found = refused(tmp_path, HEADER.encode() + b"\n" + row * 9000 + b"C2,1,P\x001,2026-01-05,J1745,Acme\n")
    assert found.rule == "NUL_BYTE" and "line 9,002" in found.sentence


# What a file is


def named(value: object) -> str:
    """Names of cases from their words; bytes differ from run to run (an archive holds the time)."""
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "claims.csv", "PDF"),
        (b"MZ\x90\x00\x03\x00\x00\x00" + bytes(100), "claims.csv", "program"),
        (b'[{"claim_id": 1}]', "claims.csv", "JSON"),
        (b"<!DOCTYPE html><html></html>", "claims.csv", "web page"),
        (b"PAR1garbage!PAR1", "claims.csv", "Parquet"),
        (HEADER.encode() + b"\nC1,1,P1,2026-01-05,J1745,Acme\n", "claims.parquet", "Parquet"),
        (HEADER.encode() + b"\nC1,1,P1,2026-01-05,J1745,Acme\n", "claims.csv.gz", "gzip"),
        (HEADER.encode() + b"\nC1,1,P1,2026-01-05,J1745,Acme\n", "claims.csv.php", ".php"),
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "claims.xlsx", "password"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "claims.xls", "old format"),
        (gzip.compress(b"x" * 100, mtime=0), "claims.csv", ".csv.gz"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(20), "claims.csv", "7z"),
    ],
    ids=named,
)
def test_what_is_no_claims_file_is_called_by_its_name(tmp_path, content, name, words):
    assert words in refused(tmp_path, content, name).sentence


def zipped(*members: tuple[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compress) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


ONE_ROW = (HEADER + "\nC1,1,P1,2026-01-05,J1745,Acme\n").encode()


def test_archives_of_one_csv_are_read(tmp_path):
    for content, name in (
        (gzip.compress(ONE_ROW, mtime=0), "claims.csv.gz"),
        (gzip.compress(ONE_ROW[:40], mtime=0) + gzip.compress(ONE_ROW[40:], mtime=0), "parts.csv.gz"),
        (zipped(("claims.csv", ONE_ROW)), "claims.zip"),
        (zipped(("claims.csv", ONE_ROW), ("__MACOSX/._claims.csv", b"\x00\x05")), "from a Mac.zip"),
    ):
        staged, rows = stage(tmp_path, content, name)
        assert [row["claim_id"] for row in rows] == ["C1"]
        assert staged.packed_as in ("gzip", "zip")


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (gzip.compress(ONE_ROW * 999, mtime=0)[:-200], "cut.csv.gz", "ARCHIVE_DAMAGED"),
        (gzip.compress(ONE_ROW, mtime=0)[:-8] + bytes(8), "crc.csv.gz", "ARCHIVE_DAMAGED"),
        (gzip.compress(ONE_ROW, mtime=0) + b"trailing", "more.csv.gz", "ARCHIVE_DAMAGED"),
        (gzip.compress(gzip.compress(ONE_ROW), mtime=0), "twice.csv.gz", "ARCHIVE_CONTENT"),
        (gzip.compress(b"", mtime=0), "nothing.csv.gz", "EMPTY"),
        (gzip.compress(b"a" * (30 << 20), mtime=0), "bomb.csv.gz", "ARCHIVE_TOO_LARGE"),
        (zipped(("a.csv", b"0" * (30 << 20))), "bomb.zip", "ARCHIVE_TOO_LARGE"),
        (zipped(("a.csv", ONE_ROW), ("b.csv", ONE_ROW)), "two.zip", "ARCHIVE_CONTENT"),
        (zipped(), "none.zip", "ARCHIVE_CONTENT"),
        (zipped(("a.zip", zipped(("b.csv", ONE_ROW)))), "nested.zip", "ARCHIVE_CONTENT"),
        (zipped(("../../PWNED.csv", ONE_ROW)), "slip.zip", "ARCHIVE_CONTENT"),
        (zipped(("/PWNED.csv", ONE_ROW)), "absolute.zip", "ARCHIVE_CONTENT"),
        (zipped(("C:\\PWNED.csv", ONE_ROW)), "windows.zip", "ARCHIVE_CONTENT"),
        (zipped(("claims.csv", zipped(("b.csv", ONE_ROW)))), "named csv.zip", "ARCHIVE_CONTENT"),
        (zipped(("xl/workbook.xml", b"<x/>"), ("[Content_Types].xml", b"<x/>")), "claims.xlsx", "ARCHIVE_DAMAGED"),
        (b"PK\x03\x04" + bytes(50), "broken.zip", "ARCHIVE_DAMAGED"),
    ],
    ids=named,
)
def test_bad_archives_are_refused_whole(tmp_path, content, name, rule):
    found = refused(tmp_path, content, name)
    assert found.rule == rule
    assert not list(tmp_path.rglob("*PWNED*")) and not (tmp_path.parent / "PWNED.csv").exists()


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path):
    with pytest.raises(RefusedFile):
        stage(tmp_path, gzip.compress(b"a" * (64 << 20), mtime=0), "bomb.csv.gz")
    unpacked = sum(path.stat().st_size for path in tmp_path.rglob("*.csv"))
    assert unpacked <= 27 << 20  # 400 times the packed size, where 64 MiB were to come


def test_the_unpacked_size_has_a_limit(tmp_path):
    incompressible = HEADER.encode() + b"\n" + os.urandom(2 << 20).hex().encode()
    assert (
        refused(tmp_path, gzip.compress(incompressible, mtime=0), "large.csv.gz", limits=Limits(max_unpacked_bytes=1 << 20)).rule
        == "ARCHIVE_TOO_LARGE"
    )


@pytest.mark.parametrize(
    "name", ["*.csv", "https://evil.example/x.csv", "../../x.csv", "a'; DROP TABLE x; --.csv", "[ab].csv", "CON.csv"]
)
def test_no_file_name_reaches_duckdb(tmp_path, name):
    """Other files lie beside the one that is sent: a pattern as a name must not read them."""
    (tmp_path / "other.csv").write_bytes(ONE_ROW * 3)
    staged, rows = stage(tmp_path, ONE_ROW, name)
    assert len(rows) == 1
    assert name not in staged.relation


# Parquet


def parquet(folder: Path, select: str) -> bytes:
    path = folder / "made.parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def test_parquet_of_any_flat_type_becomes_text(tmp_path):
    content = parquet(
        tmp_path,
        "SELECT 'C1' AS claim_id, 1 AS claim_line_number, 77 AS patient_id, "
        "DATE '2026-01-05' AS claim_start_date, 'J1745' AS HCPCS_CODE, "
        "2.0::DOUBLE AS place_of_service_code, 12.3::DECIMAL(9,2) AS paid_amount, 0.1::DOUBLE AS allowed_amount",
    )
    staged, (row,) = stage(tmp_path, content, "claims.parquet")
    assert (row["person_id"], row["claim_start_date"], row["paid_amount"], row["allowed_amount"]) == (
        "77",
        "2026-01-05",
        "12.30",
        "0.1",
    )
    assert row["place_of_service_code"] == "2" and "place_of_service_code" in staged.notes[0]
    assert row["physical_line"] == 1


def test_nested_and_damaged_parquet_are_refused(tmp_path):
    nested = parquet(
        tmp_path,
        "SELECT 'C1' AS claim_id, 1 AS claim_line_number, 'P' AS person_id, '2026-01-05' AS claim_start_date, ['J'] AS hcpcs_code",
    )
    assert refused(tmp_path, nested, "nested.parquet").rule == "NESTED_COLUMN"
    assert refused(tmp_path, nested[:200] + bytes(40) + nested[240:-9], "cut.parquet").rule == "PARQUET_DAMAGED"
    assert refused(tmp_path, b"PAR1" + bytes(64) + b"PAR1", "garbage.parquet").rule == "PARQUET_DAMAGED"


# The independent count


CELLS = st.text(alphabet='ab,;"\r\n \té', max_size=5)
LINED_CELLS = st.text(alphabet='ab,;"\n \té', max_size=5)  # a lone CR that is not quoted is a line end to every reader


@pytest.mark.parametrize("examples", [25, pytest.param(80, marks=pytest.mark.thorough)])
def test_what_a_csv_writer_writes_is_read_back_cell_by_cell(tmp_path_factory, examples):
    some = given(
        rows=st.one_of(
            st.tuples(st.just(csv.QUOTE_ALL), st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)),
            st.tuples(st.just(csv.QUOTE_MINIMAL), st.lists(st.tuples(LINED_CELLS, LINED_CELLS), min_size=1, max_size=8)),
        ),
        newline=st.sampled_from(["\n", "\r\n"]),
    )
    settings(max_examples=examples, deadline=None)(some(write_and_read_back))(tmp_path_factory)


def write_and_read_back(tmp_path_factory, rows, newline):
    quoting, cells = rows
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=newline, quoting=quoting)
    writer.writerow([*HEADER.split(","), "plan"])
    writer.writerows(["C1", "1", "P1", "2026-01-05", "J1745", *pair] for pair in cells)
    staged, found = stage(tmp_path_factory.mktemp("round"), stream.getvalue())
    assert staged.rejects == []
    expected = [tuple(cell if cell.strip(" \t\r\n") else None for cell in pair) for pair in cells]
    assert [(row["payer"], row["plan"]) for row in found] == expected


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet='ab,"\n', max_size=40))
def test_the_byte_survey_agrees_with_the_csv_module(tmp_path_factory, text):
    """Where quotes stand only around whole cells, both count the same records."""
    cells = [line.replace('"', "") for line in text.split("\n")]
    quoted = "\n".join(f'"{cell}\n{cell}",b' for cell in cells) + "\n"
    path = tmp_path_factory.mktemp("survey") / "x.csv"
    path.write_text(quoted, encoding="utf-8", newline="")
    facts = survey(path, ",")
    assert facts.records == len(list(csv.reader(io.StringIO(quoted, newline=""))))
    assert facts.lines == quoted.count("\n")
    assert facts.quoted_newlines and not facts.unclosed


def test_the_survey_of_a_file_larger_than_a_chunk_is_the_same_as_of_its_parts(tmp_path):
    line = b'C1,"a,""quoted"",cell",J1745\r\n'
    path = tmp_path / "long.csv"
    path.write_bytes(line * 400_000)
    facts = survey(path, ",")
    assert (facts.lines, facts.records, facts.newline, facts.quotes) == (400_000, 400_000, "\r\n", 6 * 400_000)
    assert not facts.edge_blanks and not facts.unclosed and not facts.quoted_newlines and facts.blank_lines == 0


@pytest.mark.parametrize(
    ("text", "found"), [("a b,c\n", False), ("a ,b\n", True), ("a, b\n", True), (" a,b\n", True), ("a,b \n", True), ("a,b ", True)]
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_blanks_beside_edges_are_seen_wherever_a_chunk_ends(tmp_path, monkeypatch, text, found, chunk):
    """A blank inside a name must not cost a large file its fast path, and one at an edge must not be missed."""
    monkeypatch.setattr("demand.engine.survey.CHUNK", chunk)
    path = tmp_path / "x.csv"
    path.write_text("h,i\n" + text, encoding="utf-8", newline="")
    facts = survey(path, ",")
    assert facts.edge_blanks is found
    assert (facts.lines, facts.records, facts.blank_lines, facts.longest_line) == (2, 2, 0, max(3, len(text.rstrip("\n"))))


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet='ab," \n\r\t\x00é', min_size=1, max_size=30), chunk=st.integers(1, 7))
def test_the_survey_does_not_depend_on_where_chunks_end(tmp_path_factory, text, chunk):
    path = tmp_path_factory.mktemp("chunks") / "x.csv"
    path.write_text(text, encoding="utf-8", newline="")
    whole = survey(path, ",")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("demand.engine.survey.CHUNK", chunk)
        parts = survey(path, ",")
    assert replace(parts, samples=()) == replace(whole, samples=())


def test_the_fast_and_the_slow_path_read_the_same(tmp_path):
    rows = [medical(claim_id=f"C{number}", payer='The "Best", Inc.' if number % 3 else "Plain") for number in range(50)]
    fast, found = stage(tmp_path, text_of(rows))
    assert fast.fallback is not None
    slow = fast.fallback()
    found_slowly = rows_of(slow.relation)
    assert [{**row, "physical_line": number + 2} for number, row in enumerate(found)] == found_slowly


def test_every_kind_names_its_needed_columns_among_those_it_reads():
    for kind in KINDS.values():
        assert set(kind.needed) <= set(kind.columns) and set(kind.row_needed) <= set(kind.needed)


def test_real_files_are_read_to_the_last_row(tmp_path):
    folder = builders.SHARED / "data" / "claims"
    if not folder.exists():
        pytest.skip("the real claims are not here")
    for name, kind, rows in (("tuva_medical_claim.csv", "medical", 6067), ("tuva_pharmacy_claim.csv", "pharmacy", 12019)):
        staged, found = stage(tmp_path, (folder / name).read_bytes(), name, kind)
        assert staged.rows_read == len(found) == rows


def test_writing_rows_for_tests_is_plain(tmp_path):
    path = write_rows(tmp_path / "x.csv", [medical(claim_id="C7")])
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith("C7,1,professional,P1,")
