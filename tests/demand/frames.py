"""Reference frames for pipeline tests, without Django: what the repository ships, and what a rehearsal folder adds."""

from pathlib import Path

import pandas as pd

from demand.engine.pseudonym import pseudonym
from demand.engine.reference import Reference
from payers.engine.policies import flat_rows, parse_policy

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
SHIPPED = ROOT / "payers" / "reference"
KEY = b"a key for tests, 32 bytes long.."


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)


def shipped_frames() -> dict[str, pd.DataFrame]:
    return {name: read(SHIPPED / f"{name}.csv") for name in ("drug_codes", "drug_families", "ndcs", "service_codes")}


def shipped_reference(**frames: pd.DataFrame) -> Reference:
    return Reference.from_frames(shipped_frames() | frames)


def rehearsal_reference(folder: Path, key: bytes = KEY) -> Reference:
    """The shipped tables and a rehearsal folder's registers, logs and policies; people of orders under their pseudonyms."""
    frames = shipped_frames()
    sites = read(folder / "sites.csv")
    frames["sites"] = sites.assign(npi=sites["npis"].str.split(";")).explode("npi", ignore_index=True)
    orders = read(folder / "orders.csv")
    frames["orders"] = orders.assign(person_id=[pseudonym(person, key) for person in orders["person_id"]])
    frames["ndcs"] = pd.concat([frames["ndcs"], read(folder / "drugs.csv")], ignore_index=True)
    for name in ("prescribers", "taxonomies", "white_bag_events", "zip_centroids", "laws"):
        frames[name] = read(folder / f"{name}.csv")
    documents = [parse_policy(path.read_text(encoding="utf-8"), path.name) for path in sorted((folder / "policies").glob("*.yaml"))]
    frames["policies"] = pd.DataFrame([row for document in documents for row in flat_rows(document)], dtype=object)
    return Reference.from_frames(frames)
