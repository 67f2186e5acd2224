"""A file as it was sent -> a plain delimited or Parquet file under a generated name in the work folder. One file in, one out.

The first bytes decide what a file is, its name must agree. Archives are unpacked while counting, so a bomb stops early.
Nothing is written outside the work folder, whatever names an archive carries.
"""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from demand.engine.encodings import to_utf8
from demand.engine.refusal import RefusedFile, UnknownLayout

BLOCK = 1 << 20
TEXT_ENDINGS = ("csv", "txt", "tsv", "tab", "psv", "dat")
REMEDY = "Save it as CSV (UTF-8), CSV.gz, a ZIP of one CSV, Parquet or a workbook (XLSX), and send that."


@dataclass(frozen=True)
class Limits:
    """What intake accepts. Sizes in bytes, lengths in characters (a line's and the unpacking ratio's in bytes)."""

    max_columns: int = 500
    max_header_chars: int = 64_000
    max_field_chars: int = 10_000
    max_line_bytes: int = 6_000_000
    max_broken_rows: int = 500_000  # rows that cannot be read as CSV; beyond that the export is broken, not its rows
    max_unpacked_bytes: int = 40_000_000_000
    max_members: int = 100  # entries of a ZIP, of which one CSV is read
    max_rows: int = 500_000_000  # a few bytes of Parquet may stand for any number of equal rows
    max_ratio: int = 400  # unpacked to packed; claims pack 10 to 40 times
    ratio_from_bytes: int = 16 << 20  # the ratio counts from here on
    max_workbook_bytes: int = 400 << 20  # of a workbook, unpacked: its reader holds a sheet in memory


@dataclass(frozen=True)
class Unpacked:
    path: Path
    form: str  # "text", "parquet" or "workbook"
    packed_as: str | None  # "gzip", "zip" or None


# The first bytes of what is not a claims file, and what to call it.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3", "a database file"),
    (b"ARROW1", "an Arrow file"),
    (b"ORC", "an ORC file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
)


def unpack(path: Path, shown: str, work: Path, number: int, limits: Limits, encoding: str = "") -> Unpacked:
    """The file's plain content under `work`; RefusedFile where it is not one of ours. `path` is never handed on by its own name.

    `encoding`: what somebody said the text is written in; it comes out in UTF-8.
    """
    if path.stat().st_size == 0:
        raise RefusedFile(f"{shown} is empty (0 bytes), so nothing was loaded. Export it again and send the new file.", "EMPTY")
    with path.open("rb") as stream:
        start = stream.read(4096)
    found = _recognise(path, start, shown, encoding)
    _agrees(found, shown)
    target = work / f"{number}.{_ENDINGS.get(found, 'csv')}"
    if found == "gzip":
        _gunzip(path, shown, target, limits, encoding)
    elif found == "zip":
        _unzip(path, shown, target, limits, encoding)
    else:
        _link(path, target)
    form = found if found in _ENDINGS else "text"
    if encoding and form == "text":
        target = to_utf8(target, target.with_suffix(".utf8.csv"), encoding, shown, limits.max_unpacked_bytes)
    return Unpacked(target, form, found if found in ("gzip", "zip") else None)


_ENDINGS = {"parquet": "parquet", "workbook": "xlsx"}


def _recognise(path: Path, start: bytes, shown: str, encoding: str = "") -> str:
    """'text', 'parquet', 'workbook', 'gzip' or 'zip'; anything else is refused by its own name."""
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PARE"):
        raise RefusedFile(f"{shown} is an encrypted Parquet file. Send it without a password.", "PASSWORD_PROTECTED")
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_or_office(path, shown)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _old_office(path, shown)
    if encoding:
        return "text"
    binary = any(byte < 9 for byte in start)
    for magic, name in _FOREIGN:
        if start.startswith(magic) and (binary or not magic.isalnum()):  # a header may well begin with MZ or ORC
            raise RefusedFile(f"{shown} is {name}, not a claims file. {REMEDY}", "TYPE_MISMATCH")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        raise RefusedFile(f"{shown} holds JSON, not a table in CSV format. {REMEDY}", "TYPE_MISMATCH")
    if text[:1] == b"<":
        raise RefusedFile(f"{shown} is a web page or XML document, not a table in CSV format. {REMEDY}", "TYPE_MISMATCH")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_utf16(start):
        raise UnknownLayout(
            f"{shown} is in the encoding UTF-16 or UTF-32, and only UTF-8 is read unasked. In Excel choose 'CSV UTF-8' when saving, "
            "and send that, or say its encoding in a mapping.",
            "ENCODING",
        )
    if b"\0" in start:
        raise RefusedFile(
            f"{shown} is binary (a NUL byte stands at byte {start.index(0)}), not a text file in CSV format. {REMEDY}", "NUL_BYTE"
        )
    return "text"


