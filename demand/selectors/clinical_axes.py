"""How a therapy's patients fare, by one of several measures that are never added; grain: one therapy family.

`late`: doses late for the person's own interval, of the doses with one before them. `stay`: people who must stay in the hospital by the
clinical line in force, of those on treatment whom it can judge. The others: infusions followed by a reaction, a hospital visit or an
infection, of those whose 30 days after lie in complete months (`demand.selectors.safety`). All over treatments that named prescribers
ordered, wherever they were given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.standardised_rates import Z, wilson_interval
from demand.engine.verdicts import MUST_STAY, NOT_ENOUGH_DATA
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.clinical_line import judged, saved_line, shown_to, standing_version, values_of
from demand.selectors.dashboard import Measure
from demand.selectors.facts import ask_tables, results_key, where_of
from demand.selectors.safety import Columns, followed_infusions, unfollowed_infusions
from demand.selectors.split_cells import AllShown, SplitCells

LATE, STAY = "late", "stay"
WITHIN = {"reaction": 1, "hospital": 1, "infection": 7}  # days after an infusion; no infection shows on the day


@dataclass(frozen=True)
class Axis:
    """key; its choice in words; what is counted, of what, and what stays unknown; the share in a sentence; what a therapy is high on; the fewest cases
    of which a share is spoken."""

    key: str
    name: str
    events: str
    of: str
    unknown: str
    said: str
    high: str
    least: int


AXES = {
    axis.key: axis
    for axis in (
        Axis(LATE, "Doses late or missed", "Late", "Doses with one before", "Other later doses", "of doses late", "late doses", 30),
        Axis(STAY, "People who must stay, by the clinical line", "Must stay", "People judged", "People not to be judged", "of people must stay", "people who must stay", SMALLEST_SHOWN),
        Axis("reaction", "Reactions on the day or the next", "With a reaction", "Infusions followed", "Not to be followed", "of infusions with a reaction", "reactions", 100),
        Axis("hospital", "Emergency visits and stays on the day or the next", "With a visit or stay", "Infusions followed", "Not to be followed", "of infusions with a hospital visit", "hospital visits", 100),
        Axis("infection", "Infections within 7 days", "With an infection", "Infusions followed", "Not to be followed", "of infusions with an infection", "infections", 100),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Clinical:
    """events of `of`; unknown: as many more of which it cannot be told. people, missed: with late doses alone."""

    clinical_line: str = "unknown"
    events: Measure | None = None
    of: Measure | None = None
    unknown: Measure | None = None
    people: Measure | None = None
    missed: Measure | None = None

    @property
    def share(self) -> float | None:
        """None for 0/0 and where it is hidden. Counts that were rounded for the reader may be of one size too many."""
        known = isinstance(self.events, int) and isinstance(self.of, int) and self.of
        return min(1.0, self.events / self.of) if known else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %, Wilson, each case by itself."""
        return None if self.share is None else wilson_interval(min(self.events, self.of), self.of, Z)

    @property
    def unknown_share(self) -> float | None:
        known = isinstance(self.unknown, int) and isinstance(self.of, int) and self.unknown + self.of
        return self.unknown / (self.unknown + self.of) if known else None


def clinical_axis(run: Run, axis: Axis, filters: DashboardFilters, see_small: bool) -> Mapping[str, Clinical]:
    """family -> how it fares. ResultsMissing: recompute first."""
    if axis.key == STAY:
        return _stay(run, filters, see_small)
    found = _late(run, filters, see_small) if axis.key == LATE else _followed(run, axis.key, filters, see_small)
    return found if see_small else {family: _in_tens(one) for family, one in found.items()}


def _in_tens(one: Clinical) -> Clinical:
    """Cases and unknown cases of a therapy are its infusions less those of the newest days, or less first doses. Other pages tell a therapy's
    infusions month by month, to the one, so that from exact numbers the days and the new starts in between could be told: few people."""
    of, unknown = (10 * round(number / 10) if isinstance(number, int) else number for number in (one.of, one.unknown))
    return replace(one, of=of, unknown=unknown)


TIMING = """
WITH timed AS (
    SELECT episode_id, sum(doses)::BIGINT AS doses, sum(late)::BIGINT AS late, sum(missed)::BIGINT AS missed
    FROM {dose_timing} GROUP BY episode_id
)
SELECT
    family, coalesce(any_value(clinical_line), 'unknown'), count(DISTINCT person_no) FILTER (doses > 0), coalesce(sum(doses), 0)::BIGINT,
    coalesce(sum(late), 0)::BIGINT, coalesce(sum(missed), 0)::BIGINT, sum(greatest(infusions - 1 - coalesce(doses, 0), 0))::BIGINT,
    count(DISTINCT person_no) FILTER (late > 0), count(DISTINCT person_no) FILTER (missed > 0), count(DISTINCT person_no) FILTER (late > missed),
    count(DISTINCT person_no) FILTER (infusions - 1 > coalesce(doses, 0))
FROM (
    SELECT * FROM (SELECT *, date_trunc('month', last_infused_on)::DATE AS month FROM {episodes}) AS episode[where]
) AS episode LEFT JOIN timed USING (episode_id)
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') GROUP BY family
"""


