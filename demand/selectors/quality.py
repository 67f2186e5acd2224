"""The quality of one extract as one frozen value, which its page and the page over time share.

What needs all rows is kept beside the extract (`measured`) or was written by the run (maturity, payments by age, coverage on the
day of service). For readers without the patient-level right what rests on 1 to 10 people is HIDDEN.
"""

from dataclasses import dataclass, replace

from demand.engine.disclosure import SMALLEST_SHOWN
from demand.engine.fill import Filled
from demand.engine.payer_names import PayerGroup, group_payers
from demand.engine.quality import KnownCodes, Measured, Value
from demand.engine.quality_marks import LIMITS, SOME_ROWS, WARN, worst
from demand.engine.readiness import Readiness, every_row_columns
from demand.models import Extract, Run
from demand.selectors.measured import filled, known_codes, measured, quality_facts
from demand.selectors.quality_run import Enrolled, Feed, Outliers, enrolled, feeds, outliers
from demand.selectors.readiness import extract_readiness
from payers.models import Payer, Policy, Rate

KINDS = ("medical", "pharmacy", "eligibility")


@dataclass(frozen=True)
class ColumnQuality:
    """`share` None: the files have no such column. `before`: the share in the source's extract before this one, where there is one."""

    kind: str
    column: str
    label: str
    share: float | None
    before: float | None
    every_row: bool

    @property
    def change(self) -> float | None:
        return None if self.share is None or self.before is None else self.share - self.before

    @property
    def mark(self) -> str | None:
        fall = LIMITS["fall"].mark(-self.change) if self.change is not None and self.change < 0 else None
        if self.before is not None and self.share is None:
            fall = WARN
        if self.share is None:
            return worst([WARN if self.every_row else None, fall])
        level = LIMITS["filled"].mark(self.share) if self.every_row else None
        return worst([level, fall]) or ("pass" if self.share >= SOME_ROWS else None)


@dataclass(frozen=True)
class Shown:
    """A value and whether its numbers are hidden from this reader."""

    value: Value
    hidden: bool = False


@dataclass(frozen=True)
class Unknown:
    """One set of codes that the reference does not know. `money` and `rows` of all of them; None where that would give one away."""

    key: str
    kind: str
    values: tuple[Shown, ...]
    rows: int | None
    money: int | None
    of_money: int

    @property
    def share(self) -> float | None:
        return None if self.money is None or not self.of_money else self.money / self.of_money


@dataclass(frozen=True)
class Quality:
    """`run`: the newest published run that reads the extract; what rests on it is empty without one."""

    extract: Extract
    run: Run | None
    before: Extract | None
    readiness: Readiness
    columns: tuple[ColumnQuality, ...]
    totals: dict[str, Value]
    warnings: tuple[tuple[str, Shown], ...]
    unknown: tuple[Unknown, ...]
    payers: tuple[PayerGroup, ...]
    outliers: Outliers | None
    feeds: tuple[Feed, ...]
    enrolled: tuple[Enrolled, ...]
    repeated_totals: tuple[dict, ...]
    see_small: bool

    @property
    def rows_read(self) -> int:
        return sum((self.extract.counts.get(kind) or {}).get("rows_read", 0) for kind in KINDS)

    @property
    def rows_rejected(self) -> int:
        return sum((self.extract.counts.get(kind) or {}).get("rejected", 0) for kind in KINDS)

    @property
    def money(self) -> int:
        """Allowed (where there is none: paid) of all accepted claims rows."""
        return sum(value.money for value in self.totals.values())


def quality(extract: Extract, see_small: bool) -> Quality:
    """Of a loaded extract. The first reader of an extract that nobody measured yet waits for it."""
    known = known_codes()
    found = measured(extract, known)
    run = newest_run(extract, newest_runs())
    before = extract_before(extract, found, known)
    return Quality(
        extract=extract,
        run=run,
        before=before,
        readiness=extract_readiness(extract),
        columns=_columns(extract, before),
        totals=dict(found.totals),
        warnings=_warnings(found, see_small),
        unknown=tuple(_unknown(found, see_small)),
        payers=_payers(found, see_small),
        outliers=outliers(run, extract, see_small) if run else None,
        feeds=feeds(run, found.data_sources) if run else (),
        enrolled=enrolled(run, extract) if run else (),
        repeated_totals=tuple(quality_facts(extract).get("facts", {}).get("medical", {}).get("repeated_claim_totals", ())),
        see_small=see_small,
    )


