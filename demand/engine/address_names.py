"""A name of a payer or drug -> its part of an address; grain: one name. Names that differ only in letter case share one.

"Alder Health" is alder-health. A name that this would not tell apart from another (accents, slashes, hyphens) carries eight digits
of its hash besides, so that every name has an address of its own.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable


def address_name(name: str) -> str:
    known = " ".join(name.split()).casefold()
    plain = unicodedata.normalize("NFKD", known).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    if words and words.replace("-", " ") == known:
        return words
    digits = hashlib.sha256(known.encode()).hexdigest()[:8]
    return f"{words}-{digits}" if words else digits


def named(address: str, names: Iterable[str]) -> list[str]:
    """The names of this address: one, or its spellings in other letter case."""
    return sorted({name for name in names if name and address_name(name) == address})
