"""What can be measured of a photograph that a photographer would judge it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt

from rushes.footage.composition import balance_of, middle_of, symmetry_of, thirds_of
from rushes.footage.eyes import LEAST_DISTANCE, eye_patches, openness_of
from rushes.footage.grain import grain_of
from rushes.footage.horizon import horizon_of
from rushes.footage.picture import PictureSize, resize
from rushes.footage.sharpness import Edges, edges_of, sharpest_of, sharpness_map, sharpness_of, smear_of
from rushes.footage.subject import Faces, people_map, salient_map

LONG_SIDE = 1024  # pixels at which photographs are measured; none is enlarged
VERSION = 1  # another number where they are measured otherwise

_CLIPPED_LOW, _CLIPPED_HIGH = 4, 251  # luma at and beyond which there is no detail left
_LARGE = 0.6  # of the largest face's height: faces from which on a shut eye is seen
_FACES_FROM = 640  # pixels: the half of what is longer is as large as faces are looked for at
_TELLING_FACE = 48  # pixels of height from which on a face that is in focus shows edges
_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class PhotoMeasures:
    """What was measured of one photograph; NaN where it cannot be known.

    Attributes:
        sharpness: of the sharper parts of the picture (0.85 quantile of its cells), 0 (no edge is sharp) to 1. 0.5 is
            an edge blurred by 2 thousandths of the long side; a picture of few pixels cannot reach 1.
        subject_sharpness: of what the picture is of: the largest face, or else what stands out; 0 to 1.
        eye_sharpness: of the sharper eye of the largest face, 0 to 1; NaN without a face that is large enough.
        eyes_open: how far open the eyes of the largest faces seem, 0 shut to 1 open, a guess; NaN as eye_sharpness.
        faces: how many were found; NaN without a detector.
        face_share: share of the picture's height that the largest face takes, 0 to 1; NaN without a detector.
        motion_blur: how much sharper edges are across one direction than along it, 0 (alike) to 1 (smeared); a picture
            in focus, or out of it, stays below about 0.15.
        brightness: mean of the luma, 0 to 1.
        contrast: standard deviation of the luma, 0 to 0.5.
        clipped_dark, clipped_bright: share of pixels, 0 to 1, without detail in the shadows, or in the lights.
        balance: how near the middle of visual weight lies to the picture's upright middle axis, 0 to 1.
        thirds: how near the subject lies to a crossing of thirds, 0 to 1; up to 0.7 on a line.
        symmetry: how alike the left and right halves are, mirrored, 0 to 1; 0.5 where they are unrelated.
        horizon: degrees by which the horizon is tilted, clockwise positive; NaN where none is seen.
        noise: standard deviation of the grain in smooth parts, in steps of 8 bits, after the picture was shrunk.
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


