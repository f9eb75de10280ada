"""The database that holds a catalog: opened by file or URL, one writer at a time, its refusals in our words."""

from __future__ import annotations

import itertools
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)

from rushes.errors import CatalogError, require_extra

_WAIT_FOR_SQLITE_SECONDS = 30
_WAIT_FOR_POSTGRESQL_SECONDS = 120  # an import of millions of labels is one change, and others wait for its end
_CONNECT_SECONDS = 10
_ROWS_PER_BATCH = 5000
_SQLITE_CACHE_KIB = 1 << 16  # at most: of a large change it would otherwise write pages out and read them back
_KEEPALIVES = {"idle": 30, "interval": 10, "count": 3}  # by which one side of a connection misses the other
_VANISHED_SECONDS = _KEEPALIVES["idle"] + _KEEPALIVES["interval"] * _KEEPALIVES["count"]
_IDLE_MINUTES = 60  # in the middle of a change: a machine that sleeps, and is none that works
_TURN = 0x72757368  # "rush": the first of the two numbers of our advisory lock


def open_database(place: Path | str, *, outlasts_power: bool = False) -> Engine:
    """Return the way to the database in an SQLite file or at an SQLAlchemy URL.

    Args:
        outlasts_power: as `open_catalog` takes it; a server decides that for itself.

    Raises:
        CatalogError: the URL is none, or of a kind of database that keeps no catalog.
        MissingExtraError: it is PostgreSQL's, and its driver is not installed.
    """
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
    url = url_of(place)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _WAIT_FOR_SQLITE_SECONDS})
        event.listen(engine, "connect", partial(_set_up_sqlite, synchronous="FULL" if outlasts_power else "NORMAL"))
        return engine
    require_extra("postgres", "psycopg", purpose="a catalog in PostgreSQL")
    settings = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "rushes",
        "client_encoding": "UTF8",
    } | {f"keepalives_{name}": number for name, number in _KEEPALIVES.items()}  # so that a vanished server is missed
    settings = {key: value for key, value in settings.items() if key not in url.query}
    engine = create_engine(url, connect_args=settings, pool_pre_ping=True)
    event.listen(engine, "connect", partial(_set_up_postgresql, place=shown(url)))
    return engine


def url_of(place: Path | str) -> URL:
    """Return the URL of a place.

    Raises:
        CatalogError: it is none, or of a kind of database that keeps no catalog.
    """
    if isinstance(place, Path):
        # A path is no URL: a question mark or a percent sign in a folder's name means itself.
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        # What cannot be read may hold a password anywhere, so that it is not repeated.
        raise CatalogError(
            "the address of the catalog cannot be read (catalog in rushes.toml, or what the command names): check its "
            "port. Write it as postgresql+psycopg://USER@HOST/NAME, or as "
            "sqlite:////FOLDER/catalog.db"
        ) from None
    if url.drivername in ("postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise CatalogError(
            f"the catalog {shown(url)} is of a kind that keeps none. Allowed: postgresql+psycopg://USER@HOST/NAME, "
            "sqlite:////FOLDER/catalog.db"
        )
    return url


def shown(place: URL | Path | str) -> str:
    """Return a place as it may be printed: a file's path, or the URL of a database without its password."""
    if isinstance(place, Path):
        return str(place)
    url = url_of(place) if isinstance(place, str) else place
    if url.drivername.startswith("sqlite"):
        return str(url.database)
    secret = [key for key in url.query if "password" in key]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


def is_postgresql(bind: Engine | Connection) -> bool:
    """Return whether a database is PostgreSQL; it is SQLite otherwise."""
    return bind.dialect.name == "postgresql"


def take_turn(connection: Connection) -> None:
    """Wait until no other rushes writes into the catalog, and let none before the transaction just begun has ended.

    So labels get their numbers in the order in which they are committed, and no two writers wait for each other.
    """
    if is_postgresql(connection):
        # Numbered by schema, since one database may hold several catalogs.
        mine = text("SELECT pg_advisory_xact_lock(:turn, hashtext(coalesce(current_schema(), '')))")
        connection.execute(mine, {"turn": _TURN})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its driver would begin only before the first row


