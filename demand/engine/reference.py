"""Reference frames in -> one frozen `Reference` out; grain: one frame per kind of dated reference row.

The pipeline reads codes, regimens, sites, prescribers, policies and orders only through this object, so that a run can
be repeated from its inputs. `COLUMNS` is the contract: a frame has exactly these columns; DuckDB calls it `ref_<field>`.
Dates are half-open (from <= date < to; empty means open). Codes are text.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise

import duckdb
import pandas as pd

COLUMNS: dict[str, dict[str, str]] = {
    "drug_codes": {
        "hcpcs_code": "VARCHAR",
        "effective_from": "DATE",
        "effective_to": "DATE",
        "molecule": "VARCHAR",
        "family": "VARCHAR",
        "brand": "VARCHAR",
        "unit_amount": "DOUBLE",
        "unit_of_measure": "VARCHAR",
        "route": "VARCHAR",
        "source": "VARCHAR",
    },
    "drug_families": {
        "family": "VARCHAR",
        "clinical_line": "VARCHAR",
        "interval_days": "INTEGER",
        "induction_doses": "INTEGER",
        "cyclic": "BOOLEAN",
        "cycle_doses": "INTEGER",
        "finite_course": "BOOLEAN",
        "course_doses": "INTEGER",
        "planned_self_injection": "BOOLEAN",
        "self_administered_family_form": "BOOLEAN",
        "usual_dose_low": "DOUBLE",
        "usual_dose_high": "DOUBLE",
        "infusion_minutes": "INTEGER",
        "observation_minutes": "INTEGER",
        "chair_minutes": "INTEGER",
        "year1_doses": "DOUBLE",
        "maintenance_doses_per_year": "DOUBLE",
        "rems": "VARCHAR",
        "specialties": "VARCHAR",
        "source": "VARCHAR",
        "confidence": "VARCHAR",
    },
    "ndcs": {
        "ndc_code": "VARCHAR",
        "hcpcs_code": "VARCHAR",
        "molecule": "VARCHAR",
        "family": "VARCHAR",
        "self_administered": "BOOLEAN",
        "units_per_package": "DOUBLE",
        "source": "VARCHAR",
    },
    "service_codes": {"hcpcs_code": "VARCHAR", "role": "VARCHAR", "kind": "VARCHAR", "source": "VARCHAR"},
    "sites": {
        "site_id": "VARCHAR",
        "npi": "VARCHAR",
        "site_class": "VARCHAR",
        "ownership": "VARCHAR",
        "owner": "VARCHAR",
        "payer_affiliation": "VARCHAR",
        "hospital_affiliated": "BOOLEAN",
        "market": "VARCHAR",
        "opened_on": "DATE",
        "closed_on": "DATE",
        "latitude": "DOUBLE",
        "longitude": "DOUBLE",
        "chairs": "DOUBLE",
        "open_hours_per_week": "DOUBLE",
        "is_340b": "BOOLEAN",
    },
    "prescribers": {
        "npi": "VARCHAR",
        "name": "VARCHAR",
        "specialty": "VARCHAR",
        "relation": "VARCHAR",
        "market": "VARCHAR",
        "starts_on": "DATE",
        "ends_on": "DATE",
    },
    "taxonomies": {"npi": "VARCHAR", "taxonomy": "VARCHAR"},
    "policies": {
        "policy_id": "VARCHAR",
        "payer": "VARCHAR",
        "kind": "VARCHAR",
        "status": "VARCHAR",
        "effective_from": "DATE",
        "effective_to": "DATE",
        "line_of_business": "VARCHAR",
        "drug_kind": "VARCHAR",
        "drug": "VARCHAR",
        "excluded_site_classes": "VARCHAR",
        "excludes_hospital_affiliated": "BOOLEAN",
        "age_min": "INTEGER",
        "age_max": "INTEGER",
        "drug_source": "VARCHAR",
        "document": "VARCHAR",
    },
    "orders": {
        "order_id": "VARCHAR",
        "person_id": "VARCHAR",
        "ordering_npi": "VARCHAR",
        "molecule": "VARCHAR",
        "ordered_on": "DATE",
        "authorized_on": "DATE",
        "scheduled_on": "DATE",
        "first_infused_on": "DATE",
        "location": "VARCHAR",
        "determination": "VARCHAR",
        "reject_reason": "VARCHAR",
        "preference": "VARCHAR",
    },
    "white_bag_events": {
        "site_id": "VARCHAR",
        "hcpcs_code": "VARCHAR",
        "payer": "VARCHAR",
        "administered_on": "DATE",
        "pharmacy": "VARCHAR",
        "dose_changed": "BOOLEAN",
        "delayed_days": "INTEGER",
        "wasted": "BOOLEAN",
        "staff_minutes": "INTEGER",
    },
    "laws": {"state": "VARCHAR", "shields_from": "VARCHAR", "effective_from": "DATE", "effective_to": "DATE"},
    "payer_names": {"name": "VARCHAR", "payer": "VARCHAR"},  # a payer's other names in claims, in lower case
    "zip_centroids": {"zip_code": "VARCHAR", "latitude": "DOUBLE", "longitude": "DOUBLE"},
}


def _text(value: object) -> str | None:
    """One cell as text DuckDB can cast; every form of missing is None."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return None if text in ("", "<NA>", "nan", "NaT", "None") else text


