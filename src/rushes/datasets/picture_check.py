"""Whether the pictures of a project are there, those that were taken in, and whole."""

from __future__ import annotations

import hashlib
import platform
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from rushes.errors import MediaError, PlaceError, ProjectError, UnreachableError, UsageError
from rushes.footage.kinds import kind_of
from rushes.footage.pictures import read_still
from rushes.progress import Progress, silent
from rushes.project import PROJECT_FILE
from rushes.scale.engine import Engine, Lost, Seat, Work
from rushes.scale.filling import fill_vectors
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.object_folder import object_folder
from rushes.storage.pictures import FETCHES, without_query
from rushes.storage.places import Remote, parse_place
from rushes.storage.reading import held, held_whole, local_state

Fault: TypeAlias = Literal["missing", "changed", "corrupt", "unreadable", "unreachable"]
FAULTS: tuple[Fault, ...] = ("missing", "changed", "corrupt", "unreadable", "unreachable")

_FOLDER = "checked-1"  # another number where something else is looked for
_TOGETHER = 64  # pictures that a process checks between two writes: what a kill can cost it
_SECONDS = 120.0  # that a picture may take, where it can be waited for: what hangs is listed
_LISTED_FROM = 8  # pictures of one folder of a bucket: fewer are asked for one by one
_LISTED_EACH = 50  # keys that are listed for each picture before a folder is held to be mostly of something else
_LISTED_LEAST = 10_000
_GONE = "is not there. Put it back, or take its footage in again: rushes ingest FOOTAGE"
_GONE_THERE = "is not there. Put it back under this key: what is in a store is not made anew"
_ANOTHER = "is not the picture that was taken in (its digest differs). Put that one back"
_ANEW = "; or delete the file and take its footage in again: rushes ingest FOOTAGE"
_MOVED = "changed while it was read. Run this again once it is no longer written to"
_EMPTY = "is empty (0 bytes). Copy it again from where it came from"


