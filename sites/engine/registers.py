"""Layouts of sites.csv, prescribers.csv, taxonomies, ZIP centroids, ZIP populations; grain: one site, one stay on the roster, one
pair, one ZIP, one ZIP and year."""

import datetime as dt
from collections.abc import Iterable, Iterator

from sites.engine import cells
from sites.engine.rows import Column, Finding, Layout, Problem, Row, ends_after_start

SITE_CLASSES = (
    "hopd_on_campus",
    "hopd_off_campus",
    "infusion_center",
    "infusion_suite",
    "physician_office",
    "home_infusion",
    "specialty_pharmacy",
    "surgery_center",
)
OWNERSHIPS = ("owned", "partner", "other")
# How a site bills, which with its affiliation decides whether a payer's policy permits it (Medicare Claims Processing Manual, 4 and 12).
BILLING_CLASSES_IN_WORDS = {
    "hospital_outpatient": "Hospital outpatient (bill type 13x)",
    "infusion_clinic": "Infusion clinic (professional claim, POS 49)",
    "office": "Physician office (professional claim, POS 11)",
    "home": "Home infusion (per diem, S codes)",
    "surgery_center": "Surgery center (POS 24)",
    "pharmacy": "Pharmacy",
}
# USP <797> (official since 1 November 2023): how sterile doses may be prepared.
COMPOUNDING_IN_WORDS = {
    "none": "None on site",
    "immediate_use": "Immediate use (within 4 hours)",
    "category_1": "Category 1 (segregated area)",
    "category_2": "Category 2 (clean room)",
    "category_3": "Category 3 (clean room, tested longer)",
}
RELATIONS = ("employed", "affiliated")
HOSPITAL_DEPARTMENTS = ("hopd_on_campus", "hopd_off_campus")


# South, north, west, east: the states and Puerto Rico, Alaska beyond the date line, Guam and the Marianas, American Samoa.
UNITED_STATES = (
    (17.5, 71.6, -180.0, -64.4),
    (51.0, 54.0, 172.0, 180.0),
    (13.0, 20.7, 144.5, 146.2),
    (-14.7, -11.0, -171.2, -168.0),
)


def site_checks(values: dict) -> Iterator[Finding]:
    """What makes an entry of the register impossible."""
    yield from ends_after_start(values, "opened_on", "closed_on")
    latitude, longitude = values["latitude"], values["longitude"]
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        yield Finding(missing, "coordinates", "latitude and longitude are given together or not at all")
    elif latitude == 0 and longitude == 0:
        yield Finding("latitude", "coordinates", "0 and 0 lie in the ocean; leave both blank until they are known")
    elif latitude is not None and not any(
        south <= latitude <= north and west <= longitude <= east for south, north, west, east in UNITED_STATES
    ):
        yield Finding(
            "latitude",
            "outside_us",
            f"{latitude}, {longitude} lies outside the United States; look for a lost sign or swapped numbers",
        )


def site_warnings(values: dict) -> Iterator[Finding]:
    """What is odd about an entry that is used as given."""
    for number in (text[:10] for text in values["npis"]):
        if not cells.npi_check_digit_fits(number):
            yield Finding("npis", "npi_check_digit", f"{number} fails its check digit; it is used as given")
    if not values["npis"]:
        yield Finding("npis", "no_npi", "no provider number: claims cannot be matched to this site")
    if values["hospital_affiliated"] is False and values["site_class"] in HOSPITAL_DEPARTMENTS:
        yield Finding("hospital_affiliated", "affiliation", "a hospital department that is not affiliated with a hospital")


SITES = Layout(
    columns=(
        Column("site_id", cells.text(80), needed=True),
        Column("name", cells.text(200), needed=True),
        Column("site_class", cells.choice(*SITE_CLASSES), needed=True),
        Column("ownership", cells.choice(*OWNERSHIPS), needed=True),
        Column("owner", cells.text(200), blank=""),
        Column("payer_affiliation", cells.text(200), blank=""),
        Column("hospital_affiliated", cells.flag),
        Column("market", cells.text(100), blank=""),
        Column("npis", cells.npis, blank=()),
        Column("address", cells.text(200), blank=""),
        Column("city", cells.text(100), blank=""),
        Column("state", cells.state, blank=""),
        Column("zip_code", cells.zip_code, blank=""),
        Column("latitude", cells.number(-90, 90)),
        Column("longitude", cells.number(-180, 180)),
        Column("opened_on", cells.day),
        Column("closed_on", cells.day),
        Column("chairs", cells.whole(0, 1000)),
        Column("open_hours_per_week", cells.decimal(1, high=168)),
        Column("is_340b", cells.flag, blank=False),
        Column("source", cells.text(300), blank=""),
        Column("checked_on", cells.day),
        Column("opening_hours", cells.text(200), blank=""),
        Column("billing_class", cells.choice(*BILLING_CLASSES_IN_WORDS), blank=""),
        Column("nurses", cells.decimal(1, high=9999)),
        Column("pharmacists", cells.decimal(1, high=9999)),
        Column("technicians", cells.decimal(1, high=9999)),
        Column("payers_contracted", cells.names(5000), blank=""),
        Column("sterile_compounding", cells.choice(*COMPOUNDING_IN_WORDS), blank=""),
        Column("hazardous_drugs", cells.flag),
        Column("pediatrics", cells.flag),
        Column("ports", cells.flag),
        Column("observation", cells.flag),
        Column("rems", cells.names(300), blank=""),
        Column("chairs_by_month", cells.chairs_by_month, blank=""),
    ),
    key=("site_id",),
    check=site_checks,
    warn=site_warnings,
)

