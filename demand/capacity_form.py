"""What is assumed on the capacity page, as the form of its address. Percent in, shares out."""

from django import forms

from demand.capacity_words import DRIVERS
from demand.engine.capacity import EVERY_LINE, Assumptions, Driver, Move

HORIZONS = [("12", "1 year"), ("24", "2 years"), ("36", "3 years"), ("60", "5 years")]
DEFAULTS = {"target_use": "75", "no_show": "0", "seen": "100", "months": "36", "growth": "5", "move_share": "10", "policies": "on"}


def _percent(label: str, low: float, high: float, help_text: str = "", required: bool = True) -> forms.FloatField:
    words = f"{label.removesuffix(', %')}: give a number from {low:g} to {high:g}."  # Django fills % in an error's words
    return forms.FloatField(
        label=label,
        required=required,
        min_value=low,
        max_value=high,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), words),
    )


class CapacityForm(forms.Form):
    """Bound to what the address says, or to the defaults. `assumptions()` and `move()` once it is valid."""

    site = forms.ChoiceField(required=False, label="Site")
    months = forms.ChoiceField(choices=HORIZONS, label="Look ahead")
    target_use = _percent(
        "Target use of chairs, %", 1, 100, "Hours that chairs should be used, of those they are open. 75 is usual."
    )
    no_show = _percent(
        "No-shows, %",
        0,
        90,
        "Booked chairs that stay empty. Half of infusion centers have more than 5; 0 where the target use already allows for it.",
    )
    seen = _percent(
        "Share of our infusions in the claims, %",
        1,
        100,
        "100 where the claims are all there are. With the claims of some payers, their share of the work in our chairs.",
    )
    growth = _percent(
        "Growth a year, %", -50, 100, "Borrowed: ambulatory infusion is expected to grow 5 to 10 % a year until 2030."
    )
    policies = forms.BooleanField(
        required=False,
        label="Policies on schedule",
        help_text="People whom a site policy in force or announced reaches after the complete months leave; who was reached before and is still here, stays.",
    )
    move_line = forms.ChoiceField(required=False, label="Move to another place")
    move_share = _percent("Share moved, %", 0, 100)

    def __init__(self, query, lines, sites):
        asked = "asked" in query
        data = query if asked else {**DEFAULTS, "site": query.get("site", "")}
        self.lines = {f"growth-{number}": line for number, line in enumerate(lines)}
        if not asked:
            data |= {f"{key}_percent": percent for key, (_, percent) in DRIVERS.items()}
        super().__init__(data)
        every_line = [(EVERY_LINE, "Every line"), *((line, line) for line in lines)]
        self.fields["site"].choices = [("", "The system"), *sites]
        self.fields["move_line"].choices = every_line
        for name, line in self.lines.items():
            self.fields[name] = _percent(line, -50, 100, required=False)
        for key, (name, _) in DRIVERS.items():
            self.fields[f"{key}_on"] = forms.BooleanField(required=False, label=name)
            self.fields[f"{key}_line"] = forms.ChoiceField(required=False, choices=every_line, label=f"{name}: clinical line")
            self.fields[f"{key}_percent"] = _percent(f"{name}: change a year, %", -100, 500)
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"

    @property
    def main_fields(self):
        return [self[name] for name in ("site", "months", "target_use", "no_show", "seen", "growth")]

    @property
    def line_fields(self):
        return [self[name] for name in self.lines]

    @property
    def drivers(self):
        return [[self[f"{key}_{part}"] for part in ("on", "line", "percent")] for key in DRIVERS]

    @property
    def move_fields(self):
        return [self["move_line"], self["move_share"]]

    def assumptions(self) -> Assumptions:
        given = self.cleaned_data
        return Assumptions(
            target_use=given["target_use"] / 100,
            no_show=given["no_show"] / 100,
            seen=given["seen"] / 100,
            months=int(given["months"]),
            other_growth=given["growth"] / 100,
            growth={line: given[name] / 100 for name, line in self.lines.items() if given.get(name) is not None},
            drivers=tuple(
                Driver(key, name, given[f"{key}_percent"] / 100, given[f"{key}_line"], given[f"{key}_on"])
                for key, (name, _) in DRIVERS.items()
            ),
        )

    def move(self) -> Move:
        return Move(self.cleaned_data["move_share"] / 100, self.cleaned_data["move_line"])
