"""A class of site -> the kind of site that a system chooses to be in, or not; grain: one class.

Four kinds, as the strategy asks for them. Every class of the register and of the claims is in one of them or in none: a hospital
stay, an emergency and a site that nobody knows are no choice of ours.
"""

HOSPITAL, COMMUNITY, HOME, PHARMACY = "hospital", "community", "home", "pharmacy"
SITE_TYPES = {
    HOSPITAL: "Hospital-based",
    COMMUNITY: "Community-based center",
    HOME: "Home infusion",
    PHARMACY: "Specialty pharmacy supported",
}
CLASSES = {
    HOSPITAL: ("hopd_on_campus", "hopd_off_campus"),
    COMMUNITY: ("infusion_center", "infusion_suite", "physician_office", "surgery_center"),
    HOME: ("home_infusion", "home"),
    PHARMACY: ("specialty_pharmacy",),
}
_TYPE_OF = {site_class: site_type for site_type, classes in CLASSES.items() for site_class in classes}


def site_type(site_class: str | None) -> str | None:
    """None where the class is no choice: inpatient, emergency, unknown."""
    return _TYPE_OF.get(site_class or "")
