"""Payers and the companies behind them, as analysts name them while they map what payers sent."""

from collections.abc import Mapping

from django.db import transaction

from payers.models import Payer


@transaction.atomic
def keep_parents(parents: Mapping[str, str]) -> None:
    """Payer's name -> parent company."""
    for name, parent in parents.items():
        Payer.objects.update_or_create(name=name.strip()[:200], defaults={"parent": parent.strip()[:200]})
