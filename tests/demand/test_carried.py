"""A restated month: what is found does not depend on the run before it, and only the people it touches are grouped anew."""

import csv
import datetime as dt
import shutil
from itertools import pairwise

import duckdb
import pytest

from demand.engine import accepted, carried, lines, pipeline
from demand.engine.carried import is_alike
from demand.engine.extract import SourceFile
from demand.engine.parameters import Parameters
from demand.engine.workspace import engine_version
from tests.demand.frames import KEY
from tests.demand.rehearsed import rehearse

MONTH = "2026-02"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    return rehearse(tmp_path_factory.mktemp("carried"), 250, 41)


@pytest.fixture(scope="module")
def month(system, tmp_path_factory):
    """The month again: other amounts, and one person more, who comes before others."""
    folder = tmp_path_factory.mktemp("month")
    with (system.folder / "system" / "medical_claim.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["claim_line_start_date"].startswith(MONTH)]
    for row in rows:
        row["paid_date"] = "2026-08-31"
        row["paid_amount"] = str(float(row["paid_amount"] or 0) + 1)
    new = [row | {"person_id": "NEW", "member_id": "NEW", "claim_id": f"N{row['claim_id']}"} for row in rows[:200]]
    with (folder / "medical_claim.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows([*rows, *new])
    options = lines.LoadOptions(pseudonym_key=KEY, name="month", paid_through=dt.date(2026, 9, 30))
    lines.load_extract([SourceFile("medical", folder / "medical_claim.csv", "medical_claim.csv")], [], folder / "extract", options)
    return pipeline.ExtractInput(2, "month", folder / "extract", "payer", dt.date(2026, 9, 30), 2)


@pytest.fixture(scope="module")
def anew(system, month):
    return pipeline.recompute([system.extract, month], system.reference, Parameters(), system.folder / "anew", memory_limit="300MB")


def again(system, extracts, tmp_path, earlier):
    """(what is found beside the earlier run, people taken over from it)"""
    seen = []

    def look(connection, **told):
        carried_people(connection, **told)
        seen.append(connection.execute("SELECT count(*) FROM carried").fetchone()[0])

    carried_people = carried.find_carried
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carried, "find_carried", look)
        found = pipeline.recompute(
            extracts, system.reference, Parameters(), tmp_path / "again", memory_limit="300MB", earlier=earlier
        )  # fmt: skip
    return found, seen[0]


@pytest.mark.parametrize("parts", [(8,), pytest.param((8, 3, 1), marks=pytest.mark.thorough)])
def test_a_restated_month_gives_what_a_run_of_its_own_gives_and_groups_only_whom_it_touches(
    system, month, anew, tmp_path, monkeypatch, parts
):
    with duckdb.connect() as connection:
        everybody, touched = connection.execute(
            "SELECT count(DISTINCT person_id), count(DISTINCT person_id) FILTER (extract_id = 2) "
            f"FROM read_parquet('{system.folder}/anew/lines-[0-9]*.parquet')"
        ).fetchone()
    assert 0 < touched < everybody
    earlier = system.run
    for passes in parts:  # each run beside the one before
        edges = [accepted.BUCKETS * number // passes for number in range(passes + 1)]
        monkeypatch.setattr(accepted, "bucket_ranges", lambda rows, memory, edges=edges: tuple(pairwise(edges)))
        found, taken_over = again(system, [system.extract, month], tmp_path / str(passes), earlier)
        assert found.tables == anew.tables and found.headline == anew.headline and found.move_risk == anew.move_risk
        assert taken_over == (everybody - touched if passes == 8 else everybody)
        earlier = tmp_path / str(passes) / "again"


def test_the_same_extracts_touch_nobody(system, tmp_path):
    found, people = again(system, [system.extract], tmp_path, system.run)
    assert found.tables == system.summary.tables
    assert people == system.one("SELECT count(DISTINCT person_id) FROM lines WHERE role <> 'other' OR infusion_id IS NOT NULL") > 0


def test_only_a_run_of_the_same_code_reference_parameters_and_payers_with_pharmacy_claims_is_used(system, tmp_path):
    inputs = {"engine": engine_version(), "reference": system.reference.digest(), "parameters": Parameters().as_json()}
    earlier = tmp_path / "earlier"
    shutil.copytree(system.run, earlier)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE filled_payer AS FROM '{earlier}/filled_payer.parquet'")
        assert is_alike(connection, earlier, inputs)
        for other in ({"engine": "another"}, {"reference": "another"}, {"parameters": Parameters(gap_minimum_days=61).as_json()}):
            assert not is_alike(connection, earlier, inputs | other)
        connection.execute("INSERT INTO filled_payer VALUES ('one more')")
        assert not is_alike(connection, earlier, inputs)
        connection.execute("DROP TABLE filled_payer")
        assert not is_alike(connection, tmp_path / "removed meanwhile", inputs)
