"""One record of a log by form: checked by the same layout as a file's row, kept as a load of its own, so that it can be undone.

Orders and clinical facts come as files alone: they carry people, and no form asks for one.
"""

from collections.abc import Mapping

from django.db import models

from demand.actions.extracts import Refused
from demand.actions.log_reading import in_fields
from demand.actions.logs import MODELS, Change, remove_record, write_record
from demand.engine.log_layouts import LAYOUTS, NAMED_BY, OF_PEOPLE, row_key
from demand.models import LogLoad
from sites.engine.rows import typed_table

BY_FORM = tuple(kind for kind in NAMED_BY if kind not in OF_PEOPLE)
NAMES = {"denials": "denial", "white_bag_events": "white-bag event", "patient_impacts": "patient impact"}


class WrongCell(Refused):
    """What is wrong with the field `column`."""

    def __init__(self, column: str, message: str):
        super().__init__(message)
        self.column = column


def save_record(kind: str, cells: Mapping[str, str], user, record: models.Model | None = None) -> LogLoad | None:
    """A new record, or the corrected values of `record`. None where nothing changed; WrongCell where a cell cannot be."""
    values = in_fields(kind, _checked(kind, cells))
    if record is None:
        row = values | {"row_key": _free_key(kind, values)}
        return write_record(kind, f"a {NAMES[kind]} entered by form", user, added=[row])
    differing = {name: value for name, value in values.items() if getattr(record, name) != value}
    if not differing:
        return None
    if set(differing) & set(NAMED_BY[kind]):
        differing["row_key"] = _free_key(kind, values)
    return write_record(kind, f"a {NAMES[kind]} corrected by form", user, changed=[Change(record, differing)])


def take_back_record(kind: str, record: models.Model, user) -> LogLoad:
    return remove_record(kind, record, f"a {NAMES[kind]} taken back", user)


def _checked(kind: str, cells: Mapping[str, str]) -> dict:
    layout = LAYOUTS[kind]
    header = [column.name for column in layout.columns]
    table = typed_table("the form", header, [(1, [cells.get(name, "") for name in header])], layout)
    if table.rejected:
        problem = table.rejected[0]
        raise WrongCell(problem.column, f"{problem.message[:1].upper()}{problem.message[1:]}.")
    return dict(table.rows[0].values)


def _free_key(kind: str, values: dict) -> str:
    """The key of the next record that is named like these values: alike records of one day are several."""
    number = 1
    while MODELS[kind].objects.filter(row_key=row_key(kind, values, number)).exists():
        number += 1
    return row_key(kind, values, number)
