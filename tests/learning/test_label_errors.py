"""Labels that are likely wrong, found in answers of models that were not told them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses
from rushes.learning.label_errors import LEAST_OF_A_CLASS, find_label_errors, find_no_skill, rank_disagreements
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
    assert "nothing can be said about wrong labels" in found.refused


def test_where_model_and_labels_agree_nothing_is_doubted() -> None:
    found = find_label_errors({"test": answers([("CS", "CS"), ("MS", "MS"), ("LS", "LS")] * 20)})
    assert found.errors == ()
    assert (found.joint == np.diag([20, 20, 20])).all()


def test_answers_that_are_all_alike_are_no_fault() -> None:
    alike = replace(answers([("CS", "CS"), ("MS", "CS")] * 10), probabilities=np.full((20, 3), 1 / 3, np.float32))
    found = find_label_errors({"test": alike})
    assert (found.errors, len(found.predictions)) == ((), 0)
    assert found.refused


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.1, 0.1, 0.1), (0.2, 0.2, 0.2, 0.2, 0.2), (1.0, 0.0, 0.0, 0.0, 0.0)])
def test_a_model_that_answers_all_alike_says_nothing_of_labels(shares: tuple[float, ...]) -> None:
    made = guesses(200, class_count=5, seed=1)
    found = find_label_errors({"test": replace(made, probabilities=np.tile(np.float32(shares), (200, 1)))})
    assert found.errors == ()
    assert "does not tell the classes apart" in found.refused


def test_blind_answers_are_nearly_always_refused_and_a_weak_model_is_not() -> None:
    refused = {
        skill: sum(
            bool(find_no_skill(guesses(300, class_count=4, seed=seed, group_count=12, skill=skill)))
            for seed in range(100)
        )
        for skill in (0.0, 1.0)
    }
    assert refused[0.0] >= 95
    assert refused[1.0] == 0


def test_a_model_that_hardly_ever_answers_a_rare_class_and_yet_ranks_it_is_heard() -> None:
    dice = np.random.default_rng(2)
    pairs = [("CS", "CS")] * 180 + [("LS", "CS")] * 20
    sure = [*dice.uniform(0.85, 0.99, 180), *dice.uniform(0.55, 0.8, 20)]
    answered = answers(pairs, classes=("CS", "LS"), confidence=sure)
    assert set(answered.predicted.tolist()) == {0}  # no better than the majority by what it answers
    assert find_no_skill(answered) == ""


def test_what_a_person_reviewed_is_not_doubted_and_counts_as_they_said() -> None:
    predictions, _ = with_planted(300)
    before = find_label_errors({"test": predictions})
    confirmed, corrected = before.errors[0], before.errors[1]
    said = {confirmed.frame: confirmed.labelled, corrected.frame: corrected.suggested}
    after = find_label_errors({"test": predictions}, reviewed=said)
    assert {one.frame for one in after.errors} == {one.frame for one in before.errors} - set(said)
    assert {one.frame for one in after.reviewed} == set(said)
    assert after.counted[confirmed.row] == predictions.truth[confirmed.row]
    assert after.counted[corrected.row] == predictions.classes.index(corrected.suggested)
    assert set(said).isdisjoint(one.frame for one in rank_disagreements(after))


def test_a_photograph_has_no_timecode() -> None:
    predictions, _ = with_planted(200)
    films = find_label_errors({"test": predictions})
    assert all(one.timecode for one in films.errors)
    stills = replace(predictions, names=tuple(f"IMG_{row:04d}" for row in range(200)))
    assert {one.timecode for one in find_label_errors({"test": stills}).errors} == {""}


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
