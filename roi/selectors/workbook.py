"""A computed version as an Excel workbook: answer, inputs with marks and sources, statements, bridge, contributions, draws.

Sums, present values and percentages are formulas that recalculate to what the page shows; their computed values are written beside
them, for readers that do not calculate. Texts are never taken for formulas or links.
"""

from collections.abc import Iterable
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from roi import words
from roi.engine.break_even import HEADLINE_KEYS
from roi.engine.cash_flow import BASELINES, PARTS, part_of
from roi.engine.cents import discount_factors
from roi.engine.contributions import PATIENTS, PAYER, THERAPY
from roi.engine.infusion_center import read_value
from roi.engine.marks import MARKS
from roi.engine.typed_volumes import volumes_of
from roi.selectors.inputs import shown_sections, volume_name
from roi.selectors.scenarios import ScenarioPage

SHEETS = {"do_nothing": "Against do nothing", "today": "Against today"}
FIRST_ROW = 4  # of a statement's months, counted from 0: title, note, an empty row, the head
CENTS = 100


class _Book:
    """An open workbook with the house's formats."""

    def __init__(self, stream: BytesIO):
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.book = Workbook(stream, options)
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.head = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.money = self.book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"})
        self.total = self.book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00", "bold": True, "top": 1})
        self.share = self.book.add_format({"num_format": "0.0%"})
        self.factor = self.book.add_format({"num_format": "0.000000"})
        self.wrap = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.plain = self.book.add_format()

    def sheet(self, name: str, title: str, note: str, head: Iterable[str], widths: Iterable[float]):
        sheet = self.book.add_worksheet(name)
        sheet.write_string(0, 0, title, self.title)
        sheet.write_string(1, 0, note)
        for column, text in enumerate(head):
            sheet.write_string(FIRST_ROW - 1, column, text, self.head)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(FIRST_ROW, 1)
        return sheet


def workbook(page: ScenarioPage) -> bytes:
    """The XLSX of a version whose result is there."""
    stream = BytesIO()
    made = _Book(stream)
    summary = page.result.summary
    _answer(made, page, summary)
    _inputs(made, page)
    for baseline in BASELINES:
        _months(made, page, summary, baseline)
    _years(made, page, summary)
    _bridge(made, summary)
    _contributions(made, summary)
    _break_even(made, summary)
    _draws(made, summary)
    _volumes(made, page)
    made.book.close()
    return stream.getvalue()


def _answer(made: _Book, page: ScenarioPage, summary: dict) -> None:
    sheet = made.sheet(
        "Answer",
        page.scenario.name,
        f"Version {page.version.number}, run {page.result.run_id}, engine {page.result.run.engine_version}, answer "
        f"{page.result.run.result_hash[:16]}. Amounts in dollars. Volumes and prices: {page.covers}.",
        ("Measure", *(words.BASELINE_NAMES[baseline] for baseline in BASELINES)),
        (44, 24, 24),
    )
    months = len(summary["baselines"][BASELINES[0]]["monthly_cents"])
    rows = ("Net present value", "Not discounted", "Peak cash", "Internal rate of return", "Payback", "Payback, discounted")
    for row, label in enumerate((*rows, "Discount rate"), start=FIRST_ROW):
        sheet.write_string(row, 0, label)
    sheet.write_number(FIRST_ROW + 6, 1, float(_rate(page)), made.share)
    for column, baseline in enumerate(BASELINES, start=1):
        value, name = summary["baselines"][baseline], SHEETS[baseline]
        columns = _statement_columns(page, baseline)
        value_at, factor_at, together_at = (xl_col_to_name(len(columns) + step) for step in (1, 4, 2))
        first, last = FIRST_ROW + 1, FIRST_ROW + months
        flows, factors = (f"'{name}'!{at}{first}:{at}{last}" for at in (value_at, factor_at))
        together = f"'{name}'!{together_at}{first}:{together_at}{last}"
        sheet.write_formula(FIRST_ROW, column, f"=ROUND(SUMPRODUCT({flows},{factors}),2)", made.total, value["npv_cents"] / CENTS)
        sheet.write_formula(FIRST_ROW + 1, column, f"=SUM({flows})", made.money, value["total_cents"] / CENTS)
        sheet.write_formula(FIRST_ROW + 2, column, f"=MAX(0,-MIN({together}))", made.money, value["peak_cash_cents"] / CENTS)
        sheet.write_string(FIRST_ROW + 3, column, words.irr_text(value["irr"]))
        sheet.write_string(FIRST_ROW + 4, column, words.payback_text(value["payback_month"]))
        sheet.write_string(FIRST_ROW + 5, column, words.payback_text(value["discounted_payback_month"]))


