"""`rushes tune` as it is typed: a plan, a search, the best as a recipe, and the same again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("optuna")

from rushes.cli.main import main
from rushes.footage.picture import encode_picture
from rushes.learning.recipe_files import read_recipe

RECIPE = """\
task = "side"
split = "mixed"
# A person's own words.
[model]
kind = "cnn"
units = [4, 4, 4, 4, 8]
dense = 8
[input]
size = [116, 116]
[training]
epochs = 1
batch_size = 8
[augment]
preset = "none"
[search]
method = "one-at-a-time"
seeds = 1
[search.space]
"training.learning_rate" = [0.0001, 0.02]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tune")
    project, shoot = folder / "project", folder / "shoot"
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 90, (116, 116, 3), np.uint8)
        side = ("left", "right")[number % 2]
        pixels[30:80, slice(10, 50) if side == "left" else slice(60, 100)] = 220
        (shoot / side).mkdir(parents=True, exist_ok=True)
        (shoot / side / f"photo{number:02d}.png").write_bytes(encode_picture(pixels, "png"))
    inside = ("--project", str(project))
    for words in (
        ("init", str(project), "--task", "side=left,right"),
        ("ingest", str(shoot), "--class-folders", *inside),
        ("manifest", "build", *inside),
        ("split", "make", "--kind", "mixed", *inside),
    ):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0, words
    (project / "recipes" / "side.toml").write_text(RECIPE, encoding="utf-8")
    return project


def tune(project: Path, capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["tune", "side", *words, "--project", str(project), "--threads", "1", "--device", "cpu", "--json"])
    said = capsys.readouterr()
    assert end.value.code == status, said.err
    return json.loads(said.out)


def test_a_dry_run_lists_the_settings_and_trains_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = tune(project, capsys, "--seeds", "2", "--dry-run")
    assert said["trainings"] == 6
    assert said["settings"][0] == {}
    assert not (project / "searches").exists()


def test_a_search_ends_with_a_page_and_the_best_as_a_recipe(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = tune(project, capsys)
    assert said["trained"] == 3
    assert Path(said["page"]).is_file()
    if said["recipe"] is not None:
        best = next(one for one in said["settings"] if one["number"] == said["best"])
        recipe = read_recipe(Path(said["recipe"]))
        assert recipe.training.learning_rate == best["setting"]["training.learning_rate"]
        assert recipe.name == "side-best"
        assert "[search" not in Path(said["recipe"]).read_text(encoding="utf-8")
    once_more = tune(project, capsys)
    assert once_more["trained"] == 0
    assert once_more["recipe"] == said["recipe"]
    assert (project / "recipes" / "side.toml").read_text(encoding="utf-8") == RECIPE


def test_the_best_is_written_beside_what_a_person_wrote(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = project / "recipes" / "mine.toml"
    mine.write_text("# mine\n", encoding="utf-8")
    # Whatever one epoch learns: the rate of the recipe is too small to learn anything at all.
    said = tune(project, capsys, "--set", "training.learning_rate=1e-12", "--set", "training.monitor=loss",
                "--to", str(mine))  # fmt: skip
    assert mine.read_text(encoding="utf-8") == "# mine\n"
    assert said["recipe"] == str(mine.with_name("mine-2.toml"))


def test_a_failed_setting_ends_with_one_and_its_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = tune(project, capsys, "--set", 'search.space={"training.learning_rate" = [1e30]}', status=1)
    assert "no number" in said["settings"][1]["reason"]


def test_trials_are_no_option_of_a_method_that_tries_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["tune", "side", "--trials", "6", "--project", str(project)])
    assert end.value.code == 2
    assert "'one-at-a-time' tries every setting" in capsys.readouterr().err


def test_a_best_that_may_be_chance_is_written_as_such_and_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = project / "recipes" / "chance.toml"
    words = ("--set", "training.learning_rate=1e-12", "--set", "training.monitor=loss", "--to", str(to))
    said = tune(project, capsys, *words)
    assert not said["proven"]  # of one seed each
    first, *_ = to.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# Not shown to be better than chance")
    # Another search with the same outcome writes no second file, and keeps a person's remarks.
    again = tune(project, capsys, *words, "--seeds", "2")
    assert again["recipe"] == str(to)
    assert "2 seeds" in to.read_text(encoding="utf-8")
    to.write_text("# mine\n" + to.read_text(encoding="utf-8"), encoding="utf-8")
    before = to.read_text(encoding="utf-8")
    assert tune(project, capsys, *words, "--seeds", "2")["recipe"] == str(to)
    assert to.read_text(encoding="utf-8") == before
    assert again["validation_gain"]["samples"] > 0


def test_every_key_of_its_json_is_described(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.partition("## `rushes tune`")[2].partition("\n## ")[0]
    for key in {*tune(project, capsys), *tune(project, capsys, "--dry-run")}:
        assert f"`{key}`" in section, key


def test_a_recipe_without_a_search_says_how_to_write_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["tune", "cnn", "--project", str(project)])
    assert end.value.code == 2
    assert "[search.space]" in capsys.readouterr().err
