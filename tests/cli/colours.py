"""A project of coloured pictures, of which some are labelled wrongly on purpose."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.cli.main import main
from rushes.datasets.split import newest_split, read_split
from rushes.footage.picture import encode_picture

CLASSES = ("red", "green", "blue")
GROUPS = tuple(f"shoot-{letter}" for letter in "abcdefgh")
RECIPE = """\
schema = "recipe/2"
[model]
kind = "features"
backbone = "test_efficientnet"
weights = "tiny.pth"
[input]
size = [64, 64]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[training]
regularisation = [0.01, 0.1]
"""


@dataclass(frozen=True)
class Colours:
    """A project of coloured pictures.

    Attributes:
        truth: name of a picture -> its class.
        planted: name of a picture -> the wrong class that its label states.
    """

    root: Path
    truth: Mapping[str, str]
    planted: Mapping[str, str]

    def said(self, *words: object, status: int = 0) -> Any:
        """Return what a verb answers in JSON, or what it says on stderr where it fails."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            main([*(str(word) for word in words), "--project", str(self.root), "--json"])
        assert end.value.code == status, f"{words}\n{out.getvalue()}\n{err.getvalue()}"
        return json.loads(out.getvalue())

    def iterate(self, *words: object, status: int = 0) -> Any:
        return self.said("iterate", "colours", *words, status=status)

    def queue(self, number: int, name: str = "queue") -> Path:
        return self.folder / f"round-{number:02d}" / f"{name}.csv"

    def part_of(self, name: str) -> str:
        path = newest_split(self.root / "splits", "hue", "grouped")
        assert path is not None
        return read_split(path).groups[name.partition("_")[0]]

    @property
    def folder(self) -> Path:
        return self.root / "iterations" / "colours-hue"

    @property
    def runs(self) -> list[str]:
        return sorted(path.parent.name for path in (self.root / "runs").glob("*/run.json"))

    def fill(self, queue: Path, answers: Mapping[str, str] | None = None) -> None:
        """Write what each picture truly is, or other answers, into the column `class` of a queue."""
        rows = read_queue(queue)
        for row in rows:
            row["class"] = (answers or self.truth).get(row["name"], "")
        with queue.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def read_queue(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def make_colours(root: Path, *, per_class: int = 6) -> Colours:
    """Make a project whose classes are tints over a pattern that is every picture's own."""
    import timm
    import torch

    dice = np.random.default_rng(3)
    truth: dict[str, str] = {}
    footage = root.parent / "footage"
    for group in GROUPS:
        (footage / group).mkdir(parents=True)
        for hue, class_name in enumerate(CLASSES):
            for number in range(per_class):
                name = f"{group}_{class_name}_{number}"
                pixels = np.kron(dice.integers(0, 150, (8, 8, 1)), np.ones((12, 12, 3))).astype(np.uint8)
                pixels[..., hue] += np.uint8(dice.integers(40, 90))
                (footage / group / f"{name}.png").write_bytes(encode_picture(pixels, "png"))
                truth[name] = class_name
    names = sorted(truth)
    planted = {
        name: CLASSES[(CLASSES.index(truth[name]) + 1) % 3]
        for name in dice.choice(names, len(names) // 8, replace=False)
    }
    made = Colours(root, truth, {str(name): wrong for name, wrong in planted.items()})
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit):
        main(["init", str(root), "--template", "shots", "--task", "hue=red,green,blue"])
    torch.manual_seed(5)
    torch.save(timm.create_model("test_efficientnet").state_dict(), root / "tiny.pth")
    (root / "recipes" / "colours.toml").write_text(RECIPE)
    (root / "labels.csv").write_text(
        "frame,class\n" + "".join(f"{name},{made.planted.get(name, truth[name])}\n" for name in names)
    )
    made.said("ingest", *sorted(footage.iterdir()))
    made.said("labels", "import", root / "labels.csv", "--task", "hue")
    return made
