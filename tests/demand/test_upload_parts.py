"""Files in parts: whole or not at all, where the file ends and nowhere else, for their owner alone, for a day."""

import datetime as dt
import errno
import hashlib
import io
import logging
import os
from pathlib import Path

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from demand import storage, tasks
from demand.models import Extract, ExtractFile, Run, Upload
from demand.selectors.quotas import quota
from tests.demand.test_uploads import claims, lying_about, said, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
BEGIN = "/extracts/upload/files/"


def begin(client, content=b"0123456789", **fields):
    form = {"kind": "medical", "name": "claims.csv", "size": len(content), "modified": 1, **fields}
    return client.post(BEGIN, form)


def put(client, upload: str, offset, part: bytes):
    return client.put(f"{BEGIN}{upload}/", part, "application/octet-stream", headers={"Upload-Offset": str(offset)})


def sent(client, content: bytes, step=100, **fields) -> str:
    upload = begin(client, content, **fields).json()["id"]
    for offset in range(0, len(content), step):
        answer = put(client, upload, offset, content[offset : offset + step])
        assert answer.status_code == 200
    assert answer.json() == {"id": upload, "offset": len(content), "complete": True}
    return upload


def load(client, *uploads, **fields):
    return client.post("/extracts/upload/", {"name": "Payer A", "perspective": "payer", "sent": uploads, **fields})


@pytest.fixture
def other(django_user_model, client):
    from django.test import Client

    bob = django_user_model.objects.create_user("bob")
    bob.groups.add(Group.objects.get(name="analyst"))
    browser = Client()
    browser.force_login(bob)
    return browser


