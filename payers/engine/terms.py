"""Layouts of rates.csv and of the state laws; grain: one contract rate from a date, one law of a state from a date.

A rate in percent is written as percent (150 is one and a half times the ASP limit), any other in dollars per unit, day or visit.
"""

from collections.abc import Iterator

from payers.engine.policies import KINDS
from sites.engine import cells
from sites.engine.registers import SITE_CLASSES
from sites.engine.rows import Column, Finding, Layout, ends_after_start

BASES = ("percent_of_asp", "per_unit", "percent_of_charge", "per_diem", "per_visit")
LEAST_USUAL_PERCENT = 10


def _rate_warnings(values: dict) -> Iterator[Finding]:
    if values["basis"].startswith("percent") and values["rate"] < LEAST_USUAL_PERCENT:
        yield Finding("rate", "percent", f"is read as {values['rate']:f} percent; if a factor was meant, multiply it by 100")


RATES = Layout(
    columns=(
        Column("payer", cells.text(200), needed=True),
        Column("plan", cells.text(200), blank=""),
        Column("site_class", cells.choice(*SITE_CLASSES), blank=""),
        Column("site_id", cells.text(80), blank=""),
        Column("hcpcs_code", cells.hcpcs, blank=""),
        Column("basis", cells.choice(*BASES), needed=True),
        Column("rate", cells.decimal(4), needed=True),
        Column("effective_from", cells.day, needed=True),
        Column("effective_to", cells.day),
        Column("source", cells.text(300), blank=""),
    ),
    key=("payer", "plan", "site_class", "site_id", "hcpcs_code", "basis", "effective_from"),
    check=lambda values: ends_after_start(values, "effective_from", "effective_to"),
    warn=_rate_warnings,
)

STATE_LAWS = Layout(
    columns=(
        Column("state", cells.state, needed=True),
        Column("shields_from", cells.choice(*KINDS), needed=True),
        Column("effective_from", cells.day, needed=True),
        Column("effective_to", cells.day),
        Column("note", cells.text(2000), blank=""),
        Column("source", cells.text(300), needed=True),
    ),
    key=("state", "shields_from", "effective_from"),
    check=lambda values: ends_after_start(values, "effective_from", "effective_to"),
)
