"""Cases of the definitions: rows a person could have written, and the answer that the text gives for them.

A case has people, claims and expectations of its own; all cases of a module are loaded and computed together, through the real
intake and the whole pipeline. Ids ("P1", "C1") are made the case's own, so cases never meet. `Cases.compute` -> `Answers`; an
expectation names only the columns it is about, and values are compared as an export writes them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

from demand.engine import pipeline
from demand.engine.export_tables import file_pattern
from demand.engine.parameters import Parameters
from demand.engine.pseudonym import pseudonym
from demand.engine.reference import Reference
from tests.demand import builders
from tests.demand.frames import shipped_reference

PAID_THROUGH = dt.date(2026, 6, 30)

# Who is who. The numbers pass the NPI's check digit, so that no warning hides another.
HOSPITAL, OFF_CAMPUS, OUR_CENTER, PARTNER, THEIR_CENTER, THEIR_HOSPITAL = (
    "2000000002", "2000000010", "2000000028", "2000000036", "2000000044", "2000000051",
)  # fmt: skip
PHARMACY, OUR_PHARMACY, HOME, ON_AND_OFF, HOSPITAL_OR_CENTER, TWO_CENTERS, CLOSED = (
    "2000000069", "2000000077", "2000000085", "2000000093", "2000000101", "2000000119", "2000000127",
)  # fmt: skip
STRANGE_HOSPITAL, STRANGE_OFFICE, STRANGE_CLINIC, OTHER_OFFICE = "2000000135", "2000000143", "2000000150", "2000000168"
DOCTOR, FORMER_DOCTOR, OUTSIDER = "2000000176", "2000000184", "2000000192"


def _site(site_id: str, npis: str | list[str], site_class: str, ownership: str, **more: object) -> dict:
    defaults = {"owner": f"owner of {site_id}", "market": "metro", "opened_on": "", "closed_on": ""}
    npis = ";".join([npis] if isinstance(npis, str) else npis)
    return {"site_id": site_id, "name": site_id, "npis": npis, "site_class": site_class, "ownership": ownership} | defaults | more


SITES = [
    _site("H", HOSPITAL, "hopd_on_campus", "owned"),
    _site("HO", OFF_CAMPUS, "hopd_off_campus", "owned"),
    _site("OC", OUR_CENTER, "infusion_center", "owned"),
    _site("PT", PARTNER, "infusion_center", "partner"),
    _site("X", THEIR_CENTER, "infusion_center", "other"),
    _site("XH", THEIR_HOSPITAL, "hopd_on_campus", "other"),
    _site("SP", PHARMACY, "specialty_pharmacy", "other"),
    _site("OSP", OUR_PHARMACY, "specialty_pharmacy", "owned"),
    _site("HH", HOME, "home_infusion", "other"),
    _site("DON", ON_AND_OFF, "hopd_on_campus", "owned"),
    _site("DOFF", ON_AND_OFF, "hopd_off_campus", "owned"),
    _site("MH", HOSPITAL_OR_CENTER, "hopd_on_campus", "other"),
    _site("MC", HOSPITAL_OR_CENTER, "infusion_center", "other"),
    _site("T1", TWO_CENTERS, "infusion_center", "owned"),
    _site("T2", TWO_CENTERS, "infusion_center", "other"),
    _site("OLD", CLOSED, "infusion_center", "owned", opened_on="2020-01-01", closed_on="2025-03-03"),
]
PRESCRIBERS = [
    {"npi": DOCTOR, "name": "Ada", "specialty": "gastroenterology", "relation": "employed", "market": "metro",
     "starts_on": "2015-01-01", "ends_on": ""},
    {"npi": FORMER_DOCTOR, "name": "Ben", "specialty": "gastroenterology", "relation": "employed", "market": "metro",
     "starts_on": "2015-01-01", "ends_on": "2025-03-03"},
]  # fmt: skip
TAXONOMIES = [{"npi": STRANGE_CLINIC, "taxonomy": "261QI0500X"}]


def _dates(on: str, paid: str | None) -> dict:
    paid = paid or (dt.date.fromisoformat(on) + dt.timedelta(days=10)).isoformat()
    return {"claim_start_date": on, "claim_end_date": on, "claim_line_start_date": on, "paid_date": paid}


def office(code: str = "J1745", on: str = "2025-03-03", paid: str | None = None, **changes: object) -> dict:
    """A professional line."""
    own = {"hcpcs_code": code, "billing_npi": STRANGE_OFFICE, "rendering_npi": "", "ordering_npi": DOCTOR, "file_date": ""}
    return builders.medical(**_dates(on, paid) | own | changes)


def hospital(code: str = "J1745", on: str = "2025-03-03", paid: str | None = None, **changes: object) -> dict:
    """A hospital outpatient line."""
    own = {
        "hcpcs_code": code, "billing_npi": "", "facility_npi": STRANGE_HOSPITAL, "rendering_npi": "", "ordering_npi": DOCTOR,
        "file_date": "",
    }  # fmt: skip
    return builders.institutional(**_dates(on, paid) | own | changes)


def given(row: Mapping, code: str = "96413", **changes: object) -> dict:
    """The administration line beside a drug line: the same claim, one unit, 50.00 allowed."""
    money = {"service_unit_quantity": "1", "allowed_amount": "50.00", "paid_amount": "40.00", "charge_amount": "100.00"}
    return dict(row) | money | {"hcpcs_code": code, "hcpcs_modifier_1": ""} | changes


def dispensed(on: str, ndc: str = "57894003001", by: str = PHARMACY, **changes: object) -> dict:
    """A pharmacy-benefit fill; the default is infliximab for infusion."""
    paid = (dt.date.fromisoformat(on) + dt.timedelta(days=5)).isoformat()
    own = {"dispensing_date": on, "ndc_code": ndc, "dispensing_provider_npi": by, "paid_date": paid, "prescribing_provider_npi": ""}
    return builders.pharmacy(**own | changes)


def enrolled(since: str = "2015-01-01", until: str = "2030-12-31", **changes: object) -> dict:
    return builders.eligibility(enrollment_start_date=since, enrollment_end_date=until, funding_type="insured", **changes)


def every(days: int, times: int, since: str = "2024-01-01") -> list[str]:
    """`times` dates, `days` apart."""
    first = dt.date.fromisoformat(since)
    return [(first + dt.timedelta(days=days * number)).isoformat() for number in range(times)]


@dataclass(frozen=True)
class Case:
    name: str
    loads: tuple[dict[str, list[dict]], ...]  # one or more extracts: kind -> rows
    expected: dict[str, list[dict] | list[str]]

    def __str__(self) -> str:
        return self.name


@dataclass
class Cases:
    listed: list[Case] = field(default_factory=list)

    def add(self, name: str, *medical: dict, then: dict | None = None, **asked: object) -> None:
        """A case. Keywords `pharmacy` and `eligibility` are its other rows (enrolled for ever unless given), `then` the rows of a
        second extract; every other keyword is a table with the rows expected of it, in order of date."""
        fills, spans = asked.pop("pharmacy", []), asked.pop("eligibility", None)
        people = sorted({row["person_id"] for row in [*medical, *fills]}) or ["P1"]
        spans = [enrolled(person_id=person) for person in people] if spans is None else spans
        slug = f"k{len(self.listed) + 1}"
        loads = ({"medical": list(medical), "pharmacy": fills, "eligibility": spans}, then or {})
        own = tuple({kind: _own_ids(rows, slug) for kind, rows in load.items()} for load in loads)
        self.listed.append(Case(name, own, asked))

    def compute(self, folder: Path, sites: list[dict] = SITES, prescribers: list[dict] = PRESCRIBERS) -> Answers:
        loads, inputs = [], []
        for number in (0, 1):
            rows = self.rows(number)
            if not rows:
                continue
            options = {"paid_through": PAID_THROUGH, "identities_dir": folder / "identities"}
            loads.append(builders.load(folder, list(loads), f"extract{number + 1}", options, **rows))
            inputs.append(
                pipeline.ExtractInput(number + 1, f"extract{number + 1}", loads[-1].folder, "payer", PAID_THROUGH, number + 1)
            )
        one_npi_a_row = [{**site, "npi": npi} for site in sites for npi in site["npis"].split(";")]
        frames = {"sites": one_npi_a_row, "prescribers": prescribers, "taxonomies": TAXONOMIES}
        reference = shipped_reference(**{name: pd.DataFrame(rows) for name, rows in frames.items()})
        pipeline.recompute(inputs, reference, Parameters(), folder / "run", memory_limit="300MB")
        return Answers(self, folder / "run", reference)

    def rows(self, extract: int) -> dict[str, list[dict]]:
        """All cases' rows of an extract by kind, in order; a kind with no rows is left out."""
        kinds = ("medical", "pharmacy", "eligibility")
        found = {kind: [row for case in self.listed for row in case.loads[extract].get(kind, ())] for kind in kinds}
        return {kind: rows for kind, rows in found.items() if rows}


