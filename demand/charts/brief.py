"""A Dashboard's headline figures, its opening sentence and its four figures with their tables."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from demand import words
from demand.charts import flows, months
from demand.charts.figure import COUNTED, COUNTED_WORDS, OUTCOME_FIGURES, STAYED, Column, Figure, Table
from demand.charts.numbers import count, count_of, dollars, percent, shortened
from demand.engine.disclosure import HIDDEN
from demand.figures import FlowPlace, place_query
from demand.selectors.dashboard import OUTCOMES, Dashboard, Line

BARS = 12  # a chart with more bars is a table
ENOUGH = 30  # infusions; a rate of fewer is in the table and in no sentence
MARKS = {
    "kept": {"color": "var(--c-kept)"},
    "margin_leak": {
        "color": "var(--c-margin)",
        "pattern": {"fillmode": "overlay", "shape": "/", "fgcolor": "var(--surface)", "size": 5, "solidity": 0.25},
    },
    "partner": {
        "color": "var(--c-partner)",
        "pattern": {"fillmode": "overlay", "shape": ".", "fgcolor": "var(--surface)", "size": 5, "solidity": 0.3},
    },
    "site_leak": {"color": "var(--c-leak)"},
    "unknown": {
        "color": "var(--c-unknown)",
        "pattern": {"fillmode": "overlay", "shape": "x", "fgcolor": "var(--surface)", "size": 5, "solidity": 0.2},
    },
}
RATE = "Leakage rate = left ÷ (kept + white-bagged + left)."


@dataclass(frozen=True)
class Headline:
    """One headline figure. `value` is raw, `kind` says how it is written."""

    key: str
    title: str
    value: object
    kind: str
    detail: str
    direction: str
    metric: str


def headlines(board: Dashboard) -> tuple[Headline, ...]:
    total, ordered = board.total, board.total.ordered
    leaked, margin, unknown = total.leakage_rate, total.margin_rate, total.unknown_share
    left = total.at("site_leak")
    missing = f"; {count(left.amounts_unknown)} without an amount" if left.amounts_unknown else ""
    confirmed, probable = (total.at(f"margin_leak:{kind}").infusions for kind in ("confirmed", "probable"))
    apart, majority = total.at("unattributed"), total.at("majority")
    kept, partner = total.at("kept").infusions, total.at("partner").infusions
    more = "" if majority.infusions is HIDDEN else f"; {count(majority.infusions)} more attributed by majority only"
    # Under filters a small number at partners would follow from the sum of all.
    only = ", kept, white-bagged or left: the rest is hidden" if total.at("named").hidden and not ordered.hidden else ""
    neither, lower = "Neither way is good by itself", "Lower is better"
    return (
        Headline(
            "leakage", "Leakage rate", leaked.value, "percent",
            _detail(
                f"{count(leaked.numerator)} infusions left ÷ {count(leaked.denominator)} kept, white-bagged or left",
                leaked.numerator, leaked.denominator,
            ),
            lower, "leakage-rate",
        ),
        Headline(
            "people", "People on infusion therapy", ordered.people, "count",
            f"with an infusion that one of our named prescribers ordered{only}", neither, "people",
        ),
        Headline(
            "infusions", "Infusions", ordered.infusions, "count",
            _detail(f"{count(kept)} kept; {count(partner)} at partners", kept, partner) if not only else only.removeprefix(", "),
            neither, "infusions",
        ),
        Headline(
            "allowed_left", "Allowed amount that left", left.allowed_cents, "money",
            _detail(f"on {count(left.infusions)} infusions{missing}", left.infusions, left.amounts_unknown), lower, "allowed-left",
        ),
        Headline(
            "margin", "Margin leakage (white-bagged)", margin.value, "percent",
            _detail(
                f"{count_of(margin.numerator, margin.denominator)}: {count(confirmed)} confirmed, "
                f"{count(probable)} probable",
                margin.numerator, margin.denominator, confirmed, probable,
            ),
            lower, "margin-leakage-rate",
        ),
        Headline(
            "unknown", "Share unknown", unknown.value, "percent",
            _detail(
                f"{count_of(unknown.numerator, unknown.denominator)}; never spread over the rest",
                unknown.numerator, unknown.denominator,
            ),
            lower, "share-unknown",
        ),
        Headline(
            "apart", "Counted apart", apart.infusions, "count",
            f"infusions not attributed to us{more}", "In no figure above", "counted-apart",
        ),
    )  # fmt: skip


def _detail(text: str, *numbers) -> str:
    return "Its parts are hidden: few people, or they would give a small count away" if HIDDEN in numbers else text


def opening(board: Dashboard) -> str:
    """The brief in two or three sentences."""
    total, ordered = board.total, board.total.ordered
    if not ordered.infusions:
        return _nobody_ours(total.at("unattributed").infusions, filtered=board.filters.any)
    if ordered.infusions is HIDDEN:
        return "The numbers for these filters are hidden, because they are small or would give small ones away."
    shown = months.with_infusions(board.months)
    first, last = shown[0].day, shown[-1].day
    which = " that were kept, white-bagged or left" if total.at("named").hidden else ""
    said = (
        f"From {first:%B %Y} to {last:%B %Y} our prescribers ordered {count(ordered.infusions)} infusions "
        f"for {count(ordered.people)} people{which}. "
    )
    rate = total.leakage_rate
    if rate.value is None:
        return said + "None of them was kept, white-bagged or given elsewhere for certain."
    if rate.value is HIDDEN:
        return said + "How many of them left is hidden, because it is small or would give a small count away."
    said += (
        f"{percent(rate.value)} of those kept, white-bagged or gone were given at sites that we neither own nor partner in, "
        f"worth {dollars(total.at('site_leak').allowed_cents)} in allowed amounts. "
    )
    top = [_biggest(lines) for lines in (board.payers, board.families)]
    if all(top) and len(board.payers) > 1 and len(board.families) > 1:
        payer, therapy = (f"{words.named(line.label)} ({percent(line.at('site_leak').infusions / rate.numerator)})" for line in top)
        said += f"Counted in infusions, the largest payer among them is {payer} and the largest therapy {therapy}."
    return said.strip()


def _nobody_ours(apart, filtered: bool) -> str:
    which = " that matches these filters" if filtered else ""
    said = f"No infusion in the data{which} was ordered by a named prescriber of ours."
    if apart == 0:
        return said
    return said + (
        f" {count(apart).capitalize()} infusions{which.replace('matches', 'match')} stand apart, "
        "because no prescriber on the roster ordered them. "
        "Load your roster (load_prescribers) and your sites (load_sites), then recompute on the page “Runs”."
    )


def figures(board: Dashboard) -> tuple[Figure, ...]:
    return (
        flows.destinations(board),
        months.by_month(board),
        _by(board, "payer", "Payer", "Leakage by payer", board.payers, "payers"),
        _by(board, "therapy", "Therapy", "Leakage by therapy", board.families, "therapies"),
        *([_apart(board)] if board.apart else []),
    )


def _apart(board: Dashboard) -> Figure:
    """What stands apart, for those who see single people: whoever loads claims without a roster sees what is in them."""
    columns = (
        Column("therapy", "Therapy"),
        Column("site_class", "Class of site"),
        Column("infusions", "Infusions", "count", "counted-apart"),
        Column("people", "People", "count", "apart-people"),
        Column("allowed_cents", "Allowed", "cents", "apart-allowed"),
        Column("amounts_unknown", "Without an amount", "count", "apart-without-amount"),
    )
    asks = tuple(
        urlencode(replace(board.filters, family=family).as_query() | place_query(FlowPlace(site_class=site_class)))
        for family, site_class, *_ in board.apart
    )
    rows = tuple((words.named(family), words.site_class(site_class), *measures) for family, site_class, *measures in board.apart)
    family, site_class, infusions = rows[0][:3]
    return Figure(
        key="apart",
        title="Infusions that stand apart",
        reading=(
            f"{count(sum(row[2] for row in rows))} infusions in the data were ordered by nobody on our roster and are in "
            "no figure above; "
            f"the largest group is {family}, {site_class.lower()} ({count(infusions)})."
        ),
        direction="Neither way is good by itself: a complete roster and ordering provider numbers make it what it should be.",
        table=Table(
            "Infusions not attributed to us by therapy and class of site", columns, rows, run=board.coverage.run_id, asks=asks
        ),
        metric="counted-apart",
        folded=board.total.at("named").infusions != 0,
        note="Shown with the patient-level right only: counts of few people are in it.",
    )


def _biggest(lines: tuple[Line, ...]) -> Line | None:
    seen = [line for line in lines if line.at("site_leak").infusions is not HIDDEN and line.at("site_leak").infusions]
    return max(seen, key=lambda line: line.at("site_leak").infusions, default=None)


def _by(board: Dashboard, key: str, heading: str, title: str, lines: tuple[Line, ...], plural: str) -> Figure:
    columns = (
        Column(key, heading),
        *COUNTED,
        *(Column(f"{outcome}_infusions", words.OUTCOMES[outcome], "count", OUTCOME_FIGURES[outcome]) for outcome in OUTCOMES),
        Column("leakage_rate", "Leakage rate", "percent", "leakage-rate"),
        Column("site_leak_allowed_cents", "Allowed that left", "cents", "allowed-left"),
    )
    lines = tuple(line for line in lines if any(line.at(outcome).infusions != 0 for outcome in OUTCOMES))
    rows = tuple(
        (
            words.named(line.label),
            line.counted.infusions,
            line.counted.people,
            *(line.at(outcome).infusions for outcome in OUTCOMES),
            line.leakage_rate.value,
            line.at("site_leak").allowed_cents,
        )
        for line in lines
    )
    dimension = {"therapy": "family"}.get(key, key)
    return Figure(
        key=key,
        title=title,
        reading=_reading(lines, plural),
        direction=f"{RATE} Lower is better.",
        table=Table(
            f"Attributed infusions by {heading.lower()}, most gone first; {COUNTED_WORDS}",
            columns,
            rows,
            run=board.coverage.run_id,
            asks=tuple(replace(board.filters, **{dimension: line.label}).query_string() for line in lines),
        ),
        chart=_bars(lines),
        key_to_marks=months.key_to_marks(line for line in lines if not line.counted.hidden),
        metric="leakage-rate",
        note=_note(lines, plural),
    )


def _reading(lines: tuple[Line, ...], plural: str) -> str:
    known = [line for line in lines if isinstance(line.leakage_rate.value, float)]
    if not known:
        return f"No rate can be shown for any of the {plural}."
    gone = sum(line.at("site_leak").infusions for line in known)
    first = max(known, key=lambda line: line.at("site_leak").infusions)
    if not gone:
        return f"Nothing left the system at any of the {len(known)} {plural} shown."
    most = (
        f"{words.named(first.label)} accounts for {percent(first.at('site_leak').infusions / gone)} of the infusions that left"
        if len(known) == len(lines)  # a share of the shown ones alone would be read as one of all
        else f"of the {plural} whose counts may be shown, {words.named(first.label)} has the most infusions that left "
        f"({first.at('site_leak').infusions:,})"
    )
    said = f"{most}; its own leakage rate is {percent(first.leakage_rate.value)}."
    judged = [line for line in known if line.leakage_rate.denominator >= ENOUGH and words.named(line.label) != words.named(None)]
    highest = max(judged, key=lambda line: line.leakage_rate.value, default=first)
    if highest is not first:
        said += (
            f" Among the {plural} with {ENOUGH} infusions or more the highest rate is {words.named(highest.label)}'s, "
            f"{percent(highest.leakage_rate.value)}."
        )
    return said[0].upper() + said[1:]


def _note(lines: tuple[Line, ...], plural: str) -> str:
    parts = []
    hidden = sum(1 for line in lines if line.counted.hidden)
    shown = [line for line in lines if not line.counted.hidden]
    if len(shown) > BARS:
        parts.append(f"The chart shows the {BARS} {plural} that lost most; the table has all {len(lines)}.")
    if hidden:
        parts.append(
            f"Hidden: {hidden} of {len(lines)} {plural}, because few people are behind them or they would give a small count away."
        )
    return " ".join(parts)


def plus_shown(line: Line, outcome: str) -> int:
    """What a bar can be drawn of: a hidden part is drawn in one with its neighbours."""
    return 0 if line.at(outcome).hidden else line.at(outcome).infusions


def _bars(lines: tuple[Line, ...]) -> dict | None:
    """Infusions by outcome, one bar a line, its rate written at the end."""
    shown = [line for line in lines if not line.counted.hidden][:BARS][::-1]
    if not shown:
        return None
    names = [shortened(words.named(line.label)) for line in shown]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": words.OUTCOMES[outcome],
            "y": names,
            "x": [plus_shown(line, outcome) for line in shown],
            "marker": MARKS[outcome],
            "hovertemplate": "%{y}: %{x:,} infusions<extra>" + words.OUTCOMES[outcome] + "</extra>",
        }
        for outcome in OUTCOMES
    ]
    for name, mark, values in months.undivided(shown):
        data.insert(
            1 if name is STAYED else len(data),
            {
                "type": "bar", "orientation": "h", "name": name, "y": names, "x": values, "marker": mark,
                "hovertemplate": "%{y}: %{x:,} infusions<extra>" + name + "</extra>",
            },
        )  # fmt: skip
    ends = [sum(plus_shown(line, outcome) for outcome in OUTCOMES) + line.stayed + line.withheld for line in shown]
    rates = [line.leakage_rate.value for line in shown]
    layout = {
        "barmode": "stack",
        "bargap": 0.34,
        "showlegend": False,
        "height": 78 + 30 * len(shown),
        "margin": {"r": 52, "b": 48},
        "xaxis": {
            "title": {"text": "infusions; at the end of a bar its leakage rate", "standoff": 6},
            "nticks": 5, "tickformat": ",", "range": [0, max(ends) * 1.02 or 1],
        },
        "yaxis": {"ticksuffix": "  "},
        "annotations": [
            {
                "x": end, "y": name, "text": "–" if not isinstance(rate, float) else f"{100 * rate:.0f}%",
                "showarrow": False, "xanchor": "left", "xshift": 5,
            }
            for end, name, rate in zip(ends, names, rates, strict=True)
        ],
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 11}}}
