"""A JSON file of inputs -> `Inputs`, for `roi_calc`. `calc_keys.KEYS` says what every key means; an unknown key is refused by name.

Numbers are read as decimals, so 0.1 is a tenth. An amount "by month" is one number for every month, or a list with one number
for each of the months 1 … horizon.
"""

import json
from dataclasses import dataclass
from decimal import Decimal, localcontext

from demand.engine.capacity import open_hours_a_month
from roi.engine.calc_keys import KEYS
from roi.engine.cents import EXACT
from roi.engine.inputs import (
    LONGEST_HORIZON,
    ONE,
    WHEN_LEAVING,
    ZERO,
    Amount,
    Cost,
    Days,
    InputError,
    Inputs,
    Outlay,
    PatientGroup,
    Terms,
)
from roi.engine.marks import GUESSED, Source
from roi.engine.terms import by_month, drug_terms

_GROUP_KEYS = {
    "name",
    "patients",
    "infusions_per_patient_month",
    "leave_month",
    "capture",
    "recapture",
    "margins",
    "purchases",
    "chair_minutes",
}
_PLACES = ("hospital", "site", "new")
_MARGIN_PARTS = ("allowed", "acquisition", "denials", "waste", "administration", "white_bag_share", "benefit_340b")
_NOT_INPUTS = {"name", "money", "sources"}
_LARGEST = 10**12


@dataclass(frozen=True)
class Case:
    """A calculation asked for in a file: its name, its inputs, and where each of its keys comes from (guessed unless said)."""

    name: str
    inputs: Inputs
    sources: dict[str, Source]


def read_case(text: str) -> Case:
    """The file's text -> Case. InputError names the key that cannot be used."""
    return case_from_values(parse(text))


