"""Other layouts: what a mapping makes of a file, what is suggested, how workbooks and encodings are read."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine import lines
from demand.engine.columns import KINDS
from demand.engine.extract import RefusedFile, SourceFile, UnknownLayout
from demand.engine.layout import Layout
from demand.engine.mapping import DATE_FORMS, Mapping, MappingError, ReadAs, Rule, as_text, from_text
from demand.engine.preview import preview
from demand.engine.suggest import date_form, suggest, translations
from tests.demand.builders import SHARED, rows_of
from tests.demand.workbooks import Error, Raw, workbook

KEY = b"k" * 32
OPTIONS = lines.LoadOptions(pseudonym_key=KEY, name="layouts", received_on=dt.date(2026, 11, 1))
SAMPLE = SHARED / "data/claims/infusion_sample_claims.csv"
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the sample claims are not here")

HEADER = ["ClaimNo", "Patient", "DOS", "Code", "Paid", "Plan", "POS"]
ROWS = [
    ["C1", "P1", "03/01/2026", "J1745", "$1,200.50", "AETNA ", "O"],
    ["C1", "P1", "03/01/2026", "96413", "(20.00)", "Aetna", "F"],
    ["C2", "P2", "13/01/2026", "J1745", "10", "Blue", "12"],
]
RULES = {
    "claim_id": Rule(sources=("ClaimNo",)),
    "claim_line_number": Rule(built="line_number"),
    "person_id": Rule(sources=("Patient",)),
    "claim_start_date": Rule(sources=("DOS",), date_form="MM/DD/YYYY"),
    "hcpcs_code": Rule(sources=("Code",)),
    "paid_amount": Rule(sources=("Paid",), number_form="$1,234.50 or (1,234.50)"),
    "payer": Rule(sources=("Plan",), values=(("AETNA", "Aetna"),)),
    "place_of_service_code": Rule(sources=("POS",), values=(("O", "11"), ("F", "22"))),
    "claim_type": Rule(constant="professional"),
}


def text(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def mapping(**changes: object) -> Mapping:
    told = {"kind": "medical", "header": tuple(HEADER), "rules": RULES, "name": "Theirs", "version": 1} | changes
    return from_text(as_text(Mapping(**told)))


def put(folder: Path, content: str | bytes, name: str = "their claims.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(
    folder: Path, path: Path, how: Mapping | None, kind: str = "medical", **more: object
) -> tuple[list[dict], lines.LoadResult]:
    """(typed rows in order, rejected ones too; the result)."""
    out = folder / "extract"
    result = lines.load_extract([SourceFile(kind, path, path.name, how, **more)], [], out, OPTIONS)
    return rows_of(f"FROM read_parquet('{out}/{kind}-0000.parquet')"), result


def test_a_layout_that_somebody_described(tmp_path):
    rows, result = load(tmp_path, put(tmp_path, text([HEADER, *ROWS])), mapping())
    assert [(row["claim_id"], row["service_date"], row["reject"]) for row in rows] == [
        ("C1", dt.date(2026, 3, 1), None),
        ("C1", dt.date(2026, 3, 1), None),
        ("C2", None, "BAD_DATE claim_start_date"),
    ]
    assert rows[0]["claim_line_number"] != rows[1]["claim_line_number"]
    assert [row["paid_cents"] for row in rows] == [120_050, -2_000, 1_000]
    assert [(row["payer"], row["place_of_service_code"], row["claim_type"]) for row in rows] == [
        ("Aetna", "11", "professional"), ("Aetna", "22", "professional"), ("Blue", "12", "professional"),
    ]  # fmt: skip
    assert [row["physical_line"] for row in rows] == [2, 3, 4]
    (facts,) = result.quality["loaded_files"]
    assert facts["notes"] == ["Read through the mapping “Theirs”, version 1."] and facts["mapping"]["version"] == 1


def test_the_same_lines_in_another_order_get_the_same_numbers(tmp_path):
    one, _ = load(tmp_path, put(tmp_path, text([HEADER, *ROWS])), mapping())
    other, _ = load(tmp_path, put(tmp_path, text([HEADER, *reversed(ROWS)])), mapping())
    key = lambda row: (row["claim_id"], row["claim_line_number"], row["hcpcs_code"])  # noqa: E731
    assert sorted(map(key, one)) == sorted(map(key, other))


def test_equal_rows_of_a_layout_without_line_numbers_are_one_line(tmp_path):
    _, result = load(tmp_path, put(tmp_path, text([HEADER, ROWS[0], ROWS[0]])), mapping())
    assert (result.kinds["medical"].accepted, result.kinds["medical"].duplicate) == (1, 1)


def test_a_line_keeps_its_number_in_other_files_and_when_it_is_restated(tmp_path):
    header = [*HEADER, "PaidOn"]
    how = mapping(header=tuple(header), rules=RULES | {"paid_date": Rule(sources=("PaidOn",))})
    first = [[*ROWS[0], "2026-04-01"], [*ROWS[0][:4], "5.00", *ROWS[0][5:], "2026-04-01"]]  # alike but for the money: two lines
    restated = [*ROWS[0][:4], "7.00", *ROWS[0][5:], "2026-05-01"]
    one, result = load(tmp_path, put(tmp_path, text([header, *first, restated])), how)
    assert len({row["claim_line_number"] for row in one}) == 2
    assert (result.kinds["medical"].accepted, result.kinds["medical"].superseded) == (2, 1)
    parts = [
        put(tmp_path, text([header, row]), f"part{n}.csv")
        for n, row in enumerate([[*ROWS[0], ""], [*ROWS[1][:4], "20", *ROWS[1][5:], ""]])
    ]
    both = lines.load_extract([lines.SourceFile("medical", path, path.name, how) for path in parts], [], tmp_path / "both", OPTIONS)
    assert (both.kinds["medical"].accepted, both.kinds["medical"].superseded) == (2, 0)


def test_two_saved_mappings_of_one_header_are_chosen_by_a_person(tmp_path):
    path = put(tmp_path, text([HEADER, *ROWS]))
    with pytest.raises(UnknownLayout) as unknown:
        load(tmp_path, path, None, saved=(mapping(name="Payer A"), mapping(name="Payer B")))
    assert unknown.value.rule == "SEVERAL_MAPPINGS" and "“Payer A” and “Payer B”" in unknown.value.sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_no_first_line_of_data_becomes_names_through_a_mapping_or_on_its_page(tmp_path, encoding):
    path = put(tmp_path, text([["phisent1", "Müller", "2026-01-01", "J1745", "10", "aetna", "O"]] * 2).encode(encoding))
    for how in (mapping(read_as=ReadAs(encoding=encoding)), None):
        with pytest.raises(RefusedFile) as refused:
            if how:
                load(tmp_path, path, how)
            else:
                lines.look_at(
                    SourceFile("medical", path, path.name), tmp_path / "look", OPTIONS, ReadAs(), lambda stage, share: None
                )
        assert refused.value.rule == "NO_HEADER" and "phisent1" not in refused.value.sentence


def test_rows_with_line_ends_blank_lines_and_ragged_ones_keep_their_lines(tmp_path):
    content = text([HEADER, ["C1", "P1", "03/01/2026", "J1745", "1", "two\nlines", "O"]]) + "\nC2,P2\n" + text([ROWS[1]])
    rows, result = load(tmp_path, put(tmp_path, content), mapping())
    assert [(row["physical_line"], row["payer"]) for row in rows] == [(2, "two\nlines"), (6, "Aetna")]
    assert (result.kinds["medical"].rows_read, result.kinds["medical"].rejected) == (3, 2)  # ragged, and a negative row alone


def test_a_date_from_three_columns(tmp_path):
    header = ["ClaimNo", "Patient", "Y", "M", "D", "Code"]
    rules = {name: RULES[name] for name in ("claim_id", "claim_line_number", "person_id", "hcpcs_code")}
    rules["claim_start_date"] = Rule(sources=("Y", "M", "D"), joined_by="/", date_form="YYYY/MM/DD")
    how = mapping(header=tuple(header), rules=rules)
    rows, _ = load(tmp_path, put(tmp_path, text([header, ["C1", "P1", "2026", "3", "9", "J1745"]])), how)
    assert rows[0]["service_date"] == dt.date(2026, 3, 9)


def test_a_row_that_holds_several_lines(tmp_path):
    header = ["CLM", "WHO", "DAY", *(f"HCPCS_CD_{n}" for n in range(1, 4)), *(f"AMT_{n}" for n in range(1, 4)), "TOTAL"]
    rules = {
        "claim_id": Rule(sources=("CLM",)), "claim_line_number": Rule(built="repeat_number"), "person_id": Rule(sources=("WHO",)),
        "claim_start_date": Rule(sources=("DAY",), date_form="YYYYMMDD"), "hcpcs_code": Rule(sources=("HCPCS_CD_{n}",)),
        "allowed_amount": Rule(sources=("AMT_{n}",)), "paid_amount": Rule(sources=("TOTAL",)),
    }  # fmt: skip
    how = mapping(header=tuple(header), rules=rules, repeat=3)
    wide = [
        ["1", "P1", "20260301", "J1745", "", "96413", "5.00", "0.00", "7.00", "10.01"],
        ["2", "P2", "20260302", "", "", "", "0.00", "0.00", "0.00", "-3.00"],
        ["3", "P3", "20260303", "J1745", "96413", "96415", "", "", "", "-0.02"],
        ["3", "P3", "20260303", "", "", "", "", "55.00", "", ""],  # a second row of the claim: money without a code is kept
    ]
    rows, result = load(tmp_path, put(tmp_path, text([header, *wide])), how)
    assert [(row["claim_id"], row["claim_line_number"], row["hcpcs_code"], row["allowed_cents"], row["paid_cents"]) for row in rows] == [
        ("1", 1, "J1745", 500, 501), ("1", 3, "96413", 700, 500),
        ("2", 1, None, 0, -300),
        ("3", 1, "J1745", None, -1), ("3", 2, "96413", None, -1), ("3", 3, "96415", None, 0),
        ("3", 5, None, 5500, None),
    ]  # fmt: skip
    assert [row["physical_line"] for row in rows] == [201, 203, 301, 401, 402, 403, 502]
    assert result.kinds["medical"].rows_read == 7
    assert "4 rows became 7 lines: a row holds up to 3 of them." in result.quality["loaded_files"][0]["notes"]


def test_a_saved_mapping_is_used_when_its_header_returns_and_never_when_it_changed(tmp_path):
    again = [["POS", "Plan", "Paid", "Code", "DOS", "Patient", "ClaimNo"], list(reversed(ROWS[0]))]
    rows, _ = load(tmp_path, put(tmp_path, text(again)), None, saved=(mapping(),))
    assert rows[0]["claim_id"] == "C1"
    more = [[*HEADER, "Added"], [*ROWS[0], "x"]]
    with pytest.raises(UnknownLayout) as unknown:
        load(tmp_path, put(tmp_path, text(more)), None, saved=(mapping(),))
    assert unknown.value.rule == "MISSING_COLUMN" and not (tmp_path / "extract.partial").exists()
    with pytest.raises(UnknownLayout) as unknown:
        load(tmp_path, put(tmp_path, text(more)), mapping())
    assert unknown.value.rule == "HEADER_CHANGED" and "added is new" in unknown.value.sentence


def test_a_first_line_of_data_is_refused_and_never_shown_as_names(tmp_path):
    with pytest.raises(RefusedFile) as refused:
        load(tmp_path, put(tmp_path, text([["C1", "Smith", "2026-01-01", "J1745"]] * 3)), None)
    assert not isinstance(refused.value, UnknownLayout)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "cp037"])
def test_another_encoding_is_read_when_somebody_says_so(tmp_path, encoding):
    path = put(tmp_path, text([HEADER, [*ROWS[0][:5], "Clínica", "O"]]).encode(encoding))
    rows, result = load(tmp_path, path, mapping(read_as=ReadAs(encoding=encoding)))
    assert rows[0]["payer"] == "Clínica"
    assert any("encoding" in note for note in result.quality["loaded_files"][0]["notes"])
    looked = lines.look_at(SourceFile("medical", path, path.name), tmp_path / "look", OPTIONS, ReadAs(), lambda stage, share: None)
    assert looked.read_as.encoding == encoding and looked.names == tuple(HEADER) and not (tmp_path / "look/work").exists()


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_any_common_delimiter(tmp_path, delimiter):
    path = put(tmp_path, text([HEADER, *ROWS], delimiter))
    rows, _ = load(tmp_path, path, mapping())
    assert rows[0]["paid_cents"] == 120_050


# Workbooks


def test_a_workbook_is_read_as_it_shows(tmp_path):
    cells = [
        HEADER,
        ["C1", 12345, dt.date(2026, 3, 1), "J1745", 1200.5, "Aetna", 11],
        ["C1", 12345, dt.date(2026, 3, 1), "96413", Error("#REF!"), "Aetna", "O"],
        [],
        ["C2", 12345, dt.date(2026, 3, 2), "96413", 0.1 + 0.2, "Aetna", "O"],
    ]
    path = workbook(tmp_path / "claims.xlsx", cells, hidden=(5,), first_row=3)
    how = mapping(rules=RULES | {"claim_start_date": Rule(sources=("DOS",))})
    rows, result = load(tmp_path, path, how)
    assert [(row["physical_line"], row["paid_cents"], row["reject"]) for row in rows] == [
        (4, 120_050, None), (5, None, "BAD_NUMBER paid_amount"), (7, 30, None),
    ]  # fmt: skip
    assert rows[1]["reject_value"] == "#REF!" and rows[0]["place_of_service_code"] == "11"
    assert result.kinds["medical"].flags["HIDDEN_ROWS"] == 1
    assert result.quality["loaded_files"][0]["blank_lines"] == 1


def test_what_a_workbook_may_not_be(tmp_path):
    def refusal(path: Path) -> RefusedFile:
        with pytest.raises(RefusedFile) as refused:
            load(tmp_path, path, mapping())
        return refused.value

    two = refusal(workbook(tmp_path / "two.xlsx", [HEADER, *ROWS], [HEADER]))
    assert two.rule == "SHEET" and isinstance(two, UnknownLayout)
    assert refusal(workbook(tmp_path / "empty.xlsx", [])).rule == "EMPTY"
    formula = [[Raw("<c><f>1+1</f></c>"), *ROWS[0][1:]]]
    assert refusal(workbook(tmp_path / "formula.xlsx", [HEADER, *formula])).rule == "UNCALCULATED"
    blank = [[Raw("<c><f>1+1</f><v></v></c>"), *ROWS[0][1:]]]
    assert refusal(workbook(tmp_path / "blank.xlsx", [HEADER, *blank])).rule == "UNCALCULATED"
    far = [[Raw('<c r="XFD1048576"><v>1</v></c>')]]
    assert refusal(workbook(tmp_path / "far.xlsx", [HEADER, *far])).rule == "ARCHIVE_TOO_LARGE"
    assert refusal(workbook(tmp_path / "bomb.xlsx", [HEADER, *ROWS], tail=f"<!--{'0' * (20 << 20)}-->")).rule == "ARCHIVE_TOO_LARGE"
    cut = put(tmp_path, (tmp_path / "two.xlsx").read_bytes()[:-200], "cut.xlsx")
    assert refusal(cut).rule == "ARCHIVE_DAMAGED"
    assert refusal(put(tmp_path, (tmp_path / "two.xlsx").read_bytes(), "claims.csv")).rule == "TYPE_MISMATCH"


def test_the_sheet_that_was_chosen(tmp_path):
    path = workbook(tmp_path / "two.xlsx", [["notes", "of theirs"], ["a", "b"]], [HEADER, *ROWS])
    rows, result = load(tmp_path, path, mapping(read_as=ReadAs(sheet="Sheet2")))
    assert len(rows) == 3 and "1 other sheets" in result.quality["loaded_files"][0]["notes"][0]


# What a mapping may say


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": {k: v for k, v in RULES.items() if k != "person_id"}}, "person_id"),
        ({"rules": RULES | {"claim_id": Rule(sources=("Gone",))}}, "no column “Gone”"),
        ({"rules": RULES | {"claim_id": Rule()}}, "one thing"),
        ({"rules": RULES | {"claim_id": Rule(sources=("ClaimNo",), constant="x")}}, "one thing"),
        ({"rules": RULES | {"payer": Rule(built="line_number")}}, "claim_line_number"),
        ({"rules": RULES | {"payer": Rule(sources=("Plan",), date_form="MM/DD/YYYY")}}, "dates"),
        ({"rules": RULES | {"birth_date": Rule(sources=("DOS",))}}, "birth_date"),
        ({"rules": RULES | {"hcpcs_code": Rule(sources=("Code{n}",))}}, "repeat"),
        ({"repeat": 500}, "200"),
        ({"repeat": 3}, "numbered by the repeated column"),
        ({"repeat": 3, "rules": RULES | {"claim_line_number": Rule(built="repeat_number")}}, "{n}"),
        ({"rules": RULES | {"plan": Rule(sources=("POS", "Patient"))}}, "tells the person"),
        ({"rules": RULES | {"plan": Rule(constant="a\0b")}}, "control characters"),
        ({"rules": RULES | {"plan": Rule(sources=("Plan",), values=tuple((str(n), "x") for n in range(2001)))}}, "2,000 values"),
        ({"header": (*HEADER, "PAID")}, "twice"),
        ({"read_as": ReadAs(encoding="klingon")}, "encoding"),
        ({"read_as": ReadAs(delimiter="x")}, "delimiter"),
    ],
)
def test_a_mapping_that_cannot_work_says_why(change, said):
    with pytest.raises(MappingError) as error:
        mapping(**change)
    assert said in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "{}",
        "9" * 5000,
        '{"format": "infusion-strategy-mapping/1", "kind": [1]}',
        '{"format": "infusion-strategy-mapping/1", "kind": "medical"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_mapping_is_refused_in_a_sentence(told):
    with pytest.raises(MappingError):
        from_text(told)


CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.dictionaries(CELL, CELL, max_size=4))
def test_whatever_stands_in_a_cell_comes_through_as_it_is_or_as_it_is_translated(cells, values):
    """Quotes, SQL and other scripts in cells and in translations change nothing but the cell."""
    layout = Layout(ReadAs(), ("A", "B"), tuple((a.strip(), b.strip()) for a, b in cells))
    rules = {name: Rule(constant="1") for name in ("claim_id", "claim_line_number")}
    rules |= {
        "person_id": Rule(sources=("B",)),
        "claim_start_date": Rule(constant="2026-01-01"),
        "hcpcs_code": Rule(constant="J1745"),
    }
    rules["payer"] = Rule(sources=("A",), values=tuple(values.items()))
    shown = preview(Mapping("medical", ("A", "B"), rules), layout, KEY)
    at = shown.columns.index("payer")
    blank = lambda cell: cell.strip(" ")  # noqa: E731
    assert [line.cells[at] for line in shown.after] == [values.get(blank(a), blank(a)) for a, _ in layout.rows]


# Suggestions


def layout_of(header: list[str], rows: list[list[str]]) -> Layout:
    counted = {place: [(value, 1) for value in dict.fromkeys(row[place] for row in rows)] for place in range(len(header))}
    return Layout(ReadAs(), tuple(header), tuple(map(tuple, rows)), counted, len(rows))


def test_what_columns_probably_are():
    found = suggest(layout_of(HEADER, ROWS), "medical", ["aetna"]).suggestions
    assert {column: (s.rule.sources or (s.rule.built,))[0] for column, s in found.items()} == {
        "claim_id": "ClaimNo", "claim_line_number": "line_number", "claim_start_date": "DOS", "place_of_service_code": "POS",
        "paid_amount": "Paid", "plan": "Plan", "hcpcs_code": "Code", "person_id": "Patient",
    }  # fmt: skip
    assert (
        dict(found["place_of_service_code"].rule.values) == {"O": "11", "F": "22"}
        and found["place_of_service_code"].word == "likely"
    )
    assert found["paid_amount"].rule.number_form.startswith("$")


def test_a_name_whose_values_say_otherwise_is_not_sure():
    found = suggest(layout_of(["procedure_code", "service_date"], [["yes", "abc"], ["no", "def"]]), "medical").suggestions
    assert all(suggestion.word == "perhaps" for suggestion in found.values() if suggestion.rule.sources)


def test_a_nearly_right_name_and_values_that_tell_on_their_own():
    found = suggest(layout_of(["chargeamnt", "X9"], [["1.50", "J1745"], ["2", "96413"]]), "medical").suggestions
    assert found["charge_amount"].rule.sources == ("chargeamnt",) and "nearly" in found["charge_amount"].why
    assert found["hcpcs_code"].rule.sources == ("X9",) and found["hcpcs_code"].word == "perhaps"


def test_numbered_columns_are_lines_and_numbered_diagnoses_are_not():
    header = [
        "DESYNPUF_ID",
        "CLM_ID",
        "CLM_FROM_DT",
        *(f"ICD9_DGNS_CD_{n}" for n in (1, 2)),
        *(f"HCPCS_CD_{n}" for n in range(1, 46)),
    ]
    row = ["A", "1", "20090115", "V5841", "", "J1745", *[""] * 44]
    found = suggest(layout_of(header, [row]), "medical")
    assert found.repeat == 45 and found.suggestions["hcpcs_code"].rule.sources == ("HCPCS_CD_{n}",)
    assert found.suggestions["claim_line_number"].rule.built == "repeat_number"
    assert found.suggestions["diagnosis_code_2"].rule.sources == ("ICD9_DGNS_CD_2",)
    assert found.suggestions["claim_start_date"].rule.date_form == "YYYYMMDD"


def test_our_own_layout_is_suggested_whole():
    for kind in KINDS.values():
        found = suggest(layout_of(list(kind.columns), [[""] * len(kind.columns)]), kind.name)
        assert {column: s.rule.sources for column, s in found.suggestions.items()} == {
            c: (c,) for c in kind.columns
        } and not found.repeat


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2026-01-31"], ""), (["01/31/2026"], "MM/DD/YYYY"), (["31/01/2026", "1/2/2026"], "DD/MM/YYYY"), (["01/31/26"], "MM/DD/YY"), (["2026115"], ""), (["20260131"], "YYYYMMDD"),
        (["01312026"], "MMDDYYYY"), (["31-Jan-2026"], "DD-Mon-YYYY"), (["31JAN2026"], "DDMonYYYY"), (["31.01.2026"], "DD.MM.YYYY"),
        (["2026-01-31 10:30:00"], "YYYY-MM-DD and a time"), (["2026-01-31 00:00:00"], ""), (["soon"], ""), ([], ""),
    ],
)  # fmt: skip
def test_how_dates_are_written(cells, form):
    assert date_form(cells)[0] == form and form in ("", *DATE_FORMS)


def test_dates_that_could_be_either_ask_for_a_look():
    assert "which comes first" in date_form(["01/02/2026"])[1] and not date_form(["01/31/2026"])[1]


@pytest.mark.parametrize("form", [form for form, pattern in DATE_FORMS.items() if pattern not in ("", "time")])
def test_every_date_form_is_read_as_it_is_written(form):
    day = dt.date(2026, 3, 9)
    rules = {name: Rule(constant="1") for name in ("claim_id", "claim_line_number", "person_id", "hcpcs_code")}
    rules["claim_start_date"] = Rule(sources=("D",), date_form=form)
    shown = preview(Mapping("medical", ("D",), rules), Layout(ReadAs(), ("D",), ((day.strftime(DATE_FORMS[form]),), ("x",))), KEY)
    at = shown.columns.index("claim_start_date")
    assert [line.cells[at] for line in shown.after] == [day.isoformat(), "x"] and shown.rules == (("BAD_DATE claim_start_date", 1),)


def test_spellings_of_one_payer_become_the_registers_or_the_most_frequent():
    assert translations("payer", ["Blue Cross", "BLUE-CROSS", "Aetna", "aetna "], ["AETNA"]) == {
        "BLUE-CROSS": "Blue Cross", "Aetna": "AETNA", "aetna ": "AETNA",
    }  # fmt: skip


def test_payers_in_another_script_stay_apart():
    assert translations("payer", ["Здоровье", "Медицина", "здоровье", "--", "//"]) == {"здоровье": "Здоровье"}


@needs_sample
def test_the_sample_layout_and_its_workbook_load_alike(tmp_path):
    counts = []
    for path in (SAMPLE, SAMPLE.with_suffix(".xlsx")):
        own = put(tmp_path, path.read_bytes(), path.name)
        looked = lines.look_at(
            SourceFile("medical", own, own.name), tmp_path / "look", OPTIONS, ReadAs(), lambda stage, share: None
        )
        proposal = suggest(looked, "medical")
        rules = {column: suggestion.rule for column, suggestion in proposal.suggestions.items()}
        how = Mapping("medical", looked.names, rules, looked.read_as if looked.form == "text" else ReadAs())
        rows, result = load(tmp_path, own, how)
        assert result.kinds["medical"].rows_read == 1200 and sum(row["reject"] is not None for row in rows) == 0
        kinds = result.kinds["medical"].as_json()
        kinds["flags"].pop("NPI_INVALID")  # blanks of the text are N/A and NULL in the workbook
        counts.append(
            (sum(row["allowed_cents"] or 0 for row in rows), sorted({row["place_of_service_code"] for row in rows}), kinds)
        )
    assert counts[0] == counts[1] and counts[0][1] == ["11", "12", "22"]
    assert duckdb.sql(f"SELECT sum(AllowedAmt) FROM read_csv('{SAMPLE}')").fetchall()[0][0] * 100 == pytest.approx(counts[0][0])
