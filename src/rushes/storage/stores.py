"""Stores over the network: one range of an object, and the keys below a prefix."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import MediaError, UnreachableError, require_extra
from rushes.storage.aws import NO_KEYS, S3Settings, s3_settings
from rushes.storage.places import Remote

if TYPE_CHECKING:
    from obstore.store import ClientConfig, HTTPStore, RetryConfig, S3Store

_RETRIES = 4  # of a request that was not answered, by the store itself
_TRIES = 4  # of an answer that broke off
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_TRY = timedelta(seconds=60)
_KEYS_PER_PAGE = 1000
WHOLE_BYTES = 64 << 20  # of a file on a server that knows no ranges
MAX_KEYS = 1_000_000  # that a listing looks through; more is no folder of footage
# A body that broke off is asked for again by the store itself, but not by every store, nor when it is short.
_BROKEN_BODY = re.compile(r"body error|decod|incomplete|connection (reset|closed)", re.IGNORECASE)
# What S3 says where no other object could be read either; AccessDenied may be said of a single one.
_CODES_OF_STORE = ("NoSuchBucket", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch")
_STATUS = re.compile(r"status code: (\d{3})([A-Za-z ]*)")


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
        self._store, self._key = _store_of(remote)

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
        """
        from obstore.exceptions import BaseError, NotSupportedError, PreconditionError

        options: dict[str, Any] = {"range": (start, stop)}
        if known and known.etag and not known.etag.startswith("W/"):  # a weak one is never equal, by its definition
            options["if_match"] = known.etag
        for tried in range(1, _TRIES + 1):
            try:
                answer = self._get(options)
            except PreconditionError:
                raise Changed from None
            except NotSupportedError:
                del options["range"]
                continue
            except (BaseError, OSError, ValueError) as error:
                status = _status_of(error)
                if status.startswith("416") and start == 0 and known is None:
                    return Answer(b"", 0, State(0))
                if status.startswith("416"):
                    raise Changed from None
                if not status and _BROKEN_BODY.search(str(error)) and tried < _TRIES:
                    time.sleep(_FIRST_WAIT_SECONDS * 2**tried)
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
        state = _state(result.meta)
        if "range" not in options and state.size_bytes > WHOLE_BYTES:
            raise MediaError(
                self.remote,
                f"its server sends whole files only, no ranges, and this one has {state.size_bytes:,} bytes "
                f"(at most {WHOLE_BYTES:,} are taken so). Download it, then give the local file",
            )
        return Answer(bytes(result.bytes()), result.range[0], state)


def list_keys(remote: Remote) -> Iterator[str]:
    """Yield the keys below a folder in a bucket, in pages, in the order of the store.

    Raises:
        MediaError: the bucket is missing or may not be listed, or holds more than MAX_KEYS below the folder.
    """
    store, _ = _store_of(remote)
    import obstore
    from obstore.exceptions import BaseError, InvalidPathError

    prefix = remote.key if remote.is_folder else f"{remote.key}/"
    seen = 0
    try:
        for page in obstore.list(store, prefix or None, chunk_size=_KEYS_PER_PAGE):
            for item in page:
                seen += 1
                if seen > MAX_KEYS:
                    raise MediaError(remote, f"holds more than {MAX_KEYS:,} objects. Name a folder in it")
                yield item["path"]
    except InvalidPathError:
        raise MediaError(
            remote,
            "holds a key with an empty part ('//', '.' or '..'), which cannot be listed. Name a folder beside it",
        ) from None
    except (BaseError, OSError, ValueError) as error:
        raise _failure(error, remote, opened=False) from None


def is_other(known: State, now: State) -> bool:
    """Return whether two states are of different bytes."""
    if known.size_bytes != now.size_bytes:
        return True
    if known.etag and now.etag:
        return known.etag != now.etag
    return known.modified != now.modified


def _state(meta: Any) -> State:
    modified: datetime | None = meta["last_modified"]
    if modified is not None and modified <= datetime.fromtimestamp(0, UTC):  # what the store says for "not stated"
        modified = None
    return State(meta["size"], meta["e_tag"] or None, modified)


def _store_of(remote: Remote) -> tuple[Any, str]:
    """Return the store that a place is in, and the key in it."""
    require_extra("cloud", "obstore", purpose="reading s3:// and https:// places")
    if remote.scheme == "s3":
        return _bucket(remote.host, s3_settings(os.environ, home=Path.home())), remote.key
    return _web(remote), ""


