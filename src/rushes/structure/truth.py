"""Truth of a film's structure as a person writes it down: scenes and dialogues, in shots, frames, seconds or timecode.

A truth is JSON of schema `structure-truth/1`, the JSON that `rushes scenes` writes (`film-structure/1`), corrected by
hand, or a CSV with the columns `kind`, which is `scene` or `dialogue`, and one pair of the same names.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from rushes.errors import Fault, SheetError, did_you_mean
from rushes.structure.table import SCHEMA as WRITTEN
from rushes.timecode import Timecode, count_of_timecode, parse_duration, parse_timecode
from rushes.timelines.timeline import Timeline

SCHEMA = "structure-truth/1"
Unit = Literal["shots", "frames", "seconds", "timecode"]
# Where a row states several, the first of them counts: it is what a person who corrects a list edits.
PAIRS: Mapping[Unit, tuple[str, str]] = {
    "shots": ("first_shot", "last_shot"),
    "frames": ("start", "stop"),
    "seconds": ("start_seconds", "stop_seconds"),
    "timecode": ("start_timecode", "stop_timecode"),
}
KINDS = ("scene", "dialogue")
_BYTES_AT_MOST = 64 << 20
_GAP_SECONDS = Fraction(1)  # between two scenes: the last frame of one and the first of the next, or a rounded time
_ALLOWED = ", ".join(f"{first} and {last}" for first, last in PAIRS.values())


@dataclass(frozen=True, slots=True)
class StatedSpan:
    """From where to where a scene or dialogue goes, as it is stated.

    Attributes:
        first, last: shots from 1, both within; of the other units `[first, last)`: frames from 0, seconds from the
            film's first frame, or the film's timecode. `last` is None where the next one ends it.
        row, entry: where it stands, for messages; see `errors.Fault`.
    """

    unit: Unit
    first: Fraction | Timecode
    last: Fraction | Timecode | None
    row: int | None
    entry: str


@dataclass(frozen=True, slots=True)
class StatedShot:
    """A shot of the list that a truth counts its shots by: frames `[start, stop)`, and what is known of it."""

    start: int
    stop: int
    setup: str | None = None
    character: str | None = None


@dataclass(frozen=True, slots=True)
class StructureTruth:
    """What a person says of the structure of one film.

    Attributes:
        name: of the file.
        scenes, dialogues: in the file's order; None where the file says nothing of them, which is not the same as that
            there are none.
        shots: what shot numbers count; () takes the shots that are found.
    """

    name: str
    scenes: tuple[StatedSpan, ...] | None
    dialogues: tuple[StatedSpan, ...] | None
    shots: tuple[StatedShot, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownStructure:
    """A truth in seconds from the first frame of one film, `[start, stop)`, rising; else as `StructureTruth`.

    Attributes:
        scenes: without a gap from the first to the last; they need not reach the film's ends.
        shots: start and stop of each, with the set-up and the character that dominates it where they are known.
    """

    scenes: tuple[tuple[float, float], ...] | None
    dialogues: tuple[tuple[float, float], ...] | None
    shots: tuple[tuple[float, float, str | None, str | None], ...] = ()


def read_truth(path: Path) -> StructureTruth:
    """Read a truth.

    Raises:
        SheetError: the file cannot be read, or rows are faulty; all of them.
    """
    try:
        if path.stat().st_size > _BYTES_AT_MOST:
            raise _fault(path.name, f"is larger than {_BYTES_AT_MOST >> 20} MB, which no truth of a film is")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _fault(path.name, f"cannot be read ({error.strerror}). Check the name") from error
    except UnicodeDecodeError as error:
        raise _fault(path.name, "is not text in UTF-8. Save it as JSON, or as CSV UTF-8") from error
    return parse_truth(text, name=path.name)


def parse_truth(text: str, *, name: str) -> StructureTruth:
    """Return the truth that a file's text holds; `name` is what messages call it. Else as `read_truth`."""
    faults: list[Fault] = []
    truth = (_parse_json if text.lstrip()[:1] in ("{", "[") else _parse_csv)(text, name, faults)
    if not faults and truth.scenes is None and truth.dialogues is None:
        faults.append(Fault(name, None, None, "states neither scenes nor dialogues"))
    if faults:
        raise SheetError(faults)
    return truth


def place_truth(truth: StructureTruth, timeline: Timeline) -> KnownStructure:
    """Return a truth in the seconds of a film.

    Raises:
        SheetError: a span is empty, lies outside the film or over another, or scenes leave a gap; all that is wrong.
    """
    faults: list[Fault] = []
    shots: tuple[tuple[Fraction, Fraction, str | None, str | None], ...] = ()
    try:
        shots = tuple(
            (_seconds_of_frame(timeline, one.start), _seconds_of_frame(timeline, one.stop), one.setup, one.character)
            for one in truth.shots
        )
    except ValueError as error:
        raise _fault(truth.name, f"the list of shots is of another film: {error}") from None
    known = KnownStructure(
        None if truth.scenes is None else _placed(truth, truth.scenes, timeline, shots, faults, tile=True),
        None if truth.dialogues is None else _placed(truth, truth.dialogues, timeline, shots, faults, tile=False),
        tuple((float(start), float(stop), setup, character) for start, stop, setup, character in shots),
    )
    if faults:
        raise SheetError(faults)
    return known


