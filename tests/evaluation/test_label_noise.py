"""The estimated share of wrong labels, and the section of a report that shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.fabricated import answers
from learning.test_label_errors import with_planted
from rushes.evaluation.label_errors_section import (
    FoundErrors,
    errors_table,
    find_errors,
    show_label_errors,
    warn_of_changed_labels,
)
from rushes.evaluation.label_noise import estimate_noise, pronounce_noise, pronounce_review
from rushes.labels.standing import StandingLabel
from rushes.learning.label_errors import find_label_errors
from rushes.learning.predictions import Predictions
from rushes.learning.review_queue import Noise

pytest.importorskip("cleanlab")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
def test_the_interval_holds_the_planted_share(share: float) -> None:
    predictions, _ = with_planted(2000, share=share, skill=8.0)
    noise = estimate_noise(find_label_errors({"test": predictions}))
    assert noise.wrong.interval.low is not None
    assert noise.wrong.interval.high is not None
    assert noise.wrong.interval.low <= share <= noise.wrong.interval.high


def test_the_estimate_is_worked_by_hand() -> None:
    # CS: 8 of 10 counted as CS, 2 as MS; MS: all 10 as MS. All confident, so the share is 2 of 20.
    pairs = [("CS", "CS")] * 8 + [("CS", "MS")] * 2 + [("MS", "MS")] * 10
    sure = [0.9] * 8 + [0.95] * 2 + [0.95] * 10
    noise = estimate_noise(find_label_errors({"test": answers(pairs, classes=("CS", "MS"), confidence=sure)}))
    assert noise.wrong.value == pytest.approx(0.1)
    assert [one.wrong.value for one in noise.per_class] == pytest.approx([0.2, 0.0])
    assert [(one.labelled, one.true, one.count) for one in noise.confused] == [("CS", "MS", 2.0)]
    words = pronounce_noise(noise)
    assert words.startswith("the model doubts 2 of 20 labels. By its reckoning at most about 10.0 % are wrong, ")
    assert "95 % interval" not in words  # of groups only: the model's own errors are not in it
    assert "95 of 100 draws of its 4 groups" in words
    assert words.endswith("most often MS labelled CS")


def test_of_one_group_there_is_an_estimate_without_an_interval() -> None:
    pairs = [("CS", "CS")] * 10 + [("MS", "MS")] * 10
    noise = estimate_noise(find_label_errors({"test": answers(pairs, groups=["film"] * 20)}))
    assert noise.wrong.value == 0
    assert noise.wrong.interval.low is None
    assert "one group alone" in pronounce_noise(noise)


def test_without_labels_the_estimate_is_undefined_and_says_why() -> None:
    noise = estimate_noise(find_label_errors({"test": answers([("CS", "CS")])}))
    assert noise.wrong.value is None
    assert pronounce_noise(noise) == (
        "how many labels are wrong cannot be estimated: no class has 5 labelled samples or more: nothing can be said "
        "about wrong labels"
    )
    json.dumps(noise.to_table())


def test_the_section_escapes_and_warns_of_corrected_test_labels(tmp_path: Path) -> None:
    pairs = [("<b>", "<b>")] * 8 + [("<b>", "MS")] * 2 + [("MS", "MS")] * 10
    sure = [0.9] * 8 + [0.95] * 12
    held = {"test": answers(pairs, classes=("<b>", "MS"), confidence=sure)}
    found = find_errors(held, rows=[], signatures={}, run_name="run", project_root=tmp_path)
    page = show_label_errors(found, {})
    assert "&lt;b&gt;" in page
    assert "<b><b></b>" not in page
    assert "score flatters" in page
    assert "rushes labels errors run" in page
    table = errors_table(found)
    assert table is not None
    assert table["found"] == 2
    assert json.loads(json.dumps(table))["samples"] == {"test": 20}


def planted(tmp_path: Path, standing: dict[str, StandingLabel]) -> tuple[Predictions, FoundErrors]:
    """Return 20 answers, of which rows 8 and 9 are doubted, and what is found with these labels of today."""
    pairs = [("CS", "CS")] * 8 + [("CS", "MS")] * 2 + [("MS", "MS")] * 10
    held = answers(pairs, classes=("CS", "MS"), confidence=[0.9] * 8 + [0.95] * 12)
    found = find_errors(
        {"test": held}, rows=[], signatures={}, run_name="run", project_root=tmp_path, standing=standing
    )
    return held, found


def test_the_section_leaves_out_what_was_reviewed_and_says_so(tmp_path: Path) -> None:
    frames = planted(tmp_path, {})[0].frames
    standing = {frames[8]: StandingLabel("CS", "review", "CS"), frames[3]: StandingLabel("CS", "jonny")}
    _, found = planted(tmp_path, standing)
    table = errors_table(found)
    assert table is not None
    assert [one["frame"] for one in table["errors"]] == [frames[9]]
    assert (table["found"], table["reviewed"]) == (1, 1)
    page = show_label_errors(found, {})
    assert "1 more label that the model doubts is reviewed" in page
    assert "<em>label:</em> stands the origin of a label" in page
    assert "label: jonny" in page


def test_labels_that_changed_since_are_warned_of(tmp_path: Path) -> None:
    held, _ = planted(tmp_path, {})
    standing = {
        held.frames[8]: StandingLabel("MS", "review", "MS"),  # corrected
        held.frames[9]: StandingLabel("CS", "review", "CS"),  # confirmed
        held.frames[0]: StandingLabel("", ""),  # withdrawn
    }
    said = warn_of_changed_labels([held], standing, since="the run", remedy="train again")
    assert said == (
        "2 labels of these samples have changed since the run; the scores are on the labels of its time: train again.",
    )
    assert warn_of_changed_labels([held], {}, since="the run", remedy="train again") == ()


def test_a_model_that_knows_nothing_gives_no_estimate_and_no_list(tmp_path: Path) -> None:
    held, _ = planted(tmp_path, {})
    blind = replace(held, probabilities=np.full((20, 2), 0.5, np.float32))
    found = find_errors({"test": blind}, rows=[], signatures={}, run_name="run", project_root=tmp_path)
    table = errors_table(found)
    assert table is not None
    assert (table["found"], table["errors"], table["estimate"]["wrong"]["value"]) == (None, [], None)
    assert "does not tell the classes apart" in table["reason"]
    assert "does not tell the classes apart" in show_label_errors(found, {})


def test_what_reviews_found_is_said_with_its_interval() -> None:
    assert pronounce_review(Noise(0, 0, 0, 0, 0)) == ""
    said = pronounce_review(Noise(doubted=32, corrected=10, confirmed_model=9, checked=8, wrong=0))
    assert said == (
        "of 32 doubts that were reviewed, 10 were wrong (31 %, 95 % interval 18–49 %, each label counted by itself), 9 "
        "as was suggested; of 8 checks, drawn at random where label and model agree, 0 were wrong (0 %, 95 % interval "
        "0–32 %, each label counted by itself)"
    )


def test_nobody_looked_is_no_section() -> None:
    assert show_label_errors(None, {}) == ""
    assert errors_table(None) is None
