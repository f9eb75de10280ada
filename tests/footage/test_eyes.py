"""Open and shut eyes, on drawn ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from footage.photographed import blurred, grainy
from rushes.footage.eyes import eye_patches, openness_of


def face(*, shut: bool, turn: float = 0.0, size: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return a gray picture with two eyes, and where they are, (2, 2) across and down."""
    picture = np.full((240, 320), 170, np.uint8)
    eyes = np.array([[110.0, 120.0], [210.0, 120.0]])
    for across, down in eyes.astype(int).tolist():
        cv2.ellipse(picture, (across, down - 26), (28, 6), 0, 0, 360, 90, -1)  # the brow
        if shut:
            cv2.ellipse(picture, (across, down - 2), (24, 7), 0, 0, 180, 60, 4)
        else:
            cv2.ellipse(picture, (across, down), (24, 11), 0, 0, 360, 225, -1)
            cv2.circle(picture, (across, down), 10, 60, -1)
            cv2.ellipse(picture, (across, down), (25, 12), 0, 180, 360, 80, 3)
    matrix = cv2.getRotationMatrix2D((160, 120), -turn, size)
    turned = cv2.warpAffine(picture, matrix, (320, 240), borderValue=170, flags=cv2.INTER_AREA)
    return blurred(turned, 1.0), eyes @ matrix[:, :2].T + matrix[:, 2]


def openness(*, shut: bool, turn: float = 0.0, size: float = 1.0) -> float:
    return openness_of(eye_patches(*face(shut=shut, turn=turn, size=size)))


@pytest.mark.parametrize("turn", [-25, 0, 15])
@pytest.mark.parametrize("size", [0.4, 1.0])
def test_drawn_eyes_are_told_open_from_shut(turn: float, size: float) -> None:
    assert openness(shut=False, turn=turn, size=size) > 0.8
    assert openness(shut=True, turn=turn, size=size) < 0.2


def test_patches_are_upright_and_of_one_size() -> None:
    straight, tilted = (eye_patches(*face(shut=False, turn=turn)) for turn in (0, 30))
    assert straight.shape == tilted.shape
    assert np.abs(straight.astype(float) - tilted).mean() < 12


@pytest.mark.parametrize("grain", [0.0, 1.0])
def test_of_bare_skin_nothing_is_said(grain: float) -> None:
    assert np.isnan(openness_of(grainy(np.full((2, 28, 40), 170, np.uint8), grain)))


def test_an_eye_in_the_dark_leaves_it_to_the_other() -> None:
    patches = eye_patches(*face(shut=False))
    patches[1] = 10
    assert openness_of(patches) > 0.8
