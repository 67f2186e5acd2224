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
PART_SHORT_NAMES = PART_NAMES | {
    cash_flow.MARGIN_KEPT: "Margin kept",
    cash_flow.MARGIN_GIVEN_UP: "Margin given up",
    cash_flow.POLICIES: "Policies",
}
PART_SENTENCES = {
    cash_flow.MARGIN_KEPT: "Patients whom policies would have taken come to the new site instead and bring its margin.",
    cash_flow.MARGIN_GIVEN_UP: "Patients who would have stayed at the hospital move, and the site earns less (or more) on them.",
    cash_flow.EFFECT_340B: "The hospital's 340B benefit on patients who move, less what the new site has itself.",
    cash_flow.NEW_VOLUME: "Patients of our prescribers who are infused elsewhere in both baselines come to the site.",
    cash_flow.COSTS: "What building, opening and running the site costs.",
    cash_flow.WORKING_CAPITAL: "Money tied up in drugs that are bought before they are paid for.",
    cash_flow.POLICIES: "What payers' policies take from today's margin, whether the site opens or not.",
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
    """A rate or the word that stands for it: 12.3 %, below −90 %, none, not unique."""
    if isinstance(irr, str):
        return irr
    return "below −90 %" if irr < -0.9 else f"{irr * 100:.1f} %".replace("-", "−")


def payback_text(month: int | None) -> str:
    if month is None:
        return "not within these months"
    return "at once" if month == 0 else f"month {month}"


def dollars_short(cents: int) -> str:
    """For sentences: −$1.2 million, $840,000."""
    sign, amount = "−" if cents < 0 else "", abs(cents) / 100
    if amount >= 999_500:
        return f"{sign}${amount / 1e6:,.1f} million"
    return f"{sign}${amount:,.0f}"
