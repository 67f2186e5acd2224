"""A loaded extract's folder -> what its accepted rows rest on, by warning, payer and code nobody knows. Grain: one row per value.

Rows are those accepted at loading; money is what they say, before repeated claim totals were split. A value is shown only where it is
shaped like a code: anything else is one group, for a row that has slipped by one column may hold a person's number. Everything
that needs all rows is asked here, once; the answer is small and plain, so that it can be kept as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from demand.engine.columns import ELIGIBILITY, KINDS, MEDICAL, PHARMACY
from demand.engine.outcomes import candidates_sql
from demand.engine.parameters import Parameters
from demand.engine.typed import SQL_FOLDER

FORM = 1  # of the kept answer; another number is another answer
MOST_VALUES = 100  # of one set, those with the most money; the rest are counted together
UNCLASSIFIED = ("J3490", "J3590", "J9999", "C9399")  # drugs that have no code of their own yet
HCPCS_SHAPE = "[A-Z][0-9]{4}|[0-9]{4}[0-9A-Z]"
NPIS = {
    MEDICAL: ("rendering_npi", "billing_npi", "facility_npi", "ordering_npi"),
    PHARMACY: ("prescribing_provider_npi", "dispensing_provider_npi"),
}


@dataclass(frozen=True)
class KnownCodes:
    """What the reference knows: codes of drugs and services, NDCs, places of service, the first two digits and the last of bill types."""

    hcpcs: Collection[str] = ()
    ndcs: Collection[str] = ()
    places: Collection[str] = ()
    bill_facilities: Collection[str] = ()
    bill_frequencies: Collection[str] = ()

    def digest(self) -> str:
        lists = [FORM, *(sorted(getattr(self, name)) for name in self.__dataclass_fields__)]
        return hashlib.sha256(json.dumps(lists).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Value:
    """Rows that carry one value. `what` says what is the matter with it; an empty `value` is one that may not be shown."""

    what: str
    value: str
    rows: int
    people: int
    allowed_cents: int | None
    paid_cents: int | None
    values: int = 1  # how many values stand together here

    @property
    def money(self) -> int:
        return self.allowed_cents if self.allowed_cents is not None else self.paid_cents or 0


@dataclass(frozen=True)
class Measured:
    """By kind of file: `totals` of its accepted rows, its `warnings`, its `payers`. `codes`: values the reference does not know."""

    totals: Mapping[str, Value] = field(default_factory=dict)
    warnings: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    payers: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    codes: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    data_sources: tuple[str, ...] = ()

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict) -> Measured:
        def several(found: dict) -> dict:
            return {name: tuple(Value(**value) for value in values) for name, values in found.items()}

        return cls(
            totals={kind: Value(**value) for kind, value in told["totals"].items()},
            warnings=several(told["warnings"]),
            payers=several(told["payers"]),
            codes=several(told["codes"]),
            data_sources=tuple(told["data_sources"]),
        )


def measure(
    connection: duckdb.DuckDBPyConnection, folder: Path, known: KnownCodes, flags: Mapping[str, Mapping[str, int]]
) -> Measured:
    """`connection`: one of its own, temporary views are made on it. `flags`: the load's warnings by kind, which say what to look for."""
    kinds = [kind for kind in KINDS if sorted(folder.glob(f"{kind}-[0-9]*.parquet"))]
    connection.execute((SQL_FOLDER / "typing.sql").read_text(encoding="utf-8"))
    for kind in kinds:
        _accepted(connection, folder, kind)
    codes = {}
    if MEDICAL in kinds:
        codes |= _medical_codes(connection, known)
    if PHARMACY in kinds:
        codes["pharmacy_ndc"] = _ndcs(connection, PHARMACY, known)
    sources = {name for kind in kinds for (name,) in connection.execute(f"SELECT DISTINCT data_source FROM row_{kind}").fetchall()}
    return Measured(
        totals={kind: _totals(connection, kind) for kind in kinds},
        warnings={kind: _warnings(connection, kind, flags.get(kind, {})) for kind in kinds},
        payers={kind: _values(connection, kind, "''", "payer", "payer IS NOT NULL") for kind in kinds},
        codes=codes,
        data_sources=tuple(sorted(sources)),
    )


