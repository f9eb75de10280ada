"""The recipes that come with rushes: each is read, and followed to a whole run, small."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from learning.tiny import NOW, TASK, TinyProject, as_manifest, make_project
from learning.tiny_shots import TinyShots, make_shots
from rushes.cli.templates import TEMPLATES
from rushes.learning.recipe_files import SHIPPED, ListedRecipe, list_recipes, parse_recipe, read_recipe_table
from rushes.learning.runs import read_run
from rushes.learning.search import check_space, plan_settings, read_search
from rushes.learning.train import train
from rushes.learning.train_shots import train_shots
from rushes.project import Task

LISTED = list_recipes([SHIPPED])
FOLDERS = {"start", "users", "designs", "transfer", "balance", "search", "shots"}
TINY = {"training.epochs": 1, "training.batch_size": 8, "training.precision": "fp32", "training.compile": "never"}
# design -> what makes it tiny.
TINY_DESIGNS: Mapping[str, Mapping[str, Any]] = {
    "rarity": {"model.units": [4, 4, 4, 4], "model.dense": 8, "input.size": [32, 18]},
    "sepconv": {"model.units": [4, 4, 8, 8, 8], "input.size": [64, 64]},
}
TINY_PLAIN = {"model.units": [4, 4, 4, 4, 8], "model.dense": 8, "input.size": [116, 116]}
# Part of a backbone's name -> the tiny network of its family.
TINY_BACKBONES = {"convnext": "test_convnext", "vit": "test_vit", "resnet": "test_resnet"}


def is_named(one: ListedRecipe) -> str:
    return one.name


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    return make_project(tmp_path_factory.mktemp("shared"), per_class=2)


def weights_of(backbone: str, folder: Path) -> Path:
    """Return a file of random weights of a tiny network."""
    import timm
    import torch

    path = folder / f"{backbone}.pth"
    if not path.exists():
        torch.manual_seed(5)
        torch.save(timm.create_model(backbone).state_dict(), path)
    return path


def tiny_changes(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return recipe key -> value that brings a recipe down to a second's work."""
    model = table.get("model", {})
    if model.get("kind") == "cnn":
        return TINY | dict(TINY_DESIGNS.get(model.get("design", ""), TINY_PLAIN))
    name = str(model["backbone"]) if "backbone" in model else ""
    tiny = next((tiny for part, tiny in TINY_BACKBONES.items() if part in name), "test_efficientnet")
    weights = str(weights_of(tiny, folder))
    return TINY | {"model.backbone": tiny, "model.weights": weights, "input.size": [64, 64]}


