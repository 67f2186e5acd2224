"""The worked examples of a policy as rows of its form: a patient, a day, and what the policy then has to say."""

import re

from django import forms

from payers import words
from payers.engine.policies import CLINICAL_EXCEPTIONS, FUNDING, LINES_OF_BUSINESS, POLICY_SITE_CLASSES, VERDICTS
from payers.engine.policy_values import WrongValue

BLANK = [("", "–")]
DAYS = ("treatment_start", "as_of", "last_dose", "authorization_end", "exposed_from")
MORE = ("hospital_affiliated", "line_of_business", "funding", "state", "plan", "last_dose", "authorization_end", "nearest_permitted_miles", "exposed_from", "exceptions")  # fmt: skip
WRONG_DAY = "This is no day of the calendar; write it year-month-day."


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, input_formats=["%Y-%m-%d"], error_messages={"invalid": WRONG_DAY},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip


def _whole(label: str, most: int) -> forms.IntegerField:
    messages = dict.fromkeys(("invalid", "min_value", "max_value"), f"Write a whole number from 0 to {most}.")
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, error_messages=messages)


class ExampleForm(forms.Form):
    """A row that says nothing is no example."""

    drug = forms.CharField(label="Drug", required=False, max_length=100, help_text="A code such as J1745, or a molecule.")
    site_class = forms.ChoiceField(
        label="Treated in", required=False, choices=[*BLANK, *((code, words.SITE_CLASSES[code]) for code in POLICY_SITE_CLASSES)]
    )
    person_age = _whole("Age", 130)
    treatment_start = _day("Treatment began")
    doses_before = _whole("Doses so far", 1000)
    as_of = _day("On the day")
    verdict = forms.ChoiceField(
        label="The policy says", required=False, choices=[*BLANK, *((code, words.VERDICTS[code]) for code in VERDICTS)]
    )
    hospital_affiliated = forms.NullBooleanField(
        label="Site affiliated with a hospital", widget=forms.Select(choices=[("", "–"), ("true", "yes"), ("false", "no")])
    )
    line_of_business = forms.ChoiceField(
        label="Line of business",
        required=False,
        choices=[*BLANK, *((code, words.LINES_OF_BUSINESS[code]) for code in LINES_OF_BUSINESS)],
    )
    funding = forms.ChoiceField(
        label="Funding", required=False, choices=[*BLANK, *((code, words.FUNDING[code]) for code in FUNDING)]
    )
    state = forms.CharField(label="State", required=False, max_length=2)
    plan = forms.CharField(label="Plan", required=False, max_length=200)
    last_dose = _day("Last dose")
    authorization_end = _day("Authorization ends")
    nearest_permitted_miles = forms.FloatField(
        label="Miles to the nearest permitted site", required=False, min_value=0, max_value=5000
    )
    exposed_from = _day("Exposed from")
    exceptions = forms.MultipleChoiceField(
        label="Clinical reasons found", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(code, words.CLINICAL_EXCEPTIONS[code]) for code in CLINICAL_EXCEPTIONS],
    )  # fmt: skip

    def first_fields(self):
        return [self[name] for name in self.fields if name not in MORE and name != "DELETE"]

    def further_fields(self):
        return [self[name] for name in MORE]

    def further_open(self) -> bool:
        return any(field.errors or field.value() not in (None, "", [], False) for field in self.further_fields())

    def clean(self):
        said = super().clean()
        if not self.said():
            return said
        for name, sentence in (
            ("drug", "Name the drug."),
            ("site_class", "Say where the patient is treated."),
            ("treatment_start", "Say when the treatment began."),
            ("as_of", "Say on which day."),
            ("verdict", "Say what the policy has to answer."),
        ):
            if not said.get(name) and name not in self.errors:
                self.add_error(name, sentence)
        return said

    def said(self) -> dict:
        """What was filled in, by the keys of a policy file; empty where nothing was."""
        cleaned = getattr(self, "cleaned_data", {})
        return {
            name: value.isoformat() if name in DAYS else value.upper() if name == "state" else value
            for name, value in cleaned.items()
            if value not in (None, "", []) and name in ExampleForm.base_fields
        }


class _Rows(forms.BaseFormSet):
    """The examples of a policy; one blank row stands ready, more on request."""

    def __init__(self, *arguments, more: int = 0, **options):
        self.more = more
        super().__init__(*arguments, **options)
        self.extra = 1 + more

    def total_form_count(self):
        asked = super().total_form_count()
        return min(asked + self.more, self.absolute_max) if self.is_bound else asked

    def said(self) -> list[dict]:
        rows = [form.said() for form in self.forms if form.is_valid() or getattr(form, "cleaned_data", None)]
        return [_complete(row) for row in rows if row.get("drug")]

    def has_errors(self) -> bool:
        return any(form.errors for form in self.forms)

    def place(self, wrong: WrongValue) -> bool:
        """A refusal of the document that is about one of the examples, at its row and field."""
        found = re.fullmatch(r"examples\[(\d+)\](?:\.(\w+).*)?", wrong.path)
        if not found:
            return False
        rows = [form for form in self.forms if form.said().get("drug")]
        form = rows[int(found[1]) - 1]
        form.add_error(found[2] if found[2] in form.fields else None, f"This {wrong}.")
        return True


def _complete(row: dict) -> dict:
    """A number of miles without a fraction is a whole one, as in a file."""
    miles = row.get("nearest_permitted_miles")
    return row | {"nearest_permitted_miles": int(miles)} if miles is not None and miles == int(miles) else row


ExampleForms = forms.formset_factory(ExampleForm, formset=_Rows, extra=1, max_num=200, absolute_max=300)


def example_of(example: dict) -> dict:
    """An example of a document as the initial values of its row."""
    affiliated = example.get("hospital_affiliated")
    return example | {"hospital_affiliated": "" if affiliated is None else str(affiliated).lower()}
