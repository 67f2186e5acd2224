"""A formulary is saved as the next one of its scenario, and put into effect as the scenario's next version."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Max

from roi.actions.scenarios import Refused, Saved, save_version
from roi.engine.formulary import Decided, with_formulary
from roi.engine.infusion_center import Center
from roi.models import Formulary, Scenario, ScenarioVersion


@transaction.atomic
def save_formulary(user, version: ScenarioVersion, rules: Mapping, rows: Sequence[Decided], note: str = "") -> Formulary:
    """Refused where every therapy is out, where a decision by hand has no reason, and in the archive."""
    scenario = Scenario.objects.select_for_update().get(pk=version.scenario_id)
    if scenario.archived_at is not None:
        raise Refused(f"“{scenario}” is in the archive; bring it back before you change it.")
    if not any(row.is_in for row in rows):
        raise Refused("Every drug would be out; loosen a rule, or decide one by hand.")
    unsaid = next((row.measured.family for row in rows if row.by_hand and not row.reasons[0].strip()), None)
    if unsaid:
        raise Refused(f"Say why {unsaid} is decided by hand; the reason stands beside it for whoever reads it later.")
    number = (scenario.formularies.aggregate(newest=Max("number"))["newest"] or 0) + 1
    return Formulary.objects.create(
        scenario=scenario, number=number, basis=version, rules=dict(rules), rows=[as_json(row) for row in rows], note=note[:300],
        created_by=user,
    )  # fmt: skip


def put_into_effect(user, formulary: Formulary, newest: ScenarioVersion) -> Saved:
    """The scenario's next version: drugs that are out bring no volume."""
    center = with_formulary(Center.from_json(newest.inputs), formulary.out)
    note = f"Formulary {formulary.number}: {len(formulary.out)} of {len(formulary.rows)} therapies out"
    return save_version(user, formulary.scenario, center, based_on=newest.number, note=note)


def as_json(row: Decided) -> dict:
    one, known = row.measured, row.known
    return {
        "family": one.family,
        "is_in": row.is_in,
        "by_hand": row.by_hand,
        "reasons": list(row.reasons),
        "unknown": list(row.unknown),
        "preparation": known.preparation,
        "availability": known.availability,
        "checked_on": known.checked_on and known.checked_on.isoformat(),
        "infusions_per_month": None if one.infusions_per_month is None else str(one.infusions_per_month),
        "covered": str(round(one.covered, 4)),
        "margin_cents": None if one.margin is None else str(round(one.margin, 2)),
    }
