from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from evaluation.boards import make_run, right_on
from evaluation.fabricated import answers, guesses
from evaluation.test_report import outline
from rushes.evaluation.comparison import compare_runs
from rushes.evaluation.comparison_page import format_comparison_page
from rushes.evaluation.evaluate import evaluate_run
from rushes.evaluation.leaderboard import Leaderboard, rank_standings, read_leaderboard, read_standing
from rushes.evaluation.runs_page import format_runs_page, mark_recipe, write_runs_page
from rushes.learning.recipe import Recipe


def test_the_page_carries_all_it_shows_and_links_to_reports_as_seen_from_its_folder(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    make_run(runs / "a", right_on(range(12)))
    evaluate_run(make_run(runs / "b", right_on(range(20))).folder, project_root=tmp_path)
    assert write_runs_page(runs / "index.html", read_leaderboard(runs), title="mine") == 2
    page = (runs / "index.html").read_text(encoding="utf-8")
    found = outline(page)
    assert found.hashes <= found.ids
    assert [address for address in found.addresses if not address.startswith("#")] == ["b/report.html"]
    other, _ = format_runs_page(read_leaderboard(runs), title="mine", folder=tmp_path / "pages")
    assert "../runs/b/report.html" in other
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_a_page_without_runs_says_so(tmp_path: Path) -> None:
    page, shown = format_runs_page(Leaderboard((), ()), title="mine", folder=tmp_path)
    outline(page)
    assert "There are no runs yet" in page
    assert shown == 0


def test_the_page_names_what_it_cannot_read_and_what_a_run_warns_of(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", right_on(range(12)), warnings=["beware of <this>"])
    run.predictions_file("validation").unlink()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "run.json").write_text('{"schema": "run/0"}')
    page, _ = format_runs_page(read_leaderboard(tmp_path), title="mine", folder=tmp_path)
    outline(page)
    assert "beware of &lt;this&gt;" in page
    assert "schema is &#x27;run/0&#x27;" in page
    assert "No run can be ranked yet" in page


def test_classes_that_are_never_predicted_are_named_where_they_are_few_and_counted_where_not(tmp_path: Path) -> None:
    classes = ("CS", "MS", "LS", "FS")
    for name, found in (("few", ("CS", "MS", "LS", "CS")), ("many", ("CS",) * 4)):
        predictions = answers([*zip(classes, found, strict=True)] * 6, classes=classes)
        make_run(tmp_path / name, predictions)
    page, _ = format_runs_page(read_leaderboard(tmp_path), title="mine", folder=tmp_path)
    assert '<b class="never" title="‘FS’">never ‘FS’</b>' in page
    assert '<b class="never" title="‘MS’, ‘LS’, ‘FS’">never 3 of 4 classes</b>' in page


def test_curves_of_recall_are_drawn_where_epochs_recorded_them(tmp_path: Path) -> None:
    standing = read_standing(make_run(tmp_path / "a", right_on(range(12))))
    history = tuple({"epoch": epoch, "f1_macro": 0.5, "recalls": [0.1 * epoch, 0.2, None]} for epoch in (1, 2))
    with_recalls = replace(standing, run=replace(standing.run, history=history))
    page, _ = format_runs_page(Leaderboard(rank_standings([with_recalls]), ()), title="mine", folder=tmp_path)
    assert "Recall on validation" in page
    without, _ = format_runs_page(Leaderboard(rank_standings([standing]), ()), title="mine", folder=tmp_path)
    assert "Recall on validation" not in without


def test_what_differs_from_the_defaults_is_marked_in_a_recipe() -> None:
    table = Recipe(name="x").to_table()
    assert "<mark>" not in mark_recipe(table)
    changed = table | {"training": table["training"] | {"epochs": 7}}
    assert re.findall("<mark>(.*?)</mark>", mark_recipe(changed)) == ["epochs = 7"]
    assert "balance" in mark_recipe({"schema": "recipe/99", "balance": "weights"})


def test_a_page_of_two_hundred_runs_of_ten_classes_stays_below_three_megabytes(tmp_path: Path) -> None:
    made = guesses(300, class_count=10, seed=0)
    standing = read_standing(make_run(tmp_path / "a", made))
    history = tuple(
        {"epoch": epoch, "train_loss": 0.5, "validation_loss": 0.6, "f1_macro": 0.5, "recalls": [0.5] * 10}
        for epoch in range(30)
    )
    run = replace(standing.run, history=history, recipe=Recipe(name="x").to_table())
    many = [replace(standing, run=replace(run, name=f"run-{number}")) for number in range(200)]
    page, shown = format_runs_page(Leaderboard(rank_standings(many), ()), title="mine", folder=tmp_path)
    assert len(page.encode()) < 3_000_000
    assert page.count('<th scope="row" class="words">') == 200
    assert 50 < shown < 200
    assert f"{200 - shown} more runs" in page


def test_the_page_of_a_comparison_carries_all_it_shows(tmp_path: Path) -> None:
    one = make_run(tmp_path / "a", right_on(range(12)), recipe={"name": "<a>", "model": {"kind": "cnn"}})
    other = make_run(tmp_path / "b", right_on(range(20)), recipe={"name": "b", "model": {"kind": "features"}})
    page = format_comparison_page(compare_runs(one, other))
    found = outline(page)
    assert found.addresses == []
    assert "&lt;a&gt;" in page
    assert "<b>12</b> both right" in page
    assert "The recipes do not differ" in format_comparison_page(compare_runs(one, one))
