"""An uploaded register as a file on disk, for as long as it is read."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django import forms

from sites.engine.text_file import RefusedTable

Read = TypeVar("Read")


def read_upload(form: forms.Form, read: Callable[[Path], Read]) -> Read | None:
    """What `read` makes of the form's file; None where it refuses it, with its sentence as the field's error."""
    with tempfile.NamedTemporaryFile() as kept:
        for chunk in form.cleaned_data["file"].chunks():
            kept.write(chunk)
        kept.flush()
        try:
            return read(Path(kept.name))
        except RefusedTable as refusal:
            form.add_error("file", str(refusal))
            return None
