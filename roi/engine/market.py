"""What a scenario knows of its market, as JSON and back: volumes, prices and policies, in cells of at least 11 people.

The number of people itself is not kept: those of two markets, subtracted from those of all, could give a small one away.

A market is frozen into the scenario's version, so that a scenario returns the same to the cent whatever is loaded later.
Amounts are Decimal cents an infusion, means over the cell's infusions, to a hundredth of a cent.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from decimal import Decimal

from roi.engine.marks import Source

HOSPITAL, ELSEWHERE = "hospital", "elsewhere"
BETTER = "better"  # the word of the model card (demand.engine.move_risk) for a forecast that beats the base rate alone
RISK_STATUSES = (BETTER, "no better", "too few")  # what a model card may say
ONE, ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True)
class RateChange:
    """From a day on a contract pays this share of what it pays first: of the drug, of the administration."""

    since: dt.date
    drug: Decimal
    administration: Decimal


@dataclass(frozen=True)
class Offer:
    """What an infusion is paid at a class of site: its drug (the same dose of the biosimilar, where there is one) and its
    administration. `share` of the cell's infusions can be given there."""

    drug: Decimal
    administration: Decimal
    biosimilar_drug: Decimal | None
    share: Decimal
    source: Source
    changes: tuple[RateChange, ...] = ()


@dataclass(frozen=True)
class TypedOver:
    """What was measured where somebody typed another volume over it, why, and who said so."""

    measured: Decimal
    reason: str
    said_by: str


@dataclass(frozen=True)
class Cell:
    """`limit` is Medicare's payment limit of the drug of an infusion, `asp` its average sales price. `hospital_allowed` is what an
    infusion brings that the hospital buys and bills, administration included; a white-bagged one brings the administration. None for
    patients elsewhere. `offers` are the prices by class of site, `excluded` the classes that the policies exclude; the `site_` fields
    are those of one class (`Market.at_class`), and `bars_centers` says whether policies exclude it. `white_bag_share` and `share_340b`
    stand in steps of 5 %. `denial_index` is the payer's share of denials written off over that of all payers, `patient_share` what
    patients owe of what is allowed. `risk`: the shares of the infusions that leave without a policy in each month from `risk_from` on, as
    the run's risk to move has them. `typed_over`: `infusions_per_month` is not what was measured. `site_changes` and `hospital_changes`:
    contract rates on file that begin later."""

    place: str
    payer: str
    line_of_business: str
    family: str
    infusions_per_month: Decimal
    hospital_allowed: Decimal | None
    hospital_administration: Decimal | None
    hospital_source: Source
    site_drug: Decimal
    site_administration: Decimal
    site_source: Source
    limit: Decimal
    white_bag_share: Decimal
    share_340b: Decimal
    chair_minutes: Decimal
    leaves_on: dt.date | None = None
    policy_id: str = ""
    bars_centers: bool = False
    bars_affiliated: bool = False
    asp: Decimal | None = None
    biosimilar_asp: Decimal | None = None
    biosimilar_drug: Decimal | None = None
    site_share: Decimal = ONE
    negotiated_from: dt.date | None = None
    denial_index: Decimal = ONE
    patient_share: Decimal = ZERO
    offers: Mapping[str, Offer] = with_default(default_factory=dict, hash=False)
    excluded: tuple[str, ...] = ()
    off_formulary: bool = False
    risk: tuple[Decimal, ...] = ()
    risk_from: dt.date | None = None
    typed_over: TypedOver | None = None
    site_changes: tuple[RateChange, ...] = ()
    hospital_changes: tuple[RateChange, ...] = ()

    def at_rates(self, day: dt.date) -> "Cell":
        """The same patients at the contract rates that are in force on a later day."""
        site, hospital = (_in_force(changes, day) for changes in (self.site_changes, self.hospital_changes))
        changed = {}
        if site is not None:
            changed |= {
                "site_drug": self.site_drug * site.drug,
                "site_administration": self.site_administration * site.administration,
            }
            if self.biosimilar_drug is not None:
                changed["biosimilar_drug"] = self.biosimilar_drug * site.drug
        if hospital is not None:
            drug, administration = self.hospital_allowed - self.hospital_administration, self.hospital_administration
            administration = administration * hospital.administration
            changed |= {"hospital_administration": administration, "hospital_allowed": drug * hospital.drug + administration}
        return replace(self, **changed) if changed else self

    def at_asp(self, level) -> "Cell":
        """The same patients where average sales prices, and all prices that follow them, stand at a level of today's."""
        moved = {name: getattr(self, name) for name in ("asp", "biosimilar_asp", "biosimilar_drug")}
        changed = {name: amount * level for name, amount in moved.items() if amount is not None}
        if self.hospital_allowed is not None:
            drug = self.hospital_allowed - self.hospital_administration
            changed["hospital_allowed"] = drug * level + self.hospital_administration
        return replace(self, limit=self.limit * level, site_drug=self.site_drug * level, **changed)

    def at_class(self, site_class: str) -> "Cell":
        """The cell with the prices of another class of site; nobody comes where the drug cannot be given there."""
        offer = self.offers.get(site_class)
        barred = site_class in self.excluded
        if offer is None:
            return replace(self, site_share=ZERO, bars_centers=barred, biosimilar_drug=None, site_changes=())
        return replace(
            self,
            site_drug=offer.drug,
            site_administration=offer.administration,
            site_source=offer.source,
            site_share=offer.share,
            biosimilar_drug=offer.biosimilar_drug,
            bars_centers=barred,
            site_changes=offer.changes,
        )


