"""Pictures that a manifest names, wherever they are, as files on this machine."""

from __future__ import annotations

import logging
import os
import platform
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from rushes.errors import MediaError, ProjectError, UnreachableError, UsageError, remedy_of
from rushes.project import PROJECT_FILE
from rushes.storage.files import digest_of_bytes, digest_of_file, sweep_temporaries, write_bytes
from rushes.storage.limits import stated_limit
from rushes.storage.places import Remote, parse_place
from rushes.storage.reading import read_place

T = TypeVar("T")

PICTURES_FOLDER = Path(".rushes", "cache", "pictures")  # in a project
LIMIT_BYTES = 20 << 30  # of fetched pictures that are kept: some 300,000 frames of 640 pixels
LIMIT_VARIABLE = "RUSHES_PICTURES_GIB"
FETCHES = 16  # at the same time; the way to a store and back is long, and most of it is waiting
_KEPT_SHARE = 0.9  # of the limit, once it is passed: room is made now and then, not with each picture
_LOOKED_AT_SHARE = 0.01  # of the limit, written between two looks at the folder
_SPARED_SECONDS = 10.0  # another process may have asked for the picture and not opened it yet
_TOUCHED_SECONDS = 60.0
_log = logging.getLogger(__name__)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


class Pictures:
    """The pictures of a project, by the references in its manifests; may be used by several threads.

    A path is a file in the project's folder and is left as it is. What has an address is fetched once, whole, into
    PICTURES_FOLDER, where those that were used longest ago make room for new ones.
    """

    def __init__(self, root: Path, *, machine: str = "", limit_bytes: int | None = None) -> None:
        """Begin; nothing is read yet.

        Args:
            root: the project's folder.
            machine: that the folder is on; "" for this one. On another one, which does not share it, only what has an
                address can be had.
            limit_bytes: of what is kept; None takes what LIMIT_VARIABLE says, and LIMIT_BYTES where it says nothing.

        Raises:
            UsageError: LIMIT_VARIABLE says no number.
        """
        self._root = root
        is_here = machine in ("", platform.node()) or (root / PROJECT_FILE).is_file()
        self._lacks = "" if is_here else machine
        self._folder = (root if is_here else _away()) / PICTURES_FOLDER
        self._limit_bytes = stated_limit(LIMIT_VARIABLE, otherwise=LIMIT_BYTES) if limit_bytes is None else limit_bytes
        self._lock = threading.Lock()
        self._wanted: dict[Path, Future[None]] = {}  # begun, and not used to the end yet
        self._in_use: Counter[Path] = Counter()
        self._refused: dict[str, str] = {}  # stores that did not answer, with the reason
        self._pool: ThreadPoolExecutor | None = None
        self._aside: dict[Path, Path] = {}  # where what cannot be kept is meanwhile
        self._elsewhere: Path | None = None
        self._making_room = threading.Lock()
        self._kept_bytes: int | None = None
        self._written_bytes = 0

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was to be fetched ahead."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        if self._elsewhere is not None:
            shutil.rmtree(self._elsewhere, ignore_errors=True)
            self._elsewhere = None

    def fetch_ahead(self, image: str, *, sha256: str = "") -> None:
        """Begin to fetch a picture that `held` will be asked for, beside up to FETCHES others.

        Costs nothing where the picture is a local file. What goes wrong is raised by `held`.
        """
        try:
            place = parse_place(image)
        except UsageError:
            return
        if isinstance(place, Path):
            return
        path = self._path_of(image, place)
        with self._lock:
            if path not in self._wanted:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(FETCHES, thread_name_prefix="fetched")
                self._wanted[path] = self._pool.submit(self._fetch, place, path, sha256)

    @contextmanager
    def held(self, image: str, *, sha256: str = "") -> Iterator[Path]:
        """Give a picture as a file, which stays there for as long as it is held.

        Args:
            image: path relative to the project's folder, or an address.
            sha256: digest that its bytes must have, in hex; "" takes them as they are.

        Raises:
            MediaError: it is missing, may not be read, is larger than a picture may be, or is not the one that the
                digest is of. It names the reference, without what may be a signature.
            UnreachableError: its store does not answer, or lets nobody in. It is not asked again.
            ProjectError: there is room for it neither in the project's folder nor where temporary files are; or it is
                a file there, and that folder is on another machine.
            UsageError, MissingExtraError: the environment says what cannot be followed, or `cloud` is not installed.
        """
        try:
            place = parse_place(image)
        except UsageError as error:
            raise MediaError(without_query(image), str(error).partition(": ")[2]) from None
        if isinstance(place, Path):
            yield self._local(image, sha256)
            return
        path = self._path_of(image, place)
        with self._lock:
            self._in_use[path] += 1
            begun = self._wanted.get(path)
            if begun is None:
                fetching = self._wanted[path] = Future()
        try:
            if begun is None:
                try:
                    self._fetch(place, path, sha256)
                except BaseException as error:
                    fetching.set_exception(error)
                    raise
                fetching.set_result(None)
            else:
                begun.result()
            yield self._aside.get(path, path)
        finally:
            with self._lock:
                self._wanted.pop(path, None)
                self._in_use[path] -= 1
                if not self._in_use[path]:
                    del self._in_use[path]
                    if (aside := self._aside.pop(path, None)) is not None:
                        aside.unlink(missing_ok=True)

    def read_each(
        self, images: Sequence[str], read: Callable[[Path], T], *, digests: Sequence[str] = ()
    ) -> Iterator[T | MediaError]:
        """Yield what `read` makes of each picture, in order, while the next ones are fetched.

        Args:
            images: as `held` takes them.
            digests: of all images, as `held` takes them; () knows none.

        Yields:
            Instead of a picture that cannot be had or read, why.

        Raises:
            ProjectError, UsageError, MissingExtraError: as `held`.
        """
        wanted = list(zip(images, digests or [""] * len(images), strict=True))
        for image, sha256 in wanted[:FETCHES]:
            self.fetch_ahead(image, sha256=sha256)
        for place, (image, sha256) in enumerate(wanted):
            for later, its_sha256 in wanted[place + FETCHES : place + FETCHES + 1]:
                self.fetch_ahead(later, sha256=its_sha256)
            try:
                with self.held(image, sha256=sha256) as path:
                    found: T | MediaError = read(path)
            except MediaError as error:
                found = MediaError(without_query(image), error.reason)
            except OSError as error:
                found = MediaError(without_query(image), f"the file cannot be read ({error.strerror or error})")
            yield found

    def _local(self, image: str, sha256: str) -> Path:
        path = self._root / image
        if self._lacks and not Path(image).is_absolute():
            raise ProjectError(
                f"{image}: is on the machine {self._lacks}, in the folder {self._root}, which this work does not find "
                f'on the machine {platform.node()}. Keep frames in a bucket (store = "s3://bucket/project/" in '
                "rushes.toml), or share that folder with every machine under the same name"
            )
        try:
            if sha256 and digest_of_file(path) != sha256:
                raise MediaError(image, _another("file"))
            if not path.is_file():
                raise FileNotFoundError
        except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name with a zero byte
            reason = "the file is missing. Put it back, or take its footage in again: rushes ingest FOOTAGE"
            raise MediaError(image, reason) from None
        except OSError as error:
            raise MediaError(image, f"the file cannot be read ({error.strerror}). Check its permissions") from error
        return path

    def _path_of(self, image: str, place: Remote) -> Path:
        digest = digest_of_bytes(image.encode())
        suffix = place.suffix if _SUFFIX.fullmatch(place.suffix) else ""  # it says which decoder is asked
        return self._folder / digest[:2] / f"{digest[2:]}{suffix.lower()}"

    def _fetch(self, place: Remote, path: Path, sha256: str) -> None:
        """Have a remote picture at `path`, the one that was fetched before or a new one."""
        if self._is_at_hand(path, sha256):
            return
        store = f"{place.scheme}://{place.host}"
        with self._lock:
            refused = self._refused.get(store)
        if refused is not None:
            raise UnreachableError(place, refused)
        try:
            data = read_place(place)
        except UnreachableError as error:
            with self._lock:
                self._refused[store] = error.reason
            raise
        if not data:
            raise MediaError(place, "is empty (0 bytes). Copy it there again from where it came from")
        if sha256 and digest_of_bytes(data) != sha256:
            raise MediaError(place, _another("object"))
        try:
            self._make_room(len(data))
            write_bytes(path, data)
        except OSError as error:
            self._put_aside(path, data, error)

    def _put_aside(self, path: Path, data: bytes, refused: OSError) -> None:
        """Have a picture that cannot be kept in a temporary file, which goes once nobody holds it.

        Raises:
            ProjectError: there is no room for that either.
        """
        name = f"{path.parent.name}{path.name}"
        try:
            with self._lock:
                if self._elsewhere is None:
                    self._elsewhere = Path(tempfile.mkdtemp(prefix="rushes-pictures-"))
                    reason = refused.strerror or refused
                    _log.warning("%s: pictures that are fetched cannot be kept (%s)", self._folder, reason)
                aside = self._elsewhere / name
            aside.write_bytes(data)
        except OSError as error:
            if self._elsewhere is not None:
                (self._elsewhere / name).unlink(missing_ok=True)
            remedy = remedy_of(refused.errno) or "Check the folder, then run this again"
            raise ProjectError(
                f"{self._folder}: a picture that was fetched cannot be kept ({refused.strerror or refused}), nor put "
                f"into {tempfile.gettempdir()} ({error.strerror or error}). {remedy}"
            ) from error
        with self._lock:
            self._aside[path] = aside

    def _is_at_hand(self, path: Path, sha256: str) -> bool:
        try:
            if sha256 and digest_of_file(path) != sha256:
                return False
            if time.time() - path.stat().st_mtime > _TOUCHED_SECONDS:
                os.utime(path)
        except OSError:
            return False
        return True

    def _make_room(self, size_bytes: int) -> None:
        """Remove pictures that were used longest ago where another would pass the limit."""
        with self._making_room:
            if self._kept_bytes is None:
                self._kept_bytes = sum(size for _, size, _ in _kept_files(self._folder))
            self._kept_bytes += size_bytes
            self._written_bytes += size_bytes
            passed = self._kept_bytes > self._limit_bytes
            if not passed or self._written_bytes < _LOOKED_AT_SHARE * self._limit_bytes:
                return
            files = sorted(_kept_files(self._folder))  # other processes write there too
            self._kept_bytes = sum(size for _, size, _ in files) + size_bytes
            self._written_bytes = 0
            spared_from = time.time() - _SPARED_SECONDS
            for modified, size, path in files:
                if self._kept_bytes <= _KEPT_SHARE * self._limit_bytes or modified > spared_from:
                    return
                with self._lock:  # a picture that is asked for now is counted as in use before it is looked for
                    if not self._in_use[path] and path not in self._wanted:
                        with suppress(OSError):
                            path.unlink()
                            self._kept_bytes -= size


def _away() -> Path:
    """Return the folder below which pictures are kept on a machine that has no project of theirs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rushes"


def is_remote(image: str) -> bool:
    """Return whether a reference has the form of an address, one that rushes reads or not."""
    try:
        return isinstance(parse_place(image), Remote)
    except UsageError:
        return True


def without_query(image: str) -> str:
    """Return a reference as it may be shown: of a web address, `?…` stands for what may be a signature."""
    try:
        return str(parse_place(image)) if is_remote(image) else image
    except UsageError:  # it may hold a password too
        return f"{image.partition('://')[0]}://…"


def _another(kind: str) -> str:
    return (
        f"the {kind} is not the one that was labelled (its digest differs). Put that one back, or build the manifest "
        "again: rushes manifest build"
    )


def _kept_files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield (time of last use, size in bytes, path) of every picture that is kept; drop what killed processes left."""
    try:
        drawers = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:  # there is none yet
        return
    for drawer in drawers:
        sweep_temporaries(drawer)
        with suppress(OSError):
            for entry in os.scandir(drawer):
                if not entry.name.startswith("."):
                    with suppress(OSError):
                        state = entry.stat(follow_symlinks=False)
                        yield state.st_mtime, state.st_size, Path(entry.path)
