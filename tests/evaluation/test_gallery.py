from __future__ import annotations

import numpy as np

from evaluation.fabricated import answers, guesses
from rushes.evaluation.gallery import Outcomes, choose_cards, count_outcomes


def test_the_surest_mistake_comes_first():
    predictions = answers([("CS", "MS"), ("CS", "MS"), ("CS", "CS")], confidence=[0.6, 0.9, 0.99])
    assert choose_cards(predictions, limit=10) == (1, 0, 2)


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
