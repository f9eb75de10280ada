"""Buckets as keys with bytes behind them: of any store that obstore speaks to, and of S3."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rushes.errors import AbsentError, PlaceError, remedy_of, require_extra
from rushes.progress import Progress, silent
from rushes.storage.access import (
    is_of_whole_store,
    raise_if_expired,
    raise_if_over,
    reason_of,
    s3_bucket,
    status_of,
    store_of,
    with_patience,
)
from rushes.storage.aws import S3Settings, s3_settings
from rushes.storage.keys import check_key
from rushes.storage.places import Place, Remote
from rushes.storage.s3 import S3Client
from rushes.storage.stores import State, is_other, pages_below, state_of
from rushes.storage.streams import PIECE_BYTES, Stream

LARGEST_COPY_BYTES = 5 << 30  # that S3 copies by one request
_KEYS_PER_DELETE = 1000
_ONE_BY_ONE = 16  # removals at the same time, where a batch was refused
_MD5 = re.compile(r'"?[0-9a-f]{32}"?')


class BucketFolder:
    """A prefix in a bucket of any store; see ObjectFolder for what each method promises.

    The state of an object is its size, its ETag and the time of its last change.
    """

    def __init__(self, place: Remote, store: Any) -> None:
        """Take a prefix in a bucket; nothing is sent yet.

        Args:
            place: a prefix; a slash is added where it has none behind it.
            store: the bucket, a store of obstore.
        """
        self._remote = place if place.is_folder else Remote(place.scheme, place.host, f"{place.key}/")
        self.place: Place = self._remote
        self._prefix = self._remote.key
        self._store = store
        self._seen = False  # whether the bucket is there

    def listing(self, prefix: str = "", *, progress: Progress = silent) -> Iterator[tuple[str, State]]:
        from obstore.exceptions import BaseError, InvalidPathError

        below = self._prefix + (f"{prefix.rstrip('/')}/" if prefix else "")
        if prefix:
            check_key(self.place, prefix.rstrip("/"))
        count = 0
        try:
            for page in pages_below(self._store, self._remote, below):
                for item in page:
                    path, state = item["path"], state_of(item)
                    if not path.startswith(below) or (not state.size_bytes and self._is_mark(path)):
                        continue
                    count += 1
                    yield path[len(self._prefix) :], state
                progress(count, None, page[-1]["path"] if page else "")
        except InvalidPathError as error:
            raise PlaceError(
                self.place,
                f"holds a key with an empty part ('//', '.' or '..'), which cannot be listed: {_first_line(error)}. "
                "Rename or remove it",
            ) from None
        except (BaseError, OSError, ValueError) as error:
            raise_if_over(error, self._remote)
            raise PlaceError(self.place, reason_of(error, self._remote, doing="listed")) from None
        self._seen = True

    def state(self, key: str) -> State | None:
        return self._state(self._path(key))

    def read(self, key: str) -> bytes:
        import obstore

        path = self._path(key)
        return bytes(self._do("read", path, lambda: obstore.get(self._store, path).bytes()))

    def write(self, key: str, data: bytes) -> State:
        path = self._path(key)
        return self._sent(path, self._put(path, data), data)

    def write_new(self, key: str, data: bytes) -> State | None:
        from obstore.exceptions import AlreadyExistsError

        path = self._path(key)
        try:
            return self._sent(path, self._put(path, data, mode="create"), data)
        except AlreadyExistsError:
            return None

    def rewrite(self, key: str, data: bytes, *, known: State) -> State | None:
        from obstore.exceptions import PreconditionError

        path = self._path(key)
        try:
            now = self._do("read", path, lambda: self._head(path), missing=FileNotFoundError)
            if is_other(known, state_of(now)):
                return None
            # Some stores tell versions apart by the ETag, others by a number of their own.
            version = {name: now[name] for name in ("e_tag", "version") if now[name] is not None}
            return self._sent(path, self._put(path, data, mode=version, missing=FileNotFoundError), data)
        except (PreconditionError, FileNotFoundError):
            return None

    def upload(self, path: Path, key: str) -> State:
        """Send a local file to a key; one of more than 8 MiB in parts."""
        target = self._path(key)
        try:
            size = path.stat().st_size
            if size <= PIECE_BYTES:
                data = path.read_bytes()
                return self._sent(target, self._put(target, data), data)
            with path.open("rb"):  # what cannot be read is said of the file, not of the bucket
                pass
        except OSError as error:
            remedy = remedy_of(error.errno) or "Check the file"
            raise PlaceError(path, f"cannot be read ({error.strerror or type(error).__name__}). {remedy}") from error
        self._put(target, path, chunk_size=PIECE_BYTES)
        return self._arrived(target, size)

    def copy_within(self, key: str, to: str, *, known: State | None = None) -> State:
        return self._copy(self._path(key), self._path(to), known)

    def copy_from(self, source: Place, key: str) -> State:
        if isinstance(source, Path):
            return self.upload(source, key)
        target = self._path(key)
        if source.scheme == self._remote.scheme and source.host == self._remote.host:
            return self._copy(source.key, target, None)
        return self._fetch(source, target)

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        paths: dict[str, str] = {}
        for key in keys:
            try:
                paths[key] = self._path(key)
            except PlaceError as error:
                failed[key] = error.reason
        wanted = list(paths)
        for start in range(0, len(wanted), _KEYS_PER_DELETE):
            batch = {paths[key]: key for key in wanted[start : start + _KEYS_PER_DELETE]}
            failed |= {batch[path]: reason for path, reason in self._remove(list(batch)).items()}
        return failed

    def _remove(self, paths: list[str]) -> dict[str, str]:
        """Remove objects; return why, for each that could not be."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            with_patience(self._remote, lambda: obstore.delete(self._store, paths))
        except (BaseError, OSError, ValueError) as error:
            raise_if_expired(error, self._remote)
            return self._remove_apart(paths)
        return {}

    def _remove_apart(self, paths: list[str]) -> dict[str, str]:
        """Remove objects one by one, to know which of a batch was refused, and why."""
        import obstore

        def remove(path: str) -> str | None:
            try:
                self._do("removed", path, lambda: obstore.delete(self._store, path), missing=FileNotFoundError)
            except FileNotFoundError:
                return None
            except PlaceError as error:
                return error.reason
            return None

        with ThreadPoolExecutor(_ONE_BY_ONE) as pool:
            reasons = list(pool.map(remove, paths))
        return {path: reason for path, reason in zip(paths, reasons, strict=True) if reason is not None}

    def _path(self, key: str) -> str:
        check_key(self.place, key)
        return self._prefix + key

    def _named(self, path: str) -> Remote:
        return Remote(self._remote.scheme, self._remote.host, path)

    def _state(self, path: str) -> State | None:
        """Return the state of what is at a path of the bucket; None where there is nothing."""

        try:
            meta = self._do("read", path, lambda: self._head(path), missing=FileNotFoundError)
        except FileNotFoundError:
            self._look_for_bucket()
            return None
        self._seen = True
        return state_of(meta)

    def _head(self, path: str) -> Any:
        """Return what a store says of an object. A refusal of HEAD has no words in it, one of GET says why."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            return obstore.head(self._store, path)
        except BaseError as error:
            if not status_of(error).startswith(("400", "401", "403")):
                raise
            return obstore.get(self._store, path, options={"range": (0, 1)}).meta

    def _look_for_bucket(self) -> None:
        """Raise PlaceError where the bucket is missing, which the state of an object does not tell."""
        import obstore
        from obstore.exceptions import BaseError

        if self._seen:
            return
        try:
            for _ in obstore.list(self._store, self._prefix or None, chunk_size=1):
                break
        except (BaseError, OSError, ValueError) as error:
            reason = reason_of(error, self._remote, doing="listed")
            if "there is no bucket" in reason:
                raise PlaceError(self.place, reason) from None
        self._seen = True

    def _is_mark(self, path: str) -> bool:
        """Return whether an empty object is the mark of a folder, whose key ends in a slash that a listing drops."""
        state = self._state(path)
        return state is None or state.size_bytes > 0

    def _do(self, doing: str, path: str, call: Callable[[], Any], *, missing: type[Exception] | tuple[()] = ()) -> Any:
        """Return what a call of the store's returns.

        Args:
            missing: what is to be raised as it is.
        """
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        try:
            return with_patience(self._remote, call)
        except (AlreadyExistsError, PreconditionError):
            raise
        except (BaseError, OSError, ValueError) as error:
            if doing == "removed":  # each is listed with its reason
                raise_if_expired(error, self._remote)
            else:
                raise_if_over(error, self._remote)
            reason = reason_of(error, self._remote, doing=doing)
            if missing and isinstance(error, missing) and "there is no bucket" not in reason:
                raise
            absent = isinstance(error, FileNotFoundError) and "there is no bucket" not in reason
            raise (AbsentError if absent else PlaceError)(self._named(path), reason) from None

    def _put(
        self, path: str, data: bytes | Path, *, missing: type[Exception] | tuple[()] = (), **how: Any
    ) -> str | None:
        """Send bytes, a file or pieces; return the ETag."""
        import obstore

        kind = mimetypes.guess_type(path)[0]
        if kind is not None:
            how["attributes"] = {"Content-Type": kind}
        answer = self._do("written", path, lambda: obstore.put(self._store, path, data, **how), missing=missing)
        etag: str | None = answer["e_tag"]
        return etag

    def _sent(self, path: str, etag: str | None, data: bytes) -> State:
        """Return the state of what was sent: by its ETag where that is made of the bytes, else as the store says."""
        if etag and _is_md5(etag) and etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest():
            return State(len(data), etag)
        return self._arrived(path, len(data))

    def _arrived(self, path: str, size_bytes: int) -> State:
        """Return the state of what now stands at a path, which must have so many bytes."""
        state = self._state(path)
        if state is None:
            raise PlaceError(self._named(path), "is not there, though the store took it. Run this again")
        if state.size_bytes != size_bytes:
            raise PlaceError(
                self._named(path),
                f"has {state.size_bytes:,} bytes in the store, {size_bytes:,} were sent. Run this again",
            )
        return state

    def _copy(self, source: str, target: str, known: State | None) -> State:
        if source == target:
            state = self._there(source)
            if known is not None and is_other(known, state):
                raise PlaceError(self._named(source), "changed since it was listed. Run this again")
            return state
        known = known or self._there(source)
        return self._copy_in(self._store, self._named(source), target, known)

    def _there(self, path: str) -> State:
        """Return the state of what must be at a path of the bucket."""
        state = self._state(path)
        if state is None:
            raise AbsentError(self._named(path), "there is no such object in the bucket. Check the name")
        return state

    def _copy_in(self, store: Any, source: Remote, target: str, known: State) -> State:
        """Copy in a store, and return the state of the copy once it is known to be one."""
        self._copy_there(store, source, target, known)
        state = self._arrived(target, known.size_bytes)
        if not self._is_same(source, known, target, state):
            raise PlaceError(source, "changed while it was copied, or was copied wrongly. Run this again")
        return state

    def _copy_there(self, store: Any, source: Remote, target: str, known: State) -> None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            with_patience(self._remote, lambda: obstore.copy(store, source.key, target))
        except FileNotFoundError as error:  # it names the target, and means the source
            kind = PlaceError if is_of_whole_store(error) else AbsentError
            raise kind(source, reason_of(error, source, doing="copied")) from None
        except (BaseError, OSError, ValueError) as error:
            raise_if_over(error, self._remote)
            raise PlaceError(self._named(target), reason_of(error, self._remote, doing="written")) from None

    def _is_same(self, source: Remote, known: State, target: str, copy: State) -> bool:
        """Return whether what the store says of an object and of its copy does not speak against it."""
        return not (_is_md5(known.etag) and _is_md5(copy.etag)) or not is_other(known, copy)

    def _fetch(self, source: Remote, target: str) -> State:
        """Bring a file from another store through this machine."""
        stream = Stream(source)
        size = stream.state.size_bytes
        if size <= PIECE_BYTES:
            data = b"".join(stream.pieces())
            return self._sent(target, self._put(target, data), data)
        # By way of a file: what obstore sends piece by piece may not be asked of obstore meanwhile.
        try:
            with tempfile.NamedTemporaryFile(prefix="rushes-") as file:
                for piece in stream.pieces():
                    file.write(piece)
                file.flush()
                self._put(target, Path(file.name), chunk_size=PIECE_BYTES)
        except OSError as error:
            remedy = remedy_of(error.errno) or "Check the place for temporary files"
            raise PlaceError(tempfile.gettempdir(), f"cannot be written ({error.strerror}). {remedy}") from error
        return self._arrived(target, size)


class S3Folder(BucketFolder):
    """A prefix in a bucket of an S3 store, which also copies between buckets."""

    def __init__(self, place: Remote, settings: S3Settings, *, largest_copy_bytes: int = LARGEST_COPY_BYTES) -> None:
        super().__init__(place, s3_bucket(place.host, settings))
        self._settings = settings
        self._largest_copy_bytes = largest_copy_bytes
        self._client = S3Client(settings)

    def copy_from(self, source: Place, key: str) -> State:
        if not isinstance(source, Remote) or source.scheme != "s3" or source.host == self._remote.host:
            return super().copy_from(source, key)
        target = self._path(key)
        known = BucketFolder(Remote("s3", source.host, ""), s3_bucket(source.host, self._settings))._there(source.key)
        return self._copy_in(
            s3_bucket(self._remote.host, self._settings, copies_from=source.host), source, target, known
        )

    def _copy_there(self, store: Any, source: Remote, target: str, known: State) -> None:
        if known.size_bytes <= self._largest_copy_bytes:
            super()._copy_there(store, source, target, known)
        else:
            self._client.copy_in_parts(source, self._named(target), known)

    def _is_same(self, source: Remote, known: State, target: str, copy: State) -> bool:
        if super()._is_same(source, known, target, copy):
            return True
        # Under a key of the store's own, an ETag looks like that of the content and is not.
        return self._client.is_under_key(source) or self._client.is_under_key(self._named(target))

    def _remove_apart(self, paths: list[str]) -> dict[str, str]:
        return self._client.remove(self._remote, paths)


def bucket_folder(place: Remote) -> BucketFolder:
    """Return a prefix in a bucket as keys; nothing is sent yet.

    Raises:
        UsageError: the environment or a profile file says what cannot be followed.
        MissingExtraError: the extra `cloud` is not installed.
    """
    require_extra("cloud", "obstore", "boto3", purpose="writing to s3://, gs:// and az:// places")
    if place.scheme == "s3":
        return S3Folder(place, s3_settings(os.environ, home=Path.home()))
    return BucketFolder(place, store_of(place)[0])


def _first_line(error: Exception) -> str:
    """Return what the library says of a key; it holds no more than that."""
    return str(error).strip().splitlines()[0][:300]


def _is_md5(etag: str | None) -> bool:
    """Return whether an ETag has the form of one that is made of the content."""
    return etag is not None and _MD5.fullmatch(etag) is not None
