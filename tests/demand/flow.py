"""Accepted rows with valid defaults, run through the stages on one connection: a test names only what it is about.

Unlike `builders.py` (files through the real intake) these rows start where intake ends, so a stage's rule is tested alone and fast.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd

from demand.engine import episodes, infusions, leakage, maturity, roles, stage
from demand.engine.outcomes import schema
from demand.engine.parameters import Parameters
from demand.engine.reference import COLUMNS, Reference
from tests.demand.frames import shipped_frames

HOSPITAL, CLINIC, OFFICE, PHARMACY, HOME = "2100000001", "2100000002", "2100000003", "2100000004", "2100000005"
DOCTOR, STRANGER = "2200000001", "2200000002"

LINE = {
    "sequence": 1, "file_no": 0, "data_source": "acme", "claim_id": "C", "claim_line_number": 1, "claim_type": "professional",
    "person_id": "p1", "payer": "Acme", "plan": "PPO", "service_date": dt.date(2025, 3, 3), "place_of_service_code": "11",
    "hcpcs_code": "J1745", "units": 40, "billing_npi": OFFICE, "paid_date": dt.date(2025, 3, 20), "paid_cents": 9_000,
    "allowed_cents": 10_000, "charge_cents": 30_000, "patient_cents": 1_000,
}  # fmt: skip
FILL = {
    "sequence": 1, "file_no": 1, "data_source": "acme", "claim_id": "R", "claim_line_number": 1, "person_id": "p1", "payer": "Acme",
    "dispensing_date": dt.date(2025, 3, 1), "ndc_code": "57894003001", "dispensing_provider_npi": PHARMACY, "days_supply": 56,
    "paid_cents": 80_000, "allowed_cents": 90_000,
}  # fmt: skip
SPAN = {
    "sequence": 1, "file_no": 2, "data_source": "acme", "person_id": "p1", "payer": "Acme", "plan": "PPO",
    "payer_type": "commercial", "funding_type": "insured", "enrollment_start_date": dt.date(2020, 1, 1),
    "enrollment_end_date": dt.date(2030, 12, 31), "birth_date": dt.date(1980, 1, 1), "zip_code": "37201", "state": "TN",
}  # fmt: skip


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def line(**changes: object) -> dict:
    return LINE | changes


def facility(**changes: object) -> dict:
    """A hospital outpatient line."""
    return LINE | {
        "claim_type": "institutional", "place_of_service_code": None, "bill_type_code": "131", "revenue_center_code": "0636",
        "billing_npi": None, "facility_npi": HOSPITAL,
    } | changes  # fmt: skip


def administration(code: str = "96413", **changes: object) -> dict:
    return LINE | {"hcpcs_code": code, "units": 1, "allowed_cents": 2_000, "paid_cents": 1_800, "claim_line_number": 2} | changes


def fill(**changes: object) -> dict:
    return FILL | changes


def span(**changes: object) -> dict:
    return SPAN | changes


def site(site_id: str, npi: str, site_class: str, ownership: str, **more: object) -> dict:
    return {"site_id": site_id, "npi": npi, "site_class": site_class, "ownership": ownership} | more


SITES = [
    site("H", HOSPITAL, "hopd_on_campus", "owned", owner="Ours", market="metro", hospital_affiliated=True),
    site("C", CLINIC, "infusion_center", "other", owner="Theirs", market="metro"),
    site("SP", PHARMACY, "specialty_pharmacy", "other", owner="Rx", market="metro"),
    site("HH", HOME, "home_infusion", "other", owner="Home", market="metro"),
]
PRESCRIBERS = [{"npi": DOCTOR, "name": "Ada", "specialty": "gastroenterology", "relation": "employed", "market": "metro"}]


@dataclass
class Flow:
    """The connection after the stages. Rows are dicts."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[dict]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @property
    def lines(self) -> list[dict]:
        return self.rows(
            "SELECT line.*, line_place.* EXCLUDE (line_no) FROM line LEFT JOIN line_place USING (line_no) ORDER BY line_no"
        )

    @property
    def infusions(self) -> list[dict]:
        return self.rows("FROM attributed_infusion ORDER BY person_id, service_date, molecule, site_id")

    @property
    def infusion(self) -> dict:
        (only,) = self.infusions
        return only

    @property
    def episodes(self) -> list[dict]:
        return self.rows("FROM episode ORDER BY person_id, family, started_on")

    @property
    def episode(self) -> dict:
        (only,) = self.episodes
        return only


def _candidates(connection: duckdb.DuckDBPyConnection, kind: str, rows: Iterable[Mapping]) -> None:
    columns = {"sequence": "INTEGER", **schema(kind)}
    declared = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE accepted_{kind} ({declared})")
    for number, row in enumerate(rows, start=1):
        values = {"row_number": number, **row}
        unknown = set(values) - set(columns)
        assert not unknown, f"no such column: {unknown}"
        names = list(values)
        connection.execute(
            f"INSERT INTO accepted_{kind} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",
            [values[name] for name in names],
        )


