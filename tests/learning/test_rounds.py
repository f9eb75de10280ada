"""The rounds of an iteration, and what changed between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rushes.errors import RunError
from rushes.labels.manifest import ManifestRow
from rushes.learning.rounds import (
    Change,
    Round,
    add_round,
    count_changes,
    folder_of_iteration,
    mean_and_spread,
    measure_of,
    middle_of,
    read_rounds,
    what_would_help,
)

ROUND = Round(
    number=1,
    at="2026-11-26T12:00:00Z",
    run="2026-11-26-120000-mcu",
    runs={"2026-11-26-120000-mcu": 0.7},
    recipe={"name": "mcu"},
    manifest={"path": "manifests/mcu-manifest-A.jl", "sha256": "aa"},
    split={"path": None, "sha256": "bb", "kind": "grouped"},
    measure="f1_macro",
    score=0.7,
    spread=None,
    validation={"value": 0.7, "low": None, "high": None, "level": None, "groups": 2},
    test={"value": 0.6, "low": 0.5, "high": 0.7, "level": 0.95, "groups": 9},
    changes=(Change("MS", "CS", "review", 3),),
    counts={"train": {"CS": 12, "MS": 80}},
)


def test_rounds_are_read_as_they_were_written(tmp_path: Path) -> None:
    second = replace(ROUND, number=2, stop="the target is reached")
    assert read_rounds(tmp_path) == []
    add_round(tmp_path, ROUND)
    add_round(tmp_path, second)
    assert read_rounds(tmp_path) == [ROUND, second]


def test_a_line_that_is_no_round_is_named(tmp_path: Path) -> None:
    add_round(tmp_path, ROUND)
    path = tmp_path / "rounds.jsonl"
    path.write_text(path.read_text() + '{"schema": "round/9"}\n')
    with pytest.raises(RunError, match=r"rounds\.jsonl, line 2: not a round .*round/1"):
        read_rounds(tmp_path)


def row(name: str, class_name: str, origin: str = "supervised") -> ManifestRow:
    return ManifestRow(f"{name}.jpg", class_name, origin=origin)


def test_changes_are_counted_by_class_and_origin() -> None:
    before = [row("a", "CS"), row("b", "CS"), row("c", "MS"), row("d", "MS")]
    after = [row("a", "MS", "review"), row("b", "MS", "review"), row("c", "MS", "review"), row("e", "LS")]
    assert count_changes(before, after) == (
        Change("CS", "MS", "review", 2),
        Change("MS", None, "", 1),
        Change(None, "LS", "supervised", 1),
    )


def test_a_label_that_was_confirmed_is_no_change() -> None:
    assert count_changes([row("a", "CS")], [row("a", "CS", "review")]) == ()


def test_the_middle_run_stands_for_the_round() -> None:
    assert middle_of({"a": 0.9, "b": 0.1, "c": 0.5}) == "c"
    assert middle_of({"a": 0.9, "b": 0.1}) == "b"
    assert middle_of({"a": 0.5, "b": 0.5, "c": 0.5}) == "b"


def test_one_score_has_no_spread() -> None:
    assert mean_and_spread([0.5]) == (0.5, None)
    assert mean_and_spread([0.4, 0.6]) == pytest.approx((0.5, 0.2**0.5 * 0.1**0.5))


def test_a_recipe_that_watches_its_loss_is_compared_by_macro_f1() -> None:
    assert measure_of("loss") == "f1_macro"
    assert measure_of("balanced_accuracy") == "balanced_accuracy"


def test_a_folder_is_named_by_recipe_and_task() -> None:
    assert folder_of_iteration(Path("p"), "my recipe/2", "mcu") == Path("p/iterations/my-recipe-2-mcu")


def test_advice_names_small_classes_few_groups_and_the_noise() -> None:
    advice = "\n".join(what_would_help(replace(ROUND, review={"checked": 10, "wrong": 2})))
    assert "CS (12)" in advice
    assert "MS" not in advice
    assert "validation rests on 2" in advice
    assert "--seeds 3" in advice
    assert "2 of 10 checks were wrong" in advice
