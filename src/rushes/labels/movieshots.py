"""The labels of MovieShots (ECCV 2020): which of its JSON files a text is, and the shots that it states."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rushes.errors import Fault, SheetError, did_you_mean
from rushes.labels.manifest import Part
from rushes.labels.sheet import unreadable
from rushes.labels.sheets.files import read_content
from rushes.labels.stated_shot import StatedShot, StatedShots
from rushes.project import Task

Version = Literal["v1_split_trailer", "v1_full_trailer", "v2_full_trailer", "v3_full"]
MultiMovement = Literal["drop", "motion"]

SCALE, MOVEMENT = "scale", "movement"
MULTI = "Multi_movement"
LABELS: Mapping[str, Mapping[str, int]] = {
    SCALE: {"ECS": 0, "CS": 1, "MS": 2, "FS": 3, "LS": 4},
    MOVEMENT: {"Motion": 0, "Push": 1, "Pull": 2, MULTI: 3, "Static": 4},
}
ORIGIN = "movieshots"

_PARTS: Mapping[str, Part] = {"train": "train", "val": "validation", "test": "test"}
# Below the folder of videos. How the films of v3 are laid out is not published; theirs is made after the others.
_FOLDERS: Mapping[Version, str] = {
    "v1_split_trailer": "trailer",
    "v1_full_trailer": "trailer",
    "v2_full_trailer": "trailer_v2",
    "v3_full": "movie",
}
_FILM, _SHOT = re.compile(r"[A-Za-z0-9][\w\-]*"), re.compile(r"\d{1,9}")
_KEYS_SHOWN = 6
_KNOWN = (
    'rushes reads v1_split_trailer {"train": {"tt…": {"0014": {"scale": …, "movement": …}}}}, '
    'v1_full_trailer (the same without "train"), v2_full_trailer (movement alone) and v3_full {"full": {"movie": …}}; '
    'a sheet of your own in JSON is a list such as [{"video": "a.mp4", "scale": "MS"}]'
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A shot as a file has it."""

    film: str
    shot: str
    labels: Any
    part: Part | None = None

    @property
    def name(self) -> str:
        return f"{self.film}/{self.shot}"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    version: Version
    entries: tuple[_Entry, ...]


def read_movieshots(
    paths: Sequence[Path], tasks: Sequence[Task], *, multi_movement: MultiMovement = "drop"
) -> StatedShots:
    """Read files of MovieShots; as `parse_movieshots`."""
    return parse_movieshots(
        {str(path): read_content(path, catalogued=False) for path in paths}, tasks, multi_movement=multi_movement
    )


def parse_movieshots(
    contents: Mapping[str, bytes], tasks: Sequence[Task], *, multi_movement: MultiMovement = "drop"
) -> StatedShots:
    """Return the shots that files of MovieShots state, each once; their group is the trailer or film.

    With `v1_split_trailer` the published parts stand in `split`. Whatever other files add then belongs to training,
    and what they have of trailers or films in v1's val or test is dropped and counted.

    Args:
        contents: file name -> its bytes. Which version a file is, its content tells.
        tasks: of these those called `scale` and `movement` are answered.
        multi_movement: `drop` takes no movement from shots labelled so; `motion` counts them as motion.

    Raises:
        SheetError: a file is no JSON, or of no version that is known; v2 is there without v1_split, against which it
            must be checked; a project's task lacks a class.
    """
    answered = {task.name: task for task in tasks if task.name in LABELS}
    if not answered:
        names = ", ".join(f"'{task.name}'" for task in tasks) or "none"
        raise unreadable(next(iter(contents), ORIGIN), f"answers the tasks 'scale' and 'movement'. Found: {names}")
    files = sorted((_parse_file(name, data) for name, data in contents.items()), key=lambda one: _ORDER[one.version])
    parts = {entry.film: entry.part for one in files for entry in one.entries if entry.part is not None}
    _require_split(files, parts)
    class_of = _classes_by_label(files, answered, multi_movement)
    reading = _Reading(parts, class_of)
    for one in files:
        reading.take(one)
    return reading.stated(multi_movement)


def is_movieshots(content: bytes) -> bool:
    """Return whether a file is to be read as MovieShots': a JSON object of objects, also of a version nobody knows.

    So is JSON without any object, which can be no sheet either: what MovieShots' files look like is said there.

    A sheet of shots in JSON is a list, so that what this refuses to know is refused by `parse_movieshots` in its words.
    """
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        return False
    if isinstance(table, list):
        return not any(isinstance(item, dict) for item in table)
    return isinstance(table, dict) and bool(table) and all(isinstance(inner, dict) for inner in table.values())


# Of files that state one shot, the first counts: the one with the published parts before the one without.
_ORDER: Mapping[Version, int] = {name: number for number, name in enumerate(_FOLDERS)}


