"""Load the roster of prescribers."""

from sites.actions.load import load_prescribers
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = (
        "Load prescribers.csv into the roster, idempotently. Needed columns: npi, relation (employed or affiliated). "
        "A row is one stay from starts_on until ends_on, which is the first day that no longer counts."
    )
    load = staticmethod(load_prescribers)
