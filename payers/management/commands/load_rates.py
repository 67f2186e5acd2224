"""Load contract rates."""

from payers.actions.terms import load_rates
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = (
        "Load rates.csv, idempotently. Needed columns: payer, basis (percent_of_asp, per_unit, percent_of_charge, per_diem, "
        "per_visit), rate, effective_from. A blank plan, site_class, site_id or hcpcs_code means any. Percent is written as "
        "percent: 150 is one and a half times."
    )
    load = staticmethod(load_rates)
