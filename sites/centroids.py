"""Where ZIP codes and sites lie: what was loaded first, else the package's middles, each marked with its source."""

from collections.abc import Iterable
from dataclasses import dataclass

from sites.engine.zip_places import middle_of
from sites.models import Site, ZipCentroid

REGISTER, PACKAGE, ZIP_CODE = "register", "package", "zip"
SOURCES = {REGISTER: "stated", PACKAGE: "ZIP code's middle (package zipcodes)", ZIP_CODE: "its ZIP code's middle"}


@dataclass(frozen=True)
class Point:
    """`source`: register (loaded or stated), package, or zip (a site placed at the middle of its ZIP code)."""

    latitude: float
    longitude: float
    source: str


def zip_points(zip_codes: Iterable[str]) -> dict[str, Point]:
    """The middles of these ZIP codes; one that nobody knows is absent."""
    wanted = {zip_code for zip_code in zip_codes if zip_code}
    loaded = ZipCentroid.objects.all() if len(wanted) > 500 else ZipCentroid.objects.filter(pk__in=wanted)
    points = {row.zip_code: Point(row.latitude, row.longitude, REGISTER) for row in loaded.iterator() if row.zip_code in wanted}
    for zip_code in wanted - points.keys():
        if middle := middle_of(zip_code):
            points[zip_code] = Point(*middle, PACKAGE)
    return points


def site_points(sites: Iterable[Site]) -> dict[str, Point]:
    """site_id -> where it lies; a site without coordinates lies in the middle of its ZIP code, marked; absent where neither is known."""
    sites = list(sites)
    middles = zip_points(site.zip_code[:5] for site in sites if site.latitude is None or site.longitude is None)
    points = {}
    for site in sites:
        if site.latitude is not None and site.longitude is not None:
            points[site.site_id] = Point(site.latitude, site.longitude, REGISTER)
        elif middle := middles.get(site.zip_code[:5]):
            points[site.site_id] = Point(middle.latitude, middle.longitude, ZIP_CODE)
    return points
