"""Load hospitals' published negotiated rates."""

from pathlib import Path

from payers.actions.negotiated_rates import load_negotiated_rates
from sites.actions.registers import Loaded
from sites.management.register_command import RegisterCommand, as_one


class Command(RegisterCommand):
    help = (
        "Load hospitals' published negotiated rates (CSV or CSV.gz; hospital, hcpcs, payer and neg are needed, neg in dollars per "
        "HCPCS unit) as the benchmark of our own contract rates, idempotently. The month is taken from the file's name."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--month", default="", metavar="YYYY-MM", help="the month of the file, where its name does not say it")

    def load_all(self, files: list[Path], **options) -> list[Loaded]:
        return as_one(lambda: [load_negotiated_rates(path, month=options["month"]) for path in files])
