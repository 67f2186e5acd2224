"""Names for people of the codes that a policy's document carries (payers.engine.policies)."""

from payers.engine.policy_words import (
    CLAUSES,
    CLINICAL_EXCEPTIONS,
    DRUG_SOURCES,
    FUNDING,
    KINDS,
    LINES_OF_BUSINESS,
    STARTS,
    STATUSES,
    VERDICTS,
)
from sites.models import Site

__all__ = ["CLINICAL_EXCEPTIONS", "DRUG_SOURCES", "FUNDING", "KINDS", "LINES_OF_BUSINESS", "STARTS", "STATUSES", "VERDICTS"]

SITE_CLASSES = {
    **{choice.value: str(choice.label).lower() for choice in Site.SiteClass},
    "home": "home",
    "unknown": "site not known",
}
_VALUES = {
    "kind": KINDS,
    "status": STATUSES,
    "lines_of_business": LINES_OF_BUSINESS,
    "funding": FUNDING,
    "excluded_site_classes": SITE_CLASSES,
    "starts": STARTS,
    "drug_source": DRUG_SOURCES,
    "clinical_exceptions": CLINICAL_EXCEPTIONS,
    "verdict": VERDICTS,
}


def clause(name: str) -> str:
    return CLAUSES.get(name, name.replace("_", " "))


def value(name: str, code: str) -> str:
    """A code of a clause in words; what is no code of ours stays as it is."""
    return _VALUES.get(name, {}).get(code, code)


def likelihood(share: float) -> str:
    """0.9 -> 90%"""
    return f"{100 * share:.0f}%"
