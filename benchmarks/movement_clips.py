"""Shots with a known movement: virtual-camera clips over two halves of the media, and real shots labelled by eye."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmarks.camera_material import find_material, source_of
from benchmarks.harness import CACHE, Say
from rushes.datasets.synthetic.camera_clips import make_clips
from rushes.footage.movement import MOVEMENTS, MotionSeries, motion_series
from rushes.footage.scan import scan_film
from rushes.footage.signals import Signals
from rushes.footage.video import index_video

_SEEDS = {"train": 1, "test": 2}


@dataclass(frozen=True, slots=True)
class KnownShot:
    """A shot and what its camera does; `source` is what must never stand on both sides."""

    path: Path
    start: int
    stop: int
    movement: str
    source: str
    kind: str = ""

    @property
    def truth(self) -> int:
        return MOVEMENTS.index(self.movement)


def virtual_shots(half: Literal["train", "test"], media: Path, *, count: int, say: Say) -> list[KnownShot]:
    """Return clips of a virtual camera over one half of the clear-rights media, made once and then kept."""
    halves = find_material(media)
    materials = halves.train if half == "train" else halves.test
    say(f"{count:,} virtual-camera clips of the {half} half, over {len({one.group for one in materials})} sources.")
    clips = make_clips(CACHE / "camera-clips" / half, materials, count=count, seed=_SEEDS[half])
    return [KnownShot(one.path, 0, one.frame_count, one.movement, one.group, one.kind) for one in clips]


def real_shots(media: Path) -> list[KnownShot]:
    """Return the real shots whose movement is labelled, without titles, in the order of their sheets."""
    return [*_by_eye(media), *_whole_files(media, "trailer_shots"), *_whole_files(media, "asl_clips")]


def series_of(shots: Sequence[KnownShot]) -> Iterator[MotionSeries]:
    """Yield the motion of each shot; a film is scanned once for all its shots in a row."""
    scanned: tuple[Path, Signals] | None = None
    for shot in shots:
        if scanned is None or scanned[0] != shot.path:
            scanned = shot.path, scan_film(shot.path, index_video(shot.path), source="").signals
        yield motion_series(scanned[1], shot.start, shot.stop)


def truths_of(shots: Sequence[KnownShot]) -> npt.NDArray[np.int64]:
    """Return the class of each shot, (shots,)."""
    return np.array([shot.truth for shot in shots], np.int64)


def sources_of(shots: Sequence[KnownShot]) -> npt.NDArray[np.int64]:
    """Return a number for each shot's source, (shots,)."""
    return np.unique([shot.source for shot in shots], return_inverse=True)[1]


def _by_eye(media: Path) -> Iterator[KnownShot]:
    for row in _rows(media / "labels" / "shots_by_eye.csv"):
        if row["scale"] in MOVIESHOTS_SCALES and row["movement"] in MOVEMENTS:
            path = f"videos/{row['video']}"
            start, stop = int(row["start_frame"]), int(row["end_frame"]) + 1
            yield KnownShot(media / path, start, stop, row["movement"], source_of(path))


def _whole_files(media: Path, name: str) -> Iterator[KnownShot]:
    for row in _rows(media / "labels" / f"{name}.csv"):
        path = f"videos/{row['video']}"
        source = row.get("person") or source_of(path)
        count = index_video(media / path).frame_count
        yield KnownShot(media / path, 0, count, row["movement"], source)


MOVIESHOTS_SCALES = ("ECS", "CS", "MCU", "MS", "FS", "LS")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
