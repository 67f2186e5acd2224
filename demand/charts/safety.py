"""Safety and quality by class of site: rates with their intervals, adherence, moves that bounced back, policies before and after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, count_of, how_many, percent
from demand.engine.disclosure import HIDDEN
from demand.engine.standardised_rates import differs
from demand.selectors.bounce_back import AFTER_DAYS, FLAGS, RETURN_DAYS, Bounces
from demand.selectors.policy_safety import WITHIN_DAYS, PolicySafety, Side
from demand.selectors.safety import KINDS, PERSIST_DAYS, SLACK_DAYS, ClassRate
from demand.selectors.white_bag import share

NO_COMPARATOR = "No national comparator: home infusions are in no national quality report (CMS, Leapfrog)."
HIDDEN_NOTE = "Hidden: events of 1 to 10 people, or a count that would give them away."


def _place(code: str) -> str:
    return words.site_class(code)


def rates(lines: Sequence[ClassRate], kind: str, within: int) -> Figure:
    name = KINDS[kind][1]
    when = "on the day or the next" if within == 1 else f"within {within} days"
    columns = (
        Column("site_class", "Class of site"), Column("cases", "Infusions", "count"), Column("events", "Followed by it", "count"), Column("raw", "Per 1,000", "tenths"),
        Column("low", "at least", "tenths"), Column("high", "at most", "tenths"), Column("adjusted", "Adjusted, per 1,000", "tenths"),
        Column("adjusted_low", "at least", "tenths"), Column("adjusted_high", "at most", "tenths"),
    )  # fmt: skip
    rows = tuple((_place(one.site_class), one.cases, one.events, *_limits(one.raw), *_limits(one.adjusted)) for one in lines)
    notes = [NO_COMPARATOR] if any(one.site_class == "home" for one in lines) else []
    if any(HIDDEN in row for row in rows):
        notes.append(HIDDEN_NOTE)
    return Figure(
        key=f"safety-{kind}", title=f"{name}, {when}", reading=_reading(lines, name.lower(), when), direction="Lower is better. Lines are 95% intervals. The sentence holds each class against the most used one: beyond chance is a difference that is too large for 5% shared among the comparisons (z test, Bonferroni).",
        table=Table(f"Infusions followed by: {name.lower()}, {when}; raw, and adjusted to everybody's mix of cases", columns, rows),
        chart=_dots(lines), note=" ".join(notes), metric="safety-rate",
    )  # fmt: skip


def _limits(rate) -> tuple:
    return (rate,) * 3 if rate is HIDDEN or rate is None else tuple(1000 * one for one in rate)


def _reading(lines: Sequence[ClassRate], name: str, when: str) -> str:
    if not lines:
        return "No infusion can be followed for 30 complete days yet."
    most = lines[0]
    where = f"At the most used class of site ({_place(most.site_class)})"
    if most.raw is HIDDEN:
        return f"{where} how many infusions were followed by {name} may not be shown: few people."
    said = f"{where} {count_of(most.events, most.cases)} infusions ({_thousand(most.raw)} in 1,000) were followed by {name} {when}."
    apart, compared = _compared(lines, thousand)
    return f"{said} {compared}" + "".join(
        f" Home: {_home(one)}." for one in lines[1:] if one.site_class == "home" and one not in apart
    )


def _compared(lines: Sequence[ClassRate], told: Callable[[tuple], str]) -> tuple[list[ClassRate], str]:
    """Which classes differ from the most used one by more than chance, adjusted, and the sentence on it."""
    most = lines[0]
    others = [one for one in lines[1:] if one.adjusted not in (None, HIDDEN) and most.adjusted not in (None, HIDDEN)]
    apart = [one for one in others if differs(one.adjusted, most.adjusted, len(others))]
    if apart:
        said = [
            f"{_place(one.site_class)} is {'higher' if one.adjusted[0] > most.adjusted[0] else 'lower'} ({told(one.adjusted)})"
            for one in apart
        ]
        return apart, f"Adjusted for the mix of cases, {words.joined(said)} than chance explains."
    if others:
        return (
            [],
            "Adjusted for the mix of cases, no other class that may be shown is told apart from it: chance alone may explain how they differ.",
        )
    return [], "No other class can be held against it."


def _home(line: ClassRate) -> str:
    if line.adjusted is HIDDEN:
        return "too few to show"
    return f"{thousand(line.adjusted)}, adjusted" if line.adjusted else "too few to tell"


def thousand(rate: tuple) -> str:
    """(rate, lower, upper limit) -> “2.1 in 1,000, 95% interval 1.0 to 4.2”"""
    return f"{_thousand(rate)} in 1,000, 95% interval {1000 * rate[1]:,.1f} to {1000 * rate[2]:,.1f}"


def _thousand(rate: tuple) -> str:
    return f"{1000 * rate[0]:,.1f}"


def _dots(lines: Sequence[ClassRate], per: int = 1000, of: str = "of 1,000 infusions") -> dict | None:
    """Raw and adjusted rates with their intervals, so many in `per`."""
    drawn = [one for one in lines if one.raw not in (None, HIDDEN)]
    if not drawn:
        return None
    data = []
    for name, attribute, symbol, color in (
        ("Raw", "raw", "circle-open", "var(--c-unknown)"),
        ("Adjusted", "adjusted", "circle", "var(--c-kept)"),
    ):
        mine = [one for one in drawn if getattr(one, attribute)]
        rate = [[per * value for value in getattr(one, attribute)] for one in mine]
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": name, "y": [_place(one.site_class) for one in mine], "x": [round(value, 3) for value, *_ in rate],
                "error_x": {
                    "type": "data", "symmetric": False, "array": [round(max(0.0, high - value), 3) for value, _, high in rate],
                    "arrayminus": [round(max(0.0, value - low), 3) for value, low, _ in rate], "color": color, "thickness": 1.5, "width": 5,
                },
                "marker": {"size": 9, "symbol": symbol, "color": color, "line": {"color": color, "width": 2}},
                "hovertemplate": "%{y}: %{x:.1f} " + of + "<extra>" + name + "</extra>",
            }
        )  # fmt: skip
    # Beside hundreds of thousands of infusions an interval of nine would make everything else a dot.
    known = [per * one.raw[2] for one in drawn if one.cases >= 100]
    layout = {
        "height": 130 + 34 * len(drawn), "scattermode": "group", "yaxis": {"autorange": "reversed", "type": "category"},
        "xaxis": {"title": {"text": of}, "range": [0, min(per, 1.25 * max(known or [per * one.raw[2] for one in drawn]))]},
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"tickfont": {"size": 10}}, "xaxis": {"title": {"text": ""}}}}


def adherence(found: Mapping[str, Sequence[ClassRate]]) -> list[Figure]:
    """Late doses, missed doses, days covered, persistence: each raw and adjusted, by class of site."""
    return [_adherence(found[measure], said) for measure, said in ADHERENCE_WORDS.items()]


@dataclass(frozen=True)
class Said:
    """How a measure of adherence is spoken of: the figure's key and title, what is counted of what, which way is good."""

    key: str
    title: str
    cases: str
    events: str
    sentence: str
    direction: str
    fewest: str = "30 doses"


