"""Answers and a market -> the `Inputs` of an option such as "open an infusion center"; grain: one patient group a cell and fate.

The formulas below hold for exact decimals and for arrays of floats alike (roi.engine.draws): constants in them are whole numbers.
Hospital cells that a policy reaches are two groups: those who leave in its month and those who stay by an exception. Cells of
patients elsewhere are new volume. A policy that bars the new site too lets nobody come whom it reaches.
Volumes grow and average sales prices fall by the year; Medicare's negotiated prices begin in their month (roi.engine.yearly).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from decimal import Decimal, localcontext

from demand.engine.capacity import open_hours_a_month
from roi.engine.cell_terms import hospital_terms, site_terms
from roi.engine.center_costs import costs_of, outlays_of
from roi.engine.center_fields import FIELDS
from roi.engine.cents import EXACT
from roi.engine.field import MONEY, MONTH, PERCENT, SHARES, WHOLE, YES_NO
from roi.engine.inputs import ZERO, Days, InputError, Inputs, PatientGroup, Terms, at
from roi.engine.likely_movers import LIKELY, likely_by_month, together
from roi.engine.market import ELSEWHERE, Cell, Market
from roi.engine.marks import GUESSED, Source
from roi.engine.monthly_prices import cell_in, prices_by_month
from roi.engine.options import CENTER, OPTIONS, Option
from roi.engine.yearly import Yearly, month_number

HALF_YEAR = 6


@dataclass(frozen=True)
class Answer:
    """What was answered, as text, and what it rests on (None for a choice that is no input)."""

    text: str
    source: Source | None = None


@dataclass(frozen=True)
class Center:
    """A version of the scenario: the answers by field, the market they were given on, and the spreads that somebody gave: low and
    high by input, as text (the others follow from the inputs' marks). `option` is a key of `OPTIONS`; `begun_with`: the answer of
    “Where to open” that it began with: place, what was counted, and how many."""

    answers: Mapping[str, Answer]
    market: Market
    spreads: Mapping[str, Mapping[str, str]] = with_default(default_factory=dict)
    option: str = CENTER
    begun_with: Mapping[str, str] = with_default(default_factory=dict)

    @property
    def kind(self) -> Option:
        return OPTIONS[self.option]

    def as_json(self) -> dict:
        answers = {
            key: {"value": answer.text, **(answer.source.as_json() if answer.source else {})}
            for key, answer in self.answers.items()
        }
        given: dict = {"spreads": {key: dict(ends) for key, ends in self.spreads.items()}} if self.spreads else {}
        if self.begun_with:
            given["begun_with"] = dict(self.begun_with)
        return {"option": self.option, "answers": answers, "market": self.market.as_json(), **given}

    @classmethod
    def from_json(cls, values: Mapping) -> "Center":
        """A version from before a question was asked has it answered by what changes nothing."""
        option = values.get("option", CENTER)
        filled = {key: _unasked(key, OPTIONS[option]) for key in FIELDS if key not in values["answers"]}
        answers = filled | {
            key: Answer(item["value"], Source(item["mark"], item["source"], item["as_of"]) if "mark" in item else None)
            for key, item in values["answers"].items()
        }
        market = Market.from_json(values["market"])
        return cls(answers, market, values.get("spreads", {}), option, values.get("begun_with", {}))


def _unasked(key: str, option: Option) -> Answer:
    asked = option.asks(key) and FIELDS[key].source is not None
    text = option.stands.get(key) or FIELDS[key].unasked
    return Answer(text, Source(GUESSED, "Not asked when this version was saved") if asked else None)


def default_answers(first_month: dt.date, opens_in: dt.date, option: str = CENTER) -> dict[str, Answer]:
    """Every field's default, the option's own before the general one; the months are the caller's, an engine has no clock."""
    kind = OPTIONS[option]
    answers = {
        key: Answer(*kind.answers.get(key, (field.default, field.source))) if kind.asks(key) else _unasked(key, kind)
        for key, field in FIELDS.items()
    }
    answers["first_month"] = Answer(f"{first_month:%Y-%m}")
    answers["opens_in"] = Answer(f"{opens_in:%Y-%m}")
    return answers


def values_of(center: Center) -> dict:
    """Every answer as `read_value` reads it. InputError names the answer that cannot be used."""
    return {key: read_value(key, center.answers[key].text) for key in FIELDS}


def read_value(key: str, text: str):
    """A field's text -> Decimal (percent as a share, money in cents), int, bool, month or shares. InputError names the field."""
    field = FIELDS[key]
    text = text.strip()
    if field.kind == YES_NO:
        if text not in ("yes", "no"):
            raise InputError(key, "answer yes or no.")
        return text == "yes"
    if field.kind == MONTH:
        try:
            return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
        except ValueError:
            raise InputError(key, "give a month as year and month, for example 2027-01.") from None
    if field.kind == SHARES:
        shares = tuple(_number(key, part, ZERO, Decimal(100)) / 100 for part in text.split(",") if part.strip())
        if not shares:
            raise InputError(key, "give percentages with commas between them, for example 20, 45, 70, 90, 100.")
        return shares
    if field.kind not in (MONEY, PERCENT, WHOLE, "number"):
        return text
    number = _number(key, text, Decimal(field.low), Decimal(field.high))
    if field.kind == WHOLE:
        if number != int(number):
            raise InputError(key, "give a whole number.")
        return int(number)
    return number / 100 if field.kind == PERCENT else number * 100 if field.kind == MONEY else number


def _number(key: str, text: str, low: Decimal, high: Decimal) -> Decimal:
    cleaned = text.strip().replace(",", "").replace("−", "-").removeprefix("$").removesuffix("%").strip()
    if not cleaned.removeprefix("-").removeprefix("+").replace(".", "", 1).isdecimal() or not cleaned.isascii():
        raise InputError(key, "give a number.")
    number = Decimal(cleaned)
    if not low <= number <= high:
        raise InputError(key, f"give a number from {low:f} to {high:f}.")
    return number


def inputs_of(center: Center) -> Inputs:
    """The cash flow's inputs. InputError names the answer that cannot be used."""
    with localcontext(EXACT):
        value = values_of(center)
        opens = month_number(value["first_month"], value["opens_in"])
        if not 1 <= opens <= value["horizon"]:
            raise InputError("opens_in", "must not be before the first month counted, nor after the last.")
        seats = {}
        if value["needs_chairs"]:
            seats = {"chairs": Decimal(value["chairs"]), "open_hours_per_month": open_hours_a_month(value["open_hours"])}
        return Inputs(
            groups=tuple(group for cell in center.market.cells for group in groups_by_month(cell, value)),
            opens=opens,
            rate=value["rate"],
            ramp=tuple(share for share in value["ramp"] for _ in range(HALF_YEAR)),
            costs=costs_of(value, opens),
            outlays=outlays_of(value),
            days=Days(value["receivable_days"], value["stock_days"], value["supplier_days"]),
            release_working_capital=value["release"],
            horizon=value["horizon"],
            target_use=value["target_use"],
            **seats,
        )


def bars_site(cell: Cell, hospital_affiliated: bool) -> bool:
    """Whether nobody of these patients comes: the drug is not on the formulary, or the policies exclude the new site too."""
    return cell.off_formulary or cell.bars_centers or (cell.bars_affiliated and hospital_affiliated)


def groups_by_month(cell: Cell, value: Mapping) -> list[PatientGroup]:
    """A cell's patients with their volumes and terms in each month; those likely to leave in three groups, not one for each month."""
    yearly = Yearly(value, value["horizon"])
    prices = prices_by_month(cell, value)
    opens = month_number(value["first_month"], value["opens_in"])
    at_prices = {
        price: together(groups_of(cell_in(cell, *price), value), opens, value["horizon"]) for price in dict.fromkeys(prices)
    }
    volumes = [yearly.volume_level(month) for month in yearly.months]
    if len(at_prices) == 1 and set(volumes) == {1}:
        return at_prices[prices[0]]
    return [
        replace(
            group,
            infusions=tuple(at(group.infusions, month) * level for month, level in enumerate(volumes, start=1)),
            hospital=_in_months([at_prices[price][number].hospital for price in prices]),
            site=_in_months([at_prices[price][number].site for price in prices]),
        )
        for number, group in enumerate(at_prices[prices[0]])
    ]


def _in_months(terms: list[Terms]) -> Terms:
    return Terms(*(tuple(getattr(each, name) for each in terms) for name in ("margin", "benefit_340b", "purchases")))


def groups_of(cell: Cell, value: Mapping) -> list[PatientGroup]:
    """A cell's patients by what becomes of them, at the first month's volumes and prices. A cell whose payer bars the site, or whose
    drugs cannot be given there, sends nobody."""
    name = f"{cell.payer}, {cell.line_of_business}, {cell.family}"
    site = site_terms(cell, value)
    barred = bars_site(cell, value["hospital_affiliated"])
    reach = 0 if barred else value["in_reach"] * cell.site_share
    if cell.place == ELSEWHERE:
        return [_group(f"{name}, elsewhere", cell, 1, Terms(ZERO), site, capture=value["capture_elsewhere"] * reach, is_new=True)]
    hospital = hospital_terms(cell, value)
    new = [
        _group(f"{name}, {words}", cell, value[key], Terms(ZERO), site, capture=reach, is_new=True)
        for key, words in (("new_referrals", "new referrals"), ("new_drugs", "new drugs"))
        if not is_nothing(value[key])
    ]
    comes_back = value["recapture"] * reach
    if cell.leaves_on is None:
        moves = {"capture": value["capture_risk"] * reach, "recapture": comes_back, "by_risk": True}
        likely = likely_by_month(cell, value)
        return [
            _group(name, cell, 1 - sum(likely.values()), hospital, site, capture=preferred(value) * reach),
            *(_group(f"{name}, {LIKELY}", cell, share, hospital, site, leave_month=m, **moves) for m, share in likely.items()),
            *new,
        ]
    leaves = {
        "leave_month": max(1, month_number(value["first_month"], cell.leaves_on)),
        "capture": value["capture_leaving"] * reach,
        "recapture": comes_back,
    }
    return [
        _group(f"{name}, {cell.policy_id}", cell, 1 - value["exempt"], hospital, site, **leaves),
        _group(f"{name}, exempt", cell, value["exempt"], hospital, site, capture=0),
        *new,
    ]


def preferred(value: Mapping):
    """Of those who would stay, the share that comes: by their own wish, or because the hospital is short of staff."""
    wish, short = value["capture_staying"], value["short_staffed"]
    return wish if is_nothing(short) else 1 - (1 - wish) * (1 - short)


def is_nothing(number) -> bool:
    """False for an array of draws: some of them may be something."""
    return not hasattr(number, "shape") and not number


def _group(name: str, cell: Cell, share: Decimal, hospital: Terms, site: Terms, **fate) -> PatientGroup:
    return PatientGroup(
        name=name,
        infusions=cell.infusions_per_month * share,
        hospital=hospital,
        site=site,
        chair_minutes=cell.chair_minutes,
        **fate,
    )
