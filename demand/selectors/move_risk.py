"""Who is likely to move out next, as pages show it: expected movers by payer, therapy, site and month, and how far to trust them.

Expected movers are sums of risks, so they are no counts of people; what is counted are the treatments they are of. Without the
patient-level right a group with 1 to 10 people is hidden, and with it what would give it away by subtraction from the other groups;
tenths of the calibration are joined until none tells of 1 to 10 who moved or stayed.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demand.engine.capacity import month_after
from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN, Axis, Mark, hidden_cells
from demand.models import Run
from demand.selectors.facts import ResultsMissing, ask_tables, results_key
from demand.words import named
from payers.selectors.forecasts import Forecasted, forecasted
from sites.models import Site

BAND_Z = 1.2816  # 80 %
BY = {"payer": "payer", "therapy": "family", "site": "coalesce(site_id, 'unknown')"}
GROUPS = """
SELECT {column} AS name, count(*), count(DISTINCT person_no), sum(risk), sum(risk_certain), sum(risk_all), sum(risk * (1 - risk))
FROM {{risk}}
GROUP BY 1
ORDER BY 4 DESC, 1
"""
MONTHS = """
SELECT place, sum(months[place]), sum(months[place] * (1 - months[place]))
FROM {risk}, range(1, 13) AS ahead(place)
GROUP BY place
ORDER BY place
"""
COLUMNS = (
    "person_id", "family", "payer", "site_id", "site_class", "started_on", "last_infused_on", "next_expected_on", "risk",
    "risk_certain", "risk_all", "reasons",
)  # fmt: skip
PEOPLE = """
FROM {risk}
WHERE ($payer IS NULL OR payer = $payer) AND ($therapy IS NULL OR family = $therapy)
    AND ($site IS NULL OR coalesce(site_id, 'unknown') = $site)
"""


@dataclass(frozen=True)
class Expected:
    """Movers expected among so many treatments and people, with an 80 % interval of chance (sum of independent risks, normal)."""

    name: str
    treatments: int | Mark
    people: int | Mark
    expected: float | Mark
    certain: float | Mark  # if none of the announced and anticipated policies came
    with_all: float | Mark  # if all of them came
    low: float | Mark
    high: float | Mark

    @property
    def share(self) -> float | Mark:
        return HIDDEN if self.expected is HIDDEN else self.expected / self.treatments

    @property
    def is_hidden(self) -> bool:
        return self.people is HIDDEN


@dataclass(frozen=True)
class ExpectedMonth:
    month: dt.date
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Tenth:
    """Treatments whose risk lay between low and high: how many were expected to move, and how many did."""

    low: float
    high: float
    treatments: int
    expected: float
    moved: int

    @property
    def expected_share(self) -> float:
        return self.expected / self.treatments

    @property
    def moved_share(self) -> float:
        return self.moved / self.treatments

    @property
    def points_off(self) -> float:
        return 100 * (self.moved_share - self.expected_share)


@dataclass(frozen=True)
class WhoIsNext:
    """`card`: the model card that the run kept. `tenths`: empty where the forecast could not be judged."""

    run: Run
    card: dict
    forecast_on: dt.date | None
    total: Expected | None
    months: tuple[ExpectedMonth, ...]
    groups: dict[str, tuple[Expected, ...]]
    tenths: tuple[Tenth, ...]
    restricted: bool

    @property
    def is_judged(self) -> bool:
        return self.card["status"] != "too few"

    @property
    def last_band(self) -> tuple[float, float] | None:
        """80 % interval of chance around what the last forecast expected; None where it could not be judged. Each tenth counts as if
        its risks were alike, which can only make the interval wider."""
        if not self.is_judged:
            return None
        last = self.card["evaluation"]
        variance = sum(one["expected"] * (1 - one["expected"] / one["treatments"]) for one in last["deciles"])
        return _band(last["expected"], variance, last["treatments"])

    @property
    def is_last_outside(self) -> bool:
        """Whether more or fewer moved in the last forecast's year than that interval holds."""
        return self.last_band is not None and not self.last_band[0] <= self.card["evaluation"]["moved"] <= self.last_band[1]

    @property
    def by_base_rate(self) -> float | Mark | None:
        """How many the base rate would expect; None where there is none."""
        rate = self.card["training"]["base_rate"]
        if self.total is None or rate is None:
            return None
        return HIDDEN if self.total.is_hidden else rate * self.total.treatments


