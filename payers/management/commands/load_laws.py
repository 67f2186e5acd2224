"""Load state laws that shield insured members."""

from payers.actions.terms import load_laws
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = (
        "Load state laws from a CSV, idempotently. Needed columns: state, shields_from (the kind of policy: site_of_care, "
        "drug_source, benefit, step, prior_authorization), effective_from, source; may have effective_to, note."
    )
    load = staticmethod(load_laws)
