"""Hospitals' published negotiated rates -> comparable rates; grain: hospital × code × payer × plan × method. And where a rate stands.

In the file `neg` is dollars per HCPCS unit. A hospital lists one plan's rate for a code many times (departments, study drugs,
strengths): the middle of them counts, so that no hospital counts twice. Not comparable and held aside, counted by reason: a case
rate or per diem (no price of a unit), a method that is not stated, inpatient and transplant plans, inpatient settings.

Standing of a rate among hospitals: each hospital's middle rate for the line of business, then percentile = share of those hospitals
that are paid less, half of the equal ones counted; nothing is said of fewer than 3 hospitals.
"""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median

from sites.engine import cells
from sites.engine.rows import Column, Layout, Problem, read_table
from sites.engine.text_file import RefusedTable

FEE_SCHEDULE, PERCENT_OF_CHARGES = "fee schedule", "percent of total billed charges"
COMPARABLE = (FEE_SCHEDULE, PERCENT_OF_CHARGES)
FEWEST_HOSPITALS = 3
# The first rule that answers. Words are searched for in "payer plan", in lower case, between word borders.
LINES_OF_BUSINESS = (
    (
        "other",
        r"va|vaccn|vacare|tricare|champva|triwest|corrections|workers comp|international|global|embassy|qatar|saudi|uae|federal",
    ),
    ("medicare_advantage", r"medicare|mcr|advantage|snp|fide|dsnp|dnsp|careplus|devoted|senior|alignment"),
    ("medicaid", r"medicaid|mcaid|medi-cal|chip|ahcccs"),
    ("exchange", r"exchange|exch|hix|aca|marketplace|qhp|ifp|ambetter|qualified health plan"),
)
_NOT_OUTPATIENT = re.compile(r"inpatient|(?<![a-z])sct(?![a-z])|car-t|transplant", re.IGNORECASE)


def _method(cell: str) -> str:
    return cell.lower()[:60]


def _dollars(cell: str) -> Decimal:
    """Hospitals compute some rates and publish fractions of a cent: four decimals are enough."""
    return round(cells.decimal(15)(cell), 4)


FILE = Layout(
    columns=(
        Column("hospital", cells.text(120), needed=True),
        Column("hcpcs", cells.hcpcs, needed=True),
        Column("setting", cells.text(20), blank=""),
        Column("payer", cells.text(200), needed=True),
        Column("plan", cells.text(200), blank=""),
        Column("neg", _dollars, needed=True),
        Column("methodology", _method, blank=""),
    ),
    ignored=frozenset({"description", "algorithm", "asp_2025q4", "ratio"}),
)


@dataclass(frozen=True)
class Published:
    """One comparable rate: dollars per HCPCS unit, the middle of the hospital's `rows` rows, the least and the most of them."""

    hospital: str
    hcpcs_code: str
    payer: str
    plan: str
    line_of_business: str
    methodology: str
    amount: Decimal
    least: Decimal
    most: Decimal
    rows: int


@dataclass(frozen=True)
class Benchmark:
    """What became of a file: comparable rates, rows held aside by reason, rows of codes we do not know, rejected rows.

    rows read = rows behind the rates + held aside + of other codes + rejected.
    """

    rates: tuple[Published, ...]
    aside: dict[str, int]
    other_codes: int
    rejected: tuple[Problem, ...]
    rows_read: int
    hospitals: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where a rate (dollars per unit) stands among hospitals' published ones; percentile and middle are None below 3 hospitals.

    `paid_more` is how many of the hospitals are paid more than the rate.
    """

    rate: Decimal | None
    hospitals: int
    percentile: Decimal | None
    median: Decimal | None
    low: Decimal | None
    high: Decimal | None
    paid_more: int = 0


def read_negotiated_rates(path: Path, known_codes: Iterable[str], name: str | None = None) -> Benchmark:
    """The file of published rates. RefusedTable where it is no such file."""
    table = read_table(path, FILE, name)
    known, aside = set(known_codes), Counter()
    groups: dict[tuple, list[Decimal]] = defaultdict(list)
    other_codes = 0
    for row in table.rows:
        values = row.values
        reason = _held_aside(values)
        if reason:
            aside[reason] += 1
        elif values["hcpcs"] not in known:
            other_codes += 1
        else:
            groups[tuple(values[key] for key in ("hospital", "hcpcs", "payer", "plan", "methodology"))].append(values["neg"])
    rates = tuple(
        Published(
            hospital=hospital,
            hcpcs_code=code,
            payer=payer,
            plan=plan,
            line_of_business=line_of_business(payer, plan),
            methodology=methodology,
            amount=_middle(amounts),
            least=min(amounts),
            most=max(amounts),
            rows=len(amounts),
        )
        for (hospital, code, payer, plan, methodology), amounts in sorted(groups.items())
    )
    hospitals = tuple(sorted({row.values["hospital"] for row in table.rows}))
    return Benchmark(rates, dict(aside), other_codes, table.rejected, len(table.rows) + len(table.rejected), hospitals)


def _held_aside(values: dict) -> str:
    """Why a row cannot be compared; blank where it can."""
    if values["setting"].lower() == "inpatient":
        return "inpatient"
    if _NOT_OUTPATIENT.search(values["plan"]) and "outpatient" not in values["plan"].lower():
        return "inpatient and transplant plans"
    if values["methodology"] in ("case rate", "per diem"):
        return "case rates and per diems: no price of a unit"
    if values["methodology"] not in COMPARABLE:
        return "how the rate is set is not stated"
    return "" if values["neg"] > 0 else "no amount"


def line_of_business(payer: str, plan: str = "") -> str:
    """A published payer and plan by their words; commercial where no rule answers."""
    said = f"{payer} {plan}".lower().replace("_", " ")
    return next(
        (line for line, words in LINES_OF_BUSINESS if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", said)),
        "commercial",
    )


def published_month(name: str) -> dt.date | None:
    """The month that a file's name says: hospital_negotiated_rates_2026-08.csv.gz -> 2026-08-01."""
    said = re.search(r"(20\d{2})-(0[1-9]|1[0-2])(?!\d)", name)
    return dt.date(int(said[1]), int(said[2]), 1) if said else None


def month_or_refuse(name: str, said: str = "") -> dt.date:
    """The month as said, else as the file's name has it. RefusedTable where neither tells."""
    month = published_month(said or name)
    if month is None:
        raise RefusedTable(f"{name} does not say of which month it is; say it as year-month, such as 2026-08.")
    return month


def by_hospital(rates: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """(hospital, dollars) -> each hospital's middle rate."""
    groups: dict[str, list[Decimal]] = defaultdict(list)
    for hospital, amount in rates:
        groups[hospital].append(amount)
    return {hospital: _middle(amounts) for hospital, amounts in groups.items()}


def standing(rate: Decimal | None, hospitals: Iterable[Decimal]) -> Standing:
    """Where `rate` stands among hospitals' middle rates."""
    amounts = sorted(hospitals)
    if len(amounts) < FEWEST_HOSPITALS:
        return Standing(rate, len(amounts), None, None, None, None)
    percentile = None
    if rate is not None:
        below = sum(amount < rate for amount in amounts) + Decimal(sum(amount == rate for amount in amounts)) / 2
        percentile = below * 100 / len(amounts)
    paid_more = 0 if rate is None else sum(amount > rate for amount in amounts)
    return Standing(rate, len(amounts), percentile, _middle(amounts), amounts[0], amounts[-1], paid_more)


def _middle(amounts: Sequence[Decimal]) -> Decimal:
    return median(amounts)
