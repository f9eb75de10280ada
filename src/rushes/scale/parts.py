"""What a machine without the driver's folder wrote, on its way there: in an answer, or through a bucket."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rushes.errors import AbsentError, PlaceError, RushesError, StoreError, remedy_of
from rushes.storage.files import is_temporary, temporary_beside, write_bytes, write_text
from rushes.storage.keys import check_key
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.patience import without_patience
from rushes.storage.places import parse_place

# The name of a file below the folder, and its bytes; None where they wait in the bucket.
Part: TypeAlias = tuple[str, bytes | None]

_log = logging.getLogger(__name__)

_MARKS = ".rushes/parts"  # in a folder whose parts come through a bucket: a file for each driver, until it has ended
_BEAT_SECONDS = 30.0
_SOONER = 6  # times as soon is it said again that a driver lives, where the bucket did not take it
_STALE_SECONDS = 180.0


@contextmanager
def token_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Put a file with a word that nobody can guess into a folder, and give its name and the word.

    Who finds the word under that name sees the very same folder.
    """
    marker, word = temporary_beside(folder / "seen"), secrets.token_hex(16)
    with _said(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(marker, word)
    try:
        yield marker.name, word
    finally:
        marker.unlink(missing_ok=True)


def sees(folder: Path, name: str, word: str) -> bool:
    """Return whether this machine sees, and may write to, the folder into which a word was put."""
    try:
        return (folder / name).read_text(encoding="utf-8") == word and os.access(folder, os.W_OK)
    except (OSError, UnicodeDecodeError):
        return False


def bucket_of(store: str) -> ObjectFolder | None:
    """Return the bucket that parts go through; None where the answer carries them.

    Raises:
        UsageError: the environment says what cannot be followed.
        MissingExtraError: the extra `cloud` is not installed.
    """
    return object_folder(parse_place(store)) if store else None


@dataclass(slots=True)
class Way:
    """How the parts of one map go through a bucket.

    Attributes:
        prefix: below which they wait there.
        stays_open: a process was ended, or lost sight of, in the midst of its work: a part of it may come yet.
    """

    prefix: str
    stays_open: bool = False


@contextmanager
def way_through(
    bucket: ObjectFolder, folder: Path, store: str, *, beat: float = _BEAT_SECONDS, stale: float = _STALE_SECONDS
) -> Iterator[Way]:
    """Give the way through a bucket by which the parts of one map come into a folder.

    What drivers that were killed left there for the same folder is taken in first. A driver is held to be one of them
    where it has not said for some time that it lives; it says so in the bucket, by whose clock alone the time counts.
    A way that stays open is left to the next driver like that of one that was killed.

    Args:
        store: what names the bucket.
        beat: seconds between two times that this driver says that it lives.
        stale: seconds after which another that said nothing is held to be gone.

    Raises:
        PlaceError: the bucket, or the folder, cannot be read or written.
    """
    word = secrets.token_hex(16)
    mark = folder / _MARKS / word
    _beat_in(bucket, word)
    with _said(folder):
        write_text(mark, store)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(bucket, word, beat, ended), name="rushes-beat", daemon=True)
    beating.start()
    way = Way(_prefix(word))
    try:
        _take_in_from_gone(bucket, folder, store, word, stale)
        yield way
    finally:
        ended.set()
        beating.join()
        try:
            _take_in_all(bucket, folder, word)
            if not way.stays_open:
                _forget(bucket, folder, word)
        except (PlaceError, StoreError) as error:  # the next driver of this folder takes it in
            _log.info("%s: what is left waits in the bucket: %s", folder, error)


def _prefix(word: str) -> str:
    return f"parts/{word}/"


def _life(word: str) -> str:
    """Return the key at which a driver says that it lives."""
    return f"parts/alive/{word}"


def _beat_in(bucket: ObjectFolder, word: str) -> None:
    bucket.write(_life(word), f"{time.time()}\n".encode())


