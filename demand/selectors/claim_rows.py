"""What became of a claim's rows: every row of it in every extract, its outcome in one run, and the infusion it went into.

A claim's id may itself be sensitive: it comes in by a form, goes to the files as a bound value, and pages are addressed by where a
row lies (extract, file, physical line), never by the claim.
"""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from demand import storage
from demand.models import Extract, Run
from demand.selectors.accounts import WHY
from demand.selectors.facts import ResultsMissing, ask_file, ask_files, ask_tables

CLAIM_KINDS = ("medical", "pharmacy")
LONGEST_CLAIM_ID = 200
MOST_ROWS = 2_000  # of one claim id; more is a file whose ids are no ids


@dataclass(frozen=True, order=True)
class Place:
    """Where a row lies: an extract, the number of a file in it, the physical line. What a page's address holds."""

    extract_id: int
    file_no: int
    row_number: int


@dataclass(frozen=True)
class Infused:
    """An infusion that a row went into, with the row's money in it and what became of it."""

    infusion_id: int
    allowed_cents: int | None
    shared: bool
    service_date: dt.date
    molecule: str
    outcome: str | None
    attributed: bool
    episode_outcome: str | None
    supplied: bool = False  # the row is the pharmacy's claim for its drug


@dataclass(frozen=True)
class ClaimRow:
    """A row as it was read, and its fate in the run. outcome: accepted | rejected | duplicate | superseded | "" (not in this run)."""

    place: Place
    kind: str
    extract_name: str
    file_name: str
    deleted: bool
    data_source: str | None
    claim_line_number: int | None
    service_date: dt.date | None
    code: str | None
    allowed_cents: int | None
    paid_cents: int | None
    outcome: str = ""
    rule: str = ""
    why: str = ""
    other: Place | None = None
    role: str | None = None
    reason_place: str | None = None
    fill: str = ""  # of an accepted pharmacy row: supplied | self | waiting | explained | no drug of ours
    infusions: tuple[Infused, ...] = ()


@dataclass(frozen=True)
class Claim:
    """All rows of one claim id. `cut`: there are more than are shown."""

    rows: tuple[ClaimRow, ...]
    asked: Place
    missing: str = ""
    cut: bool = False

    @property
    def counts(self) -> list[tuple[str, int]]:
        names = ("accepted", "rejected", "duplicate", "superseded", "")
        return [(name, number) for name in names if (number := sum(row.outcome == name for row in self.rows))]

    @property
    def extracts(self) -> int:
        return len({row.place.extract_id for row in self.rows})


def find_row(run: Run, claim_id: str, line_number: int | None) -> Place | None:
    """Where the claim's first row (of that line number) lies; None where no extract and no run has the claim."""
    rows = _rows(run, claim_id)
    of_line = [row for row in rows if line_number is None or row.claim_line_number == line_number]
    return min((row.place for row in of_line), default=None)


def claim_of(run: Run, place: Place) -> Claim | None:
    """The whole claim of the row that lies there, with what became of each row in the run; None where no row lies there."""
    found, claim_id = _claim_id(run, place)
    if not found:
        return None
    rows = _rows(run, claim_id) if claim_id else _rejected(None, place)
    shown, missing = rows[:MOST_ROWS], ""
    try:
        shown = _fates(run, claim_id, shown)
    except ResultsMissing as gone:
        missing = str(gone)
    return Claim(tuple(sorted(shown, key=lambda row: row.place)), place, missing, cut=len(rows) > MOST_ROWS)


# ---- the rows as they were read


def _loaded() -> dict[int, Extract]:
    return Extract.objects.filter(status=Extract.Status.LOADED).in_bulk()


def _files(extract_ids: Iterable[int], kind: str) -> list[Path]:
    return [path for pk in extract_ids for path in sorted(storage.extract_folder(pk).glob(f"{kind}-[0-9]*.parquet"))]


ROW_NUMBER = "coalesce(physical_line, file_row_number + 2)"
READ = f"""
SELECT filename, file_no, {ROW_NUMBER}, data_source, claim_line_number, {{day}}, {{code}}, allowed_cents, paid_cents
FROM {{files}} WHERE claim_id = $claim LIMIT {MOST_ROWS + 1}
"""
OF_KIND = {"medical": ("service_date", "hcpcs_code"), "pharmacy": ("dispensing_date", "ndc_code")}


def _rows(run: Run, claim_id: str) -> list[ClaimRow]:
    """Rows of the typed files, rows that the files' structure turned away, and lines of extracts that are gone."""
    extracts = _loaded()
    rows = []
    for kind in CLAIM_KINDS:
        day, code = OF_KIND[kind]
        sql = READ.replace("{day}", day).replace("{code}", code)
        for filename, file_no, row_number, *read in ask_files(_files(extracts, kind), sql, claim=claim_id):
            extract = extracts[int(Path(filename).parent.name)]
            rows.append(_read(Place(extract.pk, file_no, row_number), kind, extract, read))
    seen = {row.place for row in rows}
    rows += [row for extract in extracts.values() for row in _rejected(claim_id, extract=extract) if row.place not in seen]
    return sorted(rows + _of_deleted(run, claim_id, extracts), key=lambda row: row.place)


