"""A policy's document as a form of sections, for people who manage contracts; what the form says becomes a document again."""

import re
from collections.abc import Mapping

from django import forms

from payers import words
from payers.engine.policies import CLINICAL_EXCEPTIONS, POLICY_SITE_CLASSES, RESTART_GAP_DAYS, checked_document
from payers.engine.policy_values import WrongValue
from payers.example_form import ExampleForms, example_of
from payers.models import DrugCode
from payers.selectors.drug_choices import drug_labels, unknown_drug

# The path at which a document is wrong -> the field that says it.
FIELD_OF = {
    "id": "policy_id",
    "source.title": "title",
    "source.url": "url",
    "source.retrieved": "retrieved",
    "scope.lines_of_business": "lines_of_business",
    "scope.funding": "funding",
    "scope.states": "states",
    "scope.plans_in": "plans_in",
    "scope.plans_out": "plans_out",
    "drugs": "codes",
    "grace": "grace_days",
    "grace.doses": "grace_doses",
    "grace.days": "grace_days",
    "grace.combine": "grace_combine",
    "age.min": "age_min",
    "age.max": "age_max",
    "access_exception.miles": "access_miles",
}
SECTIONS = (
    ("Which policy", "What it is called, and what it is about.", ("policy_id", "payer", "kind", "title")),
    (
        "Who is covered",
        "Nothing checked means that it makes no difference: every line of business, however funded.",
        ("lines_of_business", "funding", "states", "plans_in", "plans_out", "age_min", "age_max"),
    ),
    ("Which drugs", "Search the drug reference and check what the policy names, or paste its list of codes.", ("drugs", "codes")),
    (
        "What it asks",
        "A site policy names the sites that it excludes. A policy on the source of the drug says which source, and for which sites if not for all.",
        ("excluded_site_classes", "excludes_hospital_affiliated", "drug_source"),
    ),
    (
        "Who starts when",
        "Grace is how long a treatment may stay where it began: a number of doses, of days, or both. Leave it blank where there is none.",
        ("starts", "grace_doses", "grace_days", "grace_combine", "single_dose_has_grace", "restart_gap_days"),
    ),
    ("Exceptions", "Who may stay although the policy excludes the site.", ("clinical_exceptions", "access_miles")),
    ("Dates and status", "", ("effective_from", "effective_to", "status", "likelihood")),
    ("Source", "Where it can be read again.", ("url", "retrieved", "missing", "check_at_source")),
)


class DayField(forms.DateField):
    def __init__(self, **options):
        options.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d"], **options)
        self.error_messages["invalid"] = "This is no day of the calendar; write it year-month-day, such as 2026-01-31."


class LinesField(forms.CharField):
    """A list, one entry a line."""

    def __init__(self, **options):
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 3}), **options)

    def clean(self, value):
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


def _choices(names: Mapping[str, str], *, blank: str = "") -> list[tuple[str, str]]:
    return [*([("", blank)] if blank else []), *((code, name[:1].upper() + name[1:]) for code, name in names.items())]


def _whole(label: str, low: int, high: int, **options) -> forms.IntegerField:
    message = f"Write a whole number from {low} to {high}."
    messages = {"invalid": message, "min_value": message, "max_value": message, "required": message}
    return forms.IntegerField(label=label, min_value=low, max_value=high, required=False, error_messages=messages, **options)


