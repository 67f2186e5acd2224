"""The collection of hostile and broken uploads: what an honest intake does with each, through the browser's upload and the shell."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections import Counter
from decimal import Decimal
from html import unescape
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from demand import storage, tasks
from demand.engine import lines
from demand.engine.lines import KindResult
from demand.models import Extract, Run
from tests.demand.builders import SHARED, Loaded, rows_of

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
# Cells and rows have each of their rules in test_lines.py: by default one case of a category and outcome goes through the door.
CELLS = {"structure", "codes", "numbers", "keys", "dates"}
FIRST = list({(case["category"], case["expected"]): case for case in reversed(CASES)}.values())
needs_cases = pytest.mark.skipif(not CASES, reason="the collection of bad inputs is not here")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage", "commits")]


@pytest.fixture(autouse=True)
def every_refusal_has_a_rule(monkeypatch):
    """Logs take a refusal's rule, so each needs one."""
    load = lines.load_extract

    def watched(*args):
        try:
            return load(*args)
        except lines.RefusedFile as refused:
            assert refused.rule
            raise

    monkeypatch.setattr(lines, "load_extract", watched)


def by_browser(client, case: dict) -> tuple[str, Loaded | str]:
    """Upload as a browser does, load, open the extract's page: (outcome, what was loaded or the sentence of the refusal)."""
    answer = client.post("/extracts/upload/", *multipart(case))
    assert answer.status_code in (200, 302, 400, 413, 422)
    if answer.status_code != 302:
        assert not Extract.objects.exclude(status="loaded").exists() and not uploads()
        [problem] = re.findall(r"<[^>]* data-problem>(.*?)</div>", said(answer), re.DOTALL)
        return "reject_file", " ".join(unescape(re.sub(r"<[^>]+>", " ", problem)).split())
    tasks.do_load(Run.objects.filter(kind="load").latest("pk").pk)
    extract = Extract.objects.latest("pk")
    page = client.get(f"/extracts/{extract.pk}/")
    assert page.status_code == 200 and SENTINEL not in told(page, extract)
    download = client.get(f"/extracts/{extract.pk}/rejects.csv")
    assert download.status_code == (200 if extract.status == "loaded" else 404)
    assert SENTINEL not in told(download, extract)
    if extract.status == "unmapped":
        return "reject_file", by_the_mapping_page(client, extract)
    return outcome_of(extract, KINDS[case["table"]])


def by_the_mapping_page(client, extract: Extract) -> str:
    """A file of unknown layout waits, its page asks for a mapping and names nobody; discarded, it leaves nothing. -> the sentence."""
    page = client.get(f"/extracts/{extract.pk}/mapping/", follow=True)
    assert page.status_code == 200 and "What do these columns mean?" in said(page) and SENTINEL not in told(page, extract)
    client.post(f"/extracts/{extract.pk}/delete/")
    assert not uploads() and not Extract.objects.filter(pk=extract.pk).exists()
    return extract.refusal


def by_shell(case: dict) -> tuple[str, Loaded | str]:
    kind = KINDS[case["table"]]
    try:
        call_command("load_extract", f"--{kind}", FOLDER / case["file"], name=uuid4().hex, json=True, stdout=StringIO())
    except CommandError as refusal:
        assert not uploads()
        return "reject_file", str(refusal)
    return outcome_of(Extract.objects.latest("pk"), kind)


def outcome_of(extract: Extract, kind: str) -> tuple[str, Loaded | str]:
    assert not uploads()
    folder = storage.extract_folder(extract.pk)
    assert not list(folder.parent.glob("*.attempt*")) and not list(folder.parent.rglob("work"))
    if extract.status == "refused":
        assert not folder.exists()
        return "reject_file", extract.refusal
    assert extract.status == "loaded"
    loaded = Loaded(folder, SimpleNamespace(kinds={kind: KindResult(**extract.counts[kind])}))
    counts = loaded.result.kinds[kind]
    return ("accept" if counts.accepted == counts.rows_read else "reject_rows"), loaded