def _rate(page: ScenarioPage):
    return read_value("rate", page.center.answers["rate"].text)


def _inputs(made: _Book, page: ScenarioPage) -> None:
    sheet = made.sheet(
        "Inputs", "Inputs", "What every number rests on.", ("Section", "Input", "Value", "Mark", "Source", "Its date"),
        (24, 48, 34, 11, 60, 12),
    )  # fmt: skip
    row = FIRST_ROW
    for section in shown_sections(page.center):
        for shown in section.inputs:
            source = shown.source
            texts = (section.title, shown.label, shown.value, source.mark if source else "a choice")
            for column, text in enumerate((*texts, source.text if source else "", source.as_of if source else "")):
                sheet.write_string(row, column, text, made.wrap)
            row += 1


def _volumes(made: _Book, page: ScenarioPage) -> None:
    """Measured and used side by side; the sums are formulas."""
    sheet = made.sheet(
        "Volumes", "Infusions a month", "What the claims measure and what is used; another number than the measured one is a guess.",
        ("Volume", "Measured", "Used", "Used less measured", "Why another number", "Who says so"), (52, 14, 14, 14, 44, 30),
    )  # fmt: skip
    found = volumes_of(page.center.market)
    for row, volume in enumerate(found, start=FIRST_ROW):
        sheet.write_string(row, 0, volume_name(volume.key))
        sheet.write_number(row, 1, float(volume.measured))
        sheet.write_number(row, 2, float(volume.used))
        sheet.write_formula(row, 3, f"=ROUND(C{row + 1}-B{row + 1},4)", made.plain, float(volume.used - volume.measured))
        for column, text in enumerate((volume.typed.reason, volume.typed.said_by) if volume.typed else (), start=4):
            sheet.write_string(row, column, text, made.wrap)
    last = FIRST_ROW + len(found)
    sheet.write_string(last, 0, "Together", made.head)
    for column, amounts in ((1, [volume.measured for volume in found]), (2, [volume.used for volume in found])):
        at = xl_col_to_name(column)
        sheet.write_formula(last, column, f"=ROUND(SUM({at}{FIRST_ROW + 1}:{at}{last}),4)", made.plain, float(sum(amounts)))


def _statement_columns(page: ScenarioPage, baseline: str) -> list[str]:
    lines = {line for its, _, line, _ in page.lines if its == baseline}
    return sorted(lines, key=lambda line: (PARTS.index(part_of(line)), line))


