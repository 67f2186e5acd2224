"""Two documents of a policy -> what changed; grain: one clause, with its words before and after."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from payers.engine import policy_words as names
from payers.engine.wording import day, grace_words, listed

NOTHING = "nothing"
SHOWN = 6  # a longer list tells only what left and what came
WORDS = {
    "kind": names.KINDS,
    "status": names.STATUSES,
    "scope.lines_of_business": names.LINES_OF_BUSINESS,
    "scope.funding": names.FUNDING,
    "excluded_site_classes": names.SITE_CLASSES,
    "starts": names.STARTS,
    "drug_source": names.DRUG_SOURCES,
    "clinical_exceptions": names.CLINICAL_EXCEPTIONS,
}
DAYS = ("effective_from", "effective_to", "source.retrieved")
INNER = ("scope", "drugs", "age", "source")  # their parts are clauses of their own


@dataclass(frozen=True)
class Difference:
    clause: str
    before: str
    after: str

    @property
    def label(self) -> str:
        return names.CLAUSES.get(self.clause, self.clause)

    def __iter__(self) -> Iterator[str]:
        """(clause, before, after)"""
        return iter((self.clause, self.before, self.after))


def differences(old: Mapping, new: Mapping) -> list[Difference]:
    """The clauses that differ, in the order of the document. The id is not compared: it names both."""
    before, after = _clauses(old), _clauses(new)
    return [
        Difference(clause, *_both(clause, before.get(clause), after.get(clause)))
        for clause in dict.fromkeys([*before, *after])
        if before.get(clause) != after.get(clause)
    ]


def clauses(document: Mapping) -> list[tuple[str, str]]:
    """(label, words) of every clause that the document says something about, in its order."""
    left = ("examples", "missing", "check_at_source")
    return [
        (names.CLAUSES.get(clause, clause), clause_words(clause, value))
        for clause, value in _clauses(document).items()
        if value is not None and value is not False and clause not in left and not clause.startswith("source.")
    ]


def _clauses(document: Mapping) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in document.items():
        if key in INNER:
            found |= {f"{key}.{part}": _said(inner) for part, inner in (value or {}).items()}
        elif key != "id":
            found[key] = _said(value)
    return found


def _said(value: object) -> object:
    return None if value in ([], {}, "") else value


def _both(clause: str, before: object, after: object) -> tuple[str, str]:
    if clause == "examples":
        return _count(before), _count(after)
    if isinstance(before or after, list) and max(len(before or []), len(after or [])) > SHOWN:
        left = [item for item in before or [] if item not in (after or [])]
        came = [item for item in after or [] if item not in (before or [])]
        return (
            f"{len(before or [])} entries" + (f", among them {clause_words(clause, left)}" if left else ""),
            f"{len(after or [])} entries" + (f", new: {clause_words(clause, came)}" if came else ""),
        )
    return clause_words(clause, before), clause_words(clause, after)


def clause_words(clause: str, value: object) -> str:
    """One clause's value as people read it."""
    if value is None or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if clause == "grace":
        return grace_words(value) or NOTHING
    if clause == "access_exception":
        return f"no permitted site within {value['miles']:g} miles"
    if clause == "likelihood":
        return f"{100 * value:.0f}%"
    if clause in DAYS:
        return day(value)
    words = WORDS.get(clause, {})
    return listed([words.get(item, str(item)) for item in value]) if isinstance(value, list) else words.get(value, str(value))


def _count(examples: object) -> str:
    count = len(examples or [])
    return f"{count} example{'' if count == 1 else 's'}" if count else NOTHING
