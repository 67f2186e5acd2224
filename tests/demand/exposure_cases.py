"""People as a test names them -> the same people as tables for the evaluator over tables, and as treatments for the slow one.

A person has days of doses and coverages over time; which coverage holds between two doses, and into which episodes the doses fall, is
worked out here in plain Python, apart from the SQL.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from functools import cache

import duckdb
import pandas as pd

from demand.engine import exposure, stage
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from payers.engine.examples import same_drug_codes
from payers.engine.policies import parse_policy
from payers.engine.verdict import Coverage, Dose, Evidence, Law, Treatment, Verdict, permitted, verdicts
from tests.demand.flow import day
from tests.demand.frames import shipped_frames

AS_OF = day("2026-07-01")
ALLOWED_GAP = 84
MOLECULES = {
    "J1745": ("infliximab", "infliximab"),
    "Q5103": ("infliximab-dyyb", "infliximab"),
    "J1300": ("eculizumab", "eculizumab"),
    "J1299": ("eculizumab", "eculizumab"),
    "J1437": ("ferric derisomaltose", "ferric derisomaltose"),
}
POLICY = """
id: P
payer: Acme
kind: site_of_care
status: in_force
source: {title: A policy}
effective_from: 2026-01-01
drugs: {hcpcs: [J1745, J1300, J1437]}
excluded_site_classes: [hopd_on_campus, hopd_off_campus]
"""


def policy(more: str = "", **changes: object) -> dict:
    """The policy above, parsed, with more YAML and keys of the document replaced."""
    return parse_policy(POLICY + more, "policy.yaml") | changes


@dataclass(frozen=True)
class Given:
    """A dose: its day, code, site class …; authorized_until stands on its claim."""

    on: dt.date
    code: str | None = "J1745"
    site_class: str = "hopd_on_campus"
    affiliated: bool | None = True
    channel: str = "buy_and_bill"
    authorized_until: dt.date | None = None
    diagnosis: str = "K5090"


@dataclass(frozen=True)
class Covered:
    """A coverage from ≤ day ≤ until."""

    from_on: dt.date = dt.date(2020, 1, 1)
    until: dt.date = dt.date(2030, 12, 31)
    payer: str = "Acme"
    plan: str | None = "PPO"
    line_of_business: str = "commercial"
    funding: str = "self_funded"
    state: str | None = "OH"


@dataclass(frozen=True)
class Person:
    """One person and one family; `given` in order of days. enrolled_from: a first dose a year after it is known to be a start."""

    given: tuple[Given, ...]
    covered: tuple[Covered, ...] = (Covered(),)
    birth_date: dt.date | None = dt.date(1980, 5, 5)
    zip_code: str = "43001"
    molecule: str | None = None  # where no code says it
    name: str = field(default="p1")

    @property
    def family(self) -> str:
        return MOLECULES[next(dose.code for dose in self.given if dose.code)][1]

    def molecule_of(self, dose: Given) -> str:
        return MOLECULES[dose.code][0] if dose.code else self.family

    def coverage_on(self, when: dt.date) -> Covered:
        return next(one for one in self.covered if one.from_on <= when <= one.until)

    def new_start(self) -> bool | None:
        return True if self.covered[0].from_on <= self.given[0].on - dt.timedelta(365) else None

    def episodes(self) -> list[list[Given]]:
        runs: list[list[Given]] = []
        for dose in self.given:
            if runs and (dose.on - runs[-1][-1].on).days <= ALLOWED_GAP:
                runs[-1].append(dose)
            else:
                runs.append([dose])
        return runs


def doses(*texts: str, **more: object) -> tuple[Given, ...]:
    """`2026-01-10` or, with a site class, `2026-01-10 home`."""
    found = []
    for text in texts:
        on, _, site_class = text.partition(" ")
        changes = {"site_class": site_class, "affiliated": site_class.startswith("hopd")} if site_class else {}
        found.append(replace(Given(day(on)), **changes, **more))
    return tuple(found)


@cache
def _codes() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Codes of the same product by code, and all codes by molecule."""
    rows = list(
        shipped_frames()["drug_codes"][["hcpcs_code", "molecule", "effective_from", "effective_to"]].itertuples(index=False)
    )
    of_molecule: dict[str, set[str]] = {}
    for code, molecule, *_ in rows:
        of_molecule.setdefault(molecule, set()).add(code)
    return same_drug_codes(rows), {molecule: frozenset(codes) for molecule, codes in of_molecule.items()}


