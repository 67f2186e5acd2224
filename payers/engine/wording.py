"""A policy's document -> what it says, in plain sentences; grain: one sentence, with the clauses of the document that it tells.

A document may be half written (a form that is being filled in): what is not said yet is left out of the sentences.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from payers.engine.policy_words import CLINICAL_EXCEPTIONS, STATES

NAMED_DRUGS = 4  # a sentence that names more is not read
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
HOSPITAL = ("hopd_on_campus", "hopd_off_campus")
PLACES = {
    "hopd_on_campus": "a hospital outpatient department on campus",
    "hopd_off_campus": "a hospital outpatient department off campus",
    "infusion_center": "an infusion center",
    "infusion_suite": "an infusion suite",
    "physician_office": "a physician's office",
    "surgery_center": "a surgery center",
    "home": "the home",
}
PLAN_KINDS = {
    "commercial": "commercial",
    "medicare": "Medicare",
    "medicare_advantage": "Medicare Advantage",
    "medicaid": "Medicaid",
    "exchange": "exchange",
    "other": "other",
    "unknown": "unclassified",
}
FUNDING = {"insured": "insured", "self_funded": "self-funded", "government": "government", "unknown": "otherwise funded"}
EXCEPTIONS = {
    "FIRST_DOSE": "a first dose",
    "REACTION": "an earlier reaction to an infusion",
    "CARDIOPULM": "heart and lung disease",
    "RENAL_FLUID": "kidneys and fluid balance",
    "ACCESS": "difficult venous access",
    "AGE": "age",
    "COGNITIVE": "cognition and behavior",
    "GEO": "distance",
    "REMS": "an FDA safety program (REMS)",
    "SHORTAGE": "a drug shortage",
    "CONCURRENT": "another hospital treatment at the same time",
    "PREGNANCY": "pregnancy",
    "INVESTIGATIONAL": "a study drug",
}


@dataclass(frozen=True)
class Sentence:
    """`clause` is the document's key that the sentence is about, `also` are other keys that it tells on the way."""

    clause: str
    text: str
    also: tuple[str, ...] = ()


def in_words(document: Mapping, drug_names: Mapping[str, str] | None = None) -> list[Sentence]:
    """The sentences of a policy, the most important one first. `drug_names`: code -> family, where the reference knows it."""
    sentences = [
        _main(document, drug_names or {}),
        *_beginning(document),
        *_grace(document),
        *_people(document),
        *_exceptions(document),
        *_status(document),
    ]
    return [sentence for sentence in sentences if sentence]


def drug_list(document: Mapping, drug_names: Mapping[str, str]) -> list[str]:
    """Each drug once: “infliximab (J1745, Q5103)”, a molecule or family by its name, in the order of the alphabet."""
    drugs = document.get("drugs") or {}
    codes: dict[str, list[str]] = {}
    for code in drugs.get("hcpcs") or []:
        codes.setdefault(drug_names.get(code, ""), []).append(code)
    for name in [*(drugs.get("families") or []), *(drugs.get("molecules") or [])]:
        codes.setdefault(name, [])
    named = [f"{name} ({', '.join(found)})" if found else name for name, found in sorted(codes.items()) if name]
    return [*named, *codes.get("", [])]


def listed(items: Iterable[str], last: str = "and") -> str:
    """a, b and c"""
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def day(text: object) -> str:
    """2026-01-10 -> 10 January 2026; what is no date stays as it is."""
    try:
        date = dt.date.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{date.day} {date:%B %Y}"


def number(count: int) -> str:
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else str(count)


def grace_words(grace: Mapping | None) -> str:
    """“two doses or 30 days, whichever ends first”; empty where there is none."""
    grace = grace or {}
    doses, days = grace.get("doses"), grace.get("days")
    parts = [] if doses is None else [f"{number(doses)} dose{'' if doses == 1 else 's'}"]
    parts += [] if days is None else [f"{days} day{'' if days == 1 else 's'}"]
    ending = f", whichever ends {grace.get('combine') or 'first'}" if len(parts) == 2 else ""
    return " or ".join(parts) + ending


def age_words(age: Mapping | None) -> str:
    least, most = (age or {}).get("min"), (age or {}).get("max")
    if least is None and most is None:
        return "people of any age"
    if most is None:
        return "adults (18 and over)" if least == 18 else f"people of {least} and over"
    return f"people up to the age of {most}" if least is None else f"people from {least} up to the age of {most}"


