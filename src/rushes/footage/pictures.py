"""Pictures from files: the photograph or the camera raw in one, as upright RGB pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.kinds import kind_of, require_content
from rushes.footage.photo import is_photo, read_photo
from rushes.footage.picture import PictureSize
from rushes.footage.raw import read_raw
from rushes.footage.still import Still
from rushes.storage.places import Place
from rushes.storage.reading import held_whole


def read_picture(path: Place, *, size: PictureSize | None = None) -> npt.NDArray[np.uint8]:
    """Return the picture in a photograph or a camera raw, upright.

    Args:
        size: what it is brought to, while it is decoded where the format allows; None leaves every pixel.

    Returns:
        (height, width, 3), RGB.

    Raises:
        MediaError: the file is missing, empty, cut off, a film, or no picture.
    """
    return read_still(path, size=size).pixels


def read_still(path: Place, *, size: PictureSize | None = None) -> Still:
    """Return what `read_picture` does, with how large the picture is in its file.

    Raises:
        MediaError: as `read_picture`.
    """
    kind = kind_of(path)
    if kind == "video":
        require_content(path)
        raise MediaError(path, "is a film where a picture is needed. Take frames of it with `rushes ingest`")
    with held_whole(path):
        require_content(path)
        if kind == "raw" and not is_photo(path):
            return read_raw(path, size=size)
        return read_photo(path, size=size)