@dataclass(frozen=True)
class LikelyMover:
    person_id: str
    family: str
    payer: str
    site_id: str | None
    site_class: str | None
    started_on: dt.date
    last_infused_on: dt.date
    next_expected_on: dt.date | None
    risk: float
    risk_certain: float
    risk_all: float
    reasons: str

    @property
    def reason_list(self) -> list[str]:
        return [reason for reason in self.reasons.split(";") if reason]


def model_card(run: Run) -> dict:
    """ResultsMissing where the run was computed before risks were."""
    card = (run.result or {}).get("move_risk")
    if not card:
        raise ResultsMissing(f"Run {run.pk} keeps no risks to move: it was computed before they were; recompute, then look again.")
    return card


def who_is_next(run: Run, see_small: bool) -> WhoIsNext:
    """ResultsMissing where the run keeps no risks."""
    card = model_card(run)
    asked = {by: ask_tables(run, GROUPS.format(column=column)) for by, column in BY.items()}
    shown = None if see_small else _judged(run.pk, results_key(run))
    whole = ask_tables(run, GROUPS.format(column="'all'"))
    total = _expected(whole[0], not see_small and whole[0][2] < SMALLEST_SHOWN) if whole else None
    forecast_on = dt.date.fromisoformat(card["forecast_on"]) if card["forecast_on"] else None
    sites = dict(Site.objects.values_list("site_id", "name"))
    return WhoIsNext(
        run=run,
        card=card,
        forecast_on=forecast_on,
        total=total,
        months=_months(run, forecast_on) if total and not total.is_hidden else (),
        groups={
            by: tuple(
                replace(_expected(row, shown is not None and (by, str(row[0])) in shown), name=sites.get(row[0]) or str(row[0]))
                for row in rows
            )
            for by, rows in asked.items()
        },
        tenths=tenths(card, see_small),
        restricted=not see_small,
    )


def _expected(row: Sequence, hidden: bool) -> Expected:
    name, treatments, people, expected, certain, with_all, variance = row
    if hidden:
        return Expected(str(name), *[HIDDEN] * 7)
    low, high = _band(expected, variance, treatments)
    return Expected(str(name), treatments, people, expected, certain, with_all, low, high)


def _band(expected: float, variance: float, most: float) -> tuple[float, float]:
    half = BAND_Z * math.sqrt(variance)
    return max(0.0, expected - half), min(float(most), expected + half)


def _months(run: Run, first: dt.date) -> tuple[ExpectedMonth, ...]:
    return tuple(
        ExpectedMonth(month_after(first, place - 1), expected, *_band(expected, variance, float("inf")))
        for place, expected, variance in ask_tables(run, MONTHS)
    )


@lru_cache(maxsize=4)
def _judged(run_id: int, results: str) -> frozenset[tuple[str, str]]:
    """(by, group) of what is hidden: each split alone is shown beside the total."""
    rows = ask_tables(
        Run.objects.get(pk=run_id),
        f"SELECT person_no, {', '.join(f'CAST({column} AS VARCHAR)' for column in BY.values())} FROM {{risk}}",
    )
    if not rows:
        return frozenset()
    people = np.array([row[0] for row in rows], dtype=np.int64)
    axes, codes = [], []
    for place in range(1, len(BY) + 1):
        names = {name: number for number, name in enumerate(sorted({row[place] for row in rows}), start=1)}
        parent = np.r_[-1, np.zeros(len(names), dtype=np.int64)]
        levels = {"all": np.zeros(len(rows), dtype=np.int64), "each": np.array([names[row[place]] for row in rows], dtype=np.int64)}
        axes.append(Axis(levels, parent, np.zeros(len(parent), dtype=np.int64)))
        codes.append(names)
    released = [tuple("each" if place == split else "all" for place in range(len(BY))) for split in (-1, *range(len(BY)))]
    hidden = hidden_cells(axes, people, released)
    return frozenset(
        (by, name)
        for place, (by, names) in enumerate(zip(BY, codes, strict=True))
        for name, code in names.items()
        if hidden.contains([code if other == place else 0 for other in range(len(BY))])
    )


