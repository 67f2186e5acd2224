"""White bagging as figures: rates by clinic, drug, payer and month with the log beside them; what channels cost; doses that change; benefits."""

from collections.abc import Sequence

from demand import trace_words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, count_of, dollars, how_many, of_shown, percent, shortened
from demand.engine.disclosure import HIDDEN
from demand.selectors.bag_costs import Burden, ChannelCost, Fragility
from demand.selectors.drug_benefit import KINDS, BenefitLine
from demand.selectors.white_bag import SPLITS, BagLine

BARS = 12
DRAWN_PAYERS = 6
FEWEST_COMPARED = 30  # below it a drug's share of changed doses is not named in the sentence
SHARED = (
    Column("infusions", "Infusions at ours", "count"), Column("white", "White-bagged", "count"), Column("rate", "Rate", "percent"),
    Column("confirmed", "Confirmed", "count"), Column("probable", "Probable", "count"),
    Column("medical", "Billed by a pharmacy, medical benefit", "count"), Column("clear", "Clear bag, our pharmacy", "count"),
    Column("unknown", "Channel not known", "count"), Column("events", "Noted by the clinic", "count"),
    Column("precision", "Precision by the log", "percent"), Column("recall", "Recall by the log", "percent"),
)  # fmt: skip
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


def rates(lines: Sequence[BagLine], split: str, restricted: bool = False) -> Figure:
    """One table: a line a clinic, drug, payer or month. restricted: of what named prescribers ordered and claims told kept or white-bagged."""
    whose = "kept or white-bagged, that named prescribers ordered" if restricted else "whoever ordered them"
    title = f"White-bagged by {SPLITS[split].lower()}"
    columns = (
        (Column(split, SPLITS[split]), *SHARED) if split != "month" else (Column(split, "Month"), Column("data", "Data"), *SHARED)
    )
    rows = tuple(_row(line, split) for line in lines)
    return Figure(
        key=f"white-bag-{split}",
        title=title,
        reading=_reading(lines, split),
        direction="Lower keeps the drug's margin and the clinic's control of the dose." if split == "site" else "",
        table=Table(f"Infusions at sites of ours by {SPLITS[split].lower()}, {whose}", columns, rows[:-1], rows[-1] if rows else None),
        chart=(_months(lines[:-1]) if split == "month" else _bars(lines[:-1])) if lines else None,
        note=f"{_log_note(lines, split)} {HIDDEN_NOTE if any(HIDDEN in row for row in rows) else ''}".strip(),
        folded=split in ("family", "month"),
        metric="white-bag-rate",
        tall=split != "month",
    )  # fmt: skip


HIDDEN_NOTE = "Hidden: a count of 1 to 10 people, or one that would give it away."


def _row(line: BagLine, split: str) -> tuple:
    values = (
        line.infusions, line.white, line.rate, line.confirmed, line.probable, line.medical, line.clear, line.unknown, line.events,
        line.precision, line.recall,
    )  # fmt: skip
    return (line.name, "complete" if line.mature else "not complete", *values) if split == "month" else (line.name, *values)


def _reading(lines: Sequence[BagLine], split: str) -> str:
    if not lines:
        return "No infusion at a site of ours is in this run."
    everything = lines[-1]
    said = (
        f"{count_of(everything.white, everything.infusions)} infusions at our sites ({percent(everything.rate)}) were given from a "
        f"white bag: {how_many(everything.confirmed)} confirmed, {how_many(everything.probable)} probable."
    )
    if split == "month":
        return said
    shown = [line for line in lines[:-1] if isinstance(line.rate, float) and line.infusions >= FEWEST_COMPARED]
    if not shown:
        return said
    most = max(shown, key=lambda line: line.rate)
    highest = f"The highest rate: {most.name}, {percent(most.rate)} of {count(most.infusions)}."
    return f"{said} {of_shown(highest, any(line.rate is HIDDEN for line in lines[:-1]))}"


