"""The collection of hostile and broken uploads: what an honest intake does with each, through the engine."""

from __future__ import annotations

import json
import logging
import os
from decimal import Decimal
from pathlib import Path

import pytest

from demand.engine.lines import RefusedFile, SourceFile
from tests.demand.builders import SHARED, Loaded, load_files, rows_of

FOLDER = SHARED / "bad_inputs"
MANIFEST = FOLDER / "manifest.json"
CASES = json.loads(MANIFEST.read_text(encoding="utf-8"))["cases"] if MANIFEST.exists() else []
KINDS = {"medical_claim": "medical", "pharmacy_claim": "pharmacy", "eligibility": "eligibility"}
SENTINEL = "PHISENT"
# Where a value of the file stands in the typed table, if not under its own name.
STORED_AS = {
    "bill_type_code": "bill_type_as_sent",
    "diagnosis_code_1": "diagnosis_codes",
    "procedure_code_1": "procedure_codes",
}


def one(case: dict, folder: Path, earlier: list[Loaded]) -> tuple[str, Loaded | RefusedFile]:
    kind = KINDS[case["table"]]
    name = case["upload"].get("filename") or os.path.basename(case["file"])
    try:
        loaded = load_files(folder, [SourceFile(kind, FOLDER / case["file"], name)], earlier, case["id"])
    except RefusedFile as refused:
        return "reject_file", refused
    counts = loaded.result.kinds[kind]
    return ("accept" if counts.accepted == counts.rows_read else "reject_rows"), loaded


@pytest.mark.skipif(not CASES, reason="the collection of bad inputs is not here")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_bad_input(case, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    before = set(os.listdir("/tmp"))
    earlier = []
    if case["sequence"]:
        name, place = case["sequence"]
        for other in CASES:
            if other["sequence"] and other["sequence"][0] == name and other["sequence"][1] < place:
                outcome, loaded = one(other, tmp_path, earlier)
                if outcome != "reject_file":
                    earlier.append(loaded)
    outcome, answer = one(case, tmp_path, earlier)
    assert outcome in {case["expected"], *case["also_ok"]}
    assert SENTINEL not in caplog.text
    if outcome == "reject_file":
        check_refusal(case, answer)
        assert not (tmp_path / case["id"]).exists() and not (tmp_path / f"{case['id']}.partial").exists()
    else:
        check_loaded(case, outcome, answer)
    assert not list(Path("/tmp").glob("PWNED*"))
    assert {name for name in set(os.listdir("/tmp")) - before if "duckdb" in name} == set()
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob("work"))


def check_refusal(case: dict, refused: RefusedFile) -> None:
    sentence = refused.sentence
    assert refused.rule and sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700
    assert "Traceback" not in sentence and "duckdb" not in sentence.lower()
    if case["id"] != "fn-21-phi-in-name":
        assert SENTINEL not in sentence
    wanted = case["must_say_any"] if case["expected"] == "reject_file" else []
    assert not wanted or any(word in sentence.lower() for word in wanted), sentence


def check_loaded(case: dict, outcome: str, loaded: Loaded) -> None:
    kind = KINDS[case["table"]]
    counts = loaded.result.kinds[kind]
    rejects = loaded.rejects()
    assert counts.rows_read == counts.accepted + len(rejects)
    assert SENTINEL not in json.dumps(rejects, default=str)
    for reject in rejects:
        assert reject["message"] and reject["rule"] and reject["row_number"] >= 1
    if case["rows"]:
        assert counts.rows_read == case["rows"]["total"]
    if case["rows"] and outcome == case["expected"]:
        assert counts.accepted == case["rows"]["accepted"]
        expected = [(row["line"], row["reason"]) for row in case.get("rejected", [])]
        found = [(reject["row_number"], reject) for reject in rejects]
        assert [line for line, _ in expected] == [line for line, _ in found[: len(expected)]]
        for (_, reason), (_, reject) in zip(expected, found, strict=False):
            rule = "DUPLICATE_ROW" if reason.startswith("DUPLICATE_KEY") else reason.split()[0]
            assert reject["rule"] == rule
        for row, (_, reject) in zip(case.get("rejected", []), found, strict=False):
            if reject["claim_id"] is not None and reject["rule"] != "CONTROL_CHAR":
                assert reject["claim_id"].strip("\ufeff") == row["claim_id"].strip("\ufeff")
    if case["flags"]:
        missing = set(case["flags"]) - set(counts.flags)
        assert not missing or all("HIDDEN" in flag for flag in missing)
    if case.get("control") and kind != "eligibility" and outcome == case["expected"]:
        assert paid(loaded, kind) == Decimal(case["control"]["accepted"])
    candidates = loaded.candidates(kind)
    for exact in case["exact"]:
        check_exact(exact, candidates, kind)
    everything = "".join(path.read_bytes().decode("latin-1") for path in loaded.folder.iterdir())
    assert "078-05-1120" not in everything and "617-555-0100" not in everything
    assert "PHISENTJane" not in everything and SENTINEL + "-M" not in everything and SENTINEL + "-P" not in everything


def paid(loaded: Loaded, kind: str) -> Decimal:
    keys = {(reject["file_no"], reject["row_number"]) for reject in loaded.rejects()}
    cents = [row["paid_cents"] for row in loaded.candidates(kind) if (row["file_no"], row["row_number"]) not in keys]
    return Decimal(sum(amount for amount in cents if amount is not None)) / 100


def check_exact(exact: dict, candidates: list[dict], kind: str) -> None:
    claim_id, _, line = exact["key"].partition("|")
    if kind == "eligibility":
        rows = [row for row in candidates if row["person_id"]]
        assert exact["value"] in [row[exact["column"]] for row in rows]
        return
    (row,) = [row for row in candidates if row["claim_id"] == claim_id and str(row["claim_line_number"]) == line]
    column = STORED_AS.get(exact["column"], exact["column"])
    value = row[column].split(";")[0] if column in ("diagnosis_codes", "procedure_codes") else row[column]
    assert value == exact["value"]


@pytest.mark.skipif(not CASES, reason="the collection of bad inputs is not here")
def test_the_same_rows_four_times_are_two_claim_lines(tmp_path):
    """Identical bytes, another name, another order: after all four uploads there are two lines and 200.50."""
    loads: list[Loaded] = []
    for case in [case for case in CASES if case["sequence"] and case["sequence"][0] == "same-file"]:
        outcome, loaded = one(case, tmp_path, loads)
        assert outcome != "reject_file"
        loads.append(loaded)
    assert len(loads) == 4
    assert sum(loaded.result.kinds["medical"].accepted for loaded in loads) == 2
    assert sum(paid(loaded, "medical") for loaded in loads) == Decimal("200.50")


def test_the_sql_that_reads_parquet_back_is_plain(tmp_path):
    """A guard for the tests above: rows_of reads names as they are."""
    assert rows_of("SELECT 1 AS a") == [{"a": 1}]