# The public list of hospitals (CMS Hospital General Information, geocoded): other-owned sites, known by their CMS number.
HOSPITALS = Layout(
    columns=(
        Column("ccn", cells.text(10), needed=True),
        Column("facility_name", cells.text(200), needed=True),
        Column("address", cells.text(200), blank=""),
        Column("city", cells.text(100), blank=""),
        Column("state", cells.state, blank=""),
        Column("zip", cells.zip_code, blank=""),
        Column("lat", cells.number(-90, 90), expected=True),
        Column("lon", cells.number(-180, 180), expected=True),
        Column("source", cells.text(300), blank=""),
        Column("source_date", cells.day),
    ),
    key=("ccn",),
    check=lambda values: site_checks(_of_hospital(values)),
    ignored=frozenset({"county", "match_quality"}),
)


# The columns of SITES that the list of hospitals speaks of; of a hospital on file nothing else changes.
HOSPITALS_SAY = frozenset(
    {"site_id", "name", "address", "city", "state", "zip_code", "latitude", "longitude", "source", "checked_on"}
)


def _of_hospital(values: dict) -> dict:
    return {"latitude": values["lat"], "longitude": values["lon"], "opened_on": None, "closed_on": None}


def hospital_as_site(values: dict) -> dict:
    """A row of HOSPITALS as a row of SITES; what it does not say is blank."""
    return {column.name: column.blank for column in SITES.columns} | {
        "site_id": f"ccn:{values['ccn']}",
        "name": values["facility_name"],
        "site_class": "hopd_on_campus",
        "ownership": "other",
        "hospital_affiliated": True,
        "billing_class": "hospital_outpatient",
        "address": values["address"],
        "city": values["city"],
        "state": values["state"],
        "zip_code": values["zip"],
        "latitude": values["lat"],
        "longitude": values["lon"],
        "source": values["source"],
        "checked_on": values["source_date"],
    }


def hospital_affiliated(site: dict) -> bool:
    """As the register says; left blank, a hospital's department is affiliated and nothing else is."""
    said = site["hospital_affiliated"]
    return site["site_class"] in HOSPITAL_DEPARTMENTS if said is None else said


def _npi_warning(values: dict) -> Iterator[Finding]:
    if not cells.npi_check_digit_fits(values["npi"]):
        yield Finding("npi", "npi_check_digit", "fails its check digit; it is used as given")


PRESCRIBERS = Layout(
    columns=(
        Column("npi", cells.npi, needed=True),
        Column("name", cells.text(200), blank=""),
        Column("specialty", cells.text(100), blank=""),
        Column("relation", cells.choice(*RELATIONS), needed=True),
        Column("market", cells.text(100), blank=""),
        Column("starts_on", cells.day),
        Column("ends_on", cells.day),
    ),
    key=("npi", "starts_on"),
    check=lambda values: ends_after_start(values, "starts_on", "ends_on"),
    warn=_npi_warning,
)

TAXONOMIES = Layout(
    columns=(Column("npi", cells.npi, needed=True), Column("taxonomy", cells.taxonomy, needed=True)),
    key=("npi", "taxonomy"),
    warn=_npi_warning,
)

ZIP_CENTROIDS = Layout(
    columns=(
        Column("zip_code", cells.five_digit_zip, needed=True),
        Column("latitude", cells.number(-90, 90), needed=True),
        Column("longitude", cells.number(-180, 180), needed=True),
    ),
    key=("zip_code",),
)


def _older_are_part(values: dict) -> Iterator[Finding]:
    if values["population_65_plus"] > values["population"]:
        yield Finding("population_65_plus", "part", "is more than the whole population")


ZIP_POPULATIONS = Layout(
    columns=(
        Column("zip_code", cells.five_digit_zip, needed=True),
        Column("year", cells.whole(1990, 2100), needed=True),
        Column("population", cells.whole(0, 1_000_000), needed=True),
        Column("population_65_plus", cells.whole(0, 1_000_000), needed=True),
    ),
    key=("zip_code", "year"),
    check=_older_are_part,
)

Stay = tuple[str, dt.date | None, dt.date | None]


def overlapping_stays(rows: Iterable[Row], on_file: Iterable[Stay]) -> list[Problem]:
    """Rows whose stay on the roster overlaps one of the same prescriber, on file or on an earlier line.

    `on_file` are stays (npi, starts_on, ends_on) that the rows do not replace. Two stays at once would count an order twice.
    """
    held: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for number, start, end in on_file:
        held.setdefault(number, []).append((start or dt.date.min, end or dt.date.max))
    problems = []
    for row in rows:
        start, end = row.values["starts_on"] or dt.date.min, row.values["ends_on"] or dt.date.max
        stays = held.setdefault(row.values["npi"], [])
        if any(start < other_end and other_start < end for other_start, other_end in stays):
            message = "overlaps another stay of this prescriber; end that one on the day this one starts"
            problems.append(Problem(row.line, "starts_on", str(row.values["starts_on"] or ""), "overlap", message))
        else:
            stays.append((start, end))
    return problems
