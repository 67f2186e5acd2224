"""sites.csv, prescribers.csv and taxonomies into the database: idempotent, every row accounted for."""

import io
import json

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command

from demand.engine.reference import COLUMNS, Reference
from sites.engine.registers import overlapping_stays
from sites.engine.rows import Row
from sites.models import Prescriber, ProviderTaxonomy, Site, ZipCentroid
from sites.selectors import reference_frames

SITES = """site_id,name,site_class,ownership,owner,payer_affiliation,hospital_affiliated,market,npis,zip_code,latitude,longitude,\
opened_on,closed_on,chairs,open_hours_per_week,is_340b
N1,North hospital,hopd_on_campus,owned,Ours,,,Metro,1234567893;1003000126,02139,42.36,-71.09,2015-01-01,,20,60,true
S1,South center,infusion_center,other,Chain,Payer A,false,Metro,1003000134,02140,,,2020-01-01,2026-01-01,8,50,false
H1,Home pharmacy,home_infusion,partner,Partner,,,Rural,,,,,,,,,
"""


def load(command, path, *arguments):
    out = io.StringIO()
    call_command(command, *arguments, str(path), json=True, stdout=out)
    return json.loads(out.getvalue())


def counts(answer):
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")]


@pytest.fixture
def sites_csv(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(SITES)
    return path


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing(sites_csv):
    assert counts(load("load_sites", sites_csv)) == [3, 0, 0, 0]
    assert counts(load("load_sites", sites_csv)) == [0, 0, 3, 0]
    assert sorted(Site.objects.get(site_id="N1").npis.values_list("npi", flat=True)) == ["1003000126", "1234567893"]
    assert Site.objects.get(site_id="N1").zip_code == "02139"


@pytest.mark.django_db
def test_a_changed_row_and_changed_provider_numbers_count_as_changed(sites_csv):
    load("load_sites", sites_csv)
    sites_csv.write_text(SITES.replace("North hospital", "North campus").replace("1003000134", "1234567893;1003000142"))
    assert counts(load("load_sites", sites_csv)) == [0, 2, 1, 0]
    assert Site.objects.get(site_id="N1").name == "North campus"
    assert sorted(Site.objects.get(site_id="S1").npis.values_list("npi", flat=True)) == ["1003000142", "1234567893"]
    line = LogEntry.objects.filter(content_type__model="site").latest("pk")
    assert line.additional_data["fields"] == ["name", "npis"]
    assert line.additional_data["rows"] == ["N1", "S1"]


@pytest.mark.django_db
def test_columns_that_a_file_does_not_have_change_nothing(sites_csv, tmp_path):
    load("load_sites", sites_csv)
    partial = tmp_path / "chairs.csv"
    partial.write_text("site_id,name,site_class,ownership,chairs\nN1,North hospital,hopd_on_campus,owned,24\n")
    assert counts(load("load_sites", partial)) == [0, 1, 0, 0]
    north = Site.objects.get(site_id="N1")
    assert (north.chairs, north.market, north.is_340b, north.npis.count()) == (24, "Metro", True, 2)


@pytest.mark.django_db
def test_a_blank_affiliation_follows_the_class(sites_csv):
    load("load_sites", sites_csv)
    assert dict(Site.objects.values_list("site_id", "hospital_affiliated")) == {"N1": True, "S1": False, "H1": False}


@pytest.mark.django_db
def test_bad_rows_are_listed_and_the_others_load(tmp_path):
    path = tmp_path / "sites.csv"
    header = "site_id,name,site_class,ownership,npis,zip_code,latitude,longitude,opened_on,closed_on\n"
    rows = [
        "A,Good,infusion_center,owned,1234567893,02139,,,,",
        "A,Again,infusion_center,owned,,,,,,",
        "B,Moon,moon_base,owned,,,,,,",
        "C,Short ZIP,infusion_center,owned,,2139,,,,",
        "D,Half a place,infusion_center,owned,,,42.1,,,",
        "E,Closed before open,infusion_center,owned,,,,,2026-01-01,2025-01-01",
        "F,NPI of nine,infusion_center,owned,123456789,,,,,",
        "G,Odd check digit,infusion_center,owned,1234567890,,,,,",
    ]
    path.write_text(header + "\n".join(rows) + "\n")
    answer = load("load_sites", path)
    assert counts(answer) == [2, 0, 0, 6]
    file = answer["files"][0]
    assert [(bad["line"], bad["column"], bad["rule"]) for bad in file["rejects"]] == [
        (3, "site_id", "repeated"),
        (4, "site_class", "choice"),
        (5, "zip_code", "zip_code"),
        (6, "longitude", "coordinates"),
        (7, "closed_on", "period"),
        (8, "npis", "npi"),
    ]
    assert any("line 9" in warning and "check digit" in warning for warning in file["warnings"])
    assert Site.objects.get(site_id="G").npis.get().npi == "1234567890"


@pytest.mark.django_db
def test_where_no_row_can_be_used_the_command_fails_in_a_sentence(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("site_id,name,site_class,ownership\nA,Moon,moon_base,owned\n")
    with pytest.raises(
        CommandError, match=r"^sites\.csv: no row could be used, the first because of line 2, site_class “moon_base”"
    ):
        call_command("load_sites", str(path), stdout=io.StringIO())


@pytest.mark.django_db
def test_a_refused_file_is_one_sentence_and_changes_nothing(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("site,name\nA,North\n")
    with pytest.raises(
        CommandError, match=r"^sites\.csv has no column site_id, site_class, ownership; it needs .*found: site, name"
    ):
        call_command("load_sites", str(path))
    assert not Site.objects.exists()


@pytest.mark.django_db
def test_prescribers_are_stays_that_do_not_overlap(tmp_path):
    path = tmp_path / "prescribers.csv"
    header = "npi,name,specialty,relation,market,starts_on,ends_on\n"
    path.write_text(
        header
        + "1234567893,Dr A,neurology,employed,Metro,2020-01-01,2022-01-01\n1234567893,Dr A,neurology,affiliated,Metro,2022-01-01,\n"
    )
    assert counts(load("load_prescribers", path)) == [2, 0, 0, 0]
    assert counts(load("load_prescribers", path)) == [0, 0, 2, 0]
    path.write_text(
        header + "1234567893,Dr A,neurology,employed,Metro,2024-01-01,\n1003000126,Dr B,rheumatology,employed,Rural,,\n"
    )
    answer = load("load_prescribers", path)
    assert counts(answer) == [1, 0, 0, 1]
    assert answer["files"][0]["rejects"][0]["rule"] == "overlap"
    assert Prescriber.objects.count() == 3


def test_a_stay_without_dates_overlaps_every_other():
    rows = [Row(2, {"npi": "1", "starts_on": None, "ends_on": None}), Row(3, {"npi": "2", "starts_on": None, "ends_on": None})]
    assert [problem.line for problem in overlapping_stays(rows, [("1", None, None)])] == [2]


@pytest.mark.django_db
def test_taxonomies_are_pairs(tmp_path):
    path = tmp_path / "taxonomies.csv"
    path.write_text("npi,taxonomy\n1234567893,261qi0500x\n1234567893,3336H0001X\n1234567893,clinic\n")
    assert counts(load("load_taxonomies", path)) == [2, 0, 0, 1]
    assert counts(load("load_taxonomies", path)) == [0, 0, 2, 1]
    assert set(ProviderTaxonomy.objects.values_list("taxonomy", flat=True)) == {"261QI0500X", "3336H0001X"}


@pytest.mark.django_db
def test_the_pipeline_gets_one_row_a_site_and_provider_number(sites_csv):
    load("load_sites", sites_csv)
    frames = reference_frames()
    for name, frame in frames.items():
        assert list(frame.columns) == list(COLUMNS[name])
    sites = Reference.from_frames(frames).sites
    assert sorted(zip(sites["site_id"], sites["npi"].fillna(""), strict=True)) == [
        ("H1", ""),
        ("N1", "1003000126"),
        ("N1", "1234567893"),
        ("S1", "1003000134"),
    ]
    south = sites[sites["site_id"] == "S1"].iloc[0]
    assert (south["closed_on"], south["chairs"], south["hospital_affiliated"]) == ("2026-01-01", "8", "false")


@pytest.mark.django_db
def test_text_output_says_what_happened(sites_csv):
    out = io.StringIO()
    call_command("load_sites", str(sites_csv), stdout=out)
    assert out.getvalue().splitlines()[0] == "sites.csv: 3 added, 0 changed, 0 unchanged, 0 rejected"
    assert "no provider number" in out.getvalue()


@pytest.mark.django_db
def test_zip_centroids_are_points_on_the_globe(tmp_path):
    path = tmp_path / "zips.csv"
    path.write_text(
        "zip_code,latitude,longitude\n02139,42.36,-71.10\n37201-1234,36.16,-86.78\n2139,42.36,-71.10\n37202,136.0,-86.0\n"
    )
    assert counts(load("load_zips", path)) == [2, 0, 0, 2]
    assert counts(load("load_zips", path)) == [0, 0, 2, 2]
    assert set(ZipCentroid.objects.values_list("zip_code", flat=True)) == {"02139", "37201"}


@pytest.mark.django_db
def test_population_by_year_is_loaded_twice_without_change_and_the_impossible_is_named(tmp_path):
    path = tmp_path / "population.csv"
    path.write_text(
        "zip_code,year,population,population_65_plus\n02139,2019,1000,100\n02139,2023,1100,150\n02139,1066,5,1\n02139,2022,100,200\n"
        "02140,2022,-5,0\n02139,2019,1,1\n2139,2022,5,1\n"
    )
    answer = load("load_population", path)
    assert counts(answer) == [2, 0, 0, 5]
    assert [(one["line"], one["column"]) for one in answer["files"][0]["rejects"]] == [
        (4, "year"),
        (5, "population_65_plus"),
        (6, "population"),
        (7, "zip_code, year"),
        (8, "zip_code"),
    ]
    assert counts(load("load_population", path)) == [0, 0, 2, 5]
