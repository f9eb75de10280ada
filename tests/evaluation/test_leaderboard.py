from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.boards import FILMS, LABELS, make_run, right_on
from evaluation.fabricated import answers
from rushes.evaluation.evaluate import evaluate_run
from rushes.evaluation.leaderboard import (
    describe_epochs,
    describe_model,
    digest_of_recipe,
    digest_of_samples,
    images_per_second,
    leaderboard_table,
    rank_standings,
    read_leaderboard,
    read_standing,
)


def names(board):
    return [standing.run.name for standing in board.standings]


def test_runs_are_ranked_by_validation_whatever_their_test_part_says(tmp_path: Path) -> None:
    make_run(tmp_path / "good-on-test", right_on(range(12)), right_on(range(24)))
    make_run(tmp_path / "good-on-validation", right_on(range(18)), right_on(range(6)))
    for folder in tmp_path.iterdir():
        evaluate_run(folder, project_root=tmp_path)
    (board,) = read_leaderboard(tmp_path).boards
    assert names(board) == ["good-on-validation", "good-on-test"]
    best, other = board.standings
    assert best.f1_macro == pytest.approx(0.75)  # of each class 6 of 8 found, and 2 others taken for it
    assert (best.test or {})["value"] == pytest.approx(0.25)
    assert (other.test or {})["value"] == 1.0


def test_a_run_that_was_not_evaluated_has_no_score_on_test(tmp_path: Path) -> None:
    standing = read_standing(make_run(tmp_path / "r", right_on(range(12))))
    assert standing.test is None
    assert standing.metrics is None


def test_of_equal_scores_the_newer_run_stands_first(tmp_path: Path) -> None:
    make_run(tmp_path / "old", right_on(range(12)), created_at="2026-11-19T10:00:00Z")
    make_run(tmp_path / "new", right_on(range(12)), created_at="2026-11-20T10:00:00Z")
    (board,) = read_leaderboard(tmp_path).boards
    assert names(board) == ["new", "old"]


def test_runs_judged_on_other_samples_or_labels_or_kinds_of_split_are_not_ranked_together(tmp_path: Path) -> None:
    make_run(tmp_path / "a", right_on(range(12)))
    make_run(tmp_path / "b", right_on(range(20)))
    fewer = answers([(label, label) for label in LABELS[:12]], groups=FILMS[:12])
    make_run(tmp_path / "fewer", fewer)
    relabelled = answers([("LS", "LS"), *((label, label) for label in LABELS[1:])], groups=FILMS)
    make_run(tmp_path / "relabelled", relabelled)
    make_run(tmp_path / "mixed", right_on(range(24)), split={"path": None, "sha256": "99", "kind": "mixed"})
    make_run(tmp_path / "other-task", right_on(range(24)), task="era")
    boards = {tuple(sorted(names(board))) for board in read_leaderboard(tmp_path).boards}
    assert boards == {("a", "b"), ("fewer",), ("relabelled",), ("mixed",), ("other-task",)}


def test_scores_on_other_test_samples_or_labels_bear_other_letters(tmp_path: Path) -> None:
    relabelled = answers([("LS", "LS"), *((label, label) for label in LABELS[1:])], groups=FILMS)
    for name, test in (("a", right_on(range(24))), ("b", right_on(range(6))), ("c", relabelled)):
        make_run(tmp_path / name, right_on(range(12)), test)
        evaluate_run(tmp_path / name, project_root=tmp_path)
    make_run(tmp_path / "untested", right_on(range(12)))
    (board,) = read_leaderboard(tmp_path).boards
    letters = {one.run.name: board.test_letters.get(one.test_ground) for one in board.standings}
    assert letters["a"] == letters["b"]
    assert {letters["a"], letters["c"], letters["untested"]} == {"a", "b", None}
    (alike,) = rank_standings([one for one in board.standings if one.run.name != "c"])
    assert alike.test_letters == {}


def test_a_new_manifest_does_not_part_runs_whose_validation_it_leaves_as_it_was(tmp_path: Path) -> None:
    make_run(tmp_path / "a", right_on(range(12)))
    make_run(tmp_path / "b", right_on(range(20)), manifest={"path": "m", "sha256": "77"})
    (board,) = read_leaderboard(tmp_path).boards
    assert names(board) == ["b", "a"]


def test_the_board_with_the_newest_run_comes_first_and_only_the_newest_are_read_where_asked(tmp_path: Path) -> None:
    make_run(tmp_path / "2026-11-01-a", right_on(range(12)), created_at="2026-11-01T10:00:00Z")
    make_run(tmp_path / "2026-11-02-b", right_on(range(12)), created_at="2026-11-02T10:00:00Z", task="era")
    make_run(tmp_path / "2026-11-03-c", right_on(range(6)), created_at="2026-11-03T10:00:00Z")
    assert [board.task for board in read_leaderboard(tmp_path).boards] == ["scale", "era"]
    newest = read_leaderboard(tmp_path, last=1)
    assert [names(board) for board in newest.boards] == [["2026-11-03-c"]]
    assert newest.unlisted == 2
    assert [board.task for board in read_leaderboard(tmp_path, task="era").boards] == ["era"]


