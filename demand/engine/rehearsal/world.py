"""A seed and a window of months -> the rehearsal world; grain: one frozen `World` (markets, sites, prescribers, payers).

The places and organizations are fixed, so that screenshots and tests of different seeds can be compared; the seed moves ZIP
centroids, prescribers' names, specialties' markets and the dates on which some of them leave.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

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

    `registered` False: it is not in sites.csv, so claims alone say what it is; `tell_class` is the class the definitions then give.
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


PAYERS = (
    Payer("Unison Health", "Unison Choice PPO", "commercial", "insured", "commercial_exchange", 13, 1, 225, 118, 110, "SP-NORTHGATE", "medical"),
    Payer("Unison Health", "Unison Employer ASO", "commercial", "self_funded", "commercial_exchange", 14, 1, 235, 120, 110, "SP-NORTHGATE", "medical"),
    Payer("Anchor Blue", "Anchor Blue PPO", "commercial", "insured", "commercial_exchange", 14, 1, 215, 116, 108, "SP-TRUESCRIPT"),
    Payer("Anchor Blue", "Anchor Blue Employer", "commercial", "self_funded", "commercial_exchange", 13, 1, 220, 118, 108, "SP-TRUESCRIPT"),
    Payer("Meridian Mutual", "Meridian Open Access", "commercial", "insured", "commercial_exchange", 9, 1, 205, 115, 106, "SP-PINNACLE"),
    Payer("Crestline Health Plan", "Crestline Employer", "commercial", "self_funded", "commercial_exchange", 11, 1, 230, 119, 107, "SP-PINNACLE"),
    Payer("Oakline Marketplace", "Oakline Silver", "exchange", "insured", "commercial_exchange", 7, 0, 165, 112, 104, "SP-PINNACLE"),
    Payer("Commonwealth Medicaid", "Commonwealth Care", "medicaid", "government", "state_medicaid", 14, 1, 104, 100, 98),
    Payer("Medicare", "Original Medicare", "medicare", "government", "medicare_feed", 3, 55, 106, 106, 104),
    Payer("Silverbirch Advantage", "Silverbirch Gold", "medicare_advantage", "government", "medicare_feed", 2, 38, 108, 106, 102, "SP-PINNACLE"),
)  # fmt: skip

# id, name, class, ownership, owner, market, form, bill type, PO/PN, POS, affiliation, hospital?, 340B?, chairs, hours, miles off centre
_SITES = (
    ("LM-UNIV", "Larkmoor University Hospital Infusion", "hopd_on_campus", "owned", SYSTEM, "metro", "facility", "131", "", "", "", 1, 1, 28, 60, 1),
    ("LM-EASTGATE", "Larkmoor Eastgate Infusion Department", "hopd_off_campus", "owned", SYSTEM, "metro", "facility", "131", "PO", "", "", 1, 1, 14, 50, 7),
    ("LM-MIDTOWN", "Larkmoor Infusion Center Midtown", "infusion_center", "owned", SYSTEM, "metro", "clinic", "", "", "49", "", 1, 0, 12, 55, 3),
    ("LM-RHEUM", "Larkmoor Rheumatology Associates", "physician_office", "owned", SYSTEM, "metro", "office", "", "", "11", "", 1, 0, 6, 40, 4),
    ("LM-FAIRHOLLOW", "Larkmoor Fairhollow Hospital Infusion", "hopd_on_campus", "owned", SYSTEM, "suburban", "facility", "131", "", "", "", 1, 1, 16, 50, 2),
    ("LM-PARKWAY", "Larkmoor Parkway Infusion Department", "hopd_off_campus", "owned", SYSTEM, "suburban", "facility", "131", "PN", "", "", 1, 0, 8, 45, 8),
    ("LM-DIGESTIVE", "Larkmoor Digestive Care", "physician_office", "owned", SYSTEM, "suburban", "office", "", "", "11", "", 1, 0, 5, 40, 3),
    ("LM-STONEFIELD", "Larkmoor Stonefield Critical Access Hospital", "hopd_on_campus", "owned", SYSTEM, "rural", "facility", "851", "", "", "", 1, 1, 6, 40, 4),
    ("LM-PHARMACY", "Larkmoor Specialty Pharmacy", "specialty_pharmacy", "owned", SYSTEM, "metro", "pharmacy", "", "", "", "", 1, 0, 0, 0, 2),
    ("PA-BRIGHTFEN", "Brightfen Home Infusion (joint venture)", "home_infusion", "partner", "Brightfen Care", "metro", "home", "", "", "12", "", 0, 0, 0, 0, 5),
    ("PA-LAKESIDE", "Lakeside Joint Venture Infusion", "infusion_center", "partner", "Lakeside Partners", "suburban", "clinic", "", "", "49", "", 0, 0, 8, 50, 5),
    ("XM-CATHEDRAL", "Cathedral Ridge Medical Center", "hopd_on_campus", "other", "Cathedral Ridge", "metro", "facility", "131", "", "", "", 1, 1, 30, 60, 5),
    ("XM-WESTBANK", "Cathedral Ridge Westbank Department", "hopd_off_campus", "other", "Cathedral Ridge", "metro", "facility", "131", "PO", "", "", 1, 0, 10, 50, 9),
    ("XM-CLEARBROOK", "Clearbrook Infusion Metro", "infusion_center", "other", "Clearbrook Infusion", "metro", "clinic", "", "", "11", "", 0, 0, 16, 60, 4),
    ("XM-UNISON", "Unison Care Infusion", "infusion_center", "other", "Unison Care Delivery", "metro", "clinic", "", "", "49", "Unison Health", 0, 0, 14, 60, 6),
    ("XM-GASTRO", "Riverbend Gastroenterology", "physician_office", "other", "Riverbend Physicians", "metro", "office", "", "", "11", "", 0, 0, 8, 45, 5),
    ("XM-NEURO", "Summit Neurology Group", "physician_office", "other", "Summit Neurology", "metro", "office", "", "", "11", "", 0, 0, 6, 45, 8),
    ("XM-HEARTHSIDE", "Hearthside Home Infusion", "home_infusion", "other", "Unison Care Delivery", "metro", "home", "", "", "12", "Unison Health", 0, 0, 0, 0, 6),
    ("XM-SURGERY", "Rivermark Surgery Center", "surgery_center", "other", "Rivermark Surgical", "metro", "surgery", "", "", "24", "", 0, 0, 3, 40, 7),
    ("XS-CLEARBROOK", "Clearbrook Infusion Fairhollow", "infusion_center", "other", "Clearbrook Infusion", "suburban", "clinic", "", "", "49", "", 0, 0, 10, 55, 4),
    ("XS-GENERAL", "Fairhollow General Hospital", "hopd_on_campus", "other", "Fairhollow General", "suburban", "facility", "131", "", "", "", 1, 0, 12, 50, 6),
    ("XS-ONCOLOGY", "Tri-County Oncology and Infusion", "physician_office", "other", "Tri-County Oncology", "suburban", "office", "", "", "11", "", 0, 0, 12, 45, 5),
    ("XS-SUITE", "Willowmere Infusion Suites", "infusion_suite", "other", "Willowmere Infusion Pharmacy", "suburban", "suite", "", "", "49", "", 0, 0, 6, 50, 3),
    ("XS-WILLOWMERE", "Willowmere Home Infusion", "home_infusion", "other", "Willowmere Infusion Pharmacy", "suburban", "home", "", "", "12", "", 0, 0, 0, 0, 4),
    ("XR-CLINIC", "Stonefield Valley Clinic", "physician_office", "other", "Stonefield Valley Clinic", "rural", "office", "", "", "11", "", 0, 0, 3, 40, 18),
    ("XR-COUNTY", "Dunmore County Hospital", "hopd_on_campus", "other", "Dunmore County", "rural", "facility", "851", "", "", "", 1, 1, 4, 40, 26),
    ("XR-HOME", "Prairie Home Infusion", "home_infusion", "other", "Prairie Home", "rural", "home", "", "", "12", "", 0, 0, 0, 0, 22),
    ("SP-NORTHGATE", "Northgate Specialty Pharmacy", "specialty_pharmacy", "other", "Unison Care Delivery", "metro", "pharmacy", "", "", "", "Unison Health", 0, 0, 0, 0, 10),
    ("SP-PINNACLE", "Pinnacle Specialty Rx", "specialty_pharmacy", "other", "Pinnacle Rx", "suburban", "pharmacy", "", "", "", "Crestline Health Plan", 0, 0, 0, 0, 9),
)  # fmt: skip

# Not in the register: the claims' own codes say what they are. name, class the definitions give, market, form, POS, taxonomy
_UNREGISTERED = (
    ("UN-CLINIC", "Infusion clinic without a register entry", "infusion_center", "metro", "clinic", "11", "261QI0500X"),
    ("UN-OFFICE", "Rheumatology office without a register entry", "physician_office", "suburban", "office", "11", "207RR0500X"),
    ("UN-HOME", "Home infusion pharmacy without a register entry", "home", "metro", "home", "12", "3336H0001X"),
    ("UN-HOSPITAL", "Hospital of the next state", "hopd_on_campus", "suburban", "facility", "", "282N00000X"),
    ("UN-URGENT", "Urgent care clinic", "unknown", "rural", "urgent", "20", "261QU0200X"),
)
_UNREGISTERED_PHARMACY = ("SP-TRUESCRIPT", "TrueScript Specialty (not in the register)", "3336S0011X")

_CENTRES = {"metro": (36.166, -86.784), "suburban": (35.925, -86.870), "rural": (36.690, -87.480)}
_SPREAD_MILES = {"metro": 11, "suburban": 18, "rural": 38}
_ZIPS = {"metro": (14, 37201, "TN"), "suburban": (12, 37062, "TN"), "rural": (10, 42211, "KY")}
_CITIES = {
    "metro": ("Rivermark", "Eastgate", "Old Mill"),
    "suburban": ("Fairhollow", "Parkway", "Lakeside"),
    "rural": ("Stonefield", "Dunmore", "Prairie Fork"),
}
_MIDTOWN_OPENS_AFTER = 12  # months: the system's infusion center opens inside the window

_SPECIALTIES = (
    ("gastroenterology", 5), ("rheumatology", 5), ("neurology", 5), ("hematology and oncology", 5), ("allergy and immunology", 3),
    ("pulmonology", 3), ("endocrinology", 2), ("nephrology", 2), ("primary care", 3), ("ophthalmology", 1), ("genetics", 1),
    ("dermatology", 2),
)  # fmt: skip
_GIVEN = ("Ada", "Bram", "Cleo", "Dario", "Edda", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kavya", "Lior", "Mara", "Nils", "Odile",
          "Priya", "Quinn", "Rosa", "Sven", "Tamsin")  # fmt: skip
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


def _zips(draw: Draws) -> tuple[Zip, ...]:
    made = []
    for market in MARKETS:
        count, first, state = _ZIPS[market]
        latitude, longitude = _CENTRES[market]
        reach = _SPREAD_MILES[market]
        for number in range(count):
            city = _CITIES[market][number % 3]
            north, east = (draw.u() * 2 - 1) * reach, (draw.u() * 2 - 1) * reach
            place = (round(latitude + north / 69.05, 4), round(longitude + east / 55.86, 4))
            made.append(Zip(f"{first + number:05d}", market, state, city, *place))
    return tuple(made)


def _nearest_zip(zips: tuple[Zip, ...], market: str, latitude: float, longitude: float) -> Zip:
    choices = [place for place in zips if place.market == market]
    return min(choices, key=lambda place: miles(place.latitude, place.longitude, latitude, longitude))


def _registered_sites(draw: Draws, zips: tuple[Zip, ...], window: Window) -> list[Site]:
    made = []
    shared_npis = {"LM-EASTGATE": "LM-UNIV", "XM-WESTBANK": "XM-CATHEDRAL"}  # departments that bill under their hospital's number
    number_of = {row[0]: position for position, row in enumerate(_SITES)}
    for position, row in enumerate(_SITES):
        (
            site_id,
            name,
            site_class,
            ownership,
            owner,
            market,
            form,
            bill,
            modifier,
            pos,
            affiliation,
            hospital,
            is_340b,
            chairs,
            hours,
            off,
        ) = row
        latitude, longitude = _CENTRES[market]
        north = off * (1 if draw.chance(0.5) else -1) * (0.4 + 0.5 * draw.u())
        east = (max(off * off - north * north, 0.0)) ** 0.5 * (1 if draw.chance(0.5) else -1)
        latitude, longitude = round(latitude + north / 69.05, 4), round(longitude + east / 55.86, 4)
        place = _nearest_zip(zips, market, latitude, longitude)
        made.append(
            Site(
                site_id, name, site_class, ownership, owner, market, form,
                npi=npi(1000 + number_of[shared_npis.get(site_id, site_id)]),
                staff_npi=npi(2000 + position),
                bill_type=bill, off_campus_modifier=modifier, pos=pos, payer_affiliation=affiliation,
                hospital_affiliated=bool(hospital), is_340b=bool(is_340b), chairs=chairs, hours=hours,
                opened=window.month_start(_MIDTOWN_OPENS_AFTER) if site_id == "LM-MIDTOWN" else days.of(2015, 1, 1),
                latitude=latitude, longitude=longitude, zip_code=place.zip_code, city=place.city, state=place.state,
            )
        )  # fmt: skip
    return made


def _unregistered_sites(zips: tuple[Zip, ...]) -> list[Site]:
    made = []
    for position, (site_id, name, site_class, market, form, pos, taxonomy) in enumerate(_UNREGISTERED):
        place = next(zone for zone in zips if zone.market == market)
        made.append(
            Site(
                site_id, name, site_class, "other", "", market, form,
                npi=npi(3000 + position), staff_npi=npi(3100 + position), bill_type="131" if form == "facility" else "", pos=pos,
                latitude=place.latitude, longitude=place.longitude, registered=False, taxonomy=taxonomy,
            )
        )  # fmt: skip
    site_id, name, taxonomy = _UNREGISTERED_PHARMACY
    made.append(
        Site(site_id, name, "specialty_pharmacy", "other", "", "metro", "pharmacy", npi=npi(3200), staff_npi="", registered=False, taxonomy=taxonomy)
    )  # fmt: skip
    return made


def _prescribers(draw: Draws, window: Window) -> tuple[Prescriber, ...]:
    """Every specialty in every market: some employed, some affiliated, some outside; a tenth of the roster leaves inside the window."""
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
    zips = _zips(draw)
    sites = (*_registered_sites(draw, zips, window), *_unregistered_sites(zips))
    return World(
        seed=seed,
        window=window,
        zips=zips,
        sites=sites,
        prescribers=_prescribers(draw, window),
        payers=PAYERS,
        site_by_id={site.site_id: site for site in sites},
        zips_of={market: tuple(place for place in zips if place.market == market) for market in MARKETS},
    )
