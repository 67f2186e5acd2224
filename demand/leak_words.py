"""Mechanisms, reasons, places and prescriber groups of leakage in plain words."""

from demand import words
from demand.trace_words import REASONS

KINDS = {"left": "Left the system", "bagged": "White-bagged at our site", "silent": "Fell silent"}
MECHANISMS = {
    "moved_out": "Moved away from our sites",
    "never_captured": "Never came to us",
    "visiting": "Single visit elsewhere",
    "unknown": "Cannot be told",
    "white_bagged": "White-bagged at our site",
    "benefit_shift": "Went to self-injection",
    "dark": "Dark: overdue, nothing seen",
}
BY = {
    "payer": "Payer",
    "line_of_business": "Line of business",
    "clinical_line": "Clinical line",
    "family": "Therapy",
    "market": "Market",
    "month": "Month",
    "specialty": "Prescribers’ specialty",
    "relation": "Prescribers’ tie to us",
    "prescriber_market": "Prescribers’ market",
}
RESOLUTIONS = {
    "moved": "Moved: infused elsewhere before",
    "stopped": "Stopped, with evidence",
    "not_enrolled": "No longer enrolled",
    "feed_immature": "Too early to say: claims still coming in",
    "unknown": "Unknown: nothing seen",
}


def reason(code: str) -> str:
    said = REASONS.get(code, code.replace("_", " ") or "not told")
    return said[:1].upper() + said[1:]


def place(code: tuple[str, str, str, str]) -> str:
    """(site class, ownership, owner, payer affiliation) -> “Home, HomeRx (Birch Mutual)”"""
    site_class, ownership, owner, affiliation = code
    if site_class == "self_injection":
        return "At home, by self-injection"
    if ownership == "unknown":
        return "Not known"
    whose = "ours" if ownership == "owned" else words.named(owner) if owner else "owner not known"
    return f"{words.site_class(site_class)}, {whose}" + (f" ({affiliation})" if affiliation else "")


def value(by: str, code) -> str:
    """A value of a dimension; months are written by their table."""
    if by == "line_of_business":
        return words.line_of_business(code)
    return code if by == "month" else words.named(code) if by != "relation" else words.named(code).capitalize()
