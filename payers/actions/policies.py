"""Policy files into the register: all of them, or none."""

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from payers.actions.proofs import refuse_unproved
from payers.actions.refusals import overlapping_files, refuse_strange_codes
from payers.actions.versions import fields_of, keep_payers, keep_version
from payers.engine.policies import parse_policy
from payers.models import DrugCode, DrugFamily, Policy
from sites.actions.registers import Loaded, store
from sites.engine.text_file import RefusedTable, read_text


class RefusedPolicies(RefusedTable):
    """One sentence for each file that was refused, one a line."""


def read_policy(source: str, name: str) -> dict:
    """A policy's text as its document, with all that has to hold for the document alone; files and the form come through here."""
    document = parse_policy(source, name)
    refuse_strange_codes(document, name)
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
    refusals += overlapping_files(documents)
    if refusals:
        raise RefusedPolicies("\n".join(refusals))
    known = _known_drugs()
    return [
        Loaded(path.name, _store(document, path.name), warnings=(*_strangers(document, known), *_retired(document)))
        for path, document in documents.values()
    ]


def _store(document: dict, name: str):
    stored = store(Policy, ["policy_id"], [fields_of(document)])
    policy = Policy.objects.get(policy_id=document["id"])
    keep_payers([document["payer"]])
    keep_version(policy, document, user=None, note=f"Loaded from {name}")
    return stored


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
