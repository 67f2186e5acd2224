"""Where a figure comes from: the figure again by the brief's own selector, its definition, its run, and the extracts behind it."""

import datetime as dt
from dataclasses import dataclass

from demand.charts.brief import headlines
from demand.charts.months import completed
from demand.engine.disclosure import HIDDEN
from demand.figures import RATE, FigureQuestion, FlowPlace
from demand.metrics import METRICS, Metric
from demand.models import Extract, ExtractFile, Run
from demand.selectors.dashboard import HIDDEN_SLICE, Dashboard, Measure, Slice, dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.runs import About, describe

NODE_WORDS = {
    "named": "ordered by a named prescriber of ours",
    "base": "kept, white-bagged or left",
    "kept": "kept",
    "margin_leak": "white-bagged",
    "partner": "at a partner",
    "site_leak": "left the system",
    "unknown": "outcome unknown",
    "unattributed": "not attributed to us",
}


@dataclass(frozen=True)
class Part:
    """One number that the figure is made of. kind: count | money | percent."""

    words: str
    value: object
    kind: str = "count"


@dataclass(frozen=True)
class Value:
    """The figure: its value as on the brief, the parts it is made of, and one sentence of detail."""

    value: object
    parts: tuple[Part, ...]
    detail: str = ""

    @property
    def hidden(self) -> bool:
        return self.value is HIDDEN

    @property
    def partly_hidden(self) -> bool:
        return any(part.value is HIDDEN for part in self.parts)


@dataclass(frozen=True)
class SourceFile:
    kind: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceExtract:
    """An extract as the run read it. Of a deleted one the run still knows the name and the files' checksums."""

    id: int
    name: str
    deleted: bool
    perspective: str = ""
    loaded_at: dt.datetime | None = None
    accepted: int | None = None
    rows_read: int | None = None
    files: tuple[SourceFile, ...] = ()
    checksums: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """Everything a figure's page says. `value` is None where the run's tables are gone, and `missing` says so."""

    question: FigureQuestion
    run: Run
    metric: Metric
    value: Value | None
    missing: str
    withheld: str
    restricted: bool
    about: About
    parameters: tuple[tuple[str, object, object], ...]
    extracts: tuple[SourceExtract, ...]
    newest: Run | None

    @property
    def any_deleted(self) -> bool:
        return any(extract.deleted for extract in self.extracts)

    @property
    def outdated(self) -> bool:
        """A newer run is what the brief shows."""
        return self.newest is not None and self.newest.pk != self.run.pk


def provenance(run: Run, question: FigureQuestion, see_small: bool) -> Provenance:
    value, withheld, missing = None, "", ""
    try:
        board = dashboard(run, question.filters, see_small)
        value, withheld = value_of(board, question), board.withheld
    except ResultsMissing as gone:
        missing = str(gone)
    about = describe(run)
    return Provenance(
        question=question,
        run=run,
        metric=METRICS[question.figure.metric],
        value=value,
        missing=missing,
        withheld=withheld,
        restricted=not see_small,
        about=about,
        parameters=about.parameters,
        extracts=_extracts(run),
        newest=Run.objects.published().first(),
    )


def value_of(board: Dashboard, question: FigureQuestion) -> Value:
    """The figure of a dashboard, taken from the very cells that the brief's tables show."""
    figure = question.figure
    if figure.measure == RATE:
        return _rate(board, question)
    if figure.measure == "completed":
        return _completed(board)
    if figure.part == "place":
        return _flow(board, question)
    if question.place:
        return _measured(_apart(board, question.place), figure)
    cell = {"ordered": board.total.ordered, "base": board.total.counted}.get(figure.part) or board.total.at(figure.part)
    detail = next((headline.detail for headline in headlines(board) if headline.metric == figure.slug), "")
    return _measured(cell, figure, detail)


