"""Load the registers of this app from their files: sites, prescribers, taxonomies, ZIP centroids, ZIP populations."""

from pathlib import Path

from django.db import transaction

from sites.actions.changes import check_table, loaded_by, read_sites, store_change
from sites.actions.registers import Loaded, loaded, store, without
from sites.engine.registers import PRESCRIBERS, TAXONOMIES, ZIP_CENTROIDS, ZIP_POPULATIONS, overlapping_stays
from sites.engine.rows import read_table
from sites.models import Prescriber, ProviderTaxonomy, ZipCentroid, ZipPopulation


@transaction.atomic
def load_sites(path: Path) -> Loaded:
    """sites.csv (or the public list of hospitals) into the site register, as a change that can be undone there.

    A site's provider numbers become exactly those of its row; no column npis leaves them.
    """
    change = check_table(read_sites(path), user=None)
    return loaded_by(change, store_change(change), Path(path).name)


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


def load_population(path: Path, name: str | None = None) -> Loaded:
    """How many live in ZIP codes, by year, and how many of them are 65 or older. `name`: what people call the file."""
    table = read_table(path, ZIP_POPULATIONS, name)
    return loaded(table, store(ZipPopulation, ["zip_code", "year"], [row.values for row in table.rows]))
