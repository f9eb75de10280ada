"""Generated shoots of real pictures as labelled samples, and trainings on them that never see a test shoot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from rushes.datasets.split import Split
from rushes.datasets.synthetic.shoots import ShootSize, file_of, write_shoots
from rushes.labels.manifest import ManifestRow, Part
from rushes.labels.manifest_table import format_manifest
from rushes.learning.recipe_files import parse_recipe
from rushes.project import Task
from rushes.storage.files import digest_of_file, write_text

if TYPE_CHECKING:
    from rushes.learning.runs import Run

CLASSES = ("reject", "select")
GOOD = "select"
WEIGHTS = "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
_FOLDERS = ("fsac_spreadsheet", "archive3", "flowers")
_HALVES = [0.5, 0.5, 0.5]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Pictures whose good ones are known.

    Attributes:
        root: that the rows' pictures are relative to.
        long_side: pixels that they are kept at, at most.
        qualities: frame id -> by what the generated photographer picks; {} of pictures that were not generated.
        singles: frame ids of generated photographs that belong to no series.
    """

    root: Path
    rows: tuple[ManifestRow, ...]
    long_side: int
    qualities: Mapping[str, float]
    singles: frozenset[str] = frozenset()

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(sorted({row.group for row in self.rows}))


def find_pictures(media: Path, count: int) -> list[Path]:
    """Return so many photographs of shared media, drawn from all that are there; the same ones each time."""
    files = sorted(
        file for name in _FOLDERS for file in (media / "images" / name).rglob("*") if file.suffix.lower() == ".jpg"
    )
    Random(0).shuffle(files)
    return files[:count]


def write_labelled(
    folder: Path, pictures: Sequence[Path], *, shoots: int, scenes: int, seed: int, long_side: int
) -> Labelled:
    """Write generated shoots as JPEGs, and return them with what their photographer picked."""
    size = ShootSize(long_side=long_side)
    plans = write_shoots(folder, pictures, shoots=shoots, scenes=scenes, seed=seed, picks="names", size=size)
    rows, qualities, singles = [], {}, set[str]()
    for shoot in plans:
        for frame in shoot.frames:
            name = f"{shoot.name}/{file_of(frame, 'names', 'jpeg')}"
            row = _row(folder, name, GOOD if frame.picked else CLASSES[0], shoot.name)
            rows.append(row)
            qualities[row.frame_id] = frame.quality
            singles |= {row.frame_id} if frame.series is None else set()
    return Labelled(folder, tuple(rows), long_side, qualities, frozenset(singles))


def label_pictures(root: Path, labels: Sequence[tuple[str, bool, str]], *, long_side: int) -> Labelled:
    """Return pictures with labels: of each its name below the root, whether it is a good one, and its group."""
    rows = [_row(root, name, GOOD if good else CLASSES[0], group) for name, good, group in labels]
    return Labelled(root, tuple(rows), long_side, {})


def rotate(groups: Sequence[str], rotations: int) -> list[dict[str, Part]]:
    """Return group -> part so many times that each group is test once and validation once."""
    turns: list[dict[str, Part]] = []
    for turn in range(rotations):
        parts: dict[int, Part] = {turn: "test", (turn + 1) % rotations: "validation"}
        turns.append({group: parts.get(place % rotations, "train") for place, group in enumerate(groups)})
    return turns


def recipe_of_head(weights: Path, *, measures: bool, faces: Path | None = None) -> dict[str, Any]:
    """Return the recipe that rushes ships for a first cull, with local weights; with measures or without."""
    shown: dict[str, Any] = {"fit": "pad", "mean": _HALVES, "std": _HALVES}
    shown |= {"features": ["quality"]} if measures else {}
    shown |= {"faces": str(faces)} if faces is not None and measures else {}
    return {
        "schema": "recipe/2",
        "name": "measured" if measures else "pixels",
        "task": "select",
        "model": {
            "kind": "features",
            "backbone": "mobilenetv2_100",
            "weights": str(weights),
            "backbone_args": {"pad_type": "same"},
        },
        "input": shown,
        "balance": {"loss": "plain", "class_weights": {GOOD: 4.0}},
    }


def train_in(folder: Path, labelled: Labelled, parts: Mapping[str, Part], table: Mapping[str, Any]) -> Run:
    """Train a recipe on shoots, each in the part that is stated; features and measures are computed once a folder."""
    from rushes.learning.ground import Ground, train_on

    manifest = folder / "manifest.jl"
    write_text(manifest, format_manifest(labelled.rows))
    frames: dict[str, Part] = {row.frame_id: parts[row.group] for row in labelled.rows}
    ground = Ground(
        task=Task("select", CLASSES),
        manifest=manifest,
        rows=labelled.rows,
        split=Split(task="select", kind="stated", seed=0, parts=frames, groups=dict(parts)),
        split_path=None,
        project_root=labelled.root,
        runs_folder=folder / "runs",
        cache_folder=folder / "cache",
        working_size=str(labelled.long_side),
    )
    return train_on(ground, parse_recipe(dict(table), where=str(table["name"])), device="cpu")


def _row(root: Path, name: str, class_name: str, group: str) -> ManifestRow:
    digest = digest_of_file(root / name)
    return ManifestRow(
        img_ref=name, class_name=class_name, group=group, source=digest, origin="benchmark", sha256=digest, name=name
    )
