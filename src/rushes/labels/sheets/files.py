"""Files and folders as sheets: which reader what is in them asks for."""

from __future__ import annotations

from pathlib import Path

from rushes.errors import did_you_mean
from rushes.labels.sheet import Sheet, unreadable
from rushes.project import PROJECT_FILE

_CSV = (".csv", ".tsv", ".txt")
_XLSX = (".xlsx", ".xlsm")
_JSON_LINES = (".jsonl", ".jl", ".ndjson")
_JSON = (".json",)
_XML = (".xml",)
_ARCHIVES = (".zip",)
_PARQUET = (".parquet",)
SHEET_SUFFIXES = _CSV + _XLSX + _JSON_LINES + _JSON + _XML + _ARCHIVES + _PARQUET
_MOST_BYTES = 1 << 30  # of a file that is read whole


def read_sheets(path: Path, *, root: Path | None = None, catalogued: bool = True) -> list[Sheet]:
    """Read every table that holds something.

    Among texts the content decides what a file is, not its suffix: an export of Label Studio or CVAT may be called
    anything.

    Args:
        path: a CSV, TSV, XLSX, JSON Lines, JSON, XML, ZIP or Parquet file, or a folder of classes.
        root: the project's folder, so that a sheet inside it keeps its key when the project is moved.
        catalogued: whether the catalog keeps what it states, so that something can be taken back.

    Returns:
        one sheet; for a workbook the visible worksheets that are not empty, in their order; for an export of CVAT its
        images and its tracks; for a dataset one for each of its parts.

    Raises:
        SheetError: the file is missing, empty, locked, too large, of another kind, or not what its name says.
    """
    if path.is_dir():
        return _read_folder(path, root)
    suffix, key = path.suffix.casefold(), _key_of(path, root)
    if suffix not in SHEET_SUFFIXES and path.is_file():
        hint = "Save it as .xlsx or .csv" if suffix in (".xls", ".xlsb", ".ods", ".numbers", ".gsheet") else (
            did_you_mean(suffix, SHEET_SUFFIXES))  # fmt: skip
        raise unreadable(path.name, f"'{suffix or path.name}' is no kind of sheet that rushes reads. {hint}")
    if suffix in _PARQUET and path.is_file():
        return [_read_table(path, key)]
    return [
        _placed(sheet, path)
        for sheet in parse_sheets(read_content(path, catalogued=catalogued), name=path.name, key=key)
    ]


def parse_sheets(content: bytes, *, name: str, key: str) -> list[Sheet]:
    """Read the bytes of a sheet; its content says of which kind it is, and where that is plain text its name.

    Raises:
        SheetError: it is of no kind that is read, or not what its name says.
    """
    from rushes.labels.sheets.csv import parse_csv
    from rushes.labels.sheets.cvat import parse_cvat, parse_cvat_archive
    from rushes.labels.sheets.json import parse_json
    from rushes.labels.sheets.jsonl import parse_json_lines
    from rushes.labels.sheets.xlsx import parse_workbook

    suffix = Path(name).suffix.casefold()
    if suffix in _XLSX:
        return parse_workbook(content, name=name, key=key)
    if suffix in _ARCHIVES:
        return parse_cvat_archive(content, name=name, key=key)
    start = content[:256].removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix in _XML or start.startswith((b"<?xml", b"<annotations")):
        return parse_cvat(content, name=name, key=key)
    if suffix in _JSON or start.startswith((b"[{", b"[\n", b"[\r", b"[ ")):
        return [parse_json(content, name=name, key=key)]
    if suffix in _JSON_LINES:
        return [parse_json_lines(content, name=name, key=key)]
    return [parse_csv(content, name=name, key=key)]


def _read_folder(folder: Path, root: Path | None) -> list[Sheet]:
    """Read the metadata files of a dataset where they state classes, and otherwise its class folders."""
    from rushes.labels.sheets.folders import has_answers, metadata_files, read_class_folders

    if (folder / PROJECT_FILE).is_file():
        raise unreadable(str(folder), "this is a project's folder; name the sheet, or the folder of classes, in it")
    try:
        files = metadata_files(folder)
    except OSError as error:
        raise unreadable(str(folder), f"the folder cannot be listed ({error.strerror})") from error
    found = [sheet for path in files for sheet in read_sheets(path, root=root) if has_answers(sheet)]
    return found or [read_class_folders(folder.resolve(), name=folder.name or str(folder), key=_key_of(folder, root))]


def _read_table(path: Path, key: str) -> Sheet:
    from rushes.labels.sheets.class_names import name_classes, read_class_names
    from rushes.labels.sheets.parquet import read_parquet

    sheet, names = read_parquet(path, name=path.name, key=key)
    return _placed(name_classes(sheet, read_class_names(path.resolve().parent) | names), path, named=True)


def _placed(sheet: Sheet, path: Path, *, named: bool = False) -> Sheet:
    """Return the sheet of a dataset's metadata with whole paths, and names in place of the numbers of classes."""
    from rushes.labels.sheets.class_names import name_classes, read_class_names
    from rushes.labels.sheets.folders import METADATA, place_files

    if path.name.casefold() not in METADATA:
        return sheet
    folder = path.resolve().parent
    placed = place_files(sheet, folder)
    return placed if named else name_classes(placed, read_class_names(folder))


def read_content(path: Path, *, catalogued: bool = True) -> bytes:
    """Return the bytes of a file, or raise SheetError with what to do about it; `catalogued` as of `read_sheets`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise unreadable(path.name, "the file is larger than 1 GiB. Divide it, or save the table as .parquet")
        content = path.read_bytes()
    except FileNotFoundError:
        raise unreadable(str(path), "there is no such file. Check the name") from None
    except PermissionError as error:
        raise unreadable(str(path), "may not be read: close it in other programs, or check its permissions") from error
    except OSError as error:
        raise unreadable(str(path), f"cannot be read ({error.strerror})") from error
    if not content.strip():
        way_out = (
            ""
            if not catalogued
            else '. To take back all that it stated, leave one line with its keys: {"frame": null, "class": null}'
            if path.suffix.casefold() in _JSON_LINES
            else ". To take back all that it stated, leave its header"
            if path.suffix.casefold() in _CSV
            else ""
        )
        raise unreadable(path.name, f"the file is empty{way_out}")
    return content


def _key_of(path: Path, root: Path | None) -> str:
    whole = path.resolve()
    if root is not None and whole.is_relative_to(root.resolve()):
        return whole.relative_to(root.resolve()).as_posix()
    return whole.as_posix()
