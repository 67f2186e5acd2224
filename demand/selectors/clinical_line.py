"""The retention line of a run's people: how many must stay, who crosses when the line moves, and what that does.

People are counted, never rows: a person with several drugs is counted once, by their strictest one. Readers without the patient-level
right may ask for any threshold, and two answers can be subtracted: they see numbers of people perturbed (`demand.engine.perturbed`) and
rounded to tens, few people hidden, and sums in proportion to the perturbed people, rounded to two figures.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.db.models import Q

from demand.engine.disclosure import HIDDEN, Mark
from demand.engine.drug_suitability import SITE_CLASSES, OwnRule, Rule, Suitability, shipped_rules
from demand.engine.perturbed import SMALLEST_PERTURBED, person_keys, perturbed
from demand.engine.retention_line import ALWAYS, RECORDED, Criterion, Line, parse_line, shipped_line
from demand.engine.verdicts import (
    MAY_MOVE,
    NUMBERS,
    TEXTS,
    VERDICTS,
    Certified,
    Fact,
    Judged,
    Values,
    judge,
)
from demand.models import ClinicalFact, DrugRule, RetentionLine, Run
from demand.selectors.facts import query_tables, results_key
from sites.models import Site

ANY = "any"
OURS, HOSPITAL, EVERYBODY = "ours", "hospital", "all"
TENS = 10

Count = int | Mark
Amount = float | Mark | None


@dataclass(frozen=True)
class Scope:
    """Whom a page asks about. target: a site class, or `any` of them. whom: those treated in our hospital departments now, in
    anybody's, or all."""

    target: str = ANY
    whom: str = OURS

    @property
    def site_classes(self) -> tuple[str, ...]:
        return SITE_CLASSES if self.target == ANY else (self.target,)

    def holds(self, values: Values) -> np.ndarray:
        if self.whom == EVERYBODY:
            return np.ones(len(values), dtype=bool)
        words, place = values.labels["site_class"]
        inside = np.array([word.startswith("hopd") for word in words], dtype=bool)[place]
        if self.whom == OURS:
            words, place = values.labels["ownership"]
            inside &= np.array([word == "owned" for word in words], dtype=bool)[place]
        return inside


@dataclass(frozen=True)
class Caught:
    """One rule of the attrition: people it catches whom no earlier one has caught, and people who remain."""

    criterion: Criterion
    people: Count
    remaining: Count


@dataclass(frozen=True)
class Undecidable:
    """A criterion that claims cannot show: people who would be undecidable if it were asked of everybody."""

    criterion: Criterion
    people: Count
    recorded: Count


@dataclass(frozen=True)
class Effect:
    """What a group of people receives in a year, at today's intervals, amounts and sites. miles: there and back, today and to the
    nearest permitted site (home: none); None where nothing is known. events: emergency visits and stays on the day of an infusion or the
    next, in the last 365 days."""

    people: Count
    infusions: Amount
    allowed_cents: Amount
    chair_hours: Amount
    miles_today: Amount
    miles_then: Amount
    events: Amount


@dataclass(frozen=True)
class Crossing:
    """People of one payer or drug who cross, in each direction."""

    name: str
    freed: Count
    held: Count


@dataclass(frozen=True)
class Answer:
    """What a line says of a scope's people, and how another line differs from it (before: None where nothing is compared)."""

    as_of: dt.date
    people: Count
    treatments: Count
    counts: dict[str, Count]
    attrition: tuple[Caught, ...]
    undecidable: tuple[Undecidable, ...]
    before: dict[str, Count] | None
    freed: Effect | None
    held: Effect | None
    by_payer: tuple[Crossing, ...]
    by_family: tuple[Crossing, ...]

    @property
    def crosses(self) -> bool:
        return bool(self.freed and (self.freed.people or self.held.people))


def values_of(run: Run) -> tuple[Values, dt.date | None]:
    """What the criteria ask of the run's treatments, and its day. ResultsMissing where the run does not keep it."""
    return _values(run.pk, results_key(run))


@lru_cache(maxsize=2)
def _values(run_id: int, results: str) -> tuple[Values, dt.date | None]:
    columns = ", ".join((*NUMBERS, *TEXTS, "start_known", "as_of"))
    fetched = query_tables(Run.objects.get(pk=run_id), f"SELECT {columns} FROM {{retention_values}}").fetchnumpy()
    days = fetched.pop("as_of")
    return Values.of(fetched), days[0].astype("datetime64[D]").astype(dt.date) if len(days) else None


