"""Policy files into the register: all of them, or none."""

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from payers.engine.examples import Drug, allowed_gap, same_drug_codes, unproved
from payers.engine.policies import parse_policy
from payers.models import DrugCode, DrugFamily, Policy
from payers.selectors import state_laws
from sites.actions.registers import Loaded, store
from sites.engine.text_file import RefusedTable, read_text


class RefusedPolicies(RefusedTable):
    """One sentence for each file that was refused, one a line."""


@transaction.atomic
def load_policies(paths: Iterable[Path]) -> list[Loaded]:
    """Every file's policy, known by its id. RefusedPolicies where any file is refused: then none is loaded."""
    documents, refusals = {}, []
    drugs, laws = reference_drugs(), state_laws()
    for path in paths:
        try:
            document = parse_policy(read_text(path), path.name)
        except RefusedTable as refusal:
            refusals.append(str(refusal))
            continue
        refusals += [f"{path.name}: {sentence}" for sentence in unproved(document, drugs, laws)[:1]]
        earlier = documents.get(document["id"])
        if earlier:
            refusals.append(f"{path.name}: id {document['id']} is that of {earlier[0].name} too; give each policy its own.")
        documents[document["id"]] = (path, document)
    if refusals:
        raise RefusedPolicies("\n".join(refusals))
    known = _known_drugs()
    return [
        Loaded(path.name, store(Policy, ["policy_id"], [_fields(document)]), warnings=_strangers(document, known))
        for path, document in documents.values()
    ]


def reference_drugs() -> dict[str, Drug]:
    """What the worked examples may name as a drug: every code, molecule and family of the reference, with its regimen.

    A code that had several rows over time is what its newest row says.
    """
    families = {family.family: family for family in DrugFamily.objects.all()}
    rows = list(
        DrugCode.objects.order_by("effective_from").values_list(
            "hcpcs_code", "molecule", "effective_from", "effective_to", "family_id"
        )
    )
    same = same_drug_codes(row[:4] for row in rows)

    def drug(molecule: str, family: str, codes: frozenset[str] = frozenset()) -> Drug:
        regimen = families[family]
        single = regimen.finite_course and regimen.course_doses == 1
        return Drug(molecule, family, codes, allowed_gap(regimen.interval_days), single)

    named = {family: drug(family, family) for family in families}
    named |= {molecule: drug(molecule, family) for _, molecule, _, _, family in rows}
    return named | {code: drug(molecule, family, same[code]) for code, molecule, _, _, family in rows}


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
