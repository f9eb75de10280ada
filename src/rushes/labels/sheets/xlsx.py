"""XLSX workbooks as sheets, every cell read as text."""

from __future__ import annotations

import re
from dataclasses import replace

from rushes.labels.sheet import Sheet, sheet_of_page, unreadable
from rushes.labels.sheets.xlsx_extent import check_extents

_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TIME_OF_DAY = re.compile(r"1899-12-3[01] (\d{2}:\d{2}:\d{2}(?:\.\d+)?)")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2}) 00:00:00")


def parse_workbook(content: bytes, *, name: str, key: str) -> list[Sheet]:
    """Read the visible worksheets that are not empty.

    Text stays as it is ("007"), a whole number has no decimals, a date reads `2026-11-20`, a time of day
    `00:01:30`, and a cell whose formula failed is empty.

    Raises:
        SheetError: the content is no workbook, is locked with a password, reaches too far, or is empty throughout.
    """
    import fastexcel

    if content.startswith(_OLD_OR_LOCKED):
        raise unreadable(
            name, "the workbook is locked with a password or of the old .xls kind. Save it as .xlsx without a password"
        )
    check_extents(content, name=name)
    try:
        workbook = fastexcel.read_excel(content)
        filled: list[tuple[str, list[list[str]]]] = []
        for title in workbook.sheet_names:
            page = workbook.load_sheet(title, header_row=None, skip_rows=0, dtypes="string")
            if page.visible == "visible" and page.height and page.width:
                filled.append((title, [[_as_cell(cell) for cell in row] for row in page.to_polars().iter_rows()]))
    except fastexcel.FastExcelError as error:
        raise unreadable(name, "this is not an XLSX workbook. Save the sheet as .xlsx or .csv again") from error
    found = {title: sheet for title, rows in filled if (sheet := sheet_of_page(rows, name=title, key=f"{key}#{title}"))}
    if not found:
        raise unreadable(name, "the workbook is empty")
    several = len(found) > 1
    return [replace(sheet, name=f"{name} [{title}]" if several else name) for title, sheet in found.items()]


def _as_cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    for pattern in (_TIME_OF_DAY, _MIDNIGHT):
        match = pattern.fullmatch(text)
        if match is not None:
            return match[1]
    return text
