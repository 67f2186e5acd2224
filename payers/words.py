"""Names for people of the codes that a policy's document carries (payers.engine.policies)."""

from sites.models import Site

KINDS = {
    "site_of_care": "Site of care",
    "drug_source": "Where the drug comes from",
    "benefit": "Medical or pharmacy benefit",
    "step": "Another drug first",
    "prior_authorization": "Prior authorization",
}
STATUSES = {"in_force": "In force", "announced": "Announced", "anticipated": "Anticipated"}
LINES_OF_BUSINESS = {
    "commercial": "commercial",
    "medicare": "Medicare",
    "medicare_advantage": "Medicare Advantage",
    "medicaid": "Medicaid",
    "exchange": "exchange",
    "other": "other",
    "unknown": "not known",
}
FUNDING = {"insured": "insured", "self_funded": "self-funded", "government": "government", "unknown": "not known"}
SITE_CLASSES = {
    **{choice.value: str(choice.label).lower() for choice in Site.SiteClass},
    "home": "home",
    "unknown": "site not known",
}
STARTS = {
    "everyone": "everyone, from the first day",
    "new_starts": "only people who start the drug",
    "at_renewal": "each person when the authorization is renewed",
}
DRUG_SOURCES = {
    "any": "any source",
    "sp_required": "a specialty pharmacy has to supply it",
    "sp_preferred": "a specialty pharmacy is preferred",
    "buy_and_bill_required": "the site has to buy and bill it",
}
CLINICAL_EXCEPTIONS = {
    "FIRST_DOSE": "first dose",
    "REACTION": "reaction to an infusion",
    "CARDIOPULM": "heart or lungs",
    "RENAL_FLUID": "kidneys or fluid",
    "ACCESS": "no access at home or nearby",
    "AGE": "age",
    "COGNITIVE": "cognition or behavior",
    "GEO": "distance",
    "REMS": "FDA safety program (REMS)",
    "SHORTAGE": "drug shortage",
    "CONCURRENT": "given with another hospital treatment",
    "PREGNANCY": "pregnancy",
    "INVESTIGATIONAL": "study drug",
}
CLAUSES = {
    "payer": "Payer",
    "kind": "Kind",
    "status": "Status",
    "likelihood": "Likelihood",
    "scope": "Whom it covers",
    "effective_from": "In force from",
    "effective_to": "First day no longer in force",
    "drugs": "Drugs",
    "excluded_site_classes": "Sites it excludes",
    "excludes_hospital_affiliated": "Excludes sites affiliated with a hospital",
    "starts": "Who is covered when",
    "grace": "Grace",
    "single_dose_has_grace": "Grace for single-dose treatments",
    "restart_gap_days": "A restart after a gap of (days)",
    "age": "Ages",
    "clinical_exceptions": "Clinical exceptions",
    "access_exception": "Exception where no permitted site is near",
    "drug_source": "Source of the drug",
    "lines_of_business": "lines of business",
    "hcpcs": "codes",
    "plans_in": "only the plans",
    "plans_out": "not the plans",
    "min": "from",
    "max": "up to",
    "combine": "whichever comes",
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
}


def clause(name: str) -> str:
    return CLAUSES.get(name, name.replace("_", " "))


def value(name: str, code: str) -> str:
    """A code of a clause in words; what is no code of ours stays as it is."""
    return _VALUES.get(name, {}).get(code, code)


def likelihood(share: float) -> str:
    """0.9 -> 90%"""
    return f"{100 * share:.0f}%"
