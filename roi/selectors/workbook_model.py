"""The cash flow as sheets that calculate: inputs, patient groups, costs and volumes, and each line item's formula on them.

What somebody changes in a blue cell goes through the same steps as in roi.engine.worlds: volumes, ramp, chairs, margins, working capital.
Defined names stand for the groups' columns, so that a formula reads like the definition it follows.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cached_property

from xlsxwriter.utility import xl_col_to_name

from roi import words
from roi.engine import worlds
from roi.engine.break_even import VOLUME
from roi.engine.center_fields import FIELDS
from roi.engine.cents import EXACT, round_half_up
from roi.engine.chairs import chair_use
from roi.engine.cost_formula import A_MONTH, AN_INFUSION, OUTLAYS
from roi.engine.field import MONEY, MONTH, PERCENT, YES_NO
from roi.engine.infusion_center import Center, inputs_of, values_of
from roi.engine.inputs import ZERO, Inputs
from roi.engine.line_month import bought
from roi.engine.price_parts import PartedGroup, parted_groups
from roi.engine.yearly import Yearly, month_number
from roi.selectors import workbook_book as look
from roi.selectors.inputs import shown_sections
from roi.selectors.workbook_book import CENTS, FIRST_ROW, Book, row_height
from roi.selectors.workbook_costs import COST_ROW, EVERY, OUTLAY_ROW, RENAMED, write_costs
from roi.selectors.workbook_month import PATIENT_LINES, TAKEN_LINES, Month

NEVER = 9999
NEVER_FORMAT = f'[>={NEVER}]"never";0'
# Answers that formulas read; what comes and what an infusion brings stands by group.
IN_COSTS = set(re.findall(r"[a-z][a-z_]+", " ".join((*A_MONTH.values(), *AN_INFUSION.values(), *OUTLAYS.values()))))
IN_VOLUMES = {
    "rate", "first_month", "opens_in", "growth", "asp_erosion", "negotiated_cut", "chairs", "open_hours", "target_use", "receivable_days",
    "stock_days", "supplier_days", "release",
}  # fmt: skip
FIXED = ("share", "needs_chairs")  # every group's amounts hold them already
LIVE = (IN_COSTS & FIELDS.keys() | IN_VOLUMES) - set(FIXED)
GROUP_NAMES = (
    "infusions", "new_to_us", "leaves_in", "share_who_come", "share_who_return", "chair_minutes", "negotiated_from",
    "hospital_fixed", "hospital_moving", "hospital_340b", "hospital_bought", "site_fixed", "site_moving", "site_340b", "site_bought",
    "coming_share", "come_from", "by_risk", "rates_from", "rates_until",
)  # fmt: skip
GROUP_HEADS = (
    "Infusions a month, first month", "New to us (1) or ours (0)", "They leave in month", "Share who come to the site",
    "Share who come, had they left before it opened", "Chair minutes", "Negotiated Medicare price from month",
    "Hospital margin: what stays", "Hospital margin: what moves with drug prices", "Hospital 340B benefit", "Drug bought, hospital",
    "Site margin: what stays", "Site margin: what moves with drug prices", "Site 340B benefit", "Drug bought, site",
    "Share in effect", "Come from month", "A policy (0) or none (1) makes them leave", "At these contract rates from month", "Until before month",
)  # fmt: skip
VOLUME_HEADS = (
    "Month", "Volume level", "Price level", "Ramp", "Infusions asked for", "Chairs needed", "Share that fits", "Infusions given",
    "Drugs bought: scenario", "Drugs bought: do nothing", "Drugs bought: today unchanged",
    "Tied up: scenario", "Tied up: do nothing", "Tied up: today unchanged",
)  # fmt: skip
BLUE = "Blue cells may be changed"


@dataclass(frozen=True)
class Model:
    """A version's inputs, ready to be written as sheets."""

    center: Center

    @cached_property
    def value(self) -> dict:
        return values_of(self.center)

    @cached_property
    def inputs(self) -> Inputs:
        return inputs_of(self.center)

    @cached_property
    def groups(self) -> list[PartedGroup]:
        with localcontext(EXACT):
            return [group for cell in self.center.market.cells for group in parted_groups(cell, self.value)]

    def lines(self, baseline: str) -> list[str]:
        """Every line item that these inputs, or others in the blue cells, can bring."""
        return [*PATIENT_LINES, *(TAKEN_LINES if baseline == worlds.TODAY else ()), *EVERY, worlds.WORKING_CAPITAL]

    def formula(self, line: str, baseline: str, month: int) -> str:
        """What a statement's cell of that month holds, scenario less baseline."""
        if line.startswith(worlds.OUTLAY):
            return f"=-ROUND(Costs!$B${OUTLAY_ROW[line.removeprefix(worlds.OUTLAY)] + 1},2)" if month == 0 else "=0"
        if month == 0:
            return "=0"
        this = Month(month)
        if line.startswith(worlds.COST):
            row = COST_ROW[line.removeprefix(worlds.COST)] + 1
            return f"=ROUND(-Costs!$B${row}*({this.number}>=opens)-Costs!$C${row}*{this.given},2)"
        if line == worlds.WORKING_CAPITAL:
            return this.working_capital(baseline, is_last=month == self.inputs.horizon)
        return f"={(PATIENT_LINES | TAKEN_LINES)[line](this)}"


