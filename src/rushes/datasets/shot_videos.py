"""What is known of the videos that shots lie in: digest, frames, rate; remembered as long as a file stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.cores import count_cores
from rushes.errors import MediaError
from rushes.footage.kinds import kind_of
from rushes.footage.sources import digest_of_place
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.files import write_text
from rushes.storage.places import Place
from rushes.storage.reading import held, local_state

SCHEMA = "videos/1"
CACHE_NAME = "videos.json"
_TOLD_EVERY = 16  # videos; a bar that moves more often slows what it shows
_WRITTEN_EVERY = 2000  # videos: what a kill can cost


@dataclass(frozen=True, slots=True)
class Video:
    """One video as far as labels of shots need it.

    Attributes:
        source: SHA-256 of the file, in hex; of a film in a store, what stands for it.
        rate: frames per second, on average, as its frames' times tell; what its header states may be something else.
        constant_rate: every frame stands where counting at `rate` puts it.
        start_timecode: what the file states for its first frame.
        doubts: what a person should know of its times: cut off, frames without a time.
    """

    source: str
    frame_count: int
    rate: Fraction
    constant_rate: bool = True
    start_timecode: str | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Remembered:
    size_bytes: int
    modified_ns: int
    video: Video


def look_at_videos(
    places: Iterable[Place], *, cache: Path | None = None, threads: int = 0, progress: Progress = silent
) -> dict[Place, Video | MediaError]:
    """Return what is known of each video, or why it cannot be used; one that cannot does not stop the others.

    Args:
        cache: folder in which what was found is remembered; a file whose size and time of change are those of then is
            not opened again. None remembers nothing.
        threads: videos that are looked at at the same time; 0 takes one per core.
        progress: told of videos.
    """
    wanted = list(dict.fromkeys(places))
    known = {} if cache is None else _read_cache(cache / CACHE_NAME)
    found: dict[Place, Video | MediaError] = {}
    before = {place: local_state(place) for place in wanted}
    for place in wanted:
        remembered, state = known.get(str(place)), before[place]
        if remembered is not None and state == (remembered.size_bytes, remembered.modified_ns):
            found[place] = remembered.video
    fresh = [place for place in wanted if place not in found]
    progress(len(found), len(wanted), "videos")
    unwritten = 0
    with ThreadPoolExecutor(threads or count_cores()) as pool:
        for number, (place, video) in enumerate(zip(fresh, pool.map(_look_at, fresh), strict=True), start=1):
            found[place] = video
            if number % _TOLD_EVERY == 0 or number == len(fresh):
                progress(len(wanted) - len(fresh) + number, len(wanted), place.name)
            state = before[place]
            if isinstance(video, Video) and state and local_state(place) == state:
                known[str(place)] = _Remembered(*state, video)
                unwritten += 1
            if cache is not None and unwritten and (unwritten == _WRITTEN_EVERY or number == len(fresh)):
                _write_cache(cache / CACHE_NAME, known)
                unwritten = 0
    return {place: found[place] for place in wanted}


def _look_at(place: Place) -> Video | MediaError:
    if kind_of(place) in ("photo", "raw"):
        return MediaError(place, "is a photograph; a shot is of a film")
    try:
        with held(place):
            index = index_video(place)
            return _video_of(index, digest_of_place(place))
    except MediaError as error:
        return error
    except OSError as error:
        return MediaError(place, f"cannot be read ({error.strerror or error})")
    except (ValueError, ArithmeticError, LookupError, RuntimeError) as error:  # of one video; the others go on
        return MediaError(place, f"cannot be read as a film ({error or type(error).__name__})")


def _video_of(index: VideoIndex, digest: str) -> Video:
    doubts = list(index.warnings)
    if not index.exact:
        doubts.append("some of its frames have no time, or times out of order: frames are counted")
    return Video(digest, index.frame_count, index.rate, index.constant_rate, index.start_timecode, tuple(doubts))


def _read_cache(path: Path) -> dict[str, _Remembered]:
    """Return path of a video -> what is remembered of it; nothing where the file is missing, damaged or another's."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != SCHEMA:
            return {}
        return {place: _remembered_from(values) for place, values in table["videos"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return {}


def _remembered_from(values: Mapping[str, Any]) -> _Remembered:
    video = Video(
        values["source"],
        values["frames"],
        Fraction(values["rate"]),
        values["constant_rate"],
        values["start_timecode"],
        tuple(values["doubts"]),
    )
    return _Remembered(values["size_bytes"], values["modified_ns"], video)


def _write_cache(path: Path, known: Mapping[str, _Remembered]) -> None:
    videos = {
        place: {
            "size_bytes": one.size_bytes,
            "modified_ns": one.modified_ns,
            "source": one.video.source,
            "frames": one.video.frame_count,
            "rate": str(one.video.rate),
            "constant_rate": one.video.constant_rate,
            "start_timecode": one.video.start_timecode,
            "doubts": list(one.video.doubts),
        }
        for place, one in sorted(known.items())
    }
    write_text(path, json.dumps({"schema": SCHEMA, "videos": videos}, ensure_ascii=False) + "\n")
