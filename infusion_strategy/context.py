"""What every template gets: the theme, the navigation that the user's rights allow, the user's role."""

from dataclasses import dataclass

from django.urls import reverse

THEMES = ("light", "dark")


SEES, SCENARIOS, EXTRACTS, PATIENTS = (
    "demand.view_dashboard",
    "roi.view_scenarios",
    "demand.view_extracts",
    "demand.view_patient_level",
)
LOADS, AUDIT = "demand.load_extract", "auditlog.view_logentry"
# Rooms of the main row with their pages: label, URL name, the right one needs. A room's link leads to the first page that one may see.
ROOMS = (
    ("Strategy brief", (("Strategy brief", "home", SEES), ("Questions", "questions", SEES))),
    (
        "Leakage",
        (
            ("How, where, why", "demand:leakage", SEES),
            ("Moves", "demand:moves", SEES),
            ("Therapies at risk", "demand:therapy-risk", SEES),
            ("In time", "demand:leakage-time", SEES),
            ("White bagging", "demand:white-bagging", SEES),
            ("Dark patients", "demand:dark", SEES),
            ("Who is next", "demand:who-is-next", SEES),
            ("Policy effect", "demand:policy-effect", SEES),
            ("By prescriber", "demand:prescribers-leakage", PATIENTS),
        ),
    ),
    (
        "Patients",
        (
            ("Clinical line", "demand:clinical-line", SEES),
            ("Versions", "demand:line-versions", SEES),
            ("Drug suitability", "demand:line-drugs", SEES),
            ("Safety and quality", "demand:safety", SEES),
            ("Whom to move", "demand:gladly", SEES),
        ),
    ),
    (
        "Payers",
        (
            ("Policies", "payers:policies", SEES),
            ("Exposure", "demand:exposure", SEES),
            ("Look ahead", "demand:outlook", SEES),
            ("Payers and plans", "payers:payers", SEES),
            ("Public policies", "payers:library", SEES),
            ("State laws", "payers:laws", SEES),
            ("Drugs", "payers:drugs", SEES),
        ),
    ),
    (
        "Therapies",
        (
            ("Payer by drug", "demand:therapies", SEES),
            ("Contradictions", "demand:contradictions", SEES),
            ("Response to policies", "demand:response", SEES),
            ("Logs", "demand:logs", SEES),
        ),
    ),
    (
        "Prices",
        (
            ("Price list", "payers:prices", SEES),
            ("Contract rates", "payers:rates", SEES),
            ("Medicare limits", "payers:asp", SEES),
            ("Other hospitals' rates", "payers:benchmark", SEES),
            ("Missing prices", "demand:price-gaps", SEES),
            ("Indifference rate", "demand:indifference", SEES),
        ),
    ),
    (
        "Sites",
        (
            ("Sites", "sites:sites", SEES),
            ("Not registered", "demand:unregistered-sites", SEES),
            ("Competitors", "demand:competitors", SEES),
            ("Prescribers", "sites:prescribers", SEES),
        ),
    ),
    (
        "Markets",
        (
            ("Map", "demand:market-map", SEES),
            ("Reach", "demand:market-fit", SEES),
            ("Where to open", "demand:market-where", SEES),
            ("Capacity", "choices:capacity", SEES),
            ("Choices", "choices:choices", SEES),
            ("Readiness", "choices:readiness", SEES),
            ("Watch lists", "choices:watch", SEES),
        ),
    ),
    (
        "Scenarios",
        (
            ("Scenarios", "roi:scenarios", SCENARIOS),
            ("Home per diem", "roi:home", SCENARIOS),
            ("Who pays what", "roi:site-costs", SCENARIOS),
        ),
    ),
    (
        "Data",
        (
            ("Extracts", "demand:extracts", EXTRACTS),
            ("Feeds", "demand:feeds", EXTRACTS),
            ("Mappings", "demand:mappings", PATIENTS),
            ("Quality", "demand:quality", EXTRACTS),
            ("Claim lines", "demand:lines", PATIENTS),
            ("Runs", "demand:runs", SEES),
        ),
    ),
    ("Definitions", (("Definitions", "demand:metrics", SEES),)),
    ("Audit", (("Audit", "audit", AUDIT),)),
)


@dataclass(frozen=True)
class Page:
    label: str
    url: str
    current: str = ""  # what aria-current says: "page", "true" (a page below it) or ""


@dataclass(frozen=True)
class Room:
    label: str
    url: str
    pages: tuple[Page, ...]
    current: str = ""


def frame(request):
    theme = request.COOKIES.get("theme")
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    rooms = _rooms(user, request.path) if signed_in else []
    return {
        "theme": theme if theme in THEMES else None,
        "rooms": rooms,
        "current_room": next((room for room in rooms if room.current and len(room.pages) > 1), None),
        "role": _role(user) if signed_in else "",
    }


def _rooms(user, path: str) -> list[Room]:
    seen = []
    for label, pages in ROOMS:
        if allowed := [(name, reverse(url)) for name, url, right in pages if user.has_perm(right)]:
            seen.append((label, allowed))
    # The page one is on, or the nearest above it: the longest address that the path begins with.
    here = max(
        (url for _, pages in seen for _, url in pages if path == url or (url != "/" and path.startswith(url))), key=len, default=""
    )
    rooms = []
    for label, allowed in seen:
        pages = tuple(Page(name, url, ("page" if path == url else "true") if url == here else "") for name, url in allowed)
        current = "page" if path == pages[0].url else "true" if any(page.current for page in pages) else ""
        rooms.append(Room(label, pages[0].url, pages, current))
    if user.is_staff:
        url = reverse("admin:index")
        rooms.append(Room("Admin", url, (Page("Admin", url),)))
    return rooms


def _role(user) -> str:
    return ", ".join(group.name for group in user.groups.all())
