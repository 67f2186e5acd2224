"""load_extract, recompute and export as a person at the shell meets them: real files in, published tables out."""

import csv
import io
import json

import duckdb
import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command

from demand import storage, tasks
from demand.actions.extracts import Refused, clean_display_name, create_extract, delete_extract
from demand.models import Extract, LeakageCell, Run
from demand.selectors.tables import TABLES
from payers.actions.reference import load_reference
from payers.models import PolicyStep
from sites.models import Prescriber
from tests.demand.builders import eligibility, institutional, medical, pharmacy, write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage_of_its_own(settings, tmp_path, monkeypatch):
    settings.STORAGE_DIR = tmp_path / "storage"
    settings.DATA_DIR = tmp_path / "data"
    sent = []
    monkeypatch.setattr(tasks, "send", lambda messages: sent.extend((str(kind), run_id) for kind, run_id in messages))
    return sent


def call(capsys, *words):
    capsys.readouterr()
    call_command(*map(str, words))
    return capsys.readouterr().out


def load(capsys, name, **files):
    words = [word for kind, paths in files.items() for word in (f"--{kind}", *paths)]
    return json.loads(call(capsys, "load_extract", *words, "--name", name, "--json"))


@pytest.fixture
def claims(tmp_path):
    """A hospital infusion (drug and administration) and an office infusion of two people; a fill; both enrolled."""
    rows = [
        institutional(claim_id="H", claim_line_number=1, hcpcs_code="J1745", service_unit_quantity="50", paid_amount="500.00"),
        institutional(claim_id="H", claim_line_number=2, hcpcs_code="96413", service_unit_quantity="1", paid_amount="80.00"),
        medical(claim_id="O", person_id="P2", hcpcs_code="J3380", service_unit_quantity="300", paid_amount="700.00"),
        medical(claim_id="O", claim_line_number=2, person_id="P2", paid_amount="not money"),
    ]
    return {
        "medical": [write_rows(tmp_path / "m.csv", rows)],
        "pharmacy": [write_rows(tmp_path / "p.csv", [pharmacy()])],
        "eligibility": [write_rows(tmp_path / "e.csv", [eligibility(), eligibility(person_id="P2")])],
    }


def exported(capsys, *words):
    return list(csv.DictReader(io.StringIO(call(capsys, "export", *words))))


