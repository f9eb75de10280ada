from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.learning.runs import is_of_shots, list_runs, read_run, read_task_run, survey_runs
from rushes.learning.shot_runs import ShotRun, TaskOutcome, read_shot_run, write_shot_run

SCALE, MOVEMENT = ("CS", "MS", "LS"), ("static", "push")


def shot_run(folder: Path, **fields: Any) -> ShotRun:
    counts = {part: dict.fromkeys(SCALE, 2) for part in ("train", "validation", "test")}
    run = ShotRun(
        folder=folder,
        name=folder.name,
        tasks={
            "scale": TaskOutcome(SCALE, counts, dict.fromkeys(SCALE, 1.0), never_predicted=("LS",), warnings=("few",)),
            "movement": TaskOutcome(MOVEMENT, {}, dict.fromkeys(MOVEMENT, 1.0), head={"see": "motion"}),
        },
        recipe={"name": "shots"},
        architecture={"kind": "shots"},
        preprocessing=Preprocessing(32, 32),
        manifest={"path": "manifests/m.jl", "sha256": "1" * 64},
        split={"path": None, "sha256": "2" * 64, "kind": "grouped"},
        weights={},
        leaks=(),
        commit=None,
        machine={},
        created_at="2026-11-26T04:00:00Z",
        elapsed_seconds=1.5,
        parameters=10,
        trained_parameters=4,
        epochs=2,
        best_epoch=1,
        shots={"train": 6, "validation": 3, "test": 3},
        warnings=("the footage is dark",),
        history=({"epoch": 1, "f1_macro": 0.5, "tasks": {"scale": {"f1_macro": 0.4}, "movement": {"f1_macro": 0.6}}},),
        synthetic={"push": 3},
        unusable=1,
    )
    return replace(run, **fields)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "2026-11-26-040000-shots"
    folder.mkdir(parents=True)
    write_shot_run(shot_run(folder), folder)
    return folder


def test_a_run_of_shots_is_read_as_it_was_written(written: Path) -> None:
    assert read_shot_run(written) == shot_run(written)


def test_each_task_is_seen_as_a_run_of_its_own(written: Path) -> None:
    run = read_task_run(written, "scale")
    assert (run.name, run.task, run.classes) == (f"{written.name}/scale", "scale", SCALE)
    assert run.folder == written / "scale"
    assert run.predictions_file("test") == written / "scale" / "predictions" / "test.parquet"
    assert run.warnings == ("the footage is dark", "few")
    assert [record["f1_macro"] for record in run.history] == [0.4]
    assert read_run(written / "movement") == read_task_run(written, "movement") == shot_run(written).of_task("movement")


def test_a_folder_of_runs_lists_each_task(written: Path) -> None:
    assert [run.task for run in list_runs(written.parent)] == ["scale", "movement"]


def test_who_asks_for_one_task_is_told_to_name_it(written: Path) -> None:
    with pytest.raises(RunError, match=f"answers several tasks.*{written.name}/scale or {written.name}/movement"):
        read_run(written)


def test_a_task_that_is_not_answered_is_named_with_the_nearest(written: Path) -> None:
    with pytest.raises(RunError, match=r"does not answer 'scal'\. Did you mean 'scale'"):
        read_task_run(written, "scal")


def test_a_run_of_one_task_is_no_run_of_shots(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema": "run/1"}))
    assert not is_of_shots(tmp_path)
    for read in (read_shot_run, lambda folder: read_task_run(folder, "scale")):
        with pytest.raises(RunError, match="schema is 'run/1', a run of shots is of 'shot-run/1'"):
            read(tmp_path)


def test_a_run_of_shots_that_lacks_a_key_stands_among_the_unreadable(written: Path) -> None:
    table = json.loads((written / "run.json").read_text())
    del table["split"]
    (written / "run.json").write_text(json.dumps(table))
    runs, unreadable = survey_runs(written.parent)
    assert not runs
    assert [one.folder for one in unreadable] == [written]
    with pytest.raises(RunError, match="not a whole run"):
        read_shot_run(written)
