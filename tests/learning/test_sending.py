from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from learning.test_runs import make_run
from rushes.learning.predictions import Predictions, write_predictions
from rushes.learning.sending import name_for_store, plan_sending

END = 1763648701000  # 2025-11-20T14:25:01Z


def made(folder: Path, **changes: object):
    return replace(make_run(folder), created_at="2025-11-20T14:25:01Z", **changes)


def test_a_recipe_is_told_flat_and_as_text(tmp_path: Path) -> None:
    recipe = {"name": "x", "model": {"units": [4, 8], "backbone_args": {}}, "training": {"epochs": 3}, "task": None}
    sending = plan_sending(made(tmp_path / "r", recipe=recipe))
    assert sending.params == {
        "name": "x", "model.units": "[4, 8]", "model.backbone_args": "{}", "training.epochs": "3", "task": "null"
    }  # fmt: skip


def test_a_very_long_value_is_cut(tmp_path: Path) -> None:
    sending = plan_sending(made(tmp_path / "r", recipe={"classes": "x" * 9000}))
    assert len(sending.params["classes"]) == 500


def test_epochs_are_told_with_their_step_and_their_time(tmp_path: Path) -> None:
    history = (
        {"epoch": 1, "train_loss": None, "f1_macro": 0.5, "recalls": [0.25, None], "seconds": 0.5},
        {"epoch": 2, "train_loss": 0.25, "f1_macro": float("nan"), "recalls": [0.5, 1.0], "seconds": 1.0},
    )
    sending = plan_sending(made(tmp_path / "r", history=history))
    told = [(one.name, one.value, one.step, one.time - sending.start) for one in sending.readings if one.step]
    assert told == [
        ("f1_macro", 0.5, 1, 500), ("seconds", 0.5, 1, 500), ("recall/no", 0.25, 1, 500),
        ("train_loss", 0.25, 2, 1500), ("seconds", 1.0, 2, 1500), ("recall/no", 0.5, 2, 1500),
        ("recall/yes", 1.0, 2, 1500),
    ]  # fmt: skip
    assert (sending.start, sending.end) == (END - 1500, END)


def test_heads_that_were_tried_are_told_in_their_order(tmp_path: Path) -> None:
    history = tuple({"regularisation": c, "f1_macro": 0.5, "chosen": c == 1.0} for c in (0.1, 1.0))
    readings = plan_sending(made(tmp_path / "r", history=history)).readings
    assert [(one.value, one.step) for one in readings if one.name == "regularisation"] == [(0.1, 0), (1.0, 1)]
    assert not [one for one in readings if one.name == "chosen"]


def test_scores_on_validation_are_of_the_weights_that_were_kept(tmp_path: Path) -> None:
    run = made(tmp_path / "r")
    one = ("a", "b")
    predictions = Predictions(
        ("no", "yes"), np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32), one, one, one, one, one, one
    )
    write_predictions(predictions, run.predictions_file("validation"))
    told = {reading.name: reading.value for reading in plan_sending(run).readings}
    assert told["validation/accuracy"] == 0.5
    assert told["validation/recall/no"] == 1.0
    assert told["validation/recall/yes"] == 0.0


def test_what_was_found_on_test_is_told_apart_with_its_interval(tmp_path: Path) -> None:
    run = made(tmp_path / "r")
    assert plan_sending(run).judged == ()
    metrics = {"f1_macro": {"value": 0.5, "low": 0.25, "high": None}, "recall/no": {"value": None}}
    (run.folder / "metrics.json").write_text(json.dumps({"test": {"metrics": metrics}}))
    (run.folder / "report.html").write_text("<p>")
    sending = plan_sending(run)
    assert [(one.name, one.value) for one in sending.judged] == [("test/f1_macro", 0.5), ("test/f1_macro/low", 0.25)]
    assert sending.report == run.folder / "report.html"
    assert [path.name for path in sending.files] == ["run.json", "report.html"]


def test_tags_hold_digests_and_nothing_empty(tmp_path: Path) -> None:
    tags = plan_sending(made(tmp_path / "r")).tags
    assert tags["rushes.run"] == "r"
    assert tags["rushes.manifest"] == "ab"
    assert tags["rushes.split"] == "cd"
    assert "rushes.commit" not in tags


def test_names_hold_only_what_a_store_takes() -> None:
    assert name_for_store("recall/Close-up (2), größer") == "recall/Close-up _2__ größer"
