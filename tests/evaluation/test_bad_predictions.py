"""Predictions that scores are easily misled by: each has a defined result, or a sentence that says why it has none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from evaluation.fabricated import answers, guesses, write_run_folder
from rushes.errors import RunError
from rushes.evaluation.evaluate import evaluate_run
from rushes.learning.predictions import Predictions


def metrics_of(tmp_path: Path, predictions: Predictions) -> dict[str, Any]:
    folder = write_run_folder(tmp_path / "runs" / "2026-11-20-101500-scale", predictions)
    evaluation = evaluate_run(folder, project_root=tmp_path)
    text = (folder / "metrics.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert "nan" not in evaluation.report.read_text(encoding="utf-8").replace("nance", "")
    return dict(json.loads(text))


def test_a_class_that_is_absent_from_the_test_part_is_undefined_and_says_so(tmp_path):
    found = metrics_of(tmp_path, answers([("CS", "CS"), ("MS", "MS"), ("CS", "MS")] * 4))
    scores = found["test"]["metrics"]
    for word in ("recall", "average_precision", "roc_auc"):
        assert scores[f"{word}/LS"]["value"] is None
        assert scores[f"{word}/LS"]["reason"] == "no sample is labelled 'LS'"
    assert scores["precision/LS"]["reason"] == "'LS' was never predicted"
    assert scores["roc_auc_macro"]["value"] is not None
    assert any("No sample is labelled 'LS'" in note for note in found["warnings"])


def test_one_group_gives_scores_without_an_interval(tmp_path):
    found = metrics_of(tmp_path, answers([("CS", "CS"), ("MS", "LS"), ("LS", "LS")] * 4, groups=["film"] * 12))
    for word, one in found["test"]["metrics"].items():
        assert one["low"] is None, word
        assert one["high"] is None, word
        assert one["interval_reason"], word
    assert found["test"]["spread"] is None
    assert "no interval: one group" in found["verdict"]


def test_predictions_that_are_all_alike_are_no_better_than_blind(tmp_path):
    found = metrics_of(tmp_path, answers([("CS", "CS"), ("MS", "CS"), ("LS", "CS")] * 8))
    scores = found["test"]["metrics"]
    assert scores["roc_auc/MS"]["value"] == scores["roc_auc/MS"]["prior"] == 0.5
    assert scores["average_precision/MS"]["value"] == pytest.approx(1 / 3)
    assert scores["precision/MS"]["value"] is None
    assert any("never answered 'MS' or 'LS'" in note for note in found["warnings"])


def test_a_single_sample_is_judged_without_a_claim(tmp_path):
    found = metrics_of(tmp_path, answers([("CS", "CS")]))
    scores = found["test"]["metrics"]
    assert scores["accuracy"]["value"] == 1
    assert scores["accuracy"]["low"] is None
    assert scores["roc_auc/CS"]["reason"] == "all samples are labelled 'CS', so there is none to rank it above"
    assert any("Fewer than 10 samples: CS (1)" in note for note in found["warnings"])


def test_five_hundred_classes_are_judged_and_their_page_can_be_read(tmp_path):
    predictions = guesses(1500, class_count=500, seed=2, group_count=9, skill=4)
    found = metrics_of(tmp_path, predictions)
    assert len(found["test"]["confusion"]) == 500
    assert found["test"]["metrics"]["f1/class 499"].keys() >= {"value", "majority", "prior"}
    assert (tmp_path / "runs" / "2026-11-20-101500-scale" / "report.html").stat().st_size < 4_000_000


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_probabilities_that_are_no_numbers_are_refused_with_what_to_do(tmp_path, wrong):
    predictions = answers([("CS", "CS"), ("MS", "LS")])
    probabilities = predictions.probabilities.copy()
    probabilities[1, 1] = wrong
    folder = write_run_folder(tmp_path / "run", replace(predictions, probabilities=probabilities))
    with pytest.raises(RunError, match=r"no numbers .* lower training.learning_rate"):
        evaluate_run(folder, project_root=tmp_path)
    assert not (folder / "metrics.json").exists()


def test_labels_outside_the_classes_are_named_with_their_row(tmp_path):
    folder = write_run_folder(tmp_path / "run", answers([("CS", "CS"), ("MS", "LS")]))
    path = folder / "predictions" / "test.parquet"
    table = polars.read_parquet(path)
    table.with_columns(truth=polars.Series(["CS", "XLS"])).write_parquet(path)
    with pytest.raises(RunError, match=r"row 2 is labelled 'XLS', which is none of its classes \(CS, MS, LS\)"):
        evaluate_run(folder, project_root=tmp_path)


@pytest.mark.parametrize("row", [[0.9, 0.9, 0.9], [-0.1, 0.6, 0.5]])
def test_scores_that_are_no_probabilities_are_refused(tmp_path, row):
    predictions = answers([("CS", "CS"), ("MS", "LS")])
    probabilities = predictions.probabilities.copy()
    probabilities[1] = row
    folder = write_run_folder(tmp_path / "run", replace(predictions, probabilities=probabilities))
    with pytest.raises(RunError, match="row 2"):
        evaluate_run(folder, project_root=tmp_path)
