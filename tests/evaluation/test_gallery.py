from __future__ import annotations

import numpy as np

from evaluation.fabricated import answers, guesses
from rushes.evaluation.gallery import Outcomes, Unshown, choose_cards, count_outcomes, find_unshown, margins_of


def test_the_surest_mistake_comes_first():
    predictions = answers([("CS", "MS"), ("CS", "MS"), ("CS", "CS")], confidence=[0.6, 0.9, 0.99])
    assert choose_cards(predictions, limit=10) == (1, 2, 0)  # one of each cell, then the other mistake


def test_every_class_and_kind_gets_its_turn_when_cards_are_few():
    pairs = [("CS", "MS")] * 50 + [("LS", "CS")] + [("CS", "CS")] * 50 + [("LS", "LS")]
    chosen = choose_cards(answers(pairs), limit=12)
    shown = {pairs[row] for row in chosen}
    assert shown == {("CS", "MS"), ("LS", "CS"), ("CS", "CS"), ("LS", "LS")}
    assert len(chosen) == len(set(chosen)) == 12


def test_right_answers_keep_their_share_of_the_cards():
    predictions = guesses(500, class_count=5, seed=0, skill=0)
    chosen = np.array(choose_cards(predictions, limit=40))
    assert len(chosen) == 40
    assert (predictions.truth == predictions.predicted)[chosen].sum() >= 12


def test_right_answers_are_the_surest_and_the_closest_calls():
    predictions = answers([("CS", "CS")] * 5, confidence=[0.5, 0.6, 0.7, 0.8, 0.9])
    assert choose_cards(predictions, limit=2) == (4, 0)


def test_no_samples_give_no_cards():
    assert choose_cards(answers([]), limit=10) == ()


def test_the_four_kinds_of_a_class_add_up():
    confusion = np.array([[2, 0, 1], [1, 1, 0], [0, 0, 4]])
    assert count_outcomes(confusion, 0) == Outcomes(2, 1, 1, 5)
    assert count_outcomes(confusion, 2) == Outcomes(4, 1, 0, 4)


def test_every_cell_of_the_matrix_that_holds_samples_has_a_card_while_there_is_room():
    predictions = guesses(3000, class_count=6, seed=1, skill=1)
    cells = set(zip(predictions.truth.tolist(), predictions.predicted.tolist(), strict=True))
    chosen = choose_cards(predictions, limit=60)
    assert {(int(predictions.truth[row]), int(predictions.predicted[row])) for row in chosen} == cells
    assert find_unshown(predictions, chosen) == ()
    # The first of each cell come first of all, so that a page short of room for pictures loses others.
    assert len({(predictions.truth[row], predictions.predicted[row]) for row in chosen[: len(cells)]}) == len(cells)


def test_cells_without_a_card_are_counted_and_some_of_their_samples_named():
    predictions = answers([("CS", "MS"), ("CS", "MS"), ("CS", "CS"), ("LS", "MS")], confidence=[0.6, 0.9, 0.8, 0.7])
    assert find_unshown(predictions, [2]) == (Unshown(0, 1, 2, (1, 0)), Unshown(2, 1, 1, (3,)))
    assert find_unshown(predictions, [2], most=1)[0] == Unshown(0, 1, 2, (1,))
    assert find_unshown(answers([]), []) == ()


def test_cells_beyond_the_cards_that_there_are_leave_right_answers_their_share():
    predictions = guesses(5000, class_count=30, seed=0, skill=0)
    chosen = choose_cards(predictions, limit=50)
    right = (predictions.truth == predictions.predicted)[list(chosen)]
    assert len(chosen) == 50
    assert right.sum() >= 15
    assert find_unshown(predictions, chosen)


def test_what_the_model_was_least_sure_of_is_among_the_cards():
    predictions = guesses(2000, class_count=4, seed=3, skill=1)
    closest = np.argsort(margins_of(predictions), kind="stable")[:10]
    assert set(closest.tolist()) <= set(choose_cards(predictions, limit=100))


def test_the_margin_is_the_lead_of_the_likeliest_class():
    predictions = answers([("CS", "MS"), ("CS", "CS")], confidence=[0.5, 0.8])
    np.testing.assert_allclose(margins_of(predictions), [0.25, 0.7], atol=1e-6)
    assert margins_of(answers([])).shape == (0,)


def test_all_samples_are_shown_where_there_is_room_for_all():
    predictions = answers([("CS", "CS")] * 100)
    assert sorted(choose_cards(predictions, limit=100)) == list(range(100))
    assert len(choose_cards(predictions, limit=99)) < 99