def _accepted(connection: duckdb.DuckDBPyConnection, folder: Path, kind: str) -> None:
    """row_<kind>: the rows accepted at loading, with money where the kind has any."""
    rejects = str(folder / "rejects.parquet").replace("'", "''")
    money = "NULL::BIGINT AS allowed_cents, NULL::BIGINT AS paid_cents, " if kind == ELIGIBILITY else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW row_{kind} AS SELECT {money}* FROM ({candidates_sql(folder, kind)}) AS row_read "
        f"ANTI JOIN (SELECT file_no, row_number FROM read_parquet('{rejects}') WHERE kind = '{kind}') AS gone "
        "USING (file_no, row_number)"
    )


_SUMS = "count(*), count(DISTINCT person_id), sum(allowed_cents)::BIGINT, sum(paid_cents)::BIGINT"


def _totals(connection: duckdb.DuckDBPyConnection, kind: str) -> Value:
    return Value("", "", *connection.execute(f"SELECT {_SUMS} FROM row_{kind}").fetchall()[0])


def _values(
    connection: duckdb.DuckDBPyConnection, kind: str, what: str, value: str, where: str, **given: object
) -> tuple[Value, ...]:
    """Rows by `what` and `value` (SQL expressions), those with the most money first; beyond MOST_VALUES they stand together."""
    found = connection.execute(
        f"SELECT {what} AS what, coalesce({value}, '') AS value, {_SUMS} FROM row_{kind} WHERE {where} GROUP BY ALL "
        "ORDER BY coalesce(sum(allowed_cents), sum(paid_cents), 0) DESC, count(*) DESC, what, value",
        {name: list(items) if isinstance(items, (set, tuple, frozenset)) else items for name, items in given.items()},
    ).fetchall()
    values = [Value(*row) for row in found]
    return (*values[:MOST_VALUES], *_together(values[MOST_VALUES:]))


def _together(rest: list[Value]) -> list[Value]:
    """The values with less money, one row for each `what`. People may be in several of them: the largest count is a lower bound."""
    found = []
    for what in dict.fromkeys(value.what for value in rest):
        same = [value for value in rest if value.what == what]
        found.append(
            Value(
                what, "", sum(value.rows for value in same), max(value.people for value in same),
                sum(value.allowed_cents or 0 for value in same), sum(value.paid_cents or 0 for value in same), len(same),
            )
        )  # fmt: skip
    return found


def _medical_codes(connection: duckdb.DuckDBPyConnection, known: KnownCodes) -> dict[str, tuple[Value, ...]]:
    shaped = f"regexp_full_match(hcpcs_code, '{HCPCS_SHAPE}')"
    drugs = (
        f"CASE WHEN NOT {shaped} THEN 'misshapen' WHEN hcpcs_code IN {UNCLASSIFIED} THEN 'unclassified' "
        "WHEN regexp_matches(hcpcs_code, $drug) AND NOT list_contains($known, hcpcs_code) THEN 'unknown' END"
    )
    bill_known = "list_contains($facilities, left(bill_type_code, 2)) AND (list_contains($frequencies, right(bill_type_code, 1)) OR regexp_full_match(right(bill_type_code, 1), '[A-Z]'))"
    bill_shaped = "regexp_full_match(bill_type_code, '[1-9][0-9][0-9A-Z]')"
    place_shaped = "regexp_full_match(place_of_service_code, '[0-9]{2}')"
    return {
        "hcpcs": _values(
            connection, MEDICAL, drugs, f"CASE WHEN {shaped} THEN hcpcs_code END", f"({drugs}) IS NOT NULL",
            drug=Parameters.drug_code_pattern, known=set(known.hcpcs),
        ),
        "ndc": _ndcs(connection, MEDICAL, known),
        "place": () if not known.places else _values(
            connection, MEDICAL, f"CASE WHEN {place_shaped} THEN 'unknown' ELSE 'misshapen' END",
            f"CASE WHEN {place_shaped} THEN place_of_service_code END",
            "place_of_service_code IS NOT NULL AND NOT list_contains($places, place_of_service_code)", places=set(known.places),
        ),
        "bill_type": () if not known.bill_facilities else _values(
            connection, MEDICAL, f"CASE WHEN {bill_shaped} THEN 'unknown' ELSE 'misshapen' END",
            f"CASE WHEN {bill_shaped} THEN bill_type_code END",
            f"bill_type_code IS NOT NULL AND NOT ({bill_shaped} AND {bill_known})",
            facilities=set(known.bill_facilities), frequencies=set(known.bill_frequencies),
        ),
    }  # fmt: skip


