"""The tables people script against (interfaces.md): which file of a run holds each, and its columns in order."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand import storage
from demand.engine.export_tables import file_pattern
from demand.models import Run

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")


@dataclass(frozen=True)
class Table:
    """`patient_level` tables name pseudonymous people; the others show counts, of which the small ones are hidden."""

    name: str
    columns: tuple[str, ...]
    patient_level: bool = True

    def files(self, run: Run) -> Path:
        """The table's file, or a pattern of its files."""
        return storage.run_folder(run.pk) / file_pattern(self.name)


def _table(name: str, columns: str, **fields) -> Table:
    return Table(name, tuple(columns.split()), **fields)


TABLES = {
    table.name: table
    for table in (
        _table("rejects", "extract kind file row_number outcome rule column value message"),
        _table(
            "infusions",
            "person_id service_date molecule family hcpcs_codes site_class site_id ownership payer plan channel "
            "channel_confidence dose dose_unit waste_units allowed_cents paid_cents patient_cents pharmacy_fill_cents "
            "ordering_npi attributed attribution_rule outcome line_of_business market infusion_id",
        ),
        _table(
            "episodes",
            "person_id family started_on last_infused_on infusions interval_days new_start first_site_class "
            "last_site_class outcome outcome_on reason from_site_id to_site_id expected_next_on dark attributed payer "
            "line_of_business market episode_id",
        ),
        _table(
            "leakage",
            "month payer line_of_business family site_class market "
            + " ".join(f"{outcome}_{what}" for outcome in OUTCOMES for what in ("infusions", "people", "allowed_cents"))
            + " mature",
            patient_level=False,
        ),
        _table(
            "exposure",
            "person_id family policy_id verdict exposed_from clauses reasons funding_assumed grace_until moved_on kind status "
            "likelihood judged_on active started_on treated_until payer plan line_of_business market site_id site_class channel "
            "episode_id",
        ),
        _table(
            "risk",
            "person_id family payer line_of_business market site_id site_class started_on last_infused_on next_expected_on forecast_on "
            "risk risk_certain risk_all reasons",
        ),
        _table(
            "unadministered_fills",
            "person_id dispensing_date molecule family ndc_code dispensing_provider_npi payer paid_cents",
        ),
        _table(
            "lines",
            "extract_id data_source claim_id claim_line_number infusion_id role paid_cents allowed_cents dose dose_unit "
            "person_id service_date hcpcs_code molecule family waste_units",
        ),
    )
}


def read_table(run: Run, table: Table, identities: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A run's table as an executed query, run_id first. With `identities` (a folder of maps) person ids are the original ones."""
    columns = [f'rows."{column}"' for column in table.columns]
    source = "read_parquet($file) AS rows"
    parameters: dict = {"file": str(table.files(run)), "run": run.pk}
    if identities is not None and "person_id" in table.columns:
        columns[table.columns.index("person_id")] = "coalesce(known.person_id, rows.person_id) AS person_id"
        source += (
            " LEFT JOIN (SELECT DISTINCT pseudonym, person_id FROM read_parquet($maps)) AS known"
            " ON rows.person_id = known.pseudonym"
        )
        parameters["maps"] = str(identities / "*.parquet")
    return duckdb.connect().execute(f"SELECT $run AS run_id, {', '.join(columns)} FROM {source}", parameters)


def reidentified(identities: Path) -> dict[str, str]:
    """Pseudonym -> original person id, of every map in the folder."""
    with duckdb.connect() as connection:
        return dict(
            connection.execute(
                "SELECT DISTINCT pseudonym, person_id FROM read_parquet($maps)", {"maps": str(identities / "*.parquet")}
            ).fetchall()
        )
