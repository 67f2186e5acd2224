"""Changes of contract rates: checked first, stored by a second decision, undone as long as nobody has changed the rates since."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from payers.engine.terms import RATES
from payers.models import Rate, RateChange
from sites.actions.decisions import Refused, decided, to_store, to_undo
from sites.engine.rows import read_table
from sites.models import Site

FIELDS = (
    "payer",
    "plan",
    "site_class",
    "site_id",
    "hcpcs_code",
    "basis",
    "rate",
    "effective_from",
    "effective_to",
    "source",
)
ALREADY = "This payer, plan, site, code and basis has a rate from that day already; change that one, or begin on another day."
SHOWN = 200  # sentences of rejected rows and warnings that a change keeps


def check_file(path: Path, name: str, user) -> RateChange:
    """What rates.csv would change, kept as a change that is not stored yet. RefusedTable where it is no such file."""
    table = read_table(path, RATES, name)
    on_file = {_key(_as_text(rate)): rate for rate in Rate.objects.all()}
    sites = set(Site.objects.values_list("site_id", flat=True))
    rows, unchanged, warnings = [], 0, [problem.sentence() for problem in table.warnings]
    for row in table.rows:
        after = {name: _text(row.values[name]) for name in FIELDS}
        known = on_file.get(_key(after))
        before = _as_text(known) if known else None
        if before is not None:
            # A column that the file does not have says nothing: what is on file stays.
            after |= {name: before[name] for name in table.absent if name in before}
        if before == after:
            unchanged += 1
        else:
            rows.append({"id": known.pk if known else None, "before": before, "after": after})
        if after["site_id"] and after["site_id"] not in sites:
            warnings.append(f"line {row.line}: the site {after['site_id']} is not in the site register")
    return RateChange.objects.create(
        title=f"Upload of {name}",
        rows=rows,
        unchanged=unchanged,
        rejected=[problem.sentence() for problem in table.rejected][:SHOWN],
        warnings=warnings[:SHOWN],
        made_by=user,
    )


@transaction.atomic
def store_change(change: RateChange) -> None:
    """The checked change into the register. Refused where a rate has been changed since the check."""
    change = to_store(change)
    for row in change.rows:
        _write(row, row["before"], row["after"])
    decided(change, RateChange.State.STORED)


@transaction.atomic
def undo_change(change: RateChange) -> None:
    """Every rate as it was before the change. Refused where one of them has been changed again."""
    change = to_undo(change)
    for row in change.rows:
        _write(row, row["after"], row["before"])
    decided(change, RateChange.State.UNDONE)


@transaction.atomic
def save_rate(user, values: dict, rate: Rate | None = None) -> RateChange:
    """One rate, new or changed, stored at once. Refused where another row already says the same case from the same day."""
    after = {name: _text(values[name]) for name in FIELDS}
    twin = Rate.objects.filter(**_lookup(after)).exclude(pk=rate.pk if rate else None).first()
    if twin is not None:
        raise Refused(ALREADY)
    before = _as_text(rate) if rate else None
    if before == after:
        raise Refused("Nothing was changed.")
    title = f"{'Changed' if rate else 'Added'}: {after['payer']} {after['hcpcs_code'] or 'any code'}"
    return _at_once(user, title, rate, before, after)


@transaction.atomic
def expire_rate(user, rate: Rate, effective_to: dt.date) -> RateChange:
    """The rate ends: `effective_to` is the first day on which it no longer holds."""
    if effective_to <= rate.effective_from:
        raise Refused(f"A rate that begins on {rate.effective_from} has to end after that day.")
    before = _as_text(rate)
    title = f"Ended: {rate.payer} {rate.hcpcs_code or 'any code'}"
    return _at_once(user, title, rate, before, before | {"effective_to": _text(effective_to)})


def _at_once(user, title: str, rate: Rate | None, before: dict | None, after: dict) -> RateChange:
    row = {"id": rate.pk if rate else None, "before": before, "after": after}
    change = RateChange.objects.create(title=title[:200], rows=[row], made_by=user)
    store_change(change)
    return change


def _write(row: dict, expected: dict | None, wanted: dict | None) -> None:
    """One rate from what it must be now to what it shall be; None: it is not there."""
    current = Rate.objects.filter(pk=row["id"]).first() if row["id"] else None
    if current is None and expected is None and wanted:
        current = Rate.objects.filter(**_lookup(wanted)).first()
    if (_as_text(current) if current else None) != expected:
        said = expected or wanted
        raise Refused(
            f"The rate of {said['payer']} for {said['hcpcs_code'] or 'any code'} from {said['effective_from']} has been changed by "
            "someone since; nothing was changed now. Check the file again, or change that rate by hand."
        )
    if wanted is None:
        current.delete()
        row["id"] = None
        return
    rate = current or Rate()
    for name, value in _typed(wanted).items():
        setattr(rate, name, value)
    rate.save()
    row["id"] = rate.pk


def _as_text(rate: Rate) -> dict:
    return {name: _text(getattr(rate, name)) for name in FIELDS}


def _text(value: object) -> str:
    """150.0000 and 150 are one rate; a day that is not there is blank."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def _typed(values: dict) -> dict:
    return values | {
        "rate": Decimal(values["rate"]),
        "effective_from": dt.date.fromisoformat(values["effective_from"]),
        "effective_to": dt.date.fromisoformat(values["effective_to"]) if values["effective_to"] else None,
    }


def _lookup(values: dict) -> dict:
    return {name: values[name] for name in RATES.key}


def _key(values: dict) -> tuple:
    return tuple(values[name] for name in RATES.key)
