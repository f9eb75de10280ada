"""The shot manifest: the versioned list of labelled shots, each a stretch of a film with its classes by task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from rushes.errors import ManifestError
from rushes.labels.manifest import ManifestRow, Part, name_of_version, newest_manifest, parse_rows
from rushes.storage.files import write_text

SHOTS = "shots"  # stands where a task's name does in the name of a manifest's file
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One sample: a shot, which is a stretch of a film, and what is known of it.

    Attributes:
        video: path relative to the project, an absolute path, or a URI.
        start, stop: ordinals, half-open.
        classes: task -> class; a task that nobody answered is not in it.
        group: what must never stand on both sides of a split: the film, the trailer, the series.
        source: SHA-256 of the video, in hex.
        rate: frames per second, on average.
        origin: who made the labels.
        split: the part that the data set itself puts it in, where it does.
        name: what people call it: `nosferatu shot 4`, `tt0444850/0014`.
    """

    video: str
    start: int
    stop: int
    classes: Mapping[str, str]
    group: str
    source: str
    rate: Fraction
    origin: str = ""
    split: Part | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not self.video or not self.group:
            raise ValueError(f"a shot needs a video and a group, got {self.video=}, {self.group=}")
        if not 0 <= self.start < self.stop:
            raise ValueError(f"a shot needs 0 <= start < stop, got {self.start=}, {self.stop=}")
        if len(self.source) < 16 or not _HEX.issuperset(self.source):
            raise ValueError(f"source is '{self.source}'; it must be the SHA-256 of the video, in hex")
        if self.rate <= 0:
            raise ValueError(f"rate is {self.rate}; it must be above 0 frames per second")
        if not all(self.classes.values()) or not all(self.classes):
            raise ValueError(f"classes is {dict(self.classes)!r}; a task without a class must not be in it")
        if self.split is not None and self.split not in get_args(Part):
            raise ValueError(f"split is '{self.split}'. Allowed: train, validation, test")

    @property
    def id(self) -> str:
        """The key of the shot, `<first 16 digits of the source>:<start>-<stop>`."""
        return f"{self.source[:16]}:{self.start}-{self.stop}"

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self.stop - self.start

    @property
    def seconds(self) -> float:
        """How long it lasts, by the average rate."""
        return float(self.frame_count / self.rate)


def row_of(shot: ShotRow, task: str) -> ManifestRow | None:
    """Return a shot as a sample of one task, whose `frame_id` is the shot's id; None where it lacks a class."""
    class_name = shot.classes.get(task)
    return None if class_name is None else _as_sample(shot, class_name)


def rows_of(shots: Iterable[ShotRow], task: str) -> list[ManifestRow]:
    """Return the shots that have a class of one task as samples of it, in their order."""
    return [row for shot in shots if (row := row_of(shot, task)) is not None]


def joint_rows(shots: Iterable[ShotRow], tasks: Sequence[str]) -> list[ManifestRow]:
    """Return shots as samples whose class joins those of several tasks: `MS push`; those without any are left out.

    A split that is even over these classes is even over each task.
    """
    joined = ((shot, " ".join(shot.classes[task] for task in tasks if task in shot.classes)) for shot in shots)
    return [_as_sample(shot, class_name) for shot, class_name in joined if class_name]


def format_shots(shots: Iterable[ShotRow]) -> str:
    """Return JSON Lines that are byte for byte the same for the same shots, whatever their order.

    Lines stand in order of group, source, start, then stop.

    Raises:
        ManifestError: two rows are of the same shot.
    """
    ordered = sorted(shots, key=lambda shot: (shot.group, shot.source, shot.start, shot.stop))
    seen: set[str] = set()
    for shot in ordered:
        if shot.id in seen:
            raise ManifestError(f"the shot {shot.id} ({shot.name or shot.video}) is in the manifest twice")
        seen.add(shot.id)
    return "".join(json.dumps(_record_of(shot), ensure_ascii=False) + "\n" for shot in ordered)


