"""A run in words: what it read, how far it is, what to do where it failed."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from demand.engine.parameters import Parameters
from demand.models import Extract, Feed, Run

REMEDIES = {
    Run.Kind.LOAD: "Correct the file and load it again as a new extract; nothing of this one was kept.",
    Run.Kind.RECOMPUTE: "The last good result is still shown. Recompute; if it fails again, tell your administrator the run's number.",
    Run.Kind.SCENARIO: "The scenario's last good result is still shown. Save the scenario again; if it fails again, tell your administrator.",
    Run.Kind.REHEARSAL: "Start the demo again; if it fails again, look at the worker's log.",
}
QUIET = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class About:
    """`changed`: parameters that differ from their defaults. `quiet`: running and no heartbeat for a minute."""

    total_seconds: float | None
    stages: tuple[tuple[str, float, float], ...]  # name, seconds, share of the total
    extracts: tuple[tuple[int, str, bool], ...]  # id, name, still there
    parameters: tuple[tuple[str, object, object], ...]  # name, value, default
    changed: tuple[tuple[str, object, object], ...]
    quiet: bool
    remedy: str
    subject: Extract | None
    feed: Feed | None


def describe(run: Run) -> About:
    stages = [(stage["stage"], float(stage["seconds"])) for stage in run.stages]
    total = sum(seconds for _, seconds in stages)
    named = run.inputs.get("extracts", []) if run.kind == Run.Kind.RECOMPUTE else []
    there = set(Extract.objects.filter(pk__in=[entry["id"] for entry in named]).values_list("pk", flat=True)) if named else set()
    parameters = _parameters(run)
    last_sign = run.heartbeat_at or run.started_at
    return About(
        total_seconds=total or None,
        stages=tuple((name, seconds, seconds / total if total else 0.0) for name, seconds in stages),
        extracts=tuple((entry["id"], entry["name"], entry["id"] in there) for entry in named),
        parameters=parameters,
        changed=tuple(row for row in parameters if row[1] != row[2]),
        quiet=run.status == Run.Status.RUNNING and bool(last_sign) and timezone.now() - last_sign > QUIET,
        remedy=REMEDIES.get(run.kind, "") if run.status == Run.Status.FAILED else "",
        subject=Extract.objects.filter(pk=run.subject_id).first() if run.kind == Run.Kind.LOAD else None,
        feed=Feed.objects.filter(pk=run.subject_id).first() if run.kind == Run.Kind.FETCH else None,
    )


def _parameters(run: Run) -> tuple[tuple[str, object, object], ...]:
    if run.kind != Run.Kind.RECOMPUTE:
        return ()
    defaults = Parameters().as_json()
    return tuple((name, _plain(value), _plain(defaults.get(name))) for name, value in sorted(run.parameters.items()))


def _plain(value):
    return ", ".join(map(str, value)) if isinstance(value, list) else value
