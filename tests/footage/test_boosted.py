from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rushes.footage.boosted import Boosted, read_boosted
from rushes.footage.cuts import WINDOW_FEATURES, dissolve_model

# Two trees worked by hand: the first asks for `a`, then for `b`; the second asks for `b` alone.
MODEL = Boosted(
    constant=1.0,
    features=np.array([[0, 1, 1], [1, 0, 0]]),
    thresholds=np.array([[0.5, 10.0, 20.0], [15.0, 0.0, 0.0]]),
    leaves=np.array([[1.0, 2.0, 3.0, 4.0], [0.5, 0.5, -0.5, -0.5]]),
)


def test_leaves_are_added_up() -> None:
    rows = np.array([[0, 5], [0, 12], [1, 18], [1, 30], [0.5, 10]], np.float32)
    assert MODEL.levels(rows).tolist() == [2.5, 3.5, 3.5, 4.5, 2.5]
    assert MODEL.levels(np.zeros((0, 2), np.float32)).tolist() == []


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL.to_table(["a", "b"])), encoding="utf-8")
    rows = np.random.default_rng(0).uniform(0, 30, (50, 2)).astype(np.float32)
    np.testing.assert_array_equal(read_boosted(path, ["a", "b"]).levels(rows), MODEL.levels(rows))
    with pytest.raises(ValueError, match="features a, c is needed"):
        read_boosted(path, ["a", "c"])


def test_the_model_of_dissolves_asks_for_features_that_are_measured() -> None:
    model = dissolve_model()
    assert model.features.max() < len(WINDOW_FEATURES)
    assert np.isfinite(model.leaves).all()
    assert len(model.leaves) > 20
