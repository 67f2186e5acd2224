"""Why a file is refused as a whole: one sentence that names the file and says what to do. Nothing of the file is loaded."""

from __future__ import annotations


class RefusedFile(Exception):
    """`sentence` is for the user who sent the file (it names the file); logs take `rule` only."""

    def __init__(self, sentence: str, rule: str) -> None:
        super().__init__(rule)
        self.sentence = sentence
        self.rule = rule


class UnknownLayout(RefusedFile):
    """The file is a table, but its columns, encoding or sheet are not known: a mapping can say what they are.

    `file` is its place among the files of the load.
    """

    file: int | None = None


def shown_name(name: str) -> str:
    """A file name as it may be shown: the last part of the path, printable, at most 80 characters, never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(character for character in last if character.isprintable()).strip()
    if len(plain) > 80:
        plain = plain[:50] + "…" + plain[-25:]
    return plain or "the file"


def not_utf8(shown: str, line: int, byte: int) -> RefusedFile:
    """line counts from 1, byte from 0."""
    return UnknownLayout(
        f"{shown} is not in the encoding UTF-8 (line {line:,}, byte {byte:,}), and guessing would garble names. "
        "Save it as 'CSV UTF-8' and send that, or say its encoding in a mapping.",
        "ENCODING",
    )
