"""Workbooks that reach too far, or are packed to fill the memory."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from rushes.errors import SheetError
from rushes.labels.sheets.files import parse_sheets

Cells = dict[tuple[int, int], str]
TABLE: Cells = {(0, 0): "frame", (0, 1): "class", (1, 0): "a", (1, 1): "Rare"}


def workbook(cells: Cells, *, formats: tuple[tuple[int, int], ...] = ()) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        page = book.add_worksheet()
        for (row, column), text in cells.items():
            page.write_string(row, column, text)
        bold = book.add_format({"bold": True})
        for row, column in formats:
            page.write_blank(row, column, None, bold)
    return content.getvalue()


def repacked(content: bytes, change: Callable[[bytes], bytes], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.namelist():
            new.writestr(one, change(old.read(one)) if one == part else old.read(one))
    return packed.getvalue()


def rows(content: bytes) -> list[tuple[str, ...]]:
    (sheet,) = parse_sheets(content, name="x.xlsx", key="x")
    return list(sheet.rows)


def test_a_cell_in_the_last_corner_is_named_before_memory_is_taken_for_all_between() -> None:
    content = workbook({**TABLE, (1048575, 16383): "x"})
    with pytest.raises(SheetError) as raised:
        rows(content)
    assert str(raised.value) == (
        "x.xlsx: a worksheet (sheet1.xml) reaches to XFD1048576: 1,048,576 rows of 16,384 columns, 17,179,869,184 "
        "cells, and rushes reads 40,000,000. Delete what stands there by mistake, or save the sheet as .csv"
    )
    with pytest.raises(SheetError, match=r"reaches to XFD1 and A1048576"):
        rows(workbook({**TABLE, (0, 16383): "x", (1048575, 0): "y"}))


def test_wide_tables_low_ones_and_formats_of_empty_cells_are_read() -> None:
    assert rows(workbook(TABLE, formats=((1048575, 16383),))) == [("a", "Rare")]
    wide = workbook({**TABLE, **{(0, column): f"c{column}" for column in range(2, 300)}})
    assert len(rows(wide)[0]) == 300
    assert len(rows(workbook({**TABLE, (20000, 1): "Rare"}))) == 20000


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'r="XFD1048576"', b"r='XFD1048576'"),
        lambda text: text.replace(b'r="XFD1048576"', b'r="&#88;FD1048576"'),
        lambda text: text.replace(b'<c r="XFD1048576" t="s">', b'<c t="s"\n r = "XFD1048576">'),
        lambda text: text.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda text: re.sub(rb"(<c )", rb"<!-- " + b"x" * (1 << 20) + rb" -->\1", text),
    ],
)
def test_it_is_found_in_whatever_way_it_is_written(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SheetError, match=r"reaches to XFD1048576"):
        rows(repacked(workbook({**TABLE, (1048575, 16383): "x"}), change))


def test_a_part_that_unpacks_to_far_more_than_a_table_does_is_refused() -> None:
    content = repacked(workbook(TABLE), lambda text: text.replace(b"<sheetData>", b" " * (70 << 20) + b"<sheetData>"))
    with pytest.raises(SheetError, match=r"sheet1.xml unpacks to 73,\d{3},\d{3} bytes out of"):
        rows(content)


def test_a_damaged_workbook_is_said_to_be_none(tmp_path: Path) -> None:
    content = bytearray(workbook(TABLE))
    content[60:90] = b"\xff" * 30
    with pytest.raises(SheetError, match="not an XLSX workbook"):
        rows(bytes(content))
