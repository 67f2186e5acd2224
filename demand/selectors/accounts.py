"""The account of an extract: every row read ends as exactly one of four, and why those not accepted were not."""

import json
from dataclasses import dataclass

from demand import storage
from demand.engine.export_tables import file_pattern
from demand.models import Extract, ExtractFile, Run
from demand.selectors.facts import ask_file

KINDS = {choice.value: str(choice.label) for choice in ExtractFile.Kind}
EXAMPLES = 3
# What a warning means for the person who sent the file. The rows are kept.
FLAGS = {
    "NPI_INVALID": "A provider number is not ten digits or its check digit is wrong; the row counts, the number may match no site.",
    "MODIFIER_SPLIT": "A modifier was glued to the code (J1551JW); they were taken apart.",
    "HCPCS_INVALID": "The code has not the form of a HCPCS code; the row is kept as “other”.",
    "NDC_INVALID": "The drug code is no NDC, so the drug cannot be told from it.",
    "NDC_AMBIGUOUS": "A 10-digit NDC without hyphens does not say where its zero belongs; it was not padded, so the drug cannot be told from it.",
    "NDC_MISSING": "The drug code is empty, so the drug cannot be told.",
    "CLAIM_TYPE_NULL": "claim_type is empty; whether a claim is a facility's is told from its type of bill and revenue codes, else the site may stay unknown.",
    "CLAIM_TYPE_INVALID": "claim_type is not professional, institutional or undetermined; the site may stay unknown.",
    "POS_INVALID": "The place of service is not two digits; the site may stay unknown.",
    "DATE_RANGE": "A date lies outside the years that claims can come from.",
    "FUTURE_DATE": "A service date lies after the last day that the file can know.",
    "PAID_NULL": "The paid amount is empty: it is unknown, never zero.",
    "UNITS_ZERO": "Zero units: the row counts, its dose is unknown.",
    "AMOUNT_ROUNDED": "An amount had fractions of a cent and was rounded half up.",
    "END_BEFORE_START": "The coverage ends before it begins.",
    "FUNDING_TYPE_INVALID": "funding_type is not insured, self_funded, government or unknown; it was taken as unknown.",
    "REPEATED_CLAIM_TOTAL": "Every line repeated the claim's total; it was split over the lines so that the cents add up.",
    "BILL_TYPE_INVALID": "The type of bill is not three digits or letters as claims have them; the site may stay unknown.",
    "REVENUE_INVALID": "The revenue code is not four digits; it is kept as written and matches no known one.",
    "ZIP_INVALID": "The ZIP code is not five or nine digits; no distance can be measured from it.",
    "CLAIM_HEADER_CONFLICT": "Lines of one claim disagree about the person, the claim's first day or its type; each line counts as it stands.",
    "EXTRA_COLUMN": "Columns (not rows) that this product does not know; they were not read.",
    "HIDDEN_ROWS": "Rows that are hidden in the workbook; they were read like all others.",
    "UNICODE_VARIANTS": "Spellings (not rows) of a payer or plan that look alike but are written with other characters; they count as different names.",
}
# Why a row counts elsewhere already. The message of each single row, with the other row's place, is in the download.
WHY = {
    "DUPLICATE_ROW": "The same row, value for value, was accepted before: it counts once.",
    "REVERSED": "A row and its reversal (the same with negative units and amounts) cancel each other.",
    "OLDER_VERSION": "A newer version of the same claim line is in the data; the newer one counts.",
    "CLAIM_REPLACED": "A later claim replaces the whole claim (bill type ending in 7).",
    "CLAIM_VOIDED": "A later claim voids the whole claim (bill type ending in 8).",
}
OUTCOMES = {
    "rejected": "Rejected",
    "duplicate": "Duplicate",
    "superseded": "Superseded",
}


@dataclass(frozen=True)
class Flag:
    rule: str
    rows: int
    meaning: str


@dataclass(frozen=True)
class KindAccount:
    """rows_read = accepted + rejected + duplicate + superseded; `balanced` says whether that holds."""

    label: str
    files: int
    rows_read: int
    accepted: int
    rejected: int
    duplicate: int
    superseded: int
    flags: tuple[Flag, ...]

    @property
    def balanced(self) -> bool:
        return self.rows_read == self.accepted + self.rejected + self.duplicate + self.superseded


@dataclass(frozen=True)
class RuleExamples:
    """Rows not accepted for one reason. examples: (file, physical line, value)."""

    kind: str
    outcome: str
    rule: str
    column: str
    rows: int
    message: str
    examples: tuple[tuple, ...]


