"""The way to a store over the network, and what its refusals mean."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rushes.errors import ExpiredKeysError, ThrottledError, UsageError, require_extra
from rushes.storage.aws import NO_KEYS, S3Settings, s3_settings
from rushes.storage.aws_keys import NOT_RENEWED, keys_for
from rushes.storage.patience import patiently
from rushes.storage.places import Remote

if TYPE_CHECKING:
    from obstore.store import AzureStore, ClientConfig, GCSStore, HTTPStore, RetryConfig, S3Store

T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.1
_RETRIES = 4  # of a request that was not answered, by the store itself
_LONGEST_TRY = timedelta(seconds=60)
# What S3 says where no other object could be read either; AccessDenied may be said of a single one.
_CODES_OF_STORE = ("NoSuchBucket", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch")
# What a store says of keys that were good and are no longer: S3, then Azure and Google.
_EXPIRED = re.compile(
    rf"ExpiredToken|RequestExpired|TokenRefreshRequired|Signature not valid in the specified time|{NOT_RENEWED}"
)
_THROTTLED = re.compile(
    r"\b(SlowDown|ServiceUnavailable|RequestLimitExceeded|TooManyRequests|Throttling\w*|ServerBusy|RequestThrottled)\b"
    r"|\((429|503)\)"
)
_STATUS = re.compile(r"status code: (\d{3})([A-Za-z ]*)")
_NO_GOOGLE_KEYS = (
    "no keys for Google Cloud Storage were found. Set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account; "
    "for a public bucket set GOOGLE_SKIP_SIGNATURE=true"
)
_NO_AZURE_KEYS = (
    "no keys for Azure were found. Set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY; "
    "for a public container set AZURE_SKIP_SIGNATURE=true"
)
_NO_AZURE_ACCOUNT = "Azure: no account is named. Set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY"
_EXPIRED_REASON = (
    "the keys have expired. Get new ones, then run this again: what was done is kept, and it goes on from there"
)
# What a scheme's keys come from, where they are refused.
_KEYS = {
    "s3": "Check AWS_PROFILE or AWS_ACCESS_KEY_ID, and the policy of the bucket",
    "gs": "Check GOOGLE_APPLICATION_CREDENTIALS, and who may use the bucket",
    "az": "Check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, and who may use the container",
}
_MISNAMED = {
    "s3": "Check its name, and AWS_ENDPOINT_URL if it is not Amazon's",
    "gs": "Check its name",
    "az": "Check its name, and AZURE_STORAGE_ACCOUNT_NAME",
}


def store_of(remote: Remote) -> tuple[Any, str]:
    """Return the store that a place is in, and the key in it.

    Raises:
        UsageError: the environment or a profile file says what cannot be followed.
        MissingExtraError: the extra `cloud` is not installed.
    """
    require_extra("cloud", "obstore", purpose="reading s3:// and https:// places")
    if remote.scheme == "s3":
        return s3_bucket(remote.host, s3_settings(os.environ, home=Path.home())), remote.key
    if remote.scheme in ("gs", "az"):
        said = "GOOGLE_" if remote.scheme == "gs" else "AZURE_"
        settings = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith(said)))
        return (_google if remote.scheme == "gs" else _azure)(remote.host, settings), remote.key
    return _web(remote), ""


@lru_cache(maxsize=32)
def s3_bucket(name: str, settings: S3Settings, *, copies_from: str | None = None) -> S3Store:
    """Return a bucket in an S3 store.

    Args:
        copies_from: another bucket of the same store. A copy then reads from that one and writes to `name`; for
            anything but copies, the store that is returned is of no use.
    """
    from obstore.store import S3Store

    stated: dict[str, Any] = {"region": settings.region}
    if settings.endpoint:
        stated["endpoint"] = settings.endpoint
    if copies_from is not None:
        # The source of a copy is named by its bucket, the request is sent to the endpoint as it stands.
        endpoint = settings.endpoint or f"https://s3.{settings.region}.amazonaws.com"
        stated |= {"endpoint": f"{endpoint.rstrip('/')}/{name}", "virtual_hosted_style_request": True}
    if settings.anonymous:
        # Half a pair of keys in the environment would be refused, though none is sent.
        stated |= {"skip_signature": True, "access_key_id": "none", "secret_access_key": "none"}
    return S3Store(
        name if copies_from is None else copies_from,
        config=stated,  # type: ignore[arg-type]  # plain keys and values
        client_options=_client(allow_http=settings.allow_http),
        retry_config=_retry(),
        # Not by the settings: those would be completed by whatever session token stands in the environment.
        credential_provider=None if settings.anonymous else keys_for(settings),
    )


@lru_cache(maxsize=32)
def _google(name: str, settings: tuple[tuple[str, str], ...]) -> GCSStore:
    """Return a bucket of Google's; what stands in the environment is read by the library, `settings` tells it apart."""
    from obstore.exceptions import BaseError
    from obstore.store import GCSStore

    here = dict(settings).get("GOOGLE_BASE_URL", "").startswith(("http://127.0.0.1", "http://localhost"))
    try:
        return GCSStore(name, client_options=_client(allow_http=here), retry_config=_retry())
    except BaseError as error:
        # Without its text, which may quote a key.
        fault = "cannot be opened" if "open service account" in str(error) else "is no file of a service account"
        raise UsageError(
            f"gs://{name}/: what GOOGLE_APPLICATION_CREDENTIALS or another GOOGLE_ variable names {fault}. Correct it"
        ) from None