def _looks_utf16(start: bytes) -> bool:
    pairs = len(start) // 2
    return pairs > 8 and max(start[0::2].count(0), start[1::2].count(0)) > 0.8 * pairs


def _zip_or_office(path: Path, shown: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _damaged(shown, "ZIP archive") from None
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return "workbook"
    if "[Content_Types].xml" in names or any(name.startswith(("xl/", "word/", "ppt/")) for name in names):
        raise RefusedFile(
            f"{shown} is an Office document, whatever its name says, and no workbook of the type XLSX. "
            "In Excel choose 'Save as', type 'Excel workbook (.xlsx)' or 'CSV UTF-8', and send that file.",
            "TYPE_MISMATCH",
        )
    return "zip"


def _old_office(path: Path, shown: str) -> str:
    with path.open("rb") as stream:
        head = stream.read(1 << 20)
    if "EncryptedPackage".encode("utf-16-le") in head or "EncryptionInfo".encode("utf-16-le") in head:
        raise RefusedFile(
            f"{shown} is a password-protected Office file. Open it, remove the password, save it as type 'CSV UTF-8', "
            "and send that.",
            "PASSWORD_PROTECTED",
        )
    raise RefusedFile(
        f"{shown} is an Office file of the old format (.xls). Open it, save it as type 'CSV UTF-8', and send that.", "TYPE_MISMATCH"
    )


def _agrees(found: str, shown: str) -> None:
    """A name that says something else than the content is refused: somebody is mistaken about the file."""
    parts = shown.lower().rsplit(".", 1)
    ending = parts[1] if len(parts) == 2 else ""
    wanted = {
        "gz": "gzip",
        "gzip": "gzip",
        "zip": "zip",
        "parquet": "parquet",
        "pq": "parquet",
        "xlsx": "workbook",
        "xlsm": "workbook",
    }
    if ending in wanted and wanted[ending] != found:
        name = {"gzip": "gzip-compressed data", "zip": "a ZIP archive", "parquet": "Parquet", "workbook": "an Excel workbook"}[
            wanted[ending]
        ]
        raise RefusedFile(
            f"{shown} is named like {name}, but its content is not of that type. Give it the right name or export it again.",
            "TYPE_MISMATCH",
        )
    if ending in TEXT_ENDINGS and found != "text":
        name = {
            "gzip": ("gzip-compressed", ".csv.gz"),
            "zip": ("a ZIP archive", ".zip"),
            "parquet": ("a Parquet file", ".parquet"),
            "workbook": ("an Excel workbook", ".xlsx"),
        }[found]
        raise RefusedFile(
            f"{shown} is named like a text file, but its type is {name[0]}. Name it {name[1]} if that is what you meant to send.",
            "TYPE_MISMATCH",
        )
    if ending in ("xls", "xlsb", "ods"):
        raise RefusedFile(f"{shown} is named like an Excel workbook, but its content is not one. {REMEDY}", "TYPE_MISMATCH")
    if (
        ending
        and ending not in wanted
        and ending not in TEXT_ENDINGS
        and len(ending) <= 5
        and ending.isalnum()
        and not ending.isdigit()
    ):
        raise RefusedFile(
            f"{shown} has the ending .{ending}, which is not a type of claims file we read. {REMEDY}", "TYPE_MISMATCH"
        )


def _damaged(shown: str, what: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} is a damaged or cut-off {what}, so nothing of it was loaded. Compress the file again and send it once more.",
        "ARCHIVE_DAMAGED",
    )


def _too_large(shown: str, done: int, packed: int, limits: Limits) -> RefusedFile:
    if done > limits.max_unpacked_bytes:
        found = f"unpacks to {_size(done)} or more, and at most {_size(limits.max_unpacked_bytes)} are unpacked"
    else:
        found = f"unpacks to more than {done // max(packed, 1):,} times its size, and claims files at most to {limits.max_ratio:,} times"
    return RefusedFile(
        f"{shown} {found}, so its unpacking was stopped. Send the file uncompressed, or in parts of smaller size.",
        "ARCHIVE_TOO_LARGE",
    )


