"""What `rushes train` says of classes of unequal numbers, before and after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.cli.main import main
from rushes.footage.picture import encode_picture

RECIPE = """schema = "recipe/2"
[model]
kind = "cnn"
units = [2, 2, 2, 2, 2]
dense = 4
[input]
size = [116, 116]
[training]
epochs = 1
[balance]
loss = "plain"
"""
ONE_SIDED = RECIPE + "[balance.class_weights]\nleft = 1000000\nright = 0.000001\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of shoots, in which there are four times as many pictures of `left` as of `right`."""
    root = tmp_path / "project"
    for shoot in range(6):
        for name, count in (("left", 8), ("right", 2)):
            for number in range(count):
                coarse = np.random.default_rng([shoot, number, count]).integers(0, 255, (12, 12, 3), np.uint8)
                folder = tmp_path / f"shoot{shoot}" / name
                folder.mkdir(parents=True, exist_ok=True)
                data = encode_picture(coarse.repeat(10, 0).repeat(10, 1), "png")
                (folder / f"s{shoot}_{name}{number}.png").write_bytes(data)
    run("init", str(root), "--task", "side=left,right")
    for shoot in range(6):
        run("ingest", str(tmp_path / f"shoot{shoot}"), "--class-folders", "--group", f"shoot{shoot}",
            "--project", str(root))  # fmt: skip
    run("manifest", "build", "--project", str(root))
    run("split", "make", "--project", str(root))
    (root / "recipes" / "plain.toml").write_text(RECIPE)
    (root / "recipes" / "one-sided.toml").write_text(ONE_SIDED)
    return root


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert end.value.code == 0


def test_a_dry_run_says_the_counts_and_what_they_suggest(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("train", "plain", "--dry-run", "--project", str(project))
    capsys.readouterr()
    run(*asked)
    said = capsys.readouterr().out
    assert "train samples: " in said
    assert "suggestion: " in said
    assert "--set balance.loss=weights" in said
    run(*asked, "--set", "balance.loss=weights")
    assert "suggestion: " not in capsys.readouterr().out
    run(*asked, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["suggestion"]["changes"] == ["balance.loss=weights"]
    assert told["counts"]["left"] == 4 * told["counts"]["right"] > 0


def test_what_removal_leaves_is_said_and_warned_of(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("train", "plain", "--dry-run", "--set", "balance.remove=0.9", "--project", str(project))
    capsys.readouterr()
    run(*asked)
    said = capsys.readouterr()
    assert " left (balance.remove)" in said.out
    assert "below 'right' with" in said.err
    run(*asked, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["kept"]["left"] < told["kept"]["right"] == told["counts"]["right"]


def test_a_weight_of_a_class_that_is_none_is_refused_before_anything_is_trained(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = "[balance.class_weights]\nlfet = 2\n[augment.classes.rihgt]\nflip = false\n"
    (project / "recipes" / "wrong.toml").write_text(RECIPE + named)
    with pytest.raises(SystemExit) as end:
        main(["train", "wrong", "--dry-run", "--project", str(project)])
    assert end.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    for word in (
        "wrong.toml: balance.class_weights names 'lfet'",
        "'left'",
        "augment.classes names 'rihgt'",
        "'right'",
    ):
        assert word in said
    assert "recipes copy" not in said


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert end.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_a_recipe_of_rushes_for_other_classes_says_to_copy_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "train", "cull", "--dry-run", "--project", str(project))
    assert "names 'select'" in said
    assert "rushes recipes copy cull" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plain", "--device", "cuda:9"), "no device 'cuda:9'"),
        (("plain", "--set", "input.size=[8, 8]"), "at least"),
        (("plain", "--set", "model.start=gone"), "model.start is 'gone'"),
        (("features", "--set", "balance.sampling=resample"), "balance.sampling is 'resample'"),
        (("features", "--set", "model.weights=gone.pth"), "there is no file"),
    ],
)
def test_a_dry_run_refuses_what_cannot_be_trained(
    project: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert message in refusal(capsys, "train", *words, "--dry-run", "--project", str(project))


def test_the_last_line_of_a_training_names_a_class_that_is_never_predicted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    changes = ("--set", "training.learning_rate=0.5", "--set", "training.epochs=4", "--set", "training.monitor=loss")
    run("train", "one-sided", *changes, "--project", str(project), "--threads", "1", "--json")
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["never_predicted"] == ["right"]
    assert said.err.strip().splitlines()[-1].startswith("class 'right' is never predicted: this run does not find it. ")
    assert "--set balance.sampling=oversample" in said.err
