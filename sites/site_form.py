"""An entry of the site register as a form of sections. Its cells are read by the rules of sites.csv, so that a form and a file say
the same and refuse the same."""

import re

from django import forms

from sites.engine.registers import (
    BILLING_CLASSES_IN_WORDS,
    COMPOUNDING_IN_WORDS,
    SITES,
    hospital_affiliated,
)
from sites.engine.rows import Finding
from sites.engine.site_entries import FILE_COLUMNS, as_text, read_entry
from sites.models import Site

SECTIONS = (
    ("What it is", "Ours, a partner’s or somebody else’s: that decides whether an infusion there counts as kept.",
     ("name", "site_id", "site_class", "ownership", "owner", "payer_affiliation", "market")),
    ("How it bills", "A payer’s policy asks two things: what the site bills as, and whether a hospital stands behind it.",
     ("npis", "billing_class", "hospital_affiliated", "is_340b", "payers_contracted")),
    ("Where it is", "", ("address", "city", "state", "zip_code", "latitude", "longitude")),
    ("Since when, and until when", "", ("opened_on", "closed_on", "opening_hours")),
    ("Chairs and hours", "What the site has now, and where that changed or will change, the months from which it does.",
     ("chairs", "open_hours_per_week", "chairs_by_month")),
    ("Staff", "Full-time equivalents, such as 3.5.", ("nurses", "pharmacists", "technicians")),
    ("What it can do", "", ("sterile_compounding", "hazardous_drugs", "pediatrics", "ports", "observation", "rems")),
    ("Where this is known from", "", ("source", "checked_on")),
)  # fmt: skip
YES_NO = [("", "Not recorded"), ("true", "Yes"), ("false", "No")]
CHOICES = {
    "site_class": [("", "Choose"), *Site.SiteClass.choices],
    "ownership": [("", "Choose"), *Site.Ownership.choices],
    "billing_class": [("", "Not recorded"), *BILLING_CLASSES_IN_WORDS.items()],
    "sterile_compounding": [("", "Not recorded"), *COMPOUNDING_IN_WORDS.items()],
    "hospital_affiliated": [("", "As the class says"), ("true", "Yes"), ("false", "No")],
    "is_340b": [("false", "No"), ("true", "Yes")],
    **dict.fromkeys(("hazardous_drugs", "pediatrics", "ports", "observation"), YES_NO),
}
LABELS = {
    "site_id": "Id", "name": "Name", "site_class": "Class of site", "ownership": "Whose", "owner": "Owner",
    "payer_affiliation": "Payer behind it", "market": "Market", "npis": "Provider numbers (NPI)", "billing_class": "Bills as",
    "hospital_affiliated": "Affiliated with a hospital", "is_340b": "Buys at 340B prices", "payers_contracted": "Payers contracted",
    "address": "Street and number", "city": "City", "state": "State", "zip_code": "ZIP code", "latitude": "Latitude",
    "longitude": "Longitude", "opened_on": "Open from", "closed_on": "First day closed", "opening_hours": "Opening hours",
    "chairs": "Chairs", "open_hours_per_week": "Open hours a week", "chairs_by_month": "Chairs and hours by month", "nurses": "Nurses",
    "pharmacists": "Pharmacists", "technicians": "Technicians", "sterile_compounding": "Sterile compounding (USP 797)",
    "hazardous_drugs": "Hazardous drugs (USP 800)", "pediatrics": "Children", "ports": "Accesses ports",
    "observation": "Observes after a dose", "rems": "REMS certifications", "source": "Source", "checked_on": "Checked on",
    "retired": "Taken out of the register", "merged_into": "Merged into",
}  # fmt: skip
HELP = {
    "site_id": "A short name that stays, such as NORTH-CENTER. Blank: made from the name.",
    "owner": "The company or system that runs it; the same words for every site of one owner.",
    "payer_affiliation": "The insurer that owns or is owned with it, as claims name the payer. Blank: none.",
    "market": "As your other sites spell it.",
    "npis": "Ten digits, one a line. A number that moved here or away: 1234567893 from 2025-01-01 to 2026-01-01. Without one no claim finds the site.",
    "hospital_affiliated": "Some policies exclude every affiliated site, whatever it bills as. A hospital’s department is affiliated if nothing is said.",
    "is_340b": "Without dates. Registrations by date are kept on the site’s page and count before this.",
    "payers_contracted": "One a line, as claims name them.",
    "zip_code": "Five digits; distances are measured from it where latitude and longitude are blank.",
    "latitude": "Degrees, such as 42.3601. Both or none.",
    "longitude": "Degrees, west is negative, such as -71.0942.",
    "opened_on": "Blank: always.",
    "closed_on": "Blank: still open. Infusions from that day on are not matched to it.",
    "opening_hours": "In words, such as Mon–Fri 7–19, Sat 8–14.",
    "chairs_by_month": "One step a line: 2026-07: 14 chairs, 50 hours. It holds until the next step.",
    "rems": "Drug safety programs that certified the site, one a line, such as TOUCH (natalizumab) or Lemtrada. Write “none” where it was looked up and there is none; blank means that nobody knows, and the clinical line then cannot judge such drugs.",
    "source": "Where a reader can look it up: a contract, a directory, a visit.",
    "checked_on": "The last day on which somebody made sure of it.",
}  # fmt: skip
AREAS = {"npis": 2, "payers_contracted": 3, "chairs_by_month": 3, "rems": 3}
DAYS = ("opened_on", "closed_on", "checked_on")
WIDE = ("npis", "payers_contracted", "chairs_by_month", "rems", "source")
LISTS = ("owner", "payer_affiliation", "market")  # fields that offer what other entries say