def _rate(board: Dashboard, question: FigureQuestion) -> Value:
    figure = question.figure
    rates = {
        "leakage-rate": board.total.leakage_rate,
        "margin-leakage-rate": board.total.margin_rate,
        "share-unknown": board.total.unknown_share,
    }
    rate = rates[figure.slug]
    parts = (
        Part(f"Numerator: infusions {NODE_WORDS[figure.part]}", rate.numerator),
        Part(f"Denominator: infusions {NODE_WORDS[figure.whole]}", rate.denominator),
    )
    return Value(rate.value, parts)


def _measured(cell: Slice, figure, detail: str = "") -> Value:
    measures: dict[str, tuple[str, Measure, str]] = {
        "infusions": ("Infusions", cell.infusions, "count"),
        "people": ("People", cell.people, "count"),
        "allowed": ("Allowed, as far as known", cell.allowed_cents, "money"),
        "without_amount": ("Infusions without an allowed amount", cell.amounts_unknown, "count"),
    }
    return Value(measures[figure.measure][1], tuple(Part(*measure) for measure in measures.values()), detail)


def _flow(board: Dashboard, question: FigureQuestion) -> Value:
    found = next((place.slice for place in board.places if _is(place, question.place)), Slice())
    cell = HIDDEN_SLICE if board.restricted and board.filters.places else found
    if question.figure.measure != "share":
        return _measured(cell, question.figure)
    named = board.total.at("named").infusions
    share = HIDDEN if cell.hidden or named is HIDDEN else cell.infusions / named if named else None
    parts = (
        Part("Numerator: infusions of this flow", cell.infusions),
        Part(f"Denominator: infusions {NODE_WORDS['named']}", named),
    )
    return Value(share, parts)


def _is(place, asked: FlowPlace) -> bool:
    return all(
        (getattr(place, name) or "") == getattr(asked, name)
        for name in ("outcome", "site_class", "ownership", "owner", "payer_affiliation")
    )


def _apart(board: Dashboard, place: FlowPlace) -> Slice:
    """By class of site these are for the patient-level right only."""
    if board.restricted:
        return Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN)
    found = [row[2:] for row in board.apart if row[1] == place.site_class]
    if len(found) == 1:
        return Slice(*found[0])
    # People of several therapies must not be added up: one person may be in several of them.
    infusions, _, allowed, unknown = (
        (sum(part or 0 for part in column) for column in zip(*found, strict=True)) if found else (0,) * 4
    )
    return Slice(infusions, None if found else 0, allowed, unknown)


def _completed(board: Dashboard) -> Value:
    if len(board.months) != 1:
        return Value(None, (), "It is a figure of one month: choose the month in the table by month.")
    (month,) = board.months
    seen = month.line.counted.infusions
    parts = (
        Part("Infusions seen so far", seen),
        Part("Share of all feeds' claims of the month that is in by now", month.completion, "percent"),
        Part("At least", completed(month, "least")),
        Part("At most", completed(month, "most")),
    )
    detail = "The month is complete: nothing is added to what was seen." if month.mature else ""
    return Value(completed(month), parts, detail)


def _extracts(run: Run) -> tuple[SourceExtract, ...]:
    named = run.inputs.get("extracts", [])
    found = Extract.objects.prefetch_related("files").in_bulk([entry["id"] for entry in named])
    return tuple(_extract(entry, found.get(entry["id"])) for entry in named)


def _extract(entry: dict, extract: Extract | None) -> SourceExtract:
    checksums = tuple(entry.get("files", ()))
    if extract is None:
        return SourceExtract(entry["id"], entry["name"], deleted=True, checksums=checksums)
    counts = [extract.counts.get(kind) or {} for kind in ExtractFile.Kind.values]
    return SourceExtract(
        id=extract.pk,
        name=extract.name,
        deleted=False,
        perspective=extract.get_perspective_display(),
        loaded_at=extract.loaded_at,
        accepted=sum(kind.get("accepted", 0) for kind in counts),
        rows_read=sum(kind.get("rows_read", 0) for kind in counts),
        files=tuple(SourceFile(file.get_kind_display(), file.size_bytes, file.sha256) for file in extract.files.all()),
    )