def parse(text: str) -> dict:
    """JSON text -> one object with decimals; NaN, repeated keys and anything but an object are refused."""

    def constant(word):
        raise InputError("the file", f"{word} is no number; leave the key out or give one.")

    def once(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(twice[0], "stands twice in one object; keep one.")
        return dict(pairs)

    try:
        values = json.loads(text, parse_float=Decimal, parse_constant=constant, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError("the file", f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg}).") from None
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError("the file", "holds a number of thousands of digits, or objects within objects without end.") from None
    if not isinstance(values, dict):
        raise InputError("the file", "holds no JSON object; begin with { and see roi/engine/roi_calc_example.json.")
    return values


def case_from_values(values: dict) -> Case:
    """Parsed keys -> Case."""
    _known("the file", values, KEYS)
    reader = _Reader(values)
    inputs = Inputs(
        groups=reader.groups(),
        opens=reader.opens,
        rate=reader.number("rate"),
        ramp=reader.ramp(),
        costs=reader.costs(),
        outlays=reader.outlays(),
        days=reader.days(),
        release_working_capital=reader.flag("release_working_capital"),
        horizon=reader.horizon,
        moves=values.get("moves", WHEN_LEAVING),
        chairs=reader.number("chairs", None),
        open_hours_per_month=reader.open_hours(),
        target_use=reader.number("target_use", Decimal("0.75")),
    )
    return Case(str(values.get("name", "")), inputs, _sources(values))


class _Reader:
    """Reads one file's values; knows its unit of money and its horizon."""

    def __init__(self, values: dict):
        self.values = values
        money = values.get("money", "cents")
        if money not in ("cents", "dollars"):
            raise InputError("money", 'use "cents" or "dollars".')
        self.unit = Decimal(1 if money == "cents" else 100)
        self.horizon = self.whole("horizon", 60)
        if not 1 <= self.horizon <= LONGEST_HORIZON:
            raise InputError("horizon", f"give a whole number from 1 to {LONGEST_HORIZON}.")
        self.opens = self.whole("opens", 1)

    # one value

    def number(self, key: str, default: Decimal | str | None = "needed") -> Decimal | None:
        value = self.values.get(key)
        if value is None:
            if default == "needed":
                raise InputError(key, "is missing; give a number.")
            return default
        return _decimal(key, value)

    def whole(self, key: str, default: int) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(key, "give a whole number of months.")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise InputError(key, "use true or false.")
        return value

    def amount(self, field: str, value: object, unit: Decimal = ONE) -> Amount:
        """A number, or one for each month."""
        if isinstance(value, list):
            if len(value) != self.horizon:
                raise InputError(field, f"a list needs one value for each of the {self.horizon} months, this one has {len(value)}.")
            return tuple(_decimal(field, item) * unit for item in value)
        return _decimal(field, value) * unit

    def spent(self, field: str, value: object) -> Amount:
        """An amount of money that goes out: given without a minus sign."""
        amount = self.amount(field, value, self.unit)
        if any(month < 0 for month in (amount if isinstance(amount, tuple) else (amount,))):
            raise InputError(field, "is spent, so give it as a positive amount; it is subtracted.")
        return amount

    # patients

    def groups(self) -> tuple[PatientGroup, ...]:
        patients = self.values.get("patients")
        if patients is None:
            raise InputError("patients", "is missing; give a number, or a list of groups.")
        if isinstance(patients, list) and patients and all(isinstance(item, dict) for item in patients):
            shared = {key: value for key, value in self.values.items() if key in _GROUP_KEYS - {"name", "patients"}}
            made = []
            for number, item in enumerate(patients, start=1):
                _known(f"patients, group {number}", item, _GROUP_KEYS | {"id"})
                name = str(item.get("name", item.get("id", f"group {number}")))
                made += self.group(name, {**shared, "patients": 1, **item})  # listed without a number: one patient
        else:
            made = self.group("patients", self.values)
        if "new_patients" in self.values:
            made.append(self.new_patients())
        return tuple(made)

    def group(self, name: str, values: dict) -> list[PatientGroup]:
        """One group, or one for each patient where leave months or captures are listed by patient."""
        patients, leaves, captures = values.get("patients"), values.get("leave_month"), values.get("capture", 1)
        lists = [each for each in (leaves, captures) if isinstance(each, list)]
        if not lists:
            return [self.alike(name, values, self.amount(f"patients of {name}", patients), leaves, captures)]
        if isinstance(patients, bool) or not isinstance(patients, int) or any(len(each) != patients for each in lists):
            raise InputError(
                "leave_month" if isinstance(leaves, list) else "capture", f"list one entry for each patient of {name}."
            )
        leaves = leaves if isinstance(leaves, list) else [leaves] * patients
        captures = captures if isinstance(captures, list) else [captures] * patients
        return [
            self.alike(f"{name} {number}", values, ONE, leave, capture)
            for number, (leave, capture) in enumerate(zip(leaves, captures, strict=True), start=1)
        ]

    def alike(self, name: str, values: dict, patients: Amount, leave: object, capture: object) -> PatientGroup:
        share = _capture(capture, leave is not None)
        recapture = values.get("recapture")
        return PatientGroup(
            name=name,
            infusions=by_month(lambda n, each: n * each, patients, self.infusions_each(values)),
            hospital=self.terms("hospital", values),
            site=self.terms("site", values),
            leave_month=leave,
            capture=share,
            recapture=share if recapture is None else _decimal("recapture", recapture),
            chair_minutes=_decimal("chair_minutes", values.get("chair_minutes", 0)),
        )

    def new_patients(self) -> PatientGroup:
        place = "new" if "new" in (self.values.get("margins") or {}) else "site"
        return PatientGroup(
            name="new patients",
            infusions=by_month(
                lambda n, each: n * each,
                self.amount("new_patients", self.values["new_patients"]),
                self.infusions_each(self.values),
            ),
            hospital=Terms(ZERO),
            site=self.terms(place, self.values),
            is_new=True,
            chair_minutes=_decimal("chair_minutes", self.values.get("chair_minutes", 0)),
        )

    def infusions_each(self, values: dict) -> Amount:
        if "infusions_per_patient_month" not in values:
            raise InputError("infusions_per_patient_month", "is missing; give a number, for example 0.5.")
        return self.amount("infusions_per_patient_month", values["infusions_per_patient_month"])

    def terms(self, place: str, values: dict) -> Terms:
        margins = values.get("margins")
        if not isinstance(margins, dict):
            found = "is missing" if margins is None else "must tell the places apart"
            raise InputError("margins", f'{found}; give {{"hospital": …, "site": …}}.')
        _known("margins", margins, {*_PLACES, "hospital_340b", "site_340b"})
        if place not in margins:
            raise InputError(f"margins.{place}", "is missing; give what an infusion leaves there (it may be 0 or negative).")
        given, field = margins[place], f"margins.{place}"
        if isinstance(given, dict):
            _known(field, given, _MARGIN_PARTS)
            if "allowed" not in given:
                raise InputError(f"{field}.allowed", "is missing; give what the contract allows for an infusion's drug.")
            parts = {
                part: self.amount(f"{field}.{part}", value, ONE if part == "white_bag_share" else self.unit)
                for part, value in given.items()
            }
            terms = drug_terms(**parts)
        else:
            terms = Terms(self.amount(field, given, self.unit))
        benefit, bought = terms.benefit_340b, terms.purchases
        at_place = "hospital" if place == "hospital" else "site"
        if f"{at_place}_340b" in margins:
            benefit = self.amount(f"margins.{at_place}_340b", margins[f"{at_place}_340b"], self.unit)
        purchases = values.get("purchases") or {}
        _known("purchases", purchases, _PLACES)
        if place in purchases:
            bought = self.amount(f"purchases.{place}", purchases[place], self.unit)
        return Terms(terms.margin, benefit, bought)

    # the site

    def ramp(self) -> tuple[Decimal, ...]:
        ramp = self.values.get("ramp", 1)
        if isinstance(ramp, list) and ramp:
            return tuple(_decimal("ramp", share) for share in ramp)
        if isinstance(ramp, bool) or not isinstance(ramp, int | Decimal) or ramp < 0 or ramp != int(ramp) or ramp > 600:
            raise InputError("ramp", "give a list of shares by month since opening, or a whole number of months to full volume.")
        months = max(int(ramp), 1)
        with localcontext(EXACT):
            return tuple(Decimal(month) / months for month in range(1, months + 1))

    def costs(self) -> tuple[Cost, ...]:
        opex = self.values.get("opex", 0)
        named = opex if isinstance(opex, dict) else {"operating": opex}
        return tuple(self.cost(_line_name("opex", name), value) for name, value in named.items())

    def cost(self, name: str, value: object) -> Cost:
        field = f"opex.{name}"
        if not isinstance(value, dict):
            return Cost(name, self.from_opening(self.spent(field, value)))
        _known(field, value, ("per_month", "per_infusion"))
        return Cost(
            name,
            self.from_opening(self.spent(field, value.get("per_month", 0))),
            self.spent(field, value.get("per_infusion", 0)),
        )

    def from_opening(self, amount: Amount) -> Amount:
        """One amount is due from the opening on; a list says itself when."""
        if isinstance(amount, tuple):
            return amount
        return tuple(ZERO if month < self.opens else amount for month in range(1, self.horizon + 1))

    def outlays(self) -> tuple[Outlay, ...]:
        outlays = self.values.get("outlays", 0)
        if isinstance(outlays, list):
            if all(isinstance(item, dict) for item in outlays):
                return tuple(self.outlay(number, item) for number, item in enumerate(outlays, start=1))
            by_number = [{"name": "capital", "amount": item, "month": month} for month, item in enumerate(outlays)]
            return tuple(self.outlay(0, item) for item in by_number)
        named = outlays if isinstance(outlays, dict) else {"capital": outlays}
        return tuple(self.outlay(0, {"name": name, "amount": value}) for name, value in named.items())

    def outlay(self, number: int, item: dict) -> Outlay:
        _known("outlays", item, ("name", "amount", "month"))
        name = _line_name("outlays", item.get("name", f"outlay {number}"))
        if "amount" not in item or isinstance(item["amount"], list):
            raise InputError(f"outlays.{name}", "needs one amount.")
        return Outlay(name, self.spent(f"outlays.{name}", item["amount"]), item.get("month", 0))

    def days(self) -> Days:
        days = self.values.get("days", 0)
        if not isinstance(days, dict):
            return Days(receivable=_decimal("days", days))
        _known("days", days, ("receivable", "stock", "supplier"))
        return Days(**{name: _decimal(f"days.{name}", value) for name, value in days.items()})

    def open_hours(self) -> Decimal | None:
        if "open_hours_per_month" in self.values and "open_hours_per_week" in self.values:
            raise InputError("open_hours_per_week", "hours are given by month too; keep one of the two.")
        weekly = self.number("open_hours_per_week", None)
        return self.number("open_hours_per_month", None) if weekly is None else open_hours_a_month(weekly)


def _capture(value: object, leaves: bool) -> Decimal:
    if isinstance(value, dict):
        _known("capture", value, ("would_leave", "would_stay"))
        value = value.get("would_leave" if leaves else "would_stay", 0)
    return _decimal("capture", value)


def _decimal(field: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InputError(field, f"give a number, not {json.dumps(value, default=str)[:40]}.")
    if abs(value) > _LARGEST:
        raise InputError(field, f"give a number up to {_LARGEST}.")
    return Decimal(value)


def _known(field: str, given: object, known) -> None:
    if not isinstance(given, dict):
        raise InputError(field, f"give an object with {', '.join(known)}.")
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(unknown[0], f"is no key of {field}; known are {', '.join(sorted(known))}.")


def _line_name(field: str, name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= 50:
        raise InputError(field, "give every item a name of 1 to 50 characters.")
    return name


def _sources(values: dict) -> dict[str, Source]:
    given = values.get("sources", {})
    _known("sources", given, set(KEYS) - _NOT_INPUTS)
    sources = {key: Source(GUESSED) for key in values if key not in _NOT_INPUTS}
    for key, item in given.items():
        _known(f"sources.{key}", item, ("mark", "source", "as_of"))
        try:
            sources[key] = Source(str(item.get("mark")), str(item.get("source", "")), str(item.get("as_of", "")))
        except ValueError as error:
            raise InputError(f"sources.{key}.mark", str(error)) from None
    return sources
