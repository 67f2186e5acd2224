"""Recording what an approved site's costs really were, month by month; a month and line recorded again is replaced."""

from collections.abc import Sequence

from django.db import transaction

from roi.engine.cost_table import CostRow
from roi.models import ActualCost, Approval


def record_costs(user, approval: Approval, rows: Sequence[CostRow]) -> int:
    """How many amounts stand recorded of these rows; one that became unknown is taken out."""
    known = [row for row in rows if row.cents is not None]
    with transaction.atomic():
        for row in rows:
            if row.cents is None:
                ActualCost.objects.filter(approval=approval, month=row.month, line_item=row.line).delete()
        ActualCost.objects.bulk_create(
            [
                ActualCost(approval=approval, month=row.month, line_item=row.line, cents=row.cents, recorded_by=user)
                for row in known
            ],
            update_conflicts=True,
            unique_fields=["approval", "month", "line_item"],
            update_fields=["cents", "recorded_by", "recorded_at"],
        )
    return len(known)
