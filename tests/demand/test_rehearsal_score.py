"""The score: a perfect reader reaches every ceiling, and every kind of mistake costs exactly where it should."""

import json
import shutil

import duckdb
import pytest

from demand.engine.rehearsal_score import LEAKAGE_WITHIN, score
from tests.demand.rehearsal_system import perfect_run, rows, system


@pytest.fixture
def truth():
    return system() / "truth"


def planted(truth):
    return rows(truth / "infusions.csv")


def test_a_perfect_reader_finds_everything_that_claims_show(truth, tmp_path):
    found = score(truth, perfect_run(tmp_path / "run", truth))
    visible = sum(1 for row in planted(truth) if row["visible"] == "true")
    assert found.measure("infusions_counted").numerator == found.measure("infusions_counted").denominator == visible
    for name in (
        "infusions_found",
        "infusions_real",
        "white_bag_precision",
        "dark_precision",
        "dark_recall",
        "dose",
        "maturity",
        "move_reason",
    ):
        assert found.measure(name).value == 1.0, name
    for name in ("site_class", "white_bag_recall", "channel", "attribution", "outcome", "episode_outcome", "leakage_worst_error"):
        assert found.measure(name).value == pytest.approx(found.measure(name).ceiling, abs=1e-6), name
    assert (
        found.measure("site_class").passed and found.measure("white_bag_recall").passed and found.measure("episode_outcome").passed
    )
    assert found.mismatch("infusion_missed").count == found.mismatch("infusion_invented").count == 0
    assert all("as claims show" in name for name, _ in found.mismatch("channel_wrong").combinations)


def test_months_are_counted_by_named_prescribers(truth, tmp_path):
    found = score(truth, perfect_run(tmp_path / "run", truth))
    by_month = {row["month"]: row for row in rows(truth / "leakage.csv")}
    assert len(found.months) == 36 and sum(month.mature for month in found.months) == 34
    for month in found.months:
        row = by_month[month.month]
        base = int(row["kept"]) + int(row["margin_leak"]) + int(row["site_leak"])
        assert (month.planted_leaks, month.planted_base) == (int(row["site_leak"]), base)
        assert month.found_rate == pytest.approx(float(row["visible_leakage_rate"]), abs=1e-6)
        assert month.error == pytest.approx(month.ceiling_error, abs=1e-6)


def test_missing_infusions_are_missed(truth, tmp_path):
    run = perfect_run(tmp_path / "run", truth, where="service_date NOT LIKE '2024-03%'")
    found = score(truth, run)
    missing = [row for row in planted(truth) if row["visible"] == "true" and row["service_date"].startswith("2024-03")]
    assert found.mismatch("infusion_missed").count == len(missing) > 0
    assert not found.measure("infusions_counted").passed
    march = next(month for month in found.months if month.month == "2024-03")
    assert march.found_rate is None and march.error is None
    assert not found.measure("leakage_months_within").passed and not found.passed


def test_infusions_found_twice_are_invented(truth, tmp_path):
    run = perfect_run(tmp_path / "run", truth)
    path = run / "infusions.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE twice AS FROM read_parquet('{path}') UNION ALL (FROM read_parquet('{path}') LIMIT 100)")
        connection.execute(f"COPY twice TO '{path}'")
    found = score(truth, run)
    assert found.mismatch("infusion_invented").count == 100
    assert found.measure("infusions_counted").value > 1.005 and not found.measure("infusions_counted").passed
    assert found.measure("infusions_found").value == 1.0


def test_a_day_off_and_an_unknown_drug_still_pair(truth, tmp_path):
    late = score(truth, perfect_run(tmp_path / "late", truth, service_date="service_date::DATE + 1"))
    assert late.measure("infusions_found").value > 0.98
    nameless = score(truth, perfect_run(tmp_path / "nameless", truth, molecule="NULL::VARCHAR", family="'unknown'"))
    assert nameless.measure("infusions_found").value > 0.98


def test_wrong_classes_cost_site_class_alone(truth, tmp_path):
    site_class = "if(visible_site_class = 'home', 'infusion_suite', visible_site_class)"
    found = score(truth, perfect_run(tmp_path / "run", truth, site_class=site_class))
    homes = sum(1 for row in planted(truth) if row["visible_site_class"] == "home")
    wrong = dict(found.mismatch("site_class_wrong").combinations)
    assert wrong["home → infusion_suite"] == homes > 0
    assert (
        found.measure("site_class").numerator
        == found.measure("site_class").ceiling * found.measure("site_class").denominator - homes
    )
    assert found.measure("white_bag_precision").value == 1.0


