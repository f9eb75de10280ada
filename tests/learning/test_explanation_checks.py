"""Whether the heat of a run can be believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from models.planted import SHOWN, as_run, taught, with_square
from rushes.learning.calibration import Calibration
from rushes.learning.explain_pictures import Explained
from rushes.learning.explanation_checks import (
    Agreement,
    Deletion,
    Sanity,
    agree,
    check_sanity,
    rank_correlation,
    warmest,
)
from rushes.models.heads import KnnHead, KnnShape, build_head
from rushes.models.network import Network


def test_ranks_are_correlated_as_scipy_does_with_ties() -> None:
    dice = np.random.default_rng(5)
    for _ in range(20):
        one, two = dice.integers(0, 6, (2, 30)).astype(np.float32)
        assert rank_correlation(one, two) == pytest.approx(spearmanr(one, two).statistic, abs=1e-12)


def test_a_heat_that_is_the_same_everywhere_ranks_nothing() -> None:
    flat, ramp = np.zeros((1, 2, 2), np.float32), np.arange(4, dtype=np.float32).reshape(1, 2, 2)
    assert agree(ramp, [ramp, -ramp]).correlation == pytest.approx(0)
    assert agree(ramp, [ramp, flat]).correlation == pytest.approx(1)
    assert agree(ramp, [ramp, flat]).pairs == 1
    undefined = agree(ramp, [flat])
    assert undefined.correlation is None
    assert "ranks no places" in undefined.reason


def test_the_warmest_tenth_is_taken_and_less_where_less_is_warm() -> None:
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    mask = warmest(heat, 20, 20)
    assert mask.sum() == 40
    assert mask[5:10, 10:15].sum() == 25  # the cell, and what is spread around it
    assert warmest(heat, 4, 4, share=0.5).tolist() == (heat > 0).tolist()


def test_a_heat_that_was_learnt_follows_the_weights_and_points_at_the_square(tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", "separable")
    found = check_sanity(run, with_square(8)[0].numpy(), draws=3)
    assert found.whole.correlation is not None
    assert found.whole.correlation < 0.5
    assert found.deletion.pictures.tolist() == list(range(8))
    assert found.deletion.more_count == 8
    assert found.deletion.warm_mean is not None
    assert found.deletion.elsewhere_mean is not None
    assert found.deletion.warm_mean > 0.15 > 0.05 > found.deletion.elsewhere_mean
    assert found.sentences()[3].endswith("in 8 of 8 pictures.")
    assert "heats of 8 pictures" in found.sentences()[2]


def test_probabilities_are_the_calibrated_ones(tmp_path: Path) -> None:
    run, pixels = as_run(tmp_path / "run", "separable"), with_square(4)[0].numpy()
    plain, calm = (
        check_sanity(run, pixels, draws=1, calibration=one).deletion.warm_mean
        for one in (Calibration(), Calibration("temperature", 20.0))
    )
    assert plain is not None
    assert calm is not None
    assert calm < plain / 3


def joint(head: float | None, whole: float | None, warm: float, *, class_free: bool = False) -> str:
    """Return the conclusion from so much agreement, and from so much that the warmest places cost more than others."""
    blank = np.zeros((2, 3, 3), np.float32)
    explained = Explained(np.full((2, 2), 0.5, np.float32), np.zeros(2, np.int64), blank, np.ones(2, np.bool_),
                          "grad-cam", "", "", "layer", class_free)  # fmt: skip
    cost = np.full(2, warm, np.float32)
    deletion = Deletion(np.arange(2), cost, np.full(2, 0.1, np.float32))
    told = (Agreement(one, 0 if one is None else 6, "flat", pictures=2) for one in (head, whole))
    said = Sanity(explained, *told, deletion).sentences()
    assert len(said) == 4
    assert "checked on 2 pictures" in said[0]
    # Figures are said once each, and no figure draws a conclusion of its own.
    assert not any("believe" in line or "rest" in line for line in said[1:] if "last layer" not in line)
    return said[0]


def test_one_conclusion_is_drawn_from_all_checks_together() -> None:
    assert joint(0.1, 0.0, 0.5).startswith("The heat can be believed")
    assert joint(0.5, 0.0, 0.5).startswith("Believe the heat in part")
    assert joint(0.1, 0.8, 0.5).startswith("Do not believe the heat")
    assert "though" in joint(0.1, 0.8, 0.5)
    assert "though" not in joint(0.1, 0.8, 0.0)
    assert "follows what was learnt, but does not point" in joint(0.1, 0.0, 0.0)
    assert joint(None, 0.0, 0.5).startswith("Whether the heat can be believed cannot be said")
    assert joint(1.0, 0.0, 0.5, class_free=True).startswith("Believe where the heat is, not for which class")


def test_a_way_that_is_blind_to_the_class_is_told_to_be(tmp_path: Path) -> None:
    found = check_sanity(as_run(tmp_path / "run", "separable"), with_square(2)[0].numpy(), method="eigen-cam", draws=2)
    assert found.head.correlation == pytest.approx(1)
    assert "never asks the last layer" in found.sentences()[1]
    assert found.sentences()[2].startswith("The heat of a network of random weights has a rank correlation of")


def test_a_head_of_stored_samples_is_drawn_anew_by_shuffling_their_answers(tmp_path: Path) -> None:
    body = taught("separable").body
    head = build_head(KnnShape(neighbours=5, samples=24, temperature=0.5), 16, 2)
    network = Network(body, head, SHOWN).eval()
    assert isinstance(head, KnnHead)
    with torch.no_grad():
        head.stored = head.place(network.features(with_square(24)[0]))
    head.answers = torch.arange(24) % 2
    found = check_sanity(as_run(tmp_path / "run", "separable", network), with_square(4)[0].numpy(), draws=2)
    assert found.head.correlation is None or found.head.correlation < 0.999


def test_where_nothing_spoke_there_is_nothing_to_blur() -> None:
    none = Deletion(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32))
    assert (none.warm_mean, none.elsewhere_mean, none.more_count) == (None, None, 0)
