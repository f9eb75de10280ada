from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from learning.tiny import TASK, StopAt, TinyProject, as_manifest, backbone_recipe, cnn_recipe, make_project
from rushes.datasets.preprocessing import prepare
from rushes.errors import RecipeError, RunError, WeightsError
from rushes.footage.pictures import read_picture
from rushes.learning.balance import plan_class_weights
from rushes.learning.monitors import score
from rushes.learning.predictions import read_predictions
from rushes.learning.recipe import AugmentRecipe, BalanceRecipe, InputRecipe
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.runs import Run, list_runs, read_run
from rushes.learning.train import train
from rushes.models.network import load_network
from rushes.project import Task
from rushes.storage.files import digest_of_file


def check_run(run: Run, project: TinyProject) -> None:
    """Assert what holds of every run: its files, and that the stored network gives the stored predictions."""
    files = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert files == {
        "run.json", "history.jsonl", "model.safetensors", "predictions/validation.parquet", "predictions/test.parquet",
        "augmented.webp",
    }  # fmt: skip
    assert run.manifest == {"path": "manifests/place-manifest.jl", "sha256": digest_of_file(project.manifest)}
    assert run.split == {"path": None, "sha256": project.split.digest, "kind": "grouped"}
    assert run.classes == TASK.classes
    assert run.counts["train"] == {"left": 8, "middle": 8, "right": 8}
    assert str(project.root) not in (run.folder / "run.json").read_text(encoding="utf-8")
    network = load_network(run.folder)
    for part in ("validation", "test"):
        predictions = read_predictions(run.predictions_file(part))
        pictures = [prepare(read_picture(project.root / image), run.preprocessing) for image in predictions.images]
        with torch.inference_mode():
            answers = torch.softmax(network(torch.from_numpy(np.stack(pictures))), 1).numpy()
        np.testing.assert_allclose(answers, predictions.probabilities, atol=1e-4)
        assert set(predictions.origins) == {"jonny"}
        assert set(predictions.groups) == {"film-c" if part == "validation" else "film-d"}


def test_a_cnn_learns_from_scratch_what_it_can_see(tmp_path: Path) -> None:
    project = make_project(tmp_path, per_class=8)
    run = train(cnn_recipe(epochs=12, patience=12), **project.places())
    test = read_predictions(run.predictions_file("test"))
    assert score(test.probabilities, test.truth).f1_macro > 0.8
    assert run.folder == project.root / "runs" / "2026-11-20-142501-tiny-cnn"
    assert run.parameters == run.trained_parameters


def test_a_run_of_a_cnn_says_all_that_decided_it(project: TinyProject) -> None:
    run = train(cnn_recipe(), **project.places())
    check_run(run, project)
    assert run.weights == {}
    assert run.recipe["training"]["epochs"] == 3
    assert run.recipe["task"] == "place"
    assert [record["epoch"] for record in run.history] == [1, 2, 3]
    assert run.machine["threads"] == 1
    assert not (project.root / "cache" / "training").exists() or not list(
        (project.root / "cache" / "training").iterdir()
    )


def test_a_head_is_trained_on_features_that_are_computed_once(project: TinyProject, weights: Path) -> None:
    notes: list[str] = []
    recipe = backbone_recipe("features", weights)
    first = train(recipe, **project.places() | {"progress": lambda done, total, note="": notes.append(note)})
    check_run(first, project)
    assert "computing features" in notes
    assert first.epochs == 0
    assert first.trained_parameters == sum(p.numel() for p in load_network(first.folder).head.parameters())
    assert [record["chosen"] for record in first.history].count(True) == 1
    assert first.weights == {"path": weights.name, "sha256": digest_of_file(weights)}
    notes.clear()
    second = train(recipe, **project.places() | {"progress": lambda done, total, note="": notes.append(note)})
    assert "computing features" not in notes
    assert second.name == "2026-11-20-142501-tiny-features-2"
    assert digest_of_file(first.folder / "model.safetensors") == digest_of_file(second.folder / "model.safetensors")


