"""Numbers inside sentences and chart labels, hidden ones in words."""

import html

from demand.engine.disclosure import HIDDEN
from demand.words import lower_first


def how_many(value) -> str:
    """No noun follows: “14 were late”, “a hidden number were late”."""
    return "a hidden number" if value is HIDDEN else f"{value or 0:,.0f}"


def count(value) -> str:
    """The noun follows: “14 people”, “a hidden number of people”."""
    return f"{how_many(value)} of" if value is HIDDEN else how_many(value)


def count_of(part, whole) -> str:
    """“102 of 361”; the noun follows, so what is hidden ends in “of”: “a hidden number of 361”."""
    if part is HIDDEN:
        return count(HIDDEN) if whole is HIDDEN else f"{count(HIDDEN)} {count(whole)}"
    return f"{count(part)} of {count(whole)}"


def percent(value) -> str:
    return "a hidden share" if value is HIDDEN else "no share" if value is None else f"{100 * value:.1f}%"


def dollars(cents) -> str:
    if cents is HIDDEN:
        return "a hidden amount"
    amount = (cents or 0) / 100
    for size, word in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if amount >= size:
            return f"${amount / size:,.1f}{word}"
    return f"${amount:,.0f}"


def of_shown(said: str, some_hidden: bool) -> str:
    """A superlative says where rows that are hidden could be larger: “Of what may be shown, the highest rate …”"""
    return f"Of what may be shown, {lower_first(said)}" if some_hidden else said


def plain(text: str) -> str:
    """User text for plotly, whose labels render markup."""
    return html.escape(text, quote=False)


def cut(text: str, longest: int = 26) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def shortened(text: str) -> str:
    return plain(cut(text))
