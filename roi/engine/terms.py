"""Prices of one infusion at one place -> its `Terms`: what it leaves, the 340B benefit, the drug that is bought.

Drug margin = contract allowed − acquisition − denials written off − waste not paid; administration is paid besides. Where a
payer's pharmacy supplies the drug (white bagging), that share of infusions brings the administration alone. Acquisition is an
input, never inferred. A margin may be negative.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext

from payers.engine.prices import MEDICARE_PAID_SHARE
from roi.engine.cents import EXACT
from roi.engine.inputs import ZERO, Amount, Terms


def drug_terms(
    allowed: Amount,
    acquisition: Amount = ZERO,
    denials: Amount = ZERO,
    waste: Amount = ZERO,
    administration: Amount = ZERO,
    white_bag_share: Amount = ZERO,
    benefit_340b: Amount = ZERO,
) -> Terms:
    """Cents an infusion -> Terms. The 340B benefit is what the drug costs less; what is bought is net of it."""

    def margin(allowed, acquisition, denials, waste, administration, white_bag_share):
        return administration + (1 - white_bag_share) * (allowed - acquisition - denials - waste)

    def benefit(white_bag_share, benefit_340b):
        return (1 - white_bag_share) * benefit_340b

    def purchases(acquisition, white_bag_share, benefit_340b):
        return (1 - white_bag_share) * (acquisition - benefit_340b)

    return Terms(
        margin=by_month(margin, allowed, acquisition, denials, waste, administration, white_bag_share),
        benefit_340b=by_month(benefit, white_bag_share, benefit_340b),
        purchases=by_month(purchases, acquisition, white_bag_share, benefit_340b),
    )


def medicare_allowed(limit: Decimal) -> Decimal:
    """Medicare's payment limit for an infusion's drug (add-on included) -> what reaches the provider, coinsurance included."""
    return limit * MEDICARE_PAID_SHARE


def by_month(formula: Callable[..., Decimal], *amounts: Amount) -> Amount:
    """A formula on amounts: one value where all are one value, else a value a month."""
    with localcontext(EXACT):
        months = {len(amount) for amount in amounts if isinstance(amount, tuple)}
        if not months:
            return formula(*amounts)
        if len(months) > 1:
            raise ValueError("Lists of months must be of one length.")
        columns = [amount if isinstance(amount, tuple) else (amount,) * max(months) for amount in amounts]
        return tuple(formula(*row) for row in zip(*columns, strict=True))
