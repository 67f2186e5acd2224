"""A run's infusions -> how many a month, for whom and where, in cells of at least 11 people.

Grain in: one infusion. Grain out: one cell = place (hospital: in our outpatient departments; elsewhere: leaked to a site of
others) × payer × line of business × therapy × what becomes of it under the policies. Formula: infusions of the last mature
months ÷ months. Readable in `sql/volumes.sql`.

A count of 1 to 10 people must not leave the patient-level tables, and a scenario's inputs are read by everybody: smaller cells
are pooled with others (therapies first, then payers), and what is still too small is left out. Cells are pooled market by market, and
those of all markets are the sums of the markets' own: all less some markets then leaves what the others' scenarios say, and no few people.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine.disclosure import SMALLEST_SHOWN

NO_EXPOSURE = """
CREATE TEMP TABLE exposure (
    person_no BIGINT, family VARCHAR, policy_id VARCHAR, kind VARCHAR, status VARCHAR, verdict VARCHAR, active BOOLEAN,
    exposed_from DATE, expected_from DATE, grace_until DATE
)
"""
NO_RISK = """
CREATE TEMP TABLE risk (
    person_no BIGINT, family VARCHAR, forecast_on DATE, risk DOUBLE, risk_certain DOUBLE, months DOUBLE[]
)
"""
LIKELY = """
SELECT cell_no, ahead, any_value(forecast_on), count(*), sum(chance)::BIGINT
FROM chosen
JOIN membership USING (strand_no)
JOIN likely USING (person_no, family)
WHERE place = 'hospital'
GROUP BY cell_no, ahead
HAVING count(DISTINCT person_no) >= $least
ORDER BY cell_no, ahead
"""
LINE_CLASSES = ("infusion_center", "infusion_suite", "physician_office", "home_infusion")  # the clinical line calls the last home
SQL = Path(__file__).parent / "sql" / "volumes.sql"


@dataclass(frozen=True)
class Strand:
    """Infusions that are alike in all that prices and policies ask for. Sums over the window; allowed in cents, of infusions that
    were not white-bagged, and what patients owe of it. `leaves_on` and `policy_id`: from the run's exposures. `kept_from_…`:
    infusions of people whom the clinical line keeps from that class of site."""

    strand_no: int
    market: str
    place: str
    payer: str
    plan: str
    line_of_business: str
    funding_type: str
    state: str
    site_class: str
    family: str
    molecule: str
    hcpcs_codes: str
    leaves_on: dt.date | None
    policy_id: str
    infusions: int
    with_dose: int
    dose: float
    with_allowed: int
    allowed_cents: int
    patient_cents: int
    kept_from_center: int
    kept_from_suite: int
    kept_from_office: int
    kept_from_home: int
    white_bagged: int
    bought_at_340b: int

    def kept_from(self, site_class: str) -> int:
        by_class = (self.kept_from_center, self.kept_from_suite, self.kept_from_office, self.kept_from_home)
        return dict(zip(LINE_CLASSES, by_class, strict=True)).get(site_class, 0)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code in (self.hcpcs_codes or "").split(";") if code)


@dataclass(frozen=True)
class Window:
    """The months that volumes were read from, both included; `mature` is False where the run has no mature month. `knows_exposure`:
    the run says of each person when policies make them leave."""

    first_month: dt.date
    last_month: dt.date
    months: int
    mature: bool
    knows_exposure: bool


@dataclass(frozen=True)
class Likely:
    """Infusions of a cell whose patients may leave without a policy, 11 people or more, and for each of the 12 months from `first` on the
    sum of their chances to do so in it, in ten millionths of an infusion."""

    first: dt.date
    infusions: int
    chances: tuple[int, ...]

    def __add__(self, other: "Likely") -> "Likely":
        chances = tuple(a + b for a, b in zip(self.chances, other.chances, strict=True))
        return Likely(self.first, self.infusions + other.infusions, chances)


@dataclass(frozen=True)
class Volumes:
    """Strands by cell, each of at least 11 people; infusions in all, and of those in cells too small to be used; by cell who may leave
    without a policy."""

    window: Window
    cells: dict[Hashable, tuple[Strand, ...]]
    infusions: int
    left_out: int
    likely: dict[Hashable, Likely]


def read_volumes(
    infusions: Path,
    facts: Path,
    exposure: Path | None,
    sites_340b: Iterable[str],
    cells_of: Callable[[list[Strand], Window], dict[int, Hashable]],
    pooled: Callable[[Hashable], Hashable | None],
    *,
    risk: Path | None = None,
    market: str = "",
    months: int = 6,
    bound: Sequence[tuple[int, str, str]] = (),
) -> Volumes | None:
    """Parquet of a run -> Volumes; None where the run has no infusion at all. `cells_of` names the cell of each strand that can
    be used by its number, `pooled` the next wider cell of one that is too small (None: leave it out)."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET VARIABLE months = $months", {"months": months})
        connection.execute("SET VARIABLE market = $market", {"market": market})
        for name, path in (("infusion", infusions), ("fact", facts)):
            connection.read_parquet(str(path)).create_view(name)
        for name, path, empty in (("exposure", exposure, NO_EXPOSURE), ("risk", risk, NO_RISK)):
            if path is None:
                connection.execute(empty)
            else:
                connection.read_parquet(str(path)).create_view(name)
        connection.execute(
            "CREATE TEMP TABLE site_340b AS SELECT DISTINCT unnest($ids::VARCHAR[]) AS site_id", {"ids": list(sites_340b)}
        )
        numbers, families, classes = zip(*bound, strict=True) if bound else ((), (), ())
        connection.execute(
            "CREATE TEMP TABLE bound AS SELECT unnest($n::BIGINT[]) AS person_no, unnest($f::VARCHAR[]) AS family, "
            "unnest($c::VARCHAR[]) AS site_class",
            {"n": list(numbers), "f": list(families), "c": list(classes)},
        )
        connection.execute(SQL.read_text(encoding="utf-8"))
        first_month, last_month, mature = connection.execute("FROM volume_window").fetchone()
        if last_month is None:
            return None
        window = Window(first_month, last_month, months, mature, exposure is not None)
        strands = {row[0]: Strand(*row) for row in connection.execute("FROM strand ORDER BY strand_no").fetchall()}
        keys, left_out, likely = _pool(connection, strands, cells_of(list(strands.values()), window), pooled)
    cells = defaultdict(list)
    for number, key in keys.items():
        cells[key].append(strands[number])
    in_all = sum(strand.infusions for strand in strands.values())
    return Volumes(window, {key: tuple(members) for key, members in cells.items()}, in_all, left_out, likely)


