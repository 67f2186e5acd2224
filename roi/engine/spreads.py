"""A center's inputs -> how far each may lie from its likely value; grain: one uncertain input.

Shapes, each with a low, a likely and a high value:
- `lognormal` (amounts of money, price levels): the median is the likely value; low and high are one in ten below and above.
- `beta` (shares between 0 and 100 %): the mean is the likely value; low and high lie 1.2816 standard deviations below and above.
- `pert` (numbers of people, days, square feet, growth that may be a decline): low and high are the ends, the likely value the peak; a beta shape of weight 4.
- `triangular` (the ramp's delay in months): low and high are the ends.

Without a spread of its own an input gets that of its mark: see `RELATIVE`. What we decide ourselves (chairs, open hours, months looked
at, discount rate, yes or no) is no uncertainty and is never drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from roi.engine.center_fields import FIELDS
from roi.engine.field import MONEY, NUMBER, PERCENT, WHOLE
from roi.engine.infusion_center import Center, read_value
from roi.engine.inputs import InputError
from roi.engine.levels import ASP, ELSEWHERE, HOSPITAL_PRICES, RAMP, RISK, SITE_PRICES, TYPED, VOLUMES
from roi.engine.market import ELSEWHERE as IS_ELSEWHERE
from roi.engine.market import HOSPITAL
from roi.engine.marks import BORROWED, GUESSED, MEASURED

LOGNORMAL, BETA, PERT, TRIANGULAR = "lognormal", "beta", "pert", "triangular"
SHAPE_WORDS = {
    LOGNORMAL: "lognormal, one in ten beyond each end",
    BETA: "beta, about one in ten beyond each end",
    PERT: "PERT, nothing beyond the ends",
    TRIANGULAR: "triangular, nothing beyond the ends",
}
OURS_TO_DECIDE = ("horizon", "rate", "chairs", "open_hours", "share", "depreciation_years")

# How far low and high lie from the likely value, as a share of it. Shares of 100 %: twice this times share × (1 − share).
AMOUNTS, PRICES = "amounts", "prices"
RELATIVE = {
    AMOUNTS: {MEASURED: 0.05, BORROWED: 0.10, GUESSED: 0.30},
    PRICES: {MEASURED: 0.02, BORROWED: 0.05, GUESSED: 0.10},
}
RAMP_MONTHS = {MEASURED: (-1, 1), BORROWED: (-2, 3), GUESSED: (-3, 6)}
PRICE_LEVELS = ("contract_level", "acquisition_hospital", "acquisition_site", "acquisition_340b")

LABELS = {
    VOLUMES: "Infusions in our hospitals",
    ELSEWHERE: "Infusions of our prescribers' patients elsewhere",
    ASP: "Average sales prices",
    TYPED: "Volumes typed over what was measured",
    RISK: "Patients who leave without a policy",
    RAMP: "Ramp reached later by",
    **{key: f"What the hospital is allowed ({mark})" for mark, key in HOSPITAL_PRICES.items()},
    **{key: f"What contracts allow at the new site ({mark})" for mark, key in SITE_PRICES.items()},
}


@dataclass(frozen=True)
class Spread:
    """One uncertain input, in the engine's units: cents, shares, levels, months. `given`: low and high are somebody's, not its mark's."""

    key: str
    mark: str
    shape: str
    low: float
    likely: float
    high: float
    given: bool = False

    @property
    def label(self) -> str:
        return LABELS.get(self.key) or FIELDS[self.key].label


def spreads_of(center: Center) -> tuple[Spread, ...]:
    """Every uncertain input with its spread, in the order of the form, the data's last. What cannot vary is left out."""
    found = [spread for key in FIELDS if (spread := _of_answer(center, key)) is not None]
    found += _of_data(center)
    return tuple(spread for spread in found if _can_vary(spread))


def _can_vary(spread: Spread) -> bool:
    """Nothing times a level stays nothing, and a share of none or all has no room for a mean and a deviation."""
    if (spread.shape == LOGNORMAL and not spread.likely) or (spread.shape == BETA and not 0 < spread.likely < 1):
        return False
    return spread.low < spread.high


