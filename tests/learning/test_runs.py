from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.learning.runs import Run, list_runs, name_run, new_run_folder, read_run, survey_runs, write_run

NOW = datetime(2026, 11, 20, 14, 25, 1, tzinfo=UTC)


def make_run(folder: Path) -> Run:
    run = Run(
        folder=folder,
        name=folder.name,
        task="mcu",
        classes=("no", "yes"),
        recipe={"name": "cnn"},
        architecture={"kind": "cnn"},
        preprocessing=Preprocessing(8, 6, color="gray", mean=(0.5,), std=(0.5,)),
        manifest={"path": "manifests/m.jl", "sha256": "ab"},
        split={"path": None, "sha256": "cd", "kind": "grouped"},
        weights={},
        working_size="640",
        leaks=("a looks like b",),
        commit=None,
        machine={"cores": 2},
        created_at="2026-11-20T14:25:01Z",
        elapsed_seconds=1.5,
        parameters=10,
        trained_parameters=4,
        epochs=2,
        best_epoch=1,
        counts={"train": {"no": 3, "yes": 2}},
        class_weights={"no": 1.0, "yes": 1.5},
        warnings=("few",),
        history=({"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": 0.25}),
    )
    folder.mkdir(parents=True)
    write_run(run, folder)
    return run


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = make_run(tmp_path / "2026-11-20-142501-cnn")
    assert read_run(run.folder) == run
    assert run.predictions_file("test") == run.folder / "predictions" / "test.parquet"


def test_runs_stand_in_order_of_time_and_other_folders_are_passed_over(tmp_path: Path) -> None:
    later = make_run(tmp_path / "2026-11-21-000000-a")
    earlier = make_run(tmp_path / "2026-11-20-142501-b")
    make_run(tmp_path / ".2026-11-22-000000-c")
    (tmp_path / "2026-11-23-000000-d").mkdir()
    spoilt = make_run(tmp_path / "2026-11-24-000000-e")
    (spoilt.folder / "run.json").write_text("{", encoding="utf-8")
    assert list_runs(tmp_path) == [earlier, later]
    (unreadable,) = survey_runs(tmp_path)[1]
    assert unreadable.folder == spoilt.folder
    assert "cannot be read" in unreadable.reason


def test_a_project_without_runs_has_none(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "runs") == []


def test_a_run_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    make_run(tmp_path / "2026-11-20-142501-cnn")
    with pytest.raises(RunError, match="Did you mean '2026-11-20-142501-cnn'"):
        read_run(tmp_path / "2026-11-20-142501-cmn")


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"empty holds no run\.json"):
        read_run(tmp_path / "empty")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"schema": "run/9"}, "this rushes reads 'run/1'"), ({"classes": None}, "not a whole run")],
)
def test_a_run_of_another_shape_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    run = make_run(tmp_path / "r")
    (run.folder / "run.json").write_text(json.dumps(run.to_table() | change), encoding="utf-8")
    with pytest.raises(RunError, match=message):
        read_run(run.folder)


def test_a_run_is_named_after_its_time_and_recipe() -> None:
    assert name_run("MCU, 6×6!", NOW) == "2026-11-20-142501-MCU-6-6"
    assert name_run("../..", NOW) == "2026-11-20-142501-run"


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with new_run_folder(tmp_path / "runs", "r") as (building, final):
        (building / "file").touch()
        assert not final.exists()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["r"]
    assert (final / "file").exists()


def fail_while_building(runs_folder: Path) -> None:
    with new_run_folder(runs_folder, "r") as (building, _):
        (building / "file").touch()
        raise KeyboardInterrupt


def test_a_folder_of_a_run_that_fails_never_appears(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_while_building(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_of_the_same_second_gets_a_name_of_its_own(tmp_path: Path) -> None:
    finals = []
    for _ in range(3):
        with new_run_folder(tmp_path, "r") as (_, final):
            finals.append(final.name)
    assert finals == ["r", "r-2", "r-3"]


def test_a_run_without_a_history_has_an_empty_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r")
    (run.folder / "history.jsonl").unlink()
    assert read_run(run.folder) == replace(run, history=())