def _ndcs(connection: duckdb.DuckDBPyConnection, kind: str, known: KnownCodes) -> tuple[Value, ...]:
    shaped = "regexp_full_match(ndc_code, '[0-9]{11}')"
    return _values(
        connection, kind, f"CASE WHEN {shaped} THEN 'unknown' ELSE 'misshapen' END", f"CASE WHEN {shaped} THEN ndc_code END",
        "ndc_code IS NOT NULL AND NOT list_contains($known, ndc_code)", known=set(known.ndcs),
    )  # fmt: skip


# Warnings


def _warnings(connection: duckdb.DuckDBPyConnection, kind: str, flags: Mapping[str, int]) -> tuple[Value, ...]:
    """The rows' own flags, and the two rules that need more than one row, with the money on the rows they concern."""
    found = []
    if flags:
        found = [
            Value(rule, "", *sums)
            for rule, *sums in connection.execute(
                f"SELECT rule, {_SUMS} FROM (SELECT person_id, allowed_cents, paid_cents, unnest(string_split(flags, ';')) AS rule "
                f"FROM row_{kind} WHERE flags IS NOT NULL) GROUP BY rule"
            ).fetchall()
        ]
    if "NPI_INVALID" in flags:
        found += _rows_where(connection, "NPI_INVALID", kind, _wrong_npi(connection, kind))
    if "CLAIM_HEADER_CONFLICT" in flags:
        found += _rows_where(connection, "CLAIM_HEADER_CONFLICT", kind, _conflict(kind))
    return tuple(sorted(found, key=lambda value: (-value.money, -value.rows, value.what)))


def _rows_where(connection: duckdb.DuckDBPyConnection, rule: str, kind: str, where: str) -> list[Value]:
    sums = connection.execute(f"SELECT {_SUMS} FROM row_{kind} WHERE {where}").fetchall()[0]
    return [Value(rule, "", *sums)] if sums[0] else []


def _wrong_npi(connection: duckdb.DuckDBPyConnection, kind: str) -> str:
    numbers = " UNION ".join(f"SELECT DISTINCT {column} AS npi FROM row_{kind}" for column in NPIS[kind])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE wrong_npi AS WITH seen AS MATERIALIZED ({numbers}) "
        "SELECT npi FROM seen WHERE npi IS NOT NULL AND npi_wrong(npi)"
    )
    return " OR ".join(f"{column} IN (SELECT npi FROM wrong_npi)" for column in NPIS[kind])


def _conflict(kind: str) -> str:
    also = "OR min(claim_start_date) <> max(claim_start_date) OR min(claim_type) <> max(claim_type)" if kind == MEDICAL else ""
    return (
        f"(data_source, claim_id) IN (SELECT (data_source, claim_id) FROM row_{kind} GROUP BY data_source, claim_id "
        f"HAVING min(person_id) <> max(person_id) {also})"
    )
