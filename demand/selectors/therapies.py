"""What all four functions know of one payer and one drug, side by side: panels of frozen values, each with who supplied it.

Readers without the patient-level right see counts of records of this payer and drug where they are not small, and nothing finer.
"""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from demand.engine.denial_reasons import Reason
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Line, dashboard
from demand.selectors.facts import ResultsMissing, ask, ask_tables
from demand.selectors.log_claims import NOWHERE, given_before_approval, scheduled_before_approval
from demand.selectors.logs import LogRows, log_rows
from demand.selectors.records import Record, Supplied, registers, supplied
from payers import words as payer_words
from payers.models import Payer, Policy, PolicyStep

LOGS = ("denials", "white_bag_events", "patient_impacts", "orders")
Measure = object  # a number, HIDDEN or None


@dataclass(frozen=True)
class ReasonRow:
    reason: Reason
    denials: int
    denied_cents: int
    written_off_cents: int


@dataclass(frozen=True)
class Revenue:
    """`still_open` are denials without a decision; `nothing_written_off`: decided denials of which the log says that no cent was written off (overturned, or paid otherwise)."""

    supplied: Supplied
    denials: Measure
    denied_cents: Measure
    written_off_cents: Measure
    nothing_written_off: Measure
    still_open: int
    open_cents: int
    reasons: tuple[ReasonRow, ...]


@dataclass(frozen=True)
class BagSite:
    site: str
    events: int
    infusions: int | None

    @property
    def rate(self) -> float | None:
        return self.events / self.infusions if self.infusions else None


@dataclass(frozen=True)
class Pharmacy:
    """Infusions are those at our own sites from the log's first to its last day; None where no run can say."""

    supplied: Supplied
    events: Measure
    infusions: int | None
    delayed: int
    mean_delay: float | None
    wasted: int
    dose_changed: int
    minutes: int | None
    mean_minutes: float | None
    sites: tuple[BagSite, ...]

    @property
    def rate(self) -> float | None:
        return self.events / self.infusions if self.infusions and self.events is not HIDDEN else None


@dataclass(frozen=True)
class ImpactRow:
    policy_id: str
    kind: str
    reports: int
    mean_delay: float | None
    severe: int

    @property
    def words(self) -> str:
        return self.kind.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Providers:
    """Impacts name a policy, not a drug: they are those of this payer's policies that name the drug."""

    supplied: Supplied
    reports: Measure
    rows: tuple[ImpactRow, ...]


@dataclass(frozen=True)
class Ordering:
    supplied: Supplied
    orders: Measure
    determinations: tuple[tuple[str, int], ...]
    reject_reasons: tuple[tuple[str, int], ...]
    days_to_approval: float | None
    due: int
    scheduled_before: int
    given_before: int
    exposed_cents: int


@dataclass(frozen=True)
class BillingGaps:
    """Infusions that we bought and billed, and those whose drug lines lack what payers ask for, with their allowed dollars.

    `no_waste_mark`: neither JW nor JZ on any drug line; Medicare asks for one on single-dose drugs since July 2023.
    """

    infusions: int
    no_ndc: int
    no_ndc_cents: int
    no_waste_mark: int
    no_waste_mark_cents: int


@dataclass(frozen=True)
class Claims:
    """`line` is what the brief counts, with small cells hidden; the splits are for people with the right."""

    coverage: Coverage
    line: Line
    by_site: tuple[tuple, ...]
    by_year: tuple[tuple, ...]
    gaps: BillingGaps | None = None
    missing: str = ""


@dataclass(frozen=True)
class PolicyRow:
    policy_id: str
    title: str
    kind_words: str
    status_words: str
    effective_from: dt.date | None
    effective_to: dt.date | None
    logged_on: dt.date | None


@dataclass(frozen=True)
class Therapy:
    payer: str
    family: str
    parent: str
    policy_rows: tuple[PolicyRow, ...]
    register_rows: int
    revenue: Revenue
    pharmacy: Pharmacy
    providers: Providers
    ordering: Ordering
    claims: Claims | None
    restricted: bool


