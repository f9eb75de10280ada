"""What `evaluate` wrote of each task of a run of shots, in its bundle and on its card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from bundles.shot_tiny import BOTH, evaluate_tiny_run, evaluated_shot_bundle, tiny_shot_bundle, write_tiny_run
from rushes.bundles.bundle import CARD_FILE
from rushes.bundles.sealed import BUNDLE_FILE, seal_folder
from rushes.bundles.shot_bundle import open_shot_bundle
from rushes.bundles.shot_export import Places, export_shot_run
from rushes.bundles.shot_parity import check_shot_parity
from rushes.errors import BundleError
from rushes.learning.calibration import UNCALIBRATED
from rushes.learning.shot_runs import ShotRun


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle whose task `scale` is calibrated; not to be written to, and its run beside it."""
    return evaluated_shot_bundle(tmp_path_factory.mktemp("bundles") / "shots").folder


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> ShotRun:
    """A run that was evaluated; copied before it is changed."""
    run = write_tiny_run(tmp_path_factory.mktemp("project") / "runs" / "r")
    evaluate_tiny_run(run)
    return run


def test_calibration_and_thresholds_of_each_task_travel_along(evaluated: Path) -> None:
    bundle = open_shot_bundle(evaluated)
    run = evaluated.parent / "shots-project" / "runs" / "2026-11-26-040000-shots"
    for task in ("scale", "movement"):
        for file in ("calibration.json", "thresholds.json"):
            assert bundle.read(f"{task}/{file}") == (run / task / file).read_bytes()
    assert bundle.calibrations["scale"].temperature > 1.5
    assert bundle.calibrations["movement"] == UNCALIBRATED
    stated = json.loads(bundle.read("scale/thresholds.json"))["thresholds"]
    assert bundle.thresholds["scale"] == {name: one["threshold"] for name, one in stated.items()}
    assert bundle.thresholds.keys() == bundle.tasks.keys()
    assert check_shot_parity(bundle).holds


def test_the_card_says_how_each_task_was_calibrated_and_what_its_thresholds_cost(evaluated: Path) -> None:
    card = (evaluated / CARD_FILE).read_text()
    scale, movement = card.split("## How well it answers movement")
    assert "## How far its probabilities for scale can be taken at their word" in scale
    assert "calibrated by one temperature" in scale
    assert "fitted on 120 samples of 12 groups of validation" in scale
    assert "`rushes predict` applies `scale/calibration.json` to them" in scale
    assert "## Thresholds of scale" in scale
    assert "From which probability on a shot is taken for a class" in scale
    assert "| CS | best f1 |" in scale
    assert "Its probabilities are not calibrated. Every answer on validation is right" in movement
    assert "## Thresholds of movement" in movement
    assert "its probabilities for scale are calibrated for footage like it, and for no other" in movement
    assert "and those for movement are not calibrated" in movement


def test_a_bundle_without_these_files_is_opened_and_leaves_probabilities_as_they_are(tmp_path: Path) -> None:
    bundle = tiny_shot_bundle(tmp_path / "plain", BOTH)
    assert bundle.calibrations == {"scale": UNCALIBRATED, "movement": UNCALIBRATED}
    assert bundle.thresholds == {}
    card = (bundle.folder / CARD_FILE).read_text()
    assert "its probabilities are not calibrated" in card
    assert "Thresholds" not in card
    assert "at their word" not in card


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("scale/calibration.json", {"run": "r/movement"}, "fitted on the answers of 'r/movement'"),
        ("scale/calibration.json", {"predictions": "0" * 64}, "not on those that r/scale has now"),
        ("scale/calibration.json", {"temperature": 3.5}, "calibrated in another way than the run's calibration.json"),
        ("movement/thresholds.json", {"run": "r/scale"}, "it names run 'r/scale'"),
        ("movement/thresholds.json", {"classes": ["in", "out"]}, "cannot be understood"),
    ],
)
def test_what_is_not_of_the_answers_of_the_run_is_refused_and_nothing_left(
    file: str, changes: dict[str, Any], said: str, judged: ShotRun, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(judged.folder, tmp_path / "runs" / "r"))
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | changes))
    with pytest.raises(BundleError, match=said) as error:
        export_shot_run(folder, tmp_path / "b", places=Places(tmp_path, None, tmp_path / "cache"))
    assert file.partition("/")[2] in str(error.value)
    assert str(error.value).endswith(f"Evaluate the run again, then export: rushes evaluate {folder}")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("scale/calibration.json", {"classes": ["a", "b", "c"]}, "calibrates a, b, c; the model answers CS, MS, LS"),
        ("scale/thresholds.json", {"classes": ["a", "b", "c"]}, "cannot be understood"),
        ("movement/thresholds.json", {"schema": "thresholds/9"}, "this rushes reads 'thresholds/1'"),
    ],
)
def test_a_bundle_whose_files_are_of_other_classes_is_refused(
    file: str, changes: dict[str, Any], said: str, evaluated: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(evaluated, tmp_path / "copied"))
    (copied / file).write_text(json.dumps(json.loads((copied / file).read_text()) | changes))
    with pytest.raises(BundleError, match=f"{Path(file).name} was altered"):
        open_shot_bundle(copied)
    (copied / BUNDLE_FILE).unlink()
    seal_folder(copied, schema="shot-bundle/1", name="x", run={})
    with pytest.raises(BundleError, match=said):
        open_shot_bundle(copied)
