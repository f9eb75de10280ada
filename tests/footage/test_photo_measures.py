"""The measures of whole photographs, drawn and real."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footage.photographed import blurred, coloured, confetti, grainy, landscape, real_pictures, shaken, turned
from rushes.footage.photo_measures import LONG_SIDE, MEASURES, VECTOR_NAMES, measure_photograph, vector_of
from rushes.footage.pictures import read_picture
from rushes.footage.subject import Faces

SHARES = [name for name in MEASURES if name not in ("faces", "horizon", "noise")]


@pytest.fixture(scope="module")
def faces(media: Path) -> Faces:
    return Faces(media / "weights" / "face_detection_yunet_n_640.onnx")


@pytest.fixture(scope="module")
def photographs(media: Path) -> list[np.ndarray]:
    return real_pictures(media, 8)


@settings(max_examples=25)
@given(size=st.tuples(st.integers(1, 90), st.integers(1, 90)), seed=st.integers(0, 99), level=st.integers(0, 255))
def test_any_picture_has_measures_within_their_ranges(size: tuple[int, int], seed: int, level: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    for picture in (noise, np.full((*size, 3), level, np.uint8)):
        found = measure_photograph(picture)
        assert np.isfinite(vector_of(found)).all()
        for name in SHARES:
            value = getattr(found, name)
            assert np.isnan(value) or 0 <= value <= 1, name


def test_without_a_detector_nothing_is_said_of_faces() -> None:
    found = measure_photograph(coloured(confetti()))
    assert np.isnan([found.faces, found.face_share, found.eye_sharpness, found.eyes_open]).all()
    vector = dict(zip(VECTOR_NAMES, vector_of(found).tolist(), strict=True))
    assert vector["faces"] == vector["faces is known"] == 0


def test_a_large_picture_is_measured_at_the_long_side() -> None:
    large = coloured(confetti(width=2048, height=1366))
    small = cv2.resize(large, (LONG_SIDE, 683), interpolation=cv2.INTER_AREA)
    assert astuple(measure_photograph(large)) == pytest.approx(astuple(measure_photograph(small)), nan_ok=True)


def test_light_is_what_it_was_painted() -> None:
    picture = np.full((100, 100, 3), 128, np.uint8)
    picture[:, :12], picture[:, 90:] = 255, 0
    found = measure_photograph(picture)
    assert (found.clipped_bright, found.clipped_dark) == (0.12, 0.1)
    assert found.brightness == pytest.approx(0.12 + 0.78 * 128 / 255, abs=1e-3)


def test_a_picture_and_its_mirror_differ_in_the_tilt_alone(photographs: list[np.ndarray]) -> None:
    for picture in [*photographs[:4], coloured(landscape(3.0))]:
        one, other = (measure_photograph(np.ascontiguousarray(way)) for way in (picture, picture[:, ::-1]))
        assert other.symmetry == pytest.approx(one.symmetry, abs=0.01)
        assert other.sharpness == pytest.approx(one.sharpness, abs=0.03)
        assert other.balance == pytest.approx(one.balance, abs=0.05)
        if np.isfinite(one.horizon) and np.isfinite(other.horizon):
            assert other.horizon == pytest.approx(-one.horizon, abs=0.5)
    assert measure_photograph(coloured(landscape(3.0))).horizon == pytest.approx(3, abs=0.4)


def test_real_pictures_lose_sharpness_step_by_step(photographs: list[np.ndarray]) -> None:
    for picture in photographs:
        found = [measure_photograph(blurred(picture, sigma)) for sigma in (1.0, 2.0, 4.0)]
        steps = [measure_photograph(picture).sharpness, *(one.sharpness for one in found)]
        assert steps == sorted(steps, reverse=True)
        assert steps[0] > 2 * steps[-1]
        assert found[2].motion_blur < 0.2


def test_real_pictures_are_no_sharper_for_their_noise(photographs: list[np.ndarray]) -> None:
    for picture in photographs:
        before, after = measure_photograph(picture), measure_photograph(grainy(picture, 10))
        assert after.sharpness <= before.sharpness + 0.02
        assert after.noise > before.noise + 2


def test_shaken_real_pictures_are_told_from_those_out_of_focus(photographs: list[np.ndarray]) -> None:
    told = [
        measure_photograph(shaken(picture, 10, 60 * number)).motion_blur
        > measure_photograph(blurred(picture, 10 / np.sqrt(12))).motion_blur + 0.1
        for number, picture in enumerate(photographs)
    ]
    assert sum(told) >= len(told) - 1


def test_real_horizons_turn_with_the_picture(photographs: list[np.ndarray]) -> None:
    pairs = [
        (measure_photograph(turned(picture, 0)).horizon, measure_photograph(turned(picture, 3)).horizon)
        for picture in photographs
    ]
    off = [abs(after - before - 3) for before, after in pairs if np.isfinite([before, after]).all()]
    assert len(off) >= 2
    assert np.median(off) < 0.7


def test_darkening_darkens_and_keeps_the_rest(photographs: list[np.ndarray]) -> None:
    for picture in photographs[:4]:
        one, other = measure_photograph(picture), measure_photograph(picture // 2)
        assert other.brightness == pytest.approx(one.brightness / 2, abs=0.01)
        assert other.contrast == pytest.approx(one.contrast / 2, abs=0.01)
        assert other.sharpness == pytest.approx(one.sharpness, abs=0.06)
        assert other.clipped_bright == 0


def test_a_face_out_of_focus_is_a_soft_subject_in_a_sharp_picture(media: Path, faces: Faces) -> None:
    path = media / "images" / "woman_talkshow" / "frames"
    told = 0
    for file in sorted(path.glob("*.png"))[::12]:
        picture = read_picture(file)
        boxes, eyes = faces.find_with_eyes(picture)
        assert len(eyes) == len(boxes)
        if not len(boxes):
            continue
        height, width = picture.shape[:2]
        soft = picture.copy()
        for left, top, wide, high in (boxes * [width, height, width, height]).astype(int).tolist():
            part = np.s_[max(0, top) : top + high, max(0, left) : left + wide]
            soft[part] = blurred(picture, 3)[part]
        one, other = (measure_photograph(way, faces=faces) for way in (picture, soft))
        if other.faces != one.faces:
            continue
        told += 1
        assert one.faces >= 1
        assert other.subject_sharpness < one.subject_sharpness - 0.05
        assert other.sharpness == pytest.approx(one.sharpness, abs=0.1)
    assert told >= 2