def test_classes_that_are_never_predicted_are_named(tmp_path: Path) -> None:
    never = answers([(label, "MS") for label in LABELS], groups=FILMS)
    standing = read_standing(make_run(tmp_path / "r", never))
    assert standing.never_predicted == ("CS", "LS")
    tested = make_run(tmp_path / "s", right_on(range(24)), never)
    evaluate_run(tested.folder, project_root=tmp_path)
    assert read_standing(tested).never_predicted == ("CS", "LS")


def test_a_run_whose_validation_cannot_be_judged_stands_last_and_says_why(tmp_path: Path) -> None:
    broken = make_run(tmp_path / "broken", right_on(range(24)))
    broken.predictions_file("validation").write_bytes(b"no parquet")
    gone = make_run(tmp_path / "gone", right_on(range(24)))
    gone.predictions_file("validation").unlink()
    make_run(tmp_path / "whole", right_on(range(6)))
    leaderboard = read_leaderboard(tmp_path)
    problems = {one.run.name: one.problem for one in leaderboard.standings}
    assert "cannot be read as predictions" in problems["broken"]
    assert "validation part of its split is empty" in problems["gone"]
    assert problems["whole"] == ""
    assert all(one.f1_macro is None for one in leaderboard.standings if one.problem)


def test_folders_from_which_no_run_can_be_read_are_named_with_the_reason(tmp_path: Path) -> None:
    make_run(tmp_path / "whole", right_on(range(6)))
    for name, content in (("old", '{"schema": "run/0"}'), ("spoilt", "{")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(content, encoding="utf-8")
    found = {one.folder.name: one.reason for one in read_leaderboard(tmp_path).unreadable}
    assert set(found) == {"old", "spoilt"}
    assert "schema is 'run/0'" in found["old"]


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "metrics/9"}', '{"schema": "metrics/1", "test": 3}'])
def test_a_metrics_file_of_another_shape_counts_as_not_evaluated(tmp_path: Path, content: str) -> None:
    run = make_run(tmp_path / "r", right_on(range(6)))
    (run.folder / "metrics.json").write_text(content, encoding="utf-8")
    assert read_standing(run).test is None


def test_the_digest_of_samples_is_of_frames_and_labels_in_any_order() -> None:
    one = right_on(range(3))
    turned = replace(
        one, truth=one.truth[::-1], probabilities=one.probabilities[::-1], frames=tuple(reversed(one.frames))
    )
    assert digest_of_samples(one) == digest_of_samples(turned) == digest_of_samples(right_on(range(20)))
    assert digest_of_samples(one) != digest_of_samples(replace(one, truth=one.truth[::-1]))


def test_recipes_that_differ_in_name_only_have_one_digest() -> None:
    assert digest_of_recipe({"name": "a", "task": "t"}) == digest_of_recipe({"task": "t", "name": "b"})
    assert digest_of_recipe({"name": "a", "task": "t"}) != digest_of_recipe({"name": "a", "task": "u"})


def test_a_run_is_described_in_a_few_words(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", right_on(range(6)))
    cnn = replace(run, recipe={"model": {"kind": "cnn", "design": "cnn-4x4"}}, pace={"images_per_second": 12.5})
    head = replace(
        run, recipe={"model": {"kind": "features", "backbone": "vit"}}, head={"kind": "knn"}, epochs=0, best_epoch=0
    )
    tuned = replace(run, recipe={"model": {"kind": "finetune", "backbone": "vit"}})
    assert [describe_model(one) for one in (cnn, head, tuned)] == [
        "cnn-4x4",
        "features vit, knn head",
        "finetune vit",
    ]
    assert [describe_epochs(one) for one in (cnn, head)] == ["3, kept 2", "none, head only"]
    assert [images_per_second(one) for one in (cnn, head)] == [12.5, None]
    assert describe_model(replace(run, recipe={}, architecture={"kind": "cnn"})) == "cnn"


def test_the_table_holds_every_run_with_its_place_and_is_json(tmp_path: Path) -> None:
    make_run(tmp_path / "a", right_on(range(12)))
    make_run(tmp_path / "b", right_on(range(20)))
    table = json.loads(json.dumps(leaderboard_table(read_leaderboard(tmp_path))))
    assert [(one["name"], one["board"], one["rank"]) for one in table["runs"]] == [("b", 1, 1), ("a", 1, 2)]
    assert table["runs"][0]["validation"]["metrics"]["f1_macro"]["value"] > 0.8
    assert set(table["runs"][0]["digests"]) == {"manifest", "split", "recipe", "samples", "test_samples"}
    assert table["boards"][0]["count"] == 2
    assert table["unreadable"] == []