class PolicyForm(forms.Form):
    """Fields in the order of SECTIONS. `document()` is what it says; call it after is_valid()."""

    WIDE = ("title", "codes", "url", "missing", "note")  # a line of their own

    policy_id = forms.CharField(
        label="Id", max_length=80, help_text="A short name that stays, such as AET-SOC-2026. Part of the policy's address.",
        error_messages={"required": "Give the policy an id, such as AET-SOC-2026."},
    )  # fmt: skip
    payer = forms.CharField(
        max_length=200, help_text="As claims call it here; the list offers the payers on file.",
        error_messages={"required": "Name the payer."}, widget=forms.TextInput(attrs={"list": "payers", "autocomplete": "off"}),
    )  # fmt: skip
    kind = forms.ChoiceField(
        choices=_choices(words.KINDS, blank="Choose"), error_messages={"required": "Choose the kind of policy."}
    )
    title = forms.CharField(
        max_length=300, help_text="What the payer's document is called.",
        error_messages={"required": "Say what the payer's document is called."},
    )  # fmt: skip
    lines_of_business = forms.MultipleChoiceField(
        choices=_choices(words.LINES_OF_BUSINESS), required=False, widget=forms.CheckboxSelectMultiple
    )
    funding = forms.MultipleChoiceField(
        choices=_choices(words.FUNDING), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="State laws shield insured plans only.",
    )  # fmt: skip
    states = forms.CharField(
        required=False, max_length=300, help_text="Two letters each, such as OH, KY. Blank: every state.",
    )  # fmt: skip
    plans_in = LinesField(label="Only these plans", help_text="One a line, as claims name them. Blank: every plan.")
    plans_out = LinesField(label="Not these plans", help_text="One a line.")
    age_min = _whole("Youngest age covered", 0, 130, help_text="Blank: no floor.")
    age_max = _whole("Oldest age covered", 0, 130, help_text="Blank: no ceiling.")
    drugs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    codes = forms.CharField(
        label="Codes to add", required=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="HCPCS codes with blanks, commas or line breaks between them, such as J1745, Q5103.",
    )  # fmt: skip
    excluded_site_classes = forms.MultipleChoiceField(
        label="Sites it excludes", choices=_choices({code: words.SITE_CLASSES[code] for code in POLICY_SITE_CLASSES}), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    excludes_hospital_affiliated = forms.BooleanField(
        label="It also excludes every site affiliated with a hospital", required=False,
        help_text="An infusion center that a health system owns then fails too, whatever it bills as.",
    )  # fmt: skip
    drug_source = forms.ChoiceField(
        label="Source of the drug", choices=_choices(words.DRUG_SOURCES, blank="Not about the source"), required=False
    )
    starts = forms.ChoiceField(
        label="It covers", choices=_choices(words.STARTS), widget=forms.RadioSelect, initial="everyone", required=False
    )
    grace_doses = _whole("Doses of grace", 0, 100)
    grace_days = _whole("Days of grace", 0, 3650, help_text="Counted from the start of treatment.")
    grace_combine = forms.ChoiceField(
        label="Where both are given", required=False,
        choices=[("", "–"), ("first", "Whichever ends first"), ("last", "Whichever ends last")],
    )  # fmt: skip
    single_dose_has_grace = forms.BooleanField(label="Single-dose treatments have grace too", required=False)
    restart_gap_days = _whole(
        "A new start after a pause of (days)",
        1,
        3650,
        initial=RESTART_GAP_DAYS,
        help_text=f"{RESTART_GAP_DAYS} where the policy says nothing.",
    )
    clinical_exceptions = forms.MultipleChoiceField(
        label="Clinical reasons to stay", choices=_choices({code: words.CLINICAL_EXCEPTIONS[code] for code in CLINICAL_EXCEPTIONS}),
        required=False, widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    access_miles = forms.FloatField(
        label="Exempt if no permitted site within (miles)", required=False, min_value=0.1, max_value=5000,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), "Write a number of miles from 0.1 to 5,000."),
    )  # fmt: skip
    effective_from = DayField(label="In force from", error_messages={"required": "Say from which day it counts."})
    effective_to = DayField(label="First day no longer in force", required=False, help_text="Blank: no end known.")
    status = forms.ChoiceField(
        choices=_choices(words.STATUSES, blank="Choose"),
        help_text="Announced: the payer said so. Anticipated: we expect it.", error_messages={"required": "Choose the status."},
    )  # fmt: skip
    likelihood = forms.FloatField(
        required=False, min_value=0, max_value=1, help_text="From 0 (will not come) to 1 (certain). In force is always 1.",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), "Write a number from 0 to 1, such as 0.6 for six in ten."),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip
    url = forms.CharField(label="Address", required=False, max_length=500)
    retrieved = DayField(label="Retrieved on", required=False)
    missing = LinesField(label="What the source leaves open", help_text="One sentence a line; shown wherever the policy is.")
    check_at_source = forms.BooleanField(label="Check at the source before use", required=False)
    note = forms.CharField(
        label="Why it changes", required=False, max_length=500,
        help_text="One sentence for the history, such as: the payer's notice of 3 March.",
    )  # fmt: skip
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments, document: Mapping | None = None, fixed_id: str = "", more_examples: int = 0, **options):
        super().__init__(*arguments, **options)
        self.fixed_id = fixed_id
        if document:
            self.initial |= _initial(document)
        known = drug_labels()
        kept = [*(self.data.getlist("drugs") if self.is_bound else []), *self.initial.get("drugs", [])]
        self.fields["drugs"].choices = [
            (value, known.get(value) or unknown_drug(value)) for value in dict.fromkeys([*known, *kept])
        ]
        if fixed_id:
            self.initial["policy_id"] = fixed_id
            self.fields["policy_id"].disabled = True
        self.examples = ExampleForms(
            self.data if self.is_bound else None, initial=[example_of(one) for one in (document or {}).get("examples") or []],
            prefix="examples", form_kwargs={"use_required_attribute": False}, more=more_examples,
        )  # fmt: skip

    def sections(self):
        return [(title, help_text, [self[name] for name in names]) for title, help_text, names in SECTIONS]

    def chosen_drugs(self) -> list[tuple[str, str]]:
        chosen = self.data.getlist("drugs") if self.is_bound else self.initial.get("drugs", [])
        labels = dict(self.fields["drugs"].choices)
        return [(value, labels.get(value, value)) for value in dict.fromkeys(chosen)]

    def clean_states(self):
        return [state.upper() for state in re.split(r"[\s,;]+", self.cleaned_data["states"]) if state]

    def clean_codes(self):
        codes = [code.upper() for code in re.split(r"[\s,;]+", self.cleaned_data["codes"]) if code]
        wrong = [code for code in codes if not re.fullmatch(r"[A-Z]\d{4}|\d{4}[A-Z0-9]", code, re.ASCII)]
        if wrong:
            raise forms.ValidationError(f"“{wrong[0][:20]}” is no code; a HCPCS code has five characters, such as J1745.")
        known = set(DrugCode.objects.filter(hcpcs_code__in=codes).values_list("hcpcs_code", flat=True))
        strange = [code for code in codes if code not in known]
        if strange:
            raise forms.ValidationError(
                f"{strange[0]} is not in the drug reference; correct it, or add it to the reference first (load_drugs)."
            )
        return codes

    def is_valid(self) -> bool:
        """Every field, every example, and what has to hold between them; each refusal stands at its field."""
        fields, examples = super().is_valid(), self.examples.is_valid()
        if (
            self.cleaned_data.get("status") == "anticipated"
            and self.cleaned_data.get("likelihood") is None
            and "likelihood" not in self.errors
        ):
            self.add_error("likelihood", "Say how likely it is that the policy comes, from 0 to 1, such as 0.6.")
        if not (fields and examples) or self.errors:
            return False
        try:
            checked_document(self.document())
        except WrongValue as wrong:
            self._place(wrong)
        return not self.errors and not self.examples.has_errors()

    def unmark(self) -> None:
        """Shown again without its errors, since nothing was to be saved."""
        self.errors.clear()
        for example in self.examples.forms:
            example.errors.clear()

    def _place(self, wrong: WrongValue) -> None:
        if self.examples.place(wrong):
            return
        path = re.sub(r"\[\d+\]", "", wrong.path)
        name = FIELD_OF.get(path) or FIELD_OF.get(path.split(".")[0]) or path
        told = str(wrong)
        if name in self.fields:
            self.add_error(name, f"This {told}." if told.startswith(("must", "is ", "names", "lies", "has", "of ")) else f"{told}.")
        else:
            self.add_error(None, f"{wrong.path} {told}.")

    def document(self) -> dict:
        """What the form says so far; a field that is wrong or blank is left out."""
        said = self.cleaned_data
        day = {name: said[name].isoformat() if said.get(name) else None for name in ("effective_from", "effective_to", "retrieved")}
        drugs: dict[str, list[str]] = {"hcpcs": [], "molecules": [], "families": []}
        for value in said.get("drugs") or []:
            kind, _, name = value.partition(":")
            drugs[kind].append(name)
        drugs["hcpcs"] = list(dict.fromkeys([*drugs["hcpcs"], *(said.get("codes") or [])]))
        grace = {"doses": said.get("grace_doses"), "days": said.get("grace_days"), "combine": said.get("grace_combine") or None}
        has_grace = grace["doses"] is not None or grace["days"] is not None
        if None in (grace["doses"], grace["days"]):
            grace["combine"] = None
        ages = {"min": said.get("age_min"), "max": said.get("age_max")}
        likelihood = said.get("likelihood")
        return {
            "id": self.fixed_id or said.get("policy_id"),
            "payer": said.get("payer"),
            "kind": said.get("kind"),
            "status": said.get("status"),
            "likelihood": 1.0 if likelihood is None else likelihood,
            "source": {"title": said.get("title"), "url": said.get("url") or None, "retrieved": day["retrieved"]},
            "scope": {
                name: list(said.get(name) or []) for name in ("lines_of_business", "funding", "states", "plans_in", "plans_out")
            },
            "effective_from": day["effective_from"],
            "effective_to": day["effective_to"],
            "drugs": drugs,
            "excluded_site_classes": list(said.get("excluded_site_classes") or []),
            "excludes_hospital_affiliated": bool(said.get("excludes_hospital_affiliated")),
            "starts": said.get("starts") or "everyone",
            "grace": grace if has_grace else None,
            "single_dose_has_grace": bool(said.get("single_dose_has_grace")),
            "restart_gap_days": said.get("restart_gap_days") or RESTART_GAP_DAYS,
            "age": ages if any(age is not None for age in ages.values()) else None,
            "clinical_exceptions": list(said.get("clinical_exceptions") or []),
            "access_exception": {"miles": said["access_miles"]} if said.get("access_miles") else None,
            "drug_source": said.get("drug_source") or None,
            "examples": self.examples.said(),
            "missing": list(said.get("missing") or []),
            "check_at_source": bool(said.get("check_at_source")),
        }


