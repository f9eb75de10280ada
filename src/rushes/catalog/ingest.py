"""Footage into the catalog: what is there is not done twice, and a stop leaves a state to go on from."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.errors import MediaError, did_you_mean
from rushes.footage.kinds import find_media, kind_of, require_content
from rushes.footage.picture import PictureFormat, PictureSize, encode_picture, resize
from rushes.footage.sampling import Sampling, name_frames, plan_ordinals
from rushes.footage.signature import signature_of
from rushes.footage.source import STILL_TIME_BASE, Frame, Source, Unreadable
from rushes.footage.sources import address_of, digest_of_place, read_source, read_still, source_name
from rushes.footage.video import LostFrame, decode_frames
from rushes.labels.label import Label
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.storage.files import digest_of_bytes, write_bytes
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import Fetched, RemoteObject, exists, held
from rushes.timecode import parse_frame_name

FOLDER_ORIGIN = "folder"
_EXTENSIONS = {"jpeg": "jpg", "webp": "webp", "png": "png"}
_FRAMES_PER_COMMIT = 64
_STILLS_FOLDER = "stills"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to take in.

    Attributes:
        group: the group it is to be of; None takes the one its kind suggests (see `group_of`).
        class_name: the class its folder names, where folders name classes.
    """

    path: Place
    group: str | None = None
    class_name: str | None = None


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How footage becomes frames, in exact values."""

    sampling: Sampling
    size: PictureSize
    format: PictureFormat = "jpeg"
    quality: int = 90
    task: Task | None = None  # whose classes folders name


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of one file.

    Attributes:
        new, known: frames written now, and frames that were there already.
        lost: frames that were planned and could not be decoded, and what else is wrong, each with the reason.
        fetched: what came over the network; None for a local file.
    """

    path: Place
    source: Source
    new: int
    known: int
    lost: tuple[Unreadable, ...] = ()
    fetched: Fetched | None = None


def plan_ingest(
    paths: Sequence[Place], *, group: str | None, class_folders: Task | None
) -> tuple[list[Wanted], list[Unreadable]]:
    """Return the files to take in below some paths, and the paths where there are none.

    Args:
        group: one group for all; None lets each file's kind suggest it.
        class_folders: where given, the folder that holds a file names its class of this task (the ImageFolder
            layout), and each photograph is a group of its own unless `group` says otherwise.
    """
    wanted: list[Wanted] = []
    strangers: Counter[Place] = Counter()
    missing: list[Unreadable] = []
    for path in paths:
        try:
            found = find_media(path)
        except MediaError as error:
            missing.append(Unreadable(error.path, error.reason))
            continue
        if not found:
            missing.append(Unreadable(str(path), "holds no videos, raws or photographs"))
        for file in found:
            class_name = None
            if class_folders is not None:
                class_name = class_folders.class_of(file.parent.name)
                if class_name is None:
                    strangers[file.parent] += 1
                    continue
            wanted.append(Wanted(file, group, class_name))
    for folder, count in strangers.items():
        assert class_folders is not None
        hint = did_you_mean(folder.name, [*class_folders.classes, *class_folders.aliases])
        reason = f"'{folder.name}' is no class of {class_folders.name} ({count} files passed over). {hint}"
        missing.append(Unreadable(str(folder), f"{reason} An alias in rushes.toml would do as well"))
    return list({_resolved(item.path): item for item in wanted}.values()), missing


def _resolved(path: Place) -> Place:
    return path.resolve() if isinstance(path, Path) else path


def group_of(path: Place, *, name: str, class_folders: bool) -> str:
    """Return the group that a file's kind suggests.

    A film is a group of its own; a photograph belongs to the folder it lies in (a shoot), in a bucket to the last part
    of its prefix; a picture that is
    named as a frame belongs to the film that its name states; in class folders each photograph stands alone.
    """
    try:
        return parse_frame_name(path.stem)[0]
    except ValueError:
        pass
    if class_folders or kind_of(path) == "video":
        return name
    return _resolved(path).parent.name or name


def ingest(
    wanted: Sequence[Wanted],
    *,
    catalog: Catalog,
    root: Path,
    settings: IngestSettings,
    threads: int = 2,
    progress: Progress = silent,
) -> Iterator[Ingested | Unreadable]:
    """Take files in, several at a time, and yield what came of each as it is done.

    Frames are written under `root`/frames whole or not at all and noted in the catalog in small batches, so
    that a run that was stopped or killed goes on where it was.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting = iter(wanted)
        meter = _Meter(len(wanted), progress)
        running: set[Future[Ingested | Unreadable]] = set()
        try:
            while True:
                for item in waiting:
                    job = _Job(item, catalog, root, settings, stop, meter)
                    running.add(pool.submit(job.run))
                    if len(running) >= 2 * threads:
                        break
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    outcome = future.result()
                    meter.file_done(Path(str(outcome.path)).name)
                    yield outcome
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


class _Meter:
    """Progress counted in files, with the frames of a long film in the note."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._lock = threading.Lock()
        self._total, self._progress, self._done = total, progress, 0

    def file_done(self, name: str) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done, self._total, name)

    def frames_done(self, name: str, done: int, total: int) -> None:
        with self._lock:
            self._progress(self._done, self._total, f"{name} {done}/{total} frames")


