"""Columns present, with their filled shares -> which questions an extract can answer. Grain: one answer per question.

A question has needs. A need is met by the best of its alternatives, an alternative by the weakest of its sources: columns,
registers, the extract's perspective. answered = every need is met; partly = an essential need is met in part, or one that
only sharpens the answer is not met; not answerable = an essential need is not met at all. What one source would unlock = the
questions whose status rises when that source alone is taken as complete. Plain inputs, so that a dry run can ask as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from demand.engine.columns import ELIGIBILITY, MEDICAL, PHARMACY
from demand.engine.fill import TOGETHER
from demand.engine.quality_marks import LIMITS, SOME_ROWS
from demand.engine.readiness_questions import CONCERN_SOME_ROWS, PAYER, QUESTIONS, Alternative, Need, Question

ANSWERED, PARTLY, NO = "answered", "partly", "no"
STATUSES = (NO, PARTLY, ANSWERED)
NONE, PART, FULL = 0, 1, 2
KIND_WORDS = {MEDICAL: "medical claims", PHARMACY: "pharmacy claims", ELIGIBILITY: "eligibility"}
REGISTER_WORDS = {
    "sites": "the register of sites",
    "prescribers": "the roster of prescribers",
    "policies": "payer policies",
    "orders": "the log of orders",
    "white_bag_events": "the clinics' white-bag log",
    "zip_centroids": "the places of ZIP codes",
}


@dataclass(frozen=True)
class Inputs:
    """`filled`: kind of file -> column -> share of its rows that hold a value; a kind without files and a column that no file has
    are left out. `registers`: names of REGISTER_WORDS that hold something. `perspective`: payer or provider."""

    filled: Mapping[str, Mapping[str, float]]
    perspective: str = PAYER
    registers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Gap:
    """What stands in the way. state: missing | empty | thin; `share` is the filled share of a column that is there."""

    name: str
    label: str
    state: str
    share: float | None = None


@dataclass(frozen=True)
class Answer:
    key: str
    question: str
    status: str
    why: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Unlock:
    """A source and the questions that it alone would improve: (question, status now, status then)."""

    name: str
    label: str
    improved: tuple[tuple[str, str, str], ...]

    @property
    def newly_answered(self) -> int:
        return sum(then == ANSWERED for _, _, then in self.improved)


@dataclass(frozen=True)
class Readiness:
    """`columns` and `others` (files and registers): what would unlock something, the most first. `unseen`: what no column can show."""

    perspective: str
    answers: tuple[Answer, ...]
    columns: tuple[Unlock, ...]
    others: tuple[Unlock, ...]
    unseen: tuple[str, ...]

    def of(self, status: str) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.status == status)

    @property
    def best(self) -> Unlock | None:
        """The one column that would unlock the most."""
        return self.columns[0] if self.columns else None

    @property
    def answered(self) -> int:
        return len(self.of(ANSWERED))

    @property
    def partly(self) -> int:
        return len(self.of(PARTLY))

    @property
    def not_answerable(self) -> int:
        return len(self.of(NO))


def readiness(inputs: Inputs) -> Readiness:
    """What these columns, registers and this perspective can answer."""
    answers = tuple(_answer(question, inputs) for question in QUESTIONS)
    columns, others = _unlocks(answers, inputs)
    return Readiness(inputs.perspective, answers, columns, others, tuple(_unseen(inputs)))


# One question


def _answer(question: Question, inputs: Inputs) -> Answer:
    grades = [(need, _need_grade(need, inputs)) for need in question.needs]
    status = _status(grades)
    if status == ANSWERED:
        return Answer(question.key, question.text, status, question.answered)
    lowest = min(grade for need, grade in grades if need.essential) if status == NO else None
    short = [need for need, grade in grades if grade < FULL and (lowest is None or (need.essential and grade == lowest))]
    gaps = tuple(dict.fromkeys(gap for need in short for gap in _gaps(need, inputs)))
    first = min(short, key=lambda need: not need.essential)
    return Answer(question.key, question.text, status, first.without, gaps)


def _status(grades: Iterable[tuple[Need, int]]) -> str:
    essential = min(grade for need, grade in grades if need.essential)
    if essential == NONE:
        return NO
    return ANSWERED if all(grade == FULL for _, grade in grades) else PARTLY


def _need_grade(need: Need, inputs: Inputs) -> int:
    return max(_alternative_grade(alternative, inputs) for alternative in need.alternatives)


def _alternative_grade(alternative: Alternative, inputs: Inputs) -> int:
    if alternative.summed:
        shares = [_share(source, inputs) or 0.0 for source in alternative.sources]
        grade = _share_grade(min(1.0, sum(shares)), some_rows=False)
    else:
        grade = min((_source_grade(source, inputs) for source in alternative.sources), default=FULL)
    return min(grade, PART if alternative.in_part else FULL)


def _source_grade(source: str, inputs: Inputs) -> int:
    kind, name = source.split(".")
    if kind == "register":
        return FULL if name in inputs.registers else NONE
    if kind == "perspective":
        return FULL if name == inputs.perspective else NONE
    share = _share(source, inputs)
    return NONE if share is None else _share_grade(share, some_rows=source in CONCERN_SOME_ROWS)


def _share_grade(share: float, some_rows: bool) -> int:
    if some_rows:
        return FULL if share >= SOME_ROWS else NONE
    limit = LIMITS["filled"]
    return FULL if share >= limit.look else PART if share >= SOME_ROWS else NONE


def _share(source: str, inputs: Inputs) -> float | None:
    kind, name = source.split(".")
    return inputs.filled.get(kind, {}).get(name)


def _gaps(need: Need, inputs: Inputs) -> list[Gap]:
    """The sources that keep the need's first alternative from being met."""
    first = need.alternatives[0]
    short = [source for source in first.sources if _source_grade(source, inputs) < FULL]
    return [_gap(source, inputs) for source in short if not source.startswith("perspective.")]


