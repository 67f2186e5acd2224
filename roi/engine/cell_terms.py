"""A market cell and the answers -> what an infusion of it leaves at the hospital and at the new site; grain: one cell and place.

The formulas hold for exact decimals and for arrays of floats alike (roi.engine.draws): constants in them are whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from roi.engine.inputs import Terms
from roi.engine.market import Cell
from roi.engine.terms import drug_terms

WHITE_BAGGING_PAYERS = ("commercial", "exchange")
NEGOTIATING_PAYERS = ("commercial", "exchange", "medicare_advantage")


def average_sales_price(cell: Cell):
    """Of an infusion's drug; a market of an older version has Medicare's limit alone, which is 6 % above it."""
    return cell.limit * 100 / 106 if cell.asp is None else cell.asp


def lost_share(cell: Cell, value: Mapping):
    """Of what is allowed, the share that never comes: denials written off (by the payer's own record, where there is one) and what
    patients owe and do not pay."""
    return value["denials"] * cell.denial_index + cell.patient_share * value["bad_debt"]


@dataclass(frozen=True)
class Amounts:
    """What the margin of an infusion is made of, in cents and shares: `lost` of what is allowed never comes, `bagged` infusions bring
    their administration alone. `asp` is the average sales price of what is given."""

    asp: Decimal
    allowed: Decimal
    drug: Decimal
    administration: Decimal
    lost: Decimal
    waste: Decimal
    bagged: Decimal


def hospital_amounts(cell: Cell, value: Mapping) -> Amounts:
    asp, lost = average_sales_price(cell), lost_share(cell, value)
    drug = asp * value["acquisition_hospital"]
    return Amounts(
        asp, cell.hospital_allowed, drug, cell.hospital_administration, lost, drug * value["waste"], cell.white_bag_share
    )


def hospital_terms(cell: Cell, value: Mapping) -> Terms:
    """What an infusion leaves at the hospital: as bought and billed, the white-bagged share with its administration alone."""
    made = hospital_amounts(cell, value)
    bought, kept = 1 - made.bagged, 1 - made.lost
    margin = (
        bought * (made.allowed * kept - made.drug - made.waste) + made.bagged * made.administration * kept - value["hospital_cost"]
    )
    discount = value["acquisition_hospital"] - value["acquisition_340b"]
    benefit = bought * made.asp * discount * cell.share_340b
    return Terms(margin, benefit, bought * made.drug - benefit)


def site_amounts(cell: Cell, value: Mapping) -> Amounts:
    """At the contract's prices, with the share of biosimilars that is moved to."""
    asp, price, mix = average_sales_price(cell), cell.site_drug, value["biosimilar_mix"]
    if cell.biosimilar_asp is not None and cell.biosimilar_drug is not None:
        asp, price = (1 - mix) * asp + mix * cell.biosimilar_asp, (1 - mix) * price + mix * cell.biosimilar_drug
    drug, lost = asp * value["acquisition_site"], lost_share(cell, value)
    level = value["contract_level"] if cell.line_of_business in NEGOTIATING_PAYERS else 1
    bagged = value["white_bag"] if cell.line_of_business in WHITE_BAGGING_PAYERS else 0
    return Amounts(asp, price * level, drug, cell.site_administration * level, lost, drug * value["waste"], bagged)


def site_terms(cell: Cell, value: Mapping) -> Terms:
    """What an infusion leaves us at the new site, our share of it; supplies are among the running costs."""
    made, share = site_amounts(cell, value), value["share"]
    discount = value["acquisition_site"] - value["acquisition_340b"]
    terms = drug_terms(
        allowed=made.allowed,
        acquisition=made.drug,
        denials=made.allowed * made.lost,
        waste=made.waste,
        administration=made.administration * (1 - made.lost),
        white_bag_share=made.bagged,
        benefit_340b=made.asp * discount if value["site_340b"] else 0,
    )
    return Terms(terms.margin * share, terms.benefit_340b * share, terms.purchases * share)
