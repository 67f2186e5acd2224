"""What intake takes: every limit in one frozen value, read from the settings (settings.py names the environment's variables)."""

from dataclasses import dataclass

from django.conf import settings

from demand.engine.unpack import Limits


@dataclass(frozen=True)
class UploadLimits:
    """Sizes in bytes. A day is a calendar day in the server's time zone; waiting is what lies here and is not loaded yet."""

    file_bytes: int
    upload_bytes: int
    daily_bytes: int
    daily_files: int
    waiting_bytes: int
    keep_free_bytes: int
    chunk_bytes: int
    kept_hours: int


def upload_limits() -> UploadLimits:
    return UploadLimits(
        file_bytes=settings.UPLOAD_MAX_FILE_BYTES,
        upload_bytes=settings.UPLOAD_MAX_BYTES,
        daily_bytes=settings.UPLOAD_DAILY_BYTES,
        daily_files=settings.UPLOAD_DAILY_FILES,
        waiting_bytes=settings.UPLOAD_WAITING_BYTES,
        keep_free_bytes=settings.UPLOAD_KEEP_FREE_BYTES,
        chunk_bytes=settings.UPLOAD_CHUNK_BYTES,
        kept_hours=settings.UPLOAD_KEPT_HOURS,
    )


def engine_limits() -> Limits:
    """The limits of a file's content, for the engine."""
    return Limits(
        max_unpacked_bytes=settings.EXTRACT_MAX_UNPACKED_BYTES,
        max_members=settings.EXTRACT_MAX_MEMBERS,
        max_columns=settings.EXTRACT_MAX_COLUMNS,
        max_rows=settings.EXTRACT_MAX_ROWS,
        max_header_chars=settings.EXTRACT_MAX_HEADER_CHARS,
        max_field_chars=settings.EXTRACT_MAX_FIELD_CHARS,
        max_line_bytes=settings.EXTRACT_MAX_LINE_BYTES,
    )
