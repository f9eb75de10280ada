"""What a machine without the driver's folder wrote, on its way there: in an answer, or through a bucket."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from rushes.errors import AbsentError, PlaceError, remedy_of
from rushes.storage.files import is_temporary, temporary_beside, write_bytes, write_text
from rushes.storage.keys import check_key
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import parse_place

# The name of a file below the folder, and its bytes; None where they wait in the bucket.
Part: TypeAlias = tuple[str, bytes | None]

_MARK = ".rushes-place"  # in a folder whose parts come through a bucket: says which are its own
_PREFIX = "rushes-parts-"


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


def prefix_of(folder: Path) -> str:
    """Return below which key of a bucket the parts of a folder wait: the folder keeps it, wherever it is mounted."""
    mark = folder / _MARK
    with _said(folder):
        if not mark.is_file():
            write_text(mark, secrets.token_hex(16))
        return f"parts/{mark.read_text(encoding='ascii').strip()}/"


def hand_on(folder: Path, bucket: ObjectFolder | None, prefix: str) -> list[Part]:
    """Take what stands in a folder of this machine out of it, and return it as parts.

    Raises:
        PlaceError: the bucket does not take them.
        OSError: they cannot be read.
    """
    parts: list[Part] = []
    for path in sorted(found for found in folder.rglob("*") if found.is_file() and not is_temporary(found.name)):
        name = path.relative_to(folder).as_posix()
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


def take_in_left(folder: Path, bucket: ObjectFolder, prefix: str) -> int:
    """Take in what waits in a bucket from a driver that was killed; return how many parts.

    Raises:
        PlaceError: see `take_in`.
    """
    names = [key.removeprefix(prefix) for key, _ in bucket.listing(prefix)]
    for name in names:
        take_in([(name, None)], folder, bucket, prefix)
    return len(names)


def own_folder() -> tuple[Path, int]:
    """Make a folder of this process, and remove those of processes that are no more.

    Returns:
        The folder, and a handle on it that the process keeps open: its end tells others that the folder is free.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        handle = _held(left)
        if handle is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(handle)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    handle = _held(folder)
    return folder, -1 if handle is None else handle


def _held(folder: Path) -> int | None:
    """Return a handle that locks a folder; None where another process holds it, or it cannot be locked."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = -1
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    except OSError:
        with suppress(OSError):
            os.close(handle)
        return None


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = remedy_of(error.errno) or "Check the place, then run this again"
        raise PlaceError(folder, f"cannot be written ({error.strerror}). {remedy}") from error