def begin_snapshot(connection: Connection) -> Connection:
    """Return a connection that has just been made, and that now reads what is there at this moment, and only reads.

    Others go on writing; nothing of it is seen before the connection is let go.
    """
    if is_postgresql(connection):
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.exec_driver_sql("BEGIN")  # of a file in WAL: what was committed before the first row is read
    return connection


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows, each in the order of `columns`, as they come: no more than a batch of them is held."""
    named = ", ".join(columns)
    if is_postgresql(connection):
        _copy_in(connection, f"COPY {table.name} ({named}) FROM STDIN", rows)
        return
    statement = f"INSERT INTO {table.name} ({named}) VALUES ({', '.join('?' * len(columns))})"
    for batch in batched(rows):
        connection.exec_driver_sql(statement, batch)


def batched(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Give rows as they come, in lists that are no longer than one statement takes."""
    arriving = iter(rows)
    while batch := list(itertools.islice(arriving, _ROWS_PER_BATCH)):
        yield batch


def _copy_in(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for batch in batched(rows):
                lines = _as_copied(batch)
                if lines is not None:
                    copy.write(lines)
                    continue
                for row in batch:
                    copy.write_row(row)
    except psycopg.Error as error:
        is_gone = bool(driver.closed)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=is_gone, dialect=connection.dialect
        ) from error


def _as_copied(rows: Sequence[tuple[Any, ...]]) -> str | None:
    """Return rows as lines of COPY; None where one holds null, or a character that has a meaning there."""
    try:
        lines = "\n".join(map("\t".join, rows)) + "\n"
    except TypeError:
        if any(None in row for row in rows):
            return None
        lines = "\n".join("\t".join(map(str, row)) for row in rows) + "\n"
    is_plain = lines.count("\n") == len(rows) and lines.count("\t") == len(rows) * (len(rows[0]) - 1)
    return lines if is_plain and not any(mark in lines for mark in "\\\r\0") else None


@contextmanager
def our_errors(engine: Engine) -> Iterator[None]:
    """Turn a database's refusal into what a person can do about it."""
    try:
        yield
    except DBAPIError as error:
        words = _words_of_postgresql(error, engine) if is_postgresql(engine) else _words_of_sqlite(error, engine)
        if words is None:
            raise
        raise CatalogError(f"the catalog {shown(engine.url)} {words}") from error


def _words_of_sqlite(error: DBAPIError, engine: Engine) -> str | None:
    """Return what an error of SQLite means, to be read behind the catalog's name; None where it is our bug."""
    said = str(error.orig)
    if isinstance(error, OperationalError):
        if "locked" in said:
            return "is held by another rushes; wait for it to end, then run this again"
        remedy = {
            "unable to open database file": "Its folder is missing or cannot be written to: check who may write there",
            "attempt to write a readonly database": "It cannot be written to: check who may write there",
            "disk I/O error": "The disk is full or failing: make room, then run this again",
            "database or disk is full": "Make room, then run this again",
        }.get(said, "Check the place, then run this again")
        return f"cannot be used ({said}). {remedy}"
    if isinstance(error, DatabaseError) and ("not a database" in said or "malformed" in said):
        return (
            f"is damaged ({said}). Put a copy in its place, or move it away and run 'rushes ingest' and "
            "'rushes labels import' again"
        )
    return None


