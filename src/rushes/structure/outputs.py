"""What is understood of a film as files: the format chosen by the extension, a part by the word before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

from rushes.errors import MediaError
from rushes.labels.sheets.csv import mark_as_text
from rushes.storage.files import write_text
from rushes.storage.places import Place
from rushes.structure.film import Film
from rushes.structure.parts import Dialogue, Scene
from rushes.structure.rows import OF_SHOT, TABLES, Kind, Row, Table, shots_table, side_of, title_of
from rushes.structure.table import table_of
from rushes.timelines.formats.csv import cells_of, columns_of_timeline, format_rows
from rushes.timelines.formats.edl import format_marker_edl
from rushes.timelines.formats.files import FORMATS, write_timeline
from rushes.timelines.formats.json import as_text
from rushes.timelines.marker import Marker
from rushes.timelines.markup import whole_text, xml_text
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.written import Written, plan_written

PAGE_EXTENSION = ".html"
EXTENSIONS = (*FORMATS, PAGE_EXTENSION)
MARKERS = "markers"  # `film.markers.edl`
_PARTS = {".csv": (*TABLES,), ".edl": (MARKERS,)}  # that a format can hold one of
_COLOURS = {"scene": "BLUE", "dialogue": "GREEN", "character": "YELLOW"}


def plan_film_files(films: Sequence[Place], patterns: Sequence[str]) -> list[tuple[Path, ...]]:
    """Return for each film the files that what is understood of it is written to, in the order of the patterns.

    Args:
        patterns: as a user names files; `{name}` stands for the name of the film.

    Raises:
        UsageError: an extension that is no format, a brace other than those of `{name}`, one file twice or for two
            films, or a film itself.
    """
    return plan_written(films, patterns, Written("films", EXTENSIONS))


def needs_pictures(path: Path) -> bool:
    """Tell whether a file of this name shows the shots' pictures."""
    return path.suffix.lower() == PAGE_EXTENSION


def part_of(pattern: str) -> str:
    """Return the part of a film that a file of this name holds: `scenes` of `{name}.scenes.csv`; "" is the whole.

    The film's own name, which stands for `{name}`, says nothing of that, so that a film may be called `holiday.scenes`.
    """
    path = Path(pattern.replace("{name}", "film"))
    extension, part = path.suffix.lower(), Path(path.stem).suffix.lower().removeprefix(".")
    return part if part in _PARTS.get(extension, ()) else ""


def write_film(
    film: Film,
    path: Path,
    pictures: Sequence[ShotPicture | None] = (),
    portraits: Sequence[bytes | None] = (),
    *,
    part: str | None = None,
) -> list[Path]:
    """Write what is understood of a film to a file, whole or not at all; return what was written.

    Args:
        path: its extension is one of EXTENSIONS. `film.csv` has a row per shot; `film.scenes.csv`, and so with the
            other names of TABLES, one per scene; `film.markers.edl` is a list of markers instead of one of cuts.
        pictures: one for each shot, where `needs_pictures` says so.
        portraits: the same, as JPEG, for each of the characters that are seen longest.
        part: what of the film is written, from `part_of`; None takes it from the path.

    Raises:
        MediaError: the format cannot hold this film, or the system does not take the file.
    """
    try:
        _write(film, path, pictures, portraits, part_of(str(path)) if part is None else part)
    except OSError as error:
        reason = f"could not be written ({error.strerror or error}). Make room, or name another place"
        raise MediaError(path, reason) from error
    return [path]


def _write(
    film: Film, path: Path, pictures: Sequence[ShotPicture | None], portraits: Sequence[bytes | None], part: str
) -> None:
    extension = path.suffix.lower()
    if extension == ".csv":
        write_text(path, format_table(TABLES[part](film)) if part else format_film_csv(film))
    elif extension == ".json":
        write_text(path, format_film_json(film))
    elif extension == PAGE_EXTENSION:
        from rushes.structure.film_page import format_film_page

        write_text(path, whole_text(format_film_page(film, pictures, portraits)))
    elif part == MARKERS:
        write_text(path, format_marker_edl(film.timeline, markers_of(film)))
    else:
        write_timeline(film.timeline, path, markers_of(film))


def format_film_json(film: Film) -> str:
    """Return `film-structure/1` as JSON that a person can read."""
    return as_text(table_of(film))


def format_film_csv(film: Film) -> str:
    """Return one row per shot: the columns of a timeline's CSV as they are there, then what the shot belongs to."""
    more = [_cells(OF_SHOT, row) for row in shots_table(film).rows]
    rows = [shot | cells for shot, cells in zip(cells_of(film.timeline), more, strict=True)]
    return format_rows([*columns_of_timeline(film.timeline), *OF_SHOT], rows)


