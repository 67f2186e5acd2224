"""One person's verdicts by the clinical line in force: each drug under way × site class, with reasons; for readers with the patient-level right.

The person is reached by one of their episodes of the run, so that no address names a person. The line is the newest signed version, else
the newest draft, else the line as shipped (`standing_version`).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.verdicts import VERDICTS, Reason
from demand.models import RetentionLine, Run
from demand.selectors.clinical_line import judged, saved_line, standing_version, values_of
from demand.selectors.exposure_people import ExposedPerson, policies_of_person
from demand.selectors.facts import ask_tables


@dataclass(frozen=True)
class DrugVerdicts:
    """A drug under way: its verdict over all classes (that of the class open soonest), and each class with its verdict and reasons."""

    family: str
    payer: str | None
    site_id: str | None
    site_class: str | None
    last_infusion: int | None
    verdict: str
    by_class: tuple[tuple[str, str, tuple[Reason, ...]], ...]

    @property
    def against_the_line(self) -> bool:
        """Must stay in the hospital, and is treated elsewhere."""
        return self.verdict == "must_stay" and bool(self.site_class) and not self.site_class.startswith("hopd")


@dataclass(frozen=True)
class PersonLine:
    """asked: the family of the episode that led here; it stands among `drugs` where that treatment is still under way on `as_of`."""

    person_id: str
    asked: str
    as_of: dt.date | None
    version: RetentionLine | None
    drugs: tuple[DrugVerdicts, ...]
    policies: tuple[ExposedPerson, ...]

    @property
    def under_way(self) -> bool:
        return any(drug.family == self.asked for drug in self.drugs)


LAST = """
SELECT family, max(infusion_id) FROM (
    SELECT family, infusion_id, rank() OVER (PARTITION BY family ORDER BY service_date DESC) AS place
    FROM {infusions} WHERE person_id = $person
) WHERE place = 1 GROUP BY family
"""


def person_line(run: Run, episode: int) -> PersonLine | None:
    """None where the run has no episode of that number. ResultsMissing: recompute first."""
    found = ask_tables(run, "SELECT person_id, family FROM {episodes} WHERE episode_id = $episode", episode=episode)
    if not found:
        return None
    ((person, family),) = found
    version = standing_version()
    now, text = judged(run, saved_line(version)), values_of(run)[0].texts
    overall, _ = now.over(SITE_CLASSES)
    last = dict(ask_tables(run, LAST, person=person))
    drugs = tuple(
        DrugVerdicts(
            text["family"][row], text["payer"][row], text["site_id"][row], text["site_class"][row], last.get(text["family"][row]),
            VERDICTS[overall[row]],
            tuple((name, VERDICTS[now.verdict[row, column]], tuple(now.reasons(row, name))) for column, name in enumerate(SITE_CLASSES)),
        )
        for row in np.flatnonzero(text["person_id"] == person)
    )  # fmt: skip
    return PersonLine(person, family, values_of(run)[1], version, drugs, tuple(policies_of_person(run, person)))


def standing_verdicts(run: Run, treatments: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(person, family) -> the verdict over all classes of site, of those of them that are under way."""
    values, _ = values_of(run)
    asked = set(treatments)
    verdict, _ = judged(run, saved_line(standing_version())).over(SITE_CLASSES)
    pairs = zip(values.texts["person_id"], values.texts["family"], verdict, strict=True)
    return {(person, family): VERDICTS[code] for person, family, code in pairs if (person, family) in asked}
