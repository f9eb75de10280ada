"""What a model gained over an earlier one, on cases worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rushes.evaluation.gains import compare, effect_of_labels, gain_of_model, relabel, score_of, score_rounds
from rushes.learning.predictions import Predictions

CLASSES = ("a", "b")


def answers(
    labels: str, predicted: str, groups: Sequence[str] | None = None, *, frames: Sequence[str] | None = None
) -> Predictions:
    """Predictions whose labels and answers are a letter each; frames are f0, f1, … and groups g0, g1, …"""
    count = len(labels)
    names = tuple(frames or (f"f{number}" for number in range(count)))
    chances = np.full((count, 2), 0.1, np.float32)
    chances[np.arange(count), [CLASSES.index(letter) for letter in predicted]] = 0.9
    return Predictions(
        classes=CLASSES,
        truth=np.array([CLASSES.index(letter) for letter in labels], np.int64),
        probabilities=chances,
        frames=names,
        groups=tuple(groups or (f"g{number}" for number in range(count))),
        images=names,
        names=names,
        timecodes=("",) * count,
        origins=("",) * count,
    )


def labels(predictions: Predictions, letters: str) -> dict[str, str]:
    return dict(zip(predictions.frames, letters, strict=True))


def test_a_gain_is_split_into_the_models_and_the_labels_own() -> None:
    # The second label was wrong. The old model said so already, and missed the fourth; the new one finds all.
    old, new = answers("aabb", "abba"), answers("abbb", "abbb")
    today = labels(old, "abbb")
    by_labels = effect_of_labels(old, today, name="accuracy")
    by_model = gain_of_model(old, new, today, name="accuracy")
    assert (by_labels.before, by_labels.after) == (0.5, 0.75)
    assert (by_model.before, by_model.after) == (0.75, 1.0)
    assert by_model.value == pytest.approx(0.25)


def test_models_are_compared_on_frames_that_both_answered_and_that_are_labelled_today() -> None:
    old = answers("aab", "bbb", frames=("x", "y", "z"))
    new = answers("baa", "baa", frames=("z", "x", "new"))
    gain = gain_of_model(old, new, {"x": "a", "z": "b", "new": "a"}, name="accuracy")
    assert (gain.samples, gain.before, gain.after) == (2, 0.5, 1.0)


def test_a_label_of_a_class_that_the_model_does_not_know_is_left_out() -> None:
    assert relabel(answers("ab", "ab"), {"f0": "c", "f1": "a"}).frames == ("f1",)


def test_with_a_label_comes_who_stated_it() -> None:
    stated = replace(answers("ab", "ab"), origins=("jonny", "jonny"))
    now = relabel(stated, {"f0": "b", "f1": "b"}, {"f0": "review", "f1": "jonny"})
    assert (now.truth.tolist(), now.origins) == ([1, 1], ("review", "jonny"))
    assert relabel(stated, {"f0": "b"}).origins == ("jonny",)


def test_one_group_has_a_gain_and_no_interval() -> None:
    gain = compare(answers("ab", "aa", ("g", "g")), answers("ab", "ab", ("g", "g")), name="f1_macro")
    assert gain.value == pytest.approx(2 / 3)
    assert gain.interval.low is None
    assert "one group alone" in gain.interval.reason


def test_what_both_models_miss_alike_is_no_uncertainty_of_their_difference() -> None:
    groups = tuple(f"g{number // 2}" for number in range(40))
    truth = "ab" * 20
    hard = "".join("ba" if number % 3 == 0 else "ab" for number in range(20))
    same = compare(answers(truth, hard, groups), answers(truth, hard, groups), name="f1_macro")
    assert (same.value, same.interval.low, same.interval.high, same.interval.level) == (0, 0, 0, 0.95)
    better = "".join("ab" if number < 10 else hard[2 * number : 2 * number + 2] for number in range(20))
    gain = compare(answers(truth, hard, groups), answers(truth, better, groups), name="f1_macro")
    assert gain.value is not None
    assert gain.interval.low is not None
    assert 0 <= gain.interval.low < gain.value < (gain.interval.high or 0)


def test_other_frames_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same frames"):
        compare(answers("a", "a"), answers("a", "a", frames=("other",)), name="accuracy")


def test_no_common_frame_is_an_undefined_gain() -> None:
    gain = gain_of_model(answers("a", "a"), answers("a", "a", frames=("other",)), {"f0": "a"}, name="f1_macro")
    assert (gain.value, gain.samples) == (None, 0)
    assert gain.to_table()["interval_reason"]


def test_rounds_are_scored_on_the_labels_of_today_and_the_frames_of_all() -> None:
    first = answers("aab", "abb")  # scored 2 of 3 then
    second = answers("abbb", "abba")
    scored = score_rounds({1: {"r1": first}, 2: {"r2": second, "r3": first}}, labels(second, "abbb"), name="accuracy")
    assert scored[1].score == 1.0  # its doubt was right
    assert (scored[2].score, scored[2].spread) == (1.0, 0.0)  # f3, which the first never saw, is left out
    assert score_of(second, "accuracy") == 0.75


def test_a_round_that_shares_no_frame_with_the_later_ones_is_not_compared_with_them() -> None:
    rounds = {
        1: {"one": answers("ab", "ab", frames=("old", "older"))},
        2: {"two": answers("ab", "bb", frames=("x", "y"))},
        3: {"three": answers("bab", "bab", frames=("y", "x", "z"))},
    }
    today = {"old": "a", "older": "b", "x": "a", "y": "b", "z": "b"}
    scored = score_rounds(rounds, today, name="accuracy")
    assert {number: found.score for number, found in scored.items()} == {2: 0.5, 3: 1.0}
