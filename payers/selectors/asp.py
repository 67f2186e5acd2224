"""Medicare's payment limits on file: which quarters, and how each code's limit changed from quarter to quarter."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from payers.engine.average_sales_price import AspOn, in_words, sales_quarter
from payers.models import AspLimit, DrugCode, DrugFamily
from payers.selectors.prices import price_book


@dataclass(frozen=True)
class Quarter:
    """One quarter on file: how many codes have a limit, and the quarter whose sales it rests on."""

    start: dt.date
    codes: int
    source: str

    @property
    def name(self) -> str:
        return in_words(self.start)

    @property
    def sales(self) -> str:
        return in_words(sales_quarter(self.start))


@dataclass(frozen=True)
class CodeHistory:
    """A code's limits by quarter (None where not published) and what changed from the first to the last on file."""

    code: DrugCode
    limits: tuple[Decimal | None, ...]
    asp: AspOn | None

    @property
    def change(self) -> Decimal | None:
        known = [limit for limit in self.limits if limit is not None]
        return (known[-1] - known[0]) / known[0] if len(known) > 1 and known[0] else None


@dataclass(frozen=True)
class AspHistory:
    """The quarters on file and the limits of a family's codes; or, without a family, of every code we know."""

    quarters: tuple[Quarter, ...]
    codes: tuple[CodeHistory, ...]
    family: DrugFamily | None

    @property
    def reading(self) -> str:
        """One sentence that says what to see."""
        if not self.quarters:
            return "No quarter is on file."
        if len(self.quarters) == 1:
            return f"Only {self.quarters[0].name} is on file; a change shows from the second quarter on."
        moved = sorted((each for each in self.codes if each.change is not None), key=lambda each: each.change)
        if not moved:
            return "No code has a limit in two quarters."
        span = f"from {self.quarters[0].name} to {self.quarters[-1].name}"
        fall, rise = moved[0], moved[-1]
        if fall.change == rise.change:
            return f"The limit of {_named(fall)} moved by {100 * fall.change:+.1f}% {span}."
        return (
            f"The limit of {_named(rise)} moved by {100 * rise.change:+.1f}% {span}, that of {_named(fall)} by "
            f"{100 * fall.change:+.1f}%; the others lie between."
        )


def _named(history: CodeHistory) -> str:
    return f"{history.code.hcpcs_code} ({history.code.brand or history.code.molecule})"


def asp_history(family: DrugFamily | None = None) -> AspHistory:
    """Limits by quarter of a family's codes, or of all."""
    stored: dict[str, dict[dt.date, AspLimit]] = {}
    for limit in AspLimit.objects.order_by("quarter_start"):
        stored.setdefault(limit.hcpcs_code, {})[limit.quarter_start] = limit
    codes = DrugCode.objects.select_related("family").order_by("hcpcs_code", "-effective_from")
    if family is not None:
        codes = codes.filter(family=family)
    known = {}
    for code in codes:
        known.setdefault(code.hcpcs_code, code)
    starts = sorted({start for limits in stored.values() for start in limits})
    quarters = tuple(
        Quarter(
            start,
            sum(start in limits for limits in stored.values()),
            next(limits[start].source for limits in stored.values() if start in limits),
        )
        for start in starts
    )
    book = price_book()
    histories = tuple(
        CodeHistory(
            code,
            tuple(stored[name][start].payment_limit if start in stored[name] else None for start in starts),
            book.asp(name, max(stored[name])),
        )
        for name, code in known.items()
        if name in stored
    )
    return AspHistory(quarters, histories, family)