def parse_shots(text: str, *, where: str = "shot manifest") -> list[ShotRow]:
    """Read what `format_shots` wrote, in its order.

    Args:
        where: what errors call the text, usually its path.

    Raises:
        ManifestError: lines that are no shot (all are named), a shot twice, or no shot at all.
    """
    return parse_rows(
        text,
        where=where,
        read=_shot_from_json,
        key=lambda shot: shot.id,
        name=lambda shot: f"the shot {shot.id}",
        empty="holds no shot. Name a sheet of shots in the recipe, and train: rushes train",
    )


def read_shots(path: Path) -> list[ShotRow]:
    """Read a shot manifest.

    Raises:
        ManifestError: the file is missing, cannot be read, or is not a shot manifest.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing. It is written when shots are trained on: rushes train") from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not a shot manifest: it is not UTF-8 text") from error
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    return parse_shots(text, where=str(path))


def newest_shots(folder: Path) -> Path | None:
    """Return the newest shot manifest in a folder; None where there is none."""
    return newest_manifest(folder, SHOTS)


def write_shots(shots: Sequence[ShotRow], folder: Path, now: datetime) -> tuple[Path, bool]:
    """Write a new version of the shot manifest, `shots-manifest-<UTC time>.jl`, if it says something new.

    Args:
        now: an aware time; a version never sorts before the newest one, even if a clock was set back.

    Returns:
        the file that holds these shots, and whether it was written now.

    Raises:
        ManifestError: there are no shots, or one stands there twice.
    """
    if now.tzinfo is None:
        raise ValueError("a manifest is written at a time with its zone, got a naive one")
    if not shots:
        raise ManifestError("no labelled shot can be used. What is wrong with each of them is said above")
    text = format_shots(shots)
    newest = newest_shots(folder)
    if newest is not None and newest.read_bytes() == text.encode():
        return newest, False
    path = folder / name_of_version(SHOTS, now, after=newest)
    write_text(path, text)
    return path, True


def _as_sample(shot: ShotRow, class_name: str) -> ManifestRow:
    """Return a shot as a sample; it has no digest of a picture, for shots of one film would then be copies."""
    return ManifestRow(
        img_ref=shot.video,
        class_name=class_name,
        group=shot.group,
        source=shot.source,
        pts=shot.start,
        time_base=1 / shot.rate,
        origin=shot.origin,
        split=shot.split,
        name=shot.name or f"{PurePosixPath(shot.video).stem} {shot.start}-{shot.stop}",
        ordinal=shot.start,
        stop=shot.stop,
    )


def _record_of(shot: ShotRow) -> dict[str, Any]:
    return {
        "video": shot.video,
        "start": shot.start,
        "stop": shot.stop,
        "classes": dict(sorted(shot.classes.items())),
        "group": shot.group,
        "source": shot.source,
        "rate": str(shot.rate),
        "origin": shot.origin,
        "split": shot.split,
        "name": shot.name,
    }


def _shot_from_json(record: Any) -> ShotRow:
    """Raises ValueError or TypeError with a message that says what is wrong in the line."""
    if not isinstance(record, dict) or "video" not in record:
        found = ", ".join(repr(key) for key in record) if isinstance(record, dict) else type(record).__name__
        raise ValueError(f"a line must be an object with the key 'video'. Found: {found or 'none'}")
    classes = record.get("classes", {})
    if not isinstance(classes, dict) or not all(isinstance(name, str) for name in classes.values()):
        raise ValueError(f'classes is {classes!r}; it must be an object such as {{"scale": "MS"}}')
    rate = record.get("rate")
    if not isinstance(rate, int | str) or isinstance(rate, bool):
        raise ValueError(f"rate is {rate!r}; it must be a fraction such as '24000/1001'")
    return ShotRow(
        video=_text(record, "video"),
        start=_whole(record, "start"),
        stop=_whole(record, "stop"),
        classes=classes,
        group=_text(record, "group"),
        source=_text(record, "source"),
        rate=Fraction(rate),
        origin=_text(record, "origin"),
        split=record.get("split") or None,
        name=_text(record, "name"),
    )


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key) or ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is {value!r}; it must be text")
    return value


def _whole(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}; it must be a whole number")
    return value
