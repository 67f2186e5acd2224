"""Planted courses and what claims show of them -> the key; grain: one row an infusion, an episode, a month.

Every row states the outcome twice, by the same definitions (definitions.md 2 to 5): `outcome` knows all that was planted;
`visible_outcome` knows only what a perfect reader of the extract could (claims not yet paid, prescribers not named, doses
nobody billed). The distance between the two is the ceiling: no pipeline can be asked to come nearer than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from demand.engine.rehearsal import days
from demand.engine.rehearsal.claims import Seen
from demand.engine.rehearsal.lag import MATURE, completion
from demand.engine.rehearsal.places import class_of
from demand.engine.rehearsal.plans import Course, Infusion
from demand.engine.rehearsal.world import Prescriber, Window, World

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")
BENEFIT_SHIFT_DAYS = 120

INFUSION_COLUMNS = (
    "person_id", "service_date", "family", "molecule", "hcpcs_code", "site_class", "site_id", "ownership", "channel", "supply",
    "dose",
    "dose_unit", "waste_units", "payer", "plan", "line_of_business", "market", "ordering_npi", "attributed", "outcome",
    "mature", "visible",
    "visible_site_class", "visible_drug", "visible_channel", "visible_named_by", "visible_attributed", "visible_outcome",
    "hidden_by", "allowed_cents", "pharmacy_fill_cents", "claim_ids", "claim_lines", "visiting",
)  # fmt: skip
EPISODE_COLUMNS = (
    "person_id", "family", "started_on", "last_infused_on", "infusions", "interval_days", "allowed_gap_days", "overdue_on",
    "new_start",
    "first_site_class", "last_site_class", "from_site_id", "to_site_id", "moved_on", "attributed", "outcome", "ended_because",
    "reason",
    "planned_reason", "planned_end", "visible_outcome",
)  # fmt: skip
MONTH_COLUMNS = (
    "month", "mature", "completion", *OUTCOMES, "unattributed", "leakage_rate", *(f"visible_{name}" for name in OUTCOMES),
    "visible_unattributed", "visible_leakage_rate",
)  # fmt: skip
DARK_COLUMNS = ("person_id", "family", "last_infused_on", "expected_next_on", "overdue_on", "resolution", "cause")


def outcome_of(attributed: bool, ownership: str, channel: str) -> str:
    """The outcome of one infusion (definitions.md 4); '' where it is not attributed."""
    if not attributed:
        return ""
    if ownership == "partner":
        return "partner"
    if ownership != "owned":
        return "site_leak"
    if channel == "white_bag":
        return "margin_leak"
    return "unknown" if channel == "unknown" else "kept"


def visible_channel(infusion: Infusion, seen: Seen) -> str:
    """The channel that the paid rows of the extract allow to be inferred."""
    if infusion.site.form in ("home", "suite"):
        return "home_per_diem"
    if seen.drug_paid:
        return "buy_and_bill"
    if seen.administration and seen.supply:
        return infusion.channel
    return "unknown"


@dataclass(slots=True)
class Months:
    """Counts of a month's infusions, planted and visible."""

    planted: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*OUTCOMES, ""), 0))
    visible: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*OUTCOMES, ""), 0))


def leakage_rate(counts: dict[str, int]) -> float | None:
    """site_leak ÷ (kept + margin_leak + site_leak); None where nothing is attributed."""
    base = counts["kept"] + counts["margin_leak"] + counts["site_leak"]
    return counts["site_leak"] / base if base else None


class Maturity:
    """By design of the lag curves: which months of which feed are at least 90 % paid in the extract."""

    def __init__(self, window: Window, feeds: Sequence[str]) -> None:
        self.feeds = sorted(set(feeds))
        self.share: dict[tuple[str, str], float] = {}
        for index in range(window.months):
            first, end = window.month_start(index), window.month_start(index + 1)
            for feed in self.feeds:
                self.share[feed, days.month_of(first)] = completion(feed, first, end, window.paid_through)

    def of_feed(self, feed: str, month: str) -> bool:
        """Months before the window are complete, months after it are not."""
        share = self.share.get((feed, month))
        return share >= MATURE if share is not None else month < min(known for _, known in self.share)

    def completion(self, month: str) -> float:
        return min(self.share[feed, month] for feed in self.feeds)

    def of_month(self, month: str) -> bool:
        """Mature in every feed."""
        return self.completion(month) >= MATURE


@dataclass(slots=True)
class Episode:
    infusions: list[Infusion]
    attributed: bool
    outcome: str
    because: str
    overdue: int
    moved: Infusion | None
    from_site: str
    last: bool