@dataclass(frozen=True, slots=True)
class _Job:
    """The work on one file; runs in a thread."""

    wanted: Wanted
    catalog: Catalog
    root: Path
    settings: IngestSettings
    stop: threading.Event
    meter: _Meter

    def run(self) -> Ingested | Unreadable:
        path = self.wanted.path
        if self.stop.is_set():
            return Unreadable(str(path), "was not looked at: the run was stopped before")
        try:
            with held(path) as remote:
                outcome = self._take_in(path, remote)
                return outcome if remote is None else replace(outcome, fetched=remote.fetched)
        except MediaError as error:
            return Unreadable(str(path), error.reason)
        except OSError as error:
            return Unreadable(str(path), f"cannot be taken in: {error.strerror or error}")

    def _take_in(self, path: Place, remote: RemoteObject | None) -> Ingested:
        digest = self._digest(path, remote)
        known = self.catalog.source(digest)
        name = known.name if known else source_name(path)
        class_folders = self.wanted.class_name is not None
        suggested = known.group if known else group_of(path, name=name, class_folders=class_folders)
        group = self.wanted.group or suggested
        there = {item.frame.id for item in self.catalog.frames(source=digest) if (self.root / item.image).is_file()}
        if kind_of(path) == "video":
            outcome = self._take_film(path, name=name, group=group, digest=digest, there=there)
        elif known is not None and there:
            source = self.catalog.add_source(replace(known, path=address_of(path), group=group), now=_now())
            outcome = Ingested(path, source, new=0, known=1)
        else:
            outcome = self._take_still(path, name=name, group=group, digest=digest)
        return self._labelled(outcome) if class_folders else outcome

    def _digest(self, path: Place, remote: RemoteObject | None) -> str:
        require_content(path)
        if remote is not None:
            size, changed = remote.size_bytes, remote.state.number
        else:
            assert isinstance(path, Path)
            size, changed = path.stat().st_size, path.stat().st_mtime_ns
        resolved = _resolved(path)
        known = None if changed is None else self.catalog.digest_of(resolved, size_bytes=size, modified_ns=changed)
        if known is not None:
            return known
        digest = digest_of_place(path, stopped=self.stop.is_set)
        if changed is not None:
            self.catalog.remember_digest(resolved, size_bytes=size, modified_ns=changed, digest=digest)
        return digest

    def _take_still(self, path: Place, *, name: str, group: str, digest: str) -> Ingested:
        read, pixels = read_still(path, name=name, group=group, digest=digest)
        # The catalog gives the name before a picture is written under it: another process may want the same one.
        source = self.catalog.add_source(read, now=_now())
        frame = Frame(digest, 0, STILL_TIME_BASE, 0, "00:00:00:00", source.name)
        stored = self._write(frame, resize(pixels, self.settings.size), folder=_STILLS_FOLDER)
        self.catalog.add_frames([stored], now=_now())
        return Ingested(path, source, new=1, known=0)

    def _take_film(self, path: Place, *, name: str, group: str, digest: str, there: Set[str]) -> Ingested:
        read, index = read_source(path, name=name, group=group, digest=digest)
        assert index is not None  # a film has one
        source = self.catalog.add_source(read, now=_now())
        planned = name_frames(source, index, plan_ordinals(index, self.settings.sampling))
        frames = {frame.ordinal: frame for frame in planned}
        missing = [ordinal for ordinal, frame in frames.items() if frame.id not in there]
        lost = [Unreadable(str(path), warning) for warning in index.warnings] if missing else []
        batch: list[StoredFrame] = []
        new = 0
        try:
            for decoded in decode_frames(path, index, missing) if missing else ():
                if isinstance(decoded, LostFrame):
                    lost.append(Unreadable(frames[decoded.ordinal].name, decoded.reason))
                    continue
                pixels = resize(decoded.pixels, self.settings.size)
                batch.append(self._write(frames[decoded.ordinal], pixels, folder=source.name))
                if len(batch) >= _FRAMES_PER_COMMIT:
                    self.catalog.add_frames(batch, now=_now())
                    new += len(batch)
                    batch = []
                    self.meter.frames_done(path.name, new, len(missing))
                if self.stop.is_set():
                    break
        except MediaError:  # a connection broke off, or the film is gone; what came before is good
            self.catalog.add_frames(batch, now=_now())
            raise
        self.catalog.add_frames(batch, now=_now())
        new += len(batch)
        return Ingested(path, source, new, len(frames) - len(missing), tuple(lost))

    def _write(self, frame: Frame, pixels: npt.NDArray[np.uint8], *, folder: str) -> StoredFrame:
        data = encode_picture(pixels, self.settings.format, self.settings.quality)
        image = f"frames/{folder}/{frame.name}.{_EXTENSIONS[self.settings.format]}"
        write_bytes(self.root / image, data)
        return StoredFrame(frame, image, digest_of_bytes(data), signature_of(pixels), str(self.settings.size))

    def _labelled(self, outcome: Ingested) -> Ingested:
        """State the class that the folder names for every frame of a source, unless that was said before.

        Where the same file lies in folders of two classes, neither is stated, whichever came first.
        """
        task, class_name = self.settings.task, self.wanted.class_name
        assert task is not None
        others = [parse_place(path) for path in self.catalog.paths_of(outcome.source.digest)]
        contested = [
            other
            for other in others
            if (named := task.class_of(other.parent.name)) is not None and named != class_name and exists(other)
        ]
        if contested:
            reason = f"is the same picture as {contested[0]}, in the folder of another class. Remove one of them"
            outcome = replace(outcome, lost=(*outcome.lost, Unreadable(str(outcome.path), reason)))
        wanted = None if contested else class_name
        place = str(self.wanted.path)
        labels = []
        for item in self.catalog.frames(source=outcome.source.digest):
            said = [
                label
                for label in self.catalog.labels_of(item.frame.id, task=task.name)
                if label.origin == FOLDER_ORIGIN
            ]
            if (said[-1].class_name if said else None) != wanted:
                labels.append(Label(item.frame.id, task.name, wanted, FOLDER_ORIGIN, _now(), place, FOLDER_ORIGIN))
        self.catalog.append_labels(labels)
        return outcome


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
