"""Catalog: a project's sources, frames, labels and subjects in a database."""

from __future__ import annotations

import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from rushes.bulk import garbage_left, made_of_columns
from rushes.catalog import schema
from rushes.catalog.database import (
    batched,
    begin_snapshot,
    insert_rows,
    is_postgresql,
    open_database,
    our_errors,
    take_turn,
)
from rushes.catalog.migrations import migrate
from rushes.footage.source import REFERENCED, Frame, Source, episode_of, episodes_in
from rushes.labels.label import Label
from rushes.labels.subjects import Subjects, unite_subjects
from rushes.labels.trust import current_statements
from rushes.storage.places import Place

_ROWS_PER_STATEMENT = 500
_ROWS_PER_PIECE = 256  # so few that they are still near the processor when they are turned into values
_MUCH_OF_A_TABLE = 8  # one in so many of its rows
# Written out: of a value that is bound later, a database cannot tell that the index of those sources is enough.
_IS_REFERENCED = schema.sources.c.codec == literal_column(f"'{REFERENCED}'", Text)


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame with the picture that stands for it in the project.

    Attributes:
        image: picture file, relative to the project folder, with forward slashes; or the address of a picture that
            is referred to where it is.
        sha256: digest of the picture file; "" where nobody has read it yet.
        signature: 64 bits that are close for pictures that look alike; None where nobody has decoded it yet.
        size: what the picture was brought to, `640` (long side) or `640x360`; "" where it is as it was found.
    """

    frame: Frame
    image: str
    sha256: str
    signature: int | None
    size: str = "640"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What is remembered of a file: its digest, for as long as its size and time stay the same."""

    size_bytes: int
    modified_ns: int
    digest: str


