"""The values that a prediction is: of a picture, of a video with its timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.footage.source import MediaKind, Unreadable

Scores = Mapping[str, float]  # class -> probability, in the order of the bundle's classes


@dataclass(frozen=True, slots=True)
class PicturePrediction:
    """A bundle's scores for one photograph or raw.

    Attributes:
        above: classes whose threshold is reached; None of a bundle without thresholds.
    """

    path: str
    kind: MediaKind
    scores: Scores
    above: tuple[str, ...] | None = None

    @property
    def predicted_class(self) -> str:
        return best_class(self.scores)

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return self.scores[self.predicted_class]

    def to_table(self) -> dict[str, Any]:
        """Return the prediction as plain values, ready for JSON."""
        return {"file": self.path, "kind": self.kind} | _answer(self.scores) | _above(self.above)


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """A bundle's scores for one sampled frame of a video.

    Attributes:
        seconds: time since the first frame.
        timecode: `HH:MM:SS:FF`, counted from the first frame.
        above: classes whose threshold is reached; None of a bundle without thresholds.
    """

    ordinal: int
    seconds: Fraction
    timecode: str
    scores: Scores
    above: tuple[str, ...] | None = None

    def to_table(self) -> dict[str, Any]:
        """Return the prediction as plain values, ready for JSON."""
        place = {"ordinal": self.ordinal, "seconds": float(self.seconds), "timecode": self.timecode}
        return place | _answer(self.scores) | _above(self.above)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a film something begins or ends: an ordinal, the time since the first frame, and the timecode."""

    ordinal: int
    seconds: Fraction
    timecode: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a video whose sampled frames all have one answer, or a shot, `[start, stop)`.

    Attributes:
        start, stop: ordinals of frames. A sampled frame speaks for all frames up to the next sampled one.
        scores: mean over its sampled frames.
        sampled_frames: how many there are.
    """

    start: int
    stop: int
    start_seconds: Fraction
    stop_seconds: Fraction
    start_timecode: str
    stop_timecode: str
    predicted_class: str
    scores: Scores
    sampled_frames: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop or not self.start_seconds <= self.stop_seconds or self.sampled_frames < 1:
            raise ValueError(f"a segment needs 0 <= start < stop and a sampled frame, got {self!r}")

    @property
    def confidence(self) -> float:
        """The mean probability of the predicted class."""
        return self.scores[self.predicted_class]

    def to_table(self) -> dict[str, Any]:
        """Return the segment as plain values, ready for JSON."""
        return {
            "start": self.start,
            "stop": self.stop,
            "start_seconds": float(self.start_seconds),
            "stop_seconds": float(self.stop_seconds),
            "start_timecode": self.start_timecode,
            "stop_timecode": self.stop_timecode,
            "predicted_class": self.predicted_class,
            "confidence": self.confidence,
            "scores": dict(self.scores),
            "sampled_frames": self.sampled_frames,
        }


@dataclass(frozen=True, slots=True)
class VideoPrediction:
    """A bundle's scores for a video: the mean over its sampled frames, and what is when.

    Attributes:
        scores: mean over all sampled frames.
        frames: the sampled frames in order.
        timeline: segments in order; without gap from the first sampled frame to the end, or, where frames of each
            shot were looked at, the shots themselves, without those that show nothing.
        lost_frames: how many frames should have been looked at and could not be decoded.
        warnings: what a person should know of the file, such as a film that is cut off.
    """

    path: str
    scores: Scores
    frames: tuple[FramePrediction, ...]
    timeline: tuple[Segment, ...]
    duration_seconds: Fraction
    lost_frames: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def predicted_class(self) -> str:
        return best_class(self.scores)

    @property
    def frames_above(self) -> dict[str, int] | None:
        """Class -> how many sampled frames reach its threshold, where any does; None of a bundle without thresholds.

        A threshold is of single frames: the mean over a video is never held against it.
        """
        if any(frame.above is None for frame in self.frames):
            return None
        counts = Counter(name for frame in self.frames for name in frame.above or ())
        return {name: counts[name] for name in self.scores if counts[name]}

    @property
    def confidence(self) -> float:
        """The mean probability of the predicted class."""
        return self.scores[self.predicted_class]

    def to_table(self) -> dict[str, Any]:
        """Return the verdict and the timeline as plain values, ready for JSON; the frames have tables of their own."""
        return (
            {"file": self.path, "kind": "video"}
            | _answer(self.scores)
            | {
                "duration_seconds": float(self.duration_seconds),
                "sampled_frames": len(self.frames),
                "lost_frames": self.lost_frames,
                **({} if self.frames_above is None else {"frames_above": self.frames_above}),
                "warnings": list(self.warnings),
                "timeline": [segment.to_table() for segment in self.timeline],
            }
        )


Prediction = PicturePrediction | VideoPrediction | Unreadable


def best_class(scores: Scores) -> str:
    """Return the most probable class; of equal ones, the first."""
    return max(scores, key=lambda name: scores[name])


def name_scores(classes: Sequence[str], probabilities: npt.NDArray[np.float32]) -> dict[str, float]:
    """Return class -> probability for one row of probabilities, (classes,)."""
    return {name: float(value) for name, value in zip(classes, probabilities, strict=True)}


def find_above(scores: Scores, thresholds: Mapping[str, float] | None) -> tuple[str, ...] | None:
    """Return the classes whose threshold is reached, in the order of the scores; None without thresholds."""
    if thresholds is None:
        return None
    return tuple(name for name, score in scores.items() if name in thresholds and score >= thresholds[name])


def pool_scores(frame_scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Combine the scores of a video's frames into one score per class: their mean.

    Args:
        frame_scores: (frames, classes), probabilities in [0, 1], float32.

    Returns:
        (classes,), float32, summing to 1.

    Raises:
        ValueError: there are no frames.
    """
    if frame_scores.ndim != 2 or not len(frame_scores):
        raise ValueError(f"scores of at least one frame are needed, (frames, classes); got {frame_scores.shape}")
    mean = frame_scores.astype(np.float64).mean(axis=0)
    return np.asarray(mean / mean.sum(), np.float32)


