"""Footage into the catalog: what is there is not done twice, and a stop leaves a state to go on from."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rushes.catalog.catalog import Catalog
from rushes.catalog.frame_writer import is_made_by, now, thumbnail_of, write_frame
from rushes.catalog.intake import Ingested, IngestSettings, Wanted
from rushes.catalog.shoots import find_exports, is_named_after_folder, name_shoots, shoot_of
from rushes.catalog.take_film import FilmIntake, take_film
from rushes.cores import count_cores
from rushes.errors import MediaError, did_you_mean, remedy_of
from rushes.footage.kinds import find_media, kind_of, require_content
from rushes.footage.pairs import Photograph, part_by_time
from rushes.footage.photographs import find_photographs, time_if_stated
from rushes.footage.source import STILL_TIME_BASE, Frame, Unreadable
from rushes.footage.sources import (
    address_of,
    capture_time_of_still,
    digest_of_place,
    read_still,
    source_name,
)
from rushes.labels.label import Label
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.storage.files import sweep_temporaries
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import Fetched, RemoteObject, exists, held
from rushes.timecode import parse_frame_name

FOLDER_ORIGIN = "folder"
_STILLS_FOLDER = "stills"


def plan_ingest(
    paths: Sequence[Place],
    *,
    group: str | None,
    class_folders: Task | None,
    shoots: Mapping[str, str] | None = None,
    passed_over: Callable[[Place, Place], None] = lambda export, raw: None,
) -> tuple[list[Wanted], list[Unreadable]]:
    """Return the files to take in below some paths, and the paths where there are none.

    Args:
        group: one group for all; None lets each file's kind suggest it.
        shoots: where given, the folder directly below a path that a file lies in is its shoot, and its group (see
            `rushes.catalog.shoots`), and pictures that were made of a raw of their shoot are no photographs. Address
            of a source of the catalog -> its group: one that a person gave is kept.
        passed_over: told of each such picture, and its raw.
        class_folders: where given, the folder that holds a file names its class of this task (the ImageFolder
            layout), and each photograph is a group of its own unless `group` says otherwise.
    """
    wanted: list[Wanted] = []
    strangers: Counter[Place] = Counter()
    missing: list[Unreadable] = []
    shoot_around: dict[Place, Place] = {}
    for path in paths:
        try:
            found = find_media(path, passed_over=missing.append)
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
            if shoots is not None:
                shoot_around.setdefault(file, shoot_of(file, path))
    if shoots is not None:
        wanted = _by_shoot(wanted, shoot_around, shoots, passed_over)
    for folder, count in strangers.items():
        assert class_folders is not None
        hint = did_you_mean(folder.name, [*class_folders.classes, *class_folders.aliases])
        reason = f"'{folder.name}' is no class of {class_folders.name} ({count} files passed over). {hint}"
        missing.append(Unreadable(str(folder), f"{reason} An alias in rushes.toml would do as well"))
    return _paired(list({_resolved(item.path): item for item in wanted}.values())), missing


def _by_shoot(
    wanted: Sequence[Wanted],
    shoot_around: Mapping[Place, Place],
    known: Mapping[str, str],
    passed_over: Callable[[Place, Place], None],
) -> list[Wanted]:
    """Return what is wanted in groups by shoot, without what was made of a raw of its shoot."""
    groups = name_shoots(shoot_around.values(), known)
    # A remote raw would be fetched whole to be asked when it was taken: there the names decide.
    exports = find_exports(
        list(shoot_around), shoot_around, lambda file: time_if_stated(file) if isinstance(file, Path) else None
    )
    for export, raw in exports.items():
        passed_over(export, raw)
    kept = [item for item in wanted if item.path not in exports]
    return [replace(item, group=_group_in_shoot(item.path, groups[shoot_around[item.path]], known)) for item in kept]


def _group_in_shoot(file: Place, shoot: str, known: Mapping[str, str]) -> str:
    given = known.get(address_of(file), shoot)
    return shoot if is_named_after_folder(given, file) else given


def _paired(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Return what is wanted with every raw and its companions as one, by their names and by when they were taken."""
    by_path = {item.path: item for item in wanted}
    return [replace(by_path[one.main], companions=one.companions) for one in find_photographs(list(by_path))]


def _state_of(path: Place) -> tuple[int, int | None]:
    """Return a file's size in bytes and a number that changes with it; None where its store vouches for nothing."""
    if isinstance(path, Path):
        state = path.stat()
        return state.st_size, state.st_mtime_ns
    with held(path) as remote:
        assert remote is not None  # of a remote place
        return remote.size_bytes, remote.state.number


