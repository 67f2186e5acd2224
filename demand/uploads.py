"""An upload streams straight into uploads/ under a generated name, hashed on the way, and is refused in one sentence.

Django has no limit on a file's size, and a full temporary disk would end as an error page with half a file left behind.
This is the form as a browser sends it by itself; files in parts go through demand.views.uploads.
"""

import hashlib

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from demand import storage
from demand.actions import uploads
from demand.actions.extracts import IncomingFile, clean_display_name, discard_uploads, new_stored_name
from demand.models import Upload
from demand.selectors.quotas import quota

KINDS = ("medical", "pharmacy", "eligibility")
FORM_BYTES = 1_000_000  # what a form has beside its files, at most
READ_ON_BYTES = 100_000_000  # a browser shows no answer to a request it could not finish; more than this is not worth it


class StoredUpload(UploadedFile):
    """A file that already lies under uploads/."""

    def __init__(self, incoming: IncomingFile):
        super().__init__(file=None, name="upload", content_type="", size=incoming.size_bytes)
        self.incoming = incoming

    def close(self):
        """Nothing is held open."""


class StoringHandler(FileUploadHandler):
    """Streams every file of a request. `refusal` says why the request is not taken; what had been written is removed."""

    chunk_size = 1024 * 1024

    def __init__(self, request):
        super().__init__(request)
        self.refusal = ""
        self.expected = self.seen = 0
        self.quota = None
        self.arrived: list[IncomingFile] = []
        self.stream = None

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.expected = content_length or 0
        self.quota = quota(self.request.user)
        self.refusal = self.quota.refusal_of([("", self.expected - FORM_BYTES)], only=("upload", "day_bytes", "waiting", "disk"))
        # A server may hand over a body that ends too early as if it were whole, and its last file with it.
        read = input_data.read

        def counted(*size):
            data = read(*size)
            self.seen += len(data)
            return data

        input_data.read = counted

    def new_file(self, field_name, file_name, content_type, content_length, charset=None, content_type_extra=None):
        if self.refusal or field_name not in KINDS:
            self._stop()
        self.field, self.display_name, self.stored_name = field_name, clean_display_name(file_name), new_stored_name()
        self.digest, self.size = hashlib.sha256(), 0
        self._write(lambda: setattr(self, "stream", storage.new_upload(self.stored_name)))

    def receive_data_chunk(self, raw_data, start):
        self.size += len(raw_data)
        self.refusal = self.quota.refusal_of(self._so_far())
        if self.refusal:
            self._stop()
        self.digest.update(raw_data)
        self._write(lambda: self.stream.write(raw_data))

    def file_complete(self, file_size):
        self._write(self.stream.close)
        self.arrived.append(IncomingFile(self.field, self.display_name, self.stored_name, self.digest.hexdigest(), file_size))
        self.stream = None
        return StoredUpload(self.arrived[-1])

    def upload_interrupted(self):
        self.discard()

    @property
    def is_cut(self) -> bool:
        return self.seen < self.expected

    def keep(self) -> None:
        """The files belong to an extract now."""
        self.arrived = []

    def discard(self) -> None:
        """Take back what this request wrote. It stays in the account of the user's day."""
        if self.stream:
            self.stream.close()
            self.arrived.append(IncomingFile(self.field, "", self.stored_name, "", self.size))
            self.stream = None
        discard_uploads(file.stored_name for file in self.arrived)
        uploads.count(self.request.user, self.arrived, Upload.Status.DROPPED)
        self.arrived = []

    def _so_far(self) -> list[tuple[str, int]]:
        return [*((file.display_name, file.size_bytes) for file in self.arrived), (self.display_name, self.size)]

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
        # What is left of a body is read and thrown away, so that the browser shows the answer, unless it is very much.
        raise StopUpload(connection_reset=self.expected > READ_ON_BYTES)
