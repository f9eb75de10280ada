"""Shots as sheets state them, held against their videos: which can be used, which cannot and why."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from pathlib import Path, PurePosixPath

from rushes.datasets.shot_videos import Video, look_at_videos
from rushes.errors import MediaError, UsageError
from rushes.footage.video import index_video
from rushes.labels.shot_manifest import ShotRow
from rushes.labels.stated_shot import At, StatedShot
from rushes.progress import Progress, silent
from rushes.storage.places import Place, parse_place
from rushes.timecode import Timecode, count_of_timecode, parse_timecode

_CLIPPED_FRAMES = 2  # beyond the end: encoders drop so many, and no label is wrong for it
_DISAGREE_FRAMES = 3  # between an ordinal and the seconds stated beside it, or
_DISAGREE_SECONDS = Fraction(1, 4)  # so much, whichever is more
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unusable:
    """A stated shot that is no sample.

    Attributes:
        name: what people call it.
        place: where it is stated.
        fault: what is wrong; the same words of all shots that the same thing takes away.
    """

    name: str
    place: str
    fault: str

    @property
    def reason(self) -> str:
        """What is wrong, with where it is stated."""
        return f"{self.place}: {self.fault}"


@dataclass(frozen=True, slots=True)
class TakenShots:
    """Stated shots as far as their videos bear them out.

    Attributes:
        rows: those that can be used, each shot once, in the order of their statements.
        unusable: those that cannot, with the reason.
        notes: what a person should know before trusting scores on these shots.
        missing: how many videos are not where the sheets say.
    """

    rows: tuple[ShotRow, ...]
    unusable: tuple[Unusable, ...] = ()
    notes: tuple[str, ...] = ()
    missing: int = 0

    def faults(self) -> list[str]:
        """Return what takes shots away, each once: a missing video, two classes of a shot."""
        places: dict[str, list[str]] = defaultdict(list)
        for one in self.unusable:
            places[one.fault].append(one.place)
        return [f"{found[0]}{_more(len(found) - 1)}: {fault}" for fault, found in places.items()]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a stated shot lies in its video, `[start, stop)` in ordinals; or why nowhere.

    Attributes:
        clipped: by how many frames it was stated to go on beyond the end.
        fault: why it cannot be used; "" where it can.
    """

    start: int = 0
    stop: int = 0
    clipped: int = 0
    fault: str = ""


def take_shots(
    stated: Sequence[StatedShot],
    *,
    project_root: Path,
    videos_folder: Path | None = None,
    cache_folder: Path | None = None,
    groups: Mapping[str, str] | None = None,
    threads: int = 0,
    progress: Progress = silent,
) -> TakenShots:
    """Hold stated shots against their videos.

    Each video is looked at once, and not again as long as it stays as it is. A missing or damaged one takes its own
    shots away, and no others.

    Args:
        videos_folder: where relative paths begin; a path that is not there is looked for below the project.
        cache_folder: where what was found of videos is remembered; None remembers nothing.
        groups: digest of a video -> its group where no sheet states one; otherwise the video is a group of its own.
        threads: videos that are looked at at the same time; 0 takes one per core.
        progress: told of videos.
    """
    folders = [folder for folder in (videos_folder, project_root) if folder is not None]
    places = {name: find_video(name, folders) for name in dict.fromkeys(shot.video for shot in stated)}
    present = [place for place in places.values() if not isinstance(place, str)]
    videos = look_at_videos(present, cache=cache_folder, threads=threads, progress=progress)
    taking = _Taking(project_root, groups or {})
    for shot in stated:
        place = places[shot.video]
        if isinstance(place, str):
            taking.refuse(shot, place)
            continue
        video = videos[place]
        if isinstance(video, MediaError):
            taking.refuse(shot, f"{_shown(place, project_root)}: {video.reason}")
            continue
        taking.take(shot, place, video)
    missing = [name for name, place in places.items() if isinstance(place, str)]
    damaged = sum(isinstance(video, MediaError) for video in videos.values())
    where = "" if videos_folder is None else _shown(videos_folder, project_root).removeprefix(".")
    notes = _notes_on_missing(missing, len(places), where)
    if damaged:
        notes.append(f"videos that cannot be read: {damaged:,} of {len(places):,}")
    rows = taking.settle()
    notes += taking.notes()
    notes += notes_on_videos({place: video for place, video in videos.items() if isinstance(video, Video)})
    notes += notes_on_overlaps(rows)
    notes += notes_on_copies(rows)
    return TakenShots(rows, tuple(taking.unusable), tuple(notes), len(missing))


