"""Typed rows into a table of the database: added, changed, unchanged; the same file twice changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from sites.engine.rows import Problem, Row, Table

AT_ONCE = 500
NAMED = 100  # changed rows that an audit line names


@dataclass(frozen=True)
class Stored:
    """What storing rows did. added + changed + unchanged = rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True)
class Loaded:
    """What became of one file. added + changed + unchanged + rejected = its records."""

    file: str
    stored: Stored
    rejected: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: dict = field(default_factory=dict)

    def as_json(self) -> dict:
        return {
            "file": self.file,
            "added": self.stored.added,
            "changed": self.stored.changed,
            "unchanged": self.stored.unchanged,
            "rejected": len(self.rejected),
            "rejects": [
                {"line": p.line, "column": p.column, "value": p.value, "rule": p.rule, "message": p.message} for p in self.rejected
            ],
            "warnings": list(self.warnings),
            **self.notes,
        }


def loaded(table: Table, stored: Stored, rejected: Iterable[Problem] = (), **notes) -> Loaded:
    """A table's Loaded: its own rejections and those found while storing, its warnings as sentences."""
    warnings = [problem.sentence() for problem in table.warnings]
    if table.unused:
        warnings.insert(0, f"columns that are not used: {', '.join(table.unused)}")
    every = sorted([*table.rejected, *rejected], key=lambda problem: problem.line)
    return Loaded(Path(table.name).name, stored, tuple(every), tuple(warnings), notes)


def without(rows: Iterable[Row], rejected: Iterable[Problem]) -> list[Row]:
    """The rows that no problem names."""
    lines = {problem.line for problem in rejected}
    return [row for row in rows if row.line not in lines]


@transaction.atomic
def store(
    model: type[models.Model],
    key: Sequence[str],
    rows: Iterable[dict],
    *,
    absent: frozenset[str] = frozenset(),
    changed_elsewhere: frozenset[tuple] = frozenset(),
) -> Stored:
    """Rows (field name -> value) into `model`, matched by the fields of `key`; rows on file that are not given stay.

    Fields in `absent` were not said: they fill new rows and change none on file. Keys in `changed_elsewhere` count as changed
    although nothing of them changes in this table. A key stands once in `rows`.
    """
    on_file = {_key(item, key): item for item in model.objects.all()}
    added, changed, touched = [], [], set()
    unchanged = elsewhere = 0
    for values in rows:
        values = {name: _settled(model, name, value) for name, value in values.items()}
        known = tuple(values[name] for name in key)
        item = on_file.get(known)
        if item is None:
            added.append(model(**{_attribute(model, name): value for name, value in values.items()}))
            continue
        differing = [name for name in values if name not in absent and _value(item, name) != values[name]]
        if not differing:
            unchanged += known not in changed_elsewhere
            elsewhere += known in changed_elsewhere
            continue
        for name in differing:
            setattr(item, _attribute(model, name), values[name])
        touched.update(differing)
        changed.append(item)
    model.objects.bulk_create(added, batch_size=AT_ONCE)
    if changed:
        model.objects.bulk_update(changed, sorted(touched), batch_size=AT_ONCE)
    stored = Stored(len(added), len(changed) + elsewhere, unchanged)
    note_load(model, stored, [" ".join(str(part) for part in _key(item, key)) for item in changed], sorted(touched))
    return stored


def note_load(model: type[models.Model], stored: Stored, changed: list[str], fields: list[str], **more: object) -> None:
    """One line of the audit log a load that added or changed anything: bulk writes are not seen row by row."""
    if not stored.added and not stored.changed:
        return
    LogEntry.objects.create(
        action=LogEntry.Action.UPDATE if stored.changed else LogEntry.Action.CREATE,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=str(model._meta.verbose_name_plural),
        additional_data={
            "load": model._meta.label_lower,
            "added": stored.added,
            "changed": stored.changed,
            "fields": fields,
            "rows": changed[:NAMED],
            **more,
        },
    )


def _attribute(model: type[models.Model], name: str) -> str:
    """A foreign key is set by its column: the rows carry the key itself."""
    return model._meta.get_field(name).attname


def _value(item: models.Model, name: str) -> object:
    return getattr(item, _attribute(type(item), name))


def _key(item: models.Model, key: Sequence[str]) -> tuple:
    return tuple(_value(item, name) for name in key)


def _settled(model: type[models.Model], name: str, value: object) -> object:
    """The value as the database gives it back, so that equal rows compare equal: text that is not there is ''."""
    if value is None and not model._meta.get_field(name).null:
        return ""
    return value
