"""The one thing about a site that is most worth attention, computed from what the page knows.

First what makes the site's figures wrong (closed and still used), then what hurts most: too full, patients about to be excluded,
patients lost, white bags, long waits, write-offs, long ways; last what merely has to be checked. Readers without the patient-level right get what the register alone
says: the rest counts people.
"""

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse

from demand.engine.parameters import Parameters
from demand.selectors.site_measures import FAR
from sites.models import Site

FULL = 0.9  # of the chair hours open; above it a site has no room for what moves
MANY_BAGS = 0.2  # of the infusions of a site of ours
ENOUGH = 30  # infusions; a share of fewer is no finding
LONG_WAIT = 14  # days from order to first dose, for half of the patients
MUCH_WRITTEN_OFF = 0.01  # of what was allowed
MANY_FAR = 0.25  # of the people who live too far away
LAST = 3  # mature months that speak for the present


@dataclass(frozen=True)
class Attention:
    """A finding in one sentence, and where to go on. `level`: bad | warn | info | good."""

    kind: str
    level: str
    sentence: str
    link: str = ""
    link_words: str = ""


def attention(site: Site, months, detail, on: dt.date) -> Attention | None:
    """The first of the findings; None where nothing is known of the site at all."""
    if site.retired:
        return None
    edit = reverse("sites:edit-site", args=[site.pk])
    for finding in (
        _used_though_closed(site, detail, edit),
        _too_full(months),
        _about_to_be_excluded(site, detail),
        _losing(site, detail),
        _gaining(site, detail),
        _white_bagged(site, detail),
        _waiting(site, detail),
        _written_off(site, detail),
        _far(site, detail),
        _unmatched(site, edit),
        _stale(site, edit),
    ):
        if finding is not None:
            return finding
    return (
        Attention(
            "nothing",
            "good",
            "Nothing at this site asks for attention: it is checked, has room, and loses no patients that the data show.",
        )
        if detail
        else None
    )


def _used_though_closed(site: Site, detail, edit: str) -> Attention | None:
    if detail and site.closed_on and detail.last_on and detail.last_on >= site.closed_on:
        return Attention(
            "closed", "bad",
            f"The register says that the site closed on {site.closed_on}, and claims show infusions there until {detail.last_on}.",
            edit, "Correct the entry",
        )  # fmt: skip
    return None


def _too_full(months) -> Attention | None:
    known = [month for month in months if month.chair_use is not None and month.mature][-LAST:]
    if not known:
        return None
    use = sum(month.needed_hours for month in known) / sum(month.open_hours for month in known)
    if use <= FULL:
        return None
    over = use > Parameters().over_capacity_use
    return Attention(
        "full", "bad" if over else "warn",
        f"The chairs are {'over-full' if over else 'nearly full'}: in the last {len(known)} complete months infusions needed {use:.0%} of the chair hours open.",
        "#figure-chairs", "See use by month",
    )  # fmt: skip


def _about_to_be_excluded(site: Site, detail) -> Attention | None:
    if not detail or not detail.coming or site.ownership == Site.Ownership.OTHER:
        return None
    first = detail.coming[0]
    worth = (
        f", worth about ${first.allowed_a_year_cents / 100:,.0f} a year in allowed amounts" if first.allowed_a_year_cents else ""
    )
    return Attention(
        "policy", "bad",
        f"{first.payer}’s policy {first.policy_id} excludes this site for {first.people:,} people who are treated here now{worth}.",
        reverse("payers:policy", args=[first.policy_id]), "Read the policy",
    )  # fmt: skip


def _losing(site: Site, detail) -> Attention | None:
    recent = [move for move in detail.moved_to if move.recent] if detail and site.ownership == Site.Ownership.OWNED else []
    if not recent:
        return None
    top = max(recent, key=lambda move: move.recent)
    total = sum(move.recent for move in recent)
    return Attention(
        "losing", "warn",
        f"{total:,} treatment{'s' if total > 1 else ''} moved away from here in the last twelve months of the data, most to {_place(top)} ({top.recent:,}).",
        "#moves", "See who moved where",
    )  # fmt: skip


def _gaining(site: Site, detail) -> Attention | None:
    recent = [move for move in detail.moved_from if move.recent] if detail and site.ownership == Site.Ownership.OTHER else []
    total = sum(move.recent for move in recent)
    if not total:
        return None
    top = max(recent, key=lambda move: move.recent)
    return Attention(
        "gaining", "warn",
        f"{total:,} treatment{'s' if total > 1 else ''} moved here from sites of ours in the last twelve months of the data, most from {_place(top)} ({top.recent:,}).",
        "#moves", "See who moved from where",
    )  # fmt: skip


def _place(move) -> str:
    return move.site_id if move.name == "Not in the register" else move.name


def _white_bagged(site: Site, detail) -> Attention | None:
    if not detail or site.ownership != Site.Ownership.OWNED or detail.infusions < ENOUGH:
        return None
    share = detail.white_bagged / detail.infusions
    if share < MANY_BAGS:
        return None
    worst = max(detail.payers, key=lambda payer: payer.white_bagged)
    return Attention(
        "bags", "warn",
        f"{share:.0%} of the infusions here are white-bagged, most of them for {worst.label} ({worst.white_bagged:,}).",
        "#figure-payer", "See payers",
    )  # fmt: skip


def _measured(site: Site, detail):
    return detail.measured if detail and site.ownership != Site.Ownership.OTHER else None


def _waiting(site: Site, detail) -> Attention | None:
    found = _measured(site, detail)
    if not found or found.waited < ENOUGH or found.wait_median < LONG_WAIT:
        return None
    return Attention(
        "waits", "warn",
        f"Half of the {found.waited:,} infusions here that followed an order came {found.wait_median} days or more after it.",
        "#figure-quality", "See waits",
    )  # fmt: skip


def _written_off(site: Site, detail) -> Attention | None:
    found = _measured(site, detail)
    lost = found and found.denials.told["written_off_cents"]
    if not lost or not found.allowed.cents or lost < MUCH_WRITTEN_OFF * found.allowed.cents:
        return None
    return Attention(
        "denials", "warn",
        f"${lost / 100:,.0f} of this site were written off after {found.denials.records:,} denials, {lost / found.allowed.cents:.1%} of what was allowed.",
        "#figure-quality", "See denials",
    )  # fmt: skip


def _far(site: Site, detail) -> Attention | None:
    found = _measured(site, detail)
    if not found or found.travel.placed < ENOUGH or found.travel.far_share < MANY_FAR:
        return None
    return Attention(
        "far", "warn",
        f"{found.travel.far_share:.0%} of the people infused here ({found.travel.far:,} of {found.travel.placed:,}) live more than {FAR} miles away.",
        "#figure-travel", "See travel",
    )  # fmt: skip


def _unmatched(site: Site, edit: str) -> Attention | None:
    if site.npis.exists() or site.site_class == Site.SiteClass.SPECIALTY_PHARMACY:
        return None
    return Attention("npi", "warn", "The entry has no provider number, so no claim can be matched to this site.", edit, "Add one")


def _stale(site: Site, edit: str) -> Attention | None:
    if not site.stale:
        return None
    when = f"was last checked on {site.checked_on}" if site.checked_on else "was never checked"
    return Attention(
        "stale", "warn", f"The entry {when}: make sure that chairs, hours and owner are still right.", edit, "Check the entry"
    )
