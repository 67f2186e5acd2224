"""What the four functions recorded, the policies on file and the claims -> where they contradict each other; grain: one contradiction.

| kind | what contradicts what |
|---|---|
| site_denials_without_policy | the payer denied for the site; no site policy of that payer and drug was in force on file |
| white_bags_expected | a policy in force requires a specialty pharmacy; the clinics' log covers its time and has no event of it |
| events_without_policy | clinics noted doses from a pharmacy; no drug-source policy of that payer and drug was in force on file |
| nobody_moved | a site policy in force; people were infused at sites it excludes long after its date, and none moved |
| written_off_though_exempt | revenue cycle wrote off denials of a drug for which people are exempt from the payer's policies |
| impact_outside_policy | a patient impact names a policy that is not on file, or was not in force when it was reported |
| authorization_without_policy (weak) | denied for want of authorization at a hospital; no policy of that payer and drug on file at all |

A policy is in force while from ≤ date < to and it is not merely anticipated. Payers are compared by their name in lower case.
Rejections for billing errors never count as written off though exempt: an exemption would not have helped them.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from demand.engine.denial_reasons import AUTHORIZATION, BILLING, SITE

SETTLING_DAYS = 90  # a policy's patients are given so long to move before staying contradicts it
REVENUE, MANAGED, PHARMACY, PROVIDERS = "revenue cycle", "managed care", "pharmacy", "providers"
WEAK = frozenset({"authorization_without_policy"})
HOSPITAL = ("hopd_on_campus", "hopd_off_campus")


@dataclass(frozen=True)
class PolicyOnFile:
    """A policy as far as a contradiction asks. Lists that are empty restrict nothing; effective_to None is open."""

    policy_id: str
    payer: str
    kind: str
    status: str
    effective_from: dt.date
    effective_to: dt.date | None = None
    families: frozenset[str] = frozenset()
    lines_of_business: frozenset[str] = frozenset()
    funding: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    excludes_hospital_affiliated: bool = False
    drug_source: str | None = None

    def in_force_on(self, day: dt.date | None) -> bool:
        """Without a day: whether it ever is."""
        if self.status == "anticipated":
            return False
        return day is None or (self.effective_from <= day and (self.effective_to is None or day < self.effective_to))

    def names(self, payer: str, family: str | None) -> bool:
        return self.payer.casefold() == payer.casefold() and (not family or family in self.families)

    @property
    def asks_for_pharmacy(self) -> bool:
        return self.kind == "drug_source" and self.drug_source in ("sp_required", "sp_preferred")


@dataclass(frozen=True)
class DeniedClaim:
    id: int
    payer: str
    family: str | None
    service_date: dt.date | None
    reason_kind: str
    denied_cents: int | None = None
    written_off_cents: int | None = None
    site_class: str | None = None


@dataclass(frozen=True)
class BagEvent:
    id: int
    payer: str
    family: str | None
    administered_on: dt.date


@dataclass(frozen=True)
class Impact:
    id: int
    policy_id: str
    reported_on: dt.date


@dataclass(frozen=True)
class Stay:
    """One person's infusions of a family at one kind of site under one coverage: the first and the last of them."""

    person_no: int
    payer: str
    family: str
    line_of_business: str
    funding: str
    site_class: str
    hospital_affiliated: bool
    first_on: dt.date
    last_on: dt.date


@dataclass(frozen=True)
class Exemption:
    """How many people the policies' verdict `exempt` names, by payer and drug family."""

    payer: str
    family: str
    exempt_people: int


@dataclass(frozen=True)
class Evidence:
    """`exempt` is empty while exposure is not computed; `stays` while there is no claims run: those questions are then not asked.

    owned_administrations: (payer, family) -> days of infusions at our own sites, for whether a white bag could have been noted.
    """

    policies: Sequence[PolicyOnFile] = ()
    denials: Sequence[DeniedClaim] = ()
    events: Sequence[BagEvent] = ()
    impacts: Sequence[Impact] = ()
    stays: Sequence[Stay] = ()
    exempt: Sequence[Exemption] = ()
    owned_administrations: dict[tuple[str, str], Sequence[dt.date]] | None = None


@dataclass(frozen=True)
class Contradiction:
    """`records` are ids of the log (denials, events, impacts); `people` stands where claims are the evidence, not a log."""

    kind: str
    payer: str
    family: str
    policy_id: str
    log: str
    records: tuple[int, ...] = ()
    people: int = 0
    cents: int | None = None
    first_on: dt.date | None = None
    last_on: dt.date | None = None
    detail: str = ""
    functions: tuple[str, ...] = field(default=())

    @property
    def key(self) -> str:
        """The same contradiction found again has the same key, whatever came in meanwhile."""
        named = "\x1f".join((self.kind, self.payer.casefold(), self.family, self.policy_id))
        return hashlib.sha256(named.encode()).hexdigest()[:24]

    @property
    def weak(self) -> bool:
        return self.kind in WEAK

    @property
    def size(self) -> int:
        """How many records, or people, are behind it."""
        return len(self.records) or self.people


