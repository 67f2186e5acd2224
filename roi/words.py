"""What the engine's codes are called in front of people: parts, baselines, line items, and amounts as text."""

from demand.words import line_of_business
from roi.engine import break_even, cash_flow, contributions, drivers, line_month, look_back, worlds
from roi.engine.center_fields import FIELDS
from roi.engine.field import MONEY, PERCENT, WHOLE
from roi.engine.levels import RAMP
from roi.engine.spreads import LABELS

PART_NAMES = {
    cash_flow.MARGIN_KEPT: "Margin kept that would have left",
    cash_flow.MARGIN_KEPT_RISK: "Margin kept that would have left without a policy",
    cash_flow.MARGIN_GIVEN_UP: "Margin given up on those who would stay",
    cash_flow.EFFECT_340B: "340B effect",
    cash_flow.NEW_VOLUME: "New volume",
    cash_flow.COSTS: "Costs",
    cash_flow.WORKING_CAPITAL: "Working capital",
    cash_flow.POLICIES: "Taken by policies in any case",
    cash_flow.RISKS: "Taken by moves without a policy in any case",
}
PART_SHORT_NAMES = PART_NAMES | {
    cash_flow.MARGIN_KEPT: "Margin kept",
    cash_flow.MARGIN_KEPT_RISK: "Kept, no policy",
    cash_flow.RISKS: "Moves, no policy",
    cash_flow.MARGIN_GIVEN_UP: "Margin given up",
    cash_flow.POLICIES: "Policies",
}
PART_SENTENCES = {
    cash_flow.MARGIN_KEPT: "Patients whom policies would have taken come to the new site instead and bring its margin.",
    cash_flow.MARGIN_KEPT_RISK: "Patients likely to leave without a policy, as the claims run forecasts, come to the new site instead.",
    cash_flow.MARGIN_GIVEN_UP: "Patients who would have stayed at the hospital move, and the site earns less (or more) on them.",
    cash_flow.EFFECT_340B: "The hospital's 340B benefit on patients who move, less what the new site has itself.",
    cash_flow.NEW_VOLUME: "Patients of our prescribers who are infused elsewhere in both baselines come to the site.",
    cash_flow.COSTS: "What building, opening and running the site costs.",
    cash_flow.WORKING_CAPITAL: "Money tied up in drugs that are bought before they are paid for.",
    cash_flow.POLICIES: "What payers' policies take from today's margin, whether the site opens or not.",
    cash_flow.RISKS: "What patients who leave without a policy take from today's margin, whether the site opens or not.",
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
    worlds.KEPT_RISK: "Margin at the new site of those who would leave without a policy",
    worlds.NEW: "Margin of new patients",
    worlds.SITE_340B: "340B benefit at the new site",
    worlds.POLICY: "Hospital margin that policies take",
    worlds.POLICY_340B: "Hospital 340B benefit that policies take",
    worlds.RISK: "Hospital margin that moves without a policy take",
    worlds.RISK_340B: "Hospital 340B benefit that moves without a policy take",
    worlds.WORKING_CAPITAL: "Working capital",
    line_month.BOUGHT: "Drugs bought",
}


def line_name(line: str) -> str:
    """A line item's code -> its name; costs and outlays carry the user's own name."""
    for prefix, word in ((worlds.COST, "Cost"), (worlds.OUTLAY, "Outlay")):
        if line.startswith(prefix):
            name = line.removeprefix(prefix).replace("_", " ")
            return f"{word}: {'IT' if name == 'it' else name}"
    return _LINE_NAMES[line]


def group_name(name: str, its_line: str) -> str:
    """A patient group's name with its line of business in words."""
    return name.replace(f", {its_line}, ", f", {line_of_business(its_line)}, ", 1)


def dollars(cents: int) -> str:
    """Cents -> dollars with cents and a true minus sign: −$1,234.50."""
    sign = "−" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


LOWEST_RATE = -0.9  # of return that is told as a number


def irr_text(irr: float | str) -> str:
    """A rate or the word that stands for it: 12.3 %, below −90 %, none, not unique."""
    if isinstance(irr, str):
        return irr
    return "below −90 %" if irr < LOWEST_RATE else f"{irr * 100:.1f} %".replace("-", "−")


def payback_text(month: int | None) -> str:
    if month is None:
        return "not within these months"
    return "at once" if month == 0 else f"month {month}"


def full_text(month: int | None) -> str:
    return f"from month {month}" if month else "never"


def dollars_short(cents: int) -> str:
    """For sentences: −$1.2 million, $840,000; no line ends behind the minus."""
    sign, amount = "−\u2060" if cents < 0 else "", abs(cents) / 100
    if amount >= 999_500:
        return f"{sign}${amount / 1e6:,.1f} million"
    return f"{sign}${amount:,.0f}"


