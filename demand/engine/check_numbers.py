"""A run's folder -> each headline figure twice: as published, and recomputed the slow way from its lines and fills.

Formula: `slow_ways.infusions_of`, person by person, then plain sums. A figure passes where both ways agree to the last unit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from demand.engine.export_tables import file_pattern
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from demand.engine.slow_ways import World, infusions_of

ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Check:
    """One figure by both ways. Money in cents, rates as numerator over denominator."""

    name: str
    published: int
    recomputed: int

    @property
    def agrees(self) -> bool:
        return self.published == self.recomputed

    def as_json(self) -> dict:
        return asdict(self) | {"agrees": self.agrees}


def check_numbers(run_dir: Path, reference: Reference, parameters: Parameters | None = None) -> list[Check]:
    """Compare a finished run with the slow way. FileNotFoundError where the folder holds no finished run."""
    manifest = json.loads((Path(run_dir) / "manifest.json").read_text(encoding="utf-8"))
    settings = parameters or Parameters.from_json(manifest["parameters"])
    slow = Counter()
    world = World(reference, {row["payer"] for row in _rows(Path(run_dir), "filled_payer")})
    for lines, fills in people(Path(run_dir)):
        count_person(slow, lines, fills, world, settings)
    return compare(manifest["headline"], slow)


def count_person(slow: Counter, lines: list[dict], fills: list[dict], world: World, parameters: Parameters) -> None:
    """Adds one person's infusions to the sums."""
    found = infusions_of(lines, fills, world, parameters) if lines else []
    named = [one for one in found if one.rule in ("ordering_npi", "rendering_npi")]
    slow["people"] += bool(found)
    slow["infusions"] += len(found)
    slow["attributed_people"] += bool(named)
    slow["attributed_infusions"] += len(named)
    slow["majority_infusions"] += sum(one.rule == "majority" for one in found)
    slow["allowed_cents"] += sum(one.allowed or 0 for one in found)
    slow["attributed_allowed_cents"] += sum(one.allowed or 0 for one in named)
    slow["left_allowed_cents"] += sum(one.allowed or 0 for one in named if one.outcome == "site_leak")
    slow["white_bag"] += sum(one.channel == "white_bag" for one in found)
    slow["white_bag_confirmed"] += sum(one.channel == "white_bag" and one.confidence == "confirmed" for one in found)
    slow.update(f"outcome {one.outcome}" for one in named)


def compare(headline: dict, slow: Counter) -> list[Check]:
    base = slow["outcome kept"] + slow["outcome margin_leak"] + slow["outcome site_leak"]
    pairs = {
        **{name: (headline[name], slow[name]) for name in (
            "people", "infusions", "attributed_people", "attributed_infusions", "majority_infusions", "allowed_cents",
            "attributed_allowed_cents", "left_allowed_cents",
        )},
        **{f"outcome {name}": (headline["outcomes"][name], slow[f"outcome {name}"]) for name in headline["outcomes"]},
        "leakage rate, numerator": (headline["leakage_rate"]["numerator"], slow["outcome site_leak"]),
        "leakage rate, denominator": (headline["leakage_rate"]["denominator"], base),
        "margin leakage rate, numerator": (headline["margin_leakage_rate"]["numerator"], slow["outcome margin_leak"]),
        "margin leakage rate, denominator": (headline["margin_leakage_rate"]["denominator"], base),
        "white-bagged infusions": (headline["white_bag"]["infusions"], slow["white_bag"]),
        "white-bagged infusions, confirmed": (headline["white_bag"]["confirmed"], slow["white_bag_confirmed"]),
    }  # fmt: skip
    return [Check(name, published, recomputed) for name, (published, recomputed) in pairs.items()]


def people(run_dir: Path) -> Iterator[tuple[list[dict], list[dict]]]:
    """(lines, fills) of one person after the other. Both tables are ordered by bucket and person, so neither is held whole.

    After them come the lines of people who were not looked into, as they were loaded: one of a drug among them would show here.
    """
    fills = groupby(_rows(run_dir, "pharmacy_fills"), key=_person)
    of_fills, mine = next(fills, (None, iter(())))
    for person, lines in groupby(_rows(run_dir, "lines"), key=_person):
        while of_fills is not None and of_fills < person:  # fills of somebody without lines make no infusion
            of_fills, mine = next(fills, (None, iter(())))
        yield list(lines), list(mine) if of_fills == person else []


def _person(row: dict) -> tuple[int, str]:
    return row["bucket"], row["person_id"]


def _rows(run_dir: Path, table: str) -> Iterator[dict]:
    files = str(run_dir / file_pattern(table))
    with duckdb.connect() as connection:
        bucket = "" if table == "filled_payer" else ", hash(person_id) >> 52 AS bucket"
        cursor = connection.execute(f"SELECT *{bucket} FROM read_parquet($files)", {"files": files})
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from (dict(zip(names, row, strict=True)) for row in rows)
