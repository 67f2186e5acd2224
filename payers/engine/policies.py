"""One policy file's YAML -> its document, checked; document -> flat rows (policy × line of business × drug).

The schema is the product's (docs: one payer policy a file). It is strict: an unknown key, a word outside its set or a date that
is none is refused, by name. A document is plain JSON: dates as ISO text, every key of the schema present.
"""

import json
import re
from collections.abc import Iterator

import yaml

from payers.engine import policy_values as values
from payers.engine.policy_values import NEEDED, WrongValue, day, flag, lower_text, mapping, text, whole, word, words
from sites.engine.registers import SITE_CLASSES
from sites.engine.text_file import RefusedTable

KINDS = ("site_of_care", "drug_source", "benefit", "step", "prior_authorization")
STATUSES = ("in_force", "announced", "anticipated")
LINES_OF_BUSINESS = ("commercial", "medicare", "medicare_advantage", "medicaid", "exchange", "other", "unknown")
FUNDING = ("insured", "self_funded", "government", "unknown")
STARTS = ("everyone", "new_starts", "at_renewal")
DRUG_SOURCES = ("any", "sp_required", "sp_preferred", "buy_and_bill_required")
CLINICAL_EXCEPTIONS = (
    "FIRST_DOSE",
    "REACTION",
    "CARDIOPULM",
    "RENAL_FLUID",
    "ACCESS",
    "AGE",
    "COGNITIVE",
    "GEO",
    "REMS",
    "SHORTAGE",
    "CONCURRENT",
    "PREGNANCY",
    "INVESTIGATIONAL",
)
VERDICTS = ("exposed", "in_grace", "exempt", "not_applicable", "shielded", "unknown")
# A site class of a claim; in the register a home infusion provider is `home_infusion`, on a claim its site is `home`.
POLICY_SITE_CLASSES = (*(name for name in SITE_CLASSES if name not in ("home_infusion", "specialty_pharmacy")), "home")
RESTART_GAP_DAYS = 180