def test_fine_tuning_changes_the_last_stage_only_and_no_batch_statistics(project: TinyProject, weights: Path) -> None:
    run = train(backbone_recipe("finetune", weights, learning_rate=0.01, monitor="loss"), **project.places())
    check_run(run, project)
    before, after = torch.load(weights, weights_only=True), load_network(run.folder).body.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert run.history[0]["epoch"] == 0
    assert all("running" not in name and not name.startswith(("conv_stem", "blocks.0")) for name in changed)
    assert (run.best_epoch > 0) == bool(changed)
    assert 0 < run.trained_parameters < run.parameters


@pytest.mark.parametrize("trained", ["head", "all"])
def test_fine_tuning_may_train_the_head_alone_or_everything_and_no_batch_statistics(
    project: TinyProject, weights: Path, trained: str
) -> None:
    recipe = backbone_recipe("finetune", weights, learning_rate=0.01, monitor="loss", patience=9, epochs=3)
    run = train(replace(recipe, model=replace(recipe.model, trained=trained)), **project.places())
    body = load_network(run.folder).body
    before, after = torch.load(weights, weights_only=True), body.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert not any("running" in name for name in changed)
    assert changed == set() or trained == "all"
    in_body = sum(parameter.numel() for parameter in body.parameters()) if trained == "all" else 0
    assert run.trained_parameters == in_body + 3 * (256 + 1)


def test_more_stages_than_the_backbone_has_are_refused_before_a_picture_is_read(
    project: TinyProject, weights: Path
) -> None:
    recipe = backbone_recipe("finetune", weights)
    notes: list[str] = []
    places = project.places() | {"progress": lambda _done, _total, note="": notes.append(note)}
    with pytest.raises(RecipeError, match=r"model\.stages is 99, but this backbone has \d stages"):
        train(replace(recipe, model=replace(recipe.model, stages=99)), **places)
    assert not notes


def test_a_design_with_batch_normalisation_keeps_the_statistics_of_its_best_epoch(tmp_path: Path) -> None:
    recipe = cnn_recipe(epochs=4, learning_rate=0.05, patience=9)
    table = {"kind": "cnn", "design": "sepconv", "units": [4, 4, 4, 4, 8], "dropout": 0.0}
    recipe = replace(
        recipe, model=parse_recipe({"name": "s", "model": table}, where="s").model, input=InputRecipe(size=(64, 64))
    )
    whole = train(recipe, **make_project(tmp_path / "whole").places())
    project = make_project(tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, **project.places() | {"progress": StopAt("epoch 3/")})
    run = train(recipe, **project.places())
    check_run(run, project)
    assert digest_of_file(run.folder / "model.safetensors") == digest_of_file(whole.folder / "model.safetensors")
    validation = read_predictions(run.predictions_file("validation"))
    best = next(record for record in run.history if record["epoch"] == run.best_epoch)
    assert score(validation.probabilities, validation.truth).loss == pytest.approx(best["validation_loss"], rel=1e-3)


def test_fine_tuning_is_never_worse_on_validation_than_the_head_it_starts_from(
    project: TinyProject, weights: Path
) -> None:
    run = train(backbone_recipe("finetune", weights, learning_rate=5.0), **project.places())
    validation = read_predictions(run.predictions_file("validation"))
    kept = score(validation.probabilities, validation.truth)
    assert kept.f1_macro >= run.history[0]["f1_macro"] - 1e-9


@pytest.mark.parametrize("kind", ["cnn", "finetune"])
def test_an_interrupted_training_leaves_no_run_and_goes_on_where_it_stopped(
    tmp_path: Path, weights: Path, kind: str
) -> None:
    recipe = cnn_recipe() if kind == "cnn" else backbone_recipe("finetune", weights, patience=9)
    whole = train(recipe, **make_project(tmp_path / "whole").places())
    project = make_project(tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, **project.places() | {"progress": StopAt("epoch 2/")})
    assert not (project.root / "runs").exists()
    notes: list[str] = []
    run = train(recipe, **project.places() | {"progress": lambda done, total, note="": notes.append(note)})
    assert not any(note.startswith("epoch 1/") for note in notes)
    assert digest_of_file(run.folder / "model.safetensors") == digest_of_file(whole.folder / "model.safetensors")
    assert list((project.root / "cache" / "training").iterdir()) == []


