"""One drug at one dose on one day: what is allowed, what the patient and what the payer pays, by payer and kind of site."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from payers.engine.prices import HOSPITAL_CLASSES
from payers.models import DrugFamily
from payers.selectors.prices import ORIGINAL_MEDICARE, Offer, PriceList, Question, price_list, usual_dose, usual_services
from roi.engine.cost_share import PlanDesign, Shares, contract_shares, medicare_shares
from roi.engine.home_day import visit_codes


@dataclass(frozen=True)
class SiteCost:
    """`shares` None: a part of the price is not on file. `saved` is what the payer, `patient_saves` what the patient pays less than at
    the dearest hospital department of the same payer and plan (None: not known)."""

    offer: Offer
    shares: Shares | None
    payer_saves: Decimal | None
    patient_saves: Decimal | None


@dataclass(frozen=True)
class SiteCosts:
    prices: PriceList
    dose: Decimal
    rows: tuple[SiteCost, ...]

    def middle(self, classes: Sequence[str], part: str) -> Decimal | None:
        """The middle payer's amount at these kinds of site."""
        known = [getattr(row.shares, part) for row in self.rows if row.offer.site_class in classes and row.shares]
        return median(known) if known else None


def site_costs(family: DrugFamily, on: dt.date, dose: Decimal | None, design: PlanDesign) -> SiteCosts | None:
    """None where the drug has no code on the day, or no usual dose."""
    dose = dose or usual_dose(family)
    if not dose:
        return None
    home = visit_codes(Decimal(family.chair_minutes or 0) / 60)
    found = price_list(Question(family.family, on, dose, services=usual_services(family), home_services=home))
    if found is None:
        return None
    shares = {offer: _shares(offer, design) for offer in found.offers}
    hospital = defaultdict(list)
    for offer, its in shares.items():
        if its and offer.site_class in HOSPITAL_CLASSES:
            hospital[offer.payer, offer.plan].append(its)
    rows = []
    for offer, its in shares.items():
        dearest = max(hospital[offer.payer, offer.plan], key=lambda one: one.allowed, default=None)
        both = its is not None and dearest is not None
        rows.append(
            SiteCost(offer, its, dearest.payer - its.payer if both else None, dearest.patient - its.patient if both else None)
        )
    return SiteCosts(found, dose, tuple(rows))


def _shares(offer: Offer, design: PlanDesign) -> Shares | None:
    if offer.price.total is None:
        return None
    if offer.payer == ORIGINAL_MEDICARE:
        return medicare_shares(offer.price.total)
    return contract_shares(offer.price.total, design)
