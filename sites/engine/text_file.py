"""A file on disk -> its text; grain: one file. What is no text is refused in a sentence that says what to do instead.

Shared by every register that people bring in (sites, prescribers, prices, policies, logs). Claims have a reader of their own.
"""

import zlib
from pathlib import Path

MOST_BYTES = 200_000_000  # a register is small; a gzip bomb is not


class RefusedTable(Exception):
    """Nothing of the file is used. The message is one sentence that names the file and says what to do."""


def read_text(path: Path, name: str | None = None, fallback_encoding: str | None = None) -> str:
    """The file's text, unpacked where it is gzip. `name` is what people call it (default: its file name).

    UTF-8, with or without a byte order mark, else `fallback_encoding`. RefusedTable for anything that is no such text.
    """
    name = name or Path(path).name
    try:
        data = Path(path).read_bytes()
    except IsADirectoryError:
        raise RefusedTable(f"{name} is a folder; give a file.") from None
    except OSError as error:
        raise RefusedTable(f"{name} cannot be read ({(error.strerror or 'unknown reason').lower()}); check the path.") from None
    return as_text(data, name, fallback_encoding)


def as_text(data: bytes, name: str, fallback_encoding: str | None = None) -> str:
    """The same for a file's bytes that came another way than from a path."""
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, name)
    if not data.strip():
        raise RefusedTable(f"{name} is empty; save it again with its rows.")
    if data.startswith(b"PK\x03\x04"):
        raise RefusedTable(f"{name} is a workbook or ZIP, not text; open it and save it as CSV UTF-8.")
    if data.startswith(b"%PDF"):
        raise RefusedTable(f"{name} is a PDF; ask for the data as CSV.")
    if b"\0" in data:
        raise RefusedTable(f"{name} is not plain text; save it as CSV UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if fallback_encoding:
            return data.decode(fallback_encoding)
        raise RefusedTable(f"{name} is not in UTF-8; save it as CSV UTF-8.") from None


def _unpacked(data: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, MOST_BYTES)
    except zlib.error:
        raise RefusedTable(f"{name} is a damaged gzip file; copy or download it again.") from None
    if unpacker.unconsumed_tail:
        raise RefusedTable(f"{name} unpacks to more than {MOST_BYTES // 1_000_000} MB; this is not a register.")
    if not unpacker.eof:
        raise RefusedTable(f"{name} is a gzip file cut off in the middle; copy or download it again.")
    return text
