"""A person's number -> a person of the market: where they live, how they are insured, when that ends; grain: one `Person`.

Person k is made from the seed and k alone, so the first thousand people of a system of a million are the system of a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demand.engine.rehearsal import days
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.world import MARKET_SHARE, MARKETS, OPEN_END, Payer, World, Zip


@dataclass(frozen=True, slots=True)
class Span:
    """Enrollment with one plan, half-open in days. group: the employer group of a self-funded plan."""

    starts: int
    ends: int
    payer: Payer
    group: str


@dataclass(slots=True)
class Person:
    number: int
    person_id: str
    place: Zip
    born: int
    gender: str
    weight: float
    spans: list[Span]
    died: int | None
    courses: list = field(default_factory=list)

    @property
    def enrolled_until(self) -> int:
        return self.spans[-1].ends

    def payer_on(self, day: int) -> Payer:
        for span in self.spans:
            if span.starts <= day < span.ends:
                return span.payer
        return self.spans[-1].payer if day >= self.spans[-1].ends else self.spans[0].payer

    def age_on(self, day: int) -> int:
        return int((day - self.born) / 365.25)


def _payer(draw: Draws, world: World, older: bool) -> Payer:
    return draw.weighted(world.payers, [payer.share_older if older else payer.share_younger for payer in world.payers])


def _group(draw: Draws, payer: Payer) -> str:
    return f"GRP{draw.between(100, 160)}" if payer.funding == "self_funded" else ""


def _spans(draw: Draws, world: World, born: int, until: int) -> list[Span]:
    """Enrolled for the whole window by most; some join late; some change plan at a New Year, all who turn 65 go to Medicare."""
    start = world.window.start
    joins = start if draw.chance(0.86) else world.window.month_start(draw.between(1, max(1, world.window.months - 6)))
    payer = _payer(draw, world, (joins - born) >= 65 * 365.25)
    spans: list[Span] = []
    first_year = int(days.text(joins)[:4]) + 1
    for year in range(first_year, int(days.text(until - 1)[:4]) + 1):
        new_year = days.of(year, 1, 1)
        turned = (new_year - born) >= 65 * 365.25 and payer.share_older <= 1 and payer.line_of_business != "medicaid"
        if new_year >= until or not (turned or draw.chance(0.035)):
            continue
        changed = _payer(draw, world, (new_year - born) >= 65 * 365.25)
        if changed is payer:
            continue
        spans.append(Span(joins, new_year, payer, _group(draw, payer)))
        joins, payer = new_year, changed
    spans.append(Span(joins, until, payer, _group(draw, payer)))
    return spans


def make_person(world: World, number: int, draw: Draws) -> Person:
    """Draws are taken in a fixed order; `draw` is the person's own stream."""
    window = world.window
    market = draw.weighted(MARKETS, MARKET_SHARE)
    place = draw.pick(world.zips_of[market])
    older = draw.chance(0.30 if market != "rural" else 0.38)
    age_days = draw.between(65 * 365, 92 * 365) if older else draw.between(6 * 365, 64 * 365)
    born = window.start - age_days
    gender = "female" if draw.chance(0.57) else "male"
    weight = round(max(18.0, min(150.0, draw.bell(79 if age_days > 16 * 365 else 44, 17))), 1)
    last = window.enrolled_until
    died = None
    if draw.chance((0.05 if older else 0.012) * window.months / 36):
        died = draw.between(window.start + 60, window.end - 1)
    leaves = draw.chance(0.05 * window.months / 36)
    leave_month = window.month_start(draw.between(2, max(2, window.months - 1)))
    until = min(last, died + 1 if died is not None else OPEN_END, leave_month if leaves else OPEN_END)
    until = max(until, window.start + 31)
    spans = _spans(draw, world, born, until)
    spans = [span for span in spans if span.starts < span.ends] or [Span(window.start, until, spans[0].payer, spans[0].group)]
    return Person(number, f"RH{number:08d}", place, born, gender, weight, spans, died)
