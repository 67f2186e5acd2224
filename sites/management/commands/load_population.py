"""Load how many people live in ZIP codes, by year, and how many of them are 65 or older."""

from sites.actions.load import load_population
from sites.management.register_command import RegisterCommand


class Command(RegisterCommand):
    help = "Load a CSV of zip_code, year, population and population_65_plus: growth needs two years or more. Idempotent."
    load = staticmethod(load_population)