def test_white_bags_lost_and_made_up(truth, tmp_path):
    blind = score(
        truth, perfect_run(tmp_path / "blind", truth, channel="if(visible_channel = 'white_bag', 'unknown', visible_channel)")
    )
    assert blind.measure("white_bag_recall").value == 0.0 and blind.measure("white_bag_precision").value is None
    assert blind.measure("white_bag_precision").passed is False
    eager = score(
        truth,
        perfect_run(
            tmp_path / "eager", truth, channel="if(visible_channel IN ('unknown', 'clear_bag'), 'white_bag', visible_channel)"
        ),
    )
    expected = sum(
        1 for row in planted(truth) if row["visible"] == "true" and row["visible_channel"] in ("white_bag", "unknown", "clear_bag")
    )
    right = sum(
        1 for row in planted(truth)
        if row["visible"] == "true" and row["visible_channel"] in ("white_bag", "unknown") and row["channel"] == "white_bag"
    )  # fmt: skip
    precision = eager.measure("white_bag_precision")
    assert (precision.numerator, precision.denominator) == (right, expected)


def test_leaks_called_kept_show_in_the_months(truth, tmp_path):
    outcome = "if(visible_outcome = 'site_leak' AND site_class = 'infusion_center', 'kept', nullif(visible_outcome, ''))"
    found = score(truth, perfect_run(tmp_path / "run", truth, outcome=outcome))
    worst = found.measure("leakage_worst_error")
    assert worst.value > LEAKAGE_WITHIN > 0 and not worst.passed
    assert worst.value > worst.ceiling


def test_episode_outcomes_are_compared_by_the_longest_overlap(truth, tmp_path):
    run = perfect_run(tmp_path / "run", truth)
    path = run / "episodes.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE changed AS SELECT * REPLACE (if(outcome = 'dark', 'kept', outcome) AS outcome) "
            f"FROM read_parquet('{path}') "
            "UNION ALL SELECT person_id, family, started_on, started_on, attributed, 'moved_in', NULL "
            f"FROM read_parquet('{path}') WHERE last_infused_on > started_on"  # one-day shadows must not be chosen
        )
        connection.execute(f"COPY changed TO '{path}'")
    found = score(truth, run)
    dark = sum(1 for row in rows(truth / "episodes.csv") if row["outcome"] == "dark")
    assert found.measure("dark_recall").denominator == dark and found.measure("dark_recall").numerator == 0
    combinations = dict(found.mismatch("episode_wrong").combinations)
    assert combinations["dark → kept"] == dark
    assert not any("moved_in" in name.split("→")[1] for name in combinations)


def test_people_are_recognized_through_the_identity_map(truth, tmp_path):
    run = perfect_run(tmp_path / "run", truth, person_id="'p' || md5(person_id)")
    path = run / "episodes.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE e AS SELECT * REPLACE ('p' || md5(person_id) AS person_id) FROM read_parquet('{path}')")
        connection.execute(f"COPY e TO '{path}'")
        (tmp_path / "identities").mkdir()
        connection.execute(
            "COPY (SELECT DISTINCT 'p' || md5(person_id) AS pseudonym, person_id "
            f"FROM read_csv('{truth / 'infusions.csv'}', all_varchar=true)) TO '{tmp_path / 'identities' / 'one.parquet'}'"
        )
        pairs = connection.execute(f"FROM read_parquet('{tmp_path / 'identities' / 'one.parquet'}')").fetchall()
    assert score(truth, run).measure("infusions_found").value == 0.0
    by_folder = score(truth, run, tmp_path / "identities")
    by_mapping = score(truth, run, dict(pairs))
    assert by_folder == by_mapping and by_folder.measure("infusions_found").value == 1.0


def test_a_missing_file_is_named(truth, tmp_path):
    run = perfect_run(tmp_path / "run", truth)
    (run / "episodes.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"episodes\.parquet is missing"):
        score(truth, run)
    copy = tmp_path / "truth"
    shutil.copytree(truth, copy)
    (copy / "leakage.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"leakage\.csv is missing"):
        score(copy, perfect_run(tmp_path / "again", truth))


def test_the_score_is_plain_data(truth, tmp_path):
    found = score(truth, perfect_run(tmp_path / "run", truth), examples=3)
    said = json.loads(json.dumps(found.as_json()))
    assert said["people"] == 400 and said["passed"] == found.passed
    assert all(len(kind["examples"]) <= 3 for kind in said["mismatches"])
    assert "white_bag_recall" in found.as_text()
