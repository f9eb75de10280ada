"""Explained answers as values: of pictures, and of videos with what changes when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing
from rushes.evaluation.occlusion import Occlusion, describe_agreement, describe_fall
from rushes.evaluation.painted_heat import find_seen, paint_heat, tint_heat
from rushes.evaluation.scores import Score
from rushes.evaluation.thumbnails import Thumbnail, shrink
from rushes.learning.known_samples import KnownSample

SIDE_PIXELS = 360
LEAST_CHANGE = 0.1  # of all probability that moves from one sampled frame to the next, for it to be called a change
# A fall below this fills no map with colour: the map of an answer that nothing moves stays nearly plain.
_FULL_COLOUR = 0.1

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A training sample that a picture looks like to the model.

    Attributes:
        likeness: cosine of standardised features; 1 is the same to the model, which another frame may be too.
        picture: WebP bytes; empty where it cannot be read.
    """

    sample: KnownSample
    likeness: float
    picture: bytes

    def to_table(self) -> dict[str, Any]:
        one = self.sample
        place = {"name": one.name, "class": one.class_name, "group": one.group, "timecode": one.timecode}
        return place | {"likeness": round(self.likeness, 4)}


@dataclass(frozen=True, slots=True)
class FrameOf:
    """Where in a video a frame stands, and how much of all probability moved since the sampled frame before."""

    ordinal: int
    seconds: float
    timecode: str
    change: float


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedPicture:
    """One answer with the reasons that could be had for it.

    Attributes:
        sha256: digest of the picture's file, in hex; "" where it is a frame of a video.
        probabilities: (classes,).
        class_index: the class that is explained.
        picture, covered: the picture, and the occlusion map over it; `warm` is the heat over it, where there is one.
        agreement: of heat and occlusion; None where there is no heat.
        lookalikes: the training samples that it looks like, the most alike first.
    """

    path: str
    kind: str
    probabilities: npt.NDArray[np.float32]
    class_index: int
    picture: Thumbnail
    covered: Thumbnail
    warm: Thumbnail | None
    occlusion: Occlusion
    agreement: Score | None
    lookalikes: tuple[Lookalike, ...]
    frame: FrameOf | None = None
    sha256: str = ""

    def is_same(self, lookalike: Lookalike) -> bool:
        """Return whether a training sample is known to be this very picture: by the digests of both files."""
        return bool(self.sha256) and lookalike.sample.sha256 == self.sha256

    @property
    def answered_index(self) -> int:
        return int(self.probabilities.argmax())

    def to_table(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return the explanation as plain values, ready for JSON."""
        place = {} if self.frame is None else {
            "ordinal": self.frame.ordinal, "seconds": self.frame.seconds, "timecode": self.frame.timecode,
            "change": round(self.frame.change, 4),
        }  # fmt: skip
        agreement = None if self.agreement is None else {
            "rank_correlation": self.agreement.value, "said": describe_agreement(self.agreement)}  # fmt: skip
        return place | {
            "file": self.path,
            "kind": self.kind,
            "predicted_class": classes[self.answered_index],
            "explained_class": classes[self.class_index],
            "scores": {name: float(value) for name, value in zip(classes, self.probabilities, strict=True)},
            "said": describe_fall(self.occlusion, tuple(classes)),
            "occlusion": self.occlusion.to_table(),
            "agreement": agreement,
            "neighbours": [one.to_table() | {"same_file": self.is_same(one)} for one in self.lookalikes],
        }


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a video with one answer."""

    start_seconds: float
    stop_seconds: float
    start_timecode: str
    stop_timecode: str
    class_name: str
    probability: float

    def to_table(self) -> dict[str, Any]:
        return {
            "start_seconds": self.start_seconds,
            "stop_seconds": self.stop_seconds,
            "start_timecode": self.start_timecode,
            "stop_timecode": self.stop_timecode,
            "predicted_class": self.class_name,
            "confidence": self.probability,
        }


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedVideo:
    """A video's answers over time, with reasons for some of its frames.

    Attributes:
        seconds: (frames,) of the sampled frames.
        timecodes: (frames,).
        probabilities: (frames, classes).
        shown: the frames with reasons, in order of time.
        notes: what was left out, in sentences.
    """

    path: str
    duration_seconds: float
    seconds: tuple[float, ...]
    timecodes: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    timeline: tuple[Stretch, ...]
    shown: tuple[ExplainedPicture, ...]
    notes: tuple[str, ...] = ()

    def to_table(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return the explanation as plain values, ready for JSON."""
        return {
            "file": self.path,
            "kind": "video",
            "duration_seconds": self.duration_seconds,
            "sampled_frames": len(self.seconds),
            "timeline": [stretch.to_table() for stretch in self.timeline],
            "frames": [one.to_table(classes) for one in self.shown],
            "notes": list(self.notes),
        }


def picture_maps(
    pixels: Pixels, prepared: Pixels, shown: Preprocessing, *, heat: Floats | None, occlusion: Occlusion
) -> tuple[Thumbnail, Thumbnail, Thumbnail | None]:
    """Return a picture, the occlusion map over it, and the heat over it, small and in the picture's own shape.

    Maps lie over the picture in grey, so that orange and blue are never the picture's own.

    Args:
        pixels: (height, width, 3), as it is; `prepared` as the model was shown it.
        heat: (rows, columns), 0 to 1, over the whole of what the model was shown.
    """
    box = find_seen([pixels], shown)
    under, seen = _in_grey(pixels), _in_grey(prepared)
    covered = paint_occlusion(pixels, prepared, shown, occlusion)
    warm = None if heat is None else paint_heat(under, seen, heat, shown, box)
    return (
        shrink(pixels, side_pixels=SIDE_PIXELS),
        shrink(covered, side_pixels=SIDE_PIXELS),
        None if warm is None else shrink(warm, side_pixels=SIDE_PIXELS),
    )


def paint_occlusion(pixels: Pixels, prepared: Pixels, shown: Preprocessing, occlusion: Occlusion) -> Pixels:
    """Return a picture in grey, in its own size, with the occlusion map over it."""
    falls = _share_of_most(occlusion, prepared)
    return paint_heat(_in_grey(pixels), _in_grey(prepared), falls, shown, find_seen([pixels], shown))


def tint_occlusion(pixels: Pixels, prepared: Pixels, shown: Preprocessing, occlusion: Occlusion) -> Pixels:
    """Return the occlusion map alone, to be laid over the picture: (height, width, 4) RGBA."""
    falls, size = _share_of_most(occlusion, prepared), (prepared.shape[0], prepared.shape[1])
    return tint_heat((pixels.shape[0], pixels.shape[1]), size, falls, shown, find_seen([pixels], shown))


def _share_of_most(occlusion: Occlusion, prepared: Pixels) -> npt.NDArray[np.float32]:
    """Return the falls over all that the model is shown as shares of the deepest, -1 to 1."""
    falls = _over_all(occlusion, (prepared.shape[0], prepared.shape[1]))
    return np.asarray(falls / max(float(np.abs(occlusion.falls).max()), _FULL_COLOUR), np.float32)


def _over_all(occlusion: Occlusion, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return the falls over all that the model is shown, (height, width): none on padding."""
    import cv2

    top, bottom, left, right = occlusion.view.pixels(*size)
    falls = occlusion.falls.astype(np.float32)
    spread = cv2.resize(falls, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    whole = np.zeros(size, np.float32)
    # Cubic interpolation goes beyond the values: what nowhere rises must not be drawn as if it did.
    whole[top:bottom, left:right] = spread.clip(falls.min(), falls.max())
    return whole


def _in_grey(pixels: Pixels) -> Pixels:
    import cv2

    if pixels.shape[2] == 1:
        return pixels
    return np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def measure_changes(probabilities: Floats) -> npt.NDArray[np.float64]:
    """Return how much of all probability moved since the frame before, (frames,), 0 to 1; 0 for the first."""
    moved = np.abs(np.diff(np.asarray(probabilities, np.float64), axis=0)).sum(axis=1) / 2
    return np.concatenate([[0.0], moved]) if len(probabilities) else np.zeros(0)


def choose_frames(probabilities: Floats, count: int) -> list[int]:
    """Return at most `count` frames worth a reason, in order: half for the strongest changes, the rest evenly spread.

    Args:
        probabilities: (frames, classes) over time.
    """
    changes = measure_changes(probabilities)
    if len(changes) <= count:
        return list(range(len(changes)))
    ranked = [int(row) for row in np.argsort(-changes, kind="stable") if changes[row] >= LEAST_CHANGE]
    chosen = set(ranked[: count // 2])
    for row in np.linspace(0, len(changes) - 1, count).round().astype(int).tolist():
        if len(chosen) < count:
            chosen.add(row)
    return sorted(chosen)
