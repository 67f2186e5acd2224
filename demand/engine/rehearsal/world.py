"""A seed and a window of months -> the rehearsal world; grain: one frozen `World` (markets, sites, prescribers, payers).

The places and organizations are fixed, so that screenshots and tests of different seeds can be compared; the seed moves the
sites within their market, prescribers' names, specialties' markets and the dates on which some of them leave.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from demand.engine.rehearsal import days
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.npis import npi

MARKETS = ("metro", "suburban", "rural")
MARKET_SHARE = (0.50, 0.32, 0.18)
SYSTEM = "Larkmoor Health"
OPEN_END = dt.date(2099, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Zip:
    zip_code: str
    market: str
    state: str
    city: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Site:
    """A place or pharmacy. `form` is how it bills: facility | office | clinic | home | suite | pharmacy | surgery | urgent.

    `registered` False: it is not in sites.csv, and `site_class` is the class that the definitions then give from the claim.
    """

    site_id: str
    name: str
    site_class: str
    ownership: str
    owner: str
    market: str
    form: str
    npi: str
    staff_npi: str
    bill_type: str = ""
    off_campus_modifier: str = ""
    pos: str = ""
    payer_affiliation: str = ""
    hospital_affiliated: bool = False
    is_340b: bool = False
    chairs: int = 0
    hours: int = 0
    opened: int = 0
    closed: int = OPEN_END
    latitude: float = 0.0
    longitude: float = 0.0
    zip_code: str = ""
    city: str = ""
    state: str = ""
    registered: bool = True
    taxonomy: str = ""

    @property
    def truth_id(self) -> str:
        """The id under which a run reports the site: `npi:` and its NPI where the register does not hold it (definitions.md 2)."""
        return self.site_id if self.registered else f"npi:{self.npi}"

    @property
    def is_hospital(self) -> bool:
        return self.site_class in ("hopd_on_campus", "hopd_off_campus")

    def open_on(self, day: int) -> bool:
        return self.opened <= day < self.closed


@dataclass(frozen=True, slots=True)
class Prescriber:
    """A clinician. `relation` is employed or affiliated while on the roster, '' for those who never were."""

    npi: str
    name: str
    specialty: str
    relation: str
    market: str
    starts: int
    ends: int

    def on_roster(self, day: int) -> bool:
        return self.relation != "" and self.starts <= day < self.ends


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer's line of business. `feed` is the data_source its claims come in; `bag` how its specialty pharmacy bills."""

    name: str
    plan: str
    line_of_business: str
    funding: str
    feed: str
    share_younger: float
    share_older: float
    hospital_percent: int  # of ASP
    office_percent: int
    home_percent: int
    pharmacy: str = ""  # site_id of the specialty pharmacy it names
    bag: str = "pharmacy"  # pharmacy | medical

    @property
    def key(self) -> str:
        return f"{self.name}|{self.plan}"


# The register of the invented market and its payers, as tables one can read: see the header lines. `form` is how a site bills,
# `bills_under` the site whose NPI it shares, `registered` false keeps it out of sites.csv, so that claims alone tell what it is.
TABLES = Path(__file__).resolve().parent
REPEATED_TOTALS_FEED = "state_medicaid"  # shows an institutional claim's total on every line
NO_LINE_DATES_FEED = "medicare_feed"  # institutional lines without dates of their own

_CENTRES = {"metro": (36.166, -86.784), "suburban": (35.925, -86.870), "rural": (36.690, -87.480)}
_CITIES = {
    "metro": ("Rivermark", "Eastgate", "Old Mill"),
    "suburban": ("Fairhollow", "Parkway", "Laythorpe"),
    "rural": ("Stonefield", "Dunnemoor", "Prairie Fork"),
}
_MIDTOWN_OPENS_AFTER = 12  # months: the system's infusion center opens inside the window

_SPECIALTIES = (
    ("gastroenterology", 5), ("rheumatology", 5), ("neurology", 5), ("hematology and oncology", 5), ("allergy and immunology", 3),
    ("pulmonology", 3), ("endocrinology", 2), ("nephrology", 2), ("primary care", 3), ("ophthalmology", 1), ("genetics", 1),
    ("dermatology", 2),
)  # fmt: skip
_GIVEN = ("Ada", "Bram", "Cleo", "Dario", "Edda", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kavya", "Lior", "Mara", "Nils",
          "Odile", "Priya", "Quinn", "Rosa", "Sven", "Tamsin")  # fmt: skip
_FAMILY = ("Alderwick", "Bramhollow", "Castermoor", "Dunnevale", "Elderfen", "Fallowmere", "Greyharrow", "Hollinsby", "Inkersole",
           "Jessamoor", "Kettlewood", "Larchfield", "Mossgrave", "Nettleham", "Orchardson", "Pennyworth-Vale", "Quillfeather",
           "Rookhurst", "Silverthorn", "Thistlewood")  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Months of service, half-open in days, and the last day on which a claim in the extract was paid."""

    first_month: dt.date
    months: int
    paid_through: int

    @property
    def start(self) -> int:
        return self.first_month.toordinal()

    @property
    def end(self) -> int:
        """The first day after the last month of service."""
        return days.add_months(self.first_month, self.months).toordinal()

    @property
    def enrolled_until(self) -> int:
        """The first day after the last that eligibility covers: three months beyond service, whenever the claims were paid."""
        return self.month_start(self.months + 3)

    def month_start(self, index: int) -> int:
        return days.add_months(self.first_month, index).toordinal()


@dataclass(frozen=True)
class World:
    seed: int
    window: Window
    zips: tuple[Zip, ...]
    sites: tuple[Site, ...]
    prescribers: tuple[Prescriber, ...]
    payers: tuple[Payer, ...]
    site_by_id: dict[str, Site] = field(repr=False)
    zips_of: dict[str, tuple[Zip, ...]] = field(repr=False)

    @property
    def pharmacy_npis(self) -> frozenset[str]:
        return frozenset(site.npi for site in self.sites if site.form == "pharmacy")


def miles(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Distance on a small map (an equirectangular step is within 0.1 % at these distances)."""
    north = (latitude - other_latitude) * 69.05
    east = (longitude - other_longitude) * 69.17 * 0.8075  # the cosine of the region's latitude
    return (north * north + east * east) ** 0.5