@dataclass(frozen=True)
class Account:
    load: Run | None
    kinds: tuple[KindAccount, ...]
    rules: tuple[RuleExamples, ...]
    seconds: float | None
    with_values: bool
    figures: Run | None = None  # the newest recomputation that reads this extract
    notes: tuple[str, ...] = ()  # how files were read, where that is not plain
    infusions: str = ""  # that run's infusions from these rows: "none", "apart" (ordered by nobody of ours) or "ours"

    @property
    def awaits_figures(self) -> bool:
        """A recomputation with these rows is under way."""
        return self.figures is not None and self.figures.status in (Run.Status.QUEUED, Run.Status.RUNNING)

    @property
    def not_accepted(self) -> int:
        return sum(kind.rows_read - kind.accepted for kind in self.kinds)


def account(extract: Extract, with_values: bool) -> Account:
    """`with_values`: the reader holds the patient-level right and sees single rows."""
    read = bool(extract.counts) and extract.status in READ
    figures = _figures(extract) if extract.status == Extract.Status.LOADED else None
    return Account(
        load=Run.objects.filter(kind=Run.Kind.LOAD, subject_id=extract.pk).order_by("-pk").first(),
        kinds=tuple(_kind(label, extract.counts[kind]) for kind, label in KINDS.items() if _has_files(extract, kind))
        if read
        else (),
        rules=_rules(extract, with_values) if read else (),
        seconds=extract.counts.get("seconds"),
        with_values=with_values,
        figures=figures,
        notes=_notes(extract) if read else (),
        infusions=_infusions(extract, figures) if figures and figures.status == Run.Status.FINISHED else "",
    )


# An extract whose rows were read and judged, whether they count or not.
READ = (Extract.Status.LOADED, Extract.Status.CHECKED, Extract.Status.REPLACED, Extract.Status.UNDONE)


def _notes(extract: Extract) -> tuple[str, ...]:
    path = storage.extract_folder(extract.pk) / "quality.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"loaded_files": []}
    return tuple(f"{file['file']}: {note}" for file in facts["loaded_files"] for note in file["notes"])


def _figures(extract: Extract) -> Run | None:
    newest = Run.objects.filter(kind=Run.Kind.RECOMPUTE).order_by("-pk")[:20]
    return next((run for run in newest if any(entry["id"] == extract.pk for entry in run.inputs.get("extracts", []))), None)


INFUSIONS = """
SELECT CASE WHEN count(*) = 0 THEN 'none' WHEN bool_or(attributed) THEN 'ours' ELSE 'apart' END
FROM {file} WHERE list_contains(string_split(extract_ids, ';'), $extract)
"""


def _infusions(extract: Extract, run: Run) -> str:
    rows = ask_file(storage.run_folder(run.pk) / file_pattern("infusions"), INFUSIONS, extract=str(extract.pk))
    return rows[0][0] if rows else ""


def _has_files(extract: Extract, kind: str) -> bool:
    return bool((extract.counts.get(kind) or {}).get("files"))


def _kind(label: str, counts: dict) -> KindAccount:
    flags = tuple(
        Flag(rule, rows, FLAGS.get(rule, ""))
        for rule, rows in sorted(counts.get("flags", {}).items(), key=lambda item: (-item[1], item[0]))
    )
    numbers = {name: counts.get(name, 0) for name in ("files", "rows_read", "accepted", "rejected", "duplicate", "superseded")}
    return KindAccount(label=label, flags=flags, **numbers)


def _rejects_path(extract: Extract):
    return storage.extract_folder(extract.pk) / "rejects.parquet"


RULES = f"""
SELECT kind, outcome, rule, coalesce("column", ''), count(*), min(message),
    list({{'file': file, 'line': row_number, 'value': value}} ORDER BY file_no, row_number)[1:{EXAMPLES}]
FROM {{file}} GROUP BY kind, outcome, rule, "column" ORDER BY outcome = 'rejected' DESC, count(*) DESC, kind, rule
"""


def _rules(extract: Extract, with_values: bool) -> tuple[RuleExamples, ...]:
    found = []
    for kind, outcome, rule, column, rows, message, examples in ask_file(_rejects_path(extract), RULES):
        shown = tuple((one["file"], one["line"], one["value"]) for one in examples) if with_values else ()
        general = message if outcome == "rejected" else WHY.get(rule, "")
        found.append(RuleExamples(KINDS.get(kind, kind), OUTCOMES.get(outcome, outcome), rule, column, rows, general, shown))
    return tuple(found)


REJECT_COLUMNS = ("extract", "kind", "file", "row_number", "outcome", "rule", "column", "value", "message")


def rejected_rows(extract: Extract) -> tuple[tuple[str, ...], list[tuple]] | None:
    """Header and rows of interfaces.md's `rejects` as they were at loading; None where the extract has none yet."""
    if extract.status not in READ:
        return None
    columns = ", ".join(f'"{column}"' for column in REJECT_COLUMNS)
    return REJECT_COLUMNS, ask_file(_rejects_path(extract), f"SELECT {columns} FROM {{file}} ORDER BY kind, file_no, row_number")
