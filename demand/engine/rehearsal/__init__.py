"""A seed -> a synthetic health system with planted truth; grain: one folder of the files of interfaces.md and `truth/`.

Read in this order: `world` (markets, sites, prescribers, payers; the tables are market_*.csv), `policies` (what payers will
demand), `therapies` and `schedules` (what is infused, how often), `people`, `courses` and `moves` (who receives what, where,
and what becomes of it), `claims` and `lines` (how billing systems would report it), `noise` (the care around it), `orders` and
`logs` (what the system's own departments write down), `truth` (the key to which all of it is compared), `write`.

Nothing here is real: names are invented, NPIs have a right check digit but begin with 2, a range never issued.
"""

from demand.engine.rehearsal.write import RehearsalSummary, create_rehearsal

__all__ = ["RehearsalSummary", "create_rehearsal"]