def _own_ids(rows: list[dict], slug: str) -> list[dict]:
    return [
        dict(row)
        | {name: f"{slug}-{row[name]}" for name in ("person_id", "claim_id") if row.get(name)}
        | {"claim_line_number": row.get("claim_line_number", "1")}
        for row in rows
    ]


def claim(*rows: dict, claim_id: str = "C1") -> list[dict]:
    """Lines of one claim, numbered."""
    return [dict(row) | {"claim_id": claim_id, "claim_line_number": str(number)} for number, row in enumerate(rows, start=1)]


class Answers:
    """What a run says, by case."""

    ORDER = {
        "infusions": ("person_id", "service_date", "molecule", "site_id"),
        "episodes": ("person_id", "family", "started_on"),
        "unadministered_fills": ("person_id", "dispensing_date"),
        "lines": ("person_id", "service_date", "claim_id", "claim_line_number"),
    }

    def __init__(self, cases: Cases, run: Path, reference: Reference):
        self.tables, self.run, self.reference = {}, run, reference
        with duckdb.connect() as connection:
            for table, order in self.ORDER.items():
                names = ", ".join(order)
                self.tables[table] = builders.rows_of(
                    f"FROM read_parquet('{run / file_pattern(table)}') ORDER BY {names}", connection
                )
            self.rejects = builders.rows_of(f"FROM read_parquet('{run}/rejects.parquet')", connection)
            self.leakage = builders.rows_of(f"FROM read_parquet('{run}/leakage.parquet')", connection)
        self.cases = cases

    def shown(self, case: Case, table: str, columns: list[str]) -> list[dict]:
        """The case's rows of a table, as text, the columns asked for."""
        people = {row["person_id"] for load in case.loads for rows in load.values() for row in rows}
        ids = {pseudonym(person, builders.KEY): person for person in people}
        rows = [row for row in self.tables[table] if row["person_id"] in ids]
        return [{name: as_text(row[name]) for name in columns} for row in sorted(rows, key=lambda row: ids[row["person_id"]])]

    def outcomes(self, case: Case, kind: str = "medical") -> list[str]:
        """The final outcome of each of the case's rows, extract by extract, in the order written."""
        return [outcome for outcome, _ in self.reasons(case, kind)]

    def reasons(self, case: Case, kind: str = "medical") -> list[tuple[str, str]]:
        not_accepted = {
            (row["extract"], row["row_number"]): (row["outcome"], row["rule"]) for row in self.rejects if row["kind"] == kind
        }
        found = []
        for number, load in enumerate(case.loads):
            before = self.cases.listed[: self.cases.listed.index(case)]
            first = 2 + sum(len(earlier.loads[number].get(kind, ())) for earlier in before)
            lines = range(first, first + len(load.get(kind, ())))
            found += [not_accepted.get((f"extract{number + 1}", line), ("accepted", "")) for line in lines]
        return found

    def check(self, case: Case) -> None:
        for table, expected in case.expected.items():
            if table == "outcomes":
                assert self.outcomes(case) == expected, case.name
                continue
            columns = list(dict.fromkeys(name for row in expected for name in row)) or list(self.ORDER[table])
            wanted = [{name: as_text(value) for name, value in row.items()} for row in expected]
            shown = self.shown(case, table, columns)
            for full, row in zip(shown, expected, strict=False):  # of each row only what is expected of it
                for name in set(full) - set(row):
                    del full[name]
            assert shown == wanted, f"{table}: {shown}, and the definitions say {wanted}"


def as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return f"{float(value):.4f}".rstrip("0").rstrip(".")
    return str(value)
