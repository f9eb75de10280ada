from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rushes.footage.boosted import Boosted, read_boosted
from rushes.footage.cuts import WINDOW_FEATURES, dissolve_model

# Two trees worked by hand: the first asks for `a`, then for `b`; the second asks for `b` alone.
MODEL = Boosted(
    constants=np.array([1.0]),
    features=np.array([[0, 1, 1], [1, 0, 0]]),
    thresholds=np.array([[0.5, 10.0, 20.0], [15.0, 0.0, 0.0]]),
    leaves=np.array([[1.0, 2.0, 3.0, 4.0], [0.5, 0.5, -0.5, -0.5]]),
)


def test_leaves_are_added_up() -> None:
    rows = np.array([[0, 5], [0, 12], [1, 18], [1, 30], [0.5, 10]], np.float32)
    assert MODEL.levels(rows)[:, 0].tolist() == [2.5, 3.5, 3.5, 4.5, 2.5]
    assert MODEL.levels(np.zeros((0, 2), np.float32)).tolist() == []


# One tree of three questions for each of two classes; the first asks for `a` at every turn, the second once for `b`.
DEEP = Boosted(
    constants=np.array([0.0, 1.0]),
    features=np.array([[0] * 7, [1] * 7]),
    thresholds=np.array([[4.0, 2.0, 6.0, 1.0, 3.0, 5.0, 7.0], [0.0] * 7]),
    leaves=np.array([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [10.0] * 4 + [20.0] * 4]),
)


def test_deeper_trees_answer_for_several_classes() -> None:
    rows = np.array([[place + 0.5, place - 3.5] for place in range(8)], np.float32)
    assert DEEP.levels(rows)[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert DEEP.levels(rows)[:, 1].tolist() == [11.0] * 4 + [21.0] * 4


def test_the_trees_of_a_class_stand_together() -> None:
    two = Boosted(
        np.zeros(2), np.zeros((4, 1), np.int64), np.zeros((4, 1)), np.array([[1.0, 2], [3, 4], [10, 20], [30, 40]])
    )
    assert two.levels(np.array([[-1.0], [1.0]], np.float32)).tolist() == [[4, 40], [6, 60]]


def test_trees_of_uneven_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="1, 3, 7"):
        Boosted(np.zeros(1), np.zeros((2, 2), np.int64), np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="3 trees cannot be shared out among 2 classes"):
        Boosted(np.zeros(2), np.zeros((3, 1), np.int64), np.zeros((3, 1)), np.zeros((3, 2)))


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL.to_table(["a", "b"])), encoding="utf-8")
    rows = np.random.default_rng(0).uniform(0, 30, (50, 2)).astype(np.float32)
    np.testing.assert_array_equal(read_boosted(path, ["a", "b"]).levels(rows), MODEL.levels(rows))
    assert MODEL.to_table(["a", "b"])["schema"] == "boosted/1"
    with pytest.raises(ValueError, match="features a, c is needed"):
        read_boosted(path, ["a", "c"])
    path.write_text(json.dumps(DEEP.to_table(["a", "b"])), encoding="utf-8")
    assert DEEP.to_table(["a", "b"])["schema"] == "boosted/2"
    np.testing.assert_array_equal(read_boosted(path, ["a", "b"]).levels(rows), DEEP.levels(rows))


def test_the_model_of_dissolves_asks_for_features_that_are_measured() -> None:
    model = dissolve_model()
    assert model.features.max() < len(WINDOW_FEATURES)
    assert np.isfinite(model.leaves).all()
    assert len(model.leaves) > 20
