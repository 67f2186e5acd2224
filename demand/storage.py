"""Where files lie: uploads as they came (until loaded), extracts, runs. All hosts see the same folder (STORAGE_URL)."""

import os
import shutil
from pathlib import Path
from typing import IO

from django.conf import settings


def folder(*parts: str | int) -> Path:
    """A folder under the storage root; parents are made."""
    path = settings.STORAGE_DIR.joinpath(*map(str, parts))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def upload_path(stored_name: str) -> Path:
    return folder("uploads", stored_name)


def layout_path(stored_name: str) -> Path:
    """What the columns of an upload are called, with sample rows, for the mapping page; it goes with the upload."""
    return folder("uploads", f"{stored_name}.layout")


def new_upload(stored_name: str) -> IO[bytes]:
    """An empty file to write an upload to, readable by nobody else on the machine: it holds people's ids."""
    return os.fdopen(os.open(upload_path(stored_name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def extract_folder(extract_id: int) -> Path:
    return folder("extracts", extract_id)


def run_folder(run_id: int) -> Path:
    return folder("runs", run_id)


def fetch_folder(run_id: int) -> Path:
    """Beside which a refresh of a feed writes what it fetches, until the extract is made of it."""
    return folder("fetches", run_id)


def identities_folder() -> Path:
    """The map from pseudonyms back to person ids. It stays beside the key and is read only to re-identify."""
    path = settings.DATA_DIR / "keys" / "identities"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def attempt_folder(final: Path, token: int) -> Path:
    """An empty folder beside `final` for one attempt; attempts of the same run never share a file."""
    attempt = final.with_name(f"{final.name}.attempt{token}")
    shutil.rmtree(attempt, ignore_errors=True)
    attempt.mkdir(parents=True)
    return attempt


def publish_folder(attempt: Path, final: Path) -> None:
    """The attempt becomes the result. Called inside the publishing transaction, after the fence was passed."""
    shutil.rmtree(final, ignore_errors=True)  # a folder left by an attempt that renamed and then lost its transaction
    os.replace(attempt, final)


def remove_attempts(final: Path) -> None:
    for attempt in final.parent.glob(f"{final.name}.attempt*"):
        shutil.rmtree(attempt, ignore_errors=True)
