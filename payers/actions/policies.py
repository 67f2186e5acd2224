"""Policy files into the register: all of them, or none."""

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from payers.actions.steps import note_logged
from payers.engine.policies import parse_policy
from payers.models import DrugCode, DrugFamily, Policy
from sites.actions.registers import Loaded, store
from sites.engine.text_file import RefusedTable, read_text


class RefusedPolicies(RefusedTable):
    """One sentence for each file that was refused, one a line."""


@transaction.atomic
def load_policies(paths: Iterable[Path]) -> list[Loaded]:
    """Every file's policy, known by its id. RefusedPolicies where any file is refused: then none is loaded."""
    documents, refusals = {}, []
    for path in paths:
        try:
            document = parse_policy(read_text(path), path.name)
        except RefusedTable as refusal:
            refusals.append(str(refusal))
            continue
        earlier = documents.get(document["id"])
        if earlier:
            refusals.append(f"{path.name}: id {document['id']} is that of {earlier[0].name} too; give each policy its own.")
        documents[document["id"]] = (path, document)
    if refusals:
        raise RefusedPolicies("\n".join(refusals))
    known = _known_drugs()
    results = [
        Loaded(path.name, store(Policy, ["policy_id"], [_fields(document)]), warnings=_strangers(document, known))
        for path, document in documents.values()
    ]
    note_logged(documents, timezone.localdate())
    return results


def _fields(document: dict) -> dict:
    return {
        "policy_id": document["id"],
        "payer": document["payer"],
        "kind": document["kind"],
        "status": document["status"],
        "likelihood": float(document["likelihood"]),
        "effective_from": Policy._meta.get_field("effective_from").to_python(document["effective_from"]),
        "effective_to": Policy._meta.get_field("effective_to").to_python(document["effective_to"]),
        "document": document,
    }


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
