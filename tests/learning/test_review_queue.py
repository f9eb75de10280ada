"""Which labels a person is asked about, and what the answers tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rushes.learning.predictions import Predictions
from rushes.learning.review_queue import (
    COLUMNS,
    Answer,
    margins_of,
    measure_noise,
    plan_queue,
    seems_learnt_by_heart,
    wilson,
)


def answers(*rows: tuple[int, tuple[float, float]], prefix: str = "f") -> Predictions:
    """Predictions of two classes: the label of each sample, and the probabilities of the classes."""
    names = tuple(f"{prefix}{number}" for number in range(len(rows)))
    return Predictions(
        classes=("CS", "LS"),
        truth=np.array([truth for truth, _ in rows], np.int64),
        probabilities=np.array([chances for _, chances in rows], np.float32).reshape(-1, 2),
        frames=names,
        groups=("film",) * len(rows),
        images=names,
        names=names,
        timecodes=("",) * len(rows),
        origins=("supervised",) * len(rows),
    )


def test_the_queue_states_a_timecode_of_films_only() -> None:
    both = replace(
        answers((0, (0.2, 0.8)), (0, (0.1, 0.9))),
        names=("TT_FRM-00-00-08-12", "IMG_0001"),
        timecodes=("00:00:08:12", "00:00:00:00"),
    )
    asked = plan_queue({"test": both}, length=2, checks=0).asked
    assert {one.name: one.timecode for one in asked} == {"TT_FRM-00-00-08-12": "00:00:08:12", "IMG_0001": ""}


def test_the_margin_is_what_the_likeliest_class_has_over_the_label() -> None:
    margins = margins_of(answers((0, (0.2, 0.8)), (1, (0.2, 0.8))))
    assert margins == pytest.approx([0.6, 0.0])


def test_the_surest_doubt_comes_first_whichever_part_it_is_of() -> None:
    queue = plan_queue(
        {"validation": answers((0, (0.4, 0.6)), (0, (0.1, 0.9))), "train": answers((1, (0.7, 0.3)), prefix="t")},
        length=10,
        checks=0,
    )
    assert [one.frame for one in queue.asked] == ["f1", "t0", "f0"]
    assert [one.part for one in queue.asked] == ["validation", "train", "validation"]
    assert (queue.disagreements, queue.agreements) == (3, 0)
    assert queue.asked[0].reason == "the model says LS (0.90); CS got 0.10"


def test_checks_are_spread_among_the_doubts() -> None:
    rows = [(0, (0.1, 0.9))] * 20 + [(1, (0.1, 0.9))] * 20
    queue = plan_queue({"train": answers(*rows)}, length=10, checks=0.2)
    assert [one.kind for one in queue.asked] == [*["doubt"] * 4, "check"] * 2
    assert plan_queue({"train": answers(*rows)}, length=10, checks=0.2) == queue
    assert plan_queue({"train": answers(*rows)}, length=10, checks=0.2, seed=1) != queue


def test_with_few_doubts_the_checks_stay_as_many() -> None:
    queue = plan_queue({"train": answers((0, (0.1, 0.9)), *[(1, (0.1, 0.9))] * 20)}, length=10, checks=0.2)
    assert sorted(one.kind for one in queue.asked) == ["check", "check", "doubt"]


def test_what_a_person_has_settled_is_not_asked_again() -> None:
    queue = plan_queue({"train": answers(*[(0, (0.1, 0.9))] * 3)}, length=10, checks=0.2, settled={"f1"})
    assert [one.frame for one in queue.asked] == ["f0", "f2"]


def test_nothing_to_ask_is_an_empty_queue() -> None:
    assert plan_queue({}, length=10, checks=0.2).asked == ()


def test_the_row_of_a_sheet_leaves_the_class_to_the_person() -> None:
    (one,) = plan_queue({"train": answers((0, (0.1, 0.9)))}, length=1, checks=0).asked
    cells = dict(zip(COLUMNS, one.cells(), strict=True))
    assert (cells["frame"], cells["class"], cells["labelled"], cells["predicted"]) == ("f0", "", "CS", "LS")
    assert (cells["confidence"], cells["margin"]) == ("0.9000", "0.8000")


def test_noise_counts_doubts_and_checks_apart() -> None:
    noise = measure_noise(
        [
            Answer("doubt", "CS", "LS", "LS"),  # the model was right
            Answer("doubt", "CS", "LS", "MS"),  # both were wrong
            Answer("doubt", "CS", "LS", "CS"),  # the label was right
            Answer("check", "CS", "CS", "CS"),
            Answer("check", "CS", "CS", "LS"),
        ]
    )
    assert (noise.doubted, noise.corrected, noise.confirmed_model) == (3, 2, 1)
    assert (noise.checked, noise.wrong) == (2, 1)
    assert measure_noise([]).checked == 0


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1, 1)[1] == 1.0


def test_a_network_that_doubts_only_what_it_was_not_told_has_learnt_by_heart() -> None:
    sure, unsure = [(1, (0.1, 0.9))] * 20, [(0, (0.1, 0.9))] * 4 + [(1, (0.1, 0.9))] * 16
    assert seems_learnt_by_heart(answers(*sure), answers(*unsure))
    assert not seems_learnt_by_heart(answers(*unsure), answers(*unsure))
    assert not seems_learnt_by_heart(answers(*sure), answers(*sure))
    assert not seems_learnt_by_heart(answers(), answers(*unsure))
