"""An entry of the site register <-> plain text by column, as files, forms and the history of changes share it; grain: one site.

An entry has the columns of sites.csv and `retired` and `merged_into`; a value that is not there is "".
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from sites.engine.cells import BadCell
from sites.engine.registers import SITES
from sites.engine.rows import Finding

FILE_COLUMNS = tuple(column.name for column in SITES.columns)
STATE = ("retired", "merged_into")
COLUMNS = (*FILE_COLUMNS, *STATE)
Entry = Mapping[str, str]


def as_text(values: Mapping[str, object]) -> dict[str, str]:
    """Typed values as an entry's text: 50.0 and 50 are one number, provider numbers stand in their order."""
    return {name: _text(values.get(name)) for name in COLUMNS}


def _text(value: object) -> str:
    if value is None or value is False:
        return "" if value is None else "false"
    if value is True:
        return "true"
    if isinstance(value, tuple):
        return ";".join(sorted(value))
    if isinstance(value, (float, Decimal)):
        plain = f"{Decimal(repr(value)) if isinstance(value, float) else value:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def typed(entry: Entry) -> dict[str, object]:
    """The text of an entry as typed values of the columns of sites.csv. BadCell never: the entry was typed before."""
    return {column.name: column.parse(entry[column.name]) if entry.get(column.name) else column.blank for column in SITES.columns}


def read_entry(given: Entry) -> tuple[dict[str, object], list[Finding]]:
    """What somebody wrote -> typed values and what is wrong with them, at most one finding a column; checks across columns last."""
    values, findings = {}, []
    for column in SITES.columns:
        cell = given.get(column.name, "").strip()
        values[column.name] = column.blank
        if not cell:
            if column.needed:
                findings.append(Finding(column.name, "blank", "must not be blank"))
            continue
        try:
            values[column.name] = column.parse(cell)
        except BadCell as bad:
            findings.append(Finding(column.name, bad.rule, str(bad)))
    wrong = {finding.column for finding in findings}
    return values, findings + [finding for finding in SITES.check(values) if finding.column not in wrong]


def differences(before: Entry | None, after: Entry) -> Iterator[tuple[str, str, str]]:
    """(column, before, after) of every column that changes. Nothing stands before an entry that is added."""
    for name in COLUMNS:
        was, is_now = (before or {}).get(name, ""), after.get(name, "")
        if was != is_now:
            yield name, was, is_now
