"""Names for people of the codes that tables carry."""

from sites.models import Site

OUTCOMES = {
    "kept": "Kept",
    "margin_leak": "White-bagged",
    "partner": "At a partner",
    "site_leak": "Left the system",
    "unknown": "Unknown",
}
OWNERSHIPS = {"owned": "ours", "partner": "partner", "other": "other"}
SITE_CLASSES = {
    **{choice.value: str(choice.label) for choice in Site.SiteClass},
    "home": "Home",
    "inpatient": "Inpatient",
    "emergency": "Emergency department",
    "unknown": "Site not known",
}
LINES_OF_BUSINESS = {
    "commercial": "Commercial",
    "medicare": "Medicare",
    "medicare_advantage": "Medicare Advantage",
    "medicaid": "Medicaid",
    "exchange": "Exchange",
    "other": "Other",
    "unknown": "Not known",
}


def site_class(code: str | None) -> str:
    return SITE_CLASSES.get(code or "unknown", str(code))


def line_of_business(code: str) -> str:
    return LINES_OF_BUSINESS.get(code, code)


def named(code: str | None) -> str:
    """A payer, therapy or market as the data names it."""
    return "Not known" if code in (None, "", "unknown") else str(code)


def joined(parts: list[str]) -> str:
    """['a', 'b', 'c'] -> 'a, b and c'"""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def lower_first(text: str) -> str:
    """'ZIP codes' stay as they are inside: 'New ZIP' -> 'new ZIP'"""
    return text[:1].lower() + text[1:]
