"""The scenario that the demo begins with: every default, on the newest claims run."""

import datetime as dt

from roi.actions.scenarios import Refused, Saved, create_scenario
from roi.engine.infusion_center import Answer, Center, default_answers
from roi.engine.market import HOSPITAL, Market
from roi.engine.marks import GUESSED, Source
from roi.models import Scenario
from roi.selectors.market import data_at_hand, read_market

NAME = "Example: an infusion center beside the hospital"
NOTE = "A small center, sized to the volumes of the data; everything else at its default."
SMALL = {
    "chairs": "2", "nurses": "1", "pharmacists": "0.2", "technicians": "0.2", "authorization_staff": "0.5",
    "counselors": "0.2", "square_feet": "600",
    "it_per_month": "1000", "insurance_per_month": "800", "courier_per_month": "400", "opening_costs": "20000", "capture_staying": "1", "capture_elsewhere": "30",
}  # fmt: skip
SEPARATE = Answer("no", Source(GUESSED, "Run as a company of its own, the example assumes; answer yes to see what that is worth"))


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
    market = max(markets, key=lambda each: sum(cell.infusions_per_month for cell in each.at(HOSPITAL)))
    if not market.cells:
        raise Refused("The newest run has no group of 11 people or more on infusion therapy to build a scenario on.")
    return create_scenario(user, NAME, Center(_answers(market, first_month), market), NOTE)


def _answers(market: Market, first_month: dt.date) -> dict[str, Answer]:
    """The center opens when the next policy takes patients from the hospital, else half a year on."""
    leaving = [cell.leaves_on for cell in market.at(HOSPITAL) if cell.leaves_on and cell.leaves_on >= first_month]
    opens = min(leaving, default=months_after(first_month, 6))
    answers = default_answers(first_month, min(opens, months_after(first_month, 12)))
    answers |= {key: Answer(text, Source(GUESSED, "Sized for the example")) for key, text in SMALL.items()}
    answers["hospital_affiliated"] = SEPARATE
    answers["site_name"] = Answer(f"{market.name} infusion center".strip().capitalize())
    return answers


def months_after(month: dt.date, number: int) -> dt.date:
    months = month.year * 12 + month.month - 1 + number
    return dt.date(months // 12, months % 12 + 1, 1)
