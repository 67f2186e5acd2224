"""A computed version as an Excel workbook: answer, inputs with marks and sources, statements, bridge, contributions, draws.

The answer, statements, years and bridge are formulas down to the inputs (roi.selectors.workbook_model); computed values are written beside
them, for readers that do not calculate. Contributions, break-even and draws are as computed, and say so.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from io import BytesIO

from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from roi import words
from roi.engine.cash_flow import BASELINES, OF_THE_BASELINE, PARTS, Value, cash_flow, part_of
from roi.engine.cents import discount_factors
from roi.engine.infusion_center import read_value
from roi.engine.irr import NOT_UNIQUE
from roi.engine.typed_volumes import volumes_of
from roi.selectors.scenarios import ScenarioPage
from roi.selectors.workbook_book import CENTS, FIRST_ROW, FOLDED, Book, pages_wide, sum_of_columns
from roi.selectors.workbook_computed import write_computed
from roi.selectors.workbook_model import Model, write_model

SHEETS = {"do_nothing": "Against do nothing", "today": "Against today"}
CALCULATED = ("Value", "Together", "Discount factor", "Present value", "Together, discounted")
MADE_OF_LINES = ("Value", "Together", "Year", "Discount factor", "Present value", "Together, discounted")


@dataclass(frozen=True)
class Statement:
    """The sheet of one baseline: its months below one another, a column for each line item that the blue cells can bring."""

    page: ScenarioPage
    model: Model
    baseline: str

    @property
    def value(self) -> dict:
        return self.page.result.summary["baselines"][self.baseline]

    @property
    def flows(self) -> list[int]:
        return self.value["monthly_cents"]

    @cached_property
    def amounts(self) -> dict[tuple[str, int], int]:
        return {(line, month): cents for its, month, line, cents in self.page.lines if its == self.baseline}

    @cached_property
    def lines(self) -> list[str]:
        return sorted(self.model.lines(self.baseline), key=lambda line: (PARTS.index(part_of(line)), line))

    @cached_property
    def idle(self) -> set[str]:
        """Line items that are nothing as computed; folded away."""
        return set(self.lines) - {line for line, _ in self.amounts}

    def column(self, name: str) -> str:
        """A line item's letters, or those of what is made of them."""
        return xl_col_to_name(1 + [*self.lines, *MADE_OF_LINES].index(name))

    @property
    def numbers(self) -> str:
        """The months' numbers."""
        return f"'{SHEETS[self.baseline]}'!$A${FIRST_ROW + 1}:$A${FIRST_ROW + len(self.flows)}"

    def months(self, first: str, last: str = "") -> str:
        """All months of a column, or of neighbours, as a range for other sheets."""
        begin, end = self.column(first), self.column(last or first)
        return f"'{SHEETS[self.baseline]}'!${begin}${FIRST_ROW + 1}:${end}${FIRST_ROW + len(self.flows)}"


def workbook(page: ScenarioPage) -> bytes:
    """The XLSX of a version whose result is there."""
    stream = BytesIO()
    made, model = Book(stream), Model(page.center)
    statements = [Statement(page, model, baseline) for baseline in BASELINES]
    _answer(made, page, statements)
    write_model(made, model)
    for statement in statements:
        _months(made, statement)
    _years(made, statements[0])
    _bridge(made, statements)
    write_computed(made, page.result.summary, volumes_of(page.center.market))
    made.book.close()
    return stream.getvalue()


def _answer(made: Book, page: ScenarioPage, statements: list[Statement]) -> None:
    result = page.result
    is_same = all(each.value["npv_cents"] == found.npv_cents for each, found in zip(statements, _now(statements), strict=True))
    sheet = made.sheet(
        "Answer",
        page.scenario.name,
        (
            ""
            if is_same
            else "Computed by another version of the engine, which the formulas do not follow: compute the scenario again. "
        )
        + f"Version {page.version.number}, run {result.run_id}, engine {result.run.engine_version}, answer {result.run.result_hash[:16]}. "
        f"Amounts in dollars. Volumes and prices: {page.covers}.",
        ("Measure", *(f"Against “{words.BASELINE_NAMES[baseline].lower()}”" for baseline in BASELINES)),
        (44, 24, 24),
    )
    labels = (
        "Net present value", "Not discounted", "Peak cash", "Internal rate of return", "Payback", "Payback, discounted", "Discount rate",
        "Net present value as computed", "Changed by what was typed into blue cells",
    )  # fmt: skip
    for row, label in enumerate(labels, start=FIRST_ROW):
        sheet.write_string(row, 0, label)
    sheet.write_formula(FIRST_ROW + 6, 1, "=discount_rate", made.share, float(_rate(page)))
    for column, statement in enumerate(statements, start=1):
        value, flows, together = statement.value, statement.months("Value"), statement.months("Together")
        cells = (
            (f"ROUND(SUMPRODUCT({flows},{statement.months('Discount factor')}),2)", made.total, value["npv_cents"] / CENTS),
            (f"SUM({flows})", made.money, value["total_cents"] / CENTS),
            (f"MAX(0,-MIN({together}))", made.money, value["peak_cash_cents"] / CENTS),
            (_irr(value["irr"], flows), made.share_right, value["irr"]),
            (_payback(statement, "Together"), made.right, words.payback_text(value["payback_month"])),
            (_payback(statement, "Together, discounted"), made.right, words.payback_text(value["discounted_payback_month"])),
        )
        for row, (formula, look, shown) in enumerate(cells, start=FIRST_ROW):
            sheet.write_formula(row, column, f"={formula}", look, shown)
        at = xl_col_to_name(column)
        sheet.write_number(FIRST_ROW + 7, column, value["npv_cents"] / CENTS, made.money)
        sheet.write_formula(FIRST_ROW + 8, column, f"=ROUND({at}{FIRST_ROW + 1}-{at}{FIRST_ROW + 8},2)", made.money, 0)


