"""A small project whose manifest has something to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import format_manifest
from rushes.project import Task
from rushes.storage.files import digest_of_bytes

TASK = Task("rarity", ("Junk", "Common", "Rare"))
NAME = "scale-manifest-2026-11-21T004142Z.jl"


@dataclass(frozen=True, slots=True)
class SmallProject:
    root: Path
    manifest: Path
    rows: tuple[ManifestRow, ...]


def noise(seed: int, width: int = 64, height: int = 36) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def write_row(root: Path, name: str, class_name: str, pixels: np.ndarray, **more: object) -> ManifestRow:
    """Write a picture and return its row."""
    data, path = encode_picture(pixels, "png"), root / "frames" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stated = {"group": "film", "origin": "jonny", "timecode": "00:00:08:12", "sha256": digest_of_bytes(data)}
    return ManifestRow(f"frames/{name}.png", class_name, name=name, **stated | more)  # type: ignore[arg-type]


def write_project(root: Path, rows: Sequence[ManifestRow]) -> SmallProject:
    (root / "manifests").mkdir(parents=True, exist_ok=True)
    (root / "rushes.toml").write_text(f'name = "season"\n[tasks.rarity]\nclasses = {list(TASK.classes)}\n')
    (root / "manifests" / NAME).write_text(format_manifest(rows), encoding="utf-8")
    return SmallProject(root, root / "manifests" / NAME, tuple(rows))


def small_project(root: Path) -> SmallProject:
    """Return six samples of Common, one flat one of Junk, one missing and one broken one of Rare, and a stranger."""
    rows = [write_row(root, f"TT_S01_E01_FRM-00-00-0{number}-00", "Common", noise(number)) for number in range(6)]
    rows.append(write_row(root, "flat", "Junk", np.full((36, 64, 3), 77, np.uint8), subjects=("sky", "fog & mist")))
    rows.append(write_row(root, "gone", "Rare", noise(7)))
    rows.append(write_row(root, "broken", "Rare", noise(8), sha256=""))
    rows.append(write_row(root, "there", "Rare", noise(9)))
    rows.append(write_row(root, "odd", "Weird", noise(10)))
    (root / "frames" / "gone.png").unlink()
    (root / "frames" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    return write_project(root, rows)
