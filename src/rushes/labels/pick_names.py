"""Picks by lists of names: what Lightroom, Capture One and Photo Mechanic export, or a person types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rushes.errors import UsageError, did_you_mean
from rushes.footage.stems import find_stems, fold_stem
from rushes.labels.frame_index import FrameIndex, FrameRef, Miss
from rushes.labels.pick_marks import MarkRule, judge_marks
from rushes.labels.picks import PickPhotograph, Said, Told
from rushes.labels.sheet import Sheet, fold_name, is_blank, unreadable
from rushes.xmp.marks import MOST_STARS, REJECTED, Flag, Marks

MARK_COLUMNS: Mapping[Literal["rating", "label", "flag"], tuple[str, ...]] = {
    "rating": ("rating", "stars", "star rating", "xmp rating"),
    "label": ("label", "color label", "colour label", "color", "colour", "color tag", "color class"),
    "flag": ("flag", "pick", "picked", "pick status", "flagged", "tagged"),
}
_PICKED = frozenset({"pick", "picked", "1", "yes", "true", "flagged", "tagged", "select", "selected", "x"})
_REFUSED = frozenset({"reject", "rejected", "-1"})
_NOT_FLAGGED = frozenset({"", "0", "no", "false", "unflagged", "none", "unpicked", "untagged"})
_STARS = re.compile(r"[★*⭐]{1,5}")
_ROWS_LOOKED_AT = 500  # for a column of names


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name of a list with the marks beside it, or what is wrong with them; None where the list has no marks."""

    text: str
    place: str
    marks: Marks | str | None = None


def tell_names(
    photographs: Sequence[PickPhotograph],
    refs: Sequence[FrameRef],
    sheets: Sequence[Sheet],
    rule: MarkRule,
    *,
    column: str | None = None,
) -> Told:
    """Return what lists say of photographs.

    A name is a file's name or stem, a path, or the name of a picture that was made of it (`find_stems`). A list with
    a column of ratings, labels or flags is judged by them; in any other each name is a pick.

    Args:
        refs: of the photographs.
        column: header of the column of names; None takes the one that names most photographs.

    Raises:
        SheetError: no column holds names of photographs.
        UsageError: there is no such column.
    """
    finder = _Finder(photographs, refs)
    entries = [
        (sheet, entry) for sheet in sheets for entry in _entries(sheet, finder, column, is_only=len(sheets) == 1)
    ]
    said: dict[str, list[Said]] = {}
    unclear: set[str] = set()
    problems: list[str] = []
    unmatched: list[str] = []
    for sheet, entry in entries:
        found = finder.find(entry.text)
        if isinstance(found, _NotOne):
            (problems if found.frames else unmatched).append(f"{entry.place}: {found.reason}")
            unclear |= found.frames
        elif isinstance(entry.marks, str):
            problems.append(f"{entry.place}: {entry.marks}")
            unclear.add(found)
        elif entry.marks is None:
            said.setdefault(found, []).append(Said("pick", entry.place, sheet.key))
        else:
            said.setdefault(found, []).extend(judge_marks(entry.marks, rule, place=entry.place, sheet=sheet.key))
    spoken = {frame: each for frame, each in said.items() if each}
    keys = tuple(dict.fromkeys(sheet.key for sheet, _ in entries)) or tuple(sheet.key for sheet in sheets)
    return Told(spoken, keys, frozenset(unclear - spoken.keys()), tuple(problems), tuple(unmatched))


@dataclass(frozen=True, slots=True)
class _NotOne:
    """Why a name is of no one photograph; the frames that it may be of."""

    reason: str
    frames: frozenset[str] = frozenset()


class _Finder:
    """Which photograph a name states."""

    def __init__(self, photographs: Sequence[PickPhotograph], refs: Sequence[FrameRef]) -> None:
        self._index = FrameIndex(refs)
        self._by_stem: dict[str, list[PickPhotograph]] = {}
        for one in photographs:
            for stem in dict.fromkeys(fold_stem(file.stem) for file in one.files):
                self._by_stem.setdefault(stem, []).append(one)

    def is_name(self, text: str) -> bool:
        """Return whether a cell names a photograph, or several."""
        found = self.find(text)
        return isinstance(found, str) or bool(found.frames)

    def find(self, text: str) -> str | _NotOne:
        exact = self._index.frame(text) if text.strip() else Miss("the cell is empty", "")
        if isinstance(exact, FrameRef):
            return exact.id
        base = text.replace("\\", "/").rpartition("/")[2].strip()
        # What is no extension is a part of the name: `Smith 1.2`.
        stems = find_stems(base, self._by_stem) or find_stems(PurePosixPath(base).stem, self._by_stem)
        named = {one.frame: one for stem in stems for one in self._by_stem[stem]}
        if len(named) == 1 and not exact.ambiguous:
            return next(iter(named))
        if not named:
            hint = self._index.suggest(exact.wanted) if exact.wanted else ""
            return _NotOne(f"{exact.message}. {hint or 'Check the name, or name the place of its shoot too'}")
        shown = ", ".join(f"{one.files[0]}" for one in list(named.values())[:3])
        return _NotOne(
            f"'{text}' may be any of {len(named)} photographs: {shown}. Write as much of the path as tells them apart, "
            "or name the shoot alone in place of all of them",
            frozenset(named),
        )


