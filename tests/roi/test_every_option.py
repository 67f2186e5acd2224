"""Every option: it leaves and enters as a file, and each of its line items is rebuilt."""

import datetime as dt

import pytest

from roi.actions import scenarios
from roi.actions.scenario_files import exported, import_scenario
from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import Center, default_answers, inputs_of
from roi.engine.line_month import line_month
from roi.engine.options import OPTIONS
from roi.engine.scenario_file import read_scenario_file
from roi.models import ScenarioResult
from roi.selectors.market import data_at_hand, read_market
from roi.tasks import scenario as work
from tests.roi.conftest import FIRST_MONTH

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_reproduced_and_taken_apart_to_the_cent(published, option):
    market = read_market(data_at_hand().run, "", FIRST_MONTH)
    answers = default_answers(FIRST_MONTH, dt.date(2026, 7, 1), option)
    center = Center(answers, market.at_class(OPTIONS[option].site_class), {}, option)
    saved = scenarios.create_scenario(None, option, center)
    work(saved.run.pk)
    result = ScenarioResult.objects.get(version=saved.version)

    imported = import_scenario(None, read_scenario_file(exported(result).as_text()), name="Imported", from_inputs=True)
    work(imported.saved.run.pk)
    again = ScenarioResult.objects.get(version=imported.saved.version)
    assert (imported.is_same, again.summary) == (True, result.summary)

    inputs = inputs_of(center)
    for baseline, value in cash_flow(inputs).values.items():
        for line, flows in value.lines.items():
            for month in (0, 1, 2, 13, inputs.horizon):
                assert line_month(inputs, line, baseline, month).cents == flows[month], (line, month)
