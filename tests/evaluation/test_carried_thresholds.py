"""Thresholds that came with a model: what they do on samples, by hand, and how the page says it."""

from __future__ import annotations

import pytest

from evaluation.fabricated import answers
from rushes.evaluation.carried_thresholds import carry_thresholds
from rushes.evaluation.judge import judge
from rushes.evaluation.threshold_section import show_thresholds
from rushes.wish import BEST_F1, Wish

PAIRS = [("CS", "CS")] * 6 + [("CS", "MS")] * 2 + [("MS", "CS")] * 2 + [("MS", "MS")] * 6
TWO_FILMS = answers(PAIRS, groups=["a", "b"] * 8)  # an answer has 0.8, each other class 0.1


def test_a_threshold_is_counted_as_it_came_and_a_wish_that_fails_here_is_told() -> None:
    found = carry_thresholds(
        TWO_FILMS, {"CS": 0.5, "MS": 0.05}, wishes={"CS": Wish("recall", 0.9), "MS": BEST_F1}, part="test",
        watched="grouped",
    )  # fmt: skip
    table = found.to_table()
    assert table is not None
    assert {key: table["CS"]["test"][key] for key in ("tp", "fp", "fn", "tn")} == {"tp": 6, "fp": 2, "fn": 2, "tn": 6}
    assert table["CS"]["test"]["recall"]["value"] == pytest.approx(0.75)
    assert (table["MS"]["test"]["tp"], table["MS"]["test"]["fp"]) == (8, 8)
    assert (table["LS"]["threshold"], table["LS"]["test"]) == (None, None)
    assert found.notes() == [
        "Threshold of CS, recall >= 0.9: On these samples it does not hold: recall is 0.750 here."
    ]  # fmt: skip
    assert "had no part in the choice" in found.where_chosen


@pytest.mark.parametrize("watched", ["chosen", "trained", "unknown"])
def test_costs_on_samples_that_had_a_part_in_it_are_said_to_flatter(watched: str) -> None:
    found = carry_thresholds(TWO_FILMS, {"CS": 0.5}, part="all", watched=watched)
    assert "flatters" in found.where_chosen


def test_the_table_has_the_judged_part_alone_and_the_slider_starts_at_what_came() -> None:
    carried = carry_thresholds(TWO_FILMS, {"CS": 0.5}, part="validation", watched="chosen")
    page = show_thresholds(judge(TWO_FILMS, train_counts={}), TWO_FILMS, carried)
    assert 'data-part="validation"' not in page
    assert '<th scope="col">validation</th>' in page
    assert page.count('type="range"') == 1
    assert ">0.500</output>" in page
    assert "No threshold came for it" in page


def test_a_model_without_thresholds_has_its_curves_and_says_why() -> None:
    carried = carry_thresholds(TWO_FILMS, {}, part="test", watched="grouped")
    page = show_thresholds(judge(TWO_FILMS, train_counts={}), TWO_FILMS, carried)
    assert carried.to_table() is None
    assert "carries no thresholds" in page
    assert 'class="chart"' in page
