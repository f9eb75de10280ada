"""A sheet's rows as labels, with everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain, compress, repeat
from operator import itemgetter
from typing import TypeVar

from rushes.bulk import garbage_left, made_of_columns
from rushes.errors import Fault, did_you_mean
from rushes.labels.columns import ClassColumn, Column, Columns, origin_from
from rushes.labels.frame_index import FrameIndex, FrameRef, Miss
from rushes.labels.label import Label
from rushes.labels.sheet import Sheet, is_blank
from rushes.labels.subjects import Subjects, parse_subjects, unite_subjects
from rushes.project import Task
from rushes.timecode import parse_duration

_T = TypeVar("_T")

_SUGGESTIONS = 10
# "1,000" is one to some and a thousand to others: neither pattern takes it.
_WHOLE = re.compile(r"([0-9]{1,15})(?:\.0)?")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,30}|,(?![0-9]{3}$)[0-9]{1,30})?")

_NOTHING = re.compile(r"0+(?:[:.,]0+)*\s*(?:ms|s|sec|m|min|h)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a sheet states.

    Attributes:
        sheet: key of the sheet.
        labels: one per frame and origin, in row order; none for what a fault is about.
        faults: what must be put right, in row order.
        unmatched: rows that address no catalogued frame; not wrong in themselves, since footage may be
            sampled sparsely or not be ingested yet.
        dated: frame and origin of those labels whose row says when they were stated, and not later than now.
        origins: the origins for which the sheet speaks, even where it states nothing; None if it names them
            row by row, and so speaks for all of its own.
        groups: first 16 hex digits of a source's digest -> the group that the sheet puts it in.
        subjects: frame id -> what is in its picture, of the frames of which the sheet says something.
        has_subjects: whether the sheet has a column for that, and so speaks for the subjects of its frames.
        without_frames: rows that state nothing but subjects, and whose frames cannot be found; they hide no label.
        row_count: rows that are not blank.
        silent_count: of these, rows without any answer.
    """

    sheet: str
    task: str
    labels: tuple[Label, ...]
    faults: tuple[Fault, ...] = ()
    unmatched: tuple[Fault, ...] = ()
    dated: frozenset[tuple[str, str]] = frozenset()
    origins: frozenset[str] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, Subjects] = field(default_factory=dict)
    has_subjects: bool = False
    without_frames: tuple[Fault, ...] = ()
    row_count: int = 0
    silent_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every row was understood and found its frames; only then is it known which rows are gone."""
        return not self.faults and not self.unmatched


@dataclass(frozen=True, slots=True)
class _Statement:
    class_name: str
    origin: str
    column: str
    row: int
    stated_at: str  # "" where the row does not say


class _BadCellError(Exception):
    """A cell that cannot be understood; becomes a Fault."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def parse_labels(
    sheet: Sheet,
    task: Task,
    columns: Columns,
    index: FrameIndex,
    *,
    default_origin: str,
    now: str,
    refused: Mapping[int, Fault] | None = None,
) -> Parsed:
    """Read every row of a sheet; a faulty one hides no other.

    A row may address many frames (a range, a whole source): each gets the label. Frames that the sheet gives two
    classes for one origin get neither.

    Args:
        default_origin: the origin of class columns for which the sheet names none.
        now: ISO 8601 UTC, the time of the statements whose row states none, or one to come.
        refused: number of a row -> why its frame is not to be labelled; whoever knows the kind of sheet found it.
    """
    reading = _Reading(sheet, task, columns, index, origin_from(default_origin), refused or {})
    with garbage_left():
        reading.take_all()
        labels = tuple(reading.labels(now))
    return Parsed(
        sheet=sheet.key,
        task=task.name,
        labels=labels,
        faults=tuple(reading.faults),
        unmatched=tuple(reading.unmatched),
        dated=frozenset(
            pair for pair, statement in reading.stated.items() if statement.stated_at and statement.stated_at <= now
        ),
        origins=_origins_of(columns, origin_from(default_origin)),
        groups=reading.groups,
        subjects=reading.subjects,
        has_subjects=columns.subjects is not None,
        without_frames=tuple(reading.without_frames),
        row_count=reading.row_count,
        silent_count=reading.silent_count,
    )