def _pool(connection, strands, keys, pooled):
    """Widen a market's cells of 1 to 10 people until none is left; returns the strands' cells, what was dropped, and who may leave."""
    left_out = 0
    keys = {number: (strands[number].market, key) for number, key in keys.items()}
    while True:
        people = _people(connection, keys)
        small = {key for key, count in people.items() if count < SMALLEST_SHOWN}
        if not small:
            return {number: key for number, (_, key) in keys.items()}, left_out, _likely(connection, keys)
        wider = {(market, key): above and (market, above) for market, key in small for above in [pooled(key)]}
        left_out += sum(strands[number].infusions for number, key in keys.items() if key in small and wider[key] is None)
        keys = {number: wider.get(key, key) for number, key in keys.items()}
        keys = {number: key for number, key in keys.items() if key is not None}


def _likely(connection, keys) -> dict[Hashable, Likely]:
    """Judged market by market too: all markets are the sums of those that can be told. `membership` is the last one asked for."""
    names = list(dict.fromkeys(keys.values()))
    rows = connection.execute(LIKELY, {"least": SMALLEST_SHOWN}).fetchall()
    by_cell: dict[int, list] = defaultdict(list)
    for number, *row in rows:
        by_cell[number].append(row)
    found: dict[Hashable, Likely] = {}
    for number, months in by_cell.items():
        (_, key), (_, first, infusions, _) = names[number], months[0]
        one = Likely(first, infusions, tuple(chance for *_, chance in months))
        found[key] = found[key] + one if key in found else one
    return found


def _people(connection, keys) -> dict[Hashable, int]:
    """Distinct people by cell: a person with two strands of a cell counts once."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys.values()))}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE membership AS "
        "SELECT unnest($strands::BIGINT[]) AS strand_no, unnest($cells::BIGINT[]) AS cell_no",
        {"strands": list(keys), "cells": [numbers[key] for key in keys.values()]},
    )
    counted = dict(
        connection.execute(
            """
            SELECT cell_no, count(DISTINCT person_no)
            FROM chosen
            JOIN membership USING (strand_no)
            GROUP BY cell_no
            """
        ).fetchall()
    )
    return {key: counted.get(number, 0) for key, number in numbers.items()}