def format_table(table: Table) -> str:
    """Return a table as CSV; no cell can run as a formula."""
    return format_rows(list(table.columns), [_cells(table.columns, row) for row in table.rows])


def markers_of(film: Film) -> list[Marker]:
    """Return what is named over spans of a film: scenes, dialogues and their sides, set-ups, characters, subjects,
    and subtitles, by layers in this order.

    Set-ups, characters and subjects are markers over consecutive shots, which end with their scene. A subtitle without
    text, or outside the film, is none.
    """
    return [
        *_scenes(film),
        *_dialogues(film),
        *_sides(film),
        *_runs(film, "setup", lambda shot: _setup_names(film, shot)),
        *_appearances(film),
        *_runs(film, "subject", lambda shot: _subject_names(film, shot)),
        *_subtitles(film),
    ]


def _scenes(film: Film) -> Iterator[Marker]:
    for number, scene in enumerate(film.structure.scenes, start=1):
        sure = None if number == 1 else scene.confidence  # that the film begins is no estimate
        yield _marker(film, "scene", f"Scene {number}", scene.first, scene.stop, _reach(scene), sure)


def _dialogues(film: Film) -> Iterator[Marker]:
    for number, found in enumerate(film.structure.dialogues, start=1):
        people = [title_of(film, person) for person in found.people if person is not None]
        words = [" and ".join(people), _reach(found), found.reason]
        note = "; ".join(filter(None, words))
        yield _marker(film, "dialogue", f"Dialogue {number}", found.first, found.stop, note, found.confidence)


def _sides(film: Film) -> Iterator[Marker]:
    for found in film.structure.dialogues:
        people = dict(zip("AB", found.people, strict=True))
        for letter, run in groupby(range(found.first, found.stop), key=lambda shot: side_of(film, found, shot)):
            shots = list(run)
            person = people.get(letter)
            note = "" if person is None else title_of(film, person)
            yield _marker(film, "side", letter, shots[0], shots[-1] + 1, note)


def _runs(film: Film, layer: str, name_of: Callable[[int], str]) -> Iterator[Marker]:
    """Give a marker for each run of shots of a scene that have the same name; none for those without."""
    for scene in film.structure.scenes:
        for name, run in groupby(range(scene.first, scene.stop), key=name_of):
            shots = list(run)
            if name:
                yield _marker(film, layer, name, shots[0], shots[-1] + 1)


def _appearances(film: Film) -> Iterator[Marker]:
    for one in film.characters or ():
        seen = frozenset(one.shots)
        yield from _runs(film, "character", _named(one.title, seen))


def _named(name: str, shots: frozenset[int]) -> Callable[[int], str]:
    return lambda shot: name if shot in shots else ""


def _setup_names(film: Film, shot: int) -> str:
    setup = film.structure.setups[shot]
    return "" if setup < 0 else f"Set-up {setup + 1}"


def _subject_names(film: Film, shot: int) -> str:
    return ", ".join(film.subjects[shot]) if film.subjects else ""


def _subtitles(film: Film) -> Iterator[Marker]:
    for one in film.subtitles.entries if film.subtitles else ():
        start, stop = max(Fraction(0), _exact(one.start_seconds)), _exact(one.stop_seconds)
        if one.text.strip() and start < min(stop, film.timeline.duration_seconds):
            yield Marker("subtitle", one.text, start, min(stop, film.timeline.duration_seconds))


def _exact(seconds: float) -> Fraction:
    return Fraction(seconds).limit_denominator(1_000_000)


def _marker(
    film: Film, layer: str, name: str, first: int, stop: int, note: str = "", confidence: float | None = None
) -> Marker:
    shots = film.timeline.shots
    start, end = shots[first].start_seconds, shots[stop - 1].stop_seconds
    return Marker(layer, name, start, end, note, confidence, _COLOURS.get(layer, ""))


def _reach(part: Scene | Dialogue) -> str:
    first, last = part.first + 1, part.stop
    return f"shot {first}" if first == last else f"shots {first} to {last}"


def _cells(columns: Mapping[str, Kind], row: Row) -> dict[str, str]:
    return {column: _cell(kind, row[column]) for column, kind in columns.items()}


def _cell(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    match kind:
        case "whole":
            return str(value)
        case "seconds":
            return f"{value:.6f}"
        case "share":
            return f"{value:.3f}"
        case "yes or no":
            return "yes" if value else "no"
        case "wholes":
            return "; ".join(map(str, value))
        case "shares":
            return "; ".join(f"{one:.3f}" for one in value)
        case "words":
            return mark_as_text(xml_text("; ".join(one.replace(";", ",") for one in value)))
        case "text":
            return mark_as_text(xml_text(value))
