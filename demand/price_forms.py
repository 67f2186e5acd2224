"""The inputs of the indifference rate as a form: dollars where the engine has cents, percent where it has shares."""

from decimal import Decimal

from django import forms

from payers import words
from payers.engine.indifference import PayerCosts

HERE = ("hopd_on_campus", "hopd_off_campus", "infusion_center")
AWAY = ("infusion_center", "physician_office", "home_infusion", "infusion_suite")
# field -> label, unit, help; dollars become cents
COSTS = {
    "our_drug_today": ("Our drug price today", "$ an infusion", "What the payer pays us for the drug now."),
    "our_administration": ("Our administration", "$ an infusion", "What it pays us for the hours."),
    "alternative_drug": ("The alternative's drug price", "$ an infusion", ""),
    "alternative_administration": ("The alternative's administration", "$ an infusion", "Hours, or per diem and nurse at home."),
    "moved_share": ("Share of patients moved", "%", "The others stay with us at today's rate: exceptions, no other site in reach."),
    "infusions_per_patient": ("Infusions over which a move is paid off", "infusions", "Those of a year, where the run tells."),
    "delay_days": ("Delay of a moved patient", "days", ""),
    "cost_per_delay_day": (
        "What a day of delay costs the payer",
        "$ a day",
        "Flares, emergency visits: the payer's cost, not ours.",
    ),
    "handling_per_patient": ("Authorizations, appeals and denials of a move", "$ a patient", "The payer's own work."),
    "events_per_infusion": ("Extra adverse events at the alternative", "per 100 infusions", ""),
    "cost_per_event": ("What an event costs the payer", "$ an event", ""),
    "other_per_infusion": ("Other costs there", "$ an infusion", "Wasted drug, transport, a second nurse visit."),
}
DOLLARS = {
    "our_drug_today",
    "our_administration",
    "alternative_drug",
    "alternative_administration",
    "cost_per_delay_day",
    "handling_per_patient",
    "cost_per_event",
    "other_per_infusion",
}
PER_HUNDRED = {"moved_share", "events_per_infusion"}


class ChoiceOfTwoForm(forms.Form):
    """Which payer and drug, from which site class to which."""

    payer = forms.ChoiceField(label="Payer")
    family = forms.ChoiceField(label="Drug")
    here = forms.ChoiceField(label="Our site", choices=[(each, words.SITE_CLASSES[each]) for each in HERE])
    away = forms.ChoiceField(label="Sent to", choices=[(each, words.SITE_CLASSES[each]) for each in AWAY])

    def __init__(self, *args, pairs: list[tuple[str, str]], **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["payer"].choices = [(name, name) for name in sorted({payer for payer, _ in pairs})]
        self.fields["family"].choices = [(name, name) for name in sorted({family for _, family in pairs})]

    def clean(self) -> dict:
        values = super().clean()
        if values.get("here") and values.get("here") == values.get("away"):
            self.add_error("away", "Choose another kind of site than ours.")
        return values


class CostsForm(forms.Form):
    """Cleans to `costs`, the engine's PayerCosts."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        for name, (label, unit, said) in COSTS.items():
            self.fields[name] = forms.DecimalField(
                label=f"{label} ({unit})", help_text=said, min_value=Decimal(0), max_value=Decimal(100_000_000), max_digits=14
            )
            if said:
                self.fields[name].widget.attrs["aria-describedby"] = f"help-{name}"
        self.fields["moved_share"].max_value = Decimal(100)

    def clean_moved_share(self) -> Decimal:
        if self.cleaned_data["moved_share"] > 100:
            raise forms.ValidationError("At most 100 %.")
        return self.cleaned_data["moved_share"]

    def clean_infusions_per_patient(self) -> Decimal:
        if not self.cleaned_data["infusions_per_patient"]:
            raise forms.ValidationError("Must be above 0; without a number to spread it over, take 1.")
        return self.cleaned_data["infusions_per_patient"]

    @property
    def costs(self) -> PayerCosts:
        return PayerCosts(**{name: to_engine(name, value) for name, value in self.cleaned_data.items() if name in COSTS})


def to_engine(name: str, value: Decimal) -> Decimal:
    if name in DOLLARS:
        return value * 100
    return value / 100 if name in PER_HUNDRED else value