def _stays(infusions: list[Infusion]) -> tuple[Infusion | None, Infusion | None, str]:
    """(first infusion of the first established site, the move's infusion, the site left)."""
    first: Infusion | None = None
    for before, after in pairwise(infusions):
        if before.site.truth_id == after.site.truth_id and class_of(before.site) == class_of(after.site):
            first = before
            break
    if first is None:
        return None, None, ""
    home = first.site.truth_id
    last = infusions[-1].site.truth_id
    if last == home:
        return first, None, ""
    moved = infusions[-1]
    for infusion in reversed(infusions):
        if infusion.site.truth_id != last:
            break
        moved = infusion
    return first, moved, home


def episodes_of(course: Course, infusions: list[Infusion], attributed: list[bool], as_of: int, maturity: Maturity) -> list[Episode]:
    """The course's episodes by definitions.md 3 to 5, as of a date, from these of its infusions."""
    allowed = course.allowed_gap
    runs: list[list[int]] = []
    for position, infusion in enumerate(infusions):
        if runs and infusion.day - infusions[runs[-1][-1]].day <= allowed:
            runs[-1].append(position)
        else:
            runs.append([position])
    found = []
    for number, run in enumerate(runs):
        mine = [infusions[position] for position in run]
        overdue = mine[-1].day + allowed
        restarted = number + 1 < len(runs)
        outcome, because = _episode_outcome(course, mine, overdue, restarted, as_of, maturity)
        _, moved, left = _stays(mine)
        found.append(
            Episode(mine, any(attributed[position] for position in run), outcome, because, overdue, moved, left, not restarted)
        )
    return found


def _episode_outcome(
    course: Course, mine: list[Infusion], overdue: int, restarted: bool, as_of: int, maturity: Maturity
) -> tuple[str, str]:
    """The first that holds: moved_out, moved_in, never_captured, benefit_shift, ended, dark, unknown, kept."""
    person, therapy, last = course.person, course.therapy, mine[-1]
    first, _, _ = _stays(mine)
    start_owned = (first or mine[0]).site.ownership == "owned"
    last_owned = last.site.ownership == "owned"
    if first is not None and start_owned and not last_owned:
        return "moved_out", ""
    if not start_owned and last_owned:
        return "moved_in", ""
    if mine[0].site.ownership != "owned":
        return "never_captured", ""
    fills = [day for day in course.self_fills if last.day < day < as_of]
    if fills and not restarted and not therapy.planned_self_injection and fills[0] - last.day <= BENEFIT_SHIFT_DAYS:
        return "benefit_shift", ""
    if restarted:
        return "ended", "restarted"
    if therapy.planned_self_injection and fills:
        return "ended", "planned_self_injection"
    if therapy.course_doses and len(mine) >= therapy.course_doses:
        return "ended", "complete"
    if course.evidence:
        return "ended", "stopped"
    if person.died is not None and person.died < as_of:
        return "ended", "died"
    if person.enrolled_until < min(overdue, as_of):
        return "ended", "not_enrolled"
    if overdue >= as_of:
        return "kept", ""
    feed = person.payer_on(overdue).feed
    return ("dark", "") if maturity.of_feed(feed, days.month_of(overdue)) else ("unknown", "immature")