class _Reading:
    """The state of one pass over the files."""

    def __init__(self, parts: Mapping[str, Part | None], class_of: Mapping[tuple[str, str], str]) -> None:
        self.parts, self.class_of = parts, class_of
        self.shots: dict[str, StatedShot] = {}
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.unanswered = self.multi = 0

    def take(self, one: _File) -> None:
        held: Counter[str] = Counter()
        dicts = (entry for entry in one.entries if isinstance(entry.labels, dict))
        empty = [entry for entry in dicts if not LABELS.keys() & entry.labels.keys()]
        if empty:
            keys = ", ".join(map(str, list(empty[0].labels)[:_KEYS_SHOWN])) or "nothing"
            counted = "1 shot has" if len(empty) == 1 else f"{len(empty):,} shots have"
            self.notes.append(
                f"{one.name}: {counted} neither a {SCALE} nor a {MOVEMENT}; the first: {empty[0].name}, with {keys}"
            )
        for entry in one.entries:
            part = entry.part or self.parts.get(entry.film)
            if part in ("validation", "test") and entry.part is None:
                held[part] += 1
            else:
                self._take(one, entry, part or ("train" if self.parts else None))
        if held:
            counted = " and ".join(f"{count} of {part}" for part, count in sorted(held.items()))
            self.notes.append(
                f"{one.name}: {held.total()} shots dropped, because v1 holds their trailers or films back: {counted}"
            )

    def _take(self, one: _File, entry: _Entry, part: Part | None) -> None:
        video = f"{_FOLDERS[one.version]}/{entry.film}/shot_{entry.shot:0>4}.mp4"
        if video in self.shots:
            return
        labels, fault = _labels_of(entry, one.name, wanted=frozenset(name for name, _ in self.class_of))
        if fault is not None:
            self.faults.append(fault)
            return
        self.multi += labels.get(MOVEMENT) == MULTI
        classes = {task: self.class_of[task, label] for task, label in labels.items() if (task, label) in self.class_of}
        if not classes:
            self.unanswered += 1
            return
        self.shots[video] = StatedShot(
            video=video,
            classes=classes,
            place=f"{one.name}, {entry.name}",
            group=entry.film,
            origin=ORIGIN,
            split=part,
            name=entry.name,
        )

    def stated(self, multi_movement: MultiMovement) -> StatedShots:
        notes = list(self.notes)
        if self.multi:
            what = "taken for motion" if multi_movement == "motion" else "without a label of movement"
            notes.append(f"{MULTI} {what}, as multi_movement says: {self.multi:,} of {len(self.shots):,} shots")
        return StatedShots(tuple(self.shots.values()), tuple(self.faults), self.unanswered, tuple(notes))


def _parse_file(name: str, content: bytes) -> _File:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise unreadable(name, f"is not JSON ({error}). Download it again") from error
    version = _version_of(table)
    if version is None:
        raise unreadable(name, f"is no version of MovieShots' labels that is known: {_KNOWN}. Found {_shape_of(table)}")
    entries = tuple(_entries_of(table, version))
    odd = next((entry for entry in entries if not (_FILM.fullmatch(entry.film) and _SHOT.fullmatch(entry.shot))), None)
    if odd is not None:
        raise unreadable(name, f"'{odd.name}' is no trailer with the number of a shot, such as 'tt0444850/0014'")
    _refuse_other_numbers(name, entries)
    return _File(name, version, entries)


def _version_of(table: Any) -> Version | None:
    """Return which file this is; None where it is none of the four."""
    if not isinstance(table, dict) or not table:
        return None
    if set(table) <= set(_PARTS):
        held = [trailers for trailers in table.values() if trailers != {}]
        return "v1_split_trailer" if held and all(_holds_shots(trailers) for trailers in held) else None
    if set(table) == {"full"}:
        inner = table["full"]
        films = inner.get("movie") if isinstance(inner, dict) and set(inner) == {"movie"} else None
        return "v3_full" if _holds_shots(films) else None
    if not _holds_shots(table):
        return None
    scales = any(SCALE in labels for shots in table.values() for labels in shots.values() if isinstance(labels, dict))
    return "v1_full_trailer" if scales else "v2_full_trailer"


def _holds_shots(films: Any) -> bool:
    """Return whether a table is film -> shot -> labels, as far as its first shot that is not empty tells."""
    if not isinstance(films, dict) or not all(isinstance(shots, dict) for shots in films.values()):
        return False
    first = next((labels for shots in films.values() for labels in shots.values()), None)
    return isinstance(first, dict) and bool(LABELS.keys() & first.keys()) and _is_label(next(iter(first.values())))


def _is_label(found: Any) -> bool:
    return isinstance(found, dict) and {"label", "value"} <= found.keys()


