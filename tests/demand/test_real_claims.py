"""Real claims (2018 Medicare, no ordering prescriber, no paid dates): what six known claims must become, and that money is
counted once."""

import datetime as dt

import duckdb
import pytest

from demand.engine import lines, pipeline
from demand.engine.export_tables import file_pattern
from demand.engine.extract import SourceFile
from demand.engine.parameters import Parameters
from tests.demand.frames import KEY, SHARED, shipped_reference

CLAIMS = SHARED / "claims"
FILES = {
    "medical": ["tuva_medical_claim.csv", "tuva_medical_claim_upper.csv"],
    "pharmacy": ["tuva_pharmacy_claim.csv"],
    "eligibility": ["tuva_eligibility.csv"],
}

pytestmark = pytest.mark.skipif(not CLAIMS.exists(), reason="the real claims lie in ../shared/data")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    files = [SourceFile(kind, CLAIMS / name, name) for kind, names in FILES.items() for name in names]
    loaded = lines.load_extract(files, [], folder / "extract", lines.LoadOptions(pseudonym_key=KEY, name="tuva"))
    extract = pipeline.ExtractInput(1, "tuva", folder / "extract", "payer", None, 1)
    summary = pipeline.recompute([extract], shipped_reference(), Parameters(), folder / "run", memory_limit="400MB")
    return folder / "run", summary, loaded


def query(run, sql, **values):
    folder, _, _ = run
    with duckdb.connect() as connection:
        for name in ("lines", "infusions", "episodes", "rejects", "leakage"):
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{folder / file_pattern(name)}')")
        cursor = connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def infusion_of(run, claim_id):
    (only,) = query(
        run, "SELECT DISTINCT infusions.* FROM infusions JOIN lines USING (infusion_id) WHERE claim_id = $claim", claim=claim_id
    )
    return only


@pytest.mark.parametrize(
    ("claim_id", "molecule", "dose", "site_class", "codes"),
    [
        ("679715", "ferumoxytol", 510, "hopd_on_campus", "96365;96366;Q0138"),
        ("921759", "iron sucrose", 200, "hopd_off_campus", "96365;J1756"),
        ("1599655", "ferric carboxymaltose", 750, "hopd_on_campus", "96365;J1439"),
        ("116065", "infliximab", 40, "physician_office", "96413;96415;J1745"),
        ("540001", "tocilizumab", 2, "physician_office", "J3262"),
        ("1184634", "denosumab", 6, "physician_office", "96372;J0897"),
    ],
)
def test_a_known_claim_is_one_infusion_bought_and_billed(run, claim_id, molecule, dose, site_class, codes):
    found = infusion_of(run, claim_id)
    assert (found["molecule"], found["dose"], found["dose_unit"]) == (molecule, dose, "mg")
    assert (found["site_class"], found["channel"], found["hcpcs_codes"]) == (site_class, "buy_and_bill", codes)
    assert found["site_id"].startswith("npi:")


def test_the_repeated_total_of_claim_679715_is_counted_once(run):
    rows = query(run, "SELECT sum(paid_cents)::BIGINT AS paid, count(*) AS lines FROM lines WHERE claim_id = '679715'")
    assert rows == [{"paid": 255_009, "lines": 6}]
    total = query(
        run, "SELECT sum(paid_cents)::BIGINT AS paid FROM lines WHERE claim_id = '679715' AND revenue_center_code = '0001'"
    )
    assert total[0]["paid"] == 0
    assert infusion_of(run, "679715")["paid_cents"] < 255_009  # the supplies of the claim are no part of the infusion


def test_doses_as_billed_far_below_any_regimen_are_flagged(run):
    assert "dose_far_below_regimen" in infusion_of(run, "540001")["flags"]
    assert "dose_far_below_regimen" in infusion_of(run, "1184634")["flags"]
    assert "dose_far_below_regimen" not in infusion_of(run, "679715")["flags"]


def test_payer_and_line_of_business_come_from_eligibility(run):
    found = infusion_of(run, "116065")
    assert (found["payer"], found["line_of_business"], found["funding_type"]) == ("medicare", "medicare", "government")


def test_every_row_is_accounted_for(run):
    _, summary, loaded = run
    for kind, result in loaded.kinds.items():
        assert sum(summary.counts["rows"][kind].values()) == result.rows_read
    assert query(run, "SELECT count(*) AS n FROM lines")[0]["n"] == summary.counts["rows"]["medical"]["accepted"]
    assert query(run, "SELECT count(*) AS n FROM rejects")[0]["n"] == sum(
        count for kind in summary.counts["rows"].values() for outcome, count in kind.items() if outcome != "accepted"
    )


def test_keys_that_stand_in_both_files_do_not_double(run):
    assert query(run, "SELECT count(*) AS n FROM lines GROUP BY data_source, claim_id, claim_line_number HAVING count(*) > 1") == []


def test_without_a_roster_nothing_is_attributed_and_the_rate_is_none(run):
    _, summary, _ = run
    rate = summary.headline["leakage_rate"]
    assert (rate["value"], rate["numerator"], rate["denominator"]) == (None, 0, 0)
    assert summary.headline["share_unattributed"] == 1.0


def test_without_paid_dates_no_month_is_mature_and_nobody_is_dark(run):
    folder, _, _ = run
    with duckdb.connect() as connection:
        months = connection.execute(f"SELECT DISTINCT completion, mature FROM read_parquet('{folder}/maturity.parquet')").fetchall()
    assert months == [(None, False)]
    assert query(run, "SELECT count(*) AS n FROM episodes WHERE dark")[0]["n"] == 0


def test_the_run_covers_2018(run):
    (span,) = query(run, "SELECT min(service_date) AS first, max(service_date) AS last FROM infusions")
    assert span["first"].year == span["last"].year == 2018
    assert isinstance(span["first"], dt.date)