_Shots = Sequence[tuple[Fraction, Fraction, str | None, str | None]]


def _placed(
    truth: StructureTruth,
    spans: Sequence[StatedSpan],
    timeline: Timeline,
    shots: _Shots,
    faults: list[Fault],
    *,
    tile: bool,
) -> tuple[tuple[float, float], ...]:
    """Return spans in seconds, rising, and add to `faults` what is wrong with them."""
    found: list[tuple[Fraction, Fraction | None, StatedSpan]] = []
    for span in spans:
        try:
            first = _seconds(span.unit, span.first, timeline, shots, stop=False)
            last = None if span.last is None else _seconds(span.unit, span.last, timeline, shots, stop=True)
            if last is None and not tile:
                raise ValueError("says not where it ends")
            if last is not None and last <= first:
                raise ValueError("ends before it begins")
            found.append((first, last, span))
        except ValueError as error:
            faults.append(Fault(truth.name, span.row, None, str(error), span.entry))
    found.sort(key=lambda one: one[0])
    starts = [first for first, _, _ in found]
    ends = [following if last is None else last for (_, last, _), following
            in zip(found, [*starts[1:], timeline.duration_seconds], strict=False)]  # fmt: skip
    for place, (_, _, span) in enumerate(found[1:], start=1):
        gap = starts[place] - ends[place - 1]
        wrong = _fault_between(gap, tile=tile)
        if wrong:
            faults.append(Fault(truth.name, span.row, None, wrong, span.entry))
        elif tile or gap < 0:
            ends[place - 1] = starts[place]
    return tuple((float(start), float(end)) for start, end in zip(starts, ends, strict=True))


def _fault_between(gap: Fraction, *, tile: bool) -> str:
    """Return what is wrong with the seconds from one span's end to the next one's start; "" where nothing is."""
    if gap < -_GAP_SECONDS / 2:
        return f"begins {float(-gap):.2f} s before the one before it ends. They lie side by side"
    if tile and gap > _GAP_SECONDS:
        return f"begins {float(gap):.2f} s after the one before it ends. Scenes leave no gap"
    return ""


def _seconds(unit: Unit, value: Fraction | Timecode, timeline: Timeline, shots: _Shots, *, stop: bool) -> Fraction:
    """Return where a stated place is in a film, in seconds.

    Raises:
        ValueError: it is not in the film.
    """
    if isinstance(value, Timecode):
        slot = count_of_timecode(value, timeline.rate) - timeline.first_count
        if not 0 <= slot <= timeline.slot_count:
            ends = f"{timeline.timecode_at(0)} to {timeline.timecode_at(timeline.slot_count)}"
            raise ValueError(f"{value} is not in the film, which goes from {ends}")
        return min(slot / timeline.rate, timeline.duration_seconds)
    if unit == "frames":
        return _seconds_of_frame(timeline, int(value))
    if unit == "shots":
        edges = [one[:2] for one in shots] or [(one.start_seconds, one.stop_seconds) for one in timeline.shots]
        if not 1 <= value <= len(edges):
            counted = "the truth's own list of shots has" if shots else "the film has"
            raise ValueError(f"there is no shot {value}; {counted} {len(edges)}, counted from 1")
        return edges[int(value) - 1][1 if stop else 0]
    if value > timeline.duration_seconds + _GAP_SECONDS:
        raise ValueError(f"{float(value):.2f} s is not in the film, which lasts {float(timeline.duration_seconds):.2f}")
    return min(value, timeline.duration_seconds)


def _seconds_of_frame(timeline: Timeline, frame: int) -> Fraction:
    """Return when a frame is shown; where the rate varies, as far as the shots' own times tell.

    Raises:
        ValueError: the film has no such frame.
    """
    if not 0 <= frame <= timeline.frame_count:
        raise ValueError(f"frame {frame} is not in the film, which has {timeline.frame_count}, counted from 0")
    shot = next((one for one in timeline.shots if one.shot.start <= frame < one.shot.stop), timeline.shots[-1])
    share = Fraction(frame - shot.shot.start, shot.shot.stop - shot.shot.start)
    return shot.start_seconds + share * shot.duration_seconds


def _parse_json(text: str, name: str, faults: list[Fault]) -> StructureTruth:
    try:
        table = json.loads(text)
    except ValueError as error:
        raise _fault(name, f"is not JSON ({error})") from error
    schema = table.get("schema") if isinstance(table, dict) else None
    if schema not in (SCHEMA, WRITTEN):
        raise _fault(name, f"is of the schema {schema!r}. A truth is of {SCHEMA}, or of {WRITTEN} corrected by hand")
    return StructureTruth(
        name,
        _entries(table, "scene", name, faults),
        _entries(table, "dialogue", name, faults),
        _shots_of(table.get("shots"), name, faults),
    )