def _late(run: Run, filters: DashboardFilters, see_small: bool) -> dict[str, Clinical]:
    where, given = where_of(filters)
    found = {}
    for family, line, people, doses, late, missed, unknown, *behind, unknown_people in ask_tables(
        run, TIMING.replace("[where]", where), filters, **given
    ):
        small = not see_small and any(0 < one < SMALLEST_SHOWN for one in (people, *behind, people - behind[0]))
        if small:
            late = missed = HIDDEN
            people, doses = (HIDDEN, HIDDEN) if people < SMALLEST_SHOWN else (people, doses)
        if not see_small and (doses is HIDDEN or 0 < unknown_people < SMALLEST_SHOWN):
            unknown = HIDDEN
        found[family] = Clinical(line, late, doses, unknown, people, missed)
    return found


NAMED = """
SELECT treated.episode_id FROM {retention_values} AS treated JOIN {episodes} AS episode USING (episode_id)
WHERE episode.attribution_rule IN ('ordering_npi', 'rendering_npi')
"""


def _stay(run: Run, filters: DashboardFilters, see_small: bool) -> dict[str, Clinical]:
    """On the run's day: months are left out of the filters, which ask when something was given."""
    values, _ = values_of(run)
    said = "".join(f" AND treated.{name} = ${name}" for name in filters.chosen)
    named = [episode for (episode,) in ask_tables(run, NAMED + said, **filters.chosen)]
    verdict, _ = judged(run, saved_line(standing_version())).over(SITE_CLASSES)
    inside = np.isin(values.numbers["episode_id"], named)
    families, family = values.labels["family"]
    shown, person = shown_to(run, see_small), values.person[0]
    found = {}
    for number, name in enumerate(families):
        mine = inside & (family == number)
        if mine.any():
            stay, unknown = mine & (verdict == MUST_STAY), mine & (verdict == NOT_ENOUGH_DATA)
            counts = (shown.count(person[one]) for one in (stay, mine & ~unknown, unknown))
            found[name] = Clinical(values.texts["clinical_line"][mine][0] or "unknown", *counts)
    return found


def _followed(run: Run, kind: str, filters: DashboardFilters, see_small: bool) -> dict[str, Clinical]:
    key = (run.pk, results_key(run))
    followed, unfollowed = followed_infusions(*key), unfollowed_infusions(*key)
    cells = AllShown() if see_small else _cells(*key)
    mine, lost = _asked(followed, filters), _asked(unfollowed, filters)
    hit = followed[kind] <= WITHIN[kind]
    found = {}
    for family in np.unique(np.concatenate([followed["family"][mine], unfollowed["family"][lost]]).astype(str)):
        here = mine & (followed["family"] == family)
        nodes = (("followed", kind), ("followed",), ("unknown",))
        numbers = ((here & hit).sum(), here.sum(), (lost & (unfollowed["family"] == family)).sum())
        lines = followed["line"][here]
        found[str(family)] = Clinical(
            str(lines[0]) if len(lines) else "unknown",
            *(
                int(number) if cells.shows(*node, family=str(family)) else HIDDEN
                for node, number in zip(nodes, numbers, strict=True)
            ),
        )
    return found


def _asked(columns: Columns, filters: DashboardFilters) -> np.ndarray:
    """Which infusions the filters ask for."""
    asked = np.ones(len(columns["family"]), dtype=bool)
    for name, value in filters.chosen.items():
        asked &= columns[name] == value
    if filters.since:
        asked &= columns["service_date"] >= np.datetime64(filters.since)
    if filters.until:
        asked &= columns["service_date"] < np.datetime64(filters.until)
    return asked


@lru_cache(maxsize=2)
def _cells(run_id: int, results: str) -> SplitCells:
    """Every infusion of a family is followed, by an event or by none, or cannot be followed. All kinds are judged as one set: how many were
    followed is told with each, and hidden with one alone it would be read with another."""
    followed, unfollowed = followed_infusions(run_id, results), unfollowed_infusions(run_id, results)
    lost = [("unknown",)] * len(unfollowed["family"])
    trees = [
        [("followed", kind if days <= within else f"no {kind}") for days in followed[kind]] + lost
        for kind, within in WITHIN.items()
    ]
    families, people = (np.concatenate([followed[name], unfollowed[name]]) for name in ("family", "person_no"))
    return SplitCells({"family": families.astype(str)}, trees, people.astype(np.int64))
