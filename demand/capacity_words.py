"""Names for people of the parts of a forecast, and of the month in which a site fills."""

from demand.engine.capacity import GROWTH, LEAVING, TODAY, SiteCapacity

# A name, and the percent a year that the form starts with: guesses, switched off until somebody means them.
DRIVERS = {
    "biosimilar": ("Biosimilar uptake", "2"),
    "pipeline": ("Drugs in the pipeline", "3"),
    "rare": ("Rare disease therapies", "1"),
}
PARTS = {
    TODAY: "Today's",
    GROWTH: "Growth",
    **{key: name for key, (name, _) in DRIVERS.items()},
    LEAVING: "Policies on schedule",
}


def month_words(site: SiteCapacity) -> str:
    if site.usable is None:
        return "cannot be told"
    if site.is_full_now:
        return "full today"
    if site.month_full:
        return f"{site.month_full:%b %Y}"
    return f"not by {site.ahead[-1].month:%b %Y}" if site.ahead else "cannot be told"
