"""Uploading in the browser's words: what is taken, what is refused in one sentence, what is left behind, what the account shows."""

import csv
import errno
import io
import logging
import shutil
from pathlib import Path

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile

from demand import storage, tasks, uploads
from demand.models import Extract, Run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
HEADER = "claim_id,claim_line_number,patient_id,claim_start_date,claim_end_date,claim_type,hcpcs_code,service_unit_quantity,paid_amount,paid_date\n"
ROWS = [
    "c1,1,p1,2025-01-05,2025-01-05,professional,J1745,10,100.00,2025-02-01\n",
    "c2,1,p2,2025-01-06,2025-01-06,professional,J1745,10,100.00,2025-02-01\n",
    "c3,1,p3,not a day,2025-01-06,professional,J1745,10,100.00,2025-02-01\n",
    "c1,1,p1,2025-01-05,2025-01-05,professional,J1745,10,100.00,2025-02-01\n",
]


def claims(name="claims.csv", rows=ROWS) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (HEADER + "".join(rows)).encode(), "text/csv")


def send(client, **form):
    return client.post("/extracts/upload/", {"name": "Payer A", "perspective": "payer", "medical": claims(), **form})


def said(answer) -> str:
    return answer.content.decode()


def lying_about() -> list[Path]:
    return list(storage.folder("uploads", "x").parent.glob("*"))


def test_an_upload_becomes_a_queued_extract_and_a_run(analyst):
    answer = send(analyst, paid_through="2025-06-30", data_source="feed")
    extract = Extract.objects.get()
    assert answer["Location"] == f"/extracts/{extract.pk}/?sent"
    assert (extract.status, str(extract.paid_through), extract.data_source, extract.created_by.username) == (
        "queued",
        "2025-06-30",
        "feed",
        "ann",
    )
    assert Run.objects.get().subject_id == extract.pk
    (file,) = extract.files.all()
    assert storage.upload_path(file.stored_name).read_bytes() == claims().read()
    assert len(file.sha256) == 64 and file.size_bytes == len(claims().read())


def test_several_files_of_each_kind(analyst):
    pharmacy = [SimpleUploadedFile(f"p{number}.csv", f"a\n{number}\n".encode()) for number in (1, 2)]
    send(analyst, medical=[claims(), claims(rows=ROWS[:1])], pharmacy=pharmacy, eligibility=SimpleUploadedFile("e.csv", b"a\n1\n"))
    assert sorted(Extract.objects.get().files.values_list("kind", flat=True)) == [
        "eligibility",
        "medical",
        "medical",
        "pharmacy",
        "pharmacy",
    ]


def test_from_upload_to_an_account_that_adds_up(analyst):
    send(analyst)
    tasks.do_load(Run.objects.get().pk)
    html = said(analyst.get(f"/extracts/{Extract.objects.get().pk}/"))
    for term in (
        "<strong>4</strong><span>rows read",
        "<strong>2</strong><span>accepted",
        "<strong>1</strong><span>rejected",
        "<strong>1</strong><span>duplicate",
    ):
        assert term in html
    assert "every row accounted for" in html and "BAD_DATE" in html and "line 4" in html
    assert not lying_about()  # the files with people's ids are gone


def test_rejected_rows_can_be_downloaded_with_their_physical_lines(analyst):
    send(analyst)
    tasks.do_load(Run.objects.get().pk)
    answer = analyst.get(f"/extracts/{Extract.objects.get().pk}/rejects.csv")
    rows = list(csv.DictReader(io.StringIO(said(answer))))
    assert {(row["row_number"], row["outcome"], row["rule"]) for row in rows} == {
        ("4", "rejected", "BAD_DATE"),
        ("5", "duplicate", "DUPLICATE_ROW"),
    }
    assert {"extract", "kind", "file", "column", "value", "message"} <= set(rows[0])
    assert "p3" not in said(answer)
    assert LogEntry.objects.latest("pk").additional_data["did"] == "downloaded the rejected rows"


