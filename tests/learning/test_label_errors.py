"""Labels that are likely wrong, found in answers of models that were not told them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.learning.label_errors import LEAST_OF_A_CLASS, find_label_errors, rank_disagreements
from rushes.learning.predictions import Predictions

pytest.importorskip("cleanlab")


def with_planted(
    count: int = 600, *, share: float = 0.1, class_count: int = 4, skill: float = 6.0, seed: int = 3
) -> tuple[Predictions, set[int]]:
    """Return answers to samples of which a share is labelled as the next class, and the rows of these."""
    right = guesses(count, class_count=class_count, seed=seed, group_count=12, skill=skill)
    rows = np.random.default_rng(seed).choice(count, round(count * share), replace=False)
    truth = right.truth.copy()
    truth[rows] = (truth[rows] + 1) % class_count
    return replace(right, truth=truth), set(rows.tolist())


@pytest.mark.parametrize("method", ["normalized_margin", "self_confidence"])
def test_planted_wrong_labels_are_found(method: str) -> None:
    predictions, planted = with_planted()
    found = find_label_errors({"test": predictions}, method=method)  # type: ignore[arg-type]
    rows = [one.row for one in found.errors]
    assert len(planted & set(rows)) >= 0.9 * len(planted)  # recall; by chance a tenth
    assert len(planted & set(rows[: len(planted)])) >= 0.85 * len(planted)  # precision
    assert [one.score for one in found.errors] == sorted(one.score for one in found.errors)


def test_an_error_names_what_is_there_and_what_is_likelier() -> None:
    predictions, planted = with_planted()
    one = find_label_errors({"validation": predictions}).errors[0]
    assert one.row in planted
    assert (one.part, one.stated_by) == ("validation", "jonny")
    wrong, right = (predictions.classes.index(name) for name in (one.labelled, one.suggested))
    assert wrong == (right + 1) % 4
    assert one.confidence > one.doubted


def test_the_joint_is_cleanlabs() -> None:
    from cleanlab.count import compute_confident_joint

    for skill in (0.5, 2.0, 6.0):
        predictions, _ = with_planted(skill=skill)
        probabilities = predictions.probabilities.astype(np.float64)
        theirs = compute_confident_joint(predictions.truth, probabilities, calibrate=False)
        assert find_label_errors({"test": predictions}).joint.tolist() == theirs.tolist()


def test_parts_are_judged_together_and_kept_apart() -> None:
    one, _ = with_planted(200, seed=1)
    other, _ = with_planted(100, seed=2)
    found = find_label_errors({"validation": one, "test": other})
    assert (found.parts.count("validation"), found.parts.count("test")) == (200, 100)


def test_a_class_with_a_handful_of_labels_is_left_out_and_said() -> None:
    predictions, _ = with_planted(300, class_count=3)
    truth = np.where(predictions.truth == 2, 1, predictions.truth)
    truth[: LEAST_OF_A_CLASS - 1] = 2
    found = find_label_errors({"test": replace(predictions, truth=truth)})
    assert found.predictions.classes == ("class 0", "class 1")
    assert len(found.predictions) == 300 - (LEAST_OF_A_CLASS - 1)
    assert "'class 2' (4)" in found.notes[0]
    assert np.allclose(found.predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_probabilities_that_are_no_numbers_are_left_out_and_said() -> None:
    predictions, _ = with_planted(200)
    probabilities = predictions.probabilities.copy()
    probabilities[7] = np.nan
    found = find_label_errors({"test": replace(predictions, probabilities=probabilities)})
    assert len(found.predictions) == 199
    assert found.notes == ("1 sample left out: their probabilities are no numbers",)


@pytest.mark.parametrize("pairs", [[("CS", "CS")] * 20, [("CS", "CS")], []])
def test_of_one_class_nothing_is_said(pairs: list[tuple[str, str]]) -> None:
    found = find_label_errors({"test": answers(pairs)})
    assert found.errors == ()
    assert "nothing can be said about wrong labels" in found.notes[-1]


def test_where_model_and_labels_agree_nothing_is_doubted() -> None:
    found = find_label_errors({"test": answers([("CS", "CS"), ("MS", "MS"), ("LS", "LS")] * 20)})
    assert found.errors == ()
    assert (found.joint == np.diag([20, 20, 20])).all()


def test_answers_that_are_all_alike_are_no_fault() -> None:
    alike = replace(answers([("CS", "CS"), ("MS", "CS")] * 10), probabilities=np.full((20, 3), 1 / 3, np.float32))
    assert find_label_errors({"test": alike}).notes


def test_parts_of_other_classes_are_refused() -> None:
    one = answers([("CS", "CS")] * 9)
    with pytest.raises(ValueError, match="same classes"):
        find_label_errors({"validation": one, "test": answers([("a", "b")] * 9, classes=("a", "b"))})


def test_other_disagreements_follow_what_is_found() -> None:
    predictions, _ = with_planted(skill=1.5)
    found = find_label_errors({"test": predictions})
    others = rank_disagreements(found)
    assert {one.row for one in others}.isdisjoint(one.row for one in found.errors)
    assert all(one.suggested != one.labelled for one in others)
    assert [one.score for one in others] == sorted(one.score for one in others)
