"""A strand of infusions and the dated prices -> what it is paid at every class of site; grain: one strand (roi.engine.volumes)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from roi.engine.market import HOSPITAL
from roi.engine.options import SITE_CLASSES
from roi.engine.prices import GUESSED_MULTIPLE, MEDICARE, Dose, Paid, PriceBook, paid_at
from roi.engine.volumes import Strand


@dataclass(frozen=True)
class Priced:
    """A strand with its prices, in cents an infusion: the drug's, and what each class of site is paid (of the biosimilar too; None
    where the family has none). `at_hospital` is what the contract says, where it is at a hospital. `later`: the same from a day on
    which a contract rate begins."""

    strand: Strand
    limit: Decimal
    asp: Decimal
    biosimilar_asp: Decimal | None
    at_sites: Mapping[str, tuple[Paid, Decimal | None]]
    at_hospital: Paid | None
    later: tuple["Later", ...] = ()

    def on(self, day: dt.date) -> "Later":
        """What is paid on a later day."""
        first = Later(dt.date.min, {site_class: paid for site_class, (paid, _) in self.at_sites.items()}, self.at_hospital)
        return max((one for one in (first, *self.later) if one.since <= day), key=lambda one: one.since)


@dataclass(frozen=True)
class Later:
    """What is paid since a day, by class of site and at the hospital."""

    since: dt.date
    at_sites: Mapping[str, Paid]
    at_hospital: Paid | None


@dataclass(frozen=True)
class Pricing:
    """Prices strands by their mean dose as of a date; `usual_dose` serves where the claims tell no dose."""

    book: PriceBook
    on: dt.date
    usual_dose: Mapping[str, Decimal]
    biosimilars: Mapping[str, str]
    _days: dict[dt.date, "Pricing"] = field(default_factory=dict)

    def of(self, strand: Strand) -> Priced | None:
        """None where there is no dose, or no payment limit to price by."""
        dose = Decimal(str(strand.dose)) / strand.with_dose if strand.with_dose else self.usual_dose.get(strand.molecule)
        code = self.book.drug_code(strand.codes, self.on)
        if dose is None or code is None:
            return None
        given = Dose(code, dose, strand.family, strand.codes)
        own = self.book.dated.rules.reference_of(code) is not None
        other = code if own else self.biosimilars.get(strand.family)
        biosimilar = other and Dose(other, dose, strand.family, strand.codes)
        at_sites = {}
        for site_class in SITE_CLASSES:
            paid = self._paid(given, strand, site_class)
            if paid is not None:
                at_sites[site_class] = paid, self._paid(biosimilar, strand, site_class).drug if biosimilar else None
        return Priced(
            strand,
            self.book.limit(code, dose, self.on),
            self.book.average_sales_price(code, dose, self.on),
            self.book.average_sales_price(other, dose, self.on) if other else None,
            at_sites,
            at_hospital := self._paid(given, strand, strand.site_class) if strand.place == HOSPITAL else None,
            self._later(given, strand, {site_class: paid for site_class, (paid, _) in at_sites.items()}, at_hospital),
        )

    def _later(self, given: Dose, strand: Strand, at_sites: Mapping[str, Paid], at_hospital: Paid | None) -> tuple[Later, ...]:
        """From each day on which a rate begins; where none covers a class then, what was paid before goes on, as if renewed."""
        found: list[Later] = []
        for day in () if strand.line_of_business == MEDICARE else self.book.changes(strand.payer, self.on):
            then = self._then(day)
            at_sites = {site_class: then._renewed(given, strand, site_class, paid) for site_class, paid in at_sites.items()}
            at_hospital = at_hospital and then._renewed(given, strand, strand.site_class, at_hospital)
            found.append(Later(day, at_sites, at_hospital))
        return tuple(found)

    def _then(self, day: dt.date) -> "Pricing":
        if day not in self._days:
            self._days[day] = replace(self, book=self.book.as_of(day, self.on))
        return self._days[day]

    def _renewed(self, given: Dose, strand: Strand, site_class: str, before: Paid) -> Paid:
        paid = self._paid(given, strand, site_class)
        return before if paid is None or paid.source == GUESSED_MULTIPLE else paid

    def _paid(self, given: Dose, strand: Strand, site_class: str) -> Paid | None:
        return paid_at(self.book, given, strand.payer, strand.plan, strand.line_of_business, site_class, self.on)


def used_biosimilars(strands: Sequence[Strand], book: PriceBook, on: dt.date) -> dict[str, str]:
    """By family the biosimilar that our claims have most of, else the one that the registers name."""
    used: dict[str, dict[str, int]] = {}
    for strand in strands:
        code = book.drug_code(strand.codes, on)
        if code and book.dated.rules.reference_of(code):
            by_code = used.setdefault(strand.family, {})
            by_code[code] = by_code.get(code, 0) + strand.infusions
    return {
        **book.biosimilars,
        **{family: max(by_code, key=lambda code: (by_code[code], code)) for family, by_code in used.items()},
    }


def usual_doses(strands: Sequence[Strand]) -> dict[str, Decimal]:
    """Mean dose of a molecule where the claims tell it, for strands whose claims do not (a white-bagged drug is not billed)."""
    doses: dict[str, list] = {}
    for strand in strands:
        known = doses.setdefault(strand.molecule, [Decimal(0), 0])
        known[0] += Decimal(str(strand.dose))
        known[1] += strand.with_dose
    return {molecule: total / number for molecule, (total, number) in doses.items() if number}
