"""Rounds of an iteration on pictures of which some are labelled wrongly on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.colours import Colours, make_colours, read_queue
from rushes.cli.iterate_steps import place_of_queue


@dataclass(frozen=True)
class Story:
    """An iteration from its first round to its plateau, and what each call answered."""

    colours: Colours
    said: Mapping[str, Any]
    queued: list[dict[str, str]]
    misspelt_statements: int
    runs_before_the_kill: list[str]
    runs_after_the_kill: list[str]


def statements(colours: Colours) -> int:
    return int(colours.said("status")["statements"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    pytest.importorskip("torch")
    colours = make_colours(tmp_path_factory.mktemp("colours") / "project")
    asked = ("--queue", 30)
    said = {"before": colours.iterate(*asked, "--dry-run"), "first": colours.iterate(*asked)}
    queued = read_queue(colours.queue(1))
    said["waiting"] = colours.iterate(*asked)

    count = statements(colours)
    colours.fill(colours.queue(1), colours.truth | {queued[2]["name"]: "bleu", queued[4]["name"]: "rad"})
    said["misspelt"] = colours.iterate(*asked, status=2)
    misspelt = statements(colours) - count

    colours.fill(colours.queue(1))
    said["second"] = colours.iterate(*asked)
    before = colours.runs
    rounds = colours.folder / "rounds.jsonl"
    rounds.write_text(rounds.read_text().splitlines(keepends=True)[0])  # as if killed before the round was noted
    (colours.root / "runs" / said["second"]["round"]["run"] / "metrics.json").unlink()
    said["resumed"] = colours.iterate(*asked)
    after = colours.runs

    colours.fill(colours.queue(2))
    said["confirmed"] = colours.iterate(*asked)
    said["plateau"] = colours.iterate(*asked, "--set", "training.regularisation=[0.02,0.1]", "--patience", 1)
    said["target"] = colours.iterate(
        *asked, "--set", "training.regularisation=[0.02,0.1]", "--target-error", 0.2, "--watch"
    )
    return Story(colours, said, queued, misspelt, before, after)


def test_a_dry_run_trains_nothing(story: Story) -> None:
    before = story.said["before"]
    assert (before["dry_run"], before["trained"], before["round"]) == (True, False, None)
    assert before["said"] == "would train: nothing was trained yet"


def test_the_first_round_queues_the_wrong_labels_first(story: Story) -> None:
    wrong = {name for name in story.colours.planted if story.colours.part_of(name) != "test"}
    doubts = [row["name"] for row in story.queued if row["kind"] == "doubt"]
    assert len(wrong & set(doubts[: len(wrong)])) >= 0.8 * len(wrong)
    assert all(row["class"] == "" for row in story.queued)


def test_a_fifth_of_the_queue_is_drawn_where_label_and_model_agree(story: Story) -> None:
    checks = [row for row in story.queued if row["kind"] == "check"]
    assert len(checks) == 6
    assert all(row["labelled"] == row["predicted"] for row in checks)


def test_the_test_part_is_not_queued(story: Story) -> None:
    assert {row["part"] for row in story.queued} == {"train", "validation"}


def test_nothing_is_trained_while_no_label_changes(story: Story) -> None:
    waiting = story.said["waiting"]
    assert (waiting["trained"], waiting["waiting"]) == (False, len(story.queued))
    assert f"{len(story.queued)} samples wait in {story.colours.queue(1)}" in waiting["said"]


def test_a_queue_with_misspelt_classes_names_all_of_them_and_states_nothing(story: Story) -> None:
    message = story.said["misspelt"]["message"]
    assert "round-01/queue.csv, row 4" in message
    assert "round-01/queue.csv, row 6" in message
    assert "Did you mean 'blue'?" in message
    assert story.misspelt_statements == 0


def test_a_reviewed_queue_brings_a_gain(story: Story) -> None:
    second = story.said["second"]
    corrected = sum(row["name"] in story.colours.planted for row in story.queued)
    assert second["trained"]
    assert second["appended"] == len(story.queued)
    assert sum(change["count"] for change in second["round"]["changes"]) == corrected
    assert {change["origin"] for change in second["round"]["changes"]} == {"review"}
    assert second["round"]["gain"]["validation"]["value"] > 0
    assert second["round"]["labels_effect"]["validation"]["value"] > 0
    assert second["round"]["labels_effect"]["test"]["value"] == 0


def test_what_was_reviewed_tells_of_the_labels_and_is_not_asked_again(story: Story) -> None:
    review = story.said["second"]["round"]["review"]
    assert (review["checked"], review["wrong"]) == (6, 0)
    assert review["doubted"] == len(story.queued) - 6
    again = {row["name"] for row in read_queue(story.colours.queue(2))}
    assert again.isdisjoint(row["name"] for row in story.queued)


def test_a_kill_before_a_round_was_noted_costs_no_training_and_no_queue(story: Story) -> None:
    assert story.runs_after_the_kill == story.runs_before_the_kill
    one, other = story.said["second"]["round"], story.said["resumed"]["round"]
    assert {**one, "at": ""} == {**other, "at": ""}


def test_where_all_labels_were_confirmed_the_next_samples_are_asked_about(story: Story) -> None:
    confirmed = story.said["confirmed"]
    assert (confirmed["trained"], confirmed["appended"]) == (False, len(read_queue(story.colours.queue(2))))
    assert confirmed["queue"] == str(story.colours.queue(2, "queue-2"))


def test_it_stops_where_nothing_is_gained_beyond_the_noise(story: Story) -> None:
    plateau = story.said["plateau"]
    assert plateau["trained"]
    assert (plateau["stop"], plateau["round"]["number"]) == (True, 3)
    assert plateau["round"]["stop"].startswith("no gain beyond the noise")
    # A linear head has no dice: more seeds of it would be the same training again.
    assert not any("--seeds" in line for line in plateau["advice"])


def test_a_watch_ends_where_the_target_is_reached(story: Story) -> None:
    target = story.said["target"]
    assert (target["stop"], target["trained"]) == (True, False)
    assert "the target is reached" in target["reason"]


def test_the_history_holds_every_round_and_leads_to_its_report_and_queue(story: Story) -> None:
    page = (story.colours.folder / "history.html").read_text(encoding="utf-8")
    for number in (1, 2, 3):
        assert f"<b>{number}</b>" in page
        assert f'href="round-{number:02d}/queue.html"' in page
    for run in story.runs_after_the_kill:
        assert (story.colours.folder / f"../../runs/{run}/report.html").is_file()
        assert f"../../runs/{run}/report.html" in page
    gain = story.said["second"]["round"]["gain"]["validation"]["value"]
    assert f"{gain:+.3f}" in page


def test_a_queue_that_was_saved_just_now_is_under_review(tmp_path: Path) -> None:
    from rushes.cli.iterate_steps import is_under_review

    queue = tmp_path / "round-01" / "queue.csv"
    queue.parent.mkdir()
    queue.write_text("frame,class\n")
    saved = datetime.fromtimestamp(queue.stat().st_mtime, UTC)
    assert is_under_review(tmp_path, now=saved + timedelta(seconds=59), calm_seconds=60)
    assert not is_under_review(tmp_path, now=saved + timedelta(seconds=61), calm_seconds=60)
    assert not is_under_review(tmp_path, now=saved, calm_seconds=0)


def test_a_mixed_split_is_refused(story: Story) -> None:
    said = story.colours.iterate("--set", "split=mixed", status=2)
    assert "split is 'mixed'" in said["message"]


def copied(story: Story, tmp_path: Path) -> Colours:
    import shutil

    root = tmp_path / "project"
    shutil.copytree(story.colours.root, root)
    return Colours(root, story.colours.truth, story.colours.planted)


def test_more_seeds_are_added_to_the_round_that_there_is(story: Story, tmp_path: Path) -> None:
    seeded = copied(story, tmp_path)
    mlp = ("--set", "model.head=mlp", "--set", "model.hidden=4", "--queue", 10)
    one = seeded.iterate(*mlp)
    assert (one["round"]["number"], len(one["round"]["runs"]), one["round"]["spread"]) == (4, 1, None)
    before = seeded.runs
    said = seeded.iterate(*mlp, "--seeds", 3)
    assert said["trained"]
    assert len(seeded.runs) == len(before) + 2
    assert said["round"]["number"] == 4
    assert said["round"]["spread"] is not None
    assert one["round"]["runs"].items() <= said["round"]["runs"].items()
    scores = said["round"]["runs"]
    assert sorted(scores.values())[1] == scores[said["round"]["run"]]
    assert len((seeded.folder / "rounds.jsonl").read_text().splitlines()) == 4
    again = seeded.iterate(*mlp, "--seeds", 3)
    assert (again["trained"], len(seeded.runs)) == (False, len(before) + 2)
    assert again["said"].startswith("nothing has changed since round 4: nothing was trained")


def test_a_recipe_without_dice_is_trained_from_one_seed(story: Story, tmp_path: Path) -> None:
    said = copied(story, tmp_path).iterate("--seeds", 3)
    assert len(said["round"]["runs"]) == 1


def test_the_command_on_the_page_is_the_one_that_was_typed(story: Story) -> None:
    page = (story.colours.folder / "history.html").read_text(encoding="utf-8")
    assert "--target-error 0.2 --queue 30 --watch" in page


def test_queues_are_taken_in_the_order_of_their_rounds() -> None:
    names = ("round-99/queue.csv", "round-100/queue.csv", "round-02/queue-10.csv", "round-02/queue.csv")
    ordered = sorted(map(Path, names), key=place_of_queue)
    assert [str(path) for path in ordered] == [names[3], names[2], names[0], names[1]]