@lru_cache(maxsize=2)
def _keys(run_id: int, results: str) -> np.ndarray:
    """The secret key of each person of the values; the same in every run, so that runs of the same claims cannot be averaged."""
    values, _ = _values(run_id, results)
    _, first = np.unique(values.person[0], return_index=True)
    return person_keys(values.texts["person_id"][first], settings.SECRET_KEY.encode())


def judged(run: Run, line: Line) -> Judged:
    """Every treatment of the run under this line, with the drug rules, recorded facts and register as they stand."""
    values, as_of = values_of(run)
    return _judged(values, as_of, line)


def _judged(values: Values, as_of: dt.date | None, line: Line) -> Judged:
    suitability = Suitability(as_of or dt.date.max, own_rules())
    return judge(values, line, suitability, facts_on(as_of), certified(suitability))


def own_rules() -> list[OwnRule]:
    """The drug rules that clinicians wrote here and that stand."""
    return [
        OwnRule(one.family, one.site_class, Rule(one.suitability, one.criterion, one.words, one.source, "own", one.since))
        for one in DrugRule.objects.filter(taken_back_at=None).order_by("since", "pk")
    ]


def facts_on(day: dt.date | None) -> list[Fact]:
    """What is recorded of people and holds on the day."""
    if day is None:
        return []
    rows = ClinicalFact.objects.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)
    return [Fact(*row) for row in rows.values_list("person_id", "criterion", "holds", "source")]


def certified(suitability: Suitability) -> Certified:
    """(family, site class, market) -> whether the register has a site there that the drug's program certified; None: it does not say."""
    sites: dict[tuple[str, str], list[str]] = {}
    for site in Site.objects.on_file().filter(closed_on=None).values_list("site_class", "market", "rems"):
        sites.setdefault((site[0].replace("home_infusion", "home"), site[1]), []).append(site[2].lower())
    families = {name for kind, name, _ in shipped_rules() if kind == "family"} | {family for family, _ in suitability.own}
    found: dict[tuple[str, str, str], bool | None] = {}
    for family in families:
        for (site_class, market), said in sites.items():
            programs = (
                [name.lower() for name in suitability.rule(family, None, site_class).programs] if site_class in SITE_CLASSES else []
            )
            if programs:
                known = any(name in one for one in said for name in (*programs, family))
                found[family, site_class, market] = True if known else None if "" in said else False
    return found


def shown_to(run: Run, see_small: bool) -> "Shown":
    """What a reader sees of numbers of the run's people, who are indices as in `Values.person`."""
    return Shown(see_small, _keys(run.pk, results_key(run)))


def saved_line(version: RetentionLine | None) -> Line:
    return parse_line(version.document) if version else shipped_line()


def standing_version() -> RetentionLine | None:
    """The newest signed version; where none is signed, the newest; None: the line as shipped."""
    return RetentionLine.objects.exclude(signed_at=None).first() or RetentionLine.objects.first()


def answer(run: Run, line: Line, base: Line | None, scope: Scope, see_small: bool) -> Answer:
    """What `line` says, beside `base`. ResultsMissing: recompute first."""
    values, as_of = values_of(run)
    shown = shown_to(run, see_small)
    now = _judged(values, as_of, line)
    inside = scope.holds(values)
    verdict, caught = now.of_people(scope.site_classes, inside)
    before = after = None
    freed = held = None
    by_payer = by_family = ()
    if base is not None and base != line:
        was = _judged(values, as_of, base)
        before, _ = was.of_people(scope.site_classes, inside)
        after = verdict
        freed_people, held_people = (before != MAY_MOVE) & (after == MAY_MOVE), (before == MAY_MOVE) & (after != MAY_MOVE)
        freed, held = (_effect(values, inside, chosen, scope, shown) for chosen in (freed_people, held_people))
        by_payer, by_family = (_split(values, inside, name, freed_people, held_people, shown) for name in ("payer", "family"))
    return Answer(
        as_of, shown.count(verdict >= 0), shown.count(values.person[0][inside]), _counts(verdict, shown),
        _attrition(line, caught, verdict >= 0, shown), _undecidable(now, as_of, inside, verdict, shown),
        None if before is None else _counts(before, shown), freed, held, by_payer, by_family,
    )  # fmt: skip


def _counts(verdict: np.ndarray, shown: "Shown") -> dict[str, Count]:
    return {name: shown.count(verdict == number) for number, name in enumerate(VERDICTS)}


