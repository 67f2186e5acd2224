"""The reference into the database, and what a user adds to it."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from demand.engine.reference import COLUMNS, Reference
from payers.models import DrugCode, DrugFamily, Ndc
from payers.selectors import reference_frames


def run(command, *arguments, **options):
    out = io.StringIO()
    call_command(command, *map(str, arguments), json=True, stdout=out, **options)
    answer = json.loads(out.getvalue())
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")], answer


@pytest.fixture
def drugs_csv(tmp_path):
    def write(text):
        path = tmp_path / "drugs.csv"
        path.write_text(text)
        return path

    return write


@pytest.mark.django_db
def test_loading_the_reference_twice_changes_nothing():
    (added, changed, unchanged, rejected), _ = run("load_reference")
    assert added > 900 and (changed, unchanged, rejected) == (0, 0, 0)
    assert run("load_reference")[0] == [0, 0, added, 0]


@pytest.mark.django_db
def test_a_user_s_change_is_kept_where_asked():
    run("load_reference")
    DrugFamily.objects.filter(family="infliximab").update(chair_minutes=180)
    assert run("load_reference", keep_existing=True)[0][1] == 0
    assert DrugFamily.objects.get(family="infliximab").chair_minutes == 180
    assert run("load_reference")[0][1] == 1
    assert DrugFamily.objects.get(family="infliximab").chair_minutes == 165


@pytest.mark.django_db
def test_packages_are_recognised_by_their_column_and_filled_from_their_code(drugs_csv):
    run("load_reference")
    path = drugs_csv(
        "ndc_code,hcpcs_code,family,molecule,self_administered,source\n"
        "99999-111-01,Q5103,,,true,label\n"
        "99999011102,,Vedolizumab,,yes,label\n"
        "99999-111-03,,unobtainium,,true,label\n"
        "99999-111-04,J0000,,,true,label\n"
        "9999911105,,vedolizumab,,true,label\n"
        "99999-111-06,,,,true,label\n"
    )
    counted, answer = run("load_drugs", path)
    assert counted == [2, 0, 0, 4]
    assert [(bad["line"], bad["rule"]) for bad in answer["files"][0]["rejects"]] == [
        (4, "unknown_family"),
        (5, "unknown_code"),
        (6, "ndc_ambiguous"),
        (7, "blank"),
    ]
    assert Ndc.objects.filter(ndc_code__startswith="999990111").values_list("molecule", "family_id").order_by("ndc_code")[0] == (
        "infliximab-dyyb",
        "infliximab",
    )
    assert run("load_drugs", path)[0] == [0, 0, 2, 4]


@pytest.mark.django_db
def test_one_file_may_bring_regimen_code_and_package(drugs_csv):
    path = drugs_csv(
        "table,ndc_code,self_administered,units_per_package,hcpcs_code,effective_from,unit_amount,unit_of_measure,molecule,family,"
        "clinical_line,interval_days,source\n"
        "ndcs,99999011101,true,12,J9998,,,,,,,,label\n"
        "drug_codes,,,,J9998,2026-07-01,5,mg,Newmab,Newmab,,,CMS\n"
        "drug_families,,,,,,,,,newmab,neurology,28,label\n"
    )
    counted, answer = run("load_drugs", path)
    assert counted == [3, 0, 0, 0]
    assert set(answer["files"][0]["tables"]) == {"drug_families", "drug_codes", "ndcs"}
    assert DrugCode.objects.get(hcpcs_code="J9998").family_id == "newmab"
    assert Ndc.objects.get(ndc_code="99999011101").molecule == "newmab"


@pytest.mark.django_db
def test_a_second_unit_for_the_same_days_is_rejected_until_the_first_ends(drugs_csv):
    run("load_reference")
    header = "hcpcs_code,effective_from,effective_to,molecule,family,unit_amount,unit_of_measure,source\n"
    new = "J1745,2027-01-01,,infliximab,infliximab,1,mg,CMS\n"
    out = io.StringIO()
    with pytest.raises(CommandError, match="no row could be used"):
        call_command(
            "load_drugs", str(drugs_csv(header + new + "J9998,2026-01-01,,newmab,newmab,1,mg,CMS\n")), json=True, stdout=out
        )
    answer = json.loads(out.getvalue())
    assert [bad["rule"] for bad in answer["files"][0]["rejects"]] == ["overlap", "unknown_family"]
    ended = "J1745,2000-01-01,2027-01-01,infliximab,infliximab,10,mg,CMS\n"
    assert run("load_drugs", drugs_csv(header + ended + new))[0] == [1, 1, 0, 0]
    counted, _ = run("load_reference", keep_existing=True)
    assert (counted[0], counted[1], counted[3]) == (0, 0, 0)
    # The file has no column brand: what was on file stays.
    assert DrugCode.objects.get(hcpcs_code="J1745", effective_to="2027-01-01").brand.startswith("Remicade")


@pytest.mark.django_db
def test_a_file_of_another_kind_is_refused(drugs_csv):
    with pytest.raises(CommandError, match=r"^drugs\.csv is no table of the drug reference"):
        run("load_drugs", drugs_csv("npi,taxonomy\n1234567893,261QI0500X\n"))


@pytest.mark.django_db
def test_the_pipeline_gets_the_columns_of_its_contract():
    run("load_reference")
    frames = reference_frames()
    assert set(frames) == {"drug_codes", "drug_families", "ndcs", "service_codes", "laws", "payer_names", "policies"}
    for name in ("drug_codes", "drug_families", "ndcs", "service_codes"):
        assert list(frames[name].columns) == list(COLUMNS[name])
    reference = Reference.from_frames(frames)
    infliximab = reference.drug_codes[reference.drug_codes["hcpcs_code"] == "J1745"].iloc[0]
    assert (infliximab["effective_from"], infliximab["effective_to"], infliximab["unit_amount"]) == ("2000-01-01", None, "10")
    import duckdb

    with duckdb.connect() as connection:
        reference.register(connection)
        ((interval, cyclic),) = connection.execute(
            "SELECT interval_days, cyclic FROM ref_drug_families WHERE family = 'rituximab'"
        ).fetchall()
    assert (interval, cyclic) == (168, True)


@pytest.mark.django_db
def test_without_tables_the_command_says_what_to_run(monkeypatch):
    from django.db import DatabaseError

    from payers.actions import reference

    def broken(*args, **kwargs):
        raise DatabaseError("no such table: payers_drugfamily")

    monkeypatch.setattr(reference, "store", broken)
    with pytest.raises(CommandError, match=r"no such table.*nothing was loaded\. Run `python manage\.py migrate`"):
        run("load_reference")
