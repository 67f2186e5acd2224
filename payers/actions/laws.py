"""A law of our reference put on file, dated by whoever verified it."""

import datetime as dt

from django.db import transaction

from payers.engine.state_laws import ReferenceLaw
from payers.models import StateLaw
from sites.engine.text_file import RefusedTable


@transaction.atomic
def put_on_file(law: ReferenceLaw, since: str) -> StateLaw:
    """RefusedTable where the date is none, or the state has such a law on file already."""
    try:
        day = dt.date.fromisoformat(since.strip())
    except ValueError:
        raise RefusedTable(
            f"Say from which day the law of {law.state} counts, written year-month-day such as 2023-07-01."
        ) from None
    if StateLaw.objects.filter(state=law.state, shields_from=law.shields_from, effective_to=None).exists():
        raise RefusedTable(f"{law.state} has such a law on file already.")
    note = f"{law.law}. {law.note} Evidence: {law.evidence}."
    return StateLaw.objects.create(
        state=law.state, shields_from=law.shields_from, effective_from=day, note=note, source=law.source[:300], verify=True
    )