def therapy(run: Run | None, spellings: Sequence[str], family: str, see_small: bool) -> Therapy:
    known = registers()
    logs = {kind: log_rows(kind, run, see_small, known) for kind in LOGS}
    claimed = {payer for (payer,) in ask(run, "SELECT DISTINCT payer FROM {facts}") if payer} if run else set()
    payer = next((spelt for spelt in spellings if spelt in claimed), spellings[0])
    policies = known.policies_of(payer, family)
    parent = Payer.objects.filter(name__iexact=payer).values_list("parent", flat=True).first() or ""
    return Therapy(
        payer=payer,
        family=family,
        parent=parent,
        policy_rows=_policy_rows([policy.policy_id for policy in policies]),
        register_rows=len(known.policies),
        revenue=_revenue(logs["denials"], payer, family),
        pharmacy=_pharmacy(logs["white_bag_events"], payer, family),
        providers=_providers(logs["patient_impacts"], {policy.policy_id for policy in policies}),
        ordering=_ordering(logs["orders"], payer, family),
        claims=_claims(run, payer, family, see_small),
        restricted=not see_small,
    )


def _policy_rows(policy_ids: Sequence[str]) -> tuple[PolicyRow, ...]:
    """In force first, then announced, then anticipated."""
    order = {"in_force": 0, "announced": 1, "anticipated": 2}
    logged = dict(PolicyStep.objects.filter(policy_id__in=policy_ids, step="logged").values_list("policy_id", "on"))
    found = sorted(Policy.objects.filter(policy_id__in=policy_ids), key=lambda one: (order.get(one.status, 3), one.policy_id))
    return tuple(
        PolicyRow(
            one.policy_id, one.title, _kind(one), one.status_in_words + (f", {one.likelihood_in_words}" if one.likelihood < 1 else ""),
            one.effective_from, one.effective_to, logged.get(one.policy_id),
        )
        for one in found
    )  # fmt: skip


def _kind(policy: Policy) -> str:
    source = policy.document.get("drug_source")
    return f"{policy.kind_in_words}: {payer_words.value('drug_source', source)}" if source else policy.kind_in_words


def _mine(log: LogRows, payer: str, family: str) -> tuple[list[Record], bool]:
    """The log's records of this payer and drug, and whether their number may be shown."""
    rows = [
        row for row in log.rows
        if log.value(row, "payer").casefold() == payer.casefold() and row.family == family
    ]  # fmt: skip
    spelt = {log.value(row, "payer") for row in rows} or {payer}
    return rows, all(log.cells.shows(payer=one, family=family) for one in spelt)


def _cents(rows: Sequence[Record], name: str) -> int:
    return sum(row.fields[name] or 0 for row in rows)


def _revenue(log: LogRows, payer: str, family: str) -> Revenue:
    rows, may = _mine(log, payer, family)
    by_code = defaultdict(list)
    for row in rows:
        by_code[row.reason].append(row)
    reasons = [
        ReasonRow(reason, len(found), _cents(found, "denied_cents"), _cents(found, "written_off_cents"))
        for reason, found in by_code.items()
    ]
    reasons.sort(key=lambda row: (-row.denied_cents, row.reason.code))
    overturned = sum(1 for row in rows if row.decided_on and row.written_off_cents == 0)
    shown = (len(rows), _cents(rows, "denied_cents"), _cents(rows, "written_off_cents"), overturned) if may else (HIDDEN,) * 4
    waiting = [row for row in rows if row.decided_on is None]
    if log.cells.restricted:
        shown, reasons, waiting = (*shown[:3], HIDDEN), [], []
    return Revenue(supplied("denials", log.rows), *shown, len(waiting), _cents(waiting, "denied_cents"), tuple(reasons))


