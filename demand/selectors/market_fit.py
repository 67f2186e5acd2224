"""One "is there unmet demand?" answer per market, with each input and the threshold it is held against.

Every input points to unmet demand, points away from it, or is not known; nothing that is not recorded is assumed. Two inputs that
point to it make it likely, one possible; with none, two known inputs are needed to say that none is seen.
"""

from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN
from demand.engine.reach import HOME, PERMITTED, PHARMACY
from demand.models import Run
from demand.places import number
from demand.selectors.facts import ask_tables
from demand.selectors.hidden_reach import columns
from demand.selectors.population import Older, older_people
from demand.selectors.reach import Reached
from payers.models import DrugFamily
from sites.models import Site

TARGET_USE = 0.75  # of open chair-hours, as everywhere (definitions.md, 8)
WEEKS_A_MONTH = 365 / 7 / 12
NEEDED = """
SELECT coalesce(market, 'unknown'), family, count(*) / 12.0, count(DISTINCT person_id) FROM {infusions}
WHERE service_date > $since AND service_date <= $until AND site_class NOT IN ('home', 'inpatient', 'emergency')
GROUP BY ALL
"""
WAITS = """
SELECT coalesce(market, 'unknown'), quantile_disc(waits, 0.5), quantile_disc(waits, 0.9), count(*), count(DISTINCT person_id)
FROM {infusions} WHERE waits IS NOT NULL AND service_date > $since AND service_date <= $until GROUP BY ALL
"""
POINTS_TO, POINTS_AWAY, NOT_KNOWN, NOT_SHOWN = "points to unmet demand", "points away from it", "not known", "may not be shown"


@dataclass(frozen=True)
class VerdictThresholds:
    """An input at or above its number points to unmet demand."""

    wait_days: float = 14
    out_share: float = 10
    use_share: float = 100

    @classmethod
    def from_query(cls, query, problems: list[str]) -> "VerdictThresholds":
        return cls(
            number(query, "wait_days", cls.wait_days, 1, 365, problems, "Days waited"),
            number(query, "out_share", cls.out_share, 0.1, 100, problems, "Percent out of reach"),
            number(query, "use_share", cls.use_share, 1, 1000, problems, "Percent of chair-hours used"),
        )


@dataclass(frozen=True)
class Chairs:
    """Chair-hours a month: needed by the infusions that claims show, open at sites whose chairs and hours are known."""

    needed: float
    open: float
    sites: int
    without_chairs: int
    infusions_without_minutes: float

    @property
    def used(self) -> float | None:
        return self.needed / (self.open * TARGET_USE) if self.open else None


@dataclass(frozen=True)
class Input:
    name: str
    value: str
    threshold: str
    says: str


@dataclass(frozen=True)
class MarketVerdict:
    market: str
    verdict: str
    inputs: tuple[Input, ...]

    @property
    def is_warning(self) -> bool:
        return self.verdict.startswith(("Likely", "Possible"))


def chairs(run: Run, found: Reached, see_small: bool) -> dict[str, Chairs | None]:
    """Market -> its chair-hours; None where 1 to 10 people are infused there and the reader may not know of them."""
    minutes = dict(DrugFamily.objects.exclude(chair_minutes=None).values_list("family", "chair_minutes"))
    rows = ask_tables(run, NEEDED, since=found.since, until=found.as_of) if found.as_of else []
    here = [place for place in found.places if place.site_class not in (HOME, PHARMACY)]
    hours = {
        site_id: float(number_of * weekly) * WEEKS_A_MONTH
        for site_id, number_of, weekly in Site.objects.on_file()
        .filter(chairs__gt=0, open_hours_per_week__gt=0)
        .values_list("site_id", "chairs", "open_hours_per_week")
    }
    answers = {}
    for market in sorted({row[0] for row in rows} | {place.market for place in here if place.market}):
        mine = [row for row in rows if row[0] == market]
        open_here = [place.site_id for place in here if place.market == market]
        if not see_small and 0 < max((row[3] for row in mine), default=0) < 11:
            answers[market] = None
            continue
        answers[market] = Chairs(
            needed=sum(month * minutes[family] / 60 for _, family, month, _ in mine if family in minutes),
            open=sum(hours.get(site_id, 0) for site_id in open_here),
            sites=len(open_here),
            without_chairs=sum(site_id not in hours for site_id in open_here),
            infusions_without_minutes=sum(month for _, family, month, _ in mine if family not in minutes),
        )
    return answers


