from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from footage.spliced import pan, signals_of, still, zoom
from rushes.footage.boosted import Boosted
from rushes.footage.movement import FEATURES, MOVEMENTS, Values, backwards
from rushes.footage.movement_model import (
    FILM_SHARES,
    MovementModel,
    movement_model,
    prior_of,
    read_movement,
    read_movement_model,
)
from rushes.footage.scan import scan_film
from rushes.footage.video import index_video


def small_model() -> MovementModel:
    """Return a model that is sure of push where `zoom_all` is above 1, and of motion where `pan_speed` is above 2."""
    count, zooms, pans = len(FEATURES), FEATURES.index("zoom_all"), FEATURES.index("pan_speed")
    weights = np.zeros((4, count))
    weights[2, zooms], weights[3, zooms] = 1, -1
    return MovementModel(
        trees=Boosted(
            np.zeros(4),
            np.array([[pans], [pans], [zooms], [zooms]]),
            np.array([[2.0], [2.0], [1.0], [-1.0]]),
            np.array([[1.0, -1.0], [-1.0, 1.0], [-1.0, 3.0], [3.0, -1.0]]),
        ),
        means=np.zeros(count),
        scales=np.ones(count),
        weights=weights,
        constants=np.zeros(4),
        trees_share=0.5,
        sharpness=1.0,
        prior=np.zeros(4),
        floor=np.zeros(4),
    )


def made_up_rows(seed: int, count: int) -> Values:
    """Return features of shots of which something could be followed."""
    rows = np.random.default_rng(seed).normal(0, 2, (count, len(FEATURES))).astype(np.float32)
    rows[:, FEATURES.index("trusted")] = 0.5
    return rows


def test_scores_are_probabilities_and_backwards_exchanges_push_and_pull() -> None:
    rows = made_up_rows(0, 30)
    for model in (small_model(), replace(movement_model(), prior=np.zeros(4), floor=np.zeros(4))):
        scores = model.scores(rows)
        np.testing.assert_allclose(scores.sum(axis=1), 1)
        np.testing.assert_allclose(model.scores(backwards(rows)), scores[:, [0, 1, 3, 2]], atol=1e-9)


def test_trees_and_regression_are_averaged() -> None:
    rows = np.zeros((1, len(FEATURES)), np.float32)
    rows[0, FEATURES.index("zoom_all")] = 3
    # The picture grows, and backwards it shrinks, which is turned round again.
    trees = np.exp([1, -1, 3, -1]) / np.exp([1, -1, 3, -1]).sum()
    linear = np.exp([0, 0, 3, -3]) / np.exp([0, 0, 3, -3]).sum()
    np.testing.assert_allclose(small_model().evidence(rows)[0], (trees + linear) / 2)


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(small_model().to_table()), encoding="utf-8")
    rows = made_up_rows(1, 20)
    np.testing.assert_array_equal(read_movement_model(path).scores(rows), small_model().scores(rows))
    for table in ({"schema": "movement/9"}, small_model().to_table() | {"classes": ["a"]}):
        path.write_text(json.dumps(table), encoding="utf-8")
        with pytest.raises(ValueError, match=r"model.json: a model of schema movement/2 with the classes static"):
            read_movement_model(path)


def test_a_prior_of_the_shares_that_were_fitted_changes_nothing() -> None:
    np.testing.assert_allclose(prior_of((0.25,) * 4, 1.0), 0)
    np.testing.assert_allclose(prior_of((0.7, 0.2, 0.05, 0.05), 0.0), 0)
    assert prior_of(FILM_SHARES, 0.5).argmax() == 0


def test_the_model_that_comes_with_rushes_asks_for_features_that_are_measured() -> None:
    model = movement_model()
    assert model.trees.features.max() < len(FEATURES)
    assert len(model.trees.constants) == len(MOVEMENTS)
    assert np.isfinite(model.trees.leaves).all()


