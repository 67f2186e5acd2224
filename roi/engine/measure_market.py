"""A claims run and the dated registers -> the `Market` that a scenario rests on; grain: one cell of at least 11 people.

Each strand of infusions gets its prices (at the hospital where it is, and at the new site) and its fate under the policies;
strands that share payer, line of business, therapy and fate become one cell, its amounts the means over infusions.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from demand.engine.capacity import USUAL_CHAIR_MINUTES
from roi.engine.leaving import Fate, Law, fate
from roi.engine.market import HOSPITAL, Cell, Market
from roi.engine.marks import BORROWED, GUESSED, MEASURED, Source
from roi.engine.prices import MEDICARE, Price, PriceBook, contract_price
from roi.engine.terms import MEDICARE_PAID_SHARE
from roi.engine.volumes import Strand, Window, read_volumes

NEW_SITE_CLASS = "infusion_center"
POOLED_THERAPIES, POOLED_PAYERS, OTHER = "pooled therapies", "pooled payers", "other"
_PLACES = Decimal("0.0001")


class CellKey(NamedTuple):
    place: str
    payer: str
    line_of_business: str
    family: str
    fate: Fate


@dataclass(frozen=True)
class PolicyBook:
    """Policy documents, state laws, and the chair minutes and 340B sites that the registers give."""

    policies: Sequence[Mapping]
    laws: Sequence[Law]
    chair_minutes: Mapping[str, int]
    sites_340b: Sequence[str]


def measure_market(
    run_id: int, infusions: Path, facts: Path, prices: PriceBook, policies: PolicyBook, *, name: str = "", on: dt.date
) -> Market | None:
    """A run's Parquet and the dated registers -> Market with prices as of `on`; None where the run has no infusion."""

    found: dict[int, _Priced] = {}

    def cells_of(strands: list[Strand], window: Window) -> dict[int, CellKey]:
        pricing = _Pricing(prices, on, _usual_doses(strands))
        found.update({strand.strand_no: each for strand in strands if (each := pricing.of(strand)) is not None})
        until = _month_after(window.last_month)
        return {
            number: CellKey(
                each.strand.place,
                each.strand.payer,
                each.strand.line_of_business,
                each.strand.family,
                fate(each.strand, policies.policies, policies.laws, until),
            )
            for number, each in found.items()
        }

    volumes = read_volumes(infusions, facts, policies.sites_340b, cells_of, wider, market=name)
    if volumes is None:
        return None
    cells = [
        _cell(key, [found[strand.strand_no] for strand in strands], volumes.window.months, policies.chair_minutes)
        for key, strands in volumes.cells.items()
    ]
    cells.sort(key=lambda cell: (cell.place, cell.payer, cell.line_of_business, cell.family, cell.policy_id))
    priced = sum(each.strand.infusions for each in found.values())
    return Market(
        run_id=run_id,
        name=name,
        first_month=volumes.window.first_month,
        last_month=volumes.window.last_month,
        mature=volumes.window.mature,
        quarter=prices.quarter,
        cells=tuple(cells),
        left_out=_share(volumes.left_out, volumes.infusions),
        unpriced=_share(volumes.infusions - priced, volumes.infusions),
    )


def wider(key: CellKey) -> CellKey | None:
    """The next wider cell of one that is too small: therapies together, then payers, then without their policy, then all."""
    if key.family != POOLED_THERAPIES:
        return key._replace(family=POOLED_THERAPIES)
    if key.payer != POOLED_PAYERS:
        return key._replace(payer=POOLED_PAYERS)
    if key.fate != Fate():
        return key._replace(fate=Fate())
    if key.line_of_business != OTHER:
        return key._replace(line_of_business=OTHER)
    return None


@dataclass(frozen=True)
class _Priced:
    """A strand with its prices, in cents an infusion; `at_hospital` is what the contract says, where it is at a hospital."""

    strand: Strand
    limit: Decimal
    at_site: Price
    at_hospital: Price | None


