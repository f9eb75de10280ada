"""Orders: what a worker is asked for, and what carries them out in its process.

A process that decodes for strangers holds nothing but the bundles that it needs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.api.workers import Tell
from rushes.bundles.bundle import Bundle, is_of_shots, open_bundle
from rushes.datasets.measured_input import Prepared
from rushes.errors import MediaError
from rushes.footage.sampling import Sampling
from rushes.footage.source import Unreadable
from rushes.inference.bounds import Bounds
from rushes.progress import noting
from rushes.web.encoded import encode_json

if TYPE_CHECKING:
    from rushes.inference.explainer import BundleExplainer
    from rushes.inference.predictor import Predictor
    from rushes.inference.shot_predictor import ShotPredictor

_TOLD_SECONDS = 0.2  # between two things that are told of how far a film is
_PREVIEW_QUALITY = 88
_EXPLAINED_LONG_SIDE = 1024  # pixels of a picture that is explained


@dataclass(frozen=True, slots=True)
class PictureOrder:
    """A still that is to be made ready for a bundle."""

    path: Path
    bundle: str


@dataclass(frozen=True, slots=True, eq=False)
class ReadyPicture:
    """A still as a bundle's graph takes it, and how long that took to make."""

    prepared: Prepared
    seconds: float


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """A film that is to be answered about.

    Attributes:
        beside: what the answer bears beside what is found, ready for JSON.
    """

    path: Path
    bundle: str
    sampling: Sampling
    bounds: Bounds
    beside: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FilmReply:
    """The answer about a film.

    Attributes:
        encoded: a table as JSON. That of a long film is some 20 MB: it is written once, in the process that made it.
        predicted_class: None where no frame could be looked at.
    """

    encoded: bytes
    predicted_class: str | None


@dataclass(frozen=True, slots=True)
class FilmStep:
    """How far a film is: of what is counted, which `note` says; `total` None where that is not known."""

    done: int
    total: int | None
    note: str


@dataclass(frozen=True, slots=True)
class ReasonOrder:
    """A still, or the frame of a film at a time, whose answer is to be explained.

    Attributes:
        class_name: that is explained; None explains the answer.
        overlay: whether the heat is painted over the picture; otherwise it comes alone, clear where there is none.
    """

    path: Path
    bundle: str
    class_name: str | None
    at_seconds: Fraction
    overlay: bool
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Reason:
    """A PNG with heat, and the class that it is of."""

    png: bytes
    class_name: str
    probability: float


@dataclass(frozen=True, slots=True)
class PreviewOrder:
    """A still, or the frame of a film at a time, that is to be shown.

    Attributes:
        long_side: pixels of the longer side, at the most.
    """

    path: Path
    at_seconds: Fraction
    long_side: int
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class PictureMaker:
    """What makes stills ready, in a process; the value itself is small, and travels there."""

    bundles: Mapping[str, Path]

    def __call__(self) -> Pictures:
        """Open the bundles."""
        return Pictures(self.bundles)


