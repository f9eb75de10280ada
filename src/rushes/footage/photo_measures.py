"""The value PhotoMeasures: what can be measured of a photograph that a photographer would judge it by."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt

LONG_SIDE = 1024  # pixels at which photographs are measured; none is enlarged
VERSION = 1  # another number where they are measured otherwise


@dataclass(frozen=True, slots=True)
class PhotoMeasures:
    """What was measured of one photograph; NaN where it cannot be known.

    Attributes:
        sharpness: of the sharpest part of the picture, 0 (no edge is sharp) to 1.
        subject_sharpness: of what the picture is of: faces, or else what stands out; 0 to 1.
        eye_sharpness: of the sharper eye of the largest face, 0 to 1; NaN without a face.
        eyes_open: how far open the eyes of the largest faces seem, 0 shut to 1 open; NaN without a face.
        faces: how many were found; NaN without a detector.
        face_share: share of the picture's height that the largest face takes, 0 to 1; NaN without a detector.
        motion_blur: how much sharper edges are across one direction than along it, 0 (alike) to 1 (smeared).
        brightness: mean of the luma, 0 to 1.
        contrast: standard deviation of the luma, 0 to 0.5.
        clipped_dark, clipped_bright: share of pixels, 0 to 1, without detail in the shadows, or in the lights.
        balance: how near the middle of visual weight lies to the picture's middle axis, 0 to 1.
        thirds: how near the subject lies to a line or crossing of thirds, 0 to 1.
        symmetry: how alike the left and right halves are, mirrored, 0 to 1.
        horizon: degrees by which the horizon is tilted, clockwise positive; NaN where none is seen.
        noise: standard deviation of the grain in smooth parts, in steps of 8 bits.
    """

    sharpness: float
    subject_sharpness: float
    eye_sharpness: float
    eyes_open: float
    faces: float
    face_share: float
    motion_blur: float
    brightness: float
    contrast: float
    clipped_dark: float
    clipped_bright: float
    balance: float
    thirds: float
    symmetry: float
    horizon: float
    noise: float


MEASURES = tuple(item.name for item in fields(PhotoMeasures))
_MAY_LACK = ("eye_sharpness", "eyes_open", "faces", "face_share", "horizon")
# What a model is given: each measure, 0 where it cannot be known, and of those that may lack, whether it is known.
VECTOR_NAMES = (*MEASURES, *(f"{name} is known" for name in _MAY_LACK))


def vector_of(measures: PhotoMeasures) -> npt.NDArray[np.float32]:
    """Return the measures as a model takes them, (len(VECTOR_NAMES),) float32, all finite."""
    values = np.array(astuple(measures), np.float32)
    known = np.isfinite(values)
    lacking = [MEASURES.index(name) for name in _MAY_LACK]
    return np.concatenate([np.where(known, values, 0), known[lacking]]).astype(np.float32)
