"""What a market's launch checklist says of opening costs and the opening month, as a scenario's answers."""

import datetime as dt
from dataclasses import replace
from math import ceil

from demand.engine.capacity import month_after
from demand.selectors.readiness_lists import readiness_of
from roi.engine.infusion_center import Answer
from roi.engine.marks import BORROWED, Source

WEEKS_A_MONTH = 52 / 12
ON_THE_LIST = ("licences_opening", "accreditation_opening")


def launch_answers(market: str, site_type: str, first_month: dt.date, opens_in: dt.date, today: dt.date) -> dict[str, Answer]:
    """Answers by field; none where nothing on the checklist is unfinished. The opening is never moved forward."""
    ready = readiness_of(market, site_type)
    if not ready.launch.unfinished:
        return {}
    earliest = month_after(first_month, ceil(ready.launch.weeks_side_by_side / WEEKS_A_MONTH))
    answers = {"opens_in": Answer(f"{max(opens_in, earliest):%Y-%m}")}
    if ready.launch.cost_cents:
        less = ", less what resources of ours save" if ready.saved_cents else ""
        words = f"Launch checklist of {market}: {len(ready.launch.unfinished)} unfinished items with contingency{less}. Leave out of the building cost what is in it"
        dollars = f"{ready.cost_left_cents // 100}.{ready.cost_left_cents % 100:02d}".removesuffix(".00")
        source = Source(BORROWED, words, f"{today:%Y-%m-%d}")
        answers["opening_costs"] = Answer(dollars, source)
        answers |= {key: Answer("0", replace(source, text=f"In the launch checklist of {market}")) for key in ON_THE_LIST}
    return answers
