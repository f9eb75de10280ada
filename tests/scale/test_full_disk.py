"""What an error says of a full disk, and where it is."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from rushes.errors import MediaError, PlaceError
from rushes.scale.full_disk import NoRoom, free_in, is_full, room_lacking

_FREE = {Path("/kept"): 700, Path("/tmp"): 12_300_000, Path("/elsewhere"): 5}


def full_error(filename: str | None = None, code: int = errno.ENOSPC) -> OSError:
    return OSError(code, "No space left on device", filename) if filename else OSError(code, "No space left on device")


def test_a_full_disk_is_known_by_its_number_and_by_what_libraries_say_of_it() -> None:
    assert is_full(full_error())
    assert is_full(full_error(code=errno.EDQUOT))
    assert is_full(RuntimeError("I/O error: No space left on device (os error 28)"))
    assert is_full(sqlite3.OperationalError("database or disk is full"))
    assert not is_full(None)
    assert not is_full(OSError(errno.EACCES, "Permission denied"))


def test_an_error_that_came_from_a_full_disk_is_of_one_and_one_of_a_file_called_so_is_not() -> None:
    wrapped = PlaceError("kept", "cannot be written")
    wrapped.__cause__ = full_error()
    assert is_full(wrapped)
    assert not is_full(MediaError("the disk is full.mp4", "is no film"))


def test_the_file_that_an_error_names_says_where_there_is_no_room() -> None:
    folders = [Path("/kept"), Path("/tmp")]
    assert room_lacking(full_error("/tmp/a/b"), folders, free=_FREE.get) == NoRoom(Path("/tmp"), 12_300_000)
    assert room_lacking(full_error("/elsewhere/a"), folders, free=_FREE.get) == NoRoom(Path("/elsewhere"), 5)


def test_where_no_file_is_named_it_is_the_folder_with_the_least_room() -> None:
    assert room_lacking(full_error(), [Path("/tmp"), Path("/kept")], free=_FREE.get) == NoRoom(Path("/kept"), 700)
    unknown = [Path("/gone"), Path("/kept")]
    assert room_lacking(RuntimeError("disk is full"), unknown, free=_FREE.get) == NoRoom(Path("/kept"), 700)


def test_of_a_quota_it_is_the_likeliest_for_free_bytes_say_nothing() -> None:
    found = room_lacking(full_error(code=errno.EDQUOT), [Path("/tmp"), Path("/kept")], free=_FREE.get)
    assert str(found) == "no room in /tmp (the quota is used up)"


def test_it_is_said_with_what_is_free() -> None:
    assert str(NoRoom(Path("/tmp"), 0)) == "no room in /tmp (0 bytes free)"
    assert str(NoRoom(Path("/tmp"), 12_300_000)) == "no room in /tmp (12.3 MB free)"
    assert str(NoRoom(Path("/tmp"))) == "no room in /tmp (nobody can tell how much is free)"


def test_room_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert free_in(tmp_path / "a" / "b")