class Catalog:
    """What a project remembers. Labels are only ever appended.

    One Catalog may be used by several threads; several processes may open the same one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._of_thread = threading.local()  # the connection of the change that a thread has begun

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Sources and frames.

    def digest_of(self, path: Place, *, size_bytes: int, modified_ns: int) -> str | None:
        """Return the digest remembered for a file, or None when the file has changed since or is new."""
        table = schema.files
        wanted = select(table.c.digest).where(
            table.c.path == str(path), table.c.size_bytes == size_bytes, table.c.modified_ns == modified_ns
        )
        with self._reading() as connection:
            found = connection.execute(wanted).scalar_one_or_none()
        return None if found is None else str(found)

    def known_files(self, paths: Sequence[str] | None = None) -> dict[str, KnownFile]:
        """Return path -> what is remembered of the file there, of every file that was ever looked at.

        Args:
            paths: of these alone.
        """
        table, wanted = schema.files, select(schema.files)
        starts = range(0, len(paths or ()), _ROWS_PER_STATEMENT)
        some = [wanted.where(table.c.path.in_((paths or ())[start : start + _ROWS_PER_STATEMENT])) for start in starts]
        with self._reading() as connection:
            found = [connection.execute(one).all() for one in (some if paths is not None else [wanted])]
        return {row.path: KnownFile(row.size_bytes, row.modified_ns, row.digest) for rows in found for row in rows}

    def paths_of(self, digest: str) -> list[str]:
        """Return every path at which a file of this digest was seen, in order."""
        table = schema.files
        with self._reading() as connection:
            wanted = select(table.c.path).where(table.c.digest == digest).order_by(table.c.path)
            return [str(path) for path in connection.execute(wanted).scalars()]

    def other_paths(self) -> dict[str, list[str]]:
        """Return digest -> the paths, beside its own, at which a photograph or raw was seen; those that have some."""
        files, sources = schema.files, schema.sources
        wanted = (
            select(files.c.digest, files.c.path)
            .join(sources, sources.c.digest == files.c.digest)
            .where(sources.c.kind != "video", files.c.path != sources.c.path)
            .order_by(files.c.path)
        )
        found: dict[str, list[str]] = {}
        with self._reading() as connection:
            for row in connection.execute(wanted):
                found.setdefault(str(row.digest), []).append(str(row.path))
        return found

    def remember_files(self, files: Mapping[str, KnownFile]) -> None:
        """Remember the digests of files, path -> what they are, for as long as size and time stay the same."""
        names = ("size_bytes", "modified_ns", "digest")
        statement = self._insert(schema.files).values({name: bindparam(name) for name in ("path", *names)})
        changes = {name: statement.excluded[name] for name in names}
        rows = [{"path": path} | {name: getattr(file, name) for name in names} for path, file in files.items()]
        with self._writing() as connection:
            for batch in _batches(rows):
                put = statement.on_conflict_do_update(index_elements=["path"], set_=changes)
                connection.execute(put, batch)

    def add_source(self, source: Source, *, now: str) -> Source:
        """Add a source, or bring what may change of a known one up to date; return it as it stands.

        A name belongs to one source: where another one has it, a piece of the digest is added; the group of a source
        that is its own group, and so is called like it, follows. Referenced frames of the same episode (`episode_of`)
        are in the same group: a source that has none of its own comes to them, and to any other they come along.
        """
        with self.at_once():  # so that no other takes a name or a group meanwhile
            return self._add_source(source, now=now)

    def _add_source(self, source: Source, *, now: str) -> Source:
        table = schema.sources
        episode = episode_of(source)
        referenced = select(table.c.digest, table.c.group_name).where(
            _IS_REFERENCED, table.c.folded_name == episode, table.c.digest != source.digest
        )
        with self._reading() as connection:
            kin = connection.execute(referenced.order_by(table.c.digest)).all()
        has_own_group = source.group.casefold() not in (source.name.casefold(), episode)
        is_its_own_group = source.group == source.name
        for name in (source.name, f"{source.name}-{source.digest[:8]}", source.digest):
            if kin and name.casefold() == episode:
                continue
            group = source.group if has_own_group else kin[0].group_name if kin else (
                name if is_its_own_group else source.group)  # fmt: skip
            values = _source_to_row(replace(source, name=name, group=group)) | {"added_at": now}
            changes = {column: values[column] for column in ("path", "group_name", "start_timecode", "frame_count")}
            statement = self._insert(table).values(values)
            try:
                with self._writing() as connection:
                    connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=changes))
                    if kin and has_own_group:
                        along = update(table).where(table.c.digest.in_([row.digest for row in kin]))
                        connection.execute(along.values(group_name=group))
            except IntegrityError:
                continue
            stored = self.source(source.digest)
            if stored is not None:
                return stored
        raise AssertionError("a digest is a name that no other source has")

    def sources(self) -> list[Source]:
        """Return every source, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(schema.sources).order_by(schema.sources.c.name)).all()
        return [_source_from_row(row) for row in rows]

    def source(self, digest: str) -> Source | None:
        """Return the source with a digest, or None."""
        with self._reading() as connection:
            row = connection.execute(select(schema.sources).where(schema.sources.c.digest == digest)).one_or_none()
        return None if row is None else _source_from_row(row)

    def sources_of(self, digests: Sequence[str]) -> dict[str, Source]:
        """Return digest -> the source with it, of those digests that have one."""
        found: list[Source] = []
        with self._reading() as connection:
            for start in range(0, len(digests), _ROWS_PER_STATEMENT):
                some = schema.sources.c.digest.in_(digests[start : start + _ROWS_PER_STATEMENT])
                found += map(_source_from_row, connection.execute(select(schema.sources).where(some)))
        return {source.digest: source for source in found}

    def set_groups(self, groups: Iterable[tuple[str, str]]) -> int:
        """Set the group of sources, given as (digest, group); return how many changed."""
        changed = 0
        table = schema.sources
        with self._writing() as connection:
            for digest, group in groups:
                found = update(table).where(table.c.digest == digest, table.c.group_name != group)
                changed += connection.execute(found.values(group_name=group)).rowcount
        return changed

    def add_frames(self, stored: Sequence[StoredFrame], *, now: str) -> None:
        """Add frames; of one that is there, state the picture that stands for it now.

        What is known of a picture stays known where nobody states otherwise: the signature of the frame, and the digest
        while it is the same picture. A frame whose picture was only referred to gives way to one of the same name whose
        picture is here: its statements and subjects are that one's from now on, and no list of frames holds it.
        """
        with self.at_once(), self._writing() as connection:
            self._put_frames(stored, connection, now=now)
            self._take_over([item.frame for item in stored], connection, now=now)

    def _put_frames(self, stored: Sequence[StoredFrame], connection: Connection, *, now: str) -> None:
        table = schema.frames
        rows = (_frame_to_row(item, now) for item in stored)
        statement = self._insert(table)
        is_one_go = (
            is_postgresql(connection)
            and len(stored) > _ROWS_PER_STATEMENT
            and len({item.frame.id for item in stored}) == len(stored)  # one statement states a row once
        )
        if is_one_go:
            arriving = Table("arriving_frames", MetaData(), *(Column(name, Text) for name in _FRAME_COLUMNS))
            connection.execute(text("CREATE TEMPORARY TABLE arriving_frames (LIKE frames) ON COMMIT DROP"))
            insert_rows(connection, arriving, _FRAME_COLUMNS, rows)
            statement = statement.from_select(_FRAME_COLUMNS, select(*arriving.columns))
        else:
            statement = statement.values({name: bindparam(name) for name in _FRAME_COLUMNS})
        stated = statement.excluded
        nothing = literal_column("''", Text)
        is_known = (stated.sha256 == nothing) & (stated.image == table.c.image)
        changes = {
            "image": stated.image,
            "size": stated.size,
            "sha256": case((is_known, table.c.sha256), else_=stated.sha256),
            "signature": case((stated.signature == nothing, table.c.signature), else_=stated.signature),
        }
        put = statement.on_conflict_do_update(index_elements=["id"], set_=changes)
        if is_one_go:
            connection.execute(put)
            connection.execute(text("DROP TABLE arriving_frames"))
            return
        if is_postgresql(connection):
            for batch in _batches([dict(zip(_FRAME_COLUMNS, row, strict=True)) for row in rows]):
                connection.execute(put, batch)
            return
        compiled = put.compile(dialect=connection.dialect)
        if compiled.positiontup != list(_FRAME_COLUMNS):
            raise RuntimeError(f"the values of a frame are asked for in the order {compiled.positiontup}")
        for values in batched(rows):
            connection.exec_driver_sql(str(compiled), values)

    def _take_over(self, frames: Sequence[Frame], connection: Connection, *, now: str) -> None:
        """Let frames stand for the referenced ones of the same names."""
        sources, table = schema.sources, schema.frames
        any_name = select(func.min(sources.c.folded_name)).where(_IS_REFERENCED)
        if connection.execute(any_name).scalar_one() is None:
            return  # as in most projects, where a million names need not be looked through
        referenced = select(sources.c.digest, sources.c.name, sources.c.folded_name).where(_IS_REFERENCED)
        of_these = _found_among({frame.source for frame in frames}, sources.c.digest, referenced, connection)
        digests = {row.digest for row in of_these}
        episodes = [(frame, episodes_in(frame.name)) for frame in frames if frame.source not in digests]
        called: dict[str, list[str]] = {}
        wanted_names = {episode for _, several in episodes for episode in several}
        for row in _found_among(wanted_names, sources.c.folded_name, referenced, connection):
            called.setdefault(row.folded_name, []).append(row.name)
        successor: dict[str, Frame] = {}
        for frame, several in episodes if called else ():
            for episode in several:
                for name in called.get(episode, ()):
                    tail = frame.name[len(name) :].upper()
                    successor |= dict.fromkeys((f"{name}{tail}", frame.name, frame.name.upper()), frame)
        shown = select(table.c.id, table.c.name).join(sources).where(_IS_REFERENCED, table.c.taken_over_by.is_(None))
        tasks = self._tasks(connection) if successor else []
        for old in _found_among(successor, table.c.name, shown, connection):
            self._hand_over(old.id, successor[old.name], connection, tasks=tasks, now=now)

    def _tasks(self, connection: Connection) -> list[str]:
        """Return the tasks that have statements, in order; found one after the other, by few rows of an index."""
        task = schema.labels.c.task
        tasks: list[str] = []
        found = connection.execute(select(func.min(task))).scalar_one()
        while found is not None:
            tasks.append(str(found))
            found = connection.execute(select(func.min(task)).where(task > found)).scalar_one()
        return tasks

    def _hand_over(self, old: str, new: Frame, connection: Connection, *, tasks: Sequence[str], now: str) -> None:
        """State anew what is said of a frame of another one, and take it back of the first.

        Args:
            tasks: all that have statements; the index of statements about a frame begins with them.
        """
        table, words = schema.labels, schema.subjects
        of_old = select(*_READ_OF_LABELS).where(table.c.frame == old).order_by(table.c.number)
        standing = [
            label
            for task in tasks
            for of_frame in current_statements(
                _labels_from(connection.execute(of_old.where(table.c.task == task)))
            ).values()
            for label in of_frame
            if label.class_name is not None
        ]
        self.append_labels([replace(label, frame=new.id) for label in standing])
        place = f"of {new.name} from now on, whose picture was taken in"
        self.append_labels([replace(label, class_name=None, stated_at=now, place=place) for label in standing])
        for row in connection.execute(select(words).where(words.c.frame == old)).all():
            moved = self._insert(words).values(frame=new.id, sheet=row.sheet, words=row.words)
            connection.execute(moved.on_conflict_do_nothing(index_elements=["frame", "sheet"]))
        connection.execute(delete(words).where(words.c.frame == old))
        connection.execute(update(schema.marks).where(schema.marks.c.frame == old).values(frame=new.id))
        connection.execute(update(schema.frames).where(schema.frames.c.id == old).values(taken_over_by=new.id))

    def frames(self, *, source: str | None = None) -> list[StoredFrame]:
        """Return frames in the order of source name and time; of one source where its digest is given."""
        table = schema.frames
        wanted = select(*_READ_OF_FRAMES).join(schema.sources).where(table.c.taken_over_by.is_(None))
        wanted = wanted.order_by(schema.sources.c.name, table.c.ordinal)
        if source is not None:
            wanted = wanted.where(table.c.source == source)
        with self._reading() as connection:
            return _frames_from(connection.execute(wanted))

    def frames_of(self, sources: Sequence[str]) -> list[StoredFrame]:
        """Return the frames of the sources with these digests, in the order of the digests and of time."""
        table = schema.frames
        found: list[StoredFrame] = []
        with self._reading() as connection:
            for start in range(0, len(sources), _ROWS_PER_STATEMENT):
                wanted = select(*_READ_OF_FRAMES).where(
                    table.c.source.in_(sources[start : start + _ROWS_PER_STATEMENT]), table.c.taken_over_by.is_(None)
                )
                found += _frames_from(connection.execute(wanted.order_by(table.c.ordinal)))
        place = {digest: number for number, digest in enumerate(sources)}
        return sorted(found, key=lambda item: place[item.frame.source])

    def frame_counts(self, sources: Sequence[str]) -> dict[str, int]:
        """Return digest -> how many frames there are of each of these sources; those without any are left out."""
        table = schema.frames
        found: dict[str, int] = {}
        with self._reading() as connection:
            for start in range(0, len(sources), _ROWS_PER_STATEMENT):
                wanted = select(table.c.source, func.count()).where(
                    table.c.source.in_(sources[start : start + _ROWS_PER_STATEMENT]), table.c.taken_over_by.is_(None)
                )
                for digest, count in connection.execute(wanted.group_by(table.c.source)):
                    found[digest] = count
        return found

    # Labels.

    def append_labels(self, labels: Sequence[Label]) -> None:
        """Append statements, all of them or, on an error, none."""
        columns = ("frame", "task", "class_name", "origin", "stated_at", "place", "sheet")
        with self._writing() as connection:
            insert_rows(connection, schema.labels, columns, map(attrgetter(*columns), labels))

    def labels(self, *, task: str | None = None) -> list[Label]:
        """Return every statement, the earliest first; of one task where it is named."""
        table = schema.labels
        wanted = select(*_READ_OF_LABELS).order_by(table.c.number)
        with self._reading() as connection:
            if task is not None:
                wanted = wanted.where(self._is_of(task, connection))
            return _labels_from(connection.execute(wanted))

    def _is_of(self, task: str, connection: Connection) -> ColumnElement[bool]:
        """Return the condition that a label is of a task.

        SQLite would look up every label of it by an index, and then sort them: of a task that has much of the table,
        to read that in its order is quicker.
        """
        table = schema.labels
        plainly: ColumnElement[bool] = table.c.task == task
        if is_postgresql(connection):
            return plainly
        counts = select(
            select(func.count()).where(plainly).scalar_subquery(), select(func.max(table.c.number)).scalar_subquery()
        )
        of_task, last = connection.execute(counts).one()
        is_much = of_task * _MUCH_OF_A_TABLE > (last or 0)
        return literal_column("+labels.task", Text) == task if is_much else plainly

    def last_label(self, *, task: str) -> int:
        """Return the number of the last statement of a task; later ones have higher numbers. 0 where there is none."""
        table = schema.labels
        with self._reading() as connection:
            found = connection.execute(select(func.max(table.c.number)).where(table.c.task == task)).scalar_one()
        return int(found or 0)

    def labels_of(self, frame: str, *, task: str) -> list[Label]:
        """Return every statement about one frame, the earliest first."""
        table = schema.labels
        wanted = select(*_READ_OF_LABELS).where(table.c.frame == frame, table.c.task == task).order_by(table.c.number)
        with self._reading() as connection:
            return _labels_from(connection.execute(wanted))

    def labels_of_sheet(self, sheet: str, *, task: str) -> list[Label]:
        """Return every statement that one sheet made, the earliest first."""
        table = schema.labels
        wanted = select(*_READ_OF_LABELS).where(table.c.task == task, table.c.sheet == sheet).order_by(table.c.number)
        with self._reading() as connection:
            return _labels_from(connection.execute(wanted))

    def sheets(self, *, task: str) -> list[str]:
        """Return the keys of the sheets that ever stated anything for a task, in order."""
        table = schema.labels
        wanted = select(table.c.sheet).where(table.c.task == task).distinct().order_by(table.c.sheet)
        with self._reading() as connection:
            return [str(sheet) for sheet in connection.execute(wanted).scalars()]

    # Subjects.

    def set_subjects(self, sheet: str, words_of: Mapping[str, Subjects]) -> None:
        """Put down what a sheet says is in pictures, in place of what it said of them before; all of it or nothing.

        Args:
            sheet: key of the sheet.
            words_of: frame id -> words; () takes away what the sheet said. Frames that are not in it stay as they are.
        """
        table = schema.subjects
        rows = [
            {"frame": frame, "sheet": sheet, "words": "\n".join(words)} for frame, words in words_of.items() if words
        ]
        gone = [{"of_frame": frame, "of_sheet": sheet} for frame, words in words_of.items() if not words]
        with self._writing() as connection:
            statement = self._insert(table)
            put = statement.on_conflict_do_update(
                index_elements=["frame", "sheet"], set_={"words": statement.excluded.words}
            )
            for batch in _batches(rows):
                connection.execute(put, batch)
            wanted = delete(table).where(table.c.frame == bindparam("of_frame"), table.c.sheet == bindparam("of_sheet"))
            for batch in _batches(gone):
                connection.execute(wanted, batch)

    def subjects(self) -> dict[str, Subjects]:
        """Return frame id -> what is in its picture: the words of all sheets, those of the first sheet by key first."""
        found: dict[str, list[Subjects]] = {}
        for words_of in self.subjects_by_sheet().values():
            for frame, words in words_of.items():
                found.setdefault(frame, []).append(words)
        return {frame: several[0] if len(several) == 1 else unite_subjects(several) for frame, several in found.items()}

    def subjects_by_sheet(self) -> dict[str, dict[str, Subjects]]:
        """Return key of a sheet -> frame id -> the words that the sheet states, sheets in the order of their keys."""
        table = schema.subjects
        found: dict[str, dict[str, Subjects]] = {}
        with self._reading() as connection:
            for row in connection.execute(select(table).order_by(table.c.sheet, table.c.frame)):
                found.setdefault(row.sheet, {})[row.frame] = tuple(row.words.split("\n"))
        return found

    def subjects_of_sheet(self, sheet: str) -> dict[str, Subjects]:
        """Return frame id -> the words that one sheet states."""
        table = schema.subjects
        wanted = select(table).where(table.c.sheet == sheet).order_by(table.c.frame)
        with self._reading() as connection:
            return {row.frame: tuple(row.words.split("\n")) for row in connection.execute(wanted)}

    # Connections.

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Make all that this thread writes inside one change: the whole of it, or on an error nothing.

        Inside another, it is a part of that one.
        """
        if getattr(self._of_thread, "connection", None) is not None:
            yield
            return
        with our_errors(self._engine), self._engine.begin() as connection:
            take_turn(connection)
            self._of_thread.connection = connection
            try:
                yield
            finally:
                self._of_thread.connection = None

    @contextmanager
    def of_one_moment(self) -> Iterator[Connection]:
        """Give a connection to read from that sees the catalog as it is now, whatever others write meanwhile."""
        with our_errors(self._engine), self._engine.connect() as connection:
            yield begin_snapshot(connection)

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection to read from; for the other modules of this room."""
        return self._reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection that writes all or nothing; for the other modules of this room."""
        return self._writing()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        begun: Connection | None = getattr(self._of_thread, "connection", None)
        if begun is not None:
            yield begun
            return
        with our_errors(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        begun: Connection | None = getattr(self._of_thread, "connection", None)
        if begun is not None:
            with begun.begin_nested():  # so that a refused row does not end the whole change
                yield begun
            return
        with our_errors(self._engine), self._engine.begin() as connection:
            if is_postgresql(connection):
                take_turn(connection)
            yield connection

    def _insert(self, table: Any) -> Any:
        """Return an insert that can say what to do on a conflict, in the database's dialect."""
        return postgresql.insert(table) if is_postgresql(self._engine) else sqlite.insert(table)