@pytest.mark.parametrize("seed", [2, 5])
def test_what_a_camera_does_is_read_from_the_scan(seed: int) -> None:
    taken = {"static": still(seed, 36), "motion": pan(seed, 36, 3), "push": zoom(seed, 36, 0.006)}
    taken["pull"] = taken["push"][::-1]
    for movement, frames in taken.items():
        read = read_movement(signals_of(frames), 0, len(frames))
        assert read.predicted_class == movement, (read, movement)
        assert read.note is None
        assert sum(read.scores.values()) == pytest.approx(1)
    assert "zoom ×0.8" in read.reason


@pytest.mark.parametrize(
    ("start", "stop", "note"), [(0, 1, "too short"), (0, 2, "too short"), (40, 60, "no frames"), (5, 5, "no frames")]
)
def test_where_nothing_can_be_measured_the_scores_are_what_is_usual(start: int, stop: int, note: str) -> None:
    read = read_movement(signals_of(still(1, 24)), start, stop)
    assert read.note == note
    assert tuple(read.scores.values()) == pytest.approx(FILM_SHARES, abs=1e-3)
    assert read.predicted_class == "static"


def test_where_nothing_could_be_followed_the_scores_are_what_is_usual() -> None:
    """Each picture is another one, at a pace at which nothing is a cut: there are pairs, and none counts."""
    dice = np.random.default_rng(0)
    frames = [dice.integers(0, 256, (180, 320, 3)).astype(np.uint8) for _ in range(24)]
    read = read_movement(signals_of(frames), 0, 24)
    assert (read.note, read.reason) == ("nothing could be followed", "nothing in the picture could be followed")
    assert tuple(read.scores.values()) == pytest.approx(FILM_SHARES)
    nothing = made_up_rows(2, 5)
    nothing[:, FEATURES.index("trusted")] = 0
    np.testing.assert_allclose(movement_model().scores(nothing), np.tile(FILM_SHARES, (5, 1)))


def test_no_answer_is_certain() -> None:
    rows = 50 * made_up_rows(3, 200)
    scores = movement_model().scores(rows)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    assert scores.max() < 0.995
    assert (scores >= movement_model().floor).all()


@pytest.mark.parametrize("light", [0.06, 0.1, 0.3])
def test_a_dark_shot_is_measured_as_a_bright_one(light: float) -> None:
    for movement, frames in {"push": zoom(7, 36, 0.007), "motion": pan(7, 36, 3)}.items():
        read = read_movement(signals_of([(frame * light).astype(np.uint8) for frame in frames]), 0, 36)
        assert read.predicted_class == movement, read
        assert "followed for" not in read.reason


def test_a_black_shot_is_said_to_be_blank() -> None:
    read = read_movement(signals_of([np.zeros((180, 320, 3), np.uint8)] * 24), 0, 24)
    assert (read.note, read.reason) == ("blank", "the picture is one even colour")


def test_a_flash_in_the_middle_leaves_a_push_a_push() -> None:
    frames = zoom(4, 48, 0.005)
    frames[24] = np.full_like(frames[24], 252)
    assert read_movement(signals_of(frames), 0, 48).predicted_class == "push"


def test_of_a_wrong_cut_list_each_side_of_the_cut_still_counts() -> None:
    frames = [*zoom(4, 30, 0.006), *zoom(6, 30, 0.006)]
    assert read_movement(signals_of(frames), 0, 60).predicted_class == "push"


def test_times_of_an_animated_picture_that_lie_end_in_an_answer(media: Path) -> None:
    path = media / "hostile" / "animated.gif"
    index = index_video(path)
    read = read_movement(scan_film(path, index, source="").signals, 0, index.frame_count)
    assert sum(read.scores.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "movement"), [("mdn_toy_pig.webm", "push"), ("mdn_toy_monster.webm", "pull"), ("asl/again.mkv", "static")]
)
def test_real_shots_that_no_model_was_fitted_to_are_read(media: Path, name: str, movement: str) -> None:
    path = media / "videos" / name
    index = index_video(path)
    signals = scan_film(path, index, source="").signals
    assert read_movement(signals, 0, index.frame_count).predicted_class == movement