def test_without_the_patient_level_right_rules_are_shown_and_no_rows(analyst, client):
    send(analyst)
    tasks.do_load(Run.objects.get().pk)
    council = User.objects.create_user("cora")
    council.groups.add(Group.objects.get(name="council member"))
    client.force_login(council)
    html = said(client.get(f"/extracts/{Extract.objects.get().pk}/"))
    assert "BAD_DATE" in html and "line 4" not in html and "rejects.csv" not in html


def test_while_it_loads_the_page_asks_again_and_stops_when_it_is_over(analyst):
    send(analyst)
    page = f"/extracts/{Extract.objects.get().pk}/"
    part = said(analyst.get(page, headers={"HX-Request": "true"}))
    assert 'hx-trigger="every 1s"' in part and "<html" not in part and "<progress" in part
    tasks.do_load(Run.objects.get().pk)
    assert "hx-trigger" not in said(analyst.get(page, headers={"HX-Request": "true"}))


def test_a_refused_file_is_one_sentence_that_names_it_and_what_to_do(analyst):
    send(analyst, medical=SimpleUploadedFile("report.csv", b"%PDF-1.7 nothing but a report\n%%EOF"))
    tasks.do_load(Run.objects.get().pk)
    html = said(analyst.get(f"/extracts/{Extract.objects.get().pk}/"))
    assert "Nothing of this extract was loaded" in html and "report.csv" in html and "PDF" in html
    assert "Load it again" in html and not lying_about()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"medical": []}, "Choose at least one file"),
        ({"medical": SimpleUploadedFile("none.csv", b"")}, "“none.csv” is empty (0 bytes)"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"paid_through": "soon"}, "Enter a valid date"),
        ({"perspective": "mine"}, "Select a valid choice"),
    ],
)
def test_a_form_that_cannot_be_used_loads_nothing_and_says_why(analyst, form, sentence):
    answer = send(analyst, **form)
    assert answer.status_code == 422 and sentence in said(answer) and "Nothing was loaded" in said(answer)
    assert not Extract.objects.exists() and not lying_about()


def test_a_name_in_use_and_the_very_same_files_are_refused(analyst):
    send(analyst)
    assert "exists already" in said(send(analyst, medical=claims(rows=ROWS[:2])))
    assert "byte for byte those of extract “Payer A”" in said(send(analyst, name="Payer B"))
    assert Extract.objects.count() == 1 and len(lying_about()) == 1


def test_more_than_one_upload_may_weigh_is_refused_before_and_while_reading(analyst, settings):
    settings.UPLOAD_MAX_BYTES = 100
    answer = send(analyst)
    assert answer.status_code == 413 and "One upload takes at most" in said(answer) and "gzip" in said(answer)
    assert not lying_about() and not Extract.objects.exists()


def test_a_disk_that_would_be_full_is_refused_in_a_sentence(analyst, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("", (), {"free": 400_000_000})())
    answer = send(analyst)
    assert answer.status_code == 413 and "0 bytes left for uploads" in said(answer) and not lying_about()


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(analyst, monkeypatch):
    def full(self, raw_data, start):
        self._write(lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))

    monkeypatch.setattr(uploads.StoringHandler, "receive_data_chunk", full)
    answer = send(analyst)
    assert answer.status_code == 413 and "disk is full" in said(answer) and not lying_about()


def test_a_file_in_a_field_that_is_none_is_not_stored(analyst):
    send(analyst, other=claims())
    assert not lying_about() or len(lying_about()) == 1


def test_without_the_right_not_a_byte_is_read(client, settings):
    leader = User.objects.create_user("lee")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    assert send(client).status_code == 403 and not lying_about()


