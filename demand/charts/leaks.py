"""Leakage split by how, where and why, and by a dimension: each a chart, its table, and the sentence that says what to see."""

from collections.abc import Callable
from urllib.parse import urlencode

from demand import leak_words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, cut, dollars, of_shown, percent, plain
from demand.engine.disclosure import HIDDEN
from demand.selectors.leaks import MECHANISMS, SILENT, Leaks, Part, Row
from demand.words import lower_first

BARS = 12
COLORS = {"left": "var(--c-leak)", "bagged": "var(--c-margin)", "silent": "var(--c-unknown)"}
MONEY = {"tickprefix": "$", "tickformat": "~s", "nticks": 6, "rangemode": "tozero", "title": {"text": "allowed", "standoff": 8}}
COLUMNS = (
    Column("infusions", "Infusions", "count", "leak"),
    Column("people", "People", "count", "leak"),
    Column("allowed_cents", "Allowed", "cents", "leak"),
    Column("share", "Share of allowed", "percent"),
    Column("silent_treatments", "Treatments silent", "count", "leak"),
    Column("dose_cents", "One dose of each", "cents"),
)
CAPTION = (
    "of infusions that named prescribers ordered and that left or were white-bagged; treatments that fell silent stand apart. Each row is "
    "one part; people may be in several"
)


def figures(found: Leaks, origin: str) -> tuple[Figure, ...]:
    """`origin`: the address of the treatments behind a number, for those with the right."""
    return (
        _split(found, origin, "how", "How it leaks", found.how, lambda part: leak_words.MECHANISMS[part.code[0]],
               "Lower is better. Next: moves and first infusions elsewhere ask for a site; white bags for a word with the payer; silent "
               "treatments for a call (“Dark patients”)."),
        _split(found, origin, "where", "Where it goes", found.where, lambda part: leak_words.place(part.code),
               "Lower is better. An owner with a payer behind it can steer more. Next: look the receiving sites up under Competitors; add "
               "owners that are not known to the register."),
        _split(found, origin, "why", "Why it leaks", found.why, lambda part: leak_words.reason(part.code[0]),
               "Lower is better, and so is the part that nothing explains. Next: answer policies before they bite (“Look ahead”), waits with "
               "capacity, miles with a nearer site."),
        _by(found, origin),
    )  # fmt: skip


def _split(
    found: Leaks, origin: str, key: str, title: str, parts: tuple[Part, ...], named: Callable[[Part], str], direction: str
) -> Figure:
    total = found.total
    rows = tuple(
        (
            f"{named(part)}",
            leak_words.KINDS[part.kind],
            *_measures(part, total.allowed_cents),
        )
        for part in parts
    )
    columns = (Column(key, {"how": "How", "where": "Where", "why": "Why"}[key]), Column("kind", "What happened"), *COLUMNS)
    return Figure(
        key=key,
        title=title,
        reading=_reading(found, parts, named, key),
        direction=direction,
        table=Table(
            f"{title}, {CAPTION}",
            columns,
            rows,
            total=("All", "", total.infusions, total.people, total.allowed_cents, share(total.allowed_cents, total.allowed_cents),
                   found.silent.treatments, found.silent.dose_cents),
            asks=tuple(urlencode(found.filters.as_query() | _asked(key, part)) for part in parts) if origin else (),
            origin=origin,
        ),
        chart=_bars([(named(part), part.leaked.allowed_cents, part.kind) for part in parts if part.kind != "silent"]),
        note=_note(found, parts),
        metric=f"leakage-{key}",
        key_to_marks=(("site_leak", leak_words.KINDS["left"]), ("margin_leak", leak_words.KINDS["bagged"])),
    )  # fmt: skip


def _asked(key: str, part: Part) -> dict[str, str]:
    names = {"how": ("mechanism",), "where": ("site_class", "ownership", "owner", "payer_affiliation"), "why": ("reason",)}[key]
    return {"kind": part.kind, **{f"leak_{name}": code for name, code in zip(names, part.code, strict=True)}}


def _measures(part: Part, allowed) -> tuple:
    if part.kind == "silent":
        return (None, None, None, None, part.silent.treatments, part.silent.dose_cents)
    return (
        part.leaked.infusions,
        part.leaked.people,
        part.leaked.allowed_cents,
        share(part.leaked.allowed_cents, allowed),
        None,
        None,
    )


