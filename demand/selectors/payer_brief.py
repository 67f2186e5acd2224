"""What managed care takes to a payer: patients, steerage, delay, money and hours, and the rate at which the payer gains nothing.

Every figure names where it comes from and a page that opens it. A figure that nobody has supplied is missing, never nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean

from django.urls import reverse

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import choices, dashboard
from demand.selectors.facts import ResultsMissing, ask_tables
from demand.selectors.indifference_inputs import indifference_inputs
from demand.selectors.logs import LogRows, log_rows
from demand.selectors.records import registers
from demand.selectors.therapy_pairs import Pair, pairs
from payers.engine.indifference import PayerCosts, indifference
from payers.models import Payer, Policy
from payers.selectors.pace import pace
from payers.selectors.register import drug_names

HERE, AWAY = "hopd_on_campus", "infusion_center"
DRUGS = 8
# People with the payer under its policies: exposed now, in grace, exempt, and those who went where the policies wanted them.
EXPOSED = """
SELECT
    count(DISTINCT person_no) FILTER (verdict = 'exposed' AND active),
    count(DISTINCT person_no) FILTER (verdict = 'in_grace' AND active),
    count(DISTINCT person_no) FILTER (verdict = 'exempt' AND active),
    count(DISTINCT person_no) FILTER (moved_on IS NOT NULL),
    count(DISTINCT person_no) FILTER (moved_on > $since)
