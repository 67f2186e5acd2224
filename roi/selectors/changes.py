"""Two versions side by side: which inputs differ, and what that did to the results, part by part."""

from dataclasses import dataclass

from roi import words
from roi.engine.cash_flow import BASELINES, PARTS
from roi.engine.infusion_center import Center
from roi.selectors.inputs import market_words, shown_sections


@dataclass(frozen=True)
class InputPair:
    section: str
    label: str
    old: str
    new: str
    old_mark: str
    new_mark: str

    @property
    def differs(self) -> bool:
        return (self.old, self.old_mark) != (self.new, self.new_mark)


# Parts of a present value are rounded to add up to it, so that one of them may move by cents without a cause of its own.
ROUNDING_CENTS = len(PARTS)


@dataclass(frozen=True)
class ResultPair:
    """A result by baseline. Money in cents with its change; else texts (None: not computed)."""

    baseline: str
    label: str
    old: object
    new: object
    is_money: bool
    is_part: bool = False

    @property
    def change(self) -> int | None:
        return self.new - self.old if self.is_money and self.old is not None and self.new is not None else None

    @property
    def differs(self) -> bool:
        if self.is_part and self.change is not None:
            return abs(self.change) > ROUNDING_CENTS
        return self.old != self.new


def input_pairs(old: Center, new: Center) -> tuple[InputPair, ...]:
    """Every input of either, in the order of the form; the market as one line."""
    before = {shown.key: (section.title, shown) for section in shown_sections(old) for shown in section.inputs}
    after = {shown.key: (section.title, shown) for section in shown_sections(new) for shown in section.inputs}
    pairs = [InputPair("From the data", "Market", market_words(old.market), market_words(new.market), "", "")]
    for key in [*after, *(key for key in before if key not in after)]:
        title, shown = after.get(key) or before[key]
        (was, was_mark), (now, now_mark) = _value(before.get(key)), _value(after.get(key))
        pairs.append(InputPair(title, shown.label, was, now, was_mark, now_mark))
    return tuple(pairs)


def _value(found) -> tuple[str, str]:
    if found is None:
        return "none", ""
    shown = found[1]
    return shown.value, shown.source.mark if shown.source else ""


def result_pairs(old: dict | None, new: dict | None) -> tuple[ResultPair, ...]:
    """Two summaries (None: not computed) by baseline: net present value, its parts, and the other measures."""
    rows = []
    for baseline in BASELINES:
        before, after = (summary["baselines"][baseline] if summary else None for summary in (old, new))

        def add(label, read, is_money=True, is_part=False, baseline=baseline, before=before, after=after):
            old, new = (read(value) if value else None for value in (before, after))
            rows.append(ResultPair(baseline, label, old, new, is_money, is_part))

        add("Net present value", lambda value: value["npv_cents"])
        for part in PARTS:
            add(words.PART_NAMES[part], lambda value, part=part: value["parts_npv_cents"].get(part, 0), is_part=True)
        add("Peak cash", lambda value: value["peak_cash_cents"])
        add("Internal rate of return", lambda value: words.irr_text(value["irr"]), is_money=False)
        add("Payback", lambda value: words.payback_text(value["payback_month"]), is_money=False)
        add("Payback, discounted", lambda value: words.payback_text(value["discounted_payback_month"]), is_money=False)
    return tuple(rows)
