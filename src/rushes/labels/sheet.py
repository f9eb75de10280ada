"""A table of text: what a file of labels holds before anybody says what its columns mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rushes.errors import Fault, SheetError


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as its author typed it; nothing is converted, "007" stays "007".

    Attributes:
        name: what messages call it: the file's name, with the worksheet where there are several.
        columns: the header, outer spaces removed; a column without a header is "".
        rows: cells as text, "" where empty. Blank rows are kept so that rows can be counted. A row of a CSV
            file may hold more cells than there are columns; none holds fewer.
        key: what tells this sheet from all others, whatever folder they are in: its path (relative to the
            project where it lies inside it), with the worksheet.
        first_row: number of `rows[0]` as a spreadsheet counts; 2 below a header in row 1.
        entries: what each row is called where nobody counts rows ("task 17"); () where rows are counted.
        faults: entries that could not be read as rows.
        digests: SHA-256 of the picture that each row names, in hex, "" where it is not at hand; () where none is. A
            picture that is not where the catalog knows it is found by it.
        former_keys: under which the same sheet may have been read before, when less was known of it.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    key: str = ""
    first_row: int = 2
    entries: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    digests: tuple[str, ...] = ()
    former_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for beside in (self.entries, self.digests):
            if beside and len(beside) != len(self.rows):
                raise ValueError(f"the sheet {self.name} has {len(self.rows)} rows and {len(beside)} words on them")
        if min(map(len, self.rows), default=len(self.columns)) < len(self.columns):
            raise ValueError(f"a row of the sheet {self.name} is shorter than its header")

    def entry(self, number: int) -> str:
        """Return what the row with a number is called; "" where rows are counted."""
        return self.entries[number - self.first_row] if self.entries else ""

    def digest(self, number: int) -> str:
        """Return the digest of the picture that the row with a number names; "" where it is not known."""
        return self.digests[number - self.first_row] if self.digests else ""

    def place(self, number: int) -> str:
        """Return what messages call the row with a number: `row 41`, `task 17`."""
        return self.entry(number) or f"row {number}"


def sheet_of_rows(rows: Sequence[Sequence[str]], *, name: str, key: str, first_row: int = 1) -> Sheet | None:
    """Return the sheet whose header is the first row that is not blank; None where all are blank.

    Args:
        rows: cells as text, of any length.
        first_row: number of `rows[0]` as a spreadsheet counts.
    """
    head = next((index for index, row in enumerate(rows) if not is_blank(row)), None)
    if head is None:
        return None
    last = next(index for index in range(len(rows) - 1, -1, -1) if not is_blank(rows[index]))
    columns = [cell.strip() for cell in rows[head]]
    while columns and not columns[-1]:
        columns.pop()
    width = len(columns)
    body = [
        tuple(row) if len(row) >= width else (*row, *[""] * (width - len(row))) for row in rows[head + 1 : last + 1]
    ]
    return Sheet(name, tuple(columns), tuple(body), key=key, first_row=first_row + head + 1)


def sheet_of_page(rows: Sequence[Sequence[str]], *, name: str, key: str) -> Sheet | None:
    """Return a worksheet without what stands to the right of its header: remarks, sums, pictures' captions."""
    sheet = sheet_of_rows(rows, name=name, key=key)
    if sheet is None:
        return None
    return replace(sheet, rows=tuple(row[: len(sheet.columns)] for row in sheet.rows))


def is_blank(row: Iterable[str]) -> bool:
    """Return whether no cell of a row holds more than spaces."""
    return not any(cell.strip() for cell in row)


def fold_name(name: str) -> str:
    """Return the letters and digits of a header or key in lower case: names with the same ones are one name."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def unreadable(name: str, message: str, *, row: int | None = None) -> SheetError:
    """Return the error for a sheet that cannot be read at all."""
    return SheetError([Fault(name, row, None, message)])