def find_video(name: str, folders: Sequence[Path]) -> Place | str:
    """Return where a video is that a sheet names, or why it cannot be found.

    Args:
        folders: where relative paths may begin, the likeliest first; the last is the project's.
    """
    try:
        place = parse_place(name)
    except UsageError as error:
        return str(error)
    if not isinstance(place, Path):
        return place  # whether anything is there, and whether its server answers, is found out by opening it
    candidates = [place] if place.is_absolute() else [folder / place for folder in folders]
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    return found or f"there is no such file: {_shown(candidates[0], folders[-1])}"


def span_of(shot: StatedShot, video: Video, seconds_at: Callable[[int], Fraction]) -> Span:
    """Return where a stated shot lies in its video.

    An end that is no more than two frames beyond the video's is clipped; one that is farther is refused, for the
    sheet is then of another version of the film.

    Args:
        seconds_at: ordinal -> time since the first frame; asked for `frame_count` too, where the last frame ends.
    """
    count = video.frame_count
    try:
        start = 0 if shot.start is None else _ordinal_of(shot.start, video, seconds_at)
        stop = count if shot.stop is None else _ordinal_of(shot.stop, video, seconds_at) + shot.last_included
    except ValueError as error:
        return Span(fault=str(error))
    if start >= count:
        return Span(fault=f"it begins at frame {start:,}, and the video has {count:,}: another version of the film?")
    if stop > count + _CLIPPED_FRAMES:
        return Span(fault=f"it ends before frame {stop:,}, and the video has {count:,}: another version of the film?")
    clipped, stop = max(0, stop - count), min(stop, count)
    if stop <= start:
        return Span(fault=f"it is empty: frames {start:,} up to {stop:,}")
    if shot.start_seconds is not None:
        really = seconds_at(start)
        if abs(really - shot.start_seconds) > max(_DISAGREE_SECONDS, _DISAGREE_FRAMES / video.rate):
            return Span(
                fault=f"frame {start:,} is stated to be at {float(shot.start_seconds):.2f} s, and is at "
                f"{float(really):.2f} s of this video: the sheet counts at another frame rate"
            )
    return Span(start, stop, clipped)


def notes_on_overlaps(rows: Sequence[ShotRow]) -> list[str]:
    """Return a note on shots of one film that share frames and answer the same task; all are kept."""
    by_film: dict[str, list[ShotRow]] = defaultdict(list)
    for row in rows:
        by_film[row.source].append(row)
    overlapping = []
    for shots in by_film.values():
        furthest: dict[str, ShotRow] = {}  # task -> the shot that reaches furthest so far
        for shot in sorted(shots, key=lambda shot: (shot.start, shot.stop)):
            reaching = [earlier for task in shot.classes if (earlier := furthest.get(task)) is not None]
            other = max(reaching, key=lambda earlier: earlier.stop, default=None)
            if other is not None and other.stop > shot.start:
                shared = min(other.stop, shot.stop) - shot.start
                overlapping.append(f"{shot.name or shot.id} and {other.name or other.id} by {shared} frames")
            for task in shot.classes:
                if task not in furthest or shot.stop > furthest[task].stop:
                    furthest[task] = shot
    return _some("overlapping", overlapping, None)


def notes_on_copies(rows: Sequence[ShotRow]) -> list[str]:
    """Return a note on videos that stand in several groups under different names, byte for byte the same."""
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row.source].add(row.group)
    several = [", ".join(sorted(names)) for names in groups.values() if len(names) > 1]
    return _some("the same video in several groups, which a split by group keeps together", several, len(groups))


