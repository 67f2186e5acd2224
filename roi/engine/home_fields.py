"""What a home infusion costs beyond its drug's price: each input with its unit, its bounds, a default, and where the default comes from."""

from roi.engine.center_fields import FIELDS
from roi.engine.field import MONEY, NUMBER, PERCENT, Field
from roi.engine.marks import BORROWED, GUESSED, Source


def _guess(text: str = "") -> Source:
    return Source(GUESSED, text)


_NHIA = Source(BORROWED, "NHIA: a per diem serves dosing intervals up to 72 hours; longer ones are paid by the infusion", "2026-02")

HOME_FIELDS = {
    field.key: field
    for field in (
        Field("paid_days", "Days of per diem that are paid for an infusion", NUMBER, "1", "days", _NHIA, low="0", high="365"),
        Field(
            "acquisition", "What the pharmacy pays for the drug", PERCENT, "100", "% of average sales price", _guess(), high="300"
        ),
        Field("waste", "Waste not paid", PERCENT, "1", "% of drug cost", _guess(), high="100"),
        Field(
            "pharmacist_hours",
            "Pharmacist: compounding, checking, calls",
            NUMBER,
            "0.75",
            "hours an infusion",
            _guess(),
            high="100",
        ),
        Field(
            "pharmacist_pay",
            "Pharmacist's pay",
            MONEY,
            FIELDS["pharmacist_pay"].default,
            "$ a year",
            FIELDS["pharmacist_pay"].source,
        ),
        Field("technician_hours", "Technician: preparing, packing", NUMBER, "0.5", "hours an infusion", _guess(), high="100"),
        Field(
            "technician_pay",
            "Technician's pay",
            MONEY,
            FIELDS["technician_pay"].default,
            "$ a year",
            FIELDS["technician_pay"].source,
        ),
        Field("travel_hours", "Nurse: travel and charting of a visit", NUMBER, "1.5", "hours a visit", _guess(), high="100"),
        Field("nurse_pay", "Nurse's pay", MONEY, FIELDS["nurse_pay"].default, "$ a year", FIELDS["nurse_pay"].source),
        Field(
            "benefits", "Benefits on top of pay", PERCENT, FIELDS["benefits"].default, "%", FIELDS["benefits"].source, high="200"
        ),
        Field("supplies", "Supplies and pump", MONEY, "45", "$ an infusion", _guess()),
        Field("delivery", "Delivery, kept cold", MONEY, "35", "$ an infusion", _guess()),
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
