"""One question of a scenario and a section of them: unit, bounds, default, where the default comes from, what stands in unasked.

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
    """`kind` says how the text is read; `low` and `high` bound numbers. A field without a source is a choice, not an input.
    `unasked` is the value that changes nothing: it stands where an option has no use for the question."""

    key: str
    label: str
    kind: str
    default: str = ""
    unit: str = ""
    source: Source | None = None
    help: str = ""
    low: str = "0"
    high: str = "1000000000"
    unasked: str = "0"


@dataclass(frozen=True)
class Section:
    title: str
    fields: tuple[Field, ...]
    note: str = ""


def guess(text: str = "Planning assumption; nobody measured it") -> Source:
    return Source(GUESSED, text)


BLS = Source(BORROWED, "BLS, Occupational Employment and Wage Statistics, mean annual wage", "2023-05")
CHAIR_USE = Source(BORROWED, "Advisory Board infusion center survey: chairs are scheduled 80 %, used 70 % of the time", "2019")
CHAIRS_PER_NURSE = Source(BORROWED, "Survey of more than 250 infusion centers: 3.6 chairs a nurse in freestanding ones", "2016")