def notes_on_videos(videos: Mapping[Place, Video]) -> list[str]:
    """Return notes on videos whose times or rates are not what they seem."""
    uneven = [
        f"{place.name} ({float(video.rate):.4g} on average)"
        for place, video in videos.items()
        if not video.constant_rate
    ]
    odd = [f"{place.name} ({float(video.rate):.4g})" for place, video in videos.items() if not 5 <= video.rate <= 125]
    doubts = [f"{place.name}: {doubt}" for place, video in videos.items() for doubt in video.doubts]
    total = len(videos)
    return [
        *_some("videos whose frames are not evenly spaced, so that seconds are taken by their times", uneven, total),
        *_some("videos with a frame rate that no camera has, which may lie", odd, total),
        *_some("videos that are not as they should be", doubts, total),
    ]


@dataclass(slots=True)
class _Taking:
    """The state of one pass over stated shots."""

    project_root: Path
    groups: Mapping[str, str]
    unusable: list[Unusable] = field(default_factory=list)
    _taken: dict[str, tuple[ShotRow, StatedShot]] = field(default_factory=dict)
    _stated: dict[str, list[tuple[StatedShot, Mapping[str, str]]]] = field(default_factory=dict)
    _contested: set[str] = field(default_factory=set)
    _times: dict[Place, tuple[Fraction, ...]] = field(default_factory=dict)
    _clipped: list[str] = field(default_factory=list)
    _repeated: int = 0

    def refuse(self, shot: StatedShot, reason: str) -> None:
        self.unusable.append(Unusable(shot.name or shot.video, shot.place, reason))

    def take(self, shot: StatedShot, place: Place, video: Video) -> None:
        try:
            span = span_of(shot, video, self._clock_of(place, video))
        except MediaError as error:  # it could be read when it was remembered
            self.refuse(shot, f"{_shown(place, self.project_root)}: {error.reason}")
            return
        if span.fault:
            self.refuse(shot, span.fault)
            return
        row = ShotRow(
            video=self._as_written(place),
            start=span.start,
            stop=span.stop,
            classes=dict(shot.classes),
            group=shot.group or self.groups.get(video.source) or _group_of(shot.video),
            source=video.source,
            rate=video.rate,
            origin=shot.origin,
            split=shot.split,
            name=shot.name,
        )
        if span.clipped:
            self._clipped.append(f"{row.name or row.id} by {span.clipped}")
        self._add(row, shot)

    def settle(self) -> tuple[ShotRow, ...]:
        """Refuse the shots of which several classes are stated, once all are taken, and return the others."""
        for key in (key for key in self._taken if key in self._contested):
            fault = _contest(self._stated[key])
            for shot, _ in self._stated[key]:
                self.refuse(shot, fault)
        return tuple(row for key, (row, _) in self._taken.items() if key not in self._contested)

    def notes(self) -> list[str]:
        notes = _some("an end beyond the video, clipped", self._clipped, None)
        taken = (row for key, (row, _) in self._taken.items() if key not in self._contested)
        single = [row.name or row.id for row in taken if row.frame_count == 1]
        notes += _some("a single frame, in which no movement can be seen", single, None)
        if self._repeated:
            notes.append(f"stated more than once, and counted once: {self._repeated:,}")
        return notes

    def _add(self, row: ShotRow, shot: StatedShot) -> None:
        earlier, stated = self._taken.setdefault(row.id, (row, shot))
        self._stated.setdefault(row.id, []).append((shot, row.classes))
        if stated is shot:
            return
        self._repeated += 1
        if any(earlier.classes.get(task, name) != name for task, name in row.classes.items()):
            self._contested.add(row.id)
            return
        # Two sheets may answer one task each.
        joined = replace(earlier, classes={**row.classes, **earlier.classes}, split=earlier.split or row.split)
        self._taken[row.id] = (joined, stated)

    def _clock_of(self, place: Place, video: Video) -> Callable[[int], Fraction]:
        if video.constant_rate:
            return lambda ordinal: ordinal / video.rate

        def at(ordinal: int) -> Fraction:
            if place not in self._times:
                index = index_video(place)
                times = (index.seconds_at(number) for number in range(index.frame_count))
                self._times[place] = (*times, index.duration_seconds)
            return self._times[place][ordinal]

        return at

    def _as_written(self, place: Place) -> str:
        """Return how the manifest names a video: below the project by its relative path, so that it can be moved."""
        return _shown(place, self.project_root)


