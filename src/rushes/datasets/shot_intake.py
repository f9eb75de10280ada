"""Shots as sheets state them, held against their videos: which can be used, which cannot and why."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from pathlib import Path, PurePosixPath

from rushes.datasets.shot_videos import Video, look_at_videos
from rushes.errors import MediaError, UsageError
from rushes.footage.cuts import find_cuts
from rushes.footage.found_shots import place_of_scan
from rushes.footage.shot import Cut
from rushes.footage.signals import Signals, read_signals
from rushes.footage.video import index_video
from rushes.labels.shot_manifest import ShotRow
from rushes.labels.stated_shot import At, StatedShot
from rushes.progress import Progress, silent
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import exists
from rushes.timecode import Timecode, count_of_timecode, parse_timecode

_CLIPPED_FRAMES = 2  # beyond the end: encoders drop so many, and no label is wrong for it
_DISAGREE_FRAMES = 3  # between an ordinal and the seconds stated beside it, or
_DISAGREE_SECONDS = Fraction(1, 4)  # so much, whichever is more
_EDGE_SECONDS = Fraction(1, 8)  # a cut nearer to a shot's end is where the cut list puts it, give or take
_EDGE_FRAMES = 2
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unusable:
    """A stated shot that is no sample.

    Attributes:
        name: what people call it.
        reason: what is wrong, with where it is stated.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakenShots:
    """Stated shots as far as their videos bear them out.

    Attributes:
        rows: those that can be used, each shot once, in the order of their statements.
        unusable: those that cannot, with the reason.
        notes: what a person should know before trusting scores on these shots.
    """

    rows: tuple[ShotRow, ...]
    unusable: tuple[Unusable, ...] = ()
    notes: tuple[str, ...] = ()


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
    scans_folder: Path | None = None,
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
        scans_folder: of scans that were kept; shots of the films among them are searched for cuts inside.
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
            taking.refuse(shot, f"{place}: {video.reason}")
            continue
        taking.take(shot, place, video)
    missing = [name for name, place in places.items() if isinstance(place, str)]
    damaged = [str(place) for place, video in videos.items() if isinstance(video, MediaError)]
    notes = [
        *_notes_on_missing(missing, len(places), videos_folder),
        *_some("videos that cannot be read", damaged, len(places)),
    ]
    rows = taking.rows()
    notes += taking.notes()
    notes += notes_on_videos({place: video for place, video in videos.items() if isinstance(video, Video)})
    notes += notes_on_overlaps(rows)
    notes += notes_on_copies(rows)
    if scans_folder is not None:
        notes += notes_on_cuts(rows, scans_folder)
    return TakenShots(rows, tuple(taking.unusable), tuple(notes))


def find_video(name: str, folders: Sequence[Path]) -> Place | str:
    """Return where a video is that a sheet names, or why it cannot be found.

    Args:
        folders: where relative paths may begin, the likeliest first.
    """
    try:
        place = parse_place(name)
    except UsageError as error:
        return str(error)
    if not isinstance(place, Path):
        return place if exists(place) else f"there is no such file: {place}"
    candidates = [place] if place.is_absolute() else [folder / place for folder in folders]
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    return found or f"there is no such file: {candidates[0]}"


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
        return Span(fault=f"it begins at frame {start:,}, and the video has {count:,}")
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


def cuts_inside(signals: Signals, start: int, stop: int, *, cuts: Sequence[Cut] | None = None) -> tuple[Cut, ...]:
    """Return the cuts well inside a shot, for which it is no single shot; those close to its ends are its ends.

    Args:
        start, stop: ordinals, half-open.
        cuts: of the whole film, where they are at hand; None finds them in `signals`.
    """
    edge = max(_EDGE_FRAMES, round(signals.rate * _EDGE_SECONDS))
    found = find_cuts(signals) if cuts is None else cuts
    inside = (cut for cut in found if start + edge <= cut.ordinal <= stop - edge)
    # A dissolve or fade that reaches an end of the shot is the change to its neighbour.
    return tuple(cut for cut in inside if cut.kind == "hard" or (start < cut.start and cut.stop < stop))


