"""The income view: by hand, and the identity that ties it to the cash flow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roi.engine.cash_flow import cash_flow
from roi.engine.center_costs import BUILT
from roi.engine.income import income
from roi.engine.infusion_center import inputs_of
from roi.engine.worlds import WORKING_CAPITAL
from tests.roi.test_draws import mixed


def test_a_building_of_two_years_is_written_off_from_its_opening_on():
    lines = [(0, "outlay_building", -2_400), (0, "outlay_opening", -100), (7, "new_patient_margin", 500), (13, "cost_rent", -50)]
    first, second = income(lines, horizon=24, opens=7, years=2)[0]
    assert (first.margin, first.opening, first.depreciation, first.income) == (500, -100, -600, -200)
    assert (second.running, second.depreciation) == (-50, -1_200)
    assert income(lines, horizon=24, opens=7, years=2)[1] == 600


@settings(max_examples=20, deadline=None)
@given(years=st.floats(1, 40), opens=st.sampled_from(["2026-01", "2026-09", "2029-05"]))
def test_income_plus_what_is_tied_up_and_not_yet_written_off_is_the_cash(years, opens):
    made = mixed(opens_in=opens)
    value = cash_flow(inputs_of(made)).values["do_nothing"]
    lines = [(month, line, cents) for line, flows in value.lines.items() for month, cents in enumerate(flows)]
    found, left = income(lines, 60, inputs_of(made).opens, years)
    tied_up = sum(value.lines.get(WORKING_CAPITAL, ()))
    assert sum(one.income for one in found) + tied_up - left == value.total_cents
    assert sum(one.depreciation for one in found) - left == sum(sum(value.lines.get(f"outlay_{name}", ())) for name in BUILT)
    assert left >= 0
    assert all(one.depreciation <= 0 for one in found)


@pytest.mark.django_db
def test_the_page_shows_the_income_view(make, as_reader):
    scenario = make()
    page = as_reader.get(f"/scenarios/{scenario.pk}/")
    shown = next(figure for figure in page.context["figures"] if figure.key == "income")
    assert len(shown.table.rows) == 5
