"""An audit row for what the models do not show by themselves: uploads, exports, downloads, requests."""

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model


def note(user, obj: Model, did: str, **facts) -> None:
    """Who did what to which object. `facts` are counts and table names, never values of a claims file or its name."""
    LogEntry.objects.create(
        action=LogEntry.Action.ACCESS,
        content_type=ContentType.objects.get_for_model(obj),
        object_pk=str(obj.pk),
        object_id=obj.pk,
        object_repr=str(obj)[:200],
        actor=user if getattr(user, "is_authenticated", False) else None,
        additional_data={"did": did, **facts},
    )