def _attrition(line: Line, caught: np.ndarray, remaining: np.ndarray, shown: "Shown") -> tuple[Caught, ...]:
    rows = []
    for number, criterion in enumerate(line.on):
        remaining = remaining & (caught != number)
        rows.append(Caught(criterion, shown.count(caught == number), shown.count(remaining)))
    return tuple(rows)


def _undecidable(now: Judged, as_of: dt.date, inside: np.ndarray, verdict: np.ndarray, shown: "Shown") -> tuple[Undecidable, ...]:
    """Of those who may move: whom the page could not decide if what claims cannot show were asked of everybody."""
    recorded: dict[str, set[str]] = {}
    for fact in facts_on(as_of):
        recorded.setdefault(fact.criterion, set()).add(fact.person_id)
    place, people = now.values.person
    in_scope = np.zeros(people, dtype=bool)
    in_scope[place[inside]] = True
    found = []
    for criterion in now.line.criteria:
        if criterion.kind.shown_by == RECORDED and criterion.ask != ALWAYS:
            known = np.zeros(people, dtype=bool)
            if of_criterion := recorded.get(criterion.code):
                known[place[[person in of_criterion for person in now.values.texts["person_id"]]]] = True
            undecided = (verdict == MAY_MOVE) & ~known
            found.append(Undecidable(criterion, shown.count(undecided), shown.count(known & in_scope)))
    return tuple(found)


def _effect(values: Values, inside: np.ndarray, people: np.ndarray, scope: Scope, shown: "Shown") -> Effect:
    place, _ = values.person
    chosen = inside & people[place]
    number = values.numbers
    yearly, ill = number["infusions_a_year"], _once(values, chosen & (number["events_a_year"] > 0))

    def a_year(of_each: np.ndarray | float) -> Amount:
        return shown.amount(place[chosen], (yearly * of_each)[chosen])

    return Effect(
        shown.count(people), a_year(1), a_year(number["allowed_cents"]), a_year(number["chair_minutes"] / 60), a_year(2 * number["miles_today"]),
        a_year(2 * _nearest(values, scope)), shown.amount(place[ill], number["events_a_year"][ill]),
    )  # fmt: skip


def _nearest(values: Values, scope: Scope) -> np.ndarray:
    """Miles to the nearest site of the classes asked for; at home 0 where home is the only one."""
    if scope.target == "home":
        return np.zeros(len(values))
    miles = [values.numbers[f"miles_{name}"] for name in scope.site_classes if name != "home"]
    stacked = np.where(np.isnan(miles), np.inf, miles).min(axis=0)
    return np.where(np.isinf(stacked), np.nan, stacked)


def _once(values: Values, chosen: np.ndarray) -> np.ndarray:
    """The first of the chosen treatments of each person: what is a person's own counts once, whatever the number of their treatments."""
    treatments = np.flatnonzero(chosen)
    return treatments[np.unique(values.person[0][treatments], return_index=True)[1]]


def _split(
    values: Values, inside: np.ndarray, name: str, freed: np.ndarray, held: np.ndarray, shown: "Shown"
) -> tuple[Crossing, ...]:
    place, _ = values.person
    words, word = values.labels[name]
    crossing = [inside & one[place] for one in (freed, held)]
    sizes = [values.people_by(name, one) for one in crossing]
    order = np.argsort(-(sizes[0] + sizes[1]), kind="stable") if shown.everything else np.arange(len(words))
    return tuple(
        Crossing(words[row], *(shown.count(np.unique(place[one & (word == row)])) for one in crossing))
        for row in order
        if sizes[0][row] or sizes[1][row]
    )


class Shown:
    """What one reader sees of a number of people, and of sums over them. keys: each person's, by their index."""

    def __init__(self, everything: bool, keys: np.ndarray) -> None:
        self.everything = everything
        self.keys = keys

    def count(self, people: np.ndarray) -> Count:
        """people: a mask over all, or their indices."""
        keys = self.keys[people]
        if self.everything or not len(keys):
            return len(keys)
        number = perturbed(keys)
        return HIDDEN if number < SMALLEST_PERTURBED else TENS * round(number / TENS)

    def amount(self, people: np.ndarray, parts: np.ndarray) -> Amount:
        """The sum of what is known, part by part with the index of its person; None where nothing is."""
        known = ~np.isnan(parts)
        if len(parts) and not known.any():
            return None
        total = float(parts[known].sum())
        keys = self.keys[np.unique(people[known])]
        if self.everything or not len(keys):
            return total
        number = perturbed(keys)
        return HIDDEN if number < SMALLEST_PERTURBED else float(f"{total * number / len(keys):.2g}")