@dataclass(frozen=True, slots=True)
class Stated:
    """A picture as a catalog or a manifest states it.

    Attributes:
        image: path relative to the project's folder, or an address.
        sha256: digest that its bytes must have; "" where nobody has read it yet.
        name: of its frame; "" where it has none.
    """

    image: str
    sha256: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A picture with what is wrong with it."""

    picture: Stated
    fault: Fault
    reason: str

    def __str__(self) -> str:
        return f"{without_query(self.picture.image)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of pictures.

    Attributes:
        right_count: how many are as they should be.
        known_count: how many of these were found so before, and are in the state that they were in.
        faulty: the others, in the order given.
    """

    right_count: int
    known_count: int
    faulty: tuple[Faulty, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A picture that is there.

    Attributes:
        state: what it is known by while it stays the same: size and time, or size and ETag; "" where nothing tells.
    """

    picture: Stated
    state: str

    def key(self, *, deep: bool) -> str:
        """Return what is remembered of it where it is right."""
        words = (self.picture.image, self.picture.sha256, self.state, "deep" if deep else "")
        return digest_of_bytes("\0".join(words).encode())


_Answer: TypeAlias = tuple[Fault, str] | None


def check_pictures(
    pictures: Sequence[Stated],
    *,
    root: Path,
    cache_folder: Path,
    deep: bool = False,
    again: bool = False,
    threads: int | None = None,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> Checked:
    """Return which pictures are missing, changed, corrupt or out of reach.

    What was found right is remembered for as long as a file has the size and the time of its last change, an object its
    size and its ETag, so that a check goes on where it was stopped. Objects of a bucket are listed folder by folder.

    Args:
        root: the project's folder.
        cache_folder: of the project; what is remembered may be lost at any time.
        deep: read what lies in stores too, and decode every picture to its end; otherwise the bytes of local files are
            held against their digests, and of stores it is asked what they hold.
        again: check what is remembered as right too.
        threads: of this process; None takes one per core.
        engine: that reads; None reads in this process.
        progress: counts pictures that are read.

    Raises:
        UsageError, MissingExtraError: the environment says what cannot be followed, or `cloud` is not installed.
    """
    unique = list(dict.fromkeys(pictures))
    answers: dict[Stated, tuple[Fault, str]] = {}
    found: list[_Found] = []
    for one in _look_for(unique, root, progress=progress):
        if isinstance(one, _Found):
            found.append(one)
        else:
            answers[one.picture] = (one.fault, one.reason)
    folder = cache_folder / _FOLDER
    kept = set() if again else set(read_vectors(folder, {key for one in found for key in _keys(one, deep=deep)}))
    known = [one for one in found if one.state and not kept.isdisjoint(_keys(one, deep=deep))]
    passed = set(known)
    waiting = [one for one in found if one not in passed and (deep or not _is_in_bucket(one.picture.image))]
    if waiting:
        work: Work[_Found, _Answer] = Work(
            partial(_build, root, platform.node(), deep),
            "checking pictures",
            fills=folder,
            together=_TOGETHER,
            seconds=_SECONDS,
            worth=None,  # threads of one process keep every core busy: docs/decisions/2026-11-26-filled-by-many.md
            name_of=_name_of,
        )
        for one, why in fill_vectors(work, waiting, engine=engine, threads=threads or 0, progress=progress):
            answers[one.picture] = ("unreadable", why.reason) if isinstance(why, Lost) else why
    faulty = tuple(Faulty(picture, *answers[picture]) for picture in unique if picture in answers)
    return Checked(len(unique) - len(faulty), len(known), faulty)


def _keys(one: _Found, *, deep: bool) -> tuple[str, ...]:
    return (one.key(deep=True),) if deep else (one.key(deep=False), one.key(deep=True))


def _is_in_bucket(image: str) -> bool:
    """Return whether all that a check that reads nothing can ask of a picture was asked when it was looked for."""
    place = parse_place(image)
    return isinstance(place, Remote) and place.in_bucket


def _name_of(one: _Found) -> str:
    return without_query(one.picture.image)


def _look_for(pictures: Iterable[Stated], root: Path, *, progress: Progress) -> Iterator[_Found | Faulty]:
    """Yield each picture as it is there, or why it is not."""
    in_buckets: dict[str, list[tuple[Remote, Stated]]] = defaultdict(list)
    for picture in pictures:
        try:
            place = parse_place(picture.image)
        except UsageError as error:
            yield Faulty(picture, "unreadable", str(error).partition(": ")[2])
            continue
        if isinstance(place, Path):
            yield _local(picture, root / place)
        elif place.in_bucket:
            in_buckets[f"{place.scheme}://{place.host}/"].append((place, picture))
        else:
            yield _Found(picture, "")  # a web server lists nothing: it is asked for the file itself
    for bucket, wanted in in_buckets.items():
        yield from _look_in_bucket(bucket, wanted, progress=progress)


def _local(picture: Stated, path: Path) -> _Found | Faulty:
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name with a zero byte
        return Faulty(picture, "missing", _GONE)
    except OSError as error:
        return Faulty(picture, "unreadable", f"cannot be read ({error.strerror}). Check its permissions")
    if not path.is_file():
        return Faulty(picture, "missing", _GONE)
    return _Found(picture, f"{state.st_size}-{state.st_mtime_ns}")


def _look_in_bucket(
    bucket: str, wanted: Sequence[tuple[Remote, Stated]], *, progress: Progress
) -> Iterator[_Found | Faulty]:
    """Yield each picture of a bucket as it is there: folders with many are listed, others are asked for."""
    store = object_folder(parse_place(bucket))
    of_folder: dict[str, list[str]] = defaultdict(list)
    for place, _ in wanted:
        of_folder[place.parent.key].append(place.key)
    states: dict[str, str | None] = {}
    names = sorted(of_folder)
    try:
        for folder in _plan_listings({name: len(of_folder[name]) for name in names}):
            keys = {key for name in _names_in(folder, names) for key in of_folder[name]}
            limit = max(_LISTED_LEAST, _LISTED_EACH * len(keys))
            listed = 0
            for key, state in islice(store.listing(folder.rstrip("/"), progress=progress), limit):
                listed += 1
                if key in keys:
                    states[key] = f"{state.size_bytes}-{state.mark}"
            if listed < limit:
                states |= dict.fromkeys(keys - states.keys())
        asked = [place.key for place, _ in wanted if place.key not in states]
        with ThreadPoolExecutor(FETCHES, thread_name_prefix="asked") as pool:
            for key, one in zip(asked, pool.map(store.state, asked), strict=True):
                states[key] = None if one is None else f"{one.size_bytes}-{one.mark}"
    except PlaceError as error:
        yield from (Faulty(picture, "unreachable", error.reason) for _, picture in wanted)
        return
    for place, picture in wanted:
        known = states[place.key]
        if known is None:
            yield Faulty(picture, "missing", _GONE_THERE)
        elif known.startswith("0-"):
            yield Faulty(picture, "corrupt", _EMPTY)
        else:
            yield _Found(picture, known)


def _plan_listings(counts: Mapping[str, int]) -> list[str]:
    """Return the folders that are listed; a listing of one holds those in it.

    Args:
        counts: folder of a bucket -> pictures directly in it; "" is the whole bucket.
    """
    planned: list[str] = []
    for folder in sorted(name for name, count in counts.items() if count >= _LISTED_FROM):
        # In order, all that begins with a planned folder follows directly on it.
        if not planned or not folder.startswith(planned[-1]):
            planned.append(folder)
    return planned


def _names_in(folder: str, names: Sequence[str]) -> Iterator[str]:
    """Give the names that begin with a folder's, of names in order."""
    following = map(names.__getitem__, range(bisect_left(names, folder), len(names)))
    return takewhile(lambda name: name.startswith(folder), following)


def _build(root: Path, machine: str, deep: bool, seat: Seat) -> Callable[[Sequence[_Found]], list[_Answer]]:
    """Return what checks some pictures and remembers those that are right; it answers what is wrong with the others."""
    lacks = "" if machine == platform.node() or (root / PROJECT_FILE).is_file() else machine

    def check(items: Sequence[_Found]) -> list[_Answer]:
        far = any(isinstance(parse_place(one.picture.image), Remote) for one in items)
        with ThreadPoolExecutor(max(seat.threads, FETCHES) if far else seat.threads) as pool:
            answers = list(pool.map(lambda one: _check(one, root, lacks=lacks, deep=deep), items))
        right = [one.key(deep=deep) for one, wrong in zip(items, answers, strict=True) if wrong is None and one.state]
        if right:
            write_vectors(seat.folder, right, np.ones((len(right), 1), np.float32))
        return answers

    return check


def _check(one: _Found, root: Path, *, lacks: str, deep: bool) -> _Answer:
    """Return what is wrong with a picture; None where nothing is."""
    place = parse_place(one.picture.image)
    try:
        if isinstance(place, Remote):
            return _check_remote(place, one, deep=deep)
        if lacks and not place.is_absolute():
            raise ProjectError(f"{place}: is on the machine {lacks}, in the folder {root}, which the machine "
                               f"{platform.node()} does not have. Check with --engine here, or share that folder "
                               "with every machine under the same name")  # fmt: skip
        return _check_local(root / place, one, deep=deep)
    except UnreachableError as error:
        return "unreachable", error.reason
    except MediaError as error:
        return "unreadable" if isinstance(place, Remote) else "corrupt", error.reason
    except FileNotFoundError:
        return "missing", _GONE
    except OSError as error:
        return "unreadable", f"cannot be read ({error.strerror or error}). Check its permissions"


def _check_local(path: Path, one: _Found, *, deep: bool) -> _Answer:
    before = local_state(path)
    if before is not None and not before[0]:
        return "corrupt", _EMPTY
    digest = digest_of_file(path) if one.picture.sha256 else ""
    wrong = _decoded(path) if deep else None
    if local_state(path) != before or (one.state and before and one.state != f"{before[0]}-{before[1]}"):
        return "changed", _MOVED
    if digest != one.picture.sha256:
        return "changed", f"{_ANOTHER}{_ANEW}" if wrong is None else f"{_ANOTHER}{_ANEW}. And it {wrong}"
    return ("corrupt", wrong) if wrong is not None else None


def _check_remote(place: Remote, one: _Found, *, deep: bool) -> _Answer:
    with held(place) as found:
        assert found is not None  # of a remote place
        if not found.size_bytes:
            return "corrupt", _EMPTY
        if not deep:
            return None
        with held_whole(place):
            digest = hashlib.sha256(found.read_whole()).hexdigest() if one.picture.sha256 else ""
            wrong = _decoded(place)
    if digest != one.picture.sha256:
        return "changed", _ANOTHER if wrong is None else f"{_ANOTHER}; and it {wrong}"
    return ("corrupt", wrong) if wrong is not None else None


def _decoded(place: Path | Remote) -> str | None:
    """Return why a picture cannot be decoded to its end; None where it can, and for a film."""
    if kind_of(place) == "video":
        return None
    try:
        return read_still(place).flaw or None
    except MediaError as error:
        return error.reason
