"""Add to the drug reference."""

from argparse import RawDescriptionHelpFormatter

from payers.actions.reference import load_drugs
from payers.engine.reference_tables import DRUG_TABLES, LAYOUTS
from sites.management.register_command import RegisterCommand


def _columns() -> str:
    lines = []
    for table in DRUG_TABLES:
        layout = LAYOUTS[table]
        others = ", ".join(column.name for column in layout.columns if not column.needed)
        lines.append(f"  {table}: {', '.join(layout.needed)}; may have {others}")
    return "\n".join(lines)


class Command(RegisterCommand):
    help = f"""Add rows to the drug reference from a CSV: packages (self-administered NDCs), codes, regimens. Idempotent.

A column `table` says for each row which table it belongs to; without it the columns tell
(ndc_code: packages, unit_amount: codes, clinical_line: regimens).

{_columns()}

An NDC has 11 digits, or hyphens that say where its zero belongs. A package needs its family, or a code that is on file.
"""
    load = staticmethod(load_drugs)

    def create_parser(self, prog_name, subcommand, **kwargs):
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)
