"""Which files are footage: extensions, and the files of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rushes.errors import MediaError
from rushes.footage.source import MediaKind, Unreadable
from rushes.project import OWN_FOLDERS, PROJECT_FILE
from rushes.storage.inventory import Inventory, inventory_at, read_inventory
from rushes.storage.places import Place, Remote, parse_place, why_absent
from rushes.storage.reading import exists, open_place, size_of_place
from rushes.storage.stores import list_keys

VIDEO_EXTENSIONS = frozenset(
    {
        ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".mts", ".m2ts", ".ts",
        ".vob", ".mxf", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogg", ".3gp", ".3g2", ".264", ".h264", ".265",
        ".h265", ".hevc", ".ivf", ".y4m", ".dv", ".insv", ".lrv"
    }
)  # fmt: skip
PHOTO_EXTENSIONS = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif",
        ".hif", ".avif", ".ppm", ".pgm", ".pnm", ".jp2", ".tga"
    }
)  # fmt: skip
RAW_EXTENSIONS = frozenset(
    {
        ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".srf", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".raw",
        ".pef", ".srw", ".x3f", ".3fr", ".fff", ".iiq", ".mef", ".mos", ".mrw", ".erf", ".kdc", ".dcr", ".rwl",
        ".gpr"
    }
)  # fmt: skip
MAX_FOUND = 10_000_000  # files below one place; each takes some 250 bytes of memory
_FOOTAGE = VIDEO_EXTENSIONS | PHOTO_EXTENSIONS | RAW_EXTENSIONS
_NUMBERS = re.compile(r"(\d+)")
_ABSENT = "there is no such file. Check the name"
GONE = (
    "is not there: it was removed or moved after this run began, or the list that names it is older than that. "
    "Put it back, then run this again"
)
_UNSEEN = (
    "is on this machine, and not on the one that was to read it. Put it where every machine of the cluster sees it, "
    "into a bucket or a shared folder, or read it here: --engine here"
)


def kind_of(path: Place) -> MediaKind | None:
    """Return what a file is by its extension; None where it is no footage.

    A camera raw is a TIFF inside and would open as its own thumbnail, so that the extension decides, not the content.
    """
    extension = path.suffix.lower()
    if extension in RAW_EXTENSIONS:
        return "raw"
    if extension in VIDEO_EXTENSIONS:
        return "video"
    return "photo" if extension in PHOTO_EXTENSIONS else None


@dataclass(slots=True)
class OwnStore:
    """The folders in which a project keeps what it made in a bucket; none of it is footage.

    Attributes:
        store: the project's `store`; "" for none.
        passed_over: how many files of it were left out.
    """

    store: str
    passed_over: int = 0
    _folders: frozenset[Remote] = frozenset()

    def __post_init__(self) -> None:
        place = parse_place(self.store) if self.store else None
        if isinstance(place, Remote):
            key = place.key if not place.key or place.key.endswith("/") else f"{place.key}/"
            names = OWN_FOLDERS | {"parts"}
            self._folders = frozenset(Remote(place.scheme, place.host, f"{key}{name}/") for name in names)

    def leaves_out(self, place: Place, named: Place) -> bool:
        """Return whether what was found at a place that a person named is the project's own, and count it.

        A place that is such a folder, or lies in one, was named by hand.
        """
        if not self._folders or not isinstance(place, Remote):
            return False
        own = next((one for one in self._folders if _is_below(place, one)), None)
        if own is None or (isinstance(named, Remote) and _is_below(named, own)):
            return False
        self.passed_over += 1
        return True


def _is_below(place: Remote, folder: Remote) -> bool:
    return (place.scheme, place.host) == (folder.scheme, folder.host) and f"{place.key}/".startswith(folder.key)


def find_media(
    path: Place, *, passed_over: Callable[[Unreadable], None] = lambda _: None, own: OwnStore | None = None
) -> Sequence[Place]:
    """Return the footage at `path`: the file itself, or all below a folder in natural order (`shot2`, `shot10`).

    A prefix in a bucket is a folder. On a web server there are files only. A list of files (`.csv`, `.txt`, `.parquet`,
    or the manifest.json of an inventory of S3) stands for what it lists (see `rushes.storage.inventory`).

    Hidden files and folders, and files that are no footage, are left out. A folder that is reached twice through
    symbolic links is walked once. A file is returned whatever it is called: it was named by hand.

    What a project made itself is no footage: beside a `rushes.toml`, its frames, runs and the like are left out. Such a
    folder is searched where `path` names it, or lies within it.

    Args:
        passed_over: told of each folder below `path` that cannot be listed, and of each link that leads nowhere and
            might have led to footage.
        own: of the project that looks for footage; counts what it leaves out.

    Raises:
        MediaError: nothing is at `path`, or the folder cannot be listed.
    """
    inventory = inventory_at(path)
    if inventory is not None:
        return _find_listed(inventory, own or OwnStore(""))
    return _find_remote(path, own or OwnStore("")) if isinstance(path, Remote) else _find_local(path, passed_over)


def _find_listed(inventory: Inventory, own: OwnStore) -> list[Place]:
    """Return the footage that a list names, in its order, each once."""
    listed = dict.fromkeys(read_inventory(inventory, suffixes=_FOOTAGE))
    found = [place for place in listed if not own.leaves_out(place, inventory.place)]
    if not found:
        below = f" below '{inventory.below}'" if inventory.below else ""
        raise MediaError(inventory.place, f"lists no videos, raws or photographs{below}. Check the list")
    return found


def _find_local(path: Path, passed_over: Callable[[Unreadable], None]) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise MediaError(path, why_absent(path))
    try:
        next(path.iterdir(), None)
    except OSError as error:
        raise MediaError(path, f"the folder cannot be listed ({error.strerror}). Check its permissions") from error
    found: list[Path] = []
    walked: set[tuple[int, int]] = set()

    def unlisted(error: OSError) -> None:
        reason = f"the folder cannot be listed ({error.strerror}); what it holds was passed over. Check its permissions"
        passed_over(Unreadable(str(error.filename), reason))

    for folder, names, files in os.walk(path, onerror=unlisted, followlinks=True):
        state = Path(folder).stat()
        if (state.st_dev, state.st_ino) in walked:
            names.clear()
            continue
        walked.add((state.st_dev, state.st_ino))
        names[:] = sorted((name for name in names if _may_hold_footage(Path(folder, name))), key=natural_key)
        candidates = [Path(folder, name) for name in files if not name.startswith(".")]
        found += (file for file in candidates if kind_of(file) is not None and file.is_file())
        for file in candidates:
            # What has no extension may have led to a folder.
            if (kind_of(file) or not file.suffix) and file.is_symlink() and not file.exists():
                reason = f"is a link to {file.readlink()}, which is not there. Mend or remove the link"
                passed_over(Unreadable(str(file), reason))
    return sorted(found, key=lambda file: [natural_key(part) for part in file.parts])


def _may_hold_footage(folder: Path) -> bool:
    """Return whether a folder is neither hidden nor one that a project keeps for what it made."""
    if folder.name.startswith("."):
        return False
    meant = folder.resolve() if os.path.islink(folder) else folder  # noqa: PTH114  (a name too long is no error)
    return meant.name not in OWN_FOLDERS or not (meant.parent / PROJECT_FILE).is_file()


def _find_remote(place: Remote, own: OwnStore) -> list[Remote]:
    if not place.in_bucket:
        if place.is_folder:
            raise MediaError(place, "is a folder of a web server, which cannot be listed. Name each file in it")
        return [place]
    if not place.is_folder and (kind_of(place) is not None or exists(place)):
        return [place]
    folder = place if place.is_folder else Remote(place.scheme, place.host, f"{place.key}/")
    footage: list[Remote] = []
    key = None
    for key in list_keys(folder):
        below = f"/{key[len(folder.key) :]}"
        if f".{below.rpartition('.')[2]}".lower() not in _FOOTAGE or "/." in below:
            continue
        found = Remote(place.scheme, place.host, key)
        if own.leaves_out(found, folder):
            continue
        footage.append(found)
        if len(footage) > MAX_FOUND:
            raise MediaError(place, f"holds more than {MAX_FOUND:,} videos, raws and photographs. Name a folder in it")
    if key is None:
        raise MediaError(place, "there is no such object, and nothing below a folder of that name. Check the name")
    key_of = lru_cache(1 << 14)(natural_key)  # folders come again and again
    return sorted(footage, key=lambda remote: [key_of(part) for part in remote.key.split("/") if part])


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which `shot2` stands before `shot10`, case aside."""
    parts = _NUMBERS.split(text.casefold())
    key = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (*key, (2, 0, text))


def require_content(path: Place) -> None:
    """Raise MediaError unless a file that holds at least one byte is at `path` and may be read."""
    if isinstance(path, Remote):
        if size_of_place(path) == 0:
            raise MediaError(path, "is empty (0 bytes). Copy it again from where it came from")
        return
    try:
        if path.is_dir():
            raise MediaError(path, "is a folder where a file is needed. Name a file in it")
        if not path.exists():
            raise MediaError(path, _ABSENT)
        if path.stat().st_size == 0:
            raise MediaError(path, "is empty (0 bytes). Copy it again from where it came from")
        open_place(path).close()
    except OSError as error:
        raise MediaError(path, f"cannot be opened ({error.strerror}). Check its permissions") from error


def as_seen_here(path: Place, found: Unreadable) -> Unreadable:
    """Return why a file cannot be read, where the process that looked for it may be on another machine."""
    if found.reason in (_ABSENT, GONE) and isinstance(path, Path) and path.exists():
        return Unreadable(found.path, _UNSEEN)
    return found