def test_a_form_of_another_site_is_refused(analyst):
    analyst.handler.enforce_csrf_checks = True
    assert send(analyst).status_code == 403
    assert not Extract.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "C:\\files\\claims.csv", "*.csv", "a\x00b\x07.csv", "'; DROP TABLE x; --.csv", "ü" * 300 + ".csv"],
)
def test_a_files_name_is_text_for_people_only(analyst, name):
    send(analyst, medical=claims(name))
    (file,) = Extract.objects.get().files.all()
    assert (
        "/" not in file.display_name
        and "\\" not in file.display_name
        and file.display_name.isprintable()
        and len(file.display_name) <= 120
    )
    assert [path.name for path in lying_about()] == [file.stored_name] and file.stored_name.isalnum()


def test_a_files_name_reaches_no_log_no_address_and_no_audit_row(analyst, caplog):
    caplog.set_level(logging.DEBUG)
    answer = send(analyst, medical=claims("Jane Roe 1961-02-03.csv"))
    tasks.do_load(Run.objects.get().pk)
    assert "Roe" not in caplog.text and "Roe" not in answer["Location"]
    assert not any("Roe" in str(entry.additional_data) + str(entry.changes) + entry.object_repr for entry in LogEntry.objects.all())


def test_an_upload_is_written_to_the_audit_log(analyst):
    send(analyst)
    entry = LogEntry.objects.filter(additional_data__did="uploaded").get()
    assert (
        entry.actor.username == "ann"
        and entry.additional_data["files"] == 1
        and entry.additional_data["bytes"] == len(claims().read())
    )


def test_deleting_asks_first_and_takes_everything_back(analyst):
    send(analyst)
    tasks.do_load(Run.objects.get(kind="load").pk)
    extract = Extract.objects.get()
    question = said(analyst.get(f"/extracts/{extract.pk}/delete/"))
    assert "Delete this extract?" in question and Extract.objects.exists()
    answer = analyst.post(f"/extracts/{extract.pk}/delete/", follow=True)
    assert "was deleted with all its rows" in said(answer) and "No extract is left" in said(answer)
    assert not Extract.objects.exists()
    assert LogEntry.objects.filter(additional_data__did="deleted the extract").exists()


def test_an_extract_that_is_being_loaded_is_not_deleted(analyst):
    send(analyst)
    answer = analyst.post(f"/extracts/{Extract.objects.get().pk}/delete/", follow=True)
    assert "still being loaded" in said(answer) and Extract.objects.exists()
    assert not LogEntry.objects.filter(additional_data__did="deleted the extract").exists()


def test_recomputing_with_nothing_loaded_says_so(analyst):
    assert "No extract is loaded yet" in said(analyst.post("/runs/recompute/", follow=True))


def test_recomputing_asks_for_a_run_and_asking_again_returns_it(analyst):
    send(analyst)
    tasks.do_load(Run.objects.get().pk)
    Run.objects.filter(kind="recompute").delete()
    first = analyst.post("/runs/recompute/")["Location"]
    assert analyst.post("/runs/recompute/")["Location"] == first
    assert Run.objects.filter(kind="recompute").count() == 1


def test_a_running_run_shows_its_stage_and_a_failed_one_what_to_do(analyst):
    run = Run.objects.create(
        kind="recompute", status="running", stage="infusions", progress=0.4, requested_at="2026-01-01T00:00Z", attempt=1
    )
    page = f"/runs/{run.pk}/"
    assert "Stage: infusions" in said(analyst.get(page)) and 'hx-trigger="every 1s"' in said(analyst.get(page))
    Run.objects.filter(pk=run.pk).update(
        status="failed", reason="The worker stopped.", stages=[{"stage": "lines", "seconds": 61.2}]
    )
    html = said(analyst.get(page))
    assert "The worker stopped." in html and "What to do:" in html and "1 min 1 s" in html and "hx-trigger" not in html


def test_a_runs_page_names_the_settings_that_are_not_the_default(analyst):
    run = Run.objects.create(
        kind="recompute",
        status="finished",
        parameters={"fill_days_before": 60, "gap_minimum_days": 60},
        requested_at="2026-01-01T00:00Z",
    )
    html = said(analyst.get(f"/runs/{run.pk}/"))
    assert "1 setting differs" in html and "60 instead of 30" in html
