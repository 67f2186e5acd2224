"""What the worker does with an extract: loads it whole, stops where a mapping is needed, or refuses it in one sentence."""

import json
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from demand import storage
from demand.actions import runs
from demand.actions.extracts import discard_uploads, earlier_than, stand_back, stored_names
from demand.engine import lines
from demand.engine.mapping import Mapping, ReadAs
from demand.limits import engine_limits
from demand.models import ColumnMapping, Extract, ExtractFile, Run


def perform_load(claim: runs.Claim) -> None:
    """Load the claimed run's extract. Publishes rows and counts together, or refuses the whole extract in one sentence.

    A file of unknown layout stops it: the upload is kept, and what its columns are called is put beside it for the mapping page.
    """
    run = Run.objects.get(pk=claim.run_id)
    extract = Extract.objects.get(pk=run.subject_id)
    Extract.objects.filter(pk=extract.pk).update(status=Extract.Status.LOADING)
    final = storage.extract_folder(extract.pk)
    attempt = storage.attempt_folder(final, claim.token)
    report = runs.StageReport(claim)
    files = list(extract.files.select_related("mapping"))
    try:
        with runs.keep_alive(claim):
            for file in files:
                if file.read_as:  # somebody asked for another look
                    _look_again(file, attempt, report)
                    raise lines.UnknownLayout(extract.refusal or "Say where its columns come from.", "LOOKED_AGAIN")
            try:
                loaded = lines.load_extract(_sources(files), _earlier_folders(extract), attempt, _options(extract), report)
            except lines.UnknownLayout as unknown:
                if unknown.file is None:
                    raise
                _look_at(files[unknown.file], attempt, report)
                raise
    except lines.UnknownLayout as unknown:
        _stop(claim, extract, Extract.Status.UNMAPPED, unknown.sentence)
        storage.remove_attempts(final)
        return
    except lines.RefusedFile as refusal:
        _stop(claim, extract, Extract.Status.REFUSED, refusal.sentence)
        discard_uploads(stored_names(extract))
        storage.remove_attempts(final)
        return

    counts = loaded.as_json()
    status = Extract.Status.CHECKED if extract.check_first else Extract.Status.LOADED

    def publish():
        storage.publish_folder(attempt, final)
        if status == Extract.Status.LOADED:
            stand_back(extract)
        Extract.objects.filter(pk=extract.pk).update(status=status, counts=counts, loaded_at=timezone.now(), refusal="")
        for file, facts in zip(files, loaded.quality["loaded_files"], strict=True):
            if used := facts["mapping"]:
                file.mapping = ColumnMapping.objects.filter(name=used["name"], version=used["version"]).first()
                file.save(update_fields=["mapping"])

    runs.finish_run(claim, result=counts, stages=report.finished(), publish=publish)
    if status == Extract.Status.LOADED:
        discard_uploads(stored_names(extract))
    storage.remove_attempts(final)


def _look_again(file: ExtractFile, attempt: Path, report) -> None:
    """A choice that cannot be read is said, and the upload stays for another choice."""
    try:
        _look_at(file, attempt, report)
    except lines.RefusedFile as refusal:
        raise lines.UnknownLayout(f"{refusal.sentence} The upload is kept: choose another way to read it.", refusal.rule) from None


def _look_at(file: ExtractFile, attempt: Path, report) -> None:
    found = lines.look_at(_source(file), attempt, _options(file.extract), ReadAs(**file.read_as), report)
    path = storage.layout_path(file.stored_name)
    path.touch(mode=0o600)
    path.write_text(json.dumps(found.as_json()), encoding="utf-8")


@transaction.atomic
def _stop(claim: runs.Claim, extract: Extract, status: str, sentence: str) -> None:
    if runs.fail_run(claim, sentence):
        Extract.objects.filter(pk=extract.pk).update(status=status, refusal=sentence)


def _source(file: ExtractFile, saved: tuple[Mapping, ...] = ()) -> lines.SourceFile:
    mapping = Mapping.from_json(file.mapping.spec) if file.mapping else None
    return lines.SourceFile(file.kind, storage.upload_path(file.stored_name), file.display_name, mapping, saved)


def _sources(files: list[ExtractFile]) -> list[lines.SourceFile]:
    saved: dict[str, list[Mapping]] = {}
    for mapping in ColumnMapping.objects.filter(retired=False).order_by("-created_at"):
        saved.setdefault(mapping.kind, []).append(Mapping.from_json(mapping.spec))
    return [_source(file, tuple(saved.get(file.kind, []))) for file in files]


def _earlier_folders(extract: Extract) -> list[Path]:
    return [storage.extract_folder(other.pk) for other in earlier_than(extract)]


def _options(extract: Extract) -> lines.LoadOptions:
    return lines.LoadOptions(
        pseudonym_key=settings.PSEUDONYM_KEY.encode(),
        name=str(extract),
        data_source=extract.data_source,
        paid_through=extract.paid_through,
        received_on=extract.created_at.date(),
        perspective=extract.perspective,
        identities_dir=storage.identities_folder(),
        memory_limit=settings.LOAD_MEMORY_LIMIT,
        limits=engine_limits(),
    )