def write_model(made: Book, model: Model) -> None:
    _inputs(made, model)
    _groups(made, model)
    write_costs(made, model.inputs, model.value["ramp"])
    _volumes(made, model)


WIDTHS = (24, 48, 34, 11, 60, 12)


def _inputs(made: Book, model: Model) -> None:
    sheet = made.sheet(
        "Inputs", "Inputs", f"What every number rests on. {BLUE}: statements, answer and bridge follow; what the others made stands on the next two sheets.",
        ("Section", "Input", "Value", "Mark", "Source", "Its date"), WIDTHS, words=6,
    )  # fmt: skip
    sheet.write_string(FIRST_ROW, 0, "Who comes", made.wrap)
    sheet.write_string(FIRST_ROW, 1, words.break_even_label(VOLUME), made.wrap)
    sheet.write_number(FIRST_ROW, 2, 1, made.blue('0.0##%" of what the data say"', "left"))
    sheet.write_string(FIRST_ROW, 3, "a choice", made.wrap)
    made.book.define_name("all_volumes", f"=Inputs!$C${FIRST_ROW + 1}")
    asked, row = set(), FIRST_ROW + 1
    for section in shown_sections(model.center):
        for shown in section.inputs:
            source = shown.source
            sheet.set_row(row, row_height((section.title, shown.label, shown.value, "", source.text if source else ""), WIDTHS))
            for column, text in ((0, section.title), (1, shown.label), (3, source.mark if source else "a choice")):
                sheet.write_string(row, column, text, made.wrap)
            if shown.key in LIVE:
                asked.add(shown.key)
                _write_live(made, sheet, row, shown.key, model.value[shown.key])
                made.book.define_name(RENAMED.get(shown.key, shown.key), f"=Inputs!$C${row + 1}")
            else:
                sheet.write_string(row, 2, shown.value, made.wrap)
            for column, text in ((4, source.text), (5, source.as_of)) if source else ():
                sheet.write_string(row, column, text, made.wrap)
            row += 1
    for key in sorted((LIVE | set(FIXED)) - asked):  # what this option does not ask stands as it is
        made.book.define_name(RENAMED.get(key, key), f"={_constant(key, model.value[key])}")
    months = "(YEAR(opens_in)-YEAR(first_month))*12+MONTH(opens_in)-MONTH(first_month)+1"
    made.book.define_name("opens", f"={months}")


