from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.fabricated import guesses, write_run_folder
from rushes.bundles.run_card import write_run_card
from rushes.errors import BundleError
from rushes.evaluation.evaluate import evaluate_run
from rushes.learning.predictions import write_predictions
from rushes.learning.runs import read_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = write_run_folder(
        tmp_path / "runs" / "2026-11-20-101500-scale", guesses(90, class_count=3, seed=0, skill=2)
    )
    write_predictions(guesses(90, class_count=3, seed=1, skill=2), folder / "predictions" / "validation.parquet")
    evaluate_run(folder, project_root=tmp_path)
    return folder


def test_the_card_of_a_run_states_its_scores_thresholds_and_that_it_is_no_bundle(run_folder: Path) -> None:
    metrics = json.loads((run_folder / "metrics.json").read_text(encoding="utf-8"))["test"]["metrics"]
    card = write_run_card(read_run(run_folder)).read_text(encoding="utf-8")
    assert f"- f1_macro: {metrics['f1_macro']['value']:.3f}" in card
    assert f"- roc_auc_macro: {metrics['roc_auc_macro']['value']:.3f}" in card
    assert "## Not exported yet" in card
    assert "Proven equal" not in card
    assert "threshold" in card.casefold()


def test_a_card_is_not_written_over_the_calibration_of_another_run(run_folder: Path) -> None:
    path = run_folder / "calibration.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(table | {"run": "another"}), encoding="utf-8")
    with pytest.raises(BundleError, match="another"):
        write_run_card(read_run(run_folder))
    assert not (run_folder / "model_card.md").exists()