def places_words(document: Mapping) -> str:
    """The sites that a policy names: “a hospital outpatient department (on or off campus) or any site affiliated with a hospital”."""
    named = document.get("excluded_site_classes") or []
    both = all(place in named for place in HOSPITAL)
    places = ["a hospital outpatient department (on or off campus)"] if both else []
    places += [PLACES.get(place, place) for place in named if not (both and place in HOSPITAL)]
    if document.get("excludes_hospital_affiliated"):
        places.append("any site affiliated with a hospital")
    return listed(places, "or")


def _states(states: list[str]) -> str:
    """Named, or where they are most of the country, those that are not among them."""
    if len(states) <= len(STATES) / 2:
        return f" in {listed([STATES.get(state, state) for state in states], 'or')}" if states else ""
    others = [name for state, name in STATES.items() if state not in states]
    return f" in every state except {listed(others)}" if others else ""


def _plans(document: Mapping) -> str:
    scope = document.get("scope") or {}
    payer, states = document.get("payer") or "the payer", _states(scope.get("states") or [])
    if scope.get("plans_in"):
        plans = listed([f"“{plan}”" for plan in scope["plans_in"]])
        return f"in the plan{'' if len(scope['plans_in']) == 1 else 's'} {plans} of {payer}{states}"
    funding = listed([FUNDING.get(one, one) for one in scope.get("funding") or []])
    lines = listed([PLAN_KINDS.get(one, one) for one in scope.get("lines_of_business") or []])
    kinds = " ".join(part for part in (funding, lines) if part)
    return f"in {payer}'s {kinds} plans{states}" if kinds else f"in every plan of {payer}{states}"


def _drugs(document: Mapping, drug_names: Mapping[str, str]) -> str:
    named = [name.split(" (")[0] for name in drug_list(document, drug_names)]
    if not named:
        return "the drugs it names"
    return listed(named, "or") if len(named) <= NAMED_DRUGS else f"any of {len(named)} drugs"


def _main(document: Mapping, drug_names: Mapping[str, str]) -> Sentence:
    """Who has to do what, from when: the one sentence to remember."""
    people, plans, drugs = age_words(document.get("age")), _plans(document), _drugs(document, drug_names)
    people = "people" if people == "people of any age" else people
    begins = document.get("effective_from")
    if document.get("starts") == "new_starts":
        when, treated = "", f"who start {drugs}{f' on or after {day(begins)}' if begins else ''}"
    else:
        when, treated = f"from {day(begins)}, " if begins else "", f"who are treated with {drugs}"
    who, kind = f"{people} {plans} {treated}", document.get("kind")
    also = ("payer", "kind", "scope", "age", "drugs", "effective_from", "starts")
    if kind == "site_of_care":
        clause, text, more = _site_rule(document, who)
    elif kind == "drug_source":
        clause, text, more = "drug_source", f"for {who}, {_source(document)}", ("excluded_site_classes",)
    elif kind == "benefit":
        clause, text, more = "kind", f"for {who}, the payer says whether the medical or the pharmacy benefit pays for the drug", ()
    elif kind == "step":
        clause, text, more = "kind", f"{who} have to try another drug first", ()
    elif kind == "prior_authorization":
        clause, text, more = "kind", f"{who} need an authorization before the drug is given", ()
    else:
        clause, text, more = "kind", f"{who}: the kind of policy is not said yet", ()
    text = when + text
    return Sentence(clause, f"{text[:1].upper()}{text[1:]}.", (*also, *more))


def _site_rule(document: Mapping, who: str) -> tuple[str, str, tuple[str, ...]]:
    """(clause, what it says, further clauses that it tells)"""
    places, grace = places_words(document) or "the sites it names", grace_words(document.get("grace"))
    sites = ("excluded_site_classes", "excludes_hospital_affiliated")
    if not grace:
        return sites[0], f"{who} may not have it in {places}", sites[1:]
    length, _, which = grace.partition(",")
    return (
        "grace",
        f"{who} may have {length} in {places}{f',{which}' if which else ''}; after that the treatment has to go on elsewhere",
        sites,
    )


