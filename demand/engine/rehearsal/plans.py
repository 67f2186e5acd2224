"""What is planned for a person -> the shapes that the other modules fill and read; grain: one infusion, one order, one course.

A course is planned, not measured: its moves have causes, its end has a cause, and both are kept beside what definitions.md
makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.places import Places
from demand.engine.rehearsal.policies import PlantedPolicy, StateLaw
from demand.engine.rehearsal.therapies import Code, Product, Therapy
from demand.engine.rehearsal.world import Payer, Prescriber, Site, World


@dataclass(slots=True)
class Infusion:
    """One planted infusion. `supply` says how a pharmacy billed the drug: '' | medical | pharmacy. Doses in the code's measure."""

    day: int
    code: Code
    site: Site
    channel: str
    supply: str
    pharmacy: Site | None
    dose: float
    units: float
    waste_units: float
    prescriber: Prescriber
    payer: Payer
    visiting: bool = False


@dataclass(slots=True)
class Order:
    """An order as the system's record keeps it (interfaces.md, orders). Days; None is empty."""

    day: int
    npi: str
    molecule: str
    authorized: int | None
    scheduled: int | None
    infused: int | None
    location: str
    determination: str
    reject_reason: str
    preference: str


@dataclass(slots=True)
class Course:
    person: Person
    therapy: Therapy
    product: Product
    prescriber: Prescriber
    started: int
    new_start: bool
    interval: int
    infusions: list[Infusion] = field(default_factory=list)
    self_fills: list[int] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    stopped_on: int | None = None
    stop_cause: str = ""  # benefit_shift | stopped | silent | ''
    evidence: str = ""
    moved_on: int | None = None
    planned_reason: str = ""
    reason: str = ""
    from_site: Site | None = None
    to_site: Site | None = None

    @property
    def allowed_gap(self) -> int:
        """The gap rule of definitions.md 3: interval + 50 %, at least 60 days."""
        return max(60, int(self.interval * 1.5))


@dataclass(frozen=True, slots=True)
class Setting:
    """All that is the same for every person."""

    world: World
    menu: tuple[Therapy, ...]
    policies: tuple[PlantedPolicy, ...]
    laws: tuple[StateLaw, ...]
    places: Places
    prescribers_of: dict[tuple[str, str], tuple[Prescriber, ...]]