def contradictions(evidence: Evidence) -> list[Contradiction]:
    """Firm ones first, the largest of a kind first."""
    found = [
        *_site_denials(evidence),
        *_white_bags_expected(evidence),
        *_events_without_policy(evidence),
        *_nobody_moved(evidence),
        *_written_off_though_exempt(evidence),
        *_impacts_outside_policy(evidence),
    ]
    order = {kind: number for number, kind in enumerate(dict.fromkeys(one.kind for one in found))}
    return sorted(
        found, key=lambda one: (one.weak, order[one.kind], -(one.cents or 0), -one.size, one.payer, one.family, one.policy_id)
    )


def _grouped(rows: Iterable, key) -> Iterator[tuple[tuple, list]]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    yield from groups.items()


def _payer_and_family(row) -> tuple[str, str]:
    return row.payer.casefold(), row.family or ""


def _span(days: Iterable[dt.date | None]) -> dict[str, dt.date | None]:
    known = sorted(day for day in days if day)
    return {"first_on": known[0], "last_on": known[-1]} if known else {}


def _dollars(rows: Iterable, name: str) -> int:
    return sum(getattr(row, name) or 0 for row in rows)


def _elsewhen(policies: Sequence[PolicyOnFile]) -> str:
    """What is on file for other days, where there is something."""
    said = [
        f"{one.policy_id} ({one.status.replace('_', ' ')}) from {one.effective_from}{f' to {one.effective_to}' if one.effective_to else ''}"
        for one in policies
    ]
    return f"On file for other days: {', '.join(sorted(said)[:3])}." if said else ""


def _site_denials(evidence: Evidence) -> Iterator[Contradiction]:
    site_rules = [policy for policy in evidence.policies if policy.kind == "site_of_care"]
    any_rules = [
        policy for policy in evidence.policies if policy.kind in ("site_of_care", "prior_authorization", "drug_source", "step")
    ]
    for _, rows in _grouped(evidence.denials, _payer_and_family):
        payer, family = rows[0].payer, rows[0].family or ""
        named = [policy for policy in site_rules if policy.names(payer, family)]
        bare = [
            row for row in rows if row.reason_kind == SITE and not any(policy.in_force_on(row.service_date) for policy in named)
        ]
        if bare:
            yield _of_denials("site_denials_without_policy", bare, "denied_cents", _elsewhen(named), (MANAGED, REVENUE))
        if any(policy.names(payer, family) for policy in any_rules):
            continue
        asked = [row for row in rows if row.reason_kind == AUTHORIZATION and row.site_class in HOSPITAL]
        if asked:
            yield _of_denials("authorization_without_policy", asked, "denied_cents", "", (MANAGED,))


def _of_denials(kind: str, rows: Sequence[DeniedClaim], amount: str, detail: str, functions: tuple[str, ...]) -> Contradiction:
    return Contradiction(
        kind, rows[0].payer, rows[0].family or "", "", "denials",
        records=tuple(row.id for row in rows), cents=_dollars(rows, amount), detail=detail, functions=functions,
        **_span(row.service_date for row in rows),
    )  # fmt: skip


def _white_bags_expected(evidence: Evidence) -> Iterator[Contradiction]:
    """The log must cover some of the policy's time, and something must have been given then, where claims can say so."""
    if not evidence.events:
        return  # no log at all is a log that is missing, and contradicts nothing
    log_from, log_to = (pick(event.administered_on for event in evidence.events) for pick in (min, max))
    for policy in evidence.policies:
        if policy.kind != "drug_source" or policy.drug_source != "sp_required" or policy.status == "anticipated":
            continue
        begins, ends = max(policy.effective_from, log_from), min(policy.effective_to or dt.date.max, log_to + dt.timedelta(days=1))
        if begins >= ends:
            continue
        if any(
            policy.names(event.payer, event.family) and event.family and begins <= event.administered_on < ends
            for event in evidence.events
        ):
            continue
        given = 0
        if evidence.owned_administrations is not None:
            given = sum(
                begins <= day < ends
                for family in policy.families
                for day in evidence.owned_administrations.get((policy.payer.casefold(), family), ())
            )
            if not given:
                continue
        families = sorted(policy.families)
        yield Contradiction(
            "white_bags_expected", policy.payer, families[0] if len(families) == 1 else "", policy.policy_id, "",
            people=0, first_on=begins, last_on=ends - dt.timedelta(days=1),
            detail="The log covers these days for other payers or drugs." if not given else "Claims show infusions of its drugs at our sites in these days.",
            functions=(PHARMACY, MANAGED),
        )  # fmt: skip


