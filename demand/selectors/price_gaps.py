"""Infusions of a run against every dated price on file: which payer × drug × site class has no price, ranked by allowed money.

An infusion of the last 12 months with data is priced by its codes on its day, one unit each: a gap of one unit is a gap of all.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from demand.models import Run
from demand.selectors.facts import ask_tables
from payers import words
from payers.engine.price_book import BilledUnits, Infusion, PriceBook
from payers.engine.prices import Gap, price
from payers.selectors.prices import is_original_medicare, price_book

MONTHS = 12
GROUPS = """
WITH latest AS (SELECT max(service_date) AS day FROM {infusions}),
chosen AS (
    SELECT infusion.* FROM {infusions} AS infusion, latest
    WHERE service_date > latest.day - to_months($months) AND family <> 'unknown' AND ($every OR ownership = 'owned')
),
department AS (
    SELECT infusion_id,
        CASE WHEN bool_or(modifiers LIKE '%PN%') THEN 'PN' WHEN bool_or(modifiers LIKE '%PO%') THEN 'PO' ELSE '' END AS modifier
    FROM {lines} WHERE site_class = 'hopd_off_campus' AND infusion_id IS NOT NULL GROUP BY infusion_id
)
SELECT
    coalesce(payer, 'unknown'), coalesce(plan, ''), coalesce(line_of_business, 'unknown'), family, site_class, coalesce(site_id, ''),
    channel, coalesce(hcpcs_codes, ''), coalesce(modifier, ''), max(service_date),
    count(*), coalesce(sum(allowed_cents), 0)::BIGINT, list(DISTINCT person_no)
FROM chosen LEFT JOIN department USING (infusion_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, date_trunc('quarter', service_date)
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""


@dataclass
class _Tally:
    infusions: int = 0
    unpriced: int = 0
    allowed_cents: int = 0
    people: set = field(default_factory=set)
    gaps: dict = field(default_factory=dict)


@dataclass(frozen=True)
class GapRow:
    """One payer × drug × site class with infusions that have no complete price; money and people of those infusions alone."""

    payer: str
    line_of_business: str
    family: str
    site_class: str
    infusions: int
    of_infusions: int
    people: int
    allowed_cents: int
    gaps: tuple[Gap, ...]

    @property
    def site_class_in_words(self) -> str:
        return words.SITE_CLASSES.get(self.site_class, self.site_class)

    @property
    def line_of_business_in_words(self) -> str:
        return words.LINES_OF_BUSINESS.get(self.line_of_business, self.line_of_business)


@dataclass(frozen=True)
class PriceGaps:
    """Rows by allowed money, most first; totals over every infusion looked at."""

    run: Run
    rows: tuple[GapRow, ...]
    infusions: int
    unpriced: int
    allowed_cents: int
    first_day: dt.date | None
    last_day: dt.date | None

    @property
    def share(self) -> float | None:
        return self.unpriced / self.infusions if self.infusions else None


def price_gaps(run: Run, *, every_site: bool = False, book: PriceBook | None = None) -> PriceGaps:
    """The gaps of a run: at our own sites, or at every site."""
    book = book or price_book()
    found = ask_tables(run, GROUPS, months=MONTHS, every=every_site)
    tallies: dict[tuple, _Tally] = defaultdict(_Tally)
    seen: dict[tuple, tuple[Gap, ...]] = {}
    days = [row[9] for row in found]
    for payer, plan, line, family, site_class, site_id, channel, codes, modifier, day, infusions, allowed, people in found:
        tally = tallies[payer, line, family, site_class]
        tally.infusions += infusions
        question = (payer, plan, line, site_class, site_id, channel, codes, modifier, day.replace(day=1))
        if question not in seen:
            seen[question] = price(_infusion(book, *question[:-1], day), book).gaps
        if not seen[question]:
            continue
        tally.unpriced += infusions
        tally.allowed_cents += allowed
        tally.people.update(people)
        tally.gaps |= {(gap.hcpcs_code, gap.reason): gap for gap in seen[question]}
    rows = [
        GapRow(*key, tally.unpriced, tally.infusions, len(tally.people), tally.allowed_cents, tuple(tally.gaps.values()))
        for key, tally in tallies.items()
        if tally.unpriced
    ]
    rows.sort(key=lambda row: (-row.allowed_cents, -row.infusions, row.payer, row.family, row.site_class))
    return PriceGaps(
        run,
        tuple(rows),
        sum(tally.infusions for tally in tallies.values()),
        sum(row.infusions for row in rows),
        sum(row.allowed_cents for row in rows),
        min(days, default=None),
        max(days, default=None),
    )


def _infusion(book: PriceBook, payer, plan, line, site_class, site_id, channel, codes, modifier, day) -> Infusion:
    billed = [code for code in codes.split(";") if code]
    return Infusion(
        drugs=tuple(BilledUnits(code) for code in billed if code in book.units),
        services=tuple(BilledUnits(code) for code in billed if code not in book.units),
        payer=payer,
        plan=plan,
        line_of_business="medicare" if is_original_medicare(payer) else line,
        site_class=site_class,
        site_id=site_id,
        channel=channel or "unknown",
        modifier=modifier,
        service_date=day,
    )
