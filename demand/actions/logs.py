"""The logs of the four functions: compared with what is on file, put on file, undone.

A page shows what a file would do before anything is stored: what was read waits in the storage folder, pseudonyms and all, until
someone says yes or no. Undoing goes newest first, one load of a log at a time; changed records get back what they were.
"""

import datetime as dt
import gzip
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from demand import storage
from demand.actions.extracts import Refused
from demand.actions.log_reading import ReadLog, read_log
from demand.audit import note
from demand.engine.log_totals import Total
from demand.models import ClinicalFact, Denial, LogChange, LogLoad, Order, PatientImpact, WhiteBagEvent
from sites.actions.registers import Loaded, Stored
from sites.engine.rows import Problem
from sites.engine.text_file import RefusedTable, as_text, read_text

MODELS: dict[str, type[models.Model]] = {
    "denials": Denial,
    "white_bag_events": WhiteBagEvent,
    "patient_impacts": PatientImpact,
    "orders": Order,
    "clinical_facts": ClinicalFact,
}
KINDS = tuple(MODELS)
MOST_BYTES = 50_000_000  # a log of the browser's; a larger one is load_log's
KEPT_HOURS = 72  # a checked file nobody decided on
AT_ONCE = 500


@dataclass(frozen=True)
class Change:
    """A record on file and the fields that a row would change, with their new values."""

    record: models.Model
    values: dict


@dataclass(frozen=True)
class Comparison:
    """What putting rows on file would do now. added + changed + unchanged = rows; `not_in_file` records on file stay as they are."""

    added: tuple[dict, ...]
    changed: tuple[Change, ...]
    unchanged: int
    not_in_file: int


def compare(read: ReadLog) -> Comparison:
    """Against what is on file at this moment. Fields that the file does not have fill new records and change none."""
    on_file = {getattr(record, read.key): record for record in MODELS[read.kind].objects.all()}
    added, changed, unchanged = [], [], 0
    for row in read.rows:
        record = on_file.get(row[read.key])
        if record is None:
            added.append(row)
            continue
        differing = {name: value for name, value in row.items() if name not in read.absent and getattr(record, name) != value}
        if differing:
            changed.append(Change(record, differing))
        else:
            unchanged += 1
    not_in_file = len(on_file.keys() - {row[read.key] for row in read.rows})
    return Comparison(tuple(added), tuple(changed), unchanged, not_in_file)


def load_log(kind: str, path: Path) -> Loaded:
    """One log file of the given kind (one of KINDS), put on file at once."""
    read = read_log(kind, read_text(path), Path(path).name)
    load = put_on_file(LogLoad(kind=kind, source=LogLoad.Source.FILE), read, None)
    return Loaded(read.name, Stored(load.added, load.changed, load.unchanged), read.rejected, read.warnings)


@transaction.atomic
def put_on_file(load: LogLoad, read: ReadLog, user) -> LogLoad:
    """What was read into the log. A load that adds and changes nothing is not kept: there is nothing to undo."""
    if load.pk:  # a second click waits here and finds it done
        held = LogLoad.objects.select_for_update().filter(pk=load.pk, status=LogLoad.Status.CHECKED).first()
        if held is None:
            raise Refused("This file was put on file or discarded a moment ago.")
    found = compare(read)
    load.name, load.sha256 = load.name or read.name[:200], read.sha256
    load.added, load.changed, load.unchanged = len(found.added), len(found.changed), found.unchanged
    load.rejects = [asdict(problem) for problem in read.rejected]
    load.warnings, load.totals = list(read.warnings), [_written(total) for total in read.totals]
    if not found.added and not found.changed:
        if load.pk:
            discard(load)
        return load
    _write(load, found.added, found.changed, user)
    _waiting_path(load).unlink(missing_ok=True)
    return load


def _write(load: LogLoad, added: Iterable[dict], changed: Sequence[Change], user) -> None:
    """Records into the table and the load that undoes them, in the caller's transaction."""
    model = MODELS[load.kind]
    load.status, load.on_file_at = LogLoad.Status.ON_FILE, timezone.now()
    load.created_by = load.created_by or user
    load.save()
    keep_before(load, [change.record for change in changed])
    model.objects.bulk_create([model(**row, load=load) for row in added], batch_size=AT_ONCE)
    touched = {"load"}
    for change in changed:
        change.record.load = load
        touched.update(change.values)
        for name, value in change.values.items():
            setattr(change.record, name, value)
    if changed:
        model.objects.bulk_update([change.record for change in changed], sorted(touched), batch_size=AT_ONCE)
    note(user, load, "put a log on file", load=load.kind, added=load.added, changed=load.changed, removed=load.removed)


def keep_before(load: LogLoad, records: Iterable[models.Model]) -> None:
    """What records are, before a load changes or removes them."""
    LogChange.objects.bulk_create(
        [LogChange(load=load, record_id=record.pk, before=_as_stored(record)) for record in records], batch_size=AT_ONCE
    )


def write_record(kind: str, name: str, user, added: Sequence[dict] = (), changed: Sequence[Change] = ()) -> LogLoad:
    """One record entered or corrected by form, as a load of its own."""
    with transaction.atomic():
        load = LogLoad(kind=kind, source=LogLoad.Source.FORM, name=name, added=len(added), changed=len(changed))
        _write(load, added, changed, user)
    return load


