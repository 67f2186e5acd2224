"""Load payer policies."""

from pathlib import Path

from payers.actions.policies import load_policies
from sites.actions.registers import Loaded
from sites.management.register_command import RegisterCommand, as_one


class Command(RegisterCommand):
    help = (
        "Load payer policies from YAML files, one policy a file, known by its id. The schema is strict: a key or word it does "
        "not have is refused by name, and so are a code that the drug reference does not have and a policy that overlaps with another. "
        "Where one file is refused, none is loaded. Idempotent; a changed file is the policy's next version. The library of public "
        "policies is in payers/library."
    )
    one_file = False

    def load_all(self, files: list[Path], **options) -> list[Loaded]:
        return as_one(lambda: load_policies(files))
