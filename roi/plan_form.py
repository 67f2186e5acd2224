"""A plan's design and the drug in question as a form that lives in the address; dollars and percent where the engine has cents and shares."""

from decimal import Decimal

from django import forms

from payers.models import DrugFamily
from roi.engine.cost_share import PlanDesign

DESIGN = {
    "deductible_left": "0",
    "coinsurance": "20",
    "copay": "0",
    "out_of_pocket_left": "5000",
}
DEFAULT_WORDS = "guessed: 20 % coinsurance, the deductible met, $5,000 left of the out-of-pocket maximum"


def _money(label: str, required: bool = True, **more) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_value=Decimal(10_000_000), max_digits=12, required=required, **more
    )


class PlanForm(forms.Form):
    """Cleans to `design`."""

    family = forms.ModelChoiceField(DrugFamily.objects.filter(codes__isnull=False).distinct(), label="Drug", empty_label=None)
    dose = forms.DecimalField(
        label="Dose", min_value=Decimal("0.01"), max_value=1_000_000, required=False, help_text="In the unit of the code; blank: the usual one."
    )  # fmt: skip
    deductible_left = _money("Deductible left ($)")
    coinsurance = forms.DecimalField(label="Coinsurance (%)", min_value=0, max_value=100, max_digits=6)
    copay = _money("Copay ($ an infusion)")
    out_of_pocket_left = _money("Out-of-pocket maximum left ($)", required=False, help_text="Blank: no maximum.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        for name in ("dose", "out_of_pocket_left"):
            self.fields[name].widget.attrs["aria-describedby"] = f"help-{name}"

    @property
    def design(self) -> PlanDesign:
        said = self.cleaned_data
        left = said["out_of_pocket_left"]
        return PlanDesign(
            said["deductible_left"] * 100,
            said["coinsurance"] / Decimal(100),
            said["copay"] * 100,
            None if left is None else left * 100,
        )

    @property
    def is_default(self) -> bool:
        return all(self[name].value() in (value, None) for name, value in DESIGN.items())
