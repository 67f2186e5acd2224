"""Lines of people without anything to look into: told one by one, as the passes would tell them."""

import duckdb
import pytest

from demand.engine import everyday, pipeline, stage
from demand.engine.export_tables import LINES, columns, file_pattern
from demand.engine.parameters import Parameters
from tests.demand import builders
from tests.demand.frames import shipped_reference

VISIT = {"hcpcs_code": "99213", "payer": "", "plan": ""}


@pytest.fixture
def loaded(tmp_path):
    """One person treated; the others have an office visit each, and spans that cover it in every way there is."""
    visits = [
        builders.medical(claim_id=f"C{number}", person_id=person, claim_line_start_date=day, **VISIT)
        for number, (person, day) in enumerate(
            [("one", "2026-01-05"), ("two", "2025-12-31"), ("two", "2026-01-01"), ("both", "2026-01-05"), ("none", "2026-01-05")]
        )
    ]
    spans = [
        ("one", "2025-01-01", "", "Acme Health"),
        ("two", "2025-01-01", "2025-12-31", "Before Health"),
        ("two", "2026-01-01", "2026-12-31", "After Health"),
        ("both", "2025-01-01", "2026-12-31", "First Health"),
        ("both", "2025-06-01", "2026-12-31", "Second Health"),
        ("none", "2020-01-01", "2020-12-31", "Former Health"),
    ]
    eligibility = [
        builders.eligibility(person_id=person, enrollment_start_date=start, enrollment_end_date=end, payer=payer)
        for person, start, end, payer in spans
    ]
    return builders.load(tmp_path, medical=[builders.medical(claim_id="T"), *visits], eligibility=eligibility)


def compute(loaded, folder):
    extract = pipeline.ExtractInput(1, "one", loaded.folder, "payer", None, 1)
    summary = pipeline.recompute([extract], shipped_reference(), Parameters(), folder)
    with duckdb.connect() as connection:
        lines = connection.execute(
            f"SELECT {columns(LINES)} FROM read_parquet('{folder / file_pattern('lines')}') ORDER BY claim_id"
        ).fetchall()
        everyday_rows = connection.execute(f"SELECT count(*) FROM read_parquet('{folder}/lines-everyday-*.parquet')").fetchall()[0][
            0
        ]
    return summary, lines, everyday_rows


def look_into_everybody(monkeypatch):
    run = stage.run

    def and_everybody(connection, name):
        run(connection, name)
        if name == "everyday":
            connection.execute("INSERT INTO looked_into SELECT DISTINCT person_id FROM accepted_medical EXCEPT FROM looked_into")

    monkeypatch.setattr(stage, "run", and_everybody)


def test_the_span_of_the_day_says_who_pays(loaded, tmp_path):
    _, lines, everyday_rows = compute(loaded, tmp_path / "run")
    payer = columns(LINES).split(", ").index("payer")
    assert [line[payer] for line in lines] == [
        "Acme Health", "Before Health", "After Health", "Second Health", "unknown", "Acme Health"
    ]  # fmt: skip
    assert everyday_rows == 4  # one, two and none; spans of the same day and a drug are looked into


def test_everyday_lines_are_what_the_passes_make_of_them(loaded, tmp_path, monkeypatch):
    summary, lines, _ = compute(loaded, tmp_path / "run")
    look_into_everybody(monkeypatch)
    again, all_lines, everyday_rows = compute(loaded, tmp_path / "again")
    assert everyday_rows == 0
    assert all_lines == lines
    assert again.counts == summary.counts
    assert {name: facts for name, facts in again.tables.items() if name != "lines"} == {
        name: facts for name, facts in summary.tables.items() if name != "lines"
    }


def test_a_file_is_read_in_ranges_and_no_line_is_lost(loaded, tmp_path, monkeypatch):
    whole, lines, _ = compute(loaded, tmp_path / "run")
    monkeypatch.setattr(everyday, "ROWS_A_FILE", 2)
    again, same, everyday_rows = compute(loaded, tmp_path / "again")
    assert len(list((tmp_path / "again").glob("lines-everyday-*.parquet"))) == 3
    assert (again.counts, same, everyday_rows) == (whole.counts, lines, 4)
