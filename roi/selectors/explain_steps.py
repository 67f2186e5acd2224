"""A line item of a month -> each of its steps' formula with the numbers in it, by the step's name (roi.engine.line_month)."""

import re
from collections.abc import Iterator
from decimal import Decimal, localcontext

from roi import words
from roi.engine import worlds
from roi.engine.center_fields import FIELDS
from roi.engine.cents import EXACT, round_half_up
from roi.engine.chairs import ChairUse, chair_use, share_who_come
from roi.engine.cost_formula import A_MONTH, AN_INFUSION, OUTLAYS, PAID_BY_PARTNER
from roi.engine.infusion_center import Center, groups_by_month, inputs_of, values_of
from roi.engine.inputs import Inputs, PatientGroup, at
from roi.engine.line_month import AT_HOSPITAL, AT_SITE, BENEFIT_LINES, BOUGHT, HOSPITAL_LINES, TAKEN_LINES, bought
from roi.engine.margin_formula import (
    hospital_benefit_formula,
    hospital_bought_formula,
    hospital_formula,
    site_benefit_formula,
    site_bought_formula,
    site_formula,
)
from roi.engine.market import Cell
from roi.engine.monthly_prices import cell_in_month
from roi.selectors.inputs import shown_value

# By (at the hospital, of 340B): what one infusion leaves.
EACH = {
    (False, False): site_formula,
    (False, True): site_benefit_formula,
    (True, False): hospital_formula,
    (True, True): hospital_benefit_formula,
}
_KEY = re.compile(r"[a-z][a-z_]+[a-z]")
_BY_CHAIRS = re.compile(r"MAX\((\w+),chairs\*needs_chairs.*?\)\)")  # staff where nobody needs a chair


def step_formulas(center: Center, line: str, baseline: str, month: int) -> dict[str, str]:
    """Every step that the line can have has one."""
    if line.startswith(worlds.OUTLAY):
        name = line.removeprefix(worlds.OUTLAY)
        return {name: f"− {cost_words(center, OUTLAYS[name])}"}
    if line.startswith(worlds.COST):
        name = line.removeprefix(worlds.COST)
        texts = {"a month": A_MONTH.get(name), "infusions at the site": AN_INFUSION.get(name)}
        if name == PAID_BY_PARTNER:
            return {"a month": cost_words(center, texts["a month"].removeprefix("-"))}
        return {step: f"− {cost_words(center, text)}" for step, text in texts.items() if text}
    with localcontext(EXACT):
        inputs = inputs_of(center)
        use = chair_use(inputs)
        if line == worlds.WORKING_CAPITAL:
            return _balances(inputs, use, baseline, month)
        if line == BOUGHT:
            return _purchases(center, max(month, 1))
        return _patients(center, inputs, use, line, month)


def step_names(center: Center) -> dict[str, str]:
    """By step of a patient group: its name with the line of business in words."""
    with localcontext(EXACT):
        answers = values_of(center)
        return {
            group.name + place: words.group_name(group.name, cell.line_of_business)
            + (f" (volume typed over {_number(cell.typed_over.measured)} measured)" if cell.typed_over else "")
            + place
            for cell in center.market.cells
            for group in groups_by_month(cell, answers)
            for place in ("", AT_HOSPITAL, AT_SITE)
        }


def cost_words(center: Center, formula: str) -> str:
    """A cost's formula with answers for their keys: 600 square feet × $32 a square foot and year ÷ 12. What changes nothing is left out."""
    if center.answers["needs_chairs"].text.strip() == "no":
        formula = _BY_CHAIRS.sub(r"\1", formula)
    for key, nothing in (("share", "100"), ("needs_chairs", "yes"), ("compounds", "yes")):
        if center.answers[key].text.strip() == nothing:
            formula = formula.replace(f"*{key}", "").replace(f'*({key}="yes")', "")
    spaced = formula.replace("MAX(", "the larger of (")
    for sign, word in (("*", " × "), ("/", " ÷ "), ("+", " + "), (",", " and ")):
        spaced = spaced.replace(sign, word)
    return _KEY.sub(lambda found: shown_value(found[0], center.answers[found[0]]) if found[0] in FIELDS else found[0], spaced)


def _patients(center: Center, inputs: Inputs, use: ChairUse, line: str, month: int) -> dict[str, str]:
    """By group: how many the line counts, and what each leaves."""
    at_hospital = line in (*HOSPITAL_LINES, *TAKEN_LINES)
    formula = EACH[at_hospital, line in BENEFIT_LINES]
    return {
        group.name: f"{_counted(inputs, use, group, month, at_hospital)}; each: {formula(cell, answers).words}"
        for cell, group, answers in _groups(center, month)
        if not (at_hospital and group.is_new)
    }


def _purchases(center: Center, month: int) -> dict[str, str]:
    made = {}
    for cell, group, answers in _groups(center, month):
        made[group.name + AT_SITE] = site_bought_formula(cell, answers).words
        if not group.is_new:
            made[group.name + AT_HOSPITAL] = hospital_bought_formula(cell, answers).words
    return made


def _groups(center: Center, month: int) -> Iterator[tuple[Cell, PatientGroup, dict]]:
    """Groups as the cash flow has them by month, each with its cell at the prices of this one."""
    answers = values_of(center)
    for cell in center.market.cells:
        priced = cell_in_month(cell, answers, month)
        for group in groups_by_month(cell, answers):
            yield priced, group, answers


def _counted(inputs: Inputs, use: ChairUse, group: PatientGroup, month: int, at_hospital: bool) -> str:
    infusions = f"{_number(at(group.infusions, month))} infusions a month"
    if month < inputs.opens:
        return infusions
    share, ramp, fits = share_who_come(inputs, group), inputs.ramped(month), use.fits[month - 1]
    come = f"{_percent(share)} who come × {_percent(ramp)} of full volume" + (
        f" × {_percent(fits)} whom the chairs hold" if fits < 1 else ""
    )
    if at_hospital:
        return infusions if group.leave_month or not share else f"{infusions}, less {come}"
    return f"{infusions} × {come}"


def _balances(inputs: Inputs, use: ChairUse, baseline: str, month: int) -> dict[str, str]:
    """Drugs bought in the month × 12 ÷ 365 × days, in the scenario and as the baseline has it."""
    days = inputs.days
    terms = f"× 12 ÷ 365 × ({_number(days.receivable)} + {_number(days.stock)} − {_number(days.supplier)}) days"

    def tied(at_month: int) -> str:
        ours, theirs = (
            words.dollars(round_half_up(bought(inputs, use, baseline, at_month, with_site))) for with_site in (True, False)
        )
        return f"{ours} of drugs bought in the month (baseline: {theirs}) {terms}"

    made = {f"tied up at the end of month {each}": tied(each) for each in (month - 1, month) if each >= 0}
    return made | {"released in the last month": f"what is tied up at its end: {tied(month)}"}


def _number(amount: Decimal) -> str:
    return f"{amount:,.4f}".rstrip("0").rstrip(".")


def _percent(share: Decimal) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + " %"
