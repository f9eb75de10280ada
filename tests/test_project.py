"""rushes.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import ProjectError
from rushes.project import find_project, parse_project, read_project

RARITY = {"classes": ["Junk", "Common", "Rare"], "aliases": {"Trash": "Junk"}, "ignore": ["none"]}


def test_a_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text('name = "x"\n[tasks.select]\nclasses = ["no", "yes"]\n')
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    project = find_project(inside)
    assert project.root == tmp_path.resolve()
    assert project.task(None).classes == ("no", "yes")
    assert project.catalog_place == tmp_path.resolve() / ".rushes" / "catalog.db"


def test_without_a_project_the_way_to_make_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="rushes init"):
        find_project(tmp_path)


def test_a_class_is_known_by_its_name_its_alias_and_in_any_case() -> None:
    task = parse_project({"tasks": {"rarity": RARITY}}, root=Path("/p")).task("rarity")
    assert [task.class_of(text) for text in ("Junk", " trash ", "RARE", "Legendry")] == ["Junk", "Junk", "Rare", None]
    assert task.says_nothing(" None ")
    assert task.says_nothing("")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"taks": {}}, "unknown key 'taks'. Did you mean 'tasks'"),
        ({"ingest": {"evry": "8s"}}, "Did you mean 'every'"),
        ({"ingest": {"every": "soon"}}, "is not a length of time"),
        ({"ingest": {"quality": "high"}}, "must be a whole number"),
        ({"ingest": {"quality": 0}}, "from 1 to 100"),
        ({"ingest": {"size": "big"}}, "the long side"),
        ({"ingest": {"deinterlace": "yes"}}, "must be"),
        ({"ingest": {"format": "jpg"}}, "Did you mean 'jpeg'"),
        ({"tasks": {"select": {"classes": ["only"]}}}, "at least two"),
        ({"tasks": {"select": {"classes": ["a", "A"]}}}, "the same word twice"),
        ({"tasks": {"select": {"classes": ["a", "b/c"]}}}, "cannot be a class"),
        ({"tasks": {"select": {"classes": ["a", "b"], "aliases": {"x": "c"}}}}, "is no class"),
        ({"split": {"train": 0.9, "validation": 0.2, "test": 0.1}}, "the sum 1"),
        ({"schema": "project/9"}, "reads 'project/1'"),
        ({"trust": "jonny"}, "list of words"),
        ({"tasks": {"a b": {"classes": ["a", "b"]}}}, "letters, digits"),
    ],
)
def test_what_is_not_allowed_is_said(table: dict[str, object], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        parse_project(table, root=Path("/p"))


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text("name = ")
    with pytest.raises(ProjectError, match=r"rushes\.toml is not valid TOML"):
        read_project(tmp_path)


def test_an_unknown_task_is_answered_with_the_nearest_and_with_what_to_write() -> None:
    project = parse_project({"tasks": {"rarity": RARITY}}, root=Path("/p"))
    with pytest.raises(ProjectError, match=r"Did you mean 'rarity'(?s:.*)\[tasks\.rarty\]"):
        project.task("rarty")


def test_several_tasks_need_a_choice() -> None:
    table = {"tasks": {"a": {"classes": ["x", "y"]}, "b": {"classes": ["x", "y"]}}}
    with pytest.raises(ProjectError, match="--task: a, b"):
        parse_project(table, root=Path("/p")).task(None)


def test_season_files_are_a_list_of_names() -> None:
    assert parse_project({"labels": {"seasons": ["S01.json"]}}, root=Path("p")).labels.seasons == ("S01.json",)
    for wrong in ("S01.json", [1], ["a", "A"], [" "]):
        with pytest.raises(ProjectError, match="seasons"):
            parse_project({"labels": {"seasons": wrong}}, root=Path("p"))
