"""An error of SQLAlchemy or its driver -> one sentence that says what is wrong and what to do; grain: one error.

A driver's own words may hold the address, a password or a row: they are read here to tell the kind of the error, and go no further.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

NO_CONNECTION, NO_ANSWER, SIGN_IN, NO_DATABASE = "no_connection", "no_answer", "sign_in", "no_database"
DRIVER, ADDRESS = "driver", "address"
TABLE_GONE, COLUMN_GONE, PERMISSION, TIMEOUT, CUT, OTHER = "table_gone", "column_gone", "permission", "timeout", "cut", "other"
NOBODY, NO_ROOM = "nobody", "no_room"

SENTENCES = {
    NO_ANSWER: "The database does not answer (connection refused, unknown host or no route). Ask its administrator whether it runs and "
    "whether this server may reach it, then refresh again.",
    SIGN_IN: "The database refused the sign-in. Ask the administrator of this server to correct the user name and password of this "
    "connection, then refresh again.",
    NO_DATABASE: "The database server answers, but has no database of the name in the connection's address. Ask the administrator of "
    "this server to correct it.",
    DRIVER: "The driver of this kind of database is not installed on the server. Ask its administrator to install the SQLAlchemy "
    "dialect that the connection's address names (PostgreSQL: write postgresql+psycopg2://…).",
    ADDRESS: "The connection's address is not one that SQLAlchemy understands. Ask the administrator of this server to correct it.",
    TABLE_GONE: "A table of this feed is not there any more, or not under that name. Choose the table again on the feed's form.",
    COLUMN_GONE: "A column of this feed is not there any more, or not under that name. Choose the columns again on the feed's form.",
    PERMISSION: "The database denies reading a table of this feed (permission denied). Ask its administrator for the right to read "
    "the table, then refresh again.",
    TIMEOUT: "The database took too long and the query was ended. Refresh when it is less busy, ask for a longer limit, or fetch fewer months.",
    CUT: "The connection to the database broke in the middle; nothing was kept. Refresh again.",
    NO_ROOM: "The server's disk is full, so nothing of this refresh was kept. Tell your administrator, then refresh again.",
    OTHER: "The database could not answer the query. Ask its administrator to look into its log at this time, then refresh again.",
}
# PostgreSQL's own codes (SQLSTATE); other databases are told by their words.
STATES = {
    "28000": SIGN_IN, "28P01": SIGN_IN, "3D000": NO_DATABASE, "42P01": TABLE_GONE, "3F000": TABLE_GONE, "42703": COLUMN_GONE,
    "42501": PERMISSION, "57014": TIMEOUT, "55P03": TIMEOUT, "25P03": TIMEOUT, "57P01": CUT, "57P02": CUT, "57P03": NO_ANSWER,
    "08006": CUT, "08001": NO_ANSWER, "53300": NO_ANSWER,
}  # fmt: skip
WORDS = (
    (SIGN_IN, ("password authentication failed", "no password supplied", "access denied for user", "login failed", "authentication failed",
               "no pg_hba.conf entry", "incorrect username or password")),
    (NO_DATABASE, ("unknown database", "unable to open database file", "cannot open database")),
    (TABLE_GONE, ("no such table", "table or view does not exist", "invalid object name", "doesn't exist")),
    (COLUMN_GONE, ("no such column", "invalid column", "unknown column", "invalid identifier")),
    (PERMISSION, ("permission denied", "permission was denied", "insufficient privilege", "not authorized", "denied to user")),
    (NO_ANSWER, ("connection refused", "could not translate host", "name or service not known", "no route to host", "could not connect",
                 "can't connect", "network is unreachable", "connection timed out", "timeout expired", "name resolution")),
    (CUT, ("server closed the connection", "connection reset", "ssl syscall", "terminating connection", "lost connection",
           "connection already closed", "broken pipe")),
    (TIMEOUT, ("timeout", "timed out", "maximum statement execution time")),
)  # fmt: skip


class Trouble(Exception):
    """`sentence` is for people; `rule` names the kind of trouble. Neither holds an address, a password or a value of a row."""

    def __init__(self, rule: str, sentence: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.sentence = sentence or SENTENCES[rule]


@contextmanager
def told() -> Iterator[None]:
    """What the database and its driver raise inside leaves as Trouble, without the driver's words."""
    try:
        yield
    except (exc.SQLAlchemyError, ImportError) as error:
        raise Trouble(rule_of(error)) from None


def rule_of(error: Exception) -> str:
    """The kind of trouble an error is."""
    if isinstance(error, exc.NoSuchTableError):
        return TABLE_GONE
    if isinstance(error, exc.NoSuchModuleError | ImportError):
        return DRIVER
    if isinstance(error, exc.ArgumentError):
        return ADDRESS
    original = getattr(error, "orig", None)
    state = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    if state in STATES:
        return STATES[state]
    said = str(original or "").lower()
    if "fatal" in said and "does not exist" in said:  # PostgreSQL, before it has let anybody in
        return NO_DATABASE if "database" in said.partition("fatal")[2] else SIGN_IN
    for rule, words in WORDS:
        if any(word in said for word in words):
            return rule
    return OTHER
