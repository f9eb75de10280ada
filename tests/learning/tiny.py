"""A tiny project whose classes can be seen: where in the picture a bright square stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.split import Split
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow, Part
from rushes.labels.manifest_table import format_manifest
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.storage.files import digest_of_bytes

NOW = datetime(2026, 11, 20, 14, 25, 1, tzinfo=UTC)
TASK = Task("place", ("left", "middle", "right"))
GROUPS: Mapping[str, Part] = {"film-a": "train", "film-b": "train", "film-c": "validation", "film-d": "test"}


@dataclass(frozen=True, slots=True)
class TinyProject:
    """A folder with pictures, their rows, a manifest and a grouped split."""

    root: Path
    rows: tuple[ManifestRow, ...]
    manifest: Path
    split: Split

    def places(self) -> dict[str, Any]:
        """Return what `train` wants to know of the project."""
        return {
            "task": TASK,
            "manifest": self.manifest,
            "rows": self.rows,
            "split": self.split,
            "project_root": self.root,
            "runs_folder": self.root / "runs",
            "cache_folder": self.root / "cache",
            "threads": 1,
            "now": NOW,
        }


def make_project(root: Path, *, per_class: int = 4, groups: Mapping[str, Part] = GROUPS) -> TinyProject:
    dice = np.random.default_rng(7)
    rows = []
    for group in groups:
        for index, class_name in enumerate(TASK.classes):
            for number in range(per_class):
                pixels = dice.integers(0, 60, (120, 120, 3)).astype(np.uint8)
                top = int(dice.integers(30, 60))
                pixels[top : top + 30, 40 * index + 5 : 40 * index + 35] = 220
                name = f"{group}_{class_name}_{number}"
                data = encode_picture(pixels, "png")
                (root / "frames" / group).mkdir(parents=True, exist_ok=True)
                (root / "frames" / group / f"{name}.png").write_bytes(data)
                rows.append(
                    ManifestRow(
                        img_ref=f"frames/{group}/{name}.png",
                        class_name=class_name,
                        group=group,
                        source=digest_of_bytes(group.encode()),
                        pts=100 * index + number,
                        timecode=f"00:00:{index:02d}:{number:02d}",
                        origin="jonny",
                        sha256=digest_of_bytes(data),
                        name=name,
                    )
                )
    return TinyProject(root, *as_manifest(root, rows, groups))


def as_manifest(
    root: Path, rows: Sequence[ManifestRow], groups: Mapping[str, Part] = GROUPS
) -> tuple[tuple[ManifestRow, ...], Path, Split]:
    manifest = root / "manifests" / "place-manifest.jl"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(format_manifest(rows), encoding="utf-8")
    split = Split("place", "grouped", 0, {row.frame_id: groups[row.group] for row in rows}, dict(groups))
    return tuple(rows), manifest, split


def cnn_recipe(**training: Any) -> Recipe:
    table = {
        "name": "tiny cnn",
        "model": {"kind": "cnn", "units": [4, 4, 4, 4, 8], "dense": 8},
        "input": {"size": [116, 116]},
        "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.005} | training,
        "augment": {"flip": False},
    }
    return parse_recipe(table, where="tiny.toml")


def backbone_recipe(kind: str, weights: Path, **training: Any) -> Recipe:
    table = {
        "name": f"tiny {kind}",
        "model": {"kind": kind, "backbone": "test_efficientnet", "weights": str(weights)},
        "input": {"size": [64, 64], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        "training": {"epochs": 2, "batch_size": 8} | training,
        "augment": {"flip": False},
    }
    return parse_recipe(table, where="tiny.toml")


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pictures of one part, row by row.

    Attributes:
        rows: (samples,) of the manifest.
        truth: (samples,) int64, index of the labelled class.
        pixels: (samples, height, width, channels) uint8, prepared.
    """

    rows: tuple[ManifestRow, ...]
    truth: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of each picture."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    def announce(self, place: int) -> None:
        """Nothing has to be fetched."""

    def read(self, place: int) -> npt.NDArray[np.uint8]:
        """Return a picture, (height, width, channels)."""
        picture: npt.NDArray[np.uint8] = self.pixels[place]
        return picture


class StopAt:
    """A Progress that is interrupted, as by Ctrl-C, when a note first holds a word."""

    def __init__(self, word: str, inner: Progress = silent) -> None:
        self.word = word
        self.inner = inner

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        self.inner(done, total, note)
        if self.word in note:
            raise KeyboardInterrupt