def treatments(person: Person, as_of: dt.date = AS_OF) -> list[Treatment]:
    """One treatment an episode, worked out step by step."""
    same, of_molecule = _codes()
    given = tuple(
        Dose(
            dose.on,
            same[dose.code] if dose.code else of_molecule[person.molecule_of(dose)],
            person.molecule_of(dose),
            dose.site_class,
            dose.affiliated,
            dose.channel,
        )
        for dose in person.given
    )
    found = []
    runs = person.episodes()
    for number, run in enumerate(runs):
        begins, last = run[0].on, run[-1].on
        ended = number + 1 < len(runs) or last + dt.timedelta(ALLOWED_GAP) < as_of
        found.append(
            Treatment(
                family=person.family,
                doses=tuple(dose for dose in given if dose.on <= last),
                coverages=_coverages(
                    person, [dose.on for dose in run], min(last + dt.timedelta(ALLOWED_GAP), as_of) if ended else as_of
                ),
                begins_on=begins,
                ends_on=last + dt.timedelta(ALLOWED_GAP) if ended else None,
                allowed_gap=ALLOWED_GAP,
                single_dose=person.family == "ferric derisomaltose",
                start_known=bool(person.new_start()),
                birth_date=person.birth_date,
                authorizations=tuple(
                    (person.coverage_on(dose.on).payer, dose.authorized_until) for dose in person.given if dose.authorized_until
                ),
                exceptions=tuple(Evidence("REACTION", dose.on) for dose in person.given if dose.diagnosis == "T8052XA"),
            )
        )
    return found


def _coverages(person: Person, days: list[dt.date], until: dt.date) -> tuple[Coverage, ...]:
    """The coverages that the episode's doses show, from the first day of each, and one that began since the last dose."""
    shown: list[tuple[dt.date, Covered]] = []
    for place, when in enumerate(days):
        covered = person.coverage_on(when)
        if not shown or shown[-1][1] != covered:
            since_before = place and covered.from_on > days[place - 1]
            shown.append((covered.from_on if since_before else when, covered))
    newest = person.coverage_on(until)
    if newest.from_on > days[-1] and (newest.payer.lower(), newest.plan) != (shown[-1][1].payer.lower(), shown[-1][1].plan):
        shown.append((newest.from_on, newest))
    return tuple(
        Coverage(since, one.payer, one.line_of_business, one.funding, one.state, one.plan) for since, one in shown
    )  # fmt: skip


SITES = [
    {"site_id": "H", "site_class": "hopd_on_campus", "hospital_affiliated": True, "latitude": 40.0, "longitude": -83.0},
    {"site_id": "C", "site_class": "infusion_center", "hospital_affiliated": False, "latitude": 40.5, "longitude": -83.0},
    {"site_id": "N", "site_class": "physician_office", "hospital_affiliated": True, "latitude": 40.1, "longitude": -83.0,
     "opened_on": "2026-03-01"},
    {"site_id": "HH", "site_class": "home_infusion", "hospital_affiliated": False, "latitude": 40.0, "longitude": -83.0},
]  # fmt: skip
ZIPS = [{"zip_code": "43001", "latitude": 40.0, "longitude": -83.0}]
MILES = {"C": 34.5, "N": 6.9}  # from the ZIP


