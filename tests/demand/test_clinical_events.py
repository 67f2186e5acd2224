"""What befell people with an infusion, as claims show it: each kind's rule once, and what a rehearsal planted."""

import csv
import datetime as dt

import duckdb
import pytest

from demand.engine import clinical_events, stage
from demand.engine.parameters import Parameters
from tests.demand.line_system import line_system

DAY = dt.date(2025, 3, 3)
LINE = {
    "person_id": "p1", "service_date": DAY, "claim_start_date": None, "claim_end_date": None, "data_source": "acme", "claim_id": "C",
    "facility_npi": None, "billing_npi": "2100000001", "rendering_npi": None, "hcpcs_code": None, "diagnosis_codes": "R0789",
    "place_of_service_code": None, "bill_type_code": None, "revenue_center_code": None,
}  # fmt: skip


def events(tmp_path, *lines: dict) -> dict[tuple, dict]:
    """Rows by (kind, day) of one person infused on DAY."""
    with duckdb.connect() as connection:
        stage.prepare(connection, Parameters())
        columns = ", ".join(f"{name} {'DATE' if name.endswith('_date') else 'VARCHAR'}" for name in LINE)
        connection.execute(f"CREATE TABLE run_lines ({columns})")
        for line in lines:
            connection.execute(f"INSERT INTO run_lines VALUES ({', '.join('?' * len(LINE))})", list((LINE | line).values()))
        connection.execute("CREATE TABLE run_infusions AS SELECT 'p1' AS person_id, 1 AS person_no, ? AS service_date", [DAY])
        connection.execute(
            "CREATE TABLE exception_evidence (person_id VARCHAR, code VARCHAR, from_on DATE, until_on DATE, diagnosis_code VARCHAR, "
            "data_source VARCHAR)"
        )
        clinical_events.write_clinical_events(connection, tmp_path)
        cursor = connection.execute(f"FROM '{tmp_path / 'clinical_events.parquet'}'")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = {(row["kind"], row["event_on"]): row for row in rows}
    assert len(found) == len(rows)  # one row a person, day and kind
    return found


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ({"place_of_service_code": "23"}, {"emergency"}),
        ({"revenue_center_code": "0450"}, {"emergency"}),
        ({"revenue_center_code": "450"}, {"emergency"}),
        ({"hcpcs_code": "99283"}, {"emergency"}),
        ({"hcpcs_code": "99213"}, set()),
        ({"hcpcs_code": "J0171"}, {"epinephrine"}),
        ({"hcpcs_code": "J0171", "service_date": DAY + dt.timedelta(1)}, set()),  # not on the day of an infusion
        ({"diagnosis_codes": "K5090;T80211A"}, {"line_infection"}),
        ({"diagnosis_codes": "A419;R6520"}, {"sepsis"}),
        ({"place_of_service_code": "23", "person_id": "p2"}, set()),  # never infused
    ],
)
def test_kind(tmp_path, line, kinds):
    assert {kind for kind, _ in events(tmp_path, line)} == kinds


def test_days_of_a_stay_that_touch_are_one_admission(tmp_path):
    stay = {"bill_type_code": "111", "claim_start_date": DAY, "claim_end_date": DAY + dt.timedelta(3), "diagnosis_codes": "J189"}
    visits = [{"place_of_service_code": "21", "service_date": DAY + dt.timedelta(days)} for days in (1, 4, 9)]
    found = events(tmp_path, stay, *visits)
    assert set(found) == {("admission", DAY), ("admission", DAY + dt.timedelta(9))}
    assert found["admission", DAY]["until_on"] == DAY + dt.timedelta(4) and found["admission", DAY]["detail"] == "J189"


def test_every_visible_planted_fact_is_found_on_its_day():
    system = line_system()
    with (system.folder / "system" / "truth" / "clinical.csv").open(newline="", encoding="utf-8") as stream:
        planted = [row for row in csv.DictReader(stream) if row["visible"] == "true"]
    found = system.query(
        "SELECT event.*, coalesce(known.person_id, '') AS known_id FROM clinical_events AS event "
        f"LEFT JOIN read_parquet('{system.folder / 'identities' / '*.parquet'}') AS known ON known.pseudonym = event.person_id"
    )
    rows = {(row["known_id"], row["kind"], row["event_on"].isoformat()) for row in found}
    days = [(row["known_id"], row["event_on"], row["until_on"]) for row in found if row["kind"] == "admission"]
    infused = {row["known_id"] for row in found}
    assert len(planted) > 40
    ill = {(row["known_id"], row["measure"]) for row in system.query(
        "SELECT comorbidity.measure, known.person_id AS known_id FROM comorbidities AS comorbidity "
        f"JOIN read_parquet('{system.folder / 'identities' / '*.parquet'}') AS known ON known.pseudonym = comorbidity.person_id"
    )}  # fmt: skip
    for fact in planted:
        if fact["kind"] == "chronic_lung":
            assert (fact["person_id"], "LUNG_CHRONIC") in ill
            continue
        if fact["kind"] == "cardiopulm":
            assert (fact["person_id"], "HF") in ill
        key = (fact["person_id"], fact["kind"], fact["event_on"])
        if fact["kind"] == "epinephrine" and key not in rows:
            continue  # the infusion of that day is not on claims
        if fact["kind"] == "admission":  # it may lie within a longer stay
            day = dt.date.fromisoformat(fact["event_on"])
            assert any(person == fact["person_id"] and since <= day <= until for person, since, until in days), fact
        else:
            assert key in rows, (fact, fact["person_id"] in infused)