def open_catalog(place: Path | str, *, outlasts_power: bool = False) -> Catalog:
    """Open the catalog in an SQLite file or at an SQLAlchemy URL, making it or bringing it up to date.

    Args:
        outlasts_power: a change is on the disk before it returns, so that it stays also where the power fails; an
            SQLite file may otherwise lose its last changes then. Killing a process loses nothing either way.

    Raises:
        CatalogError: it cannot be opened, is not a catalog, or was made by a newer rushes.
        MissingExtraError: it is in PostgreSQL, and the driver is not installed.
    """
    engine = open_database(place, outlasts_power=outlasts_power)
    try:
        with our_errors(engine):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Catalog(engine)


def signatures_of_frames(frames: Iterable[StoredFrame]) -> dict[str, int]:
    """Return frame id -> perceptual signature, of the frames that have one."""
    return {item.frame.id: item.signature for item in frames if item.signature is not None}


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        yield rows[start : start + _ROWS_PER_STATEMENT]


def _found_among(
    values: Collection[str], column: ColumnElement[Any], wanted: Select[Any], connection: Connection
) -> list[Row[Any]]:
    """Return the wanted rows whose column holds one of the values, however many these are."""
    every, found = list(values), list[Row[Any]]()
    for start in range(0, len(every), _ROWS_PER_STATEMENT):
        found += connection.execute(wanted.where(column.in_(every[start : start + _ROWS_PER_STATEMENT])))
    return found


