"""What the mapping page sends -> rules. The page is long and changes with each choice, so it is read as it is and not as a form class."""

import re
from collections.abc import Sequence

from demand.engine.columns import KINDS
from demand.engine.layout import Layout
from demand.engine.mapping import Rule, is_date, is_number
from demand.engine.suggest import date_form, number_form, translations

# What a column's select says.
NONE, CONSTANT, BUILT_PREFIX, COLUMN = "", "constant", "built:", "column:"


def rules_from(post, kind: str, layout: Layout, known_payers: Sequence[str]) -> tuple[dict[str, Rule], int]:
    """What the form says. A column that was not asked for, or whose source was changed, gets what its new source suggests."""
    told = post.get("repeat", "").strip()
    repeat = int(told) if re.fullmatch("[0-9]{1,4}", told) else 0
    rules = {}
    for column in KINDS[kind].columns:
        chosen = post.get(f"source-{column}", NONE)
        if chosen == CONSTANT:
            rules[column] = Rule(constant=post.get(f"constant-{column}", "").strip())
        elif chosen.startswith(BUILT_PREFIX):
            rules[column] = Rule(built=chosen.removeprefix(BUILT_PREFIX))
        elif chosen.startswith(COLUMN):
            rules[column] = _rule_from(post, column, chosen.removeprefix(COLUMN), layout, known_payers)
    return rules, repeat


def parents_from(post) -> dict[str, str]:
    """Payer, as it is called here -> the company behind it, of the payers that the form names."""
    written, meant, parents = (post.getlist(f"{what}-payer") for what in ("written", "meaning", "parent"))
    return {
        meaning.strip() or name: parent for name, meaning, parent in zip(written, meant, parents, strict=False) if parent.strip()
    }


def _rule_from(post, column: str, source: str, layout: Layout, known_payers: Sequence[str]) -> Rule:
    also = [post.get(f"{which}-{column}", "").removeprefix(COLUMN) for which in ("second", "third")]
    sources = (source, *(name for name in also if name))
    values = {}
    place = layout.place_of(source.replace("{n}", "1"))
    if post.get(f"was-{column}") == f"{COLUMN}{source}":
        for number, written in enumerate(post.getlist(f"written-{column}")):
            meaning = post.getlist(f"meaning-{column}")[number : number + 1]
            if meaning and meaning[0].strip() and meaning[0].strip() != written:
                values[written] = meaning[0].strip()
        date, numbers = post.get(f"date-{column}", ""), post.get(f"number-{column}", "")
    else:  # another source than a moment ago: how it is written is looked at anew
        cells = [row[place] for row in layout.rows if row[place].strip()] if place is not None else []
        date, numbers = _forms_of(column, cells)
        values = translations(column, [value for value, _ in layout.values.get(place, [])], known_payers)
    return Rule(
        sources=sources, joined_by=post.get(f"joined-{column}", "-")[:5] if len(sources) > 1 else "", values=tuple(values.items()),
        date_form=date if is_date(column) else "", number_form=numbers if is_number(column) else "",
    )  # fmt: skip


def _forms_of(column: str, cells: list[str]) -> tuple[str, str]:
    return date_form(cells)[0] if is_date(column) else "", number_form(cells) if is_number(column) else ""
