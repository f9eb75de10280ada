"""The values Source, Frame and Unreadable, and the episode of a source."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

MediaKind = Literal["video", "photo", "raw"]
STILL_TIME_BASE = Fraction(1)
_FRAME_MARK = "_frm-"
REFERENCED = "referenced"  # in place of a codec: the pictures are known, the film is not


@dataclass(frozen=True, slots=True)
class Source:
    """One media file: an episode, a film, a camera clip, or one photograph.

    Attributes:
        digest: SHA-256 of the file, in hex, so that a renamed film is still the same film.
        path: where it was found, absolute.
        name: what its frames are named after, `TT_S01_E01`; made of letters, digits, - _ and dots.
        group: what must never stand on both sides of a split.
        width_pixels, height_pixels: of the picture as it is to be shown (rotation and pixel shape honoured).
        codec: FFmpeg's name, or the picture format in lower case; REFERENCED where only pictures of it are known.
        start_pts: presentation time of the first frame, in the time base of its frames; 0 for a still.
        rate: average frames per second; None for a still.
        frame_count: how many frames can be addressed; 1 for a still.
        duration_seconds: from the first frame to the end of the last; None for a still.
        captured_at: ISO 8601 time of capture where the file states one.
        start_timecode: SMPTE timecode of the first frame where the film states one, `01:00:00;00` drop-frame.
    """

    digest: str
    path: str
    name: str
    group: str
    kind: MediaKind
    width_pixels: int
    height_pixels: int
    codec: str
    start_pts: int = 0
    rate: Fraction | None = None
    frame_count: int = 1
    duration_seconds: Fraction | None = None
    captured_at: str | None = None
    start_timecode: str | None = None

    @property
    def is_referenced(self) -> bool:
        """Whether no file was read: its frames are pictures that are referred to where they are, at `path`."""
        return self.codec == REFERENCED


def episode_of(source: Source) -> str:
    """Return the name, in lower case, that a source shares with all others of the same episode.

    It is the source's own, without the digits that set it apart from another of that name; of a picture that is named
    as a frame, what stands before its time.
    """
    name = source.name.casefold().removesuffix(f"-{source.digest[:8]}")
    return name if source.kind == "video" else name.rpartition(_FRAME_MARK)[0] or name


def episodes_in(name: str) -> list[str]:
    """Return what a frame of this name may be a frame of, in lower case: what stands before each mark of a time."""
    parts = name.casefold().split(_FRAME_MARK)
    return [_FRAME_MARK.join(parts[:count]) for count in range(1, len(parts))]


@dataclass(frozen=True, slots=True)
class Frame:
    """The address of one picture, in four parts: source, presentation time, ordinal, timecode.

    Attributes:
        source: digest of the source.
        pts: presentation time in units of `time_base`; 0 for a still.
        ordinal: position in presentation order, from 0.
        timecode: `HH:MM:SS:FF`, counted from the first frame.
        name: `TT_S01_E01_FRM-00-00-08-12`; for a still, the name of its source.
    """

    source: str
    pts: int
    time_base: Fraction
    ordinal: int
    timecode: str
    name: str

    def __post_init__(self) -> None:
        if self.ordinal < 0 or self.time_base.numerator <= 0:
            raise ValueError(f"a frame needs ordinal >= 0 and time_base > 0, got {self!r}")

    @property
    def id(self) -> str:
        """The key of this frame everywhere: `<first 16 hex digits of the source>:<pts>`."""
        return f"{self.source[:16]}:{self.pts}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a part of one, that could not be read; the rest of its batch went on.

    Attributes:
        path: as the user named it.
        reason: what is wrong and what to do, without the path.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