def _source_to_row(source: Source) -> dict[str, Any]:
    return {
        "digest": source.digest,
        "path": source.path,
        "name": source.name,
        "group_name": source.group,
        "kind": source.kind,
        "width_pixels": source.width_pixels,
        "height_pixels": source.height_pixels,
        "codec": source.codec,
        "start_pts": source.start_pts,
        "rate": None if source.rate is None else str(source.rate),
        "frame_count": source.frame_count,
        "duration_seconds": None if source.duration_seconds is None else str(source.duration_seconds),
        "captured_at": source.captured_at,
        "start_timecode": source.start_timecode,
        "folded_name": source.name.casefold(),
    }


def _source_from_row(row: Row[Any]) -> Source:
    return Source(
        digest=row.digest,
        path=row.path,
        name=row.name,
        group=row.group_name,
        kind=row.kind,
        width_pixels=row.width_pixels,
        height_pixels=row.height_pixels,
        codec=row.codec,
        start_pts=row.start_pts,
        rate=None if row.rate is None else Fraction(row.rate),
        frame_count=row.frame_count,
        duration_seconds=None if row.duration_seconds is None else Fraction(row.duration_seconds),
        captured_at=row.captured_at,
        start_timecode=row.start_timecode,
    )


_fraction = lru_cache(maxsize=256)(Fraction)  # a film's frames have one time base, and it is written out in each


