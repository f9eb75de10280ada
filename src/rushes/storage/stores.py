"""Stores over the network: one range of an object, and the keys below a prefix."""

from __future__ import annotations

import hashlib
import queue
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from rushes.errors import MediaError, UnreachableError
from rushes.storage.access import (
    FIRST_WAIT_SECONDS,
    is_of_whole_store,
    raise_if_over,
    reason_of,
    status_of,
    store_of,
    with_patience,
)
from rushes.storage.places import Remote

_TRIES = 4  # of an answer that broke off
KEYS_PER_PAGE = 1000
_LISTED_AT_ONCE = 8  # folders
_PAGES_WAITING = 16
WHOLE_BYTES = 64 << 20  # of a file on a server that knows no ranges
MAX_KEYS = 1_000_000  # directly in one folder that is taken into memory
# A body that broke off is asked for again by the store itself, but not by every store, nor when it is short.
_BROKEN_BODY = re.compile(r"body error|decod|incomplete|connection (reset|closed)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class State:
    """What a store vouches for of an object: if it is the same again, so are the bytes.

    Attributes:
        etag: as the store states it, with its quotes; None where it states none.
        modified: None where the store states none.
    """

    size_bytes: int
    etag: str | None = None
    modified: datetime | None = None

    @property
    def stamp(self) -> str:
        """The ETag, or else the time of the last change; empty where the store states neither."""
        return self.etag or (f"{self.modified:%Y-%m-%dT%H:%M:%SZ}" if self.modified else "")

    @property
    def mark(self) -> str:
        """What tells this from other states of its size, however a store quotes its ETags; empty where it states none.

        The ETag without its quotes, or else the time of the last change to the microsecond.
        """
        if self.etag:
            return unquoted(self.etag)
        return f"{self.modified:%Y-%m-%dT%H:%M:%S.%fZ}" if self.modified else ""

    @property
    def number(self) -> int | None:
        """The stamp as a number below 2**63, where a local file has the time of its last change; None without one."""
        return int(hashlib.sha256(self.stamp.encode()).hexdigest()[:16], 16) >> 1 if self.stamp else None


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Bytes of an object, and its state when they were sent.

    Attributes:
        start: where in the object the bytes begin; 0 where the server knows no ranges and sent all of it.
    """

    data: bytes
    start: int
    state: State


class Changed(Exception):
    """The object is no longer in the state that was given."""


class StoredObject:
    """An object that is asked for by range; may be used by several threads."""

    def __init__(self, remote: Remote) -> None:
        """Find the way to an object; nothing is sent yet.

        Raises:
            UsageError: the environment or a profile file says what cannot be followed.
            MissingExtraError: the extra `cloud` is not installed.
        """
        self.remote = remote
        self._store, self._key = store_of(remote)

    def fetch(self, start: int, stop: int, *, known: State | None = None) -> Answer:
        """Return the bytes [start, stop); fewer where the object ends before, all where the server knows no ranges.

        Dropped connections, answers 5xx and 429 are tried again, each time after a longer wait.

        Args:
            known: the state that it must still be in; None takes it as it is.

        Raises:
            Changed: it is in another state.
            MediaError: it is missing, may not be read, or the server knows no ranges and the file is larger than
                WHOLE_BYTES.
            UnreachableError: the store does not answer, or lets nobody in.
            StoreError: the keys have expired, or a bucket throttles also when asked again for a while.
        """
        from obstore.exceptions import BaseError, NotSupportedError, PreconditionError

        options: dict[str, Any] = {"range": (start, stop)}
        if known and known.etag and not known.etag.startswith("W/"):  # a weak one is never equal, by its definition
            options["if_match"] = known.etag
        for tried in range(1, _TRIES + 1):
            try:
                answer = with_patience(self.remote, lambda: self._get(options))
            except PreconditionError:
                raise Changed from None
            except NotSupportedError:
                del options["range"]
                continue
            except (BaseError, OSError, ValueError) as error:
                status = status_of(error)
                if status.startswith("416") and start == 0 and known is None:
                    return Answer(b"", 0, State(0))
                if status.startswith("416"):
                    raise Changed from None
                if not status and _BROKEN_BODY.search(str(error)) and tried < _TRIES:
                    time.sleep(FIRST_WAIT_SECONDS * 2**tried)
                    continue
                # Without its cause: the text of that holds the address with its signature.
                raise _failure(error, self.remote, opened=known is not None) from None
            if known and is_other(known, answer.state):
                raise Changed
            end = min(stop, answer.state.size_bytes) if "range" in options else answer.state.size_bytes
            if answer.start + len(answer.data) == end:
                return answer
        raise MediaError(self.remote, "the server sends fewer bytes than it announces. Try again later")

    def _get(self, options: dict[str, Any]) -> Answer:
        import obstore

        result = obstore.get(self._store, self._key, options=options)  # type: ignore[arg-type]  # plain keys and values
        state = state_of(result.meta)
        if "range" not in options and state.size_bytes > WHOLE_BYTES:
            raise MediaError(
                self.remote,
                f"its server sends whole files only, no ranges, and this one has {state.size_bytes:,} bytes "
                f"(at most {WHOLE_BYTES:,} are taken so). Download it, then give the local file",
            )
        return Answer(bytes(result.bytes()), result.range[0], state)


def list_keys(remote: Remote) -> Iterator[str]:
    """Yield the keys below a folder in a bucket, however many there are, in no order to rely on.

    Up to a page they come by one request. Of more, the folders below are listed side by side, since a store gives a
    thousand keys at a time and the next only after them. Memory holds a few pages, and what lies directly in the folder
    where there are folders beside it.

    Raises:
        MediaError: the bucket is missing or may not be listed.
    """
    store, _ = store_of(remote)
    prefix = remote.key if remote.is_folder else f"{remote.key}/"
    with _refusals_of_listing(remote):
        pages = pages_below(store, remote, prefix)
        first = next(pages, [])
        if len(first) < KEYS_PER_PAGE or "/" not in first[0]["path"][len(prefix) :]:
            for page in chain([first], pages):
                yield from (item["path"] for item in page)
            return
        folders, loose = _folders_in(store, remote, prefix)
        while len(folders) == 1 and not loose:
            folders, loose = _folders_in(store, remote, folders[0])
        yield from loose
        yield from _listed_side_by_side(store, remote, folders)


def pages_below(store: Any, remote: Remote, prefix: str) -> Iterator[Sequence[Any]]:
    """Yield what lies below a prefix of a store, in pages; one that throttles is asked again from the last key on.

    Raises:
        Exception: what obstore raises.
    """
    import obstore

    pages: Iterator[Sequence[Any]] | None = None
    last: str | None = None

    def next_page() -> Sequence[Any] | None:
        nonlocal pages
        if pages is None:
            pages = iter(obstore.list(store, prefix or None, offset=last, chunk_size=KEYS_PER_PAGE))
        try:
            return next(pages, None)
        except Exception:
            pages = None
            raise

    while (page := with_patience(remote, next_page)) is not None:
        if page:
            last = page[-1]["path"]
        yield page


def _folders_in(store: Any, remote: Remote, prefix: str) -> tuple[list[str], list[str]]:
    """Return the folders directly in a folder, with a slash behind each, and the keys directly in it."""
    import obstore

    found = with_patience(remote, lambda: obstore.list_with_delimiter(store, prefix or None))
    folders = [f"{folder.rstrip('/')}/" for folder in found["common_prefixes"]]
    return folders, [item["path"] for item in found["objects"]]


def _listed_side_by_side(store: Any, remote: Remote, folders: Sequence[str]) -> Iterator[str]:
    """Yield the keys below some folders; when the reader stops, no more are asked for."""
    pages: queue.Queue[list[str] | BaseException | None] = queue.Queue(_PAGES_WAITING)
    stopped = threading.Event()

    def give(found: list[str] | BaseException | None) -> None:
        while not stopped.is_set():
            with suppress(queue.Full):
                pages.put(found, timeout=0.1)
                return

    def list_one(folder: str) -> None:
        try:
            for page in pages_below(store, remote, folder):
                if stopped.is_set():
                    return
                give([item["path"] for item in page])
            give(None)
        except BaseException as error:
            give(error)

    with ThreadPoolExecutor(_LISTED_AT_ONCE, thread_name_prefix="listed") as pool:
        try:
            for folder in folders:
                pool.submit(list_one, folder)
            left = len(folders)
            while left:
                page = pages.get()
                if isinstance(page, BaseException):
                    raise page
                if page is None:
                    left -= 1
                else:
                    yield from page
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _refusals_of_listing(remote: Remote) -> Iterator[None]:
    """Let what obstore raises about a listing be an error of ours."""
    from obstore.exceptions import BaseError, InvalidPathError

    try:
        yield
    except InvalidPathError:
        raise MediaError(
            remote,
            "holds a key with an empty part ('//', '.' or '..'), which cannot be listed. Name a folder beside it",
        ) from None
    except (BaseError, OSError, ValueError) as error:
        raise _failure(error, remote, opened=False) from None


def list_folder(remote: Remote) -> list[str]:
    """Return the keys directly in a folder of a bucket; what lies in folders below it is not looked through.

    Raises:
        MediaError: the bucket is missing or may not be listed, or holds more than MAX_KEYS in the folder.
    """
    store, _ = store_of(remote)
    import obstore

    prefix = remote.key if remote.is_folder else f"{remote.key}/"
    with _refusals_of_listing(remote):
        found = with_patience(remote, lambda: obstore.list_with_delimiter(store, prefix or None))["objects"]
    if len(found) > MAX_KEYS:
        raise MediaError(remote, f"holds more than {MAX_KEYS:,} objects. Name a folder in it")
    return [item["path"] for item in found]


def is_other(known: State, now: State) -> bool:
    """Return whether two states are of different bytes."""
    if known.size_bytes != now.size_bytes:
        return True
    if known.etag and now.etag:
        return unquoted(known.etag) != unquoted(now.etag)
    return known.modified != now.modified


def unquoted(etag: str) -> str:
    """Return an ETag as it can be compared: some stores quote it in one answer and not in another."""
    return etag.removeprefix("W/").strip('"')


def state_of(meta: Any) -> State:
    """Return the state that a store's answer about an object tells of."""
    modified: datetime | None = meta["last_modified"]
    if modified is not None and modified <= datetime.fromtimestamp(0, UTC):  # what the store says for "not stated"
        modified = None
    return State(meta["size"], meta["e_tag"] or None, modified)


def _failure(error: Exception, remote: Remote, *, opened: bool) -> MediaError:
    """Return a store's error as ours."""
    raise_if_over(error, remote)
    reason = reason_of(error, remote, opened=opened)
    return UnreachableError(remote, reason) if is_of_whole_store(error) else MediaError(remote, reason)