@lru_cache(maxsize=32)
def _azure(name: str, settings: tuple[tuple[str, str], ...]) -> AzureStore:
    """Return a container of Azure's; what stands in the environment is read by the library, as above."""
    from obstore.exceptions import BaseError
    from obstore.store import AzureStore

    here = dict(settings).get("AZURE_STORAGE_USE_EMULATOR", "").lower() == "true"
    try:
        return AzureStore(name, client_options=_client(allow_http=here), retry_config=_retry())
    except BaseError as error:
        if "Account must be specified" in str(error):
            raise UsageError(f"az://{name}/: {_NO_AZURE_ACCOUNT}") from None
        raise UsageError(
            f"az://{name}/: AZURE_STORAGE_ACCOUNT_KEY or another AZURE_ variable is none of Azure's. Correct it"
        ) from None


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
    first = timedelta(seconds=FIRST_WAIT_SECONDS)
    return {
        "max_retries": _RETRIES,
        "retry_timeout": _LONGEST_TRY,
        "backoff": {"init_backoff": first, "max_backoff": timedelta(seconds=5), "base": 2},
    }


def status_of(error: Exception) -> str:
    """Return the status by which a store refused, such as `403 Forbidden`; empty where it states none."""
    found = _STATUS.search(str(error))
    return f"{found[1]}{found[2]}".strip() if found else ""


def with_patience(remote: Remote, call: Callable[[], T]) -> T:
    """Return what a request to a store returns, asked again for a while where the store throttles."""
    return patiently(call, store=f"{remote.scheme}://{remote.host}", throttled=is_throttled)


def is_throttled(error: Exception) -> bool:
    """Return whether a store has too much to do, and is to be asked again later."""
    return status_of(error).startswith(("429", "503")) or _THROTTLED.search(str(error)) is not None


def raise_if_expired(error: Exception, remote: Remote) -> None:
    """Raise ExpiredKeysError where a store's error says that the keys were good and are no longer."""
    if _EXPIRED.search(str(error)):
        raise ExpiredKeysError(f"{remote.scheme}://{remote.host}/: {_EXPIRED_REASON}") from None


def raise_if_over(error: Exception, remote: Remote) -> None:
    """Raise StoreError where a store's error says that it gives nothing more for now, whatever is asked of it.

    Its keys expired, or a bucket still has too much to do after all patience. A web server is not meant by that: of a
    list of addresses, each may be of another, and one that is down ends nothing.

    Raises:
        ExpiredKeysError, ThrottledError: as above.
    """
    raise_if_expired(error, remote)
    if remote.in_bucket and is_throttled(error):
        raise ThrottledError(
            f"{remote.scheme}://{remote.host}/: {reason_of(error, remote)}. What was done is kept, and it goes on from "
            "there"
        ) from None


