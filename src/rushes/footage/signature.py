"""Perceptual signatures of pictures, and the pairs that are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FLAT = 0  # the signature of a picture with nothing on it
MAX_DISTANCE = 8  # of 64 bits
_FLAT_CONTRAST = 4.0  # standard deviation of 8-bit luma; film grain on black stays below
_BLOCK = 2048


def signature_of(pixels: npt.NDArray[np.uint8]) -> int:
    """Return 64 bits that stay nearly the same when a picture is re-encoded, resized or brightened a little.

    Each bit says whether one of the 64 lowest frequencies of a 32x32 luma picture (its discrete cosine transform
    without the constants) is above their median. A black, white or grey picture has no such frequencies, only
    noise; it gets FLAT, which is near nothing, so that all black frames do not pass for one picture.

    Args:
        pixels: (height, width, 3), RGB.

    Returns:
        0 (FLAT) to 2**64 - 1.
    """
    import cv2

    # Colour goes last: on the small picture it costs nothing.
    small = cv2.resize(np.ascontiguousarray(pixels), (32, 32), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if float(luma.std()) < _FLAT_CONTRAST:
        return FLAT
    low = np.asarray(cv2.dct(luma))[:9, :9].flatten()[1:65]
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big")


def near_duplicates(
    signatures: npt.NDArray[np.uint64], *, max_distance: int = MAX_DISTANCE, apart: Sequence[int] | None = None
) -> list[tuple[int, int]]:
    """Return the pairs of positions whose signatures differ in at most `max_distance` bits, each pair once, sorted.

    FLAT is near nothing, not even itself.

    Args:
        signatures: (pictures,), uint64.
        apart: a number per picture, such as of its group; then only pairs of different numbers are returned, as a
            search for leaks wants them. A long static shot alone has pairs by the square of its frames.

    Raises:
        ValueError: `apart` is not as long as `signatures`.
    """
    if apart is not None and len(apart) != len(signatures):
        raise ValueError(f"apart needs one number per signature, got {len(apart)} for {len(signatures)}")
    places = np.flatnonzero(np.asarray(signatures, np.uint64) != FLAT)
    kept = np.asarray(signatures, np.uint64)[places]
    numbers = None if apart is None else np.asarray(apart)[places]
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(kept), _BLOCK):
        block = kept[start : start + _BLOCK]
        near = np.bitwise_count(block[:, None] ^ kept[None, start:]) <= max_distance
        near &= np.arange(near.shape[1])[None, :] > np.arange(len(block))[:, None]
        if numbers is not None:
            near &= numbers[start : start + _BLOCK, None] != numbers[None, start:]
        rows, columns = np.nonzero(near)
        pairs += zip(places[rows + start].tolist(), places[columns + start].tolist(), strict=True)
    return pairs