def nearest(document: dict, person: Person, judged_on: dt.date, sites: list[dict]) -> float | None:
    if person.zip_code != ZIPS[0]["zip_code"]:
        return None
    open_then = [site for site in sites if day(site.get("opened_on", "1900-01-01")) <= judged_on]
    return min(
        (MILES[site["site_id"]] for site in open_then
         if site["site_id"] in MILES and permitted(document, site["site_class"], site["hospital_affiliated"])), default=None,
    )  # fmt: skip


def slowly(
    people: list[Person], policies: list[dict], laws: list[Law] = (), sites: list[dict] = SITES, as_of: dt.date = AS_OF
) -> dict[tuple, Verdict]:
    """(person, episode's first day, policy, funding assumed) -> verdict, for the pairs that have a row."""
    found = {}
    for person in people:
        for treatment in treatments(person, as_of):
            for document in policies:
                judged_on = max(as_of, day(document["effective_from"]))
                if not _meets(treatment, document):
                    continue
                placed = replace(treatment, nearest_permitted_miles=nearest(document, person, judged_on, sites))
                for assumed, verdict in verdicts(placed, document, laws, judged_on):
                    found[person.name, treatment.begins_on, document["id"], assumed] = verdict
    return found


def _meets(treatment: Treatment, document: dict) -> bool:
    """Whether on some day the policy is in force, the person treated, and payer and drug are named."""
    begins = day(document["effective_from"])
    last = min(day(document["effective_to"] or "9999-12-31") - dt.timedelta(1), treatment.ends_on or dt.date.max)
    starts = {begins, *(one.on for one in treatment.doses), *(one.from_on for one in treatment.coverages)}
    drugs = document["drugs"]
    for when in starts:
        if max(begins, treatment.begins_on) <= when <= last:
            dose, covered = treatment.last_dose(when), treatment.coverage(when)
            named = dose.codes & set(drugs["hcpcs"]) or {dose.molecule, treatment.family} & {
                *drugs["molecules"],
                *drugs["families"],
            }
            if named and covered.payer.lower() == document["payer"].lower():
                return True
    return False


def by_tables(
    people: list[Person], policies: list[dict], laws: list[Law] = (), sites: list[dict] = SITES, as_of: dt.date = AS_OF
) -> dict[tuple, dict]:
    """The same keys -> rows of exposure."""
    connection = _connection()
    _tables(connection, people, as_of)
    stage.run(connection, "treatments")
    reference = Reference.from_frames({"sites": pd.DataFrame(sites), "zip_centroids": pd.DataFrame(ZIPS)})
    reference.register(connection, ("sites", "zip_centroids"))
    connection.execute("CREATE OR REPLACE TEMP VIEW register_site AS FROM ref_sites")
    connection.execute("CREATE OR REPLACE TEMP VIEW zip_centroid AS FROM ref_zip_centroids")
    exposure.judge_policies(connection, [json.dumps(document) for document in policies], laws)
    cursor = connection.execute(exposure.ROWS)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {(row["person_id"], row["started_on"], row["policy_id"], row["funding_assumed"]): row for row in rows}


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    stage.prepare(connection, Parameters())
    reference = Reference.from_frames(shipped_frames())
    reference.register(connection, ("drug_families",))
    for name, columns in _EMPTY.items():
        connection.execute(f"CREATE TEMP TABLE run_{name} ({columns})")
    exposure.tell_treatments(connection, reference.drug_codes)
    return connection


