"""Background processes: saying "I am here", and giving back the work of those that are gone."""

import os
from datetime import timedelta

from django.utils import timezone

from demand.actions.runs import release_worker, this_worker
from demand.models import Run
from infusion_strategy.models import Heartbeat

FORGOTTEN = timedelta(days=1)


def beat(kind: str) -> None:
    """Note that this process is alive; processes that were silent for a day are forgotten."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(process=this_worker(), defaults={"kind": kind, "seen_at": now})
    Heartbeat.objects.filter(seen_at__lt=now - FORGOTTEN).delete()


def leave() -> None:
    Heartbeat.objects.filter(process=this_worker()).delete()


def release_dead() -> int:
    """Give back the runs of this machine's processes that are gone, without waiting for their leases. Returns how many."""
    here = this_worker().rsplit(":", 1)[0]
    released = 0
    for worker in set(Run.objects.filter(status=Run.Status.RUNNING).values_list("worker", flat=True)):
        host, _, process_id = worker.rpartition(":")
        if host == here and process_id.isdecimal() and not _is_alive(int(process_id)):
            released += release_worker(worker, crashed=True)
    return released


def _is_alive(process_id: int) -> bool:
    if os.name == "nt":  # asking would end the process there; its lease runs out instead
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
