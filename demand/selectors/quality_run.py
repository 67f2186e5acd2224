"""What a run says of an extract's quality: doses far from usual, how fast its feeds fill up, who had coverage on the day."""

import datetime as dt
from dataclasses import dataclass

from demand import storage
from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN, Mark
from demand.engine.dose_reason import dose_reason
from demand.engine.maturity import last_whole_month, months_between
from demand.engine.parameters import Parameters
from demand.models import Extract, Run
from demand.selectors.facts import ask_file
from payers.models import DrugCode, DrugFamily

MOST_INFUSIONS = 200_000  # whose doses are looked at one by one


@dataclass(frozen=True)
class OutlierGroup:
    """Infusions of one drug and its codes whose dose is far from usual in one way, with one likely reason."""

    family: str
    codes: str
    direction: str  # below | above
    reason: str
    usual_low: float
    usual_high: float
    unit: str
    lowest: float | Mark
    highest: float | Mark
    infusions: int | Mark
    people: int | Mark
    allowed_cents: int | Mark


@dataclass(frozen=True)
class Outliers:
    """`infusions` and `allowed_cents` of the groups together (None where that would give a hidden group away), of those with a
    known dose; `below` and `above`: the run's limits as multiples of the usual range."""

    groups: tuple[OutlierGroup, ...]
    infusions: int | None
    allowed_cents: int | None
    of_infusions: int
    of_allowed_cents: int
    below: float
    above: float
    hidden: bool = False  # all infusions with a known dose are of 1 to 10 people: nothing is told

    @property
    def share(self) -> float | None:
        return None if self.allowed_cents is None or not self.of_allowed_cents else self.allowed_cents / self.of_allowed_cents


OUTLYING = """
SELECT family, hcpcs_codes, CASE WHEN contains(flags, 'dose_far_below_regimen') THEN 'below' ELSE 'above' END, dose, dose_unit,
    person_no, coalesce(allowed_cents, 0)
FROM {file}
WHERE list_contains(string_split(extract_ids, ';'), $extract) AND regexp_matches(flags, 'dose_far_(below|above)_regimen')
LIMIT {most}
""".replace("{most}", str(MOST_INFUSIONS))
WITH_DOSE = """
SELECT count(*), coalesce(sum(allowed_cents), 0)::BIGINT, count(DISTINCT person_no) FROM {file}
WHERE list_contains(string_split(extract_ids, ';'), $extract) AND dose IS NOT NULL
"""


def outliers(run: Run, extract: Extract, see_small: bool) -> Outliers | None:
    path = storage.run_folder(run.pk) / "infusions.parquet"
    base = ask_file(path, WITH_DOSE, extract=str(extract.pk))
    if not base:
        return None
    parameters = Parameters.from_json(run.parameters)
    if not see_small and 0 < base[0][2] < SMALLEST_SHOWN:
        return Outliers((), None, None, 0, 0, parameters.dose_flag_below, parameters.dose_flag_above, hidden=True)
    found = ask_file(path, OUTLYING, extract=str(extract.pk))
    usual = {
        family: (low, high) for family, low, high in DrugFamily.objects.values_list("family", "usual_dose_low", "usual_dose_high")
    }
    units: dict[str, dict[str, set]] = {}
    for family, code, amount in DrugCode.objects.values_list("family_id", "hcpcs_code", "unit_amount"):
        units.setdefault(family, {}).setdefault(code, set()).add(amount)
    groups: dict[tuple, list] = {}
    for family, codes, direction, dose, unit, person, allowed in found:
        low, high = usual.get(family, (None, None))
        if low is None or high is None:  # the reference has changed since the run
            continue
        drug_codes = [code for code in codes.split(";") if code in units.get(family, {})]  # without administration codes
        billed = {amount for code in drug_codes for amount in units[family][code]}
        every = {amount for amounts in units.get(family, {}).values() for amount in amounts}
        reason = dose_reason(dose, low, high, billed, every - billed)
        groups.setdefault((family, ", ".join(drug_codes), direction, reason, low, high, unit or ""), []).append(
            (dose, person, allowed)
        )
    made = sorted(
        (_group(key, rows) for key, rows in groups.items()), key=lambda group: (-group.allowed_cents, group.family, group.codes)
    )
    small = [group for group in made if not see_small and group.people < SMALLEST_SHOWN]
    telling = bool(small) and (len(small) == 1 or sum(group.people for group in small) < SMALLEST_SHOWN)
    return Outliers(
        groups=(
            *(group for group in made if group not in small),
            *sorted((_hidden(group) for group in small), key=lambda group: (group.family, group.codes)),  # not by size
        ),
        infusions=None if telling else sum(group.infusions for group in made),
        allowed_cents=None if telling else sum(group.allowed_cents for group in made),
        of_infusions=base[0][0],
        of_allowed_cents=base[0][1],
        below=parameters.dose_flag_below,
        above=parameters.dose_flag_above,
    )


