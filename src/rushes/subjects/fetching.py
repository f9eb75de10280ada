"""Fetching one file of known digest over HTTP: whole and right, or not at all."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rushes.errors import remedy_of
from rushes.progress import Progress, silent
from rushes.storage.files import sweep_temporaries, temporary_beside

_PIECE_BYTES = 1 << 18
WAIT_SECONDS = 30.0  # for a connection, and then for each piece
_NAME = "rushes"


class FetchError(Exception):
    """A file that was not fetched; its text is the reason, without the file."""


def fetch(
    url: str,
    to: Path,
    *,
    sha256: str,
    size_bytes: int,
    progress: Progress = silent,
    wait_seconds: float = WAIT_SECONDS,
) -> None:
    """Fetch a file; nothing stands at `to` before all bytes are on disk and their digest is the one expected.

    What came before a connection broke or a person stopped it is kept beside `to` as a `.part`, and the next fetch goes
    on from there where the server lets it. A file of another digest is removed.

    Args:
        progress: counts bytes.

    Raises:
        FetchError: the server does not answer, says no, or sends something else; or the file cannot be written.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        sweep_temporaries(to.parent)  # what a killed process left
        with _part_of(to, sha256) as part:
            _receive(url, part, size_bytes=size_bytes, progress=progress, wait_seconds=wait_seconds)
            _check(part, sha256=sha256, size_bytes=size_bytes)
            part.chmod(0o644)
            part.replace(to)
    except urllib.error.HTTPError as error:
        with error:
            raise FetchError(f"the server answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise FetchError(f"the server cannot be reached: {_said(error.reason)}") from error
    except http.client.HTTPException as error:
        raise FetchError(f"the connection broke: {_said(error)}. Run this again: it goes on from there") from error
    except OSError as error:
        advice = remedy_of(error.errno)
        raise FetchError(_said(error) + (f". {advice}" if advice else "")) from error


@contextmanager
def _part_of(to: Path, sha256: str) -> Iterator[Path]:
    """Give a file to append to that no other process writes; it begins with what an earlier fetch was left with.

    Renaming takes a left part: of two processes only one finds it, and the other begins anew.
    """
    left, mine = to.with_name(f"{to.name}.{sha256[:12]}.part"), temporary_beside(to)
    with suppress(FileNotFoundError):
        left.replace(mine)
        mine.touch()  # what is temporary and old may be swept by another process
    try:
        yield mine
    finally:  # where all went well, it is not there any more
        with suppress(OSError):
            mine.replace(left)


def _receive(url: str, part: Path, *, size_bytes: int, progress: Progress, wait_seconds: float) -> None:
    """Append what is missing of a file."""
    have = part.stat().st_size if part.exists() else 0
    if have == size_bytes:
        return
    headers = {"User-Agent": _NAME, "Accept-Encoding": "identity"}
    if 0 < have < size_bytes:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=wait_seconds) as answer:
        goes_on = answer.status == http.client.PARTIAL_CONTENT and _begins_at(answer, have)
        with part.open("ab" if goes_on else "wb") as file:
            _copy(answer, file, have if goes_on else 0, size_bytes, progress)
            file.flush()
            os.fsync(file.fileno())


def _begins_at(answer: http.client.HTTPResponse, place: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {place}-")


def _copy(answer: IO[bytes], file: IO[bytes], done: int, size_bytes: int, progress: Progress) -> None:
    while piece := answer.read(_PIECE_BYTES):
        file.write(piece)
        done += len(piece)
        if done > size_bytes:  # it will not become the file that is wanted, however much more comes
            return
        progress(done, size_bytes)


def _check(part: Path, *, sha256: str, size_bytes: int) -> None:
    """Raise unless a received file is the one that was asked for; another one is removed, the begin of one stays."""
    size = part.stat().st_size
    if size < size_bytes and size and not _is_text(part):
        raise FetchError(f"the connection broke after {size:,} of {size_bytes:,} bytes. Run this again: it goes on "
                         "from there")  # fmt: skip
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        part.unlink()
        raise FetchError(f"the server sends another file: {size:,} bytes of SHA-256 {digest[:12]}… instead of "
                         f"{size_bytes:,} bytes of {sha256[:12]}…; it was removed")  # fmt: skip


def _is_text(part: Path) -> bool:
    """Return whether a file begins as a page or a pointer does, which is no begin of a model."""
    with part.open("rb") as file:
        begin = file.read(16).lstrip().lower()
    return begin.startswith((b"<", b"version https:"))


def _said(error: object) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or errno.errorcode.get(error.errno or 0, "no answer")
    return str(error) or type(error).__name__
