"""Two entries for one place become one: the kept entry takes over provider numbers and what it left blank; the other one stays
readable, marked, and its id stands for the kept one wherever logs, rates or earlier runs name it."""

from dataclasses import dataclass

from sites.actions.changes import entry_of, save_entries
from sites.actions.decisions import Refused
from sites.engine.site_entries import Entry, differences
from sites.models import Site, SiteChange

# Never taken over: who the kept entry is, and what decides how its infusions count.
KEPT = {
    "site_id",
    "name",
    "site_class",
    "ownership",
    "opened_on",
    "closed_on",
    "is_340b",
    "hospital_affiliated",
    "retired",
    "merged_into",
}
TOGETHER = (
    ("latitude", "longitude"),
    ("source", "checked_on"),
    ("address", "city", "state", "zip_code"),
    ("chairs", "open_hours_per_week"),
)


@dataclass(frozen=True)
class MergePlan:
    """What the kept entry becomes (`changes`), and where the other one says something else that is not taken over."""

    kept: dict[str, str]
    merged: dict[str, str]
    changes: tuple[tuple[str, str, str], ...]
    left_behind: tuple[tuple[str, str, str], ...]


def plan(kept: Site, merged: Site) -> MergePlan:
    """Refused where the two cannot be merged."""
    if kept == merged:
        raise Refused("A site cannot be merged into itself; choose two different entries.")
    for site in (kept, merged):
        if site.retired:
            raise Refused(f"{site.name} is not in the register any more; choose another entry.")
    mine, theirs = entry_of(kept), entry_of(merged)
    numbers = {
        text[:10]: text for text in (*theirs["npis"].split(";"), *mine["npis"].split(";")) if text
    }  # of both: with our dates
    after = _filled(mine, theirs) | {"npis": ";".join(sorted(numbers.values()))}
    left = tuple(
        (name, was, is_now) for name, was, is_now in differences(after, theirs) if is_now and name not in ("site_id", "npis")
    )
    return MergePlan(after, theirs | {"retired": "true", "merged_into": kept.site_id}, tuple(differences(mine, after)), left)


def _filled(mine: Entry, theirs: Entry) -> dict[str, str]:
    """Blank columns filled from the other entry; columns that belong together only where all of them are blank."""
    after = dict(mine)
    for name in theirs:
        group = next((names for names in TOGETHER if name in names), (name,))
        if name not in KEPT and not any(mine[member] for member in group):
            after[name] = theirs[name]
    return after


def merge(user, kept: Site, merged: Site) -> SiteChange:
    """The merger as a change of both entries, which can be undone."""
    made = plan(kept, merged)
    return save_entries(user, f"Merged: {merged.name} into {kept.name}", {kept.site_id: made.kept, merged.site_id: made.merged})
