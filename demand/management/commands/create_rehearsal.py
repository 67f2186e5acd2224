"""DIR, people, months, seed -> the files of a synthetic health system with their planted truth."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from demand.engine.rehearsal import create_rehearsal
from demand.engine.rehearsal.write import DEFAULT_SEED


class Command(BaseCommand):
    help = "Writes a synthetic health system (claims, sites, prescribers, policies, logs) and the truth planted in it."

    def add_arguments(self, parser):
        parser.add_argument("directory", metavar="DIR", type=Path, help="folder to write into; it is made if need be")
        parser.add_argument("--people", type=int, default=3000, help="people in the extract (3000)")
        parser.add_argument("--months", type=int, default=36, help="months of service, ending with June 2026 (36)")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same bytes")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, directory, people, months, seed, **options):
        try:
            summary = create_rehearsal(directory, people=people, months=months, seed=seed)
        except ValueError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            reason = error.strerror or error.__class__.__name__
            raise CommandError(
                f"The folder {directory} cannot be written ({reason}): name a folder that you may write to."
            ) from None
        if options["json"]:
            self.stdout.write(json.dumps(summary.as_json()))
            return
        counts = summary.counts
        self.stdout.write(
            f"{directory}: {people:,} people, seed {seed}, service {summary.service_from} to {summary.service_through}, "
            f"paid through {summary.paid_through}"
        )
        for name in sorted(name for name in counts if name.endswith(".csv")):
            self.stdout.write(f"  {counts[name]:>10,}  {name}")
        self.stdout.write(f"  {counts['policies']:>10,}  policies/*.yaml")
        self.stdout.write("The key is in truth/; truth/README.md says what its columns mean.")
