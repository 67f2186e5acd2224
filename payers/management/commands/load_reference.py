"""Load the reference tables that this product ships."""

from payers.actions.reference import load_reference
from sites.management.register_command import RegisterCommand, as_one


class Command(RegisterCommand):
    help = (
        "Load the reference tables of this product (drug codes, regimens, packages, service and claim codes, payment limits, fees) "
        "into the database. Idempotent; rows that were changed here become the shipped ones again unless --keep-existing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--keep-existing", action="store_true", help="leave rows that are there already as they are")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, keep_existing: bool, json: bool, **options):
        self.answer(as_one(lambda: load_reference(keep_existing=keep_existing)), json)