def share(part, whole):
    return HIDDEN if HIDDEN in (part, whole) else part / whole if whole and part is not None else None


def _note(found: Leaks, parts) -> str:
    hidden = sum(HIDDEN in (part.leaked.infusions, part.silent.treatments) for part in parts)
    said = []
    if found.total.amounts_unknown not in (0, None, HIDDEN):
        said.append(
            f"{count(found.total.amounts_unknown)} infusions carry no allowed amount: they are counted and add nothing to the dollars."
        )
    if hidden:
        said.append(
            f"Hidden: {hidden} of {len(parts)} parts, because few people are behind them or they would give a small count away."
        )
    return " ".join(said)


def _reading(found: Leaks, parts: tuple[Part, ...], named, key: str) -> str:
    total = found.total
    if total.infusions is HIDDEN:
        return "What leaked may not be shown for these filters: the groups are small, or would give small ones away."
    if not total.infusions:
        return "Nothing leaked under these filters, as far as claims show."
    shown = [part for part in parts if part.kind != "silent" and not part.leaked.hidden and part.leaked.allowed_cents]
    said = f"{count(total.infusions)} infusions leaked, {dollars(total.allowed_cents)} allowed."
    if shown:
        known = [part for part in shown if not (key == "why" and part.code[0] == "unexplained")]
        top = max(known or shown, key=lambda part: part.leaked.allowed_cents)
        most = f"Most{' of what is explained' if known and len(known) < len(shown) else ''}: “{named(top)}”, {dollars(top.leaked.allowed_cents)}"
        said += f" {of_shown(most, any(part.leaked.hidden for part in parts))} ({percent(share(top.leaked.allowed_cents, total.allowed_cents))})."
    if key == "why":
        unexplained = [part.leaked for part in parts if part.code[0] == "unexplained" and part.kind != "silent"]
        if HIDDEN not in [one.infusions for one in unexplained]:
            gone = sum(one.infusions for one in unexplained)
            said += (
                f" Of {percent(gone / total.infusions)} ({count(gone)} infusions) nothing on file says why; they stay unexplained."
            )
    if key == "how" and found.silent.treatments is not HIDDEN and found.silent.treatments:
        said += f" Besides, {count(found.silent.treatments)} treatments fell silent: of them no infusion is left to count."
    if key == "how" and found.silent.treatments is None:
        said += " Treatments that fell silent are not counted by site: of them no infusion is left that has one."
    return said


def _bars(bars: list[tuple[str, object, str]]) -> dict | None:
    shown = [(name, cents, kind) for name, cents, kind in bars if cents not in (HIDDEN, None, 0)]
    if not shown:
        return None
    drawn = sorted(shown, key=lambda bar: -bar[1])[:BARS][::-1]

    def data(longest: int) -> list[dict]:
        return [
            {
                "type": "bar", "orientation": "h", "y": _apart([cut(name, longest) for name, *_ in drawn]),
                "x": [cents / 100 for _, cents, _ in drawn],
                "marker": {"color": [COLORS[kind] for *_, kind in drawn]},
                "hovertemplate": "%{y}: $%{x:,.0f}<extra></extra>",
            }
        ]  # fmt: skip

    return {"data": data(48), "narrow_data": data(22), **_frame(len(drawn))}


def _apart(names: list[str]) -> list[str]:
    """Names that are cut alike stay bars of their own: blanks that take no room tell them apart."""
    return [plain(name) + "\u200b" * names[:number].count(name) for number, name in enumerate(names)]


def _frame(bars: int) -> dict:
    return {
        "layout": {
            "height": 60 + 30 * bars, "margin": {"l": 8, "r": 16, "t": 6, "b": 44}, "bargap": 0.25, "showlegend": False,
            "barmode": "stack", "xaxis": MONEY, "yaxis": {"type": "category", "automargin": True},
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}},
    }  # fmt: skip