class TruthRows:
    """Collects the key person by person; `write` takes the texts away after every chunk."""

    def __init__(self, world: World) -> None:
        self.window = world.window
        self.as_of = world.window.end
        self.maturity = Maturity(world.window, [payer.feed for payer in world.payers])
        self.roster: dict[str, Prescriber] = {prescriber.npi: prescriber for prescriber in world.prescribers}
        self.months = {days.month_of(world.window.month_start(index)): Months() for index in range(world.window.months)}
        self.counts = {"infusions": 0, "visible_infusions": 0, "episodes": 0, "attributed_episodes": 0, "darks": 0}
        self.mature = {month: self.maturity.of_month(month) for month in self.months}
        self.infusions: list[str] = []
        self.episodes: list[str] = []
        self.darks: list[str] = []
        self.exposures: list[str] = []
        self.clinical: list[str] = []

    def add(self, seen_rows: list[tuple[Course, Infusion, Seen]]) -> None:
        """All infusions of one person, in the order of the courses."""
        by_course: dict[int, tuple[Course, list[tuple[Infusion, Seen]]]] = {}
        for course, infusion, seen in seen_rows:
            by_course.setdefault(id(course), (course, []))[1].append((infusion, seen))
            self._infusion(course, infusion, seen)
        for course, pairs in by_course.values():
            self._episodes(course, pairs)

    def _visible_attributed(self, infusion: Infusion, seen: Seen) -> bool:
        named = self.roster.get(seen.named_npi)
        return named is not None and named.on_roster(infusion.day)

    def _infusion(self, course: Course, infusion: Infusion, seen: Seen) -> None:
        site, month = infusion.site, days.month_of(infusion.day)
        attributed = infusion.prescriber.on_roster(infusion.day)
        outcome = outcome_of(attributed, site.ownership, infusion.channel)
        counts = self.months[month]
        counts.planted[outcome] += 1
        self.counts["infusions"] += 1
        shown = seen.site_shown
        channel = visible_channel(infusion, seen) if shown else ""
        seen_attributed = shown and self._visible_attributed(infusion, seen)
        seen_outcome = outcome_of(seen_attributed, site.ownership, channel)
        if shown:
            counts.visible[seen_outcome] += 1
            self.counts["visible_infusions"] += 1
        self.infusions.append(
            f"{course.person.person_id},{days.text(infusion.day)},{course.therapy.family},{infusion.code.molecule},{infusion.code.hcpcs},"
            f"{class_of(site)},{site.truth_id},{site.ownership},{infusion.channel},{infusion.supply},{infusion.dose:g},{course.therapy.measure},"
            f"{infusion.waste_units:g},{infusion.payer.name},{infusion.payer.plan},{infusion.payer.line_of_business},"
            f"{site.market},{infusion.prescriber.npi},{_word(attributed)},{outcome},"
            f"{_word(self.mature[month])},{_word(shown)},"
            f"{seen.site_class if shown else ''},{_word(shown and seen.drug_named)},{channel},{seen.named},"
            f"{_word(seen_attributed)},{seen_outcome},{';'.join(seen.hidden_by)},{seen.allowed},{seen.pharmacy_cents},"
            f"{';'.join(seen.claim_ids)},{seen.lines},{_word(infusion.visiting)}\n"
        )

    def _episodes(self, course: Course, pairs: list[tuple[Infusion, Seen]]) -> None:
        infusions = [infusion for infusion, _ in pairs]
        attributed = [infusion.prescriber.on_roster(infusion.day) for infusion in infusions]
        shown = [
            (infusion, self._visible_attributed(infusion, seen)) for infusion, seen in pairs if seen.site_shown and seen.drug_named
        ]
        visible = episodes_of(course, [one for one, _ in shown], [one for _, one in shown], self.as_of, self.maturity)
        outcome_by_start = {episode.infusions[0].day: episode for episode in visible}
        for episode in episodes_of(course, infusions, attributed, self.as_of, self.maturity):
            twin = next(
                (other for day, other in outcome_by_start.items() if episode.infusions[0].day <= day <= episode.infusions[-1].day),
                None,
            )
            self._episode(course, episode, twin)

    def _episode(self, course: Course, episode: Episode, twin: Episode | None) -> None:
        mine, first, last = episode.infusions, episode.infusions[0], episode.infusions[-1]
        self.counts["episodes"] += 1
        self.counts["attributed_episodes"] += episode.attributed
        outcome = episode.outcome if episode.attributed else ""
        because = episode.because if outcome in ("ended", "unknown") else ""
        moved = episode.moved
        planned_move = moved is not None and course.moved_on == moved.day
        reason = (
            (course.reason if planned_move else "unexplained") if moved is not None and outcome in ("moved_out", "moved_in") else ""
        )
        new = course.new_start and first.day == course.started
        visible = (twin.outcome if twin.attributed else "") if twin else ""
        self.episodes.append(
            f"{course.person.person_id},{course.therapy.family},{days.text(first.day)},{days.text(last.day)},{len(mine)},{course.interval},"
            f"{episode.overdue - last.day},{days.text(episode.overdue)},{_word(new)},{class_of(first.site)},{class_of(last.site)},"
            f"{episode.from_site},{moved.site.truth_id if moved else ''},{days.text(moved.day) if moved else ''},"
            f"{_word(episode.attributed)},{outcome},{because},{reason},"
            f"{course.planned_reason if planned_move else ''},{course.stop_cause if episode.last else ''},{visible}\n"
        )
        if outcome == "dark" or (outcome == "unknown" and episode.because == "immature"):
            self.counts["darks"] += outcome == "dark"
            resolution = "unknown" if outcome == "dark" else "feed_immature"
            self.darks.append(
                f"{course.person.person_id},{course.therapy.family},{days.text(last.day)},{days.text(last.day + course.interval)},"
                f"{days.text(episode.overdue)},{resolution},{course.stop_cause or 'none'}\n"
            )

    def month_rows(self) -> list[str]:
        rows = []
        for month, counts in self.months.items():
            parts = [month, _word(self.mature[month]), f"{self.maturity.completion(month):.4f}"]
            for side in (counts.planted, counts.visible):
                rate = leakage_rate(side)
                parts += [*(str(side[name]) for name in OUTCOMES), str(side[""]), "" if rate is None else f"{rate:.6f}"]
            rows.append(",".join(parts) + "\n")
        return rows


def _word(value: bool) -> str:
    return "true" if value else "false"
