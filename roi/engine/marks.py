"""Where an input comes from -> its mark, and how many inputs rest on what.

`measured`: from this system's own data. `borrowed`: from a dated source. `guessed`: from nobody; the honest default.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MEASURED, BORROWED, GUESSED = "measured", "borrowed", "guessed"
MARKS = (MEASURED, BORROWED, GUESSED)


@dataclass(frozen=True)
class Source:
    """The mark, the source in words, and its date (YYYY-MM-DD or a year; empty where it has none)."""

    mark: str
    text: str = ""
    as_of: str = ""

    def __post_init__(self) -> None:
        if self.mark not in MARKS:
            raise ValueError(f"A source is one of {', '.join(MARKS)}, not {self.mark}.")

    def as_json(self) -> dict[str, str]:
        return {"mark": self.mark, "source": self.text, "as_of": self.as_of}


def mark_counts(sources: Iterable[Source]) -> dict[str, int]:
    """How many inputs are measured, borrowed, guessed."""
    marks = [source.mark for source in sources]
    return {mark: marks.count(mark) for mark in MARKS}
