"""Files that come in parts: begin, append, finish, give up; and what every upload is counted as in its user's day.

A part counts whole or not at all, and only where the file ends so far: two tabs, a repeated or a late part cannot spoil it.
The libraries for tus were weighed: django-file-form asks nobody whose upload it is and writes file names to the log,
drf-tus keeps parts in one host's /tmp and rests on two packages that are no longer kept, django-tus ended with Django 3.
"""

import contextlib
import datetime as dt
import hashlib
import shutil
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from demand import storage
from demand.actions.extracts import IncomingFile, Refused, clean_display_name, create_extract, discard_uploads, new_stored_name
from demand.limits import upload_limits
from demand.models import Extract, ExtractFile, Run, Upload
from demand.selectors.quotas import quota

ACCOUNT_KEPT = dt.timedelta(days=2)  # a row that is over counts for its own day only
GONE = "This file is no longer on the server: it was discarded, loaded already, or too old. Choose it again."
DISK_FULL = "The server’s disk is full; tell your administrator. What has arrived is kept for {hours} hours: go on later."


class WrongOffset(Exception):
    """The file so far ends elsewhere."""

    def __init__(self, received: int):
        super().__init__(received)
        self.received = received


@transaction.atomic
def begin(user, kind: str, name: str, size_bytes: int, modified: int) -> Upload:
    """A place for a file of this size, or the one where the very same file stopped (user, kind, name, size and time)."""
    _lock(user)
    now, shown = timezone.now(), clean_display_name(name)
    same = {"kind": kind, "display_name": shown, "size_bytes": size_bytes, "modified": modified}
    earlier = Upload.objects.lying().filter(user=user, **same).first()
    if earlier:
        Upload.objects.filter(pk=earlier.pk).update(touched_at=now)
        return earlier
    if size_bytes <= 0:
        raise Refused(f"“{shown}” is empty (0 bytes): export it again and choose the new file.")
    if refusal := quota(user).refusal_of([(shown, size_bytes)]):
        raise Refused(refusal)
    upload = Upload.objects.create(user=user, stored_name=new_stored_name(), started_at=now, touched_at=now, **same)
    storage.new_upload(upload.stored_name).close()
    return upload


def append(pk, offset: int, part: bytes) -> Upload:
    """Write a part where the file ends; with the last one, or an empty one after it, the file is hashed and complete."""
    with transaction.atomic():
        upload = Upload.objects.select_for_update().select_related("user").get(pk=pk)
        if upload.status not in (Upload.Status.RECEIVING, Upload.Status.COMPLETE):
            raise Refused(GONE)
        if offset != upload.received_bytes:
            raise WrongOffset(upload.received_bytes)
        if offset + len(part) > upload.size_bytes:
            raise Refused(
                f"“{upload.display_name}” was announced with {upload.size_bytes:,} bytes and more came, so it changed meanwhile. "
                "Discard it and choose it again."
            )
        _check_room(upload, len(part))
        _write(upload, part)
        upload.received_bytes += len(part)
        upload.touched_at = timezone.now()
        upload.save(update_fields=["received_bytes", "touched_at"])
    if upload.received_bytes == upload.size_bytes and upload.status == Upload.Status.RECEIVING:
        _finish(upload)  # outside the lock: nothing may be written to it any more, and a large file takes a while
    return upload


def _check_room(upload: Upload, length: int) -> None:
    limits = upload_limits()
    if upload.size_bytes > limits.file_bytes or quota(upload.user).is_overdrawn:
        raise Refused("An administrator lowered the limits of uploads meanwhile. Reload the page to see them.")
    if shutil.disk_usage(storage.upload_path(upload.stored_name).parent).free < limits.keep_free_bytes + length:
        raise Refused(DISK_FULL.format(hours=limits.kept_hours))


def _write(upload: Upload, part: bytes) -> None:
    try:
        with storage.upload_path(upload.stored_name).open("r+b") as file:
            file.seek(upload.received_bytes)
            file.write(part)
    except FileNotFoundError:
        raise Refused(GONE) from None
    except OSError:
        raise Refused(DISK_FULL.format(hours=upload_limits().kept_hours)) from None


