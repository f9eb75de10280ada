"""FaceReader: the faces of a picture, and a vector of each by which it is told from others."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.errors import WeightsError
from rushes.storage.files import digest_of_file
from rushes.subjects.embedders import open_embedder, quiet_opencv
from rushes.subjects.face import Face

if TYPE_CHECKING:
    import cv2

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE = 640  # pixels of the longer side that faces are looked for at
_SCORE = 0.6
_OVERLAP = 0.3  # of two boxes, from which they are one face
_MOST_FACES = 2000  # of one picture
_MOST_EMBEDDED = 64  # of one picture, the largest first: a crowd's faces are too small to be told
_LEAST_PIXELS = 14.0  # of a face's width, for it to be told at all
_VERSION = 1  # of all here that decides what is found
# What is no use and what is as good as it gets, each between which clarity rises from 0 to 1.
_SCORES = (0.86, 0.92)
_WIDTHS = (14.0, 26.0)  # pixels
_TURNS = (1.1, 0.6)  # how far the nose is from the middle of the eyes, in halves of their distance


class FaceReader:
    """Finds faces with YuNet (Wu et al. 2023) and tells them apart with an embedder; may be used by several threads.

    Attributes:
        name: of both models, for people.
        id: digests of both files and of the settings, as `yunet-1a2b3c-1+sface-4d5e6f`; what follows the last `+`
            says whose vectors can be compared.
    """

    def __init__(self, detector: Path, embedder: Path | None, *, threads: int = 0) -> None:
        """Read both models.

        Args:
            embedder: None finds faces without telling them apart.
            threads: that compute an embedding; 0 for all cores.

        Raises:
            WeightsError: a file is missing or no such model.
        """
        if not detector.is_file():
            raise WeightsError(
                f"{detector} is missing; it is named as the detector of faces. rushes faces models lists them"
            )
        self._path = detector
        self._each = threading.local()
        self._detector()
        with quiet_opencv():  # any ONNX file opens; only a picture shows whether it answers as YuNet does
            self._detected(np.zeros((SIDE // 4, SIDE, 3), np.uint8))
        self._embedder = open_embedder(embedder, threads=threads) if embedder is not None else None
        self.name = "yunet"
        self.id = f"yunet-{digest_of_file(detector)[:12]}-{_VERSION}"
        if self._embedder is not None:
            self.name += f" + {self._embedder.kind.name}"
            self.id += f"+{self._embedder.kind.name}-{self._embedder.digest[:12]}"

    def find(self, picture: Pixels) -> tuple[Face, ...]:
        """Return the faces of an RGB picture, (height, width, 3), the largest first.

        Give the picture as large as it is: it is made smaller for the detector alone.

        Raises:
            WeightsError: a model cannot be run.
        """
        rows = self._detected(picture)
        height, width = picture.shape[:2]
        sides = np.array([width, height], np.float32)
        order = np.argsort(-rows[:, 2] * rows[:, 3], kind="stable")
        faces = []
        for place, row in enumerate(rows[order]):
            points = np.asarray(row[4:14].reshape(5, 2), np.float32)
            embedding = None
            if self._embedder is not None and place < _MOST_EMBEDDED and row[2] >= _LEAST_PIXELS:
                embedding, _ = self._embedder.embed(picture, points)
            left, top = (row[:2] / sides).tolist()
            wide, high = (row[2:4] / sides).tolist()
            clarity = clarity_of(float(row[14]), float(row[2]), points)
            faces.append(
                Face(left, top, wide, high, min(1.0, float(row[14])), points / sides, embedding, round(clarity, 4))
            )
        return tuple(faces)

    def _detected(self, picture: Pixels) -> Floats:
        """Return what the detector finds, (faces, 15): box and points in pixels of the picture, and the score."""
        import cv2

        height, width = picture.shape[:2]
        scale = SIDE / max(height, width)
        size = (max(32, round(width * scale)), max(32, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        detector = self._detector()
        detector.setInputSize(size)
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), size, interpolation=way)
        try:
            _, found = detector.detect(small)
        except cv2.error as error:
            raise self._refused() from error
        if found is None:
            return np.zeros((0, 15), np.float32)
        rows = np.array(found, np.float32)
        if rows.ndim != 2 or rows.shape[1] != 15:
            raise self._refused()
        rows[:, :14] *= np.tile([width / size[0], height / size[1]], 7)
        return rows[np.isfinite(rows).all(axis=1) & (rows[:, 2:4] > 0).all(axis=1)]

    def _detector(self) -> cv2.FaceDetectorYN:
        """Return the detector of this thread: one keeps the size of what it looks at."""
        import cv2

        detector: cv2.FaceDetectorYN | None = getattr(self._each, "detector", None)
        if detector is None:
            with quiet_opencv():
                try:
                    detector = cv2.FaceDetectorYN.create(
                        str(self._path), "", (SIDE, SIDE), _SCORE, _OVERLAP, _MOST_FACES
                    )
                except cv2.error as error:
                    raise self._refused() from error
            self._each.detector = detector
        return detector

    def _refused(self) -> WeightsError:
        return WeightsError(
            f"{self._path} is no face detector of the kind YuNet, which is an ONNX file that answers a picture with "
            "boxes, five points and scores. rushes faces models lists those that are known"
        )


def clarity_of(score: float, pixels: float, points: Floats) -> float:
    """Return how well it can be told whose face it is, 0 to 1: the worst of its score, its size and its turn.

    Args:
        pixels: the width of its box.
        points: (5, 2) eyes, nose, corners of the mouth, all in one unit.
    """
    return min(_rising(score, *_SCORES), _rising(pixels, *_WIDTHS), _rising(turn_of(points), *_TURNS))


def turn_of(points: Floats) -> float:
    """Return how far a head is turned to a side: 0 where the nose is midway between the eyes, 1 where it is at one."""
    eyes = np.asarray(points[1] - points[0], np.float64)
    length = float(eyes @ eyes)
    if length <= 0:
        return 1.0
    return abs(2 * float((points[2] - points[0]) @ eyes) / length - 1)


def _rising(value: float, none: float, all_of_it: float) -> float:
    return min(1.0, max(0.0, (value - none) / (all_of_it - none)))
