"""A run's retention values, a line, drug rules and recorded facts -> verdicts; grain: person × drug family × site class.

Formula, the first that holds: `must_stay` where a criterion of the line holds; `should_not` where the drug is not suitable for the site
class; `not_enough_data` where a criterion asks what nobody knows; else `may_move`. Over several site classes a treatment has the
verdict of the class that is open to it soonest (may_move, not_enough_data, must_stay, should_not); a person with several drugs has the
strictest of theirs. One pass of numpy over arrays: a threshold that moves is answered without the claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from demand.engine.drug_suitability import CERTIFIED, NOT, SITE_CLASSES, Rule, Suitability
from demand.engine.retention_line import ALWAYS, RECORDED, Line

MUST_STAY, SHOULD_NOT, NOT_ENOUGH_DATA, MAY_MOVE = range(4)  # from the strictest
VERDICTS = ("must_stay", "should_not", "not_enough_data", "may_move")
NUMBERS = (
    "person_no episode_id age doses reaction_days emergency_days cardiopulm_days renal_fluid_days cardiopulm_wide_days renal_fluid_wide_days comorbidities "
    "pregnancy_days investigational_days "
    "concurrent_days miles_infusion_center miles_infusion_suite miles_physician_office miles_today infusions_a_year allowed_cents "
    "chair_minutes events_a_year"
).split()  # numbers; NaN where not known
TEXTS = (
    "person_id family payer market clinical_line site_id site_class ownership reaction_code cardiopulm_code renal_fluid_code cardiopulm_wide_code "
    "renal_fluid_wide_code pregnancy_code "
    "investigational_code concurrent_code"
).split()
Certified = Mapping[tuple[str, str, str], bool | None]  # (family, site class, market): a certified site is on file; None: not told


@dataclass(frozen=True)
class Fact:
    """What somebody recorded of a person: a criterion holds, or does not."""

    person_id: str
    criterion: str
    holds: bool
    source: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a verdict: a criterion's code (of the line, or of a drug rule) and its evidence. diagnosis: the code that a claim shows."""

    code: str
    evidence: str
    diagnosis: str = ""

    def __str__(self) -> str:
        return f"{self.code} ({', '.join(filter(None, (self.diagnosis, self.evidence)))})"


