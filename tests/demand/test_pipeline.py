"""The whole flow on a rehearsal system: nothing is lost or doubled, passes do not matter, and the slow way agrees."""

import json
from itertools import pairwise

import duckdb
import pandas as pd
import pytest

from demand.engine import accepted, pipeline
from demand.engine.check_numbers import check_numbers
from demand.engine.parameters import Parameters
from tests.demand import builders
from tests.demand.frames import shipped_reference
from tests.demand.rehearsed import rehearse

PEOPLE, SEED = 250, 41


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    return rehearse(tmp_path_factory.mktemp("pipeline"), PEOPLE, SEED)


# Nothing lost, nothing doubled


def test_every_row_read_ends_as_one_outcome(rehearsed):
    rows = rehearsed.summary.counts["rows"]
    with (rehearsed.folder / "system" / "medical_claim.csv").open() as file:
        assert sum(rows["medical"].values()) == sum(1 for _ in file) - 1
    assert rehearsed.one("SELECT count(*) FROM lines") == rows["medical"]["accepted"]
    not_accepted = sum(count for kind in rows.values() for outcome, count in kind.items() if outcome != "accepted")
    assert rehearsed.one("SELECT count(*) FROM rejects") == not_accepted


def test_lines_are_unique(rehearsed):
    assert rehearsed.query("SELECT 1 FROM lines GROUP BY data_source, claim_id, claim_line_number HAVING count(*) > 1") == []


@pytest.mark.parametrize("money", ["allowed_cents", "paid_cents", "patient_cents"])
def test_money_of_the_lines_is_the_infusions_money_plus_what_says_why_it_has_no_infusion(rehearsed, money):
    of_services = rehearsed.one(f"SELECT sum({money})::BIGINT FROM lines WHERE role <> 'other'")
    in_infusions = rehearsed.one(f"SELECT sum({money})::BIGINT FROM infusions")
    elsewhere = rehearsed.one(f"SELECT coalesce(sum({money}), 0)::BIGINT FROM lines WHERE role <> 'other' AND place <> 'infusion'")
    assert of_services == in_infusions + elsewhere
    assert rehearsed.one("SELECT count(*) FROM lines WHERE role <> 'other' AND place IS NULL") == 0
    assert elsewhere > 0


@pytest.mark.parametrize("money", ["allowed_cents", "paid_cents", "patient_cents"])
def test_money_of_an_infusion_is_that_of_its_lines_and_its_shares_of_shared_lines(rehearsed, money):
    wrong = rehearsed.query(
        f"""WITH part AS (
            SELECT infusion_id, {money} AS cents FROM lines ANTI JOIN line_shares USING (data_source, claim_id, claim_line_number)
            UNION ALL SELECT infusion_id, {money} FROM line_shares
        ), summed AS (SELECT infusion_id, sum(cents)::BIGINT AS cents FROM part GROUP BY infusion_id)
        SELECT * FROM infusions LEFT JOIN summed USING (infusion_id) WHERE infusions.{money} IS DISTINCT FROM summed.cents"""
    )
    assert wrong == [] and rehearsed.one("SELECT count(*) FROM line_shares") > 0


def test_every_bag_names_the_pharmacys_claim_behind_it_and_nothing_else_does(rehearsed):
    """But those that only the clinic's note tells of: white bags, probable at most."""
    bagged = rehearsed.one("SELECT count(*) FROM infusions SEMI JOIN supplies USING (infusion_id) WHERE channel LIKE '%_bag'")
    assert bagged == rehearsed.one("SELECT count(*) FROM supplies WHERE claim_id IS NOT NULL") > 0
    without = rehearsed.query(
        "SELECT DISTINCT channel, channel_confidence FROM infusions ANTI JOIN supplies USING (infusion_id) WHERE channel LIKE '%_bag'"
    )
    assert without in ([], [{"channel": "white_bag", "channel_confidence": "probable"}])


def test_rows_that_gave_way_name_the_row_to_which(rehearsed):
    found = rehearsed.query("SELECT outcome, rule, count(*) AS n, count(other_row_number) AS named FROM row_outcomes GROUP BY ALL")
    rejects = rehearsed.query("SELECT outcome, rule, count(*) AS n FROM rejects GROUP BY ALL")
    of_rule = {(row["outcome"], row["rule"]): row["n"] for row in rejects}
    assert found and all(of_rule[row["outcome"], row["rule"]] == row["n"] for row in found)
    assert all(row["named"] == row["n"] for row in found if row["rule"] in ("DUPLICATE_ROW", "OLDER_VERSION", "REVERSED"))


