"""Full disks: whether an error tells of one, in which folder, and how much is free there."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import RushesError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAID = ("no space left on device", "disk is full")  # by libraries that raise no OSError
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A folder that takes no more.

    Attributes:
        folder: which one.
        free_bytes: on its disk, after what was begun was removed; None where nobody can tell.
        is_quota: no disk is full, but what one user may have of it is used up.
    """

    folder: Path
    free_bytes: int | None = None
    is_quota: bool = False

    def __str__(self) -> str:
        """Return it as a person reads it: `no room in /tmp (0 bytes free)`."""
        return f"no room in {self.folder} ({self.left})"

    @property
    def left(self) -> str:
        """How much is free, as a person reads it: `12.3 MB free`."""
        if self.is_quota:
            return "the quota is used up"
        return "nobody can tell how much is free" if self.free_bytes is None else f"{_told(self.free_bytes)} free"


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or what it came from, says that a disk is full."""
    return any(_says_full(one) for one in _chain(error))


def free_in(folder: Path) -> int | None:
    """Return the bytes that this user may still write to the disk of a folder, which need not be there yet."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def room_lacking(
    error: BaseException, folders: Sequence[Path], *, free: Callable[[Path], int | None] = free_in
) -> NoRoom:
    """Return where there is no room, of an error that says that a disk is full.

    It is where the error says; of one that names no file, that of the folders which has least.

    Args:
        folders: that are written to, the likeliest first.
        free: how many bytes are free in a folder.
    """
    full = next((one for one in _chain(error) if _says_full(one)), error)
    is_quota = isinstance(full, OSError) and full.errno == errno.EDQUOT
    if isinstance(full, OSError) and isinstance(full.filename, str | bytes):
        file = Path(os.fsdecode(full.filename))
        itself = file if file.is_dir() else file.parent
        found = next((folder for folder in folders if file.is_relative_to(folder)), itself)
    elif is_quota:
        found = folders[0]
    else:
        found = min(folders, key=lambda folder: _or_endless(free(folder)))
    return NoRoom(found, free(found), is_quota)


def _or_endless(count: int | None) -> float:
    return float("inf") if count is None else count


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    said = str(error).casefold()
    return not isinstance(error, RushesError) and any(words in said for words in _SAID)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told(count: int) -> str:
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"
