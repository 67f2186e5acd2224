"""The contradictions between the functions' records as they stand now, and which of them somebody settled."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from demand.contradiction_words import KINDS, Words
from demand.engine.contradictions import (
    BagEvent,
    Contradiction,
    DeniedClaim,
    Evidence,
    Exemption,
    Impact,
    Stay,
    contradictions,
)
from demand.models import Run, Settlement
from demand.selectors.facts import ResultsMissing, ask_tables
from demand.selectors.records import UNKNOWN, Record, Registers, records, registers

STAYS = """
SELECT person_no, payer, family, coalesce(line_of_business, 'unknown'), coalesce(funding_type, 'unknown'), coalesce(site_class, 'unknown'),
    coalesce(hospital_affiliated, false), min(service_date), max(service_date)
FROM {infusions}
WHERE list_contains($payers, lower(payer)) AND family IS NOT NULL
GROUP BY ALL
"""
OWNED_DAYS = """
SELECT DISTINCT lower(payer), family, service_date FROM {infusions}
WHERE ownership = 'owned' AND list_contains($payers, lower(payer)) AND family IS NOT NULL
"""


@dataclass(frozen=True)
class Found:
    """A contradiction and, where one stands, its settlement. `grown`: more is behind it now than when it was settled."""

    what: Contradiction
    words: Words
    settlement: Settlement | None = None

    @property
    def grown(self) -> int:
        return max(0, self.what.size - self.settlement.size) if self.settlement else 0

    @property
    def open(self) -> bool:
        return self.settlement is None or self.grown > 0


@dataclass(frozen=True)
class Board:
    """`asked_without`: questions that could not be asked, in words."""

    open: tuple[Found, ...]
    weak: tuple[Found, ...]
    settled: tuple[Found, ...]
    asked_without: tuple[str, ...]


EXEMPT = """
SELECT payer, family, count(DISTINCT person_no) FROM {exposure}
WHERE verdict = 'exempt' AND payer IS NOT NULL GROUP BY ALL ORDER BY ALL
"""


def exemptions(run: Run) -> list[Exemption]:
    """People whom a policy's verdict calls exempt, by payer and drug. ResultsMissing where the run keeps no exposures."""
    return [Exemption(*row) for row in ask_tables(run, EXEMPT)]


def evidence(run: Run | None, known: Registers) -> tuple[Evidence, tuple[str, ...]]:
    logs = {kind: records(kind, known) for kind in ("denials", "white_bag_events", "patient_impacts")}
    stays, owned, exempt, without = [], None, [], []
    if run is None:
        without.append("No claims run is published, so whether patients moved is not asked.")
    else:
        try:
            stays = _stays(run, known)
            owned = _owned(run, known)
        except ResultsMissing as missing:
            without.append(f"Whether patients moved is not asked: {missing}")
        try:
            exempt = exemptions(run)
        except ResultsMissing as missing:
            without.append(f"Write-offs on exempt drugs are not asked for: {missing}")
    without += [f"The log of {words} is empty: nothing of it can contradict." for kind, words in _EMPTY.items() if not logs[kind]]
    found = Evidence(
        policies=known.policies,
        denials=[_denial(row, known) for row in logs["denials"]],
        events=[BagEvent(row.id, _payer(row), _family(row), row.administered_on) for row in logs["white_bag_events"]],
        impacts=[Impact(row.id, row.policy_id, row.reported_on) for row in logs["patient_impacts"] if row.policy_id],
        stays=stays,
        exempt=exempt,
        owned_administrations=owned,
    )
    return found, tuple(without)


_EMPTY = {"denials": "denials", "white_bag_events": "white-bag events", "patient_impacts": "patient impacts"}


def _payer(row: Record) -> str:
    return "" if row.payer == UNKNOWN else row.payer


def _family(row: Record) -> str | None:
    return None if row.family == UNKNOWN else row.family


def _denial(row: Record, known: Registers) -> DeniedClaim:
    return DeniedClaim(
        row.id,
        _payer(row),
        _family(row),
        row.day,
        row.reason.kind,
        row.denied_cents,
        row.written_off_cents,
        known.site_classes.get(row.site),
    )


def _stays(run: Run, known: Registers) -> list[Stay]:
    payers = sorted({policy.payer.lower() for policy in known.policies if policy.kind == "site_of_care"})
    return [Stay(*row) for row in ask_tables(run, STAYS, payers=payers)] if payers else []


def _owned(run: Run, known: Registers) -> dict[tuple[str, str], list]:
    payers = sorted({policy.payer.lower() for policy in known.policies if policy.drug_source == "sp_required"})
    days = defaultdict(list)
    for payer, family, day in ask_tables(run, OWNED_DAYS, payers=payers) if payers else []:
        days[payer, family].append(day)
    return days


def board(run: Run | None) -> Board:
    found, without = evidence(run, registers())
    settled = {one.key: one for one in Settlement.objects.filter(undone_at=None).select_related("settled_by")}
    every = [Found(one, KINDS[one.kind], settled.get(one.key)) for one in contradictions(found)]
    return Board(
        tuple(one for one in every if one.open and not one.what.weak),
        tuple(one for one in every if one.open and one.what.weak),
        tuple(one for one in every if not one.open),
        without,
    )


def open_on(run: Run | None, payer: str, family: str, policy_ids: Collection[str]) -> list[Found]:
    """The open firm ones of a payer and drug, or of a policy that names the drug."""
    return [
        one
        for one in board(run).open
        if (one.what.payer.casefold() == payer.casefold() and one.what.family == family)
        or (not one.what.family and one.what.policy_id in policy_ids)
    ]


def find(run: Run | None, key: str) -> Found | None:
    every = board(run)
    return next((one for one in (*every.open, *every.weak, *every.settled) if one.what.key == key), None)


def history(key: str) -> list[Settlement]:
    """Every settlement of a contradiction, undone ones too, newest first."""
    return list(Settlement.objects.filter(key=key).select_related("settled_by", "undone_by"))


def behind(found: Found) -> list[Record]:
    """The log's records behind it, in the order of their days."""
    if not found.what.log:
        return []
    wanted = set(found.what.records)
    return sorted((row for row in records(found.what.log, registers()) if row.id in wanted), key=lambda row: (str(row.day), row.id))
