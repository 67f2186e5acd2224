"""Options side by side: of one version computed now for every option, or of scenarios as they were kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from roi.access import access_version
from roi.engine.alternatives import alternative
from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.options import OPTIONS, Option
from roi.selectors.inputs import market_words
from roi.selectors.scenarios import summary_of


@dataclass(frozen=True)
class Side:
    """One column: what it is, and what it returns (None: not computed). `pk` is the kept scenario's."""

    name: str
    option: Option
    summary: dict | None
    covers: str
    pk: int | None = None


def every_option(center: Center) -> list[Side]:
    """The version as it is, and the same patients under each other option; nothing is saved."""
    covers = market_words(center.market)
    return [
        Side(option.short, option, cash_flow(inputs_of(alternative(center, key))).as_json(), covers)
        for key, option in OPTIONS.items()
    ]


def kept(user, scenarios: Sequence[int]) -> list[Side]:
    """The newest versions of scenarios; 404 where there is none."""
    versions = [access_version(user, pk) for pk in scenarios]
    found = []
    for version in versions:
        center = Center.from_json(version.inputs)
        found.append(
            Side(version.scenario.name, center.kind, summary_of(version), market_words(center.market), version.scenario_id)
        )
    return found
