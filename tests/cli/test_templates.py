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
    assert list(project.tasks) == list(TEMPLATES[template].tasks)
    kinds: dict[str, str] = {}
    for name, text in planned.items():
        if name.startswith("recipes/"):
            table = tomllib.loads(text) | {"name": Path(name).stem}
            kinds[Path(name).stem] = parse_recipe(table, where=name).model.kind
    assert kinds.pop(template) in ("cnn", "finetune", "shots")
    assert [kinds.pop(name) for name in TEMPLATES[template].recipes] == ["features"] * (template == "cull")
    assert kinds == {"features": "features", "finetune": "finetune", "cnn": "cnn"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_recipe_of_a_template_s_user_names_no_class_that_the_template_s_task_lacks(template: str) -> None:
    planned = plan_project(name="x", template=template, tasks={})
    project = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p"))
    recipe = parse_recipe({"name": "r", **tomllib.loads(planned[f"recipes/{template}.toml"])}, where="r")
    tasks = [project.task(name) for name in recipe.heads] or [project.task(recipe.task or None)]
    classes = {name for task in tasks for name in task.classes}
    assert {*recipe.balance.class_weights, *recipe.augment.classes} <= classes


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


def test_the_shots_template_answers_scale_and_movement_and_has_a_sheet_to_start_from() -> None:
    from rushes.labels.sheets.csv import parse_csv
    from rushes.labels.shot_sheet import parse_shot_sheet

    planned = plan_project(name="x", template="shots", tasks={})
    project = parse_project(tomllib.loads(planned["rushes.toml"]), root=Path("/p"))
    assert project.task("scale").classes == ("ECS", "CS", "MS", "FS", "LS")
    assert project.task("movement").classes == ("static", "motion", "push", "pull")
    assert project.task("scale").class_of("Extreme Close-Up") == "ECS"
    header = planned["shots.csv"]
    tasks = list(project.tasks.values())
    empty = parse_shot_sheet(parse_csv(header.encode(), name="shots.csv", key=""), tasks, mapping=project.columns)
    assert (empty.shots, empty.faults, empty.notes) == ((), (), ())
    filled = header.encode() + b"films/a.mp4,0,40,medium shot,push,a,1\n"
    (shot,) = parse_shot_sheet(parse_csv(filled, name="shots.csv", key=""), tasks, mapping=project.columns).shots
    assert shot.classes == {"scale": "MS", "movement": "push"}
    assert "shots.csv" not in plan_project(name="x", template="shots", tasks={"a": ["n", "y"]})