@transaction.atomic
def remove_record(kind: str, record: models.Model, name: str, user) -> LogLoad:
    """One record taken back by form, as a load of its own: undoing it brings the record back."""
    load = LogLoad(kind=kind, source=LogLoad.Source.FORM, name=name, removed=1)
    _write(load, (), (), user)
    keep_before(load, [record])
    record.delete()
    return load


def check(kind: str, data: bytes, name: str, user) -> LogLoad:
    """A file of the browser's, read and waiting for a yes. RefusedTable where it is no such log.

    A file's name may tell of a patient, so that sentences say "the file"; the name is shown on the load's own page alone.
    """
    if len(data) > MOST_BYTES:
        raise RefusedTable(
            f"The file has {len(data) / 1e6:,.0f} MB and a page takes at most {MOST_BYTES // 1_000_000}; "
            "split it, or use the load_log command on the server."
        )
    read = read_log(kind, as_text(data, "The file"), "The file")
    forget_undecided(user)
    load = LogLoad.objects.create(kind=kind, source=LogLoad.Source.FILE, name=name[:200], sha256=read.sha256, created_by=user)
    path = _waiting_path(load)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(gzip.compress(json.dumps(_as_json(read), cls=DjangoJSONEncoder).encode(), 1))
    note(user, load, "checked a log’s file", load=kind, rows=len(read.rows), rejected=len(read.rejected))
    return load


def waiting(load: LogLoad) -> ReadLog:
    """What a checked load holds. Refused where it is not there any more."""
    try:
        told = json.loads(gzip.decompress(_waiting_path(load).read_bytes()))
    except (OSError, EOFError, ValueError):
        raise Refused("What was read of this file is not kept any more; choose the file again.") from None
    field = partial(_typed, MODELS[load.kind])
    return ReadLog(
        load.kind, told["name"], told["sha256"],
        tuple({name: field(name, value) for name, value in row.items()} for row in told["rows"]),
        tuple(Problem(**problem) for problem in told["rejected"]), tuple(told["warnings"]), frozenset(told["absent"]),
        tuple(as_total(total) for total in told["totals"]),
    )  # fmt: skip


def discard(load: LogLoad) -> None:
    """A checked file that does not go on file: nothing of it is kept."""
    _waiting_path(load).unlink(missing_ok=True)
    load.delete()


def forget_undecided(user) -> None:
    """Earlier checked files of this person, and those of anybody that nobody decided on for days."""
    checked = LogLoad.objects.filter(status=LogLoad.Status.CHECKED)
    old = models.Q(created_at__lt=timezone.now() - dt.timedelta(hours=KEPT_HOURS))
    for load in checked.filter(old | models.Q(created_by=user)):
        discard(load)


@transaction.atomic
def take_back(load: LogLoad, user) -> None:
    """Undo the newest load of a log: what it added goes, what it changed or removed is as before."""
    newest = LogLoad.objects.select_for_update().filter(kind=load.kind, status=LogLoad.Status.ON_FILE).first()
    if newest is None or newest.pk != load.pk:
        raise Refused("Only the newest load of a log can be taken back; take back the later ones first.")
    model = MODELS[load.kind]
    changes = {change.record_id: change.before for change in load.changes.all()}
    model.objects.filter(load=load).exclude(pk__in=list(changes)).delete()
    there = model.objects.in_bulk(list(changes))
    for pk, before in changes.items():
        record = there.get(pk) or model(pk=pk)
        for name, value in before.items():
            setattr(record, name, _typed(model, name, value))
        record.save()
    load.status, load.taken_back_at, load.taken_back_by = LogLoad.Status.TAKEN_BACK, timezone.now(), user
    load.save()
    note(user, load, "took a log’s load back", load=load.kind, records=load.added + load.changed + load.removed)


def _as_stored(record: models.Model) -> dict:
    values = {field.attname: getattr(record, field.attname) for field in record._meta.fields if not field.primary_key}
    return json.loads(json.dumps(values, cls=DjangoJSONEncoder))


def _typed(model: type[models.Model], name: str, value: object) -> object:
    return model._meta.get_field(name).to_python(value)


def _waiting_path(load: LogLoad) -> Path:
    path = storage.folder("logs", f"checked-{load.pk}.json.gz")
    path.parent.mkdir(exist_ok=True, mode=0o700)
    return path


def _as_json(read: ReadLog) -> dict:
    return {
        "name": read.name, "sha256": read.sha256, "rows": read.rows, "rejected": [asdict(problem) for problem in read.rejected],
        "warnings": read.warnings, "absent": sorted(read.absent), "totals": [_written(total) for total in read.totals],
    }  # fmt: skip


def _written(total: Total) -> dict:
    return {name: str(value) if name in ("in_file", "accepted", "rejected") else value for name, value in asdict(total).items()}


def as_total(told: dict) -> Total:
    """A total as a load keeps it."""
    return Total(**{name: Decimal(value) if name in ("in_file", "accepted", "rejected") else value for name, value in told.items()})
