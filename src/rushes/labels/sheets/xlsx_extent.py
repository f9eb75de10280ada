"""How far the worksheets of an XLSX workbook reach, found before they are read whole."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from rushes.labels.sheet import unreadable
from rushes.labels.sheets.cvat import DAMAGED_ARCHIVE

# The reader of workbooks takes memory for every cell between the first and the last: 32 bytes for each, also where
# nothing stands. All 1,048,576 rows of the 26 columns with one letter are within it.
MOST_CELLS = 40_000_000
_MOST_BYTES = 2 << 30  # of a workbook, unpacked
_MOST_RATIO = 250  # of unpacked to packed bytes; workbooks have about ten
_SMALL_BYTES = 64 << 20  # below this a ratio does not matter
_PIECE_BYTES = 1 << 20
# A cell that is not written as `<c r="A1"` is: of a column of two letters, without its place, or in other words.
_NOT_NARROW = re.compile(rb'<(?:[\w.\-]+:)?c(?=[\s/>])(?! r="[A-Z]\d{1,7}")')
_PLACE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")


@dataclass(slots=True)
class _Extent:
    """How far a worksheet reaches: its columns and rows, and the cells that are the farthest."""

    columns: int = 0
    rows: int = 0
    widest: str = ""
    lowest: str = ""


def check_extents(content: bytes, *, name: str) -> None:
    """Raise SheetError where a worksheet reaches so far that reading it takes all memory, or is packed to do so.

    Its parts are unpacked piece by piece, and what is only a format of an empty cell does not count.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            if total > _MOST_BYTES:
                raise unreadable(name, f"the workbook has {total:,} bytes when unpacked. Divide it, or save it as .csv")
            for part in parts:
                if part.file_size > max(_SMALL_BYTES, _MOST_RATIO * part.compress_size):
                    raise unreadable(
                        name,
                        f"its part {part.filename} unpacks to {part.file_size:,} bytes out of {part.compress_size:,}, "
                        "as no table does. Save the sheet as .xlsx or .csv again",
                    )
                _check_part(archive, part, name)
    except DAMAGED_ARCHIVE as error:
        raise unreadable(name, "this is not an XLSX workbook. Save the sheet as .xlsx or .csv again") from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    with archive.open(part) as file:
        if _is_narrow(file):
            return
    with archive.open(part) as file:
        extent = _measure(file)
    if extent is None:  # no XML, as pictures are, or damaged, which its reader says
        if part.filename.casefold().endswith(".xml"):
            raise unreadable(name, f"its part {part.filename} is damaged. Save the sheet as .xlsx or .csv again")
        return
    if extent.columns * extent.rows > MOST_CELLS:
        far = extent.widest if extent.widest == extent.lowest else f"{extent.widest} and {extent.lowest}"
        raise unreadable(
            name,
            f"a worksheet ({part.filename.rpartition('/')[2]}) reaches to {far}: {extent.rows:,} rows of "
            f"{extent.columns:,} columns, {extent.rows * extent.columns:,} cells, and rushes reads {MOST_CELLS:,}. "
            "Delete what stands there by mistake, or save the sheet as .csv",
        )


def _is_narrow(file: IO[bytes]) -> bool:
    """Return whether all cells are known to be in the first 26 columns; it is looked for without parsing."""
    rest, is_first = b"", True
    for piece in _pieces(file):
        text = rest + piece
        if is_first and not text.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return False
        if is_first and (found := re.search(rb"encoding=.([\w\-]+)", text[:200])) and found[1].upper() != b"UTF-8":
            return False
        is_first = False
        cut = text.rfind(b"<")
        if _NOT_NARROW.search(text, 0, max(cut, 0)):
            return False
        rest = text[max(cut, 0) :][-4096:]
    return _NOT_NARROW.search(rest) is None


def _measure(file: IO[bytes]) -> _Extent | None:
    """Return how far the cells that hold something reach; None of what is no XML."""
    extent = _Extent()
    row = column = 0
    place = ""  # of the cell that is open

    def start(tag: str, given: dict[str, str]) -> None:
        nonlocal row, column, place
        local = tag.rpartition(":")[2]
        if local == "row":
            row, column = int(given["r"]) if given.get("r", "").isdecimal() else row + 1, 0
        elif local == "c":
            found = _PLACE.fullmatch(given.get("r", ""))
            column = _number_of(found[1]) if found else column + 1
            row = int(found[2]) if found else row
            place = given.get("r", "") or f"row {row}, column {column}"
        elif place:  # a cell with something in it
            if column > extent.columns:
                extent.columns, extent.widest = column, place
            if row > extent.rows:
                extent.rows, extent.lowest = row, place
            place = ""

    def end(tag: str) -> None:
        nonlocal place
        if tag.rpartition(":")[2] == "c":
            place = ""

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        for piece in _pieces(file):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        return None
    return extent


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece
