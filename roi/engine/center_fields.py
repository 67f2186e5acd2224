"""The questions "open an infusion center" asks: each with its unit, its bounds, a default, and where the default comes from.

Values are kept as text, the way a person types them: 8 is 8 %, 2027-01 a month. Amounts are dollars here and nowhere else.
"""

from dataclasses import dataclass

from roi.engine.marks import BORROWED, GUESSED, Source

MONEY, PERCENT, NUMBER, WHOLE, MONTH, YES_NO, TEXT, SHARES = (
    "money",
    "percent",
    "number",
    "whole",
    "month",
    "yes_no",
    "text",
    "shares",
)


@dataclass(frozen=True)
class Field:
    """`kind` says how the text is read; `low` and `high` bound numbers. A field without a source is a choice, not an input."""

    key: str
    label: str
    kind: str
    default: str = ""
    unit: str = ""
    source: Source | None = None
    help: str = ""
    low: str = "0"
    high: str = "1000000000"


@dataclass(frozen=True)
class Section:
    title: str
    fields: tuple[Field, ...]
    note: str = ""


def _guess(text: str = "") -> Source:
    return Source(GUESSED, text)


_BLS = Source(BORROWED, "BLS, Occupational Employment and Wage Statistics, mean annual wage", "2023-05")
_BENCHMARK = Source(BORROWED, "Advisory Board infusion center survey: chairs are scheduled 80 %, used 70 % of the time", "2019")