def plan_timeline(
    frames: Sequence[FramePrediction], *, stop: int, stop_seconds: Fraction, stop_timecode: str
) -> tuple[Segment, ...]:
    """Join sampled frames of one answer into segments, up to the end of the video.

    Args:
        frames: in order of their ordinals; each speaks up to the next, the last up to `stop`.
        stop: ordinal after the video's last frame; `stop_seconds` and `stop_timecode` are where that would be.
    """
    runs: list[list[FramePrediction]] = []
    for frame in frames:
        if runs and best_class(runs[-1][-1].scores) == best_class(frame.scores):
            runs[-1].append(frame)
        else:
            runs.append([frame])
    starts = [Place(run[0].ordinal, run[0].seconds, run[0].timecode) for run in runs]
    stops = [*starts[1:], Place(stop, stop_seconds, stop_timecode)]
    return tuple(
        _segment(run, start, end, best_class(run[0].scores))
        for run, start, end in zip(runs, starts, stops, strict=False)
    )


def plan_shot_timeline(frames: Sequence[FramePrediction], shots: Sequence[tuple[Place, Place]]) -> tuple[Segment, ...]:
    """Return a segment for each shot that a sampled frame lies in, with its own cuts; the class is that of their mean.

    Args:
        shots: where each begins, and where it ends.
    """
    segments = []
    for start, stop in shots:
        inside = [frame for frame in frames if start.ordinal <= frame.ordinal < stop.ordinal]
        if inside:
            segments.append(_segment(inside, start, stop, best_class(_mean_of(inside))))
    return tuple(segments)


def _segment(frames: Sequence[FramePrediction], start: Place, stop: Place, predicted_class: str) -> Segment:
    return Segment(
        start=start.ordinal,
        stop=stop.ordinal,
        start_seconds=start.seconds,
        stop_seconds=stop.seconds,
        start_timecode=start.timecode,
        stop_timecode=stop.timecode,
        predicted_class=predicted_class,
        scores=_mean_of(frames),
        sampled_frames=len(frames),
    )


def _mean_of(frames: Sequence[FramePrediction]) -> Scores:
    classes = list(frames[0].scores)
    table = np.array([[frame.scores[name] for name in classes] for frame in frames], np.float32)
    return name_scores(classes, pool_scores(table))


def _above(above: tuple[str, ...] | None) -> dict[str, Any]:
    return {} if above is None else {"above": list(above)}


def _answer(scores: Scores) -> dict[str, Any]:
    best = best_class(scores)
    return {"predicted_class": best, "confidence": scores[best], "scores": dict(scores)}
