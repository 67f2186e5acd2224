"""How fast steerage grows: what began quarter by quarter."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from payers.models import DrugCode, Policy


@dataclass(frozen=True)
class Quarter:
    """What began in a quarter. `drugs` are payer × drug family pairs that come under a policy for the first time."""

    start: dt.date
    policies: int
    anticipated: int
    drugs: int
    in_force: int  # policies in force on the quarter's last day, the anticipated ones left out

    @property
    def name(self) -> str:
        return f"{self.start.year} Q{(self.start.month + 2) // 3}"


def pace(policies: Iterable[Policy], names: Mapping[str, str]) -> tuple[Quarter, ...]:
    """Quarter by quarter from the first policy's to the last one's."""
    dated = sorted((policy for policy in policies if policy.effective_from), key=lambda policy: policy.effective_from)
    if not dated:
        return ()
    molecules = dict(DrugCode.objects.values_list("molecule", "family"))
    first_seen: dict[tuple[str, str], dt.date] = {}
    for policy in dated:
        if policy.status != "anticipated":
            for family in families_of(policy.document, names, molecules):
                first_seen.setdefault((policy.payer, family), quarter_of(policy.effective_from))
    quarters, start, last = [], quarter_of(dated[0].effective_from), quarter_of(dated[-1].effective_from)
    while start <= last:
        end = _next(start)
        begun = [policy for policy in dated if start <= policy.effective_from < end]
        standing = [
            policy for policy in dated
            if policy.status != "anticipated" and policy.effective_from < end and not (policy.effective_to and policy.effective_to < end)
        ]  # fmt: skip
        sure = [policy for policy in begun if policy.status != "anticipated"]
        drugs = sum(1 for seen in first_seen.values() if seen == start)
        quarters.append(Quarter(start, len(sure), len(begun) - len(sure), drugs, len(standing)))
        start = end
    return tuple(quarters)


def families_of(document: Mapping, names: Mapping[str, str], molecules: Mapping[str, str]) -> set[str]:
    drugs = document.get("drugs") or {}
    found = {names.get(code, code) for code in drugs.get("hcpcs") or []} | set(drugs.get("families") or [])
    return found | {molecules.get(molecule, molecule) for molecule in drugs.get("molecules") or []}


def quarter_of(day: dt.date) -> dt.date:
    return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _next(quarter: dt.date) -> dt.date:
    return quarter_of(quarter + dt.timedelta(days=100))
