"""Attributes from a sheet: what its columns say of frames, of whole sources or of whole groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from rushes.errors import Fault, SheetError
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
_WORDS = ("subjects", "subject", "metadata", "tags", "keywords")  # columns whose cells hold several words
_FEWEST_NUMBERS = 6  # different ones; fewer are the names of categories, such as 1, 2, 3
_FAULTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class KnownFrame:
    """What a sheet may call a frame, its source or its group.

    Attributes:
        image: of its picture, relative to the project or an address.
        source_names: name and path of its source; () where nobody knows it.
    """

    id: str
    name: str
    image: str
    group: str
    source_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetAttributes:
    """What a sheet says of frames.

    Attributes:
        columns: name -> (frames,) value of each; a number where all of a column are numbers, several words in a column
            of subjects, None where the sheet says nothing.
        key: what the rows are about, `frame`, `source` or `group`, and what that column is called.
        unmatched: faults of the rows that fit no frame or several, or that contradict one before; in their order.
    """

    columns: Mapping[str, tuple[Value, ...]]
    key: tuple[Key, str]
    unmatched: tuple[Fault, ...] = ()

    @property
    def remark(self) -> str:
        """How many rows were of no use, the first of them; "" where all were."""
        if not self.unmatched:
            return ""
        more = len(self.unmatched) - _FAULTS_SHOWN
        shown = "; ".join(str(fault) for fault in self.unmatched[:_FAULTS_SHOWN])
        rows = f"{len(self.unmatched):,} row{'' if len(self.unmatched) == 1 else 's'}"
        return f"{rows} of the sheet could not be used: {shown}" + (f"; and {more:,} more" if more > 0 else "")


def attributes_of_sheet(sheet: Sheet, frames: Sequence[KnownFrame]) -> SheetAttributes:
    """Return what a sheet says of each frame.

    The first column with a known name of a frame, else of a source, else of a group is the key; where rows of a column
    called `name` fit no frame, sources and groups are looked at. Of several rows about the same frame the first counts.

    Raises:
        SheetError: no column says what a row is about, there is no other column, or no row fits.
    """
    key, place = _key_column(sheet, frames)
    wanted = _index(frames, key)
    said: dict[int, int] = {}
    faults: list[Fault] = []
    for number, row in enumerate(sheet.rows):
        if is_blank(row):
            continue
        rows, wrong = _rows_of(row[place], wanted, key)
        taken = [one for one in rows if one in said]
        if not wrong and taken and any(_differs(sheet, place, said[one], number) for one in taken):
            wrong = f"'{row[place]}' is there already and the first row counts"
        if wrong:
            faults.append(Fault(sheet.name, sheet.first_row + number, sheet.columns[place], wrong))
        for one in rows:
            said.setdefault(one, number)
    if not said:
        raise SheetError(faults[:_FAULTS_SHOWN] or [Fault(sheet.name, None, None, "the sheet holds no row")])
    columns = {
        name: _typed(name, [sheet.rows[said[one]][at].strip() if one in said else "" for one in range(len(frames))])
        for at, name in enumerate(sheet.columns)
        if name and at != place
    }
    if not columns:
        raise SheetError([Fault(sheet.name, None, None, f"beside '{sheet.columns[place]}' there is no column")])
    return SheetAttributes(columns, (key, sheet.columns[place]), tuple(faults))


def _key_column(sheet: Sheet, frames: Sequence[KnownFrame]) -> tuple[Key, int]:
    folded = [fold_name(name) for name in sheet.columns]
    for key, names in _KEYS.items():
        for name in names:
            if name not in folded:
                continue
            place = folded.index(name)
            if name != "name" or _fits(sheet, place, _index(frames, key)):
                return key, place
    if "name" in folded:
        place = folded.index("name")
        for other in ("source", "group"):
            if _fits(sheet, place, _index(frames, other)):
                return other, place
        return "frame", place
    named = ", ".join(f"'{name}'" for name in sheet.columns if name)
    raise SheetError(
        [Fault(sheet.name, None, None, f"no column says which frame, source or group a row is about. Call it 'frame', "
               f"'source' or 'group'. Found: {named}")]
    )  # fmt: skip


def _fits(sheet: Sheet, place: int, wanted: Mapping[str, list[int]]) -> bool:
    return any(_folded(row[place]) in wanted for row in sheet.rows)


def _index(frames: Sequence[KnownFrame], key: Key) -> dict[str, list[int]]:
    """Return what a sheet may write -> places of the frames that are meant."""
    found: dict[str, list[int]] = {}
    for place, frame in enumerate(frames):
        words = {
            "frame": (frame.id, frame.name, *_names_of(frame.image)),
            "source": tuple(name for path in frame.source_names for name in _names_of(path)),
            "group": (frame.group,),
        }[key]
        for word in {_folded(word) for word in words if word}:
            found.setdefault(word, []).append(place)
    return found


def _names_of(path: str) -> tuple[str, ...]:
    """Return a path, its file's name, and that without its end."""
    pure = PurePosixPath(path.split("?")[0].replace("\\", "/"))
    return path, pure.name, pure.stem


def _rows_of(cell: str, wanted: Mapping[str, list[int]], key: Key) -> tuple[list[int], str]:
    """Return the frames that a cell means, and what is wrong with it."""
    if not cell.strip():
        return [], f"the {key} is empty"
    found = wanted.get(_folded(cell), [])
    if not found:
        return [], f"'{cell.strip()}' is no {key} of the judged samples"
    if key == "frame" and len(found) > 1:
        return [], f"'{cell.strip()}' fits {len(found)} frames; write more of its path"
    return found, ""


def _differs(sheet: Sheet, place: int, one: int, other: int) -> bool:
    return any(
        sheet.rows[one][at].strip() != sheet.rows[other][at].strip()
        for at, name in enumerate(sheet.columns)
        if name and at != place
    )


def _folded(word: str) -> str:
    return word.strip().replace("\\", "/").casefold()


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
