"""What a page's figures cover: the run, its extracts, the as-of date, the rows held back."""

import datetime as dt
from dataclasses import dataclass

from demand.models import Extract, Run
from demand.words import joined


@dataclass(frozen=True)
class CoveredExtract:
    id: int
    name: str
    perspective: str
    paid_through: dt.date | None
    rows_read: int
    rows_rejected: int
    deleted: bool = False
    own_billing: bool = False  # a provider's own billing cannot see care given elsewhere


@dataclass(frozen=True)
class Coverage:
    """`as_of` is the latest paid-through date of the extracts, else the latest load's day."""

    run_id: int
    computed_at: dt.datetime
    engine_version: str
    extracts: tuple[CoveredExtract, ...]
    as_of: dt.date | None

    @property
    def rows_read(self) -> int:
        return sum(extract.rows_read for extract in self.extracts)

    @property
    def rows_rejected(self) -> int:
        return sum(extract.rows_rejected for extract in self.extracts)

    @property
    def unseen(self) -> str:
        """What a provider's own billing among the extracts means for every figure; empty where there is none."""
        return own_billing_words([extract.name for extract in self.extracts if extract.own_billing], of=len(self.extracts))


def own_billing_words(names: list[str], of: int) -> str:
    """One sentence for pages with figures: which of the extracts are a provider's own billing, and what that hides."""
    if not names:
        return ""
    them = "it" if len(names) == 1 else "them"
    if len(names) == of:
        who = "This extract is a provider's own billing" if of == 1 else "These extracts are a provider's own billing"
    else:
        listed = joined([f"“{name}”" for name in names])
        who = f"{listed} {'is' if len(names) == 1 else 'are'} a provider's own billing"
    return f"{who}: infusions given elsewhere are not in {them}; leakage rests on overdue doses and orders."


def unseen_in_runs(run_ids) -> str:
    """The same sentence for figures that rest on these claims runs (scenarios)."""
    named = [entry["id"] for run in Run.objects.filter(pk__in=run_ids) for entry in run.inputs.get("extracts", [])]
    found = Extract.objects.filter(pk__in=named).values_list("name", "perspective")
    return own_billing_words(
        [name for name, perspective in found if perspective == Extract.Perspective.PROVIDER], of=len(set(named))
    )


def newest_published() -> Run | None:
    """The run that pages show."""
    return Run.objects.published().first()


def coverage(run: Run) -> Coverage:
    named = run.inputs.get("extracts", [])
    found = Extract.objects.in_bulk([entry["id"] for entry in named])
    extracts = tuple(_covered(entry, found.get(entry["id"])) for entry in named)
    dates = [extract.paid_through for extract in extracts if extract.paid_through]
    loads = [extract.loaded_at.date() for extract in found.values() if extract.loaded_at]
    return Coverage(
        run_id=run.pk,
        computed_at=run.finished_at or run.requested_at,
        engine_version=run.engine_version,
        extracts=extracts,
        as_of=max(dates or loads, default=None),
    )


def _covered(entry: dict, extract: Extract | None) -> CoveredExtract:
    if extract is None:
        return CoveredExtract(entry["id"], entry["name"], "", None, 0, 0, deleted=True)
    kinds = [extract.counts.get(kind) or {} for kind in ("medical", "pharmacy", "eligibility")]
    return CoveredExtract(
        id=extract.pk,
        name=extract.name,
        perspective=extract.get_perspective_display(),
        paid_through=extract.paid_through,
        own_billing=extract.perspective == Extract.Perspective.PROVIDER,
        rows_read=sum(kind.get("rows_read", 0) for kind in kinds),
        rows_rejected=sum(kind.get("rejected", 0) for kind in kinds),
    )