def _by(found: Leaks, origin: str) -> Figure:
    by, label = found.by, leak_words.BY[found.by]
    shown = [name for name in MECHANISMS if name not in SILENT]
    columns = (
        Column(by, label, "month" if by == "month" else "text"),
        *(Column(name, leak_words.MECHANISMS[name], "count") for name in shown),
        Column("left_infusions", "Left, infusions", "count", "leak"),
        Column("left_people", "people", "count"),
        Column("left_allowed_cents", "Left, allowed", "cents"),
        Column("bagged_allowed_cents", "White-bagged, allowed", "cents"),
        *(Column(name, leak_words.MECHANISMS[name], "count") for name in SILENT),
    )
    rows = tuple(
        (
            leak_words.value(by, row.value),
            *(row.mechanisms[name] for name in shown),
            row.left.infusions, row.left.people, row.left.allowed_cents, row.bagged.allowed_cents,
            *(row.silent[name] for name in SILENT),
        )
        for row in found.rows
    )  # fmt: skip
    ask = {"month": lambda row: {"from": f"{row.value:%Y-%m}", "to": f"{row.value:%Y-%m}"}}.get(
        by, lambda row: {(by if by in found.filters.__dataclass_fields__ else f"leak_{by}"): row.value}
    )
    return Figure(
        key="by",
        title=f"By {label[:1].lower() + label[1:]}",
        reading=_by_reading(found, label),
        direction="Lower is better in every column; read it beside the share unknown. Next: open the largest row with the filters above.",
        table=Table(
            f"Infusions that leaked by {label.lower()}, each in one mechanism; then treatments that fell silent",
            columns,
            rows,
            asks=tuple(urlencode(found.filters.as_query() | {"kind": "left"} | ask(row)) for row in found.rows) if origin else (),
            origin=origin,
        ),
        chart=_stacked(found.rows, by),
        note="" if found.rows or found.total.infusions is HIDDEN or not found.total.infusions
        else "By groups of prescribers figures are shown with the patient-level right only: beside payers and therapies they would give small counts away.",
        metric="leakage-how",
        folded=True,
        tall=by == "month",
        key_to_marks=(("site_leak", leak_words.KINDS["left"]), ("margin_leak", leak_words.KINDS["bagged"])),
    )  # fmt: skip


def _by_reading(found: Leaks, label: str) -> str:
    shown = [row for row in found.rows if not row.left.hidden and row.left.allowed_cents]
    if not shown:
        return "There is nothing to show here."
    top = max(shown, key=lambda row: row.left.allowed_cents)
    name = f"{top.value:%B %Y}" if found.by == "month" else leak_words.value(found.by, top.value)
    part = share(top.left.allowed_cents, found.total.allowed_cents)
    said = f"Most dollars left at “{name}”, {dollars(top.left.allowed_cents)} in {count(top.left.infusions)} infusions ({percent(part)} of all that leaked)."
    return f"By {lower_first(label)}: {lower_first(of_shown(said, any(row.left.hidden for row in found.rows)))}"


def _stacked(rows: tuple[Row, ...], by: str) -> dict | None:
    told = [row for row in rows if any(slice.allowed_cents not in (HIDDEN, None, 0) for slice in (row.left, row.bagged))]
    if not told:
        return None
    drawn = list(rows) if by == "month" else told[:BARS][::-1]

    def data(longest: int) -> list[dict]:
        names = (
            [f"{row.value:%Y-%m-%d}" for row in drawn]
            if by == "month"
            else _apart([cut(leak_words.value(by, row.value), longest) for row in drawn])
        )
        made = []
        for kind in ("left", "bagged"):
            cents = [getattr(row, kind).allowed_cents for row in drawn]
            values = [0 if one in (HIDDEN, None) else one / 100 for one in cents]
            along = {"x": names, "y": values} if by == "month" else {"y": names, "x": values, "orientation": "h"}
            made.append({"type": "bar", "name": leak_words.KINDS[kind], "marker": {"color": COLORS[kind]}, **along})
        return made

    if by != "month":
        return {"data": data(48), "narrow_data": data(22), **_frame(len(drawn))}
    layout = {
        "height": 380, "margin": {"b": 30, "t": 10}, "barmode": "stack", "bargap": 0.25, "showlegend": False, "yaxis": MONEY,
        "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 9},
    }  # fmt: skip
    return {"data": data(0), "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}}}
