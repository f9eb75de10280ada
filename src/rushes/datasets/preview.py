"""A look at a manifest: some samples of each class, as frames, standardised, and as histograms."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.standardised import Distribution, as_gray, describe, standardise
from rushes.errors import MediaError, UsageError, did_you_mean
from rushes.footage.picture import PictureSize, resize
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import SUBJECTS, read_manifest_table
from rushes.progress import Progress, silent
from rushes.project import PROJECT_FILE, Project, Task, find_project
from rushes.storage.pictures import Pictures, without_query

PER_CLASS = 4
MOST_SAMPLES = 400  # in one preview, which is to be looked at
VIEW = PictureSize(long_side=400)
# What is read of a manifest: key -> field of a row.
_COLUMNS = {
    "img-ref": "img_ref", "class": "class_name", "group": "group", "timecode": "timecode", "origin": "origin",
    "sha256": "sha256", "name": "name", SUBJECTS: "subjects",
}  # fmt: skip
MEASURED = PictureSize(long_side=2048)  # larger pictures are shrunk to this before they are measured


@dataclass(frozen=True, slots=True, eq=False)
class SampleView:
    """A sample as it is shown.

    Attributes:
        row: of the manifest.
        frame: (height, width, 3) uint8, RGB, shrunk to VIEW.
        gray: (height, width) uint8, the standardised picture from its least to its greatest value, shrunk to VIEW.
        width_pixels, height_pixels: of the picture that was measured.
        gray_mean, gray_deviation: of the picture in gray, on the scale of 8 bits.
        distribution: of the standardised values; None where the picture is flat.
    """

    row: ManifestRow
    frame: npt.NDArray[np.uint8]
    gray: npt.NDArray[np.uint8]
    width_pixels: int
    height_pixels: int
    gray_mean: float
    gray_deviation: float
    distribution: Distribution | None


@dataclass(frozen=True, slots=True)
class LostSample:
    """A sample whose picture is missing or cannot be decoded."""

    row: ManifestRow
    reason: str

    def __str__(self) -> str:
        return f"{without_query(self.row.img_ref)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ClassView:
    """The samples of a class that are shown, in the order of the manifest; `count` is how many it has in all."""

    name: str
    count: int
    samples: tuple[SampleView | LostSample, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Samples of a manifest to be looked at; a notebook shows it as it is.

    Attributes:
        manifest: name of the file.
        task: "" where it is not known.
        sample_count: of the whole manifest.
        per_class: how many samples of a class are shown at most.
        seed: of the choice.
        classes: in the order of the task, those that it does not know last.
    """

    manifest: str
    task: str
    sample_count: int
    per_class: int
    seed: int
    classes: tuple[ClassView, ...]

    @property
    def samples(self) -> tuple[SampleView | LostSample, ...]:
        """What is shown of all classes, and what could not be."""
        return tuple(sample for view in self.classes for sample in view.samples)

    @property
    def lost(self) -> tuple[LostSample, ...]:
        return tuple(sample for sample in self.samples if isinstance(sample, LostSample))

    def to_table(self) -> dict[str, Any]:
        """Return all that is shown but the pictures, as plain values."""
        shown = [sample for sample in self.samples if isinstance(sample, SampleView)]
        return {
            "manifest": self.manifest,
            "task": self.task or None,
            "samples": self.sample_count,
            "per_class": self.per_class,
            "seed": self.seed,
            "classes": {view.name: view.count for view in self.classes},
            "shown": [_about(sample.row) | _measured(sample) for sample in shown],
            "lost": [_about(sample.row) | {"reason": sample.reason} for sample in self.lost],
        }

    def _repr_html_(self) -> str:
        """What a notebook shows for it."""
        from rushes.datasets.preview_page import format_preview_cell

        return format_preview_cell(self)


def preview(
    manifest: str | PathLike[str],
    *,
    per_class: int = PER_CLASS,
    classes: Sequence[str] = (),
    seed: int = 0,
    task: str | None = None,
) -> Preview:
    """Return a look at a manifest that a notebook shows as a cell.

        from rushes.datasets.preview import preview
        preview("manifests/scale-manifest-2026-11-21T004142Z.jl", per_class=4)

    Pictures are read from the project that the manifest lies in; without one, from the manifest's folder.

    Args:
        per_class: how many samples of each class are shown at most.
        classes: those to show; () shows all.
        seed: of the choice of samples; the same seed shows the same ones.
        task: whose order of classes is followed; None takes it from the name of the manifest.

    Raises:
        ManifestError: the file is missing, or is not a manifest.
        ProjectError: the project cannot be read, or has no such task.
        UsageError: a class is not in the manifest, or more than MOST_SAMPLES samples are wanted.
    """
    path = Path(manifest)
    folder = path.resolve().parent
    project = next((find_project(folder) for up in (folder, *folder.parents) if (up / PROJECT_FILE).is_file()), None)
    asked = None if project is None else task_of_manifest(project, path, task)
    root = folder if project is None else project.root
    return read_preview(path, root=root, task=asked, per_class=per_class, classes=classes, seed=seed)


def task_of_manifest(project: Project, manifest: Path, name: str | None) -> Task | None:
    """Return the task that is named, or the one that a manifest's file is named after, or the only one there is.

    Raises:
        ProjectError: there is no task of this name.
    """
    if name is not None:
        return project.task(name)
    found = re.match(r"(.+)-manifest-", manifest.name)
    if found and found[1] in project.tasks:
        return project.tasks[found[1]]
    return project.task(None) if len(project.tasks) == 1 else None


