"""Questions to the price list and changes of contract rates as forms; every refusal is a sentence that says what to do."""

import re
from decimal import Decimal

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from payers import words
from payers.actions.rates import ALREADY, FIELDS
from payers.engine.rates import BASES
from payers.models import DrugFamily, Rate
from sites.engine.registers import SITE_CLASSES

CODE = re.compile(r"[A-Z]\d{4}|\d{4}[A-Z0-9]")
DAY = forms.DateInput(attrs={"type": "date"})
BASES_IN_WORDS = {
    "percent_of_asp": "percent of the average sales price",
    "per_unit": "dollars per HCPCS unit",
    "percent_of_charge": "percent of charges",
    "per_diem": "dollars a day",
    "per_visit": "dollars a visit",
}


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(part for part in re.split(r"[\s,;]+", text.upper()) if part)
    wrong = next((code for code in codes if not CODE.fullmatch(code)), None)
    if wrong:
        raise ValidationError(f"{wrong[:20]} is no code of five characters; write codes such as 96413, separated by blanks.")
    return codes


class PriceQuestionForm(forms.Form):
    """What is to be priced. Codes and dose have defaults by drug."""

    family = forms.ModelChoiceField(DrugFamily.objects.filter(codes__isnull=False).distinct(), label="Drug", empty_label=None)
    code = forms.CharField(required=False, max_length=5, label="Product (code)", help_text="Blank: the first infused one.")
    on = forms.DateField(label="Service date", widget=DAY)
    dose = forms.DecimalField(
        label="Dose", min_value=Decimal("0.01"), max_value=1_000_000, required=False, help_text="In the codes' unit: mg or IU."
    )
    services = forms.CharField(label="Codes of the hours", required=False, help_text="Such as 96413 96415.")
    home_services = forms.CharField(label="Codes at home", required=False, help_text="Per diem and nurse: S9379 99601.")
    modifier = forms.ChoiceField(
        required=False,
        label="Off-campus departments are",
        choices=[("", "not known"), ("PO", "excepted (PO)"), ("PN", "not excepted (PN)")],
    )
    proposed = forms.BooleanField(required=False, label="Show the 2027 proposal for 340B drugs as if it were law")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"

    def clean_services(self) -> tuple[str, ...]:
        return _codes(self.cleaned_data["services"])

    def clean_home_services(self) -> tuple[str, ...]:
        return _codes(self.cleaned_data["home_services"])

    def clean_code(self) -> str:
        return self.cleaned_data["code"].strip().upper()


class RateForm(forms.ModelForm):
    """One contract rate. Blank plan, site class, site or code means any."""

    class Meta:
        model = Rate
        fields = FIELDS
        widgets = {"effective_from": DAY, "effective_to": DAY}
        labels = {
            "hcpcs_code": "Code",
            "site_id": "Site",
            "effective_from": "In force from",
            "effective_to": "First day no longer in force",
        }
        error_messages = {NON_FIELD_ERRORS: {"unique_together": ALREADY}}
        help_texts = {
            "payer": "As claims name it.",
            "plan": "Blank: every plan.",
            "site_id": "The site's id in the site register; blank: every site.",
            "hcpcs_code": "Blank: every drug (percent of the average sales price), or every home code (per day).",
            "rate": "Percent is written as percent: 150 is one and a half times.",
            "effective_to": "Blank: open.",
            "source": "Contract, amendment, page: what a reader can look up.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["site_class"] = forms.ChoiceField(
            required=False,
            label="Site class",
            choices=[("", "every site class"), *((each, words.SITE_CLASSES[each]) for each in SITE_CLASSES)],
        )
        self.fields["basis"] = forms.ChoiceField(label="Basis", choices=[(basis, BASES_IN_WORDS[basis]) for basis in BASES])
        self.fields["rate"].min_value = Decimal(0)
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"

    def clean_hcpcs_code(self) -> str:
        code = self.cleaned_data["hcpcs_code"].strip().upper()
        if code and not CODE.fullmatch(code):
            raise ValidationError("Write a code of five characters, such as J1745, or leave it blank.")
        return code

    def clean_rate(self) -> Decimal:
        rate = self.cleaned_data["rate"]
        if rate < 0:
            raise ValidationError("A rate is not negative.")
        return rate

    def clean(self) -> dict:
        values = super().clean()
        start, end = values.get("effective_from"), values.get("effective_to")
        if start and end and end <= start:
            self.add_error("effective_to", f"Must be after {start}, the day from which the rate is in force.")
        return values


class ExpireForm(forms.Form):
    effective_to = forms.DateField(label="First day no longer in force", widget=DAY)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)


class RegisterUploadForm(forms.Form):
    """One file of a register."""

    file = forms.FileField(label="File", widget=forms.FileInput(attrs={"accept": ".csv,.gz,text/csv"}))
    month = forms.CharField(
        required=False,
        max_length=7,
        label="Month of the file",
        help_text="Year and month, such as 2026-08; only where the file's name does not say it.",
    )

    def __init__(self, *args, with_month: bool = False, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        if not with_month:
            del self.fields["month"]
        else:
            self.fields["month"].widget.attrs["aria-describedby"] = "help-month"
