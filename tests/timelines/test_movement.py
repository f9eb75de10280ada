"""What the camera does in each shot, as the model that comes with rushes reads it."""

from __future__ import annotations

from pathlib import Path

from inference.moving import write_moving_film
from rushes.footage.found_shots import find_shots
from rushes.footage.shot import Shot
from rushes.timelines.movement import answer_movement


def test_shots_that_rest_push_in_and_pan_are_told_apart_and_a_black_one_is_not_answered(tmp_path: Path) -> None:
    found = find_shots(write_moving_film(tmp_path / "moving.mp4"), threads=1)
    rest, push, pan, black = answer_movement(found.signals, found.shots)
    assert [one["movement"].class_name for one in (rest, push, pan)] == ["static", "push", "motion"]
    assert push["movement"].reason.startswith("zoom ×1.5")
    assert "pans right" in pan["movement"].reason
    assert black == {}


def test_a_shot_too_short_to_measure_has_no_answer(tmp_path: Path) -> None:
    found = find_shots(write_moving_film(tmp_path / "moving.mp4", shots=("rest",)), threads=1)
    assert answer_movement(found.signals, [Shot(found.source.digest, 3, 4, None, 3, 3)]) == [{}]
