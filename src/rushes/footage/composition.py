"""How a picture is composed: its balance, its symmetry, and its subject's place among the thirds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_SIDE = 64  # pixels at which halves are compared
_SMOOTH = 1.5  # pixels of _SIDE
_UNSEEN = 16.0  # squared levels: halves that differ by no more are alike
_FROM_LINE = 1 / 6  # shares of the side: as far from the lines of thirds as the picture's middle is
_LINE_ALONE = 0.7  # what lying on a line is worth, of what lying on a crossing is


def balance_of(weights: npt.NDArray[np.floating]) -> float:
    """Return how near the middle of visual weight lies to the upright middle axis, 0 (at a side) to 1.

    Args:
        weights: (rows, columns), 0 or more; where all are 0, nothing draws the eye to a side.
    """
    columns = weights.sum(axis=0, dtype=float)
    if columns.sum() <= 0:
        return 1.0
    places = (np.arange(len(columns)) + 0.5) / len(columns)
    return float(1 - abs(2 * (columns @ places) / columns.sum() - 1))


def thirds_of(across: float, down: float) -> float:
    """Return how near a place (shares of the sides) lies to the thirds, 0 to 1.

    1 on a crossing, up to 0.7 on a line, 0 where it is as far from all lines as the picture's middle is, or farther.
    """
    near = sorted(max(0.0, 1 - min(abs(at - 1 / 3), abs(at - 2 / 3)) / _FROM_LINE) for at in (across, down))
    return float(max(_LINE_ALONE * near[1], near[0]))


def symmetry_of(luma: npt.NDArray[np.uint8]) -> float:
    """Return how alike the left half and the mirrored right half are, 0 (opposite) to 1 (the same); 0.5 is unrelated.

    It is the share of what varies along the rows that stays when the picture is mirrored. What differs from row to row
    (a bright sky over dark ground) is as symmetric as can be in any picture, and left out.
    """
    import cv2

    tiny = cv2.resize(luma, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = np.asarray(cv2.GaussianBlur(tiny, (0, 0), _SMOOTH), np.float32)
    small -= small.mean(axis=1, keepdims=True)
    mirrored = small[:, ::-1]
    same, other = (float(np.mean(np.square(part / 2))) for part in (small + mirrored, small - mirrored))
    return (same + _UNSEEN) / (same + other + _UNSEEN)


def middle_of(weights: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return (across, down) of the middle of what weighs most in a map, as shares of its sides."""
    heavy = np.where(weights >= 0.6 * weights.max(), weights, 0).astype(float)
    total = heavy.sum()
    if total <= 0:
        return 0.5, 0.5
    rows, columns = heavy.shape
    across = heavy.sum(axis=0) @ ((np.arange(columns) + 0.5) / columns) / total
    down = heavy.sum(axis=1) @ ((np.arange(rows) + 0.5) / rows) / total
    return float(across), float(down)