def _in_force(changes: tuple[RateChange, ...], day: dt.date) -> RateChange | None:
    return max((change for change in changes if change.since <= day), key=lambda change: change.since, default=None)


@dataclass(frozen=True)
class Market:
    """`left_out` is the share of infusions in cells too small to show, `unpriced` of those whose drug has no payment limit.
    `risk_status`: what the run's model card says of its risks to move, which are used where they are "better" than the base rate alone;
    `risk_off`: by what share of the moves its last forecast was off."""

    run_id: int | None
    name: str
    first_month: dt.date
    last_month: dt.date
    mature: bool
    quarter: str
    cells: tuple[Cell, ...]
    left_out: Decimal = Decimal(0)
    unpriced: Decimal = Decimal(0)
    risk_status: str = ""
    risk_off: Decimal = Decimal(0)

    def at(self, place: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.place == place)

    def at_class(self, site_class: str) -> "Market":
        """The same patients at the prices of a class of site."""
        return replace(self, cells=tuple(cell.at_class(site_class) for cell in self.cells))

    def as_json(self) -> dict:
        return {**_without_unset(self, "risk_status", "risk_off"), "cells": [_cell(cell) for cell in self.cells]}

    @classmethod
    def from_json(cls, values: Mapping) -> "Market":
        cells = tuple(Cell(**_typed(Cell, cell)) for cell in values["cells"])
        return cls(**{**_typed(cls, {key: value for key, value in values.items() if key != "cells"}), "cells": cells})


def _cell(cell: Cell) -> dict:
    plain = _without_unset(cell, "off_formulary", "risk", "risk_from", "typed_over", "site_changes", "hospital_changes")
    return plain | {"offers": {site_class: _without_unset(offer, "changes") for site_class, offer in cell.offers.items()}}


def _without_unset(item, *names: str) -> dict:
    """Versions from before there was a formulary or a risk stay what they are: these are written only where they are set."""
    return {name: value for name, value in _plain(item).items() if name not in names or getattr(item, name)}


def _plain(item) -> dict:
    """A dataclass's fields as JSON values: decimals and dates as text."""
    plain = {}
    for name, value in vars(item).items():
        if isinstance(value, Source):
            plain[name] = value.as_json()
        elif isinstance(value, TypedOver):
            plain[name] = _plain(value)
        elif isinstance(value, Decimal | dt.date):
            plain[name] = str(value)
        elif isinstance(value, tuple):
            plain[name] = [
                _plain(one) if isinstance(one, RateChange) else str(one) if isinstance(one, Decimal) else one for one in value
            ]
        elif isinstance(value, Mapping):
            plain[name] = {key: _plain(offer) for key, offer in value.items()}
        else:
            plain[name] = value
    return plain


def _typed(kind, values: Mapping) -> dict:
    """JSON values -> a dataclass's fields, by their annotations."""
    typed = {}
    for name, value in values.items():
        annotation = kind.__annotations__[name]
        if value is None:
            typed[name] = None
        elif annotation in (Decimal, Decimal | None):
            typed[name] = Decimal(value)
        elif annotation in (dt.date, dt.date | None):
            typed[name] = dt.date.fromisoformat(value)
        elif annotation is Source:
            typed[name] = Source(value["mark"], value["source"], value["as_of"])
        elif name == "offers":
            typed[name] = {site_class: Offer(**_typed(Offer, offer)) for site_class, offer in value.items()}
        elif name == "excluded":
            typed[name] = tuple(value)
        elif annotation == tuple[RateChange, ...]:
            typed[name] = tuple(RateChange(**_typed(RateChange, change)) for change in value)
        elif annotation == TypedOver | None:
            typed[name] = TypedOver(**_typed(TypedOver, value))
        elif name == "risk":
            typed[name] = tuple(map(Decimal, value))
        else:
            typed[name] = value
    return typed
