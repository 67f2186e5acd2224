"""Inputs moved in the meeting: the sliders of a version, where they stand, and what the exact engine returns there. Nothing is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from roi import words
from roi.engine.cash_flow import CashFlow, cash_flow
from roi.engine.center_fields import FIELDS
from roi.engine.field import MONEY, NUMBER, PERCENT, WHOLE, YES_NO
from roi.engine.infusion_center import Answer, Center, inputs_of, read_value
from roi.engine.inputs import InputError
from roi.engine.levels import RAMP, center_at
from roi.engine.marks import GUESSED, Source
from roi.engine.spreads import PRICE_LEVELS

FIRST = (
    "chairs", "capture_leaving", "recapture", "capture_staying", "capture_elsewhere", "acquisition_site", "contract_level", "white_bag", "denials",
    "nurses", "build_per_chair", "rate", RAMP,
)  # fmt: skip
MOVED = "Moved in a meeting"
_STEPS = Decimal(100)
_WITHOUT_A_VALUE = {MONEY: Decimal(1000), NUMBER: Decimal(10), PERCENT: Decimal(100), WHOLE: Decimal(10)}


@dataclass(frozen=True)
class Slider:
    """One input in the unit it is typed in. `value` is where it stands, `was` the version's; a yes or no has no ends."""

    key: str
    label: str
    unit: str
    was: str
    value: str
    low: str = ""
    high: str = ""
    step: str = ""
    shown: str = ""
    was_shown: str = ""

    @property
    def moved(self) -> bool:
        return self.value != self.was

    @property
    def is_choice(self) -> bool:
        return not self.step


def sliders_of(center: Center, asked: Mapping[str, str]) -> tuple[Slider, ...]:
    """All inputs that a slider can move, those of `FIRST` first; InputError where what is asked for cannot be used."""
    keys = [key for key in (*FIRST, *(key for key in FIELDS if key not in FIRST)) if key == RAMP or center.kind.asks(key)]
    return tuple(slider for key in keys if (slider := _slider(center, key, asked.get(key))) is not None)


def moved_center(center: Center, sliders: tuple[Slider, ...]) -> Center:
    """The center with the moved inputs: each becomes a guess, since its source says another value, and loses a spread given for it."""
    moved = [slider for slider in sliders if slider.moved]
    delay = next((Decimal(slider.value) for slider in moved if slider.key == RAMP), None)
    made = center_at(center, {RAMP: delay}) if delay else center
    answers = dict(made.answers)
    for slider in moved:
        key = "ramp" if slider.key == RAMP else slider.key
        text = answers["ramp"].text if slider.key == RAMP else slider.value
        answers[key] = Answer(text, center.answers[key].source and Source(GUESSED, MOVED))
    gone = {slider.key for slider in moved}
    return replace(made, answers=answers, spreads={key: ends for key, ends in center.spreads.items() if key not in gone})


def recomputed(center: Center) -> CashFlow:
    return cash_flow(inputs_of(center))


def _slider(center: Center, key: str, asked: str | None) -> Slider | None:
    if key == RAMP:
        value = asked if asked is not None else "0"
        number = _number(key, value, Decimal(-6), Decimal(6))
        plain = f"{number.normalize():f}"
        return Slider(
            key,
            "Ramp reached later by",
            "months",
            "0",
            plain,
            "-6",
            "6",
            "0.5",
            words.short_value(key, float(number)),
            "0 months",
        )
    field = FIELDS[key]
    was = center.answers[key].text.strip()
    if field.kind == YES_NO:
        value = asked if asked in ("yes", "no") else was
        return Slider(key, field.label, "", was, value, shown=value, was_shown=was)
    if field.kind not in (MONEY, PERCENT, NUMBER, WHOLE) or key == "horizon":
        return None
    likely = _plain(was)
    low, high, step = _range(key, likely)
    value = likely if asked is None else _number(key, asked, Decimal(field.low), Decimal(field.high))
    if value == likely:
        value = likely
    return Slider(
        key, field.label, field.unit, f"{likely.normalize():f}", f"{value.normalize():f}", f"{low:f}", f"{high:f}", f"{step:f}",
        _shown(key, value), _shown(key, likely),
    )  # fmt: skip


def _shown(key: str, value: Decimal) -> str:
    return words.short_value(key, float(read_value(key, f"{value:f}")))


def _range(key: str, likely: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Ends and step such that the version's value lies on a step: a browser moves a slider to the nearest one."""
    field = FIELDS[key]
    low, high = Decimal(0), 2 * likely or _WITHOUT_A_VALUE[field.kind]
    if field.kind == PERCENT:
        low, high = (likely / 2, likely * 3 / 2) if key in PRICE_LEVELS else (low, min(Decimal(field.high), Decimal(100)))
    if Decimal(field.low) < 0:
        low, high = Decimal(field.low), Decimal(field.high)
    if key == "chairs":
        high = max(high, Decimal(12))
    if key == "rate":
        high = max(likely, Decimal(20))
    low, high = max(low, Decimal(field.low)), min(high, Decimal(field.high))
    step = Decimal(1) if field.kind == WHOLE else _nice((high - low) / _STEPS)
    return likely - (likely - low) // step * step, likely + (high - likely) // step * step, step


def _nice(step: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, at least the step."""
    power = Decimal(10) ** step.adjusted()
    return next(factor * power for factor in (Decimal(1), Decimal(2), Decimal(5), Decimal(10)) if factor * power >= step)


def _plain(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-").removeprefix("$").removesuffix("%").strip())


def _number(key: str, text: str, low: Decimal, high: Decimal) -> Decimal:
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        raise InputError(key, "give a number.") from None
    if not number.is_finite() or not low <= number <= high:
        raise InputError(key, f"give a number from {low:f} to {high:f}.")
    if key in FIELDS and FIELDS[key].kind == WHOLE and number != int(number):
        raise InputError(key, "give a whole number.")
    return number
