"""The command that trains a run again."""

from __future__ import annotations

import shlex

import pytest

from rushes.evaluation.making import command_to_train, find_changes
from rushes.learning.recipe_files import SHIPPED, find_recipe, read_recipe

RECIPE = """schema = "recipe/2"
[model]
kind = "shots"
backbone = "test_resnet"
[heads.scale]
pooling = "gru"
[heads.movement]
see = "motion"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def resolved(project, *changes):
    return read_recipe(project / "recipes" / "mine.toml", changes=changes).to_table()


@pytest.mark.parametrize(
    "changes",
    [
        [],
        ["training.epochs=3"],
        ["shots.sheet=['a b.csv', \"c'd.csv\"]", "heads.scale.pooling=lstm", "model.weights=/a place/w.pth"],
        ["model.backbone_args.pad_type=same", "input.size=[96, 64]", "balance.class_weights.push=2.0"],
        ["heads={scale = {see = 'both', weight = 0.5}}"],
        ["synthetic.clips=12", "heads.movement.motion=shipped", "input.mean=[0.5, 0.5, 0.5]"],
    ],
)
def test_what_was_set_for_a_run_is_set_again(project, changes):
    wanted = resolved(project, *changes)
    words = shlex.split(command_to_train(wanted, project_root=project))
    assert words[:3] == ["rushes", "train", "mine"]
    assert words[3::2] == ["--set"] * len(words[4::2])
    assert len(words[4::2]) >= len(changes)
    assert resolved(project, *words[4::2]) == wanted


def test_only_what_differs_is_set(project):
    table = resolved(project, "training.epochs=3", "heads.scale.pooling=attention")
    assert command_to_train(table, project_root=project) == (
        "rushes train mine --set training.epochs=3 --set 'heads.scale.pooling=\"attention\"'"
    )


def test_a_shipped_recipe_is_known_and_one_of_the_project_hides_it(project):
    table = read_recipe(find_recipe("cnn", (SHIPPED,))).to_table()
    assert command_to_train(table, project_root=project) == "rushes train cnn"
    (project / "recipes" / "cnn.toml").write_text("[training]\nepochs = 977\n", encoding="utf-8")
    assert f"training.epochs={table['training']['epochs']}" in find_changes(table, (project / "recipes", SHIPPED))


@pytest.mark.parametrize("name", ["gone", "", "several"])
def test_where_no_recipe_says_the_same_run_json_is_named(project, name):
    for folder in ("a", "b"):
        (project / "recipes" / folder).mkdir()
        (project / "recipes" / folder / "several.toml").write_text(RECIPE, encoding="utf-8")
    command = command_to_train(resolved(project) | {"name": name}, project_root=project)
    assert "run.json" in command
    assert shlex.split(command, comments=True)[:2] == ["rushes", "train"]


def test_a_value_that_no_word_can_take_back_is_not_passed_over(project):
    plain = resolved(project)
    path = project / "recipes" / "mine.toml"
    path.write_text(RECIPE.replace("[heads.scale]", "dropout = 0.3\n[heads.scale]"), encoding="utf-8")
    assert plain["model"]["dropout"] is None
    assert find_changes(plain, (project / "recipes",)) is None
