"""Load the site register."""

from sites.actions.load import load_sites
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = (
        "Load sites.csv into the site register, idempotently. Needed columns: site_id, name, site_class, ownership; "
        "npis are separated by ;. Sites that the file does not name stay."
    )
    load = staticmethod(load_sites)