def test_a_changed_label_or_recipe_does_not_take_up_what_was_interrupted(project: TinyProject) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(cnn_recipe(), **project.places() | {"progress": StopAt("epoch 3/")})
    relabelled = replace(project.rows[0], class_name="middle")
    rows, manifest, split = as_manifest(project.root, [relabelled, *project.rows[1:]])
    notes: list[str] = []
    more = {"rows": rows, "manifest": manifest, "split": split}
    more |= {"progress": lambda done, total, note="": notes.append(note)}
    train(cnn_recipe(), **project.places() | more)
    assert any(note.startswith("epoch 1/") for note in notes)


def test_pictures_that_cannot_be_read_are_left_out_and_named(project: TinyProject, weights: Path) -> None:
    for row in (project.rows[0], project.rows[-1]):
        (project.root / row.img_ref).unlink()
    for recipe in (cnn_recipe(epochs=1), backbone_recipe("features", weights), backbone_recipe("finetune", weights)):
        run = train(recipe, **project.places())
        assert run.counts["train"]["left"] == 7
        assert run.counts["test"]["right"] == 3
        assert len(read_predictions(run.predictions_file("test"))) == 11
        assert any("2 of 48 pictures could not be used" in warning for warning in run.warnings)


def test_a_class_whose_pictures_are_all_lost_is_an_error_that_names_the_pictures(project: TinyProject) -> None:
    for row in project.rows:
        if row.class_name == "middle" and row.group in ("film-a", "film-b"):
            (project.root / row.img_ref).write_bytes(b"")
    with pytest.raises(RunError, match=r"^8 of 48 pictures(.|\n)*'middle' of place has no training sample"):
        train(cnn_recipe(), **project.places())
    assert not (project.root / "runs").exists()


def test_where_all_pictures_are_lost_nobody_is_told_to_label_more(project: TinyProject, weights: Path) -> None:
    for row in project.rows:
        (project.root / row.img_ref).unlink()
    with pytest.raises(RunError, match=r"^48 of 48 pictures could not be used") as refused:
        train(backbone_recipe("features", weights), **project.places())
    assert "train is empty" in str(refused.value)
    assert "abel" not in str(refused.value)


def test_the_last_word_of_the_progress_is_the_head_that_is_kept(project: TinyProject, weights: Path) -> None:
    notes: list[str] = []
    places = project.places() | {"progress": lambda _done, _total, note="": notes.append(note)}
    run = train(backbone_recipe("features", weights, regularisation=[0.1, 10.0]), **places)
    kept = next(record for record in run.history if record["chosen"])
    said = f"kept: C = {kept['regularisation']:g}, f1_macro {kept['f1_macro']:.3f} on validation"
    assert notes[-1] == said


def test_a_run_warns_of_what_a_score_cannot_say(project: TinyProject) -> None:
    parts = {
        row.frame_id: part
        for row in project.rows
        if (part := project.split.parts[row.frame_id]) != "test" and (part == "train" or row.class_name != "right")
    }
    gone = {row.frame_id: "for the test" for row in project.rows if row.frame_id not in parts}
    split = replace(project.split, parts=parts, left_out=gone, notes=("a note of the split",))
    run = train(cnn_recipe(epochs=1), **project.places() | {"split": split})
    assert "a note of the split" in run.warnings
    assert "test is empty: nothing can be said about it" in run.warnings
    assert any(warning.startswith("validation has no sample of 'right'") for warning in run.warnings)
    assert "there are few training samples of some classes: 8 of 'left', 8 of 'middle', 8 of 'right'" in run.warnings
    assert not run.predictions_file("test").exists()


