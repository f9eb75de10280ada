"""Where the subject of a picture is: faces and the bodies under them, what stands out, what moves by itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.errors import WeightsError
from rushes.footage.motion import Motion, follow, prepare

if TYPE_CHECKING:
    import cv2

GRID = 14  # cells along each side of a map
_SIDE = 64  # pixels at which spectral residuals are taken, as in the paper
_LONGEST = 160  # pixels at which motion is followed
_FACE_SIDE = 320  # pixels of the longer side that faces are looked for at
_FACE_SCORE = 0.6
_BODY_WIDTH, _BODY_HEIGHT = 3.0, 7.0  # head and body, in widths and heights of the face
_BODY_WEIGHT = 0.7  # of a face's
_BORDER = 0.08  # of the sides: what lies there is taken for background
_LEAST_SUPPORT = 0.3  # of the corners, for a camera's motion to be taken out
_MOVED_LEVELS = 24.0  # luma steps that count as fully moved
_LEAST_RANGE = 4.0  # luma steps that a picture must span for something to stand out of it
_SMOOTH = 2.5  # pixels of _SIDE
_COLOUR_NOISE = 100.0  # squared levels: a border all alike is not divided by nothing
_LOW, _HIGH = 0.3, 0.98  # shares of a map's values that become 0 and 1

Pixels = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

_reading_lock = threading.Lock()  # the loudness of OpenCV belongs to the process
_NO_FACES: npt.NDArray[np.float32] = np.zeros((0, 4), np.float32)


class Faces:
    """A face detector (YuNet, Wu et al. 2023) read from a file; may be used by several threads.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        """Read the detector.

        Raises:
            WeightsError: the file is missing or no such detector.
        """
        self.path = path
        self._each = threading.local()
        self._detector()

    def find(self, picture: Pixels) -> npt.NDArray[np.float32]:
        """Return the faces of an RGB picture, (faces, 4): left, top, width, height as shares of its sides."""
        return self.find_with_eyes(picture)[0]

    def find_with_eyes(self, picture: Pixels) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the faces as `find` does, and the eyes of each, (faces, 2, 2).

        The eyes are (across, down) as shares of the picture's sides; first the one further left in an upright face.
        """
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, _FACE_SIDE / max(height, width))
        size = (max(32, round(width * scale)), max(32, round(height * scale)))
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), size, interpolation=cv2.INTER_AREA)
        detector = self._detector()
        detector.setInputSize(size)
        _, found = detector.detect(small)
        if found is None:
            return _NO_FACES, np.zeros((0, 2, 2), np.float32)
        boxes = np.asarray(found[:, :4] / np.array([*size, *size]), np.float32)
        return boxes, np.asarray(found[:, 4:8].reshape(-1, 2, 2) / np.array(size), np.float32)

    def _detector(self) -> cv2.FaceDetectorYN:
        """Return the detector of this thread: one keeps the size of what it looks at."""
        detector: cv2.FaceDetectorYN | None = getattr(self._each, "detector", None)
        if detector is None:
            detector = self._each.detector = _read_detector(self.path)
        return detector


def _read_detector(path: Path) -> cv2.FaceDetectorYN:
    import cv2

    if not path.is_file():
        raise WeightsError(f"{path} is missing; it is named as the detector of faces")
    with _reading_lock:
        loud = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # OpenCV warns of its own choices
        try:
            return cv2.FaceDetectorYN.create(str(path), "", (_FACE_SIDE, _FACE_SIDE), _FACE_SCORE)
        except cv2.error as error:
            raise WeightsError(f"{path} is no face detector of the kind YuNet, which is an ONNX file") from error
        finally:
            cv2.utils.logging.setLogLevel(loud)


def subject_maps(pictures: Sequence[Pixels], *, faces: Faces | None = None) -> Pixels:
    """Return where the subject is in each picture of a shot, in the order of time.

    Where faces are found, the subject is they and the bodies under them; elsewhere it is what stands out, and where
    the camera's motion from one picture to the next can be followed, what moves against it.

    Args:
        pictures: (height, width, 3) RGB or (height, width, 1) gray, all of one size.

    Returns:
        (pictures, GRID, GRID) uint8, 0 to 255; the subject is brightest.
    """
    moving = _moving(pictures)
    maps = np.zeros((len(pictures), GRID, GRID), np.uint8)
    for place, (picture, moved) in enumerate(zip(pictures, moving, strict=True)):
        found = faces.find(picture) if faces is not None and picture.shape[2] == 3 else _NO_FACES
        maps[place] = np.round(255 * (people_map(found) if len(found) else _standing_out(picture, moved)))
    return maps


def _standing_out(picture: Pixels, moved: Map) -> Map:
    salient = salient_map(picture)
    return np.asarray((salient + moved) / 2, np.float32) if moved.any() else salient


def people_map(faces: npt.NDArray[np.float32]) -> Map:
    """Return where people are, (GRID, GRID), 0 to 1: 1 at their faces, less at the bodies that hang under them.

    Args:
        faces: (faces, 4): left, top, width, height as shares of the picture's sides.
    """
    middles = np.asarray((np.arange(GRID) + 0.5) / GRID, np.float32)
    across, down = middles[None, :], middles[:, None]
    found = np.zeros((GRID, GRID), np.float32)
    for left, top, width, height in faces.tolist():
        middle = left + width / 2
        body = _window(across, middle - _BODY_WIDTH * width / 2, middle + _BODY_WIDTH * width / 2)
        body = _BODY_WEIGHT * body * _window(down, top - 0.3 * height, top + _BODY_HEIGHT * height)
        head = _window(across, left - 0.3 * width, left + 1.3 * width)
        head = head * _window(down, top - 0.3 * height, top + 1.3 * height)
        found = np.maximum.reduce([found, body, head])
    return found


def salient_map(picture: Pixels) -> Map:
    """Return what stands out of a picture, (GRID, GRID), 0 to 1; all zeros where nothing does.

    Two measures are averaged: the spectral residual (Hou and Zhang, CVPR 2007: what of the log spectrum its own local
    mean does not explain), and the distance of the colour from that of the picture's border.
    """
    import cv2

    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)
    small = small.reshape(_SIDE, _SIDE, picture.shape[2])
    both = _spread(_residual(np.asarray(small.mean(axis=2), np.float32))) + _spread(_off_border(small))
    return _in_cells(np.asarray(both / 2, np.float32))


def _residual(gray: Map) -> Map:
    """Return the spectral residual of a picture, smoothed, as large as the picture."""
    import cv2

    if np.ptp(gray) < _LEAST_RANGE:
        return np.zeros_like(gray)
    spectrum = np.fft.fft2(gray)
    size = np.log(np.abs(spectrum) + 1e-3).astype(np.float32)
    residual = size - cv2.blur(size, (3, 3), borderType=cv2.BORDER_REFLECT)
    back = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return np.asarray(cv2.GaussianBlur(back.astype(np.float32), (0, 0), _SMOOTH), np.float32)


def _off_border(small: Map) -> Map:
    """Return how far each pixel's colour is from those along the border, in units of how much these differ."""
    import cv2

    height, width, channels = small.shape
    edge = np.ones((height, width), np.bool_)
    rows, columns = max(1, round(_BORDER * height)), max(1, round(_BORDER * width))
    edge[rows:-rows, columns:-columns] = False
    border = small[edge]
    covariance = np.cov(border, rowvar=False).reshape(channels, channels) + _COLOUR_NOISE * np.eye(channels)
    away = small - border.mean(axis=0)
    squares = np.einsum("hwc,cd,hwd->hw", away, np.linalg.inv(covariance), away)
    distance = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(distance, (0, 0), _SMOOTH), np.float32)