@lru_cache(maxsize=32)
def _bucket(name: str, settings: S3Settings) -> S3Store:
    from obstore.store import S3Store

    stated: dict[str, Any] = {"region": settings.region}
    if settings.endpoint:
        stated["endpoint"] = settings.endpoint
    if settings.anonymous:
        # Half a pair of keys in the environment would be refused, though none is sent.
        stated |= {"skip_signature": True, "access_key_id": "none", "secret_access_key": "none"}
    keys = {
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key,
        "token": settings.session_token,
        "expires_at": None,
    }
    return S3Store(
        name,
        config=stated,  # type: ignore[arg-type]  # plain keys and values
        client_options=_client(allow_http=settings.allow_http),
        retry_config=_retry(),
        # Not by the settings: those would be completed by whatever session token stands in the environment.
        credential_provider=(lambda: keys) if settings.access_key_id else None,  # type: ignore[arg-type]
    )


@lru_cache(maxsize=32)
def _web(remote: Remote) -> HTTPStore:
    """Return a store of one file, the only way by which its query and its escapes are sent as they were given."""
    from obstore.store import HTTPStore

    query = f"?{remote.query}" if remote.query else ""
    url = f"{remote.scheme}://{remote.host}/{remote.key}{query}"
    return HTTPStore(url, client_options=_client(allow_http=remote.scheme == "http"), retry_config=_retry())


def _client(*, allow_http: bool) -> ClientConfig:
    return {"allow_http": allow_http, "connect_timeout": "4s", "read_timeout": "30s", "timeout": "5min"}


def _retry() -> RetryConfig:
    first = timedelta(seconds=_FIRST_WAIT_SECONDS)
    return {
        "max_retries": _RETRIES,
        "retry_timeout": _LONGEST_TRY,
        "backoff": {"init_backoff": first, "max_backoff": timedelta(seconds=5), "base": 2},
    }


def _status_of(error: Exception) -> str:
    found = _STATUS.search(str(error))
    return f"{found[1]}{found[2]}".strip() if found else ""


def _failure(error: Exception, remote: Remote, *, opened: bool) -> MediaError:
    """Return a store's error as ours."""
    said, status = str(error), _status_of(error)
    reason = _reason(error, remote, opened=opened)
    silent = not status and not isinstance(error, FileNotFoundError | ValueError) and "Content-Length" not in said
    refuses_all = reason == NO_KEYS or any(code in said for code in _CODES_OF_STORE)
    whole = refuses_all or silent or status.startswith(("5", "429"))
    return UnreachableError(remote, reason) if whole else MediaError(remote, reason)


def _reason(error: Exception, remote: Remote, *, opened: bool) -> str:
    """Return what a store's error means, in words of ours: its own may hold addresses with signatures, and keys."""
    said, status = str(error), _status_of(error)
    s3 = remote.scheme == "s3"
    if "NoSuchBucket" in said:
        return f"there is no bucket '{remote.host}'. Check its name, and AWS_ENDPOINT_URL if it is not Amazon's"
    if isinstance(error, FileNotFoundError) or status[:3] in ("404", "410"):
        if opened:
            return "is no longer there: it was removed while it was read. Put it back, or take its new place"
        return f"there is no such {'object in the bucket' if s3 else 'file on the server (404)'}. Check the name"
    if "/latest/api/token" in said or "/latest/meta-data" in said:  # the machine has no role that gives keys
        return NO_KEYS
    if status[:3] in ("401", "403", "407"):
        if s3:
            remedy = "Check AWS_PROFILE or AWS_ACCESS_KEY_ID, and the policy of the bucket"
            return f"may not be read ({status}). {remedy}"
        return f"may not be read ({status}). If the address was signed, it may have expired: sign it again"
    if status[:3] in ("301", "307") or "redirect" in said.lower():
        where = "Set AWS_REGION to the region of the bucket" if s3 else "Give the address that it leads to"
        return f"the store sends elsewhere. {where}"
    if status:
        return f"the server answered {status}, also when asked again. Try again later"
    if isinstance(error, ValueError):
        return "its key has an empty part ('//', '.' or '..'), which cannot be read. Copy it to another name"
    if "Content-Length" in said:
        return "the server does not say how long the file is, so that no part of it can be read. Download it first"
    if "dns error" in said:
        return "the name of its server is not known. Check the address and the network"
    if "imed out" in said or "TimedOut" in said or "timeout" in said.lower().partition("retry_timeout")[0]:
        return "the server did not answer in time. Check the network, or try again later"
    if "onnect" in said:
        return (
            "the server cannot be reached, or broke the connection again and again. Check the address and the network"
        )
    return "cannot be read: the connection broke again and again. Check the network, or try again later"
