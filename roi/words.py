"""What the engine's codes are called in front of people: parts, baselines, line items, and amounts as text."""

from roi.engine import cash_flow, worlds

PART_NAMES = {
    cash_flow.MARGIN_KEPT: "Margin kept that would have left",
    cash_flow.MARGIN_GIVEN_UP: "Margin given up on those who would stay",
    cash_flow.EFFECT_340B: "340B effect",
    cash_flow.NEW_VOLUME: "New volume",
    cash_flow.COSTS: "Costs",
    cash_flow.WORKING_CAPITAL: "Working capital",
    cash_flow.POLICIES: "Taken by policies in any case",
}
BASELINE_NAMES = {worlds.DO_NOTHING: "Do nothing", worlds.TODAY: "Today unchanged"}
BASELINE_SENTENCES = {
    worlds.DO_NOTHING: "Policies take effect as scheduled and the patients they reach leave.",
    worlds.TODAY: "No policy ever takes effect and every patient stays.",
}
_LINE_NAMES = {
    worlds.HOSPITAL: "Hospital margin",
    worlds.HOSPITAL_340B: "Hospital 340B benefit",
    worlds.MOVED: "Margin at the new site of those who would stay",
    worlds.KEPT: "Margin at the new site of those who would leave",
    worlds.NEW: "Margin of new patients",
    worlds.SITE_340B: "340B benefit at the new site",
    worlds.POLICY: "Hospital margin that policies take",
    worlds.POLICY_340B: "Hospital 340B benefit that policies take",
    worlds.WORKING_CAPITAL: "Working capital",
}


def line_name(line: str) -> str:
    """A line item's code -> its name; costs and outlays carry the user's own name."""
    for prefix, word in ((worlds.COST, "Cost"), (worlds.OUTLAY, "Outlay")):
        if line.startswith(prefix):
            return f"{word}: {line.removeprefix(prefix).replace('_', ' ')}"
    return _LINE_NAMES[line]


def dollars(cents: int) -> str:
    """Cents -> dollars with cents and a true minus sign: −$1,234.50."""
    sign = "−" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def irr_text(irr: float | str) -> str:
    """A rate or the word that stands for it: 12.3 %, none, not unique."""
    return irr if isinstance(irr, str) else f"{irr * 100:.1f} %".replace("-", "−")


def payback_text(month: int | None) -> str:
    if month is None:
        return "not in time"
    return "at once" if month == 0 else f"month {month}"
