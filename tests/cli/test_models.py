"""`rushes models`: what is listed, with and without the train extra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rushes.cli.main import main
from rushes.learning.recipe_files import parse_recipe
from rushes.models.designs import DESIGNS


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(["models", *words])
    spoken = capsys.readouterr()
    assert end.value.code == status, spoken.err
    return spoken.out if status == 0 else spoken.err


def table(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found = json.loads(said(capsys, *words, "--json"))
    assert isinstance(found, dict)
    return found


def test_designs_and_a_choice_of_backbones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys)
    assert all(name in shown for name in DESIGNS)
    for words in ("vgg16.tv_in1k", "138.4 M", "about 553 MB", "bsd-3-clause", "dinov3-license", "look it up"):
        assert words in shown


def test_every_line_of_a_recipe_that_is_given_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    import tomllib

    found = table(capsys)
    for item in (*found["designs"], *found["backbones"]):
        parse_recipe({"name": "r", "model": tomllib.loads(item["recipe"])}, where="r.toml")


def test_a_pattern_lists_what_matches_and_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    found = table(capsys, "resnet*")
    assert found["designs"] == []
    assert len(found["backbones"]) == 40 < found["matching"]
    assert "backbones match; the first 40 are listed" in said(capsys, "resnet*")
    assert [item["design"] for item in table(capsys, "cnn-*")["designs"]] == ["cnn-4x4", "cnn-5x5", "cnn-6x6"]


@pytest.mark.parametrize(("name", "near"), [("resnet5O", "resnet50"), ("rarety", "rarity")])
def test_a_name_that_nothing_has_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], name: str, near: str
) -> None:
    assert f"is called '{name}'. Did you mean '{near}'?" in said(capsys, name, status=2)


def test_a_file_of_weights_in_the_project_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["init", str(tmp_path / "p"), "--task", "side=left,right"])
    (tmp_path / "p" / "weights").mkdir()
    (tmp_path / "p" / "weights" / "mobilenetv2_100_tf.pth").write_bytes(b"0" * 2_000_000)
    capsys.readouterr()
    (backbone,) = table(capsys, "mobilenetv2_100.ra_in1k", "--project", str(tmp_path / "p"))["backbones"]
    assert backbone["bytes"] == 2_000_000
    assert backbone["recipe"].endswith('weights = "weights/mobilenetv2_100_tf.pth"')
    shown = said(capsys, "mobilenetv2_100.ra_in1k", "--project", str(tmp_path / "p"))
    assert "weights/mobilenetv2_100_tf.pth" in shown
    assert " 2 MB" in shown


def test_without_the_train_extra_the_designs_are_listed_and_the_rest_is_said_kindly() -> None:
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'timm'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from rushes.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)

    done = run("models")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in DESIGNS)
    assert "listing pretrained backbones needs the extra 'train'" in done.stderr
    done = run("models", "resnet50")
    assert done.returncode == 2
    assert "pip install 'rushes[train]'" in done.stderr
