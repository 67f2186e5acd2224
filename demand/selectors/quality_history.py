"""The quality of all loaded extracts, in the order of loading: a few shares of each, so that a fall is seen."""

from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN, Mark
from demand.engine.quality_marks import LIMITS, worst
from demand.engine.readiness import every_row_columns
from demand.models import Extract, Run
from demand.selectors.facts import ResultsMissing
from demand.selectors.measured import filled, kept, known_codes
from demand.selectors.quality import is_small, newest_run, newest_runs
from demand.selectors.quality_run import enrolled, outliers

MOST = 60  # extracts shown, the newest


@dataclass(frozen=True)
class Judged:
    """A share and its mark; HIDDEN and None (not known, not measured yet) have none."""

    share: float | Mark | None = None
    mark: str | None = None


@dataclass(frozen=True)
class ExtractQuality:
    """`filled`: (kind, column) -> share, of the columns that some question needs of every row."""

    extract: Extract
    data_sources: tuple[str, ...]
    rows_read: int
    filled: dict[tuple[str, str], float]
    thin: Judged
    rejected: Judged
    unknown_codes: Judged
    outliers: Judged
    unenrolled: Judged
    measured: bool

    @property
    def mark(self) -> str | None:
        return worst(one.mark for one in (self.thin, self.rejected, self.unknown_codes, self.outliers, self.unenrolled))


def history(extracts, see_small: bool) -> tuple[ExtractQuality, ...]:
    """Oldest first. Nothing is measured here: an extract that nobody measured yet says so."""
    known = known_codes()
    newest = list(extracts.order_by("-pk")[:MOST])
    runs = newest_runs()
    found = []
    for extract in reversed(newest):
        try:
            found.append(_one(extract, known, newest_run(extract, runs), see_small))
        except ResultsMissing:
            continue
    return tuple(found)


def _one(extract: Extract, known, run: Run | None, see_small: bool) -> ExtractQuality:
    asked = {tuple(name.split(".")) for name in every_row_columns()}
    shares = {
        (one.kind, one.column): one.share for one in filled(extract) if (one.kind, one.column) in asked and one.share is not None
    }
    told = kept(extract, known)
    counts = [extract.counts.get(kind) or {} for kind in ("medical", "pharmacy", "eligibility")]
    read = sum(kind.get("rows_read", 0) for kind in counts)
    least = min(shares.values(), default=None)
    return ExtractQuality(
        extract=extract,
        data_sources=told.data_sources if told else (),
        rows_read=read,
        filled=shares,
        thin=Judged(least, LIMITS["filled"].mark(least)),
        rejected=_judge("rejected", sum(kind.get("rejected", 0) for kind in counts) / read if read else None),
        unknown_codes=_unknown(told, see_small) if told else Judged(),
        outliers=_judge("outliers", _outliers(run, extract, see_small)),
        unenrolled=_unenrolled(run, extract, see_small),
        measured=told is not None,
    )


def _judge(limit: str, share) -> Judged:
    return Judged(share, None if share is HIDDEN else LIMITS[limit].mark(share))


def _unknown(told, see_small: bool) -> Judged:
    values, money = told.codes.get("hcpcs", ()), told.totals["medical"].money if "medical" in told.totals else 0
    if not see_small and any(is_small(value.people) for value in values):
        return Judged(HIDDEN)
    return _judge("unknown_codes", sum(value.money for value in values) / money if money else None)


def _outliers(run, extract: Extract, see_small: bool):
    told = outliers(run, extract, see_small) if run else None
    if told and told.hidden:
        return HIDDEN
    if told is None or not told.of_infusions:
        return None
    return HIDDEN if told.allowed_cents is None else told.share


def _unenrolled(run, extract: Extract, see_small: bool) -> Judged:
    told = enrolled(run, extract) if run else ()
    people, without = sum(one.people for one in told), sum(one.people_without for one in told)
    if not see_small and any(one.small for one in told):
        return Judged(HIDDEN)
    return _judge("unenrolled", without / people if people else None)
