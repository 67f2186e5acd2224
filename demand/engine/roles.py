"""Accepted lines -> the same lines with role, dose, payer and site; grain: one row per accepted line.

Formula: role and unit from the dated drug and service codes; dose = units x the code's unit on the service date, waste (JW) never;
payer, plan, line of business and funding from the claim, else from the eligibility span on the day. Readable in
`sql/roles.sql`; where a line happened is `sql/site_class.sql`.
"""

from __future__ import annotations

import duckdb

from demand.engine import stage

# What a pass hands in: one row per row accepted in the end. Text columns that hold several values join them with ';'.
ACCEPTED_COLUMNS: dict[str, str] = {
    "extract_id": "BIGINT",
    "data_source": "VARCHAR",
    "claim_id": "VARCHAR",
    "claim_line_number": "INTEGER",
    "file_no": "INTEGER",
    "row_number": "BIGINT",
    "claim_type": "VARCHAR",
    "person_id": "VARCHAR",
    "payer": "VARCHAR",
    "plan": "VARCHAR",
    "line_of_business": "VARCHAR",
    "funding_type": "VARCHAR",
    "state": "VARCHAR",
    "claim_start_date": "DATE",
    "claim_end_date": "DATE",
    "service_date": "DATE",
    "place_of_service_code": "VARCHAR",
    "bill_type_code": "VARCHAR",
    "revenue_center_code": "VARCHAR",
    "hcpcs_code": "VARCHAR",
    "modifiers": "VARCHAR",
    "units": "DECIMAL(18,4)",
    "rendering_npi": "VARCHAR",
    "billing_npi": "VARCHAR",
    "facility_npi": "VARCHAR",
    "ordering_npi": "VARCHAR",
    "ndc_code": "VARCHAR",
    "paid_date": "DATE",
    "file_date": "DATE",
    "paid_cents": "BIGINT",
    "allowed_cents": "BIGINT",
    "charge_cents": "BIGINT",
    "patient_cents": "BIGINT",
    "diagnosis_codes": "VARCHAR",
    "authorization_id": "VARCHAR",
    "authorization_end_date": "DATE",
    "flags": "VARCHAR",
}


def assign_roles(connection: duckdb.DuckDBPyConnection) -> None:
    """accepted_line, eligibility_span -> line, service_line. Same number of lines, same cents."""
    stage.run(connection, "roles")
    stage.run(connection, "site_class")
