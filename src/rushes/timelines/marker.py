"""The value Marker: something named over a span of a film, and where it falls on the grid of a timeline."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rushes.timelines.timeline import Timeline

# Those that Avid's locators, OpenTimelineIO and, by other names, DaVinci Resolve know alike.
COLOURS = ("RED", "GREEN", "BLUE", "CYAN", "MAGENTA", "YELLOW", "WHITE", "BLACK")
USUAL_COLOUR = "BLUE"
# What a person walks a timeline by. The other layers change with nearly every shot: as marks they would hide these.
WALKED = ("scene", "dialogue")


@dataclass(frozen=True, slots=True)
class Marker:
    """Something named over a span of a film.

    Attributes:
        layer: what kind of thing it is, in the singular: `scene`, `dialogue`, `character`.
        name: what it is called, `Scene 2`; may be any text.
        start, stop: seconds from the film's first frame, `[start, stop)`.
        note: what else is to say.
        confidence: how sure it is, 0 to 1; None where nothing is estimated.
        colour: one of COLOURS; "" leaves it to the format.
    """

    layer: str
    name: str
    start: Fraction
    stop: Fraction
    note: str = ""
    confidence: float | None = None
    colour: str = ""

    def __post_init__(self) -> None:
        if not self.layer or not 0 <= self.start < self.stop:
            raise ValueError(f"a marker needs a layer and 0 <= start < stop, got {self!r}")
        if self.colour not in ("", *COLOURS):
            raise ValueError(f"a marker's colour is one of {', '.join(COLOURS)}, or '', got {self.colour!r}")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence is from 0 to 1, got {self.confidence}")


@dataclass(frozen=True, slots=True)
class PlacedMarker:
    """A marker on the grid of a timeline.

    Attributes:
        start_slot, stop_slot: `[start, stop)`, one slot at least; they are those of shots wherever the marker begins or
            ends with one, so that marks and cuts agree where the rate varies too.
        first, last: places of the shots that it begins and ends in, counted from 0.
    """

    marker: Marker
    start_slot: int
    stop_slot: int
    first: int
    last: int

    @property
    def slot_count(self) -> int:
        return self.stop_slot - self.start_slot


def place_markers(
    timeline: Timeline, markers: Sequence[Marker], layers: Collection[str] | None = None
) -> list[PlacedMarker]:
    """Return where markers fall, by their start, the longer before the shorter.

    What lasts longer than the film ends with it, and what begins after its end is left out.

    Args:
        layers: only those; None for all.
    """
    starts = [place.start_seconds for place in timeline.shots]
    placed = [
        _place(timeline, starts, marker)
        for marker in markers
        if marker.start < timeline.duration_seconds and (layers is None or marker.layer in layers)
    ]
    return sorted(placed, key=lambda one: (one.start_slot, -one.stop_slot))


def names_by_shot(timeline: Timeline, markers: Sequence[Marker]) -> list[dict[str, list[str]]]:
    """Return for each shot the names of the markers that it has a part of: layer -> names in the order of their start.

    Every shot has every layer, those that nothing covers with [].
    """
    layers = layers_of(markers)
    found: list[dict[str, list[str]]] = [{layer: [] for layer in layers} for _ in timeline.shots]
    for placed in place_markers(timeline, markers):
        for of_shot in found[placed.first : placed.last + 1]:
            of_shot[placed.marker.layer].append(placed.marker.name)
    return found


def layers_of(markers: Sequence[Marker]) -> list[str]:
    """Return the layers of markers, each once, as they come first."""
    return list(dict.fromkeys(marker.layer for marker in markers))


def describe_marker(marker: Marker) -> str:
    """Return what is to say of a marker beyond its name, on one line: `shots 5 to 16; confidence 0.93`."""
    sure = "" if marker.confidence is None else f"confidence {marker.confidence:.2f}"
    return "; ".join(words for words in (one_line(marker.note), sure) if words)


def one_line(text: str) -> str:
    """Return text without line ends, control characters and runs of spaces."""
    plain = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    return " ".join(plain.split())


def _place(timeline: Timeline, starts: Sequence[Fraction], marker: Marker) -> PlacedMarker:
    first = bisect_right(starts, marker.start) - 1
    last = max(first, bisect_left(starts, marker.stop) - 1)
    start = min(timeline.slot_in(first, marker.start), timeline.shots[first].stop_slot - 1)
    if marker.stop >= timeline.shots[last].stop_seconds:
        stop = timeline.shots[last].stop_slot
    else:
        stop = timeline.slot_in(last, marker.stop)
    return PlacedMarker(marker, start, max(stop, start + 1), first, last)