def _words_of_postgresql(error: DBAPIError, engine: Engine) -> str | None:
    """Return what an error of PostgreSQL means, to be read behind the catalog's name; None where it is our bug."""
    state = getattr(error.orig, "sqlstate", None) or ""
    said = _one_line(str(error.orig))
    if isinstance(error, DataError) and "NUL" in said:
        return (
            "cannot keep a text that holds the character NUL (\\x00), which PostgreSQL has no room for. Take it out of "
            "the sheet or the name that holds it. Nothing was changed"
        )
    if state == "55P03":
        return (
            "is held by another rushes; wait for it to end, then run this again. One whose machine vanished is let go "
            f"of after {_VANISHED_SECONDS} seconds"
        )
    if state == "42501":
        return (
            f"does not let this user do that ({said}). Let the owner of the database grant it, as docs/scale.md shows"
        )
    if state == "3F000":
        return f"names a schema that is not there ({said.partition(' LINE')[0]}). Make it first: CREATE SCHEMA NAME"
    if state == "25006":
        return f"can only be read ({said}). Name the server that takes changes, not its copy"
    if state in ("53100", "53200"):
        return f"has no room left ({said}). Make room on the server, then run this again"
    if state == "57014":
        return (
            f"gave up a statement that took too long ({said}). Nothing of the change that was under way was kept. Let "
            "this user's statements take their time: ALTER ROLE USER SET statement_timeout = 0"
        )
    if state in ("40001", "40P01"):
        return f"was changed by another program at the same time ({said}). Nothing was kept: run this again"
    if error.connection_invalidated or state[:2] == "08" or state in ("25P03", "57P01", "57P02", "57P03"):
        return (
            f"went away ({said}). Nothing of the change that was under way was kept. When the server answers, run this "
            "again"
        )
    if isinstance(error, ProgrammingError) and not state:  # the driver's own, before anything is sent
        return f"cannot be used ({said}). {_OPTIONS}"
    if isinstance(error, OperationalError | InterfaceError):
        return f"cannot be used ({said}). {_remedy(said, engine.url)}"
    return None


def _remedy(said: str, url: URL) -> str:
    """Return what to do where a server could not be connected to, by the words of it that are known."""
    name = url.database or url.username or "NAME"
    if "no password supplied" in said or "password authentication failed" in said:
        return "Give the password of this user in PGPASSWORD or in ~/.pgpass, not in rushes.toml"
    if re.search(r'database ".*" does not exist', said):
        forgotten = "" if url.database else f". The address names none, so that {name} is taken: write …/NAME"
        return f"Make the database first: createdb --encoding UTF8 --template template0 {name}{forgotten}"
    if "resolve host" in said or "translate host name" in said:
        return "Check the name of the host, in the address or in PGHOST, and the network"
    if re.search(r'role ".*" does not exist', said):
        return "Make the user first, or name another in the address: createuser USER"
    if "connection option" in said or "sslmode" in said or re.search("definition of service|service file", said):
        return _OPTIONS
    if "no pg_hba.conf entry" in said:
        return "Its pg_hba.conf lets nobody in from here: add a line there, or connect from where it allows"
    if "too many" in said or "remaining connection slots" in said:
        return "Wait until others have ended, or raise max_connections on the server"
    return "Check that the server runs and that host and port are right, then run this again"


_OPTIONS = "Check what stands behind the question mark of the address: options of PostgreSQL's own, such as sslmode"


def _one_line(said: str) -> str:
    """Return the first lines of a message as one; the driver puts no password into it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " ".join(lines[:3]).rstrip(".")


def _set_up_sqlite(connection: Any, _record: object, *, synchronous: str) -> None:
    cursor = connection.cursor()
    give_up = time.monotonic() + _WAIT_FOR_SQLITE_SECONDS
    while True:
        try:
            # SQLite does not wait for other processes here, as it does everywhere else.
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
    cursor.close()


def _set_up_postgresql(connection: Any, _record: object, *, place: str) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise CatalogError(
            f"the catalog {place} is in a database of encoding {encoding}; names and labels need UTF8. Make another: "
            "createdb --encoding UTF8 --template template0 NAME"
        )
    connection.execute(f"SET lock_timeout = '{_WAIT_FOR_POSTGRESQL_SECONDS}s'")
    # A machine that vanished in the middle of a change holds up all others until the server misses it: two hours, as
    # operating systems have it.
    for name, number in _KEEPALIVES.items():
        connection.execute(f"SET tcp_keepalives_{name} = {number}")
    connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_MINUTES}min'")
    connection.commit()
