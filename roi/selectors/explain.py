"""One figure of a computed version -> its formula with the numbers in it, each row a link to what it is made of in turn.

A measure opens its months, a part its line items, a line item its months, a month its patient groups with their margins' formulas.
Sums are made anew from the rows that are shown and set against the figure of the result.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cached_property
from itertools import accumulate

from roi import words
from roi.engine.cash_flow import BASELINES, PARTS, part_of
from roi.engine.cents import EXACT, discount_factors, present_value, round_half_up
from roi.engine.infusion_center import inputs_of, read_value
from roi.engine.line_month import BOUGHT, Step, line_month
from roi.engine.worlds import DO_NOTHING, WORKING_CAPITAL
from roi.selectors.explain_steps import step_formulas, step_names
from roi.selectors.scenarios import ScenarioPage

NPV, TOTAL, PEAK, IRR, PAYBACK, DISCOUNTED = "npv", "total", "peak_cash", "irr", "payback", "discounted_payback"
MEASURES = {
    NPV: "Net present value",
    IRR: "Internal rate of return",
    PAYBACK: "Payback",
    DISCOUNTED: "Payback, discounted",
    PEAK: "Peak cash",
    TOTAL: "Value, not discounted",
}
PART, LINE = "part:", "line:"
HOW = "How each is made"


@dataclass(frozen=True)
class Row:
    """Cells as text, the first heads the row; `figure` and `month` say what it opens (empty: nothing further)."""

    cells: tuple[str, ...]
    figure: str = ""
    month: int | None = None


@dataclass(frozen=True)
class Explained:
    """`found` is made anew from the rows, `stated` is the result's; both as text."""

    title: str
    formula: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    found: str
    stated: str

    @property
    def says_how(self) -> bool:
        """The last cell of a row is a formula in words."""
        return self.columns[-1] == HOW

    @property
    def is_same(self) -> bool:
        return self.found == self.stated


@dataclass(frozen=True)
class _Value:
    """A result against one baseline, as stored."""

    page: ScenarioPage
    baseline: str

    @property
    def summary(self) -> dict:
        return self.page.result.summary["baselines"][self.baseline]

    @property
    def flows(self) -> list[int]:
        return self.summary["monthly_cents"]

    @property
    def rate(self) -> Decimal:
        return read_value("rate", self.page.center.answers["rate"].text)

    @property
    def factors(self) -> tuple[Decimal, ...]:
        return discount_factors(self.rate, len(self.flows) - 1)

    def line(self, name: str) -> list[int]:
        amounts = {month: cents for its, month, line, cents in self.page.lines if (its, line) == (self.baseline, name)}
        return [amounts.get(month, 0) for month in range(len(self.flows))]

    @cached_property
    def lines(self) -> list[str]:
        names = {line for its, _, line, _ in self.page.lines if its == self.baseline}
        return sorted(names, key=lambda line: (PARTS.index(part_of(line)), line))


def figures_of(page: ScenarioPage, baseline: str) -> list[tuple[str, str, str]]:
    """(group, figure, name) of everything that can be opened."""
    value = _Value(page, baseline)
    shown = value.lines
    parts = [part for part in PARTS if any(part_of(line) == part for line in shown)]
    return [
        *(("Measures", key, name) for key, name in MEASURES.items()),
        *(("Parts of the value", f"{PART}{part}", words.PART_NAMES[part]) for part in parts),
        *(("Line items", f"{LINE}{line}", words.line_name(line)) for line in shown),
    ]


def explained(page: ScenarioPage, figure: str, baseline: str = DO_NOTHING, month: int | None = None) -> Explained | None:
    """None where there is no such figure."""
    known = {key for _, key, _ in figures_of(page, baseline)} if baseline in BASELINES else set()
    if month is not None and f"{LINE}{WORKING_CAPITAL}" in known:
        known.add(f"{LINE}{BOUGHT}")
    if figure not in known:
        return None
    value = _Value(page, baseline)
    if figure.startswith(PART):
        return _part(value, figure.removeprefix(PART))
    if figure.startswith(LINE):
        line = figure.removeprefix(LINE)
        return _line(value, line) if month is None else _month(value, line, month)
    return {NPV: _npv, TOTAL: _total, PEAK: _peak, IRR: _irr, PAYBACK: _payback, DISCOUNTED: _discounted}[figure](value)