def _sum_of(path: Place, remotes: Sequence[RemoteObject]) -> Fetched:
    parts = [remote.fetched for remote in remotes]
    return Fetched(
        str(path),
        sum(part.size_bytes for part in parts),
        sum(part.fetched_bytes for part in parts),
        sum(part.requests for part in parts),
    )


def _resolved(path: Place) -> Place:
    return path.resolve() if isinstance(path, Path) else path


def group_of(path: Place, *, name: str, class_folders: bool) -> str:
    """Return the group that a file's kind suggests.

    A film is a group of its own; a photograph belongs to the folder it lies in (a shoot), in a bucket to the last part
    of its prefix; a picture that is named as a frame belongs to the film that its name states; in class folders each
    photograph stands alone.
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
    scans: Path | None = None,
    threads: int = 2,
    progress: Progress = silent,
) -> Iterator[Ingested | Unreadable]:
    """Take files in, several at a time, and yield what came of each as it is done.

    Frames are written under `root`/frames whole or not at all and noted in the catalog in small batches, so
    that a run that was stopped or killed goes on where it was.

    Args:
        root: the project's folder.
        scans: folder in which scans of films are kept; None takes `root`/scans.
        threads: files that are taken in side by side.
    """
    stop = threading.Event()
    stills = (root / "frames" / _STILLS_FOLDER, root / "thumbnails" / _STILLS_FOLDER)
    for folder in (*stills, scans or root / "scans"):
        sweep_temporaries(folder)
    # A few films side by side, or the segments of one: either way every core has something to do.
    film_threads = max(1, count_cores() // min(threads, max(1, len(wanted))))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting = iter(wanted)
        meter = _Meter(len(wanted), progress)
        running: set[Future[Ingested | Unreadable]] = set()
        try:
            while True:
                for item in waiting:
                    job = _Job(item, catalog, root, settings, stop, meter, scans or root / "scans", film_threads)
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
    scans: Path
    film_threads: int

    def run(self) -> Ingested | Unreadable:
        path = self.wanted.path
        if self.stop.is_set():
            return Unreadable(str(path), "was not looked at: the run was stopped before")
        try:
            with ExitStack() as stack:
                places = (path, *self.wanted.companions)
                remotes = [remote for place in places if (remote := stack.enter_context(held(place))) is not None]
                outcome = self._take_photograph() if self.wanted.companions else self._take_in(path)
                return replace(outcome, fetched=_sum_of(path, remotes)) if remotes else outcome
        except MediaError as error:
            return Unreadable(str(path), self._gone() or error.reason)
        except OSError as error:
            remedy = remedy_of(error.errno)
            reason = f"cannot be taken in: {error.strerror or error}{f'. {remedy}' if remedy else ''}"
            return Unreadable(str(path), self._gone() or reason)

    def _gone(self) -> str | None:
        """Return what to say where a local file, which was there when the run was planned, is no longer."""
        gone = isinstance(self.wanted.path, Path) and not self.wanted.path.exists()
        return (
            "is no longer there: it was removed or moved after this run began. Put it back, then run this again"
            if gone
            else None
        )

    def _take_photograph(self) -> Ingested:
        """Take in a raw and its companions as one sample, known by the raw.

        A companion that was taken in before the raw appeared stays what the photograph is known by, so that its labels
        stay its own. Where the raw cannot be read, the first companion that can stands for it.
        """
        path, companions = self.wanted.path, self.wanted.companions
        strangers = self._strangers()
        files = (path, *(file for file in companions if file not in strangers))
        main = next((file for file in files if self._is_known(file)), path)
        beside = tuple(file for file in files if file != main)
        try:
            outcome = self._joined(self._take_in(main, beside=beside), beside)
            return replace(outcome, lost=(*outcome.lost, *strangers.values()))
        except MediaError as error:
            reasons = [error.reason]
        for file in beside:
            try:
                outcome = self._take_in(file)
            except MediaError as error:
                reasons.append(f"{file.name} {error.reason}")
                continue
            lost = Unreadable(str(main), f"{reasons[0]}; {file.name} stands for it")
            return replace(outcome, lost=(*outcome.lost, lost, *strangers.values()))
        raise MediaError(main, "; ".join(reasons))

    def _strangers(self) -> dict[Place, Unreadable]:
        """Return those companions of a remote raw that were taken at another time, which no plan has looked for."""
        path, companions = self.wanted.path, self.wanted.companions
        if isinstance(path, Path) or self._is_known(path):
            return {}
        times = {file: time_if_stated(file) for file in (path, *companions)}
        _, *others = part_by_time(Photograph(path, companions), times)
        reason = f"has the name of {path.name} and was taken at another time. Name it by itself to take it in"
        return {other.main: Unreadable(str(other.main), reason) for other in others}

    def _is_known(self, path: Place) -> bool:
        try:
            return self.catalog.source(self._digest(path)) is not None
        except MediaError:
            return False

    def _joined(self, outcome: Ingested, beside: Sequence[Place]) -> Ingested:
        """Remember that files are the photograph that was taken in; those that cannot be read are lost.

        A file that is a source of its own stays one.
        """
        lost, companions = list(outcome.lost), []
        for file in beside:
            try:
                if self._remembered(file) != outcome.source.digest:
                    capture_time_of_still(file)
                    if not self._is_known(file):
                        self._remember(file, outcome.source.digest)
                companions.append(file)
            except MediaError as error:
                if str(file) not in {item.path for item in lost}:
                    lost.append(Unreadable(str(file), f"{error.reason}; {outcome.path.name} stands for it"))
        return replace(outcome, lost=tuple(lost), companions=tuple(companions))

    def _take_in(self, path: Place, *, beside: Sequence[Place] = ()) -> Ingested:
        digest = self._digest(path)
        known = self.catalog.source(digest)
        name = known.name if known else source_name(path)
        class_folders = self.wanted.class_name is not None
        suggested = known.group if known else group_of(path, name=name, class_folders=class_folders)
        group = self.wanted.group or suggested
        stored = [item for item in self.catalog.frames(source=digest) if self._is_there(item.image)]
        there = {item.frame.id for item in stored}
        if kind_of(path) == "video":
            outcome = take_film(self._film_intake(path), path, name=name, group=group, digest=digest, there=there)
        elif known is not None and there:
            # A photograph that is named by its companion stays where it is.
            stays = kind_of(path) != known.kind and exists(parse_place(known.path))
            place = known.path if stays else address_of(path)
            source = self.catalog.add_source(replace(known, path=place, group=group), now=now())
            outcome = Ingested(path, source, new=0, known=1)
        else:
            outcome = self._take_still(path, name=name, group=group, digest=digest, beside=beside)
        otherwise = sum(not is_made_by(self.settings, item) for item in stored)
        outcome = replace(outcome, made_otherwise=otherwise)
        return self._labelled(outcome) if class_folders else outcome

    def _is_there(self, image: str) -> bool:
        small = self.settings.thumbnail is None or (self.root / thumbnail_of(image)).is_file()
        return small and (self.root / image).is_file()

    def _digest(self, path: Place) -> str:
        digest = self._remembered(path)
        if digest is None:
            digest = digest_of_place(path, stopped=self.stop.is_set)
            self._remember(path, digest)
        return digest

    def _remembered(self, path: Place) -> str | None:
        """Return the digest under which a file was taken in, where it did not change since then."""
        require_content(path)
        size, changed = _state_of(path)
        if changed is None:
            return None
        return self.catalog.digest_of(_resolved(path), size_bytes=size, modified_ns=changed)

    def _remember(self, path: Place, digest: str) -> None:
        size, changed = _state_of(path)
        if changed is not None:
            self.catalog.remember_digest(_resolved(path), size_bytes=size, modified_ns=changed, digest=digest)

    def _take_still(self, path: Place, *, name: str, group: str, digest: str, beside: Sequence[Place]) -> Ingested:
        settings = self.settings
        lost: list[Unreadable] = []
        for companion in (*beside, None):
            try:
                read, still = read_still(
                    path,
                    name=name,
                    group=group,
                    digest=digest,
                    size=settings.size,
                    development=settings.raw,
                    companion=companion,
                )
                break
            except MediaError as error:
                if companion is None or error.path != str(companion):
                    raise
                lost.append(Unreadable(error.path, f"{error.reason}; {path.name} stands for it"))
        # The catalog gives the name before a picture is written under it: another process may want the same one.
        source = self.catalog.add_source(read, now=now())
        frame = Frame(digest, 0, STILL_TIME_BASE, 0, "00:00:00:00", source.name)
        stored = write_frame(frame, still.pixels, root=self.root, folder=_STILLS_FOLDER, settings=settings)
        self.catalog.add_frames([stored], now=now())
        if still.flaw:
            lost.append(Unreadable(str(path), still.flaw))
        return Ingested(path, source, new=1, known=0, lost=tuple(lost))

    def _film_intake(self, path: Place) -> FilmIntake:
        def progress(done: int, total: int | None, note: str = "") -> None:
            self.meter.frames_done(path.name, done, total or done)

        stopped = self.stop.is_set
        return FilmIntake(self.catalog, self.root, self.scans, self.settings, self.film_threads, stopped, progress)

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
                labels.append(Label(item.frame.id, task.name, wanted, FOLDER_ORIGIN, now(), place, FOLDER_ORIGIN))
        self.catalog.append_labels(labels)
        return outcome
