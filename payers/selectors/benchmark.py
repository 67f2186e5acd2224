"""Where our contract rates stand among other hospitals' published ones, for each payer × code; dollars per HCPCS unit."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from payers import words
from payers.engine.negotiated_rates import Standing, by_hospital, line_of_business, standing
from payers.engine.price_book import BilledUnits, Infusion, PriceBook
from payers.engine.prices import DRUG, Part, price
from payers.models import DrugCode, NegotiatedRate, ServiceCode
from payers.selectors.prices import price_book, register_payers

LINES = ("commercial", "exchange", "medicare_advantage", "medicaid")
SITE_CLASS = "hopd_on_campus"  # what hospitals publish is what their outpatient departments are paid


@dataclass(frozen=True)
class Row:
    """One payer × code: our rate (None: there is none) among the hospitals that publish one for the line of business.

    Plans of the payer that are paid the same are one row.
    """

    payer: str
    plans: tuple[str, ...]
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
            f"{len(below)} of {len(compared)} of our rates are below the hospitals' middle; the lowest is {lowest.hcpcs_code} "
            f"({lowest.label}) with {lowest.payer}: {lowest.standing.paid_more} of {lowest.standing.hospitals} hospitals are paid more."
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
        rows=tuple(sorted(_rows(by_code, ours, on), key=_lowest_first)),
        on=on,
        payer=payer,
        payers=names,
    )


def _is_of(payer: str, plan: str, line: str) -> bool:
    return line_of_business(payer, plan) == line


def _rows(by_code: dict[str, list[tuple[str, Decimal]]], ours: list[tuple[str, str]], on: dt.date) -> Iterator[Row]:
    book = price_book()
    labels = {code.hcpcs_code: str(code.family_id) for code in DrugCode.objects.all()}
    drugs = set(labels)
    labels |= {code.hcpcs_code: code.kind.replace("_", " ") for code in ServiceCode.objects.filter(role="administration")}
    for code in sorted(by_code):
        if code not in labels:
            continue
        middles = by_hospital(by_code[code]).values()
        alike: dict[tuple, list[str]] = defaultdict(list)
        for payer, plan in ours:
            part = _our_part(book, code, code in drugs, payer, plan, on)
            alike[payer, part].append(plan)
        for (payer, part), plans in alike.items():
            rate = part.cents / 100 if part else None
            yield Row(payer, tuple(filter(None, plans)), code, labels[code], part, standing(rate, middles))


def _our_part(book: PriceBook, code: str, is_drug: bool, payer: str, plan: str, on: dt.date) -> Part | None:
    billed = (BilledUnits(code),)
    case = Infusion(
        drugs=billed if is_drug else (),
        services=() if is_drug else billed,
        payer=payer,
        plan=plan,
        line_of_business="contract",
        site_class=SITE_CLASS,
        service_date=on,
    )
    return next((part for part in price(case, book).parts if (part.kind == DRUG) == is_drug), None)


def _lowest_first(row: Row) -> tuple:
    """What is furthest below the hospitals first; what cannot be compared last."""
    percentile = row.standing.percentile
    return percentile is None, percentile or Decimal(0), row.hcpcs_code, row.payer, row.plans
