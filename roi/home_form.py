"""The cost inputs of a home infusion as a form that lives in the address: each with its value, its mark and its source."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms

from roi.engine.field import MONEY, PERCENT, Field
from roi.engine.home_fields import HOME_FIELDS
from roi.engine.marks import GUESSED, MARKS, Source
from roi.forms import CHANGED_BY_HAND


@dataclass(frozen=True)
class CostRow:
    field: Field
    value: forms.BoundField
    mark: forms.BoundField
    source: forms.BoundField


class HomeCostsForm(forms.Form):
    """Cleans to `value` (as the engine reads it) and `sources`: a value that was changed while its source was left alone is a guess."""

    def __init__(self, asked):
        defaults = {}
        for key, field in HOME_FIELDS.items():
            defaults |= {key: field.default, f"{key}_mark": field.source.mark, f"{key}_source": field.source.text}
        super().__init__(defaults | {name: asked[name] for name in defaults if name in asked}, label_suffix="")
        for key, field in HOME_FIELDS.items():
            self.fields[key] = forms.DecimalField(
                label=f"{field.label} ({field.unit})", min_value=Decimal(field.low), max_value=Decimal(field.high), max_digits=14
            )
            self.fields[f"{key}_mark"] = forms.ChoiceField(choices=[(mark, mark) for mark in MARKS])
            self.fields[f"{key}_source"] = forms.CharField(required=False, max_length=300)
            for part in ("mark", "source"):
                self.fields[f"{key}_{part}"].widget.attrs["aria-label"] = f"{field.label}: {part}"

    def rows(self) -> list[CostRow]:
        return [CostRow(field, self[key], self[f"{key}_mark"], self[f"{key}_source"]) for key, field in HOME_FIELDS.items()]

    @property
    def value(self) -> dict[str, Decimal]:
        scale = {MONEY: Decimal(100), PERCENT: Decimal("0.01")}
        return {key: self.cleaned_data[key] * scale.get(field.kind, 1) for key, field in HOME_FIELDS.items()}

    @property
    def sources(self) -> dict[str, Source]:
        return {key: self._source(key, field) for key, field in HOME_FIELDS.items()}

    def _source(self, key: str, field: Field) -> Source:
        said = Source(self.cleaned_data[f"{key}_mark"], self.cleaned_data[f"{key}_source"])
        stated = Source(field.source.mark, field.source.text)
        if said != stated:
            return said
        return field.source if self.cleaned_data[key] == Decimal(field.default) else Source(GUESSED, CHANGED_BY_HAND)
