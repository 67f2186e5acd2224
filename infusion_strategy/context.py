"""What every template gets: the theme, the navigation that the user's rights allow, the user's role."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

THEMES = ("light", "dark")


@dataclass(frozen=True)
class NavigationItem:
    label: str
    url: str
    current: str  # what aria-current says: "page", "true" (a page below it) or ""


# label, URL name, the right one needs
NAVIGATION = (
    ("Strategy brief", "home", "demand.view_dashboard"),
    ("Markets", "demand:market-map", "demand.view_dashboard"),
    ("Scenarios", "roi:scenarios", "roi.view_scenarios"),
    ("Extracts", "demand:extracts", "demand.view_extracts"),
    ("Runs", "demand:runs", "demand.view_dashboard"),
    ("Sites", "sites:sites", "demand.view_dashboard"),
    ("Policies", "payers:policies", "demand.view_dashboard"),
    ("Drugs", "payers:drugs", "demand.view_dashboard"),
    ("Definitions", "demand:metrics", "demand.view_dashboard"),
    ("Audit", "audit", "auditlog.view_logentry"),
)


def frame(request):
    theme = request.COOKIES.get("theme")
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "theme": theme if theme in THEMES else None,
        "navigation": _navigation(request, user) if signed_in else [],
        "role": _role(user) if signed_in else "",
    }


def _navigation(request, user) -> list[NavigationItem]:
    items = []
    for label, name, right in NAVIGATION:
        if not user.has_perm(right):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:  # an app whose pages are not built in
            continue
        items.append(NavigationItem(label, url, _current(request.path, url)))
    if user.is_staff:
        items.append(NavigationItem("Admin", reverse("admin:index"), ""))
    return items


def _current(path: str, url: str) -> str:
    if path == url:
        return "page"
    return "true" if url != "/" and path.startswith(url) else ""


def _role(user) -> str:
    return ", ".join(group.name for group in user.groups.all())