def reason_of(error: Exception, remote: Remote, *, opened: bool = False, doing: str = "read") -> str:
    """Return what a store's error means, in words of ours: its own may hold addresses with signatures, and keys.

    Args:
        opened: the object was there before.
        doing: what was refused, as in "may not be read".
    """
    said, status = str(error), status_of(error)
    if any(name in said for name in ("NoSuchBucket", "ContainerNotFound")):
        return f"there is no bucket '{remote.host}'. {_MISNAMED.get(remote.scheme, 'Check the address')}"
    if isinstance(error, FileNotFoundError) or status[:3] in ("404", "410"):
        if opened:
            return "is no longer there: it was removed while it was read. Put it back, or take its new place"
        where = "object in the bucket" if remote.in_bucket else "file on the server (404)"
        return f"there is no such {where}. Check the name"
    if lacking := _lacking_keys(said):
        return lacking
    if _EXPIRED.search(said):
        return _EXPIRED_REASON
    if "RequestTimeTooSkewed" in said:
        return "the clock of this machine is wrong by more than 15 minutes, so that no request is taken. Set it right"
    if status[:3] in ("401", "403", "407"):
        if remote.in_bucket:
            return f"may not be {doing} ({status}). {_KEYS[remote.scheme]}"
        return f"may not be {doing} ({status}). If the address was signed, it may have expired: sign it again"
    if status[:3] in ("301", "307") or "redirect" in said.lower():
        where = (
            "Set AWS_REGION to the region of the bucket"
            if remote.scheme == "s3"
            else "Give the address that it leads to"
        )
        return f"the store sends elsewhere. {where}"
    if status[:3] == "507" or "StorageFull" in said or "QuotaExceeded" in said:
        return "the store is full. Make room, then run this again: it goes on from where it was"
    if is_throttled(error):
        return (
            f"the server answered {status or 'that it is busy'}, also when asked again for a while: it throttles or is "
            "down. Ask less of it at a time (--workers 1), or try again later"
        )
    if status:
        return f"the server answered {status}, also when asked again. Try again later"
    if isinstance(error, ValueError):
        return f"its key has an empty part ('//', '.' or '..'), which cannot be {doing}. Copy it to another name"
    if "Content-Length" in said:
        return "the server does not say how long the file is, so that no part of it can be read. Download it first"
    if "dns error" in said:
        return f"the name of its server is not known. {_server_of(remote)}"
    if "imed out" in said or "TimedOut" in said or "timeout" in said.lower().partition("retry_timeout")[0]:
        return "the server did not answer in time. Check the network, or try again later"
    if "onnect" in said:
        return f"the server cannot be reached, or broke the connection again and again. {_server_of(remote)}"
    return f"cannot be {doing}: the connection broke again and again. Check the network, or try again later"


def _server_of(remote: Remote) -> str:
    """Return what to look at where the server of a place cannot be found."""
    if remote.scheme == "s3":
        return "Check AWS_ENDPOINT_URL if it is not Amazon's (on a cluster that of each node), and the network"
    return "Check the address and the network"


def is_of_whole_store(error: Exception) -> bool:
    """Return whether no other object in the store could be had either: it does not answer, or lets nobody in."""
    said, status = str(error), status_of(error)
    silent = not status and not isinstance(error, FileNotFoundError | ValueError) and "Content-Length" not in said
    refuses_all = _lacking_keys(said) is not None or any(code in said for code in _CODES_OF_STORE)
    return refuses_all or silent or status.startswith(("5", "429"))


def _lacking_keys(said: str) -> str | None:
    """Return what to do where the machine was asked for keys, having no role that gives any."""
    if "/computeMetadata/" in said:
        return _NO_GOOGLE_KEYS
    if "/metadata/identity/" in said:
        return _NO_AZURE_KEYS
    if "/latest/api/token" in said or "/latest/meta-data" in said:
        return NO_KEYS
    return None
