"""A policy's worked examples against its clauses: whoever loads or saves a policy sees them proved."""

from collections.abc import Mapping

from payers.engine.examples import Drug, allowed_gap, same_drug_codes, unproved
from payers.models import DrugCode, DrugFamily
from payers.selectors import state_laws
from sites.engine.text_file import RefusedTable


def refuse_unproved(document: Mapping, name: str) -> None:
    """RefusedTable names the first example that the clauses do not bear out, and what they give."""
    if document["examples"]:
        for sentence in unproved(document, reference_drugs(), state_laws())[:1]:
            raise RefusedTable(f"{name}: {sentence}")


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