class Pictures:
    """Carries out `PictureOrder`s."""

    def __init__(self, bundles: Mapping[str, Path]) -> None:
        """Open bundles of pictures."""
        from rushes.inference.preparer import Preparer

        self._preparers = {name: Preparer(open_bundle(path)) for name, path in bundles.items()}

    def __call__(self, order: PictureOrder, tell: Tell) -> ReadyPicture:
        """Decode and prepare one still."""
        from rushes.footage.pictures import read_picture

        begun, preparer = time.perf_counter(), self._preparers[order.bundle]
        prepared = preparer.prepared(read_picture(order.path, size=preparer.working_size))
        return ReadyPicture(prepared, time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class FilmMaker:
    """What answers about films and gives reasons, in a process.

    Attributes:
        runtime: name of what runs the graphs.
        threads: that compute.
    """

    bundles: Mapping[str, Path]
    runtime: str
    threads: int

    def __call__(self) -> Films:
        """Open nothing yet: a bundle is opened with the first order for it."""
        return Films(self)


class Films:
    """Carries out `FilmOrder`s, `ReasonOrder`s and `PreviewOrder`s."""

    def __init__(self, maker: FilmMaker) -> None:
        """Remember where the bundles are."""
        self._maker = maker
        self._predictors: dict[str, Predictor] = {}
        self._of_shots: dict[str, ShotPredictor] = {}
        self._explainers: dict[str, BundleExplainer] = {}

    def __call__(self, order: FilmOrder | ReasonOrder | PreviewOrder, tell: Tell) -> FilmReply | Reason | bytes:
        """Answer about a film, explain an answer, or show a picture as a JPEG.

        Raises:
            MediaError: the file cannot be read, or is beyond its bounds.
        """
        if isinstance(order, ReasonOrder):
            return self._reason(order)
        if isinstance(order, PreviewOrder):
            return _preview(order)
        of_shots = is_of_shots(self._maker.bundles[order.bundle])
        table = (self._shots(order, tell) if of_shots else self._film(order, tell)) | dict(order.beside)
        return FilmReply(encode_json(table), table["predicted_class"])

    def _film(self, order: FilmOrder, tell: Tell) -> dict[str, Any]:
        from rushes.inference.predict import predict_video

        predictor = self._predictor(order.bundle)
        progress = noting(_Throttled(tell), "frames answered")
        found = predict_video(predictor, order.path, sampling=order.sampling, bounds=order.bounds, progress=progress)
        if isinstance(found, Unreadable):
            raise MediaError(order.path, found.reason)
        table = found.to_table()
        sums = {name: sum(frame.scores[name] for frame in found.frames) for name in found.scores}
        del table["file"]
        return table | {"confidence_sums": sums}

    def _shots(self, order: FilmOrder, tell: Tell) -> dict[str, Any]:
        from rushes.footage.video import index_video
        from rushes.inference.predict_shots import predict_shots
        from rushes.inference.shot_verdict import verdict_of_shots

        order.bounds.check(order.path, index_video(order.path))
        found = predict_shots(
            self._shot_predictor(order.bundle), order.path, threads=self._maker.threads, progress=_Throttled(tell)
        )
        if isinstance(found, Unreadable):
            raise MediaError(order.path, found.reason)
        return verdict_of_shots(found)

    def _reason(self, order: ReasonOrder) -> Reason:
        from dataclasses import replace

        import numpy as np

        from rushes.evaluation.explanation import paint_occlusion, tint_occlusion
        from rushes.evaluation.occlusion import occlude
        from rushes.evaluation.painted_heat import view_of
        from rushes.footage.picture import encode_picture, resize

        explainer = self._explainer(order.bundle)
        pixels = _look_at(order, _EXPLAINED_LONG_SIDE)
        prepared = explainer.prepared(pixels)
        named = order.class_name
        occlusion = occlude(
            lambda covered: explainer.probabilities([replace(prepared, pixels=one) for one in covered]),
            prepared.pixels,
            class_index=None if named is None else explainer.classes.index(named),
            view=view_of(resize(pixels, explainer.working_size), explainer.preprocessing),
        )
        paint = paint_occlusion if order.overlay else tint_occlusion
        painted = paint(pixels, prepared.pixels, explainer.preprocessing, occlusion)
        return Reason(
            encode_picture(np.ascontiguousarray(painted), "png"),
            explainer.classes[occlusion.class_index],
            occlusion.probability,
        )

    def _opened(self, name: str) -> Bundle:
        return open_bundle(self._maker.bundles[name])

    def _predictor(self, name: str) -> Predictor:
        from rushes.inference.predictor import Predictor

        if name not in self._predictors:
            self._predictors[name] = Predictor(
                self._opened(name), threads=self._maker.threads, runtime=self._maker.runtime
            )
        return self._predictors[name]

    def _shot_predictor(self, name: str) -> ShotPredictor:
        from rushes.bundles.shot_bundle import open_shot_bundle
        from rushes.inference.shot_predictor import ShotPredictor

        if name not in self._of_shots:
            bundle = open_shot_bundle(self._maker.bundles[name])
            self._of_shots[name] = ShotPredictor(bundle, threads=self._maker.threads, runtime=self._maker.runtime)
        return self._of_shots[name]

    def _explainer(self, name: str) -> BundleExplainer:
        from rushes.inference.explainer import BundleExplainer

        if name not in self._explainers:
            self._explainers[name] = BundleExplainer(self._opened(name), threads=self._maker.threads)
        return self._explainers[name]


class _Throttled:
    """Progress that is told a few times a second, whatever happens in between."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._told_at = tell, 0.0

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        now = time.monotonic()
        if now - self._told_at >= _TOLD_SECONDS or (total is not None and done >= total):
            self._told_at = now
            self._tell(FilmStep(done, total, note))


def _preview(order: PreviewOrder) -> bytes:
    from rushes.footage.picture import encode_picture

    return encode_picture(_look_at(order, order.long_side), "jpeg", _PREVIEW_QUALITY)


def _look_at(order: ReasonOrder | PreviewOrder, long_side: int) -> Any:
    """Return the pixels of a still, or of a film at a time, no longer than `long_side`: (height, width, 3) RGB."""
    from rushes.footage.kinds import kind_of
    from rushes.footage.picture import PictureSize, resize
    from rushes.footage.pictures import read_picture

    size = PictureSize(long_side)
    if kind_of(order.path) == "video":
        return resize(_frame_at(order), size)
    return read_picture(order.path, size=size)


def _frame_at(order: ReasonOrder | PreviewOrder) -> Any:
    """Return the pixels of a film's frame that is shown at a time."""
    from rushes.footage.video import DecodedFrame, decode_frames, index_video

    index = index_video(order.path)
    order.bounds.check(order.path, index)
    if order.at_seconds > index.duration_seconds:
        lasts = float(index.duration_seconds)
        raise MediaError(order.path, f"lasts {lasts:.2f} s and has no frame at {float(order.at_seconds):.2f} s. "
                                     "Ask for an earlier one")  # fmt: skip
    last = index.frame_count - 1
    ordinal = next((at for at in range(last) if index.seconds_at(at + 1) > order.at_seconds), last)
    for frame in decode_frames(order.path, index, [ordinal]):
        if isinstance(frame, DecodedFrame):
            return frame.pixels
    raise MediaError(
        order.path, f"its frame at {float(order.at_seconds):.2f} s cannot be decoded. Ask for another time"
    )
