"""Payers and the companies behind them, as analysts name them while they map what payers sent."""

from collections.abc import Mapping

from django.db import transaction

from payers.models import Payer


@transaction.atomic
def keep_parents(parents: Mapping[str, str]) -> None:
    """Payer's name -> parent company. A blank parent changes nothing: it was not asked for."""
    for name, parent in parents.items():
        name, parent = name.strip()[:200], parent.strip()[:200]
        if name and parent:
            Payer.objects.update_or_create(name=name, defaults={"parent": parent})
