"""Sheets of shots: a row per shot with its video, where it begins and ends, and its class in each task."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from rushes.errors import Fault, SheetError, did_you_mean, nearest
from rushes.labels.columns import Column, origin_from
from rushes.labels.manifest import Part
from rushes.labels.sheet import Sheet, fold_name, is_blank
from rushes.labels.sheets.files import read_sheets
from rushes.labels.stated_shot import At, StatedShot, StatedShots
from rushes.project import Task
from rushes.timecode import parse_duration, parse_timecode

FIELDS = (
    "video", "start", "stop", "end", "start_frame", "stop_frame", "last_frame", "start_seconds", "stop_seconds",
    "start_timecode", "stop_timecode", "group", "origin", "split", "name",
)  # fmt: skip

# Spellings that are understood without being told, the likeliest first; compared by letters and digits only.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "video": ("video", "videofile", "videopath", "source", "sourcename", "film", "movie", "file", "filename", "path",
              "clip"),
    "start": ("start", "begin", "from", "in"),
    "stop": ("stop", "until", "to", "out"),
    "end": ("end",),
    "start_frame": ("startframe", "firstframe", "first", "startordinal", "beginframe"),
    "stop_frame": ("stopframe", "stopordinal"),
    "last_frame": ("last", "lastframe", "endframe", "lastordinal"),
    "start_seconds": ("startseconds", "starts", "startsec", "starttime", "begintime"),
    "stop_seconds": ("stopseconds", "stops", "stopsec", "stoptime", "endseconds", "ends", "endsec", "endtime"),
    "start_timecode": ("starttimecode", "starttc", "timecodein", "tcin"),
    "stop_timecode": ("stoptimecode", "stoptc", "endtimecode", "endtc", "timecodeout", "tcout"),
    "group": ("group",),
    "origin": ("origin",),
    "split": ("split", "part", "subset", "partition"),
    "name": ("shotname", "shot", "shotid", "name", "id"),
}  # fmt: skip
# In [columns] of rushes.toml these words mean columns of frames; of shots they mean the same.
_MEANINGS_OF_FRAMES: Mapping[str, str] = {"source": "video", "last": "last_frame", "frame": ""}
_PART_WORDS: Mapping[str, Part] = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
_BEFORE_TASK, _BEHIND_TASK = ("", "shot", "camera"), ("", "class", "label")
_SAYS_NOTHING = frozenset({"", "none", "n/a", "-", "?"})
_WHOLE = re.compile(r"(\d{1,15})(?:\.0+)?")
_HAS_DECIMALS = re.compile(r"\d[.,]\d")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?")
_ZERO = re.compile(r"(0+:)?0{1,2}:00([.,]0+)?|0+([.,]0+)?\s*(s|sec|ms|m|min|h)")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OF_MODELS = ("probability", "reason")  # columns behind a task's name, which answers of a model have beside them
_NAMES_SHOWN = 20
_MOSTLY = 0.8  # of the cells of a column are whole: it counts frames, and the odd cell is a slip

Unit = Literal["frame", "seconds", "timecode"]


@dataclass(frozen=True, slots=True)
class ShotColumns:
    """What the columns of one sheet mean.

    Attributes:
        fields: a key of `FIELDS` -> its column; `video` is always there.
        classes: task -> the column of its classes, at least one.
        bare: what `start`, `stop` and `end` are counted in, as their cells show.
        guessed: task -> columns that only answers of a model have: how probable one is, and why.
        notes: what a person should know of how the columns are read.
    """

    fields: Mapping[str, Column]
    classes: Mapping[str, Column]
    bare: Unit = "frame"
    guessed: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _BadCellError(Exception):
    """A cell that cannot be understood; becomes a Fault."""

    def __init__(self, column: Column, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_shot_sheet(
    path: Path,
    tasks: Sequence[Task],
    *,
    mapping: Mapping[str, str] | None = None,
    default_origin: str = "",
    root: Path | None = None,
) -> StatedShots:
    """Read a file of shots: CSV, TSV, XLSX, JSON Lines, JSON or Parquet.

    Args:
        mapping: as `plan_shot_columns` takes it.
        default_origin: who made labels of which the sheet does not say it; "" takes the file's name.
        root: the project's folder.

    Raises:
        SheetError: the file cannot be read, or no worksheet holds shots.
    """
    found = StatedShots(())
    refused: list[Fault] = []
    sheets = read_sheets(path, root=root, catalogued=False)
    for sheet in sheets:
        try:
            found += parse_shot_sheet(sheet, tasks, mapping=mapping, default_origin=default_origin or path.stem)
        except SheetError as error:
            refused += error.faults
    if not found.shots and not found.faults and refused:
        raise SheetError(refused)
    return found


def parse_shot_sheet(
    sheet: Sheet, tasks: Sequence[Task], *, mapping: Mapping[str, str] | None = None, default_origin: str = ""
) -> StatedShots:
    """Read every row of a sheet; a faulty one hides no other, and states nothing.

    Rows without an answer (empty, `none`, or what the task ignores) in every task are counted and left out. What a
    model answered, as a probability or a reason beside it shows, is no label unless the row states its origin.

    Raises:
        SheetError: the columns do not make a sheet of shots; all that is wrong with them is in it.
    """
    columns = plan_shot_columns(sheet, tasks, mapping=mapping)
    by_name = {task.name: task for task in tasks}
    shots: list[StatedShot] = []
    faults: list[Fault] = list(sheet.faults)
    guesses: Counter[str] = Counter()
    unanswered = 0
    for number, row in enumerate(sheet.rows, start=sheet.first_row):
        if is_blank(row):
            continue
        wrong, classes = _classes_of(row, columns, by_name)
        address = _address_of(row, columns, wrong)
        part = _part_of(row, columns, wrong)
        guessed = _guessed_in(row, columns) & classes.keys()
        guesses.update(guessed)
        classes = {task: name for task, name in classes.items() if task not in guessed}
        if not is_blank(row[len(sheet.columns) :]):
            message = f"the row has {len(row)} cells and the header {len(sheet.columns)}. Quote a cell with a comma"
            faults.append(Fault(sheet.name, number, None, message, entry=sheet.entry(number)))
        elif wrong:
            faults += [
                Fault(sheet.name, number, error.column.name, str(error), entry=sheet.entry(number)) for error in wrong
            ]
        elif not classes:
            unanswered += 1
        else:
            video = _cell(row, columns, "video")
            start, stop, last_included = address
            shots.append(
                StatedShot(
                    video=video,
                    classes=classes,
                    place=f"{sheet.name}, {sheet.place(number)}",
                    start=start,
                    stop=stop,
                    last_included=last_included,
                    group=_cell(row, columns, "group"),
                    origin=origin_from(_cell(row, columns, "origin") or default_origin),
                    split=part,
                    name=_name_of(_cell(row, columns, "name"), video),
                    start_seconds=_beside(row, columns) if isinstance(start, int) else None,
                )
            )
    faults += [_fault_of_guesses(sheet, columns, task, count) for task, count in guesses.items()]
    lacking = [task.name for task in tasks if task.name not in columns.classes]
    notes = list(columns.notes)
    notes += [f"{sheet.name} has no column of {name}: its shots say nothing of it" for name in lacking]
    return StatedShots(tuple(shots), tuple(faults), unanswered, tuple(notes))


def plan_shot_columns(sheet: Sheet, tasks: Sequence[Task], *, mapping: Mapping[str, str] | None = None) -> ShotColumns:
    """Decide what a sheet's columns mean; their order, case, spaces and punctuation do not matter.

    A column named as a task holds its classes (`scale`, `shot scale`, `camera movement`). Columns that mean nothing
    here are passed over.

    Args:
        mapping: column -> a key of `FIELDS` or a task's name, for columns that the sheet may have. Keys that mean
            something for frames alone are passed over, as rushes.toml may have them.

    Raises:
        SheetError: no column names the video, none holds classes, or one looks misspelt; all at once.
    """
    by_folded: dict[str, Column] = {}
    for index, name in enumerate(sheet.columns):
        if fold_name(name):
            by_folded.setdefault(fold_name(name), Column(index, name))
    names = [task.name for task in tasks]
    stated = {
        meaning: by_folded[fold_name(name)]
        for name, text in (mapping or {}).items()
        if fold_name(name) in by_folded and (meaning := _MEANINGS_OF_FRAMES.get(text.strip(), text.strip()))
    }
    taken = set(stated.values())
    classes = {name: column for name, column in stated.items() if name in names}
    for name in names:
        spellings = (before + fold_name(name) + behind for behind in _BEHIND_TASK for before in _BEFORE_TASK)
        found = _first_of(spellings, by_folded, taken)
        if name not in classes and found is not None:
            classes[name] = found
            taken.add(found)
    fields = {name: column for name, column in stated.items() if name in FIELDS}
    digests = {column for column in by_folded.values() if _holds_digests(sheet, column)}
    for name, known in _SPELLINGS.items():
        found = _first_of(known, by_folded, taken | digests if name == "video" else taken)
        if name not in fields and found is not None:
            fields[name] = found
            taken.add(found)
    faults = _what_is_wrong(sheet, fields, classes, names, taken)
    if faults:
        raise SheetError(faults)
    guessed = {
        name: tuple(by_folded[key] for what in _OF_MODELS if (key := fold_name(name) + what) in by_folded)
        for name in classes
    }
    bare, notes = _unit_of(sheet, fields)
    return ShotColumns(fields, classes, bare, guessed, notes)


def _first_of(spellings: Iterable[str], by_folded: Mapping[str, Column], taken: set[Column]) -> Column | None:
    return next((by_folded[name] for name in spellings if name in by_folded and by_folded[name] not in taken), None)


def _what_is_wrong(
    sheet: Sheet,
    fields: Mapping[str, Column],
    classes: Mapping[str, Column],
    tasks: Sequence[str],
    taken: set[Column],
) -> list[Fault]:
    header = sheet.first_row - 1
    shown = ", ".join(f"'{name}'" for name in sheet.columns[:_NAMES_SHOWN] if name) or "none"
    faults = []
    if "video" not in fields:
        message = f"no column names the video. Call one 'video'. Found: {shown}"
        digests = [
            column.name
            for column in map(Column, range(len(sheet.columns)), sheet.columns)
            if fold_name(column.name) in _SPELLINGS["video"] and _holds_digests(sheet, column)
        ]
        if digests:
            message = f"'{digests[0]}' holds digests of films, and no column says where they are. Add a column 'video'"
        faults.append(Fault(sheet.name, header, None, message))
    free = [column.name for column in map(Column, range(len(sheet.columns)), sheet.columns) if column not in taken]
    for task in tasks:
        alike = None if task in classes else nearest(task, free)
        if alike is not None:
            message = f"there is no column of this name. '{alike}' looks like it: call it '{task}'. Found: {shown}"
            faults.append(Fault(sheet.name, header, task, message))
    if not classes and not any(fault.column for fault in faults):
        wanted = " or ".join(f"'{task}'" for task in tasks)
        message = f"no column holds classes of a task. Call one {wanted}. Found: {shown}"
        faults.append(Fault(sheet.name, header, None, message))
    return faults


def _holds_digests(sheet: Sheet, column: Column) -> bool:
    """Return whether all cells of a column are SHA-256 of files, by which no film is found."""
    cells = {row[column.index].strip() for row in sheet.rows} - {""}
    return bool(cells) and all(_DIGEST.fullmatch(cell) for cell in cells)


def _unit_of(sheet: Sheet, fields: Mapping[str, Column]) -> tuple[Unit, tuple[str, ...]]:
    """Return what the columns `start`, `stop` and `end` are counted in, and what a person should know of it.

    One cell with a decimal makes seconds of all: 0 and 10 stand beside 2.8 in a column of seconds. One that is no
    number at all (`7O`) does not: it is a slip.
    """
    bare = [fields[name] for name in ("start", "stop", "end") if name in fields]
    cells = Counter(row[column.index].strip() for row in sheet.rows for column in bare)
    del cells[""]
    if any(_is_timecode(cell) for cell in cells):
        return "timecode", ()
    whole = sum(count for cell, count in cells.items() if _is_frame(cell))
    seconds = [cell for cell in cells if not _is_frame(cell) and _is_seconds(cell)]
    mostly = whole >= _MOSTLY * cells.total() and not any(_HAS_DECIMALS.search(cell) for cell in seconds)
    if not seconds or mostly:
        return "frame", ()
    # Zero is the same in both.
    either = sum(count for cell, count in cells.items() if _WHOLE.fullmatch(cell) and float(cell))
    if not either:
        return "seconds", ()
    named = " and ".join(f"'{column.name}'" for column in bare)
    called = " and ".join(f"{name}_frame" for name in ("start", "stop") if name in fields) or "stop_frame"
    note = (
        f"{sheet.name}: {named} are read as seconds, because of '{seconds[0]}', although {either:,} of "
        f"{cells.total():,} cells are whole numbers. Where they count frames, call them {called}"
    )
    return "seconds", (note,)


def _is_frame(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None and "." not in text


def _is_seconds(text: str) -> bool:
    try:
        _parse_at(text, "seconds", Column(0, ""))
    except _BadCellError:
        return False
    return True


def _guessed_in(row: Sequence[str], columns: ShotColumns) -> set[str]:
    """Return the tasks that a model answered in a row for whose labels nobody answers."""
    if _cell(row, columns, "origin"):
        return set()
    return {task for task, beside in columns.guessed.items() if any(row[column.index].strip() for column in beside)}


def _fault_of_guesses(sheet: Sheet, columns: ShotColumns, task: str, count: int) -> Fault:
    beside = " and ".join(f"'{column.name}'" for column in columns.guessed[task])
    rows = "1 row" if count == 1 else f"{count:,} rows"
    show = "shows" if len(columns.guessed[task]) == 1 else "show"
    message = (
        f"holds a model's answers in {rows}, as {beside} beside it {show}, and they are not taken for labels. Once you "
        f"have checked them, delete {beside}, or say in a column 'origin' who answers for each row"
    )
    return Fault(sheet.name, sheet.first_row - 1, columns.classes[task].name, message)


def _classes_of(
    row: Sequence[str], columns: ShotColumns, tasks: Mapping[str, Task]
) -> tuple[list[_BadCellError], dict[str, str]]:
    wrong: list[_BadCellError] = []
    classes: dict[str, str] = {}
    for name, column in columns.classes.items():
        text, task = row[column.index].strip(), tasks[name]
        found = task.class_of(text)
        if found is not None:
            classes[name] = found
        elif not task.says_nothing(text) and text.casefold() not in _SAYS_NOTHING:
            known = [*task.classes, *task.aliases]
            alike = nearest(text, known)
            hint = f" Did you mean '{alike}'?" if alike else ""
            message = f"'{text}' is not a class of {name}.{hint} Allowed: {', '.join(task.classes)}"
            wrong.append(_BadCellError(column, message))
    return wrong, classes


def _address_of(
    row: Sequence[str], columns: ShotColumns, wrong: list[_BadCellError]
) -> tuple[At | None, At | None, bool]:
    """Return where the shot of a row begins, where it ends, and whether the last frame is named; adds to `wrong`."""
    if not _cell(row, columns, "video"):
        wrong.append(_BadCellError(columns.fields["video"], "the cell is empty, so nobody knows where the shot is"))
    start = stop = None
    last_included = False
    try:
        start, stop, last_included = _first_at(row, columns, "start"), *_end_at(row, columns)
    except _BadCellError as error:
        wrong.append(error)
        return None, None, False
    length = int(last_included)
    reversed_ = (isinstance(start, int) and isinstance(stop, int) and start >= stop + length) or (
        isinstance(start, Fraction) and isinstance(stop, Fraction) and start >= stop
    )
    if reversed_:
        column = next(columns.fields[name] for name in _END_FIELDS if _cell(row, columns, name))
        named = "its last frame is" if last_included else "it stops at"
        wrong.append(_BadCellError(column, f"the shot starts at {start}, and {named} {stop}. It needs start < stop"))
    return start, stop, last_included


_END_FIELDS = (
    "last_frame", "stop_frame", "stop", "end", "stop_timecode", "stop_seconds",
)  # fmt: skip


def _first_at(row: Sequence[str], columns: ShotColumns, what: str) -> At | None:
    units: tuple[tuple[str, Unit], ...] = (
        (f"{what}_frame", "frame"), (what, columns.bare), (f"{what}_timecode", "timecode"),
        (f"{what}_seconds", "seconds"),
    )  # fmt: skip
    for name, unit in units:
        if text := _cell(row, columns, name):
            return _parse_at(text, unit, columns.fields[name])
    return None


def _end_at(row: Sequence[str], columns: ShotColumns) -> tuple[At | None, bool]:
    if text := _cell(row, columns, "last_frame"):
        return _parse_at(text, "frame", columns.fields["last_frame"]), True
    text = _cell(row, columns, "end")
    if text and not any(_cell(row, columns, name) for name in ("stop_frame", "stop")):
        column = columns.fields["end"]
        if columns.bare == "frame":
            raise _BadCellError(column, "may name the last frame or the one after it. Call the column 'last' or 'stop'")
        return _parse_at(text, columns.bare, column), False
    return _first_at(row, columns, "stop"), False


def _beside(row: Sequence[str], columns: ShotColumns) -> Fraction | None:
    """Return the seconds that stand beside the first frame's number; None where none can be read."""
    text = _cell(row, columns, "start_seconds")
    return Fraction(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None


def _parse_at(text: str, unit: Unit, column: Column) -> At:
    try:
        if unit == "timecode":
            return parse_timecode(text)
        if unit == "frame":
            if found := _WHOLE.fullmatch(text):
                return int(found[1])
            raise ValueError(f"'{text}' is not a frame's number. Allowed: a whole number from 0")
        if _DECIMAL.fullmatch(text):
            return Fraction(text.replace(",", "."))
        if _ZERO.fullmatch(text.casefold()):
            return Fraction(0)
        return parse_duration(text)
    except ValueError as error:
        raise _BadCellError(column, str(error)) from None


def _part_of(row: Sequence[str], columns: ShotColumns, wrong: list[_BadCellError]) -> Part | None:
    text = _cell(row, columns, "split")
    part = _PART_WORDS.get(text.casefold())
    if text and part is None:
        message = f"'{text}' is no part of a split. {did_you_mean(text, get_args(Part))}"
        wrong.append(_BadCellError(columns.fields["split"], message))
    return part


def _name_of(text: str, video: str) -> str:
    """Return what a shot is called; a number alone says nothing without its film."""
    return f"{PurePosixPath(video).stem} shot {text}" if text.isdecimal() else text


def _cell(row: Sequence[str], columns: ShotColumns, name: str) -> str:
    column = columns.fields.get(name)
    return "" if column is None else row[column.index].strip()


def _is_timecode(text: str) -> bool:
    try:
        parse_timecode(text)
    except ValueError:
        return False
    return True
