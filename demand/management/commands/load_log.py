"""Load a log that one of the four functions keeps."""

from pathlib import Path

from django.core.management.base import CommandError

from demand.actions.logs import KINDS, load_log
from sites.management.register_command import RegisterCommand, as_one


class Command(RegisterCommand):
    help = (
        "Load a log as CSV: denials (revenue cycle), white_bag_events (clinics), patient_impacts (providers), orders (scheduling), clinical_facts (clinicians). "
        "Give the whole log each time: records alike in everything that names them are told apart by their order. Idempotent."
    )

    def add_arguments(self, parser):
        parser.add_argument("kind", metavar="KIND", help=f"which log it is: {', '.join(KINDS)}")
        super().add_arguments(parser)

    def load_all(self, files: list[Path], *, kind: str, **options):
        if kind not in KINDS:
            raise CommandError(f"“{kind}” is no kind of log; write one of {', '.join(KINDS)}.")
        return as_one(lambda: [load_log(kind, path) for path in files])
