"""One record of a log by form. Cells are text, as in a file: the log's layout checks them, so that form and file refuse alike."""

from django import forms

from demand.engine.log_layouts import LAYOUTS
from demand.models import Denial, PatientImpact, WhiteBagEvent
from payers.models import Policy
from sites.models import Site

IMPACT_KINDS = {
    "delay": "Delay",
    "missed_dose": "Missed dose",
    "harm": "Harm",
    "transfer_of_care": "Transfer of care",
    "cost_surprise": "Cost surprise",
    "distress": "Distress",
    "reaction": "Reaction",
    "infection": "Infection",
    "unplanned_return": "Unplanned return to hospital",
}
SEVERITIES = {"low": "Low", "moderate": "Moderate", "high": "High"}
FLAGS = {"true": "Yes", "false": "No"}
LABELS = {
    "claim_id": ("Claim number", "The number only; no name and no birth date."),
    "payer": ("Payer", "As the claims name it."),
    "hcpcs_code": ("Drug code", "Five characters, such as J1745."),
    "site_id": ("Site", ""),
    "service_date": ("Service date", ""),
    "reason_code": ("Reason code", "Group and number, such as CO-197."),
    "denied_amount": ("Denied, dollars", "Such as 1234.50, without separators."),
    "written_off_amount": ("Written off, dollars", "0 where nothing was written off; blank where not known."),
    "decided_on": ("Decided on", "Blank while it is open."),
    "administered_on": ("Administered on", ""),
    "pharmacy": ("Pharmacy", "Who sent the drug."),
    "dose_changed": ("Dose changed on the day", "The dose sent was not the dose needed."),
    "delayed_days": ("Days of delay", "0 where it came in time."),
    "wasted": ("Drug wasted", ""),
    "staff_minutes": ("Staff minutes", "Extra time for calls, receipt, storage."),
    "policy_id": ("Policy", "Which policy did it; blank where none did."),
    "reported_on": ("Reported on", ""),
    "kind": ("What happened", ""),
    "delay_days": ("Days of delay", ""),
    "severity": ("Severity", ""),
}
DATES = {"service_date", "decided_on", "administered_on", "reported_on"}
NUMBERS = {"delayed_days", "staff_minutes", "delay_days"}


class RecordForm(forms.Form):
    """`record`: the one that is corrected."""

    def __init__(self, kind: str, *args, record=None, **kwargs):
        if record is not None:
            kwargs["initial"] = cells_of(record, kind)
        super().__init__(*args, **kwargs)
        for column in LAYOUTS[kind].columns:
            label, help_text = LABELS[column.name]
            needed = column.needed or column.name in ("reason_code", "denied_amount")
            field = forms.CharField(label=label, help_text=help_text, required=needed, max_length=200, strip=True)
            field.error_messages["required"] = f"{label} is needed."
            field.widget = self._widget(column.name, (kwargs.get("initial") or {}).get(column.name, ""))
            if help_text:
                field.widget.attrs["aria-describedby"] = f"help-{column.name}"
            self.fields[column.name] = field

    def _widget(self, name: str, value: str) -> forms.Widget:
        if name in DATES:
            return forms.DateInput(attrs={"type": "date"})
        if name in NUMBERS:
            return forms.NumberInput(attrs={"min": 0, "step": 1})
        choices = _choices(name)
        if choices is None:
            return forms.TextInput(attrs={"list": f"known-{name}", "autocomplete": "off"} if name in ("payer", "pharmacy") else {})
        if value and value not in choices:
            choices = {**choices, value: value}
        return forms.Select(choices=[("", {"policy_id": "none", "kind": "choose"}.get(name, "not known")), *choices.items()])


def _choices(name: str) -> dict[str, str] | None:
    if name == "site_id":
        owned = Site.objects.on_file().filter(ownership=Site.Ownership.OWNED).order_by("name")
        return {site.site_id: f"{site.name} ({site.site_id})" for site in owned}
    if name == "policy_id":
        return {policy.policy_id: f"{policy.payer}: {policy.title} ({policy.policy_id})" for policy in Policy.objects.all()}
    if name in ("dose_changed", "wasted"):
        return FLAGS
    return {"kind": IMPACT_KINDS, "severity": SEVERITIES}.get(name)


def cells_of(record: Denial | WhiteBagEvent | PatientImpact, kind: str) -> dict[str, str]:
    """A record's values as a file would write them."""
    cells = {}
    for column in LAYOUTS[kind].columns:
        if column.name.endswith("_amount"):
            cents = getattr(record, f"{column.name.removesuffix('_amount')}_cents")
            cells[column.name] = "" if cents is None else f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
            continue
        value = getattr(record, column.name)
        cells[column.name] = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return cells
