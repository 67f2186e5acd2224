"""Policy files into the register: all of them, or none."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from django.db import transaction

from payers.actions.proofs import refuse_unproved
from payers.actions.versions import fields_of, keep_payers, keep_version
from payers.engine.overlaps import overlaps
from payers.engine.policies import parse_policy
from payers.engine.wording import day, listed
from payers.models import DrugCode, DrugFamily, Policy
from sites.actions.registers import Loaded, store
from sites.engine.text_file import RefusedTable, read_text

NAMED = 5  # drugs that a refusal names


class RefusedPolicies(RefusedTable):
    """One sentence for each file that was refused, one a line."""


def read_policy(source: str, name: str) -> dict:
    """A policy's text as its document, with all that has to hold for the document alone; files and the form come through here."""
    document = parse_policy(source, name)
    _refuse_strange_codes(document, name)
    refuse_unproved(document, name)
    return document


@transaction.atomic
def load_policies(paths: Iterable[Path]) -> list[Loaded]:
    """Every file's policy, known by its id. RefusedPolicies where any file is refused: then none is loaded."""
    documents, refusals = {}, []
    for path in paths:
        try:
            document = read_policy(read_text(path), path.name)
        except RefusedTable as refusal:
            refusals.append(str(refusal))
            continue
        earlier = documents.get(document["id"])
        if earlier:
            refusals.append(f"{path.name}: id {document['id']} is that of {earlier[0].name} too; give each policy its own.")
        documents[document["id"]] = (path, document)
    refusals += _overlapping_files(documents)
    if refusals:
        raise RefusedPolicies("\n".join(refusals))
    known = _known_drugs()
    return [
        Loaded(path.name, _store(document, path.name), warnings=(*_strangers(document, known), *_retired(document)))
        for path, document in documents.values()
    ]


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
            f"{day(overlap.since)}{until}; end the one before the other begins, or save it as a version of {overlap.policy_id}."
        )


def _overlapping_files(documents: Mapping[str, tuple[Path, dict]]) -> list[str]:
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


def _store(document: dict, name: str):
    stored = store(Policy, ["policy_id"], [fields_of(document)])
    policy = Policy.objects.get(policy_id=document["id"])
    keep_payers([document["payer"]])
    keep_version(policy, document, user=None, note=f"Loaded from {name}")
    return stored


def _refuse_strange_codes(document: Mapping, name: str) -> None:
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


def _known_drugs() -> dict[str, set[str]]:
    codes = list(DrugCode.objects.values_list("hcpcs_code", "molecule"))
    return {
        "hcpcs": {code for code, _ in codes},
        "molecules": {molecule for _, molecule in codes},
        "families": set(DrugFamily.objects.values_list("family", flat=True)),
    }


def _strangers(document: dict, known: dict[str, set[str]]) -> tuple[str, ...]:
    """Drugs that the reference does not have: the policy is loaded, and binds nobody for them."""
    return tuple(
        f"drugs.{key} {drug} is not in the drug reference, so the policy binds nobody for it (unknown_drug)"
        for key, drugs in document["drugs"].items()
        for drug in drugs
        if drug not in known[key]
    )


def _retired(document: dict) -> tuple[str, ...]:
    if Policy.objects.filter(policy_id=document["id"]).exclude(retired_at=None).exists():
        return (f"{document['id']} was retired and binds nobody; restore it on its page if it counts again",)
    return ()
