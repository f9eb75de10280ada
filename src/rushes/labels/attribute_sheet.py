"""Attributes from a sheet: what its columns say of frames, of whole sources or of whole groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rushes.errors import Fault, SheetError
from rushes.labels.frame_index import FrameIndex, FrameRef, Miss
from rushes.labels.parse import find_frame
from rushes.labels.sheet import Sheet, fold_name, is_blank
from rushes.labels.subjects import Subjects, parse_subjects

Key: TypeAlias = Literal["frame", "source", "group"]
Value: TypeAlias = str | float | Subjects | None

# Names of the column that says what a row is about, the likeliest first; compared by letters and digits only.
_KEYS: Mapping[Key, tuple[str, ...]] = {
    "frame": ("frame", "framename", "framenumber", "frameid", "imgref", "srcref", "srcurl", "image", "imagename",
              "filename", "file", "picture", "photo", "photograph", "path", "name"),
    "source": ("source", "sourcename", "video", "videofile", "film", "movie", "episode", "clip"),
    "group": ("group", "shoot", "groupname"),
}  # fmt: skip
_OF_ANYTHING = ("name", "file", "filename")  # columns of files and names that may as well be of films
_WORDS = ("subjects", "subject", "metadata", "tags", "keywords")  # columns whose cells hold several words
_FEWEST_NUMBERS = 6  # different ones; fewer are the names of categories, such as 1, 2, 3
_FAULTS_SHOWN = 3


class SheetFrames:
    """The judged frames among all that a sheet may be about, found by the same words as `labels import` finds them."""

    def __init__(self, judged: Sequence[FrameRef], others: Iterable[FrameRef] = ()) -> None:
        """Index.

        Args:
            judged: in the order in which their attributes are wanted, each with the group in which it is judged.
            others: frames that are known and not judged; those of `judged` may be among them.
        """
        every = {ref.id: ref for ref in others}
        groups = {ref.group for ref in every.values()}
        self.judged = tuple(judged)
        self._index = FrameIndex((every | {ref.id: ref for ref in judged}).values())
        self._places: dict[str, list[int]] = {}
        self._groups: dict[str, list[int]] = {_folded(group): [] for group in groups if group}
        for place, ref in enumerate(self.judged):
            self._places.setdefault(ref.id, []).append(place)
            if ref.group:
                self._groups.setdefault(_folded(ref.group), []).append(place)

    def find(self, key: Key, cell: str, *, source: str = "", digest: str = "") -> list[int] | Miss:
        """Return the places of the judged frames that a cell means, none where it means others that are known.

        Args:
            source: what the row says of the frame's source; overlooked where no source is called so.
            digest: SHA-256 of the frame's file where the sheet has it, for a cell that fits none.
        """
        if key == "group":
            found = self._groups.get(_folded(cell))
            return Miss(f"'{cell.strip()}' is no group of the project", "") if found is None else found
        if key == "source":
            refs = self._index.frames_of(cell)
            return refs if isinstance(refs, Miss) else self._judged_of(refs)
        is_source = bool(source.strip()) and not isinstance(self._index.frames_of(source), Miss)
        one = find_frame(self._index, cell.strip(), source=source if is_source else "")
        if isinstance(one, Miss):
            same = self._index.of_content(digest) if digest else None
            return one if same is None else self._judged_of([same])
        return self._judged_of([one])

    def suggest(self, miss: Miss) -> str:
        """Return a sentence with the known name nearest to words that missed; "" where none is near."""
        return self._index.suggest(miss.wanted) if miss.wanted else ""

    def example(self, key: Key) -> str:
        """Return what a sheet may call a judged frame, its source or its group; "" where there is none."""
        return next((name for ref in self.judged if (name := _name_of(ref, key))), "")

    def _judged_of(self, refs: Iterable[FrameRef]) -> list[int]:
        return [place for ref in refs for place in self._places.get(ref.id, ())]


@dataclass(frozen=True, slots=True)
class SheetAttributes:
    """What a sheet says of frames.

    Attributes:
        columns: name -> (frames,) value of each; a number where all of a column are numbers, several words in a column
            of subjects, None where the sheet says nothing.
        key: what the rows are about, `frame`, `source` or `group`, and what that column is called.
        unmatched: faults of the rows that fit nothing or several frames, or that contradict one before; in their order.
        elsewhere: how many rows are about what is known and not judged, as in a sheet of a whole project.
    """

    columns: Mapping[str, tuple[Value, ...]]
    key: tuple[Key, str]
    unmatched: tuple[Fault, ...] = ()
    elsewhere: int = 0

    @property
    def remark(self) -> str:
        """How many rows were of no use, the first of them; "" where all were."""
        if not self.unmatched:
            return ""
        more = len(self.unmatched) - _FAULTS_SHOWN
        shown = "; ".join(str(fault) for fault in self.unmatched[:_FAULTS_SHOWN])
        return f"{_rows(len(self.unmatched))} of the sheet could not be used: {shown}" + (
            f"; and {more:,} more" if more > 0 else ""
        )

    @property
    def note(self) -> str:
        """How many rows are about what is not judged; "" where none is."""
        if not self.elsewhere:
            return ""
        verb = "is" if self.elsewhere == 1 else "are"
        return (
            f"{_rows(self.elsewhere)} of the sheet {verb} about {self.key[0]}s of the project that are not judged here."
        )


def attributes_of_sheet(sheet: Sheet, frames: SheetFrames) -> SheetAttributes:
    """Return what a sheet says of each judged frame.

    The first column with a known name of a frame, else of a source, else of a group is the key; where the cells of a
    column called `name` or `file` fit no frame, sources and groups are looked at. Of several rows about the same frame
    the first counts. A row that names its frame's source beside it is about a frame of that source.

    Raises:
        SheetError: no column says what a row is about, there is no other column, or no row fits.
    """
    key, place = _key_column(sheet, frames)
    said, faults, elsewhere = _read_rows(sheet, frames, key, place)
    if not said:
        raise SheetError([_says_nothing(sheet, frames, (key, place), elsewhere, faults), *faults[:_FAULTS_SHOWN]])
    rows = [sheet.rows[said[one]] if one in said else None for one in range(len(frames.judged))]
    columns = {
        name: _typed(name, ["" if row is None else row[at].strip() for row in rows])
        for at, name in enumerate(sheet.columns)
        if name and at != place
    }
    if not columns:
        raise SheetError([Fault(sheet.name, None, None, f"beside '{sheet.columns[place]}' there is no column")])
    return SheetAttributes(columns, (key, sheet.columns[place]), tuple(faults), elsewhere)


def _read_rows(
    sheet: Sheet, frames: SheetFrames, key: Key, place: int
) -> tuple[dict[int, int], tuple[Fault, ...], int]:
    """Return place of a judged frame -> the first row about it, what is wrong with rows, and how many are of others."""
    said: dict[int, int] = {}
    faults: list[Fault] = []
    elsewhere = 0
    of_source = _source_column(sheet, place) if key == "frame" else None
    for number, row in enumerate(sheet.rows):
        if is_blank(row):
            continue
        found: list[int] | Miss = Miss(f"the {key} is empty", "")
        if row[place].strip():
            source = "" if of_source is None else row[of_source]
            found = frames.find(key, row[place], source=source, digest=sheet.digest(sheet.first_row + number))
        wrong = ""
        if isinstance(found, Miss):
            suggestion = frames.suggest(found) if len(faults) < _FAULTS_SHOWN and not found.ambiguous else ""
            wrong, found = f"{found.message}. {suggestion}" if suggestion else found.message, []
        elif any(one in said and _differs(sheet, place, said[one], number) for one in found):
            wrong = f"'{row[place].strip()}' is there already and the first row counts"
        elif not found:
            elsewhere += 1
        if wrong:
            faults.append(Fault(sheet.name, sheet.first_row + number, sheet.columns[place], wrong))
        for one in found:
            said.setdefault(one, number)
    return said, tuple(faults), elsewhere


def _says_nothing(
    sheet: Sheet, frames: SheetFrames, key: tuple[Key, int], elsewhere: int, faults: Sequence[Fault]
) -> Fault:
    """Return how many rows fit nothing that is judged, what would fit, and which columns there are."""
    named = ", ".join(f"'{name}'" for name in sheet.columns if name)
    if not elsewhere and not faults:
        return Fault(sheet.name, None, None, f"the sheet holds no row. Its columns: {named}")
    example = frames.example(key[0])
    would = f" What would fit in '{sheet.columns[key[1]]}': '{example}'." if example else ""
    return Fault(
        sheet.name,
        None,
        None,
        f"of {_rows(elsewhere + len(faults))} none is about a {key[0]} of the judged samples: {elsewhere:,} "
        f"{'is' if elsewhere == 1 else 'are'} about others of the project, and {len(faults):,} "
        f"{'fits' if len(faults) == 1 else 'fit'} nothing.{would} The sheet's columns: {named}",
    )


def _key_column(sheet: Sheet, frames: SheetFrames) -> tuple[Key, int]:
    folded = [fold_name(name) for name in sheet.columns]
    candidates: list[tuple[Key, int]] = [
        (key, folded.index(name)) for key, names in _KEYS.items() for name in names if name in folded
    ]
    for key, place in candidates:
        if folded[place] not in _OF_ANYTHING:
            return key, place
        for other in (key, *(kind for kind in _KEYS if kind != key)):
            if _fits(sheet, place, other, frames):
                return other, place
    if candidates:
        return candidates[0]
    named = ", ".join(f"'{name}'" for name in sheet.columns if name)
    raise SheetError(
        [Fault(sheet.name, None, None, f"no column says which frame, source or group a row is about. Call it 'frame', "
               f"'source' or 'group'. Found: {named}")]
    )  # fmt: skip


def _source_column(sheet: Sheet, key: int) -> int | None:
    folded = [fold_name(name) for name in sheet.columns]
    return next((folded.index(name) for name in _KEYS["source"] if name in folded and folded.index(name) != key), None)


def _fits(sheet: Sheet, place: int, key: Key, frames: SheetFrames) -> bool:
    """Return whether any cell of a column is about something known, one or several."""
    found = (frames.find(key, row[place]) for row in sheet.rows if row[place].strip())
    return any(not isinstance(one, Miss) or one.ambiguous for one in found)


def _name_of(ref: FrameRef, key: Key) -> str:
    return {"frame": ref.name, "source": ref.source_name, "group": ref.group}[key]


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _differs(sheet: Sheet, place: int, one: int, other: int) -> bool:
    return any(
        sheet.rows[one][at].strip() != sheet.rows[other][at].strip()
        for at, name in enumerate(sheet.columns)
        if name and at != place
    )


def _folded(word: str) -> str:
    return word.strip().casefold()


def _typed(name: str, cells: Sequence[str]) -> tuple[Value, ...]:
    """Return cells as numbers where all that hold something are, as words of a column of subjects, or as they are."""
    if fold_name(name) in _WORDS:
        return tuple(parse_subjects(cell) if cell else None for cell in cells)
    numbers = {cell: _number(cell) for cell in cells if cell}
    if len(set(numbers.values())) >= _FEWEST_NUMBERS and None not in numbers.values():
        return tuple(numbers[cell] if cell else None for cell in cells)
    return tuple(cell or None for cell in cells)


def _number(cell: str) -> float | None:
    """Return the number that a cell holds, with a point or a comma before the decimals."""
    try:
        value = float(cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None
