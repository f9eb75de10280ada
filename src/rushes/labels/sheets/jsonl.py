"""JSON Lines as a sheet: an object per line, its keys the columns."""

from __future__ import annotations

import json
from typing import Any

from rushes.errors import Fault, SheetError
from rushes.labels.sheet import Sheet, unreadable


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
            records.append({str(field).strip(): _as_cell(value) for field, value in record.items()})
        else:
            faults.append(
                Fault(name, number, None, 'a line must be an object such as {"file": "a.jpg", "class": "MS"}')
            )
    if faults:
        raise SheetError(faults)
    columns = tuple(dict.fromkeys(field for record in records for field in record))
    if not columns:
        raise unreadable(name, "the file holds no row")
    rows = tuple(tuple(record.get(field, "") for field in columns) for record in records)
    return Sheet(name, columns, rows, key=key, first_row=1)


def _as_cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