def newest_runs() -> list[Run]:
    return list(Run.objects.published()[:20])


def newest_run(extract: Extract, among: list[Run]) -> Run | None:
    return next((run for run in among if any(entry["id"] == extract.pk for entry in run.inputs.get("extracts", []))), None)


def extract_before(extract: Extract, found: Measured, known: KnownCodes) -> Extract | None:
    """The last extract loaded before this one that brought rows of the same data source."""
    mine = set(found.data_sources)
    earlier = Extract.objects.filter(status=Extract.Status.LOADED, pk__lt=extract.pk).order_by("-pk")[:20]
    return next((one for one in earlier if mine & set(measured(one, known).data_sources)), None)


def _columns(extract: Extract, before: Extract | None) -> tuple[ColumnQuality, ...]:
    now = {(found.kind, found.column): found for found in filled(extract)}
    then = {(found.kind, found.column): found for found in filled(before)} if before else {}
    kinds = {kind for kind, _ in now}
    asked = {tuple(name.split(".")) for name in every_row_columns()}
    places = [*now, *(place for place in (*then, *sorted(asked)) if place not in now and place[0] in kinds)]
    return tuple(
        _column(place, now.get(place), then.get(place), place in asked)
        for place in sorted(dict.fromkeys(places), key=lambda place: KINDS.index(place[0]))
    )


def _column(place: tuple, now: Filled | None, then: Filled | None, every_row: bool) -> ColumnQuality:
    named = now or then or Filled(*place, 0, 0)
    return ColumnQuality(*place, named.label, now.share if now else None, then.share if then else None, every_row)


# What rests on few people


def is_small(people: int) -> bool:
    return 0 < people < SMALLEST_SHOWN


def hide(values: tuple[Value, ...], see_small: bool) -> tuple[tuple[Shown, ...], bool]:
    """Values with the small ones hidden, and whether their sum must be hidden too: it would give a hidden one away."""
    shown = tuple(Shown(value, not see_small and is_small(value.people)) for value in values)
    hidden = [one.value.people for one in shown if one.hidden]
    # Hidden ones stand last and by name: their place among the others would tell their size.
    last = sorted((one for one in shown if one.hidden), key=lambda one: (one.value.what, one.value.value))
    shown = (*(one for one in shown if not one.hidden), *last)
    return shown, bool(hidden) and (len(hidden) == 1 or sum(hidden) < SMALLEST_SHOWN)


def _warnings(found: Measured, see_small: bool) -> tuple[tuple[str, Shown], ...]:
    return tuple((kind, one) for kind, values in found.warnings.items() for one in hide(values, see_small)[0])


def _unknown(found: Measured, see_small: bool):
    for key, values in found.codes.items():
        kind = "pharmacy" if key == "pharmacy_ndc" else "medical"
        shown, sum_hidden = hide(values, see_small)
        rows, money = (None, None) if sum_hidden else (sum(one.rows for one in values), sum(one.money for one in values))
        yield Unknown(key, kind, shown, rows, money, found.totals[kind].money)


def _payers(found: Measured, see_small: bool) -> tuple[PayerGroup, ...]:
    """All kinds together. A name under which only a few people are found is not shown to everybody."""
    together: dict[str, Value] = {}
    for values in found.payers.values():
        for value in values:
            if value.value:
                together[value.value] = _plus(together.get(value.value), value)
    known = [*Policy.objects.values_list("payer", flat=True), *Rate.objects.values_list("payer", flat=True)]
    groups = group_payers(tuple(together.values()), set(known), dict(Payer.objects.values_list("name", "parent")))
    if see_small:
        return groups
    return tuple(
        replace(group, spellings=kept)
        for group in groups
        if (kept := tuple(value for value in group.spellings if not is_small(value.people)))
    )


def _plus(one: Value | None, other: Value) -> Value:
    if one is None:
        return other
    amounts = {
        name: None
        if getattr(one, name) is None and getattr(other, name) is None
        else (getattr(one, name) or 0) + (getattr(other, name) or 0)
        for name in ("allowed_cents", "paid_cents")
    }
    return replace(one, rows=one.rows + other.rows, people=max(one.people, other.people), **amounts)
