"""Bringing extracts in: an extract is loaded as a whole or not at all."""

import hashlib
import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from demand import storage
from demand.actions import runs
from demand.engine.mapping import ReadAs
from demand.limits import upload_limits
from demand.models import ColumnMapping, Extract, ExtractFile, LeakageCell, Run


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
    check_first: bool = False,
    corrects: Extract | None = None,
    mappings: dict[str, ColumnMapping] | None = None,
    user=None,
) -> tuple[Extract, Run]:
    """Note an extract and ask for its load. Refused: no name, a name in use, no file, the very same files loaded before.

    `check_first` stops the load before it counts. `corrects`: the extract of which this is a new version, under the same name.
    `mappings`: by kind, how files of that kind are to be read.
    """
    name = corrects.name if corrects else name.strip()
    if not name:
        raise Refused("Give the extract a name, for example “Payer A, claims to June 2026”.")
    taken = Extract.objects.filter(name=name).exclude(status=Extract.Status.REFUSED)
    if not corrects and taken.exists():
        raise Refused(
            f"An extract named “{name}” exists already; choose another name, or open it and load a corrected version of it."
        )
    if not files:
        raise Refused("Choose at least one file: medical claims, pharmacy claims or eligibility.")
    _refuse_same_files(files)
    Extract.objects.filter(name=name, status=Extract.Status.REFUSED).delete()
    extract = _create(
        name=name,
        version=1 + max(taken.values_list("version", flat=True), default=0),
        perspective=perspective,
        data_source=data_source.strip(),
        paid_through=paid_through,
        check_first=check_first,
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
            mapping=(mappings or {}).get(file.kind),
        )
        for file in files
    )
    return extract, _request_load(extract, user)


def _create(**fields) -> Extract:
    try:
        with transaction.atomic():
            return Extract.objects.create(**fields)
    except IntegrityError:
        raise Refused(
            f"Somebody else has just sent an extract named “{fields['name']}”: look at the list, then send yours again."
        ) from None


def _refuse_same_files(files: list[IncomingFile]) -> None:
    earlier = extract_of(files)
    if earlier is None:
        return
    remedy = {
        Extract.Status.LOADED: "upload a file that differs, or use that extract",
        Extract.Status.CHECKED: "open that extract and load it, or discard it first",
        Extract.Status.UNMAPPED: "open that extract and map its columns, or discard it first",
    }.get(earlier.status, "open that extract and put it back")
    raise Refused(
        f"These files were loaded already: they are byte for byte those of extract “{earlier}”. Nothing was loaded again; {remedy}."
    )


def _request_load(extract: Extract, user) -> Run:
    inputs = {
        "extract": extract.pk,
        "files": [[file.kind, file.sha256, str(file.mapping or ""), file.read_as] for file in extract.files.all()],
        "earlier": [other.pk for other in earlier_than(extract)],
        "asked": timezone.now().isoformat(),  # the same load may be asked for again, with another mapping in between
    }
    return runs.request_run(Run.Kind.LOAD, subject_id=extract.pk, inputs=inputs, user=user)


def discard_uploads(stored_names) -> None:
    """The upload as it came holds real patient ids; once a load is over only pseudonymised rows remain."""
    for stored_name in stored_names:
        storage.upload_path(stored_name).unlink(missing_ok=True)
        storage.layout_path(stored_name).unlink(missing_ok=True)


def stored_names(extract: Extract) -> list[str]:
    """The generated names of its uploads."""
    return list(extract.files.values_list("stored_name", flat=True))


def stand_back(extract: Extract) -> None:
    """Of one name at most one version counts."""
    others = Extract.objects.filter(name=extract.name, status=Extract.Status.LOADED).exclude(pk=extract.pk)
    others.update(status=Extract.Status.REPLACED)


@transaction.atomic
def load_again(extract: Extract, *, check_first: bool, user=None) -> Run:
    """Ask for the load of an extract whose uploads still wait: after its mapping was made or changed."""
    _must_be(extract, [Extract.Status.UNMAPPED, Extract.Status.CHECKED], "its files are not kept any more; upload them again")
    Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.QUEUED, check_first=check_first)
    return _request_load(extract, user)


@transaction.atomic
def read_again(file: ExtractFile, read_as: ReadAs, user=None) -> Run:
    """Ask for another look at a file, perhaps read in another way, so that its mapping can be made or changed."""
    chosen = {name: value for name, value in vars(read_as).items() if value}
    ExtractFile.objects.filter(pk=file.pk).update(read_as=chosen or {"encoding": "utf-8"})
    return load_again(file.extract, check_first=True, user=user)


@transaction.atomic
def accept(extract: Extract, user=None) -> Run | None:
    """A checked extract counts from now on. A load is asked for (and returned) where others came or went since it was checked."""
    _must_be(extract, [Extract.Status.CHECKED], "only an extract that was checked can be loaded")
    checked = Run.objects.filter(kind=Run.Kind.LOAD, subject_id=extract.pk, status=Run.Status.FINISHED).latest("pk")
    if checked.inputs["earlier"] != [other.pk for other in earlier_than(extract)]:
        return load_again(extract, check_first=False, user=user)
    _count(extract, loaded_at=timezone.now())
    stored = stored_names(extract)
    transaction.on_commit(lambda: discard_uploads(stored))
    return None


