"""A search carried out on a tiny project: the same table whether or not it was broken off."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("optuna")

from learning.tiny import TASK, StopAt, TinyProject, make_project
from rushes.errors import ExpiredKeysError, PlaceError, RecipeError, RunError, StoreError
from rushes.learning.ground import Ground
from rushes.learning.runs import list_runs
from rushes.learning.search import parse_search
from rushes.learning.trainings import is_run_of, train_one
from rushes.learning.trials import TRIALS_FILE, Trial, append_trial, read_trials
from rushes.learning.tune import Plan, Searched, _append_line, _read_lines, plan_search, run_search
from rushes.progress import silent

TABLE: dict[str, Any] = {
    "schema": "recipe/2",
    "name": "tiny",
    "model": {"kind": "cnn", "units": [4, 4, 4, 4, 8], "dense": 8},
    "input": {"size": [116, 116]},
    "training": {"epochs": 2, "batch_size": 8, "learning_rate": 0.005},
    "augment": {"preset": "none"},
}
RATES = {"training.learning_rate": [0.001, 0.005, 0.02]}


def ready(
    tiny: TinyProject,
    method: str = "grid",
    space: Mapping[str, Any] = RATES,
    table: Mapping[str, Any] = TABLE,
    **more: Any,
) -> Plan:
    search = parse_search({"method": method, "seeds": 2, "space": space, **more}, "tiny.toml")
    ground = Ground(
        TASK, tiny.manifest, tiny.rows, tiny.split, None, tiny.root, tiny.root, tiny.root / "cache", threads=1
    )
    return plan_search(search, table, where="tiny.toml", ground=ground, searches_folder=tiny.root / "searches")


def outcome(searched: Searched) -> list[Any]:
    """What must be the same however often a search was broken off."""
    return [
        (trial.number, trial.setting, trial.seed, trial.state, trial.score, trial.measures, trial.curve)
        for one in searched.findings.tried
        for trial in one.trials
    ]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    return make_project(tmp_path_factory.mktemp("project"), per_class=2)


@pytest.fixture(scope="module")
def unbroken(tiny: TinyProject) -> Searched:
    return run_search(ready(tiny))


def again(tmp_path: Path) -> TinyProject:
    return make_project(tmp_path, per_class=2)


def test_a_grid_trains_every_setting_from_every_seed(tiny: TinyProject, unbroken: Searched) -> None:
    assert unbroken.trained == 6
    assert [one.state for one in unbroken.findings.tried] == ["done"] * 3
    assert unbroken.findings.baseline is not None
    assert unbroken.findings.baseline.setting == {"training.learning_rate": 0.005}
    assert len(list_runs(unbroken.folder / "runs")) == 6


def test_each_training_is_a_run_that_can_be_judged(unbroken: Searched) -> None:
    run = list_runs(unbroken.folder / "runs")[0]
    assert run.predictions_file("test").is_file()
    assert not (run.folder / "metrics.json").exists()  # nobody has looked at test


def test_what_is_done_is_not_done_again(tiny: TinyProject, unbroken: Searched) -> None:
    once_more = run_search(ready(tiny))
    assert once_more.trained == 0
    assert outcome(once_more) == outcome(unbroken)


def test_more_seeds_add_to_what_is_there(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    space = {"training.learning_rate": [0.005]}
    assert run_search(ready(tiny, space=space, seeds=1)).trained == 1
    assert run_search(ready(tiny, space=space, seeds=2)).trained == 1


def test_a_search_stopped_in_the_middle_of_an_epoch_ends_as_an_unbroken_one(
    tmp_path: Path, unbroken: Searched
) -> None:  # fmt: skip
    tiny = again(tmp_path)
    seen = 0

    def stop_later(done: int, total: int | None, note: str = "") -> None:
        nonlocal seen
        if "epoch 2/2" in note and done == 2:
            seen += 1
            StopAt("epoch")(done, total, note)

    with pytest.raises(KeyboardInterrupt):
        run_search(ready(tiny), progress=stop_later)
    assert seen == 1
    searched = run_search(ready(tiny))
    assert searched.trained == 4
    assert outcome(searched) == outcome(unbroken)


def test_a_search_killed_by_the_system_ends_as_an_unbroken_one(tmp_path: Path, unbroken: Searched) -> None:
    tiny = again(tmp_path)
    code = (
        "import sys\nsys.path.insert(0, 'tests')\nfrom pathlib import Path\n"
        "from learning.test_tune import again, ready, run_search\n"
        f"run_search(ready(again(Path({str(tmp_path)!r}))))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    path = ready(tiny).folder / TRIALS_FILE
    limit = time.monotonic() + 120
    while time.monotonic() < limit and len(read_trials(path)) < 2 and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= len(read_trials(path)) < 6
    assert outcome(run_search(ready(tiny))) == outcome(unbroken)


def test_a_run_that_was_kept_before_its_line_was_written_is_taken(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    plan = ready(tiny, space={"training.learning_rate": [0.005]}, seeds=1)
    before = run_search(plan)
    (plan.folder / TRIALS_FILE).unlink()
    after = run_search(plan)
    assert outcome(after) == outcome(before)
    assert len(list_runs(plan.folder / "runs")) == 1


def test_a_training_that_runs_away_is_a_failed_trial_and_the_search_goes_on(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    plan = ready(tiny, "one-at-a-time", {"training.learning_rate": [1e30, 0.01]}, seeds=1)
    searched = run_search(plan)
    assert [one.state for one in searched.findings.tried] == ["done", "failed", "done"]
    assert "no number" in searched.findings.tried[1].reason
    assert run_search(plan).trained == 0
    assert run_search(plan, retry_failed=True).trained == 1


def failed_before(plan: Plan, number: int, setting: Mapping[str, Any], repeat: int = 0) -> None:
    append_trial(plan.folder / TRIALS_FILE, Trial(number, setting, repeat, repeat, "failed", reason="out of memory"))


def test_what_failed_under_optuna_is_trained_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    plan = ready(again(tmp_path), "optuna", {"model.dense": [8, 10, 12]}, trials=2, seeds=2)
    failed_before(plan, 0, {})
    failed_before(plan, 1, {"model.dense": 12})
    kept = run_search(plan)
    assert (kept.trained, [one.state for one in kept.findings.tried]) == (0, ["failed", "failed"])
    searched = run_search(plan, retry_failed=True)
    assert [(one.number, one.state) for one in searched.findings.tried] == [(0, "done"), (1, "done")]
    assert searched.trained == 4
    assert run_search(plan, retry_failed=True).trained == 0


def test_a_grid_whose_keys_changed_places_goes_on_under_the_same_numbers(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    space = {"training.epochs": [1, 2], "model.dense": [8, 12]}
    plan = ready(tiny, space=space, seeds=1)
    for number, setting in enumerate(plan.settings[:3]):
        failed_before(plan, number, setting)
    turned = ready(tiny, space=dict(reversed(space.items())), seeds=1)
    assert turned.folder == plan.folder
    searched = run_search(turned)
    assert [one.number for one in searched.findings.tried] == [0, 1, 2, 3]
    assert dict(searched.findings.tried[3].setting) == {"training.epochs": 2, "model.dense": 12}
    assert searched.trained == 1


def test_other_weights_under_the_same_name_are_another_search(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    file = tiny.root / "mine.safetensors"
    changes = {"model": TABLE["model"] | {"kind": "features", "backbone": "mobilenetv2_100", "weights": file.name}}
    folders = set()
    for content in (b"one", b"another", b"one"):
        file.write_bytes(content)
        folders.add(ready(tiny, space={"model.head": ["knn"]}, table=TABLE | changes).folder)
    assert len(folders) == 2


def test_half_a_line_that_a_kill_left_of_the_epochs_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "epochs" / "000-0.jsonl"
    _append_line(path, [1, 0.5])
    with path.open("a", encoding="utf-8") as file:
        file.write("[2, 0.")
    _append_line(path, [2, 0.75])
    assert _read_lines(path) == [(1, 0.5), (2, 0.75)]


def test_a_combination_that_cannot_be_is_a_failed_trial(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    space = {"input.size": [[116, 116], [40, 40]], "training.epochs": [1]}
    searched = run_search(ready(tiny, space=space, seeds=1))
    assert [one.state for one in searched.findings.tried] == ["done", "failed"]
    assert "too small" in searched.findings.tried[1].reason


def test_the_target_ends_a_grid(tmp_path: Path) -> None:
    searched = run_search(ready(again(tmp_path), target_error=0.999, seeds=1))
    assert searched.trained == 1
    assert "target" in searched.stopped


def test_faulty_values_are_refused_before_anything_is_trained(tiny: TinyProject) -> None:
    with pytest.raises(RecipeError, match=r"learning_rate is -1(?s:.*)epochs is 0"):
        ready(tiny, space={"training.learning_rate": [-1.0], "training.epochs": [0, 2]})


def test_two_processes_do_not_carry_out_one_search(tmp_path: Path) -> None:
    plan = ready(again(tmp_path), seeds=1)

    def try_another(done: int, total: int | None, note: str = "") -> None:
        with pytest.raises(RunError, match="another process"):
            run_search(plan)

    run_search(plan, progress=try_another)


SPACE = {"training.learning_rate": {"low": 0.0001, "high": 0.1, "log": True}, "model.dense": [8, 12]}


def test_optuna_begins_with_the_recipe_and_ends_as_unbroken_wherever_it_is_stopped(tmp_path: Path) -> None:
    whole = run_search(ready(again(tmp_path / "a"), "optuna", SPACE, trials=10, monitor="loss"))
    assert whole.findings.tried[0].setting == {}
    assert len(whole.findings.tried) == 10
    assert any(one.state == "pruned" for one in whole.findings.tried)
    assert (whole.folder / "optuna.log").is_file()
    plan = ready(again(tmp_path / "b"), "optuna", SPACE, trials=10, monitor="loss")
    for stop_at in (1, 6, 11):

        def stop(done: int, total: int | None, note: str = "", stop_at: int = stop_at) -> None:
            if done == stop_at and "epoch 2/2" in note:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_search(plan, progress=stop)
    assert outcome(run_search(plan)) == outcome(whole)


def test_optunas_log_is_read_by_optuna(tmp_path: Path) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    searched = run_search(ready(again(tmp_path), "optuna", SPACE, trials=3, seeds=1))
    storage = JournalStorage(JournalFileBackend(str(searched.folder / "optuna.log")))
    study = optuna.load_study(study_name="tiny", storage=storage)
    values = [one.score.value for one in searched.findings.tried if one.setting and one.score]
    assert [trial.value for trial in study.trials][-2:] == values


def test_optuna_stops_at_the_plateau(tmp_path: Path) -> None:
    searched = run_search(ready(again(tmp_path), "optuna", {"training.weight_decay": {"low": 1e-9, "high": 1e-8}},
                                trials=30, seeds=1, patience=2))  # fmt: skip
    assert len(searched.findings.tried) == 3
    assert "no gain beyond the noise" in searched.stopped


def test_a_space_that_is_used_up_ends_optuna(tmp_path: Path) -> None:
    searched = run_search(ready(again(tmp_path), "optuna", {"model.dense": [8, 12]}, trials=9, seeds=1))
    assert len(searched.findings.tried) == 2
    assert "not tried" in searched.stopped


@pytest.mark.longer
def test_several_processes_find_what_one_finds_though_one_is_killed(tmp_path: Path, unbroken: Searched) -> None:
    tiny = again(tmp_path)
    killed = []

    def kill_one(done: int, total: int | None, note: str = "") -> None:
        import multiprocessing

        children = multiprocessing.active_children()
        if done == 1 and not killed and children:
            killed.append(children[0].pid)
            children[0].kill()

    searched = run_search(ready(tiny, seeds=1), workers=2, devices=["cpu"], progress=kill_one)
    assert killed
    of_first_seed = [trial for trial in outcome(unbroken) if trial[2] == 0]
    assert outcome(searched) == of_first_seed


def test_what_a_training_found_for_itself_is_still_the_run_that_was_asked_for(tmp_path: Path) -> None:
    tiny = again(tmp_path)
    asked = TABLE | {"training": TABLE["training"] | {"batch_size": 0}}
    plan = ready(tiny, space={"training.epochs": [1]}, seeds=1, table=asked)
    run_search(plan)
    (run,) = list_runs(plan.folder / "runs")
    recipe = plan.job(0, plan.settings[0], 0).recipe
    assert recipe is not None
    assert run.recipe["training"]["batch_size"] > 0
    assert is_run_of(run, recipe, task_name=TASK.name)
    assert not is_run_of(run, replace(recipe, name="other"), task_name=TASK.name)


def test_what_the_system_refuses_is_a_failed_trial(tmp_path: Path) -> None:
    plan = ready(again(tmp_path), space={"training.epochs": [1]}, seeds=1)
    plan.folder.mkdir(parents=True)
    (plan.folder / "runs").write_text("no folder")  # so that no run can be kept there
    searched = run_search(plan)
    assert searched.findings.tried[0].state == "failed"
    assert "the system" in searched.findings.tried[0].reason


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (ExpiredKeysError("s3://films/: the keys have expired"), "the keys have expired"),
        (OSError(errno.ENOSPC, "No space left on device"), "/runs: has no room .*Make room"),
    ],
)
def test_what_no_training_would_escape_ends_the_search_and_is_no_failed_trial(
    error: Exception, meant: str, tmp_path: Path
) -> None:
    plan = ready(again(tmp_path), space={"training.epochs": [1]}, seeds=1)
    job = plan.job(0, plan.settings[0], 0)

    def fail(record: Mapping[str, Any]) -> bool:
        raise error

    with pytest.raises((StoreError, PlaceError), match=meant):
        train_one(job, plan.ground, device=None, goes_on=fail, progress=silent)