class _Reading:
    """The state of one pass over a sheet's rows."""

    def __init__(
        self,
        sheet: Sheet,
        task: Task,
        columns: Columns,
        index: FrameIndex,
        default_origin: str,
        refused: Mapping[int, Fault],
    ) -> None:
        self.sheet, self.task, self.columns, self.index, self.refused = sheet, task, columns, index, refused
        self.default_origin = default_origin
        self.stated: dict[tuple[str, str], _Statement] = {}
        self.contested: set[tuple[str, str]] = set()
        self.faults: list[Fault] = list(sheet.faults)
        self.unmatched: list[Fault] = []
        self.groups: dict[str, str] = {}
        self.subjects: dict[str, Subjects] = {}
        self.without_frames: list[Fault] = []
        self.row_count = self.silent_count = 0
        self._suggestions_left = _SUGGESTIONS
        self._class_of: dict[str, str | None] = {}
        self._group_rows: dict[str, int] = {}
        self._subjects_of: dict[str, Subjects] = {}
        self._waiting: list[int] = []  # a heap of the rows that are still to be read one by one
        self._plain: dict[str, int] = {}  # frame id -> the row of plain words that labels it
        self._answers: list[list[str | None]] = []  # of each column of classes, in every row

    def take_all(self) -> None:
        """Read every row: those of plain words at once, and one by one those that need more care.

        A row is of plain words where it names one frame, as no other such row does, and holds nothing but answers that
        are classes. Where a row that needs care labels the same frame, the plain one is read as such a row is.
        """
        self._plain = self._find_plain_rows()
        first, plain = self.sheet.first_row, set(self._plain.values())
        self._waiting = [
            number
            for number, row in enumerate(self.sheet.rows, start=first)
            if number not in plain and not is_blank(row)
        ]  # in order, and so a heap
        while self._waiting:
            number = heappop(self._waiting)
            self.take(number, self.sheet.rows[number - first])
        self.row_count += len(self._plain)

    def labels(self, now: str) -> list[Label]:
        """Return what was stated, in row order, after every row was read."""
        numbered = [
            (
                statement.row,
                Label(
                    frame, self.task.name, statement.class_name, statement.origin, min(statement.stated_at or now, now),
                    place=self._place(statement.row), sheet=self.sheet.key,
                ),
            )
            for (frame, _), statement in self.stated.items()
            if (frame, statement.origin) not in self.contested
        ]  # fmt: skip
        rows, labels = self._plain_labels(now)
        if not numbered:
            return labels
        numbered += zip(rows, labels, strict=True)
        return [label for _, label in sorted(numbered, key=itemgetter(0))]

    def _plain_labels(self, now: str) -> tuple[list[int], list[Label]]:
        """Return the labels of rows of plain words, and the row of each."""
        first, width, rows = self.sheet.first_row, len(self.columns.classes), list(self._plain.values())
        answers = [[column[row - first] for row in rows] for column in self._answers]
        said = list(chain.from_iterable(zip(*answers, strict=True)))

        def of_each(values: Sequence[_T]) -> list[_T]:
            """Return a value per row as one per answer."""
            return list(compress(chain.from_iterable(zip(*[values] * width, strict=True)), said))

        origins = compress(chain.from_iterable(repeat(self._origins(), len(rows))), said)
        rows_of_labels = of_each(rows)
        columns = {
            "frame": of_each(list(self._plain)),
            "task": repeat(self.task.name),
            "class_name": list(filter(None, said)),
            "origin": origins,
            "stated_at": repeat(now),
            "place": of_each([self._place(row) for row in rows]),
            "sheet": repeat(self.sheet.key),
        }
        return rows_of_labels, made_of_columns(Label, len(rows_of_labels), columns)

    def _place(self, number: int) -> str:
        return f"{self.sheet.name}, {self.sheet.place(number)}"

    def _origins(self) -> list[str]:
        """Return the origin of each column of classes, where no cell says another."""
        return [item.origin or self.default_origin for item in self.columns.classes]

    def _find_plain_rows(self) -> dict[str, int]:
        """Return frame id -> the row of plain words that labels it, in row order."""
        columns, sheet, origins = self.columns, self.sheet, self._origins()
        says_more = columns.source or columns.group or columns.stated_at
        is_of_cells = columns.origin is not None and not all(item.origin for item in columns.classes)
        if columns.frame is None or says_more or is_of_cells or len(set(origins)) != len(origins) or not origins:
            return {}
        for item in columns.classes:
            texts = list(map(itemgetter(item.column.index), sheet.rows))
            for text in set(texts):
                self._is_silent(text)
            self._answers.append(list(map(self._class_of.__getitem__, texts)))
        width, first, remark = len(sheet.columns), sheet.first_row, columns.subjects
        numbers = [
            number
            for number, (row, answers) in enumerate(
                zip(sheet.rows, zip(*self._answers, strict=True), strict=True), start=first
            )
            if None not in answers
            and any(answers)
            and len(row) == width
            and not (remark is not None and row[remark.index] and self._subjects(row))
            and number not in self.refused
        ]
        words = [sheet.rows[number - first][columns.frame.index].strip() for number in numbers]
        refs = self.index.of_plain_names(words)
        plain: dict[str, int] = {}
        again: set[str] = set()
        for number, ref in zip(numbers, refs, strict=True):
            if ref is None:
                continue
            if ref.id in plain:
                again.add(ref.id)
            else:
                plain[ref.id] = number
        for frame in again:
            del plain[frame]
        return plain

    def _also_read(self, ref: FrameRef, *, at: int) -> None:
        """Read the row of plain words that labels a frame as one that needs care: the row `at` labels it as well."""
        number = self._plain.pop(ref.id, None)
        if number is None:
            return
        if number < at:
            self.take(number, self.sheet.rows[number - self.sheet.first_row])
        else:
            heappush(self._waiting, number)

    def take(self, number: int, row: Sequence[str]) -> None:
        self.row_count += 1
        width = len(self.sheet.columns)
        if not is_blank(row[width:]):
            message = (
                f"the row has {len(row)} cells and the header {width}. Put quotation marks around a cell "
                "that holds the mark between cells"
            )
            self.faults.append(self._fault(number, None, message))
            return
        answers = [column for column in self.columns.classes if not self._is_silent(row[column.column.index])]
        if number in self.refused:
            self.faults.append(self.refused[number])
            self.silent_count += not answers
            for column in answers:
                self._statement(number, row, column)
            return
        group, subjects = _cell(row, self.columns.group), self._subjects(row)
        self.silent_count += not answers
        if not answers and not group:
            self._add_subjects(subjects, self._address_of_remark(number, row) if subjects else ())
            return
        try:
            stated_at = _time(row, self.columns.stated_at) if answers else ""
        except _BadCellError as error:
            self.faults.append(self._fault(number, error.column, str(error)))
            return
        found = [self._statement(number, row, column, stated_at) for column in answers]
        statements = [statement for statement in found if statement]
        frames = self._address(number, row)
        for statement in statements:
            self._state(number, statement, frames)
        if group:
            self._put_in_group(number, group, frames)
        self._add_subjects(subjects, frames)

    def _fault(self, number: int, column: str | None, message: str) -> Fault:
        return Fault(self.sheet.name, number, column, message, entry=self.sheet.entry(number))

    def _look_up(self, number: int, row: Sequence[str]) -> Sequence[FrameRef] | Miss:
        found = _look_up(row, self.columns, self.index)
        if isinstance(found, Miss):
            digest = self.sheet.digest(number)
            same = self.index.of_content(digest) if digest else None
            return (same,) if same is not None else found
        return found

    def _is_silent(self, text: str) -> bool:
        if text not in self._class_of:
            self._class_of[text] = "" if self.task.says_nothing(text) else self.task.class_of(text)
        return self._class_of[text] == ""

    def _statement(
        self, number: int, row: Sequence[str], column: ClassColumn, stated_at: str = ""
    ) -> _Statement | None:
        text = row[column.column.index]
        class_name = self._class_of[text]
        if class_name is None:
            known = [*self.task.classes, *self.task.aliases]
            message = f"'{text.strip()}' is not a class of {self.task.name}. {did_you_mean(text, known)}"
            if text.strip().isdecimal():
                message += f" {_how_to_name(text.strip(), self.task)}"
            self.faults.append(self._fault(number, column.column.name, message))
            return None
        stated_origin = origin_from(_cell(row, self.columns.origin))
        origin = column.origin or stated_origin or self.default_origin
        return _Statement(class_name, origin, column.column.name, number, stated_at)

    def _address(self, number: int, row: Sequence[str]) -> Sequence[FrameRef]:
        """Return the frames of a row; none where it is faulty or unmatched, which is noted."""
        try:
            found = self._look_up(number, row)
        except _BadCellError as error:
            self.faults.append(self._fault(number, error.column, str(error)))
            return ()
        if not isinstance(found, Miss):
            return found
        column = self.columns.frame or self.columns.source
        name = column.name if column is not None else None
        if found.ambiguous:
            self.faults.append(self._fault(number, name, found.message))
            return ()
        suggestion = ""
        if found.wanted and self._suggestions_left:
            self._suggestions_left -= 1
            suggestion = self.index.suggest(found.wanted)
        message = f"{found.message}. {suggestion}" if suggestion else found.message
        self.unmatched.append(self._fault(number, name, message))
        return ()

    def _address_of_remark(self, number: int, row: Sequence[str]) -> Sequence[FrameRef]:
        """Return the frames of a row that states nothing but subjects; none where they cannot be found."""
        try:
            found = self._look_up(number, row)
        except _BadCellError as error:
            self.without_frames.append(self._fault(number, error.column, str(error)))
            return ()
        if isinstance(found, Miss):
            self.without_frames.append(self._fault(number, None, found.message))
            return ()
        return found

    def _subjects(self, row: Sequence[str]) -> Subjects:
        text = _cell(row, self.columns.subjects)
        if text not in self._subjects_of:
            self._subjects_of[text] = parse_subjects(text)
        return self._subjects_of[text]

    def _add_subjects(self, subjects: Subjects, frames: Sequence[FrameRef]) -> None:
        for ref in frames if subjects else ():
            earlier = self.subjects.get(ref.id)
            self.subjects[ref.id] = subjects if earlier is None else unite_subjects([earlier, subjects])

    def _state(self, number: int, statement: _Statement, frames: Sequence[FrameRef]) -> None:
        against: dict[tuple[int, str, str], list[FrameRef]] = {}
        for ref in frames:
            key = (ref.id, statement.origin)
            self._also_read(ref, at=number)
            earlier = self.stated.setdefault(key, statement)
            if earlier.class_name != statement.class_name:
                self.contested.add(key)
                against.setdefault((earlier.row, earlier.column, earlier.class_name), []).append(ref)
        for (row, column, class_name), refs in against.items():
            more = f" and {len(refs) - 1} more frames" if len(refs) > 1 else ""
            place = f"in {self.sheet.place(row)}" if row != number else f"in {column}"
            message = (
                f"'{statement.class_name}' for {refs[0].name}{more}, but '{class_name}' {place}, both of origin "
                f"'{statement.origin}'. Keep one"
            )
            self.faults.append(self._fault(number, statement.column, message))

    def _put_in_group(self, number: int, group: str, frames: Sequence[FrameRef]) -> None:
        for ref in frames:
            earlier = self.groups.setdefault(ref.source_id, group)
            row = self._group_rows.setdefault(ref.source_id, number)
            if earlier != group:
                name = self.columns.group.name if self.columns.group is not None else None
                message = (
                    f"{ref.source_name} is in the group '{earlier}' in {self.sheet.place(row)} and in '{group}' here. "
                    "Keep one"
                )
                self.faults.append(self._fault(number, name, message))
                return


