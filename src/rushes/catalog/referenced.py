"""Frames whose pictures are referred to where they are: their source, their pictures, their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from rushes.catalog.catalog import StoredFrame
from rushes.errors import Fault
from rushes.footage.kinds import PHOTO_EXTENSIONS
from rushes.footage.source import REFERENCED, Frame, Source
from rushes.storage.places import Remote
from rushes.timecode import Timecode, format_frame_name

UNCHECKED_EXTENSION = ".jpg"  # of a picture that nobody looked for
# Where a place holds several pictures of one name, the first of these is taken.
_LIKELIEST = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Referenced:
    """The frames of an episode that are to be registered, and the rows whose picture is not there.

    Attributes:
        source: what they are frames of; None where there is none to register.
        missing: number of a row -> what is wrong.
    """

    source: Source | None
    frames: tuple[StoredFrame, ...]
    missing: Mapping[int, Fault]


def referenced_digest(base: Remote, name: str) -> str:
    """Return the digest of an episode of which only pictures are known, in hex; docs/formats.md describes it."""
    return hashlib.sha256(f"referenced/1\n{base}\n{name}".encode()).hexdigest()


def pictures_by_name(base: Remote, keys: Iterable[str]) -> dict[str, str]:
    """Return name without extension, in lower case -> the key of the picture directly in a folder."""
    found: dict[str, str] = {}
    for key in keys:
        if not key.startswith(base.key):
            continue
        stem, dot, extension = key[len(base.key) :].rpartition(".")
        if "/" in stem or f"{dot}{extension.casefold()}" not in PHOTO_EXTENSIONS:
            continue
        name = stem.casefold()
        if name not in found or _rank(key) < _rank(found[name]):
            found[name] = key
    return found


def plan_referenced(
    rows: Mapping[int, Timecode],
    *,
    stem: str,
    base: Remote,
    rate: Fraction,
    pictures: Mapping[str, str] | None,
    known: Source | None,
    group: str,
    sheet: str,
    column: str,
) -> Referenced:
    """Decide which frames of an episode to register.

    Args:
        rows: number of a row -> the frame that it names, of the frames that are not in the catalog.
        stem: name of the episode, `TT_S01_E01`.
        base: folder of the pictures.
        pictures: what lies there, as `pictures_by_name` returns it; None where nobody looked.
        known: the referenced source of that name, where there is one: it stays the same source when its pictures move.
        group: of a source that is new.
        sheet, column: what faults call them.
    """
    digest = known.digest if known is not None else referenced_digest(base, stem)
    time_base = 1 / rate
    folder = f"{base.scheme}://{base.host}/"
    frames: dict[Timecode, StoredFrame] = {}
    missing: dict[int, Fault] = {}
    for number, timecode in rows.items():
        if timecode in frames:
            continue
        name = format_frame_name(stem, timecode)
        key = f"{base.key}{name}{UNCHECKED_EXTENSION}" if pictures is None else pictures.get(name.casefold())
        if key is None:
            message = f"there is no picture of '{name}' in {base}. Put it there, or delete the row"
            missing[number] = Fault(sheet, number, column, message)
            continue
        seconds = timecode.hours * 3600 + timecode.minutes * 60 + timecode.seconds
        ordinal = seconds * rate.numerator // rate.denominator + timecode.frames
        frame = Frame(digest, ordinal, time_base, ordinal, str(timecode), name)
        frames[timecode] = StoredFrame(frame, f"{folder}{key}", "", None, size="")
    if not frames:
        return Referenced(None, (), missing)
    source = Source(
        digest=digest,
        path=str(base),
        name=stem,
        group=known.group if known is not None else group,
        kind="video",
        width_pixels=0,
        height_pixels=0,
        codec=REFERENCED,
        rate=rate,
        frame_count=max(
            known.frame_count if known is not None else 0, 1 + max(item.frame.ordinal for item in frames.values())
        ),
    )
    return Referenced(source, tuple(frames.values()), missing)


def _rank(key: str) -> tuple[int, str]:
    suffix = PurePosixPath(key).suffix.casefold()
    return _LIKELIEST.index(suffix) if suffix in _LIKELIEST else len(_LIKELIEST), key
