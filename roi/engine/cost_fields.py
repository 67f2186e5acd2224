"""The questions of what a site costs: before it opens, while it runs, and how what was built is written off."""

from roi.engine.field import BLS, CHAIRS_PER_NURSE, MONEY, NUMBER, PERCENT, YES_NO, Field, Section, guess

STAFF = ("nurse", "pharmacist", "technician", "authorization", "counselor")
# The field that holds the number of each that is there at least.
STAFF_LEAST = dict(zip(STAFF, ("nurses", "pharmacists", "technicians", "authorization_staff", "counselors"), strict=True))
NO_RATIO = "100000"  # chairs to one of the staff: as good as none, where an option does not ask


def _staff(word: str, least: str, pay: str, pay_source, per_chairs: str, per_source, names: tuple[str, str]) -> tuple[Field, ...]:
    plural, possessive = names
    return (
        Field(STAFF_LEAST[word], f"{plural}, at least", NUMBER, least, "full-time", guess(), high="500"),
        Field(
            f"chairs_per_{word}",
            f"Chairs to one {word if word != 'authorization' else 'authorization specialist'}",
            NUMBER,
            per_chairs,
            "chairs while open",
            per_source,
            low="0.5",
            high=NO_RATIO,
            unasked=NO_RATIO,
        ),
        Field(f"{word}_pay", f"{possessive} pay", MONEY, pay, "$ a year", pay_source),
    )


BEFORE_OPENING = Section(
    "Spent before opening",
    (
        Field(
            "build_per_chair",
            "Building and fit-out",
            MONEY,
            "80000",
            "$ a chair",
            guess("Planning range $40,000–120,000, no cleanroom"),
        ),
        Field("equipment_per_chair", "Recliner and pump", MONEY, "8000", "$ a chair", guess("Planning range $4,500–10,000")),
        Field(
            "compounds",
            "The formulary needs sterile compounding on site",
            YES_NO,
            "no",
            source=guess("Monoclonal antibodies of the usual formulary are mixed for immediate use; hazardous drugs are not"),
            help="Only then the room, its ventilation and its upkeep are counted.",
            unasked="no",
        ),
        Field(
            "sterile_room",
            "Sterile compounding room and ventilation",
            MONEY,
            "350000",
            "$",
            guess("Planning range $250,000–1,000,000; a hood alone $30,000–100,000"),
        ),
        Field("it_opening", "Computers, records and interfaces", MONEY, "25000", "$", guess()),
        Field("accreditation_opening", "Accreditation", MONEY, "12000", "$", guess("Takes 3–6 months")),
        Field("licences_opening", "Licences", MONEY, "8000", "$", guess()),
        Field(
            "opening_costs",
            "Contracts, recruiting, training",
            MONEY,
            "40000",
            "$",
            guess("Payer contracts take 90–180 days"),
        ),
        Field(
            "own_opening",
            "Our own cost of setting it up: lawyers, project",
            MONEY,
            "30000",
            "$",
            guess("Ours alone, whoever owns it"),
        ),
        Field(
            "depreciation_years",
            "What was built is written off over",
            NUMBER,
            "7",
            "years",
            guess("Planning range 7–10 years; for the income view only"),
            low="1",
            high="40",
            unasked="7",
        ),
    ),
)
RUNNING = Section(
    "Running costs",
    (
        *_staff("nurse", "1", "100000", guess("Planning range $95,000–105,000"), "3.6", CHAIRS_PER_NURSE, ("Nurses", "Nurse's")),
        *_staff("pharmacist", "0.5", "134790", BLS, "12", guess(), ("Pharmacists", "Pharmacist's")),
        *_staff("technician", "0.5", "43330", BLS, "12", guess(), ("Pharmacy technicians", "Technician's")),
        *_staff(
            "authorization",
            "1",
            "54000",
            guess("Planning range $48,000–60,000"),
            "8",
            guess(),
            ("Authorization specialists", "Authorization specialist's"),
        ),
        *_staff("counselor", "0.5", "55000", guess(), "16", guess(), ("Financial counselors", "Financial counselor's")),
        Field("benefits", "Benefits on top of pay", PERCENT, "28", "%", guess("Planning range 25–30 %"), high="200"),
        Field(
            "full_time_hours",
            "Hours a full-time person is there",
            NUMBER,
            "36",
            "hours a week",
            guess("40 hours less leave and training"),
            low="10",
            high="60",
            unasked="36",
        ),
        Field("square_feet", "Space", NUMBER, "800", "square feet", guess("150–250 square feet a chair")),
        Field("rent_per_square_foot", "Lease", MONEY, "32", "$ a square foot and year", guess("Planning range $25–40")),
        Field("it_per_month", "Records and infusion software", MONEY, "2000", "$ a month", guess("Planning range $1,000–3,000")),
        Field("insurance_per_month", "Insurance", MONEY, "1200", "$ a month", guess()),
        Field("courier_per_month", "Courier", MONEY, "800", "$ a month", guess()),
        Field("accreditation_per_year", "Accreditation and licences kept up", MONEY, "6000", "$ a year", guess()),
        Field(
            "sterile_upkeep",
            "Upkeep of the sterile room: certification, testing, gowns",
            MONEY,
            "4000",
            "$ a month",
            guess("Only where the formulary needs it"),
        ),
        Field("other_per_month", "Anything else", MONEY, "500", "$ a month", guess()),
        Field("own_per_month", "Our own cost of it: coordination, oversight", MONEY, "2500", "$ a month", guess("Ours alone")),
        Field(
            "partner_income",
            "The partner pays us for space and services",
            MONEY,
            "0",
            "$ a month",
            guess("At fair market value: nothing may be paid for referrals"),
        ),
        Field("supplies", "Supplies of an infusion", MONEY, "30", "$", guess("Planning range $20–40")),
        Field(
            "visit_hours",
            "Nurse hours of a visit at home, travel included",
            NUMBER,
            "3.5",
            "hours",
            guess("The infusion and an hour on the road"),
            high="24",
        ),
        Field("delivery", "Delivery of an infusion's drug and supplies", MONEY, "60", "$", guess()),
        Field(
            "hospital_cost",
            "Cost the hospital saves when an infusion leaves it",
            MONEY,
            "40",
            "$",
            guess("Supplies; staff and space stay"),
        ),
    ),
    "Of each kind of staff the number is that at least, or chairs ÷ chairs to one × open hours ÷ hours a full-time person is there, "
    "whichever is more.",
)
