"""A scenario's formulary page: the therapies of its market with what registers and logs know of them, decided under given rules.

What is saved is read by everybody who sees scenarios, so that counts are those of readers without the patient-level right.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils import timezone

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.logs import log_rows
from demand.selectors.readiness_lists import as_item
from payers.engine.price_book import BilledUnits, Infusion
from payers.engine.prices import price
from payers.models import DrugFamily
from payers.selectors.prices import HOME, ORIGINAL_MEDICARE, price_book, usual_services
from roi.engine import formulary as engine
from roi.engine.cash_flow import BASELINES, cash_flow
from roi.engine.formulary import Decided, Known, Measured, Rules, decided, measured, off_formulary, with_formulary
from roi.engine.home_day import visit_codes
from roi.engine.infusion_center import Center, inputs_of
from roi.models import Formulary
from roi.selectors.home_days import home_payers, priced_therapies, therapies_of
from sites.engine.readiness import NOT_NEEDED, OPEN
from sites.engine.site_types import COMMUNITY
from sites.models import ChecklistItem


@dataclass(frozen=True)
class ByHand:
    """What a person said of a therapy: how it is prepared, and in or out (None: by the rules) with the reason."""

    preparation: str = engine.NOT_STATED
    is_in: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class Effect:
    """Net present values by baseline, in cents: every drug in, these drugs out, and the version as it stands."""

    every_drug: Mapping[str, int]
    formulary: Mapping[str, int]
    applied: tuple[str, ...]


def newest_formulary(scenario_pk: int) -> Formulary | None:
    return Formulary.objects.filter(scenario=scenario_pk).select_related("created_by", "basis").order_by("-number").first()


def measured_rows(center: Center) -> list[Measured]:
    """Every therapy of the market by its own claims, then those of the run that are pooled there, by the prices on file."""
    rows = measured(center)
    own = {row.family for row in rows}
    run = Run.objects.published().filter(pk=center.market.run_id).first()
    families = [family for family in therapies_of(run) if family.family not in own] if run else []
    return [*rows, *_priced(center, families)] if families else rows


def _priced(center: Center, families: list[DrugFamily]) -> list[Measured]:
    on, book = timezone.localdate(), price_book()
    hours_codes = {family.family: usual_services(family) for family in families}
    found = []
    for therapy in priced_therapies(families, on, book):
        if therapy.asp_cents is None:
            continue
        at_home = center.kind.site_class in HOME
        services = tuple(BilledUnits(code) for code in (visit_codes(therapy.hours) if at_home else hours_codes[therapy.family]))
        case = Infusion((BilledUnits(therapy.code, therapy.units),), services, "", "contract", center.kind.site_class, on)
        paid = {}
        for payer, plan in home_payers():
            is_medicare = payer == ORIGINAL_MEDICARE
            asked = replace(case, payer=payer, plan=plan, line_of_business="medicare" if is_medicare else "contract")
            total = price(asked, book).total
            if total is not None:
                paid[engine.MEDICARE if is_medicare else payer, plan] = total
        found.append(engine.priced(therapy.family, therapy.hours * 60, therapy.asp_cents, paid, center))
    return [one for one in found if one is not None]


def decided_rows(center: Center, rules: Rules, by_hand: Mapping[str, ByHand]) -> tuple[Decided, ...]:
    """Every therapy, those that are in first, in the order of their infusions."""
    rows = measured_rows(center)
    known = _known(center, rows)
    made = []
    for one in rows:
        said = by_hand.get(one.family, ByHand())
        choice = None if said.is_in is None else (said.is_in, said.reason)
        made.append(decided(one, known[one.family](said.preparation), rules, choice))
    return tuple(sorted(made, key=lambda row: not row.is_in))


def effect(center: Center, out: tuple[str, ...]) -> Effect:
    def values(without: tuple[str, ...]) -> dict[str, int]:
        result = cash_flow(inputs_of(with_formulary(center, without)))
        return {baseline: result.values[baseline].npv_cents for baseline in BASELINES}

    return Effect(values(()), values(out), off_formulary(center))


def _known(center: Center, rows) -> dict:
    """By therapy: what makes its `Known` of a preparation."""
    run = Run.objects.published().filter(pk=center.market.run_id).first()
    availability, burdens = _availability(center.market.name), _burdens([row.family for row in rows], run)

    def known_of(family: str):
        (state, checked_on), (burden, hidden) = availability(family), burdens[family]
        return lambda preparation: Known(state, checked_on, burden, hidden, preparation)

    return {row.family: known_of(row.family) for row in rows}


def _availability(market: str):
    """What the readiness list of the market's infusion center says of a drug; of several distributors one that has it is enough."""
    found = ChecklistItem.objects.filter(kind=ChecklistItem.Kind.DRUG, site_type=COMMUNITY).exclude(state=NOT_NEEDED)
    items = list(found.filter(market=market) if market else found)
    today = timezone.localdate()

    def of(family: str):
        its = [as_item(item) for item in items if family in item.title.lower()]
        for item in its:
            if item.is_met(today):
                return engine.AVAILABLE, item.checked_on
        if any(item.state == OPEN for item in its):
            return engine.NOT_AVAILABLE, None
        return (engine.STALE, its[0].checked_on) if its else (engine.NOT_RECORDED, None)

    return of


def _burdens(families: list[str], run: Run | None) -> dict[str, tuple[Decimal | None, bool]]:
    """Share of all denials ÷ share of all infusions of the run; 1 is the average drug. The second is True where a part of it is too
    small to show. Not known for therapies that are pooled, without a log, and where the run is not on this server."""
    unknown = dict.fromkeys(families, (None, False))
    log = log_rows("denials", None, see_small=False)
    if not log.rows or run is None:
        return unknown
    try:
        board = dashboard(run, DashboardFilters(), see_small=False)
    except ResultsMissing:
        return unknown
    infusions = {line.label: line.counted.infusions for line in board.families}
    every, counts = board.total.counted.infusions, Counter(record.family for record in log.rows)
    may_show = every is not HIDDEN and log.cells.shows()

    def of(family: str) -> tuple[Decimal | None, bool]:
        if not infusions.get(family):
            return None, False
        if not may_show or infusions[family] is HIDDEN or not log.cells.shows(family=family):
            return None, True
        return Decimal(counts[family]) / len(log.rows) * every / infusions[family], False

    return {family: of(family) for family in families}