def find_frame(index: FrameIndex, text: str, *, source: str = "") -> FrameRef | Miss:
    """Return the frame of a cell: its number where the row names a source, else its name, file, path, URL or id."""
    ordinal = _WHOLE.fullmatch(text)
    if ordinal is not None and source:
        return index.at_ordinal(source, int(ordinal[1]))
    found = index.frame(text, source=source)
    if ordinal is not None and isinstance(found, Miss):
        return replace(found, message=f"{found.message}. A frame's number needs a column that names its source as well")
    return found


def _look_up(row: Sequence[str], columns: Columns, index: FrameIndex) -> Sequence[FrameRef] | Miss:
    source = _cell(row, columns.source)
    if columns.frame is not None:
        return _one(find_frame(index, _filled(row, columns.frame), source=source))
    assert columns.source is not None  # Columns cannot be built otherwise
    source = _filled(row, columns.source)
    if columns.ordinal is not None:
        return _one(index.at_ordinal(source, _whole(row, columns.ordinal)))
    if columns.seconds is not None:
        return _one(index.at_seconds(source, _seconds(row, columns.seconds)))
    if columns.timecode is not None:
        text = _filled(row, columns.timecode)
        try:
            return _one(index.at_timecode(source, text))
        except ValueError as error:
            raise _BadCellError(columns.timecode.name, str(error)) from error
    end = columns.last or columns.stop
    if columns.start is None or end is None:
        return index.frames_of(source)
    start, stop = _whole(row, columns.start), _whole(row, end) + (columns.last is not None)
    if start >= stop:
        raise _BadCellError(
            end.name, f"the range ends at '{row[end.index]}' before it starts at '{row[columns.start.index]}'"
        )
    return index.between(source, start, stop)


