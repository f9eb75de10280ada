"""LocalFolder: a folder on this machine as keys with bytes behind them."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rushes.errors import AbsentError, PlaceError, remedy_of
from rushes.progress import Progress, silent
from rushes.storage.alone import alone_in
from rushes.storage.files import is_temporary, sweep_temporaries, temporary_beside, whole_file, write_bytes
from rushes.storage.keys import check_key
from rushes.storage.places import Place
from rushes.storage.stores import State, is_other
from rushes.storage.streams import Stream

_KEYS_PER_REPORT = 1000
# Where a file cannot have a second name: another file system, one without such names, or a file of somebody else.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES})


class LocalFolder:
    """A folder; a copy in it is a second name of the same file, and no file is ever written into.

    The state of a file is its size and the time of its last change. See ObjectFolder for what each method promises.
    """

    def __init__(self, place: Path, *, links: bool = True) -> None:
        """Take a folder; nothing is made yet.

        Args:
            links: whether an upload may be a second name of the file; otherwise it is a copy.
        """
        self.place: Place = place
        self._links = links
        self._folder = place
        self._lock = threading.Lock()
        self._prepared: set[Path] = set()
        self._unsynced: set[Path] = set()  # folders with names that a power failure may still lose

    def listing(self, prefix: str = "", *, progress: Progress = silent) -> Iterator[tuple[str, State]]:
        """Yield every file below a folder; not what is reached through a link to another folder."""
        folder = prefix.rstrip("/")
        count = 0
        left = [(f"{folder}/" if folder else "", self._path(folder) if folder else self._folder)]
        while left:
            before, here = left.pop()
            for name, found in self._entries(here):
                if found is None:
                    left.append((f"{before}{name}/", here / name))
                    continue
                key = before + name
                if not key.isprintable():
                    raise PlaceError(
                        self._folder, f"the name {key!r} has letters that cannot be printed. Rename or remove the file"
                    )
                count += 1
                if count % _KEYS_PER_REPORT == 0:
                    progress(count, None, key)
                yield key, _state(found)

    def _entries(self, folder: Path) -> Iterator[tuple[str, os.stat_result | None]]:
        """Yield the files of a folder, and the folders with None, by name."""
        with self._said(folder, "listed"):
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except FileNotFoundError:
                return
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name, None
                elif entry.is_file() and not is_temporary(entry.name):
                    with suppress(FileNotFoundError):
                        yield entry.name, entry.stat()

    def state(self, key: str) -> State | None:
        path = self._path(key)
        with self._said(path, "read"):
            found = _stat(path)
        return None if found is None else _state(found)

    def read(self, key: str) -> bytes:
        path = self._path(key)
        with self._said(path, "read"):
            return path.read_bytes()

    def write(self, key: str, data: bytes) -> State:
        path = self._ready(key)
        with self._said(path, "written"):
            write_bytes(path, data)
            return self._written(path, len(data))

    def write_new(self, key: str, data: bytes) -> State | None:
        path = self._ready(key)
        with self._said(path, "written"), _whole(path, data) as whole:
            try:
                os.link(whole, path)  # the name, where it is free
            except FileExistsError:
                return None
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
                except FileExistsError:
                    return None
                whole.replace(path)
            return self._written(path, len(data))

    def rewrite(self, key: str, data: bytes, *, known: State) -> State | None:
        path = self._ready(key)
        with self._said(path, "written"), _whole(path, data) as whole:
            with alone_in(path.parent):
                found = _stat(path)
                if found is None or is_other(known, _state(found)):
                    return None
                whole.replace(path)
            return self._written(path, len(data))

    def upload(self, path: Path, key: str) -> State:
        """Give a local file a second name at a key, or copy it where that cannot be."""
        target = self._ready(key)
        return self._link(path, target, links=self._links)

    def copy_within(self, key: str, to: str, *, known: State | None = None) -> State:
        source, target = self._path(key), self._ready(to)
        with self._said(source, "read"):
            found = _stat(source)
        if found is not None and known is not None and is_other(known, _state(found)):
            raise PlaceError(source, "changed since it was listed. Run this again")
        return self._link(source, target)

    def copy_from(self, source: Place, key: str) -> State:
        if isinstance(source, Path):
            return self.upload(source, key)
        path = self._ready(key)
        stream = Stream(source)
        with self._said(path, "written"):
            with whole_file(path) as temporary, temporary.open("wb") as file:
                for piece in stream.pieces():
                    file.write(piece)
            return self._written(path, stream.state.size_bytes)

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove files; the folders that they were in stay."""
        self._sync()
        folders: defaultdict[Path, list[tuple[str, Path]]] = defaultdict(list)
        failed: dict[str, str] = {}
        for key in keys:
            try:
                path = self._path(key)
            except PlaceError as error:
                failed[key] = error.reason
            else:
                folders[path.parent].append((key, path))
        for folder, inside in folders.items():
            if not folder.is_dir():
                continue
            with self._said(folder, "changed"), alone_in(folder):
                for key, path in inside:
                    try:
                        path.unlink(missing_ok=True)
                    except OSError as error:
                        failed[key] = _reason(error, "removed")
        return failed

    def _path(self, key: str) -> Path:
        """Return where a key is, inside the folder whatever links there are."""
        check_key(self._folder, key)
        parts = key.split("/")
        if is_temporary(parts[-1]):
            raise PlaceError(self._folder, f"the key {key!r} is named like a temporary file. Choose another name")
        path = self._folder
        for part in parts[:-1]:
            path /= part
            with self._said(path, "read"):
                linked = path.is_symlink()
            if linked:
                raise PlaceError(path, "is a link, which may lead out of the folder. Replace it by a folder")
        return path / parts[-1]

    def _ready(self, key: str) -> Path:
        """Return where a key is, and make its folder; once, remove what a killed process left in it."""
        path = self._path(key)
        with self._lock:
            if path.parent not in self._prepared:
                with self._said(path.parent, "made"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                sweep_temporaries(path.parent)
                self._prepared.add(path.parent)
        return path

    def _link(self, source: Path, target: Path, *, links: bool = True) -> State:
        with self._said(source, "copied", to=target):
            real = source.resolve(strict=True) if source.is_symlink() else source
            before = real.stat()
            if not stat.S_ISREG(before.st_mode):
                raise PlaceError(source, "is no file. Name a file")
            try:
                if not links:
                    raise OSError(errno.EXDEV, "copies are wanted")
                _name_again(real, target)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                with whole_file(target) as temporary:
                    shutil.copyfile(real, temporary)
            return self._written(target, before.st_size)

    def _written(self, path: Path, size_bytes: int) -> State:
        """Return the state of what now stands at a path, which must have so many bytes."""
        with self._lock:
            self._unsynced.add(path.parent)
        found = path.stat()
        if found.st_size != size_bytes:
            raise PlaceError(
                path, f"has {found.st_size:,} bytes and not the {size_bytes:,} that were written. Run this again"
            )
        return _state(found)

    def _sync(self) -> None:
        """See to it that no power failure loses a name that was given since the last time."""
        with self._lock:
            while self._unsynced:
                _sync_folder(self._unsynced.pop())

    @contextmanager
    def _said(self, path: Path, doing: str, *, to: Path | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            missing = Path(os.fsdecode(error.filename)) if error.filename else path
            raise AbsentError(missing, "there is no such file or folder. Check the name") from error
        except OSError as error:
            raise PlaceError(path if to is None else to, _reason(error, doing)) from error


def _reason(error: OSError, doing: str) -> str:
    remedy = remedy_of(error.errno) or "Check the place, then run this again"
    return f"cannot be {doing} ({error.strerror or type(error).__name__}). {remedy}"


def _stat(path: Path) -> os.stat_result | None:
    """Return what is known of a file, through a link; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _state(found: os.stat_result) -> State:
    return State(found.st_size, None, datetime.fromtimestamp(found.st_mtime_ns / 1e9, UTC))


def _name_again(source: Path, target: Path) -> None:
    """Give a file a second name, in the place of whatever had that name."""
    try:
        os.link(source, target)
    except FileExistsError:
        temporary = temporary_beside(target)
        os.link(source, temporary)
        try:
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)  # it stays where both were names of the same file already


@contextmanager
def _whole(path: Path, data: bytes) -> Iterator[Path]:
    """Give a whole file beside a path, on disk under a temporary name, which is removed in the end."""
    whole = temporary_beside(path)
    try:
        with whole.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield whole
    finally:
        whole.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some systems do not sync folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
