"""Embedders: networks that turn an aligned face into a vector, near to those of the same person."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rushes.errors import BundleError, WeightsError
from rushes.storage.files import digest_of_bytes
from rushes.subjects.models import KNOWN

if TYPE_CHECKING:
    import cv2

    from rushes.bundles.engines import Engine

SIDE = 112  # pixels of an aligned face, of SFace and of all that follow ArcFace
# Where ArcFace (Deng et al., CVPR 2019) puts the eyes, the tip of the nose and the corners of the mouth in 112 x 112.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_reading_lock = threading.Lock()  # the loudness of OpenCV belongs to the process


@dataclass(frozen=True, slots=True)
class EmbedderKind:
    """What has to be known of a network before its vectors can be compared.

    Attributes:
        name: as it stands in what is kept and in messages.
        input, output: names in its graph, by which it is recognised; "" of a kind that is not told by them.
        length: of its vectors; 0 takes any.
        mean, spread: of each channel, RGB 0 to 255, that are taken off and divided by before it is asked.
        near: cosine from which two faces are taken for one person.
        joined: mean cosine between two groups of faces from which they are taken for one person.
        source: where `near` is from; `joined_source`, where `joined` is.
        is_measured: whether rushes measured both on faces.
    """

    name: str
    input: str
    output: str
    length: int
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    near: float
    joined: float
    source: str
    joined_source: str
    is_measured: bool


# SFace takes pixels as they are: its graph begins with the normalisation. OpenCV's own code for it states 0.363.
SFACE = EmbedderKind(
    "sface",
    "data",
    "fc1",
    128,
    (0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0),
    0.363,
    0.363,
    "stated by OpenCV for SFace",
    "OpenCV's figure for two faces, taken for groups too; not measured",
    is_measured=False,
)
# foamliu/MobileFaceNet: pixels as torchvision normalises them for ImageNet.
MOBILEFACENET = EmbedderKind(
    "mobilefacenet",
    "input0",
    "output0",
    128,
    (123.675, 116.28, 103.53),
    (58.395, 57.12, 57.375),
    0.40,
    0.46,
    "measured, docs/decisions/2026-11-26-faces.md",
    "measured, docs/decisions/2026-11-26-faces.md",
    is_measured=True,
)
# What most other networks of this size expect; nothing of them was measured.
ARCFACE = EmbedderKind(
    "arcface",
    "",
    "",
    0,
    (127.5, 127.5, 127.5),
    (127.5, 127.5, 127.5),
    0.40,
    0.46,
    "not measured",
    "not measured",
    is_measured=False,
)
KINDS = (SFACE, MOBILEFACENET, ARCFACE)


class Embedder(Protocol):
    """Turns faces into vectors; may be used by several threads.

    Attributes:
        kind: what is known of its network.
        digest: SHA-256 of its file.
    """

    kind: EmbedderKind
    digest: str

    def embed(self, picture: Pixels, points: Floats) -> tuple[Floats | None, Pixels]:
        """Return the vector of a face, (length,), of length 1, and the aligned face that it is of, RGB.

        The vector is None where the network answers with no direction: zeros, or what is no number.

        Args:
            picture: RGB, (height, width, 3).
            points: (5, 2), across and down in pixels: eyes, nose, corners of the mouth.

        Raises:
            WeightsError: the network cannot be run.
        """


def open_embedder(path: Path, *, threads: int = 0) -> Embedder:
    """Return the embedder in a file; which network it is, its digest says, or else its input and output.

    Args:
        threads: that compute; 0 for all cores.

    Raises:
        WeightsError: the file is missing, no ONNX file, does not take one face of 112 x 112, or cannot be run.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is missing; it is named as what tells faces apart. rushes faces models lists them")
    embedder = _opened(path, threads)
    embedder.embed(np.zeros((SIDE, SIDE, 3), np.uint8), TEMPLATE)  # what cannot be run is told before a film is read
    return embedder


def _opened(path: Path, threads: int) -> Embedder:
    from rushes.bundles.engines import open_onnxruntime

    data = path.read_bytes()
    digest = digest_of_bytes(data)
    if digest == KNOWN["sface"].sha256:
        return _SFace(path, digest)
    try:
        engine = open_onnxruntime(data, threads)
    except BundleError as error:
        raise WeightsError(f"{path} cannot be read as an ONNX file: {error}") from error
    kind = _kind_of(path, engine)
    if kind is SFACE:
        return _SFace(path, digest)
    return _Onnx(path, engine, kind, digest)


