"""One file looked at by a worker: a photograph's picture written, a film's digest and index found."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from rushes.catalog.catalog import KnownFile, StoredFrame
from rushes.catalog.frame_writer import PictureMaker, thumbnail_of
from rushes.catalog.taken import TAKEN_FOLDER
from rushes.errors import MediaError, PlaceError, remedy_of
from rushes.footage.kinds import GONE, kind_of, require_content
from rushes.footage.pairs import Photograph, part_by_time
from rushes.footage.photographs import time_if_stated
from rushes.footage.source import STILL_TIME_BASE, Frame, Source, Unreadable
from rushes.footage.sources import capture_time_of_still, digest_of_place, read_source, read_still, source_name
from rushes.footage.video_index import VideoIndex
from rushes.scale.full_disk import is_full
from rushes.storage.files import digest_of_bytes
from rushes.storage.places import Place
from rushes.storage.reading import REMOVED, Fetched, RemoteObject, held, local_state, require_unchanged
from rushes.storage.stores import State

STILLS_FOLDER = "stills"
_SAME_TIME_NS = 1000  # within which two mounts of one folder may round the time of a file's last change


@dataclass(frozen=True, slots=True)
class LookAt:
    """A file to look at, with what the catalog knows of it.

    Attributes:
        companions: pictures that the camera wrote beside this raw.
        known: path (`key_of`) -> what is remembered of the file there; its digest stands while the file is the same.
        sources: those digests of `known` that are sources.
        pictured: those of `sources` that have a picture, which need not be read again.
    """

    path: Place
    companions: tuple[Place, ...] = ()
    known: Mapping[str, KnownFile] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    pictured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileSeen:
    """The digest under which a file is to be remembered for as long as its size and its time stay the same."""

    path: Place
    size_bytes: int
    changed: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class FoundStill:
    """A photograph that was looked at.

    Attributes:
        path: the file that it is known by.
        read: what the file is, with a name and no group to rely on; None where there is a picture of it already.
        picture: where its picture and thumbnail were written: below TAKEN_FOLDER, or for good in a store.
        companions: files of the same photograph.
    """

    path: Place
    digest: str
    read: Source | None = None
    picture: StoredFrame | None = None
    companions: tuple[Place, ...] = ()
    lost: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FoundFilm:
    """A film that was looked at; `state` is the one that its file, or the object in a store, was in all the while."""

    path: Place
    read: Source
    index: VideoIndex
    state: tuple[int, int] | State | None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What came of looking at a file; `fetched` is None where the driver sees it for itself."""

    found: FoundStill | FoundFilm | Unreadable
    seen: tuple[FileSeen, ...] = ()
    fetched: Fetched | None = None


def look(item: LookAt, maker: PictureMaker, *, stopped: Callable[[], bool] = lambda: False) -> Look:
    """Look at a file; what is wrong with it is an answer."""
    looking = _Looking(item, maker, stopped)
    with ExitStack() as stack:
        places = (item.path, *item.companions)
        remotes = [remote for place in places if (remote := stack.enter_context(held(place))) is not None]
        found = readably(item.path, looking.find)
        fetched = sum_fetched(item.path, remotes) if remotes else None
    return Look(found, tuple(looking.seen.values()), fetched)


def readably(
    path: Place, find: Callable[[], FoundStill | FoundFilm | Unreadable]
) -> FoundStill | FoundFilm | Unreadable:
    """Return what is found in a file, or why it cannot be taken in."""
    try:
        return find()
    except (MediaError, OSError) as error:
        return why_not(path, error)


def why_not(path: Place, error: MediaError | OSError) -> Unreadable:
    """Return why a file, which was there when the run was planned, cannot be taken in.

    Raises:
        PlaceError: the disk is full, whatever the file.
    """
    if is_full(error):
        reason = f"cannot be taken in: the disk for pictures is full. {remedy_of(errno.ENOSPC)}"
        raise PlaceError(path, reason) from error
    if isinstance(path, Path) and not path.exists():
        reason = GONE
    elif isinstance(error, MediaError):
        reason = error.reason
    else:
        remedy = remedy_of(error.errno)
        reason = f"cannot be taken in: {error.strerror or error}{f'. {remedy}' if remedy else ''}"
    return Unreadable(str(path), reason)


