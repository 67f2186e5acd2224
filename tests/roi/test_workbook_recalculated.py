"""The workbook in LibreOffice: every formula calculated anew is the screen to the cent, and follows what somebody changes in it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D
from io import BytesIO

import pytest
from django.urls import reverse
from xlsxwriter import Workbook

from roi import words
from roi.actions import scenarios
from roi.engine import worlds
from roi.engine.cash_flow import BASELINES, CashFlow, cash_flow
from roi.engine.infusion_center import Answer, Center, default_answers, inputs_of
from roi.engine.market import BETTER, HOSPITAL, RateChange
from roi.engine.options import CENTER, OPTIONS
from roi.models import ScenarioResult
from roi.selectors.market import data_at_hand, read_market
from roi.selectors.workbook import SHEETS
from roi.tasks import scenario as work
from tests.libreoffice import WRONG, Sheets, changed, formulas, sheets
from tests.roi.conftest import FIRST_MONTH

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

# Everything at once: 340B on both sides, prices and volumes that move, chairs that are too few, money that stays tied up.
RICH = {
    "site_340b": "yes", "growth": "2.5", "asp_erosion": "3", "biosimilar_mix": "30", "chairs": "1", "open_hours": "20", "denials": "3",
    "capture_staying": "35", "capture_elsewhere": "40", "new_referrals": "7", "ramp": "15, 45, 85", "release": "no", "horizon": "30",
    "hospital_affiliated": "no", "supplier_days": "12.5", "rate": "9.25",
}  # fmt: skip


def of_option(option: str, **answers) -> Center:
    market = read_market(data_at_hand().run, "", FIRST_MONTH)
    given = default_answers(FIRST_MONTH, dt.date(2026, 9, 1), option)
    given |= {key: Answer(text, given[key].source) for key, text in answers.items()}
    return Center(given, market.at_class(OPTIONS[option].site_class), {}, option)


def leaving(center: Center) -> Center:
    """Some leave without a policy, before the opening and after it; volumes fall; contract rates change twice."""
    rates = (RateChange(dt.date(2027, 2, 1), D("0.93"), D("1.04")), RateChange(dt.date(2028, 1, 15), D("0.97"), D(1)))
    months = tuple(D(place) / 1000 for place in range(4, 16))
    cells = tuple(
        replace(cell, risk=months, risk_from=FIRST_MONTH, site_changes=rates, hospital_changes=rates[:1])
        if cell.place == HOSPITAL
        else cell
        for cell in center.market.cells
    )
    return replace(center, market=replace(center.market, cells=cells, risk_status=BETTER))


def with_answers(center: Center, **answers) -> Center:
    return replace(
        center, answers=center.answers | {key: Answer(text, center.answers[key].source) for key, text in answers.items()}
    )


def computed(center: Center, name: str) -> ScenarioResult:
    saved = scenarios.create_scenario(None, name, center)
    work(saved.run.pk)
    return ScenarioResult.objects.select_related("version").get(version=saved.version)


def downloaded(client, result: ScenarioResult) -> bytes:
    return client.get(reverse("roi:workbook", args=[result.version.scenario_id, 1])).content


def cents(amount: float) -> int:
    return round(amount * 100)


def cell_of(book: Sheets, sheet: str, label: str, column: int) -> tuple[str, str]:
    """Where the row begins with that label, or holds it second."""
    row = next(number for number, row in enumerate(book[sheet], start=1) if label in row[:2])
    return sheet, f"{'ABCDEFGH'[column]}{row}"


def assert_is(book: Sheets, flow: CashFlow, name: str) -> None:
    """Answer, statements and bridge of a recalculated workbook are the engine's, every month of every line item."""
    answer, bridge = ({row[0]: row[1:] for row in book[sheet]} for sheet in ("Answer", "Bridge"))
    for column, baseline in enumerate(BASELINES):
        value, months = flow.values[baseline], book[SHEETS[baseline]][3:]
        assert cents(answer["Net present value"][column]) == value.npv_cents, (name, baseline)
        assert cents(answer["Not discounted"][column]) == value.total_cents
        assert cents(answer["Peak cash"][column]) == value.peak_cash_cents
        head = months[0]
        for line, flows in value.lines.items():
            at = head.index(words.line_name(line))
            assert [cents(row[at]) for row in months[1:]] == list(flows), (name, baseline, line)
        assert [cents(row[head.index("Value")]) for row in months[1:]] == list(value.flows)
        assert {part: cents(bridge[words.PART_NAMES[part]][column]) for part in value.parts_npv} == value.parts_npv, (
            name,
            baseline,
        )
        assert answer["Payback"][column] == words.payback_text(value.payback_month)
        assert answer["Payback, discounted"][column] == words.payback_text(value.discounted_payback_month)
        rate = answer["Internal rate of return"][column]
        stated = value.irr.as_json()
        assert rate == (stated if isinstance(stated, str) else pytest.approx(stated, abs=1e-6)), (name, baseline)