def test_infusions_of_lines_are_infusions(rehearsed):
    assert rehearsed.one("SELECT count(*) FROM lines ANTI JOIN infusions USING (infusion_id) WHERE infusion_id IS NOT NULL") == 0
    assert rehearsed.one("SELECT count(*) FROM infusions ANTI JOIN lines USING (infusion_id)") == 0


def test_the_grain_of_an_infusion(rehearsed):
    assert rehearsed.query("SELECT 1 FROM infusions GROUP BY person_id, service_date, molecule, site_id HAVING count(*) > 1") == []
    assert rehearsed.one("SELECT count(*) = count(DISTINCT infusion_id) FROM infusions") is True


def test_people_are_conserved(rehearsed):
    assert rehearsed.query("SELECT person_no FROM infusions EXCEPT SELECT person_no FROM facts") == []
    assert rehearsed.one("SELECT count(DISTINCT person_no) = count(DISTINCT person_id) FROM infusions") is True
    assert rehearsed.query("SELECT person_id FROM episodes EXCEPT SELECT person_id FROM infusions") == []
    known = rehearsed.one("SELECT count(DISTINCT person_id) FROM infusions WHERE family <> 'unknown'")
    assert rehearsed.one("SELECT count(DISTINCT person_id) FROM episodes") == known


def test_infusions_of_known_drugs_are_the_episodes_infusions(rehearsed):
    assert rehearsed.one("SELECT sum(infusions)::BIGINT FROM episodes") == rehearsed.one(
        "SELECT count(*) FROM infusions WHERE family <> 'unknown'"
    )


def test_attributed_infusions_and_episodes_have_exactly_one_outcome(rehearsed):
    assert rehearsed.one("SELECT count(*) FROM infusions WHERE attributed <> (outcome IS NOT NULL)") == 0
    assert rehearsed.one("SELECT count(*) FROM episodes WHERE attributed <> (outcome IS NOT NULL)") == 0
    allowed = {"kept", "moved_out", "never_captured", "moved_in", "benefit_shift", "dark", "ended", "unknown"}
    assert {row["outcome"] for row in rehearsed.query("SELECT DISTINCT outcome FROM episodes WHERE attributed")} <= allowed


def test_leakage_cells_add_up_to_the_headline(rehearsed):
    for outcome, count in rehearsed.summary.headline["outcomes"].items():
        assert rehearsed.one(f"SELECT sum({outcome}_infusions)::BIGINT FROM leakage") == count
    left = rehearsed.one("SELECT sum(site_leak_allowed_cents)::BIGINT FROM leakage")
    assert left == rehearsed.summary.headline["left_allowed_cents"] > 0


def test_the_three_splits_of_leakage_add_up_to_the_same_total(rehearsed):
    total = rehearsed.summary.headline["outcomes"]["site_leak"]
    for split in ("mechanism", "owner", "reason"):
        parts = rehearsed.query(
            f"SELECT {split} AS part, count(*) AS n FROM facts WHERE is_headline AND outcome = 'site_leak' GROUP BY 1"
        )
        assert sum(row["n"] for row in parts) == total
        if split != "owner":  # who owns a site outside the register is not known
            assert all(row["part"] for row in parts)


def test_money_columns_are_whole_cents_and_no_number_is_not_a_number(rehearsed):
    for table in ("lines", "infusions", "leakage", "facts", "unadministered_fills"):
        types = {row["column_name"]: row["column_type"] for row in rehearsed.query(f"DESCRIBE {table}")}
        assert {kind for name, kind in types.items() if name.endswith("_cents")} == {"BIGINT"}
    assert rehearsed.one("SELECT count(*) FROM infusions WHERE isnan(dose)") == 0


def test_pseudonyms_only(rehearsed):
    assert rehearsed.one("SELECT count(*) FROM infusions WHERE person_id LIKE 'RH%'") == 0
    assert "RH0" not in json.dumps(rehearsed.summary.as_json())


# The same, however it is computed


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param((0, 1000, 3000, 4096), id="read again", marks=pytest.mark.thorough),
        pytest.param((0, 1, 100, 734, 735, 736, 737, 738, 4096), id="shared out"),
    ],
)
def test_passes_do_not_matter(rehearsed, monkeypatch, edges):
    monkeypatch.setattr(accepted, "bucket_ranges", lambda rows, memory: tuple(pairwise(edges)))
    monkeypatch.setattr(pipeline, "PASSES_TOGETHER", 3)
    again = rehearsed.recompute(f"{len(edges)} edges")
    assert again.tables == rehearsed.summary.tables
    assert again.headline == rehearsed.summary.headline


def test_the_same_inputs_give_the_same_files(rehearsed):
    again = rehearsed.recompute("again")
    assert again.as_json() == rehearsed.summary.as_json()
    first, second = (
        json.loads((rehearsed.folder / run / "manifest.json").read_text(encoding="utf-8"))["files"] for run in ("run", "again")
    )
    assert first == second
    assert all(len(facts["sha256"]) == 64 for facts in first.values())