def _log_note(lines: Sequence[BagLine], split: str) -> str:
    if split != "site":
        return ""
    without = [line.name for line in lines[:-1] if line.events in (None, 0)]
    said = (
        "Confirmed: a pharmacy's claim matches by drug and day. Probable: a fill near the day and no more; or no pharmacy's claim, but the clinic's "
        "note or, where the run has none of the payer, drug stated without a charge, the payer's policy or another such dose of the therapy. "
        "Precision by the log: inferred white bags that the clinic noted too, of those between its first and last note. A log that misses "
        "doses makes it lower than it is. Recall: noted doses that claims show as white-bagged, of all noted."
    )
    return f"{said} No log: {len(without)} of {len(lines) - 1} clinics." if without and lines[-1].events is not HIDDEN else said


def _bars(lines: Sequence[BagLine]) -> dict | None:
    drawn = [line for line in lines if isinstance(line.rate, float)][:BARS]
    if not drawn:
        return None
    names = [shortened(line.name) for line in drawn]

    def part(attribute: str) -> list[float | None]:
        values = [getattr(line, attribute) for line in drawn]
        return [
            None if value is HIDDEN else round(100 * value / line.infusions, 2) for value, line in zip(values, drawn, strict=True)
        ]

    split = not any(HIDDEN in (line.confirmed, line.probable) for line in drawn)
    traces = [("Confirmed", "confirmed", {"color": "var(--c-margin)"}), ("Probable", "probable", {"color": "var(--c-margin)/0.45"})]
    data = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": names, "x": part(attribute), "marker": marker,
            "hovertemplate": "%{y}: %{x:.1f}%<extra>" + name + "</extra>",
        }
        for name, attribute, marker in (traces if split else [("White-bagged", "white", {"color": "var(--c-margin)"})])
    ]  # fmt: skip
    layout = {
        "barmode": "stack", "height": 130 + 28 * len(drawn), "yaxis": {"autorange": "reversed"},
        "xaxis": {"title": {"text": "% of infusions at our sites"}, "ticksuffix": "%", "rangemode": "tozero"},
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"tickfont": {"size": 10}}, "xaxis": {"title": {"text": ""}}}}


def _months(lines: Sequence[BagLine]) -> dict:
    months = [f"{line.name}-01" for line in lines]

    def part(attribute: str) -> list[float | None]:
        values = [(getattr(line, attribute), line.infusions) for line in lines]
        return [None if HIDDEN in pair or not pair[1] else round(100 * pair[0] / pair[1], 2) for pair in values]

    data = [
        {
            "type": "scatter", "mode": "lines", "name": name, "x": months, "y": part(attribute), "line": {"color": color, "width": 2, "dash": dash},
            "hovertemplate": "%{x|%b %Y}: %{y:.1f}%<extra>" + name + "</extra>",
        }
        for name, attribute, color, dash in (
            ("White bag", "white", "var(--c-margin)", "solid"), ("of these billed by a pharmacy", "medical", "var(--c-margin)", "dot"),
            ("Clear bag", "clear", "var(--c-kept)", "dash"), ("Channel not known", "unknown", "var(--c-unknown)", "dashdot"),
        )
    ]  # fmt: skip
    layout = {
        "height": 300, "hovermode": "x", "xaxis": {"type": "date"},
        "yaxis": {"title": {"text": "% of infusions at our sites"}, "ticksuffix": "%", "rangemode": "tozero"},
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"title": {"text": ""}}, "xaxis": {"nticks": 5}}}


def costs(found: Sequence[ChannelCost]) -> Figure:
    columns = (
        Column("channel", "Who bought the drug"), Column("infusions", "Infusions", "count"), Column("waited", "After an order on file", "count"),
        Column("median_wait", "Median days from order to dose", "tenths"), Column("wasted", "With billed waste (JW)", "count"),
        Column("waste_share", "Share with waste", "percent"), Column("waste_units", "JW units", "count"), Column("waste_cents", "Allowed for JW lines", "cents"),
        Column("unpriced", "JW lines without an amount", "count"),
    )  # fmt: skip
    rows = tuple(
        (
            trace_words.SHORT_CHANNELS.get(one.channel, one.channel), one.infusions, one.waited, one.median_wait, one.wasted, one.waste_share,
            one.waste_units, one.waste_cents, one.unpriced,
        )
        for one in found
    )  # fmt: skip
    bought = next((one for one in found if one.channel == "buy_and_bill"), None)
    bagged = next((one for one in found if one.channel == "white_bag"), None)
    reading = "No infusion at a site of ours is in this run."
    if bought:
        reading = f"Payers allowed {dollars(bought.waste_cents)} for drug that we bought and had to throw away, at {percent(bought.waste_share)} of infusions."
    if bagged:
        reading += f" Of white-bagged doses claims show billed waste for {how_many(bagged.wasted)}: what a pharmacy sent and nobody used is on no claim."
    return Figure(
        key="channel-costs", title="Waiting and waste, by who bought the drug", reading=reading,
        direction="Less waiting and less waste are better. Units are billing units, which differ by drug: compare dollars.",
        table=Table("Infusions at sites of ours by channel", columns, rows), metric="waste-by-channel",
    )  # fmt: skip


