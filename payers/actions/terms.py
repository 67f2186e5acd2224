"""Contract rates and state laws into the database."""

from pathlib import Path

from payers.engine.terms import RATES, STATE_LAWS
from payers.models import Rate, StateLaw
from sites.actions.registers import Loaded, loaded, store
from sites.engine.rows import Problem, read_table
from sites.models import Site


def load_rates(path: Path) -> Loaded:
    """rates.csv. A rate of a site that the register does not have is used and pointed out."""
    table = read_table(path, RATES)
    known = set(Site.objects.values_list("site_id", flat=True))
    strange = [
        Problem(row.line, "site_id", row.values["site_id"], "unknown_site", "is not in the site register")
        for row in table.rows
        if row.values["site_id"] and row.values["site_id"] not in known
    ]
    result = loaded(table, store(Rate, RATES.key, [row.values for row in table.rows], absent=table.absent))
    return Loaded(result.file, result.stored, result.rejected, (*result.warnings, *(problem.sentence() for problem in strange)))


def load_laws(path: Path) -> Loaded:
    """State laws that shield insured members: state, shields_from, effective_from, effective_to, note, source."""
    table = read_table(path, STATE_LAWS)
    return loaded(table, store(StateLaw, STATE_LAWS.key, [row.values for row in table.rows], absent=table.absent))