def test_every_row_of_a_load_is_accounted_for_and_the_upload_is_gone(
    capsys, claims, storage_of_its_own, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = load(capsys, "January", **claims)
    assert {key: answer["medical"][key] for key in ("files", "rows_read", "accepted", "rejected", "duplicate", "superseded")} == {
        "files": 1, "rows_read": 4, "accepted": 3, "rejected": 1, "duplicate": 0, "superseded": 0,
    }  # fmt: skip
    assert (answer["pharmacy"]["accepted"], answer["eligibility"]["accepted"]) == (1, 2)
    assert list((storage.folder("uploads")).glob("*")) == []
    kinds = [kind for kind, _ in storage_of_its_own]
    assert kinds == ["recompute"], "a load asks for the recomputation that shows it"


def test_no_person_id_is_stored_beside_the_claims(capsys, claims):
    load(capsys, "January", **claims)
    stored = b"".join(path.read_bytes() for path in storage.folder("extracts").rglob("*") if path.is_file())
    assert b"P2" not in stored


def test_the_same_files_are_recognised_under_another_name(capsys, claims, tmp_path):
    load(capsys, "January", **claims)
    copy = tmp_path / "renamed.csv"
    copy.write_bytes(claims["medical"][0].read_bytes())
    with pytest.raises(CommandError, match="byte for byte those of extract “January”"):
        load(capsys, "again", **{**claims, "medical": [copy]})
    assert Extract.objects.count() == 1


def test_a_refused_file_leaves_a_sentence_and_nothing_else(capsys, tmp_path):
    empty = tmp_path / "claims.csv"
    empty.write_bytes(b"")
    with pytest.raises(CommandError, match=r"claims\.csv.*empty"):
        load(capsys, "empty", medical=[empty])
    assert Extract.objects.get().status == Extract.Status.REFUSED
    assert [path for path in storage.folder("x").parent.rglob("*") if path.is_file()] == []
    with pytest.raises(CommandError, match=r"missing\.csv: no such file"):
        load(capsys, "missing", medical=[tmp_path / "missing.csv"])


def test_a_refused_name_may_be_used_again(capsys, claims, tmp_path):
    empty = tmp_path / "claims.csv"
    empty.write_bytes(b"")
    with pytest.raises(CommandError):
        load(capsys, "January", medical=[empty])
    assert load(capsys, "January", **claims)["medical"]["accepted"] == 3
    with pytest.raises(CommandError, match="exists already"):
        load(capsys, "January", medical=[empty])


@pytest.fixture
def published(capsys, claims):
    load_reference()
    load(capsys, "January", **claims)
    return json.loads(call(capsys, "recompute", "--json"))


def test_recompute_publishes_a_run_and_asking_again_returns_it(capsys, published):
    assert published["counts"]["infusions"] == 2
    assert set(published["seconds"]) >= {"infusions", "episodes"}
    again = json.loads(call(capsys, "recompute", "--json"))
    assert (again["run"], again["result_hash"]) == (published["run"], published["result_hash"])
    assert Run.objects.get(pk=published["run"]).status == Run.Status.FINISHED


def test_the_first_run_that_knows_a_policy_dates_the_step(capsys, published, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "id: P-1\npayer: Acme Health\nkind: site_of_care\nstatus: in_force\nsource: {title: A notice}\n"
        "effective_from: 2026-01-01\ndrugs: {hcpcs: [J1745]}\nexcluded_site_classes: [hopd_on_campus]\n"
    )
    call(capsys, "load_policies", policy)
    assert list(PolicyStep.objects.values_list("policy_id", "step", "by")) == [("P-1", "logged", None)]
    call(capsys, "recompute", "--json")
    assert list(PolicyStep.objects.order_by("pk").values_list("step", flat=True)) == ["logged", "computed"]


def test_an_extracts_page_says_whose_infusions_were_found_in_it(capsys, published, admin_client):
    extract = Extract.objects.get()
    page = admin_client.get(f"/extracts/{extract.pk}/").content.decode()
    assert "None of the infusions found in them was ordered by a prescriber on your roster" in page
    Prescriber.objects.create(npi="1234567893", relation=Prescriber.Relation.EMPLOYED)
    call(capsys, "recompute", "--json")
    assert "on your roster" not in admin_client.get(f"/extracts/{extract.pk}/").content.decode()


def test_recompute_without_claims_says_what_to_do(capsys):
    with pytest.raises(CommandError, match="load claims first"):
        call(capsys, "recompute")
    with pytest.raises(CommandError, match="No loaded extract is called “nothing”"):
        call(capsys, "recompute", "--extract", "nothing")


def test_exports_carry_the_run_pseudonyms_and_what_was_rejected(capsys, published):
    infusions = exported(capsys, "infusions")
    assert {row["run_id"] for row in infusions} == {str(published["run"])}
    assert {row["family"] for row in infusions} == {"infliximab", "vedolizumab"}
    assert not {row["person_id"] for row in infusions} & {"P1", "P2"}
    assert {row["person_id"] for row in exported(capsys, "infusions", "--reidentify")} == {"P1", "P2"}
    last = LogEntry.objects.filter(action=LogEntry.Action.ACCESS).latest("pk")
    assert last.additional_data["reidentified"] and last.additional_data["rows"] == 2
    (reject,) = exported(capsys, "rejects")  # by the physical line, the column and the rule
    assert (reject["extract"], reject["kind"], reject["row_number"], reject["column"]) == ("January", "medical", "5", "paid_amount")
    assert reject["outcome"] == "rejected" and reject["rule"]


def test_every_table_can_be_exported_in_every_format_small_counts_hidden(capsys, published, tmp_path):
    for table in TABLES:
        as_json = json.loads(call(capsys, "export", table, "--json"))
        assert as_json["run"] == published["run"]
        target = tmp_path / f"{table}.parquet"
        call(capsys, "export", table, "--format", "parquet", "--output", target)
        columns = [column[0] for column in duckdb.sql(f"DESCRIBE SELECT * FROM '{target}'").fetchall()]
        assert columns == ["run_id", *TABLES[table].columns]
    assert LeakageCell.objects.filter(run=published["run"]).count() == len(exported(capsys, "leakage"))
    shown = {row["kept_people"] + row["site_leak_people"] + row["unknown_people"] for row in exported(capsys, "leakage")}
    assert shown <= {"", "0", "00", "000"}


def test_an_export_of_a_run_that_is_none_is_refused_in_a_sentence(capsys):
    with pytest.raises(CommandError, match="Nothing has been computed yet"):
        call(capsys, "export", "infusions")
    with pytest.raises(CommandError, match="Run 99 is not a finished run"):
        call(capsys, "export", "infusions", "--run", 99)
    with pytest.raises(CommandError, match="name a file"):
        call(capsys, "export", "infusions", "--format", "parquet")


def test_a_deleted_extract_takes_its_files_and_identities_along(capsys, published, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        delete_extract(Extract.objects.get())
    assert not list(storage.folder("extracts").glob("*"))
    assert not list(storage.identities_folder().glob("*"))
    with pytest.raises(Refused):
        create_extract(name="", files=[])


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\claims\\june.csv", "june.csv"),
        ("a\r\nSet-Cookie: x.csv", "aSet-Cookie: x.csv"),
        ("", "unnamed file"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_file_name_is_cleaned_for_people(sent, shown):
    assert clean_display_name(sent) == shown


def test_commands_never_write_to_standard_error_what_was_uploaded(capsys, tmp_path):
    bad = tmp_path / "claims.csv"
    bad.write_text("claim_id,claim_line_number,person_id\nC1,1,PHISENT\n")
    with pytest.raises(CommandError) as refusal:
        load(capsys, "bad", medical=[bad])
    assert "PHISENT" not in str(refusal.value) + capsys.readouterr().err
