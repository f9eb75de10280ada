"""What the camera does in each shot of a film, as the model that comes with rushes reads it from the scan."""

from __future__ import annotations

from collections.abc import Sequence

from rushes.footage.movement_model import read_movement
from rushes.footage.shot import Shot
from rushes.footage.signals import Signals
from rushes.timelines.timeline import Answers, ShotAnswer

TASK = "movement"


def answer_movement(signals: Signals, shots: Sequence[Shot]) -> list[Answers]:
    """Return the movement of each shot; nothing of a blank one, and of one in which nothing could be measured."""
    return [_answer(signals, shot) for shot in shots]


def _answer(signals: Signals, shot: Shot) -> Answers:
    if shot.blank:
        return {}
    movement = read_movement(signals, shot.start, shot.stop)
    if movement.note is not None:
        return {}
    best = movement.predicted_class
    return {TASK: ShotAnswer(best, min(1.0, movement.scores[best]), movement.reason)}
