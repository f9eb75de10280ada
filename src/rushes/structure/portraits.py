"""Portraits: the faces of characters, cut out of the frames that show them best, kept with all other face data."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.storage.files import digest_of_bytes, write_bytes
from rushes.storage.places import Place
from rushes.structure.parts import Character
from rushes.subjects.wiping import alone_with_faces, wipe_mark

PORTRAITS = 24  # characters that are shown by a face; further ones are listed
FOLDER = "pictures"  # in the folder of face data
FACE_SIDE, QUALITY = 192, 80
_AROUND = 1.7  # sides of the picture of a face, in sides of the face
_SCHEMA = "film-picture/1"

_log = logging.getLogger(__name__)

Box = tuple[float, float, float, float]


def cut_portraits(
    film: Place,
    index: VideoIndex,
    characters: Sequence[Character],
    *,
    source: str,
    folder: Path | None,
    since: str | None = None,
    threads: int = 0,
) -> tuple[bytes | None, ...]:
    """Return the faces of the characters that are seen longest as JPEG, None of one whose frame is lost.

    Args:
        source: digest of the film.
        folder: of face data, where they are kept, so that wiping takes them too; None keeps none.
        since: the `wipe_mark` as it was when the film began to be looked at: where all was wiped since, nothing is
            kept. None takes it now.
        threads: for decoding; 0 takes one per core.

    Raises:
        MediaError: the film cannot be opened.
    """
    shown = characters[:PORTRAITS]
    keys = [portrait_key(source, one.source_ordinal, one.box) for one in shown]
    since = wipe_mark(folder) if since is None and folder is not None else since
    kept = {} if folder is None else {key: _kept(_file(folder, key)) for key in keys}
    found = {key: data for key, data in kept.items() if data is not None}
    lacking = {one.source_ordinal for key, one in zip(keys, shown, strict=True) if key not in found}
    for frame in decode_frames(film, index, sorted(lacking), threads=threads, deinterlace=True):
        if not isinstance(frame, DecodedFrame):
            continue
        for key, one in zip(keys, shown, strict=True):
            if one.source_ordinal == frame.ordinal and key not in found:
                found[key] = encode_picture(cut_face(frame.pixels, one.box), "jpeg", QUALITY)
                if folder is not None:
                    _keep(folder, key, found[key], since)
    return tuple(found.get(key) for key in keys)


def portrait_key(source: str, ordinal: int, box: Box) -> str:
    """Return what the picture of a face is kept under.

    Args:
        source: digest of the film.
        ordinal: of the frame that shows it.
        box: left, top, width and height of the face, as shares of the picture's sides.
    """
    return digest_of_bytes(f"{_SCHEMA} face {source} {ordinal} {box} {FACE_SIDE}".encode())


def cut_face(pixels: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    """Return a face with what is around it as a square of at most FACE_SIDE, all of it within the picture."""
    height, width = pixels.shape[:2]
    left, top, wide, high = box
    side = max(1, min(width, height, round(_AROUND * max(wide * width, high * height))))
    across = min(max(0, round((left + wide / 2) * width - side / 2)), width - side)
    down = min(max(0, round((top + high / 2) * height - side / 2)), height - side)
    return resize(pixels[down : down + side, across : across + side], PictureSize(long_side=FACE_SIDE))


def _file(folder: Path, key: str) -> Path:
    """Return where a portrait is kept: as the page of the project keeps it, so that each is cut once."""
    return folder / FOLDER / key[:2] / f"{key}.jpg"


def _kept(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if data.endswith(b"\xff\xd9") else None


def _keep(folder: Path, key: str, data: bytes, since: str | None) -> None:
    try:
        with alone_with_faces(folder):
            if wipe_mark(folder) == since:
                write_bytes(_file(folder, key), data)
    except OSError as error:  # it is cut anew each time
        _log.warning("pictures of faces are not kept: %s: %s", folder, error.strerror or error)
