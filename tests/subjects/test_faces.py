"""Faces are found in real pictures, and those of one person are near to each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from rushes.errors import WeightsError
from rushes.subjects.faces import FaceReader, clarity_of, turn_of
from rushes.subjects.kept_faces import kind_of

DETECTOR = "face_detection_yunet_n_640.onnx"
EMBEDDER = "face_embedding_mobilefacenet.onnx"


@pytest.fixture(scope="module")
def reader(media: Path) -> FaceReader:
    return FaceReader(media / "weights" / DETECTOR, media / "weights" / EMBEDDER, threads=1)


def picture(media: Path, number: int) -> np.ndarray:
    path = media / "images" / "woman_talkshow" / "frames" / f"shot{number:04d}.png"
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def test_faces_of_one_person_are_near_and_those_of_two_are_not(media: Path, reader: FaceReader) -> None:
    blonde, other, again = (reader.find(picture(media, number))[0] for number in (18, 19, 23))
    assert all(one.is_clear for one in (blonde, other, again))
    near = kind_of(reader.id.rpartition("+")[2]).near
    assert float(blonde.embedding @ again.embedding) > near
    assert float(blonde.embedding @ other.embedding) < near - 0.1
    assert np.linalg.norm(blonde.embedding) == pytest.approx(1, abs=1e-5)
    assert reader.name == "yunet + mobilefacenet"
    assert reader.id.rpartition("+")[2].startswith("mobilefacenet-b7120c")


def test_a_face_is_where_it_was_whatever_the_size_of_the_picture(media: Path) -> None:
    reader = FaceReader(media / "weights" / DETECTOR, None)
    large = picture(media, 18)
    [one] = reader.find(large)
    [two] = reader.find(cv2.resize(large, None, fx=2, fy=2))
    assert one.embedding is None
    assert not one.is_clear
    for name in ("left", "top", "width", "height"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=0.02)
    assert 0 < one.left < one.left + one.width < 1
    assert one.points.shape == (5, 2)
    assert one.points[0, 0] < one.points[1, 0]
    assert one.points[0, 1] < one.points[3, 1]


def test_several_threads_share_one_reader(media: Path, reader: FaceReader) -> None:
    pictures = [picture(media, number) for number in (18, 35)] * 2
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(reader.find, pictures))
    assert [len(one) for one in found] == [1, 2, 1, 2]
    assert np.array_equal(found[0][0].embedding, found[2][0].embedding)


def test_a_picture_without_a_face_has_none(media: Path, reader: FaceReader) -> None:
    for shape in ((1, 1, 3), (40, 900, 3), (360, 480, 3)):
        assert reader.find(np.zeros(shape, np.uint8)) == ()


def test_small_turned_and_doubtful_faces_are_not_clear() -> None:
    upright = np.array([[0.0, 0], [10, 0], [5, 5], [2, 9], [8, 9]], np.float32)
    turned = upright.copy()
    turned[2] = 11, 5
    assert clarity_of(0.95, 60, upright) == 1
    assert clarity_of(0.95, 15, upright) < 0.5
    assert clarity_of(0.7, 60, upright) == 0
    assert clarity_of(0.95, 60, turned) == 0
    assert turn_of(np.zeros((5, 2), np.float32)) == 1


def test_what_is_no_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        FaceReader(tmp_path / "none.onnx", None)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsError, match="no face detector"):
        FaceReader(tmp_path / "text.onnx", None)


@pytest.mark.parametrize("name", ["face_detection_ultralight_rfb320.onnx", EMBEDDER])
def test_another_network_is_refused_as_a_detector_before_a_film_is_read(media: Path, name: str) -> None:
    with pytest.raises(WeightsError, match="no face detector of the kind YuNet"):
        FaceReader(media / "weights" / name, None)