def _group(key: tuple, rows: list[tuple]) -> OutlierGroup:
    doses = [dose for dose, _, _ in rows]
    people = len({person for _, person, _ in rows})
    return OutlierGroup(*key, min(doses), max(doses), len(rows), people, sum(allowed for _, _, allowed in rows))


def _hidden(group: OutlierGroup) -> OutlierGroup:
    told = {name: getattr(group, name) for name in ("family", "codes", "direction", "reason", "usual_low", "usual_high", "unit")}
    return OutlierGroup(**told, **dict.fromkeys(("lowest", "highest", "infusions", "people", "allowed_cents"), HIDDEN))


# Claims lag


@dataclass(frozen=True)
class FeedMonth:
    """`paid_by_age`: lines of the month paid within 0, 1, 2 … months, as far as the month is old."""

    month: dt.date
    lines: int
    completion: float | None
    completion_low: float | None
    completion_high: float | None
    mature: bool
    paid_by_age: tuple[int, ...] = ()


@dataclass(frozen=True)
class Feed:
    """One data source. `curve`: (months since service, share complete), as the run judged the months of that age."""

    data_source: str
    paid_through: dt.date | None
    last_whole_month: dt.date | None
    months: tuple[FeedMonth, ...]
    curve: tuple[tuple[int, float], ...]

    @property
    def immature(self) -> tuple[FeedMonth, ...]:
        return tuple(month for month in self.months if not month.mature)


MATURITY = "SELECT data_source, month, lines, completion, completion_low, completion_high, mature FROM {file} ORDER BY ALL"


def feeds(run: Run, data_sources: tuple[str, ...]) -> tuple[Feed, ...]:
    """The run's maturity of these feeds; nothing is judged anew."""
    folder = storage.run_folder(run.pk)
    ends = dict(ask_file(folder / "feed_end.parquet", "SELECT data_source, paid_through FROM {file}"))
    triangle: dict[tuple, dict[int, int]] = {}
    for source, month, age, lines in ask_file(
        folder / "paid_triangle.parquet", "SELECT data_source, month, age, lines FROM {file}"
    ):
        triangle.setdefault((source, month), {})[age] = lines
    tolerance = Parameters.from_json(run.parameters).month_end_days
    found: dict[str, list] = {}
    for source, *judged in ask_file(folder / "maturity.parquet", MATURITY):
        if source in data_sources:
            found.setdefault(source, []).append(judged)
    made = []
    for source, rows in found.items():
        last = last_whole_month(ends.get(source), tolerance)
        months = tuple(FeedMonth(*row, paid_by_age=_by_age(triangle.get((source, row[0]), {}), row[0], last)) for row in rows)
        curve = tuple(
            sorted(
                (months_between(month.month, last), month.completion) for month in months if last and month.completion is not None
            )
        )
        made.append(Feed(source, ends.get(source), last, months, curve))
    return tuple(made)


def _by_age(lines: dict[int, int], month: dt.date, last: dt.date | None) -> tuple[int, ...]:
    if last is None:
        return ()
    counts, total = [], 0
    for age in range(months_between(month, last) + 1):
        total += lines.get(age, 0)
        counts.append(total)
    return tuple(counts)


# Coverage on the day of service


@dataclass(frozen=True)
class Enrolled:
    """Accepted medical lines of a data source and those of days on which no coverage of the person is on file."""

    data_source: str
    lines: int
    lines_without: int
    people: int
    people_without: int
    allowed_cents: int | None
    allowed_without_cents: int | None
    paid_cents: int | None
    paid_without_cents: int | None

    @property
    def share(self) -> float | None:
        return self.people_without / self.people if self.people else None

    @property
    def small(self) -> bool:
        """Whether it, or what it leaves of all, is of 1 to 10 people."""
        return any(0 < people < SMALLEST_SHOWN for people in (self.people, self.people_without, self.people - self.people_without))


ENROLLED = """
SELECT data_source, lines, lines_without, people, people_without, allowed_cents, allowed_without_cents, paid_cents, paid_without_cents
FROM {file} WHERE extract_id = $extract ORDER BY data_source
"""


def enrolled(run: Run, extract: Extract) -> tuple[Enrolled, ...]:
    """Empty where the run kept none, or no eligibility was in it at all: then nobody can be without."""
    folder = storage.run_folder(run.pk)
    spans = ask_file(folder / "eligibility.parquet", "SELECT count(*) FROM {file}")
    if not spans or not spans[0][0]:
        return ()
    return tuple(Enrolled(*row) for row in ask_file(folder / "enrolled_seen.parquet", ENROLLED, extract=extract.pk))