def _read(place: Place, kind: str, extract: Extract, read: list) -> ClaimRow:
    return ClaimRow(place, kind, extract.name, file_names(extract.pk).get(place.file_no, ""), False, *read)


def _rejected(claim_id: str | None, place: Place | None = None, extract: Extract | None = None) -> list[ClaimRow]:
    """Rows rejected at loading: of a claim in one extract, or the one that lies at the place."""
    extract = extract or Extract.objects.filter(pk=place.extract_id).first()
    if extract is None:
        return []
    which = "claim_id = $claim" if place is None else "file_no = $file_no AND row_number = $row_number"
    values = {"claim": claim_id} if place is None else {"file_no": place.file_no, "row_number": place.row_number}
    found = ask_file(
        storage.extract_folder(extract.pk) / "rejects.parquet",
        f"SELECT kind, file_no, row_number, file, rule, coalesce(\"column\", ''), message FROM {{file}} WHERE {which} AND outcome = 'rejected'",
        **values,
    )
    return [
        ClaimRow(
            Place(extract.pk, file_no, row_number), kind, extract.name, file, False, None, None, None, None, None, None,
            outcome="rejected", rule=f"{rule} {column}".strip(), why=message,
        )
        for kind, file_no, row_number, file, rule, column, message in found
    ]  # fmt: skip


def _of_deleted(run: Run, claim_id: str, extracts: dict[int, Extract]) -> list[ClaimRow]:
    """Accepted lines that the run still holds of extracts deleted since."""
    names = {entry["id"]: entry["name"] for entry in run.inputs.get("extracts", [])}
    gone = [pk for pk in names if pk not in extracts]
    if not gone:
        return []
    sql = (
        "SELECT extract_id, file_no, row_number, data_source, claim_line_number, service_date, hcpcs_code, allowed_cents, paid_cents "
        "FROM {lines} WHERE claim_id = $claim AND list_contains($gone, extract_id) ORDER BY ALL"
    )
    try:
        found = ask_tables(run, sql, claim=claim_id, gone=gone)
    except ResultsMissing:
        return []
    return [ClaimRow(Place(*row[:3]), "medical", names[row[0]], "", True, *row[3:]) for row in found]


def file_names(extract_id: int) -> dict[int, str]:
    """What the files of an extract are called, by their numbers."""
    path = storage.extract_folder(extract_id) / "quality.json"
    if not path.exists():
        return {}
    return {file["file_no"]: file["file"] for file in json.loads(path.read_text(encoding="utf-8"))["loaded_files"]}


def _claim_id(run: Run, place: Place) -> tuple[bool, str | None]:
    """(whether a row lies there, its claim id where it has one)"""
    values = {"row_number": place.row_number}
    for kind in CLAIM_KINDS:
        files = [path for path in _files([place.extract_id], kind) if path.stem == f"{kind}-{place.file_no:04d}"]
        if found := ask_files(files, f"SELECT claim_id FROM {{files}} WHERE {ROW_NUMBER} = $row_number", **values):
            return True, found[0][0]
    rejected = storage.extract_folder(place.extract_id) / "rejects.parquet"
    where = "WHERE file_no = $file_no AND row_number = $row_number AND kind <> 'eligibility'"
    if found := ask_file(rejected, f"SELECT claim_id FROM {{file}} {where}", file_no=place.file_no, **values):
        return True, found[0][0]
    where += " AND extract_id = $extract_id"
    where = where.replace(" AND kind <> 'eligibility'", "")
    try:
        found = ask_tables(
            run, f"SELECT claim_id FROM {{lines}} {where}", file_no=place.file_no, extract_id=place.extract_id, **values
        )
    except ResultsMissing:
        found = []
    return (True, found[0][0]) if found else (False, None)


# ---- what became of them

