"""A table of text: what a file of labels holds before anybody says what its columns mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import Fault, SheetError, did_you_mean

_CSV = (".csv", ".tsv", ".txt")
_XLSX = (".xlsx", ".xlsm")
_JSON_LINES = (".jsonl", ".jl", ".ndjson")
SHEET_SUFFIXES = _CSV + _XLSX + _JSON_LINES


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as its author typed it; nothing is converted, "007" stays "007".

    Attributes:
        name: what messages call it: the file's name, with the worksheet where there are several.
        columns: the header, outer spaces removed; a column without a header is "".
        rows: cells as text, "" where empty. Blank rows are kept so that rows can be counted. A row of a CSV
            file may hold more cells than there are columns; none holds fewer.
        key: what tells this sheet from all others, whatever folder they are in: its path (relative to the
            project where it lies inside it), with the worksheet.
        first_row: number of `rows[0]` as a spreadsheet counts; 2 below a header in row 1.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    key: str = ""
    first_row: int = 2

    def __post_init__(self) -> None:
        if any(len(row) < len(self.columns) for row in self.rows):
            raise ValueError(f"a row of the sheet {self.name} is shorter than its header")


def read_sheets(path: Path, *, root: Path | None = None) -> list[Sheet]:
    """Read every worksheet that holds something.

    Args:
        path: a CSV, TSV, XLSX or JSON Lines file.
        root: the project's folder, so that a sheet inside it keeps its key when the project is moved.

    Returns:
        one sheet, or for a workbook the visible worksheets that are not empty, in their order.

    Raises:
        SheetError: the file is missing, a folder, empty, locked, of another kind, or not what its name says.
    """
    from rushes.labels.sheets.csv import parse_csv
    from rushes.labels.sheets.jsonl import parse_json_lines
    from rushes.labels.sheets.xlsx import parse_workbook

    suffix = path.suffix.casefold()
    if suffix not in SHEET_SUFFIXES and path.is_file():
        hint = "Save it as .xlsx or .csv" if suffix in (".xls", ".xlsb", ".ods", ".numbers", ".gsheet") else (
            did_you_mean(suffix, SHEET_SUFFIXES))  # fmt: skip
        raise unreadable(path.name, f"'{suffix or path.name}' is no kind of sheet that rushes reads. {hint}")
    content = _read_content(path)
    key = _key_of(path, root)
    if suffix in _XLSX:
        return parse_workbook(content, name=path.name, key=key)
    if suffix in _JSON_LINES:
        return [parse_json_lines(content, name=path.name, key=key)]
    return [parse_csv(content, name=path.name, key=key)]


def sheet_of_rows(rows: Sequence[Sequence[str]], *, name: str, key: str, first_row: int = 1) -> Sheet | None:
    """Return the sheet whose header is the first row that is not blank; None where all are blank.

    Args:
        rows: cells as text, of any length.
        first_row: number of `rows[0]` as a spreadsheet counts.
    """
    filled = [index for index, row in enumerate(rows) if not is_blank(row)]
    if not filled:
        return None
    head, last = filled[0], filled[-1]
    columns = [cell.strip() for cell in rows[head]]
    while columns and not columns[-1]:
        columns.pop()
    body = (tuple(row) + ("",) * (len(columns) - len(row)) for row in rows[head + 1 : last + 1])
    return Sheet(name, tuple(columns), tuple(body), key=key, first_row=first_row + head + 1)


def is_blank(row: Iterable[str]) -> bool:
    """Return whether no cell of a row holds more than spaces."""
    return not any(cell.strip() for cell in row)


def unreadable(name: str, message: str, *, row: int | None = None) -> SheetError:
    """Return the error for a sheet that cannot be read at all."""
    return SheetError([Fault(name, row, None, message)])


def _read_content(path: Path) -> bytes:
    """Return the bytes of a file, or raise SheetError with what to do about it."""
    if path.is_dir():
        raise unreadable(str(path), "this is a folder; name the sheet in it")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise unreadable(str(path), "there is no such file. Check the name") from None
    except PermissionError as error:
        raise unreadable(str(path), "may not be read: close it in other programs, or check its permissions") from error
    except OSError as error:
        raise unreadable(str(path), f"cannot be read ({error.strerror})") from error
    if not content.strip():
        raise unreadable(path.name, "the file is empty")
    return content


def _key_of(path: Path, root: Path | None) -> str:
    whole = path.resolve()
    if root is not None and whole.is_relative_to(root.resolve()):
        return whole.relative_to(root.resolve()).as_posix()
    return whole.as_posix()