LESS, MORE = "Lower is better.", "Higher is better."
ADHERENCE_WORDS = {
    "late": Said("late-doses", "Late doses", "Doses with a next one", "Next one late", f"of next doses came more than {SLACK_DAYS} days late", LESS),
    "missed": Said("missed-doses", "Missed doses", "Doses with a next one", "A dose missed", "of next doses came after a whole one was missed", LESS),
    "covered": Said("days-covered", "Days covered", "Days between doses", "Covered", "of the days between doses were covered by the last one", MORE),
    "persisted": Said("persistence", f"Persistence after {PERSIST_DAYS} days", "New starts", "Still treated", f"of new starts were still treated after {PERSIST_DAYS} days", MORE, "11 new starts"),
}  # fmt: skip


def _adherence(lines: Sequence[ClassRate], said: Said) -> Figure:
    columns = (
        Column("site_class", "Class of site"), Column("cases", said.cases, "count"), Column("events", said.events, "count"),
        Column("raw", "Share", "percent"), Column("low", "at least", "percent"), Column("high", "at most", "percent"),
        Column("adjusted", "Adjusted", "percent"), Column("adjusted_low", "at least", "percent"), Column("adjusted_high", "at most", "percent"),
    )  # fmt: skip
    rows = tuple((_place(one.site_class), one.cases, one.events, *_parts(one.raw), *_parts(one.adjusted)) for one in lines)
    few = [_place(one.site_class) for one in lines if one.raw is None]
    notes = [f"Too few to tell (fewer than {said.fewest}): {words.joined(few)}."] if few else []
    notes += [HIDDEN_NOTE] if any(HIDDEN in row for row in rows) else []
    whose = "of the first dose" if said.key == "persistence" else "of the dose before"
    return Figure(
        key=said.key, title=said.title, reading=_adherence_reading(lines, said), direction=f"{said.direction} Lines are 95% intervals.",
        table=Table(f"{said.events} of {words.lower_first(said.cases)}, by the class of site {whose}; raw, and adjusted to everybody's mix of cases", columns, rows),
        chart=_dots(lines, 100, "percent"), note=" ".join(notes), metric="adherence", folded=True,
    )  # fmt: skip


def _parts(rate) -> tuple:
    return (rate,) * 3 if rate is HIDDEN or rate is None else rate


def _adherence_reading(lines: Sequence[ClassRate], said: Said) -> str:
    if not lines:
        return "Nobody can be followed long enough yet."
    most = lines[0]
    where = f"At the most used class of site ({_place(most.site_class)})"
    if most.raw is HIDDEN:
        return f"{where} this may not be shown: few people."
    if most.raw is None:
        return f"{where} there are too few to tell (fewer than {said.fewest})."
    _, compared = _compared(lines, _percents)
    return f"{where} {percent(most.raw[0])} {said.sentence} ({count_of(most.events, most.cases)}). {compared}"


