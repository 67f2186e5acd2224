"""The payers and drugs that anything names: the list that leads to their pages, and the way back from an address."""

from collections import defaultdict
from dataclasses import dataclass

from demand.engine.address_names import address_name, named
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.facts import ask
from demand.selectors.hidden import Everything, visible_cells
from demand.selectors.logs import LogRows, log_rows
from demand.selectors.records import UNKNOWN, Record, registers
from payers.models import Payer

Measure = object  # a number, HIDDEN or None


@dataclass(frozen=True)
class Pair:
    """One payer and drug of the list."""

    payer: str
    family: str
    infusions: Measure
    policies: int
    denials: Measure
    written_off_cents: Measure
    events: Measure

    @property
    def address(self) -> tuple[str, str]:
        return address_name(self.payer), address_name(self.family)


IN_RATE = """
SELECT payer, family, count(*) FROM {facts}
WHERE attributed AND attribution_rule <> 'majority' AND outcome IN ('kept', 'margin_leak', 'site_leak')
    AND payer IS NOT NULL AND family IS NOT NULL
GROUP BY ALL
"""


def pairs(run: Run | None, see_small: bool, search: str = "") -> list[Pair]:
    """Every payer and drug that claims, a policy, a denial or an event names; the most infusions first."""
    known = registers()
    logs = {kind: log_rows(kind, None, see_small, known) for kind in ("denials", "white_bag_events")}
    names: dict[str, str] = {}
    infusions: dict[tuple[str, str], Measure] = {}
    visible = Everything() if see_small or run is None else visible_cells(run, DashboardFilters())
    for payer, family, number in ask(run, IN_RATE) if run else []:
        key = (names.setdefault(payer.casefold(), payer), family)
        infusions[key] = number if visible.shows("base", payer=payer, family=family) else HIDDEN
    of_log = {kind: defaultdict(list) for kind in logs}
    for kind, log in logs.items():
        for row in log.rows:
            if UNKNOWN not in (row.payer, row.family):
                of_log[kind][names.setdefault(row.payer.casefold(), row.payer), row.family].append(row)
    rules: dict[tuple[str, str], int] = defaultdict(int)
    for policy in known.policies:
        payer = names.setdefault(policy.payer.casefold(), policy.payer)
        for family in policy.families:
            rules[payer, family] += 1
    every = {*infusions, *rules, *of_log["denials"], *of_log["white_bag_events"]}
    wanted = search.casefold().split()
    found = [
        _pair(key, infusions.get(key, 0), rules.get(key, 0), logs, {kind: rows.get(key, []) for kind, rows in of_log.items()})
        for key in every
        if all(word in f"{key[0]} {key[1]}".casefold() for word in wanted)
    ]
    return sorted(found, key=lambda pair: (-(pair.infusions if isinstance(pair.infusions, int) else 0), pair.payer, pair.family))


def _pair(key: tuple[str, str], infusions: Measure, policies: int, logs: dict[str, LogRows], rows: dict[str, list[Record]]) -> Pair:
    counts = {}
    for kind, found in rows.items():
        spelt = {row.payer for row in found} or {key[0]}
        counts[kind] = len(found) if all(logs[kind].cells.shows(payer=payer, family=key[1]) for payer in spelt) else HIDDEN
    lost = HIDDEN if counts["denials"] is HIDDEN else sum(row.written_off_cents or 0 for row in rows["denials"])
    return Pair(*key, infusions, policies, counts["denials"], lost, counts["white_bag_events"])


def find_pair(run: Run | None, payer_address: str, family_address: str) -> tuple[list[str], str] | None:
    """The payer's spellings and the drug of an address; None where nothing names them."""
    known = registers()
    payers = {policy.payer for policy in known.policies} | set(Payer.objects.values_list("name", flat=True))
    payers |= {row.payer for kind in ("denials", "white_bag_events") for row in log_rows(kind, None, True, known).rows} - {UNKNOWN}
    families = set(known.drugs.by_code.values()) | set(known.drugs.by_name.values())
    if run is not None:
        claimed = ask(run, "SELECT DISTINCT payer, family FROM {facts}")
        payers |= {payer for payer, _ in claimed if payer}
        families |= {family for _, family in claimed if family}
    spellings, drugs = named(payer_address, payers), named(family_address, families)
    return (spellings, drugs[0]) if spellings and drugs else None
