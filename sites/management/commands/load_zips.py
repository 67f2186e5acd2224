"""Load where the people of ZIP codes live."""

from sites.actions.load import load_zips
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = "Load a CSV of zip_code, latitude and longitude: distances to sites are measured from these points. Idempotent."
    load = staticmethod(load_zips)
