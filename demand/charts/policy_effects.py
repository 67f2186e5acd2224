"""A policy's effect drawn beside what the two groups did before it; with the table and a sentence that claims no more than it knows."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import percent
from demand.engine.disclosure import HIDDEN
from demand.selectors.policy_effects import EffectOf

GROUPS = (("bound", "Bound by the policy", "var(--c-leak)"), ("comparable", "Comparable, other payers", "var(--c-kept)"))
NO_CAUSE = "Not a cause by itself: whatever else happened to these people at that time is in it."


def effect(found: EffectOf) -> Figure:
    columns = (
        Column("begins_on", "90 days from", "date"),
        Column("when", "Window"),
        Column("bound", "Bound", "count"),
        Column("bound_moved", "of them moved", "count"),
        Column("bound_share", "Share", "percent"),
        Column("comparable", "Comparable", "count"),
        Column("comparable_moved", "of them moved", "count"),
        Column("comparable_share", "Share", "percent"),
        Column("difference", "Difference", "percent"),
        Column("low", "At least", "percent"),
        Column("high", "At most", "percent"),
    )
    rows = tuple(
        (
            one.begins_on,
            "after the policy" if one.is_effect else "before it",
            *tuple(getattr(one, column.key) for column in columns[2:]),
        )
        for one in found.windows
    )
    drawn = any(one.bound_share not in (HIDDEN, None) or one.comparable_share not in (HIDDEN, None) for one in found.windows)
    return Figure(
        key="effect",
        title=f"{found.policy_id}: share that moved, before and after",
        reading=reading(found),
        direction="Where the lines ran alike before the policy and part after it, the policy is the likelier reason. Lower is better for us.",
        table=Table("People who moved within 90 days; intervals are 95 % (Newcombe)", columns, rows),
        chart=_chart(found) if drawn else None,
        note=_note(found),
        metric="policy-effect",
    )


def reading(found: EffectOf) -> str:
    effect = found.effect
    if found.verdict == "too few":
        return "Too few people to tell: one of the two groups has fewer than 20."
    if found.verdict == "incomplete":
        return "Not to be told yet: claims for the 90 days after the policy’s date are not complete."
    if effect.difference is HIDDEN:
        return "What this policy did rests on counts too small to be shown without the patient-level right."
    sure = (
        "The interval leaves out zero"
        if effect.low > 0 or effect.high < 0
        else "The interval includes zero: chance alone may have made it"
    )
    return (
        f"{percent(effect.bound_share)} of {effect.bound:,} people bound moved within 90 days, {percent(effect.comparable_share)} of "
        f"{effect.comparable:,} comparable ones: {_points(effect.difference)} points apart (95 % interval {_points(effect.low)} to "
        f"{_points(effect.high)}). {sure}. {_before(found)}{NO_CAUSE}"
    )


def _before(found: EffectOf) -> str:
    if found.change is HIDDEN:
        return "What the groups did before rests on counts too small to be shown. "
    if found.change is None:
        return "" if found.before else "No claims from before the policy show whether the groups moved alike. "
    return f"Less the difference that they had before: {_points(found.change)} points ({_points(found.change_low)} to {_points(found.change_high)}). "


def _note(found: EffectOf) -> str:
    compared = ", ".join(found.comparators) or "nobody"
    lines = ", ".join(found.clinical_lines) or "no therapy"
    others = sorted({policy for one in found.windows for policy in one.policies_of_others})
    said = f"Compared with people of {compared}, on drugs of the same class ({lines}), at sites that the policy excludes."
    if others:
        said += f" Other payers’ policies on these drugs began near some of the windows and move comparable people too: {', '.join(others)}."
    return said


def _points(share: float) -> str:
    return f"{100 * share:.1f}".replace("-", "−")


def _chart(found: EffectOf) -> dict:
    days = [one.begins_on.isoformat() for one in found.windows]
    lines = []
    for key, name, color in GROUPS:
        shares = [getattr(one, f"{key}_share") for one in found.windows]
        lines.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": name, "x": days,
                "y": [None if share in (HIDDEN, None) else round(100 * share, 2) for share in shares],
                "line": {"color": color, "width": 2}, "marker": {"size": 7},
                "hovertemplate": f"90 days from %{{x}}<br>{name}: %{{y:.1f}}%<extra></extra>",
            }
        )  # fmt: skip
    start = found.effect.begins_on.isoformat()
    return {
        "data": lines,
        "layout": {
            "xaxis": {"type": "date", "tickvals": days, "tickformat": "%b %Y", "title": {"text": "90 days from"}},
            "yaxis": {"rangemode": "tozero", "ticksuffix": "%", "title": {"text": "moved within 90 days"}},
            "height": 340, "legend": {"y": -0.32},
            "shapes": [
                {"type": "line", "x0": start, "x1": start, "y0": 0, "y1": 1, "yref": "paper",
                 "line": {"color": "var(--line-strong)", "dash": "dot", "width": 1.5}}
            ],
        },
        "narrow": {"yaxis": {"title": {"text": ""}}},
    }  # fmt: skip
