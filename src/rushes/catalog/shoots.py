"""Shoots: the folders directly below a place, what each is called as a group, and the exports in them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rushes.footage.capture_time import seconds_apart
from rushes.footage.kinds import kind_of
from rushes.footage.pairs import COMPANION_EXTENSIONS, MOST_SECONDS_APART
from rushes.footage.sources import address_of
from rushes.footage.stems import find_stems, fold_stem
from rushes.storage.places import Place, Remote

# Folders that photographers keep within a shoot: taken for shoots, they are likely parts of one.
_PARTS = frozenset(
    {
        "raw", "raws", "jpg", "jpeg", "jpegs", "select", "selects", "selected", "reject", "rejects", "rejected", "pick",
        "picks", "keepers", "export", "exports", "edit", "edits", "edited", "delivered", "delivery", "final", "finals",
        "output", "capture", "dcim", "web", "print"
    }
)  # fmt: skip


def shoot_of(file: Place, place: Place) -> Place:
    """Return the folder of the shoot that a file found at a place is of.

    It is the folder directly below the place that the file lies in, at whatever depth; of a file directly in the place,
    the place itself; of a place that is the file, the folder around it.
    """
    if isinstance(file, Remote):
        assert isinstance(place, Remote)  # where it was found
        if place.key == file.key:
            return file.parent
        folder = f"{place.key.rstrip('/')}/" if place.key else ""
        first, slash, _ = file.key[len(folder) :].partition("/")
        return Remote(place.scheme, place.host, f"{folder}{first}/" if slash else folder)
    assert isinstance(place, Path)
    whole, root = _whole(file), _whole(place)
    if whole == root:
        return whole.parent
    first, *rest = whole.relative_to(root).parts
    return root / first if rest else root


def name_shoots(folders: Iterable[Place], known: Mapping[str, str]) -> dict[Place, str]:
    """Return what each shoot is called as a group: its folder's name, and of the folders around it as many as are
    needed to tell it from every other shoot.

    A shoot that has such a group already, and alone has it, keeps it.

    Args:
        folders: of shoots, as `shoot_of` returns them.
        known: address of a source of the catalog -> its group.
    """
    wanted = list(dict.fromkeys(folders))
    names = {folder: _names_of(folder) for folder in wanted}
    held: dict[Place, dict[str, None]] = {}
    strangers: set[str] = set()  # groups that sources outside of these shoots have
    by_address = {str(folder).rstrip("/"): folder for folder in wanted}
    for address, group in known.items():
        inside = _shoot_around(address, by_address)
        if inside is None:
            strangers.add(group.casefold())
        elif group in names[inside]:
            held.setdefault(inside, {})[group] = None
    holders = Counter(group.casefold() for of_shoot in held.values() for group in of_shoot)
    groups = {
        folder: kept[0]
        for folder, of_shoot in held.items()
        if (kept := [name for name in of_shoot if holders[name.casefold()] == 1 and name.casefold() not in strangers])
    }
    taken = strangers | {group.casefold() for group in groups.values()}
    for folder in wanted:
        if folder in groups:
            continue
        others = {name.casefold() for other in wanted if other != folder for name in names[other]}
        free = [name for name in names[folder] if name.casefold() not in taken]
        alone = [name for name in free if name.casefold() not in others]
        groups[folder] = (alone or free[-1:] or [str(folder)])[0]
        taken.add(groups[folder].casefold())
    return {folder: groups[folder] for folder in wanted}


def is_named_after_folder(group: str, file: Place) -> bool:
    """Return whether a group may be the name of a folder around a file; otherwise a person gave it."""
    return group.rpartition("/")[2] in file.parts[:-1]


def parts_taken_for_shoots(shoots: Iterable[str]) -> list[str]:
    """Return those groups that are usually called so within a shoot, such as `raw` and `select`."""
    return [name for name in shoots if name.rpartition("/")[2].casefold() in _PARTS]


def find_exports(
    files: Sequence[Place], shoots: Mapping[Place, Place], time_of: Callable[[Place], str | None]
) -> dict[Place, Place]:
    """Return the pictures that were made of a raw of their shoot -> that raw.

    They hold the raw's name between boundaries (`find_stems`), and were not taken at another time. What the camera
    wrote beside its raw is none: it is the same photograph.

    Args:
        files: all of the shoots.
        shoots: file -> folder of its shoot.
        time_of: asked only of pictures that are named so, and of raws that they are named after.
    """
    raws: dict[Place, dict[str, list[Place]]] = {}
    for file in files:
        if kind_of(file) == "raw":
            raws.setdefault(shoots[file], {}).setdefault(fold_stem(file.stem), []).append(file)
    found: dict[Place, Place] = {}
    for file in files:
        named = raws.get(shoots[file]) if kind_of(file) == "photo" else None
        for stem in find_stems(file.stem, named) if named else ():
            assert named is not None
            of = _made_of(file, named[stem], time_of)
            if of is not None:
                found.setdefault(file, of)
    return found


def _made_of(file: Place, raws: Sequence[Place], time_of: Callable[[Place], str | None]) -> Place | None:
    if file.suffix.lower() in COMPANION_EXTENSIONS and any(
        raw.parent == file.parent and fold_stem(raw.stem) == fold_stem(file.stem) for raw in raws
    ):
        return None
    taken = time_of(file)
    for raw in raws:
        other = time_of(raw) if taken is not None else None
        apart = None if taken is None or other is None else seconds_apart(taken, other)
        if apart is None or apart <= MOST_SECONDS_APART:
            return raw
    return None


def _shoot_around(address: str, by_address: Mapping[str, Place]) -> Place | None:
    """Return the innermost of the folders that an address lies in."""
    at = len(address)
    while (at := address.rfind("/", 0, at)) > 0:
        if (found := by_address.get(address[:at])) is not None:
            return found
    return None


def _names_of(folder: Place) -> list[str]:
    """Return `wedding`, `2024/wedding`, `archive/2024/wedding` …"""
    parts = [part for part in folder.parts if part not in ("/", os.sep)]
    return ["/".join(parts[-count:]) for count in range(1, len(parts) + 1)]


def _whole(path: Path) -> Path:
    return Path(address_of(path))