def _finish(upload: Upload) -> None:
    try:
        with storage.upload_path(upload.stored_name).open("r+b") as file:
            file.truncate(upload.size_bytes)  # a part that was written and then lost its transaction may have left more
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Refused(GONE) from None
    Upload.objects.filter(pk=upload.pk, status=Upload.Status.RECEIVING).update(status=Upload.Status.COMPLETE, sha256=sha256)
    upload.refresh_from_db()


@transaction.atomic
def give_up(pk) -> None:
    """Remove an upload's file. What had come of it stays in the day's account."""
    upload = Upload.objects.lying().select_for_update().filter(pk=pk).first()
    if upload is None:
        return
    _close([upload], Upload.Status.DROPPED)
    transaction.on_commit(lambda: discard_uploads([upload.stored_name]))


@transaction.atomic
def load(user, plain: list[IncomingFile], sent: Iterable, **fields) -> tuple[Extract, Run]:
    """Make an extract of files that came with the form and of uploads (ids) that came before it."""
    _lock(user)
    ids = set(sent)
    uploads = list(Upload.objects.select_for_update().filter(user=user, pk__in=ids, status=Upload.Status.COMPLETE))
    if len(uploads) < len(ids):
        raise Refused(GONE)
    limits = quota(user)
    files = [*plain, *(as_incoming(upload) for upload in uploads)]
    if refusal := limits.refusal_of(_sizes(plain)) or limits.refusal_of(_sizes(files), only=("upload",)):
        raise Refused(refusal)
    extract, run = create_extract(user=user, files=files, **fields)
    _close(uploads, Upload.Status.USED)
    count(user, plain, Upload.Status.USED)
    return extract, run


def _sizes(files: list[IncomingFile]) -> list[tuple[str, int]]:
    return [(file.display_name, file.size_bytes) for file in files]


def as_incoming(upload: Upload) -> IncomingFile:
    return IncomingFile(upload.kind, upload.display_name, upload.stored_name, upload.sha256, upload.size_bytes)


def count(user, files: list[IncomingFile], status: str) -> None:
    """Files that came with a form stand in the day's account too. Their names are not kept there."""
    now = timezone.now()
    Upload.objects.bulk_create(
        Upload(
            user=user, kind=file.kind, status=status, size_bytes=file.size_bytes, received_bytes=file.size_bytes,
            stored_name=file.stored_name, sha256=file.sha256, started_at=now, touched_at=now,
        )
        for file in files
    )  # fmt: skip


def _close(uploads: list[Upload], status: str) -> None:
    Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).update(
        status=status, display_name="", touched_at=timezone.now()
    )


def _lock(user) -> None:
    """One at a time per user, so that two requests cannot share what is left of a quota."""
    get_user_model().objects.select_for_update().get(pk=user.pk)


def sweep() -> None:
    """Remove files that nobody went on with, files that nobody knows (a server killed while writing), and old accounts."""
    now = timezone.now()
    too_old = now - dt.timedelta(hours=upload_limits().kept_hours)
    for pk in Upload.objects.lying().filter(touched_at__lt=too_old).values_list("pk", flat=True):
        give_up(pk)
    over = (Upload.Status.USED, Upload.Status.DROPPED)
    Upload.objects.filter(status__in=over, touched_at__lt=now - ACCOUNT_KEPT).delete()
    if old := _untouched_since(too_old):
        names = {name.removesuffix(".layout") for name in old}  # what the mapping page shows of a file lies beside it
        known = set(Upload.objects.lying().filter(stored_name__in=names).values_list("stored_name", flat=True))
        known |= set(ExtractFile.objects.filter(stored_name__in=names).values_list("stored_name", flat=True))
        discard_uploads(name for name in old if name.removesuffix(".layout") not in known)


def _untouched_since(moment: dt.datetime) -> set[str]:
    found = set()
    for path in storage.upload_path("x").parent.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # a load has just ended
            if path.stat().st_mtime < moment.timestamp():
                found.add(path.name)
    return found
