"""A sheet of times at which frames of films are wanted, from a CSV file."""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from pathlib import Path

from rushes.errors import Fault, SheetError, did_you_mean
from rushes.footage.sampling import UNITS, At, Unit, WantedTime
from rushes.timecode import Timecode, parse_timecode

_SOURCE = "source"
# The header that `rushes shots` writes has these; its `start` is the frame, its `name` the film.
_OF_SHOTS = {"shot", "start", "stop", "start_pts", "time_base", "name", "source"}
_BYTES_AT_MOST = 64 * 2**20
_EXAMPLES = {"timecode": "00:01:04:12", "smpte": "01:00:04:12", "seconds": "64.5", "frame": "1548", "pts": "132096"}

_FORMS = {
    "seconds": re.compile(r"[0-9]{1,9}([.,][0-9]{1,12})?"),
    "frame": re.compile(r"[0-9]{1,12}"),
    "pts": re.compile(r"-?[0-9]{1,18}"),
}
_WORDS = {
    "timecode": "a timecode HH:MM:SS:FF",
    "smpte": "a timecode HH:MM:SS:FF",
    "seconds": "a number of seconds from the first frame on",
    "frame": "the number of a frame, counted from 0",
    "pts": "a presentation time in ticks of the film",
}


def read_times_sheet(path: Path) -> At:
    """Read which frames are wanted: a column of times, named after its unit, and perhaps a column `source`.

    A sheet of shots, as `rushes shots` writes it, asks for the first frame of each.
    Case and spaces in the header do not matter, nor whether cells are parted by commas, semicolons or tabs. Blank rows
    are passed over. A row whose `source` is empty is for every film.

    Raises:
        SheetError: the file cannot be read, its header names no time or several, or rows are faulty; all of them.
    """
    try:
        if path.stat().st_size > _BYTES_AT_MOST:
            raise _fault(path, f"is larger than {_BYTES_AT_MOST >> 20} MB, which no sheet of times is")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _fault(path, f"cannot be read ({error.strerror}). Check the name") from error
    except UnicodeDecodeError as error:
        raise _fault(path, "is not text in UTF-8. Save the sheet as CSV UTF-8") from error
    return parse_times_sheet(text, name=path.name)


def parse_times_sheet(text: str, *, name: str) -> At:
    """Return what a sheet's text asks for; `name` is what messages call it. Else as `read_times_sheet`."""
    lines = io.StringIO(text, newline="")
    head = text.partition("\n")[0]
    reader = csv.reader(lines, delimiter=max(",;\t", key=head.count), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        message = f"is not a table of cells ({error}). Check the quotation marks"
        raise SheetError([Fault(name, reader.line_num, None, message)]) from error
    columns = ["".join(cell.split()).casefold() for cell in (rows[0] if rows else [])]
    unit, time_column, source_column = _columns_of(columns, name)
    place = columns.index(time_column)
    source_place = columns.index(source_column) if source_column in columns else None
    wanted: list[WantedTime] = []
    faults: list[Fault] = []
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        cell = cells[place].strip() if place < len(cells) else ""
        source = cells[source_place].strip() if source_place is not None and source_place < len(cells) else ""
        try:
            wanted.append(WantedTime(unit, _value(unit, cell), cell, number, source or None))
        except ValueError as error:
            faults.append(Fault(name, number, time_column, str(error)))
    if not wanted and not faults:
        faults.append(Fault(name, None, None, "holds no rows below its header"))
    if faults:
        raise SheetError(faults)
    return At(tuple(wanted), sheet=name)


def _columns_of(columns: list[str], name: str) -> tuple[Unit, str, str]:
    """Return the unit of the times, the column that holds them, and the column that names the film.

    Raises:
        SheetError: the header names no time, or several.
    """
    there = [unit for unit in UNITS if columns.count(unit)]
    if not there and set(columns) >= _OF_SHOTS and all(columns.count(column) == 1 for column in _OF_SHOTS):
        return "frame", "start", "name"
    twice = [column for column in (*UNITS, _SOURCE) if columns.count(column) > 1]
    if len(there) == 1 and not twice:
        return there[0], there[0], _SOURCE
    if twice:
        raise SheetError([Fault(name, 1, None, f"the header names '{twice[0]}' twice. Keep one of them")])
    if there:
        both = " and ".join(f"'{unit}'" for unit in there)
        raise SheetError([Fault(name, 1, None, f"the header names {both}. Keep the one that states the times")])
    strangers = [column for column in columns if column and column != _SOURCE]
    found = ", ".join(f"'{column}'" for column in strangers[:8]) or "none"
    hint = did_you_mean(strangers[0], UNITS) if strangers else did_you_mean("", UNITS)
    raise SheetError([Fault(name, 1, None, f"the header names no column of times, only {found}. {hint}")])


def _value(unit: Unit, cell: str) -> Fraction | int | tuple[int, int] | Timecode:
    """Return what a cell states.

    Raises:
        ValueError: it is not of its unit; the message says what was found and what is allowed.
    """
    wrong = f"'{cell}' is not {_WORDS[unit]}. Allowed: for example {_EXAMPLES[unit]}"
    if unit in ("timecode", "smpte"):
        timecode = parse_timecode(cell)
        if unit == "smpte":
            return timecode
        if timecode.drop:
            raise ValueError(
                f"'{cell}' counts drop-frame, and this column follows the clock from the first frame on. For the "
                "timecode of editing programs and of rushes shots, call the column 'smpte'"
            )
        return (timecode.hours * 60 + timecode.minutes) * 60 + timecode.seconds, timecode.frames
    if not _FORMS[unit].fullmatch(cell):
        raise ValueError(wrong)
    return Fraction(cell.replace(",", ".")) if unit == "seconds" else int(cell)


def _fault(path: Path, message: str) -> SheetError:
    return SheetError([Fault(str(path), None, None, message)])