class _Loader(yaml.SafeLoader):
    """Safe YAML, less clever: only true and false are booleans (the key `on:` and the word NO stay text), dates stay text until
    they are checked by name, and no key stands twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise WrongValue(str(key), "stands twice; keep one of them")
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def parse_policy(source: str, name: str) -> dict:
    """A policy file's text as its checked document. RefusedTable names the file, the key and what would be right."""
    try:
        return checked_document(yaml.load(source, Loader=_Loader))
    except WrongValue as wrong:
        raise RefusedTable(f"{name}: {wrong.path} {wrong}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise RefusedTable(f"{name}{where}: this is not YAML ({problem}); correct it and load the file again.") from None
    except (ValueError, KeyError, RecursionError):
        raise RefusedTable(f"{name} uses more YAML than a policy needs (a !! tag, deep nesting); write it plainly.") from None


def _site_class(value: object, path: str) -> str:
    return word(*POLICY_SITE_CLASSES)("home" if value == "home_infusion" else value, path)


def _policy_id(value: object, path: str) -> str:
    """An id is part of an address."""
    said = str(text(80)(value, path))
    if set(said) & set("/\\\n\r\t") or said in (".", ".."):
        raise WrongValue(path, "must have no slash and no line break, since it is part of an address")
    return said


_SCOPE = {
    "lines_of_business": (words(word(*LINES_OF_BUSINESS)), []),
    "funding": (words(word(*FUNDING)), []),
    "states": (words(values.state), []),
    "plans_in": (words(text(200)), []),
    "plans_out": (words(text(200)), []),
}
_EXAMPLE = {
    "person_age": (whole(0, 130), None),
    "drug": (text(100), NEEDED),
    "site_class": (_site_class, NEEDED),
    "hospital_affiliated": (flag, None),
    "line_of_business": (word(*LINES_OF_BUSINESS), None),
    "funding": (word(*FUNDING), None),
    "state": (values.state, None),
    "plan": (text(200), None),
    "treatment_start": (day, NEEDED),
    "last_dose": (day, None),
    "doses_before": (whole(0, 1000), 0),
    "authorization_end": (day, None),
    "exceptions": (words(word(*CLINICAL_EXCEPTIONS)), []),
    "nearest_permitted_miles": (values.number(0, 5000), None),
    "as_of": (day, NEEDED),
    "exposed_from": (day, None),
    "verdict": (word(*VERDICTS), NEEDED),
}
_POLICY = {
    "id": (_policy_id, NEEDED),
    "payer": (text(200), NEEDED),
    "kind": (word(*KINDS), NEEDED),
    "status": (word(*STATUSES), NEEDED),
    "likelihood": (values.number(0, 1), 1.0),
    "source": (mapping({"title": (text(300), NEEDED), "url": (text(500), None), "retrieved": (day, None)}), NEEDED),
    "scope": (mapping(_SCOPE), {key: [] for key in _SCOPE}),
    "effective_from": (day, NEEDED),
    "effective_to": (day, None),
    "drugs": (
        mapping({"hcpcs": (words(values.hcpcs), []), "molecules": (words(lower_text), []), "families": (words(lower_text), [])}),
        NEEDED,
    ),
    "excluded_site_classes": (words(_site_class), []),
    "excludes_hospital_affiliated": (flag, False),
    "starts": (word(*STARTS), "everyone"),
    "grace": (
        mapping({"doses": (whole(0, 100), None), "days": (whole(0, 3650), None), "combine": (word("first", "last"), None)}),
        None,
    ),
    "single_dose_has_grace": (flag, False),
    "restart_gap_days": (whole(1, 3650), RESTART_GAP_DAYS),
    "age": (mapping({"min": (whole(0, 130), None), "max": (whole(0, 130), None)}), None),
    "clinical_exceptions": (words(word(*CLINICAL_EXCEPTIONS)), []),
    "access_exception": (mapping({"miles": (values.number(0.1, 5000), NEEDED)}), None),
    "drug_source": (word(*DRUG_SOURCES), None),
    "examples": (values.each(mapping(_EXAMPLE)), []),
    # What a transcription of a public policy could not find there, and that nobody should rely on it before looking.
    "missing": (values.each(text(500)), []),
    "check_at_source": (flag, False),
}


def checked_document(said: object) -> dict:
    """What a file or a form says, as a document. WrongValue names the key and what would be right."""
    document = mapping(_POLICY)(said, "")
    grace = document["grace"]
    if grace and None in (grace["doses"], grace["days"]):
        grace["combine"] = None  # which comes first is asked of two alone
    for path, message in _contradictions(document):
        raise WrongValue(path, message)
    return document


def _contradictions(policy: dict) -> Iterator[tuple[str, str]]:
    """What cannot hold across keys, as (key, message)."""
    if policy["effective_to"] and policy["effective_to"] <= policy["effective_from"]:
        yield "effective_to", "must be after effective_from (it is the first day that no longer counts)"
    if policy["status"] == "in_force" and policy["likelihood"] != 1:
        yield "likelihood", "of a policy in force is 1; use status: anticipated for one that may not come"
    if not any(policy["drugs"].values()):
        yield "drugs", "must name at least one code, molecule or family"
    if policy["kind"] == "site_of_care" and not (policy["excluded_site_classes"] or policy["excludes_hospital_affiliated"]):
        yield "excluded_site_classes", "must name at least one site class in a site_of_care policy, or exclude hospital affiliation"
    if policy["kind"] == "drug_source" and policy["drug_source"] is None:
        yield "drug_source", f"must say one of {', '.join(DRUG_SOURCES)} in a drug_source policy"
    named = {plan.casefold() for plan in policy["scope"]["plans_in"]}
    both = [plan for plan in policy["scope"]["plans_out"] if plan.casefold() in named]
    if both:
        yield "scope.plans_out", f"names the plan “{both[0]}”, which plans_in names too; keep it in one of them"
    grace = policy["grace"]
    if grace and grace["doses"] is None and grace["days"] is None:
        yield "grace", "must have doses, days or both; leave grace out where there is none"
    if grace and grace["doses"] is not None and grace["days"] is not None and grace["combine"] is None:
        yield "grace.combine", "must be first or last where both doses and days are given"
    age = policy["age"]
    if age and age["min"] is not None and age["max"] is not None and age["max"] < age["min"]:
        yield "age.max", "must not be below age.min"
    for place, example in enumerate(policy["examples"], start=1):
        if example["exposed_from"] and example["verdict"] not in ("exposed", "exempt", "in_grace"):
            yield f"examples[{place}].exposed_from", f"has no meaning with the verdict {example['verdict']}"
        if example["as_of"] < example["treatment_start"]:
            yield f"examples[{place}].as_of", "lies before treatment_start"


def flat_rows(document: dict) -> list[dict]:
    """A document as the pipeline joins it: one row a line of business × drug. line_of_business is None where the policy binds all.

    drug_kind is hcpcs, molecule or family; excluded site classes are ; text; the whole document rides along as JSON text.
    """
    drugs = [
        (kind, drug)
        for kind, key in (("hcpcs", "hcpcs"), ("molecule", "molecules"), ("family", "families"))
        for drug in document["drugs"][key]
    ]
    age = document["age"] or {"min": None, "max": None}
    text = json.dumps(document, sort_keys=True)
    return [
        {
            "policy_id": document["id"],
            "payer": document["payer"],
            "kind": document["kind"],
            "status": document["status"],
            "effective_from": document["effective_from"],
            "effective_to": document["effective_to"],
            "line_of_business": line_of_business,
            "drug_kind": kind,
            "drug": drug,
            "excluded_site_classes": ";".join(document["excluded_site_classes"]),
            "excludes_hospital_affiliated": document["excludes_hospital_affiliated"],
            "age_min": age["min"],
            "age_max": age["max"],
            "drug_source": document["drug_source"],
            "document": text,
        }
        for line_of_business in document["scope"]["lines_of_business"] or [None]
        for kind, drug in drugs
    ]
