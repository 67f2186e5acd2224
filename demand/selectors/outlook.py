"""What payers' policies put at risk in the months ahead, with each policy as likely as somebody said it is, or as the reader asks.

A reader without the patient-level right gets no policy that touches 1 to 10 people: it counts for nothing in any sum, so that no
likelihood that is moved gives a small count away; months that touch so few are hidden.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from demand import storage
from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.engine.export_tables import file_pattern
from demand.engine.outlook import Chance, OutlookMonth, outlook
from demand.models import Run
from demand.selectors.exposure import exposure_of
from demand.selectors.facts import ResultsMissing, ask_tables, cursor
from payers.models import Policy
from payers.selectors.forecasts import Forecasted, forecasted

HORIZONS = (12, 24)
TOUCHED = """
SELECT policy_id, count(DISTINCT person_no)
FROM {exposure}
WHERE coalesce(exposed_from, expected_from) IS NOT NULL AND verdict IN ('exposed', 'in_grace') AND active
GROUP BY policy_id
"""


@dataclass(frozen=True)
class Sum:
    """Over all months. Infusions and cents are expectations; people is the largest month's expectation."""

    people: object
    infusions: object
    allowed_cents: object


@dataclass(frozen=True)
class MonthAhead:
    """One month in three worlds: none of the policies that may come, each as likely as said, and all of them."""

    month: dt.date
    without: object
    expected: object
    with_all: object


@dataclass(frozen=True)
class PolicyAhead:
    """A policy that is not certain. `likelihood` is what counts here; `switching` the difference between 1 and 0, the others as they are."""

    forecast: Forecasted
    likelihood: float
    people: object
    switching: Sum | None

    @property
    def percent(self) -> int:
        return round(100 * self.likelihood)

    @property
    def nothing(self) -> object:
        """What stands where there is no difference to show: hidden, or nobody touched."""
        return HIDDEN if self.people is HIDDEN else 0


@dataclass(frozen=True)
class OutlookPage:
    run: Run
    first_day: dt.date
    end_day: dt.date
    months: tuple[MonthAhead, ...]
    expected: Sum
    without: Sum
    with_all: Sum
    policies: tuple[PolicyAhead, ...]
    few: tuple[Policy, ...]
    unknown_funding: bool


def outlook_page(
    run: Run, as_of: dt.date, months: int, asked: Mapping[str, float], unknown_funding: bool, see_small: bool
) -> OutlookPage:
    """`asked`: likelihoods of the reader's own, by policy id; they are not kept. ResultsMissing where the run keeps no exposures."""
    touched = dict(ask_tables(run, TOUCHED))
    few = {policy_id for policy_id, people in touched.items() if 0 < people < SMALLEST_SHOWN and not see_small}
    first_day = _first_of_month(as_of, 1)
    end_day = _first_of_month(first_day, months)
    known = forecasted()
    uncertain = [one for one in known if one.is_open]
    likelihoods = {one.policy.policy_id: asked.get(one.policy.policy_id, one.likelihood) for one in uncertain}
    chances = [
        Chance(one.policy.policy_id, likelihoods.get(one.policy.policy_id, one.likelihood), one.policy.effective_to)
        for one in known
        if one.policy.policy_id not in few
    ]

    def world(**said: float) -> tuple[OutlookMonth, ...]:
        as_said = [replace(one, likelihood=said.get(one.policy_id, one.likelihood)) for one in chances]
        return outlook(cursor(), _exposure(run), as_said, first_day, end_day, unknown_funding)

    expected = world()
    none, everything = world(**dict.fromkeys(likelihoods, 0.0)), world(**dict.fromkeys(likelihoods, 1.0))
    policies = []
    for one in uncertain:
        policy_id = one.policy.policy_id
        people = touched.get(policy_id, 0)
        switching = None
        if policy_id not in few and people:
            switching = _difference(_sum(world(**{policy_id: 1.0})), _sum(world(**{policy_id: 0.0})))
        # What the exposure pages hide would follow from this number.
        found = None if see_small else exposure_of(run, False, policy_id)
        hidden = policy_id in few or (found is not None and HIDDEN in (found.of(verdict) for verdict in ("exposed", "in_grace")))
        policies.append(PolicyAhead(one, likelihoods[policy_id], HIDDEN if hidden else people, None if hidden else switching))
    return OutlookPage(
        run=run,
        first_day=first_day,
        end_day=end_day,
        months=_side_by_side(none, expected, everything, see_small),
        expected=_sum(expected),
        without=_sum(none),
        with_all=_sum(everything),
        policies=tuple(policies),
        few=tuple(one.policy for one in known if one.policy.policy_id in few),
        unknown_funding=unknown_funding,
    )


def _exposure(run: Run) -> str:
    path = storage.run_folder(run.pk) / file_pattern("exposure")
    if not path.exists():
        raise ResultsMissing(f"Run {run.pk} keeps no exposures: it was computed before they were; recompute, then look again.")
    return "read_parquet('" + str(path).replace("'", "''") + "')"


def _side_by_side(none, expected, everything, see_small: bool) -> tuple[MonthAhead, ...]:
    shown = [{one.month: _shown(one, see_small) for one in world} for world in (none, expected, everything)]
    return tuple(MonthAhead(month, *(world[month] for world in shown)) for month in sorted(shown[1]))


def _shown(month: OutlookMonth, see_small: bool) -> object:
    return HIDDEN if 0 < month.people_touched < SMALLEST_SHOWN and not see_small else month


def _sum(months: tuple[OutlookMonth, ...]) -> Sum:
    return Sum(
        max((month.people for month in months), default=0.0),
        sum(month.infusions for month in months),
        sum(month.allowed_cents for month in months),
    )


def _difference(one: Sum, other: Sum) -> Sum:
    return Sum(one.people - other.people, one.infusions - other.infusions, one.allowed_cents - other.allowed_cents)


def _first_of_month(day: dt.date, later: int) -> dt.date:
    """The first day of the month that many months later."""
    number = day.year * 12 + day.month - 1 + later
    return dt.date(number // 12, number % 12 + 1, 1)
