"""An upload streams straight into uploads/ under a generated name, hashed on the way, and is refused in one sentence.

Django has no limit on a file's size, and a full temporary disk would end as an error page with half a file left behind.
"""

import hashlib
import shutil

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from demand import storage
from demand.actions.extracts import IncomingFile, clean_display_name, discard_uploads, new_stored_name

KINDS = ("medical", "pharmacy", "eligibility")


class StoredUpload(UploadedFile):
    """A file that already lies under uploads/."""

    def __init__(self, field: str, display_name: str, stored_name: str, sha256: str, size: int):
        super().__init__(file=None, name="upload", content_type="", size=size)
        self.incoming = IncomingFile(field, display_name, stored_name, sha256, size)

    def close(self):
        """Nothing is held open."""


class StoringHandler(FileUploadHandler):
    """Streams every file of a request. `refusal` says why the request is not taken; what had been written is removed."""

    chunk_size = 1024 * 1024

    def __init__(self, request=None):
        super().__init__(request)
        self.refusal = ""
        self.expected = 0
        self.received = 0
        self.stored: list[str] = []
        self.stream = None

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.expected = content_length or 0

    def new_file(self, field_name, file_name, content_type, content_length, charset=None, content_type_extra=None):
        self.field, self.display_name = field_name, clean_display_name(file_name)
        self.refusal = self.refusal or refusal_of(self.expected)
        if self.refusal or field_name not in KINDS:
            self._stop()
        self.stored_name = new_stored_name()
        self.stored.append(self.stored_name)
        self.digest = hashlib.sha256()
        self._write(lambda: setattr(self, "stream", storage.upload_path(self.stored_name).open("wb")))

    def receive_data_chunk(self, raw_data, start):
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_BYTES:
            self.refusal = too_large()
            self._stop()
        self.digest.update(raw_data)
        self._write(lambda: self.stream.write(raw_data))

    def file_complete(self, file_size):
        self._write(self.stream.close)
        return StoredUpload(self.field, self.display_name, self.stored_name, self.digest.hexdigest(), file_size)

    def upload_interrupted(self):
        self.discard()

    def discard(self) -> None:
        """Take back what this request wrote."""
        if self.stream and not self.stream.closed:
            self.stream.close()
        discard_uploads(self.stored)
        self.stored = []

    def _write(self, write) -> None:
        try:
            write()
        except OSError:
            self.refusal = (
                "The server's disk is full, so nothing of this upload was kept; tell your administrator and send it again later."
            )
            self._stop()

    def _stop(self) -> None:
        self.discard()
        # The rest of the body is read and thrown away: a browser shows no answer to a request it could not finish.
        raise StopUpload(connection_reset=False)


def too_large() -> str:
    return (
        f"One upload takes at most {settings.UPLOAD_MAX_BYTES / 1e6:,.0f} MB, all its files together: compress them (gzip or Parquet), "
        "send them as several extracts, or use the load_extract command on the server."
    )


def refusal_of(size: int) -> str:
    """Why an upload of this many bytes is not taken; empty where it is."""
    if size > settings.UPLOAD_MAX_BYTES + 1_000_000:  # the form's own parts
        return too_large()
    free = shutil.disk_usage(storage.folder("uploads", "x").parent).free
    if size > free - settings.UPLOAD_KEEP_FREE_BYTES:
        return (
            f"The server has {max(0, free - settings.UPLOAD_KEEP_FREE_BYTES) / 1e6:,.0f} MB left for uploads and this one needs "
            f"{size / 1e6:,.0f} MB: tell your administrator, or send less."
        )
    return ""