def _npv(value: _Value) -> Explained:
    factors = value.factors
    rows = _months(value, lambda month, flow: (_factor(factors[month]), words.dollars(round_half_up(flow * factors[month]))))
    found = round_half_up(present_value(value.flows, factors))
    formula = f"sum over months of value ÷ (1 + {100 * value.rate:.4g} %)^(month ÷ 12), rounded once at the end"
    columns = ("Month", "Value", "Discount factor", "Present value")
    return Explained(MEASURES[NPV], formula, columns, rows, words.dollars(found), words.dollars(value.summary["npv_cents"]))


def _total(value: _Value) -> Explained:
    found = sum(sum(value.line(line)) for line in value.lines)
    rows = tuple(Row((words.line_name(line), words.dollars(sum(value.line(line)))), f"{LINE}{line}") for line in value.lines)
    formula = "sum of all line items over all months"
    return Explained(
        MEASURES[TOTAL],
        formula,
        ("Line item", "All months"),
        rows,
        words.dollars(found),
        words.dollars(value.summary["total_cents"]),
    )


def _peak(value: _Value) -> Explained:
    together = list(accumulate(value.flows))
    found = max(0, -min(together))
    rows = _months(value, lambda month, flow: (words.dollars(together[month]),))
    formula = "the deepest point of the cumulative value, as a positive amount; nothing where it never goes below zero"
    columns = ("Month", "Value", "Together")
    return Explained(MEASURES[PEAK], formula, columns, rows, words.dollars(found), words.dollars(value.summary["peak_cash_cents"]))


def _payback(value: _Value) -> Explained:
    return _paid_back(value, PAYBACK, [Decimal(1)] * len(value.flows), "payback_month", "the value")


def _discounted(value: _Value) -> Explained:
    return _paid_back(value, DISCOUNTED, list(value.factors), "discounted_payback_month", "the present value")


def _paid_back(value: _Value, key: str, factors, stored: str, what: str) -> Explained:
    with localcontext(EXACT):
        together = list(accumulate(flow * factor for flow, factor in zip(value.flows, factors, strict=True)))
    below = [month for month, so_far in enumerate(together) if so_far < 0]
    found = 0 if not below else None if below[-1] == len(together) - 1 else below[-1] + 1
    rows = _months(value, lambda month, flow: (words.dollars(round_half_up(together[month])),))
    formula = f"the first month from which {what}, added up, stays at or above zero"
    columns = ("Month", "Value", "Together")
    return Explained(MEASURES[key], formula, columns, rows, words.payback_text(found), words.payback_text(value.summary[stored]))


def _irr(value: _Value) -> Explained:
    rate = value.summary["irr"]
    stated = words.irr_text(rate)
    if isinstance(rate, str):
        changes = "no rate brings" if rate == "none" else "several rates bring"
        rows = _months(value, lambda month, flow: ())
        return Explained(MEASURES[IRR], f"{changes} the sum of present values to zero", ("Month", "Value"), rows, stated, stated)
    if rate < words.LOWEST_RATE:
        return _irr_below(value, stated)
    factors = [(1 + rate) ** (-month / 12) for month in range(len(value.flows))]
    rows = _months(value, lambda month, flow: (_factor(factors[month]), words.dollars(round(flow * factors[month]))))
    left = sum(flow * factor for flow, factor in zip(value.flows, factors, strict=True))
    formula = f"the yearly rate at which the present values add up to zero; at {stated} they add up to {words.dollars(round(left))}"
    is_root = abs(left) <= max(1.0, 1e-9 * sum(map(abs, value.flows)))
    columns = ("Month", "Value", "Factor at that rate", "Present value")
    return Explained(MEASURES[IRR], formula, columns, rows, stated if is_root else "no root", stated)


def _irr_below(value: _Value, stated: str) -> Explained:
    """So far below nothing that late months weigh more than any number shows: found by the sign of the sum on either side."""
    above = sum(flow * (1 + words.LOWEST_RATE) ** (-month / 12) for month, flow in enumerate(value.flows))
    last = next(flow for flow in reversed(value.flows) if flow)  # outweighs all others at lower rates still
    formula = (
        f"the yearly rate at which the present values add up to zero; at −90 % they add up to {words.dollars_short(round(above))}, at rates "
        f"lower still the last month's {words.dollars(last)} outweighs all others, so that the rate lies between"
    )
    rows = _months(value, lambda month, flow: ())
    return Explained(MEASURES[IRR], formula, ("Month", "Value"), rows, stated if (above > 0) != (last > 0) else "no root", stated)