def what_happened(path: Place, before: tuple[int, int] | State | None) -> str | None:
    """Return what became of a local file since it was in the state `before`; None where it is the same.

    Another machine may have told of that state. An object in a store is read in one state, or reading it fails.
    """
    if not isinstance(path, Path) or not isinstance(before, tuple):
        return None
    now_is = local_state(path)
    if now_is is None:
        return REMOVED
    if now_is[0] == before[0] and abs(now_is[1] - before[1]) < _SAME_TIME_NS:
        return None
    return "changed while it was read, so that frames are missing. Run this again when nothing writes to it any more"


def key_of(path: Place) -> str:
    """Return the path under which a file is remembered."""
    return str(path.resolve() if isinstance(path, Path) else path)


def sum_fetched(path: Place, remotes: Sequence[RemoteObject]) -> Fetched:
    """Return what was fetched of a file in a store and its companions."""
    parts = [remote.fetched for remote in remotes]
    return Fetched(
        str(path),
        sum(part.size_bytes for part in parts),
        sum(part.fetched_bytes for part in parts),
        sum(part.requests for part in parts),
    )


def needs_reading(item: LookAt) -> bool:
    """Return whether there is more to do than to see that a photograph and its companions are what they were."""
    if kind_of(item.path) == "video" or not item.pictured:
        return True
    for path in (item.path, *item.companions):
        known = item.known.get(key_of(path))
        if not isinstance(path, Path) or known is None or local_state(path) != (known.size_bytes, known.modified_ns):
            return True
    return item.known[key_of(item.path)].digest not in item.pictured


def _state_of(path: Place) -> tuple[int, int | None]:
    """Return a file's size in bytes and a number that changes with it; None where its store vouches for nothing."""
    if isinstance(path, Path):
        state = path.stat()
        return state.st_size, state.st_mtime_ns
    with held(path) as remote:
        assert remote is not None  # of a remote place
        return remote.size_bytes, remote.state.number


