"""How shots of train are turned around, and what they weigh."""

from __future__ import annotations

import numpy as np

from footage.spliced import write_frames
from learning.tiny_shots import MOVEMENT, SCALE, clip_frames
from rushes.footage.movement import SERIES_COLUMNS, motion_series
from rushes.footage.scan import scan_film
from rushes.footage.video import index_video
from rushes.learning.shot_lessons import _EVEN, _turned_around, series_backwards

ODD = {"pan_x", "pan_y", "zoom", "roll", "ring_zoom", "outward", "ring_pan_x", "ring_pan_y", "centre_zoom", "zoom_x",
       "zoom_y", "spread_zoom", "spread_vote", "focus_vote"}  # fmt: skip


def test_every_column_of_a_series_is_known_to_be_even_or_odd() -> None:
    assert {name.removeprefix("slow_") for name in SERIES_COLUMNS} == ODD | _EVEN
    assert not ODD & _EVEN


def test_a_series_turned_around_is_that_of_the_film_played_backwards(tmp_path) -> None:
    frames = clip_frames("push", scale="close", seed=3)
    found = {}
    for name, shown in (("forth", frames), ("back", frames[::-1])):
        path = write_frames(tmp_path / f"{name}.mp4", shown, rate=24)
        signals = scan_film(path, index_video(path), source="").signals
        found[name] = motion_series(signals, 0, len(frames)).values.astype(np.float32)
    forth = found["forth"][None]
    turned, _ = series_backwards(forth, np.ones(forth.shape[:2], bool))
    for column in ("zoom", "support", "found", "step", "away", "outward"):
        place = SERIES_COLUMNS.index(column)
        one, other = turned[0, :, place].mean(), found["back"][:, place].mean()
        assert np.sign(one) == np.sign(other), column
        # The two films are coded apart, and their pictures differ by the processor that codes them.
        assert abs(one - other) < 0.75 * abs(other) + 0.02, column


def test_only_a_task_of_the_four_movements_is_turned_around() -> None:
    assert _turned_around(MOVEMENT) is not None
    assert _turned_around(SCALE) is None
