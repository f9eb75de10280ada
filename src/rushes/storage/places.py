"""Place: where a file is, on this machine or in a store that answers by range."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from rushes.errors import UsageError

BUCKETS = ("s3", "gs", "az")
SCHEMES = (*BUCKETS, "https", "http")
_URI = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]+)://(.*)$", re.DOTALL)
_SCHEME_OF_PATH = re.compile(rf"({'|'.join(SCHEMES)}):/", re.IGNORECASE)
_BUCKET = re.compile(r"^[A-Za-z0-9$][A-Za-z0-9._\-]{1,221}$")


@dataclass(frozen=True, slots=True)
class Remote:
    """An object in a bucket, or a file on a web server. It reads like the path of a file where it can.

    Attributes:
        scheme: `s3`, `gs`, `az`, `https` or `http`.
        host: the bucket (which Azure calls a container), or the server with its port.
        key: in a bucket, the key as it stands; of a web server, the path as it is sent (`My%20film.mp4`). No slash
            before it; one behind it, or nothing at all, says that it is a folder.
        query: what stands behind the question mark of a web address. It may be a signature that opens the file to
            whoever reads it, and is in no text that is made of this value.
    """

    scheme: str
    host: str
    key: str
    query: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}/{self.key}" + ("?…" if self.query else "")

    @property
    def in_bucket(self) -> bool:
        """Whether it is in a bucket, not on a web server."""
        return self.scheme in BUCKETS

    @property
    def is_folder(self) -> bool:
        """Whether the key names a folder by its form."""
        return not self.key or self.key.endswith("/")

    @property
    def parts(self) -> tuple[str, ...]:
        """The host and the pieces of the key, as a person reads them."""
        pieces = self.key.split("/") if self.in_bucket else map(unquote, self.key.split("/"))
        return (self.host, *(piece for piece in pieces if piece))

    @property
    def name(self) -> str:
        """The last part; of a whole bucket, the bucket."""
        return self.parts[-1]

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix

    @property
    def parent(self) -> Remote:
        """The folder that this lies in; the bucket or server where it lies in none."""
        folder = posixpath.dirname(self.key.rstrip("/"))
        return Remote(self.scheme, self.host, f"{folder}/" if folder else "")


Place: TypeAlias = Path | Remote


def parse_place(text: str) -> Place:
    """Return where a text points: a local path, `s3://bucket/key` (or `gs://`, `az://`), or an address of the web.

    Raises:
        UsageError: it has the form of an address, and is none that rushes reads.
    """
    found = _URI.match(text)
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme in BUCKETS:
        bucket, _, key = rest.partition("/")
        if "@" in bucket:  # what stands before it may be a key, and is not repeated
            raise UsageError(
                f"{scheme}://…: holds an '@', which no bucket has: keys do not stand in an address. Write "
                f"{scheme}://bucket/folder/, and give the keys as docs/places.md says"
            )
        if not _BUCKET.match(bucket):
            raise UsageError(
                f"{text}: '{bucket}' is not the name of a bucket. Write {scheme}://bucket/folder/ or "
                f"{scheme}://bucket/key"
            )
        return Remote(scheme, bucket, key)
    if scheme not in SCHEMES:
        # What stands behind the scheme may hold a password.
        raise UsageError(
            f"{scheme}://…: rushes does not read '{scheme}://'. "
            "Give a local path, s3://, gs://, az://, https:// or http://"
        )
    return _parse_web(scheme, rest)


def why_absent(path: Path) -> str:
    """Return why nothing is at a path; how a store is named, where one was meant."""
    if is_store_as_path(path):
        scheme = path.as_posix().partition(":")[0].lower()
        return f"there is no such file or folder. A place in a store has two slashes: {scheme}://…"
    return "there is no such file or folder. Check the name"


def is_store_as_path(path: Path) -> bool:
    """Return whether a path reads like an address that lost a slash, as `Path("s3://bucket/a")` does."""
    return _SCHEME_OF_PATH.match(path.as_posix()) is not None


def _parse_web(scheme: str, rest: str) -> Remote:
    try:
        address = urlsplit(f"{scheme}://{rest}")
        host, port = address.hostname or "", address.port
    except ValueError:  # its text may hold a password
        raise UsageError(f"{scheme}://…: is not a web address. Check it") from None
    if not host:
        raise UsageError(f"{scheme}://…: names no server. Write {scheme}://server/file.mp4")
    if address.username is not None or address.password is not None:
        reason = "holds a user name or password, which rushes does not send. Give a signed address"
        raise UsageError(f"{scheme}://{host}/…: {reason}, or download the file")
    shown = f"[{host}]" if ":" in host else host
    return Remote(scheme, shown if port is None else f"{shown}:{port}", address.path.lstrip("/"), address.query)