def _pharmacy(log: LogRows, payer: str, family: str) -> Pharmacy:
    rows, may = _mine(log, payer, family)
    state = supplied("white_bag_events", log.rows)
    if log.cells.restricted:
        return Pharmacy(state, len(rows) if may else HIDDEN, None, 0, None, 0, 0, None, None, ())
    delays = [row.delayed_days for row in rows if row.delayed_days]
    minutes = [row.staff_minutes for row in rows if row.staff_minutes is not None]
    by_site = defaultdict(int)
    for row in rows:
        by_site[row.site] += 1
    given = log.given
    sites = [
        BagSite(log.label("site", site), number, given.of(payer=payer, family=family, site=site) if given else None)
        for site, number in sorted(by_site.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    return Pharmacy(
        state, len(rows), given.of(payer=payer, family=family) if given else None,
        len(delays), round(statistics.mean(delays), 1) if delays else None,
        sum(1 for row in rows if row.wasted), sum(1 for row in rows if row.dose_changed),
        sum(minutes) if minutes else None, round(statistics.mean(minutes), 1) if minutes else None, tuple(sites),
    )  # fmt: skip


def _providers(log: LogRows, policy_ids: set[str]) -> Providers:
    rows = [row for row in log.rows if row.policy_id in policy_ids]
    may = all(log.cells.shows(policy=policy_id) for policy_id in policy_ids)
    groups = defaultdict(list)
    for row in rows if not log.cells.restricted else []:
        groups[row.policy_id, row.fields["kind"]].append(row)
    found = []
    for (policy_id, kind), group in groups.items():
        delays = [row.delay_days for row in group if row.delay_days is not None]
        severe = sum(1 for row in group if (row.severity or "").lower() in ("high", "severe"))
        found.append(ImpactRow(policy_id, kind, len(group), round(statistics.mean(delays), 1) if delays else None, severe))
    found.sort(key=lambda row: (row.policy_id, -row.reports, row.kind))
    return Providers(supplied("patient_impacts", log.rows), len(rows) if may else HIDDEN, tuple(found))


def _ordering(log: LogRows, payer: str, family: str) -> Ordering:
    rows, may = _mine(log, payer, family)
    state = supplied("orders", log.rows)
    if log.cells.restricted:
        return Ordering(state, len(rows) if may else HIDDEN, (), (), None, 0, 0, 0, 0)
    waits = [(row.authorized_on - row.ordered_on).days for row in rows if row.authorized_on]
    given = [row for row in rows if given_before_approval(row)]
    return Ordering(
        state, len(rows), _counted(rows, "determination"), _counted([row for row in rows if row.reject_reason], "reject_reason"),
        statistics.median(waits) if waits else None,
        sum(1 for row in rows if row.scheduled_on or row.first_infused_on), sum(map(scheduled_before_approval, rows)), len(given),
        sum((log.places or {}).get(row.id, NOWHERE).allowed_cents or 0 for row in given),
    )  # fmt: skip


def _counted(rows: Sequence[Record], name: str) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.fields[name] or "not said"] += 1
    return tuple(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


BY_SITE = """
SELECT coalesce(site_class, 'unknown'), site_id, coalesce(ownership, 'unknown'), coalesce(channel, 'unknown'), count(*),
    count(DISTINCT person_no), CAST(sum(allowed_cents) AS BIGINT), max(service_date)
FROM {infusions} WHERE lower(payer) = lower($payer) AND family = $family
GROUP BY ALL ORDER BY 5 DESC, 1, 2, 4
"""
BY_YEAR = """
SELECT CAST(year(service_date) AS INTEGER), coalesce(channel, 'unknown'), count(*)
FROM {infusions} WHERE lower(payer) = lower($payer) AND family = $family
GROUP BY ALL ORDER BY 1, 2
"""


GAPS = """
WITH dose AS (
    SELECT given.infusion_id, given.allowed_cents, bool_or(line.ndc_code IS NOT NULL) AS has_ndc,
        bool_or(list_has_any(string_split(coalesce(line.modifiers, ''), ';'), ['JW', 'JZ'])) AS has_mark
    FROM {infusions} AS given JOIN {lines} AS line USING (infusion_id)
    WHERE line.role = 'drug' AND given.ownership = 'owned' AND given.channel = 'buy_and_bill'
        AND lower(given.payer) = lower($payer) AND given.family = $family
    GROUP BY ALL
)
SELECT count(*), count(*) FILTER (NOT has_ndc), CAST(coalesce(sum(allowed_cents) FILTER (NOT has_ndc), 0) AS BIGINT),
    count(*) FILTER (NOT has_mark), CAST(coalesce(sum(allowed_cents) FILTER (NOT has_mark), 0) AS BIGINT)
FROM dose
"""


def _claims(run: Run | None, payer: str, family: str, see_small: bool) -> Claims | None:
    if run is None:
        return None
    filters = DashboardFilters(payer=payer, family=family)
    line = dashboard(run, filters, see_small).total
    if not see_small:
        return Claims(coverage(run), line, (), ())
    try:
        by_site, by_year = (tuple(ask_tables(run, sql, payer=payer, family=family)) for sql in (BY_SITE, BY_YEAR))
        ((*gaps,),) = ask_tables(run, GAPS, payer=payer, family=family)
    except ResultsMissing as missing:
        return Claims(coverage(run), line, (), (), missing=str(missing))
    return Claims(coverage(run), line, by_site, by_year, BillingGaps(*gaps))
