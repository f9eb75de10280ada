"""A film's shots as one timeline: on the frames of the film, in exact seconds and on an even grid of timecode."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from math import floor
from statistics import median
from urllib.parse import quote

from rushes.footage.shot import CutKind, Shot
from rushes.footage.source import Source
from rushes.footage.video_index import VideoIndex
from rushes.storage.places import Remote, parse_place
from rushes.timecode import Timecode, count_of_timecode, parse_timecode, timecode_of_count

USUAL_TASKS = ("scale", "movement")  # what is asked of every shot; a bundle may answer others too


@dataclass(frozen=True, slots=True)
class ShotAnswer:
    """What a model says of a shot in one task.

    Attributes:
        class_name: the most probable class.
        probability: of that class, 0 to 1.
        reason: what was measured that speaks for it, in words; "" where nothing is.
    """

    class_name: str
    probability: float
    reason: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is from 0 to 1, got {self.probability}")


Answers = Mapping[str, ShotAnswer]  # task -> answer; a task that was not answered is not there


@dataclass(frozen=True, slots=True)
class TimelineShot:
    """A shot and where it stands in time.

    Attributes:
        number: from 1.
        start_pts: presentation time of its first frame, in the film's time base.
        start_seconds, stop_seconds: from the film's first frame, exact; a shot stops where the next one starts.
        start_slot, stop_slot: `[start, stop)` in frames of an even grid at the film's rate. They are the ordinals where
            the rate is constant; where it varies, the nearest slots that keep every shot.
        answers: what models say of it.
    """

    shot: Shot
    number: int
    start_pts: int
    start_seconds: Fraction
    stop_seconds: Fraction
    start_slot: int
    stop_slot: int
    answers: Answers = field(default_factory=dict)

    @property
    def duration_seconds(self) -> Fraction:
        return self.stop_seconds - self.start_seconds

    @property
    def slot_count(self) -> int:
        return self.stop_slot - self.start_slot


@dataclass(frozen=True, slots=True)
class Timeline:
    """The shots of one film, which tile it from its first frame to its last.

    Attributes:
        name: of the source.
        path: where the film is, as text that any file can hold.
        uri: the same as a URI, percent-encoded; without the query of a web address, which may be a signature.
        digest: SHA-256 of the film, in hex.
        rate: frames per second of the grid; the average where the rate varies.
        frame_count: frames of the film; the grid may have more or fewer where the rate varies.
        constant_rate: every frame stands where counting at the rate puts it.
        first_count: what timecode counts for the first frame, in frames; 0 where the film states no timecode.
        drop: timecode is counted drop-frame.
        has_sound: the film has a sound track.
    """

    name: str
    path: str
    uri: str
    digest: str
    rate: Fraction
    time_base: Fraction
    frame_count: int
    width_pixels: int
    height_pixels: int
    shots: tuple[TimelineShot, ...]
    constant_rate: bool = True
    first_count: int = 0
    drop: bool = False
    has_sound: bool = False

    def __post_init__(self) -> None:
        ends = [0, *(place.shot.stop for place in self.shots)]
        if [place.shot.start for place in self.shots] != ends[:-1] or ends[-1] != self.frame_count or not self.shots:
            raise ValueError(f"shots tile a film from 0 to {self.frame_count}, got stops at {ends[1:]}")

    @property
    def file_name(self) -> str:
        place = parse_place(self.path)
        return place.name if isinstance(place, Remote) else self.path.replace("\\", "/").rpartition("/")[2]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The usual tasks, then those that a model answers besides, in its order."""
        answered = dict.fromkeys(task for place in self.shots for task in place.answers)
        return (*USUAL_TASKS, *(task for task in answered if task not in USUAL_TASKS))

    @property
    def slot_count(self) -> int:
        return self.shots[-1].stop_slot

    @property
    def duration_seconds(self) -> Fraction:
        return self.shots[-1].stop_seconds

    def slot_in(self, shot: int, seconds: Fraction) -> int:
        """Return the slot that is nearest to a time within a shot; the shot's last end at most.

        Args:
            shot: place of it, from 0.
        """
        place = self.shots[shot]
        within = floor((seconds - place.start_seconds) * self.rate + Fraction(1, 2))
        return place.start_slot + min(within, place.slot_count)

    def timecode_at(self, slot: int) -> Timecode:
        """Return the SMPTE timecode of a slot, counted from that of the first frame; it starts over after a day."""
        return timecode_of_count(self.first_count + slot, self.rate, drop=self.drop)


