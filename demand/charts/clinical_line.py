"""The retention line as figures: rule by rule who stays, and who crosses when it moves; with tables and sentences."""

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, how_many, shortened
from demand.engine.disclosure import HIDDEN
from demand.engine.drug_suitability import CRITERIA
from demand.engine.retention_line import KINDS, Criterion
from demand.engine.verdicts import Reason
from demand.selectors.clinical_line import Answer

VERDICT_WORDS = {
    "must_stay": "Must stay in the hospital",
    "may_move": "May move",
    "should_not": "Drug not suitable there",
    "not_enough_data": "Not enough data",
}


def rule_words(criterion: Criterion) -> str:
    """A criterion with its thresholds, in a few words."""
    said = "; ".join(
        one.words.lower() if one.is_switch else f"{one.words.lower()} {criterion[one.name]}"
        for one in criterion.kind.thresholds
        if criterion[one.name] not in (None, 0)
    )
    return f"{criterion.kind.label} ({said})" if said else criterion.kind.label


def attrition(answer: Answer, restricted: bool) -> Figure:
    """People caught rule by rule, and what remains; the last rows are those the drug, or missing data, keeps from a yes."""
    columns = (
        Column("rule", "Rule, in order"), Column("people", "People it keeps", "count"), Column("remaining", "People who remain", "count"),
    )  # fmt: skip
    rows = [(rule_words(one.criterion), one.people, one.remaining) for one in answer.attrition]
    left = answer.attrition[-1].remaining if answer.attrition else answer.people
    should_not, missing = answer.counts["should_not"], answer.counts["not_enough_data"]
    after = _less(left, should_not)
    rows += [
        (VERDICT_WORDS["should_not"], should_not, after),
        (VERDICT_WORDS["not_enough_data"], missing, answer.counts["may_move"]),
    ]
    rounded = (
        " Numbers are rounded to tens and slightly perturbed to protect single people; they do not add up exactly."
        if restricted
        else ""
    )
    return Figure(
        key="attrition",
        title="Rule by rule",
        reading=_reading(answer),
        table=Table(
            "Each person is counted under the first rule that holds, by the strictest of their drugs", columns, tuple(rows)
        ),
        chart=_chart(
            [
                *((one.criterion.kind.label, one.people) for one in answer.attrition),
                *((label, people) for label, people, _ in rows[-2:]),
            ]
        ),
        direction="No direction is good in itself: a rule should keep whom it is meant for, and nobody else.",
        note=f"People in question: {count(answer.people)}.{rounded}",
        metric="clinical-line",
        tall=True,
    )


def _less(whole, part):
    return HIDDEN if HIDDEN in (whole, part) else max(0, whole - part)


def _reading(answer: Answer) -> str:
    stay, move = answer.counts["must_stay"], answer.counts["may_move"]
    shown = [one for one in answer.attrition if one.people is not HIDDEN and one.people]
    # Rounded counts are often alike: then no single rule keeps most.
    top = [one for one in shown if one.people == max(other.people for other in shown)]
    rules = words.joined([one.criterion.kind.label.lower() for one in top])
    most = f" Most of them by {rules} ({count(top[0].people)}{' each' if len(top) > 1 else ''})." if top else ""
    return f"Of {count(answer.people)} people, {how_many(stay)} must stay in the hospital and {how_many(move)} may move.{most}"


def _chart(rows: list[tuple]) -> dict | None:
    shown = [(label, people) for label, people in reversed(rows) if people is not HIDDEN]
    if not any(people for _, people in shown):
        return None
    return {
        "data": [
            {
                "type": "bar", "orientation": "h", "y": [shortened(label) for label, _ in shown], "x": [people for _, people in shown],
                "marker": {"color": "var(--c-kept)"}, "hovertemplate": "%{y}: %{x:,} people<extra></extra>",
            }
        ],
        "layout": {"xaxis": {"title": {"text": "people"}, "rangemode": "tozero", "tickformat": ",d"}, "yaxis": {"type": "category"}, "bargap": 0.3},
        "narrow": {"xaxis": {"nticks": 4}},
    }  # fmt: skip


def crossings(answer: Answer) -> list[Table]:
    """Who crosses, by payer and by drug."""
    made = []
    for label, found in (("Payer", answer.by_payer), ("Drug", answer.by_family)):
        columns = (
            Column("name", label), Column("freed", "May move now", "count"), Column("held", "Held now", "count"),
        )  # fmt: skip
        caption = f"People who cross, by {label.lower()}; who has two stands in both"
        made.append(Table(caption, columns, tuple((one.name, one.freed, one.held) for one in found)))
    return made


def effects(answer: Answer) -> Table:
    """What the crossing does, in a year."""
    columns = (
        Column("what", "Of those who cross"), Column("freed", "May move now", "count"), Column("held", "Held now", "count"),
    )  # fmt: skip
    freed, held = answer.freed, answer.held
    rows = (
        ("People", freed.people, held.people),
        ("Infusions", freed.infusions, held.infusions),
        ("Allowed amount, dollars", _dollars(freed.allowed_cents), _dollars(held.allowed_cents)),
        ("Chair-hours", freed.chair_hours, held.chair_hours),
        ("Miles traveled today, there and back", freed.miles_today, held.miles_today),
        ("Miles to the nearest such site, there and back", freed.miles_then, held.miles_then),
        ("Emergency visits and stays on the day of an infusion or the next, last 365 days", freed.events, held.events),
    )
    return Table("What those who cross receive in a year, at today's intervals, amounts and sites", columns, rows)


def _dollars(cents):
    return cents if cents is None or cents is HIDDEN else cents / 100


def reason_words(reason: Reason, names: dict[str, str]) -> str:
    """A reason as a page says it; names: what diagnosis codes are called."""
    labels = [KINDS[code].label if code in KINDS else CRITERIA.get(code, code) for code in reason.code.split(", ")]
    if reason.evidence.startswith("condition: "):
        return f"On condition ({', '.join(labels)}): {reason.evidence.removeprefix('condition: ')}"
    shown = f"{reason.diagnosis} {names[reason.diagnosis]}" if reason.diagnosis in names else reason.diagnosis
    return f"{', '.join(labels)}: {', '.join(filter(None, (shown, reason.evidence)))}"
