"""Saved mappings: a version is never changed, saving what differs makes the next one."""

from django.db import IntegrityError, transaction
from django.db.models import Max

from demand.actions.extracts import Refused
from demand.engine.mapping import Mapping, MappingError, from_text
from demand.models import ColumnMapping


@transaction.atomic
def save(mapping: Mapping, name: str, user=None) -> ColumnMapping:
    """Keep a mapping under a name. The newest version of that name is returned as it is where it says the same."""
    name = name.strip()
    if not name:
        raise Refused("Give the mapping a name, for example “Payer A, medical layout 2026”.")
    if not name.isprintable():
        raise Refused("The name of a mapping holds characters that cannot be shown: type it anew.")
    if len(name) > 120:
        raise Refused("The name of a mapping has at most 120 characters: shorten it.")
    earlier = ColumnMapping.objects.filter(name=name)
    if earlier.exclude(kind=mapping.kind).exists():
        raise Refused(f"“{name}” is the name of a mapping for {earlier.first().kind} files: choose another name.")
    newest = earlier.order_by("-version").first()
    if newest and _meaning(newest.spec) == _meaning(mapping.as_json()):
        ColumnMapping.objects.filter(pk=newest.pk).update(retired=False)
        return newest
    version = 1 + (earlier.aggregate(most=Max("version"))["most"] or 0)
    spec = mapping.as_json() | {"name": name, "version": version}
    try:
        with transaction.atomic():
            saved = ColumnMapping.objects.create(name=name, version=version, kind=mapping.kind, spec=spec, created_by=user)
    except IntegrityError:
        raise Refused(f"Somebody else has just saved a mapping named “{name}”: look at it, then save yours again.") from None
    earlier.exclude(pk=saved.pk).update(retired=True)  # the same header is read by the newest version
    return saved


def _meaning(spec: dict) -> dict:
    return {key: value for key, value in spec.items() if key not in ("name", "version")}


def bring_in(text: str, name: str = "", user=None) -> ColumnMapping:
    """Save a mapping that was exported, here or elsewhere. Refused in one sentence where it is none."""
    try:
        mapping = from_text(text)
    except MappingError as error:
        raise Refused(str(error)) from None
    return save(mapping, name or mapping.name, user)


def set_retired(mapping: ColumnMapping, retired: bool) -> None:
    """A retired mapping is kept, and used only where somebody chooses it."""
    ColumnMapping.objects.filter(pk=mapping.pk).update(retired=retired)


def named(word: str) -> ColumnMapping:
    """The newest version of a saved mapping; Refused where no mapping has the name."""
    found = ColumnMapping.objects.filter(name=word).order_by("-version").first()
    if found is None:
        raise Refused(f"No mapping is called “{word}”: the page Mappings lists them, or give the path of an exported one.")
    return found
