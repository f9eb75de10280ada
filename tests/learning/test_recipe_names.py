"""A recipe's name, and the file that it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import RecipeError
from rushes.learning.recipe_files import SHIPPED, find_recipe, list_recipes, look_up_recipe, read_recipe


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    for name in ("cnn", "mine", "old/mine", "old/deeper/last"):
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# The recipe {name}.\n[model]\nkind = 'cnn'\n")
    return folder


@pytest.mark.parametrize(
    ("word", "file"),
    [
        ("cnn", "cnn.toml"),
        ("cnn.toml", "cnn.toml"),
        ("recipes/cnn.toml", "cnn.toml"),
        ("last", "old/deeper/last.toml"),
        ("old/mine", "old/mine.toml"),
        ("recipes/mine.toml", "mine.toml"),
    ],
)
def test_a_name_is_found_however_deep_it_lies(recipes: Path, word: str, file: str) -> None:
    assert find_recipe(word, [recipes, SHIPPED]) == recipes / file


def test_a_path_means_its_file(recipes: Path) -> None:
    assert find_recipe(recipes / "old" / "mine.toml", []) == recipes / "old" / "mine.toml"


def test_a_recipe_of_the_project_hides_the_one_that_comes_with_rushes(recipes: Path) -> None:
    assert find_recipe("cnn-mcu", [recipes, SHIPPED]) == SHIPPED / "designs" / "cnn-mcu.toml"
    listed = list_recipes([recipes, SHIPPED])
    assert [one.shipped for one in listed if one.name == "cnn"] == [False]
    assert {one.name for one in listed if not one.shipped} == {"cnn", "mine", "last"}
    assert len(listed) == 4 + len(list_recipes([SHIPPED])) - 1


def test_a_name_that_two_recipes_bear_is_refused_with_both(recipes: Path) -> None:
    with pytest.raises(RecipeError, match=r"recipes/mine\.toml and recipes/old/mine\.toml\. Name one of them"):
        find_recipe("mine", [recipes, SHIPPED])


def test_an_unknown_name_names_the_nearest(recipes: Path) -> None:
    with pytest.raises(RecipeError, match=r"there is no recipe 'featres'\. Did you mean 'features'"):
        find_recipe("featres", [recipes, SHIPPED])
    assert look_up_recipe("resnet50", [recipes, SHIPPED]) is None


@pytest.mark.parametrize("word", ["elsewhere/recipes/cnn.toml", "/elsewhere/cnn.toml", "", "."])
def test_a_path_to_no_file_means_no_other_file(recipes: Path, word: str) -> None:
    with pytest.raises(RecipeError, match="there is no recipe"):
        find_recipe(word, [recipes, SHIPPED])


def test_a_folder_that_is_not_there_holds_no_recipe(tmp_path: Path) -> None:
    assert find_recipe("cnn", [tmp_path / "recipes", SHIPPED]).parent.name == "start"


def test_a_recipe_that_cannot_be_read_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("model = [")
    (tmp_path / "b.toml").write_text("# Of tomorrow.\nschema = 'recipe/9'\n")
    (tmp_path / "c.toml").write_bytes(b"# \xff\n")
    (tmp_path / "d.toml").write_text("[search]\nmethod = 'optuna'\n")
    listed = {one.name: one for one in list_recipes([tmp_path])}
    assert "not valid TOML" in listed["a"].fault
    assert "Update rushes" in listed["b"].fault
    assert listed["b"].about == "Of tomorrow."
    assert listed["c"].fault
    assert (listed["d"].about, listed["d"].kind, listed["d"].search, listed["d"].fault) == (
        "",
        "features",
        "optuna",
        "",
    )


def test_a_recipe_of_the_first_schema_takes_changes_in_the_words_of_today(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text('schema = "recipe/1"\nbalance = "none"\n[model]\nkind = "cnn"\n')
    assert read_recipe(path).balance.loss == "plain"
    assert read_recipe(path, changes=["balance.loss=focal", "training.seed=3"]).balance.loss == "focal"


def test_a_recipe_of_a_later_rushes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    path.write_text('schema = "recipe/3"\n')
    with pytest.raises(RecipeError, match=r"new\.toml: schema is 'recipe/3'.*Update rushes"):
        read_recipe(path)
