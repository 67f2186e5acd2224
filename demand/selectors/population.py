"""People aged 65 or more in each market, and how fast they grow; grain: one market.

A market is the ZIP codes where our people of it live. The share is that of the package's one census period; growth is counted over the
ZIP codes that were loaded for both the market's first and last year on file.
"""

from dataclasses import dataclass

from demand.selectors.reach import Reached
from sites.engine.zip_places import area_of
from sites.models import ZipPopulation


@dataclass(frozen=True)
class Older:
    """`years` on file for the market. With two or more: people aged 65 or more in the first and the last, over `zips_compared` ZIP codes
    of `zips`."""

    share: float | None
    zips: int
    years: tuple[int, ...] = ()
    zips_compared: int = 0
    before: int = 0
    after: int = 0

    @property
    def growth(self) -> float | None:
        return self.after / self.before - 1 if self.before else None

    @property
    def growth_a_year(self) -> float | None:
        """Compound."""
        if not self.before or not self.after:
            return None
        return (self.after / self.before) ** (1 / (self.years[-1] - self.years[0])) - 1


def older_people(found: Reached) -> dict[str, Older]:
    zips: dict[str, set[str]] = {}
    for group in found.reach.groups:
        zips.setdefault(group.market, set()).update(filter(None, [group.zip_code]))
    on_file: dict[str, dict[int, int]] = {}
    wanted = set().union(*zips.values())
    for zip_code, year, older in ZipPopulation.objects.values_list("zip_code", "year", "population_65_plus").iterator():
        if zip_code in wanted:
            on_file.setdefault(zip_code, {})[year] = older
    return {market: _older(codes, on_file) for market, codes in zips.items()}


def _older(codes: set[str], on_file: dict[str, dict[int, int]]) -> Older:
    known = [area for area in map(area_of, codes) if area.population and area.share_65_plus is not None]
    people = sum(area.population for area in known)
    share = sum(area.population * area.share_65_plus for area in known) / people if people else None
    mine = [on_file[zip_code] for zip_code in codes if zip_code in on_file]
    years = tuple(sorted(set().union(*mine)))
    if len(years) < 2:
        return Older(share, len(codes), years)
    both = [by_year for by_year in mine if years[0] in by_year and years[-1] in by_year]
    return Older(share, len(codes), years, len(both), *(sum(by_year[year] for by_year in both) for year in (years[0], years[-1])))
