"""JSON Lines as a sheet: an object per line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rushes.errors import Fault, SheetError
from rushes.labels.sheet import Sheet, unreadable

_EXAMPLE = '{"file": "a.jpg", "class": "MS"}'


def parse_json_lines(content: bytes, *, name: str, key: str) -> Sheet:
    """Read a file of objects; the columns are all keys in order of their first appearance.

    Numbers stay as they are written, null and a missing key are an empty cell, and rows are counted from 1
    because there is no header.

    Raises:
        SheetError: lines that are no object (all are named), or no line at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(name, "this is not UTF-8 text") from error
    records: list[dict[str, str]] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            record = json.loads(line, parse_int=str, parse_float=str, parse_constant=str) if line.strip() else {}
        except (json.JSONDecodeError, RecursionError) as error:
            faults.append(Fault(name, number, None, f"not JSON ({error})"))
            continue
        if isinstance(record, dict):
            records.append(_as_cells(record))
        else:
            faults.append(Fault(name, number, None, f"a line must be an object such as {_EXAMPLE}"))
    if faults:
        raise SheetError(faults)
    return _sheet_of_cells(records, name=name, key=key)


def sheet_of_records(records: Sequence[tuple[str, Any]], *, name: str, key: str) -> Sheet:
    """Return the sheet of objects that are called by a name each; what is no object becomes a fault of the sheet.

    Raises:
        SheetError: no object holds anything.
    """
    read = [(entry, _as_cells(record)) for entry, record in records if isinstance(record, dict)]
    faults = [
        Fault(name, None, None, f"an entry must be an object such as {_EXAMPLE}", entry=entry)
        for entry, record in records
        if not isinstance(record, dict)
    ]
    return _sheet_of_cells(
        [cells for _, cells in read],
        name=name,
        key=key,
        entries=tuple(entry for entry, _ in read),
        faults=tuple(faults),
    )


def as_cell(value: Any) -> str:
    """Return a value of JSON as the text of a cell: null as nothing, what is no text or number as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_cells(record: dict[str, Any]) -> dict[str, str]:
    return {str(field).strip(): as_cell(value) for field, value in record.items()}


def _sheet_of_cells(
    records: Sequence[dict[str, str]],
    *,
    name: str,
    key: str,
    entries: tuple[str, ...] = (),
    faults: tuple[Fault, ...] = (),
) -> Sheet:
    columns = tuple(dict.fromkeys(field for record in records for field in record))
    if not columns:
        raise unreadable(name, "the file holds no row")
    rows = tuple(tuple(record.get(field, "") for field in columns) for record in records)
    return Sheet(name, columns, rows, key=key, first_row=1, entries=entries, faults=faults)