def _source(document: Mapping) -> str:
    where = f" given in {places_words(document)}" if places_words(document) else ""
    return {
        "sp_required": f"the drug{where} has to come from a specialty pharmacy; the site may not buy and bill it",
        "sp_preferred": f"the payer prefers that the drug{where} comes from a specialty pharmacy; the site may still buy and bill it",
        "buy_and_bill_required": f"the drug{where} has to be bought and billed by the site that gives it; a specialty pharmacy may not supply it",
        "any": f"the drug{where} may come from any source",
    }.get(str(document.get("drug_source")), "the source of the drug is not said yet")


def _beginning(document: Mapping) -> Iterable[Sentence]:
    begins, starts = document.get("effective_from"), document.get("starts")
    if not begins or not starts:
        return
    already = f"People who are already in treatment on {day(begins)}"
    texts = {
        "new_starts": f"{already} are not covered, unless they start again.",
        "everyone": f"{already} are covered too.",
        "at_renewal": f"{already} are covered when their authorization ends and is renewed; whoever starts later is covered from the start.",
    }
    if starts in texts:
        yield Sentence("starts", texts[starts])


def _grace(document: Mapping) -> Iterable[Sentence]:
    grace = document.get("grace") or {}
    doses, days = grace.get("doses"), grace.get("days")
    if document.get("kind") != "site_of_care":
        return
    if doses is None and days is None:
        yield Sentence("grace", "There is no grace: the policy counts from the first dose.")
        return
    ends = []
    begins = document.get("effective_from")
    try:
        start = dt.date.fromisoformat(str(begins))
    except ValueError:
        start = None
    if start and days is not None:
        ends.append(f"from {day(start + dt.timedelta(days=days))}")
    if start and doses is not None:
        ends.append(f"from the day after its {_ordinal(doses)} dose" if doses else "from its first day")
    if ends:
        which = f", whichever comes {grace.get('combine') or 'first'}" if len(ends) == 2 else ""
        text = f"Example: a treatment that starts on {day(start)} may not go on there {' or '.join(ends)}{which}."
        earlier = (
            ""
            if document.get("starts") == "new_starts"
            else " Grace runs from the start of treatment, so doses given before the policy began count."
        )
        yield Sentence("grace", text + earlier)
    if not document.get("single_dose_has_grace"):
        yield Sentence("single_dose_has_grace", "A treatment that is a single dose has no grace.")
    gap = document.get("restart_gap_days")
    if gap:
        yield Sentence(
            "restart_gap_days",
            f"Whoever pauses for more than {gap} days, and longer than the regimen allows, starts again with a new grace.",
        )


def _people(document: Mapping) -> Iterable[Sentence]:
    scope = document.get("scope") or {}
    if scope.get("plans_out"):
        one = len(scope["plans_out"]) == 1
        yield Sentence(
            "scope.plans_out", f"The plan{'' if one else 's'} {listed(scope['plans_out'])} {'is' if one else 'are'} not covered."
        )
    lines = scope.get("lines_of_business")
    if document.get("payer") and not scope.get("funding") and (not lines or "commercial" in lines):
        yield Sentence("scope.funding", "It does not matter who bears the cost: insured and self-funded plans alike.")


def _exceptions(document: Mapping) -> Iterable[Sentence]:
    reasons = [EXCEPTIONS.get(code, CLINICAL_EXCEPTIONS.get(code, code)) for code in document.get("clinical_exceptions") or []]
    if reasons:
        yield Sentence("clinical_exceptions", f"Exempt are people with a documented clinical reason: {listed(reasons, 'or')}.")
    miles = (document.get("access_exception") or {}).get("miles")
    if miles:
        yield Sentence("access_exception", f"Exempt are people who have no permitted site within {miles:g} miles.")


def _status(document: Mapping) -> Iterable[Sentence]:
    ends = document.get("effective_to")
    if ends:
        yield Sentence("effective_to", f"It ends: {day(ends)} is the first day on which it no longer counts.")
    status, likelihood = document.get("status"), document.get("likelihood")
    if status == "announced":
        sure = f" We take it to be {100 * likelihood:.0f}% likely." if likelihood is not None and likelihood < 1 else ""
        yield Sentence("status", f"The payer has announced it; it is not in force yet.{sure}", ("likelihood",))
    elif status == "anticipated":
        share = f", with a likelihood of {100 * likelihood:.0f}%" if likelihood is not None else ""
        yield Sentence("status", f"It is our expectation, not the payer's word{share}.", ("likelihood",))


def _ordinal(count: int) -> str:
    words = ("", "first", "second", "third", "fourth", "fifth", "sixth")
    return words[count] if 0 < count < len(words) else f"{count}th"
