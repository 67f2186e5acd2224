"""The questions of an option as a form: each input with its value, its mark, its source and the source's date."""

import re
from dataclasses import dataclass

from django import forms

from roi.engine.center_fields import FIELDS, SECTIONS
from roi.engine.field import MONTH, YES_NO, Field
from roi.engine.infusion_center import Answer, read_value
from roi.engine.inputs import InputError
from roi.engine.marks import GUESSED, MARKS, Source
from roi.engine.options import Option

MARK_CHOICES = [(mark, mark) for mark in MARKS]
CHANGED_BY_HAND = "Changed by hand"
_AS_OF = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True)
class Row:
    """One question with its four form fields; a choice has only the value."""

    field: Field
    value: forms.BoundField
    mark: forms.BoundField | None
    source: forms.BoundField | None
    as_of: forms.BoundField | None

    @property
    def errors(self) -> list[str]:
        parts = [part for part in (self.value, self.mark, self.source, self.as_of) if part is not None]
        return [error for part in parts for error in part.errors]

    @property
    def shown_mark(self) -> str:
        return self.mark.value() if self.mark is not None else ""


class CenterForm(forms.Form):
    """Asks what the option asks; cleans to `answers`, of every question: a value that was changed while its source was left alone no longer rests on that source and becomes
    a guess; the page says so."""

    name = forms.CharField(max_length=120, label="Name of the scenario")
    market = forms.ChoiceField(required=False, label="Market", help_text="Whose patients are in reach of the site.")
    note = forms.CharField(max_length=300, required=False, label="Note", help_text="Why this version, for whoever reads it later.")
    refresh = forms.BooleanField(required=False, label="Read volumes, prices and policies anew from the newest claims run")
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, option: Option, answers: dict[str, Answer], markets, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.option = option
        self.before = answers
        self.downgraded: list[str] = []
        self.lost: list[str] = []
        self.fields["market"].choices = [("", "All markets"), *((market, market) for market in markets)]
        for key, field in self._asked():
            self._add(key, field, answers[key])
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"

    def _asked(self):
        return [(key, field) for key, field in FIELDS.items() if self.option.asks(key)]

    def _add(self, key: str, field: Field, answer: Answer) -> None:
        self.fields[key] = _value_field(field, answer.text)
        if answer.source is None:
            return
        self.fields[f"{key}_mark"] = forms.ChoiceField(choices=MARK_CHOICES, initial=answer.source.mark, label="Mark")
        self.fields[f"{key}_source"] = forms.CharField(required=False, max_length=300, initial=answer.source.text, label="Source")
        self.fields[f"{key}_as_of"] = forms.CharField(
            required=False,
            max_length=10,
            initial=answer.source.as_of,
            label="Source's date",
            widget=forms.TextInput(attrs={"placeholder": "YYYY-MM-DD"}),
        )
        for part, words in (("mark", "mark"), ("source", "source"), ("as_of", "source's date")):
            self.fields[f"{key}_{part}"].widget.attrs["aria-label"] = f"{field.label}: {words}"

    def own_fields(self) -> list[forms.BoundField]:
        """The scenario's own fields, above the questions."""
        return [self[name] for name in ("name", "market", "note")]

    def sections(self):
        """(section, rows) in the order of the engine's questions."""
        for section in SECTIONS:
            if rows := [self._row(field) for field in section.fields if self.option.asks(field.key)]:
                yield section, rows

    def _row(self, field: Field) -> Row:
        parts = [
            self[f"{field.key}_{part}"] if f"{field.key}_mark" in self.fields else None for part in ("mark", "source", "as_of")
        ]
        return Row(field, self[field.key], *parts)

    def clean(self):
        answers = dict(self.before)
        for key, _ in self._asked():
            text = self.cleaned_data.get(key)
            if text is None:
                continue
            try:
                read_value(key, text)
            except InputError as error:
                self.add_error(key, f"{error.sentence[0].upper()}{error.sentence[1:]}")
                continue
            answers[key] = Answer(text, self._source(key, text))
        self.cleaned_data["answers"] = answers
        return self.cleaned_data

    def _source(self, key: str, text: str) -> Source | None:
        before = self.before[key]
        if before.source is None:
            return None
        as_of = self.cleaned_data.get(f"{key}_as_of", "")
        if as_of and not _AS_OF.fullmatch(as_of):
            self.add_error(f"{key}_as_of", "Give the source's date as 2026, 2026-03 or 2026-03-31.")
        source = Source(self.cleaned_data.get(f"{key}_mark") or GUESSED, self.cleaned_data.get(f"{key}_source", ""), as_of)
        if text != before.text and source == before.source and source.mark != GUESSED:
            self.downgraded.append(FIELDS[key].label)
            return Source(GUESSED, CHANGED_BY_HAND)
        return source


def _value_field(field: Field, initial: str) -> forms.Field:
    common = {"label": field.label, "initial": initial, "help_text": field.help}
    if field.kind == YES_NO:
        return forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")], **common)
    if field.kind == MONTH:
        return forms.CharField(max_length=7, widget=forms.TextInput(attrs={"type": "month"}), **common)
    attrs = {} if field.kind in ("text", "shares") else {"inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(max_length=120, widget=forms.TextInput(attrs=attrs), **common)
