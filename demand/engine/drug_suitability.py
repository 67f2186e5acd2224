"""Rules on drugs and site classes -> whether a drug family can be given in a class; grain: drug family × site class × date.

The shipped rules (`drug_suitability.csv`) speak of all drugs, of a clinical line, or of one family; the most specific speaks. A rule that
the clinicians of this installation wrote for a family outranks the shipped ones from its date on. `certified` means: only at a site
that the drug's safety program certified, and `words` are then the program's names as the register of sites writes them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SITE_CLASSES = ("infusion_center", "infusion_suite", "physician_office", "home")  # where people of a hospital department could go
SUITABLE, CONDITIONS, CERTIFIED, NOT = "suitable", "conditions", "certified", "not"
SUITABILITIES = {
    SUITABLE: "Suitable",
    CONDITIONS: "With conditions",
    CERTIFIED: "At certified sites only",
    NOT: "Not suitable",
}
CRITERIA = {
    "STORAGE": "Storage and handling on the way",
    "SELF_ADMINISTRATION": "Self-administration",
    "HAZARDOUS": "Hazardous drug",
    "REACTION_RISK": "Risk of a reaction",
    "OBSERVATION": "Observation",
    "REMS": "Safety program (REMS)",
}


@dataclass(frozen=True)
class Rule:
    """`since` None: as shipped. criterion: codes of CRITERIA joined by ;. words: the condition in a sentence, or the names of a safety
    program."""

    suitability: str
    criterion: str
    words: str
    source: str
    confidence: str
    since: dt.date | None = None

    @property
    def criteria(self) -> tuple[str, ...]:
        return tuple(code for code in self.criterion.split(";") if code)

    @property
    def programs(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.words.split(";") if name.strip()) if self.suitability == CERTIFIED else ()


@dataclass(frozen=True)
class OwnRule:
    """A rule written here: for one family and class, from a day on."""

    family: str
    site_class: str
    rule: Rule


@cache
def shipped_rules() -> Mapping[tuple[str, str, str], Rule]:
    """(applies to, name, site class) -> rule."""
    with Path(__file__).with_name("drug_suitability.csv").open(newline="", encoding="utf-8") as stream:
        return {
            (row["applies_to"], row["name"], row["site_class"]): Rule(
                row["suitability"], row["criterion"], row["words"], row["source"], row["confidence"]
            )
            for row in csv.DictReader(stream)
        }


class Suitability:
    """The rules as they stand on a day."""

    def __init__(self, on: dt.date, own: Iterable[OwnRule] = ()) -> None:
        self.own: dict[tuple[str, str], Rule] = {}
        for one in sorted(own, key=lambda one: one.rule.since):
            if one.rule.since <= on:
                self.own[one.family, one.site_class] = one.rule

    def rule(self, family: str, clinical_line: str | None, site_class: str) -> Rule:
        own = self.own.get((family, site_class))
        if own:
            return own
        rules = shipped_rules()
        return (
            rules.get(("family", family, site_class))
            or rules.get(("line", clinical_line or "", site_class))
            or rules["all", "", site_class]
        )
