"""JSON documents as sheets: exports of Label Studio, and lists of objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rushes.labels.sheet import Sheet, unreadable
from rushes.labels.sheets.jsonl import sheet_of_records
from rushes.labels.sheets.label_studio import is_of_label_studio, parse_tasks

_MOST_BYTES = 256 << 20  # a document takes some ten times as much in memory


def parse_json(content: bytes, *, name: str, key: str) -> Sheet:
    """Read a list of objects, or a single one: tasks of Label Studio, or rows whose keys are the columns.

    Raises:
        SheetError: the content is not JSON, holds no object, or is larger than 256 MiB.
    """
    if len(content) > _MOST_BYTES:
        raise unreadable(name, "the JSON is larger than 256 MiB. Export the project in parts")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise unreadable(name, "this is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise unreadable(name, f"not JSON ({error.msg})", row=error.lineno) from error
    except (RecursionError, ValueError) as error:
        raise unreadable(name, "this JSON is nested too deeply, or holds a number that is too long") from error
    items = document if isinstance(document, list) else [document]
    if not any(isinstance(item, dict) for item in items):
        raise unreadable(
            name, 'this JSON holds no object; it must be a list such as [{"file": "a.jpg", "class": "MS"}]'
        )
    if is_of_label_studio(items):
        return parse_tasks(items, name=name, key=key)
    return _sheet_of_items(items, name=name, key=key)


def _sheet_of_items(items: Sequence[Any], *, name: str, key: str) -> Sheet:
    return sheet_of_records(
        [(f"item {number}", item) for number, item in enumerate(items, start=1)], name=name, key=key
    )
