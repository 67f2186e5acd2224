"""What could be done, as a table: which questions each option asks, its own defaults, and at what class of site the prices are read.

One engine computes them all: an option is answers. A question that an option does not ask is answered by what changes nothing, or
by what makes the option what it is (`stands`): nobody needs a chair at home, nothing is earned on who is referred out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from roi.engine.cost_fields import STAFF, STAFF_LEAST
from roi.engine.field import guess
from roi.engine.marks import Source
from sites.engine.site_types import COMMUNITY, HOME, HOSPITAL, PHARMACY

CENTER, SUITE, AT_HOME, INJECTION = "infusion_center", "infusion_suite", "home_infusion", "injection"
PARTNER, JOINT_VENTURE, EXPAND, PRACTICE = "partner", "joint_venture", "expand", "oncology_practice"
REFER_OUT, NOTHING = "refer_out", "do_nothing"
INFUSION_CENTER, INFUSION_SUITE, HOME_INFUSION = "infusion_center", "infusion_suite", "home_infusion"
SPECIALTY_PHARMACY, OFFICE, DEPARTMENT = "specialty_pharmacy", "physician_office", "hopd_on_campus"
SITE_CLASSES = (INFUSION_CENTER, INFUSION_SUITE, HOME_INFUSION, SPECIALTY_PHARMACY, OFFICE, DEPARTMENT)

_CHAIRS = (
    "chairs", "open_hours", "target_use", "build_per_chair", "equipment_per_chair", "square_feet", "rent_per_square_foot",
    *(f"chairs_per_{word}" for word in STAFF),
)  # fmt: skip
_BUILDING = ("build_per_chair", "compounds", "sterile_room", "sterile_upkeep")
_STERILE = ("compounds", "sterile_room", "sterile_upkeep")
_OPENING = ("it_opening", "accreditation_opening", "licences_opening", "opening_costs", "depreciation_years")
_KEPT_UP = ("it_per_month", "insurance_per_month", "courier_per_month", "accreditation_per_year", "other_per_month")
_STAFF = (*STAFF_LEAST.values(), *(f"{word}_pay" for word in STAFF), "benefits", "full_time_hours")
_AT_HOME = ("visit_hours", "delivery")
_OURS = ("own_opening", "own_per_month")
_SITE_PRICES = ("contract_level", "acquisition_site", "site_340b", "white_bag", "biosimilar_mix", "supplies")
_COMES = (
    "capture_leaving", "recapture", "capture_staying", "short_staffed", "capture_risk", "capture_elsewhere", "in_reach", "new_referrals",
    "new_drugs", "ramp",
)  # fmt: skip
_ALONE = ("share", "partner_income", *_OURS)


@dataclass(frozen=True)
class Option:
    """`answers`: defaults of its own, text and source. `stands`: what is not asked, and the value that stands there."""

    key: str
    name: str
    short: str
    says: str
    site_class: str
    site_type: str
    answers: Mapping[str, tuple[str, Source]] = field(default_factory=dict)
    stands: Mapping[str, str | None] = field(default_factory=dict)

    def asks(self, key: str) -> bool:
        return key not in self.stands and key != "needs_chairs"


def _without(*keys: str, **values: str) -> dict[str, str | None]:
    """None: the value that changes nothing."""
    return dict.fromkeys(keys) | values


_EARNS_NOTHING = {"needs_chairs": "no", "share": "0"}
_NO_SITE = (*_CHAIRS, *_BUILDING, *_OPENING, *_KEPT_UP, *_STAFF, *_AT_HOME, *_SITE_PRICES, "partner_income", "hospital_affiliated")

OPTIONS = {
    option.key: option
    for option in (
        Option(
            CENTER,
            "Open an infusion center",
            "Infusion center",
            "A site of our own in the community that bills as no hospital department.",
            INFUSION_CENTER,
            COMMUNITY,
            stands=_without(*_AT_HOME, *_ALONE),
        ),
        Option(
            SUITE,
            "Open an infusion suite in a clinic",
            "Suite in a clinic",
            "A few chairs in a clinic that is there already, billed by our home infusion pharmacy: per diem and visit.",
            INFUSION_SUITE,
            COMMUNITY,
            answers={
                "site_name": ("Infusion suite in the clinic", None),
                "chairs": ("2", guess("What one room of a clinic holds")),
                "build_per_chair": ("15000", guess("A room that is there, fitted out")),
                "accreditation_opening": ("6000", guess()),
                "nurses": ("1", guess()),
                "pharmacists": ("0.2", guess("Shared with the pharmacy that mixes")),
                "technicians": ("0.2", guess("Shared with the pharmacy that mixes")),
                "authorization_staff": ("0.5", guess()),
                "counselors": ("0.2", guess()),
                "square_feet": ("350", guess("150–250 square feet a chair")),
                "courier_per_month": ("1200", guess("The drugs come mixed")),
            },
            stands=_without("visit_hours", *_ALONE, *_STERILE),
        ),
        Option(
            AT_HOME,
            "Home infusion",
            "Home infusion",
            "Nurses of ours infuse at home: drug, per diem and visit are paid, nobody needs a chair.",
            HOME_INFUSION,
            HOME,
            answers={
                "site_name": ("Home infusion", None),
                "capture_leaving": ("35", guess("Not every home and not everyone is fit for it")),
                "capture_elsewhere": ("5", guess()),
                "compounds": ("yes", guess("Home infusion pharmacies mix ahead of the visit")),
                "nurses": ("0", guess("Paid by the visit, below")),
                "supplies": ("45", guess("With the pump")),
                "accreditation_opening": ("20000", guess("Home infusion pharmacy and nursing")),
            },
            stands=_without(*_CHAIRS, *_ALONE, needs_chairs="no"),
        ),
        Option(
            INJECTION,
            "Injection at home through our specialty pharmacy",
            "Injection at home",
            "Patients whose drug has a form they inject themselves change to it; our specialty pharmacy dispenses and supports.",
            SPECIALTY_PHARMACY,
            PHARMACY,
            answers={
                "site_name": ("Our specialty pharmacy", None),
                "capture_leaving": ("25", guess("Prescriber and patient have to want the change")),
                "recapture": ("5", guess()),
                "capture_elsewhere": ("2", guess()),
                "contract_level": ("100", guess("A month of the injected form is taken to be priced as the infusion it replaces")),
                "pharmacists": ("0.5", guess("Dispensing")),
                "nurses": ("0.5", guess("Teaching and calls")),
                "supplies": ("10", guess()),
                "delivery": ("25", guess()),
                "accreditation_opening": ("30000", guess("Specialty pharmacy accreditation")),
            },
            stands=_without(*_CHAIRS, *_STERILE, "visit_hours", "white_bag", "biosimilar_mix", *_ALONE, needs_chairs="no"),
        ),
        Option(
            PARTNER,
            "Leave it to a partner",
            "Partner's site",
            "A partner builds and runs the site; we earn nothing on its infusions and may be paid for space and services.",
            INFUSION_CENTER,
            COMMUNITY,
            answers={"site_name": ("The partner's site", None)},
            stands=_without(*(key for key in _NO_SITE if key not in ("partner_income", "hospital_affiliated")), **_EARNS_NOTHING),
        ),
        Option(
            JOINT_VENTURE,
            "Joint venture",
            "Joint venture",
            "A site owned with a partner: we carry and receive our share of what it costs and brings.",
            INFUSION_CENTER,
            COMMUNITY,
            answers={"site_name": ("Joint infusion center", None)},
            stands=_without(*_AT_HOME, "partner_income"),
        ),
        Option(
            EXPAND,
            "Expand hours or chairs of our department",
            "Expand department",
            "More chair hours where we infuse already, billed as a hospital department: for whom its policies let in.",
            DEPARTMENT,
            HOSPITAL,
            answers={
                "site_name": ("Our department, expanded", None),
                "chairs": ("2", guess("Chairs added, or what longer hours are worth in chairs")),
                "build_per_chair": ("40000", guess("Within walls that are there")),
                "capture_elsewhere": ("15", guess()),
                "site_340b": ("yes", guess("As the department is today; the site register says")),
                "nurses": ("0", guess("By the chairs added")),
                "pharmacists": ("0", guess("By the chairs added")),
                "technicians": ("0", guess("By the chairs added")),
                "authorization_staff": ("0", guess("By the chairs added")),
                "counselors": ("0", guess("By the chairs added")),
                "square_feet": ("0", guess("Rooms that are ours")),
                "opening_costs": ("15000", guess("Recruiting, training")),
            },
            stands=_without(
                "capture_leaving",
                "recapture",
                "capture_staying",
                "short_staffed",
                "capture_risk",
                "licences_opening",
                "accreditation_opening",
                *_AT_HOME,
                *_ALONE,
                "it_opening",
                "accreditation_per_year",
                *_STERILE,
            )
            | {"hospital_affiliated": "yes"},
        ),
        Option(
            PRACTICE,
            "Add therapies at our oncology practice",
            "Oncology practice",
            "A practice that infuses already takes other drugs into its free chairs, billed as a physician's office.",
            OFFICE,
            COMMUNITY,
            answers={
                "site_name": ("Our oncology practice", None),
                "chairs": ("2", guess("Chair hours that are free today")),
                "nurses": ("0.5", guess()),
                "pharmacists": ("0", guess("There already")),
                "technicians": ("0", guess("There already")),
                "authorization_staff": ("0.5", guess("Payers and drugs the practice does not know yet")),
                "counselors": ("0", guess("There already")),
                "chairs_per_pharmacist": ("24", guess("There already")),
                "opening_costs": ("15000", guess("Training, contracts, protocols")),
                "it_per_month": ("300", guess()),
                "insurance_per_month": ("300", guess()),
                "courier_per_month": ("0", guess()),
            },
            stands=_without(
                "build_per_chair",
                "equipment_per_chair",
                "square_feet",
                "rent_per_square_foot",
                "it_opening",
                "licences_opening",
                "accreditation_opening",
                "accreditation_per_year",
                *_STERILE,
                *_AT_HOME,
                *_ALONE,
            ),
        ),
        Option(
            REFER_OUT,
            "Refer out knowingly",
            "Refer out",
            "Patients are sent to sites of others, with somebody of ours to see that they arrive.",
            INFUSION_CENTER,
            COMMUNITY,
            answers={
                "site_name": ("Sites of others", None),
                "capture_leaving": ("100", guess("All are sent")),
                "recapture": ("0", guess()),
                "capture_staying": ("0", guess("Nobody who may stay is sent away")),
                "own_opening": ("10000", guess("Agreements with the sites")),
            },
            stands=_without(
                *_NO_SITE, "capture_risk", "short_staffed", "capture_elsewhere", "new_referrals", "new_drugs", **_EARNS_NOTHING
            ),
        ),
        Option(
            NOTHING,
            "Do nothing",
            "Do nothing",
            "Policies take effect as scheduled, the patients they reach leave, and nothing is built.",
            INFUSION_CENTER,
            COMMUNITY,
            answers={"site_name": ("Nothing", None)},
            stands=_without(*_NO_SITE, *_COMES, *_OURS, **_EARNS_NOTHING),
        ),
    )
}
