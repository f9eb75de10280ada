"""The verb `recipes`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rushes.cli.main import main
from rushes.learning.recipe_files import SHIPPED


@dataclass(frozen=True)
class Said:
    """What a command line printed."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Rushes = Callable[..., Said]


@pytest.fixture
def rushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rushes:
    """Run a verb in a folder that is no project yet."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, status: int = 0) -> Said:
        with pytest.raises(SystemExit) as end:
            main(words)
        said = Said(*capsys.readouterr())
        assert end.value.code == status, said
        return said

    return run


def test_what_comes_with_rushes_is_listed_without_a_project(rushes: Rushes) -> None:
    said = rushes("recipes", "--json").json["recipes"]
    assert {"features", "cull", "baselines"} <= {one["name"] for one in said}
    assert all(one["shipped"] and not one["fault"] for one in said)
    assert "Frozen features of DINOv2" in rushes("recipes").out


def test_a_project_lists_its_own_first_and_a_faulty_one_with_the_reason(rushes: Rushes, tmp_path: Path) -> None:
    rushes("init", ".")
    (tmp_path / "recipes" / "broken.toml").write_text("# Broken.\n[modle]\n")
    said = rushes("recipes")
    assert "broken cannot be followed" in said.err
    assert "Did you mean 'model'" in said.err
    listed = rushes("recipes", "--json").json["recipes"]
    own = ["broken", "cnn", "features", "finetune", "mcu"]
    assert [(one["name"], one["shipped"]) for one in listed[:5]] == [(name, False) for name in own]


def test_a_recipe_is_shown_as_it_is_written(rushes: Rushes) -> None:
    text = (SHIPPED / "users" / "cull.toml").read_text(encoding="utf-8")
    assert rushes("recipes", "show", "cull").out == text
    assert rushes("recipes", "show", "cull", "--json").json["text"] == text


def test_a_copy_goes_into_the_project_and_writes_over_nothing(rushes: Rushes, tmp_path: Path) -> None:
    rushes("init", ".", "--task", "side=left,right")
    would = rushes("recipes", "copy", "cnn-mcu", "--dry-run", "--json").json
    assert would["dry_run"]
    assert not Path(would["path"]).exists()
    rushes("recipes", "copy", "cnn-mcu")
    copied = tmp_path / "recipes" / "cnn-mcu.toml"
    assert copied.read_bytes() == (SHIPPED / "designs" / "cnn-mcu.toml").read_bytes()
    copied.write_text("# Mine.\n")
    assert "is there already" in rushes("recipes", "copy", "cnn-mcu", status=2).err
    rushes("recipes", "copy", "cnn-mcu", "--as", "tries/second")
    assert (tmp_path / "recipes" / "tries" / "second.toml").read_text() == "# Mine.\n"
    assert "is there already" in rushes("recipes", "copy", "features", "--as", "second.toml", status=2).err


@pytest.mark.parametrize("name", ["../out", "/out", "", ".toml"])
def test_a_copy_stays_in_the_project_s_recipes(rushes: Rushes, name: str) -> None:
    rushes("init", ".")
    assert "give a name" in rushes("recipes", "copy", "sepconv", "--as", name, status=2).err


def test_a_copy_needs_a_project(rushes: Rushes) -> None:
    assert "rushes init" in rushes("recipes", "copy", "cull", status=2).err


def test_options_before_the_verb_below_are_not_lost(rushes: Rushes) -> None:
    assert "stand before 'show'" in rushes("recipes", "--json", "show", "cull", status=2).err


def test_a_name_that_no_recipe_bears_is_refused_with_the_nearest(rushes: Rushes) -> None:
    assert "Did you mean 'sepconv'" in rushes("recipes", "show", "sepcnv", status=2).err
