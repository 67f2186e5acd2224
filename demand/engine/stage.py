"""A stage's name -> its SQL run on the connection. The stages meet in named tables; each SQL file says which it reads and makes."""

from __future__ import annotations

from pathlib import Path

import duckdb

from demand.engine.parameters import Parameters

SQL_FOLDER = Path(__file__).parent / "sql"

# Words the stages share. Modifiers are text joined by ';'.
MACROS = """
CREATE OR REPLACE MACRO has_modifier(modifiers, modifier) AS contains(';' || coalesce(modifiers, '') || ';', ';' || modifier ||
';');
CREATE OR REPLACE MACRO person_bucket(person) AS CAST(hash(person) >> 52 AS INTEGER);
CREATE OR REPLACE MACRO policy_names_drug(all_drugs, codes, names, hcpcs_codes, molecule, family) AS
    all_drugs OR list_contains(names, molecule) OR list_contains(names, family)
    OR list_has_any(codes, string_split(hcpcs_codes, ';'));
CREATE OR REPLACE MACRO cents(amount) AS CAST(amount AS BIGINT);
CREATE OR REPLACE MACRO miles_between(latitude_a, longitude_a, latitude_b, longitude_b) AS
    2 * 3958.7613 * asin(sqrt(least(1.0,
        pow(sin(radians(latitude_b - latitude_a) / 2), 2)
        + cos(radians(latitude_a)) * cos(radians(latitude_b)) * pow(sin(radians(longitude_b - longitude_a) / 2), 2))));
"""


def prepare(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Shared macros, and every parameter as a variable of its name: `getvariable('gap_minimum_days')`."""
    connection.execute(MACROS)
    set_parameters(connection, parameters)


def set_parameters(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """The parameters alone: variables belong to one connection, macros to all of a database."""
    for name, value in parameters.as_json().items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})


def run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Run `sql/<name>.sql`."""
    connection.execute((SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
