"""The text of a new project."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rushes.cli.templates import TEMPLATES, plan_project
from rushes.learning.recipe_files import parse_recipe
from rushes.project import parse_project


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_is_a_project_and_recipes_that_can_be_followed(template: str) -> None:
    planned = plan_project(name='a "quoted" name', template=template, tasks={})
    project = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p"))
    assert project.name == 'a "quoted" name'
    assert len(project.tasks) == 1
    kinds = {}
    for name, text in planned.items():
        if name.startswith("recipes/"):
            table = tomllib.loads(text) | {"name": Path(name).stem}
            kinds[Path(name).stem] = parse_recipe(table, where=name).model.kind
    assert kinds.pop(template) in ("cnn", "finetune")
    assert kinds == {"features": "features", "finetune": "finetune", "cnn": "cnn"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_recipe_of_a_template_s_user_names_no_class_that_the_template_s_task_lacks(template: str) -> None:
    planned = plan_project(name="x", template=template, tasks={})
    (task,) = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p")).tasks.values()
    recipe = parse_recipe({"name": "r", **tomllib.loads(planned[f"recipes/{template}.toml"])}, where="r")
    assert {*recipe.balance.class_weights, *recipe.augment.classes} <= set(task.classes)


def test_the_recipe_of_a_template_s_user_is_left_out_with_its_task() -> None:
    planned = plan_project(name="x", template="cull", tasks={"flower": ["daisy", "rose"]})
    assert set(planned) == {"rushes.toml", "recipes/features.toml", "recipes/finetune.toml", "recipes/cnn.toml"}


def test_tasks_of_one_s_own_take_the_place_of_the_template_s() -> None:
    planned = plan_project(name="x", template="mcu", tasks={"a": ["n", "y"], "b": ["1", "2", "3"]})
    tasks = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p")).tasks
    assert {name: task.classes for name, task in tasks.items()} == {"a": ("n", "y"), "b": ("1", "2", "3")}


def test_the_rarity_template_knows_the_columns_of_an_episode_sheet() -> None:
    planned = plan_project(name="x", template="rarity", tasks={})
    project = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p"))
    assert project.columns["JONNY's RECLASSIFICATION"] == "class:jonny"
    assert project.task("rarity").class_of("trash") == "Junk"
    assert project.trust_of(project.task("rarity"))[:3] == ("review", "jonny", "supervised")


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_new_project_trusts_jonny_before_supervised_before_unsupervised(template: str) -> None:
    planned = plan_project(name="x", template=template, tasks={"a": ["n", "y"]})
    trust = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p")).trust
    assert trust.index("review") < trust.index("jonny") < trust.index("supervised") < trust.index("unsupervised")
