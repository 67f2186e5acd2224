"""After each move away from the hospital: a late dose, a reaction, an emergency visit or admission, a return; grain: one move.

A move is the first dose of a therapy at another class of site after two or more in a row in hospital outpatient departments. An event
belongs to the person's last move on or before its day, within 30 days of it, so that it is counted once.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.facts import query_tables, results_key
from demand.selectors.safety import SLACK_DAYS, Columns
from demand.selectors.split_cells import AllShown, SplitCells

AFTER_DAYS, RETURN_DAYS = 30, 180
FLAGS = {
    "late": "First dose late",
    "reaction": "Reaction or epinephrine",
    "hospital": "Emergency visit or admission",
    "returned": "Back at a hospital site",
    "one_dose": "of these after one dose",
}
NODES = {"one_dose": ("returned", "one_dose")}
MOVES = """
WITH horizon AS (SELECT (max(month) + INTERVAL 1 MONTH)::DATE AS known_until FROM {maturity} WHERE mature), dose AS (
    SELECT *, site_class IN ('hopd_on_campus', 'hopd_off_campus') AS at_hospital,
        at_hospital IS DISTINCT FROM lag(at_hospital) OVER (PARTITION BY person_no, family ORDER BY service_date, infusion_id) AS begins
    FROM {infusions} WHERE site_class NOT IN ('unknown', 'inpatient', 'emergency')
), numbered AS (
    SELECT *, count(*) FILTER (begins) OVER (PARTITION BY person_no, family ORDER BY service_date, infusion_id) AS stretch_no FROM dose
), stretch AS (
    SELECT person_no, family, stretch_no, any_value(at_hospital) AS at_hospital, count(*) AS doses, min(service_date) AS from_on,
        max(service_date) AS until_on, arg_min(site_class, infusion_id) AS to_class, arg_min(payer, infusion_id) AS payer,
        arg_min(attribution_rule, infusion_id) AS attribution_rule
    FROM numbered GROUP BY ALL
), ordered AS (
    SELECT *, lag(doses) OVER therapy AS doses_before, lag(until_on) OVER therapy AS before_on, lead(from_on) OVER therapy AS back_on
    FROM stretch WINDOW therapy AS (PARTITION BY person_no, family ORDER BY stretch_no)
), move AS (
    SELECT row_number() OVER (ORDER BY from_on, person_no, family) AS move_no, * FROM ordered
    WHERE NOT at_hospital AND doses_before >= 2 AND from_on - before_on <= 365 AND attribution_rule IN ('ordering_npi', 'rendering_npi')
), befell AS (
    SELECT move_no, bool_or(kind IN ('reaction', 'epinephrine')) AS reaction, bool_or(kind IN ('emergency', 'admission')) AS hospital
    FROM {clinical_events} AS event
    ASOF JOIN (SELECT person_no, from_on, min(move_no) AS move_no FROM move GROUP BY ALL) AS move
        ON event.person_no = move.person_no AND event.event_on >= move.from_on
    WHERE event.event_on - move.from_on <= $after
    GROUP BY move_no
)
SELECT
    move.person_no, move.family, coalesce(move.payer, 'unknown') AS payer, from_on AS moved_on, to_class,
    coalesce(from_on - before_on > interval_days + $slack, false) AS late, coalesce(reaction, false) AS reaction, coalesce(hospital, false) AS hospital,
    coalesce(back_on - from_on <= $returns, false) AS returned, returned AND doses = 1 AS one_dose
FROM move
LEFT JOIN {episodes} AS episode ON episode.person_no = move.person_no AND episode.family = move.family AND from_on BETWEEN started_on AND last_infused_on
LEFT JOIN befell USING (move_no), horizon
WHERE from_on + $after < known_until
ORDER BY move_no
"""


@dataclass(frozen=True)
class Bounces:
    """Moves to a class of site, and how many were followed by each of FLAGS."""

    to_class: str
    moves: object
    numbers: dict[str, object]


@lru_cache(maxsize=2)
def moves(run_id: int, results: str) -> Columns:
    found = query_tables(Run.objects.get(pk=run_id), MOVES, after=AFTER_DAYS, returns=RETURN_DAYS, slack=SLACK_DAYS).fetchnumpy()
    return {name: np.ma.getdata(column) for name, column in found.items()}


@lru_cache(maxsize=2)
def _cells(run_id: int, results: str) -> SplitCells:
    columns = moves(run_id, results)
    trees = [[(name if flag else f"not {name}",) for flag in columns[name]] for name in ("late", "reaction", "hospital")]
    back = zip(columns["returned"], columns["one_dose"], strict=True)
    trees.append(
        [("not returned",) if not returned else ("returned", "one_dose" if at_once else "later") for returned, at_once in back]
    )
    return SplitCells({"to_class": columns["to_class"]}, trees, columns["person_no"].astype(np.int64))


def bounce_back(run: Run, see_small: bool) -> tuple[Bounces, ...]:
    """One line a class of site moved to, the most moves first; the last line is all of them."""
    key = (run.pk, results_key(run))
    columns, cells = moves(*key), AllShown() if see_small else _cells(*key)
    classes, numbers = np.unique(columns["to_class"].astype(str), return_counts=True)
    lines = []
    for name in [*classes[np.argsort(-numbers, kind="stable")], None]:
        mine, of = (
            (columns["to_class"] == name, {"to_class": str(name)}) if name else (np.ones(len(columns["late"]), dtype=bool), {})
        )
        counts = {
            flag: int((mine & columns[flag]).sum()) if cells.shows(*NODES.get(flag, (flag,)), **of) else HIDDEN for flag in FLAGS
        }
        lines.append(Bounces(str(name) if name else "all", int(mine.sum()) if cells.shows(**of) else HIDDEN, counts))
    return tuple(lines) if len(columns["late"]) else ()


def bounced(run: Run) -> list[tuple]:
    """For people with the right: each move with something that followed: (day, person's number in the run, drug, payer, class, flags)."""
    columns = moves(run.pk, results_key(run))
    hit = np.logical_or.reduce([columns[flag] for flag in FLAGS])
    return [
        (
            columns["moved_on"][place].astype("datetime64[D]").astype(object), int(columns["person_no"][place]), str(columns["family"][place]),
            str(columns["payer"][place]), str(columns["to_class"][place]), tuple(flag for flag in FLAGS if columns[flag][place]),
        )
        for place in np.flatnonzero(hit)
    ]  # fmt: skip
