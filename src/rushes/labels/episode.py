"""EpisodeSheet: the sheet of one episode, with all that its header and the names of its frames say wrongly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rushes.errors import Fault, SheetError
from rushes.labels.columns import Columns, find_lacking, plan_columns
from rushes.labels.season import Episode
from rushes.labels.sheet import Sheet, fold_name, is_blank
from rushes.timecode import Timecode, nominal_rate, parse_frame_name

RATE = Fraction(24)  # of an episode whose film is not in the catalog
# Every episode sheet has these; [columns] may give another name to what they mean.
WANTED: Mapping[str, str] = {
    "FRAME NUMBER": "frame",
    "UNSUPERVISED CLASSIFICATION": "class:unsupervised",
    "SUPERVISED CLASSIFICATION": "class:supervised",
    "JONNY's RECLASSIFICATION": "class:jonny",
}
_OPTIONAL = {"ROW_INDEX": "", "METADATA": "", "S3_BASE_URL": ""}
_INDEX, _BASE = "rowindex", "s3baseurl"
_ADDRESS = re.compile(r"^(?:s3|gs|az|https?)://", re.IGNORECASE)
_STEM = re.compile(r"(?P<show>[^\W_]+)_S(?P<season>\d{1,4})_E(?P<episode>\d{1,4})", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_NOTES_SHOWN = 5
_ROWS_LOOKED_AT = 10  # for a header that stands too low


@dataclass(frozen=True, slots=True)
class FrameName:
    """The name of a frame of an episode, read.

    Attributes:
        show: what stands before the season, as typed: `TT`.
        season, episode: numbers.
        is_repeat: it is one of several frames in a slot (`….2`), which only a film can tell apart.
    """

    show: str
    season: int
    episode: int
    timecode: Timecode
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeSheet:
    """A worksheet of an episode, checked.

    Attributes:
        stem: what the names of its frames begin with, `TT_S01_E01`; "" where no name could be read.
        base: the base URL of the frames' pictures, as typed; "" where the sheet states none.
        frames: number of a row -> the frame that it names, where the name is right.
        refused: number of a row -> what is wrong with its frame's name.
        notes: what a person may want to look at and that keeps nothing from being taken in.
    """

    sheet: Sheet
    columns: Columns
    stem: str
    base: str
    frames: Mapping[int, Timecode]
    refused: Mapping[int, Fault]
    notes: tuple[Fault, ...] = ()


def parse_episode(
    sheet: Sheet, episode: Episode, *, known: Mapping[str, str], rates: Mapping[str, Fraction]
) -> EpisodeSheet:
    """Check the header of an episode sheet and the name in every row.

    Args:
        known: column -> meaning (from rushes.toml, [columns]).
        rates: name of a source in lower case -> its frames per second; `RATE` holds for all others.

    Raises:
        SheetError: a column is missing or renamed, the base URL is stated in two ways, or the sheet holds no row; all
            at once.
    """
    faults = find_lacking(sheet, _wanted(known), known)
    base, of_base = _base_of(sheet)
    if not any(not is_blank(row) for row in sheet.rows):
        faults.append(Fault(sheet.name, None, None, "the sheet has a header and no row. Put its rows back"))
    if faults or of_base:
        raise SheetError([*faults, *of_base])
    columns = plan_columns(sheet.columns, {}, sheet=sheet.name, known=known)
    if columns.frame is None:
        message = (
            "an episode sheet names its frames, and no column of this one does. Map it in [columns] of rushes.toml"
        )
        raise SheetError([Fault(sheet.name, None, None, message)])
    names, refused = _read_names(sheet, columns.frame.index, columns.frame.name, episode)
    show = _show_of(names)
    stem = f"{show}_{episode.code}" if show else ""
    rate = nominal_rate(rates.get(stem.casefold(), RATE))
    frames: dict[int, Timecode] = {}
    for number, name in names.items():
        wrong = _why_not_here(name, episode, show=show, rate=rate)
        if wrong:
            text = _cell_of(sheet, number, columns.frame.index)
            refused[number] = Fault(sheet.name, number, columns.frame.name, f"'{text}' {wrong}")
        elif not name.is_repeat:
            frames[number] = name.timecode
    lookalikes = [fault for fault in find_lacking(sheet, _OPTIONAL, known) if "looks like it" in fault.message]
    notes = [*lookalikes, *_notes_of_index(sheet), *_notes_of_repeats(sheet, columns, frames)]
    return EpisodeSheet(sheet, columns, stem, base, frames, dict(sorted(refused.items())), tuple(notes))


def parse_name(text: str) -> FrameName:
    """Read the name of a frame of an episode, `TT_S01_E01_FRM-00-00-08-12`; case, folder and extension do not matter.

    Raises:
        ValueError: it is none; the message says what is wrong and how it is written.
    """
    base = text.strip().replace("\\", "/").rpartition("/")[2]
    base = _EXTENSION.sub("", base) if "." in base else base
    cut = base.upper().rfind("_FRM-")
    plain = base if cut < 0 else base[:cut] + base[cut:].upper()
    stem, timecode = parse_frame_name(plain)
    match = _STEM.fullmatch(stem)
    if match is None:
        raise ValueError(f"'{text}' is not the name of a frame of an episode. Write it as TT_S01_E01_FRM-HH-MM-SS-FF")
    return FrameName(match["show"], int(match["season"]), int(match["episode"]), timecode, "." in plain[cut:])


def seems_to_be_of_episode(sheet: Sheet, known: Mapping[str, str]) -> bool:
    """Return whether a worksheet has at least one of the columns of an episode sheet, under its name or another."""
    wanted = _wanted(known)
    return len(find_lacking(sheet, wanted, known)) < len(wanted)


def find_buried_header(sheet: Sheet, known: Mapping[str, str]) -> int | None:
    """Return the number of the row, among the first below the header, that is the header of an episode sheet.

    Of such a row only what stands below the header's own cells is known.
    """
    names = {fold_name(name) for name in (*_wanted(known), *_OPTIONAL)}
    for number, row in enumerate(sheet.rows[:_ROWS_LOOKED_AT], start=sheet.first_row):
        if any(fold_name(cell) in names or _ADDRESS.match(cell.strip()) for cell in row):
            return number
    return None


def _wanted(known: Mapping[str, str]) -> Mapping[str, str]:
    """Return the columns that must be there: [columns] may state other origins than the three."""
    classes = {name: meaning for name, meaning in known.items() if meaning.strip().casefold().startswith("class")}
    if not classes:
        return WANTED
    usual = {meaning: name for name, meaning in WANTED.items()}
    return {"FRAME NUMBER": "frame"} | {usual.get(meaning, name): meaning for name, meaning in classes.items()}


def _base_of(sheet: Sheet) -> tuple[str, list[Fault]]:
    """Return the base URL that a header or a column states, and what is wrong with it."""
    stated: dict[str, tuple[int, str, str]] = {}
    for name in sheet.columns:
        if _ADDRESS.match(name):
            stated.setdefault(name.rstrip("/"), (sheet.first_row - 1, name, name))
    for column in (place for place, name in enumerate(sheet.columns) if fold_name(name) == _BASE):
        for number, row in enumerate(sheet.rows, start=sheet.first_row):
            text = row[column].strip()
            if text:
                stated.setdefault(text.rstrip("/"), (number, sheet.columns[column], text))
    faults = []
    first, *others = stated.values() or [(0, "", "")]
    for number, name, text in others[:_NOTES_SHOWN]:
        message = f"'{text}' is another base URL than '{first[2]}' in row {first[0]}. An episode has one; keep one"
        faults.append(Fault(sheet.name, number, name, message))
    return first[2], faults


def _read_names(
    sheet: Sheet, column: int, header: str, episode: Episode
) -> tuple[dict[int, FrameName], dict[int, Fault]]:
    names: dict[int, FrameName] = {}
    refused: dict[int, Fault] = {}
    for number, row in enumerate(sheet.rows, start=sheet.first_row):
        text = row[column].strip()
        if not text:
            continue  # a row that answers and names no frame is found faulty where its answers are read
        try:
            names[number] = parse_name(text)
        except ValueError as error:
            said = str(error).replace("NAME_FRM", f"TT_{episode.code}_FRM")
            refused[number] = Fault(sheet.name, number, header, said)
    return names, refused


def _show_of(names: Mapping[int, FrameName]) -> str:
    """Return what most names begin with, in its most usual spelling; "" where there is no name."""
    spelt = Counter(name.show for name in names.values())
    shows: Counter[str] = Counter()
    for show, count in spelt.items():
        shows[show.casefold()] += count
    most = max(shows, key=lambda show: shows[show], default="")
    return next((show for show, _ in spelt.most_common() if show.casefold() == most), "")


def _why_not_here(name: FrameName, episode: Episode, *, show: str, rate: int) -> str:
    of = f"S{name.season:02d}_E{name.episode:02d}"
    if of != episode.code:
        return (
            f"is a frame of {of}, and this is the sheet of {episode.code}. Move the row to the sheet of {of}, or "
            "correct the name"
        )
    if name.show.casefold() != show.casefold():
        return f"begins with '{name.show}', and most names of this sheet with '{show}'. Correct the name"
    if name.timecode.frames >= rate:
        return (
            f"has frame {name.timecode.frames:02d} in its second, and at {rate} frames per second they are 00 to "
            f"{rate - 1:02d}. Correct the name"
        )
    return ""


def _notes_of_index(sheet: Sheet) -> list[Fault]:
    column = next((place for place, name in enumerate(sheet.columns) if fold_name(name) == _INDEX), None)
    if column is None:
        return []
    notes: list[Fault] = []
    before: int | None = None
    for number, row in enumerate(sheet.rows, start=sheet.first_row):
        text = row[column].strip().replace(",", "").removesuffix(".0")
        if not text:
            continue
        if not (text.isascii() and text.isdigit()):
            notes.append(Fault(sheet.name, number, sheet.columns[column], f"'{row[column].strip()}' is no number"))
            continue
        index = int(text)
        if before is not None and index != before + 1:
            said = f"{index} follows {before}"
            why = "rows are missing between them" if index > before else "rows were moved or doubled"
            notes.append(Fault(sheet.name, number, sheet.columns[column], f"{said}: {why}"))
        before = index
    return _few(notes, sheet, sheet.columns[column])


def _notes_of_repeats(sheet: Sheet, columns: Columns, frames: Mapping[int, Timecode]) -> list[Fault]:
    """Return a note per row whose frame an earlier row has, where the two do not contradict each other."""
    assert columns.frame is not None  # an episode sheet has it
    first: dict[Timecode, int] = {}
    notes: list[Fault] = []
    answers = [item.column.index for item in columns.classes]
    for number, timecode in frames.items():
        earlier = first.setdefault(timecode, number)
        if earlier == number:
            continue
        ours, theirs = (_answers_of(sheet, row, answers) for row in (number, earlier))
        if all(not one or not other or one == other for one, other in zip(ours, theirs, strict=True)):
            message = f"the frame of row {earlier} again, with the same classes. One of the rows can go"
            notes.append(Fault(sheet.name, number, columns.frame.name, message))
    return _few(notes, sheet, columns.frame.name)


def _few(notes: list[Fault], sheet: Sheet, column: str) -> list[Fault]:
    if len(notes) <= _NOTES_SHOWN:
        return notes
    return [
        *notes[:_NOTES_SHOWN],
        Fault(sheet.name, None, column, f"… and {len(notes) - _NOTES_SHOWN} more rows of that kind"),
    ]


def _answers_of(sheet: Sheet, number: int, columns: Sequence[int]) -> list[str]:
    row = sheet.rows[number - sheet.first_row]
    return [row[column].strip().casefold() for column in columns]


def _cell_of(sheet: Sheet, number: int, column: int) -> str:
    return sheet.rows[number - sheet.first_row][column].strip()