def _write_live(made: Book, sheet, row: int, key: str, value) -> None:
    field = FIELDS[key]
    if field.kind == YES_NO:
        sheet.write_string(row, 2, "yes" if value else "no", made.blue("@", "left"))
        sheet.data_validation(row, 2, row, 2, {"validate": "list", "source": ["yes", "no"]})
    elif field.kind == MONTH:
        sheet.write_datetime(row, 2, value, made.blue("mmm yyyy", "left"))
    elif field.kind == PERCENT:
        sheet.write_number(row, 2, float(value), made.blue(f'0.0##%"{field.unit.removeprefix("%")}"', "left"))
    else:
        is_money = field.kind == MONEY
        number = value / CENTS if is_money else value
        digits = "#,##0" if number == int(number) else "#,##0.00##"
        unit = field.unit.removeprefix("$").strip()
        shown = f"{'$' if is_money else ''}{digits}" + (f'" {unit}"' if unit else "")
        sheet.write_number(row, 2, float(number), made.blue(shown, "left"))


def _constant(key: str, value) -> str:
    """An answer that no cell holds, as a formula."""
    kind = FIELDS[key].kind
    if key == "needs_chairs":
        return str(int(value))
    if kind == YES_NO:
        return '"yes"' if value else '"no"'
    return f"{value / CENTS:f}" if kind == MONEY else f"{value:f}"


def _groups(made: Book, model: Model) -> None:
    sheet = made.sheet(
        "Groups", "Patient groups", f"{BLUE}. Amounts in dollars an infusion, at the first month's prices.", ("Patient group", *GROUP_HEADS),
        (60, *(15 for _ in GROUP_NAMES)),
    )  # fmt: skip
    until = made.book.add_format({"num_format": NEVER_FORMAT})
    row = FIRST_ROW
    for parted in model.groups:
        _write_group(made, sheet, row, model, parted)
        sheet.write_number(row, 20, NEVER if parted.last == model.inputs.horizon else parted.last + 1, until)
        row += 1
    if not model.groups:  # names need a row to stand for
        sheet.write_string(row, 0, "No patients")
        for column in range(1, len(GROUP_NAMES) + 1):
            sheet.write_number(row, column, 0)
        row += 1
    for column, name in enumerate(GROUP_NAMES, start=1):
        at_column = xl_col_to_name(column)
        made.book.define_name(name, f"=Groups!${at_column}${FIRST_ROW + 1}:${at_column}${row}")


def _write_group(made: Book, sheet, row: int, model: Model, parted: PartedGroup) -> None:
    group, value = parted.group, model.value
    leaves = group.leave_month or NEVER
    negotiated = parted.cell.negotiated_from
    from_month = NEVER if negotiated is None else month_number(value["first_month"], negotiated)
    sheet.write_string(row, 0, words.group_name(group.name, parted.cell.line_of_business))
    sheet.write_number(row, 1, float(group.infusions), made.blue("#,##0.0###"))
    sheet.write_number(row, 2, int(group.is_new))
    sheet.write_number(row, 3, leaves, made.blue(NEVER_FORMAT))
    for column, share in ((4, group.capture), (5, group.recapture)):
        sheet.write_number(row, column, float(share), made.blue("0.0##%"))
    sheet.write_number(row, 6, float(group.chair_minutes), made.blue("0"))
    sheet.write_number(row, 7, from_month, made.blue(NEVER_FORMAT))
    parts = (parted.hospital, parted.site)
    amounts = [amount for part in parts for amount in (part.fixed, part.moving, part.benefit_340b, part.bought)]
    for column, cents in enumerate(amounts, start=8):
        sheet.write_number(row, column, float(cents / CENTS), made.blue(look.MONEY))
    gone = leaves < model.inputs.opens
    excel = row + 1
    sheet.write_formula(
        row, 16, f"=IF(D{excel}<opens,F{excel},E{excel})", made.share, float(group.recapture if gone else group.capture)
    )
    sheet.write_formula(row, 17, f"=IF(D{excel}>={NEVER},0,D{excel})", made.plain, group.leave_month or 0)
    sheet.write_number(row, 18, int(group.by_risk))
    sheet.write_number(row, 19, parted.first)


