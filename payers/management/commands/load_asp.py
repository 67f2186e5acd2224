"""Load CMS's quarterly price files."""

from payers.actions.asp import load_asp
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = (
        "Load CMS's quarterly ASP files as published (CSV or CSV.gz, title lines included): payment limits add a quarter, the "
        "NDC-HCPCS crosswalk adds packages of the drugs in the reference. Which of the two a file is, it says itself. Idempotent."
    )
    one_file = False
    load = staticmethod(load_asp)
