"""From which score on a photograph is picked, and what can be said of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import UsageError
from rushes.inference.cull_control import Control, choose_control, expected_misses
from rushes.learning.predictions import Predictions

CLASSES = ("reject", "select")
SCORES = np.array([0.9, 0.4, 0.2, 0.1], np.float32)


def answers(rows: Sequence[tuple[str, bool, float]]) -> Predictions:
    """Return predictions of (shoot, is good, score)."""
    scores = np.array([score for _, _, score in rows], np.float32)
    nothing = ("",) * len(rows)
    return Predictions(
        classes=CLASSES,
        truth=np.array([int(good) for _, good, _ in rows], np.int64),
        probabilities=np.stack([1 - scores, scores], axis=1),
        frames=nothing,
        groups=tuple(shoot for shoot, _, _ in rows),
        images=nothing,
        names=nothing,
        timecodes=nothing,
        origins=nothing,
    )


def shoot(name: str, good: Sequence[float], bad: Sequence[float]) -> list[tuple[str, bool, float]]:
    return [(name, True, score) for score in good] + [(name, False, score) for score in bad]


def choose(control: Control, validation: Predictions | None = None, test: Predictions | None = None, **more: object):  # type: ignore[no-untyped-def]
    parts = {"validation": validation, "test": test}
    known = {part: one for part, one in parts.items() if one is not None}
    return choose_control(control, known, class_name="select", **more)  # type: ignore[arg-type]


def test_one_shoot_is_asked_for_no_more_than_its_own_recall() -> None:
    one = answers(shoot("lake", [0.9, 0.8, 0.7, 0.3], [0.6, 0.4, 0.2, 0.1]))
    promise = choose(Control("recall", 0.75), one)
    assert promise.threshold == pytest.approx((0.7 + 0.6) / 2, abs=1e-6)
    assert (promise.aimed, promise.unseen) == (0.75, None)
    assert promise.validation.recall.value == pytest.approx(0.75)
    assert promise.validation.keep_rate.value == pytest.approx(3 / 8)
    assert any("one shoot" in note for note in promise.notes)


def test_a_shoot_that_was_left_out_lowers_the_threshold() -> None:
    """Each of two shoots has a good one below all good ones of the other: only aiming for more keeps enough."""
    two = answers(shoot("lake", [0.95, 0.9, 0.85, 0.8], [0.79]) + shoot("town", [0.7, 0.65, 0.6, 0.55], [0.05]))
    promise = choose(Control("recall", 0.75), two)
    alone = 0.65  # keeps six of eight on validation, and of the town, left out, the threshold of the lake keeps none
    assert promise.threshold < alone
    assert promise.aimed == 1.0
    assert promise.unseen.recall.value < 0.75
    assert promise.unseen.shoots[0].shoot == "town"
    assert any("left out" in note and "town" in note for note in promise.notes)


def test_shoots_that_are_alike_need_no_more_than_was_asked_for() -> None:
    rows = [row for name in "abcdefghij" for row in shoot(name, np.linspace(0.6, 0.99, 20).tolist(), [0.1, 0.2])]
    promise = choose(Control("recall", 0.9), answers(rows))
    assert promise.unseen.recall.value >= 0.9
    assert promise.aimed == pytest.approx(0.9)
    assert promise.at_least.value == pytest.approx(0.857, abs=0.002)  # Clopper-Pearson, 180 of 200, one-sided 95 %


def test_the_shoots_that_were_left_out_reach_what_is_asked_wherever_the_note_does_not_say_otherwise() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        rows = [
            row
            for name in "abcdef"
            for row in shoot(name, random.beta(4, 2, 15).tolist(), random.beta(2, 4, 15).tolist())
        ]
        promise = choose(Control("recall", 0.9), answers(rows))
        assert promise.unseen.recall.value >= 0.9 or any("left out" in note for note in promise.notes)
        assert promise.validation.recall.value >= 0.9


def test_test_shoots_are_looked_at_and_move_nothing() -> None:
    validation = answers(shoot("a", [0.9, 0.8], [0.1]) + shoot("b", [0.85, 0.75], [0.2]))
    alone = choose(Control("recall", 0.9), validation)
    beside = choose(Control("recall", 0.9), validation, answers(shoot("c", [0.01, 0.9], [0.5])))
    assert beside.threshold == alone.threshold
    assert beside.test.recall.value == 0.5


def test_the_number_of_picks_is_the_score_of_the_last_of_them() -> None:
    scores = np.array([0.2, 0.9, 0.5, 0.7], np.float32)
    assert choose(Control("top", 2), scores=scores).threshold == pytest.approx(0.7)
    assert choose(Control("top", 9), scores=scores).threshold == pytest.approx(0.2)
    assert (scores >= choose(Control("top", 3), scores=scores).threshold).sum() == 3


def test_without_validation_a_threshold_is_taken_as_it_is_and_nothing_is_promised() -> None:
    promise = choose(Control("threshold", 0.4))
    assert (promise.threshold, promise.validation, promise.at_least.value) == (0.4, None, None)
    assert "nothing can be said of recall" in promise.notes[0]


def test_a_recall_without_validation_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match=r"--recall 0\.99: the bundle carries no answers.*--threshold or --top"):
        choose(Control("recall", 0.99))


def test_a_recall_without_a_good_photograph_is_refused() -> None:
    with pytest.raises(UsageError, match="no photograph of the validation shoots is a good one"):
        choose(Control("recall", 0.9), answers(shoot("a", [], [0.1, 0.2])))


def test_the_promise_is_plain_values() -> None:
    import json

    two = answers(shoot("a", [0.9, 0.8], [0.1]) + shoot("b", [0.85, 0.75], [0.2]))
    table = json.loads(json.dumps(choose(Control("recall", 0.9), two, two).to_table()))
    assert table["unseen"]["recall"]["value"] == choose(Control("recall", 0.9), two).unseen.recall.value
    assert set(table) == {"threshold", "aimed", "validation", "unseen", "test", "at_least", "notes"}


def test_expected_misses_are_what_calibrated_scores_add_up_to_among_the_rejects() -> None:
    promise = choose(Control("threshold", 0.5))
    likely, low, high = expected_misses(SCORES, SCORES < 0.5, 0.5, promise)
    assert likely == pytest.approx(0.7, abs=1e-6)
    assert low == 0
    assert 0.7 < high <= 3


def test_what_a_thinned_burst_loses_counts_in_and_what_a_bracket_keeps_does_not() -> None:
    promise = choose(Control("threshold", 0.5))
    thinned, kept = np.array([True, True, True, True]), np.array([False, False, True, True])
    assert expected_misses(SCORES, thinned, 0.5, promise)[0] == pytest.approx(1.6, abs=1e-6)
    assert expected_misses(SCORES, kept, 0.5, promise)[0] == pytest.approx(0.3, abs=1e-6)


@given(
    scores=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    threshold=st.floats(0, 1),
    bound=st.floats(0.05, 1),
)
def test_expected_misses_lie_between_none_and_all_rejects(scores: list[float], threshold: float, bound: float) -> None:
    two = answers(shoot("a", [bound, 0.9], [0.1]) + shoot("b", [0.8, 0.7], [0.6]))
    promise = choose(Control("threshold", threshold), two)
    values = np.array(scores, np.float32)
    likely, low, high = expected_misses(values, values.astype(np.float64) < threshold, threshold, promise)
    rejected = int((values.astype(np.float64) < threshold).sum())
    assert 0 <= low <= likely + 1e-9
    assert likely <= high + 1e-9
    assert high <= rejected + 1e-9