def read_preview(
    manifest: Path,
    *,
    root: Path,
    task: Task | None = None,
    per_class: int = PER_CLASS,
    classes: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = silent,
) -> Preview:
    """Read some samples of each class of a manifest; what cannot be read is a value among the others.

    Args:
        root: what the pictures' paths are relative to.
        task: whose order of classes is followed; None orders them by name.
        classes: those to show; () shows all.

    Raises:
        ManifestError: the file is missing, or is not a manifest.
        UsageError: a class is not in the manifest, or more than MOST_SAMPLES samples are wanted.
        ProjectError, MissingExtraError: as `Pictures.held`.
    """
    if per_class < 1:
        raise UsageError(f"{per_class} samples of each class are wanted; give 1 or more")
    chosen = _read_chosen(manifest, task=task, classes=classes, per_class=per_class, seed=seed)
    rows = [row for _, _, members in chosen.classes for row in members]
    if len(rows) > MOST_SAMPLES:
        raise UsageError(
            f"{len(rows):,} samples are wanted, and a preview shows {MOST_SAMPLES} at most. Show fewer of each class, "
            "or name the classes to show"
        )
    views = iter(_read_views(rows, root, progress))
    return Preview(
        manifest=manifest.name,
        task=task.name if task else "",
        sample_count=chosen.sample_count,
        per_class=per_class,
        seed=seed,
        classes=tuple(
            ClassView(name, count, tuple(next(views) for _ in members)) for name, count, members in chosen.classes
        ),
    )


def order_classes(present: Sequence[str], task: Task | None) -> list[str]:
    """Return the classes of a task in its order, then those that it does not know, by name."""
    known = list(task.classes) if task else []
    return known + sorted(set(present) - set(known))


def choose_rows(count: int, *, per_class: int, seed: int, class_name: str) -> list[int]:
    """Return which of the `count` samples of a class are shown, ascending.

    The choice depends on these values only: other classes do not change it, nor does the version of a library.
    """
    salt = int.from_bytes(hashlib.sha256(f"{seed}/{class_name}".encode()).digest()[:8])
    ranks = _mixed(np.arange(count, dtype=np.uint64) + np.uint64(salt))
    if count > per_class:
        return sorted(np.argpartition(ranks, per_class)[:per_class].tolist())
    return list(range(count))


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return numbers that look random, different ones for different numbers (SplitMix64: Steele, Lea, Flood 2014)."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which rows of a manifest are shown: (class, samples that it has, rows of those to show)."""

    sample_count: int
    classes: tuple[tuple[str, int, list[ManifestRow]], ...]


def _read_chosen(manifest: Path, *, task: Task | None, classes: Sequence[str], per_class: int, seed: int) -> _Chosen:
    table = read_manifest_table(manifest, columns=tuple(_COLUMNS))
    grouped = table.select("class").with_row_index("number").group_by("class").agg("number")
    numbers_of = {name: grouped["number"][place] for place, name in enumerate(grouped["class"])}
    ordered = order_classes(list(numbers_of), task)
    found = []
    for name in _wanted(classes, ordered, task) if classes else ordered:
        numbers = numbers_of.get(name, [])
        places = choose_rows(len(numbers), per_class=per_class, seed=seed, class_name=name)
        records = table[[numbers[place] for place in places]].rename(_COLUMNS).to_dicts()
        rows = [ManifestRow(**record | {"subjects": tuple(record["subjects"])}) for record in records]
        found.append((name, len(numbers), rows))
    return _Chosen(table.height, tuple(found))


def _wanted(classes: Sequence[str], ordered: Sequence[str], task: Task | None) -> list[str]:
    """Return the classes that are named, in their order.

    Raises:
        UsageError: one is neither in the task nor in the manifest.
    """
    named = {name if name in ordered else (task and task.class_of(name)) or name for name in classes}
    for name in classes:
        if name not in ordered and not (task and task.class_of(name)):
            raise UsageError(f"'{name}' is no class of this manifest. {did_you_mean(name, ordered)}")
    return [name for name in ordered if name in named]


def _read_views(rows: Sequence[ManifestRow], root: Path, progress: Progress) -> Iterator[SampleView | LostSample]:
    with Pictures(root) as pictures:
        read = pictures.read_each([row.img_ref for row in rows], _look, digests=[row.sha256 for row in rows])
        for done, (row, seen) in enumerate(zip(rows, read, strict=True), start=1):
            progress(done, len(rows), row.name)
            yield LostSample(row, seen.reason) if isinstance(seen, MediaError) else SampleView(row, **seen)


def _look(path: Path) -> Mapping[str, Any]:
    """Return what a `SampleView` holds beside its row."""
    from rushes.footage.pictures import read_picture

    pixels = read_picture(path, size=MEASURED)
    standardised = standardise(pixels)
    gray = np.repeat(as_gray(standardised)[:, :, None], 3, axis=2)
    return {
        "frame": resize(pixels, VIEW),
        "gray": resize(gray, VIEW)[:, :, 0],
        "width_pixels": pixels.shape[1],
        "height_pixels": pixels.shape[0],
        "gray_mean": standardised.gray_mean,
        "gray_deviation": standardised.gray_deviation,
        "distribution": describe(standardised),
    }


def _about(row: ManifestRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "img-ref": without_query(row.img_ref),
        "class": row.class_name,
        "group": row.group,
        "origin": row.origin,
        "subjects": list(row.subjects),
    }


def _measured(view: SampleView) -> dict[str, Any]:
    spread = view.distribution
    return {
        "width": view.width_pixels,
        "height": view.height_pixels,
        "gray_mean": view.gray_mean,
        "gray_deviation": view.gray_deviation,
        "flat": spread is None,
        "low": spread and spread.low,
        "high": spread and spread.high,
        "fit": spread and {"mean": spread.fit.mean, "deviation": spread.fit.deviation},
    }