def _months(made: _Book, page: ScenarioPage, summary: dict, baseline: str) -> None:
    """Line items by month; value, together, factor and present value are formulas."""
    columns = _statement_columns(page, baseline)
    amounts = {(line, month): cents for its, month, line, cents in page.lines if its == baseline}
    flows = summary["baselines"][baseline]["monthly_cents"]
    sheet = made.sheet(
        SHEETS[baseline],
        f"Statement by month, against “{words.BASELINE_NAMES[baseline].lower()}”",
        "Each line item is the scenario less the baseline, in dollars; month 0 is before opening.",
        ("Month", *map(words.line_name, columns), "Value", "Together", "Year", "Discount factor", "Present value"),
        (8, *(18 for _ in range(len(columns) + 5))),
    )
    factors = discount_factors(_rate(page), len(flows) - 1)
    end = len(columns)
    together = 0
    for month, flow in enumerate(flows):
        row = FIRST_ROW + month
        together += flow
        sheet.write_number(row, 0, month)
        for column, line in enumerate(columns, start=1):
            sheet.write_number(row, column, amounts.get((line, month), 0) / CENTS, made.money)
        items = f"{xl_rowcol_to_cell(row, 1)}:{xl_rowcol_to_cell(row, max(end, 1))}"
        value, before = xl_rowcol_to_cell(row, end + 1), xl_rowcol_to_cell(row - 1, end + 2)
        sheet.write_formula(row, end + 1, f"=ROUND(SUM({items}),2)" if end else "=0", made.money, flow / CENTS)
        sheet.write_formula(row, end + 2, f"=ROUND({before}+{value},2)" if month else f"={value}", made.money, together / CENTS)
        sheet.write_formula(row, end + 3, f"=ROUNDUP(A{row + 1}/12,0)", made.plain, -(-month // 12))
        factor = float(factors[month])
        sheet.write_formula(row, end + 4, f"=(1+Answer!$B${FIRST_ROW + 7})^(-A{row + 1}/12)", made.factor, factor)
        sheet.write_formula(row, end + 5, f"={value}*{xl_rowcol_to_cell(row, end + 4)}", made.money, flow * factor / CENTS)


def _years(made: _Book, page: ScenarioPage, summary: dict) -> None:
    """Line items by year against doing nothing, each summed from the months."""
    baseline, name = BASELINES[0], SHEETS[BASELINES[0]]
    columns = _statement_columns(page, baseline)
    months = len(summary["baselines"][baseline]["monthly_cents"])
    years = -(-(months - 1) // 12)
    sheet = made.sheet(
        "Years",
        "Statement by year, against “do nothing”",
        "Summed from the months; year 0 is before opening.",
        ("Line item", "Part", *("Before opening" if not year else f"Year {year}" for year in range(years + 1)), "Together"),
        (44, 38, *(16 for _ in range(years + 2))),
    )
    first, last = FIRST_ROW + 1, FIRST_ROW + months
    year_at = xl_col_to_name(len(columns) + 3)
    sums = {line: [0] * (years + 1) for line in columns}
    for its, month, line, cents in page.lines:
        if its == baseline:
            sums[line][-(-month // 12)] += cents
    for row, line in enumerate(columns, start=FIRST_ROW):
        at = xl_col_to_name(columns.index(line) + 1)
        sheet.write_string(row, 0, words.line_name(line))
        sheet.write_string(row, 1, words.PART_NAMES[part_of(line)])
        for year, cents in enumerate(sums[line]):
            formula = f"=ROUND(SUMIF('{name}'!${year_at}${first}:${year_at}${last},{year},'{name}'!{at}{first}:{at}{last}),2)"
            sheet.write_formula(row, 2 + year, formula, made.money, cents / CENTS)
        _sum_of_row(made, sheet, row, years, sum(sums[line]))
    _sum_of_columns(made, sheet, FIRST_ROW + len(columns), [sum(each) for each in zip(*sums.values(), strict=True)], 2)
    _sum_of_row(made, sheet, FIRST_ROW + len(columns), years, sum(map(sum, sums.values())), total=True)


def _sum_of_row(made: _Book, sheet, row: int, years: int, cents: int, total: bool = False) -> None:
    items = f"{xl_rowcol_to_cell(row, 2)}:{xl_rowcol_to_cell(row, 2 + years)}"
    sheet.write_formula(row, 3 + years, f"=ROUND(SUM({items}),2)", made.total if total else made.money, cents / CENTS)


def _sum_of_columns(made: _Book, sheet, row: int, sums: list[int], first_column: int) -> None:
    """A line of totals under rows that begin at FIRST_ROW."""
    sheet.write_string(row, 0, "Value", made.head)
    for column, cents in enumerate(sums, start=first_column):
        at = xl_col_to_name(column)
        items = f"{at}{FIRST_ROW + 1}:{at}{row}"
        sheet.write_formula(row, column, f"=ROUND(SUM({items}),2)" if row > FIRST_ROW else "=0", made.total, cents / CENTS)


def _bridge(made: _Book, summary: dict) -> None:
    names = [words.BASELINE_NAMES[baseline] for baseline in BASELINES]
    sheet = made.sheet(
        "Bridge", "What makes up the value", "Present value by part; the parts add up to the net present value, to the cent.",
        ("Part", *names), (44, 24, 24),
    )  # fmt: skip
    for row, part in enumerate(PARTS, start=FIRST_ROW):
        sheet.write_string(row, 0, words.PART_NAMES[part])
        for column, baseline in enumerate(BASELINES, start=1):
            sheet.write_number(row, column, summary["baselines"][baseline]["parts_npv_cents"].get(part, 0) / CENTS, made.money)
    _sum_of_columns(made, sheet, FIRST_ROW + len(PARTS), [summary["baselines"][baseline]["npv_cents"] for baseline in BASELINES], 1)


def _contributions(made: _Book, summary: dict) -> None:
    for way, name in ((PAYER, "Payers"), (THERAPY, "Therapies"), (PATIENTS, "Patients")):
        rows = summary.get("contributions", {}).get(way, [])
        sheet = made.sheet(
            name, f"What each {'group of patients' if way == PATIENTS else way} contributes", "Present value against doing nothing; what takes value away stands first.",
            (name, "Present value", "Infusions at the site"), (44, 22, 22),
        )  # fmt: skip
        for row, item in enumerate(rows, start=FIRST_ROW):
            sheet.write_string(row, 0, words.contribution_name(item["name"]))
            sheet.write_number(row, 1, item["npv_cents"] / CENTS, made.money)
            sheet.write_number(row, 2, item["infusions"])
        _sum_of_columns(made, sheet, FIRST_ROW + len(rows), [sum(item["npv_cents"] for item in rows)], 1)


def _break_even(made: _Book, summary: dict) -> None:
    solved = summary.get("break_even", {})
    sheet = made.sheet(
        "Break-even", "Where it breaks even", "Each input alone, all others as answered, against doing nothing.",
        ("Input", "Is", "Would have to be"), (48, 34, 34),
    )  # fmt: skip
    for row, key in enumerate((key for key in HEADLINE_KEYS if key in solved), start=FIRST_ROW):
        one = solved[key]
        texts = (words.break_even_label(key), words.input_value(key, one["likely"]))
        found = "nowhere in its range" if one["value"] is None else words.input_value(key, one["value"])
        for column, text in enumerate((*texts, found)):
            sheet.write_string(row, column, text)


def _draws(made: _Book, summary: dict) -> None:
    drawn = summary.get("uncertainty")
    note = f"{drawn['draws']:,} draws, seed {drawn['seed']}." if drawn else "Not drawn."
    head = (
        "Input",
        "Mark",
        "Low",
        "Likely",
        "High",
        "Share of the spread",
        "Worth finding out, at most",
        "Value at its P10",
        "Value at its P90",
    )
    sheet = made.sheet("Draws", "How sure is it", note, head, (48, 11, 26, 26, 26, 12, 18, 20, 20))
    if not drawn:
        return
    total = sum(one["share"] for one in drawn["inputs"]) or 1
    row = FIRST_ROW
    for one in drawn["inputs"]:
        texts = [words.input_label(one["key"]), one["mark"]]
        texts += [words.input_value(one["key"], one[end]) for end in ("low", "likely", "high")]
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text)
        sheet.write_number(row, 5, one["share"] / total, made.share)
        for column, key in enumerate(("worth_cents", "npv_at_p10_cents", "npv_at_p90_cents"), start=6):
            sheet.write_number(row, column, one[key] / CENTS, made.money)
        row += 1
    last = row
    for mark in MARKS if drawn["debt"] else ():
        sheet.write_string(row + 1, 0, f"Share of the spread that rests on inputs {mark}")
        formula = f'=SUMIF(B{FIRST_ROW + 1}:B{last},"{mark}",F{FIRST_ROW + 1}:F{last})'
        sheet.write_formula(row + 1, 5, formula, made.share, drawn["debt"][mark])
        row += 1
    for baseline in BASELINES:
        value = drawn["baselines"][baseline]
        row += 2
        sheet.write_string(row, 0, f"Against “{words.BASELINE_NAMES[baseline].lower()}”", made.head)
        for name, cents in zip(("P10", "P50", "P90"), value["npv_cents"], strict=True):
            row += 1
            sheet.write_string(row, 0, f"Net present value, {name}")
            sheet.write_number(row, 1, cents / CENTS, made.money)
        row += 1
        sheet.write_string(row, 0, "Probability of a positive return")
        sheet.write_number(row, 1, value["probability_positive"], made.share)
