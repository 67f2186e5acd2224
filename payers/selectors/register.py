"""What the register's pages show: policies by payer, what a policy says in words, the steps from version to version."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from payers import words
from payers.engine.differences import Difference, clauses, differences
from payers.engine.wording import Sentence, drug_list, in_words, listed
from payers.models import DrugCode, Payer, Policy, PolicyVersion


@dataclass(frozen=True)
class Example:
    """A worked example of a policy as a line of a table."""

    told: str
    as_of: str
    verdict: str
    exposed_from: str


@dataclass(frozen=True)
class Said:
    """A document as people read it."""

    sentences: tuple[Sentence, ...]
    clauses: tuple[tuple[str, str], ...]
    drugs: tuple[str, ...]
    examples: tuple[Example, ...]
    scope: str
    source: Mapping
    missing: tuple[str, ...]
    check_at_source: bool


@dataclass(frozen=True)
class Step:
    """A version and what it changed against the one before it that counted."""

    version: PolicyVersion
    changes: tuple[Difference, ...]
    is_first: bool


def drug_names() -> dict[str, str]:
    """HCPCS code -> family"""
    return dict(DrugCode.objects.values_list("hcpcs_code", "family"))


def said(document: Mapping, names: Mapping[str, str]) -> Said:
    return Said(
        sentences=tuple(in_words(document, names)),
        clauses=tuple(clauses(document)),
        drugs=tuple(drug_list(document, names)),
        examples=tuple(_example(example, names) for example in document.get("examples") or []),
        scope=scope_words(document),
        source=document.get("source") or {},
        missing=tuple(document.get("missing") or []),
        check_at_source=bool(document.get("check_at_source")),
    )


def scope_words(document: Mapping) -> str:
    """The plans in a few words: “commercial, insured; OH”, or the names of the plans."""
    scope = document.get("scope") or {}
    if scope.get("plans_in"):
        return listed(scope["plans_in"])
    lines = [words.LINES_OF_BUSINESS.get(line, line) for line in scope.get("lines_of_business") or []]
    funding = [words.FUNDING.get(one, one) for one in scope.get("funding") or []]
    states = scope.get("states") or []
    told = [", ".join(lines) or "every line of business", ", ".join(funding)]
    told.append(", ".join(states) if len(states) <= 6 else f"{len(states)} states")
    return "; ".join(part for part in told if part)


def _example(example: Mapping, names: Mapping[str, str]) -> Example:
    drug = example["drug"]
    parts = [
        f"{names[drug]} ({drug})" if drug in names else drug,
        f"aged {example['person_age']}" if example.get("person_age") is not None else "",
        words.SITE_CLASSES.get(example["site_class"], example["site_class"])
        + (", affiliated with a hospital" if example.get("hospital_affiliated") else ""),
        words.LINES_OF_BUSINESS.get(example.get("line_of_business") or "", ""),
        words.FUNDING.get(example.get("funding") or "", ""),
        example.get("state") or "",
        f"plan “{example['plan']}”" if example.get("plan") else "",
        f"started {example['treatment_start']}",
        f"{example['doses_before']} dose{'' if example['doses_before'] == 1 else 's'} before"
        if example.get("doses_before")
        else "",
        f"authorization ends {example['authorization_end']}" if example.get("authorization_end") else "",
        f"nearest permitted site {example['nearest_permitted_miles']:g} miles"
        if example.get("nearest_permitted_miles") is not None
        else "",
        ", ".join(words.CLINICAL_EXCEPTIONS.get(code, code) for code in example.get("exceptions") or []),
    ]
    return Example(
        "; ".join(part for part in parts if part),
        example["as_of"],
        words.VERDICTS.get(example["verdict"], example["verdict"]),
        example.get("exposed_from") or "",
    )


@dataclass(frozen=True)
class PolicyFilter:
    """What the list was asked for."""

    search: str = ""
    payer: str = ""
    kind: str = ""
    status: str = ""
    retired: bool = False

    @classmethod
    def from_query(cls, query: Mapping) -> "PolicyFilter":
        asked = {
            name: query.get(key, "").strip()
            for name, key in (("search", "q"), ("payer", "payer"), ("kind", "kind"), ("status", "status"))
        }
        return cls(**asked, retired=bool(query.get("retired")))

    def policies(self) -> QuerySet[Policy]:
        found = Policy.objects.all() if self.retired else Policy.objects.on_file()
        for field in ("payer", "kind", "status"):
            if getattr(self, field):
                found = found.filter(**{field: getattr(self, field)})
        if self.search:
            search = self.search
            found = found.filter(
                Q(payer__icontains=search) | Q(policy_id__icontains=search) | Q(kind__icontains=search) | Q(status__icontains=search)
                | Q(document__source__title__icontains=search)
            )  # fmt: skip
        return found.order_by("payer", "effective_from", "policy_id")


def history(policy: Policy) -> list[Step]:
    """Newest first. A version is compared with the last one before it that still counts."""
    steps, last = [], None
    for version in policy.versions.select_related("saved_by").order_by("number"):
        changes = differences(last.document, version.document) if last else []
        steps.append(Step(version, tuple(changes), last is None))
        if version.taken_back_at is None:
            last = version
    return steps[::-1]


@dataclass(frozen=True)
class PayerPage:
    payer: Payer
    claim_names: tuple[str, ...]
    plans: tuple
    policies: tuple[Policy, ...]
    chain: tuple[str, ...]  # the companies above it, nearest first
    children: tuple[Payer, ...]


def payer_page(payer: Payer) -> PayerPage:
    parents, chain, above = dict(Payer.objects.values_list("name", "parent")), [], payer.parent
    while above and above not in chain:
        chain.append(above)
        above = parents.get(above, "")
    return PayerPage(
        payer,
        tuple(name.name for name in payer.claim_names.all()),
        tuple(payer.plans.all()),
        tuple(Policy.objects.on_file().filter(payer=payer.name).order_by("effective_from", "policy_id")),
        tuple(chain),
        tuple(Payer.objects.filter(parent=payer.name).exclude(pk=payer.pk)),
    )


def claim_names() -> dict[str, str]:
    """Every name under which claims may carry a payer -> the payer's name here."""
    names = {name: name for name in Payer.objects.values_list("name", flat=True)}
    return names | dict(Payer.objects.exclude(claim_names=None).values_list("claim_names__name", "name"))