def _as_text(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with exactly the columns of the contract, every cell text or None; unknown columns are refused."""
    expected = COLUMNS[name]
    unknown = sorted(set(frame.columns) - set(expected))
    if unknown:
        raise ValueError(f"Reference frame '{name}' has columns that the pipeline does not know: {', '.join(unknown)}.")
    missing = [None] * len(frame)
    cells = {column: [_text(value) for value in frame[column]] if column in frame.columns else missing for column in expected}
    return pd.DataFrame({column: pd.Series(values, dtype=object) for column, values in cells.items()})


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series([], dtype=object) for column in COLUMNS[name]})


@dataclass(frozen=True)
class Reference:
    """All reference frames of a run. A frame not given is empty; a column not given is missing (unknown)."""

    drug_codes: pd.DataFrame = field(default_factory=lambda: _empty("drug_codes"))
    drug_families: pd.DataFrame = field(default_factory=lambda: _empty("drug_families"))
    ndcs: pd.DataFrame = field(default_factory=lambda: _empty("ndcs"))
    service_codes: pd.DataFrame = field(default_factory=lambda: _empty("service_codes"))
    sites: pd.DataFrame = field(default_factory=lambda: _empty("sites"))
    prescribers: pd.DataFrame = field(default_factory=lambda: _empty("prescribers"))
    taxonomies: pd.DataFrame = field(default_factory=lambda: _empty("taxonomies"))
    policies: pd.DataFrame = field(default_factory=lambda: _empty("policies"))
    orders: pd.DataFrame = field(default_factory=lambda: _empty("orders"))
    white_bag_events: pd.DataFrame = field(default_factory=lambda: _empty("white_bag_events"))
    laws: pd.DataFrame = field(default_factory=lambda: _empty("laws"))
    payer_names: pd.DataFrame = field(default_factory=lambda: _empty("payer_names"))
    zip_centroids: pd.DataFrame = field(default_factory=lambda: _empty("zip_centroids"))

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _as_text(getattr(self, item.name), item.name))

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame]) -> Reference:
        """Frames by field name -> Reference; extra columns are dropped here (reference CSVs carry notes)."""
        kept = {
            name: frame[[column for column in frame.columns if column in COLUMNS[name]]]
            for name, frame in frames.items()
            if name in COLUMNS
        }
        return cls(**kept)

    def register(self, connection: duckdb.DuckDBPyConnection, names: Iterable[str] = tuple(COLUMNS)) -> None:
        """Every frame (or those named) becomes a typed DuckDB table `ref_<field>`; a cell not of its type raises
        ConversionException."""
        for name in names:
            columns = COLUMNS[name]
            text_frame = getattr(self, name).astype(object)
            declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            connection.execute(f"CREATE OR REPLACE TABLE ref_{name} ({declared})")
            if text_frame.empty:
                continue
            connection.register("reference_text", text_frame)
            casts = ", ".join(f"CAST(CAST({column} AS VARCHAR) AS {kind})" for column, kind in columns.items())
            connection.execute(f"INSERT INTO ref_{name} SELECT {casts} FROM reference_text")
            connection.unregister("reference_text")

    def check(self) -> None:
        """ValueError where a code would be two things at once: rows of claims would then count twice."""
        for name, keys in (
            ("ndcs", ["ndc_code"]),
            ("payer_names", ["name"]),
            ("service_codes", ["hcpcs_code"]),
            ("drug_families", ["family"]),
        ):
            frame = getattr(self, name)
            twice = frame[frame.duplicated(keys)][keys[0]].tolist()
            if twice:
                raise ValueError(f"Reference '{name}' lists {twice[0]} more than once.")
        codes = self.drug_codes
        dated = zip(codes["hcpcs_code"], codes["effective_from"], codes["effective_to"], strict=True)
        spans = sorted((code, begins or "", ends or "9999-12-31") for code, begins, ends in dated if code)
        for (code, _, ends), (next_code, begins, _) in pairwise(spans):
            if code == next_code and ends > begins:
                raise ValueError(f"Reference 'drug_codes': the periods of {code} overlap.")

    def digest(self) -> str:
        """SHA-256 over all rows; the order of the rows does not matter."""
        total = hashlib.sha256()
        for name in COLUMNS:
            frame = getattr(self, name)
            rows = sorted(repr(tuple(row)) for row in frame.itertuples(index=False, name=None))
            total.update(name.encode())
            total.update("\n".join(rows).encode())
        return total.hexdigest()