def verdicts(run: Run, found: Reached, visible, held: VerdictThresholds, see_small: bool) -> tuple[MarketVerdict, ...]:
    """One per market with sites or people, in the order of their names."""
    hours = chairs(run, found, see_small)
    rows = ask_tables(run, WAITS, since=found.since, until=found.as_of) if found.as_of else []
    waits = {row[0]: row[1:] for row in rows}
    older = older_people(found)
    return tuple(
        _verdict(market, [
            _waiting(waits.get(market), held, see_small),
            _out_of_reach(found, visible, market, held),
            _used(hours.get(market), held, market in hours),
            Input("Satisfaction of patients", "no survey results are recorded", "–", NOT_KNOWN),
            _older(older.get(market)),
        ])
        for market in sorted({place.market for place in found.places if place.market} | {group.market for group in found.reach.groups})
    )  # fmt: skip


def _verdict(market: str, inputs: list[Input]) -> MarketVerdict:
    to = sum(one.says == POINTS_TO for one in inputs)
    away = sum(one.says == POINTS_AWAY for one in inputs)
    if to >= 2:
        said = "Likely unmet demand"
    elif to == 1:
        said = "Possible unmet demand"
    elif any(one.says == NOT_SHOWN for one in inputs):
        said = "Not enough may be shown"
    else:
        said = "No unmet demand seen" if away >= 2 else "Not enough is known"
    return MarketVerdict(market, said, tuple(inputs))


def _says(value: float, threshold: float) -> str:
    return POINTS_TO if value >= threshold else POINTS_AWAY


def _waiting(found: tuple | None, held: VerdictThresholds, see_small: bool) -> Input:
    name, threshold = "Referral to first dose", f"median of {held.wait_days:g} days or more"
    if not found:
        return Input(name, "no orders are recorded with a later infusion", threshold, NOT_KNOWN)
    median, ninetieth, orders, people = found
    if people < 110 and not see_small:  # the tenth that waits longest must be more than ten people
        if people < 11:
            return Input(name, "hidden: few people", threshold, NOT_SHOWN)
        return Input(name, f"median {median:g} days", threshold, _says(median, held.wait_days))
    return Input(
        name,
        f"median {median:g} days, 90th percentile {ninetieth:g} ({orders:,} infusions that followed an order)",
        threshold,
        _says(median, held.wait_days),
    )


def _out_of_reach(found: Reached, visible, market: str, held: VerdictThresholds) -> Input:
    name, threshold = "People with no permitted site in reach", f"{held.out_share:g}% or more"
    reach = found.reach
    mine = (columns(reach)["market"] == market) & reach.located
    total, out = int(reach.people[mine].sum()), int(reach.people[mine & ~reach.within(PERMITTED)].sum())
    if not total:
        return Input(name, "nobody of ours lives at a known ZIP code", threshold, NOT_KNOWN)
    total, out = visible.count(total, market=market), visible.count(out, PERMITTED, outside=True, market=market)
    if HIDDEN in (total, out):
        return Input(name, "hidden: a small count", threshold, NOT_SHOWN)
    share = 100 * out / total
    return Input(name, f"{share:.1f}% ({out:,} of {total:,})", threshold, _says(share, held.out_share))


def _used(found: Chairs | None, held: VerdictThresholds, is_known: bool) -> Input:
    name, threshold = "Chair-hours needed of those open", f"{held.use_share:g}% or more of 75% of open hours"
    if found is None:
        return Input(
            name,
            *(("hidden: few people", threshold, NOT_SHOWN) if is_known else ("no infusions and no sites", threshold, NOT_KNOWN)),
        )
    if found.used is None:
        return Input(name, "no site of the market has chairs and hours on file", threshold, NOT_KNOWN)
    known = found.sites - found.without_chairs
    value = (
        f"{100 * found.used:.0f}% ({found.needed:,.0f} hours a month needed by what claims show, {found.open:,.0f} open "
        f"at {known} site{'s' if known != 1 else ''})"
    )
    return Input(name, value, threshold, _says(100 * found.used, held.use_share))


def _older(found: Older | None) -> Input:
    share = "share not known" if found is None or found.share is None else f"{100 * found.share:.1f}% of residents"
    return Input("People aged 65 or more", f"{share}; {_growth(found)}", "context, no threshold", NOT_KNOWN)


def _growth(found: Older | None) -> str:
    if found is None or not found.years:
        return "how fast they grow is not known: one census period, and no other year was loaded"
    if len(found.years) == 1:
        return f"how fast they grow is not known: one year known, {found.years[0]}"
    first, last = found.years[0], found.years[-1]
    if found.growth_a_year is None:
        return f"how fast they grow is not known: no ZIP code has people of that age in both {first} and {last}"
    return (
        f"{found.before:,} in {first}, {found.after:,} in {last}: {100 * found.growth:+.1f}%, {100 * found.growth_a_year:+.1f}% a year, "
        f"in {found.zips_compared} of {found.zips} ZIP codes"
    )