def _initial(document: Mapping) -> dict:
    scope, source = document["scope"], document["source"]
    grace, age = document["grace"] or {}, document["age"] or {}
    plain = (
        "payer", "kind", "status", "likelihood", "effective_from", "effective_to", "excluded_site_classes",
        "excludes_hospital_affiliated", "starts", "single_dose_has_grace", "restart_gap_days", "clinical_exceptions", "drug_source",
        "check_at_source",
    )  # fmt: skip
    return {name: document[name] for name in plain} | {
        "policy_id": document["id"],
        "title": source["title"],
        "url": source["url"],
        "retrieved": source["retrieved"],
        "lines_of_business": scope["lines_of_business"],
        "funding": scope["funding"],
        "states": ", ".join(scope["states"]),
        "plans_in": "\n".join(scope["plans_in"]),
        "plans_out": "\n".join(scope["plans_out"]),
        "age_min": age.get("min"),
        "age_max": age.get("max"),
        "drugs": [f"{kind}:{drug}" for kind, drugs in document["drugs"].items() for drug in drugs],
        "grace_doses": grace.get("doses"),
        "grace_days": grace.get("days"),
        "grace_combine": grace.get("combine"),
        "access_miles": (document["access_exception"] or {}).get("miles"),
        "missing": "\n".join(document.get("missing", [])),
        "check_at_source": document.get("check_at_source", False),
    }
