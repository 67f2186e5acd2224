"""Forms of choices and of the lists beside them. Money is typed in dollars and kept in cents."""

import datetime as dt

from django import forms

from sites.engine.readiness import NOT_NEEDED
from sites.engine.site_types import SITE_TYPES
from sites.models import ChecklistItem, Choice, Partnership, Site, WaitingList, WatchEntry


def day_field(label: str, required: bool = False, help_text: str = "", **more) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Give the day as YYYY-MM-DD, for example 2026-03-31."},
        **more,
    )


def text_area(label: str, help_text: str = "", required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=4000, help_text=help_text, widget=forms.Textarea(attrs={"rows": 3})
    )


class Described:
    """Help texts are read out with their fields."""

    def describe(self) -> None:
        for name, field in self.fields.items():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = "This cannot stay blank: fill it in."
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"


class ChoiceForm(Described, forms.Form):
    """What is decided for one cell. `limits` are the partnerships that bar this kind of site here today."""

    decision = forms.ChoiceField(choices=Choice.Decision.choices, label="Decision")
    owner = forms.CharField(max_length=150, label="Who answers for it")
    decided_on = day_field("Decided on", required=True)
    next_review = day_field("Next review", help_text="A no needs one.")
    goal = forms.CharField(max_length=300, required=False, label="Goal", help_text="What is to be reached by when.")
    reason = text_area("Reason", "A no needs one.")
    options = text_area("Options considered", "One a line.")
    criteria = text_area("Criteria", "By what the options were weighed.")
    dissent = text_area("Dissent", "Who saw it differently, and why. Write “none” where nobody did.")

    def __init__(self, *args, limits=(), today: dt.date, earlier: Choice | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.limits, self.today, self.earlier = limits, today, earlier
        if limits:
            self.fields["waiver"] = forms.CharField(
                max_length=300, required=False, label="Waived by, and when", help_text="A yes needs it while the partnership binds."
            )
        self.fields["decided_on"].initial = today
        self.describe()

    def clean(self):
        said = self.cleaned_data
        decided, review = said.get("decided_on"), said.get("next_review")
        if decided and decided > self.today:
            self.add_error("decided_on", "A decision cannot be dated ahead: give today or an earlier day.")
        if decided and self.earlier and decided < self.earlier.decided_on:
            self.add_error(
                "decided_on", f"The choice before it is of {self.earlier.decided_on:%Y-%m-%d}: give that day or a later one."
            )
        if decided and review and review <= decided:
            self.add_error("next_review", "The review must come after the decision.")
        if said.get("decision") == Choice.Decision.NO:
            if not said.get("reason"):
                self.add_error("reason", "A no needs a reason.")
            if not review and "next_review" not in self.errors:
                self.add_error("next_review", "A no needs a day on which it is looked at again.")
        if said.get("decision") == Choice.Decision.YES and self.limits and not said.get("waiver"):
            who = " and ".join(dict.fromkeys(limit.waived_by for limit in self.limits))
            self.add_error("waiver", f"A partnership bars this. A yes needs the waiver of {who}: say who gave it and when.")
        return said


class DollarsField(forms.DecimalField):
    def __init__(self, label: str, help_text: str = ""):
        words = f"{label}: give dollars from 0 on, for example 12500."
        super().__init__(
            label=label, required=False, min_value=0, max_digits=12, decimal_places=2, help_text=help_text,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            error_messages=dict.fromkeys(("invalid", "min_value", "max_digits", "max_whole_digits", "max_decimal_places"), words),
        )  # fmt: skip


class ListForm(Described, forms.ModelForm):
    """One line of a list. `dollars`: form field -> the model's field of cents. Markets are those that are known."""

    dollars: dict[str, str] = {}

    def __init__(self, *args, markets=(), today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        if "market" in self.fields:
            field = self.fields["market"]
            known = sorted({*markets, *([self.instance.market] if self.instance.market else [])})
            blank = [] if field.required else [("", "All markets")]
            self.fields["market"] = forms.ChoiceField(
                choices=[*blank, *((name, name) for name in known)],
                required=field.required,
                label="Market",
                initial=self.initial.get("market"),
            )
        for name, cents in self.dollars.items():
            value = getattr(self.instance, cents)
            if value is not None:
                self.initial[name] = f"{value // 100}.{value % 100:02d}".removesuffix(".00")
        self.describe()

    def clean(self):
        said = super().clean()
        for name, cents in self.dollars.items():
            given = self.cleaned_data.get(name)
            setattr(self.instance, cents, None if given is None else int(given * 100))
        return said

    def not_ahead(self, name: str) -> None:
        day = self.cleaned_data.get(name)
        if day and day > self.today:
            self.add_error(name, "This day is still to come: give today or an earlier day.")


class ItemForm(ListForm):
    dollars = {"cost": "cost_cents"}
    checked_on = day_field("Checked on", help_text="A done item needs it, and counts until it is stale.")
    cost = DollarsField("Cost, dollars", "What is still to be spent on it.")

    class Meta:
        model = ChecklistItem
        fields = ["kind", "market", "site_type", "area", "title", "site", "distributor", "required", "state", "owner", "checked_on",
                  "stale_after_months", "cost", "lead_time_weeks", "contingency_percent", "note"]  # fmt: skip
        labels = {
            "kind": "List", "site_type": "Kind of site", "title": "What must be in place", "site": "Home provider",
            "required": "Required before it is ready", "stale_after_months": "Stale after, months", "lead_time_weeks": "Lead time, weeks",
            "contingency_percent": "Contingency, %",
        }  # fmt: skip
        help_texts = {
            "site": "For a protocol: whose it is.",
            "distributor": "For a drug: where its availability was checked.",
            "title": "For a drug: its name.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.on_file().filter(site_class=Site.SiteClass.HOME_INFUSION).order_by("name")
        self.fields["site"].empty_label = "None"

    def clean(self):
        said = super().clean()
        self.not_ahead("checked_on")
        if said.get("state") == ChecklistItem.State.DONE and not said.get("checked_on") and "checked_on" not in self.errors:
            self.add_error("checked_on", "Say when it was checked: a done item counts from that day.")
        if said.get("kind") == ChecklistItem.Kind.DRUG and not said.get("distributor") and said.get("state") != NOT_NEEDED:
            self.add_error("distributor", "Name the distributor with whom the drug's availability is checked.")
        if said.get("kind") == ChecklistItem.Kind.PROTOCOL and not said.get("site"):
            self.add_error("site", "Choose the home provider whose protocol it is.")
        return said


class WatchForm(ListForm):
    dollars = {"saves": "saves_cents"}
    noted_on = day_field("Noted on", required=True)
    review_on = day_field("Review on")
    saves = DollarsField("Saves, dollars", "For a resource of ours: what using it again saves.")

    class Meta:
        model = WatchEntry
        fields = ["kind", "market", "title", "detail", "area", "quantity", "saves", "source", "noted_on", "review_on"]
        labels = {"kind": "List", "title": "Who or what", "detail": "What is known", "area": "Area"}
        help_texts = {"area": "For an adviser or a resource: the gap that it closes.", "quantity": "For a resource: how many."}
        widgets = {"detail": forms.Textarea(attrs={"rows": 3})}

    def clean(self):
        said = super().clean()
        self.not_ahead("noted_on")
        if said.get("review_on") and said.get("noted_on") and said["review_on"] <= said["noted_on"]:
            self.add_error("review_on", "The review must come after the day of the note.")
        if said.get("kind") in (WatchEntry.Kind.REGULATION, WatchEntry.Kind.PATIENT_NEED) and not said.get("review_on"):
            if "review_on" not in self.errors:
                self.add_error("review_on", "Requirements and needs change: give a day on which this is looked at again.")
        if said.get("kind") == WatchEntry.Kind.ADVISER and not said.get("area"):
            self.add_error("area", "Say for which gap this adviser can help.")
        return said


class PartnershipForm(ListForm):
    since = day_field("Binds from")
    until = day_field("Binds until", help_text="The first day on which it no longer binds. Blank: no end.")
    site_types = forms.MultipleChoiceField(
        choices=list(SITE_TYPES.items()), widget=forms.CheckboxSelectMultiple, label="Kinds of site that it bars",
        error_messages={"required": "Choose at least one kind of site that it bars."},
    )  # fmt: skip
    markets = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Markets", help_text="None chosen: all markets."
    )

    class Meta:
        model = Partnership
        fields = ["partner", "population", "site_types", "markets", "since", "until", "waived_by", "terms", "source"]
        labels = {"partner": "With whom", "waived_by": "Who may waive it", "terms": "What it says"}

    def __init__(self, *args, markets=(), **kwargs):
        super().__init__(*args, **kwargs)
        known = sorted({*markets, *self.instance.markets})
        self.fields["markets"].choices = [(name, name) for name in known]


class WaitingForm(ListForm):
    dollars = {"value": "value_cents_an_hour"}
    counted_on = day_field("Counted on", required=True)
    value = DollarsField(
        "Worth of a chair-hour, dollars", "Margin of an hour that serves somebody who waits. Blank: no money is claimed."
    )

    class Meta:
        model = WaitingList
        fields = ["site", "counted_on", "people", "hours_a_person", "staffed_hours", "value", "source"]
        labels = {
            "people": "People waiting",
            "hours_a_person": "Chair-hours a month that one of them needs",
            "staffed_hours": "Chair-hours a month that are staffed",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.on_file().filter(ownership=Site.Ownership.OWNED).order_by("name")
        self.fields["hours_a_person"].min_value = 0

    def clean(self):
        said = super().clean()
        self.not_ahead("counted_on")
        hours = said.get("hours_a_person")
        if hours is not None and hours <= 0:
            self.add_error("hours_a_person", "Give more than 0 hours: somebody who waits needs some time in a chair.")
        return said
