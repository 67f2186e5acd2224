"""Where our contract rates stand among other hospitals' published ones, for each payer × code; dollars per HCPCS unit."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from payers import words
from payers.engine.negotiated_rates import Standing, by_hospital, line_of_business, standing
from payers.engine.price_book import BilledUnits, Infusion
from payers.engine.prices import DRUG, Part, price
from payers.models import DrugCode, NegotiatedRate, ServiceCode
from payers.selectors.prices import price_book, register_payers

LINES = ("commercial", "exchange", "medicare_advantage", "medicaid")
SITE_CLASS = "hopd_on_campus"  # what hospitals publish is what their outpatient departments are paid


@dataclass(frozen=True)
class Row:
    """One payer × code: our rate (or why there is none) among the hospitals that publish one for the line of business."""

    payer: str
    plan: str
    hcpcs_code: str
    label: str
    part: Part | None
    standing: Standing

    @property
    def below_middle(self) -> bool:
        return self.standing.percentile is not None and self.standing.percentile < 50

    @property
    def per_unit_to_middle(self) -> Decimal | None:
        """Dollars per unit between our rate and the hospitals' middle; positive: we are paid less."""
        if self.standing.rate is None or self.standing.median is None:
            return None
        return self.standing.median - self.standing.rate


@dataclass(frozen=True)
class BenchmarkPage:
    """`reading` is the sentence that says what to see; `hospitals` all that publish a comparable rate in this month."""

    line: str
    lines: tuple[tuple[str, str], ...]
    published_on: dt.date | None
    hospitals: int
    rates: int
    rows: tuple[Row, ...]
    on: dt.date
    payer: str
    payers: tuple[str, ...]

    @property
    def compared(self) -> list[Row]:
        return [row for row in self.rows if row.standing.percentile is not None]

    @property
    def reading(self) -> str:
        compared = self.compared
        if not compared:
            return "No contract rate of ours has a code that 3 hospitals or more publish for this line of business."
        below = [row for row in compared if row.below_middle]
        lowest = min(compared, key=lambda row: row.standing.percentile)
        return (
            f"{len(below)} of {len(compared)} payer and code pairs are paid below the hospitals' middle; the lowest is "
            f"{lowest.hcpcs_code} with {lowest.payer}, below {100 - lowest.standing.percentile:.0f}% of {lowest.standing.hospitals} hospitals."
        )


def benchmark_page(on: dt.date, line: str = "", payer: str = "") -> BenchmarkPage:
    """The newest published month on file, against our contract rates of day `on` at hospital departments on campus."""
    line = line if line in LINES else LINES[0]
    newest = NegotiatedRate.objects.order_by("-published_on").values_list("published_on", flat=True).first()
    published = NegotiatedRate.objects.filter(published_on=newest, line_of_business=line)
    by_code: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for code, hospital, amount in published.values_list("hcpcs_code", "hospital", "amount"):
        by_code[code].append((hospital, amount))
    ours = [(name, plan) for name, plan in register_payers() if _is_of(name, plan, line)]
    names = tuple(sorted({name for name, _ in ours}))
    if payer:
        ours = [pair for pair in ours if pair[0] == payer]
    return BenchmarkPage(
        line=line,
        lines=tuple((each, words.LINES_OF_BUSINESS[each]) for each in LINES),
        published_on=newest,
        hospitals=len({hospital for rates in by_code.values() for hospital, _ in rates}),
        rates=sum(map(len, by_code.values())),
        rows=tuple(_rows(by_code, ours, on)),
        on=on,
        payer=payer,
        payers=names,
    )


def _is_of(payer: str, plan: str, line: str) -> bool:
    return line_of_business(payer, plan) == line


def _rows(by_code: dict[str, list[tuple[str, Decimal]]], ours: list[tuple[str, str]], on: dt.date):
    book = price_book()
    labels = {code.hcpcs_code: str(code.family_id) for code in DrugCode.objects.all()}
    drugs = set(labels)
    labels |= {code.hcpcs_code: code.kind.replace("_", " ") for code in ServiceCode.objects.filter(role="administration")}
    for code in sorted(by_code):
        if code not in labels:
            continue
        middles = by_hospital(by_code[code]).values()
        for payer, plan in ours:
            billed = (BilledUnits(code),)
            case = Infusion(
                drugs=billed if code in drugs else (),
                services=() if code in drugs else billed,
                payer=payer,
                plan=plan,
                line_of_business="contract",
                site_class=SITE_CLASS,
                service_date=on,
            )
            part = next((part for part in price(case, book).parts if (part.kind == DRUG) == (code in drugs)), None)
            rate = part.cents / 100 if part else None
            yield Row(payer, plan, code, labels[code], part, standing(rate, middles))
