"""What passes from reading a file to typing it: the file that was sent, and its rows as they are staged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demand.engine.mapping import Mapping
from demand.engine.normalise import StructuralReject


@dataclass(frozen=True)
class SourceFile:
    """A file to load: kind is medical, pharmacy or eligibility; `display_name` is what its sender calls it.

    `mapping` says how to read it; `saved` are mappings of its kind, of which one made for the file's header is used.
    """

    kind: str
    path: Path
    display_name: str
    mapping: Mapping | None = None
    saved: tuple[Mapping, ...] = ()


@dataclass(frozen=True)
class StagedFile:
    """`relation` is SQL: the kind's canonical columns as text (blank is NULL), physical_line and given_reject, in file order.

    `records` counts the rows of the relation. A NULL physical_line means: the record's place in the file + `first_line`.
    """

    number: int
    kind: str
    shown: str
    relation: str
    records: int
    first_line: int
    form: str
    packed_as: str | None
    delimiter: str | None
    present: tuple[str, ...]
    extra: tuple[str, ...]
    blank_lines: int = 0
    hidden_rows: int = 0
    rejects: list[StructuralReject] = field(default_factory=list)
    samples: tuple[tuple[int, str], ...] = ()  # (place among the records from 0, person_id): their order is checked by these
    notes: tuple[str, ...] = ()
    mapping: Mapping | None = None  # through which it was read
    fallback: Callable[[], StagedFile] | None = None

    @property
    def rows_read(self) -> int:
        return self.records + len(self.rejects)