def _entries(sheet: Sheet, finder: _Finder, column: str | None, *, is_only: bool) -> Iterator[_Entry]:
    if column is None and any(finder.is_name(cell) for cell in sheet.columns if cell):
        yield from _entries_without_header(sheet, finder)
        return
    at = _name_column(sheet, finder, column)
    if at is None:
        if is_only:
            raise unreadable(
                sheet.name,
                "no column holds names of photographs of these places. Name it with --column, or take the photographs "
                f"in first: rushes ingest PLACE --shoots. Found: {', '.join(repr(one) for one in sheet.columns)}",
            )
        return
    marks = _mark_columns(sheet, at)
    for number, row in enumerate(sheet.rows, start=sheet.first_row):
        if row[at].strip():
            place = f"{sheet.name}, {sheet.place(number)}"
            yield _Entry(row[at].strip(), place, _marks_of(row, marks) if marks else None)


def _entries_without_header(sheet: Sheet, finder: _Finder) -> Iterator[_Entry]:
    """Give every cell of a list whose first line is a name already; of a table, those of the column of names."""
    lines = [sheet.columns, *sheet.rows]
    wide = [line for line in lines if sum(finder.is_name(cell) for cell in line if cell.strip()) > 1]
    only = None if wide else next(place for place, cell in enumerate(sheet.columns) if finder.is_name(cell))
    for number, line in enumerate(lines, start=sheet.first_row - 1):
        for place, cell in enumerate(line):
            if cell.strip() and only in (None, place) and not is_blank(line):
                yield _Entry(cell.strip(), f"{sheet.name}, row {number}")


def _name_column(sheet: Sheet, finder: _Finder, column: str | None) -> int | None:
    """Return where the column of names is; None where there is none."""
    if column is not None:
        folded = [fold_name(name) for name in sheet.columns]
        if fold_name(column) not in folded:
            raise UsageError(f"--column {column}: {sheet.name} has no such column. "
                             f"{did_you_mean(column, [name for name in sheet.columns if name])}")  # fmt: skip
        return folded.index(fold_name(column))
    rows = sheet.rows[:_ROWS_LOOKED_AT]
    counts = [sum(finder.is_name(row[at]) for row in rows if row[at].strip()) for at in range(len(sheet.columns))]
    best = max(counts, default=0)
    return counts.index(best) if best else None


def _mark_columns(sheet: Sheet, names_at: int) -> dict[str, int]:
    folded = [fold_name(name) for name in sheet.columns]
    found: dict[str, int] = {}
    for mark, headers in MARK_COLUMNS.items():
        at = next((folded.index(fold_name(one)) for one in headers if fold_name(one) in folded), None)
        if at is not None and at != names_at:
            found[mark] = at
    return found


def _marks_of(row: Sequence[str], columns: Mapping[str, int]) -> Marks | str:
    """Return what a row says, or what is wrong with it."""
    cells = {mark: row[at].strip() for mark, at in columns.items()}
    try:
        return Marks(_rating(cells.get("rating", "")), cells.get("label") or None, _flag(cells.get("flag", "")))
    except ValueError as error:
        return str(error)


def _rating(text: str) -> int | None:
    if not text:
        return None
    if _STARS.fullmatch(text):
        return len(text)
    if text.casefold() in _REFUSED:
        return REJECTED
    if re.fullmatch(r"[0-9](\.0+)?", text) and int(text[0]) <= MOST_STARS:
        return int(text[0])
    raise ValueError(f"'{text}' is no rating. Allowed: 0 to {MOST_STARS}, -1 for a reject, or stars")


def _flag(text: str) -> Flag | None:
    folded = text.casefold()
    if folded in _NOT_FLAGGED:
        return None
    if folded in _PICKED:
        return "pick"
    if folded in _REFUSED:
        return "reject"
    raise ValueError(f"'{text}' is no flag. Allowed: pick, reject, or nothing")