class SiteForm(forms.Form):
    """One field a column of sites.csv. `entry()` is what it says, after is_valid()."""

    WIDE = WIDE

    def __init__(self, *arguments, fixed_id: str = "", **options):
        super().__init__(*arguments, label_suffix="", use_required_attribute=False, **options)
        self.fixed_id = fixed_id
        for name in FILE_COLUMNS:
            self.fields[name] = _field(name)
        if fixed_id:
            self.initial["site_id"] = fixed_id
            self.fields["site_id"].disabled = True
            self.fields["site_id"].help_text = "Claims, logs and rates know the site by it, so it stays."
        for name in ("npis", "payers_contracted", "chairs_by_month", "rems"):
            if self.initial.get(name):
                self.initial[name] = re.sub(r"\s*;\s*", "\n", self.initial[name])

    def sections(self):
        return [(title, help_text, [self[name] for name in names]) for title, help_text, names in SECTIONS]

    def clean(self) -> dict:
        said = {name: (self.cleaned_data.get(name) or "").strip() for name in FILE_COLUMNS}
        said["npis"] = ";".join(part for part in re.split(r"[;,\n]+|\s+(?=\d{10})", said["npis"]) if part.strip())
        said["site_id"] = self.fixed_id or said["site_id"] or re.sub(r"[^A-Z0-9]+", "-", said["name"].upper()).strip("-")[:80]
        known = Site.objects.on_file().filter(market__iexact=said["market"]).values_list("market", flat=True).first()
        said["market"] = known or said["market"]  # “Rural” beside “rural” would be a market of its own
        self.values, findings = read_entry(said)
        for finding in findings:
            if finding.column not in self.errors:
                self.add_error(finding.column, _sentence(finding))
        if not self.fixed_id and "site_id" not in self.errors and (taken := Site.objects.filter(site_id=said["site_id"]).first()):
            self.add_error("site_id", f"The id {said['site_id']} is that of {taken.name}; choose another, or change that entry.")
        return said

    def entry(self) -> dict[str, str]:
        """The entry's columns of sites.csv as text."""
        whole = as_text(self.values | {"hospital_affiliated": hospital_affiliated(self.values)})
        return {name: whole[name] for name in FILE_COLUMNS}

    def warnings(self) -> list[str]:
        """What is odd and used as given."""
        return [_sentence(finding) for finding in SITES.warn(self.values)]


def _field(name: str) -> forms.Field:
    common = {"label": LABELS[name], "help_text": HELP.get(name, ""), "required": False}
    if name in CHOICES:
        message = f"Choose one of the list for “{LABELS[name]}”."
        return forms.ChoiceField(choices=CHOICES[name], error_messages={"invalid_choice": message}, **common)
    if name in AREAS:
        widget = forms.Textarea(attrs={"rows": AREAS[name], "spellcheck": "false"})
    elif name in DAYS:
        widget = forms.TextInput(attrs={"type": "date"})
    elif name in LISTS:
        widget = forms.TextInput(attrs={"list": f"known-{name}", "autocomplete": "off"})
    else:
        widget = forms.TextInput()
    return forms.CharField(widget=widget, max_length=6000, **common)


def in_words(name: str, value: str) -> str:
    """A value of an entry as people read it."""
    words = dict(CHOICES.get(name, ())) | ({"true": "Yes", "false": "No"} if value in ("true", "false") else {})
    return str(words.get(value, value)) if value else "–"


def _sentence(finding: Finding) -> str:
    """One sentence that begins with the field's label where the finding speaks of its cell."""
    if finding.rule == "blank" and finding.column in CHOICES:
        return "Choose one."
    message = finding.message
    for name in ("opened_on", "closed_on"):
        message = message.replace(name, f"“{LABELS[name]}”")
    own = message.startswith(("must", "is ", "has ", "names"))
    text = f"{LABELS[finding.column]} {message}" if own else message
    return f"{text[:1].upper()}{text[1:]}."