def _gap(source: str, inputs: Inputs) -> Gap:
    kind, name = source.split(".")
    share = _share(source, inputs)
    if kind == "register":
        return Gap(source, REGISTER_WORDS[name], "missing")
    if kind not in inputs.filled:
        return Gap(f"file.{kind}", KIND_WORDS[kind], "missing")
    label = f"{TOGETHER.get(name, name)} ({KIND_WORDS[kind]})"
    return Gap(source, label, "missing" if share is None else "empty" if share == 0 else "thin", share)


# What would help


def _unlocks(answers: tuple[Answer, ...], inputs: Inputs) -> tuple[tuple[Unlock, ...], tuple[Unlock, ...]]:
    """(columns, files and registers) that improve a question each by itself, those that improve most first."""
    named = dict.fromkeys(gap for question, answer in zip(QUESTIONS, answers, strict=True) for gap in _all_gaps(question, inputs))
    found = []
    for gap in named:
        then = [_answer(question, _with(gap.name, inputs)) for question in QUESTIONS]
        improved = tuple(
            (now.question, now.status, later.status)
            for now, later in zip(answers, then, strict=True)
            if STATUSES.index(later.status) > STATUSES.index(now.status)
        )
        if improved:
            found.append(Unlock(gap.name, gap.label, improved))
    found.sort(key=lambda unlock: (-len(unlock.improved), -unlock.newly_answered))  # stable: then in the order of the questions
    other = ("register.", "file.")
    return (
        tuple(unlock for unlock in found if not unlock.name.startswith(other)),
        tuple(unlock for unlock in found if unlock.name.startswith(other)),
    )


def _all_gaps(question: Question, inputs: Inputs) -> list[Gap]:
    sources = [source for need in question.needs for alternative in need.alternatives for source in alternative.sources]
    return [
        _gap(source, inputs)
        for source in dict.fromkeys(sources)
        if not source.startswith("perspective.") and _source_grade(source, inputs) < FULL
    ]


def _with(name: str, inputs: Inputs) -> Inputs:
    """The inputs with one source complete; a file comes with all columns that any question asks for."""
    kind, source = name.split(".")
    if kind == "register":
        return Inputs(inputs.filled, inputs.perspective, inputs.registers | {source})
    if kind == "file":
        columns = {s.split(".")[1]: 1.0 for s in _sources() if s.startswith(f"{source}.")}
        return Inputs({**inputs.filled, source: columns}, inputs.perspective, inputs.registers)
    filled = {**inputs.filled, kind: {**inputs.filled.get(kind, {}), source: 1.0}}
    return Inputs(filled, inputs.perspective, inputs.registers)


def _sources() -> set[str]:
    return {
        source
        for question in QUESTIONS
        for need in question.needs
        for alternative in need.alternatives
        for source in alternative.sources
    }


def every_row_columns() -> frozenset[str]:
    """`kind.column` of what some question needs of every row; the rest of the columns may rightly be thin."""
    first = [need.alternatives[0] for question in QUESTIONS for need in question.needs]
    named = {source for alternative in first if not alternative.summed for source in alternative.sources}
    return frozenset(name for name in named - CONCERN_SOME_ROWS if name.split(".")[0] in KIND_WORDS)


def _unseen(inputs: Inputs) -> Iterable[str]:
    if inputs.perspective == PAYER:
        yield (
            "A payer's claims show what this payer was asked to pay: doses paid in cash, by another insurer or by a manufacturer's "
            "free-drug program are not in them."
        )
    else:
        yield PROVIDER_SEES
    if MEDICAL not in inputs.filled:
        yield "Without medical claims there is no infusion at all."
    if PHARMACY not in inputs.filled:
        yield "Without pharmacy claims the fills of a pharmacy, white-bagged or self-administered, are not seen: a white bag is probable at most unless a pharmacy billed it on the medical benefit."
    if ELIGIBILITY not in inputs.filled:
        yield "Without eligibility nobody can tell a patient who stopped from one whose coverage ended."


PROVIDER_SEES = (
    "A provider's own billing shows what its own sites gave and billed: infusions given elsewhere are not in it. "
    "Leakage then rests on overdue doses and orders."
)
