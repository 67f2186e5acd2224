"""What the pipeline knows of places and prescribers: the register's tables as frames."""

import datetime as dt

import pandas as pd

from sites.models import Prescriber, ProviderTaxonomy, Site, ZipCentroid

SITE_COLUMNS = [
    "site_id",
    "npi",
    "site_class",
    "ownership",
    "owner",
    "payer_affiliation",
    "hospital_affiliated",
    "market",
    "opened_on",
    "closed_on",
    "latitude",
    "longitude",
    "chairs",
    "open_hours_per_week",
    "is_340b",
]
ZIP_COLUMNS = ["zip_code", "latitude", "longitude"]
PRESCRIBER_COLUMNS = ["npi", "name", "specialty", "relation", "market", "starts_on", "ends_on"]


def frame(rows, columns: list[str]) -> pd.DataFrame:
    """Rows of a query as they are: no number becomes a float because another is missing, no date a timestamp."""
    return pd.DataFrame({column: pd.Series([row[place] for row in rows], dtype=object) for place, column in enumerate(columns)})


def reference_frames() -> dict[str, pd.DataFrame]:
    """sites (one row a site and provider number; a site without one has none), prescribers, taxonomies, ZIP centroids."""
    site_fields = ["npis__npi" if column == "npi" else column for column in SITE_COLUMNS]
    found = Site.objects.on_file().order_by("site_id", "npis__npi").values_list(*site_fields, "npis__starts_on", "npis__ends_on")
    sites = [row for *site, start, end in found for row in _dated(site, start, end)]
    return {
        "sites": frame(sites, SITE_COLUMNS),
        "prescribers": frame(list(Prescriber.objects.values_list(*PRESCRIBER_COLUMNS)), PRESCRIBER_COLUMNS),
        "taxonomies": frame(list(ProviderTaxonomy.objects.values_list("npi", "taxonomy")), ["npi", "taxonomy"]),
        "zip_centroids": frame(list(ZipCentroid.objects.values_list(*ZIP_COLUMNS)), ZIP_COLUMNS),
    }


def _dated(site: list, start: dt.date | None, end: dt.date | None) -> list[list]:
    """A site and one of its numbers; a number with dates of its own counts on the days that both are there for, beside a row
    without a number that has the site's own days."""
    if start is None and end is None:
        return [site]
    npi, opened, closed = (SITE_COLUMNS.index(name) for name in ("npi", "opened_on", "closed_on"))
    own, dated = list(site), list(site)
    own[npi] = None
    dated[opened] = max(filter(None, (site[opened], start)), default=None)
    dated[closed] = min(filter(None, (site[closed], end)), default=None)
    return [own, dated]


def merged_ids() -> dict[str, str]:
    """Ids of entries that were merged -> the id of the entry that stands for them now. Rates, logs and earlier runs keep the old
    id; whoever joins them with the register reads them through this."""
    into = dict(Site.objects.exclude(merged_into=None).values_list("site_id", "merged_into__site_id"))
    kept = {}
    for site_id, target in into.items():
        while target in into:
            target = into[target]
        kept[site_id] = target
    return kept