def _moving(pictures: Sequence[Pixels]) -> list[Map]:
    """Return of each picture what moves in it against the camera, (GRID, GRID), 0 to 1; zeros where it is not known."""
    import cv2

    lumas: list[Pixels] = []
    for picture in pictures:
        scale = min(1.0, _LONGEST / max(picture.shape[:2]))
        size = (max(16, round(picture.shape[1] * scale)), max(16, round(picture.shape[0] * scale)))
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.shape[2] == 3 else picture[:, :, 0]
        lumas.append(np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8))
    tracked = [prepare(luma, float(place)) for place, luma in enumerate(lumas)]
    found = [_moved(lumas[at], lumas[at + 1], follow(tracked[at], tracked[at + 1])) for at in range(len(lumas) - 1)]
    return [found[0], *found] if found else [np.zeros((GRID, GRID), np.float32) for _ in pictures]


def _moved(before: Pixels, after: Pixels, camera: Motion) -> Map:
    """Return what differs between two pictures once the camera's motion is taken out of the first."""
    import cv2

    if camera.support < _LEAST_SUPPORT:
        return np.zeros((GRID, GRID), np.float32)
    height, width = before.shape
    factor = np.exp(camera.zoom) * np.array(
        [[np.cos(camera.roll), -np.sin(camera.roll)], [np.sin(camera.roll), np.cos(camera.roll)]]
    )
    centre = np.array([width / 2, height / 2])
    shift = centre + width * np.array([camera.pan_x, camera.pan_y]) - factor @ centre
    matrix = np.hstack([factor, shift[:, None]])
    there = cv2.warpAffine(before, matrix, (width, height), flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(np.full_like(before, 255), matrix, (width, height), flags=cv2.INTER_NEAREST) > 0
    smooth = [cv2.GaussianBlur(np.asarray(luma, np.float32), (0, 0), 1.0) for luma in (there, after)]
    away = np.abs(smooth[0] - smooth[1])
    # What the whole picture differs by is a change of light, not of place.
    away = np.maximum(away - np.median(away[seen]) if seen.any() else away, 0) * seen
    return _in_cells(np.clip(away / _MOVED_LEVELS, 0, 1).astype(np.float32), most=True)


def _in_cells(values: Map, *, most: bool = False) -> Map:
    """Return the mean of each cell, (GRID, GRID); with `most`, spread so that a cell that half moves counts fully."""
    import cv2

    cells = np.asarray(cv2.resize(values, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32)
    return np.minimum(1, 2 * cells) if most else cells


def _spread(values: Map) -> Map:
    """Return values stretched to 0 to 1 between their lower part and their highest; zeros where all are alike."""
    low, high = np.quantile(values, (_LOW, _HIGH))
    if high - low < 1e-6:
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)


def _window(places: npt.NDArray[np.floating], low: float, high: float) -> Map:
    """Return how much of each cell lies between two places, 0 to 1."""
    half = 0.5 / GRID
    inside = np.minimum(places + half, high) - np.maximum(places - half, low)
    return np.asarray(np.clip(inside / (2 * half), 0, 1), np.float32)
