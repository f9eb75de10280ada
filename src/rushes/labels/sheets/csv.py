"""CSV, TSV and semicolon files as sheets, in the encodings and with the delimiters that offices write."""

from __future__ import annotations

import codecs
import csv
import io
import re

from rushes.bulk import garbage_left
from rushes.labels.sheet import Sheet, is_blank, sheet_of_rows, unreadable

_DELIMITERS = (",", ";", "\t", "|")
_RECORDS_TO_SNIFF = 50
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full width too
_NOT_OF_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")


# Western words have accents among plain letters; in those of another alphabet every letter is beyond ASCII.
_HIGH_WORD = re.compile(r"[\u00c0-\u00ff]{3,}")
_WORD_WITH_HIGH = re.compile(r"[A-Za-z\u00c0-\u00ff]*[\u00c0-\u00ff][A-Za-z\u00c0-\u00ff]*")
_HIGH_WORDS_SHARE = 0.5


def parse_csv(content: bytes, *, name: str, key: str) -> Sheet:
    """Read a delimited file; the delimiter is the one under which its rows are as wide as its header.

    UTF-8 (with or without a mark), UTF-16 and, where it is neither, Windows Latin are understood, and the
    `sep=;` line that Excel honours. The apostrophe before what would be a formula is no part of a cell.

    Raises:
        SheetError: the content is no text, holds no header, or has a quotation mark that is never closed.
    """
    text = _decode(content, name=name)
    first_line, _, rest = text.partition("\n")
    if first_line.strip().casefold().startswith("sep=") and len(first_line.strip()) == 5:
        delimiter, text, first_row = first_line.strip()[4], rest, 2
    else:
        delimiter, first_row = _sniff_delimiter(text), 1
    with garbage_left():
        rows = _parse_rows(text, delimiter, name=name)
        if "'" in text:
            rows = [[_unmarked(cell) for cell in row] if "'" in "".join(row) else row for row in rows]
        sheet = sheet_of_rows(rows, name=name, key=key, first_row=first_row)
    if sheet is None:
        raise unreadable(name, "the file is empty")
    return sheet


def mark_as_text(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe before it says that it is text."""
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULAS) else cell


def _unmarked(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULAS) else cell


def _decode(content: bytes, *, name: str) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise unreadable(name, "this is a workbook named as text; rename it to .xlsx")
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = content.decode("utf-16")
        elif content[1:2] == b"\x00":
            text = content.decode("utf-16-le")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        foreign = _HIGH_WORD.findall(text)
        if len(foreign) > _HIGH_WORDS_SHARE * len(_WORD_WITH_HIGH.findall(text)):
            raise unreadable(
                name,
                f"the file is not UTF-8, and read as Windows-1252 its words look foreign: '{foreign[0]}'. Save it as "
                "CSV UTF-8",
            ) from None
    if _NOT_OF_TEXT.search(text):
        raise unreadable(name, "this is not text. Save the sheet as .csv (UTF-8) or .xlsx")
    return text


def _sniff_delimiter(text: str) -> str:
    """Return the delimiter under which most records are as wide as the header, the widest header winning."""

    def fit(delimiter: str) -> tuple[int, int]:
        widths: list[int] = []
        try:
            for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                if record and not is_blank(record):
                    widths.append(len(record))
                if len(widths) == _RECORDS_TO_SNIFF:
                    break
        except csv.Error:
            return 0, 0
        if not widths or widths[0] < 2:
            return 0, 0
        return sum(width == widths[0] for width in widths), widths[0]

    return max(_DELIMITERS, key=fit)


def _parse_rows(text: str, delimiter: str, *, name: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
        return rows
    except csv.Error as error:
        if "field larger" in str(error) and '"' not in text:
            raise unreadable(
                name, f"a cell has more than {csv.field_size_limit():,} characters. Shorten it", row=len(rows) + 1
            ) from error
        if "unexpected end" in str(error) or "field larger" in str(error):
            raise unreadable(
                name, "a quotation mark is opened here and never closed. Close it or remove it", row=len(rows) + 1
            ) from error
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise unreadable(name, f"this is not a table of cells with '{delimiter}' between them ({error})") from error