def _one(found: FrameRef | Miss) -> Sequence[FrameRef] | Miss:
    return found if isinstance(found, Miss) else (found,)


def _cell(row: Sequence[str], column: Column | None) -> str:
    return row[column.index].strip() if column is not None else ""


def _filled(row: Sequence[str], column: Column) -> str:
    text = _cell(row, column)
    if not text:
        raise _BadCellError(column.name, "the cell is empty, so nobody knows which frame the row is about")
    return text


def _whole(row: Sequence[str], column: Column) -> int:
    text = _filled(row, column)
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise _BadCellError(column.name, f"'{text}' is not a frame's number. Allowed: a whole number from 0")
    return int(match[1])


def _seconds(row: Sequence[str], column: Column) -> Fraction:
    text = _filled(row, column)
    if _DECIMAL.fullmatch(text):
        return Fraction(text.replace(",", "."))
    try:
        return parse_duration(text)
    except ValueError:
        if _NOTHING.fullmatch(text):
            return Fraction(0)
    raise _BadCellError(column.name, f"'{text}' is not a time. Allowed: seconds such as 12.5, or 00:01:30.25")


def _time(row: Sequence[str], column: Column | None) -> str:
    """Return the time in a cell as ISO 8601 UTC, to the second; "" of an empty one. One without a zone is UTC."""
    text = _cell(row, column)
    if column is None or not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
        return f"{(found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        message = f"'{text}' is not a time. Allowed: 2026-11-20T12:00:00Z, or an empty cell"
        raise _BadCellError(column.name, message) from None


def _how_to_name(number: str, task: Task) -> str:
    """Return what to write where the answers are numbers of classes."""
    return (
        f"If it is the number of a class, say of which in rushes.toml, [tasks.{task.name}.aliases], for example "
        f'"{number}" = "{task.classes[0]}"'
    )


def _origins_of(columns: Columns, default_origin: str) -> frozenset[str] | None:
    if columns.origin is not None and any(item.origin is None for item in columns.classes):
        return None
    return frozenset(item.origin or default_origin for item in columns.classes)
