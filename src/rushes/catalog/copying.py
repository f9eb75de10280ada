"""A catalog moved into another database, and the proof that both hold the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, inspect, select, text

from rushes.catalog import schema
from rushes.catalog.catalog import Catalog
from rushes.catalog.database import insert_rows, is_postgresql, open_database, our_errors, shown, url_of
from rushes.catalog.migrations import require_newest
from rushes.errors import CatalogError
from rushes.progress import Progress, silent

_ROWS_AT_A_TIME = 5000
_ROWS_PER_REPORT = 20_000


@dataclass(frozen=True, slots=True)
class TableContent:
    """What a table holds.

    Attributes:
        digest: SHA-256 over all rows in the order of their keys, in hex; the same in every kind of database.
    """

    rows: int
    digest: str


def read_contents(catalog: Catalog, *, progress: Progress = silent) -> dict[str, TableContent]:
    """Return table -> what it holds, every row read; all of one moment, while others go on writing."""
    with catalog.of_one_moment() as connection:
        total = sum(_count(connection, table) for table in _tables())
        seen = _Seen(progress, total)
        return {table.name: _content_of(seen.each(_rows_of(connection, table), table.name)) for table in _tables()}


def count_rows(place: Path | str) -> dict[str, int]:
    """Return table -> number of rows of the catalog at a place, and {} where there is none; makes and changes nothing.

    Raises:
        CatalogError: the database does not answer or is none.
    """
    url = url_of(place)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return {}
    engine = open_database(place)
    try:
        with our_errors(engine), engine.connect() as connection:
            known = inspect(connection).get_table_names()
            return {table.name: _count(connection, table) for table in _tables() if table.name in known}
    finally:
        engine.dispose()


def open_as_it_is(place: Path | str) -> Catalog:
    """Open a catalog that is read and never changed, not even brought up to date.

    Raises:
        CatalogError: it cannot be opened, or was made by another version of rushes.
    """
    engine = open_database(place)
    try:
        with our_errors(engine):
            require_newest(engine)
    except BaseException:
        engine.dispose()
        raise
    return Catalog(engine)


def check_copy(source: Path | str, target: Path | str) -> dict[str, int]:
    """Return table -> number of rows that would be copied.

    Raises:
        CatalogError: there is no catalog at the source or nothing in it, or one of another version, or something at
            the target.
    """
    wanted, taken = count_rows(source), count_rows(target)
    if not any(wanted.values()):
        raise CatalogError(f"there is nothing to copy: the catalog {shown(source)} is not there or is empty")
    held = {name: count for name, count in taken.items() if count}
    if held:
        listed = ", ".join(f"{name} {count:,}" for name, count in held.items())
        raise CatalogError(
            f"the catalog {shown(target)} is not empty ({listed}). Name an empty database, or a file that is not there"
        )
    open_as_it_is(source).close()
    return wanted


def copy_catalog(source: Catalog, target: Catalog, *, progress: Progress = silent) -> dict[str, TableContent]:
    """Copy every row into an empty catalog, all or nothing, and return what both hold now.

    It is of one moment: what others write into the source meanwhile is not in it. Until it ends nobody else can write
    into the target. Each table is read back from there and compared, row for row by its digest, before the copy is
    committed.

    Raises:
        CatalogError: the target is not empty, or does not give back what was put in.
    """
    with target.at_once(), source.of_one_moment() as old, target.writing() as new:
        if any(_count(new, table) for table in _tables()):
            raise CatalogError("the catalog that was to be written was filled meanwhile. Nothing was copied")
        seen = _Seen(progress, 2 * sum(_count(old, table) for table in _tables()))
        return {table.name: _copy_table(table, old, new, seen) for table in _tables()}


def _copy_table(table: Table, old: Connection, new: Connection, seen: _Seen) -> TableContent:
    read = _Digest()
    columns = [column.name for column in table.columns]
    arriving = seen.each(read.each(_rows_of(old, table)), table.name)
    if is_postgresql(new):
        arriving = _without_nul(arriving, table)
    insert_rows(new, table, columns, arriving)
    if is_postgresql(new) and "number" in table.columns:
        # The next row that is appended comes after those that were copied with their numbers.
        new.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'number'), coalesce(max(number), 1), "
                f"max(number) IS NOT NULL) FROM {table.name}"
            )
        )
    written = _content_of(seen.each(_rows_of(new, table), f"{table.name}, read back"))
    if written != read.content:
        raise CatalogError(
            f"the copy is not the same as what was copied: table {table.name} has {written.rows:,} rows for "
            f"{read.content.rows:,}, digest {written.digest[:12]} for {read.content.digest[:12]}. Nothing was copied"
        )
    return written


def _without_nul(rows: Iterator[tuple[Any, ...]], table: Table) -> Iterator[tuple[Any, ...]]:
    """Give rows, and refuse the first that PostgreSQL has no room for."""
    columns = [column.name for column in table.columns]
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            if isinstance(value, str) and "\0" in value:
                raise CatalogError(
                    f"table {table.name}, the row that begins with {row[0]!r}, {name}: {value!r} holds the character "
                    "NUL, which PostgreSQL has no room for. Take it out of what it came from. Nothing was copied"
                )
        yield row


def _tables() -> list[Table]:
    """Return the tables, those that others refer to first."""
    return schema.METADATA.sorted_tables


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _rows_of(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Give the rows in the order of their keys, a few at a time."""
    wanted = select(table).order_by(*table.primary_key.columns)
    found = connection.execute(wanted, execution_options={"yield_per": _ROWS_AT_A_TIME})
    for rows in found.partitions():
        yield from map(tuple, rows)


def _content_of(rows: Iterator[tuple[Any, ...]]) -> TableContent:
    digest = _Digest()
    for _ in digest.each(rows):
        pass
    return digest.content


class _Digest:
    """The content of rows that pass through."""

    def __init__(self) -> None:
        self._rows, self._sum = 0, hashlib.sha256()

    def each(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            self._rows += 1
            self._sum.update(repr(row).encode("utf-8", "backslashreplace"))
            yield row

    @property
    def content(self) -> TableContent:
        return TableContent(self._rows, self._sum.hexdigest())


class _Seen:
    """Rows that pass through, told to who waits."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def each(self, rows: Iterator[tuple[Any, ...]], note: str) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            self._done += 1
            if self._done % _ROWS_PER_REPORT == 0 or self._done == self._total:
                self._progress(self._done, self._total, note)
            yield row


def differences(one: Mapping[str, TableContent], other: Mapping[str, TableContent]) -> list[str]:
    """Return the tables that do not hold the same."""
    return [name for name, content in one.items() if other.get(name) != content]
