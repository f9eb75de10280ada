"""The names of a dataset's classes, for answers that are numbers: from its README, dataset_info.json or Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rushes.labels.sheet import Sheet

Names = tuple[str, ...]

_FOLDERS_UP = 2  # beside the file, and in the folder above that of its split
_MOST_BYTES = 4 << 20
_ITEM = re.compile(r"""(?P<indent>\s*)(?:-\s+)?(?P<key>'[^']*'|"[^"]*"|[^\s:#'"][^:#]*?)\s*:(?:\s+(?P<value>.*))?$""")


def name_classes(sheet: Sheet, names_of: Mapping[str, Names]) -> Sheet:
    """Return a sheet whose numbers are the names of classes, in the columns for which these are known.

    A number that is too large stays as it is, so that it is named as a fault.
    """
    named = {index: names_of[column] for index, column in enumerate(sheet.columns) if column in names_of}
    if not named:
        return sheet
    rows = tuple(
        tuple(_name_of(cell, named[index]) if index in named else cell for index, cell in enumerate(row))
        for row in sheet.rows
    )
    return replace(sheet, rows=rows)


def read_class_names(folder: Path) -> dict[str, Names]:
    """Return column -> the names of its classes, as the files of a dataset beside or above a folder state them.

    Read are `dataset_info.json`, `dataset_infos.json` and the header of `README.md`; the nearest folder counts.
    """
    place = folder
    for _ in range(_FOLDERS_UP):
        found: dict[str, Names] = {}
        for name in ("README.md", "dataset_infos.json", "dataset_info.json"):
            text = _text_of(place / name)
            if text:
                found |= names_in_card(text) if name.endswith(".md") else names_in_json(text)
        if found:
            return found
        place = place.parent
    return {}


def names_in_json(text: str) -> dict[str, Names]:
    """Return column -> names of every `ClassLabel` in JSON as the library `datasets` writes it, at any depth."""
    try:
        return _class_labels(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def names_in_card(text: str) -> dict[str, Names]:
    """Return column -> names of every `class_label` in the YAML header of a dataset's card.

    Only the layout that the Hub writes is understood: a feature's `name`, then below its `dtype` the `class_label`
    with `names`, each a line `'0': cat` or `- cat`. Lines with numbers may stand in any order; where these do not count
    up from 0 without a gap, nobody knows which name a number means, and the column has none.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in (line.strip() for line in lines[1:]):
        return {}
    stated: dict[str, list[tuple[int, str]]] = {}
    feature, deep, names = "", -1, list[tuple[int, str]]()
    for line in lines[1:]:
        if line.strip() == "---":
            break
        depth = len(line) - len(line.lstrip())
        item = _ITEM.fullmatch(line)
        key, value = (_bare(item["key"]), _bare(item["value"] or "")) if item else ("", "")
        if deep >= 0 and line.strip() and (depth > deep or (depth == deep and line.lstrip().startswith("- "))):
            is_numbered = bool(item) and key.isdecimal()
            name = value if is_numbered else _bare(line.strip().removeprefix("- "))
            names.append((int(key) if is_numbered else len(names), name))
            stated[feature] = names
            continue
        if line.strip():
            deep = -1
        if key == "name":
            feature = value
        elif key == "names" and not value and feature:
            deep, names = depth, []
    return {
        column: tuple(name for _, name in sorted(numbered))
        for column, numbered in stated.items()
        if sorted(number for number, _ in numbered) == list(range(len(numbered)))
    }


def _class_labels(value: Any, column: str = "") -> dict[str, Names]:
    if isinstance(value, list):
        return {name: names for item in value for name, names in _class_labels(item).items()}
    if not isinstance(value, dict):
        return {}
    names = value.get("names")
    if column and value.get("_type") == "ClassLabel" and isinstance(names, list):
        return {column: tuple(map(str, names))}
    return {name: names for key, inner in value.items() for name, names in _class_labels(inner, str(key)).items()}


def _name_of(cell: str, names: Names) -> str:
    text = cell.strip().removesuffix(".0")
    return names[int(text)] if re.fullmatch(r"\d{1,6}", text) and int(text) < len(names) else cell


def _bare(text: str) -> str:
    word = text.strip()
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word


def _text_of(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