def test_more_rows_or_less_memory_make_more_passes():
    assert len(accepted.bucket_ranges(1_000, 512_000_000)) == 1
    assert len(accepted.bucket_ranges(10_000_000, 512_000_000)) > len(accepted.bucket_ranges(10_000_000, 4_000_000_000)) > 1
    ranges = accepted.bucket_ranges(50_000_000, 512_000_000)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == accepted.BUCKETS
    assert all(end == first for (_, end), (first, _) in pairwise(ranges))


def test_a_changed_parameter_is_recorded_and_changes_the_result(rehearsed):
    other = rehearsed.recompute("other", parameters=Parameters(fill_days_before=0, fill_days_after=0))
    assert other.parameters["fill_days_before"] == 0
    assert other.headline["white_bag"]["infusions"] < rehearsed.summary.headline["white_bag"]["infusions"]


def test_the_slow_way_agrees(rehearsed):
    checks = check_numbers(rehearsed.run, rehearsed.reference)
    assert [check for check in checks if not check.agrees] == []
    assert {check.name for check in checks} >= {"people", "infusions", "leakage rate, numerator", "left_allowed_cents"}
    assert all(check.published > 0 for check in checks if check.name in ("people", "infusions", "left_allowed_cents"))


def test_the_slow_way_notices_a_wrong_figure(rehearsed, tmp_path):
    manifest = json.loads((rehearsed.run / "manifest.json").read_text(encoding="utf-8"))
    manifest["headline"]["infusions"] += 1
    for path in rehearsed.run.glob("*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert [check.name for check in check_numbers(tmp_path, rehearsed.reference) if not check.agrees] == ["infusions"]


# A run is whole or no run


def test_a_run_that_fails_leaves_no_manifest_and_no_scratch(rehearsed, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline.leakage, "count_leakage", lambda connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.recompute([rehearsed.extract], rehearsed.reference, Parameters(), tmp_path / "broken")
    assert not (tmp_path / "broken" / "manifest.json").exists()
    assert not (tmp_path / "broken" / "scratch").exists()


def test_a_reference_that_contradicts_itself_is_refused(tmp_path):
    twice = [{"ndc_code": "00000000001", "molecule": "a", "family": "a"}] * 2
    with pytest.raises(ValueError, match="more than once"):
        pipeline.recompute([], shipped_reference(ndcs=pd.DataFrame(twice)), Parameters(), tmp_path / "run")
    codes = [{"hcpcs_code": "J1745", "effective_from": begins} for begins in ("2020-01-01", "2021-01-01")]  # the first never ends
    with pytest.raises(ValueError, match="the periods of J1745 overlap"):
        pipeline.recompute([], shipped_reference(drug_codes=pd.DataFrame(codes)), Parameters(), tmp_path / "run")


def test_stages_are_reported_in_order(rehearsed, tmp_path):
    seen = []
    pipeline.recompute(
        [rehearsed.extract], rehearsed.reference, Parameters(), tmp_path / "run", lambda stage, share: seen.append((stage, share))
    )
    assert list(dict.fromkeys(stage for stage, _ in seen)) == [
        "rows",
        "infusions",
        "maturity",
        "episodes",
        "exposure",
        "move risk",
        "summaries",
    ]
    assert all(0 <= share <= 1 for _, share in seen)


# Several extracts


def test_a_later_extract_restates_an_earlier_row_and_nothing_doubles(tmp_path):
    first = builders.load(tmp_path, medical=[builders.medical(paid_amount="100.00", allowed_amount="120.00")], name="first")
    newer = builders.medical(paid_amount="80.00", allowed_amount="90.00", paid_date="2026-02-20")
    second = builders.load(tmp_path, [first], medical=[newer, builders.medical(claim_id="C2", person_id="P2")], name="second")
    extracts = [
        pipeline.ExtractInput(number, loaded.folder.name, loaded.folder, "payer", None, number)
        for number, loaded in enumerate((first, second), start=1)
    ]
    summary = pipeline.recompute(extracts, shipped_reference(), Parameters(), tmp_path / "run")
    assert summary.counts["rows"]["medical"] == {"accepted": 2, "duplicate": 0, "superseded": 1, "rejected": 0}
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT allowed_cents FROM read_parquet('{tmp_path}/run/infusions.parquet') ORDER BY 1"
        ).fetchall()
        restated = connection.execute(
            f"SELECT extract, outcome, rule FROM read_parquet('{tmp_path}/run/rejects.parquet')"
        ).fetchall()
    assert found == [(9_000,), (12_000,)]
    assert restated == [("first", "superseded", "OLDER_VERSION")]
