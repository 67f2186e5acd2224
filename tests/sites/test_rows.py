"""A file becomes rows and rejections that add up to its records, or it is refused in a sentence that says what to do."""

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sites.engine import cells
from sites.engine.rows import Column, Finding, Layout, csv_records, open_records, read_table, typed_table
from sites.engine.text_file import RefusedTable

LAYOUT = Layout(
    columns=(
        Column("name", cells.text(20), needed=True),
        Column("chairs", cells.whole(0, 100)),
        Column("person", cells.text(50), private=True),
    ),
    key=("name",),
    check=lambda values: [Finding("chairs", "odd", "must not be thirteen")] if values["chairs"] == 13 else [],
)


def table_of(text, layout=LAYOUT):
    header, records = open_records(text, "chairs.csv")
    return typed_table("chairs.csv", header, records, layout)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=8), st.text("0123456789x-", max_size=3), st.text(max_size=5)), max_size=12))
def test_every_record_is_a_row_or_a_rejection(records):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["name", "chairs", "person"])
    records = [tuple(cell.replace("\0", "") for cell in record) for record in records]
    writer.writerows(records)
    there = [record for record in records if any(cell.strip() for cell in record)]
    if not there:
        with pytest.raises(RefusedTable, match="a header and no rows"):
            table_of(stream.getvalue())
        return
    table = table_of(stream.getvalue())
    assert len(table.rows) + len(table.rejected) == len(there)
    assert len({row.values["name"] for row in table.rows}) == len(table.rows)


def test_a_rejection_names_line_column_value_and_rule():
    table = table_of("name,chairs,person\nNorth,ten,\n")
    (problem,) = table.rejected
    assert (problem.line, problem.column, problem.value, problem.rule) == (2, "chairs", "ten", "whole_number")
    assert problem.sentence() == "line 2, chairs “ten”: must be a whole number from 0 to 100 (whole_number)"


def test_lines_are_physical_also_after_a_cell_of_several_lines():
    table = table_of('name,chairs,person\n"North\nand\nWest",3,\n\nSouth,x,\n')
    assert [row.line for row in table.rows] == [2]
    assert [problem.line for problem in table.rejected] == [6]


def test_the_value_of_a_private_column_is_never_repeated():
    table = table_of("name,chairs,person\nNorth,3," + "PHISENT" * 10 + "\n")
    assert table.rejected[0].column == "person"
    assert "PHISENT" not in table.rejected[0].sentence() + repr(table.rejected)


def test_a_file_without_its_header_is_refused_and_its_first_person_not_repeated():
    with pytest.raises(RefusedTable) as refusal:
        table_of("PHISENT,PHISENT,x\n")
    assert "PHISENT" not in str(refusal.value)
    assert "has no column name" in str(refusal.value)


def test_checks_across_cells_reject_and_repeated_keys_point_to_the_first():
    table = table_of("name,chairs,person\nNorth,13,\nSouth,1,\nSouth,2,\n")
    assert [problem.rule for problem in table.rejected] == ["odd", "repeated"]
    assert "repeats line 3" in table.rejected[1].message


def test_header_in_any_letter_case_and_order_and_unused_columns_are_said():
    table = table_of("Chairs, NAME ,color\n4,North,red\n")
    assert table.rows[0].values == {"name": "North", "chairs": 4, "person": None}
    assert table.unused == ("color",)


def test_a_record_with_a_cell_too_many_is_rejected_not_shifted():
    table = table_of("name,chairs\nNorth, West,4\nSouth,4\n")
    assert [problem.rule for problem in table.rejected] == ["cells"]
    assert [row.values["name"] for row in table.rows] == ["South"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "bad.csv is empty"),
        (b"\n\n  \n", "bad.csv is empty"),
        (b"PK\x03\x04rest", "is a workbook or ZIP, not text; open it and save it as CSV UTF-8"),
        (b"%PDF-1.7 rest", "is a PDF; ask for the data as CSV"),
        (b"name,chairs\nNo\0rth,1\n", "is not plain text"),
        (b"name,chairs\nZ\xfcrich,1\n", "is not in UTF-8"),
        (b"chairs\n1\n", "has no column name; it needs name"),
        (b"name,Name\na,b\n", "has the column name twice"),
        (b"name,chairs\n", "has a header and no rows"),
        (b'name,chairs\n"North,1\nSouth,2\n', "record from line 2: a quotation mark is not closed"),
        (gzip.compress(b"name,chairs\nNorth,1\n", mtime=0)[:-9], "gzip file cut off in the middle"),
        (b"\x1f\x8bnonsense", "is a damaged gzip file"),
    ],
)
def test_files_that_are_no_such_table_are_refused(tmp_path, data, sentence):
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    layout = Layout(columns=LAYOUT.columns[:2])
    with pytest.raises(RefusedTable) as refusal:
        read_table(path, layout)
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith("bad.csv")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(RefusedTable, match=r"none\.csv cannot be read .*check the path"):
        read_table(tmp_path / "none.csv", LAYOUT)
    with pytest.raises(RefusedTable, match="is a folder"):
        read_table(tmp_path, LAYOUT)


def test_gzip_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "chairs.csv.gz"
    path.write_bytes(gzip.compress("﻿name,chairs\nNorth,1\n".encode()))
    assert read_table(path, LAYOUT).rows[0].values["name"] == "North"


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sites.engine.text_file.MOST_BYTES", 1_000_000)
    path = tmp_path / "bomb.csv"
    path.write_bytes(gzip.compress(b"a" * 3_000_000))
    with pytest.raises(RefusedTable, match="unpacks to more than 1 MB"):
        read_table(path, LAYOUT)


def test_blank_records_are_passed_over():
    assert [line for line, _ in csv_records("a,b\n\n , \n1,2\n", "x.csv")] == [1, 4]
