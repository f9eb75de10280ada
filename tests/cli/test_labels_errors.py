"""`rushes labels errors` on pictures of which some are labelled wrongly on purpose, up to the import of the answers."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.colours import Colours, make_colours, read_queue


@dataclass(frozen=True)
class Story:
    """A project with a run, and what each call answered."""

    colours: Colours
    said: Mapping[str, Any]
    queued: list[dict[str, str]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    pytest.importorskip("torch")
    pytest.importorskip("cleanlab")
    colours = make_colours(tmp_path_factory.mktemp("colours") / "project")
    for words in (("manifest", "build"), ("split", "make"), ("train", colours.root / "recipes" / "colours.toml")):
        colours.said(*words)
    said = {"dry": colours.said("labels", "errors", "--dry-run")}
    said["first"] = colours.said("labels", "errors", "--length", 40)
    sheet = Path(said["first"]["queue"])
    queued = read_queue(sheet)
    colours.fill(sheet)
    said["import"] = colours.said(*shlex.split(said["first"]["import"])[1:])
    said["again"] = colours.said("labels", "errors", "--length", 40)  # no manifest was built since
    said["judged before"] = colours.said("evaluate")
    colours.said("manifest", "build")
    said["second"] = colours.said("labels", "errors", "--all", "--include-test")
    said["judged"] = colours.said("evaluate")
    return Story(colours, said, queued)


def asked_wrong(story: Story) -> set[str]:
    return {name for name in story.colours.planted if story.colours.part_of(name) != "test"}


def test_a_dry_run_looks_at_held_out_parts_and_writes_nothing(story: Story) -> None:
    dry = story.said["dry"]
    assert (dry["dry_run"], dry["queue"], dry["queued"]) == (True, None, 0)
    assert set(dry["judged"]) == {"validation", "test"}


def test_the_wrong_labels_are_queued_first(story: Story) -> None:
    wrong = asked_wrong(story)
    doubts = [row["name"] for row in story.queued if row["kind"] == "doubt"]
    assert len(wrong & set(doubts[: len(wrong) + 3])) >= 0.7 * len(wrong)
    assert {row["part"] for row in story.queued} <= {"train", "validation"}


def test_checks_are_drawn_where_label_and_model_agree(story: Story) -> None:
    checks = [row for row in story.queued if row["kind"] == "check"]
    assert len(checks) == 8
    assert all(row["labelled"] == row["predicted"] for row in checks)


def test_the_pictures_stand_on_a_page_beside_the_sheet(story: Story) -> None:
    page = Path(story.said["first"]["page"])
    assert page.read_text(encoding="utf-8").count("data:image/webp") == len(story.queued)


def test_the_estimate_is_said_with_its_range(story: Story) -> None:
    wrong = story.said["first"]["estimate"]["wrong"]
    share = len(story.colours.planted) / len(story.colours.truth)
    assert wrong["low"] <= share <= wrong["high"]
    assert story.said["first"]["sentence"].startswith("the model doubts ")
    assert "at most about" in story.said["first"]["sentence"]


def test_the_answers_come_back_as_reviews(story: Story) -> None:
    assert story.said["import"]["appended"] == len(story.queued)
    name = story.queued[0]["name"]
    shown = json.dumps(story.colours.said("labels", "show", name))
    assert '"review"' in shown


def test_what_was_reviewed_is_not_asked_again(story: Story) -> None:
    second = story.said["second"]
    assert second["queue"] != story.said["first"]["queue"]
    again = {row["frame"] for row in read_queue(Path(second["queue"]))}
    assert again.isdisjoint(row["frame"] for row in story.queued)
    assert any("flatter" in note for note in second["notes"])


def test_a_review_counts_as_soon_as_it_is_imported(story: Story) -> None:
    again = {row["frame"] for row in read_queue(Path(story.said["again"]["queue"]))}
    assert again.isdisjoint(row["frame"] for row in story.queued)
    assert {one["frame"] for one in story.said["again"]["errors"]}.isdisjoint(row["frame"] for row in story.queued)


def test_what_the_review_found_is_said(story: Story) -> None:
    assert story.said["first"]["review"]["doubted"] == 0
    review = story.said["again"]["review"]
    kinds = Counter(row["kind"] for row in story.queued)
    assert (review["doubted"], review["checked"]) == (kinds["doubt"], kinds["check"])
    wrong = [row for row in story.queued if story.colours.truth[row["name"]] != row["labelled"]]
    assert review["corrected"] + review["wrong"] == len(wrong)
    assert "doubts that were reviewed" in review["sentence"]


def test_doubts_in_test_that_are_not_queued_are_said(story: Story) -> None:
    left = sum(one["part"] == "test" for one in story.said["first"]["errors"])
    assert left
    assert any(note.startswith(f"{left} doubted label") and "--include-test" in note
               for note in story.said["first"]["notes"])  # fmt: skip
    assert not any("--include-test" in note for note in story.said["second"]["notes"])


def test_a_report_knows_of_reviews_since_the_run(story: Story) -> None:
    judged = story.said["judged before"]["metrics"]
    reviewed = {row["frame"] for row in story.queued}
    assert reviewed.isdisjoint(one["frame"] for one in judged["label_errors"]["errors"])
    changed = [row for row in story.queued
               if row["part"] == "validation" and story.colours.truth[row["name"]] != row["labelled"]]  # fmt: skip
    assert changed
    assert any(warning.startswith(f"{len(changed)} label") and "changed since the run" in warning
               for warning in judged["warnings"])  # fmt: skip


def test_the_report_lists_doubted_labels_and_names_the_queue(story: Story) -> None:
    found = story.said["judged"]["metrics"]["label_errors"]
    assert found["parts"] == ["validation", "test"]
    assert found["estimate"]["samples"] == sum(found["samples"].values())
    page = Path(story.said["judged"]["report"]).read_text(encoding="utf-8")
    assert 'id="label-errors"' in page
    assert "reviews/" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "queue.txt"), "a queue is written as .csv or .xlsx"),
        (("no-such-run",), "there is no run"),
    ],
)
def test_bad_input_is_named(story: Story, words: tuple[str, ...], message: str) -> None:
    assert message in story.colours.said("labels", "errors", *words, status=2)["message"]


def test_a_queue_that_is_there_is_not_written_over(story: Story) -> None:
    said = story.colours.said("labels", "errors", "--out", story.said["first"]["queue"], status=2)
    assert "may hold a review" in said["message"]
