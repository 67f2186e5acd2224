"""Load what provider numbers say they are."""

from sites.actions.load import load_taxonomies
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = "Load a CSV of npi and taxonomy (NUCC): it tells an infusion clinic from a physician office. Idempotent."
    load = staticmethod(load_taxonomies)
