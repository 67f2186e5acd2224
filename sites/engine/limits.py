"""Partnerships and a kind of site in a market -> the limits that bind on a day; grain: one partnership."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A partnership as far as it bars something. No markets means all; binding while since ≤ day < until, open where blank."""

    number: int
    partner: str
    site_types: tuple[str, ...]
    markets: tuple[str, ...]
    waived_by: str
    population: str = ""
    terms: str = ""
    since: dt.date | None = None
    until: dt.date | None = None

    def binds(self, market: str, site_type: str, on: dt.date) -> bool:
        """A market that is not named (\"\": all of them) is touched by any limit of that kind of site."""
        here = not self.markets or not market or market in self.markets
        return site_type in self.site_types and here and self.is_in_force(on)

    def is_in_force(self, on: dt.date) -> bool:
        return (not self.since or self.since <= on) and (not self.until or on < self.until)

    @property
    def name(self) -> str:
        return f"the partnership with {self.partner}"

    @property
    def sentence(self) -> str:
        whom = f" for {self.population}" if self.population else ""
        end = f"until {self.until:%Y-%m-%d}" if self.until else "with no end stated"
        return f"The partnership with {self.partner} bars this{whom}, {end}. It may be waived by {self.waived_by}."


def binding(limits: Iterable[Limit], market: str, site_type: str, on: dt.date) -> tuple[Limit, ...]:
    return tuple(limit for limit in limits if limit.binds(market, site_type, on))
