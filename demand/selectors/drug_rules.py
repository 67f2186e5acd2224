"""Drug by site class: the rule that stands on a day, and its source."""

import datetime as dt
from dataclasses import dataclass

from demand.engine.drug_suitability import CRITERIA, SITE_CLASSES, SUITABILITIES, Rule, Suitability, shipped_rules
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
        return ", ".join(CRITERIA.get(code, code) for code in self.rule.criteria)


@dataclass(frozen=True)
class DrugRow:
    family: str
    clinical_line: str
    rems: str
    cells: tuple[RuleCell, ...]


@dataclass(frozen=True)
class ShippedRule:
    """One shipped rule with the drugs that it speaks of."""

    about: str
    cell: RuleCell


def shipped_table() -> list[ShippedRule]:
    """The shipped rules as they are written, the general ones first."""
    about = {"all": "every drug", "line": "drugs of {}", "family": "{}"}
    return [
        ShippedRule(about[kind].format(name), RuleCell(site_class, rule))
        for (kind, name, site_class), rule in shipped_rules().items()
    ]


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
