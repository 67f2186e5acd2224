"""What is going on behind the figures: work under way, the last thing that failed, whether there is anything to show."""

from dataclasses import dataclass

from demand.models import Run


@dataclass(frozen=True)
class DataState:
    """`under_way`: loads, recomputations and rehearsals not over yet, oldest first. `failed`: newest recomputation that failed
    after the one shown was asked for."""

    shown: Run | None
    under_way: tuple[Run, ...]
    failed: Run | None

    @property
    def empty(self) -> bool:
        return self.shown is None


CLAIMS_WORK = (Run.Kind.LOAD, Run.Kind.RECOMPUTE, Run.Kind.REHEARSAL)


def data_state(shown: Run | None) -> DataState:
    recent = list(Run.objects.filter(kind__in=CLAIMS_WORK).order_by("-requested_at", "-pk")[:50])
    under_way = [run for run in recent if run.status in (Run.Status.QUEUED, Run.Status.RUNNING)]
    failed = next((run for run in recent if run.status == Run.Status.FAILED and run.kind != Run.Kind.LOAD), None)
    if failed and shown and failed.requested_at <= shown.requested_at:
        failed = None
    return DataState(shown, tuple(reversed(under_way)), failed)