@transaction.atomic
def take_back(extract: Extract) -> None:
    """Undo a load as a whole: its rows stay where they are, and no figure counts them from the next recomputation on."""
    _must_be(extract, [Extract.Status.LOADED], "only an extract that is loaded can be taken back")
    Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.UNDONE)


@transaction.atomic
def put_back(extract: Extract) -> None:
    """Redo what was undone; another version of the same name stands back."""
    _must_be(extract, [Extract.Status.UNDONE, Extract.Status.REPLACED], "only an extract that was taken back can be put back")
    _count(extract)


def _count(extract: Extract, **fields) -> None:
    try:
        with transaction.atomic():
            stand_back(extract)
            Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.LOADED, **fields)
    except IntegrityError:
        raise Refused(
            f"Somebody else has just loaded another version of “{extract.name}”: look at its versions, then try again."
        ) from None


def _must_be(extract: Extract, states: list[str], otherwise: str) -> None:
    """Locks the extract. Refused where somebody else has changed its state meanwhile."""
    state = Extract.objects.select_for_update().values_list("status", flat=True).get(pk=extract.pk)
    if state not in states:
        raise Refused(f"“{extract}” is {Extract.Status(state).label.lower()}: {otherwise}.")


UNSETTLED = (Extract.Status.QUEUED, Extract.Status.LOADING)


def unsettled():
    """Extracts that wait for their load or are in it."""
    return Extract.objects.filter(status__in=UNSETTLED)


def give_up_load(run: Run) -> None:
    """A load that failed for good leaves a refused extract that says so, and no upload behind."""
    extract = unsettled().filter(pk=run.subject_id).first()
    if extract is not None:
        refuse(extract, run.reason)


def refuse(extract: Extract, sentence: str) -> None:
    """End an extract's way in: it says why, its uploads and whatever was made of them are gone. One that got on meanwhile is left alone."""
    waiting = [*UNSETTLED, Extract.Status.UNMAPPED, Extract.Status.CHECKED]
    if not Extract.objects.filter(pk=extract.pk, status__in=waiting).update(status=Extract.Status.REFUSED, refusal=sentence):
        return
    discard_uploads(stored_names(extract))
    shutil.rmtree(storage.extract_folder(extract.pk), ignore_errors=True)
    _forget_identities(extract.pk)
    storage.remove_attempts(storage.extract_folder(extract.pk))


def refuse_expired() -> None:
    """Uploads hold real patient ids: one that nobody maps or accepts is not kept for long."""
    hours = upload_limits().kept_hours
    waiting = Extract.objects.filter(status__in=[Extract.Status.UNMAPPED, Extract.Status.CHECKED])
    for extract in waiting.filter(created_at__lt=timezone.now() - timedelta(hours=hours)):
        refuse(
            extract,
            f"Nobody {'mapped its columns' if extract.status == Extract.Status.UNMAPPED else 'accepted it'} within {hours} hours, "
            "so its files were deleted. Upload them again.",
        )


def earlier_than(extract: Extract):
    """What is loaded and older, but for the version that this one corrects."""
    return Extract.objects.filter(status=Extract.Status.LOADED, pk__lt=extract.pk).exclude(name=extract.name).order_by("pk")


@transaction.atomic
def delete_extract(extract: Extract) -> None:
    """Take an extract out for good, with its rows, its map of ids and every run computed from it but the one pages show.

    That one goes when the recomputation without the extract is published (`forget_runs`), or at once where no extract is left.
    """
    if Run.objects.under_way().filter(kind=Run.Kind.LOAD, subject_id=extract.pk).exists():
        raise Refused(f"“{extract}” is still being loaded; wait until that has ended, then delete it.")
    stored = stored_names(extract)
    extract_id = extract.pk
    extract.delete()

    def remove_files():
        discard_uploads(stored)
        shutil.rmtree(storage.extract_folder(extract_id), ignore_errors=True)
        _forget_identities(extract_id)
        forget_runs()

    transaction.on_commit(remove_files)


def _forget_identities(extract_id: int) -> None:
    for identities in storage.identities_folder().glob(f"{extract_id}.*"):
        identities.unlink()


def forget_runs() -> None:
    """Remove the results of runs that rest on a deleted extract. The newest stays while extracts are left to recompute from."""
    there = set(Extract.objects.values_list("pk", flat=True))
    published = list(Run.objects.published())
    shown = published[0].pk if published and Extract.objects.filter(status=Extract.Status.LOADED).exists() else None
    for run in published:
        if run.pk != shown and {entry["id"] for entry in run.inputs["extracts"]} - there:
            Run.objects.filter(pk=run.pk).update(
                status=Run.Status.REPLACED, reason="Its results were deleted together with an extract that they rested on."
            )
            LeakageCell.objects.filter(run=run).delete()
            shutil.rmtree(storage.run_folder(run.pk), ignore_errors=True)