@dataclass(frozen=True)
class Values:
    """Arrays of one length, one entry a treatment: `numbers` (float, NaN where not known), `texts` (None where not known)."""

    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, np.ndarray]
    start_known: np.ndarray

    @classmethod
    def of(cls, fetched: Mapping[str, np.ndarray]) -> Values:
        """What DuckDB's fetchnumpy gives of `retention_values`."""
        numbers = {name: np.ma.filled(np.ma.asarray(fetched[name]).astype(np.float64), np.nan) for name in NUMBERS}
        texts = {name: np.ma.filled(np.ma.asarray(fetched[name]).astype(object), None) for name in TEXTS}
        return cls(numbers, texts, np.ma.filled(np.ma.asarray(fetched["start_known"]), False).astype(bool))

    def __len__(self) -> int:
        return len(self.start_known)

    @cached_property
    def person(self) -> tuple[np.ndarray, int]:
        """(each treatment's person as an index from 0, how many people there are)"""
        people, place = np.unique(self.numbers["person_no"], return_inverse=True)
        return place, len(people)

    @cached_property
    def products(self) -> tuple[list[tuple[str, str | None, str]], np.ndarray]:
        """(distinct family, clinical line and market; which of them each treatment is)"""
        numbered: dict[tuple, int] = {}
        columns = (self.texts["family"], self.texts["clinical_line"], self.texts["market"])
        place = [numbered.setdefault(key, len(numbered)) for key in zip(*columns, strict=True)]
        return list(numbered), np.array(place, dtype=np.int64)

    @cached_property
    def labels(self) -> dict[str, tuple[list[str], np.ndarray]]:
        """column of texts -> (distinct words, "unknown" for none, in order; which of them each treatment has)"""
        found = {}
        for name in ("payer", "family", "site_class", "ownership"):
            words, place = np.unique([text or "unknown" for text in self.texts[name]], return_inverse=True)
            found[name] = [str(word) for word in words], place
        return found

    def people_by(self, name: str, chosen: np.ndarray) -> np.ndarray:
        """How many people have a treatment among the chosen ones (a mask), by each word of the column."""
        words, place = self.labels[name]
        person, people = self.person
        once = np.unique(place[chosen].astype(np.int64) * people + person[chosen])
        return np.bincount(once // max(people, 1), minlength=len(words))


@dataclass(frozen=True)
class Judged:
    """verdict and caught (place of the first criterion that holds, -1: none) by treatment × site class; holds and unknown by criterion
    of the line that is on × treatment × site class; rules by product × site class."""

    values: Values
    line: Line
    verdict: np.ndarray
    caught: np.ndarray
    holds: np.ndarray
    unknown: np.ndarray
    rules: tuple[tuple[Rule, ...], ...]

    def over(self, site_classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(verdict, caught) of each treatment over these classes."""
        chosen = [SITE_CLASSES.index(name) for name in site_classes]
        soonest = np.array([2, 3, 1, 0])  # of must_stay, should_not, not_enough_data, may_move
        best = np.argmin(soonest[self.verdict[:, chosen]], axis=1)
        rows = np.arange(len(best))
        return self.verdict[:, chosen][rows, best], self.caught[:, chosen][rows, best]

    def of_people(self, site_classes: Sequence[str], scope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(verdict, caught) of each person by their treatments in scope; verdict -1: none is in scope."""
        verdict, caught = self.over(site_classes)
        place, people = self.values.person
        strictest = np.full(people, len(VERDICTS))
        np.minimum.at(strictest, place[scope], verdict[scope])
        stays = scope & (verdict == MUST_STAY)
        first = np.full(people, len(self.line.on))
        np.minimum.at(first, place[stays], caught[stays])
        return np.where(strictest == len(VERDICTS), -1, strictest), np.where(strictest == MUST_STAY, first, -1)

    def reasons(self, treatment: int, site_class: str) -> list[Reason]:
        """Criteria that made the verdict, each with its evidence, in the order of the line."""
        column = SITE_CLASSES.index(site_class)
        rule = self.rules[self.values.products[1][treatment]][column]
        verdict = self.verdict[treatment, column]
        if verdict == SHOULD_NOT:
            return [Reason(", ".join(rule.criteria), rule.words)]
        if verdict == MAY_MOVE:
            return [Reason(", ".join(rule.criteria), f"condition: {rule.words}")] if rule.words else []
        if verdict == MUST_STAY:
            held = [one.code for number, one in enumerate(self.line.on) if self.holds[number, treatment, column]]
            return [_evidence(self.values, code, treatment, site_class) for code in held]
        return [Reason(one.code, "not known") for number, one in enumerate(self.line.on) if self.unknown[number, treatment, column]]


def judge(
    values: Values, line: Line, suitability: Suitability, facts: Iterable[Fact] = (), certified: Certified | None = None
) -> Judged:
    """Every treatment's verdict for every site class. Recorded facts outrank what claims show."""
    products, place = values.products
    rules = tuple(
        tuple(suitability.rule(family, clinical_line, site_class) for site_class in SITE_CLASSES)
        for family, clinical_line, _ in products
    )
    shape = (len(values), len(SITE_CLASSES))
    recorded = _recorded(values, facts)
    holds = np.zeros((len(line.on), *shape), dtype=bool)
    unknown = np.zeros_like(holds)
    for number, one in enumerate(line.on):
        if one.code == "REMS":
            held, asked = _certification(products, rules, certified or {})
            holds[number], unknown[number] = held[place], asked[place]
        elif one.code == "GEO":
            for column, site_class in enumerate(SITE_CLASSES[:-1]):  # home has no distance
                miles = values.numbers[f"miles_{site_class}"]
                holds[number, :, column], unknown[number, :, column] = miles > one["miles"], np.isnan(miles)
        elif one.kind.shown_by == RECORDED:
            unknown[number] = one.ask == ALWAYS
        else:
            held, asked = _shown(values, one.code, one)
            holds[number], unknown[number] = held[:, None], asked[:, None]
        if one.code in recorded:
            said = recorded[one.code][:, None]
            holds[number] = np.where(said != 0, said > 0, holds[number])
            unknown[number] &= said == 0
    not_suitable = np.array([[rule.suitability == NOT for rule in row] for row in rules], dtype=bool).reshape(-1, shape[1])[place]
    stays = holds.any(axis=0)
    verdict = np.select([stays, not_suitable, unknown.any(axis=0)], [MUST_STAY, SHOULD_NOT, NOT_ENOUGH_DATA], MAY_MOVE)
    caught = np.where(stays, holds.argmax(axis=0) if len(line.on) else 0, -1)
    return Judged(values, line, verdict, caught, holds, unknown, rules)


def _recorded(values: Values, facts: Iterable[Fact]) -> dict[str, np.ndarray]:
    """criterion -> 1 where it is recorded to hold, -1 where it is recorded not to, else 0. Of two records, that it holds counts."""
    said: dict[str, dict[str, int]] = {}
    for fact in facts:
        of = said.setdefault(fact.criterion, {})
        of[fact.person_id] = max(of.get(fact.person_id, -1), 1 if fact.holds else -1)
    people = values.texts["person_id"]
    return {code: np.array([of.get(person, 0) for person in people], dtype=np.int8) for code, of in said.items()}


def _shown(values: Values, code: str, one) -> tuple[np.ndarray, np.ndarray]:
    """(holds, not known) of a criterion that claims show."""
    numbers = values.numbers
    known = np.zeros(len(values), dtype=bool)
    if code == "AGE":
        age = numbers["age"]
        held = age < one["below"]
        return held | (known if one["from"] is None else age >= one["from"]), np.isnan(age)
    if code == "FIRST_DOSE":
        first = numbers["doses"] < one["doses"]
        return first & values.start_known, first & ~values.start_known
    held = numbers[f"{code.lower()}_days"] <= one["days"]
    if code == "REACTION" and one["emergency"]:
        held |= numbers["emergency_days"] <= one["days"]
    if one.thresholds.get("wide"):
        held |= numbers[f"{code.lower()}_wide_days"] <= one["days"]
    return held, known


def _certification(
    products: Sequence[tuple[str, str | None, str]], rules: Sequence[Sequence[Rule]], certified: Certified
) -> tuple[np.ndarray, np.ndarray]:
    """(no certified site, not told) by product × site class, of drugs that only certified sites may give."""
    held = np.zeros((len(products), len(SITE_CLASSES)), dtype=bool)
    asked = np.zeros_like(held)
    for row, (family, _, market) in enumerate(products):
        for column, site_class in enumerate(SITE_CLASSES):
            if rules[row][column].suitability == CERTIFIED:
                answer = certified.get((family, site_class, market))
                held[row, column], asked[row, column] = answer is False, answer is None
    return held, asked


def _evidence(values: Values, code: str, treatment: int, site_class: str) -> Reason:
    numbers, texts = values.numbers, values.texts
    if code == "AGE" and not np.isnan(numbers["age"][treatment]):
        return Reason(code, f"{numbers['age'][treatment]:.0f} years")
    if code == "FIRST_DOSE":
        return Reason(code, f"{numbers['doses'][treatment]:.0f} given")
    if code == "GEO" and not np.isnan(numbers[f"miles_{site_class}"][treatment]):
        return Reason(code, f"{numbers[f'miles_{site_class}'][treatment]:.0f} miles")
    if code == "REMS":
        return Reason(code, "no certified site on file")
    for name in (code.lower(), f"{code.lower()}_wide"):
        days = numbers.get(f"{name}_days")
        if days is not None and not np.isnan(days[treatment]):
            return Reason(code, f"{days[treatment]:.0f} days ago", texts[f"{name}_code"][treatment] or "")
    return Reason(code, "recorded")