def test_every_option_recalculates_to_the_screen(published, as_reader, libreoffice):
    """All formulas of all sheets: what stands beside them, which pages show too, is what LibreOffice makes of them."""
    cases = {option: of_option(option) for option in OPTIONS} | {"rich": of_option(CENTER, **RICH)}
    cases["leaving"] = leaving(
        of_option(CENTER, **RICH | {"growth": "-4", "capture_risk": "45", "recapture": "15", "opens_in": "2026-09"})
    )
    assert {worlds.KEPT_RISK, worlds.RISK} < set(cash_flow(inputs_of(cases["leaving"])).values[worlds.TODAY].lines)
    results = {name: computed(center, name) for name, center in cases.items()}
    books = {name: downloaded(as_reader, result) for name, result in results.items()}
    for name, book in libreoffice.recalculated(books).items():
        assert len(formulas(books[name])) > 500
        assert_is(book, cash_flow(inputs_of(cases[name])), name)
        for sheet, rows in sheets(books[name]).items():
            for number, (row, again) in enumerate(zip(rows, book[sheet], strict=True), start=1):
                for shown, value in zip(row, again, strict=True):
                    assert value == (pytest.approx(shown, abs=0.005, rel=1e-9) if isinstance(shown, float) else shown), (
                        name,
                        sheet,
                        number,
                    )
                    assert value != WRONG


def test_what_is_typed_into_blue_cells_goes_through_to_the_answer(published, as_reader, libreoffice):
    """The workbook with other inputs is the engine with those inputs, month by month and to the cent."""
    center = of_option(CENTER, **RICH)
    content = downloaded(as_reader, computed(center, "rich"))
    book, inputs = sheets(content), inputs_of(center)

    def asked(label: str) -> tuple[str, str]:
        return cell_of(book, "Inputs", label, 2)

    def with_volumes(factor: str) -> Center:
        cells = tuple(replace(cell, infusions_per_month=cell.infusions_per_month * D(factor)) for cell in center.market.cells)
        return replace(center, market=replace(center.market, cells=cells))

    first, *others = inputs.groups
    typed = {
        "rate": ({asked("Discount rate"): 0.12}, inputs_of(with_answers(center, rate="12"))),
        "volume": ({asked("Volume, all patient groups alike"): 1.3}, inputs_of(with_volumes("1.3"))),
        "less": ({asked("Volume, all patient groups alike"): 0.37}, inputs_of(with_volumes("0.37"))),
        "months": (
            {asked("Opening month"): 46357, asked("Infusions grow by"): 0.06, asked("Payers pay after"): 75.0},  # December 2026
            inputs_of(with_answers(center, opens_in="2026-12", growth="6", receivable_days="75")),
        ),
        "chairs": (
            {asked("Chairs"): 9.0, asked("Open hours"): 44.5, asked("Working capital comes back in the last month"): "yes"},
            inputs_of(with_answers(center, chairs="9", open_hours="44.5", release="yes")),
        ),
        "costs": (
            {asked("Lease"): 41.5, asked("Nurse's pay"): 99_000.0, asked("The formulary needs sterile compounding on site"): "yes", asked("Courier"): 1234.56},
            inputs_of(with_answers(center, rent_per_square_foot="41.5", nurse_pay="99000", compounds="yes", courier_per_month="1234.56")),
        ),
        "group": (
            {("Groups", "B5"): float(first.infusions[0] * 2), ("Groups", "E5"): 0.0},
            replace(inputs, groups=(replace(first, infusions=tuple(n * 2 for n in first.infusions), capture=D(0)), *others)),
        ),
    }  # fmt: skip
    books = {name: changed(content, cells) for name, (cells, _) in typed.items()}
    for name, recalculated in libreoffice.recalculated(books).items():
        assert_is(recalculated, cash_flow(typed[name][1]), name)
        moved = next(row for row in recalculated["Answer"] if row[0] == "Changed by what was typed into blue cells")
        before = cash_flow(inputs).values["do_nothing"].npv_cents
        assert cents(moved[1]) == cash_flow(typed[name][1]).values["do_nothing"].npv_cents - before != 0


def test_a_formula_that_cannot_be_calculated_is_seen(libreoffice):
    stream = BytesIO()
    with Workbook(stream) as book:
        sheet = book.add_worksheet("One")
        sheet.write_formula("A1", "=NO_SUCH_NAME+1", value=3)
        sheet.write_formula("B1", "=1+1", value=3)
    with pytest.raises(AssertionError, match=r"'A1', '#NAME\?'"):
        libreoffice.recalculated({"one": stream.getvalue()})
