"""Where the subject of a picture is, on drawn pictures whose subject is known, and on real faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from footage.spliced import pan
from rushes.errors import WeightsError
from rushes.footage.pictures import read_picture
from rushes.footage.subject import GRID, Faces, people_map, salient_map, subject_maps

HEIGHT, WIDTH = 180, 320


def grass(seed: int = 0) -> np.ndarray:
    """Return an even texture."""
    dice = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(dice.normal(0, 25, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 1.5)
    return np.clip(np.array([70, 120, 60]) + noise, 0, 255).astype(np.uint8)


def with_ball(picture: np.ndarray, across: float, down: float, *, radius: int = 22) -> np.ndarray:
    shown = picture.copy()
    cv2.circle(shown, (round(across * WIDTH), round(down * HEIGHT)), radius, (200, 40, 40), -1)
    return shown


def middle_of(one: np.ndarray) -> tuple[float, float]:
    """Return (across, down) of a map's brightest tenth, as shares of the sides."""
    rows, columns = np.nonzero(one >= np.quantile(one, 0.95))
    return (columns.mean() + 0.5) / GRID, (rows.mean() + 0.5) / GRID


@pytest.mark.parametrize(("across", "down"), [(0.3, 0.3), (0.5, 0.5), (0.75, 0.6), (0.25, 0.7)])
def test_a_ball_on_grass_stands_out(across: float, down: float) -> None:
    found = salient_map(with_ball(grass(), across, down))
    assert found.shape == (GRID, GRID)
    assert middle_of(found) == pytest.approx((across, down), abs=0.1)
    inside = found[round(down * GRID - 0.5), round(across * GRID - 0.5)]
    assert inside > 3 * np.median(found)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_stands_out_of_one_even_colour(level: int) -> None:
    assert salient_map(np.full((HEIGHT, WIDTH, 3), level, np.uint8)).max() == 0


def test_gray_pictures_have_subjects_too() -> None:
    gray = cv2.cvtColor(with_ball(grass(), 0.3, 0.6, radius=30), cv2.COLOR_RGB2GRAY)[:, :, None] // 2
    gray[gray < 40] = 10
    assert salient_map(gray).max() > 0
    assert subject_maps([gray, gray]).shape == (2, GRID, GRID)


def test_what_moves_against_the_camera_is_found_though_it_looks_like_the_rest() -> None:
    whole = pan(4, 8, 4.0)
    patch = whole[0][60:100, 100:140].copy()
    frames = []
    for number, frame in enumerate(whole):
        shown = frame.copy()
        left = 60 + 14 * number  # the picture goes left, the patch goes right
        shown[70:110, left : left + 40] = patch
        frames.append(shown)
    maps = subject_maps(frames).astype(int)
    still_maps = np.stack([subject_maps([frame])[0] for frame in frames]).astype(int)
    for number in (2, 4, 6):
        column = int((60 + 14 * number + 20) / WIDTH * GRID)
        row = int(90 / HEIGHT * GRID)
        nearby = maps[number, row - 1 : row + 2, column - 1 : column + 2].mean()
        before = still_maps[number, row - 1 : row + 2, column - 1 : column + 2].mean()
        elsewhere = maps[number].mean()
        assert nearby > 1.5 * elsewhere
        assert nearby / elsewhere > before / still_maps[number].mean()


def test_people_are_their_heads_and_what_is_under_them() -> None:
    one = people_map(np.array([[0.45, 0.2, 0.1, 0.12]], np.float32))
    assert one.max() == pytest.approx(1)
    column = GRID // 2
    assert one[3, column] > one[8, column] > 0.5
    assert one[8, 0] == one[0, column] == 0
    assert one[:, : GRID // 2].sum() == pytest.approx(one[:, GRID // 2 :].sum(), rel=1e-5)


def test_no_face_is_no_person() -> None:
    assert people_map(np.zeros((0, 4), np.float32)).max() == 0


@settings(max_examples=20)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(8, 40), st.integers(8, 40), st.just(3))))
def test_any_pictures_have_maps_of_the_same_form(pictures: np.ndarray) -> None:
    maps = subject_maps(list(pictures))
    assert maps.shape == (len(pictures), GRID, GRID)
    assert maps.dtype == np.uint8
    np.testing.assert_array_equal(maps, subject_maps(list(pictures)))


def test_a_face_is_found_and_rules_the_map(media: Path) -> None:
    faces = Faces(media / "weights" / "face_detection_yunet_n_640.onnx")
    picture = read_picture(media / "images" / "woman_talkshow" / "frames" / "shot0005.png")
    found = faces.find(picture)
    assert len(found)
    left, top, width, height = max(found.tolist(), key=lambda face: face[2] * face[3])
    (one,) = subject_maps([picture], faces=faces)
    assert one[min(GRID - 1, int((top + height / 2) * GRID)), min(GRID - 1, int((left + width / 2) * GRID))] > 150
    assert len(faces.find(grass())) == 0


def test_a_file_that_is_no_detector_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        Faces(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsError, match="no face detector"):
        Faces(tmp_path / "text.onnx")
