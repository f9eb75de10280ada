"""The value StatedShot: what a sheet says of one shot, before anybody has looked at the video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, get_args

from rushes.errors import Fault
from rushes.labels.manifest import Part
from rushes.timecode import Timecode

At: TypeAlias = int | Fraction | Timecode  # an ordinal, seconds since the first frame, or a timecode


@dataclass(frozen=True, slots=True)
class StatedShot:
    """A shot as it is stated.

    Attributes:
        video: as the sheet names it: a path, mostly below a folder of videos, or a URI.
        classes: task -> class; a task that nobody answered is not in it.
        place: where it is stated, for messages: `shots.csv, row 4`.
        start: None where the shot begins with the video.
        stop: where it ends, not included; None where it ends with the video.
        last_included: `stop` names the last frame itself, not the one after it.
        group: what must never stand on both sides of a split; "" leaves it to the video.
        origin: who made the labels.
        split: the part that the data set itself puts it in, where it does.
        name: what people call it; "" where the sheet has no name for it.
        start_seconds: where the sheet says beside an ordinal at what time the shot begins: whether it counts at the
            rate of the video can then be checked.
    """

    video: str
    classes: Mapping[str, str]
    place: str
    start: At | None = None
    stop: At | None = None
    last_included: bool = False
    group: str = ""
    origin: str = ""
    split: Part | None = None
    name: str = ""
    start_seconds: Fraction | None = None

    def __post_init__(self) -> None:
        if not self.video or not self.place:
            raise ValueError(f"a stated shot needs a video and a place, got {self.video=}, {self.place=}")
        if self.split is not None and self.split not in get_args(Part):
            raise ValueError(f"split is '{self.split}'. Allowed: train, validation, test")


@dataclass(frozen=True, slots=True)
class StatedShots:
    """What sheets say of shots, and all that is wrong with them.

    Attributes:
        unanswered: rows that state no class of any task, and so no sample.
        notes: what a person should know before trusting scores on these shots.
    """

    shots: tuple[StatedShot, ...]
    faults: tuple[Fault, ...] = ()
    unanswered: int = 0
    notes: tuple[str, ...] = ()

    def __add__(self, other: StatedShots) -> StatedShots:
        """Return what both say, in their order."""
        return StatedShots(
            self.shots + other.shots,
            self.faults + other.faults,
            self.unanswered + other.unanswered,
            self.notes + other.notes,
        )
