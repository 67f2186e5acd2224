"""Limits are settings, shown before the upload, said in a sentence with what was found and what to do, and enforced while streaming."""

import datetime as dt
import gzip
import io
import re
import zipfile
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from demand import tasks, uploads
from demand.models import Extract, Run, Upload
from demand.selectors.quotas import quota
from tests.demand.test_uploads import HEADER, ROWS, claims, lying_about, said, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
SIZE = len((HEADER + "".join(ROWS)).encode())


def problem(answer) -> str:
    [found] = re.findall(r"<[^>]* data-problem>(.*?)</div>", said(answer), re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def sent_today(user, size: int, status="used", **fields) -> Upload:
    now = timezone.now()
    return Upload.objects.create(
        user=user, kind="medical", size_bytes=size, received_bytes=size, stored_name="x", status=status, started_at=now,
        touched_at=now, **fields,
    )  # fmt: skip


@pytest.fixture
def ann(analyst):
    return User.objects.get(username="ann")


def test_the_page_says_the_limits_and_what_of_them_is_used(analyst, ann, settings):
    settings.UPLOAD_MAX_FILE_BYTES, settings.UPLOAD_DAILY_BYTES, settings.EXTRACT_MAX_COLUMNS = 20 * 10**9, 50 * 10**9, 321
    sent_today(ann, 2_100_000_000)
    page = " ".join(said(analyst.get("/extracts/upload/")).split())
    assert "One file up to 20 GB" in page and "2.1 GB of your 50 GB and 1 of your 200 files of today are used" in page
    assert "321 columns" in page and "The day begins at 00:00 UTC" in page


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"UPLOAD_MAX_FILE_BYTES": 300}, "“claims.csv” has {size} bytes, and one file may have at most 300 bytes: compress"),
        ({"UPLOAD_MAX_BYTES": 300}, "One upload takes at most 300 bytes, all its files together, and these have {size} bytes"),
        ({"UPLOAD_DAILY_BYTES": 300}, "You sent 0 bytes of your 300 bytes of today, and these files have {size} bytes"),
        ({"UPLOAD_DAILY_FILES": 0}, "You sent 0 of your 0 files of today, and these are 1 more"),
        (
            {"UPLOAD_WAITING_BYTES": 300},
            "0 bytes of your 300 bytes wait on the server for their load, and these files have {size} bytes",
        ),
    ],
)
def test_each_limit_is_one_sentence_with_what_was_found(analyst, settings, limits, sentence):
    for name, value in limits.items():
        setattr(settings, name, value)
    answer = send(analyst)
    assert answer.status_code == 413 and sentence.format(size=SIZE) in problem(answer)
    assert not lying_about() and not Extract.objects.exists()


def test_the_same_rules_and_sentences_are_handed_to_the_browser(analyst, ann, settings):
    settings.UPLOAD_DAILY_BYTES = 1000
    assert quota(ann).for_browser["chunk_bytes"] == settings.UPLOAD_CHUNK_BYTES
    html = said(analyst.get("/extracts/upload/"))
    assert 'id="upload-rules"' in html and "bytes of your 1000 bytes" not in html and "1 KB" in html
    rule = next(rule for rule in quota(ann).rules if rule.name == "day_bytes")
    assert quota(ann).refusal_of([("a.csv", 2000)]) == rule.sentence.replace("{measured}", "2 KB")


def test_a_days_quota_says_when_it_is_free_again_and_then_is(analyst, ann, settings, monkeypatch):
    settings.UPLOAD_DAILY_BYTES = 2 * SIZE
    earlier = sent_today(ann, 2 * SIZE - 10)
    noon = dt.datetime(2026, 3, 1, 18, 47, 30, tzinfo=dt.UTC)
    Upload.objects.filter(pk=earlier.pk).update(started_at=noon - dt.timedelta(hours=1))
    monkeypatch.setattr(timezone, "now", lambda: noon)
    assert "when the next day’s count begins at 00:00 UTC, in 5 h 13 min" in problem(send(analyst))
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    analyst.force_login(ann)
    assert send(analyst).status_code == 302


def test_another_persons_day_is_another_account(analyst, settings):
    settings.UPLOAD_DAILY_BYTES = SIZE
    sent_today(User.objects.create_user("bob"), SIZE)
    assert send(analyst).status_code == 302


def test_what_a_refused_form_sent_counts_too_and_its_names_are_not_kept(analyst, ann):
    assert send(analyst, name="").status_code == 422
    assert quota(ann).day_bytes == SIZE and Upload.objects.get().display_name == ""


