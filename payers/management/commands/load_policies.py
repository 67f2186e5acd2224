"""Load payer policies."""

from pathlib import Path

from payers.actions.policies import load_policies
from sites.actions.registers import Loaded
from sites.management.register_command import RegisterCommand, as_one


class Command(RegisterCommand):
    help = (
        "Load payer policies from YAML files, one policy a file, known by its id. The schema is strict: a key or word it does "
        "not have is refused by name. Where one file is refused, none is loaded. Idempotent."
    )
    one_file = False

    def load_all(self, files: list[Path], **options) -> list[Loaded]:
        return as_one(lambda: load_policies(files))
