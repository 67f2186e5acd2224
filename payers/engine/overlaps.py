"""A policy's document and those on file -> the ones that would say the same thing twice; grain: one policy that overlaps.

Two policies overlap where payer, kind and scope are equal, a drug is in both, and the dates meet. What is only anticipated is
another world than what is certain, so it may stand beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OPEN = "9999-12-31"


@dataclass(frozen=True)
class Overlap:
    policy_id: str
    drugs: tuple[str, ...]
    since: str
    until: str | None


def overlaps(document: Mapping, others: Iterable[Mapping], codes: Mapping[str, tuple[str, str]]) -> list[Overlap]:
    """`codes`: HCPCS code -> (molecule, family). Documents with the same id are versions of one policy, never an overlap."""
    found = []
    for other in others:
        if other["id"] == document["id"] or _world(other) != _world(document):
            continue
        since = max(other["effective_from"], document["effective_from"])
        until = min(other["effective_to"] or OPEN, document["effective_to"] or OPEN)
        shared = _drugs(document, codes) & _drugs(other, codes)
        if shared and since < until:
            found.append(Overlap(other["id"], tuple(sorted(shared)), since, None if until == OPEN else until))
    return found


def _world(document: Mapping) -> tuple:
    scope = tuple(tuple(sorted(str(item).casefold() for item in values)) for _, values in sorted(document["scope"].items()))
    return document["payer"].casefold(), document["kind"], scope, document["status"] == "anticipated"


def _drugs(document: Mapping, codes: Mapping[str, tuple[str, str]]) -> set[str]:
    """Codes, molecules and families alike as codes; a name that no code has stays a name."""
    drugs = document["drugs"]
    found = set(drugs["hcpcs"])
    for place, names in ((0, drugs["molecules"]), (1, drugs["families"])):
        for name in names:
            found |= {code for code, known in codes.items() if known[place] == name} or {name}
    return found