def _kind_of(path: Path, engine: Engine) -> EmbedderKind:
    """Return which network a graph is."""
    shapes = [port.shape for port in engine.inputs.values()]
    outputs = [port.shape for port in engine.outputs.values()]
    fits = len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][0] in (1, None) and shapes[0][1:] == (3, SIDE, SIDE)
    if not fits or len(outputs) != 1 or len(outputs[0]) != 2 or not outputs[0][1]:
        raise WeightsError(
            f"{path} is no network that tells faces apart: it takes {shapes} and gives {outputs}. Needed is one face "
            f"(1, 3, {SIDE}, {SIDE}) -> one vector (1, length), as SFace and MobileFaceNet have it"
        )
    [given], [answered] = engine.inputs, engine.outputs
    for kind in KINDS:
        if (kind.input, kind.output, kind.length) == (given, answered, outputs[0][1]):
            return kind
    return ARCFACE


class _Onnx:
    """A network that ONNX Runtime computes."""

    def __init__(self, path: Path, engine: Engine, kind: EmbedderKind, digest: str) -> None:
        self.kind, self.digest = kind, digest
        self._path = path
        self._engine = engine
        [self._input], [self._output] = engine.inputs, engine.outputs

    def embed(self, picture: Pixels, points: Floats) -> tuple[Floats | None, Pixels]:
        face = aligned(picture, points)
        given = (np.asarray(face, np.float32) - np.array(self.kind.mean, np.float32)) / np.array(
            self.kind.spread, np.float32
        )
        given = np.ascontiguousarray(given.transpose(2, 0, 1)[None])
        try:
            [answer] = self._engine.run([self._output], {self._input: given})
        except Exception as error:  # ONNX Runtime's errors share no base of their own
            raise WeightsError(f"{self._path} cannot be run by ONNX Runtime: {error}") from error
        return unit(np.asarray(answer[0], np.float32)), face


class _SFace:
    """SFace (Zhong et al. 2021) as OpenCV computes it: `alignCrop` and `feature` of FaceRecognizerSF."""

    def __init__(self, path: Path, digest: str) -> None:
        self.kind, self.digest = SFACE, digest
        self._path = path
        self._each = threading.local()
        self._recognizer()

    def embed(self, picture: Pixels, points: Floats) -> tuple[Floats | None, Pixels]:
        import cv2

        recognizer = self._recognizer()
        # What OpenCV reads of a detected face is the points; box and score stand around them.
        row = np.zeros((1, 15), np.float32)
        row[0, 4:14] = points.reshape(-1)
        face = recognizer.alignCrop(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), row)
        try:
            answer = np.asarray(recognizer.feature(face), np.float32).reshape(-1)
        except cv2.error as error:
            raise WeightsError(f"{self._path}: OpenCV {cv2.__version__} cannot run it as SFace: {error}") from error
        return unit(answer), np.asarray(face[:, :, ::-1], np.uint8)

    def _recognizer(self) -> cv2.FaceRecognizerSF:
        """Return the recognizer of this thread: OpenCV's networks are not shared."""
        import cv2

        recognizer: cv2.FaceRecognizerSF | None = getattr(self._each, "recognizer", None)
        if recognizer is None:
            with quiet_opencv():
                try:
                    recognizer = cv2.FaceRecognizerSF.create(str(self._path), "")
                except cv2.error as error:
                    raise WeightsError(f"{self._path}: OpenCV {cv2.__version__} cannot read it as SFace") from error
            self._each.recognizer = recognizer
        return recognizer


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing to stderr: it warns of its own choices while it reads a model."""
    import cv2

    with _reading_lock:
        loud = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            yield
        finally:
            cv2.utils.logging.setLogLevel(loud)


def aligned(picture: Pixels, points: Floats) -> Pixels:
    """Return a face turned, scaled and moved so that its points lie nearest to the template, RGB (112, 112, 3).

    What lies beyond the picture is black. Faces far larger than the result are made smaller first, so that no detail
    is skipped between pixels.
    """
    import cv2

    matrix = similarity(points, TEMPLATE)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        smaller = cv2.resize(picture, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        factors = np.array([smaller.shape[1] / picture.shape[1], smaller.shape[0] / picture.shape[0]], np.float32)
        picture, matrix = np.asarray(smaller, np.uint8), similarity(points * factors, TEMPLATE)
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def similarity(points: Floats, template: Floats) -> npt.NDArray[np.float64]:
    """Return the (2, 3) matrix that turns, scales and moves points nearest to a template; nothing is mirrored."""
    source, target = np.asarray(points, np.float64), np.asarray(template, np.float64)
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    here, there = source - middle, target - goal
    # As complex numbers a turn with a scale is one factor, and the best is that of least squares.
    before, after = here[:, 0] + 1j * here[:, 1], there[:, 0] + 1j * there[:, 1]
    size = float((before.conj() * before).real.sum())
    factor = (before.conj() * after).sum() / size if size > 0 else 1.0 + 0j
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.hstack([turn, (goal - turn @ middle)[:, None]])


def unit(vector: Floats) -> Floats | None:
    """Return a vector at length 1; None of one that has no direction: of zeros, or with what is no number."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length, np.float32) if 0 < length < float("inf") else None
