"""What a user says about an extract when uploading it. The files themselves come through demand.uploads."""

from django import forms

from demand.models import Extract
from demand.uploads import KINDS


class ExtractForm(forms.Form):
    name = forms.CharField(
        max_length=120,
        label="Name of the extract",
        help_text="For people, for example “Payer A, claims to June 2026”. No patient names.",
    )
    perspective = forms.ChoiceField(choices=Extract.Perspective.choices, label="Whose view of the claims")
    data_source = forms.CharField(
        max_length=120,
        required=False,
        label="Data source",
        help_text="Fills rows whose data_source is blank. Give each sender its own name: claims of one source with the same number are taken for the same claim.",
    )
    paid_through = forms.DateField(
        required=False,
        label="Paid through",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The last payment day the files hold. Blank: each feed’s latest paid date is used, where it has paid dates.",
    )

    def __init__(self, *args, uploads=None, sent=(), corrected: Extract | None = None, **kwargs):
        """`uploads`: the files of the form itself; `sent`: uploads that arrived before it.

        `corrected`: the extract of which a new version is sent; what was said of it is taken over, its name stays.
        """
        if corrected:
            told = {name: getattr(corrected, name) for name in ("name", "perspective", "data_source", "paid_through")}
            kwargs["initial"] = told
        super().__init__(*args, **kwargs)
        if corrected:
            self.fields["name"].disabled = True
        self.plain = [upload.incoming for kind in KINDS for upload in (uploads.getlist(kind) if uploads else [])]
        self.sent = list(sent)
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"help-{name}"

    def clean(self):
        if not self.plain and not self.sent:
            raise forms.ValidationError("Choose at least one file: medical claims, pharmacy claims or eligibility.")
        for file in self.plain:
            if file.size_bytes == 0:
                raise forms.ValidationError(f"“{file.display_name}” is empty (0 bytes): export it again and choose the new file.")
        return self.cleaned_data