def usual_reference() -> Reference:
    return Reference.from_frames(shipped_frames() | {"sites": pd.DataFrame(SITES), "prescribers": pd.DataFrame(PRESCRIBERS)})


_SHARED: list[duckdb.DuckDBPyConnection] = []  # one connection for all flows, one Flow at a time
_REPLACED: set[str] = set()  # the reference frames that the last flow gave


def _prepared(parameters: Parameters, frames: dict) -> duckdb.DuckDBPyConnection:
    """The shared connection with the default reference, but for these frames: only they are read anew."""
    if not _SHARED:
        _SHARED.append(duckdb.connect(config={"threads": 1}))
        usual_reference().register(_SHARED[0])
        for name in COLUMNS:
            _SHARED[0].execute(f"CREATE TABLE usual_{name} AS FROM ref_{name}")
        stage.prepare(_SHARED[0], parameters)
    connection = _SHARED[0]
    for name in _REPLACED - set(frames):
        connection.execute(f"CREATE OR REPLACE TABLE ref_{name} AS FROM usual_{name}")
    _REPLACED.clear()
    if frames:
        _REPLACED.update(frames)
        given = {name: frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame) for name, frame in frames.items()}
        Reference.from_frames(given).register(connection, frames)
    stage.set_parameters(connection, parameters)
    stage.run(connection, "shared_tables")
    return connection


def to_infusions(
    lines: list[dict], fills: list[dict] = (), spans: list[dict] = (), parameters: Parameters | None = None, **frames: object
) -> Flow:
    """accepted rows -> attributed infusions. `frames` stand in for reference frames (sites, orders, policies …)."""
    connection = _prepared(parameters or Parameters(), frames)
    connection.execute(
        "CREATE OR REPLACE TABLE extract AS SELECT 1 AS sequence, 1::BIGINT AS extract_id, NULL::DATE AS paid_through, 0 AS first_file"
    )
    numbered = []
    for number, row in enumerate(lines, start=1):
        own_number = row["claim_line_number"] if row["claim_id"] != "C" else number  # lines of the default claim are numbered here
        numbered.append({"claim_start_date": row["service_date"], **row, "row_number": number, "claim_line_number": own_number})
    _candidates(connection, "medical", numbered)
    _candidates(connection, "pharmacy", fills)
    _candidates(connection, "eligibility", spans)
    stage.run(connection, "accepted_line")
    stage.run(connection, "told_span")
    stage.run(connection, "accepted")
    connection.execute(
        "CREATE OR REPLACE TABLE person AS SELECT person_id, row_number() OVER (ORDER BY person_id) AS person_no FROM "
        "(SELECT person_id FROM accepted_line UNION SELECT person_id FROM fill UNION SELECT person_id FROM eligibility_span)"
    )
    connection.execute("CREATE OR REPLACE TABLE filled_payer AS SELECT DISTINCT lower(payer) AS payer FROM accepted_pharmacy")
    roles.assign_roles(connection)
    infusions.group_into_infusions(connection)
    return Flow(connection)


def infusions_of_each(cases: Iterable[list[dict]], fills: Iterable[dict] = (), **more: object) -> list[list[dict]]:
    """The infusions of every case, each a person's rows (and fill): one flow for all of them costs as much as for one."""
    people = [(f"p{number:02}", rows) for number, rows in enumerate(cases)]
    lines = [row | {"person_id": person} for person, rows in people for row in rows]
    filled = [row | {"person_id": person, "claim_id": person} for (person, _), row in zip(people, fills, strict=False)]
    found = to_infusions(lines, filled, **more).infusions
    return [[one for one in found if one["person_id"] == person] for person, _ in people]


def to_episodes(lines: list[dict], known_until: str | None = None, all_mature: bool = True, **more: object) -> Flow:
    """accepted rows -> episodes and facts. Months are taken as mature (a test of maturity plants its own), the feed's end may be
    told."""
    parameters = more.get("parameters") or Parameters()
    flow = to_infusions(lines, **more)
    maturity.count_lines(flow.connection, "line")
    stage.run(flow.connection, "pass_evidence")
    maturity.judge_months(flow.connection, parameters)
    if known_until:
        flow.connection.execute("UPDATE feed_end SET known_until = ?", [day(known_until)])
    if all_mature:
        flow.connection.execute(
            "CREATE OR REPLACE TABLE maturity AS SELECT data_source, month::DATE AS month, 1.0 AS completion, true AS mature "
            "FROM (SELECT DISTINCT data_source FROM feed_seen), range(DATE '2015-01-01', DATE '2035-01-01', INTERVAL 1 MONTH) AS "
            "months(month)"
        )
    flow.connection.execute("CREATE OR REPLACE TABLE site_use (site_id VARCHAR, month DATE, chair_use DOUBLE)")
    episodes.find_span_horizon(flow.connection, "eligibility_span")
    episodes.group_into_episodes(flow.connection)
    leakage.tell_facts(flow.connection)
    return flow