def _percents(rate: tuple) -> str:
    return f"{percent(rate[0])}, 95% interval {percent(rate[1])} to {percent(rate[2])}"


def ledger(lines: Sequence[Bounces]) -> Figure:
    columns = (
        Column("to_class", "Moved to"), Column("moves", "Moves", "count"),
        *(column for flag, label in FLAGS.items() for column in (Column(flag, label, "count"), Column(f"{flag}_share", "Share", "percent"))),
    )  # fmt: skip
    rows = tuple(
        (
            "All" if one.to_class == "all" else _place(one.to_class), one.moves,
            *(value for number in one.numbers.values() for value in (number, share(number, one.moves))),
        )
        for one in lines
    )  # fmt: skip
    reading = "No move away from the hospital can be followed for 30 complete days yet."
    if lines:
        everything = lines[-1]
        numbers = {flag: how_many(value) for flag, value in everything.numbers.items()}
        reading = (
            f"Of {count(everything.moves)} moves away from hospital sites {numbers['late']} began with a late dose, {numbers['hospital']} were followed by an "
            f"emergency visit or admission within {AFTER_DAYS} days, and in {numbers['returned']} the person was back at a hospital site within {RETURN_DAYS}."
        )
    return Figure(
        key="bounce-back", title="After each move: what bounced back", reading=reading, direction="Fewer is better. Each event is counted once, with the person's last move before it.",
        table=Table(f"Moves from hospital outpatient departments, and what followed within {AFTER_DAYS} days ({RETURN_DAYS} for a return)", columns, rows[:-1], rows[-1] if rows else None),
        note="Back after one dose may have been a single visit elsewhere from the start. " + (HIDDEN_NOTE if any(HIDDEN in row for row in rows) else ""), metric="bounce-back",
    )  # fmt: skip


def bounced_list(found: Sequence[tuple]) -> Figure:
    columns = (
        Column("moved_on", "Moved on", "date"), Column("person", "Person's number in this run"), Column("family", "Drug"), Column("payer", "Payer"),
        Column("to_class", "Moved to"), Column("followed", "What followed", "prose"),
    )  # fmt: skip
    rows = tuple(
        (
            day,
            person,
            family,
            payer,
            _place(place),
            "; ".join(words.lower_first(FLAGS[flag]) for flag in flags if flag != "one_dose"),
        )
        for day, person, family, payer, place, flags in found
    )
    return Figure(
        key="bounce-back-list", title="Moves with something that followed", reading=f"{count(len(rows))} moves, for people with the patient-level right; do not pass it on.",
        table=Table("One line a move", columns, rows), folded=True,
    )  # fmt: skip


def policies(found: Sequence[PolicySafety]) -> Figure:
    columns = (
        Column("policy", "Policy"), Column("from", "First day", "date"), Column("days", "Days each side", "count"),
        *(
            Column(f"{side}_{key}", f"{label}, {side}", kind)
            for key, label, kind in (("due", "Doses with a next one", "count"), ("late", "of them late", "count"), ("late_share", "Late", "percent"), ("infusions", "Infusions", "count"), ("visits", f"Hospital within {WITHIN_DAYS} days", "count"), ("visit_share", "Share", "percent"))
            for side in ("before", "after")
        ),
        Column("reports", "Reports in the providers' log", "count"),
    )  # fmt: skip
    rows = tuple(
        (f"{one.policy_id}, {one.payer}", one.effective_from, one.days, *(value for pair in zip(_side(one.before), _side(one.after), strict=True) for value in pair), one.reports)
        for one in found
    )  # fmt: skip
    known = [one for one in found if HIDDEN not in (one.before.late, one.after.late, one.before.due, one.after.due)]
    reading = "No site policy on file has 30 complete days before and after its first day, or it exposes nobody."
    if found:
        reading = f"{len(found)} site {'policy has' if len(found) == 1 else 'policies have'} complete days on both sides."
    if known:
        most = max(known, key=lambda one: one.after.due)
        reading += f" Most people: {most.policy_id}, late doses {percent(share(most.before.late, most.before.due))} of {count(most.before.due)} before and {percent(share(most.after.late, most.after.due))} of {count(most.after.due)} after."
    return Figure(
        key="policy-safety", title="Disruptions before and after a policy", reading=reading, direction="A rise after the first day asks for a closer look; it proves no cause.",
        table=Table("People whom the policy exposes, and its drugs", columns, rows), folded=True, metric="policy-safety",
        note=HIDDEN_NOTE if any(HIDDEN in row for row in rows) else "",
    )  # fmt: skip


def _side(one: Side) -> tuple:
    return one.due, one.late, share(one.late, one.due), one.infusions, one.visits, share(one.visits, one.infusions)