ASKED = "asked AS (SELECT unnest($extracts)::BIGINT AS extract_id, unnest($files)::INTEGER AS file_no, unnest($rows)::BIGINT AS row_number)"
OUTCOMES = f"""
WITH {ASKED}
SELECT extract_id, file_no, row_number, outcome, rule, other_extract_id, other_file_no, other_row_number
FROM {{row_outcomes}} JOIN asked USING (extract_id, file_no, row_number)
"""
LINES = f"""
WITH {ASKED}
SELECT extract_id, file_no, row_number, role, place FROM {{lines}} AS line JOIN asked USING (extract_id, file_no, row_number)
"""
# Each infusion that a line of the claim is part of, with the line's money in it; or whose drug a row of the claim supplied.
INFUSED = """
WITH share AS (SELECT * FROM {line_shares} WHERE claim_id = $claim),
part AS (
    SELECT data_source, claim_line_number, infusion_id, allowed_cents, true AS shared, false AS supplied FROM share
    UNION ALL
    SELECT data_source, claim_line_number, infusion_id, allowed_cents, false, false
    FROM {lines} AS line
    ANTI JOIN share USING (data_source, claim_line_number)
    WHERE claim_id = $claim AND infusion_id IS NOT NULL
    UNION ALL
    SELECT data_source, claim_line_number, infusion_id, fill_cents, false, true FROM {supplies} WHERE claim_id = $claim AND kind = 'fill'
),
infusion AS (SELECT * FROM {infusions} WHERE infusion_id IN (SELECT infusion_id FROM part))
SELECT
    part.data_source, part.claim_line_number, part.infusion_id, part.allowed_cents, part.shared, infusion.service_date, infusion.molecule,
    infusion.outcome, infusion.attributed, episode.outcome, part.supplied
FROM part
JOIN infusion USING (infusion_id)
LEFT JOIN {episodes} AS episode
    ON episode.person_no = infusion.person_no AND episode.family = infusion.family
    AND infusion.service_date >= episode.started_on AND infusion.service_date <= episode.last_infused_on
ORDER BY part.infusion_id
"""
FILLS = """
SELECT
    fill.data_source, fill.claim_line_number,
    CASE WHEN fill.self_administered THEN 'self' WHEN waiting.person_id IS NOT NULL THEN 'waiting' ELSE 'explained' END
FROM (SELECT * FROM {pharmacy_fills} WHERE claim_id = $claim) AS fill
LEFT JOIN (SELECT DISTINCT person_id, dispensing_date, ndc_code, data_source FROM {unadministered_fills}) AS waiting
    USING (person_id, dispensing_date, ndc_code, data_source)
"""


def _fates(run: Run, claim_id: str | None, rows: list[ClaimRow]) -> list[ClaimRow]:
    in_run = {entry["id"] for entry in run.inputs.get("extracts", [])}
    asked = {
        "extracts": [row.place.extract_id for row in rows],
        "files": [row.place.file_no for row in rows],
        "rows": [row.place.row_number for row in rows],
    }
    outcomes = {Place(*found[:3]): found[3:] for found in ask_tables(run, OUTCOMES, **asked)}
    lines = {Place(*found[:3]): found[3:] for found in ask_tables(run, LINES, **asked)}
    rejected = {row.place: row for extract in {row.place.extract_id for row in rows} for row in _rejected_of(extract, claim_id)}
    infused: dict[tuple, list[Infused]] = {}
    fills: dict[tuple, str] = {}
    if claim_id:
        for source, number, *found in ask_tables(run, INFUSED, claim=claim_id):
            infused.setdefault((source, number), []).append(Infused(*found))
        fills = {(source, number): fate for source, number, fate in ask_tables(run, FILLS, claim=claim_id)}
    return [_fate(row, in_run, outcomes, lines, rejected, infused, fills) for row in rows]


def _rejected_of(extract_id: int, claim_id: str | None) -> list[ClaimRow]:
    extract = Extract.objects.filter(pk=extract_id).first()
    return _rejected(claim_id, extract=extract) if extract and claim_id else []


def _fate(row: ClaimRow, in_run: set[int], outcomes, lines, rejected, infused, fills) -> ClaimRow:
    if row.place.extract_id not in in_run:
        return replace(row, outcome="", rule="", why="This run did not read the extract.")
    if row.place in outcomes:
        outcome, rule, *other = outcomes[row.place]
        why = WHY.get(rule, "A negative row, and no earlier row that it reverses." if rule == "NEGATIVE_UNMATCHED" else "")
        return replace(row, outcome=outcome, rule=rule, why=why, other=Place(*other) if None not in other else None)
    turned_away = rejected.get(row.place) or (row if row.outcome == "rejected" else None)
    if turned_away and turned_away.rule.split(" ")[0] not in (*WHY, "NEGATIVE_UNMATCHED"):
        return replace(row, outcome="rejected", rule=turned_away.rule, why=turned_away.why)
    key = (row.data_source, row.claim_line_number)
    role, place = lines.get(row.place, (None, None))
    fill = fills.get(key, "no drug of ours") if row.kind == "pharmacy" else ""
    mine = tuple(one for one in infused.get(key, ()) if one.supplied == (row.kind == "pharmacy"))
    return replace(
        row, outcome="accepted", role=role, reason_place=place, fill="supplied" if mine and fill else fill, infusions=mine
    )