def _size(bytes_: int) -> str:
    unit = next(unit for unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"), (1, "bytes")) if bytes_ >= unit[0] or unit[0] == 1)
    return f"{bytes_ / unit[0]:,.1f} {unit[1]}" if unit[0] > 1 else f"{bytes_:,} bytes"


def _pour(source: IO[bytes], target: Path, packed: int, shown: str, limits: Limits) -> None:
    """Block after block, counting: memory stays flat and the disk holds no more than the limit."""
    done = 0
    with target.open("wb") as sink:
        while block := source.read(BLOCK):
            done += len(block)
            if done > limits.max_unpacked_bytes or (done > limits.ratio_from_bytes and done > limits.max_ratio * max(packed, 1)):
                raise _too_large(shown, done, packed, limits)
            sink.write(block)


def _gunzip(path: Path, shown: str, target: Path, limits: Limits, encoding: str) -> None:
    try:
        with gzip.open(path, "rb") as source:
            _pour(source, target, path.stat().st_size, shown, limits)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _damaged(shown, "gzip archive") from None
    _must_be_text(target, shown, "gzip", encoding)


def _unzip(path: Path, shown: str, target: Path, limits: Limits, encoding: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_member(archive, shown, limits)
            if member.file_size > limits.max_unpacked_bytes:
                raise _too_large(shown, member.file_size, member.compress_size, limits)
            with archive.open(member) as source:
                _pour(source, target, member.compress_size, shown, limits)
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise _damaged(shown, "ZIP archive") from None
    _must_be_text(target, shown, "ZIP", encoding)


def _only_member(archive: zipfile.ZipFile, shown: str, limits: Limits) -> zipfile.ZipInfo:
    """The one file of the archive; what a Mac adds beside it does not count."""
    if len(archive.infolist()) > limits.max_members:
        raise RefusedFile(
            f"{shown} is a ZIP archive of {len(archive.infolist()):,} entries; at most {limits.max_members:,} are looked at, and exactly "
            "one CSV is read. Zip one file alone.",
            "ARCHIVE_CONTENT",
        )
    members = [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/") and info.filename != ".DS_Store"
    ]
    if len(members) != 1:
        raise RefusedFile(
            f"{shown} is a ZIP archive of {len(members)} files, and exactly one CSV is read. Zip one file alone.", "ARCHIVE_CONTENT"
        )
    member = members[0]
    # zipfile cuts a name at a NUL and changes the separators: the name as it was written is what counts.
    written = member.orig_filename
    parts = written.replace("\\", "/").split("/")
    if ".." in parts or written.startswith(("/", "\\")) or "\\" in written or ":" in written or not written.isprintable():
        raise RefusedFile(
            f"{shown} is a ZIP archive whose file carries an unsafe name. Zip the CSV again under a plain name.", "ARCHIVE_CONTENT"
        )
    if member.flag_bits & 0x1:
        raise RefusedFile(
            f"{shown} is a password-protected ZIP archive. Zip the CSV without a password and send that.", "PASSWORD_PROTECTED"
        )
    ending = written.lower().rsplit(".", 1)[-1]
    if ending not in TEXT_ENDINGS:
        raise RefusedFile(f"{shown} is a ZIP archive that holds no CSV file. Zip the CSV itself and send that.", "ARCHIVE_CONTENT")
    return member


def _must_be_text(path: Path, shown: str, archive: str, encoding: str) -> None:
    if path.stat().st_size == 0:
        raise RefusedFile(f"{shown} is a {archive} archive of an empty file. Export the claims again.", "EMPTY")
    with path.open("rb") as stream:
        start = stream.read(4096)
    inner = _recognise(path, start, f"The file inside {shown}", encoding) if not start.startswith(b"PK") else "zip"
    if inner != "text":
        raise RefusedFile(
            f"{shown} is a {archive} archive inside which lies no CSV file (another archive?). Pack the CSV itself.",
            "ARCHIVE_CONTENT",
        )


def _link(path: Path, target: Path) -> None:
    """The same content under a generated name: a name such as *.csv or https://… never reaches DuckDB."""
    source = path.resolve()
    for attempt in (os.link, os.symlink, shutil.copyfile):
        try:
            attempt(source, target)
            return
        except OSError:
            target.unlink(missing_ok=True)
    raise OSError(f"could not place an uploaded file in {target.parent}")