def _events_without_policy(evidence: Evidence) -> Iterator[Contradiction]:
    rules = [policy for policy in evidence.policies if policy.asks_for_pharmacy]
    for _, rows in _grouped((event for event in evidence.events if event.payer), _payer_and_family):
        payer, family = rows[0].payer, rows[0].family or ""
        named = [policy for policy in rules if policy.names(payer, family)]
        bare = [row for row in rows if not any(policy.in_force_on(row.administered_on) for policy in named)]
        if bare:
            yield Contradiction(
                "events_without_policy", payer, family, "", "white_bag_events",
                records=tuple(row.id for row in bare), detail=_elsewhen(named), functions=(MANAGED, PHARMACY),
                **_span(row.administered_on for row in bare),
            )  # fmt: skip


def _nobody_moved(evidence: Evidence) -> Iterator[Contradiction]:
    stays_of = dict(_grouped(evidence.stays, lambda stay: (stay.payer.casefold(), stay.family)))
    for policy in evidence.policies:
        if policy.kind != "site_of_care" or policy.status != "in_force":
            continue
        patient_until = policy.effective_from + dt.timedelta(days=SETTLING_DAYS)
        ends = policy.effective_to or dt.date.max
        covered = [
            stay
            for family in policy.families
            for stay in stays_of.get((policy.payer.casefold(), family), [])
            if _covers(policy, stay)
        ]
        kept = [stay for stay in covered if _excludes(policy, stay) and stay.last_on >= patient_until and stay.first_on < ends]
        at_excluded: dict[tuple[int, str], dt.date] = {}
        for stay in covered:
            if _excludes(policy, stay):
                person = (stay.person_no, stay.family)
                at_excluded[person] = min(at_excluded.get(person, dt.date.max), stay.first_on)
        moved = any(
            not _excludes(policy, stay)
            and stay.last_on >= policy.effective_from
            and at_excluded.get((stay.person_no, stay.family), dt.date.max) < stay.last_on
            for stay in covered
        )
        if kept and not moved:
            families = sorted({stay.family for stay in kept})
            yield Contradiction(
                "nobody_moved", policy.payer, families[0] if len(families) == 1 else "", policy.policy_id, "",
                people=len({stay.person_no for stay in kept}), first_on=policy.effective_from, last_on=max(stay.last_on for stay in kept),
                functions=(MANAGED, PROVIDERS),
            )  # fmt: skip


def _covers(policy: PolicyOnFile, stay: Stay) -> bool:
    return (not policy.lines_of_business or stay.line_of_business in policy.lines_of_business) and (
        not policy.funding or stay.funding in policy.funding
    )


def _excludes(policy: PolicyOnFile, stay: Stay) -> bool:
    return stay.site_class in policy.excluded or (policy.excludes_hospital_affiliated and stay.hospital_affiliated)


def _written_off_though_exempt(evidence: Evidence) -> Iterator[Contradiction]:
    exempt = {(one.payer.casefold(), one.family): one.exempt_people for one in evidence.exempt if one.exempt_people}
    lost = (row for row in evidence.denials if (row.written_off_cents or 0) > 0 and row.reason_kind != BILLING)
    for key, rows in _grouped(lost, _payer_and_family):
        if key in exempt:
            yield _of_denials("written_off_though_exempt", rows, "written_off_cents", "", (REVENUE, MANAGED))


def _impacts_outside_policy(evidence: Evidence) -> Iterator[Contradiction]:
    on_file = {policy.policy_id: policy for policy in evidence.policies}
    for (policy_id,), rows in _grouped(evidence.impacts, lambda impact: (impact.policy_id,)):
        policy = on_file.get(policy_id)
        outside = rows if policy is None else [row for row in rows if not policy.in_force_on(row.reported_on)]
        if not outside:
            continue
        if policy is None:
            detail = "No policy of this id is on file."
        elif policy.status == "anticipated":
            detail = "On file as anticipated: it may never come."
        else:
            detail = f"In force from {policy.effective_from}{f' to before {policy.effective_to}' if policy.effective_to else ''}."
        yield Contradiction(
            "impact_outside_policy", policy.payer if policy else "", "", policy_id, "patient_impacts",
            records=tuple(row.id for row in outside), detail=detail, functions=(PROVIDERS, MANAGED),
            **_span(row.reported_on for row in outside),
        )  # fmt: skip