def _part(value: _Value, part: str) -> Explained:
    lines = [line for line in value.lines if part_of(line) == part]
    exact = {line: present_value(value.line(line), value.factors) for line in lines}
    rows = tuple(
        Row(
            (words.line_name(line), words.dollars(sum(value.line(line))), words.dollars(round_half_up(exact[line]))),
            f"{LINE}{line}",
        )
        for line in lines
    )
    with localcontext(EXACT):
        found = round_half_up(sum(exact.values(), Decimal(0)))
    stated = value.summary["parts_npv_cents"][part]
    formula = "sum of the present values of its line items"
    if 0 < abs(found - stated) <= len(PARTS):  # the parts are made to add up to the value; the largest takes what is left
        formula += f"; {words.dollars(stated - found)} of rounding are added so that all parts make up the net present value"
        found = stated
    columns = ("Line item", "Not discounted", "Present value")
    return Explained(words.PART_NAMES[part], formula, columns, rows, words.dollars(found), words.dollars(stated))


def _line(value: _Value, line: str) -> Explained:
    flows, factors = value.line(line), value.factors
    rows = tuple(
        Row((str(month), words.dollars(flow), words.dollars(round_half_up(flow * factors[month]))), f"{LINE}{line}", month)
        for month, flow in enumerate(flows)
        if flow
    )
    stated = sum(flows)
    columns = ("Month", "Scenario less baseline", "Present value")
    formula = "sum over months, each rounded to the cent; a month opens what it is made of"
    return Explained(words.line_name(line), formula, columns, rows, words.dollars(stated), words.dollars(stated))


def _month(value: _Value, line: str, month: int) -> Explained | None:
    inputs = inputs_of(value.page.center)
    if not 0 <= month <= inputs.horizon:
        return None
    made = line_month(inputs, line, value.baseline, month)
    formulas, names = step_formulas(value.page.center, line, value.baseline, month), step_names(value.page.center)
    counted = any(step.each is not None for step in made.steps)
    rows = tuple(
        Row((names.get(step.name, step.name), *_counts(step, counted), formulas[step.name]), *_opens(line, step.name))
        for step in made.steps
    )
    name = words.BASELINE_NAMES[value.baseline].lower()
    formula = (
        f"{'number × each' if counted else 'the rows'}, summed and rounded: {words.dollars(made.scenario_cents)} in the scenario less "
        f"{words.dollars(made.baseline_cents)} under “{name}”"
    )
    columns = ("What", *(("In the scenario", f"Under “{name}”", "Each") if counted else ()), "Scenario", "Baseline", HOW)
    title = f"{words.line_name(line)}, month {month}"
    stated = made.cents if line == BOUGHT else value.line(line)[month]
    return Explained(title, formula, columns, rows, words.dollars(made.cents), words.dollars(stated))


def _counts(step: Step, counted: bool) -> tuple[str, ...]:
    """Numbers and what each is worth, where the line counts something; then the amounts."""
    amounts = (words.dollars(round_half_up(step.scenario)), words.dollars(round_half_up(step.baseline)))
    if not counted:
        return amounts
    each = "" if step.each is None else words.dollars(round_half_up(step.each))
    return (_number(step.in_scenario), _number(step.in_baseline), each, *amounts)


def _opens(line: str, step: str) -> tuple[str, int] | tuple[()]:
    """A balance opens the drugs bought in its month."""
    found = re.search(r"month (\d+)$", step) if line == WORKING_CAPITAL else None
    return (f"{LINE}{BOUGHT}", int(found[1])) if found else ()


def _months(value: _Value, more) -> tuple[Row, ...]:
    return tuple(Row((str(month), words.dollars(flow), *more(month, flow))) for month, flow in enumerate(value.flows))


def _factor(factor) -> str:
    return f"{factor:.6f}"


def _number(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.4f}".rstrip("0").rstrip(".")
