"""The values that a prediction about shots is: of each shot its answers, of a film its shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from rushes.inference.prediction import Scores, best_class
from rushes.timelines.timeline import Answers, ShotAnswer


@dataclass(frozen=True, slots=True)
class ShotPrediction:
    """A bundle's answers for one shot.

    Attributes:
        number: from 1.
        start, stop: ordinals of its frames, `[start, stop)`.
        start_seconds, stop_seconds: from the film's first frame.
        start_timecode, stop_timecode: SMPTE, as `rushes shots` counts.
        scores: task -> scores; {} where nothing was asked.
        reasons: task -> what was measured that speaks for the answer; a task without such a thing is not in it.
        above: task -> classes whose threshold is reached; a task without thresholds is not in it.
        note: why it was not answered, or what to know of it; "" for nothing.
    """

    number: int
    start: int
    stop: int
    start_seconds: Fraction
    stop_seconds: Fraction
    start_timecode: str
    stop_timecode: str
    scores: Mapping[str, Scores] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""

    @property
    def answers(self) -> Answers:
        """Task -> the most probable class, how probable it is, and the measured reason."""
        return {
            task: ShotAnswer(best, min(1.0, scores[best]), self.reasons.get(task, ""))
            for task, scores in self.scores.items()
            for best in [best_class(scores)]
        }

    def to_table(self) -> dict[str, Any]:
        """Return the prediction as plain values, ready for JSON."""
        return {
            "shot": self.number,
            "start": self.start,
            "stop": self.stop,
            "start_seconds": float(self.start_seconds),
            "stop_seconds": float(self.stop_seconds),
            "start_timecode": self.start_timecode,
            "stop_timecode": self.stop_timecode,
            "answers": {
                task: {
                    "class": answer.class_name,
                    "probability": answer.probability,
                    "reason": answer.reason,
                    "scores": dict(self.scores[task]),
                    **({"above": list(self.above[task])} if task in self.above else {}),
                }
                for task, answer in self.answers.items()
            },
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class ShotsPrediction:
    """A bundle's answers for the shots of one film.

    Attributes:
        source: SHA-256 of the film.
        shots: in order.
        lost_frames: frames of the film that could not be decoded.
        warnings: what a person should know of the file, such as a film that is cut off.
    """

    path: str
    source: str
    shots: tuple[ShotPrediction, ...]
    duration_seconds: Fraction
    lost_frames: int = 0
    warnings: tuple[str, ...] = ()

    def to_table(self) -> dict[str, Any]:
        """Return the prediction as plain values, ready for JSON."""
        return {
            "file": self.path,
            "kind": "shots",
            "source": self.source,
            "duration_seconds": float(self.duration_seconds),
            "lost_frames": self.lost_frames,
            "warnings": list(self.warnings),
            "shots": [shot.to_table() for shot in self.shots],
        }