def test_a_file_in_parts_becomes_the_extract_that_the_form_would_have_made(analyst):
    content = claims().read()
    answer = load(analyst, sent(analyst, content))
    extract = Extract.objects.get()
    assert answer["Location"] == f"/extracts/{extract.pk}/?sent"
    (file,) = extract.files.all()
    assert (file.kind, file.display_name, file.size_bytes) == ("medical", "claims.csv", len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert LogEntry.objects.get(additional_data__did="uploaded").additional_data["bytes"] == len(content)
    tasks.do_load(Run.objects.get().pk)
    extract.refresh_from_db()
    assert extract.counts["medical"]["accepted"] == 2 and not lying_about()


def test_sent_before_and_with_the_form_go_together(analyst):
    load(analyst, sent(analyst, claims().read()), eligibility=SimpleUploadedFile("e.csv", b"a\n1\n"))
    assert set(Extract.objects.get().files.values_list("kind", flat=True)) == {"medical", "eligibility"}


def test_the_same_file_goes_on_where_it_stopped(analyst):
    upload = begin(analyst).json()["id"]
    put(analyst, upload, 0, b"0123")
    assert analyst.head(f"{BEGIN}{upload}/")["Upload-Offset"] == "4"
    assert begin(analyst).json() == {"id": upload, "offset": 4, "complete": False}
    for changed in ({"modified": 2}, {"name": "other.csv"}, {"size": 11}, {"kind": "pharmacy"}):
        assert begin(analyst, **changed).json()["id"] != upload
    assert put(analyst, upload, 4, b"456789").json()["complete"]
    assert begin(analyst).json() == {"id": upload, "offset": 10, "complete": True}
    assert storage.upload_path(Upload.objects.get(pk=upload).stored_name).read_bytes() == b"0123456789"


def test_a_part_elsewhere_than_at_the_end_is_not_taken(analyst):
    upload = begin(analyst).json()["id"]
    put(analyst, upload, 0, b"0123")
    for offset in (0, 3, 5):
        answer = put(analyst, upload, offset, b"xx")
        assert answer.status_code == 409 and answer.json()["offset"] == 4
    assert put(analyst, upload, 4, b"456789").json()["complete"]
    assert put(analyst, upload, 4, b"456789").status_code == 409
    assert put(analyst, upload, 10, b"").json()["complete"]  # asked again after an answer that got lost
    assert storage.upload_path(Upload.objects.get().stored_name).read_bytes() == b"0123456789"


def test_two_tabs_that_send_the_same_file_help_each_other(analyst):
    content = b"0123456789" * 10
    offsets = {"one": begin(analyst, content).json()["offset"], "two": begin(analyst, content).json()["offset"]}
    upload = Upload.objects.get().pk
    while True:
        for tab in offsets:
            state = put(analyst, upload, offsets[tab], content[offsets[tab] : offsets[tab] + 7]).json()
            offsets[tab] = state["offset"]
        if state["complete"]:
            break
    assert Upload.objects.get().sha256 == hashlib.sha256(content).hexdigest()


def test_more_bytes_than_announced_are_not_taken(analyst):
    upload = begin(analyst).json()["id"]
    answer = put(analyst, upload, 0, b"0123456789x")
    assert answer.status_code == 413 and "announced with 10 bytes and more came" in answer.json()["refusal"]
    assert Upload.objects.get().received_bytes == 0 and lying_about()[0].stat().st_size == 0


def test_a_part_larger_than_the_setting_is_not_read(analyst, settings):
    settings.UPLOAD_CHUNK_BYTES = 5
    answer = put(analyst, begin(analyst).json()["id"], 0, b"012345")
    assert answer.status_code == 413 and "at most 5 bytes and this one has 6" in answer.json()["refusal"]


def test_a_part_cut_off_counts_not_at_all(analyst):
    upload = begin(analyst).json()["id"]
    cut = {"CONTENT_LENGTH": "8", "wsgi.input": io.BytesIO(b"0123"), "HTTP_UPLOAD_OFFSET": "0"}
    assert analyst.generic("PUT", f"{BEGIN}{upload}/", **cut).status_code == 400
    assert Upload.objects.get().received_bytes == 0 and put(analyst, upload, 0, b"0123456789").json()["complete"]


def test_a_part_written_and_then_lost_is_written_over(analyst, monkeypatch):
    """The server died between writing and noting it."""
    upload = begin(analyst).json()["id"]
    path = storage.upload_path(Upload.objects.get().stored_name)
    path.write_bytes(b"xxxxxxxxxxxxxxxxxxxxx")
    assert put(analyst, upload, 0, b"0123456789").json()["complete"] and path.read_bytes() == b"0123456789"
    assert Upload.objects.get().sha256 == hashlib.sha256(b"0123456789").hexdigest()


@pytest.mark.parametrize("offset", ["", "-1", "x", "٣", "1" * 20])
def test_an_offset_that_is_none_is_refused(analyst, offset):
    assert put(analyst, begin(analyst).json()["id"], offset, b"0").status_code in (400, 409)
    assert Upload.objects.get().received_bytes == 0


@pytest.mark.parametrize("fields", [{"kind": "other"}, {"size": "-1"}, {"size": "x"}, {"modified": ""}, {"size": "1" * 20}])
def test_a_beginning_that_is_not_understood_is_refused(analyst, fields):
    assert begin(analyst, **fields).status_code == 400 and not Upload.objects.exists()


def test_an_empty_file_is_refused_before_it_is_sent(analyst):
    answer = begin(analyst, b"")
    assert answer.status_code == 413 and answer.json()["refusal"].startswith("“claims.csv” is empty (0 bytes)")


@pytest.mark.parametrize("setting", ["UPLOAD_MAX_FILE_BYTES", "UPLOAD_DAILY_BYTES", "UPLOAD_WAITING_BYTES"])
def test_limits_hold_before_the_first_byte_and_at_every_part(analyst, settings, setting):
    setattr(settings, setting, 9)
    assert begin(analyst).status_code == 413 and not Upload.objects.exists() and not lying_about()
    setattr(settings, setting, 10)
    upload = begin(analyst).json()["id"]
    assert put(analyst, upload, 0, b"01234").status_code == 200
    setattr(settings, setting, 9)
    answer = put(analyst, upload, 5, b"56789")
    assert (
        answer.status_code == 413 and "lowered the limits" in answer.json()["refusal"] and Upload.objects.get().received_bytes == 5
    )


@pytest.mark.parametrize(("setting", "most"), [("UPLOAD_DAILY_BYTES", 19), ("UPLOAD_WAITING_BYTES", 19), ("UPLOAD_DAILY_FILES", 1)])
def test_what_is_on_its_way_has_its_place_in_the_quota(analyst, settings, setting, most):
    setattr(settings, setting, most)
    assert begin(analyst).status_code == 201
    assert begin(analyst, name="b.csv").status_code == 413 and begin(analyst).status_code == 201


def test_all_files_of_an_upload_are_weighed_together(analyst, settings):
    files = [sent(analyst, b"0123456789", name=name) for name in ("a.csv", "b.csv")]
    settings.UPLOAD_MAX_BYTES = 19
    assert "One upload takes at most 19 bytes" in said(load(analyst, *files)) and not Extract.objects.exists()
    settings.UPLOAD_MAX_BYTES = 20
    assert load(analyst, *files).status_code == 302


def test_a_file_on_its_way_is_counted_whole_and_given_up_as_far_as_it_came(analyst):
    upload = begin(analyst).json()["id"]
    put(analyst, upload, 0, b"012")
    ann = User.objects.get(username="ann")
    assert (quota(ann).day_bytes, quota(ann).waiting_bytes) == (10, 10)
    analyst.delete(f"{BEGIN}{upload}/")
    assert (quota(ann).day_bytes, quota(ann).waiting_bytes) == (3, 0)


def test_giving_up_removes_the_file_and_its_name(analyst, django_capture_on_commit_callbacks):
    upload = begin(analyst).json()["id"]
    with django_capture_on_commit_callbacks(execute=True):
        assert analyst.delete(f"{BEGIN}{upload}/").status_code == 200
    assert not lying_about() and Upload.objects.get().display_name == ""
    answer = put(analyst, upload, 0, b"0123456789")
    assert answer.status_code == 413 and "Choose it again" in answer.json()["refusal"]


def test_nobody_else_finds_sends_loads_or_discards_it(analyst, other):
    upload = begin(analyst).json()["id"]
    assert begin(other).json()["id"] != upload
    for answer in (
        other.get(f"{BEGIN}{upload}/"),
        put(other, upload, 0, b"x"),
        other.delete(f"{BEGIN}{upload}/"),
        other.post(f"{BEGIN}{upload}/discard/"),
    ):
        assert answer.status_code == 404
    assert put(analyst, upload, 0, b"0123456789").json()["complete"]
    assert "no longer on the server" in said(load(other, upload)) and not Extract.objects.exists()
    assert upload not in said(other.get("/extracts/upload/")) and upload in said(analyst.get("/extracts/upload/"))


def test_without_the_right_nothing_is_begun(client, db):
    leader = User.objects.create_user("lee")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    assert begin(client).status_code == 403 and not Upload.objects.exists()


def test_another_sites_requests_are_refused(analyst):
    upload = begin(analyst).json()["id"]
    analyst.handler.enforce_csrf_checks = True
    assert begin(analyst, name="b.csv").status_code == 403 and put(analyst, upload, 0, b"0").status_code == 403
    assert analyst.delete(f"{BEGIN}{upload}/").status_code == 403
    assert Upload.objects.get().received_bytes == 0


def test_a_file_is_used_once_and_only_when_it_is_whole(analyst):
    half = begin(analyst).json()["id"]
    assert "no longer on the server" in said(load(analyst, half)) and load(analyst, "not an id").status_code == 422
    upload = sent(analyst, claims().read())
    assert load(analyst, upload, upload).status_code == 302
    assert "no longer on the server" in said(load(analyst, upload, name="B")) and Extract.objects.count() == 1


def test_a_form_to_be_corrected_keeps_what_arrived_and_ticks_it(analyst):
    upload = sent(analyst, claims().read())
    html = said(load(analyst, upload, name=""))
    assert f'value="{upload}" checked' in html and "are kept and ticked above" in html and "Choose the files again" not in html
    assert f'value="{upload}">' in said(analyst.get("/extracts/upload/"))
    assert load(analyst, upload).status_code == 302


def test_the_pages_own_button_discards(analyst, django_capture_on_commit_callbacks):
    upload = begin(analyst).json()["id"]
    assert "0 bytes of 10 bytes arrived" in said(analyst.get("/extracts/upload/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert "was discarded" in said(analyst.post(f"{BEGIN}{upload}/discard/", follow=True))
    assert not lying_about()


def aged(path: Path, hours: float) -> None:
    then = timezone.now().timestamp() - hours * 3600
    os.utime(path, (then, then))


def test_the_sweeper_removes_what_nobody_goes_on_with(analyst, settings, django_capture_on_commit_callbacks):
    settings.UPLOAD_KEPT_HOURS = 24
    old, fresh = begin(analyst).json()["id"], begin(analyst, name="fresh.csv").json()["id"]
    Upload.objects.filter(pk=old).update(touched_at=timezone.now() - dt.timedelta(hours=24, minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep()
    assert Upload.objects.get(pk=old).status == "dropped" and Upload.objects.get(pk=fresh).status == "receiving"
    assert [path.name for path in lying_about()] == [Upload.objects.get(pk=fresh).stored_name]


def test_the_sweeper_removes_files_that_nobody_knows_and_no_other(analyst):
    send(analyst)
    upload = begin(analyst).json()["id"]
    known = {ExtractFile.objects.get().stored_name, Upload.objects.get(pk=upload).stored_name}
    for name in ("stray", "strayyoung"):
        storage.new_upload(name).close()
    for path in lying_about():
        aged(path, 1 if path.name == "strayyoung" else 73)
    tasks.sweep()
    assert {path.name for path in lying_about()} == {*known, "strayyoung"}


def test_the_account_of_days_that_are_over_is_removed(analyst):
    sent(analyst, b"0123456789")
    load(analyst, Upload.objects.get().pk)
    Upload.objects.update(touched_at=timezone.now() - dt.timedelta(days=3))
    tasks.sweep()
    assert not Upload.objects.exists() and len(lying_about()) == 1


def test_a_disk_that_is_full_is_a_sentence_and_keeps_what_arrived(analyst, monkeypatch):
    upload = begin(analyst).json()["id"]
    put(analyst, upload, 0, b"0123")

    def full(self, *args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        answer = put(analyst, upload, 4, b"456789")
    assert answer.status_code == 413 and "disk is full" in answer.json()["refusal"]
    assert put(analyst, upload, 4, b"456789").json()["complete"]


def test_nothing_of_a_name_is_in_addresses_logs_or_on_the_disk(analyst, caplog):
    caplog.set_level(logging.DEBUG)
    upload = sent(analyst, claims().read(), name="../Jane Roe 1961-02-03.csv")
    answer = load(analyst, upload)
    assert "Roe" not in caplog.text and "Roe" not in answer["Location"] and "Roe" not in upload
    assert [path.name for path in lying_about()] == [
        ExtractFile.objects.get().stored_name
    ] and Upload.objects.get().display_name == ""
    assert [oct(path.stat().st_mode & 0o777) for path in lying_about()] == ["0o600"]
    assert not any("Roe" in str(entry.additional_data) + str(entry.changes) + entry.object_repr for entry in LogEntry.objects.all())
