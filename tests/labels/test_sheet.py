from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import xlsxwriter

from rushes.errors import SheetError
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.csv import parse_csv
from rushes.labels.sheets.files import read_sheets

TABLE = [["file", "class"], ["a.jpg", "MS"], ["007", "Grüße"]]


def write_workbook(path: Path, *pages: list[list[object]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        formats = {
            datetime.date: book.add_format({"num_format": "dd.mm.yyyy"}),
            datetime.time: book.add_format({"num_format": "hh:mm:ss"}),
        }
        for page in pages:
            worksheet = book.add_worksheet()
            for row, cells in enumerate(page):
                for column, cell in enumerate(cells):
                    if isinstance(cell, datetime.date | datetime.time):
                        worksheet.write_datetime(row, column, cell, formats[type(cell)])
                    elif isinstance(cell, str):
                        worksheet.write_string(row, column, cell)
                    else:
                        worksheet.write(row, column, cell)
    return path


def read_one(path: Path) -> Sheet:
    [sheet] = read_sheets(path)
    return sheet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimited_files_of_every_office_read_the_same(tmp_path: Path, encoding: str, delimiter: str, line_end: str):
    path = tmp_path / "labels.csv"
    path.write_bytes(line_end.join(delimiter.join(row) for row in TABLE).encode(encoding))
    sheet = read_one(path)
    assert (sheet.columns, sheet.rows) == (("file", "class"), (("a.jpg", "MS"), ("007", "Grüße")))


def test_the_delimiter_is_the_one_that_keeps_rows_as_wide_as_the_header(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("file, as typed;class\na.jpg;MS\nb, c.jpg;CS\n")
    assert read_one(path).columns == ("file, as typed", "class")


def test_the_line_that_tells_excel_the_delimiter_is_honoured(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("sep=;\r\nfile;class\r\na,b.jpg;MS\r\n")
    sheet = read_one(path)
    assert sheet.columns == ("file", "class")
    assert sheet.rows == (("a,b.jpg", "MS"),)
    assert sheet.first_row == 3


def test_quoted_cells_hold_delimiters_line_ends_and_quotes(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text('file,note\n"a,1.jpg","two\nlines, ""quoted"""\nb.jpg,"an "odd" one"\n')
    assert read_one(path).rows[0] == ("a,1.jpg", 'two\nlines, "quoted"')


def test_blank_rows_are_counted_and_short_rows_filled(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("\nfile,class,note\na.jpg\n\n,,\nb.jpg,MS,x,extra\n\n\n")
    sheet = read_one(path)
    assert sheet.first_row == 3
    assert sheet.rows == (("a.jpg", "", ""), ("", "", ""), ("", "", ""), ("b.jpg", "MS", "x", "extra"))


def test_a_quotation_mark_that_is_never_closed_is_named_with_its_row(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text('file,class\na.jpg,MS\n"b.jpg,MS\nc.jpg,MS\n')
    with pytest.raises(SheetError, match=r"labels\.csv, row 3: a quotation mark is opened here and never closed"):
        read_sheets(path)


def test_a_workbook_is_read_as_text(tmp_path: Path):
    path = write_workbook(
        tmp_path / "labels.xlsx",
        [
            [],
            ["code", "whole", "half", "day", "time", " spaced ", "blank"],
            ["007", 7, 7.5, datetime.date(2026, 11, 20), datetime.time(0, 1, 30), " x ", None],
            [],
            [None, 12.0, None, None, None, "y", None, "a remark to the right of the header"],
        ],
    )
    sheet = read_one(path)
    assert sheet.name == "labels.xlsx"
    assert sheet.columns == ("code", "whole", "half", "day", "time", "spaced", "blank")
    assert sheet.first_row == 3
    assert sheet.rows == (
        ("007", "7", "7.5", "2026-11-20", "00:01:30", " x ", ""),
        ("",) * 7,
        ("", "12", "", "", "", "y", ""),
    )


def test_a_workbook_of_several_worksheets_names_each(tmp_path: Path):
    path = write_workbook(tmp_path / "labels.xlsx", [["a"], ["1"]], [], [["b"], ["2"]])
    assert [(sheet.name, sheet.columns) for sheet in read_sheets(path)] == [
        ("labels.xlsx [Sheet1]", ("a",)),
        ("labels.xlsx [Sheet3]", ("b",)),
    ]


def test_a_hidden_worksheet_is_left_out(tmp_path: Path):
    path = tmp_path / "labels.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("shown").write(0, 0, "a")
        old = book.add_worksheet("old")
        old.write(0, 0, "b")
        old.hide()
    assert [sheet.columns for sheet in read_sheets(path)] == [("a",)]


def test_json_lines_have_the_union_of_their_keys_as_columns(tmp_path: Path):
    path = tmp_path / "labels.jsonl"
    path.write_text('{"file": "a.jpg", "ordinal": 7}\n\n{"file": "b.jpg", "class": null, "ok": true, "s": 0.10}\n')
    sheet = read_one(path)
    assert sheet.columns == ("file", "ordinal", "class", "ok", "s")
    assert sheet.first_row == 1
    assert sheet.rows == (
        ("a.jpg", "7", "", "", ""),
        ("", "", "", "", ""),
        ("b.jpg", "", "", "true", "0.10"),
        ("", "", "", "", ""),
    )


def test_all_lines_that_are_no_json_object_are_named(tmp_path: Path):
    path = tmp_path / "labels.jl"
    path.write_text('{"file": "a.jpg"}\n{oops\n[1]\n')
    with pytest.raises(SheetError) as caught:
        read_sheets(path)
    assert [fault.row for fault in caught.value.faults] == [2, 3]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty"),
        ("spaces.csv", b" \r\n \n", "empty"),
        ("commas.csv", b",,\n,,\n", "empty"),
        ("empty.xlsx", b"", "empty"),
        ("empty.jsonl", b"\n", "empty"),
        ("braces.jsonl", b"{}\n", "holds no row"),
        ("latin.jsonl", b'{"a": "\xff"}', "not UTF-8"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text"),
        ("workbook.csv", b"PK\x03\x04rest", "rename it to .xlsx"),
        ("text.xlsx", b"file,class\n", "not an XLSX workbook"),
        ("half.xlsx", b"PK\x03\x04" + b"0" * 99, "not an XLSX workbook"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as .xlsx"),
        ("film.mp4", b"mp4", "no kind of sheet"),
        ("labels.cvs", b"a,b", "Did you mean '.csv'"),
    ],
)
def test_what_is_no_sheet_is_refused_with_advice(tmp_path: Path, name: str, content: bytes, says: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SheetError, match=says) as caught:
        read_sheets(tmp_path / name)
    assert name in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(SheetError, match="no such file"):
        read_sheets(tmp_path / "labels.csv")
    with pytest.raises(SheetError, match="there is no picture in a class folder"):
        read_sheets(tmp_path)


def test_an_empty_workbook_is_refused(tmp_path: Path):
    with pytest.raises(SheetError, match="the workbook is empty"):
        read_sheets(write_workbook(tmp_path / "labels.xlsx", [], []))


def test_sheets_of_one_name_in_two_folders_have_two_keys(tmp_path: Path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "labels.csv").write_text("a\n1\n")
    one, two = (read_sheets(tmp_path / folder / "labels.csv", root=tmp_path)[0] for folder in ("one", "two"))
    assert (one.key, two.key) == ("one/labels.csv", "two/labels.csv")
    assert read_sheets(tmp_path / "one" / "labels.csv", root=tmp_path / "two")[0].key.endswith("one/labels.csv")


def test_a_worksheet_keeps_its_key_when_another_is_added(tmp_path: Path):
    path = tmp_path / "labels.xlsx"
    alone = read_one(write_workbook(path, [["a"], ["1"]])).key
    assert read_sheets(write_workbook(path, [["a"], ["1"]], [["b"], ["2"]]))[0].key == alone


def test_words_of_another_alphabet_are_not_read_as_western_ones() -> None:
    content = "FRAME;METADATA\nA_01;кот, собака\n".encode("cp1251")
    with pytest.raises(SheetError, match=r"the file is not UTF-8, .* look foreign: 'êîò'\. Save it as"):
        parse_csv(content, name="sheet.csv", key="k")
    western = "FRAME;METADATA\nA_01;café, Bär, naïve, Übermut, Æ\n".encode("cp1252")
    assert parse_csv(western, name="sheet.csv", key="k").rows[0][1] == "café, Bär, naïve, Übermut, Æ"


def test_a_cell_that_is_too_long_is_not_called_an_open_quotation_mark() -> None:
    with pytest.raises(SheetError, match="row 2: a cell has more than 131,072 characters"):
        parse_csv(b"FRAME,CLASS\nA_01," + b"x" * 140_000 + b"\n", name="sheet.csv", key="k")
