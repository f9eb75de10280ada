"""Manifest rows as labelled pictures, part by part; what cannot be read is a value, not the end."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.datasets.content import content_of
from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import PARTS, Split, count_classes
from rushes.errors import MediaError, RunError, SplitError, UnreachableError, did_you_mean
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.decoders import Decoders, decoders_for, prepare_file
from rushes.project import Task
from rushes.storage.kept_pixels import KeptPixels
from rushes.storage.pictures import Pictures, is_remote, without_query

_READ_AHEAD = 16
_SHOWN = 5


class StoredSamples:
    """Labelled pictures of one part, read and prepared when they are asked for, and kept prepared; safe for threads.

    Attributes:
        rows: (samples,) of the manifest.
        truth: (samples,) int64, index of the labelled class.
        shape: (height, width, channels) of each picture.
        lost: those that were asked for and cannot be used, by place.
    """

    def __init__(
        self,
        rows: Sequence[ManifestRow],
        *,
        classes: Sequence[str],
        pictures: Pictures,
        project_root: Path,
        preprocessing: Preprocessing,
        kept: KeptPixels,
        decoders: Decoders | None = None,
    ) -> None:
        """Begin; nothing is read yet.

        Args:
            pictures: of the project, open for as long as the samples are used.
            kept: of the same preprocessing.
            decoders: processes of the same preprocessing; None prepares pictures in the thread that asks.
        """
        self.rows = tuple(rows)
        self.truth = truth_of(rows, classes)
        self.shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
        self.lost: dict[int, UnusableSample] = {}
        self._pictures = pictures
        self._project_root = project_root
        self._prepare = decoders.prepare if decoders is not None else partial(prepare_file, preprocessing=preprocessing)
        self._kept = kept
        self._digests: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def announce(self, place: int) -> None:
        """Begin to fetch a picture that is not on this machine."""
        row = self.rows[place]
        if is_remote(row.img_ref) and self._kept.get(self._digest(place)) is None:
            self._pictures.fetch_ahead(row.img_ref, sha256=row.sha256)

    def read(self, place: int) -> npt.NDArray[np.uint8] | UnusableSample:
        """Return a picture, (height, width, channels), to be read only, or why it cannot be used.

        Raises:
            UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        """
        if place in self.lost:
            return self.lost[place]
        digest = self._digest(place)
        kept = self._kept.get(digest)
        if kept is not None:
            return kept
        picture = _read_picture(self.rows[place], self._pictures, self._prepare)
        if isinstance(picture, UnusableSample):
            self.lost[place] = picture
        else:
            self._kept.put(digest, picture)
        return picture

    def _digest(self, place: int) -> str:
        if place not in self._digests:
            self._digests[place] = content_of(self.rows[place], self._project_root)
        return self._digests[place]


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


def read_pictures(
    rows: Sequence[ManifestRow], *, project_root: Path, preprocessing: Preprocessing, threads: int, machine: str = ""
) -> Iterator[tuple[ManifestRow, npt.NDArray[np.uint8] | UnusableSample]]:
    """Yield each row with its prepared picture, in order; a few pictures are fetched and read ahead in threads.

    A picture whose bytes are not those that the manifest states is unreadable: the label may not be its own.

    Args:
        machine: that the project is on, as `Pictures` takes it.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    waiting = iter(rows)
    reading: deque[tuple[ManifestRow, Future[npt.NDArray[np.uint8] | UnusableSample]]] = deque()
    with (
        Pictures(project_root, machine=machine) as pictures,
        decoders_for(preprocessing, threads=threads, picture_count=len(rows)) as decoders,
        ThreadPoolExecutor(threads, thread_name_prefix="pictures") as pool,
    ):
        prepare = decoders.prepare if decoders is not None else partial(prepare_file, preprocessing=preprocessing)

        def begin(row: ManifestRow) -> None:
            pictures.fetch_ahead(row.img_ref, sha256=row.sha256)
            reading.append((row, pool.submit(_read_picture, row, pictures, prepare)))

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
    row: ManifestRow, pictures: Pictures, prepare: Callable[[Path], npt.NDArray[np.uint8]]
) -> npt.NDArray[np.uint8] | UnusableSample:
    try:
        with pictures.held(row.img_ref, sha256=row.sha256) as path:
            return prepare(path)
    except UnreachableError:
        raise
    except MediaError as error:
        return UnusableSample(row, error.reason)
    except OSError as error:
        return UnusableSample(row, error.strerror or str(error))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