def changed(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's table with other values."""
    copied: dict[str, Any] = json.loads(json.dumps(table))
    for key, value in changes.items():
        section, _, name = key.partition(".")
        copied.setdefault(section, {})[name] = value
    return copied


def places_of(project: TinyProject, name: str) -> dict[str, Any]:
    """Return what `train` wants to know of a project whose task has the classes that a user's recipe names."""
    if not name.startswith("cull"):
        return project.places()
    task = Task("select", ("reject", "select"))
    rows = [replace(row, class_name=task.classes[row.class_name != TASK.classes[0]]) for row in project.rows]
    (project.root / name).mkdir()
    rows, manifest, split = as_manifest(project.root / name, rows)
    return project.places() | {"task": task, "rows": rows, "manifest": manifest, "split": split}


def test_there_is_a_recipe_for_every_user_and_every_name_is_said_once() -> None:
    names = [path.stem for path in SHIPPED.rglob("*.toml")]
    assert len(set(names)) == len(names) == len(LISTED)
    assert {path.stem for path in (SHIPPED / "users").glob("*.toml")} == {*TEMPLATES, "cull-quality"}
    assert {path.parent.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.toml")} == FOLDERS


@pytest.mark.parametrize("listed", LISTED, ids=is_named)
def test_every_recipe_can_be_read_and_says_in_its_first_line_what_it_is_for(listed: ListedRecipe) -> None:
    assert listed.fault == ""
    assert listed.about.endswith(".")
    assert len(listed.about) <= 118
    text = listed.path.read_text(encoding="utf-8")
    assert text.splitlines()[1] == 'schema = "recipe/2"'
    assert "name" not in tomllib.loads(text), "a copy is named after its file"
    assert bool(listed.search) == (listed.path.parent.name == "search")


@pytest.mark.parametrize("listed", LISTED, ids=is_named)
def test_every_recipe_names_a_backbone_that_timm_knows_with_its_licence(listed: ListedRecipe) -> None:
    import timm

    from rushes.models.backbones import check_name

    backbone = tomllib.loads(listed.path.read_text(encoding="utf-8")).get("model", {}).get("backbone")
    if backbone is not None:
        check_name(backbone)
        known = timm.get_pretrained_cfg(backbone)
        assert known is not None
        assert f"the licence of these weights is {known.license}" in listed.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("listed", LISTED, ids=is_named)
def test_every_recipe_asks_for_a_network_that_can_be_built(listed: ListedRecipe) -> None:
    from rushes.learning.architecture import plan_architecture

    table = read_recipe_table(listed.path)
    _, shown = plan_architecture(parse_recipe(table, where=listed.name))
    multiple = 14 if "patch14" in table.get("model", {}).get("backbone", "") else 1
    assert (shown.width % multiple, shown.height % multiple) == (0, 0)


@pytest.mark.parametrize("listed", [one for one in LISTED if one.search], ids=is_named)
def test_every_value_that_a_search_would_try_is_allowed(listed: ListedRecipe) -> None:
    table = read_recipe_table(listed.path)
    check_space(read_search(table, where=listed.name), table, where=listed.name)


def test_the_baselines_are_nine() -> None:
    table = read_recipe_table(SHIPPED / "search" / "baselines.toml")
    settings = plan_settings(read_search(table, where="baselines"), table, where="baselines")
    assert {(setting["model.design"], setting["balance.remove"]) for setting in settings} == {
        (design, removed) for design in ("cnn-4x4", "cnn-5x5", "cnn-6x6") for removed in (0.2, 0.4, 0.6)
    }


def test_nothing_in_the_recipe_of_shot_scale_changes_a_scale() -> None:
    from rushes.learning.augment import plan_augmentations

    classes = ("ECS", "CS", "MS", "FS", "LS")
    recipe = parse_recipe(read_recipe_table(SHIPPED / "users" / "shots.toml"), where="shots")
    assert {one.zoom for one in plan_augmentations(recipe.augment, classes)} == {0.0}


def test_the_recipe_of_a_cull_mirrors_rejects_alone() -> None:
    from rushes.learning.augment import plan_augmentations

    recipe = parse_recipe(read_recipe_table(SHIPPED / "users" / "cull.toml"), where="cull")
    reject, select = plan_augmentations(recipe.augment, ("reject", "select"))
    assert (reject.flip, select.flip) == (True, False)
    assert replace(reject, flip=False) == select


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> TinyShots:
    return make_shots(tmp_path_factory.mktemp("shots"))


@pytest.mark.parametrize("listed", [one for one in LISTED if one.kind == "shots"], ids=is_named)
def test_every_recipe_of_shots_is_followed_to_a_whole_run(listed: ListedRecipe, shots: TinyShots) -> None:
    table = read_recipe_table(listed.path)
    small = changed(table, tiny_changes(table, shots.root) | {"shots.frames": 8, "training.epochs": 2})
    for head in small["heads"].values():
        head["width"] = 8
    if "clips" in small.get("synthetic", {}):
        small["synthetic"] |= {"clips": 1, "movements": ["push"]}
    if small["model"].get("start"):
        assert small["model"]["start"] == "NAME-OF-THE-RUN"  # it is to be named
        small["model"]["start"] = ""
        small["model"]["start"] = train_shots(parse_recipe(small, where="first"), shots.ground, now=NOW).folder.name
    recipe = parse_recipe(small, where=listed.name)
    run = train_shots(recipe, shots.ground, now=NOW)
    assert set(run.tasks) == {"scale", "movement"}
    assert parse_recipe(json.loads(json.dumps(run.recipe)), where="run.json") == recipe
    for task in run.tasks:
        assert run.of_task(task).predictions_file("test").is_file()


def test_the_eight_rows_of_the_earlier_study_differ_as_it_did() -> None:
    rows = [read_recipe_table(path) for path in sorted((SHIPPED / "shots").glob("shots-[1-8]-*.toml"))]
    assert len(rows) == 8
    assert [row["heads"]["movement"]["pooling"] for row in rows] == ["gru", *["lstm"] * 7]
    assert all(row["shots"]["shared"] for row in rows)
    assert [row["heads"]["scale"]["dropout"] == 0 for row in rows] == [False, False, True, *[False] * 5]
    assert [row.get("balance", {}).get("sampling", "all") for row in rows] == [
        *["all"] * 5, "oversample", "level", "resample",
    ]  # fmt: skip
    assert rows[7]["synthetic"]["clips"] > 0
    assert "start" in rows[4]["model"]


@pytest.mark.parametrize("listed", [one for one in LISTED if one.kind != "shots"], ids=is_named)
def test_every_recipe_is_followed_to_a_whole_run(listed: ListedRecipe, shared: TinyProject) -> None:
    table = read_recipe_table(listed.path)
    small = changed(table, tiny_changes(table, shared.root))
    recipe = parse_recipe(small, where=listed.name)
    places = places_of(shared, listed.name)
    kept = read_run(train(recipe, **places).folder)
    followed = parse_recipe(json.loads(json.dumps(kept.recipe)), where="run.json")
    assert followed == replace(recipe, task=places["task"].name)
    assert kept.predictions_file("test").is_file()