def tenths(card: dict, see_small: bool) -> tuple[Tenth, ...]:
    """The calibration, the lowest risks first; for readers without the right neighbours are joined until no count is small."""
    found: list[Tenth] = []
    for row in (card.get("evaluation") or {}).get("deciles", ()):
        found.append(Tenth(**row))
        if not see_small and len(found) > 1 and _tells(found[-2]):
            found[-2:] = [_joined(*found[-2:])]
    if not see_small and len(found) > 1 and _tells(found[-1]):
        found[-2:] = [_joined(*found[-2:])]
    return () if not see_small and found and _tells(found[0]) else tuple(found)


def _tells(tenth: Tenth) -> bool:
    return 0 < tenth.moved < SMALLEST_SHOWN or 0 < tenth.treatments - tenth.moved < SMALLEST_SHOWN


def _joined(one: Tenth, other: Tenth) -> Tenth:
    return Tenth(one.low, other.high, one.treatments + other.treatments, one.expected + other.expected, one.moved + other.moved)


@dataclass(frozen=True)
class Counted:
    """A site policy that may come: the likelihood with which the run counted it, and what is said of it now."""

    forecast: Forecasted
    likelihood: float

    @property
    def is_newer(self) -> bool:
        return abs(self.forecast.likelihood - self.likelihood) > 1e-9


def likelihoods_counted(run: Run) -> list[Counted]:
    """Site policies that are not in force, with the likelihood that the run's risks rest on; one that names nobody in the run rests on what
    is said now. A decided one counts as certain, or as none."""
    used = dict(ask_tables(run, "SELECT policy_id, any_value(likelihood) FROM {exposure} WHERE status <> 'in_force' GROUP BY 1"))
    return [
        Counted(one, used.get(one.policy.policy_id, one.likelihood))
        for one in forecasted()
        if one.policy.kind == "site_of_care" and one.policy.status != "in_force"
    ]


def mover_choices(run: Run) -> dict[str, list[tuple[str, str]]]:
    """payer, therapy, site -> the values that the forecast has, each with its name."""
    names = dict(Site.objects.values_list("site_id", "name"))
    found = {
        by: [value for (value,) in ask_tables(run, f"SELECT DISTINCT {column} FROM {{risk}} ORDER BY 1")]
        for by, column in BY.items()
    }
    return {
        by: [(value, f"{names[value]} ({value})" if by == "site" and value in names else named(value)) for value in values if value]
        for by, values in found.items()
    }


def likely_movers(
    run: Run, asked: dict[str, str | None], page: int | None = None, rows: int = 100
) -> tuple[int, list[LikelyMover]]:
    """(how many treatments fit, those of the page or all), the most likely to move first. asked: payer, therapy, site."""
    model_card(run)
    [(total,)] = ask_tables(run, f"SELECT count(*) {PEOPLE}", **asked)
    cut = f"LIMIT {rows} OFFSET {(page - 1) * rows}" if page else ""
    found = ask_tables(
        run,
        f"SELECT {', '.join(COLUMNS)} {PEOPLE} ORDER BY risk DESC, next_expected_on NULLS LAST, person_id, family {cut}",
        **asked,
    )
    return total, [LikelyMover(*row) for row in found]