def multipart(case: dict) -> tuple[bytes, str]:
    name = case["upload"].get("filename") or os.path.basename(case["file"])
    for character, escaped in (("\r", "%0D"), ("\n", "%0A"), ('"', "%22")):
        name = name.replace(character, escaped)
    fields = {"name": f"case {case['id']}", "perspective": "payer"}
    parts = [f'--edge\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    file = (
        f'--edge\r\nContent-Disposition: form-data; name="{KINDS[case["table"]]}"; filename="{name}"\r\n'
        f"Content-Type: {case['upload'].get('content_type', 'application/octet-stream')}\r\n\r\n"
    )
    body = "".join(parts).encode() + file.encode() + (FOLDER / case["file"]).read_bytes() + b"\r\n--edge--\r\n"
    return body, "multipart/form-data; boundary=edge"


def uploads() -> list[Path]:
    return list(storage.upload_path("x").parent.glob("*"))


def said(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()


def told(answer, extract: Extract) -> str:
    """The page without the names that its sender gave the files: they stand on the extract's own pages alone."""
    text = said(answer)
    for file in extract.files.all():
        text = text.replace(file.display_name, "")
    return text


def earlier_of(case: dict) -> list[dict]:
    if not case["sequence"]:
        return []
    name, place = case["sequence"]
    return [other for other in CASES if other["sequence"] and other["sequence"][0] == name and other["sequence"][1] < place]


def is_right(outcome: str, case: dict) -> bool:
    return outcome in {case["expected"], *case["also_ok"]}


@needs_cases
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["id"], marks=pytest.mark.thorough if case["category"] in CELLS and case not in FIRST else ())
        for case in CASES
    ],
)
def test_bad_input(case, analyst, caplog):
    caplog.set_level(logging.DEBUG)
    before = set(os.listdir("/tmp"))
    for other in earlier_of(case):
        by_browser(analyst, other)
    outcome, answer = by_browser(analyst, case)
    assert is_right(outcome, case)
    assert SENTINEL not in caplog.text
    if outcome == "reject_file":
        check_refusal(case, answer)
    else:
        check_loaded(case, outcome, answer)
    assert not list(Path("/tmp").glob("PWNED*"))
    assert {name for name in set(os.listdir("/tmp")) - before if "duckdb" in name} == set()


@needs_cases
@pytest.mark.thorough
def test_bad_inputs_at_the_shell(caplog):
    """Another door to the same load: a case of each category and outcome. Prints the score by severity: right ÷ all."""
    caplog.set_level(logging.DEBUG)
    right, all_cases, wrong = Counter(), Counter(), []
    for case in FIRST:
        Extract.objects.all().delete()
        Run.objects.all().delete()
        shutil.rmtree(storage.upload_path("x").parent.parent, ignore_errors=True)
        for other in earlier_of(case):
            by_shell(other)
        outcome, answer = by_shell(case)
        all_cases[case["severity"]] += 1
        right[case["severity"]] += is_right(outcome, case)
        if not is_right(outcome, case):
            wrong.append((case["id"], outcome, answer))
    print({severity: f"{right[severity]} ÷ {all_cases[severity]}" for severity in sorted(all_cases)})
    assert wrong == []
    assert SENTINEL not in caplog.text


def check_refusal(case: dict, sentence: str) -> None:
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700
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
        assert not missing
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


@needs_cases
def test_the_same_rows_four_times_are_two_claim_lines(analyst):
    """Identical bytes, another name, another order: after all four uploads there are two lines and 200.50."""
    answers = [by_browser(analyst, case) for case in CASES if case["sequence"] and case["sequence"][0] == "same-file"]
    assert [outcome for outcome, _ in answers] == ["accept", "reject_file", "reject_file", "reject_rows"]
    loads = [answer for outcome, answer in answers if outcome != "reject_file"]
    assert sum(loaded.result.kinds["medical"].accepted for loaded in loads) == 2
    assert sum(paid(loaded, "medical") for loaded in loads) == Decimal("200.50")


def test_the_sql_that_reads_parquet_back_is_plain(tmp_path):
    """A guard for the tests above: rows_of reads names as they are."""
    assert rows_of("SELECT 1 AS a") == [{"a": 1}]
