"""Codes of single lines, infusions and episodes in plain words, for whoever follows a number back."""

ROLES = {
    "drug": "Drug",
    "administration": "Giving the drug",
    "home_service": "Home infusion service",
    "other": "Something else",
}
# Why a line is where it is.
PLACES = {
    "infusion": "Part of an infusion",
    "inpatient": "In no infusion: the patient was admitted to hospital",
    "emergency": "In no infusion: it happened in an emergency department",
    "supply_without_administration": "In no infusion: a pharmacy supplied the drug, and no claim shows that it was given",
    "hydration": "In no infusion: fluids alone are not an infusion here",
    "home_service_without_drug": "In no infusion: a home service without a drug of ours beside it",
    "explained_by_another_drug": "In no infusion: another drug of the day explains it",
}
NO_PLACE = "In no infusion: the code is neither a drug of the reference, nor its administration, nor a home infusion service"
CHANNELS = {
    "buy_and_bill": "Bought and billed by the site",
    "white_bag": "White bag: an outside pharmacy sent the drug",
    "clear_bag": "Clear bag: our own pharmacy sent the drug",
    "home_per_diem": "Home infusion: drug and daily rate by one provider",
    "unknown": "Not known who supplied the drug",
}
SHORT_CHANNELS = {
    "buy_and_bill": "Buy and bill",
    "white_bag": "White bag",
    "clear_bag": "Clear bag",
    "home_per_diem": "Home, daily rate",
    "unknown": "Not known",
}
RULES = {
    "ordering_npi": "Ordered by a prescriber on the roster: the claim's ordering provider, else the fill's prescriber, else the last order on file.",
    "rendering_npi": "Nobody is named as ordering, and who gave it is a prescriber on the roster.",
    "majority": "Nobody is named; most of the person's infusions or specialist visits in the months before were ours. In no headline figure.",
    None: "Not ours: whoever is named is not on the roster on that day, or nobody is named and most of the person's care was elsewhere.",
}
SHORT_RULES = {
    "ordering_npi": "ordered by ours",
    "rendering_npi": "given by ours",
    "majority": "majority only",
    None: "not attributed",
}
EPISODE_OUTCOMES = {
    "kept": "Kept: still treated at our sites",
    "moved_out": "Moved out: from a site of ours to one that is not",
    "moved_in": "Moved in: from elsewhere to a site of ours",
    "never_captured": "Never captured: ordered by ours, infused elsewhere from the first dose",
    "benefit_shift": "Benefit shift: infusions stopped and the person injects the drug at home",
    "ended": "Ended",
    "dark": "Dark: the next dose is overdue and no feed shows anything",
    "unknown": "Unknown",
}
REASONS = {
    "site_policy": "a payer's site policy excluded the old site",
    "drug_source_policy": "a payer's policy on where the drug comes from",
    "benefit_shift": "the drug moved to the pharmacy benefit",
    "access": "the wait for the last order was too long, or the site was full",
    "distance": "the new site is much nearer",
    "prescriber_left": "the prescriber had left",
    "clinical": "a clinical reason on file",
    "unexplained": "nothing on file explains it",
    "complete": "the course was complete",
    "planned_self_injection": "self-injection was planned from the start",
    "died": "the person died",
    "not_enrolled": "the coverage ended",
    "stopped": "an order was refused or ended",
    "switched": "another drug for the same condition began",
    "restarted": "it began again later",
    "feed_immature": "the claims of that time are not complete yet",
    "enrollment_unknown": "the claims say nothing of the person's coverage",
}
MECHANISMS = {
    "white_bagged": "the drug was white-bagged",
    "moved_out": "the person had moved out",
    "never_captured": "the person was never infused with us",
    "visiting": "a single visit elsewhere",
    "unknown": "not known",
}


def reason(code: str | None) -> str:
    return REASONS.get(code, str(code).replace("_", " ")) if code else "none"


def rule(code: str | None) -> str:
    return RULES.get(code, str(code))