def _entries(table: Mapping[str, Any], kind: str, name: str, faults: list[Fault]) -> tuple[StatedSpan, ...] | None:
    if table.get(f"{kind}s") is None:
        return None
    spans: list[StatedSpan] = []
    listed = table[f"{kind}s"]
    if not isinstance(listed, list):
        raise _fault(name, f"{kind}s is a list of objects with {_ALLOWED}")
    for number, one in enumerate(listed, start=1):
        entry = f"{kind} {number}"
        if not isinstance(one, dict):
            faults.append(Fault(name, None, None, f"is no object with {_ALLOWED}", entry))
            continue
        _add_span({key: "" if value is None else str(value) for key, value in one.items()},
                  name, None, entry, spans, faults)  # fmt: skip
    return tuple(spans)


def _shots_of(listed: object, name: str, faults: list[Fault]) -> tuple[StatedShot, ...]:
    """Return the shots that a truth counts by, [] where it lists none."""
    shots: list[StatedShot] = []
    for number, one in enumerate(listed if isinstance(listed, list) else [], start=1):
        try:
            start, stop = int(one["start"]), int(one["stop"])
        except (TypeError, KeyError, ValueError):
            faults.append(Fault(name, None, None, "states no start and stop in frames", f"shot {number}"))
            continue
        if stop <= start or start != (shots[-1].stop if shots else start):
            faults.append(Fault(name, None, None, "does not begin where the one before it ends", f"shot {number}"))
        seen = one.get("characters")
        alone = seen[0] if isinstance(seen, list) and len(seen) == 1 else one.get("character")
        setup = one.get("setup")
        shots.append(
            StatedShot(start, stop, None if setup is None else str(setup), None if alone is None else str(alone))
        )
    return tuple(shots)


def _parse_csv(text: str, name: str, faults: list[Fault]) -> StructureTruth:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        rows = list(enumerate(reader, start=2))
    except csv.Error as error:
        message = f"is not a table of cells ({error}). Check the quotation marks"
        raise SheetError([Fault(name, reader.line_num, None, message)]) from error
    columns = [column.strip().casefold() for column in reader.fieldnames or ()]
    if not any(first in columns for first, _ in PAIRS.values()):
        known = [column for pair in PAIRS.values() for column in pair]
        stranger = next((column for column in columns if column and column != "kind"), "")
        message = f"the header names no place in the film. Allowed: {_ALLOWED}. {did_you_mean(stranger, known)}"
        raise SheetError([Fault(name, 1, None, message)])
    stated: dict[str, list[StatedSpan]] = {}
    for number, row in rows:
        cells = {str(key).strip().casefold(): str(value or "").strip() for key, value in row.items() if key is not None}
        if not any(cells.values()):
            continue
        kind = cells.get("kind", "scene").casefold().removesuffix("s")
        if kind in KINDS:
            _add_span(cells, name, number, "", stated.setdefault(kind, []), faults)
        elif kind != "shot":  # a list of everything, as `rushes scenes` writes it, names its shots too
            faults.append(Fault(name, number, "kind", f"'{cells['kind']}' is neither. {did_you_mean(kind, KINDS)}"))
    return StructureTruth(
        name,
        tuple(stated["scene"]) if "scene" in stated else None,
        tuple(stated["dialogue"]) if "dialogue" in stated else None,
    )


def _add_span(
    cells: Mapping[str, str], name: str, row: int | None, entry: str, spans: list[StatedSpan], faults: list[Fault]
) -> None:
    """Add what one row states to `spans`, or to `faults` what is wrong with it."""
    unit = next((unit for unit, (first, _) in PAIRS.items() if cells.get(first)), None)
    if unit is None:
        faults.append(Fault(name, row, None, f"says not where it begins. Allowed: {_ALLOWED}", entry))
        return
    values: list[Fraction | Timecode | None] = []
    for column in PAIRS[unit]:
        try:
            values.append(_READERS[unit](cells[column]) if cells.get(column) else None)
        except ValueError as error:
            faults.append(Fault(name, row, column, str(error), entry))
    if len(values) == 2 and values[0] is not None:
        spans.append(StatedSpan(unit, values[0], values[1], row, entry))


def _whole(text: str) -> Fraction:
    try:
        return Fraction(int(text))
    except ValueError:
        raise ValueError(f"'{text}' is not a whole number") from None


def _time(text: str) -> Fraction:
    """Return seconds of `0`, `12.5` or `01:30.25`."""
    try:
        number = float(text)
    except ValueError:
        return parse_duration(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"'{text}' is no time from the film's first frame. Allowed: 0, 12.5 or 01:30.25")
    return Fraction(text)


_READERS: Mapping[Unit, Callable[[str], Fraction | Timecode]] = {
    "shots": _whole,
    "frames": _whole,
    "seconds": _time,
    "timecode": parse_timecode,
}


def _fault(name: str, message: str) -> SheetError:
    return SheetError([Fault(name, None, None, message)])