def _volumes(made: Book, model: Model) -> None:
    """Levels, infusions, chairs and the money tied up, month by month."""
    sheet = made.sheet(
        "Volumes", "Volumes, chairs and working capital by month", "Everything here is calculated; levels are against the first month.",
        VOLUME_HEADS, (8, *(15 for _ in VOLUME_HEADS[1:])),
    )  # fmt: skip
    formats = (made.plain, made.factor, made.factor, made.share, *(made.number,) * 2, made.share, made.number, *(made.money,) * 6)
    for month, values in enumerate(_computed(model)):
        row = FIRST_ROW + month
        sheet.write_number(row, 0, month)
        for column, (formula, value) in enumerate(zip(_volume_formulas(model, month), values, strict=True), start=1):
            sheet.write_formula(row, column, f"={formula}", formats[column], float(value))


def _volume_formulas(model: Model, month: int) -> tuple[str, ...]:
    """The columns of “Volumes” after the month; before the first month everybody is at the hospital."""
    this, year = Month(month), f"INT((MAX({Month(month).number},1)-1)/12)"
    asked = f"{this.volume}*{this.at('D')}*SUMPRODUCT({this.infusions}*{this.coming}"
    chairs = ("0", "1")
    if model.value["needs_chairs"]:
        chairs = f"{asked}*chair_minutes)/(open_hours*52/12*60*target_use)", f"IF({this.at('F')}>chairs,chairs/{this.at('F')},1)"
    if month:
        today = f"{this.volume}*SUMPRODUCT({this.infusions}*(1-new_to_us)*hospital_bought*{this.price})"
        nothing = f"{this.volume}*SUMPRODUCT({this.infusions}*{this.still_here}*hospital_bought*{this.price})"
        moved = f"SUMPRODUCT({this.infusions}*{this.coming}*(site_bought-{this.still_here}*hospital_bought)*{this.price})"
        drugs = (f"{this.at('J')}+{this.site_level}*{moved}", nothing, today)
    else:
        drugs = (Month(1).at("K"),) * 3
    return (
        f"all_volumes*(1+yearly_growth)^{year}",
        f"(1-yearly_price_fall)^{year}",
        f"IF({this.number}<opens,0,INDEX(ramp,MIN(INT(({this.number}-opens)/6)+1,ROWS(ramp))))",
        f"{asked})",
        *chairs,
        f"{this.at('E')}*{this.at('G')}",
        *drugs,
        *(f"ROUND({this.at(column)}*12/365*(receivable_days+stock_days-supplier_days),2)" for column in "IJK"),
    )


def _computed(model: Model) -> list[tuple]:
    """The same columns as the engine has them, by month."""
    inputs, use = model.inputs, chair_use(model.inputs)
    with localcontext(EXACT):
        yearly, made = Yearly(model.value, inputs.horizon), []
        for month in range(inputs.horizon + 1):
            drugs = [
                bought(inputs, use, baseline, month, with_site)
                for baseline, with_site in ((worlds.DO_NOTHING, True), (worlds.DO_NOTHING, False), (worlds.TODAY, False))
            ]
            tied = [Decimal(round_half_up(cents * 12 / 365 * inputs.days.net)) for cents in drugs]
            levels = (yearly.volume_level(max(month, 1)), yearly.price_level(max(month, 1), None))
            volumes = (ZERO, ZERO, ZERO, Decimal(1), ZERO)
            if month:
                needed = use.needed[month - 1] if use.needed else ZERO
                volumes = (inputs.ramped(month), use.wanted[month - 1], needed, use.fits[month - 1], use.given[month - 1])
            made.append((*levels, *volumes, *(cents / CENTS for cents in (*drugs, *tied))))
    return made
