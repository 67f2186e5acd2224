"""Load the registers of this app from their files: sites, prescribers, taxonomies, ZIP centroids."""

from collections import defaultdict
from pathlib import Path

from django.db import transaction

from sites.actions.registers import Loaded, loaded, store, without
from sites.engine.registers import PRESCRIBERS, SITES, TAXONOMIES, ZIP_CENTROIDS, hospital_affiliated, overlapping_stays
from sites.engine.rows import read_table
from sites.models import Prescriber, ProviderTaxonomy, Site, SiteNpi, ZipCentroid


@transaction.atomic
def load_sites(path: Path) -> Loaded:
    """sites.csv into the site register. A site's provider numbers become exactly those of its row; no column npis leaves them."""
    table = read_table(path, SITES)
    before = _npis_on_file()
    wanted = {row.values["site_id"]: set(row.values["npis"]) for row in table.rows if "npis" not in table.absent}
    renumbered = {site_id for site_id, npis in wanted.items() if npis != before[site_id]}
    stored = store(
        Site,
        ["site_id"],
        [_site_fields(row.values) for row in table.rows],
        absent=table.absent,
        changed_elsewhere=frozenset((site_id,) for site_id in renumbered),
    )
    sites = Site.objects.in_bulk(renumbered, field_name="site_id")
    for site_id, site in sites.items():
        site.npis.exclude(npi__in=wanted[site_id]).delete()
    SiteNpi.objects.bulk_create(
        SiteNpi(site=site, npi=npi) for site_id, site in sites.items() for npi in sorted(wanted[site_id] - before[site_id])
    )
    return loaded(table, stored)


def _site_fields(values: dict) -> dict:
    fields = {name: value for name, value in values.items() if name != "npis"}
    return fields | {"hospital_affiliated": hospital_affiliated(values)}


def _npis_on_file() -> dict[str, set[str]]:
    npis: dict[str, set[str]] = defaultdict(set)
    for site_id, npi in SiteNpi.objects.values_list("site__site_id", "npi"):
        npis[site_id].add(npi)
    return npis


@transaction.atomic
def load_prescribers(path: Path) -> Loaded:
    """prescribers.csv into the roster; a row is one stay, known by prescriber and first day."""
    table = read_table(path, PRESCRIBERS)
    given = {(row.values["npi"], row.values["starts_on"]) for row in table.rows}
    on_file = Prescriber.objects.values_list("npi", "starts_on", "ends_on")
    overlaps = overlapping_stays(table.rows, [stay for stay in on_file if stay[:2] not in given])
    stored = store(Prescriber, ["npi", "starts_on"], [row.values for row in without(table.rows, overlaps)], absent=table.absent)
    return loaded(table, stored, overlaps)


def load_taxonomies(path: Path) -> Loaded:
    """Pairs of provider number and taxonomy."""
    table = read_table(path, TAXONOMIES)
    stored = store(ProviderTaxonomy, ["npi", "taxonomy"], [row.values for row in table.rows])
    return loaded(table, stored)


def load_zips(path: Path) -> Loaded:
    """The points from which the distance of people in a ZIP code is measured."""
    table = read_table(path, ZIP_CENTROIDS)
    return loaded(table, store(ZipCentroid, ["zip_code"], [row.values for row in table.rows]))
