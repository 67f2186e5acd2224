"""The world's sites -> where a person of a market would plausibly be treated; grain: one choice a question.

All shares are planning-grade: about three quarters of the infusions ordered by the system's prescribers begin at its own sites.
"""

from __future__ import annotations

import dataclasses

from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.therapies import Therapy
from demand.engine.rehearsal.world import Payer, Site, World, miles

_OWNED = {
    "metro": (("LM-UNIV", 45), ("LM-EASTGATE", 22), ("LM-MIDTOWN", 20), ("LM-RHEUM", 14)),
    "suburban": (("LM-FAIRHOLLOW", 50), ("LM-PARKWAY", 24), ("LM-DIGESTIVE", 22), ("LM-MIDTOWN", 4)),
    "rural": (("LM-STONEFIELD", 80), ("LM-FAIRHOLLOW", 20)),
}
_OFFICE_SPECIALTY = {
    "LM-RHEUM": "rheumatology",
    "LM-DIGESTIVE": "gastroenterology",
    "XM-GASTRO": "gastroenterology",
    "XM-NEURO": "neurology",
}
_OUTSIDE = {
    "metro": {
        "clinic": (("XM-QUILLBROOK", 50), ("XM-ULMERE", 35), ("UN-CLINIC", 8)),
        "office": (("XM-GASTRO", 50), ("XM-NEURO", 50), ("XS-ONCOLOGY", 10)),
        "home": (("XM-EMBERSIDE", 80), ("UN-HOME", 10)),
        "hospital": (("XM-CATHEDRAL", 70), ("XM-WESTBANK", 30)),
        "suite": (("XM-EMBERSIDE-SUITE", 100),),
        "other": (("XM-SURGERY", 80), ("UN-URGENT", 20)),
    },
    "suburban": {
        "clinic": (("XS-QUILLBROOK", 85), ("XM-QUILLBROOK", 15)),
        "office": (("XS-ONCOLOGY", 80), ("UN-OFFICE", 12), ("XM-GASTRO", 8)),
        "home": (("XS-WILLOWMARSH", 100),),
        "hospital": (("XS-GENERAL", 85), ("UN-HOSPITAL", 15)),
        "suite": (("XS-SUITE", 100),),
        "other": (("XM-SURGERY", 100),),
    },
    "rural": {
        "clinic": (("XS-QUILLBROOK", 70), ("XM-QUILLBROOK", 30)),
        "office": (("XR-CLINIC", 100),),
        "home": (("XR-HOME", 100),),
        "hospital": (("XR-COUNTY", 100),),
        "suite": (("XS-SUITE", 100),),
        "other": (("UN-URGENT", 100),),
    },
}
_KINDS = ("clinic", "home", "office", "hospital", "suite", "other")
_KIND_WEIGHTS = {"clinic": 40, "home": 20, "office": 26, "hospital": 9, "suite": 5, "other": 1.2}
_PARTNERS = {"metro": ("PA-BRIGHTFEN", "PA-LAYTHORPE"), "suburban": ("PA-LAYTHORPE",), "rural": ("PA-LAYTHORPE",)}


class Places:
    """Answers 'where'. Built once a world; holds no state of its own."""

    def __init__(self, world: World) -> None:
        self.sites = dict(world.site_by_id)
        # A home infusion pharmacy's own suite: it bills under the pharmacy's number, so only the claim says which of the two
        # it was.
        self.sites["XM-EMBERSIDE-SUITE"] = dataclasses.replace(
            self.sites["XM-EMBERSIDE"], site_class="infusion_suite", form="suite", pos="49"
        )

    @staticmethod
    def home_fits(therapy: Therapy, payer: Payer) -> bool:
        """Original Medicare and its replacements pay for few drugs at home; injections are not sent there in this world."""
        if therapy.injected or not therapy.recipe.home:
            return False
        return payer.line_of_business not in ("medicare", "medicare_advantage") or therapy.family == "immune globulin"

    def _suits(self, site: Site, therapy: Therapy, day: int, payer: Payer) -> bool:
        specialty = _OFFICE_SPECIALTY.get(site.site_id)
        if specialty and specialty not in therapy.specialties:
            return False
        if site.payer_affiliation and site.form == "clinic" and site.payer_affiliation != payer.name:
            return False
        return site.open_on(day)

    def owned(
        self, draw: Draws, market: str, therapy: Therapy, payer: Payer, day: int, hospital: bool | None = None
    ) -> Site | None:
        """One of the system's sites; hospital True or False asks for that kind only."""
        choices = [
            (site, weight)
            for site, weight in ((self.sites[site_id], weight) for site_id, weight in _OWNED[market])
            if self._suits(site, therapy, day, payer) and (hospital is None or site.is_hospital == hospital)
        ]
        return draw.weighted([site for site, _ in choices], [weight for _, weight in choices]) if choices else None

    def partner(self, draw: Draws, market: str, therapy: Therapy, payer: Payer) -> Site:
        choices = [self.sites[site_id] for site_id in _PARTNERS[market]]
        fitting = [site for site in choices if site.form != "home" or self.home_fits(therapy, payer)]
        return draw.pick(fitting or [self.sites["PA-LAYTHORPE"]])

    def outside(self, draw: Draws, market: str, therapy: Therapy, payer: Payer, day: int, hospital: bool = True) -> Site:
        """A site of somebody else; hospital False leaves hospitals out (a payer would not let one leave for another)."""
        home = self.home_fits(therapy, payer)
        weights = [
            0 if (kind in ("home", "suite") and not home) or (kind == "hospital" and not hospital) else _KIND_WEIGHTS[kind]
            for kind in _KINDS
        ]
        kind = draw.weighted(_KINDS, weights)
        choices = [(self.sites[site_id], weight) for site_id, weight in _OUTSIDE[market][kind]]
        fitting = [(site, weight) for site, weight in choices if self._suits(site, therapy, day, payer)]
        if not fitting:
            fitting = [(self.sites["XM-QUILLBROOK"], 1)]
        return draw.weighted([site for site, _ in fitting], [weight for _, weight in fitting])

    def nearer(
        self, latitude: float, longitude: float, old: Site, therapy: Therapy, payer: Payer, day: int, by_miles: float
    ) -> Site | None:
        """The nearest site of somebody else that is so many miles nearer than the old one (home infusion has no distance)."""
        limit = miles(latitude, longitude, old.latitude, old.longitude) - by_miles
        best: Site | None = None
        for site in self.sites.values():
            if site.ownership != "other" or site.form not in ("clinic", "office", "facility") or not site.registered:
                continue
            distance = miles(latitude, longitude, site.latitude, site.longitude)
            if distance <= limit and self._suits(site, therapy, day, payer):
                best, limit = site, distance
        return best


def class_of(site: Site) -> str:
    """The site class of an infusion given there: the register's, except that home infusion is given at `home`."""
    return "home" if site.site_class == "home_infusion" else site.site_class
