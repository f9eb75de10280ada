"""How far open eyes seem, told from the patch around each eye of a face."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_DISTANCE = 24.0  # pixels between the eyes below which they are too small to tell
_BETWEEN = 64  # pixels between the eyes, once the face is brought upright
_WIDE, _HIGH = 40, 28  # pixels of the patch around each eye, then
_RADII = (4, 5, 6)  # pixels of an iris, then
_ENDS = (0.02, 0.9)  # shares of a patch's values that its range lies between
_LEAST_RANGE = 8.0  # levels that a patch must span for something to be seen in it
_MIDDLE, _WIDTH = 0.43, 0.08  # of the sum of both signs: where open and shut eyes meet, and how gradually


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


def openness_of(patches: npt.NDArray[np.uint8]) -> float:
    """Return how far open some eyes seem, 0 shut to 1 open, their mean; NaN where none of them is to be seen.

    Two signs are added: a dark disc with something lighter at both sides (an iris in its white), and how much of what
    changes does so from left to right (an iris and a pupil do; lids and the lashes of a shut eye run level). It is a
    guess, no measurement: glasses, deep shadow, heavy make-up and a face seen from the side mislead it.

    Args:
        patches: (eyes, height, width), at least one, as `eye_patches` cuts them.
    """
    import cv2

    smooth = [np.asarray(cv2.GaussianBlur(patch, (0, 0), 1.0), np.float32) for patch in patches.astype(np.float32)]
    seen = [patch for patch in smooth if np.ptp(np.quantile(patch, _ENDS)) >= _LEAST_RANGE]
    if not seen:
        return float("nan")
    sign = float(np.mean([_iris(patch) + _upright_share(patch) for patch in seen]))
    return float(1 / (1 + np.exp((_MIDDLE - sign) / _WIDTH)))


def _iris(smooth: npt.NDArray[np.float32]) -> float:
    """Return by how much the most iris-like place is darker than its left and right, in shares of the range."""
    import cv2

    low, high = np.quantile(smooth, _ENDS)
    # Irises lie near the middle, where the detector puts the eye.
    rows, columns = slice(_HIGH // 2 - 5, _HIGH // 2 + 6), np.arange(_WIDE // 2 - 8, _WIDE // 2 + 8)
    sides = cv2.blur(smooth, (3, 3))
    best = -np.inf
    for radius in _RADII:
        disc = cv2.blur(smooth, (2 * radius - 3, 2 * radius - 3))[rows]
        beside = sides[rows]
        lighter = np.minimum(beside[:, columns - radius - 2], beside[:, columns + radius + 2])
        best = max(best, float((lighter - disc[:, columns]).max()))
    return best / float(high - low)


def _upright_share(smooth: npt.NDArray[np.float32]) -> float:
    """Return the share, 0 to 1, of a patch's squared slopes that run from left to right."""
    import cv2

    right, down = (
        float(np.square(cv2.Sobel(smooth, cv2.CV_32F, *axes)[5:-3, 6:-6]).sum()) for axes in ((1, 0), (0, 1))
    )
    return right / (right + down + 1e-6)
