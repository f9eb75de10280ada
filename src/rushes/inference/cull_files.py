"""Files that a cull writes: whole or not at all, and never over what nobody looked at."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rushes.storage.files import digest_of_file, is_temporary, temporary_beside

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
SHUT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})  # nothing can be written in that folder
# Where a file cannot have a second name: another disk, a file system without such names, a file of somebody else.
NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, errno.ENOSYS})
_MODE = 0o644  # of a file that replaces none
_PIECE_BYTES = 1 << 20


class UnfitError(Exception):
    """One file that is not what it must be to be written or copied; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the system says of a file, as it is to be again."""

    mode: int
    uid: int
    gid: int
    mtime_ns: int | None = None  # None: now


@dataclass(frozen=True, slots=True)
class Staged:
    """A file under a temporary name, on disk.

    Attributes:
        over: what stands at `path` meanwhile; None where nothing does.
    """

    path: Path
    temporary: Path
    over: os.stat_result | None


def read_standing(path: Path) -> tuple[bytes, os.stat_result] | None:
    """Return the bytes of the file at a path and what the system says of it; None where nothing stands there.

    Raises:
        UnfitError: it is a symbolic link, or no file.
        OSError: it cannot be read.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise UnfitError(
            f"is a symbolic link to {path.readlink()}, which may be another photograph's too. Put a copy of the file "
            "in its place"
        )
    if not stat.S_ISREG(found.st_mode):
        raise UnfitError("is no file. Rename or remove what stands there")
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        return file.read(), found


def refuse_second_name(found: os.stat_result) -> None:
    """Raise UnfitError where a file has another name too, which would part from it when it is replaced."""
    if found.st_nlink > 1:
        raise UnfitError(
            "has a second name (a hard link), which may be another photograph's and would be parted from it. Put a "
            "copy of the file in its place"
        )


def stage(path: Path, data: bytes, *, owner: str, over: os.stat_result | None, kept: Kept | None = None) -> Staged:
    """Write bytes to a temporary file beside `path`, on disk, ready to take its name.

    Args:
        owner: of the temporary name.
        over: what stands at `path`; its mode, owner and extended attributes are kept where the system lets us.
        kept: mode, owner and time to give the file instead of those.
    """
    temporary = temporary_beside(path, owner=owner)
    handle = _open_new(temporary)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            if over is not None:
                _copy_attributes(path, temporary)
                kept = kept or Kept(over.st_mode & 0o7777, over.st_uid, over.st_gid)
            _keep(temporary, kept or Kept(_MODE, -1, -1))
            os.fsync(file.fileno())
    except BaseException:
        discard(temporary)
        raise
    return Staged(path, temporary, over)


def settle(staged: Staged) -> None:
    """Give a staged file its name.

    Raises:
        UnfitError: another file came to stand there, or what stood there was changed.
        OSError: it cannot be done; nothing is left of the staged file.
    """
    try:
        if staged.over is None:
            put_new(staged.temporary, staged.path)
            return
        try:
            now = staged.path.lstat()
        except FileNotFoundError:
            now = None
        if now is None or not is_same(now, staged.over):
            raise UnfitError("was changed by another program at this moment. Run this again")
        staged.temporary.replace(staged.path)
    finally:
        discard(staged.temporary)


def put_new(temporary: Path, path: Path) -> None:
    """Give a file another name where that is free.

    Raises:
        UnfitError: it is not.
    """
    try:
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in NO_LINK:
                raise
            os.close(_open_new(path))  # a card's file system has no second names
            try:
                temporary.replace(path)
            except OSError:
                path.unlink()
                raise
        else:
            temporary.unlink()
    except FileExistsError:
        raise UnfitError("another file came to stand there. Run this again") from None


def link_new(source: Path, path: Path) -> None:
    """Give a file, which may be reached through a link, a second name where that is free.

    Raises:
        UnfitError: it is not.
    """
    try:
        os.link(os.path.realpath(source), path)
    except FileExistsError:
        raise UnfitError("another file came to stand where it was to be linked. Run this again") from None


def stage_copy(source: Path, path: Path, *, owner: str) -> tuple[Staged, str]:
    """Copy a file to a temporary name beside `path`, on disk; return it with the digest of its bytes.

    Raises:
        UnfitError: the source was changed meanwhile.
    """
    temporary = temporary_beside(path, owner=owner)
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as original:
        before = os.fstat(original.fileno())
        handle = _open_new(temporary)
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                while piece := original.read(_PIECE_BYTES):
                    digest.update(piece)
                    left = memoryview(piece)
                    while left:
                        left = left[file.write(left) :]
                if not is_same(source.stat(), before):
                    raise UnfitError("was changed while it was copied. Run this again")
                _copy_attributes(source, temporary)
                _keep(temporary, Kept(before.st_mode & 0o777 | stat.S_IWUSR, -1, -1, before.st_mtime_ns))
                os.fsync(file.fileno())
        except BaseException:
            discard(temporary)
            raise
    return Staged(path, temporary, None), digest.hexdigest()


def discard(temporary: Path) -> None:
    """Remove a temporary file, where there is one and it can be."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two looks at a path saw the same file, unchanged."""
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def holds_the_same(one: Path, other: Path) -> bool:
    """Return whether two files have the same bytes."""
    if one.samefile(other):
        return True
    return one.stat().st_size == other.stat().st_size and digest_of_file(one) == digest_of_file(other)


def _open_new(path: Path) -> int:
    """Create a file that was not there; a temporary one that a killed process left is replaced."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags, _MODE)
    except FileExistsError:
        if not is_temporary(path.name):
            raise
        path.unlink()
        return os.open(path, flags, _MODE)


def _copy_attributes(source: Path, target: Path) -> None:
    with suppress(OSError):
        shutil.copystat(source, target, follow_symlinks=True)
        os.utime(target)


def _keep(path: Path, kept: Kept) -> None:
    """Give a file its mode, owner and time as far as the system lets us."""
    if hasattr(os, "chown") and kept.uid >= 0:
        for uid in (kept.uid, -1):  # a user may give a file to a group of theirs, and to nobody else
            try:
                os.chown(path, uid, kept.gid)
            except OSError:
                continue
            break
    with suppress(OSError):
        path.chmod(kept.mode)
    if kept.mtime_ns is not None:
        with suppress(OSError):
            os.utime(path, ns=(kept.mtime_ns, kept.mtime_ns))
