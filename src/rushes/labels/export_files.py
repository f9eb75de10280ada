"""Exported labels as files: CSV, XLSX, JSON Lines, JSON for Label Studio."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rushes.errors import UsageError, did_you_mean
from rushes.labels.export import (
    CLASS,
    RESOLVED_COLUMNS,
    STATEMENT_COLUMNS,
    ExportedFrame,
    resolved_cells,
    statement_cells,
)
from rushes.labels.label import Label
from rushes.labels.sheets.csv import mark_as_text
from rushes.labels.sheets.label_studio import PROVENANCE
from rushes.labels.trust import is_of_model
from rushes.storage.files import whole_file

_MOST_ROWS_OF_XLSX = 1_048_575  # below the header
_MOST_LETTERS_OF_XLSX = 32_767


def check_export_name(path: Path) -> None:
    """Raise UsageError unless labels can be written into a file of this name."""
    if path.suffix.casefold() not in WRITERS:
        raise UsageError(
            f"{path}: labels are not written as '{path.suffix}'. {did_you_mean(path.suffix, list(WRITERS))}"
        )


def check_new_export(path: Path, *, overwrite: bool) -> None:
    """Raise UsageError unless labels can be written into a file of this name, which is not there yet or may go."""
    check_export_name(path)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}. Check the name, or make it")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already. Name another file, or add --overwrite to replace it")


def write_export(path: Path, exported: Sequence[ExportedFrame], *, task_name: str, all_statements: bool) -> int:
    """Write labels into a file whole or not at all, in the form that its suffix names; return how many rows.

    Reading the file again gives the same labels. No cell of a table can run as a formula.

    Raises:
        UsageError: the suffix is none of `WRITERS`, or there are more rows than an XLSX worksheet holds.
    """
    check_export_name(path)
    return WRITERS[path.suffix.casefold()](path, exported, task_name, all_statements)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV or XLSX table of text whole or not at all; no cell can run as a formula.

    Raises:
        UsageError: there are more rows than an XLSX worksheet holds.
    """
    if path.suffix.casefold() == ".xlsx":
        _write_xlsx(path, columns, list(rows))
        return
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)  # where `;` is between cells, none may begin behind one
        writer.writerow([mark_as_text(column) for column in columns])
        writer.writerows([mark_as_text(cell) for cell in row] for row in rows)


def _write_sheet(path: Path, exported: Sequence[ExportedFrame], task_name: str, all_statements: bool) -> int:
    columns, rows = _table_of(exported, task_name, all_statements)
    write_table(path, columns, rows)
    return len(rows)


def _write_json_lines(path: Path, exported: Sequence[ExportedFrame], task_name: str, all_statements: bool) -> int:
    columns, rows = _table_of(exported, task_name, all_statements)
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for cells in rows:
            record: dict[str, Any] = dict(zip(columns, cells, strict=True))
            record["ordinal"] = int(record["ordinal"])
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return len(rows)


def _write_label_studio(path: Path, exported: Sequence[ExportedFrame], task_name: str, all_statements: bool) -> int:
    tasks = list(_tasks(exported, task_name, all_statements))
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write("[")
        for place, task in enumerate(tasks):
            file.write((",\n" if place else "\n") + json.dumps(task, ensure_ascii=False))
        file.write("\n]\n")
    return len(tasks)


WRITERS: dict[str, Callable[[Path, Sequence[ExportedFrame], str, bool], int]] = {
    ".csv": _write_sheet,
    ".xlsx": _write_sheet,
    ".jsonl": _write_json_lines,
    ".json": _write_label_studio,
}


def _table_of(
    exported: Sequence[ExportedFrame], task_name: str, all_statements: bool
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    columns: tuple[str, ...] = STATEMENT_COLUMNS if all_statements else RESOLVED_COLUMNS
    rows = [cells for one in exported for cells in (statement_cells(one) if all_statements else (resolved_cells(one),))]
    # A column that is called as the task would be taken for its classes, as those of a task `class` are.
    task = task_name.casefold()
    return tuple(f"{column}_" if column == task != CLASS else column for column in columns), rows


def _write_xlsx(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    import xlsxwriter

    if len(rows) > _MOST_ROWS_OF_XLSX:
        raise UsageError(
            f"{path}: a worksheet holds {_MOST_ROWS_OF_XLSX:,} rows, and these are {len(rows):,}. Write .csv"
        )
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with whole_file(path) as temporary:
        book = xlsxwriter.Workbook(str(temporary), {"constant_memory": True} | plain)
        page = book.add_worksheet("labels")
        page.freeze_panes(1, 0)
        for number, row in enumerate([columns, *rows]):
            for place, cell in enumerate(row):
                if cell:
                    page.write_string(number, place, cell[:_MOST_LETTERS_OF_XLSX])
        book.close()


def _tasks(exported: Sequence[ExportedFrame], task_name: str, all_statements: bool) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(exported, start=1):
        data = {"image": one.frame.image, "name": one.frame.name, "source": one.frame.source_name,
                "ordinal": one.frame.ordinal, "timecode": one.frame.timecode}  # fmt: skip
        if one.subjects:
            data["subjects"] = "; ".join(one.subjects)
        annotations, predictions = [], []
        if not all_statements and one.resolved is not None:
            annotations.append(_annotation(one.resolved.label, task_name, counts=True))
        for standing in one.statements:
            if is_of_model(standing.label.origin):
                if standing.fate == "prediction":
                    version = standing.label.origin.partition(":")[2]
                    result = _result(standing.label, task_name)
                    predictions.append({"model_version": version, "result": result})
            else:
                annotations.append(_annotation(standing.label, task_name, counts=standing.counts, fate=standing.fate))
        yield {"id": number, "data": data, "annotations": annotations, "predictions": predictions}


def _annotation(label: Label, task_name: str, *, counts: bool, fate: str = "stands") -> dict[str, Any]:
    provenance = {"origin": label.origin, "fate": fate, "stated_at": label.stated_at, "place": label.place,
                  "sheet": label.sheet}  # fmt: skip
    return {
        "result": _result(label, task_name),
        "was_cancelled": not counts,
        "ground_truth": False,
        "created_at": label.stated_at,
        PROVENANCE: provenance,
    }


def _result(label: Label, task_name: str) -> list[dict[str, Any]]:
    if label.class_name is None:
        return []
    value = {"choices": [label.class_name]}
    return [{"from_name": task_name, "to_name": "image", "type": "choices", "value": value}]
