"""The register of overdue treatments: outcomes, then one dimension; each a chart, its table and its sentence."""

from urllib.parse import urlencode

from demand import leak_words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, cut, dollars, percent, plain
from demand.engine.disclosure import HIDDEN
from demand.selectors.dark import RESOLUTIONS, Register

BARS = 12
COLORS = {
    "moved": "var(--c-leak)", "stopped": "var(--c-kept)", "not_enrolled": "var(--c-partner)", "feed_immature": "var(--c-apart)",
    "unknown": "var(--c-unknown)",
}  # fmt: skip


def figures(found: Register, origin: str) -> tuple[Figure, ...]:
    """`origin`: the address of the list, for those with the right."""
    return (_outcomes(found, origin), _by(found, origin))


def _outcomes(found: Register, origin: str) -> Figure:
    counts = [found.of(name) for name in RESOLUTIONS]
    total = _sum([one.treatments for one in counts])
    rows = tuple(
        (
            leak_words.RESOLUTIONS[name],
            one.treatments,
            one.people,
            _share(one.treatments, total),
            one.dose_cents,
            one.amounts_unknown,
        )
        for name, one in zip(RESOLUTIONS, counts, strict=True)
    )
    drawn = [(leak_words.RESOLUTIONS[name], one.treatments, COLORS[name]) for name, one in zip(RESOLUTIONS, counts, strict=True)][
        ::-1
    ]
    return Figure(
        key="outcomes",
        title="What became of overdue treatments",
        reading=_reading(found, total),
        direction="Fewer unknown is better. What is too early to say is no loss yet: it is judged when its month is complete. Next: work through the list below, prescriber by prescriber.",
        table=Table(
            "Attributed treatments whose next dose is overdue by more than their gap rule; each has exactly one outcome",
            (
                Column("outcome", "Outcome"),
                Column("treatments", "Treatments", "count", "overdue"),
                Column("people", "People", "count"),
                Column("share", "Share", "percent"),
                Column("dose_cents", "Allowed, one dose of each", "cents"),
                Column("amounts_unknown", "without an amount", "count"),
            ),
            rows,
            total=("All overdue", total, None, _share(total, total), _sum([one.dose_cents for one in counts]), _sum([one.amounts_unknown for one in counts])),
            asks=tuple(urlencode(found.filters.as_query() | {"resolution": name}) for name in RESOLUTIONS) if origin else (),
            origin=origin,
        ),
        chart=_chart(drawn),
        metric="dark-patients",
        note="Hidden: few people are behind the number, or it would give a small count away." if HIDDEN in [one.treatments for one in counts] else "",
    )  # fmt: skip


def _sum(parts):
    return HIDDEN if HIDDEN in parts else sum(part or 0 for part in parts)


def _share(part, whole):
    return HIDDEN if HIDDEN in (part, whole) else part / whole if whole else None


def _reading(found: Register, total) -> str:
    unknown = found.of("unknown")
    if HIDDEN in (total, unknown.treatments):
        return "How many treatments are overdue may be shown in part only: the groups are small, or would give small ones away."
    if not total:
        return "No treatment is overdue, as far as claims show."
    said = (
        f"{count(total)} treatments are overdue; of {count(unknown.treatments)} ({percent(unknown.treatments / total)}) nobody knows where "
        f"they went: one missed dose of each is worth {dollars(unknown.dose_cents)} allowed."
    )
    early = found.of("feed_immature").treatments
    return said + (f" Of {count(early)} it is too early to say." if early else "")


def _chart(drawn: list[tuple[str, object, str]]) -> dict | None:
    if not any(number not in (HIDDEN, None, 0) for _, number, _ in drawn):
        return None

    def data(longest: int) -> list[dict]:
        return [
            {
                "type": "bar", "orientation": "h", "y": [plain(cut(name, longest)) for name, *_ in drawn],
                "x": [None if number is HIDDEN else number for _, number, _ in drawn], "marker": {"color": [color for *_, color in drawn]},
                "hovertemplate": "%{y}: %{x:,} treatments<extra></extra>",
            }
        ]  # fmt: skip

    layout = {
        "height": 60 + 30 * len(drawn), "margin": {"l": 8, "r": 16, "t": 6, "b": 44}, "bargap": 0.25, "showlegend": False,
        "xaxis": {"tickformat": ",d", "nticks": 6, "rangemode": "tozero", "title": {"text": "treatments", "standoff": 8}},
        "yaxis": {"type": "category", "automargin": True},
    }  # fmt: skip
    return {"data": data(44), "narrow_data": data(20), "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}}}


def _by(found: Register, origin: str) -> Figure:
    label = leak_words.BY[found.by]
    columns = (
        Column(found.by, label),
        Column("unknown", leak_words.RESOLUTIONS["unknown"], "count", "overdue"),
        Column("dose_cents", "Allowed, one dose of each", "cents"),
        *(Column(name, leak_words.RESOLUTIONS[name], "count") for name in RESOLUTIONS if name != "unknown"),
    )
    rows = tuple(
        (
            leak_words.value(found.by, row.value), row.of("unknown").treatments, row.of("unknown").dose_cents,
            *(row.of(name).treatments for name in RESOLUTIONS if name != "unknown"),
        )
        for row in found.rows
    )  # fmt: skip
    shown = [row for row in found.rows if row.of("unknown").treatments not in (HIDDEN, 0)]
    linked = origin and found.by in found.filters.__dataclass_fields__
    return Figure(
        key="by",
        title=f"By {label[:1].lower() + label[1:]}",
        reading=f"Most of those of whom nothing is known: “{leak_words.value(found.by, shown[0].value)}”, {count(shown[0].of('unknown').treatments)} treatments."
        if shown
        else "There is nothing to show here."
        if found.rows or not found.restricted
        else "By this group figures are shown with the patient-level right only.",
        direction="Fewer is better. A group that stands out may have left together: look for a site, a prescriber or a payer that changed.",
        table=Table(
            f"Overdue treatments by {label.lower()} and outcome",
            columns,
            rows,
            asks=tuple(urlencode(found.filters.as_query() | {"resolution": "unknown", found.by: row.value}) for row in found.rows)
            if linked
            else (),
            origin=origin,
        ),
        chart=_chart([(leak_words.value(found.by, row.value), row.of("unknown").treatments, COLORS["unknown"]) for row in shown[:BARS]][::-1]),
        metric="dark-patients",
        folded=True,
    )  # fmt: skip
