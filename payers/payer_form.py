"""A payer's form: its name here, the company behind it, its names in claims, its plans as rows."""

from django import forms

from payers import words
from payers.actions.payers import PlanTerms
from payers.models import Payer, Policy
from payers.policy_form import LinesField

BLANK = [("", "not known")]


class PlanForm(forms.Form):
    name = forms.CharField(label="Plan", required=False, max_length=200)
    line_of_business = forms.ChoiceField(
        label="Line of business", required=False, choices=[*BLANK, *words.LINES_OF_BUSINESS.items()]
    )
    funding = forms.ChoiceField(label="Funding", required=False, choices=[*BLANK, *words.FUNDING.items()])
    state = forms.CharField(label="State", required=False, max_length=2)
    group_id = forms.CharField(label="Group", required=False, max_length=80)

    def clean_state(self):
        state = self.cleaned_data["state"].strip().upper()
        if state and not (len(state) == 2 and state.isascii() and state.isalpha()):
            raise forms.ValidationError("Write the state's two letters, such as OH.")
        return state

    def clean(self):
        said = super().clean()
        if not said.get("name") and any(said.get(name) for name in ("line_of_business", "funding", "state", "group_id")):
            self.add_error("name", "Name the plan as claims do.")
        return said


class _Plans(forms.BaseFormSet):
    def __init__(self, *arguments, more: int = 0, **options):
        self.more = more
        super().__init__(*arguments, **options)

    def total_form_count(self):
        asked = super().total_form_count()
        return min(asked + self.more, self.absolute_max) if self.is_bound else asked


PlanForms = forms.formset_factory(PlanForm, formset=_Plans, extra=3, max_num=1000, absolute_max=1100)


class PayerForm(forms.Form):
    name = forms.CharField(
        label="Name here",
        max_length=200,
        help_text="As policies and rates call it.",
        error_messages={"required": "Name the payer."},
    )
    parent = forms.CharField(
        label="Company behind it", required=False, max_length=200, help_text="Blank where there is none.",
        widget=forms.TextInput(attrs={"list": "payers", "autocomplete": "off"}),
    )  # fmt: skip
    claim_names = LinesField(label="Names in claims", help_text="One a line, where claims call it otherwise.")

    def __init__(self, data=None, *, payer: Payer):
        super().__init__(data, initial={} if not payer.pk else _initial(payer))
        self.instance = payer
        rows = list(payer.plans.values("name", "line_of_business", "funding", "state", "group_id")) if payer.pk else []
        self.plans = PlanForms(data, initial=rows, prefix="plans", more=3 if data and "more_plans" in data else 0)
        if payer.pk and Policy.objects.filter(payer=payer.name).exists():
            self.fields["name"].disabled = True
            self.fields["name"].help_text = "Policies name it, so it keeps its name."

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.plans.is_valid()])

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Payer.objects.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a payer of this name already.")
        return name

    def payer(self) -> Payer:
        self.instance.name, self.instance.parent = self.cleaned_data["name"], self.cleaned_data["parent"]
        return self.instance

    def plans_said(self) -> list[PlanTerms]:
        return [PlanTerms(**form.cleaned_data) for form in self.plans.forms if form.cleaned_data.get("name")]


def _initial(payer: Payer) -> dict:
    names = "\n".join(name.name for name in payer.claim_names.all())
    return {"name": payer.name, "parent": payer.parent, "claim_names": names}