@dataclass(frozen=True, slots=True)
class ShotLengths:
    """How long the shots of a film are, in seconds, and with how many cuts of each kind they begin."""

    average: Fraction
    median: Fraction
    cuts: dict[CutKind, int]


def make_timeline(source: Source, index: VideoIndex, shots: Sequence[Shot], *, has_sound: bool = False) -> Timeline:
    """Return the timeline of a film.

    Timecode is counted from that which the film states for its first frame, and drop-frame only where that one is.

    Raises:
        ValueError: the shots do not tile the film.
    """
    stated = parse_timecode(index.start_timecode) if index.start_timecode else Timecode(0, 0, 0, 0)
    grid = _slots(index, [*(shot.start for shot in shots), index.frame_count])
    places = tuple(
        TimelineShot(
            shot=shot,
            number=number,
            start_pts=index.pts[shot.start],
            start_seconds=index.seconds_at(shot.start),
            stop_seconds=index.seconds_at(shot.stop) if shot.stop < index.frame_count else index.duration_seconds,
            start_slot=grid[number - 1],
            stop_slot=grid[number],
        )
        for number, shot in enumerate(shots, start=1)
    )
    return Timeline(
        name=source.name,
        path=_printable(source.path),
        uri=_uri_of(source.path),
        digest=source.digest,
        rate=index.rate,
        time_base=index.time_base,
        frame_count=index.frame_count,
        width_pixels=index.width_pixels,
        height_pixels=index.height_pixels,
        shots=places,
        constant_rate=index.constant_rate,
        first_count=count_of_timecode(stated, index.rate),
        drop=stated.drop,
        has_sound=has_sound,
    )


def timecode_of_frame(index: VideoIndex, ordinal: int) -> Timecode:
    """Return the SMPTE timecode of a frame as a timeline counts it; of the frame after the last one too."""
    stated = parse_timecode(index.start_timecode) if index.start_timecode else Timecode(0, 0, 0, 0)
    first = count_of_timecode(stated, index.rate)
    return timecode_of_count(first + _slots(index, [ordinal])[0], index.rate, drop=stated.drop)


def with_answers(timeline: Timeline, answers: Sequence[Answers]) -> Timeline:
    """Return the timeline with what models say of its shots, in their order; a task that is new replaces the old one.

    Raises:
        ValueError: there are not as many answers as shots.
    """
    shots = [
        replace(place, answers={**place.answers, **of_shot})
        for place, of_shot in zip(timeline.shots, answers, strict=True)
    ]
    return replace(timeline, shots=tuple(shots))


def describe_answer(task: str, answer: ShotAnswer) -> str:
    """Return an answer on one line: `movement push, probability 0.93, zoom ×1.31 over 2.4 s`."""
    reason = f", {answer.reason}" if answer.reason else ""
    return f"{task} {answer.class_name}, probability {answer.probability:.2f}{reason}"


def measure_lengths(timeline: Timeline) -> ShotLengths:
    """Return the average and median length of the shots, and their cuts by kind."""
    cuts: dict[CutKind, int] = {"hard": 0, "fade": 0, "dissolve": 0}
    for place in timeline.shots:
        if place.shot.opening is not None:
            cuts[place.shot.opening.kind] += 1
    lengths = [place.duration_seconds for place in timeline.shots]
    return ShotLengths(sum(lengths, Fraction(0)) / len(lengths), median(lengths), cuts)


def _slots(index: VideoIndex, ordinals: Sequence[int]) -> list[int]:
    """Return the slots of rising ordinals, rising as well, so that no shot is lost between two slots."""
    if index.constant_rate:
        return list(ordinals)
    slots: list[int] = []
    for ordinal in ordinals:
        seconds = index.seconds_at(ordinal) if ordinal < index.frame_count else index.duration_seconds
        nearest = floor(seconds * index.rate + Fraction(1, 2))
        slots.append(max(nearest, slots[-1] + 1) if slots else nearest)
    assert all(later > sooner for sooner, later in pairwise(slots))
    return slots


def _uri_of(path: str) -> str:
    place = parse_place(path)
    if not isinstance(place, Remote):
        return place.as_uri()
    key = quote(place.key) if place.in_bucket else place.key  # that of a web address is as it is sent
    return str(replace(place, key=key, query=""))


def _printable(path: str) -> str:
    """Return a path without bytes that are no text, and without marks that would end a line."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
