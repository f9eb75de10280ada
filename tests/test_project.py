"""rushes.toml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rushes.errors import ProjectError
from rushes.project import find_project, parse_project, read_project

RARITY = {"classes": ["Junk", "Common", "Rare"], "aliases": {"Trash": "Junk"}, "ignore": ["none"]}


def thresholds(**wishes: object) -> dict[str, object]:
    return {"tasks": {"rarity": RARITY | {"thresholds": wishes}}}


def suggest(**settings: object) -> dict[str, object]:
    return {"tasks": {"rarity": RARITY | {"suggest": settings}}}


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
        (
            thresholds(Rare="recal >= 0.9"),
            r"\[tasks.rarity.thresholds\]: Rare: 'recal >= 0.9' is no wish for a",
        ),
        (thresholds(Rar="recall >= 0.9"), "'Rar' is no class of rarity. Did you mean 'Rare'"),
        (thresholds(Rare=0.9), "Rare is 0.9; it must be text, such as"),
        (thresholds(Junk="best f1", Trash="best f1"), "'Trash' is Junk, which has a threshold already"),
        (suggest(quantile={}), r"\[tasks.rarity.suggest\]: unknown key 'quantile'. Did you mean 'quantiles'"),
        (suggest(quantiles={"Comon": 0.5}), "names 'Comon', which is no class. Did you mean 'Common'"),
        (suggest(quantiles={"Rare": 0.5}), "it must name 'Common', in this order: 'Rare' takes what is left"),
        (suggest(quantiles={"Common": 1}), "a share above 0 and below 1"),
        (suggest(quantiles={"Common": 0.5}, junk="Jnuk"), "is no class. Did you mean 'Junk'"),
        (suggest(per="episode"), "per is 'episode'"),
        (suggest(density=0, subjects=0), "one above 0"),
        (suggest(neighbours=0), "from 1 to 1000"),
        (suggest(near=0), "above 0 and at most 1"),
        (suggest(blurred=2), "blurred is 2; it must be from 0 to 1"),
        (suggest(stay="long"), "must be a number"),
        ({"columns": {"engine": "ray"}}, r"engine stands below \[columns\].* Move the line above the first \[table\]"),
        ({"columns": {"store": "s3://b/p/"}}, r"store stands below \[columns\]"),
        ({"ingest": {"catalog": "postgresql:///x"}}, r"catalog stands below \[ingest\]"),
        (suggest(engine="ray://h:10001"), r"engine stands below \[tasks.rarity.suggest\]"),
        ({"schema": "project/9"}, "reads 'project/1'"),
        ({"trust": "jonny"}, "list of words"),
        ({"tasks": {"a b": {"classes": ["a", "b"]}}}, "letters, digits"),
    ],
)
def test_what_is_not_allowed_is_said(table: dict[str, object], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        parse_project(table, root=Path("/p"))


def test_a_column_of_a_sheet_may_be_called_as_a_key_of_the_whole_file() -> None:
    columns = {"store": "group", "engine": "class", "catalog": "frame"}
    assert parse_project({"columns": columns}, root=Path("/p")).columns == columns


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text("name = ")
    with pytest.raises(ProjectError, match=r"rushes\.toml is not valid TOML"):
        read_project(tmp_path)


def test_an_unknown_task_is_answered_with_the_nearest_and_with_what_to_write() -> None:
    project = parse_project({"tasks": {"rarity": RARITY}}, root=Path("/p"))
    with pytest.raises(ProjectError, match=r"Did you mean 'rarity'(?s:.*)\[tasks\.rarty\]"):
        project.task("rarty")


def test_what_is_suggested_goes_by_the_tasks_own_classes_in_any_spelling() -> None:
    task = parse_project(suggest(quantiles={"common": 0.6}), root=Path("/p")).task("rarity")
    assert (task.junk, task.ranked, dict(task.suggest.quantiles)) == ("Junk", ("Common", "Rare"), {"Common": 0.6})
    other = parse_project(suggest(junk="trash"), root=Path("/p")).task("rarity")
    assert other.junk == "Junk"
    assert parse_project({"tasks": {"t": {"classes": ["a", "b"]}}}, root=Path("/p")).task("t").junk is None


def test_several_tasks_need_a_choice() -> None:
    table = {"tasks": {"a": {"classes": ["x", "y"]}, "b": {"classes": ["x", "y"]}}}
    with pytest.raises(ProjectError, match="--task: a, b"):
        parse_project(table, root=Path("/p")).task(None)


def test_season_files_are_a_list_of_names() -> None:
    assert parse_project({"labels": {"seasons": ["S01.json"]}}, root=Path("p")).labels.seasons == ("S01.json",)
    for wrong in ("S01.json", [1], ["a", "A"], [" "]):
        with pytest.raises(ProjectError, match="seasons"):
            parse_project({"labels": {"seasons": wrong}}, root=Path("p"))


def test_what_is_looked_for_in_films_is_off_where_nothing_is_said() -> None:
    plain = parse_project({}, root=Path("p")).film
    assert (plain.faces, plain.detector, plain.looks, plain.closeness) == (False, "", "scan", "")
    said = {"faces": True, "face_detector": "weights/yunet.onnx", "detector": "yolox-s", "closeness": "mcu"}
    told = parse_project({"film": said}, root=Path("p")).film
    assert {key: getattr(told, key) for key in said} == said
    assert parse_project({"film": {"words": ["cup", "red hat"]}}, root=Path("p")).film.words == ("cup", "red hat")
    for wrong, words in (
        ({"face": True}, "Did you mean 'faces'"),
        ({"faces": "yes"}, "faces"),
        ({"looks": 3}, "looks"),
        ({"words": "cup"}, "must be a list"),
        ({"words": [1]}, "a list of words"),
    ):
        with pytest.raises(ProjectError, match=words):
            parse_project({"film": wrong}, root=Path("p"))


def test_where_runs_are_sent_is_checked() -> None:
    assert parse_project({}, root=Path("p")).runs.mlflow == ""
    for right in ("sqlite:///mlflow.db", "sqlite:////srv/mlflow.db", "https://experiments.example.org/a"):
        assert parse_project({"runs": {"mlflow": right}}, root=Path("p")).runs.mlflow == right
    for wrong, words in {
        "mlruns": "Allowed: sqlite:///mlflow.db",
        "file:///srv/mlruns": "given up keeping runs in plain folders",
        "sqlite://mlflow.db": "Write it as sqlite:///mlflow.db",
        "sqlite:///": "Write it as",
        "https://me:secret@example.org": "MLFLOW_TRACKING_USERNAME",
    }.items():
        with pytest.raises(ProjectError, match=re.escape(words)) as told:
            parse_project({"runs": {"mlflow": wrong}}, root=Path("p"))
        assert "secret" not in str(told.value)
    with pytest.raises(ProjectError, match="Did you mean 'mlflow'"):
        parse_project({"runs": {"mlfow": "https://example.org"}}, root=Path("p"))


def test_wishes_for_thresholds_are_read_by_alias_and_kept_in_the_order_of_the_classes() -> None:
    task = parse_project(thresholds(rare="recall ≥ 95%", trash="fpr <= 0.02"), root=Path("/p")).task("rarity")
    assert {name: str(wish) for name, wish in task.thresholds.items()} == {
        "Junk": "fpr <= 0.02",
        "Rare": "recall >= 0.95",
    }
    assert list(task.thresholds) == ["Junk", "Rare"]


@pytest.mark.parametrize(
    "address",
    ["postgresql+psycopg://ann@db.example/rushes", "postgresql:///rushes?service=team", "sqlite:////data/catalog.db"],
)
def test_a_catalog_may_be_in_postgresql_or_in_a_file(tmp_path: Path, address: str) -> None:
    assert parse_project({"catalog": address}, root=tmp_path).catalog_place == address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ann:geheim@db.example/rushes", "catalog holds a password"),
        ("postgresql://db.example/rushes?user=ann&password=geheim", "catalog holds a password"),
        ("postgresql://db.example/rushes?%70assword=geheim", "catalog holds a password"),
        ("mysql://db.example/rushes", r"catalog is 'mysql://db\.example/rushes'\. Allowed"),
        ("db.example/rushes", "Allowed"),
    ],
)
def test_a_catalog_with_a_password_or_of_another_kind_is_refused(tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(ProjectError, match=said) as refused:
        parse_project({"catalog": address}, root=tmp_path)
    assert "geheim" not in str(refused.value)
