"""Shots as strips of small frames, with what the camera did in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import MediaError, UsageError
from rushes.evaluation.motion_chart import MotionCurve, curve_of
from rushes.evaluation.thumbnails import Thumbnail, shrink
from rushes.footage.found_shots import FoundShots, find_shots
from rushes.footage.movement import MotionSeries, motion_series
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.progress import Progress, silent
from rushes.storage.pictures import without_query
from rushes.storage.places import Place, parse_place

FRAMES = 7
SIDE_PIXELS = 208
_ID = re.compile(r"([0-9a-f]{16}):(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class ShotPlace:
    """Where a shot is.

    Attributes:
        id: `<first 16 digits of the source>:<start>-<stop>`.
        video: path relative to the project, or an address.
    """

    id: str
    video: str
    source: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class ShotStrip:
    """What is shown of a shot.

    Attributes:
        ordinals: of the frames shown.
        frames: each small; None where it could not be decoded.
        series: its motion; None where the film could not be read, and `lost` says why.
    """

    ordinals: tuple[int, ...] = ()
    frames: tuple[Thumbnail | None, ...] = ()
    series: MotionSeries | None = None
    curve: MotionCurve | None = None
    lost: str = ""

    @property
    def size_bytes(self) -> int:
        """Of its pictures."""
        return sum(len(frame.data) for frame in self.frames if frame)


def parse_shot_id(shot_id: str, video: str) -> ShotPlace | None:
    """Return where a shot is by its id; None where it is no id of a shot."""
    found = _ID.fullmatch(shot_id)
    if not found or int(found[2]) >= int(found[3]):
        return None
    return ShotPlace(shot_id, video, found[1], int(found[2]), int(found[3]))


def plan_strip(start: int, stop: int, count: int = FRAMES) -> tuple[int, ...]:
    """Return ordinals over the whole of a shot: the middles of equally long parts; a short shot gives some twice.

    So each frame stands over its moment in a chart of the same width.
    """
    return tuple(start + (2 * part + 1) * (stop - start) // (2 * count) for part in range(count))


def read_strips(
    shots: Iterable[ShotPlace], *, project_root: Path, scans_folder: Path | None, progress: Progress = silent
) -> dict[str, ShotStrip]:
    """Return a strip for each shot by its id; each film is opened once, and scanned where no scan of it is kept."""
    films: dict[str, dict[str, ShotPlace]] = {}
    for shot in shots:
        films.setdefault(shot.video, {})[shot.id] = shot
    strips: dict[str, ShotStrip] = {}
    for done, (video, members) in enumerate(films.items()):
        progress(done, len(films), without_query(video))
        try:
            path = place_of(video, project_root)
            found = find_shots(path, scans=scans_folder)
            strips |= _read_film(path, found, list(members.values()))
        except (MediaError, UsageError) as error:
            strips |= dict.fromkeys(members, ShotStrip(lost=f"{without_query(video)} could not be read: {error}"))
    return strips


def place_of(video: str, project_root: Path) -> Place:
    """Return where a video is that is named from the project's folder.

    Raises:
        UsageError: it is an address that cannot be followed.
    """
    place = parse_place(video)
    return project_root / place if isinstance(place, Path) else place


def _read_film(path: Place, found: FoundShots, shots: Sequence[ShotPlace]) -> dict[str, ShotStrip]:
    strips: dict[str, ShotStrip] = {}
    plans: dict[str, tuple[int, ...]] = {}
    for shot in shots:
        if not found.source.digest.startswith(shot.source):
            strips[shot.id] = ShotStrip(lost=f"{without_query(shot.video)} has changed since this shot was read")
        elif shot.start >= found.index.frame_count:
            strips[shot.id] = ShotStrip(lost=f"{without_query(shot.video)} ends before this shot")
        else:
            plans[shot.id] = plan_strip(shot.start, min(shot.stop, found.index.frame_count))
    pictures = _read_frames(path, found, {ordinal for plan in plans.values() for ordinal in plan})
    for shot in shots:
        if shot.id in plans:
            series = motion_series(found.signals, shot.start, shot.stop)
            strips[shot.id] = ShotStrip(
                ordinals=plans[shot.id],
                frames=tuple(pictures.get(ordinal) for ordinal in plans[shot.id]),
                series=series,
                curve=curve_of(series, cuts=_cuts_inside(found, shot)),
            )
    return strips


def _read_frames(path: Place, found: FoundShots, ordinals: set[int]) -> Mapping[int, Thumbnail]:
    return {
        frame.ordinal: shrink(frame.pixels, side_pixels=SIDE_PIXELS)
        for frame in decode_frames(path, found.index, sorted(ordinals))
        if isinstance(frame, DecodedFrame)
    }


def _cuts_inside(found: FoundShots, shot: ShotPlace) -> tuple[float, ...]:
    """Return the seconds since a shot's first frame at which a new shot was found to begin."""
    index = found.index
    return tuple(
        float((index.pts[one.start] - index.pts[shot.start]) * index.time_base)
        for one in found.shots
        if shot.start < one.start < shot.stop
    )
