"""Bringing extracts in: an extract is loaded as a whole or not at all."""

import hashlib
import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from demand import storage
from demand.actions import runs
from demand.engine import lines
from demand.models import Extract, ExtractFile, Run


class Refused(Exception):
    """The user asked for something that cannot be; the message says what to do."""


def clean_display_name(name: str) -> str:
    """A file's name for people: no path, no control characters, at most 120 characters.

    A name may carry a patient's name, so it is shown only on the extract's own pages, never in logs, messages or addresses.
    """
    name = unicodedata.normalize("NFC", re.split(r"[\\/]", name)[-1])
    name = "".join(character for character in name if character.isprintable()).strip()
    return name[:120] or "unnamed file"


def new_stored_name() -> str:
    """A generated name: nothing of what the user called the file reaches the file system or DuckDB."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class IncomingFile:
    """A file that already lies under uploads/ by its stored name."""

    kind: str
    display_name: str
    stored_name: str
    sha256: str
    size_bytes: int


def bring_in(kind: str, path: Path) -> IncomingFile:
    """Copy a file to the uploads folder under a generated name, hashing on the way. OSError where it cannot be read."""
    stored_name = new_stored_name()
    target = storage.upload_path(stored_name)
    digest = hashlib.sha256()
    with path.open("rb") as source, target.open("wb") as copy:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            copy.write(chunk)
    shutil.copymode(path, target)
    return IncomingFile(kind, path.name, stored_name, digest.hexdigest(), path.stat().st_size)


def extract_of(files: list[IncomingFile]) -> Extract | None:
    """The extract that was made of the very same files, byte for byte."""
    digests = sorted(file.sha256 for file in files)
    for earlier in Extract.objects.exclude(status=Extract.Status.REFUSED).prefetch_related("files"):
        if sorted(file.sha256 for file in earlier.files.all()) == digests:
            return earlier
    return None


@transaction.atomic
def create_extract(
    *,
    name: str,
    files: list[IncomingFile],
    perspective: str = Extract.Perspective.PAYER,
    data_source: str = "",
    paid_through=None,
    user=None,
) -> tuple[Extract, Run]:
    """Note an extract and ask for its load. Refused: no name, a name in use, no file, the very same files loaded before."""
    name = name.strip()
    if not name:
        raise Refused("Give the extract a name, for example “Payer A, claims to June 2026”.")
    if Extract.objects.filter(name=name).exclude(status=Extract.Status.REFUSED).exists():
        raise Refused(f"An extract named “{name}” exists already; choose another name.")
    if not files:
        raise Refused("Choose at least one file: medical claims, pharmacy claims or eligibility.")
    earlier = extract_of(files)
    if earlier:
        raise Refused(
            f"These files were loaded already: they are byte for byte those of extract “{earlier.name}”. "
            "Nothing was loaded again; upload a file that differs, or use that extract."
        )
    Extract.objects.filter(name=name, status=Extract.Status.REFUSED).delete()
    extract = Extract.objects.create(
        name=name,
        perspective=perspective,
        data_source=data_source.strip(),
        paid_through=paid_through,
        status=Extract.Status.QUEUED,
        created_by=user,
    )
    ExtractFile.objects.bulk_create(
        ExtractFile(
            extract=extract,
            kind=file.kind,
            display_name=clean_display_name(file.display_name),
            stored_name=file.stored_name,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
        )
        for file in files
    )
    run = runs.request_run(
        Run.Kind.LOAD,
        subject_id=extract.pk,
        inputs={"extract": extract.pk, "files": [[file.kind, file.sha256] for file in files]},
        user=user,
    )
    return extract, run


def discard_uploads(stored_names) -> None:
    """The upload as it came holds real patient ids; once a load is over only pseudonymised rows remain."""
    for stored_name in stored_names:
        storage.upload_path(stored_name).unlink(missing_ok=True)


def perform_load(claim: runs.Claim) -> None:
    """Load the claimed run's extract. Publishes rows and counts together, or refuses the whole extract in one sentence."""
    run = Run.objects.get(pk=claim.run_id)
    extract = Extract.objects.get(pk=run.subject_id)
    Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.LOADING)
    stored = list(extract.files.values_list("stored_name", flat=True))
    final = storage.extract_folder(extract.pk)
    attempt = storage.attempt_folder(final, claim.token)
    report = runs.StageReport(claim)
    try:
        with runs.keep_alive(claim):
            loaded = lines.load_extract(_files(extract), _earlier(extract), attempt, _options(extract), report)
    except lines.RefusedFile as refusal:
        _refuse(claim, extract, refusal.sentence)
        discard_uploads(stored)
        storage.remove_attempts(final)
        return

    counts = loaded.as_json()

    def publish():
        storage.publish_folder(attempt, final)
        Extract.objects.filter(pk=extract.pk).update(
            status=Extract.Status.LOADED, counts=counts, loaded_at=timezone.now(), refusal=""
        )

    runs.finish_run(claim, result=counts, stages=report.finished(), publish=publish)
    discard_uploads(stored)
    storage.remove_attempts(final)


@transaction.atomic
def _refuse(claim: runs.Claim, extract: Extract, sentence: str) -> None:
    if runs.fail_run(claim, sentence):
        Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.REFUSED, refusal=sentence)


def unsettled():
    """Extracts that wait for their load or are in it."""
    return Extract.objects.filter(status__in=[Extract.Status.QUEUED, Extract.Status.LOADING])


def give_up_load(run: Run) -> None:
    """A load that failed for good leaves a refused extract that says so, and no upload behind."""
    extract = unsettled().filter(pk=run.subject_id).first()
    if extract is None:
        return
    Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.REFUSED, refusal=run.reason)
    discard_uploads(extract.files.values_list("stored_name", flat=True))
    storage.remove_attempts(storage.extract_folder(extract.pk))


def _files(extract: Extract) -> list[lines.SourceFile]:
    return [
        lines.SourceFile(kind=file.kind, path=storage.upload_path(file.stored_name), display_name=file.display_name)
        for file in extract.files.all()
    ]


def _earlier(extract: Extract) -> list[Path]:
    loaded = Extract.objects.filter(status=Extract.Status.LOADED, pk__lt=extract.pk).order_by("pk")
    return [storage.extract_folder(other.pk) for other in loaded]


def _options(extract: Extract) -> lines.LoadOptions:
    return lines.LoadOptions(
        pseudonym_key=settings.PSEUDONYM_KEY.encode(),
        name=extract.name,
        data_source=extract.data_source,
        paid_through=extract.paid_through,
        received_on=extract.created_at.date(),
        perspective=extract.perspective,
        identities_dir=storage.identities_folder(),
        memory_limit=settings.PIPELINE_MEMORY_LIMIT,
    )


@transaction.atomic
def delete_extract(extract: Extract) -> None:
    """Take an extract back as a whole. What was computed from it is recomputed without it by the next run."""
    if Run.objects.under_way().filter(kind=Run.Kind.LOAD, subject_id=extract.pk).exists():
        raise Refused(f"“{extract.name}” is still being loaded; wait until that has ended, then delete it.")
    stored = list(extract.files.values_list("stored_name", flat=True))
    extract_id = extract.pk
    extract.delete()

    def remove_files():
        discard_uploads(stored)
        shutil.rmtree(storage.extract_folder(extract_id), ignore_errors=True)
        for identities in storage.identities_folder().glob(f"{extract_id}.*"):
            identities.unlink()

    transaction.on_commit(remove_files)
