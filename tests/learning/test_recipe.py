from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import RecipeError
from rushes.learning.recipe_files import parse_recipe, read_recipe


def parse(**table: Any) -> Any:
    return parse_recipe({"name": "r", **table}, where="r.toml")


def test_an_empty_recipe_is_all_defaults() -> None:
    recipe = parse()
    assert (recipe.model.kind, recipe.split, recipe.training.monitor) == ("features", "grouped", "f1_macro")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"modle": {}}, "Did you mean 'model'"),
        ({"training": {"epoch": 3}}, "Did you mean 'epochs'"),
        ({"training": {"epochs": "many"}}, "a whole number"),
        ({"training": {"epochs": 0}}, "1 or more"),
        ({"training": {"learning_rate": -1}}, "above 0"),
        ({"training": {"learning_rate": float("inf")}}, "above 0"),
        ({"training": {"backbone_rate": 0}}, "above 0"),
        ({"training": {"weight_decay": -0.1}}, "0 or more"),
        ({"training": {"seed": -1}}, "0 or more"),
        ({"training": {"regularisation": []}}, "numbers above 0"),
        ({"training": {"regularisation": ["a"]}}, "numbers above 0"),
        ({"training": {"monitor": "f1"}}, "f1_macro"),
        ({"model": {"kind": "cnm"}}, "Did you mean 'cnn'"),
        ({"model": {"design": "cnn-6x5"}}, "Did you mean 'cnn-6x6'"),
        ({"model": {"units": [1, 2]}}, "5 whole numbers"),
        ({"model": {"units": [1, 2, 3, 4, 0.5]}}, "5 whole numbers"),
        ({"model": {"kind": "cnn", "design": "rarity", "units": [1, 2, 3, 4, 5]}}, "4 whole numbers"),
        ({"model": {"kind": "cnn", "design": "sepconv", "dense": 64}}, "sepconv has no dense layer.*cnn-4x4.*rarity"),
        ({"model": {"dropout": 1.0}}, "below 1"),
        ({"input": {"size": [224]}}, r"\[width, height\]"),
        ({"input": {"size": ["a", "b"]}}, r"\[width, height\]"),
        ({"input": {"mean": [0.5, 0.5]}}, "one number per channel"),
        ({"input": {"std": [0.5, 0.0, 0.5]}}, "above 0"),
        ({"augment": {"shift": 1.5}}, "below 1"),
        ({"balance": {"loss": "weight"}}, "Did you mean 'weights'"),
        ({"schema": "recipe/9"}, "Update rushes"),
        ({"balance": "weights"}, r"written \[balance\] loss"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(table: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse(**table)


def test_a_recipe_comes_back_from_its_table_in_json() -> None:
    recipe = parse(
        model={"kind": "cnn", "units": [1, 2, 3, 4, 5]}, input={"mean": [0.4], "std": [0.2]}, training={"epochs": 2}
    )
    assert parse_recipe(json.loads(json.dumps(recipe.to_table())), where="run.json") == recipe


def test_words_on_the_command_line_override_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mcu.toml"
    path.write_text('[training]\nepochs = 5\n[model]\nkind = "cnn"\n', encoding="utf-8")
    recipe = read_recipe(path, changes=["training.epochs=7", "model.kind=features", "input.mean=[0.5, 0.5, 0.5]"])
    assert (recipe.name, recipe.training.epochs, recipe.model.kind) == ("mcu", 7, "features")
    assert recipe.input.mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["training.seed=1", "training.epochs=-3"], r"^--set training\.epochs=-3: training\.epochs is -3"),
        (["training.epochs=many"], r"^--set training\.epochs=many: "),
        (["epochs=3"], r"^--set epochs=3: unknown key 'epochs'\. Did you mean 'training\.epochs'\?"),
        (["training.epoch=3"], r"^--set training\.epoch=3: unknown key 'training\.epoch'.*'training\.epochs'"),
        (["augment.classes.left.turn=3"], r"^--set augment\.classes\.left\.turn=3: "),
        (["model.kind=features", "split=odd"], r"^--set split=odd: "),
    ],
)
def test_a_fault_of_a_word_on_the_command_line_is_not_said_of_the_file(
    tmp_path: Path, changes: list[str], message: str
) -> None:
    path = tmp_path / "mcu.toml"
    path.write_text('[training]\nepochs = 5\n[model]\nkind = "cnn"\n', encoding="utf-8")
    with pytest.raises(RecipeError, match=message) as refused:
        read_recipe(path, changes=changes)
    assert "mcu.toml" not in str(refused.value)


def test_a_fault_of_the_file_stays_its_own_and_a_change_may_mend_it(tmp_path: Path) -> None:
    path = tmp_path / "mcu.toml"
    path.write_text("[training]\nepochs = 0\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"mcu\.toml: training\.epochs is 0"):
        read_recipe(path, changes=["training.seed=1"])
    assert read_recipe(path, changes=["training.epochs=2"]).training.epochs == 2


def test_a_recipe_of_the_first_schema_is_read_as_it_was_meant() -> None:
    old = {"schema": "recipe/1", "balance": "none", "augment": {"flip": False}, "model": {"dropout": 0.0}}
    assert parse(**old) == parse(balance={"loss": "plain"}, augment={"flip": False}, model={"dropout": 0.0})
    assert parse(schema="recipe/1").balance == parse().balance


@pytest.mark.parametrize("name", ["../../evil", "a/b", "a\\b", "..", "a\nb"])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="must be no path"):
        parse_recipe({"name": name}, where="mine.toml")