BREAK_EVEN_NAMES = {
    break_even.VOLUME: "Volume, all patient groups alike",
    break_even.MIX: "Payer mix: commercial share of infusions",
    "acquisition_site": "Drug price: what the new site pays for drugs",
    "contract_level": "Drug price: contract prices at the new site",
}
CONTRIBUTION_NAMES = {
    contributions.NEW: "New to us: infused elsewhere today",
    contributions.LEAVING: "Policies make them leave",
    contributions.LIKELY: "Likely to leave without a policy",
    contributions.STAYING: "Would stay at the hospital",
    contributions.SHARED: "Building, staff, space and working capital: shared by all",
}


def contribution_name(name: list[str]) -> str:
    """A payer with its line of business, a therapy, a kind of patient, or what is shared."""
    first, *rest = name
    return f"{first}, {line_of_business(rest[0])}" if rest else CONTRIBUTION_NAMES.get(first, first)


def input_label(key: str) -> str:
    """An input's name, be it asked for, read from the data, or a question of break-even."""
    return LABELS.get(key) or (FIELDS[key].label if key in FIELDS else BREAK_EVEN_NAMES[key])


_DRIVER_NAMES = {
    "move_risk": ("Patients who leave without a policy", "Moves, no policy"),
    "recapture": ("Patients who had left before the opening come back", "Who had left"),
    "capture_staying": ("Patients who could stay prefer the new site", "Preference"),
    "short_staffed": ("Hospital short of staff: patients who could stay come", "Short of staff"),
    "capture_elsewhere": ("Leakage that returns", "Leakage returns"),
    "new_drugs": ("New specialty drugs", "New drugs"),
    "new_referrals": ("New referrals", "New referrals"),
    "growth": ("Growth or decline of volumes", "Growth, decline"),
}


def driver_name(key: str) -> str:
    """A driver of demand: a policy by its code, or an answer."""
    return f"Policy {key.removeprefix(drivers.POLICY)}" if key.startswith(drivers.POLICY) else _DRIVER_NAMES[key][0]


def driver_short_name(key: str) -> str:
    return key.removeprefix(drivers.POLICY) if key.startswith(drivers.POLICY) else _DRIVER_NAMES[key][1]


def break_even_label(key: str) -> str:
    return BREAK_EVEN_NAMES.get(key) or input_label(key)


def short_value(key: str, value: float) -> str:
    """A value without what it is a share of, for tables whose row or head says it: 62 %; $95,000; +2.1 months; 1.5."""
    if key == RAMP:
        return f"{'+' if value > 0 else ''}{_digits(value)} months"
    if key not in FIELDS or FIELDS[key].kind == PERCENT:
        return f"{_digits(value * 100)} %"
    kind = FIELDS[key].kind
    return f"${_digits(value / 100)}" if kind == MONEY else f"{value:,.0f}" if kind == WHOLE else _digits(value)


def input_value(key: str, value: float) -> str:
    """A value in the engine's units, the way people write it: $95,000 a year; 62 %; 2.1 months later."""
    if key == RAMP:
        return "as answered" if not value else f"{abs(value):.1f} months {'later' if value > 0 else 'sooner'}"
    if key == break_even.MIX:
        return f"{_digits(value * 100)} %"
    if key not in FIELDS:
        return f"{_digits(value * 100)} % of what the data say"
    field = FIELDS[key]
    if field.kind == MONEY:
        return f"${_digits(value / 100)}{field.unit.removeprefix('$')}"
    if field.kind == WHOLE:
        return f"{value:,.0f} {field.unit}".strip()
    return f"{_digits(value * (100 if field.kind == PERCENT else 1))} {field.unit}".strip()


def _digits(value: float) -> str:
    """Three significant digits at least, without zeros that say nothing."""
    size = abs(value)
    text = f"{value:,.0f}" if size >= 1000 else f"{value:,.1f}" if size >= 10 else f"{value:,.2f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def chance(share: float) -> str:
    """A share of draws in words: 83 in 100; fewer than 1 in 100."""
    if 0 < share < 0.005:
        return "fewer than 1 in 100"
    if 0.995 < share < 1:
        return "more than 99 in 100"
    return f"{share * 100:.0f} in 100"


ASSUMPTION_NAMES = {
    look_back.OPENING: "Opening month",
    look_back.VOLUME: "Who comes, and how fast",
    look_back.PRICE: "What an infusion is paid",
    look_back.RUNNING: "Running costs",
    look_back.OUTLAYS: "What is spent once",
    look_back.KEPT: "What the hospital keeps",
    look_back.KEPT_PRICE: "What the hospital is paid",
}