def test_files_that_wait_for_their_load_are_counted_until_they_are_loaded(analyst, ann, settings):
    send(analyst)
    settings.UPLOAD_WAITING_BYTES = SIZE
    more = claims(rows=ROWS[:1])
    assert "wait until earlier uploads are loaded" in problem(send(analyst, name="B", medical=more))
    tasks.do_load(Run.objects.get().pk)
    more.seek(0)
    assert send(analyst, name="B", medical=more).status_code == 302


def test_a_file_is_refused_in_its_middle_and_what_came_of_it_is_removed(analyst, settings, monkeypatch):
    settings.UPLOAD_MAX_FILE_BYTES = 100_000
    taken = []
    receive = uploads.StoringHandler.receive_data_chunk
    monkeypatch.setattr(uploads.StoringHandler, "chunk_size", 65_536)
    monkeypatch.setattr(
        uploads.StoringHandler,
        "receive_data_chunk",
        lambda self, data, start: (taken.append(len(data)), receive(self, data, start))[1],
    )
    assert send(analyst, medical=SimpleUploadedFile("large.csv", b"x" * 1_000_000)).status_code == 413
    assert sum(taken) < 200_000 and not lying_about()


def test_files_have_generated_names_and_are_the_servers_alone(analyst):
    send(analyst)
    assert [oct(path.stat().st_mode & 0o777) for path in lying_about()] == ["0o600"]


def test_a_body_that_ends_too_early_leaves_nothing_even_where_the_server_says_nothing(analyst):
    """gunicorn hands a cut body over as if it were whole; the last file in it would be half a file."""
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="name"\r\n\r\nCut\r\n--edge\r\nContent-Disposition: form-data; '
        b'name="perspective"\r\n\r\npayer\r\n--edge\r\nContent-Disposition: form-data; name="medical"; filename="c.csv"\r\n\r\n'
    ) + claims().read()
    whole = body + b"\r\n--edge--\r\n"
    environ = {
        "CONTENT_TYPE": "multipart/form-data; boundary=edge",
        "CONTENT_LENGTH": str(len(whole)),
        "wsgi.input": io.BytesIO(body),
    }
    answer = analyst.generic("POST", "/extracts/upload/", **environ)
    assert answer.status_code == 400 and not lying_about() and not Extract.objects.exists()
    answer = analyst.generic("POST", "/extracts/upload/", **environ | {"wsgi.input": io.BytesIO(whole)})
    assert answer.status_code == 302


def test_a_form_of_another_site_leaves_no_file(analyst):
    analyst.handler.enforce_csrf_checks = True
    assert send(analyst).status_code == 403 and not lying_about()


def many_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(4):
            archive.writestr(f"__MACOSX/{number}", b"")
        archive.writestr("claims.csv", HEADER + "".join(ROWS))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("limits", "file", "sentence"),
    [
        ({"EXTRACT_MAX_COLUMNS": 9}, claims(), "has 10 columns; at most 9 are read"),
        ({"EXTRACT_MAX_ROWS": 3}, claims(), "has 4 rows; at most 3 are read"),
        ({"EXTRACT_MAX_HEADER_CHARS": 50}, claims(), f"has a header line of {len(HEADER) - 1} characters or more; at most 50 are read"),
        ({"EXTRACT_MAX_LINE_BYTES": 80}, claims(), "has a line of 135 bytes (line 1); at most 80 are read"),
        (
            {"EXTRACT_MAX_UNPACKED_BYTES": 300},
            SimpleUploadedFile("claims.csv.gz", gzip.compress(claims().read())),
            f"unpacks to {SIZE} bytes or more, and at most 300 bytes are unpacked",
        ),
        ({"EXTRACT_MAX_MEMBERS": 4}, SimpleUploadedFile("claims.zip", many_members()), "of 5 entries; at most 4 are looked at"),
    ],
)  # fmt: skip
def test_the_engines_limits_are_settings_too(analyst, settings, limits, file, sentence):
    for name, value in limits.items():
        setattr(settings, name, value)
    file.seek(0)
    send(analyst, medical=file)
    tasks.do_load(Run.objects.get().pk)
    extract = Extract.objects.get()
    assert extract.status == "refused" and sentence in extract.refusal


def test_a_cell_longer_than_the_setting_is_a_rejected_row(analyst, settings):
    settings.EXTRACT_MAX_FIELD_CHARS = 20
    send(analyst, medical=claims(rows=[*ROWS[:1], ROWS[1].replace("professional", "p" * 21)]))
    tasks.do_load(Run.objects.get().pk)
    counts = Extract.objects.get().counts["medical"]
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
    assert "The cell has 21 characters; 20 are allowed." in said(analyst.get(f"/extracts/{Extract.objects.get().pk}/rejects.csv"))


def test_an_administrator_has_an_account_of_their_own(client):
    user = User.objects.create_user("adam")
    user.groups.add(Group.objects.get(name="administrator"))
    client.force_login(user)
    assert send(client).status_code == 302 and quota(user).day_files == 1
