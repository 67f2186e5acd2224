"""Why a policy cannot stand beside what is on file: each check raises one sentence or lets it pass."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from payers.engine.overlaps import overlaps
from payers.engine.wording import day, listed
from payers.models import DrugCode, Policy
from sites.engine.text_file import RefusedTable

NAMED = 5  # drugs that a refusal names


def refuse_strange_codes(document: Mapping, name: str) -> None:
    """A code that the drug reference does not have is a slip of the pen, or a drug to add first. An empty reference cannot tell."""
    codes = document["drugs"]["hcpcs"]
    known = set(DrugCode.objects.filter(hcpcs_code__in=codes).values_list("hcpcs_code", flat=True))
    strange = [code for code in codes if code not in known]
    if strange and DrugCode.objects.exists():
        more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
        them = "it" if len(strange) == 1 else "them"
        raise RefusedTable(
            f"{name}: drugs.hcpcs names {', '.join(strange[:NAMED])}{more}, not in the drug reference; correct {them}, or add {them} "
            "to the reference first (load_drugs)."
        )


def refuse_overlap(document: Mapping, name: str) -> None:
    """RefusedTable where another policy on file says the same thing for the same people, drugs and days."""
    on_file = Policy.objects.on_file().filter(kind=document["kind"])
    _refuse_overlap(document, name, [other.document for other in on_file], _codes())


def _refuse_overlap(document: Mapping, name: str, others: Iterable[Mapping], codes: Mapping[str, tuple[str, str]]) -> None:
    for overlap in overlaps(document, others, codes):
        drugs = listed(overlap.drugs[:NAMED]) if len(overlap.drugs) <= NAMED else f"{len(overlap.drugs)} drugs"
        until = f" to {day(overlap.until)}" if overlap.until else " on"
        raise RefusedTable(
            f"{name}: it overlaps with policy {overlap.policy_id}, of the same payer, kind and scope, for {drugs} from "
            f"{day(overlap.since)}{until}; take those drugs out of one of the two, end the one before the other begins, or save it as a version of {overlap.policy_id}."
        )


def overlapping_files(documents: Mapping[str, tuple[Path, dict]]) -> list[str]:
    """A sentence for each file that overlaps with what is on file and stays, or with a file before it."""
    codes, refusals = _codes(), []
    on_file = Policy.objects.on_file().exclude(policy_id__in=documents)
    standing = [policy.document for policy in on_file]
    for path, document in documents.values():
        try:
            _refuse_overlap(document, path.name, standing, codes)
        except RefusedTable as refusal:
            refusals.append(str(refusal))
        standing.append(document)
    return refusals


def _codes() -> dict[str, tuple[str, str]]:
    """HCPCS code -> (molecule, family)"""
    return {code: (molecule, family) for code, molecule, family in DrugCode.objects.values_list("hcpcs_code", "molecule", "family")}