def notes_on_cuts(rows: Iterable[ShotRow], scans_folder: Path) -> list[str]:
    """Return notes on shots with cuts inside, as far as scans of their films are kept."""
    by_film: dict[str, list[ShotRow]] = defaultdict(list)
    for row in rows:
        by_film[row.source].append(row)
    notes: list[str] = []
    cut_up: list[str] = []
    for source, shots in by_film.items():
        signals = _kept_signals(scans_folder, source)
        if signals is None:
            continue
        cuts = find_cuts(signals)
        found = [(shot, inside) for shot in shots if (inside := cuts_inside(signals, shot.start, shot.stop, cuts=cuts))]
        if len(found) > 1 and 2 * len(found) > len(shots):
            notes.append(
                f"{shots[0].video}: {len(found)} of {len(shots)} shots have cuts inside. Is this the cut list of "
                "another version of the film?"
            )
        cut_up += [f"{shot.name or shot.id} at {', '.join(str(cut.ordinal) for cut in cuts)}" for shot, cuts in found]
    return notes + _some("a cut inside, so no single shot", cut_up, None)


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
    _contested: set[str] = field(default_factory=set)
    _times: dict[Place, tuple[Fraction, ...]] = field(default_factory=dict)
    _clipped: list[str] = field(default_factory=list)
    _repeated: int = 0

    def refuse(self, shot: StatedShot, reason: str) -> None:
        self.unusable.append(Unusable(shot.name or shot.video, f"{shot.place}: {reason}"))

    def take(self, shot: StatedShot, place: Place, video: Video) -> None:
        try:
            span = span_of(shot, video, self._clock_of(place, video))
        except MediaError as error:  # it could be read when it was remembered
            self.refuse(shot, f"{place}: {error.reason}")
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

    def rows(self) -> tuple[ShotRow, ...]:
        return tuple(row for key, (row, _) in self._taken.items() if key not in self._contested)

    def notes(self) -> list[str]:
        notes = _some("an end beyond the video, clipped", self._clipped, None)
        single = [row.name or row.id for row in self.rows() if row.frame_count == 1]
        notes += _some("a single frame, in which no movement can be seen", single, None)
        if self._repeated:
            notes.append(f"stated more than once, and counted once: {self._repeated:,}")
        return notes

    def _add(self, row: ShotRow, shot: StatedShot) -> None:
        earlier, stated = self._taken.setdefault(row.id, (row, shot))
        if stated is shot:
            return
        self._repeated += 1
        for task, class_name in row.classes.items():
            before = earlier.classes.get(task, class_name)
            if before != class_name:
                reason = f"'{class_name}' in {task}, but '{before}' in {stated.place}. Keep one"
                self.refuse(shot, reason)
                if row.id not in self._contested:
                    self.refuse(stated, f"'{before}' in {task}, but '{class_name}' in {shot.place}. Keep one")
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
        if not isinstance(place, Path):
            return str(place)
        whole, root = place.absolute(), self.project_root.absolute()
        return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()


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


def _kept_signals(scans_folder: Path, source: str) -> Signals | None:
    path = place_of_scan(scans_folder, source)
    try:
        signals = read_signals(path) if path.is_file() else None
    except MediaError:
        return None
    return signals if signals is not None and signals.source == source and signals.frame_count else None


def _notes_on_missing(missing: Sequence[str], total: int, videos_folder: Path | None) -> list[str]:
    notes = _some("videos that are missing", missing, total)
    if notes and 2 * len(missing) > total:
        folders = Counter(name.partition("/")[0] for name in missing if "/" in name).most_common(3)
        below = f" It should hold {', '.join(f'{name}/' for name, _ in folders)}." if folders else ""
        where = "the folder of videos" if videos_folder is None else f"the folder of videos, {videos_folder},"
        notes.insert(
            0, f"{len(missing):,} of {total:,} videos are missing: {where} is probably not the right one.{below}"
        )
    return notes


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
