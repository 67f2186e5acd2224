"""Monthly flows in whole cents -> the annual effective internal rate of return, or the reason why there is none.

With v = (1 + r)^(-1/12) the present value is a polynomial in v with whole-number coefficients, so the rates at which it
is zero can be counted exactly (Descartes' rule, where it leaves a doubt Sturm's theorem) before one is looked for. Libraries were tried:
pyxirr 0.10 finds the root where there is one, and returns one of several without a word where there are more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import accumulate, pairwise
from math import gcd

from roi.engine.cents import EXACT

UNIQUE, NONE, NOT_UNIQUE = "unique", "none", "not unique"
_BITS = 64  # the root in v is bracketed to 2^-64 of its size


@dataclass(frozen=True)
class Irr:
    """`rate` is a share a year (0.08 is 8 %), None unless `status` is "unique"."""

    rate: float | None
    status: str

    def as_json(self) -> float | str:
        return self.status if self.rate is None else self.rate


def irr(flows: Sequence[int]) -> Irr:
    """Cents at the ends of months 0, 1, 2 … -> Irr. "none": no change of sign, or no rate brings the value to zero."""
    polynomial = _trimmed(flows)
    changes = _sign_changes(polynomial)
    if changes == 0:
        return Irr(None, NONE)
    if changes > 1:
        roots = _positive_roots(polynomial)
        if roots != 1:
            return Irr(None, NOT_UNIQUE if roots else NONE)
    return Irr(_annual(_root(polynomial)), UNIQUE)


def _trimmed(flows: Sequence[int]) -> list[int]:
    """Without zeros at both ends: an empty start only delays all flows alike, which moves no root."""
    nonzero = [month for month, flow in enumerate(flows) if flow]
    return list(flows[nonzero[0] : nonzero[-1] + 1]) if nonzero else []


def _sign_changes(values: Sequence[int]) -> int:
    signs = [value > 0 for value in values if value]
    return sum(a != b for a, b in pairwise(signs))


def _positive_roots(polynomial: list[int]) -> int:
    """Number of different roots in 0 < v < ∞: by Descartes' rule above, below and at v = 1, which sites' flows are settled by."""
    beyond_one, within_one = _sign_changes(_shifted(polynomial)), _sign_changes(_shifted(polynomial[::-1]))
    most = beyond_one + within_one + (sum(polynomial) == 0)
    return most if most <= 1 else _roots_by_sturm(polynomial)


def _shifted(polynomial: list[int]) -> list[int]:
    """p(v + 1). Of the reversed coefficients, whose roots are 1 / v, it has the roots of p between 0 and 1."""
    shifted, row = [], polynomial[::-1]
    while row:
        *row, value = accumulate(row)
        shifted.append(value)
    return shifted


def _roots_by_sturm(polynomial: list[int]) -> int:
    """Sign changes of Sturm's chain at 0 less those at infinity: exact whatever the flows, and the slower the more months there are."""
    chain = _sturm_chain(polynomial)
    return _sign_changes([p[0] for p in chain]) - _sign_changes([p[-1] for p in chain])


def _sturm_chain(polynomial: list[int]) -> list[list[int]]:
    """p, p', then the negated remainders; each divided by its content, which is positive and changes no sign."""
    chain = [_primitive(polynomial), _primitive([k * c for k, c in enumerate(polynomial)][1:])]
    while remainder := _primitive(_negated_remainder(chain[-2], chain[-1])):
        chain.append(remainder)
    return chain


def _primitive(polynomial: list[int]) -> list[int]:
    while polynomial and not polynomial[-1]:
        polynomial = polynomial[:-1]
    content = gcd(*polynomial) if polynomial else 1
    return [c // content for c in polynomial]


def _negated_remainder(dividend: list[int], divisor: list[int]) -> list[int]:
    """-(dividend mod divisor), times a positive whole number that keeps the coefficients whole."""
    rest, lead, degree = list(dividend), divisor[-1], len(divisor) - 1
    while len(rest) > degree:
        shift, top = len(rest) - 1 - degree, rest[-1]
        common = gcd(lead, top)
        scale, factor = abs(lead) // common, (top if lead > 0 else -top) // common
        rest = [scale * c for c in rest[:-1]]
        for k in range(degree):
            rest[shift + k] -= factor * divisor[k]
    return [-c for c in rest]


def _root(polynomial: list[int]) -> tuple[int, int]:
    """The one positive root as (numerator, power of two below it), bracketed by exact signs."""
    if (polynomial[0] > 0) == (polynomial[-1] > 0):
        # The value only touches zero: the repeated factor, which ends Sturm's chain, changes sign there.
        return _root(_sturm_chain(polynomial)[-1])
    power, top = 0, 1
    below = polynomial[0] > 0
    while (_value(polynomial, top, 0) > 0) == below:
        top *= 2
    low, high = 0, top
    while high - low > high >> _BITS:
        power, low, high = power + 1, 2 * low, 2 * high
        middle = (low + high) // 2
        low, high = (middle, high) if (_value(polynomial, middle, power) > 0) == below else (low, middle)
    return low + high, power + 1


def _value(polynomial: list[int], numerator: int, power: int) -> int:
    """p(numerator / 2^power) times a positive power of two: its sign is exact."""
    total = 0
    for steps, coefficient in enumerate(reversed(polynomial)):
        total = total * numerator + (coefficient << (power * steps))
    return total


def _annual(root: tuple[int, int]) -> float:
    with localcontext(EXACT):
        v = Decimal(root[0]) / Decimal(2) ** root[1]
        return round(float(v**-12 - 1), 12)
