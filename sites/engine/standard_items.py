"""A kind of site -> the items that are commonly needed for it; grain: one item (area, title, required, stale after months, lead weeks).

A place to start: councils add, drop and mark as not needed. Lead times are planning figures (contracting 3 to 6 months,
accreditation 3 to 6); costs are left blank, because nobody knows them but the system itself.
"""

from typing import NamedTuple

from sites.engine.site_types import COMMUNITY, HOME, HOSPITAL, PHARMACY


class Standard(NamedTuple):
    area: str
    title: str
    required: bool = True
    stale_after_months: int = 12
    lead_time_weeks: int | None = None


READINESS: dict[str, tuple[Standard, ...]] = {
    HOME: (
        Standard("licences", "Home infusion pharmacy licence in every state served", lead_time_weeks=16),
        Standard("licences", "Accreditation as a home infusion provider", lead_time_weeks=26),
        Standard("licences", "Medicare enrollment as a home infusion therapy supplier", lead_time_weeks=13),
        Standard("nursing", "Infusion nurses for visits and on call day and night", stale_after_months=6, lead_time_weeks=12),
        Standard("pharmacy", "Sterile compounding for home use (USP 797), beyond-use dates stated", lead_time_weeks=26),
        Standard("pharmacy", "Hazardous drugs handled as USP 800 asks, or none accepted"),
        Standard("payers", "Contracts with per diems for the plans that cover most of the people", lead_time_weeks=26),
        Standard("radius", "Radius in which a nurse can be there in time, and deliveries kept cold"),
        Standard("competitors", "Home infusion providers in the market, and who owns them", stale_after_months=6),
        Standard("workflow", "Protocols for first doses, reactions and escalation at home"),
    ),
    COMMUNITY: (
        Standard("licences", "State licence or exemption for an infusion center", lead_time_weeks=16),
        Standard("nursing", "Infusion nurses and a supervising clinician during open hours", stale_after_months=6, lead_time_weeks=12),
        Standard("pharmacy", "Preparation on site: immediate use, segregated area or cleanroom", lead_time_weeks=26),
        Standard("payers", "Contracts at non-hospital rates with the plans whose policies push people here", lead_time_weeks=26),
        Standard("radius", "People within reach by car and by public transport"),
        Standard("competitors", "Infusion centers in the market, and who owns them", stale_after_months=6),
        Standard("workflow", "Protocols for reactions, and a hospital that takes emergencies"),
    ),
    HOSPITAL: (
        Standard("nursing", "Nurses for the chairs that are open", stale_after_months=6),
        Standard("pharmacy", "Compounding capacity for the doses expected"),
        Standard("payers", "Which plans still cover infusion at the hospital, and the exceptions they grant", stale_after_months=6),
        Standard("workflow", "Criteria for people who must stay at the hospital"),
    ),
    PHARMACY: (
        Standard("licences", "Specialty pharmacy accreditation", lead_time_weeks=26),
        Standard("payers", "Networks of the plans that require a specialty pharmacy", lead_time_weeks=26),
        Standard("drugs", "Access to drugs of limited distribution", stale_after_months=3),
        Standard("nursing", "Nurses who teach injection and follow up", stale_after_months=6),
        Standard("workflow", "Handover between pharmacy, prescriber and site"),
    ),
}  # fmt: skip
LAUNCH: tuple[Standard, ...] = (
    Standard("space", "Lease or space of our own", lead_time_weeks=12),
    Standard("space", "Ventilation and preparation area", lead_time_weeks=26),
    Standard("space", "Chairs, pumps and monitors", lead_time_weeks=8),
    Standard("revenue", "Registration, authorization and billing set up for the site", lead_time_weeks=12),
    Standard("revenue", "Payer enrollment of the site", lead_time_weeks=26),
    Standard("workflow", "Mixing workflow written, tried and timed", lead_time_weeks=6),
    Standard("nursing", "Nurses hired and trained", lead_time_weeks=12),
    Standard("drugs", "Stock ordered for the first month", lead_time_weeks=2),
)
