"""The rules of a formulary and what people say of single drugs, as one form; dollars and percent where the engine has cents and shares."""

from collections.abc import Sequence
from decimal import Decimal

from django import forms

from roi.engine.formulary import HAZARDOUS, IMMEDIATE, PREPARATIONS, STERILE, Rules
from roi.selectors.formulary import ByHand

BY_RULES, IN, OUT = "", "in", "out"
CHOICES = [(BY_RULES, "by the rules"), (IN, "in"), (OUT, "out")]
DEFAULT_RULES = {
    "margin": "0", "covered": "50", "medicare": True, "chair_minutes": "300", "burden": "2", "preparations": [IMMEDIATE, STERILE],
}  # fmt: skip


class FormularyForm(forms.Form):
    """Cleans to `rules` and `by_hand`. The fields of a drug are named by its place in `families`."""

    margin = forms.DecimalField(
        label="Margin at least ($ an infusion)", min_value=-100_000, max_value=100_000, max_digits=12,
        help_text="What an infusion leaves at the site after the drug, denials, waste and supplies.",
    )  # fmt: skip
    covered = forms.DecimalField(
        label="Covered at no loss, at least (% of infusions)", min_value=0, max_value=100, max_digits=6,
        help_text="Most payers: more than half of the infusions.",
    )  # fmt: skip
    medicare = forms.BooleanField(label="Medicare must not lose money", required=False)
    chair_minutes = forms.IntegerField(label="Chair minutes at most", min_value=1, max_value=1440)
    burden = forms.DecimalField(
        label="Denied at most (times the average drug)", min_value=0, max_value=1000, max_digits=8,
        help_text="Share of all denials on file ÷ share of all infusions.",
    )  # fmt: skip
    preparations = forms.MultipleChoiceField(
        label="The site can do", required=False, choices=[(one, one) for one in (IMMEDIATE, STERILE, HAZARDOUS)],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    note = forms.CharField(
        max_length=300, required=False, label="Note", help_text="Why this formulary, for whoever reads it later."
    )

    def __init__(self, *args, families: Sequence[str], **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.families = list(families)
        for number, family in enumerate(self.families):
            for part, words, field in (
                (
                    "preparation",
                    "how it is prepared",
                    forms.ChoiceField(choices=[(one, one) for one in PREPARATIONS], required=False),
                ),
                ("choice", "in or out", forms.ChoiceField(choices=CHOICES, required=False)),
                (
                    "reason",
                    "reason",
                    forms.CharField(max_length=200, required=False, widget=forms.TextInput({"placeholder": "reason"})),
                ),
            ):
                field.widget.attrs["aria-label"] = f"{family}: {words}"
                self.fields[f"{part}_{number}"] = field
        for name in ("margin", "covered", "burden", "note"):
            self.fields[name].widget.attrs["aria-describedby"] = f"help-{name}"

    def of(self, family: str) -> dict[str, forms.BoundField]:
        number = self.families.index(family)
        return {part: self[f"{part}_{number}"] for part in ("preparation", "choice", "reason")}

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("margin", "covered", "chair_minutes", "burden", "preparations", "note")]

    @property
    def rules(self) -> Rules:
        said = self.cleaned_data
        return Rules(
            margin=said["margin"] * 100,
            covered=said["covered"] / Decimal(100),
            medicare=said["medicare"],
            chair_minutes=said["chair_minutes"],
            burden=said["burden"],
            preparations=tuple(said["preparations"]),
        )

    @property
    def by_hand(self) -> dict[str, ByHand]:
        found = {}
        for number, family in enumerate(self.families):
            choice = self.cleaned_data[f"choice_{number}"]
            found[family] = ByHand(
                self.cleaned_data[f"preparation_{number}"] or PREPARATIONS[0],
                None if choice == BY_RULES else choice == IN,
                self.cleaned_data[f"reason_{number}"],
            )
        return found

    def as_saved(self) -> dict:
        """The rules as they were typed, to begin with next time."""
        said = self.cleaned_data
        return {name: str(said[name]) if isinstance(said[name], Decimal) else said[name] for name in DEFAULT_RULES}


def initial(families: Sequence[str], saved) -> dict:
    """The rules and the words of the newest formulary; the defaults where there is none."""
    started = dict(saved.rules if saved else DEFAULT_RULES)
    rows = {row["family"]: row for row in saved.rows} if saved else {}
    for number, family in enumerate(families):
        row = rows.get(family)
        if row is None:
            continue
        started[f"preparation_{number}"] = row["preparation"]
        if row["by_hand"]:
            started[f"choice_{number}"] = IN if row["is_in"] else OUT
            started[f"reason_{number}"] = row["reasons"][0]
    return started
