"""Files as sheets: which reader a file's name asks for."""

from __future__ import annotations

from pathlib import Path

from rushes.errors import did_you_mean
from rushes.labels.sheet import Sheet, unreadable

_CSV = (".csv", ".tsv", ".txt")
_XLSX = (".xlsx", ".xlsm")
_JSON_LINES = (".jsonl", ".jl", ".ndjson")
SHEET_SUFFIXES = _CSV + _XLSX + _JSON_LINES


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
    suffix = path.suffix.casefold()
    if suffix not in SHEET_SUFFIXES and path.is_file():
        hint = "Save it as .xlsx or .csv" if suffix in (".xls", ".xlsb", ".ods", ".numbers", ".gsheet") else (
            did_you_mean(suffix, SHEET_SUFFIXES))  # fmt: skip
        raise unreadable(path.name, f"'{suffix or path.name}' is no kind of sheet that rushes reads. {hint}")
    return parse_sheets(read_content(path), name=path.name, key=_key_of(path, root))


def parse_sheets(content: bytes, *, name: str, key: str) -> list[Sheet]:
    """Read the bytes of a sheet; its name's extension says of which kind it is, CSV where it has none.

    Raises:
        SheetError: it is not what its name says.
    """
    from rushes.labels.sheets.csv import parse_csv
    from rushes.labels.sheets.jsonl import parse_json_lines
    from rushes.labels.sheets.xlsx import parse_workbook

    suffix = Path(name).suffix.casefold()
    if suffix in _XLSX:
        return parse_workbook(content, name=name, key=key)
    if suffix in _JSON_LINES:
        return [parse_json_lines(content, name=name, key=key)]
    return [parse_csv(content, name=name, key=key)]


def read_content(path: Path) -> bytes:
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
