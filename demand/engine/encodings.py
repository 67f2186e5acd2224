"""A text file in another encoding -> the same text in UTF-8. One file in, one out; a byte that does not fit refuses the file.

An encoding is never guessed into a load: `suggest` only says what the bytes look like, a person decides.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from demand.engine.refusal import UnknownLayout

# What a claims export is written in where it is not UTF-8, and what to call it.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252 (Western Europe, Excel's plain CSV)",
    "latin-1": "ISO 8859-1 (Latin 1)",
    "utf-16": "UTF-16 (Excel's Unicode text)",
    "utf-16-le": "UTF-16, little end first, without a mark",
    "utf-16-be": "UTF-16, big end first, without a mark",
    "cp437": "DOS, United States (code page 437)",
    "cp037": "EBCDIC, United States (code page 37)",
}
_SAMPLE = 1 << 18
_BLOCK = 1 << 20


def suggest(path: Path) -> str:
    """The encoding of ENCODINGS that the file's beginning looks like; empty where none does."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = max(1, len(start) // 2)
    if start[1::2].count(0) > 0.4 * pairs:
        return "utf-16-le"
    if start[0::2].count(0) > 0.4 * pairs:
        return "utf-16-be"
    if (beyond := _first_beyond_ascii(path)) is not None:
        with path.open("rb") as stream:
            stream.seek(max(0, beyond - 2000))
            start = stream.read(_SAMPLE)
    try:
        start.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.end >= len(start) - 3:  # only the cut at the sample's end
            return "utf-8"
    if sum(byte > 127 for byte in start) > len(start) / 2:  # letters and digits beyond ASCII: a mainframe wrote it
        return "cp037"
    best = from_bytes(start, cp_isolation=[name for name in ENCODINGS if not name.startswith(("utf", "cp037"))]).best()
    found = best.encoding.replace("_", "-") if best else ""
    return {"latin-1": "cp1252", "iso8859-1": "cp1252"}.get(found, found if found in ENCODINGS else "cp1252")


def _first_beyond_ascii(path: Path) -> int | None:
    done = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if not block.isascii():
                return done + next(place for place, byte in enumerate(block) if byte > 127)
            done += len(block)
    return None


def to_utf8(path: Path, target: Path, encoding: str, shown: str, max_bytes: int) -> Path:
    """Write the text of `path` to `target` in UTF-8, block by block. UnknownLayout where a byte is none of the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as sink:
            while block := source.read(_BLOCK):
                done += len(block)
                sink.write(decoder.decode(block))
                if done > max_bytes:
                    break
            sink.write(decoder.decode(b"", final=True))
    except UnicodeError:
        raise UnknownLayout(
            f"{shown} cannot be read in the encoding {ENCODINGS.get(encoding, encoding)}: about byte {done:,} stands something that this "
            "encoding does not have. Choose another encoding, or save the file as 'CSV UTF-8'.",
            "ENCODING",
        ) from None
    return target
