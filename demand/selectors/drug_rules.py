"""Drug by site class: the rule that stands on a day, and its source."""

import datetime as dt
from dataclasses import dataclass

from demand.engine.drug_suitability import CRITERIA, SITE_CLASSES, SUITABILITIES, Rule, Suitability
from demand.selectors.clinical_line import own_rules
from payers.models import DrugFamily


@dataclass(frozen=True)
class RuleCell:
    """One class of site for one drug."""

    site_class: str
    rule: Rule

    @property
    def suitability(self) -> str:
        return SUITABILITIES[self.rule.suitability]

    @property
    def criterion(self) -> str:
        return CRITERIA.get(self.rule.criterion, self.rule.criterion)


@dataclass(frozen=True)
class DrugRow:
    family: str
    clinical_line: str
    rems: str
    cells: tuple[RuleCell, ...]


def rule_table(on: dt.date) -> list[DrugRow]:
    """Every drug of the reference, by clinical line."""
    suitability = Suitability(on, own_rules())
    return [
        DrugRow(
            family,
            clinical_line,
            rems,
            tuple(RuleCell(name, suitability.rule(family, clinical_line, name)) for name in SITE_CLASSES),
        )
        for family, clinical_line, rems in DrugFamily.objects.order_by("clinical_line", "family").values_list(
            "family", "clinical_line", "rems"
        )
    ]
