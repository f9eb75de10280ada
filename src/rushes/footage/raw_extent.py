"""How many bytes a raw says that it has."""

from __future__ import annotations

import struct
from typing import BinaryIO

from rushes.storage.places import Place
from rushes.storage.reading import open_place

# Tags of TIFF 6.0 and TIFF/EP whose values, paired, say where pixels are and how many bytes they take.
_PLACES = {273: 279, 324: 325, 513: 514}
_SUB_DIRECTORIES = 330
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I"}
_MOST_DIRECTORIES, _MOST_VALUES = 64, 1 << 20
_SLACK = 100  # a writer may state a little more than it writes: one part in so many of a strip may be missing


def stated_bytes(path: Place) -> int | None:
    """Return how many bytes a raw needs for all the pixels that it says it holds.

    Returns:
        The end of the pixels that lie furthest back; None where the file is no TIFF inside (CR3, RAF, X3F …).
    """
    with open_place(path) as file:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(file.read(4))
        if order is None:
            return None
        ahead, seen, end = [_number(file.read(4), order)], set[int](), 0
        size = file.seek(0, 2)
        while ahead and len(seen) < _MOST_DIRECTORIES:
            at = ahead.pop()
            if at == 0 or at in seen:
                continue
            seen.add(at)
            if at >= size:
                end = max(end, at)
                continue
            tags, following = _read_directory(file, at, order)
            ahead += [following, *tags.get(_SUB_DIRECTORIES, ())]
            for place, length in _PLACES.items():
                for start, count in zip(tags.get(place, ()), tags.get(length, ()), strict=False):
                    end = max(end, start + count - count // _SLACK)
        return end


def missing_bytes(path: Place) -> str:
    """Return in words how much of a raw is missing; "" where all that it says it holds is there."""
    with open_place(path) as file:
        there = file.seek(0, 2)
    stated = stated_bytes(path)
    if stated is None or stated <= there:
        return ""
    return f"{there:,} of some {stated:,} bytes are there"


def _read_directory(file: BinaryIO, at: int, order: str) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the tags of an image file directory that are told of here, and where the next one is; 0 for none."""
    file.seek(at)
    count = _number(file.read(2), order)
    entries = file.read(12 * count)
    following = _number(file.read(4), order)
    tags: dict[int, tuple[int, ...]] = {}
    wanted = {*_PLACES, *_PLACES.values(), _SUB_DIRECTORIES}
    for start in range(0, len(entries) - 11, 12):
        tag, kind, values, inside = struct.unpack(f"{order}HHI4s", entries[start : start + 12])
        if tag not in wanted or kind not in _FORMATS or values > _MOST_VALUES:
            continue
        length = values * struct.calcsize(_FORMATS[kind])
        if length > 4:
            file.seek(_number(inside, order))
            inside = file.read(length)
        whole = min(len(inside), length) // struct.calcsize(_FORMATS[kind])
        tags[tag] = struct.unpack_from(f"{order}{whole}{_FORMATS[kind]}", inside)
    return tags, following


def _number(data: bytes, order: str) -> int:
    return int.from_bytes(data, "little" if order == "<" else "big")
