"""The databases that the server's administrator named (CLAIMS_DATABASES). Their addresses are read here and go nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from django.conf import settings
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from demand.engine.warehouse_trouble import ADDRESS, NO_CONNECTION, Trouble, told

CONNECT_SECONDS = 8
LOOK_SECONDS = 30  # a page waits no longer for a catalogue


def names() -> tuple[str, ...]:
    return tuple(sorted(settings.CLAIMS_DATABASES))


@contextmanager
def opened(name: str, seconds: int | None = LOOK_SECONDS) -> Iterator[Connection]:
    """An open connection that reads one state of the database. Trouble where something fails.

    `seconds` is the longest that a query may take (PostgreSQL); None leaves it to the database's own limit.
    """
    address = settings.CLAIMS_DATABASES.get(name)
    if address is None:
        raise Trouble(
            NO_CONNECTION,
            f"No connection named “{name}” is set on this server. Ask its administrator to set it (CLAIMS_DATABASES), "
            "or choose another connection on the feed's form.",
        )
    with told():
        engine = _engine(address)
        try:
            with engine.connect() as connection:
                if seconds and engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds) * 1000}")
                yield connection
        finally:
            engine.dispose()


def _engine(address: str) -> sa.Engine:
    # No pool: a refresh needs one connection, and nobody else's should stay open. Parameters stay out of errors.
    options: dict = {"poolclass": NullPool, "hide_parameters": True}
    try:
        url = sa.make_url(str(address))
    except ValueError:  # a port that is no number
        raise Trouble(ADDRESS) from None
    if url.get_backend_name() == "postgresql":
        # One state of all tables, and nothing can be changed by mistake.
        options["execution_options"] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        if url.get_driver_name() == "psycopg2":
            options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
    return sa.create_engine(url, **options)


def answers(name: str) -> Trouble | None:
    """None where the database answers, else what is wrong."""
    try:
        with opened(name) as connection:
            connection.execute(sa.select(sa.literal(1)))
    except Trouble as trouble:
        return trouble
    return None
