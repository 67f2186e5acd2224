"""The scenario that the demo begins with: every default, on the newest claims run."""

import datetime as dt

from roi.actions.scenarios import Refused, Saved, create_scenario
from roi.engine.infusion_center import Answer, Center, default_answers
from roi.models import Scenario
from roi.selectors.market import data_at_hand, read_market

NAME = "Example: an infusion center beside the hospital"
NOTE = "Every input at its default; change them on the scenario's page."


def create_example_scenario(user) -> Saved | None:
    """The example on the market with most infusions in our hospitals; None where there is one already. Refused without data.

    Its first month is the second after the last month of claims, so that the same data make the same scenario on any day.
    """
    if Scenario.objects.filter(name=NAME).exists():
        return None
    data = data_at_hand()
    if data is None or data.last_month is None:
        raise Refused("No claims run is published yet; load claims first.")
    first_month = months_after(data.last_month, 2)
    markets = [read_market(data.run, name, first_month) for name in data.markets or ("",)]
    market = max(markets, key=lambda each: sum(cell.infusions_per_month for cell in each.at("hospital")))
    if not market.cells:
        raise Refused("The newest run has no group of 11 people or more on infusion therapy to build a scenario on.")
    answers = default_answers(first_month, months_after(first_month, 6))
    answers["site_name"] = Answer(f"{market.name.capitalize()} infusion center".strip().capitalize())
    return create_scenario(user, NAME, Center(answers, market), NOTE)


def months_after(month: dt.date, number: int) -> dt.date:
    months = month.year * 12 + month.month - 1 + number
    return dt.date(months // 12, months % 12 + 1, 1)