_EMPTY = {
    "infusions": "infusion_id BIGINT, person_id VARCHAR, person_no BIGINT, family VARCHAR, service_date DATE, molecule VARCHAR, "
    "hcpcs_codes VARCHAR, site_id VARCHAR, site_class VARCHAR, hospital_affiliated BOOLEAN, channel VARCHAR, channel_confidence VARCHAR, payer VARCHAR, "
    "plan VARCHAR, line_of_business VARCHAR, funding_type VARCHAR, state VARCHAR, data_source VARCHAR, allowed_cents BIGINT",
    "episodes": "episode_id BIGINT, person_id VARCHAR, person_no BIGINT, family VARCHAR, started_on DATE, last_infused_on DATE, "
    "allowed_gap INTEGER, interval_days INTEGER, new_start BOOLEAN, outcome VARCHAR, end_cause VARCHAR, market VARCHAR, "
    "expected_next_on DATE",
    "eligibility": "person_id VARCHAR, payer VARCHAR, plan VARCHAR, line_of_business VARCHAR, funding_type VARCHAR, state VARCHAR, "
    "birth_date DATE, zip_code VARCHAR, enrollment_start_date DATE, enrollment_end_date DATE",
    "lines": "person_id VARCHAR, service_date DATE, diagnosis_codes VARCHAR, infusion_id BIGINT, payer VARCHAR, "
    "authorization_end_date DATE, data_source VARCHAR",
    "feed_end": "data_source VARCHAR, known_until DATE",
}


def _tables(connection: duckdb.DuckDBPyConnection, people: list[Person], as_of: dt.date) -> None:
    rows: dict[str, list[tuple]] = {name: [] for name in _EMPTY}
    rows["feed_end"].append(("feed", as_of))
    for number, person in enumerate(people, start=1):
        for one in person.covered:
            rows["eligibility"].append(
                (person.name, one.payer, one.plan, one.line_of_business, one.funding, one.state, person.birth_date,
                 person.zip_code, one.from_on, one.until)
            )  # fmt: skip
        for place, dose in enumerate(person.given):
            covered, key = person.coverage_on(dose.on), number * 1000 + place
            codes = ";".join(sorted(filter(None, [dose.code, "96413"])))
            rows["infusions"].append(
                (key, person.name, number, person.family, dose.on, person.molecule_of(dose), codes, "S", dose.site_class,
                 dose.affiliated, dose.channel, None, covered.payer, covered.plan, covered.line_of_business, covered.funding,
                 covered.state, "feed", 100_000)
            )  # fmt: skip
            rows["lines"].append((person.name, dose.on, dose.diagnosis, key, covered.payer, dose.authorized_until, "feed"))
        runs = person.episodes()
        for place, run in enumerate(runs):
            new = person.new_start() if place == 0 else (run[0].on - runs[place - 1][-1].on).days > 180
            cause = "restarted" if place + 1 < len(runs) else None
            rows["episodes"].append(
                (number * 1000 + place, person.name, number, person.family, run[0].on, run[-1].on, ALLOWED_GAP, 56, new, "kept",
                 cause, "metro", run[-1].on + dt.timedelta(56))
            )  # fmt: skip
    for name, listed in rows.items():
        connection.execute(f"DELETE FROM run_{name}")
        if listed:
            connection.register("listed", pd.DataFrame(listed).astype(object))
            connection.execute(f"INSERT INTO run_{name} FROM listed")
            connection.unregister("listed")


def told(row: dict) -> Verdict:
    """A row of exposure as the slow evaluator words it."""
    return Verdict(
        row["verdict"], row["exposed_from"], row["grace_until"], tuple(filter(None, row["clauses"].split(";"))),
        tuple(filter(None, row["reasons"].split("; "))),
    )  # fmt: skip


def write_run(folder, people: list[Person], policies: list[dict], laws: list[Law] = ()) -> None:
    """What a run keeps of exposure, as the files of its folder."""
    by_tables(people, policies, laws)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in zip(exposure.KEPT, ("treatment", "treatment_span", "exception_evidence"), strict=True):
        _connection().execute(f"COPY (SELECT * FROM {table} ORDER BY ALL) TO '{folder / name}.parquet' (FORMAT parquet)")
    _connection().execute(f"COPY ({exposure.ROWS}) TO '{folder / 'exposure.parquet'}' (FORMAT parquet)")