@dataclass(frozen=True)
class _Pricing:
    """Prices strands by their mean dose as of a date; `usual_dose` serves where the claims tell no dose."""

    book: PriceBook
    on: dt.date
    usual_dose: Mapping[str, Decimal]

    def of(self, strand: Strand) -> _Priced | None:
        """None where there is no dose, or no payment limit to price by."""
        dose = Decimal(str(strand.dose)) / strand.with_dose if strand.with_dose else self.usual_dose.get(strand.molecule)
        limit = None if dose is None else self.book.limit(strand.codes, dose)
        if limit is None:
            return None

        def price(site_class: str) -> Price:
            return contract_price(
                self.book, strand.payer, strand.plan, strand.line_of_business, site_class, strand.codes, dose, self.on
            )

        return _Priced(strand, limit, price(NEW_SITE_CLASS), price(strand.site_class) if strand.place == HOSPITAL else None)


def _usual_doses(strands: Sequence[Strand]) -> dict[str, Decimal]:
    """Mean dose of a molecule where the claims tell it, for strands whose claims do not (a white-bagged drug is not billed)."""
    doses: dict[str, list] = {}
    for strand in strands:
        known = doses.setdefault(strand.molecule, [Decimal(0), 0])
        known[0] += Decimal(str(strand.dose))
        known[1] += strand.with_dose
    return {molecule: total / number for molecule, (total, number) in doses.items() if number}


def _cell(key: CellKey, priced: list[_Priced], months: int, chair_minutes: Mapping[str, int]) -> Cell:
    number = sum(each.strand.infusions for each in priced)

    def mean(amount: Callable[[_Priced], Decimal]) -> Decimal:
        return _round(sum((amount(each) * each.strand.infusions for each in priced), Decimal(0)) / number)

    bought = number - sum(each.strand.white_bagged for each in priced)
    at_hospital = key.place == HOSPITAL
    allowed, allowed_source = _hospital_allowed(priced) if at_hospital else (None, Source(GUESSED))
    return Cell(
        place=key.place,
        payer=key.payer,
        line_of_business=key.line_of_business,
        family=key.family,
        infusions_per_month=_round(Decimal(number) / months),
        hospital_allowed=allowed,
        hospital_administration=mean(lambda each: each.at_hospital.administration) if at_hospital else None,
        hospital_source=allowed_source,
        site_drug=mean(lambda each: each.at_site.drug),
        site_administration=mean(lambda each: each.at_site.administration),
        site_source=_weightiest([(each.strand.infusions, each.at_site.source) for each in priced]),
        limit=mean(lambda each: each.limit),
        white_bag_share=_share(sum(each.strand.white_bagged for each in priced), number),
        share_340b=_share(sum(each.strand.bought_at_340b for each in priced), bought),
        chair_minutes=mean(lambda each: Decimal(chair_minutes.get(each.strand.family) or USUAL_CHAIR_MINUTES)),
        leaves_on=key.fate.leaves_on,
        policy_id=key.fate.policy_id,
        bars_centers=key.fate.bars_centers,
        bars_affiliated=key.fate.bars_affiliated,
    )


def _hospital_allowed(priced: list[_Priced]) -> tuple[Decimal, Source]:
    """Mean allowed amount of what the hospital bought and billed; where no claim tells it, as its contract has it. Medicare pays
    less than it allows: sequestration takes 2 % of its 80 %."""
    known = sum(each.strand.with_allowed for each in priced)
    if known:
        paid = sum(
            (
                each.strand.allowed_cents * (MEDICARE_PAID_SHARE if each.strand.line_of_business == MEDICARE else 1)
                for each in priced
            ),
            Decimal(0),
        )
        return _round(paid / known), Source(MEASURED, "Allowed amounts of the claims")
    number = sum(each.strand.infusions for each in priced)
    total = sum(((each.at_hospital.drug + each.at_hospital.administration) * each.strand.infusions for each in priced), Decimal(0))
    return _round(total / number), _weightiest([(each.strand.infusions, each.at_hospital.source) for each in priced])


def _weightiest(sources: list[tuple[int, Source]]) -> Source:
    """The source that most infusions rest on."""
    weights: dict[Source, int] = {}
    for number, source in sources:
        weights[source] = weights.get(source, 0) + number
    return max(weights, key=lambda source: (weights[source], source.mark == BORROWED, source.text))


def _month_after(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _share(part: int, whole: int) -> Decimal:
    return _round(Decimal(part) / whole) if whole else Decimal(0)


def _round(number: Decimal) -> Decimal:
    return number.quantize(_PLACES)
