"""Manifest rows as labelled pictures, part by part; what cannot be read is a value, not the end."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.datasets.split import PARTS, Split, count_classes
from rushes.errors import MediaError, RunError, SplitError, UnreachableError, did_you_mean
from rushes.labels.manifest import ManifestRow, Part
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.storage.pictures import Pictures, without_query

_READ_AHEAD = 16
_SHARE_OF_MEMORY = 0.7
_SHOWN = 5


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


@dataclass(frozen=True, slots=True)
class UnusableSample:
    """A sample whose picture cannot be used."""

    row: ManifestRow
    reason: str

    def __str__(self) -> str:
        return f"{without_query(self.row.img_ref)}: {self.reason}"


def check_apart(parts: Mapping[Part, Sequence[ManifestRow]], split: Split) -> None:
    """Raise SplitError where a group, or the same picture, stands in several parts of a grouped split.

    A split is made once; groups and labels may change after it.
    """
    if split.kind != "grouped":
        return
    first: dict[str, Part] = {}
    for part, members in parts.items():
        for row in members:
            places = {f"group '{row.group}'": first.setdefault(f"group {row.group}", part)}
            if row.sha256:
                places[f"picture {row.img_ref}"] = first.setdefault(f"picture {row.sha256}", part)
            for what, before in places.items():
                if before != part:
                    raise SplitError(
                        f"the {what} stands in {before} and in {part}: groups or labels have changed since the split "
                        "was made, and a score on it would flatter. Make it anew: rushes split make"
                    )


def check_memory(count: int, preprocessing: Preprocessing) -> None:
    """Raise RunError where the pictures of a training would not fit in memory."""
    wanted = count * preprocessing.height * preprocessing.width * preprocessing.channels
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return
    if wanted > _SHARE_OF_MEMORY * there:
        raise RunError(
            f"{count} pictures of {preprocessing.width}x{preprocessing.height} take {wanted / 2**30:.0f} GiB, and this "
            f"machine has {there / 2**30:.0f}. Set a smaller input.size, label fewer frames, or use "
            'model.kind = "features", which keeps features instead of pictures'
        )


def check_parts(parts: Mapping[Part, Sequence[ManifestRow]], task: Task) -> None:
    """Raise RunError unless every class can be learnt and the learning can be watched.

    Raises:
        RunError: a label is no class of the task, train has no sample of a class, or validation is empty.
    """
    strangers = Counter(row.class_name for rows in parts.values() for row in rows if row.class_name not in task.classes)
    if strangers:
        name, count = strangers.most_common(1)[0]
        raise RunError(
            f"{count} samples are labelled '{name}', which is not a class of {task.name}. "
            f"{did_you_mean(name, task.classes)} Build the manifest again with 'rushes manifest build'"
        )
    counts = count_classes(parts, task.classes)
    missing = [name for name in task.classes if not counts["train"][name]]
    present = [name for name in task.classes if counts["train"][name]]
    if not present:
        raise RunError(
            f"train has no labelled sample of {task.name}. Label some frames, or make another split with "
            "'rushes split make'"
        )
    if len(present) == 1:
        raise RunError(
            f"all {counts['train'][present[0]]} training samples of {task.name} are '{present[0]}': with one class "
            f"there is nothing to tell apart. Label frames of {_quoted(missing)} too"
        )
    if missing:
        held = "; ".join(
            f"'{name}': {counts['validation'][name]} in validation, {counts['test'][name]} in test" for name in missing
        )
        advice = (
            "make another split with 'rushes split make', or label more groups"
            if any(counts[part][name] for part in PARTS for name in missing)
            else "label frames of it, or take it out of the task's classes in rushes.toml"
        )
        raise RunError(
            f"class {_quoted(missing)} of {task.name} has no training sample ({held}), so that it can never be "
            f"learnt: {advice}"
        )
    if not parts["validation"]:
        raise RunError(
            "validation is empty, and without it nobody knows when to stop. Label more groups, or raise the share of "
            "validation in rushes.toml, then make another split with 'rushes split make'"
        )


def truth_of(rows: Sequence[ManifestRow], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return (samples,) the index of each row's class."""
    position = {name: index for index, name in enumerate(classes)}
    return np.array([position[row.class_name] for row in rows], np.int64)


def read_samples(
    rows: Sequence[ManifestRow],
    *,
    classes: Sequence[str],
    project_root: Path,
    preprocessing: Preprocessing,
    threads: int,
    progress: Progress = silent,
) -> tuple[Samples, list[UnusableSample]]:
    """Return the samples of rows whose pictures can be read, and those that cannot, both in order."""
    shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
    check_memory(len(rows), preprocessing)
    pixels = np.empty((len(rows), *shape), np.uint8)
    kept: list[ManifestRow] = []
    lost: list[UnusableSample] = []
    read = read_pictures(rows, project_root=project_root, preprocessing=preprocessing, threads=threads)
    for done, (row, picture) in enumerate(read, start=1):
        if isinstance(picture, UnusableSample):
            lost.append(picture)
        else:
            pixels[len(kept)] = picture
            kept.append(row)
        progress(done, len(rows), "reading pictures")
    return Samples(tuple(kept), truth_of(kept, classes), pixels[: len(kept)]), lost


def read_pictures(
    rows: Sequence[ManifestRow], *, project_root: Path, preprocessing: Preprocessing, threads: int
) -> Iterator[tuple[ManifestRow, npt.NDArray[np.uint8] | UnusableSample]]:
    """Yield each row with its prepared picture, in order; a few pictures are fetched and read ahead in threads.

    A picture whose bytes are not those that the manifest states is unreadable: the label may not be its own.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    waiting = iter(rows)
    reading: deque[tuple[ManifestRow, Future[npt.NDArray[np.uint8] | UnusableSample]]] = deque()
    with Pictures(project_root) as pictures, ThreadPoolExecutor(threads, thread_name_prefix="pictures") as pool:

        def begin(row: ManifestRow) -> None:
            pictures.fetch_ahead(row.img_ref, sha256=row.sha256)
            reading.append((row, pool.submit(_read_picture, row, pictures, preprocessing)))

        try:
            for row in islice(waiting, _READ_AHEAD * threads):
                begin(row)
            while reading:
                row, picture = reading.popleft()
                yield row, picture.result()
                for following in islice(waiting, 1):
                    begin(following)
        finally:
            for _, picture in reading:
                picture.cancel()


def describe_lost(lost: Sequence[UnusableSample], *, total: int) -> str:
    """Return one warning for all pictures that could not be used."""
    shown = "; ".join(str(one) for one in lost[:_SHOWN])
    more = f"; and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return f"{len(lost)} of {total} pictures could not be used and were left out: {shown}{more}"


def _read_picture(
    row: ManifestRow, pictures: Pictures, preprocessing: Preprocessing
) -> npt.NDArray[np.uint8] | UnusableSample:
    from rushes.footage.pictures import read_picture

    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            return prepare(read_picture(path), preprocessing)
    except UnreachableError:
        raise
    except MediaError as error:
        return UnusableSample(row, error.reason)
    except OSError as error:
        return UnusableSample(row, error.strerror or str(error))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