def burden(found: Burden, dollars_an_hour: float) -> Figure:
    columns = (
        Column("what", "What the clinics noted"), Column("number", "White bags", "count"), Column("known", "of which the log says it", "count"),
        Column("rate", "Share", "percent"), Column("mean", "Mean", "tenths"), Column("unit", "Unit"),
    )  # fmt: skip
    timed = ("Staff minutes noted", found.timed, found.events, None, found.mean_minutes, "minutes each")
    if HIDDEN not in (found.timed, found.events):
        timed = (*timed[:3], found.timed / found.events if found.events else None, *timed[4:])
    rows = (*((one.label, one.number, one.known, one.rate, one.mean, one.unit or "–") for one in found.lines), timed)
    if found.events == 0:
        reading = "The clinics' log is empty: load the pharmacy's white-bag events to see delay, waste and staff time."
    elif found.minutes is None or HIDDEN in (found.minutes, found.events):
        reading = f"The clinics noted {count(found.events)} white bags; their staff time is {'hidden' if found.minutes is HIDDEN else 'not noted'}."
    else:
        reading = (
            f"The clinics noted {count(found.events)} white bags, {count(found.minutes / 60)} hours of staff time: "
            f"{dollars(found.cents(dollars_an_hour))} at ${dollars_an_hour:,.0f} an hour, or {dollars(found.cents(dollars_an_hour) / found.timed)} a bag."
        )
    return Figure(
        key="bag-burden", title="What white bags cost the clinics", reading=reading, direction="Lower is better.",
        table=Table("White bags that the clinics noted, all others are not in it", columns, rows), metric="white-bag-burden",
        note="The hourly cost is an assumption that you can change; $60 is a nurse's planning wage of about $100,000 a year with 28% benefits.",
    )  # fmt: skip


def fragility(lines: Sequence[Fragility], months: int) -> Figure:
    columns = (
        Column("family", "Drug"), Column("compared", "Doses compared", "count"), Column("changed", "Changed", "count"), Column("rate", "Share changed", "percent"),
        Column("rose", "Rose: a dose sent would be too small", "count"), Column("fell", "Fell: part of it would be wasted", "count"),
        Column("changed_cents", "Allowed for changed doses, a year", "cents"),
    )  # fmt: skip
    rows = tuple(
        (
            one.family, one.compared, one.changed, one.rate, one.rose, one.fell,
            HIDDEN if one.changed_cents is HIDDEN else round(one.changed_cents * 12 / months),
        )
        for one in lines
    )  # fmt: skip
    reading = "No dose that we bought can be compared with the person's last one."
    if lines:
        everything = lines[-1]
        reading = (
            f"{count_of(everything.changed, everything.compared)} doses that we bought ({percent(everything.rate)}) differ from the "
            "person's last dose: sent ahead by a pharmacy, they would have been too small or partly wasted."
        )
        shown = [one for one in lines[:-1] if isinstance(one.rate, float) and one.compared >= FEWEST_COMPARED and one.changed]
        if shown:
            most = max(shown, key=lambda one: one.rate)
            often = f"Most often: {most.family}, {percent(most.rate)} of {count(most.compared)}."
            reading += f" {of_shown(often, any(one.rate is HIDDEN for one in lines[:-1]))}"
    drawn = [one for one in lines[:-1] if isinstance(one.rate, float) and one.compared >= FEWEST_COMPARED and one.changed]
    drawn = sorted(drawn, key=lambda one: -one.rate)[:BARS]
    chart = {
        "data": [
            {
                "type": "bar", "orientation": "h", "name": name, "y": [shortened(one.family) for one in drawn], "marker": {"color": color},
                "x": [round(100 * getattr(one, attribute) / one.compared, 2) for one in drawn], "hovertemplate": "%{y}: %{x:.1f}%<extra>" + name + "</extra>",
            }
            for name, attribute, color in (("Rose", "rose", "var(--c-leak)"), ("Fell", "fell", "var(--c-margin)"))
        ],
        "layout": {
            "barmode": "stack", "height": 130 + 28 * len(drawn), "yaxis": {"autorange": "reversed"},
            "xaxis": {"title": {"text": "% of doses compared"}, "ticksuffix": "%", "rangemode": "tozero"},
        },
        "narrow": {"yaxis": {"tickfont": {"size": 10}}, "xaxis": {"title": {"text": ""}}},
    } if drawn else None  # fmt: skip
    return Figure(
        key="dose-changes", title="Doses that change on the day", reading=reading, chart=chart,
        direction="A drug whose dose often changes loses most when a pharmacy must send it ahead.",
        table=Table("Doses bought by our sites, against the person's last dose of the drug (differences of 1% or less are none)", columns, rows[:-1], rows[-1] if rows else None),
        note="Planned changes after the first doses of a therapy are in it.", folded=True, metric="dose-fragility", tall=True,
    )  # fmt: skip


