"""Answers and a market -> the `Inputs` of "open an infusion center"; grain: one patient group a cell and fate.

The formulas below hold for exact decimals and for arrays of floats alike (roi.engine.draws): constants in them are whole numbers.
Hospital cells that a policy reaches are two groups: those who leave in its month and those who stay by an exception. Cells of
patients elsewhere are new volume. A policy that bars the new site too lets nobody come whom it reaches.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from decimal import Decimal, localcontext

from demand.engine.capacity import open_hours_a_month
from roi.engine.center_fields import FIELDS, MONEY, MONTH, PERCENT, SHARES, WHOLE, YES_NO
from roi.engine.cents import EXACT
from roi.engine.inputs import ZERO, Cost, Days, InputError, Inputs, Outlay, PatientGroup, Terms
from roi.engine.market import ELSEWHERE, Cell, Market
from roi.engine.marks import Source
from roi.engine.terms import drug_terms

WHITE_BAGGING_PAYERS = ("commercial", "exchange")
NEGOTIATING_PAYERS = ("commercial", "exchange", "medicare_advantage")
HALF_YEAR = 6


@dataclass(frozen=True)
class Answer:
    """What was answered, as text, and what it rests on (None for a choice that is no input)."""

    text: str
    source: Source | None = None


@dataclass(frozen=True)
class Center:
    """A version of the scenario: the answers by field, the market they were given on, and the spreads that somebody gave: low and
    high by input, as text (the others follow from the inputs' marks)."""

    answers: Mapping[str, Answer]
    market: Market
    spreads: Mapping[str, Mapping[str, str]] = with_default(default_factory=dict)

    def as_json(self) -> dict:
        answers = {
            key: {"value": answer.text, **(answer.source.as_json() if answer.source else {})}
            for key, answer in self.answers.items()
        }
        given = {"spreads": {key: dict(ends) for key, ends in self.spreads.items()}} if self.spreads else {}
        return {"answers": answers, "market": self.market.as_json(), **given}

    @classmethod
    def from_json(cls, values: Mapping) -> "Center":
        answers = {
            key: Answer(item["value"], Source(item["mark"], item["source"], item["as_of"]) if "mark" in item else None)
            for key, item in values["answers"].items()
        }
        return cls(answers, Market.from_json(values["market"]), values.get("spreads", {}))


def default_answers(first_month: dt.date, opens_in: dt.date) -> dict[str, Answer]:
    """Every field's default; the months are the caller's, an engine has no clock."""
    answers = {key: Answer(field.default, field.source) for key, field in FIELDS.items()}
    answers["first_month"] = Answer(f"{first_month:%Y-%m}")
    answers["opens_in"] = Answer(f"{opens_in:%Y-%m}")
    return answers


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
    cleaned = text.strip().replace(",", "").removeprefix("$").removesuffix("%").strip()
    if not cleaned or not cleaned.lstrip("+-").replace(".", "", 1).isdecimal() or not cleaned.isascii():
        raise InputError(key, "give a number.")
    number = Decimal(cleaned)
    if not low <= number <= high:
        raise InputError(key, f"give a number from {low:f} to {high:f}.")
    return number


def inputs_of(center: Center) -> Inputs:
    """The cash flow's inputs. InputError names the answer that cannot be used."""
    with localcontext(EXACT):
        value = {key: read_value(key, center.answers[key].text) for key in FIELDS}
        opens = month_number(value["first_month"], value["opens_in"])
        if not 1 <= opens <= value["horizon"]:
            raise InputError("opens_in", "must not be before the first month counted, nor after the last.")
        return Inputs(
            groups=tuple(group for cell in center.market.cells for group in groups_of(cell, value)),
            opens=opens,
            rate=value["rate"],
            ramp=tuple(share for share in value["ramp"] for _ in range(HALF_YEAR)),
            costs=costs_of(value, opens),
            outlays=outlays_of(value),
            days=Days(value["receivable_days"], value["stock_days"], value["supplier_days"]),
            release_working_capital=value["release"],
            horizon=value["horizon"],
            chairs=Decimal(value["chairs"]),
            open_hours_per_month=open_hours_a_month(value["open_hours"]),
            target_use=value["target_use"],
        )


def month_number(first: dt.date, month: dt.date) -> int:
    """Months count from 1: the first month counted is month 1."""
    return (month.year - first.year) * 12 + month.month - first.month + 1


def bars_site(cell: Cell, hospital_affiliated: bool) -> bool:
    """Whether the policies that reach these patients exclude the new site too."""
    return cell.bars_centers or (cell.bars_affiliated and hospital_affiliated)


def groups_of(cell: Cell, value: Mapping) -> list[PatientGroup]:
    """A cell's patients by what becomes of them. A cell whose payer bars the site sends nobody."""
    name = f"{cell.payer}, {cell.line_of_business}, {cell.family}"
    site = site_terms(cell, value)
    barred = bars_site(cell, value["hospital_affiliated"])
    if cell.place == ELSEWHERE:
        capture = 0 if barred else value["capture_elsewhere"]
        return [_group(f"{name}, elsewhere", cell, 1, Terms(ZERO), site, capture=capture, is_new=True)]
    hospital = hospital_terms(cell, value)
    if cell.leaves_on is None:
        return [_group(name, cell, 1, hospital, site, capture=0 if barred else value["capture_staying"])]
    leaves = {
        "leave_month": max(1, month_number(value["first_month"], cell.leaves_on)),
        "capture": 0 if barred else value["capture_leaving"],
        "recapture": 0 if barred else value["recapture"],
    }
    return [
        _group(f"{name}, {cell.policy_id}", cell, 1 - value["exempt"], hospital, site, **leaves),
        _group(f"{name}, exempt", cell, value["exempt"], hospital, site, capture=0),
    ]


def _group(name: str, cell: Cell, share: Decimal, hospital: Terms, site: Terms, **fate) -> PatientGroup:
    return PatientGroup(
        name=name,
        infusions=cell.infusions_per_month * share,
        hospital=hospital,
        site=site,
        chair_minutes=cell.chair_minutes,
        **fate,
    )


def average_sales_price(cell: Cell):
    """Medicare's limit without its 6 % add-on."""
    return cell.limit * 100 / 106


def hospital_terms(cell: Cell, value: Mapping) -> Terms:
    """What an infusion leaves at the hospital: as bought and billed, the white-bagged share with its administration alone."""
    asp, bagged = average_sales_price(cell), cell.white_bag_share
    drug = asp * value["acquisition_hospital"]
    kept = 1 - value["denials"]
    margin = (
        (1 - bagged) * (cell.hospital_allowed * kept - drug * (1 + value["waste"]))
        + bagged * cell.hospital_administration * kept
        - value["hospital_cost"]
    )
    benefit = (1 - bagged) * asp * (value["acquisition_hospital"] - value["acquisition_340b"]) * cell.share_340b
    return Terms(margin, benefit, (1 - bagged) * drug - benefit)


def site_terms(cell: Cell, value: Mapping) -> Terms:
    """What an infusion leaves at the new site, at the contract's prices; supplies are among the running costs."""
    asp = average_sales_price(cell)
    drug, kept = asp * value["acquisition_site"], 1 - value["denials"]
    level = value["contract_level"] if cell.line_of_business in NEGOTIATING_PAYERS else 1
    allowed = cell.site_drug * level
    return drug_terms(
        allowed=allowed,
        acquisition=drug,
        denials=allowed * value["denials"],
        waste=drug * value["waste"],
        administration=cell.site_administration * level * kept,
        white_bag_share=value["white_bag"] if cell.line_of_business in WHITE_BAGGING_PAYERS else 0,
        benefit_340b=asp * (value["acquisition_site"] - value["acquisition_340b"]) if value["site_340b"] else 0,
    )


def outlays_of(value: Mapping) -> tuple[Outlay, ...]:
    return (
        Outlay("building", value["build_per_chair"] * value["chairs"]),
        Outlay("equipment", value["equipment_per_chair"] * value["chairs"]),
        Outlay("opening", value["opening_costs"]),
    )


def costs_of(value: Mapping, opens: int) -> tuple[Cost, ...]:
    def monthly(name: str, amount: Decimal) -> Cost:
        return Cost(name, tuple(ZERO if month < opens else amount for month in range(1, value["horizon"] + 1)))

    def staff(name: str, number: str, pay: str) -> Cost:
        return monthly(name, value[number] * value[pay] * (1 + value["benefits"]) / 12)

    return (
        staff("nurses", "nurses", "nurse_pay"),
        staff("pharmacists", "pharmacists", "pharmacist_pay"),
        staff("technicians", "technicians", "technician_pay"),
        staff("authorization_staff", "authorization_staff", "authorization_pay"),
        monthly("rent", value["square_feet"] * value["rent_per_square_foot"] / 12),
        monthly("other", value["other_per_month"]),
        Cost("supplies", per_infusion=value["supplies"]),
    )
