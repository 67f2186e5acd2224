"""Sheets that show what was computed and do not calculate: contributions, break-even, draws; they say so."""

from roi import words
from roi.engine.break_even import HEADLINE_KEYS
from roi.engine.cash_flow import BASELINES
from roi.engine.contributions import PATIENTS, PAYER, THERAPY
from roi.engine.marks import MARKS
from roi.engine.typed_volumes import Volume
from roi.selectors.inputs import volume_name
from roi.selectors.workbook_book import CENTS, FIRST_ROW, Book, row_height, sum_of_columns

AS_COMPUTED = "As computed: it does not follow what is changed in blue cells."


def write_computed(made: Book, summary: dict, volumes: list[Volume]) -> None:
    _measured(made, volumes)
    _contributions(made, summary)
    _break_even(made, summary)
    _draws(made, summary)


def _measured(made: Book, volumes: list[Volume]) -> None:
    """What the claims say beside what is used."""
    sheet = made.sheet(
        "Measured volumes", "Infusions a month: measured and used", f"Another number than the measured one is a guess. {AS_COMPUTED}",
        ("Volume", "Measured", "Used", "Used less measured", "Why another number", "Who says so"), (52, 14, 14, 14, 44, 30),
    )  # fmt: skip
    for row, volume in enumerate(volumes, start=FIRST_ROW):
        sheet.write_string(row, 0, volume_name(volume.key))
        for column, amount in enumerate((volume.measured, volume.used, volume.used - volume.measured), start=1):
            sheet.write_number(row, column, float(amount), made.number)
        for column, text in enumerate((volume.typed.reason, volume.typed.said_by) if volume.typed else (), start=4):
            sheet.write_string(row, column, text, made.wrap)


def _contributions(made: Book, summary: dict) -> None:
    for way, name in ((PAYER, "Payers"), (THERAPY, "Therapies"), (PATIENTS, "Patients")):
        rows = summary.get("contributions", {}).get(way, [])
        sheet = made.sheet(
            name, f"What each {'group of patients' if way == PATIENTS else way} contributes", f"Present value against doing nothing; what takes value away stands first. {AS_COMPUTED}",
            (name, "Present value", "Infusions at the site"), (44, 22, 22),
        )  # fmt: skip
        for row, item in enumerate(rows, start=FIRST_ROW):
            sheet.write_string(row, 0, words.contribution_name(item["name"]))
            sheet.write_number(row, 1, item["npv_cents"] / CENTS, made.money)
            sheet.write_number(row, 2, item["infusions"], made.tenths)
        sum_of_columns(made, sheet, FIRST_ROW + len(rows), [sum(item["npv_cents"] for item in rows)], 1)


def _break_even(made: Book, summary: dict) -> None:
    solved = summary.get("break_even", {})
    sheet = made.sheet(
        "Break-even", "Where it breaks even", f"Each input alone, all others as answered, against doing nothing. {AS_COMPUTED}",
        ("Input", "Is", "Would have to be"), (48, 60, 60), words=3,
    )  # fmt: skip
    for row, key in enumerate((key for key in HEADLINE_KEYS if key in solved), start=FIRST_ROW):
        one = solved[key]
        texts = (words.break_even_label(key), words.input_value(key, one["likely"]))
        found = "nowhere in its range" if one["value"] is None else words.input_value(key, one["value"])
        for column, text in enumerate((*texts, found)):
            sheet.write_string(row, column, text)


def _draws(made: Book, summary: dict) -> None:
    drawn = summary.get("uncertainty")
    note = f"{drawn['draws']:,} draws, seed {drawn['seed']}. {AS_COMPUTED}" if drawn else "Not drawn."
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
    widths = (48, 11, 30, 30, 30, 12, 18, 20, 20)
    sheet = made.sheet("Draws", "How sure is it", note, head, widths, words=5)
    if not drawn:
        return
    total = sum(one["share"] for one in drawn["inputs"]) or 1
    row = FIRST_ROW
    for one in drawn["inputs"]:
        texts = [words.input_label(one["key"]), one["mark"]]
        texts += [words.input_value(one["key"], one[end]) for end in ("low", "likely", "high")]
        sheet.set_row(row, row_height(texts, widths))
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text, made.wrap)
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