def _entries_of(table: Mapping[str, Any], version: Version) -> Iterator[_Entry]:
    if version == "v1_split_trailer":
        for part, films in table.items():
            yield from _entries_in(films, _PARTS[part])
    else:
        yield from _entries_in(table["full"]["movie"] if version == "v3_full" else table, None)


def _entries_in(films: Mapping[str, Mapping[str, Any]], part: Part | None) -> Iterator[_Entry]:
    return (_Entry(film, shot, labels, part) for film, shots in films.items() for shot, labels in shots.items())


def _shape_of(table: Any) -> str:
    """Return what the first three levels of a JSON file hold, for a person."""
    levels = []
    for _ in range(3):
        if not isinstance(table, dict):
            levels.append(type(table).__name__)
            break
        more = f" and {len(table) - _KEYS_SHOWN} more" if len(table) > _KEYS_SHOWN else ""
        levels.append(f"the keys {', '.join(repr(key) for key in list(table)[:_KEYS_SHOWN])}{more}" if table else "{}")
        table = next(iter(table.values()), None)
    return ", in the first of them ".join(levels)


def _refuse_other_numbers(name: str, entries: Sequence[_Entry]) -> None:
    """Raise SheetError where most labels of a task have another number than MovieShots gives them.

    Each task is judged by itself: half of all labels may agree, and all of one task not.
    """
    pairs = Counter(
        (task, str(found["label"]), str(found["value"]))
        for entry in entries
        if isinstance(entry.labels, dict)
        for task, found in entry.labels.items()
        if task in LABELS and _is_label(found)
    )
    shown, known = [], []
    for task, numbers in LABELS.items():
        counts = {(label, value): count for (of, label, value), count in pairs.items() if of == task}
        odd = {pair: count for pair, count in counts.items() if str(numbers.get(pair[0])) != pair[1]}
        if 2 * sum(odd.values()) > sum(counts.values()):
            shown += [f"{task} '{label}' is {value}" for label, value in sorted(odd)[:_KEYS_SHOWN]]
            known.append(f"{task} " + ", ".join(f"{label} {number}" for label, number in numbers.items()))
    if shown:
        raise unreadable(
            name,
            f"numbers its labels otherwise, so it is of another version. Found: {', '.join(shown)}. {'; '.join(known)}",
        )


def _labels_of(entry: _Entry, name: str, *, wanted: frozenset[str]) -> tuple[dict[str, str], Fault | None]:
    """Return task -> label of a shot, and what is wrong with it; name and value of each label must agree."""
    labels: dict[str, str] = {}
    if not isinstance(entry.labels, dict):
        return {}, Fault(name, None, None, "holds no labels", entry=entry.name)
    for task in LABELS:
        found = entry.labels.get(task)
        if found is None or task not in wanted:
            continue
        if not _is_label(found) or not isinstance(found["label"], str):
            message = f'{found!r} is no label; it must be like {{"label": "CS", "value": 1}}'
            return {}, Fault(name, None, task, message, entry=entry.name)
        label, value = found["label"], found["value"]
        if label not in LABELS[task]:
            message = f"'{label}' is no label of MovieShots. {did_you_mean(label, list(LABELS[task]))}"
            return {}, Fault(name, None, task, message, entry=entry.name)
        if value != LABELS[task][label]:
            message = f"'{label}' has the value {value!r}, but is {LABELS[task][label]}: nobody knows which was meant"
            return {}, Fault(name, None, task, message, entry=entry.name)
        labels[task] = label
    return labels, None


def _require_split(files: Sequence[_File], parts: Mapping[str, Part | None]) -> None:
    if parts:
        return
    for one in files:
        if one.version == "v2_full_trailer":
            raise unreadable(
                one.name,
                "is MovieShots v2, some of whose trailers stand in v1's val and test. Without v1_split_trailer.json "
                "that cannot be checked: name it beside this file",
            )


def _classes_by_label(
    files: Sequence[_File], tasks: Mapping[str, Task], multi_movement: MultiMovement
) -> dict[tuple[str, str], str]:
    """Return (task, label) -> the project's class, for the labels that give one.

    Raises:
        SheetError: a task lacks a class that MovieShots has.
    """
    found: dict[tuple[str, str], str] = {}
    faults = []
    for name, task in tasks.items():
        for label in LABELS[name]:
            if label == MULTI and multi_movement == "drop":
                continue
            class_name = task.class_of("Motion" if label == MULTI else label)
            if class_name is not None:
                found[name, label] = class_name
            elif not task.says_nothing(label):
                message = (
                    f"MovieShots' '{label}' is not a class of {name}. Allowed: {', '.join(task.classes)}. Say what it "
                    f"means in rushes.toml, [tasks.{name}]: aliases or ignore"
                )
                faults.append(Fault(files[0].name if files else ORIGIN, None, name, message))
    if faults:
        raise SheetError(faults)
    return found