def benefits(lines: Sequence[BenefitLine]) -> Figure:
    columns = (
        Column("payer", "Payer"), Column("half", "Half-year"), Column("doses", "Doses", "count"),
        *(Column(kind, label, "count") for kind, label in KINDS.items()), Column("pharmacy", "Pharmacy benefit in all", "count"), Column("pharmacy_share", "On the pharmacy benefit", "percent"),
    )  # fmt: skip
    rows = tuple(
        (one.payer, one.half, one.doses, *(getattr(one, kind) for kind in KINDS), one.pharmacy, one.pharmacy_share) for one in lines
    )  # fmt: skip
    by_payer: dict[str, list[BenefitLine]] = {}
    for one in lines:
        by_payer.setdefault(one.payer, []).append(one)
    shown = {name: [one for one in mine if isinstance(one.pharmacy_share, float)] for name, mine in by_payer.items()}
    drawn = [name for name, mine in shown.items() if len(mine) > 1][: DRAWN_PAYERS + 1]
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": shortened(name), "x": [one.half for one in shown[name]],
            "y": [round(100 * one.pharmacy_share, 2) for one in shown[name]], "hovertemplate": "%{x}: %{y:.1f}%<extra>%{fullData.name}</extra>",
            "line": {"width": 4 if name == "All payers" else 2, "dash": dash, "color": color},
        }
        for name, dash, color in zip(drawn, DASHES, LINE_COLORS, strict=False)
    ]  # fmt: skip
    layout = {
        "height": 340, "yaxis": {"title": {"text": "% of doses on the pharmacy benefit"}, "ticksuffix": "%", "rangemode": "tozero"},
        "xaxis": {"type": "category"},
    }  # fmt: skip
    whole = shown.get("All payers") or []
    reading = "Nothing can be said of benefits: no dose of these drugs is in the run, or few people have one."
    if whole:
        first, last = whole[0], whole[-1]
        way = "rose" if last.pharmacy_share > first.pharmacy_share else "fell"
        reading = (
            f"The pharmacy benefit's share of doses {way} from {percent(first.pharmacy_share)} ({count(first.doses)} doses, {first.half}) "
            f"to {percent(last.pharmacy_share)} ({count(last.doses)} doses, {last.half})."
        )
    return Figure(
        key="benefit-shift", title="The same drugs on the medical and the pharmacy benefit", reading=reading,
        direction="A rising share is drug margin that leaves, also where the patient stays. The last half-year may not be complete.",
        table=Table("Doses of the drugs that are infused, of everybody in the feeds, by payer and half-year", columns, rows),
        chart={"data": data, "layout": layout, "narrow": {"yaxis": {"title": {"text": ""}}}} if data else None,
        note="Fills arrive sooner than medical claims and may hold several doses. " + (HIDDEN_NOTE if any(HIDDEN in row for row in rows) else ""),
        folded=True, metric="benefit-share",
    )  # fmt: skip


LINE_COLORS = (
    "var(--ink)", "var(--c-kept)", "var(--c-leak)", "var(--c-margin)", "var(--c-partner)", "var(--c-unknown)", "var(--line-strong)",
)  # fmt: skip
