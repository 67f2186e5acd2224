"""What a figure is, whoever draws it: a title, a sentence that says what to see, a chart and the table of the same numbers.

A chart is a plain dict {"data", "layout", "narrow", "narrow_data"} in plotly's words; "var(--c-kept)" in it is a design token
that app.js resolves. On small screens "narrow" is laid over the layout and "narrow_data", where there is one, replaces the data.
No go.Figure in a request: it costs twice the time.
"""

from dataclasses import dataclass

# Infusions whose outcomes may not be shown one by one: drawn as such, never as nothing.
STAYED = "Kept or white-bagged, not told apart"
WITHHELD = "Outcome hidden"
STAYED_MARK = {
    "color": "var(--c-kept)",
    "pattern": {"fillmode": "overlay", "shape": "-", "fgcolor": "var(--surface)", "size": 6, "solidity": 0.2},
}
WITHHELD_MARK = {
    "color": "rgba(0,0,0,0)",
    "pattern": {"shape": "/", "fgcolor": "var(--line-strong)", "bgcolor": "rgba(0,0,0,0)", "size": 6, "solidity": 0.2},
    "line": {"color": "var(--line-strong)", "width": 1},
}


@dataclass(frozen=True)
class Column:
    """One column of a table. kind: text | prose | count | miles | tenths | cents | exact_cents | percent | month | date; it decides alignment and format."""

    key: str
    label: str
    kind: str = "text"
    figure: str = ""  # the slug of demand.figures that says where its numbers come from

    @property
    def is_number(self) -> bool:
        return self.kind in {"count", "miles", "tenths", "cents", "exact_cents", "percent"}


@dataclass(frozen=True)
class Table:
    """Rows of raw values in the order of the columns; the first column heads its row. `total` is the last line.

    `run` and `asks` (for each row the query string that asks for its figures) make every number a link to where it comes from: its
    figure's page, or the page at `origin`.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple, ...]
    total: tuple | None = None
    run: int | None = None
    asks: tuple[str, ...] = ()
    origin: str = ""

    @property
    def total_rows(self) -> tuple[tuple, ...]:
        return () if self.total is None else (self.total,)


@dataclass(frozen=True)
class Figure:
    """`reading` is computed from the numbers, `direction` says in words which way is good, `download` is the CSV's address."""

    key: str
    title: str
    reading: str
    table: Table
    chart: dict | None = None
    direction: str = ""
    note: str = ""
    key_to_marks: tuple[tuple[str, str], ...] = ()
    metric: str = ""  # the slug of the definition page
    folded: bool = False  # a long table starts closed
    tall: bool = False


# The first numbers of every row: what its rate is of.
COUNTED = (
    Column("rate_infusions", "In the rate", "count", "rate-infusions"),
    Column("rate_people", "People", "count", "rate-people"),
)
OUTCOME_FIGURES = {
    "kept": "kept-infusions",
    "margin_leak": "white-bagged-infusions",
    "partner": "partner-infusions",
    "site_leak": "left-infusions",
    "unknown": "unknown-infusions",
}
COUNTED_WORDS = "“in the rate” = kept + white-bagged + left, and the people who had them"
