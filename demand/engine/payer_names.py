"""Payer names as written -> names that look alike, together. Grain: one group per way a name looks; its spellings in order of money.

Looks: letters without case and accents of width, digits; blanks, punctuation and unseen characters left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from demand.engine.quality import Value


@dataclass(frozen=True)
class PayerGroup:
    """`known`: some policy or contract rate names one of the spellings (as the pipeline compares them: letter case aside)."""

    spellings: tuple[Value, ...]
    known: bool
    parent: str = ""  # the company behind it, where somebody said so

    @property
    def alike(self) -> bool:
        return len(self.spellings) > 1

    @property
    def name(self) -> str:
        return self.spellings[0].value

    @property
    def rows(self) -> int:
        return sum(value.rows for value in self.spellings)

    @property
    def allowed_cents(self) -> int:
        return sum(value.allowed_cents or 0 for value in self.spellings)

    @property
    def paid_cents(self) -> int:
        return sum(value.paid_cents or 0 for value in self.spellings)


def looks(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def group_payers(values: Sequence[Value], known: Collection[str], parents: Mapping[str, str]) -> tuple[PayerGroup, ...]:
    """Spellings with the most money first, in groups and among them; the rest that stands together is left out."""
    lower = {name.lower() for name in known}
    groups: dict[str, list[Value]] = {}
    for value in sorted(values, key=lambda value: (-value.money, -value.rows, value.value)):
        if value.value:
            groups.setdefault(looks(value.value) or value.value, []).append(value)
    found = [
        PayerGroup(tuple(same), any(value.value.lower() in lower for value in same), _parent(same, parents))
        for same in groups.values()
    ]
    return tuple(sorted(found, key=lambda group: (-(group.allowed_cents or group.paid_cents), -group.rows, group.name)))


def _parent(spellings: Sequence[Value], parents: Mapping[str, str]) -> str:
    return next((parents[value.value] for value in spellings if parents.get(value.value)), "")