@dataclass(slots=True)
class _Looking:
    """The look at one file and its companions."""

    item: LookAt
    maker: PictureMaker
    stopped: Callable[[], bool]
    seen: dict[str, FileSeen] = field(default_factory=dict)
    before: dict[Place, tuple[int, int] | None] = field(default_factory=dict)  # each file's state when the look began

    def find(self) -> FoundStill | FoundFilm:
        path = self.item.path
        self.before = {file: local_state(file) for file in (path, *self.item.companions)}
        if self.item.companions:
            return self._photograph()
        return self._film(path) if kind_of(path) == "video" else self._still(path)

    def _film(self, path: Place) -> FoundFilm:
        digest = self._digest(path)
        read, index = read_source(path, name=source_name(path), group="", digest=digest)
        assert index is not None  # a film has one
        require_unchanged(path, self.before[path])
        with held(path) as remote:  # which was read, so that its state is known
            return FoundFilm(path, read, index, self.before[path] if remote is None else remote.state)

    def _photograph(self) -> FoundStill:
        """Look at a raw and its companions as one sample, known by the raw.

        A companion that was taken in before the raw appeared stays what the photograph is known by, so that its labels
        stay its own. Where the raw cannot be read, the first companion that can stands for it.
        """
        path, companions = self.item.path, self.item.companions
        strangers = self._strangers()
        files = (path, *(file for file in companions if file not in strangers))
        main = next((file for file in files if self._is_known(file)), path)
        beside = tuple(file for file in files if file != main)
        try:
            found = self._joined(self._still(main, beside=beside), beside)
            return replace(found, lost=(*found.lost, *strangers.values()))
        except MediaError as error:
            reasons = [error.reason]
        for file in beside:
            try:
                found = self._still(file)
            except MediaError as error:
                reasons.append(f"{file.name} {error.reason}")
                continue
            lost = Unreadable(str(main), f"{reasons[0]}; {file.name} stands for it")
            return replace(found, lost=(*found.lost, lost, *strangers.values()))
        raise MediaError(main, "; ".join(reasons))

    def _strangers(self) -> dict[Place, Unreadable]:
        """Return those companions of a remote raw that were taken at another time, which no plan has looked for."""
        path, companions = self.item.path, self.item.companions
        if isinstance(path, Path) or self._is_known(path):
            return {}
        times = {file: time_if_stated(file) for file in (path, *companions)}
        _, *others = part_by_time(Photograph(path, companions), times)
        reason = f"has the name of {path.name} and was taken at another time. Name it by itself to take it in"
        return {other.main: Unreadable(str(other.main), reason) for other in others}

    def _is_known(self, path: Place) -> bool:
        try:
            return self._digest(path) in self.item.sources
        except MediaError:
            return False

    def _joined(self, found: FoundStill, beside: Sequence[Place]) -> FoundStill:
        """Remember that files are the photograph that was found; those that cannot be read are lost.

        A file that is a source of its own stays one.
        """
        lost, companions = list(found.lost), []
        for file in beside:
            try:
                if self._remembered(file) != found.digest:
                    capture_time_of_still(file)
                    if not self._is_known(file):
                        self._remember(file, found.digest)
                companions.append(file)
            except MediaError as error:
                if str(file) not in {item.path for item in lost}:
                    lost.append(Unreadable(str(file), f"{error.reason}; {found.path.name} stands for it"))
        return replace(found, lost=tuple(lost), companions=tuple(companions))

    def _still(self, path: Place, *, beside: Sequence[Place] = ()) -> FoundStill:
        digest = self._digest(path)
        if digest in self.item.pictured:
            return FoundStill(path, digest)
        settings, lost = self.maker.settings, list[Unreadable]()
        for companion in (*beside, None):
            try:
                read, still = read_still(
                    path,
                    name=source_name(path),
                    group="",
                    digest=digest,
                    size=settings.size,
                    development=settings.raw,
                    companion=companion,
                )
                if companion is not None:
                    require_unchanged(companion, self.before[companion])
                break
            except MediaError as error:
                if companion is None or error.path != str(companion):
                    raise
                lost.append(Unreadable(error.path, f"{error.reason}; {path.name} stands for it"))
        require_unchanged(path, self.before[path])
        if still.flaw:
            lost.append(Unreadable(str(path), still.flaw))
        frame = Frame(digest, 0, STILL_TIME_BASE, 0, "00:00:00:00", read.name)
        maker, extension = self.maker, self.maker.extension()
        made = digest_of_bytes(f"{digest} {settings.size} {settings.quality} {settings.raw}".encode())[:32]
        image, small = f"{TAKEN_FOLDER}/{made}.{extension}", f"{TAKEN_FOLDER}/{made}-small.jpg"
        if maker.store:  # where nothing can be given another name, it has its own from the beginning
            image = f"frames/{STILLS_FOLDER}/{read.name}-{made[:16]}.{extension}"
            small = thumbnail_of(image)
        stored = maker.write(frame, still.pixels, image=image, thumbnail=small, store=maker.store)
        return FoundStill(path, digest, read, stored, lost=tuple(lost))

    def _digest(self, path: Place) -> str:
        digest = self._remembered(path)
        if digest is None:
            digest = digest_of_place(path, stopped=self.stopped)
            self._remember(path, digest)
        return digest

    def _remembered(self, path: Place) -> str | None:
        """Return the digest under which a file was taken in, where it did not change since then."""
        require_content(path)
        size, changed = _state_of(path)
        if changed is None:
            return None
        key = key_of(path)
        seen = self.seen.get(key)
        if seen is not None and (seen.size_bytes, seen.changed) == (size, changed):
            return seen.digest
        known = self.item.known.get(key)
        return known.digest if known is not None and (known.size_bytes, known.modified_ns) == (size, changed) else None

    def _remember(self, path: Place, digest: str) -> None:
        """Remember the digest under which a file was taken in, for as long as it stays what it was.

        Raises:
            MediaError: it is no longer what it was when the look began, so that it may not be what was read.
        """
        state = self.before[path]
        require_unchanged(path, state)
        size, changed = _state_of(path) if state is None else state
        self.seen[key_of(path)] = FileSeen(path, size, changed, digest)