def test_a_class_that_is_never_predicted_is_named(project: TinyProject) -> None:
    one_sided = BalanceRecipe(class_weights={"left": 1e6, "middle": 1e-6, "right": 1e-6})
    recipe = replace(cnn_recipe(epochs=4, learning_rate=0.05, monitor="loss"), balance=one_sided)
    run = train(recipe, **project.places())
    validation = read_predictions(run.predictions_file("validation"))
    ignored = set(TASK.classes) - {TASK.classes[index] for index in validation.predicted}
    (warning,) = (found for found in run.warnings if found.startswith("never predicted "))
    on_validation = warning.removeprefix("never predicted on validation: ").partition("; on test: ")[0]
    assert set(on_validation.split(", ")) == {f"'{name}'" for name in ignored} >= {"'middle'"}
    assert set(run.never_predicted) >= ignored
    assert read_run(run.folder).never_predicted == run.never_predicted


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"task": Task("place", ("left", "middle"))}, RunError, "'right', which is not a class of place"),
        ({"task": Task("place", (*TASK.classes, "top"))}, RunError, "'top' of place has no training sample"),
    ],
)
def test_samples_that_do_not_fit_the_task_start_no_training(
    project: TinyProject, change: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(cnn_recipe(), **project.places() | change)
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize(
    ("balance", "left", "weights"),
    [
        (BalanceRecipe(remove=0.5), 4, (11 / 12, 11 / 6, 11 / 15)),  # 4, 2 and 5 are shown: 11 / (3 n)
        (BalanceRecipe(sampling="oversample", loss="focal"), 8, (1.0, 1.0, 1.0)),
        (BalanceRecipe(sampling="undersample"), 2, (1.0, 1.0, 1.0)),
        (BalanceRecipe(sampling="resample", loss="plain"), 8, (1.0, 1.0, 1.0)),
        (BalanceRecipe(loss="plain", class_weights={"middle": 3.5}), 8, (1.0, 3.5, 1.0)),
    ],
)
def test_each_balance_trains_and_the_run_says_what_was_kept_and_weighed(
    project: TinyProject, balance: BalanceRecipe, left: int, weights: tuple[float, float, float]
) -> None:
    of_train = {"left": 8, "middle": 2, "right": 5}
    shown: dict[str, int] = dict.fromkeys(of_train, 0)
    rows = []
    for row in project.rows:
        is_train = row.group in ("film-a", "film-b")
        shown[row.class_name] += is_train
        if not is_train or shown[row.class_name] <= of_train[row.class_name]:
            rows.append(row)
    kept, manifest, split = as_manifest(project.root, rows)
    more = {"rows": kept, "manifest": manifest, "split": split}
    run = train(replace(cnn_recipe(epochs=1), balance=balance), **project.places() | more)
    assert run.counts["train"]["left"] == left
    assert run.counts["validation"] == {"left": 4, "middle": 4, "right": 4}
    assert tuple(run.class_weights.values()) == pytest.approx(weights)
    assert [record["epoch"] for record in run.history] == [1]


@pytest.mark.parametrize(
    "changed",
    [{"balance": BalanceRecipe(class_weights={"midle": 2.0})}, {"augment": AugmentRecipe(classes={"midle": {}})}],
)
def test_a_class_of_the_recipe_that_is_none_starts_no_training(
    project: TinyProject, changed: dict[str, object]
) -> None:
    with pytest.raises(RecipeError, match=r"'midle'.*'middle'"):
        train(replace(cnn_recipe(), **changed), **project.places())
    assert not (project.root / "runs").exists()


def test_missing_weights_start_no_training(project: TinyProject, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.pth"):
        train(backbone_recipe("features", tmp_path / "gone.pth"), **project.places())
    assert not (project.root / "runs").exists()


def test_a_weights_file_is_looked_for_in_the_project(project: TinyProject, weights: Path) -> None:
    (project.root / "weights.pth").write_bytes(weights.read_bytes())
    run = train(backbone_recipe("features", Path("weights.pth")), **project.places())
    assert run.weights["path"] == "weights.pth"


def test_an_input_too_small_starts_no_training(project: TinyProject) -> None:
    recipe = cnn_recipe()
    with pytest.raises(RecipeError, match="too small"):
        train(replace(recipe, input=replace(recipe.input, size=(64, 64))), **project.places())


def test_training_leaves_torch_and_its_dice_as_they_were(project: TinyProject) -> None:
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    threads = torch.get_num_threads()
    train(cnn_recipe(epochs=1), **project.places() | {"threads": threads + 1})
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads


def test_class_weights_make_every_class_weigh_the_same() -> None:
    weights = plan_class_weights({"a": 10, "b": 30}, BalanceRecipe())
    assert weights == {"a": 2.0, "b": pytest.approx(2 / 3)}
    assert weights["a"] * 10 == pytest.approx(weights["b"] * 30)
    assert plan_class_weights({"a": 10, "b": 30}, BalanceRecipe(loss="plain")) == {"a": 1.0, "b": 1.0}


@pytest.mark.slow
def test_flowers_are_told_apart_by_a_head_on_the_local_mobilenet(media: Path, tmp_path: Path) -> None:
    from learning.tiny import NOW
    from rushes.datasets.split import plan_split
    from rushes.labels.manifest import ManifestRow
    from rushes.labels.manifest_table import format_manifest
    from rushes.learning.recipe_files import parse_recipe
    from rushes.project import SplitSettings

    folder = media / "images" / "flowers"
    rows = []
    for path in sorted(folder.glob("*/*.jpg")):
        digest = digest_of_file(path)
        rows.append(
            ManifestRow(
                os.path.relpath(path, media), path.parent.name, group=digest[:2], source=digest, sha256=digest,
                name=path.stem,
            )
        )  # fmt: skip
    task = Task("flowers", tuple(sorted({row.class_name for row in rows})))
    manifest = tmp_path / "manifest.jl"
    manifest.write_text(format_manifest(rows), encoding="utf-8")
    weights = media / "weights" / "mobilenetv2_100_tf_ptq_dequant_fp16.pth"
    table = {
        "name": "flowers",
        "model": {"kind": "features", "weights": str(weights), "backbone_args": {"pad_type": "same"}},
        "input": {"mean": [0.5] * 3, "std": [0.5] * 3},
    }
    run = train(
        parse_recipe(table, where="flowers.toml"),
        task=task,
        manifest=manifest,
        rows=rows,
        split=plan_split(rows, task="flowers", kind="grouped", settings=SplitSettings()),
        project_root=media,
        runs_folder=tmp_path / "runs",
        cache_folder=tmp_path / "cache",
        now=NOW,
    )
    held = [read_predictions(run.predictions_file(part)) for part in ("validation", "test")]
    probabilities, truth = np.concatenate([p.probabilities for p in held]), np.concatenate([p.truth for p in held])
    assert score(probabilities, truth).f1_macro > 0.65  # five classes: chance is 0.2
    assert json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["manifest"]["path"] == "manifest.jl"
    assert list_runs(tmp_path / "runs") == [run]


def test_known_leaks_stay_with_the_run(project: TinyProject) -> None:
    run = train(cnn_recipe(epochs=1), **project.places(), leaks=("x in test looks like y in train",))
    assert read_run(run.folder).leaks == ("x in test looks like y in train",)


def test_labelled_frames_that_no_part_takes_are_said(project: TinyProject) -> None:
    strange = replace(project.rows[0], group="a new film", source="ff" * 32, sha256="")
    places = project.places() | {"rows": (*project.rows, strange)}
    run = train(cnn_recipe(epochs=1), **places)
    assert any(warning.startswith("1 of 49 labelled samples stand in no part") for warning in run.warnings)


@pytest.mark.parametrize(("kind", "setting"), [("knn", "neighbours"), ("mlp", "regularisation")])
def test_each_head_is_a_whole_run_and_the_same_again_on_the_features_of_the_first(
    project: TinyProject, weights: Path, kind: str, setting: str
) -> None:
    notes: list[str] = []
    places = project.places() | {"progress": lambda done, total, note="": notes.append(note)}
    linear = backbone_recipe("features", weights, regularisation=[0.1, 1.0], neighbours=[1, 3])
    train(linear, **places)
    assert "computing features" in notes
    notes.clear()
    recipe = replace(linear, model=replace(linear.model, head=kind, hidden=8))
    first, second = train(recipe, **places), train(recipe, **places)
    assert "computing features" not in notes
    check_run(first, project)
    assert digest_of_file(first.folder / "model.safetensors") == digest_of_file(second.folder / "model.safetensors")
    assert first.head["kind"] == kind
    assert len(first.history) == 2
    assert all(setting in record for record in first.history)
    assert [record["chosen"] for record in first.history].count(True) == 1
    head = load_network(first.folder).head
    assert first.trained_parameters == sum(parameter.numel() for parameter in head.parameters())


def test_a_balance_that_a_head_cannot_follow_starts_no_training(project: TinyProject, tmp_path: Path) -> None:
    recipe = backbone_recipe("features", tmp_path / "nobody-looks.pth")
    recipe = replace(recipe, balance=BalanceRecipe(sampling="resample"))
    with pytest.raises(RecipeError, match="a linear head has no epochs"):
        train(recipe, **project.places())
    assert not (project.root / "runs").exists()
