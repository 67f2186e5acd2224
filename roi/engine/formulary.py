"""A center's cells and what else is known of its drugs -> which therapies the site should give, with the reason; grain: one therapy.

Margin of an infusion = what it leaves at the site (340B benefit included) less supplies, mean over its infusions. Covered = share of
the therapy's infusions whose payer lets them come and pays no less than they cost. A therapy that fails a rule is out; what is not
known is said and fails none. A decision by hand needs a reason and goes before the rules. Drugs out of the formulary bring no volume.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from roi.engine.cell_terms import site_terms
from roi.engine.cents import EXACT
from roi.engine.infusion_center import Center, bars_site, inputs_of, values_of
from roi.engine.inputs import ZERO, at
from roi.engine.market import Cell

AVAILABLE, NOT_AVAILABLE, STALE, NOT_RECORDED = "available", "not available", "stale", "not recorded"
NOT_STATED, IMMEDIATE, STERILE, HAZARDOUS = "not stated", "immediate use", "sterile compounding", "hazardous"
PREPARATIONS = (NOT_STATED, IMMEDIATE, STERILE, HAZARDOUS)
MEDICARE = "medicare"


@dataclass(frozen=True)
class Rules:
    """What the council asks of a drug, set before the drugs are looked at. Amounts in cents an infusion, shares from 0 to 1; `burden` is
    how often a drug may be denied, against the average drug."""

    margin: Decimal = ZERO
    covered: Decimal = Decimal("0.5")
    medicare: bool = True
    chair_minutes: int = 300
    burden: Decimal = Decimal(2)
    preparations: tuple[str, ...] = (IMMEDIATE, STERILE)


@dataclass(frozen=True)
class Known:
    """What is known of a therapy beside its prices. `burden` None: not known, or too few to show (then `burden_hidden`)."""

    availability: str = NOT_RECORDED
    checked_on: dt.date | None = None
    burden: Decimal | None = None
    burden_hidden: bool = False
    preparation: str = NOT_STATED


@dataclass(frozen=True)
class Measured:
    """`margin` None: no payer lets anybody come; `medicare_margin` None: no Medicare patient in a group that may be shown. A therapy
    that is pooled with others has no `infusions_per_month`: it is measured by the prices on file, `covered` over payers and plans."""

    family: str
    infusions_per_month: Decimal | None
    covered: Decimal
    payers_covering: int
    payers: int
    margin: Decimal | None
    medicare_margin: Decimal | None
    chair_minutes: Decimal

    @property
    def margin_an_hour(self) -> Decimal | None:
        return None if self.margin is None or not self.chair_minutes else self.margin * 60 / self.chair_minutes


@dataclass(frozen=True)
class Decided:
    """`reasons` are the rules that it fails, or the reason given by hand; `unknown` what nobody could say."""

    measured: Measured
    known: Known
    is_in: bool
    by_hand: bool
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]


def measured(center: Center) -> list[Measured]:
    """Every therapy of the market, the one with most infusions first."""
    cells = defaultdict(list)
    for cell in center.market.cells:
        cells[cell.family].append(cell)
    with localcontext(EXACT):
        inputs, value = inputs_of(center), values_of(center)
        supplies = sum((at(cost.per_infusion, inputs.opens) for cost in inputs.costs), ZERO)
        found = [_measured(family, its, value, supplies) for family, its in cells.items()]
    return sorted(found, key=lambda one: (-one.infusions_per_month, one.family))


def _measured(family: str, cells: list[Cell], value: Mapping, supplies: Decimal) -> Measured:
    infusions = sum((cell.infusions_per_month for cell in cells), ZERO)
    open_to = [cell for cell in cells if not bars_site(replace(cell, off_formulary=False), value["hospital_affiliated"])]
    margins = [_margin(cell, value, supplies) for cell in open_to]
    paying = [cell for cell, margin in zip(open_to, margins, strict=True) if margin >= 0]
    medicare = [(cell, margin) for cell, margin in zip(open_to, margins, strict=True) if cell.line_of_business == MEDICARE]
    return Measured(
        family=family,
        infusions_per_month=infusions,
        covered=sum((cell.infusions_per_month for cell in paying), ZERO) / infusions if infusions else ZERO,
        payers_covering=len({cell.payer for cell in paying}),
        payers=len({cell.payer for cell in cells}),
        margin=_mean(zip(open_to, margins, strict=True)),
        medicare_margin=_mean(medicare),
        chair_minutes=_mean((cell, cell.chair_minutes) for cell in cells) or ZERO,
    )


def _margin(cell: Cell, value: Mapping, supplies: Decimal) -> Decimal:
    terms = site_terms(cell, value)
    return at(terms.margin, 1) + at(terms.benefit_340b, 1) - supplies


def priced(
    family: str, chair_minutes: Decimal, asp: Decimal, paid: Mapping[tuple[str, str], Decimal], center: Center
) -> Measured | None:
    """A therapy by the prices on file alone: what each payer and plan allows for an infusion of its usual dose (`MEDICARE` names
    original Medicare), in cents; every payer counts alike. None where no payer has a price."""
    if not paid:
        return None
    with localcontext(EXACT):
        inputs, value = inputs_of(center), values_of(center)
        supplies = sum((at(cost.per_infusion, inputs.opens) for cost in inputs.costs), ZERO)
        drug = asp * value["acquisition_site"] * (1 + value["waste"])
        benefit = asp * (value["acquisition_site"] - value["acquisition_340b"]) if value["site_340b"] else ZERO
        margins = {
            payer: (allowed * (1 - value["denials"]) - drug + benefit) * value["share"] - supplies
            for payer, allowed in paid.items()
        }
    paying = [payer for payer, margin in margins.items() if margin >= 0]
    medicare = [margin for (payer, _), margin in margins.items() if payer == MEDICARE]
    return Measured(
        family=family,
        infusions_per_month=None,
        covered=Decimal(len(paying)) / len(margins),
        payers_covering=len({payer for payer, _ in paying}),
        payers=len({payer for payer, _ in margins}),
        margin=sum(margins.values(), ZERO) / len(margins),
        medicare_margin=medicare[0] if medicare else None,
        chair_minutes=chair_minutes,
    )


def _mean(amounts: Iterable[tuple[Cell, Decimal]]) -> Decimal | None:
    """Over infusions; None where there is none."""
    total, infusions = ZERO, ZERO
    for cell, amount in amounts:
        total += amount * cell.infusions_per_month
        infusions += cell.infusions_per_month
    return total / infusions if infusions else None


def decided(one: Measured, known: Known, rules: Rules, by_hand: tuple[bool, str] | None = None) -> Decided:
    """`by_hand`: in or out, and why."""
    fails, unknown = [], []
    if one.margin is None:
        fails.append("no payer lets its patients come to the site")
    elif one.margin < rules.margin:
        fails.append(f"leaves ${one.margin / 100:,.2f} an infusion, ${rules.margin / 100:,.2f} are asked")
    if one.covered < rules.covered:
        whose = "payers and plans" if one.infusions_per_month is None else "its infusions"
        fails.append(f"{100 * one.covered:.0f} % of {whose} are covered at no loss, {100 * rules.covered:.0f} % are asked")
    if rules.medicare and one.medicare_margin is not None and one.medicare_margin < 0:
        fails.append(f"Medicare leaves ${one.medicare_margin / 100:,.2f} an infusion")
    elif rules.medicare and one.medicare_margin is None:
        unknown.append("Medicare")
    if one.chair_minutes > rules.chair_minutes:
        fails.append(f"takes a chair for {one.chair_minutes:.0f} minutes, {rules.chair_minutes} at most")
    if known.availability in (NOT_AVAILABLE, STALE):
        fails.append("not available" if known.availability == NOT_AVAILABLE else "its availability was checked too long ago")
    elif known.availability == NOT_RECORDED:
        unknown.append("availability")
    if known.burden is not None and known.burden > rules.burden:
        fails.append(f"denied {known.burden:.1f} times as often as the average drug, {rules.burden:.1f} at most")
    elif known.burden is None:
        unknown.append("denials (too few to show)" if known.burden_hidden else "denials")
    if known.preparation == NOT_STATED:
        unknown.append("preparation")
    elif known.preparation not in rules.preparations:
        fails.append(f"needs {known.preparation}, which the site does not do")
    if by_hand is not None:
        return Decided(one, known, by_hand[0], True, (by_hand[1],), tuple(unknown))
    return Decided(one, known, not fails, False, tuple(fails), tuple(unknown))


def with_formulary(center: Center, out: Collection[str]) -> Center:
    """The center with these therapies out and every other one in."""
    cells = tuple(replace(cell, off_formulary=cell.family in out) for cell in center.market.cells)
    return replace(center, market=replace(center.market, cells=cells))


def off_formulary(center: Center) -> tuple[str, ...]:
    """The therapies that are out."""
    return tuple(sorted({cell.family for cell in center.market.cells if cell.off_formulary}))
