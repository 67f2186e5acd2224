"""Exact amounts in -> whole cents out: rounding half up, present values, and parts that add up to their total.

Money is held as `Decimal` cents with 50 digits until a line item is rounded, once. Python's decimal arithmetic is the
same on every machine, which binary floats raised to a power are not.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)
_TIE_GUARD = Decimal("1e-20")


def round_half_up(amount: Decimal) -> int:
    """Decimal cents -> whole cents; a half goes away from zero, so that a cost and its refund round alike.

    A third of 1.5 is 0.4999… in decimals; the guard makes it the half that it is before the half is rounded.
    """
    with localcontext(EXACT):
        return int(amount.quantize(_TIE_GUARD).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@lru_cache(maxsize=32)
def discount_factors(annual_rate: Decimal, horizon: int) -> tuple[Decimal, ...]:
    """Annual effective rate -> (1 + r)^(-m/12) for months 0 … horizon. The rate must be above -1."""
    if annual_rate <= -1:
        raise ValueError("The discount rate must be above -100 %.")
    with localcontext(EXACT):
        return tuple((1 + annual_rate) ** (Decimal(-month) / 12) for month in range(horizon + 1))


def present_value(flows: Sequence[int], factors: Sequence[Decimal]) -> Decimal:
    """Cents at the ends of months 0 … horizon -> their exact sum today, in cents, not yet rounded."""
    with localcontext(EXACT):
        return sum((flow * factor for flow, factor in zip(flows, factors, strict=True)), Decimal(0))


def add_up(exact: Mapping[str, Decimal], total: int, kept: Mapping[str, int] | None = None) -> dict[str, int]:
    """Exact parts whose sum rounds to `total` -> whole cents that add up to it: each rounded, the largest takes what is left.

    So a part that did not change does not change by a cent because another did (unless it is the largest). Parts in `kept` have their
    cents already, from a total that they are parts of too; the largest of the others takes what is left.
    """
    kept = kept or {}
    rounded = {name: kept[name] if name in kept else round_half_up(amount) for name, amount in exact.items()}
    left = total - sum(rounded.values())
    if abs(left) > len(rounded):
        raise ValueError("The parts do not add up to the total.")
    if left:
        rounded[max((name for name in exact if name not in kept), key=lambda name: abs(exact[name]))] += left
    return rounded
