"""The questions that the product answers -> what each needs of an extract. Read off the stages in sql/; grain: one entry per question.

A source is `kind.column`, `register.name` or `perspective.payer`. The first alternative of a need is the full one and names what
is missing; `in_part` marks those that carry only part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

PAYER = "payer"


@dataclass(frozen=True)
class Alternative:
    """All of its sources together meet a need. `summed`: each row carries one of them (a place of service or a bill type)."""

    sources: tuple[str, ...]
    in_part: bool = False
    summed: bool = False


@dataclass(frozen=True)
class Need:
    """`without`: one sentence that says what the answer lacks. Not essential: the answer stands, less sharp."""

    alternatives: tuple[Alternative, ...]
    without: str
    essential: bool = True


@dataclass(frozen=True)
class Question:
    key: str
    text: str
    answered: str
    needs: tuple[Need, ...]


# Columns that rightly are blank in most rows: there at all is enough.
CONCERN_SOME_ROWS = frozenset(
    {
        "medical.ordering_npi", "medical.hcpcs_modifier_1", "medical.revenue_center_code", "medical.bill_type_code",
        "medical.authorization_end_date", "medical.diagnosis_code_1", "eligibility.death_date", "eligibility.enrollment_end_date",
    }
)  # fmt: skip


def _all(*sources: str) -> tuple[Alternative, ...]:
    return (Alternative(sources),)


def _part(*sources: str) -> Alternative:
    return Alternative(sources, in_part=True)


def _sharper(source: str, without: str) -> Need:
    return Need(_all(source), without, essential=False)


_PROVIDERS = Need(
    (Alternative(("medical.facility_npi", "medical.billing_npi", "medical.rendering_npi"), summed=True),),
    "Without provider numbers a place has no name and no owner.",
)
_ORDERED = Need(
    (
        Alternative(("medical.ordering_npi",)),
        _part("medical.rendering_npi"),
        _part("pharmacy.prescribing_provider_npi"),
        _part("register.orders"),
    ),
    "Without ordering providers only who rendered the drug, a fill's prescriber or an order on file can tell whose infusion it is.",
)
_ROSTER = Need(_all("register.prescribers"), "Without the roster of prescribers nobody's infusions are ours.")
_SITES = Need(_all("register.sites"), "Without the register of sites nothing says which places are ours.")
_PAYER = Need(
    (Alternative(("medical.payer",)), Alternative(("eligibility.payer",))),
    "Neither the claims nor eligibility name the payer.",
)
_FILLS = Need(
    _all("pharmacy.ndc_code", "pharmacy.dispensing_date"),
    "Without pharmacy claims the drugs that a pharmacy supplied are not seen.",
)
_CODES = Need(_all("medical.hcpcs_code"), "Without procedure codes no infusion can be found.")
_ENROLLED = Need(_all("eligibility.enrollment_start_date"), "Without eligibility nobody can tell who was covered when.")
_PAID_DATE = Need(
    _all("medical.paid_date"), "Without paid dates nobody can tell how much of a month is still to come: no month counts as mature."
)

QUESTIONS: tuple[Question, ...] = (
    Question(
        "place",
        "Where are infusions given, at which class of site?",
        "Place of service and bill type tell offices, hospitals, infusion centers and homes apart.",
        (
            _CODES,
            Need(
                (
                    Alternative(("medical.place_of_service_code", "medical.bill_type_code"), summed=True),
                    _part("register.sites", "medical.billing_npi"),
                    _part("register.sites", "medical.facility_npi"),
                    _part("register.sites", "medical.rendering_npi"),
                ),
                "Where a row has neither a place of service nor a bill type, only a provider number in the register tells its class of site.",
            ),
            Need(_PROVIDERS.alternatives, _PROVIDERS.without, essential=False),
            _sharper(
                "medical.hcpcs_modifier_1", "Without modifiers PO and PN off-campus departments look like the hospital itself."
            ),
            _sharper("medical.revenue_center_code", "Without revenue codes emergency visits can look like planned infusions."),
        ),
    ),
    Question(
        "drug",
        "Which drug was given, at which dose?",
        "Codes name the drug, units its dose, modifiers its waste.",
        (
            _CODES,
            _sharper("medical.service_unit_quantity", "The drug is known, its dose is not: units are missing."),
            _sharper("medical.hcpcs_modifier_1", "Without modifiers waste (JW) cannot be told from dose."),
        ),
    ),
    Question(
        "payer",
        "Who pays, in which line of business?",
        "The payer is named and eligibility says the line of business.",
        (
            _PAYER,
            _sharper("eligibility.payer_type", "The payer is known, the line of business is not: only eligibility carries it."),
        ),
    ),
    Question(
        "prescriber",
        "Which of our prescribers ordered it?",
        "Ordering providers are named and looked up on the roster.",
        (_ORDERED, _ROSTER),
    ),
    Question(
        "site_leakage",
        "Which infusions left for somebody else's site?",
        "Orders of our prescribers are followed to whoever gave the infusion.",
        (
            Need(
                (Alternative(("perspective.payer",)), _part()),
                "A provider's own billing cannot see infusions given elsewhere: leakage rests on overdue doses and orders.",
            ),
            _ORDERED,
            _ROSTER,
            _SITES,
            _PROVIDERS,
        ),
    ),
    Question(
        "white_bagging",
        "Which of our own infusions lost their drug margin (white bagging)?",
        "Administrations without a drug line of ours are matched to what a pharmacy supplied.",
        (
            Need(
                (*_FILLS.alternatives, _part("medical.billing_npi", "register.sites")),
                "Without pharmacy claims only drugs that a pharmacy billed on the medical benefit are confirmed; the rest is probable at most: by the "
                "clinics' notes, drugs stated without a charge, payers' policies and other doses of the therapy.",
            ),
            _CODES,
            _SITES,
            Need(
                (Alternative(("medical.allowed_amount",)), Alternative(("medical.paid_amount",)), _part("medical.charge_amount")),
                "Without amounts a drug line that was paid cannot be told from one billed at no charge.",
            ),
            _sharper(
                "pharmacy.dispensing_provider_npi", "Without the pharmacy's number our own pharmacy counts as an outside one."
            ),
        ),
    ),
    Question(
        "white_bagging_checked",
        "How right is the white-bagging rate?",
        "The rate is compared with the clinics' own log, dose by dose.",
        (
            _FILLS,
            Need(_all("register.white_bag_events"), "Without the clinics' own log the rate's precision and recall are not known."),
        ),
    ),
    Question(
        "benefit_shift",
        "Which patients moved to self-administered drugs (benefit shift)?",
        "Self-administered fills after the last infusion are seen.",
        (_FILLS, _CODES),
    ),
    Question(
        "dark",
        "Which patients went dark?",
        "A dose is overdue, the person is still enrolled, and the feed is complete for those dates.",
        (
            _ENROLLED,
            _PAID_DATE,
            Need(_FILLS.alternatives, "Without pharmacy claims a patient who fills the drug instead looks dark.", essential=False),
            _sharper("eligibility.enrollment_end_date", "Without the end of coverage everybody seems enrolled for ever."),
            _sharper("eligibility.death_date", "Without death dates a patient who died can look dark."),
        ),
    ),
    Question(
        "new_starts",
        "Who is new on a drug, and who continues?",
        "A start is new after 365 enrolled days without the drug.",
        (_ENROLLED,),
    ),
    Question(
        "maturity",
        "Which months are complete (claims lag)?",
        "Paid dates say how fast the feed fills up.",
        (_PAID_DATE,),
    ),
    Question(
        "travel",
        "How far do patients travel, and what is nearer?",
        "Patients' ZIP codes are set against the sites' places.",
        (
            Need(_all("eligibility.zip_code"), "Without patients' ZIP codes no distance can be measured."),
            _SITES,
            Need(_all("register.zip_centroids"), "Without the places of ZIP codes no distance can be measured."),
        ),
    ),
    Question(
        "money",
        "How much money is at stake (allowed and paid)?",
        "Allowed and paid amounts are there.",
        (
            Need(
                (Alternative(("medical.allowed_amount",)), _part("medical.paid_amount"), _part("medical.charge_amount")),
                "Allowed amounts are missing in part or whole: those infusions count without an amount.",
            ),
            _sharper("medical.paid_amount", "Allowed is known, what the payer paid is not."),
        ),
    ),
    Question(
        "patient_share",
        "What did patients pay themselves?",
        "Coinsurance, copayment or deductible are there.",
        (Need(_all("medical.copayment_amount"), "None of coinsurance, copayment and deductible is there for every row."),),
    ),
    Question(
        "policies",
        "Which patients do payer policies reach, by drug, plan and age?",
        "Payer, line of business, plan, state, funding and age are matched to the policies on file.",
        (
            Need(_all("register.policies"), "No policy is on file."),
            _PAYER,
            _sharper("eligibility.payer_type", "Without the line of business a policy for one line seems to bind nobody."),
            _sharper("eligibility.birth_date", "Without birth dates a policy's age limits are left aside."),
            _sharper("eligibility.funding_type", "Without the funding type self-funded plans cannot be told from insured ones."),
            _sharper("eligibility.state", "Without the state, state laws and a policy's states are left aside."),
            Need(
                (Alternative(("medical.plan",)), Alternative(("eligibility.plan",))),
                "Without the plan a policy that names plans cannot be matched.",
                essential=False,
            ),
        ),
    ),
    Question(
        "renewal",
        "Whom does a policy reach when the authorization is renewed?",
        "Authorization ends are there.",
        (
            Need(
                _all("medical.authorization_end_date"),
                "Without the end of the authorization a policy that starts at renewal has no date.",
            ),
        ),
    ),
    Question(
        "reasons",
        "Why did patients move?",
        "Policies, waits, distance, prescribers who left and reactions can all be seen.",
        (
            Need(_all("register.policies"), "Without policies on file most moves stay unexplained."),
            Need(_FILLS.alternatives, "Without pharmacy claims a benefit shift is not seen as a reason.", essential=False),
            _sharper("register.orders", "Without orders a long wait is not seen as a reason."),
            _sharper("register.prescribers", "Without the roster a prescriber who left is not seen as a reason."),
            _sharper("eligibility.zip_code", "Without ZIP codes a nearer site is not seen as a reason."),
            _sharper("medical.diagnosis_code_1", "Without diagnoses a reaction is not seen as a reason."),
        ),
    ),
    Question(
        "restatements",
        "Are duplicates and restated claims recognized?",
        "Keys tell rows apart, dates say which version is the newest, bill types which claim was replaced or voided.",
        (
            Need(
                (Alternative(("medical.paid_date",)), Alternative(("medical.file_date",)), _part()),
                "Without paid or file dates the version that stands later in the files counts as the newer one.",
            ),
            _sharper(
                "medical.bill_type_code", "Without bill types a hospital claim that replaces or voids another is not recognized."
            ),
        ),
    ),
)