def _zips() -> tuple[Zip, ...]:
    """Real ZIP codes with their centroids, so that a table of real centroids agrees; the towns on top of them are invented."""
    made = []
    for number, row in enumerate(table("market_zips.csv")):
        city = _CITIES[row["market"]][number % 3]
        made.append(Zip(row["zip_code"], row["market"], row["state"], city, float(row["latitude"]), float(row["longitude"])))
    return tuple(made)


def _nearest_zip(zips: tuple[Zip, ...], market: str, latitude: float, longitude: float) -> Zip:
    choices = [place for place in zips if place.market == market]
    return min(choices, key=lambda place: miles(place.latitude, place.longitude, latitude, longitude))


def table(name: str) -> list[dict[str, str]]:
    """A table of the invented market: one dict a row, cells as text."""
    with (TABLES / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _payers() -> tuple[Payer, ...]:
    numbers = ("share_younger", "share_older", "hospital_percent", "office_percent", "home_percent")
    return tuple(
        Payer(**{name: int(value) if name in numbers else value for name, value in row.items()})
        for row in table("market_payers.csv")
    )


def _sites(draw: Draws, zips: tuple[Zip, ...], window: Window) -> list[Site]:
    rows = table("market_sites.csv")
    number_of = {row["site_id"]: position for position, row in enumerate(rows)}
    made = []
    for position, row in enumerate(rows):
        latitude, longitude = _scattered(draw, row["market"], float(row["miles_from_centre"]))
        place = _nearest_zip(zips, row["market"], latitude, longitude)
        made.append(
            Site(
                site_id=row["site_id"],
                name=row["name"],
                site_class=row["site_class"],
                ownership=row["ownership"],
                owner=row["owner"],
                market=row["market"],
                form=row["form"],
                npi=npi(1000 + number_of[row["bills_under"] or row["site_id"]]),
                staff_npi=npi(2000 + position),
                bill_type=row["bill_type"],
                off_campus_modifier=row["off_campus_modifier"],
                pos=row["pos"],
                payer_affiliation=row["payer_affiliation"],
                hospital_affiliated=row["hospital_affiliated"] == "true",
                is_340b=row["is_340b"] == "true",
                chairs=int(row["chairs"]),
                hours=int(row["open_hours_per_week"]),
                opened=window.month_start(_MIDTOWN_OPENS_AFTER) if row["site_id"] == "LM-MIDTOWN" else days.of(2015, 1, 1),
                latitude=latitude,
                longitude=longitude,
                zip_code=place.zip_code,
                city=place.city,
                state=place.state,
                registered=row["registered"] == "true",
                taxonomy=row["taxonomy"],
            )
        )
    return made


def _scattered(draw: Draws, market: str, miles_from_centre: float) -> tuple[float, float]:
    latitude, longitude = _CENTRES[market]
    north = miles_from_centre * (1 if draw.chance(0.5) else -1) * (0.4 + 0.5 * draw.u())
    east = max(miles_from_centre**2 - north**2, 0.0) ** 0.5 * (1 if draw.chance(0.5) else -1)
    return round(latitude + north / 69.05, 4), round(longitude + east / 55.86, 4)


def _prescribers(draw: Draws, window: Window) -> tuple[Prescriber, ...]:
    """Every specialty in every market: some employed, some affiliated, some outside; a tenth of the roster leaves inside the
    window."""
    made: list[Prescriber] = []
    for market in MARKETS:
        for specialty, count in _SPECIALTIES:
            size = count * {"metro": 4, "suburban": 3, "rural": 2}[market] // 2 + 1
            for number in range(size):
                relation = ("employed", "", "affiliated", "employed", "")[number % 5] if size > 1 else "employed"
                leaves = relation and number >= 3 and draw.chance(0.35)
                ends = window.month_start(draw.between(6, max(7, window.months - 4))) if leaves else OPEN_END
                late = relation and number >= 3 and not leaves and draw.chance(0.1)
                starts = window.month_start(draw.between(2, max(3, window.months // 2))) if late else days.of(2012, 7, 1)
                name = f"{draw.pick(_GIVEN)} {draw.pick(_FAMILY)}, MD"
                made.append(Prescriber(npi(5000 + len(made)), name, specialty, relation, market, starts, ends))
    return tuple(made)


def build_world(seed: int, window: Window) -> World:
    draw = Draws(seed, "world")
    zips = _zips()
    sites = tuple(_sites(draw, zips, window))
    return World(
        seed=seed,
        window=window,
        zips=zips,
        sites=sites,
        prescribers=_prescribers(draw, window),
        payers=_payers(),
        site_by_id={site.site_id: site for site in sites},
        zips_of={market: tuple(place for place in zips if place.market == market) for market in MARKETS},
    )
