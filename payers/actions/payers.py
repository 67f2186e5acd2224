"""Payers, the companies behind them, their names in claims and their plans."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from payers.models import Payer, PayerName, Plan
from sites.engine.text_file import RefusedTable


@dataclass(frozen=True)
class PlanTerms:
    """What is said of a plan; blank is not known."""

    name: str
    line_of_business: str = ""
    funding: str = ""
    state: str = ""
    group_id: str = ""


@transaction.atomic
def keep_parents(parents: Mapping[str, str]) -> None:
    """Payer's name -> parent company."""
    for name, parent in parents.items():
        Payer.objects.update_or_create(name=name.strip()[:200], defaults={"parent": parent.strip()[:200]})


@transaction.atomic
def save_payer(payer: Payer, claim_names: Iterable[str], plans: Iterable[PlanTerms]) -> Payer:
    """A payer with all its names in claims and all its plans; what is not among them is taken out. RefusedTable in one sentence."""
    _refuse_circle(payer)
    names = list(dict.fromkeys(name.strip() for name in claim_names if name.strip()))
    plans = list(plans)
    twice = [
        plan.name for number, plan in enumerate(plans) if plan.name.casefold() in {one.name.casefold() for one in plans[:number]}
    ]
    if twice:
        raise RefusedTable(f"The plan “{twice[0]}” stands twice; keep one of them.")
    _refuse_taken_names(payer, names)
    payer.save()
    payer.claim_names.exclude(name__in=names).delete()
    for name in names:
        PayerName.objects.get_or_create(name=name, payer=payer)
    payer.plans.exclude(name__in=[plan.name for plan in plans]).delete()
    for plan in plans:
        terms = {key: value for key, value in vars(plan).items() if key != "name"}
        Plan.objects.update_or_create(payer=payer, name=plan.name, defaults=terms)
    return payer


def _refuse_circle(payer: Payer) -> None:
    """A payer is not its own parent, by itself or through others."""
    parents = dict(Payer.objects.exclude(pk=payer.pk).values_list("name", "parent"))
    above, through = payer.parent, []
    while above and above not in through:
        if above == payer.name:
            way = f" through {', '.join(through)}" if through else ""
            raise RefusedTable(f"{payer.name} would be its own parent{way}; name the company that stands at the top, or none.")
        through.append(above)
        above = parents.get(above, "")


def _refuse_taken_names(payer: Payer, names: Iterable[str]) -> None:
    for name in names:
        other = Payer.objects.filter(name=name).exclude(pk=payer.pk).first()
        held = PayerName.objects.filter(name=name).exclude(payer=payer.pk).select_related("payer").first()
        if other or held:
            raise RefusedTable(f"The name “{name}” is that of {other or held.payer}; a name in claims belongs to one payer.")