def _beat(bucket: ObjectFolder, word: str, seconds: float, ended: threading.Event) -> None:
    wait = seconds
    while not ended.wait(wait):
        wait = seconds / _SOONER
        # Of a bucket that throttles, or does not answer for a moment, or of keys that are renewed.
        with suppress(RushesError), without_patience():
            _beat_in(bucket, word)
            wait = seconds


def _take_in_from_gone(bucket: ObjectFolder, folder: Path, store: str, own: str, stale: float) -> None:
    """Take in what drivers left in the bucket that are no more."""
    ours = bucket.state(_life(own))
    now = ours.modified if ours is not None else None
    with _said(folder):
        words = {mark.name: mark.read_text(encoding="utf-8") for mark in _marks_in(folder) if mark.name != own}
    for word in sorted(word for word, named in words.items() if named == store):
        life = bucket.state(_life(word))
        if life is not None:
            said = life.modified
            if said is None or now is None or (now - said).total_seconds() < stale:
                continue
        count = _take_in_all(bucket, folder, word)
        _forget(bucket, folder, word)
        _log.info("%s: took in %d parts that a driver left which was ended", folder, count)


def _marks_in(folder: Path) -> list[Path]:
    try:
        return [mark for mark in (folder / _MARKS).iterdir() if not is_temporary(mark.name)]
    except FileNotFoundError:
        return []


def _take_in_all(bucket: ObjectFolder, folder: Path, word: str) -> int:
    """Take in all that waits of one driver; return how many parts."""
    prefix = _prefix(word)
    names = sorted((key.removeprefix(prefix) for key, _ in bucket.listing(prefix)), key=_turn_of)
    for name in names:
        with suppress(AbsentError):  # another driver takes it in at the same time
            take_in([(name, None)], folder, bucket, prefix)
    return len(names)


def _forget(bucket: ObjectFolder, folder: Path, word: str) -> None:
    """Remove what told of a driver."""
    bucket.delete([_life(word)])
    with _said(folder):
        (folder / _MARKS / word).unlink(missing_ok=True)
    for empty in (folder / _MARKS, (folder / _MARKS).parent):
        with suppress(OSError):
            empty.rmdir()


def _turn_of(name: str) -> tuple[bool, str]:
    """Return when a part is carried: what stands below a folder whose name begins with a dot speaks of the others."""
    return any(folder.startswith(".") for folder in name.split("/")[:-1]), name


def hand_on(folder: Path, bucket: ObjectFolder | None, prefix: str) -> list[Part]:
    """Take what stands in a folder of this machine out of it, and return it as parts.

    What stands below a folder whose name begins with a dot comes last: it tells of the rest, which must be there first.

    Raises:
        PlaceError: the bucket does not take them.
        OSError: they cannot be read.
    """
    parts: list[Part] = []
    found = [path for path in folder.rglob("*") if path.is_file() and not is_temporary(path.name)]
    for name in sorted((path.relative_to(folder).as_posix() for path in found), key=_turn_of):
        path = folder / name
        if bucket is None:
            parts.append((name, path.read_bytes()))
        else:
            bucket.upload(path, prefix + name)
            parts.append((name, None))
        path.unlink()
    return parts


def take_in(parts: Sequence[Part], folder: Path, bucket: ObjectFolder | None, prefix: str) -> None:
    """Put parts into a folder, each whole or not at all, and remove from the bucket what has arrived.

    Raises:
        PlaceError: the bucket does not give them, or the folder does not take them.
    """
    arrived = []
    for name, data in parts:
        check_key(folder, name)
        target = folder.joinpath(*name.split("/"))
        if data is None and bucket is not None:
            try:
                data = bucket.read(prefix + name)
            except AbsentError:
                if not target.is_file():  # otherwise another driver of the same folder took it in
                    raise
                continue
            arrived.append(prefix + name)
        if data is not None:
            with _said(folder):
                write_bytes(target, data)
    if bucket is not None and arrived:
        bucket.delete(arrived)


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check the place, then run this again"
        raise PlaceError(folder, f"cannot be written ({error.strerror}). {remedy}") from error