_FRAME_COLUMNS = (
    "id", "source", "pts", "time_base", "ordinal", "timecode", "name", "image", "sha256", "signature", "size",
    "added_at",
)  # fmt: skip
_READ_OF_FRAMES = tuple(schema.frames.c[name] for name in _FRAME_COLUMNS[1:-1])
_READ_OF_LABELS = tuple(
    schema.labels.c[name] for name in ("frame", "task", "class_name", "origin", "stated_at", "place", "sheet")
)


def _frame_to_row(item: StoredFrame, now: str) -> tuple[Any, ...]:
    """Return what stands for a frame in the order of `_FRAME_COLUMNS`."""
    frame = item.frame
    signature = "" if item.signature is None else f"{item.signature:016x}"
    return (frame.id, frame.source, frame.pts, str(frame.time_base), frame.ordinal, frame.timecode, frame.name,
            item.image, item.sha256, signature, item.size, now)  # fmt: skip


def _frames_from(found: CursorResult[Any]) -> list[StoredFrame]:
    """Return frames of rows of `_READ_OF_FRAMES`; what many of them have in common is held once."""
    stored: list[StoredFrame] = []
    with garbage_left():
        for source, pts, time_base, ordinal, timecode, name, image, sha256, signature, size in _columns_of(found):
            count, bases = len(source), list(map(_fraction, time_base))
            address: dict[str, Sequence[Any]] = {
                "source": list(map(sys.intern, source)), "pts": pts, "time_base": bases, "ordinal": ordinal,
                "timecode": timecode, "name": name,
            }  # fmt: skip
            if min(ordinal) < 0 or any(base.numerator <= 0 for base in set(bases)):
                frames = list(map(Frame, *address.values()))  # which says what is wrong
            else:
                frames = made_of_columns(Frame, count, address)
            picture: dict[str, Iterable[Any]] = {
                "frame": frames, "image": image, "sha256": sha256,
                "signature": [int(digits, 16) if digits else None for digits in signature],
                "size": map(sys.intern, size),
            }  # fmt: skip
            stored += made_of_columns(StoredFrame, count, picture)
    return stored


def _labels_from(found: CursorResult[Any]) -> list[Label]:
    """Return statements of rows of `_READ_OF_LABELS`; what a million of them have in common is held once."""
    labels: list[Label] = []
    known: dict[str | None, str | None] = {}
    places: dict[str, str] = {}
    with garbage_left():
        for frame, task, class_name, origin, stated_at, place, sheet in _columns_of(found):
            held: dict[str, Iterable[Any]] = {
                "frame": map(places.setdefault, frame, frame),
                "task": map(known.setdefault, task, task),
                "class_name": map(known.setdefault, class_name, class_name),
                "origin": map(known.setdefault, origin, origin),
                "stated_at": map(known.setdefault, stated_at, stated_at),
                "place": map(places.setdefault, place, place),
                "sheet": map(known.setdefault, sheet, sheet),
            }
            labels += made_of_columns(Label, len(frame), held)
            places.clear()  # the statements of a frame, and of a row, stand together
    return labels


def _columns_of(found: CursorResult[Any]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """Give what was found in pieces, each as columns: texts and numbers alone, which no driver need turn into ours."""
    cursor: Any = found.cursor
    while rows := cursor.fetchmany(_ROWS_PER_PIECE):
        yield tuple(zip(*rows, strict=True))
    found.close()