def _now(statements: list[Statement]) -> list[Value]:
    """What the engine makes of the version today."""
    found = cash_flow(statements[0].model.inputs).values
    return [found[each.baseline] for each in statements]


def _irr(stated: float | str, flows: str) -> str:
    """The yearly rate; the search begins at the one that was found. Several roots are said, not chosen from."""
    if stated == NOT_UNIQUE:
        return f'"{NOT_UNIQUE}"'
    guess = 0.01 if isinstance(stated, str) else (1 + stated) ** (1 / 12) - 1
    return f'IFERROR((1+IRR({flows},{guess!r}))^12-1,"none")'


def _payback(statement: Statement, column: str) -> str:
    """The month after the last one below zero."""
    together, last = statement.months(column), len(statement.flows) - 1
    deficit = f"SUMPRODUCT(MAX(({together}<0)*{statement.numbers}))"
    return f'IF(MIN({together})>=0,"at once",IF({deficit}={last},"not within these months","month "&({deficit}+1)))'


def _rate(page: ScenarioPage):
    return read_value("rate", page.center.answers["rate"].text)


def _months(made: Book, statement: Statement) -> None:
    """Line items by month from volumes, prices and costs; what is made of them beside them."""
    page, lines, flows = statement.page, statement.lines, statement.flows
    sheet = made.sheet(
        SHEETS[statement.baseline],
        f"Statement by month, against “{words.BASELINE_NAMES[statement.baseline].lower()}”",
        "Each line item is the scenario less the baseline, in dollars; month 0 is before opening. Line items that are nothing are folded away.",
        ("Month", *map(words.line_name, lines), *MADE_OF_LINES),
        (8, *(15 for _ in (*lines, *MADE_OF_LINES))),
    )
    sheet.fit_to_pages(pages_wide([15] * (1 + len(lines) - len(statement.idle) + len(MADE_OF_LINES))), 0)
    for column, line in enumerate(lines, start=1):
        if line in statement.idle:
            sheet.set_column(column, column, 15, None, FOLDED)
    factors = discount_factors(_rate(page), len(flows) - 1)
    together, discounted = 0, Decimal(0)
    value_at, together_at, factor_at, present_at, discounted_at = (statement.column(name) for name in CALCULATED)
    for month, flow in enumerate(flows):
        row, above = FIRST_ROW + month + 1, FIRST_ROW + month
        together, discounted = together + flow, discounted + flow * factors[month]
        sheet.write_number(row - 1, 0, month)
        for column, line in enumerate(lines, start=1):
            formula = statement.model.formula(line, statement.baseline, month)
            sheet.write_formula(row - 1, column, formula, made.money, statement.amounts.get((line, month), 0) / CENTS)
        cells = (
            (f"ROUND(SUM(B{row}:{xl_col_to_name(len(lines))}{row}),2)", made.money, flow / CENTS),
            (f"ROUND({together_at}{above}+{value_at}{row},2)" if month else f"{value_at}{row}", made.money, together / CENTS),
            (f"ROUNDUP(A{row}/12,0)", made.plain, -(-month // 12)),
            (f"(1+discount_rate)^(-A{row}/12)", made.factor, float(factors[month])),
            (f"{value_at}{row}*{factor_at}{row}", made.money, float(flow * factors[month] / CENTS)),
            (f"{discounted_at}{above}+{present_at}{row}" if month else f"{present_at}{row}", made.money, float(discounted / CENTS)),
        )
        for column, (formula, look, shown) in enumerate(cells, start=len(lines) + 1):
            sheet.write_formula(row - 1, column, f"={formula}", look, shown)


def _years(made: Book, statement: Statement) -> None:
    """Line items by year against doing nothing, each summed from the months."""
    years = -(-(len(statement.flows) - 1) // 12)
    sheet = made.sheet(
        "Years",
        "Statement by year, against “do nothing”",
        "Summed from the months; year 0 is before opening. Line items that are nothing are folded away.",
        ("Line item", "Part", *("Before opening" if not year else f"Year {year}" for year in range(years + 1)), "Together"),
        (48, 38, *(16 for _ in range(years + 2))),
        words=2,
    )
    sums = {line: [0] * (years + 1) for line in statement.lines}
    for (line, month), cents in statement.amounts.items():
        sums[line][-(-month // 12)] += cents
    for row, line in enumerate(statement.lines, start=FIRST_ROW):
        sheet.write_string(row, 0, words.line_name(line))
        sheet.write_string(row, 1, words.PART_NAMES[part_of(line)])
        if line in statement.idle:
            sheet.set_row(row, None, None, FOLDED)
        for year, cents in enumerate(sums[line]):
            formula = f"=ROUND(SUMIF({statement.months('Year')},{year},{statement.months(line)}),2)"
            sheet.write_formula(row, 2 + year, formula, made.money, cents / CENTS)
        _sum_of_row(made, sheet, row, years, sum(sums[line]))
    end = FIRST_ROW + len(statement.lines)
    sum_of_columns(made, sheet, end, [sum(each) for each in zip(*sums.values(), strict=True)], 2)
    _sum_of_row(made, sheet, end, years, sum(map(sum, sums.values())), total=True)


def _sum_of_row(made: Book, sheet, row: int, years: int, cents: int, total: bool = False) -> None:
    items = f"{xl_rowcol_to_cell(row, 2)}:{xl_rowcol_to_cell(row, 2 + years)}"
    sheet.write_formula(row, 3 + years, f"=ROUND(SUM({items}),2)", made.total if total else made.money, cents / CENTS)


def _bridge(made: Book, statements: list[Statement]) -> None:
    """Parts rounded to the cent; the largest takes what rounding leaves, so that they add up (roi.engine.cents.add_up). Those in which
    the baselines are alike are rounded once, against doing nothing."""
    names = [words.BASELINE_NAMES[baseline].lower() for baseline in BASELINES]
    sheet = made.sheet(
        "Bridge", "What makes up the value", "Present value by part; the parts add up to the net present value, to the cent: the largest takes what rounding leaves.",
        ("Part", *(f"Against “{name}”" for name in names), *(f"Before rounding, “{name}”" for name in names)), (44, 24, 24, 24, 24),
    )  # fmt: skip
    last, factors_of = FIRST_ROW + len(PARTS), discount_factors(_rate(statements[0].page), len(statements[0].flows) - 1)
    for row, part in enumerate(PARTS, start=FIRST_ROW):
        sheet.write_string(row, 0, words.PART_NAMES[part])
        for column, statement in enumerate(statements, start=1):
            exact = xl_col_to_name(column + len(statements))
            own = f"{exact}{row + 1}"
            kept = statement.value["parts_npv_cents"][part] / CENTS
            if column > 1 and part not in OF_THE_BASELINE:
                sheet.write_formula(row, column, f"=B{row + 1}", made.money, kept)
            else:
                free = [FIRST_ROW + 1 + PARTS.index(each) for each in (PARTS if column == 1 else OF_THE_BASELINE)]
                every, at = f"{exact}${min(free)}:{exact}${max(free)}", xl_col_to_name(column)
                others = f"-SUM({at}${FIRST_ROW + 1}:{at}${min(free) - 1})" if column > 1 else ""
                left = f"Answer!{at}${FIRST_ROW + 1}{others}-SUMPRODUCT(ROUND({every},2))"
                largest = f"ABS({own})=MAX(MAX({every}),-MIN({every}))"
                sheet.write_formula(row, column, f"=ROUND(ROUND({own},2)+IF({largest},{left},0),2)", made.money, kept)
            its = [line for line in statement.lines if part_of(line) == part]
            factors = statement.months("Discount factor")
            formula = f"=SUMPRODUCT({statement.months(its[0], its[-1])}*{factors})" if its else "=0"
            unrounded = float(
                sum(cents * factors_of[month] for (line, month), cents in statement.amounts.items() if line in its) / CENTS
            )
            sheet.write_formula(row, column + len(statements), formula, made.exact, unrounded)
    sum_of_columns(made, sheet, last, [statement.value["npv_cents"] for statement in statements], 1)
