"""What a home infusion costs beyond its drug's price: each input with its unit, its bounds, a default, and where the default comes from.

What the scenario option “home infusion” asks too has its default from there: the page and the option begin at the same numbers.
"""

from decimal import Decimal

from roi.engine.center_fields import FIELDS
from roi.engine.field import MONEY, NUMBER, PERCENT, Field
from roi.engine.marks import BORROWED, GUESSED, Source
from roi.engine.options import AT_HOME, OPTIONS

USUAL_MINUTES = 120  # of an infusion whose drug says nothing


def _guess(text: str = "") -> Source:
    return Source(GUESSED, text)


_NHIA = Source(BORROWED, "NHIA: a per diem serves dosing intervals up to 72 hours; longer ones are paid by the infusion", "2026-02")


def _as_in_scenarios(key: str, label: str, kind: str, unit: str, asked: str = "", **bounds: str) -> Field:
    """A question of the scenario option, under a key of the page's own."""
    asked = asked or key
    default, source = OPTIONS[AT_HOME].answers.get(asked, (FIELDS[asked].default, FIELDS[asked].source))
    return Field(key, label, kind, default, unit, source, **bounds)


def _travel() -> str:
    """The visit's hours of the option, less the infusion's."""
    return f"{Decimal(FIELDS['visit_hours'].default) - Decimal(USUAL_MINUTES) / 60:f}"


HOME_FIELDS = {
    field.key: field
    for field in (
        Field("paid_days", "Days of per diem that are paid for an infusion", NUMBER, "1", "days", _NHIA, low="0", high="365"),
        _as_in_scenarios(
            "acquisition",
            "What the pharmacy pays for the drug",
            PERCENT,
            "% of average sales price",
            "acquisition_site",
            high="300",
        ),
        _as_in_scenarios("waste", "Waste not paid", PERCENT, "% of drug cost", high="100"),
        Field(
            "pharmacist_hours",
            "Pharmacist: compounding, checking, calls",
            NUMBER,
            "0.75",
            "hours an infusion",
            _guess(),
            high="100",
        ),
        _as_in_scenarios("pharmacist_pay", "Pharmacist's pay", MONEY, "$ a year"),
        Field("technician_hours", "Technician: preparing, packing", NUMBER, "0.5", "hours an infusion", _guess(), high="100"),
        _as_in_scenarios("technician_pay", "Technician's pay", MONEY, "$ a year"),
        Field("travel_hours", "Nurse: travel and charting of a visit", NUMBER, _travel(), "hours a visit", _guess(), high="100"),
        _as_in_scenarios("nurse_pay", "Nurse's pay", MONEY, "$ a year"),
        _as_in_scenarios("benefits", "Benefits on top of pay", PERCENT, "%", high="200"),
        _as_in_scenarios("full_time_hours", "Hours a full-time person is there", NUMBER, "hours a week", low="10", high="60"),
        _as_in_scenarios("supplies", "Supplies and pump", MONEY, "$ an infusion"),
        _as_in_scenarios("delivery", "Delivery, kept cold", MONEY, "$ an infusion"),
        Field(
            "overhead",
            "Overhead: intake, authorization, billing, on call",
            PERCENT,
            "25",
            "% of service cost",
            _guess(),
            high="500",
        ),
    )
}
