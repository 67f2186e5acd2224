"""A center -> the same patients under another option; grain: one option.

Shared questions keep their answers, so that options differ by what they are and not by who answered: the market, the months, the
rate, prices, pay. What an option answers in its own way (a suite's chairs, who can be infused at home) is its default.
"""

from dataclasses import replace

from roi.engine.center_fields import FIELDS
from roi.engine.infusion_center import Center, default_answers, read_value
from roi.engine.options import OPTIONS


def alternative(center: Center, option: str) -> Center:
    """The same market and the same answers under another option; spreads stay with the answers they were given for."""
    if option == center.option:
        return center
    kind = OPTIONS[option]
    months = (read_value(key, center.answers[key].text) for key in ("first_month", "opens_in"))
    shared = {key: center.answers[key] for key in FIELDS if kind.asks(key) and center.kind.asks(key) and key not in kind.answers}
    spreads = {key: ends for key, ends in center.spreads.items() if key in shared or key not in FIELDS}
    answers = default_answers(*months, option) | shared
    return replace(center, answers=answers, market=center.market.at_class(kind.site_class), spreads=spreads, option=option)
