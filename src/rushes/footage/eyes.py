"""How far open eyes seem, told from the patch around each eye of a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LEAST_DISTANCE = 24.0  # pixels between the eyes below which they are too small to tell
_BETWEEN = 64  # pixels between the eyes, once the face is brought upright
_WIDE, _HIGH = 40, 28  # pixels of the patch around each eye, then
_SHUT, _OPEN = 0.10, 0.30  # shares of the patch's height that a dark lash line, and a dark iris, take


def eye_patches(luma: npt.NDArray[np.uint8], eyes: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Return the upright patch around each eye, (2, height, width), the eyes as far apart in all pictures.

    Args:
        eyes: (2, 2): across and down of each eye, pixels; first the one that is further left.
    """
    import cv2

    left, right = np.asarray(eyes, np.float64)
    apart = right - left
    scale = _BETWEEN / max(float(np.hypot(*apart)), 1e-6)
    angle = float(np.arctan2(apart[1], apart[0]))
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    patches = np.zeros((2, _HIGH, _WIDE), np.uint8)
    for place, eye in enumerate((left, right)):
        matrix = np.hstack([turn, (np.array([_WIDE / 2, _HIGH / 2]) - turn @ eye)[:, None]])
        patches[place] = cv2.warpAffine(
            luma, matrix, (_WIDE, _HIGH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return patches


def openness_of(patches: Sequence[npt.NDArray[np.uint8]] | npt.NDArray[np.uint8]) -> float:
    """Return how far open the wider of some eyes seems, 0 shut to 1 open.

    What is dark in the patch is a lash line where the eye is shut, and as high as the iris where it is open. It is a
    guess from one feature: dark glasses, deep shadow and heavy make-up mislead it.

    Args:
        patches: (eyes, height, width), at least one.
    """
    heights = [_dark_height(np.asarray(patch, np.float32)) for patch in patches]
    return float(np.clip((max(heights) - _SHUT) / (_OPEN - _SHUT), 0, 1))


def _dark_height(patch: npt.NDArray[np.float32]) -> float:
    """Return the height of what is darkest near the middle of a patch, as a share of the patch's height."""
    inner = patch[4:-4, 10:-10]
    low, high = np.quantile(patch, (0.02, 0.8))
    if high - low < 8:
        return 0.0
    dark = inner < low + 0.4 * (high - low)
    return float(np.sort(dark.sum(axis=0))[-6:].mean()) / patch.shape[0]
