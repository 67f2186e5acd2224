"""Options side by side: of one version computed now for every option, or of scenarios as they were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roi.access import access_version
from roi.engine.alternatives import alternative
from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.market import Market
from roi.engine.options import OPTIONS, Option
from roi.selectors.inputs import market_words, typed_words
from roi.selectors.scenarios import summary_of


@dataclass(frozen=True)
class Side:
    """One column: what it is, what it returns (None: not computed), and the market, months, run, prices and typed volumes it rests on.
    `pk` is the kept scenario's."""

    name: str
    option: Option
    summary: dict | None
    covers: str
    rests_on: Mapping[str, str]
    pk: int | None = None

    @property
    def typed(self) -> str:
        return self.rests_on["typed volumes"]


def differing(sides: Sequence[Side]) -> list[str]:
    """What the sides do not share of markets, months, claims runs, price quarters and typed volumes; values are comparable
    where this is empty."""
    return [what for what in sides[0].rests_on if len({side.rests_on[what] for side in sides}) > 1] if sides else []


def _rests_on(market: Market) -> dict[str, str]:
    months = f"{market.first_month:%Y-%m} to {market.last_month:%Y-%m}"
    return {
        "markets": market.name,
        "months": months,
        "claims runs": str(market.run_id),
        "price quarters": market.quarter,
        "typed volumes": typed_words(market),
    }


def every_option(center: Center) -> list[Side]:
    """The version as it is, and the same patients under each other option; nothing is saved."""
    covers, rests_on = market_words(center.market), _rests_on(center.market)
    return [
        Side(option.short, option, cash_flow(inputs_of(alternative(center, key))).as_json(), covers, rests_on)
        for key, option in OPTIONS.items()
    ]


def kept(user, scenarios: Sequence[int]) -> list[Side]:
    """The newest versions of scenarios; 404 where there is none."""
    versions = [access_version(user, pk) for pk in scenarios]
    found = []
    for version in versions:
        center = Center.from_json(version.inputs)
        found.append(
            Side(
                version.scenario.name,
                center.kind,
                summary_of(version),
                market_words(center.market),
                _rests_on(center.market),
                version.scenario_id,
            )
        )
    return found
