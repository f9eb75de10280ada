"""What frames look like by the scan alone."""

from __future__ import annotations

import numpy as np
import pytest

from inference.moving import EDGES, write_moving_film
from rushes.footage.found_shots import FoundShots, find_shots
from rushes.structure.scan_looks import looks_of_scan, rows_of_ordinals, tones_of_scan


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> FoundShots:
    return find_shots(write_moving_film(tmp_path_factory.mktemp("films") / "moving.mp4"), threads=1)


def test_rows_have_length_one_and_frames_of_one_shot_are_nearer(found: FoundShots) -> None:
    ordinals = np.array([EDGES[0] + 2, EDGES[0] + 8, EDGES[1] + 2])
    for rows in (looks_of_scan(found.signals, ordinals), tones_of_scan(found.signals, ordinals)):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
        assert rows[0] @ rows[1] >= rows[0] @ rows[2] - 1e-6


def test_a_black_frame_has_no_look_and_yet_a_tone(found: FoundShots) -> None:
    black = np.array([EDGES[-1] - 1])
    assert np.linalg.norm(looks_of_scan(found.signals, black)) < 1.001
    assert np.isfinite(tones_of_scan(found.signals, black)).all()


def test_a_lost_frame_is_stood_for_by_the_nearest(found: FoundShots) -> None:
    gappy = found.signals.between(0, 10)
    assert rows_of_ordinals(gappy, np.array([0, 4, 9, 50])).tolist() == [0, 4, 9, 9]