def given_spread(key: str, likely: Decimal, low: str, high: str) -> tuple[float, float]:
    """Texts as a person types them -> low and high in the engine's units. InputError where they do not enclose the likely value."""
    if key in FIELDS:
        ends = read_value(key, low), read_value(key, high)
    else:
        ends = tuple(_level(key, text) for text in (low, high))
    if not ends[0] <= likely <= ends[1]:
        raise InputError(key, f"its spread, {low} to {high}, does not enclose it: change the spread, or the value.")
    if not ends[0] and shape_of(key) == LOGNORMAL and likely:
        raise InputError(key, "the low value must be above zero.")
    return float(ends[0]), float(ends[1])


def shape_of(key: str) -> str:
    if key == RAMP:
        return TRIANGULAR
    if key not in FIELDS:
        return LOGNORMAL
    kind = FIELDS[key].kind
    if kind == PERCENT and FIELDS[key].high == "100":
        return BETA
    may_fall = FIELDS[key].low.startswith("-")
    return PERT if kind in (NUMBER, WHOLE) or may_fall else LOGNORMAL


def _level(key: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip().removesuffix("%").strip())
    except ArithmeticError:
        raise InputError(key, "give a number.") from None
    if not number.is_finite():
        raise InputError(key, "give a number.")
    if key == RAMP:
        if not -6 <= number <= 6:
            raise InputError(key, "give months from -6 to 6.")
        return number
    if not 1 <= number <= 1000:
        raise InputError(key, "give a percentage of what the data say, from 1 to 1000.")
    return number / 100


def leaves_by_risk(center: Center) -> bool:
    """Whether anybody leaves without a policy."""
    return read_value("move_risk", center.answers["move_risk"].text) and any(cell.risk for cell in center.market.cells)


def _of_answer(center: Center, key: str) -> Spread | None:
    field, answer = FIELDS[key], center.answers[key]
    if answer.source is None or key in OURS_TO_DECIDE or (key == "capture_risk" and not leaves_by_risk(center)):
        return None
    if key == "ramp":
        return _made(center, RAMP, answer.source.mark, Decimal(0), RAMP_MONTHS[answer.source.mark])
    if field.kind not in (MONEY, PERCENT, NUMBER, WHOLE):
        return None
    likely = Decimal(read_value(key, answer.text))
    value, shape = float(likely), shape_of(key)
    reach = RELATIVE[PRICES if key in PRICE_LEVELS else AMOUNTS][answer.source.mark]
    away = 2 * reach * value * (1 - value) if shape == BETA else reach * value
    low, high = value - away, value + away
    if shape == LOGNORMAL and value:
        low, high = value / (1 + reach), value * (1 + reach)
    elif shape == PERT:
        scale = 100 if field.kind == PERCENT else 1
        low, high = max(min(low, high), float(field.low) / scale), min(max(low, high), float(field.high) / scale)
    return _made(center, key, answer.source.mark, likely, (low, high))


def _of_data(center: Center) -> list[Spread]:
    cells = center.market.cells
    here = [cell for cell in cells if cell.place == HOSPITAL]
    levels = [(VOLUMES, MEASURED, AMOUNTS)] if any(not cell.typed_over for cell in here) else []
    if any(cell.place == IS_ELSEWHERE and not cell.typed_over for cell in cells):
        levels.append((ELSEWHERE, MEASURED, AMOUNTS))
    if any(cell.typed_over for cell in cells):
        levels.append((TYPED, GUESSED, AMOUNTS))
    levels += [(key, mark, PRICES) for mark, key in HOSPITAL_PRICES.items() if any(c.hospital_source.mark == mark for c in here)]
    levels += [(key, mark, PRICES) for mark, key in SITE_PRICES.items() if any(c.site_source.mark == mark for c in cells)]
    if cells:
        levels.append((ASP, BORROWED, PRICES))
    reaches = [(key, mark, RELATIVE[kind][mark]) for key, mark, kind in levels]
    if leaves_by_risk(center):  # as far as its last forecast was off, where that is more
        reaches.append((RISK, MEASURED, max(RELATIVE[AMOUNTS][MEASURED], float(center.market.risk_off))))
    return [_made(center, key, mark, Decimal(1), (1 / (1 + reach), 1 + reach)) for key, mark, reach in reaches]


def _made(center: Center, key: str, mark: str, likely: Decimal, ends: tuple[float, float]) -> Spread:
    given: Mapping = center.spreads.get(key)
    if given:
        ends = given_spread(key, likely, given["low"], given["high"])
    return Spread(key, mark, shape_of(key), float(ends[0]), float(likely), float(ends[1]), bool(given))
