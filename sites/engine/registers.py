"""Layouts of sites.csv, prescribers.csv, taxonomies, ZIP centroids; grain: one site, one stay on the roster, one pair, one ZIP."""

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
RELATIONS = ("employed", "affiliated")
HOSPITAL_DEPARTMENTS = ("hopd_on_campus", "hopd_off_campus")


def _site_checks(values: dict) -> Iterator[Finding]:
    yield from ends_after_start(values, "opened_on", "closed_on")
    if (values["latitude"] is None) != (values["longitude"] is None):
        missing = "latitude" if values["latitude"] is None else "longitude"
        yield Finding(missing, "coordinates", "latitude and longitude are given together or not at all")


def _site_warnings(values: dict) -> Iterator[Finding]:
    for number in values["npis"]:
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
    ),
    key=("site_id",),
    check=_site_checks,
    warn=_site_warnings,
)


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