def measure_photograph(pixels: npt.NDArray[np.uint8], *, faces: Faces | None = None) -> PhotoMeasures:
    """Return the measures of a photograph, shrunk to LONG_SIDE where it is larger.

    Args:
        pixels: (height, width, 3), RGB, not empty.
        faces: detector; None leaves all that is said of faces unknown.
    """
    import cv2

    picture = resize(pixels, PictureSize(long_side=LONG_SIDE))
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    # What needs no detail is told from half the size, which costs a quarter.
    half = resize(picture, PictureSize(long_side=max(1, max(luma.shape) // 2)))
    half_luma = np.asarray(cv2.cvtColor(half, cv2.COLOR_RGB2GRAY), np.uint8)
    noise = grain_of(luma)
    edges = edges_of(luma, noise=noise)
    parts = sharpness_map(edges)
    people = (
        _People.none()
        if faces is None
        else _People.found(luma, edges, faces.find_with_eyes(half if max(luma.shape) > _FACES_FROM else picture))
    )
    subject = people.map if people.map is not None else salient_map(half)
    sharpest = sharpest_of(edges, parts)
    mean, deviation = cv2.meanStdDev(luma)
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
    return PhotoMeasures(
        sharpness=sharpest,
        subject_sharpness=people.sharpness if np.isfinite(people.sharpness) else _weighted(parts, subject, sharpest),
        eye_sharpness=people.eye_sharpness,
        eyes_open=people.eyes_open,
        faces=people.count,
        face_share=people.share,
        motion_blur=smear_of(edges).motion,
        brightness=float(mean.item()) / 255,
        contrast=float(deviation.item()) / 255,
        clipped_dark=float(counts[: _CLIPPED_LOW + 1].sum()) / luma.size,
        clipped_bright=float(counts[_CLIPPED_HIGH:].sum()) / luma.size,
        balance=balance_of(subject),
        thirds=thirds_of(*(people.middle or middle_of(subject))),
        symmetry=symmetry_of(half_luma),
        horizon=horizon_of(half_luma if max(luma.shape) == LONG_SIDE else luma),
        noise=noise,
    )


@dataclass(frozen=True, slots=True)
class _People:
    """What is known of the faces of one photograph."""

    count: float
    share: float = _UNKNOWN
    sharpness: float = _UNKNOWN
    eye_sharpness: float = _UNKNOWN
    eyes_open: float = _UNKNOWN
    middle: tuple[float, float] | None = None
    map: npt.NDArray[np.float32] | None = None

    @classmethod
    def none(cls) -> _People:
        return cls(_UNKNOWN)

    @classmethod
    def found(
        cls,
        luma: npt.NDArray[np.uint8],
        edges: Edges,
        found: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    ) -> _People:
        boxes, eyes = found
        if not len(boxes):
            return cls(0.0, 0.0)
        order = np.argsort(-boxes[:, 3], kind="stable")
        boxes, eyes = boxes[order], eyes[order]
        left, top, width, height = boxes[0].tolist()
        places = eyes * np.array([edges.width, edges.height], np.float32)
        apart = np.hypot(*(places[:, 1] - places[:, 0]).T)
        large = (boxes[:, 3] >= _LARGE * height) & (apart >= LEAST_DISTANCE)
        return cls(
            count=float(len(boxes)),
            share=float(np.clip(height, 0, 1)),
            sharpness=_face_sharpness(edges, (left, top, width, height)),
            eye_sharpness=_eye_sharpness(edges, places[0], float(apart[0])),
            eyes_open=_known_mean([openness_of(eye_patches(luma, one)) for one in places[large]]),
            middle=(left + width / 2, top + height / 2),
            map=people_map(boxes),
        )


def _face_sharpness(edges: Edges, box: tuple[float, float, float, float]) -> float:
    """Return the sharpness of a face, 0 to 1: 0 where a large one shows no edge; NaN where a small one does not."""
    found = sharpness_of(edges, edges.inside(box))
    return 0.0 if np.isnan(found) and box[3] * edges.height >= _TELLING_FACE else found


def _eye_sharpness(edges: Edges, eyes: npt.NDArray[np.float32], apart: float) -> float:
    """Return the sharpness of the sharper eye, 0 to 1: 0 where neither shows an edge; NaN where they are too small."""
    if apart < LEAST_DISTANCE:
        return _UNKNOWN
    wide, high = 0.6 * apart / edges.width, 0.4 * apart / edges.height
    each = [
        sharpness_of(edges, edges.inside((x / edges.width - wide / 2, y / edges.height - high / 2, wide, high)))
        for x, y in eyes.tolist()
    ]
    return float(np.nan_to_num(each).max())


def _known_mean(values: Sequence[float]) -> float:
    known = [one for one in values if np.isfinite(one)]
    return float(np.mean(known)) if known else _UNKNOWN


def _weighted(parts: npt.NDArray[np.float64], subject: npt.NDArray[np.float32], sharpest: float) -> float:
    """Return the sharpness of what stands out; where that has no edges, of the sharpest parts."""
    weights = np.where(np.isfinite(parts), subject.astype(float) ** 2, 0)
    if weights.sum() <= 0:
        return sharpest
    return float(np.average(np.nan_to_num(parts), weights=weights))
