"""A person id and the server's key -> a pseudonym: 'p' and the first 20 hex digits of sha256(key sha256(key id)).

The two keyed hashes are nested, as in HMAC, so that nothing can be appended to a known id. The Python function and the SQL
expression give the same text: files are pseudonymised by DuckDB, uploads of orders and re-identification by Python.
"""

from __future__ import annotations

import hashlib

LENGTH = 21


def pseudonym(person_id: str, key: bytes) -> str:
    """The pseudonym of a person id; blanks around the id do not count. `key` is the server's secret, never stored with data."""
    secret = key.hex()
    inner = hashlib.sha256((secret + person_id.strip(" \t\r\n")).encode()).hexdigest()
    return "p" + hashlib.sha256((secret + inner).encode()).hexdigest()[: LENGTH - 1]


def pseudonym_sql(column: str, key_variable: str = "pseudonym_key") -> str:
    """The same as a DuckDB expression; the hex key stands in a session variable, so it appears in no SQL text."""
    secret = f"getvariable('{key_variable}')"
    trimmed = f"trim({column}, ' \t\r\n')"
    return f"'p' || substr(sha256({secret} || sha256({secret} || {trimmed})), 1, {LENGTH - 1})"