def _ordinal_of(at: At, video: Video, seconds_at: Callable[[int], Fraction]) -> int:
    """Return the frame boundary that a statement means; for seconds, the nearest.

    Raises:
        ValueError: a timecode that does not exist at the video's rate, or lies before the first frame's.
    """
    if isinstance(at, int):
        return at
    if isinstance(at, Timecode):
        count = _count_from_start(at, video)
        if video.constant_rate:
            return count
        at = count / video.rate
    if video.constant_rate:
        return floor(at * video.rate + Fraction(1, 2))
    after = bisect_left(range(video.frame_count + 1), at, key=seconds_at)
    if after > video.frame_count:  # beyond the end: counted on, so that it is known how far
        return video.frame_count + floor((at - seconds_at(video.frame_count)) * video.rate + Fraction(1, 2))
    nearer_before = after > 0 and at - seconds_at(after - 1) < seconds_at(after) - at
    return after - nearer_before


def _count_from_start(timecode: Timecode, video: Video) -> int:
    count = count_of_timecode(timecode, video.rate)
    if video.start_timecode is None:
        return count
    first = count_of_timecode(parse_timecode(video.start_timecode), video.rate)
    if count < first:
        raise ValueError(f"{timecode} is before the video's first timecode, {video.start_timecode}")
    return count - first


def _group_of(video: str) -> str:
    """Return the group of a video of which no sheet states one: its path without its end."""
    return PurePosixPath(video).with_suffix("").as_posix() if PurePosixPath(video).name else video


def _shown(place: Place, root: Path) -> str:
    """Return a place as it is written: below a project by its path from there."""
    if not isinstance(place, Path):
        return str(place)
    whole, above = place.absolute(), root.absolute()
    return (whole.relative_to(above) if whole.is_relative_to(above) else whole).as_posix()


def _contest(stated: Sequence[tuple[StatedShot, Mapping[str, str]]]) -> str:
    """Return which classes are stated of one shot, of the tasks in which they differ, and where."""
    said: dict[str, dict[str, str]] = defaultdict(dict)  # task -> class -> the first place
    for shot, classes in stated:
        for task, name in classes.items():
            said[task].setdefault(name, shot.place)
    of_tasks = (
        f"{task} is " + " and ".join(f"'{name}' in {place}" for name, place in found.items())
        for task, found in said.items()
        if len(found) > 1
    )
    return f"{'; '.join(of_tasks)}, of the same frames. Keep one"


def _more(count: int) -> str:
    return f" and {count:,} more row{'' if count == 1 else 's'}" if count else ""


def _notes_on_missing(missing: Sequence[str], total: int, videos_folder: str) -> list[str]:
    below_folder = [name for name in missing if not PurePosixPath(name).is_absolute()]
    if 2 * len(missing) <= total or not below_folder:
        return [f"videos that are missing: {len(missing):,} of {total:,}"] if missing else []
    folders = Counter(name.partition("/")[0] for name in below_folder if "/" in name).most_common(3)
    below = f"; it should hold {', '.join(f'{name}/' for name, _ in folders)}" if folders else ""
    where = f"the folder of videos, {videos_folder}," if videos_folder else "the folder of videos"
    return [f"{len(missing):,} of {total:,} videos are missing: {where} is probably not the right one{below}"]


def _some(what: str, names: Sequence[str], total: int | None) -> list[str]:
    """Return one note that counts and shows the first of what was found; none where nothing was.

    Args:
        total: how many videos there are, where the names are of videos; None where they are of shots.
    """
    if not names:
        return []
    count = f"{len(names):,} shot{'' if len(names) == 1 else 's'}" if total is None else f"{len(names):,} of {total:,}"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return [f"{what}: {count} ({'; '.join(names[:_SHOWN])}{more})"]
