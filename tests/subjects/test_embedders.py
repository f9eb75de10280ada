"""Faces are aligned and turned into vectors as each network wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import WeightsError
from rushes.subjects.embedders import MOBILEFACENET, SFACE, TEMPLATE, aligned, open_embedder, similarity, unit
from subjects.people import face


@given(st.floats(-3.1, 3.1), st.floats(0.1, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_points_that_are_the_template_turned_scaled_and_moved_are_brought_back(
    turn: float, scale: float, across: float, down: float
) -> None:
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = TEMPLATE @ rotation.T + np.array([across, down])
    matrix = similarity(points, TEMPLATE)
    assert np.allclose(points @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-6)


def test_a_face_is_brought_to_its_place_whatever_its_size() -> None:
    small = np.zeros((112, 112, 3), np.uint8)
    small[49:54, 36:41] = 255, 0, 0  # around the eye on the left
    for times in (1, 6):
        picture = np.repeat(np.repeat(small, times, axis=0), times, axis=1)
        found = aligned(picture, TEMPLATE * times)
        assert found.shape == (112, 112, 3)
        assert found[51, 38, 0] > 200
        assert found[51, 73].max() < 20


def test_points_that_are_all_one_are_survived() -> None:
    assert aligned(np.zeros((40, 40, 3), np.uint8), np.full((5, 2), 20, np.float32)).shape == (112, 112, 3)


def test_what_has_no_direction_is_no_vector() -> None:
    for values in ((0, 0), (np.nan, 1), (np.inf, 1)):
        assert unit(np.array(values, np.float32)) is None
    with pytest.raises(ValueError, match="of numbers"):
        face(np.array([np.nan, 1], np.float32))


def network(path: Path, names: tuple[str, str], *, side: int = 112, length: int = 128) -> Path:
    """Write a network that takes a picture to the means of its parts."""
    onnx: Any = pytest.importorskip("onnx", reason="the extra 'train' writes the network of this test")
    helper, kinds = onnx.helper, onnx.TensorProto
    given, answer = names
    part = side // 8
    shape = onnx.numpy_helper.from_array(np.array([1, 192], np.int64), "shape")
    first = onnx.numpy_helper.from_array(np.array([0], np.int64), "first")
    stop = onnx.numpy_helper.from_array(np.array([length], np.int64), "stop")
    axis = onnx.numpy_helper.from_array(np.array([1], np.int64), "axis")
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", [given], ["parts"], kernel_shape=[part, part], strides=[part, part]),
            helper.make_node("Reshape", ["parts", "shape"], ["row"]),
            helper.make_node("Slice", ["row", "first", "stop", "axis"], [answer]),
        ],
        "means",
        [helper.make_tensor_value_info(given, kinds.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(answer, kinds.FLOAT, [1, length])],
        [shape, first, stop, axis],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_sface_is_asked_through_opencv_for_an_rgb_face(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    points = TEMPLATE + np.array([10, 4], np.float32)
    embedder = open_embedder(network(tmp_path / "sface.onnx", ("data", "fc1")))
    assert embedder.kind is SFACE
    vector, face = embedder.embed(picture, points)
    assert np.abs(face.astype(int) - picture[4:116, 10:122]).mean() < 3
    means = face.reshape(8, 14, 8, 14, 3).mean(axis=(1, 3)).transpose(2, 0, 1).reshape(-1)[:128]
    assert np.allclose(vector, unit(means.astype(np.float32)), atol=1e-3)


def test_another_network_is_given_what_it_was_trained_on(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    of_kind = {}
    for names in (("input0", "output0"), ("input.1", "516")):
        embedder = open_embedder(network(tmp_path / f"{names[0]}.onnx", names))
        of_kind[embedder.kind.name], face = embedder.embed(picture, TEMPLATE)
        assert np.array_equal(face, picture)
    means = picture.reshape(8, 14, 8, 14, 3).mean(axis=(1, 3))
    wanted = (means - MOBILEFACENET.mean) / MOBILEFACENET.spread
    assert np.allclose(of_kind["mobilefacenet"], unit(wanted.transpose(2, 0, 1).reshape(-1)[:128]), atol=1e-4)
    wanted = (means - 127.5) / 127.5
    assert np.allclose(of_kind["arcface"], unit(wanted.transpose(2, 0, 1).reshape(-1)[:128]), atol=1e-4)


def test_what_is_no_embedder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        open_embedder(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsError, match="cannot be read"):
        open_embedder(tmp_path / "text.onnx")
    with pytest.raises(WeightsError, match="no network that tells faces apart"):
        open_embedder(network(tmp_path / "small.onnx", ("data", "fc1"), side=64))
