"""What an analyst says about a feed: where the claims lie, which columns tell person and code, how far back, how often.

Tables and columns can be chosen only from what the database's own catalogue lists.
"""

from dataclasses import dataclass

from django import forms

from demand.engine.columns import KINDS
from demand.engine.schedule import NEVER
from demand.engine.warehouse import CODE_COLUMN, DATE_COLUMN, Layout, TableChoice
from demand.models import Extract, Feed, FeedTable

HOURS = [(hour, f"{hour:02d}:00 UTC") for hour in range(24)]
CODE_LABELS = {"medical": "Column with the HCPCS code", "pharmacy": "Column with the NDC"}
FIELDS = ("name", "perspective", "data_source", "lookback_months", "schedule", "hour")
BY_NAME = "Found by its name"


@dataclass(frozen=True)
class KindSection:
    """The fields of one kind of claims, and what the chosen table's columns look like."""

    kind: str
    title: str
    table: forms.BoundField
    columns: tuple[forms.BoundField, ...]
    layout: Layout | None
    fetched: int
    left: int
    foreign: bool


def table_value(schema: str, table: str) -> str:
    return f"{schema}.{table}" if schema else table


class FeedForm(forms.Form):
    """`tables`: what the catalogue lists. `layouts`: by kind, the columns of the table chosen now."""

    name = forms.CharField(
        max_length=100, label="Name of the feed",
        help_text="For people, for example “Payer A from the warehouse”. Each extract is named by it and the day.",
    )  # fmt: skip
    perspective = forms.ChoiceField(choices=Extract.Perspective.choices, label="Whose view of the claims")
    data_source = forms.CharField(
        max_length=120, required=False, label="Data source",
        help_text="Fills rows whose data_source is blank. Write the same as in earlier extracts of these claims, or they count twice.",
    )  # fmt: skip
    lookback_months = forms.IntegerField(
        required=False, min_value=1, max_value=240, label="Months to fetch",
        help_text="Rows from so many months back. Blank: all rows. Who is relevant is always judged on all rows.",
    )  # fmt: skip
    schedule = forms.ChoiceField(choices=Feed.Schedule.choices, label="Refresh")
    hour = forms.TypedChoiceField(
        choices=HOURS, coerce=int, initial=3, label="At", help_text="For a feed that is refreshed by itself."
    )

    def __init__(
        self, data=None, *, tables: list[tuple[str, str]], layouts: dict[str, Layout], feed: Feed | None = None, initial=None
    ):
        self.feed, self.layouts = feed, layouts
        self.by_value = {table_value(schema, table): (schema, table) for schema, table in tables}
        super().__init__(data, initial=initial)
        for kind in KINDS:
            self._add_kind(kind, layouts.get(kind))
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"

    def _add_kind(self, kind: str, layout: Layout | None) -> None:
        listed = [(value, value) for value in self.by_value]
        self.fields[f"{kind}_table"] = forms.ChoiceField(
            choices=[("", "No table"), *listed], required=False, label=f"Table of {KINDS[kind].title}"
        )
        names = layout.names if layout else ()
        person = layout.known.get("person_id") if layout else None
        self._add_column(
            f"{kind}_person", "Column with the person", names, person, "Needed: no column is named person_id or patient_id"
        )
        if kind in CODE_COLUMN:
            code = layout.known.get(CODE_COLUMN[kind]) if layout else None
            self._add_column(f"{kind}_code", CODE_LABELS[kind], names, code, f"Needed: no column is named {CODE_COLUMN[kind]}")
            days = layout.days if layout else ()
            day = layout.known.get(DATE_COLUMN[kind]) if layout else None
            self._add_column(
                f"{kind}_date", "Date column, for the months", days, day if day in days else None,
                "No column of a date type" if not days else "Choose one if months are given",
            )  # fmt: skip

    def _add_column(self, name: str, label: str, columns, found: str | None, without: str) -> None:
        blank = f"{BY_NAME}: {found}" if found else without
        self.fields[name] = forms.ChoiceField(
            choices=[("", blank), *((column, column) for column in columns)], required=False, label=label
        )

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS]

    @property
    def sections(self) -> list[KindSection]:
        return [self.section(kind) for kind in KINDS]

    def section(self, kind: str) -> KindSection:
        layout = self.layouts.get(kind)
        fields = [f"{kind}_{part}" for part in ("person", "code", "date") if f"{kind}_{part}" in self.fields]
        choice = self._choice(kind, {name: self[name].value() or "" for name in [f"{kind}_table", *fields]})
        fetched = layout.fetched(choice) if layout and choice else ()
        return KindSection(
            kind, KINDS[kind].title.capitalize(), self[f"{kind}_table"], tuple(self[name] for name in fields) if layout else (), layout,
            len(fetched), len(layout.names) - len(fetched) if layout else 0, bool(layout and choice and layout.is_foreign(choice)),
        )  # fmt: skip

    def _choice(self, kind: str, values: dict) -> TableChoice | None:
        where = self.by_value.get(values.get(f"{kind}_table") or "")
        if where is None:
            return None
        return TableChoice(kind, *where, *(values.get(f"{kind}_{part}") or "" for part in ("person", "code", "date")))

    def clean_name(self):
        name = self.cleaned_data["name"].strip()
        if Feed.objects.filter(name=name).exclude(pk=self.feed and self.feed.pk).exists():
            raise forms.ValidationError(f"A feed named “{name}” exists already; choose another name.")
        return name

    def clean(self):
        chosen = [choice for kind in KINDS if (choice := self._choice(kind, self.cleaned_data))]
        if not any(choice.kind in CODE_COLUMN for choice in chosen):
            raise forms.ValidationError(
                "Choose the table of medical or of pharmacy claims: from their codes the database tells who receives infusions."
            )
        for choice in chosen:
            self._check(choice, self.layouts[choice.kind])
        return self.cleaned_data

    def _check(self, choice: TableChoice, layout: Layout) -> None:
        kind = choice.kind
        if not layout.person(choice) and f"{kind}_person" not in self.errors:
            self.add_error(
                f"{kind}_person", "No column is named person_id or patient_id: choose the column that tells who the person is."
            )
        if kind not in CODE_COLUMN:
            return
        if not layout.code(choice) and f"{kind}_code" not in self.errors:
            self.add_error(f"{kind}_code", f"No column is named {CODE_COLUMN[kind]}: choose the column that holds the code.")
        if self.cleaned_data.get("lookback_months") and not choice.date_column and not self._day(kind):
            self.add_error(
                f"{kind}_date",
                "Months can be counted by a column of a date type only: choose one, or leave the months blank."
                if layout.days
                else "This table has no column of a date type, so its rows cannot be cut by months: leave the months blank.",
            )

    def _day(self, kind: str) -> str:
        """The column that months are counted by where none is chosen."""
        layout = self.layouts[kind]
        day = layout.known.get(DATE_COLUMN.get(kind, ""), "")
        return day if day in layout.days else ""

    def feed_values(self) -> dict:
        """The fields of the Feed."""
        values = {name: self.cleaned_data[name] for name in FIELDS}
        if values["schedule"] == NEVER:
            values["hour"] = self.feed.hour if self.feed else values["hour"]
        return values

    def feed_tables(self) -> list[FeedTable]:
        """The chosen tables. Of columns only those chosen by hand are kept, and the date that months are counted by."""
        tables = []
        for kind in KINDS:
            choice = self._choice(kind, self.cleaned_data)
            if choice:
                day = choice.date_column or (self._day(kind) if kind in CODE_COLUMN else "")
                tables.append(
                    FeedTable(
                        kind=kind, schema=choice.schema, table=choice.table, person_column=choice.person_column,
                        code_column=choice.code_column, date_column=day if self.cleaned_data.get("lookback_months") else "",
                    )
                )  # fmt: skip
        return tables


def initial_of(feed: Feed) -> dict:
    """A feed as the form's values."""
    values = {name: getattr(feed, name) for name in FIELDS}
    for table in feed.tables.all():
        values |= {
            f"{table.kind}_table": table_value(table.schema, table.table),
            f"{table.kind}_person": table.person_column,
            f"{table.kind}_code": table.code_column,
            f"{table.kind}_date": table.date_column,
        }
    return values