FROM {exposure} WHERE payer = $payer AND status = 'in_force'
"""


@dataclass(frozen=True)
class BriefFigure:
    """One number. kind: count | cents | exact_cents | decimal; None: nobody supplied it. `url` opens its source, `source` says which."""

    label: str
    value: object
    kind: str
    source: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class DrugOffer:
    """A drug: what our hospital is paid for an infusion today and the rate at which sending the patient away gains nothing; cents."""

    pair: Pair
    today: Decimal | None
    indifferent: Decimal | None
    url: str
    missing: str = ""

    @property
    def room(self) -> Decimal | None:
        return None if self.today is None or self.indifferent is None else self.today - self.indifferent


@dataclass(frozen=True)
class PayerBrief:
    payer: Payer
    spelt: str  # as claims have it
    run: Run | None
    on: dt.date
    sections: tuple[tuple[str, tuple[BriefFigure, ...]], ...]
    drugs: tuple[DrugOffer, ...]
    policies: tuple[Policy, ...]
    restricted: bool

    @property
    def missing(self) -> list[str]:
        absent = [figure.label for _, figures in self.sections for figure in figures if figure.value is None]
        return absent + [f"the indifference rate of {offer.pair.family}" for offer in self.drugs if offer.indifferent is None]


def payer_brief(payer: Payer, run: Run | None, on: dt.date, see_small: bool) -> PayerBrief:
    spellings = [payer.name, *payer.claim_names.values_list("name", flat=True)]
    claimed = {name.casefold(): name for name in (choices(run).payer if run else ())}
    spelt = next((claimed[name.casefold()] for name in spellings if name.casefold() in claimed), payer.name)
    policies = tuple(Policy.objects.on_file().filter(payer__iexact=payer.name).order_by("effective_from", "policy_id"))
    known = registers()
    logs = {kind: log_rows(kind, run, see_small, known) for kind in ("denials", "white_bag_events", "patient_impacts")}
    mine = [pair for pair in pairs(run, see_small) if pair.payer.casefold() == spelt.casefold() and pair.infusions]
    return PayerBrief(
        payer=payer,
        spelt=spelt,
        run=run,
        on=on,
        sections=(
            ("Patients", _patients(run, spelt, see_small)),
            ("How fast patients are steered", _steerage(run, spelt, policies, on, see_small)),
            ("Delay and safety", (*_delays(logs["white_bag_events"], spelt), *_impacts(logs["patient_impacts"], policies))),
            ("Money and hours of ours", (*_money(logs["denials"], spelt), *_hours(logs["white_bag_events"], spelt))),
        ),
        drugs=tuple(_offer(run, pair, on) for pair in mine[:DRUGS]) if run else (),
        policies=policies,
        restricted=not see_small,
    )


def _patients(run: Run | None, spelt: str, see_small: bool) -> tuple[BriefFigure, ...]:
    if run is None:
        return ()
    filters = DashboardFilters(payer=spelt)
    total = dashboard(run, filters, see_small).total
    url, source = f"{reverse('home')}?{filters.query_string()}", f"Claims, run {run.pk}"
    left = total.at("site_leak")
    return (
        BriefFigure("People on infusion therapy", total.ordered.people, "count", source, url),
        BriefFigure("Their infusions", total.ordered.infusions, "count", source, url),
        BriefFigure("Infusions that left us", left.infusions, "count", source, url),
        BriefFigure("Allowed for those that left", left.allowed_cents, "cents", source, url),
        BriefFigure("White-bagged infusions", total.at("margin_leak").infusions, "count", source, url),
    )


def _steerage(run: Run | None, spelt: str, policies: Sequence[Policy], on: dt.date, see_small: bool) -> tuple[BriefFigure, ...]:
    quarters = [quarter for quarter in pace(policies, drug_names()) if on - dt.timedelta(days=365) < quarter.start <= on]
    register = reverse("payers:policies")
    in_force = sum(1 for policy in policies if policy.status == "in_force")
    found = [
        BriefFigure("Policies in force", in_force, "count", "Policy register", register),
        BriefFigure("Policies begun in the last year", sum(one.policies for one in quarters), "count", "Policy register", register),
        BriefFigure(
            "Drugs newly covered in the last year", sum(one.drugs for one in quarters), "count", "Policy register", register
        ),
    ]
    labels = (
        "People exposed now",
        "People in grace",
        "People exempt",
        "People who have moved since",
        "of them in the last twelve months",
    )
    numbers: list[object] = [None] * len(labels)
    if run is not None:
        try:
            ((*numbers,),) = ask_tables(run, EXPOSED, payer=spelt, since=on - dt.timedelta(days=365))
        except ResultsMissing:
            pass  # the run is older than exposures: the figures are named as missing
    shown = [number if see_small or number is None or number == 0 or number >= SMALLEST_SHOWN else HIDDEN for number in numbers]
    if not see_small and isinstance(shown[3], int) and isinstance(shown[4], int) and 0 < shown[3] - shown[4] < SMALLEST_SHOWN:
        shown[4] = HIDDEN
    source, url = (f"Exposure, run {run.pk}", reverse("demand:outlook")) if run else ("", register)
    return (*found, *(BriefFigure(label, value, "count", source, url) for label, value in zip(labels, shown, strict=True)))


def _mine(log: LogRows, spelt: str) -> tuple[list, bool]:
    rows = [row for row in log.rows if log.value(row, "payer").casefold() == spelt.casefold()]
    names = {log.value(row, "payer") for row in rows} or {spelt}
    return rows, all(log.cells.shows(payer=name) for name in names)


def _delays(log: LogRows, spelt: str) -> tuple[BriefFigure, ...]:
    rows, may = _mine(log, spelt)
    source, url = "White-bag log, pharmacy", reverse("demand:log", args=["white_bag_events"])
    if not log.rows:
        return (BriefFigure("White-bag events", None, "count", source, url),)
    events = BriefFigure("White-bag events", len(rows) if may else HIDDEN, "count", source, url)
    if log.cells.restricted:
        return (events,)
    delays = [row.delayed_days for row in rows if row.delayed_days]
    return (
        events,
        BriefFigure("Doses delayed", len(delays), "count", source, url, f"{mean(delays):.1f} days on average" if delays else ""),
        BriefFigure("Days of delay, together", sum(delays), "count", source, url),
        BriefFigure("Doses wasted", sum(1 for row in rows if row.wasted), "count", source, url),
    )


def _impacts(log: LogRows, policies: Sequence[Policy]) -> tuple[BriefFigure, ...]:
    ids = {policy.policy_id for policy in policies}
    rows = [row for row in log.rows if row.policy_id in ids]
    source, url = "Patient impacts, providers", reverse("demand:log", args=["patient_impacts"])
    if not log.rows:
        return (BriefFigure("Patient impacts reported", None, "count", source, url),)
    may = all(log.cells.shows(policy=policy_id) for policy_id in ids)
    reports = BriefFigure("Patient impacts reported", len(rows) if may else HIDDEN, "count", source, url)
    if log.cells.restricted:
        return (reports,)
    severe = sum(1 for row in rows if (row.severity or "").lower() in ("high", "severe"))
    delays = [row.delay_days for row in rows if row.delay_days]
    note = f"{mean(delays):.1f} days of delay on average" if delays else ""
    return (reports, BriefFigure("Severe ones among them", severe, "count", source, url, note))


def _money(log: LogRows, spelt: str) -> tuple[BriefFigure, ...]:
    rows, may = _mine(log, spelt)
    source, url = "Denials, revenue cycle", reverse("demand:log", args=["denials"])
    if not log.rows:
        return (BriefFigure("Written off", None, "exact_cents", source, url),)
    lost = sum(row.written_off_cents or 0 for row in rows)
    denied = sum(row.denied_cents or 0 for row in rows)
    return (
        BriefFigure("Denials", len(rows) if may else HIDDEN, "count", source, url),
        BriefFigure("Denied", denied if may else HIDDEN, "exact_cents", source, url),
        BriefFigure("Written off", lost if may else HIDDEN, "exact_cents", source, url),
    )


def _hours(log: LogRows, spelt: str) -> tuple[BriefFigure, ...]:
    rows, _ = _mine(log, spelt)
    source, url = "White-bag log, pharmacy", reverse("demand:log", args=["white_bag_events"])
    if log.cells.restricted:
        return ()
    minutes = [row.staff_minutes for row in rows if row.staff_minutes is not None]
    note = f"{mean(minutes):.0f} minutes an event" if minutes else ""
    return (
        BriefFigure("Staff hours on white-bagged drugs", round(sum(minutes) / 60) if minutes else None, "count", source, url, note),
    )


def _offer(run: Run, pair: Pair, on: dt.date) -> DrugOffer:
    url = f"{reverse('demand:indifference')}?payer={pair.payer}&family={pair.family}&here={HERE}&away={AWAY}"
    inputs = indifference_inputs(run, pair.payer, pair.family, HERE, AWAY, on)
    if inputs is None:
        return DrugOffer(pair, None, None, url, "no code or dose is known")
    here, away = inputs.here.price, inputs.away.price
    today = None if here.drug is None else Decimal(here.drug)
    parts = (here.drug, here.administration, away.drug, away.administration)
    if None in parts:
        return DrugOffer(pair, today, None, url, "a price is missing")
    costs = PayerCosts(
        alternative_drug=Decimal(away.drug), alternative_administration=Decimal(away.administration),
        our_administration=Decimal(here.administration), our_drug_today=Decimal(here.drug),
    )  # fmt: skip
    return DrugOffer(pair, today, indifference(costs).rate, url)
