"""Films: what a project knows of its footage, read when it is asked for and held while nothing changes."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.errors import ManifestError, MediaError
from rushes.footage.found_shots import place_of_scan, read_kept_scan
from rushes.footage.shots import shots_of
from rushes.footage.signals import read_signals
from rushes.footage.source import Source
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.labels.label import Label
from rushes.labels.shot_manifest import ShotRow, newest_shots, read_shots
from rushes.labels.trust import resolve
from rushes.project import Project
from rushes.storage.places import Place, Remote, parse_place
from rushes.storage.reading import local_state
from rushes.timelines.movement import answer_movement
from rushes.timelines.sound import has_sound
from rushes.timelines.timeline import Timeline, make_timeline, with_answers

Value = TypeVar("Value")
_INDEXES_HELD, _TIMELINES_HELD = 16, 8
_PREFIX = 16  # digits of a source that a frame's id begins with


@dataclass(frozen=True, slots=True)
class FilmShots:
    """The shots of a film as they are now.

    Attributes:
        timeline: with the movement that the scan shows.
        lost_frames: how many frames could not be decoded.
        warnings: what a person should know of the file.
    """

    timeline: Timeline
    lost_frames: int
    warnings: tuple[str, ...]


class Held:
    """The latest values of some computation, by key; each is computed once, whoever asks at the same time."""

    def __init__(self, most: int) -> None:
        """Hold nothing yet."""
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not held."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("Value", self._values[key])
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                if key in self._values:
                    return cast("Value", self._values[key])
            try:
                made = make()
            finally:
                with self._lock:
                    self._locks.pop(key, None)
            with self._lock:
                self._values[key] = made
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return made


class Films:
    """The footage of a project; every method may ask the disk, and is not for a thread that must not wait."""

    def __init__(self, project: Project, catalog: Catalog) -> None:
        """Read nothing yet."""
        self.project, self.catalog = project, catalog
        self._indexes, self._timelines = Held(_INDEXES_HELD), Held(_TIMELINES_HELD)
        self._counts, self._labels = Held(4096), Held(1)
        self._shot_rows = Held(1)

    # Files.

    def place(self, source: Source) -> Place:
        """Return where a source's file is, which is the one that was taken in.

        Raises:
            MediaError: it is gone, was changed since, or no file was ever read.
        """
        place = parse_place(source.path)
        if source.is_referenced:
            raise MediaError(source.name, "only pictures of it are known; its file was never taken in")
        if isinstance(place, Remote):
            return place
        state = local_state(place)
        if state is None:
            raise MediaError(source.name, "its file is not where it was taken in. Put it back, or ingest it anew")
        known = self.catalog.digest_of(place.resolve(), size_bytes=state[0], modified_ns=state[1])
        if known != source.digest:
            raise MediaError(source.name, "its file was changed since it was taken in. Ingest it anew")
        return place

    def index(self, source: Source) -> VideoIndex:
        """Return where the frames of a film are.

        Raises:
            MediaError: as `place`, or it cannot be read.
        """
        place = self.place(source)
        return self._indexes.get(source.digest, lambda: index_video(place))

    # Shots.

    def scan_state(self, source: Source) -> tuple[int, int] | None:
        """Return what changes when the scan of a film does; None where it was not scanned."""
        return local_state(place_of_scan(self.project.scans_folder, source.digest))

    def shots(self, source: Source) -> FilmShots | None:
        """Return the shots of a film; None where it was not scanned yet.

        Raises:
            MediaError: as `index`.
        """
        state = self.scan_state(source)
        if state is None:
            return None
        return self._timelines.get((source.digest, state), lambda: self._read_shots(source))

    def _read_shots(self, source: Source) -> FilmShots | None:
        index = self.index(source)
        signals = read_kept_scan(self.project.scans_folder, source.digest, index)
        if signals is None:
            return None
        shots = shots_of(signals, frame_count=index.frame_count)
        timeline = make_timeline(source, index, shots, has_sound=has_sound(self.place(source)))
        timeline = with_answers(timeline, answer_movement(signals, shots))
        return FilmShots(timeline, index.frame_count - signals.frame_count, index.warnings)

    def shot_count(self, source: Source) -> int | None:
        """Return how many shots a film has, by its scan alone; None where it was not scanned or the scan is no good."""
        state = self.scan_state(source) if source.kind == "video" else None
        if state is None:
            return None
        return self._counts.get((source.digest, state), lambda: self._count_shots(source))

    def _count_shots(self, source: Source) -> int | None:
        try:
            signals = read_signals(place_of_scan(self.project.scans_folder, source.digest))
        except MediaError:
            return None
        if signals.source != source.digest or not signals.frame_count:
            return None
        return len(shots_of(signals, frame_count=signals.film_frames))

    # Labels.

    def labels(self) -> Mapping[str, Mapping[str, Sequence[Label]]]:
        """Return first digits of a source -> task -> the labels that count for its frames, in no order."""
        latest = tuple((task, self.catalog.last_label(task=task)) for task in self.project.tasks)
        return self._labels.get(latest, self._resolve_labels)

    def _resolve_labels(self) -> Mapping[str, Mapping[str, Sequence[Label]]]:
        found: dict[str, dict[str, list[Label]]] = {}
        for name, task in self.project.tasks.items():
            resolved = resolve(self.catalog.labels(task=name), self.project.trust_of(task))
            for frame, one in resolved.items():
                found.setdefault(frame[:_PREFIX], {}).setdefault(name, []).append(one.label)
        return found

    def label_counts(self, sources: Sequence[Source]) -> list[dict[str, dict[str, int]]]:
        """Return of each source: task -> class -> how many of its frames are so labelled, in the task's order."""
        labels = self.labels()
        return [
            {
                task: self._in_order(task, Counter(label.class_name for label in of_task))
                for task, of_task in labels.get(source.digest[:_PREFIX], {}).items()
            }
            for source in sources
        ]

    def _in_order(self, task: str, found: Mapping[str | None, int]) -> dict[str, int]:
        return {name: found[name] for name in self.project.tasks[task].classes if found.get(name)}

    def shot_rows(self, source: Source) -> list[ShotRow]:
        """Return the labelled shots of a film, from the newest list of shots."""
        newest = newest_shots(self.project.manifests_folder)
        if newest is None:
            return []
        state = local_state(newest)
        try:
            rows = self._shot_rows.get((newest, state), lambda: tuple(read_shots(newest)))
        except ManifestError:  # 'rushes status' says what is wrong with it
            return []
        return [row for row in rows if row.source == source.digest]

    def frames(self, source: Source) -> list[StoredFrame]:
        """Return the frames of a source that were taken in, in order of time."""
        return self.catalog.frames(source=source.digest)

    def picture_of(self, frame: StoredFrame) -> Path | None:
        """Return the picture of a frame; None where it is not in the project."""
        place = parse_place(frame.image)
        path = self.project.root / place if isinstance(place, Path) else None
        return path if path is not None and path.is_file() else None