SECTIONS = (
    Section(
        "Site and time",
        (
            Field("site_name", "Name of the site", TEXT, "New infusion center"),
            Field("first_month", "First month counted", MONTH, help="Money spent before opening counts as spent just before it."),
            Field("opens_in", "Opening month", MONTH),
            Field("horizon", "Months looked at", WHOLE, "60", "months", low="12", high="120"),
            Field("rate", "Discount rate", PERCENT, "8", "% a year", _guess("Planning range 7–10 %"), low="0", high="50"),
            Field(
                "hospital_affiliated",
                "Affiliated with a hospital",
                YES_NO,
                "yes",
                source=_guess("How payers will read our ownership"),
                help="Some policies exclude every site affiliated with a hospital, whatever it bills as.",
            ),
        ),
    ),
    Section(
        "Chairs",
        (
            Field("chairs", "Chairs", WHOLE, "4", "chairs", _guess(), low="1", high="200"),
            Field("open_hours", "Open hours", NUMBER, "50", "hours a week", _guess(), low="1", high="168"),
            Field("target_use", "Use of open hours that can be planned", PERCENT, "75", "%", _BENCHMARK, low="10", high="100"),
        ),
    ),
    Section(
        "Spent before opening",
        (
            Field(
                "build_per_chair",
                "Building and fit-out",
                MONEY,
                "80000",
                "$ a chair",
                _guess("Planning range $40,000–120,000, no cleanroom"),
            ),
            Field("equipment_per_chair", "Recliner and pump", MONEY, "8000", "$ a chair", _guess("Planning range $4,500–10,000")),
            Field("opening_costs", "Licences, accreditation, contracts, training", MONEY, "60000", "$", _guess()),
        ),
    ),
    Section(
        "Running costs",
        (
            Field("nurses", "Nurses", NUMBER, "1.5", "full-time", _guess("One nurse for three to four chairs"), high="500"),
            Field("nurse_pay", "Nurse's pay", MONEY, "100000", "$ a year", _guess("Planning range $95,000–105,000")),
            Field("pharmacists", "Pharmacists", NUMBER, "0.5", "full-time", _guess(), high="500"),
            Field("pharmacist_pay", "Pharmacist's pay", MONEY, "134790", "$ a year", _BLS),
            Field("technicians", "Pharmacy technicians", NUMBER, "0.5", "full-time", _guess(), high="500"),
            Field("technician_pay", "Technician's pay", MONEY, "43330", "$ a year", _BLS),
            Field("authorization_staff", "Authorization and billing staff", NUMBER, "1", "full-time", _guess(), high="500"),
            Field("authorization_pay", "Their pay", MONEY, "54000", "$ a year", _guess("Planning range $48,000–60,000")),
            Field("benefits", "Benefits on top of pay", PERCENT, "28", "%", _guess("Planning range 25–30 %"), high="200"),
            Field("square_feet", "Space", NUMBER, "800", "square feet", _guess("150–250 square feet a chair")),
            Field("rent_per_square_foot", "Rent", MONEY, "32", "$ a square foot and year", _guess("Planning range $25–40")),
            Field("other_per_month", "IT, insurance, courier, accreditation", MONEY, "5000", "$ a month", _guess()),
            Field("supplies", "Supplies of an infusion", MONEY, "30", "$", _guess("Planning range $20–40")),
            Field(
                "hospital_cost",
                "Cost the hospital saves when an infusion leaves it",
                MONEY,
                "40",
                "$",
                _guess("Supplies; staff and space stay"),
            ),
        ),
    ),
    Section(
        "Who comes",
        (
            Field(
                "capture_leaving",
                "Come to the new site, of those whom policies make leave",
                PERCENT,
                "60",
                "%",
                _guess(),
                high="100",
            ),
            Field(
                "recapture",
                "Come to the new site, of those who had left before the opening",
                PERCENT,
                "20",
                "%",
                _guess(),
                high="100",
            ),
            Field(
                "exempt",
                "Stay by a clinical exception",
                PERCENT,
                "10",
                "% of those a policy reaches",
                _guess(),
                "They stay at the hospital in every case.",
                high="100",
            ),
            Field(
                "capture_staying",
                "Come to the new site, of those who would stay at the hospital",
                PERCENT,
                "2",
                "%",
                _guess(),
                high="100",
            ),
            Field(
                "capture_elsewhere",
                "Of our prescribers' patients now infused elsewhere",
                PERCENT,
                "15",
                "%",
                _guess(),
                high="100",
            ),
            Field(
                "ramp",
                "Share of full volume by half-year",
                SHARES,
                "20, 45, 70, 90, 100",
                "%",
                _guess("Planning practice: 20, 45, 70, 90 % of steady state by half-year"),
                "One share for each half-year after opening; the last one holds.",
            ),
        ),
    ),
    Section(
        "Prices",
        (
            Field(
                "contract_level",
                "Contract prices at the new site",
                PERCENT,
                "100",
                "% of what is on file, where it is negotiated",
                _guess("The contracts on file hold"),
                high="500",
            ),
            Field(
                "acquisition_hospital",
                "What the hospital pays for drugs",
                PERCENT,
                "100",
                "% of average sales price",
                _guess(),
                high="300",
            ),
            Field(
                "acquisition_site",
                "What the new site pays for drugs",
                PERCENT,
                "100",
                "% of average sales price",
                _guess(),
                high="300",
            ),
            Field(
                "acquisition_340b",
                "What a 340B site pays for drugs",
                PERCENT,
                "70",
                "% of average sales price",
                _guess("Planning range 25–35 % off; Medicare assumed 22.5 % from 2018 to 2022"),
                high="300",
            ),
            Field(
                "site_340b",
                "The new site is a registered 340B site",
                YES_NO,
                "no",
                source=_guess("Only a reimbursable cost center of the filed cost report can be registered"),
            ),
            Field(
                "white_bag", "White-bagged share at the new site", PERCENT, "5", "% of commercial infusions", _guess(), high="100"
            ),
            Field(
                "denials", "Denials written off", PERCENT, "2", "% of what is allowed", _guess("Planning range 1–3 %"), high="100"
            ),
            Field("waste", "Waste not paid", PERCENT, "1", "% of drug cost", _guess(), high="100"),
        ),
        "What contracts allow, what the hospital is paid and Medicare's limits come from the data; the scenario's page shows them.",
    ),
    Section(
        "Money tied up in drugs",
        (
            Field(
                "receivable_days",
                "Payers pay after",
                NUMBER,
                "40",
                "days",
                _guess("35–50 days commercial, 18–25 Medicare"),
                high="1000",
            ),
            Field("stock_days", "Drugs lie in stock", NUMBER, "10", "days", _guess("7–14 days"), high="1000"),
            Field("supplier_days", "Suppliers are paid after", NUMBER, "30", "days", _guess("Terms of 30–120 days"), high="1000"),
            Field(
                "release",
                "Working capital comes back in the last month",
                YES_NO,
                "yes",
                source=_guess("The money comes back when the look ends"),
            ),
        ),
    ),
)
FIELDS = {field.key: field for section in SECTIONS for field in section.fields}
