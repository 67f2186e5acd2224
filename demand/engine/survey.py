"""The bytes of a delimited text file -> what they are made of, counted without any CSV reader. Grain: one survey per file.

records = line ends outside quotes, a last line without one included. It is the independent count that a load is reconciled
with: a CSV reader that loses or invents rows is found out.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK = 1 << 22
SAMPLES = 400
LF, CR, QUOTE, SPACE, TAB = 10, 13, 34, 32, 9


@dataclass(frozen=True)
class Survey:
    size: int
    lines: int  # physical lines, the header's included
    records: int  # line ends outside quotes, the header's included; blank lines too
    blank_lines: int
    longest_line: int  # bytes
    longest_line_number: int
    quotes: int
    unclosed: bool  # a quote is still open where the file ends
    quoted_newlines: bool
    newline: str | None  # "\n" or "\r\n"; None where they are mixed, or where a lone carriage return stands
    edge_blanks: bool  # a blank stands beside a delimiter, a quote or a line end somewhere
    control: bool  # control characters other than tab and line ends
    nul_at: int | None
    invalid_utf8_at: int | None
    samples: tuple[tuple[int, bytes], ...]  # (line number, line) here and there: that a reader kept the order can be checked


class _Utf8:
    """Checks chunk after chunk; ASCII chunks cost next to nothing."""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.invalid_at: int | None = None

    def feed(self, chunk: bytes, offset: int, final: bool = False) -> None:
        pending = len(self.decoder.getstate()[0])
        if self.invalid_at is not None or (not pending and chunk.isascii()):
            return
        try:
            self.decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            self.invalid_at = offset - pending + error.start


def survey(path: Path, delimiter: str, progress: Callable[[float], None] = lambda share: None) -> Survey:
    """One pass over the file in chunks; memory does not grow with the file. Offsets count bytes from 0, lines from 1."""
    size = path.stat().st_size
    edges = np.zeros(256, dtype=bool)
    edges[[ord(delimiter), LF, CR, QUOTE]] = True
    blanks = [SPACE] if delimiter == "\t" else [SPACE, TAB]
    utf8 = _Utf8()
    offset = lines = records = blank = quotes = carriages = pairs = 0
    open_quote = quoted_newlines = edge_blanks = control = False
    nul_at = None
    longest = longest_number = 0
    samples: list[tuple[int, bytes]] = []
    line_start = 0  # offset of the line that is being read
    previous = LF  # the byte before this chunk; a file begins as if after a line end
    before_previous = LF
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(CHUNK):
            data = np.frombuffer(chunk, dtype=np.uint8)
            utf8.feed(chunk, offset)
            ends = np.flatnonzero(data == LF)
            if len(ends):
                lengths = np.diff(ends, prepend=line_start - offset - 1) - 1
                widest = int(lengths.argmax())
                if lengths[widest] > longest:
                    longest, longest_number = int(lengths[widest]), lines + widest + 1
                led = np.concatenate((np.array([before_previous, previous], dtype=np.uint8), data))
                before, second = led[ends + 1], led[ends]
                blank += int(np.count_nonzero((before == LF) | ((before == CR) & (second == LF))))
                pairs += int(np.count_nonzero(before == CR))
                line_start = offset + int(ends[-1]) + 1
                if len(ends) > 1 and len(samples) < SAMPLES:
                    middle = len(ends) // 2
                    samples.append((lines + middle + 1, chunk[int(ends[middle - 1]) + 1 : int(ends[middle])]))
            low = data < SPACE
            odd = np.count_nonzero(low) - len(ends)
            if odd:
                returns = int(np.count_nonzero(data == CR))
                carriages += returns
                tabs = int(np.count_nonzero(data == TAB))
                if odd > returns + tabs:
                    control = True
                    if nul_at is None and 0 in chunk:
                        nul_at = offset + chunk.index(0)
            control = control or b"\x7f" in chunk
            if b'"' in chunk:
                marks = np.flatnonzero(data == QUOTE)
                quotes += len(marks)
                inside = (np.searchsorted(marks, ends) + open_quote) % 2 == 1
                swallowed = int(np.count_nonzero(inside))
                open_quote = bool((open_quote + len(marks)) % 2)
            else:
                swallowed = len(ends) if open_quote else 0
            quoted_newlines = quoted_newlines or swallowed > 0
            records += len(ends) - swallowed
            if not edge_blanks:
                edge_blanks = _touches(data, blanks, edges, previous)
            lines += len(ends)
            offset += len(chunk)
            before_previous = int(data[-2]) if len(data) > 1 else previous
            previous = int(data[-1])
            progress(offset / size if size else 1.0)
        utf8.feed(b"", offset, final=True)
    if previous != LF:  # the last line has no line end
        lines += 1
        records += 1
        if offset - line_start > longest:
            longest, longest_number = offset - line_start, lines
        edge_blanks = edge_blanks or previous in blanks
    newline = "\n" if not carriages else ("\r\n" if carriages == pairs == lines - (previous != LF) else None)
    return Survey(
        size=size, lines=lines, records=records, blank_lines=blank, longest_line=longest, longest_line_number=longest_number,
        quotes=quotes, unclosed=open_quote, quoted_newlines=quoted_newlines, newline=newline, edge_blanks=edge_blanks,
        control=control, nul_at=nul_at, invalid_utf8_at=utf8.invalid_at, samples=tuple(samples),
    )  # fmt: skip


def _touches(data: np.ndarray, blanks: list[int], edges: np.ndarray, previous: int) -> bool:
    """Whether a blank stands next to a delimiter, a quote or a line end. A blank that ends the chunk is seen with the next one."""
    if previous in blanks and edges[data[0]]:
        return True
    for blank in blanks:
        places = np.flatnonzero(data == blank)
        if not len(places):
            continue
        if edges[previous if places[0] == 0 else data[places[0] - 1]] or edges[data[places[1:] - 1]].any():
            return True
        if edges[data[places[:-1] + 1]].any() or (places[-1] + 1 < len(data) and edges[data[places[-1] + 1]]):
            return True
    return False
