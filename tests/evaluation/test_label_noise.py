"""The estimated share of wrong labels, and the section of a report that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.fabricated import answers
from learning.test_label_errors import with_planted
from rushes.evaluation.label_errors_section import errors_table, find_errors, show_label_errors
from rushes.evaluation.label_noise import estimate_noise, pronounce_noise
from rushes.learning.label_errors import find_label_errors

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
    assert words.startswith("about 10.0 % of 20 labels are wrong, or blind spots of the model (range over 4 groups ")
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
    assert pronounce_noise(noise) == "how many labels are wrong cannot be estimated: no label could be judged"
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


def test_nobody_looked_is_no_section() -> None:
    assert show_label_errors(None, {}) == ""
    assert errors_table(None) is None
