"""A tiny project of clips whose answers can be seen: how large a square is, and whether the picture grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from footage.spliced import write_frames
from learning.tiny import NOW
from rushes.datasets.split import Split
from rushes.labels.manifest import Part
from rushes.labels.shot_manifest import ShotRow, write_shots
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.shot_ground import ShotGround
from rushes.project import Task
from rushes.storage.files import digest_of_file

SCALE = Task("scale", ("close", "far"))
MOVEMENT = Task("movement", ("static", "motion", "push", "pull"))
RATE = 24
FRAMES = 24
PARTS: Mapping[str, Part] = {"one": "train", "two": "train", "three": "validation", "four": "test"}
_SIZE = (192, 108)


@cache
def _texture(seed: int) -> npt.NDArray[np.uint8]:
    dice = np.random.default_rng(seed)
    coarse = dice.integers(20, 200, (24, 40, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (400, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def clip_frames(movement: str, *, scale: str, seed: int) -> list[npt.NDArray[np.uint8]]:
    """Return the frames of a clip: a texture that is at rest, shifted, or grows or shrinks, with a square on it."""
    texture = _texture(seed).copy()
    half = 45 if scale == "close" else 6
    cv2.rectangle(texture, (200 - half, 120 - half), (200 + half, 120 + half), (250, 40, 40), -1)
    frames = []
    for number in range(FRAMES):
        way = number / (FRAMES - 1)
        zoom = {"push": np.exp(0.3 * way), "pull": np.exp(0.3 * (1 - way))}.get(movement, 1.15)
        shift = 30 * way if movement == "motion" else 0.0
        matrix = np.array([[zoom, 0, _SIZE[0] / 2 - zoom * (200 + shift)], [0, zoom, _SIZE[1] / 2 - zoom * 120]])
        frames.append(np.asarray(cv2.warpAffine(texture, matrix, _SIZE, borderMode=cv2.BORDER_REFLECT), np.uint8))
    return frames


@dataclass(frozen=True, slots=True)
class TinyShots:
    """A folder with clips, one a shot, and what a training on them starts from."""

    root: Path
    ground: ShotGround

    def with_rows(self, rows: tuple[ShotRow, ...]) -> ShotGround:
        return replace(self.ground, rows=rows)


def make_shots(root: Path, *, each: int = 1) -> TinyShots:
    """Make clips: in every group, of every movement and scale, so many each."""
    rows = []
    (root / "clips").mkdir(parents=True, exist_ok=True)
    for number, group in enumerate(PARTS):
        for movement in MOVEMENT.classes:
            for scale in SCALE.classes:
                for turn in range(each):
                    name = f"{group}-{movement}-{scale}-{turn}"
                    path = root / "clips" / f"{name}.mp4"
                    write_frames(path, clip_frames(movement, scale=scale, seed=100 * number + turn), rate=RATE)
                    rows.append(
                        ShotRow(
                            video=f"clips/{name}.mp4",
                            start=0,
                            stop=FRAMES,
                            classes={"scale": scale, "movement": movement},
                            group=group,
                            source=digest_of_file(path),
                            rate=Fraction(RATE),
                            origin="jonny",
                            name=name,
                        )
                    )
    manifest, _ = write_shots(rows, root / "manifests", NOW)
    split = Split(
        task="shots",
        kind="grouped",
        seed=0,
        parts={row.id: PARTS[row.group] for row in rows},
        groups=dict(PARTS),
    )
    ground = ShotGround(
        tasks=(SCALE, MOVEMENT),
        manifest=manifest,
        rows=tuple(rows),
        split=split,
        split_path=None,
        project_root=root,
        runs_folder=root / "runs",
        cache_folder=root / "cache",
        scans_folder=root / "scans",
        threads=1,
    )
    return TinyShots(root, ground)


def weights_of(root: Path, backbone: str = "test_resnet") -> str:
    """Return the path, from a project's folder, of a file of random weights of a tiny network."""
    import timm
    import torch

    path = root / "weights" / f"{backbone}.pth"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with torch.random.fork_rng():
            torch.manual_seed(5)
            torch.save(timm.create_model(backbone).state_dict(), path)
    return str(path.relative_to(root))


def shots_recipe(root: Path, **sections: Mapping[str, Any]) -> Recipe:
    """Return a recipe of shots that trains in a second; `sections` are laid over it key by key."""
    table: dict[str, Any] = {
        "name": "shots",
        "model": {"kind": "shots", "backbone": "test_resnet", "weights": weights_of(root), "trained": "head"},
        "input": {"size": [64, 64]},
        "shots": {"frames": 8},
        "training": {"epochs": 6, "batch_size": 8, "learning_rate": 1e-2, "precision": "fp32", "compile": "never"},
        "heads": {"scale": {"width": 16}, "movement": {"see": "motion", "motion": "linear"}},
    }
    for name, keys in sections.items():
        table[name] = {**table.get(name, {}), **keys}
    return parse_recipe(table, where="shots.toml")
