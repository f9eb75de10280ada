"""The manifest: the immutable, versioned list of samples with their resolved labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar, get_args

from rushes.bulk import made_of_columns
from rushes.errors import ManifestError
from rushes.labels.subjects import Subjects

R = TypeVar("R")
Part = Literal["train", "validation", "test"]

IMAGE_KEYS = ("img-ref", "src-ref", "src_url", "file_name")
CLASS_KEYS = ("class", "label")
_STAMP = "%Y-%m-%dT%H%M%SZ"
_FAULTS_SHOWN = 20
_LARGEST = 2**63 - 1  # what a column of whole numbers holds
PARQUET_ABOVE = 100_000  # rows; longer manifests get Parquet beside them


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One sample: a frame, where its picture is, and its resolved label.

    The fields after `class_name` have defaults because manifests made elsewhere may state two keys only.

    Attributes:
        img_ref: path of the picture relative to the project, or a URI; `img-ref` in JSON.
        class_name: the resolved answer; `class` in JSON.
        group: what must never stand on both sides of a split.
        source: SHA-256 of the source, in hex.
        pts: presentation time in units of `time_base`.
        timecode: `HH:MM:SS:FF`.
        origin: who made the label that won.
        sha256: digest of the picture's bytes, in hex; "" where nobody has read it yet.
        split: the part it is in, where one has been decided.
        name: the frame's name.
        ordinal: position in the source in presentation order, from 0.
        subjects: what is in the picture, in words; in JSON only where something is known.
        stop: of a shot, the ordinal after its last frame; 0 for a frame. In JSON only where it is above 0.
    """

    img_ref: str
    class_name: str
    group: str = ""
    source: str = ""
    pts: int = 0
    time_base: Fraction = Fraction(1)
    timecode: str = ""
    origin: str = ""
    sha256: str = ""
    split: Part | None = None
    name: str = ""
    ordinal: int = 0
    subjects: Subjects = ()
    stop: int = 0

    def __post_init__(self) -> None:
        if not self.img_ref or not self.class_name:
            raise ValueError(f"a manifest's row needs a picture and a class, got {self!r}")
        if self.ordinal < 0 or self.time_base <= 0:
            raise ValueError(f"a manifest's row needs ordinal >= 0 and time_base > 0, got {self!r}")
        if self.stop and self.stop <= self.ordinal:
            raise ValueError(f"a shot needs ordinal < stop, got {self.ordinal=}, {self.stop=}")
        if self.split is not None and self.split not in get_args(Part):
            raise ValueError(f"split is '{self.split}'. Allowed: train, validation, test")

    @property
    def frame_id(self) -> str:
        """The key of the frame (`Frame.id`) or of the shot; the reference in a row that names no source."""
        if self.stop:
            return f"{self.source[:16] or self.img_ref}:{self.ordinal}-{self.stop}"
        return f"{self.source[:16]}:{self.pts}" if self.source else self.img_ref


def manifest_rows_of(columns: Mapping[str, Sequence[Any]]) -> list[ManifestRow]:
    """Return rows of columns, named as the fields, as many as they are long.

    Raises:
        ValueError: as `ManifestRow` does, at the first row that it refuses.
    """
    faulty = (
        not all(columns["img_ref"])
        or not all(columns["class_name"])
        or min(columns["ordinal"], default=0) < 0
        or any(unit.numerator <= 0 for unit in {id(unit): unit for unit in columns["time_base"]}.values())
        or any(columns["stop"])  # shots are few
        or not set(columns["split"]) <= {None, *get_args(Part)}
    )
    if faulty:
        return [ManifestRow(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    return made_of_columns(ManifestRow, len(columns["img_ref"]), columns)


def parse_manifest(text: str, *, where: str = "manifest") -> list[ManifestRow]:
    """Read JSON Lines; the picture may also be under `src-ref`, `src_url`, `file_name`, the class under `label`.

    Args:
        where: what errors call the text, usually its path.

    Raises:
        ManifestError: lines that are no row of a manifest (all are named), a frame twice, or no row at all.
    """
    return parse_rows(
        text,
        where=where,
        read=_row_from_json,
        key=lambda row: row.frame_id,
        name=lambda row: row.img_ref,
        empty="holds no sample. Import labels and build it: rushes manifest build",
    )


def parse_rows(
    text: str, *, where: str, read: Callable[[Any], R], key: Callable[[R], str], name: Callable[[R], str], empty: str
) -> list[R]:
    """Read JSON Lines that hold a sample each, whatever a sample is.

    Args:
        read: makes one of a line's JSON; what it raises (ValueError, TypeError, ZeroDivisionError) says what is wrong.
        key: of a sample, which no other may have; `name` is what people call it.
        empty: what to say of a text without any.

    Raises:
        ManifestError: lines that are no sample (all are named), one twice, or none at all.
    """
    rows: list[R] = []
    faults: list[str] = []
    line_of: dict[str, int] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = read(json.loads(line))
        except json.JSONDecodeError as error:
            faults.append(f"{where}, line {number}: not JSON ({error.msg} at column {error.colno})")
            continue
        except (ValueError, TypeError, ZeroDivisionError) as error:
            faults.append(f"{where}, line {number}: {error}")
            continue
        earlier = line_of.setdefault(key(row), number)
        if earlier != number:
            faults.append(f"{where}, line {number}: {name(row)} is already in line {earlier}; a sample has one row")
        rows.append(row)
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        raise ManifestError("\n".join(faults[:_FAULTS_SHOWN]) + (f"\n… and {more} more" if more > 0 else ""))
    if not rows:
        raise ManifestError(f"{where} {empty}")
    return rows


def read_manifest(path: Path) -> list[ManifestRow]:
    """Read a manifest file.

    Raises:
        ManifestError: the file is missing, cannot be read, or is not a manifest.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing. Check the name, or build a manifest: rushes manifest build") from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not a manifest: it is not UTF-8 text") from error
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    return parse_manifest(text, where=str(path))


def newest_manifest(folder: Path, task_name: str) -> Path | None:
    """Return the newest version of a task's manifest in a folder; None where there is none."""
    if not folder.is_dir():
        return None
    versions = [(version, path) for path in folder.iterdir() if (version := version_of(path.name, task_name))]
    return max(versions)[1] if versions else None


def name_of_picture(img_ref: str) -> str:
    """Return what a frame is called whose manifest names no more than its picture: the file's name without its end."""
    return PurePosixPath(img_ref.split("?")[0]).stem


def name_of_version(task_name: str, now: datetime, *, after: Path | None) -> str:
    """Return the file name of a task's next version: that of `now`, or the newest's with a count if it is not later."""
    stamp, count = now.astimezone(UTC).strftime(_STAMP), 1
    newest = version_of(after.name, task_name) if after is not None else None
    if newest is not None and newest[0] >= stamp:
        stamp, count = newest[0], newest[1] + 1
    return f"{task_name}-manifest-{stamp}{f'-{count}' if count > 1 else ''}.jl"


def version_of(name: str, task_name: str) -> tuple[str, int] | None:
    """Return (UTC time, count within that second) of a manifest's file name; None if it is not the task's."""
    match = re.fullmatch(re.escape(task_name) + r"-manifest-(\d{4}-\d{2}-\d{2}T\d{6}Z)(?:-(\d+))?\.jl", name)
    return (match[1], int(match[2] or 1)) if match else None


def parse_time_base(value: Any) -> Fraction:
    """Return the unit of presentation times that a record states, 1 where it states none.

    Raises:
        ValueError, ZeroDivisionError: it is not a fraction.
    """
    if value is None:
        return Fraction(1)
    if not isinstance(value, int | str) or not re.fullmatch(r"\d{1,18}(/\d{1,18})?", str(value)):
        raise ValueError(f"time_base is {value!r}; it must be a fraction such as '1/24000'")
    return Fraction(value)


def _row_from_json(record: Any) -> ManifestRow:
    """Raises ValueError or TypeError with a message that says what is wrong in the line."""
    if not isinstance(record, dict):
        raise ValueError('a line must be an object such as {"img-ref": "a.jpg", "class": "MS"}')
    img_ref = _first_text(record, IMAGE_KEYS)
    split = record.get("split") or None
    if split is not None and split not in get_args(Part):
        raise ValueError(f"split is {split!r}. Allowed: train, validation, test, null")
    return ManifestRow(
        img_ref=img_ref,
        class_name=_first_text(record, CLASS_KEYS),
        group=_text(record, "group"),
        source=_text(record, "source"),
        pts=_whole(record, "pts"),
        time_base=parse_time_base(record.get("time_base")),
        timecode=_text(record, "timecode"),
        origin=_text(record, "origin"),
        sha256=_text(record, "sha256"),
        split=split,
        name=_text(record, "name") or name_of_picture(img_ref),
        ordinal=_whole(record, "ordinal"),
        subjects=_words(record, "subjects"),
        stop=_whole(record, "stop"),
    )


def _first_text(record: Mapping[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value.strip():
            return _whole_text(value, key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    found = ", ".join(repr(key) for key in record) or "none"
    allowed = ", ".join(repr(key) for key in keys[1:])
    raise ValueError(f"the key '{keys[0]}' is missing or empty (also read: {allowed}). Found: {found}")


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is {value!r}; it must be text")
    return _whole_text(value, key)


def _words(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = record.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or any(not isinstance(word, str) or not word for word in value):
        raise ValueError(f"{key} is {value!r}; it must be a list of words")
    return tuple(_whole_text(word, key) for word in value)


def _whole_text(value: str, key: str) -> str:
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"{key} is {value!r}; it holds half of a character")
    return value


def _whole(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}; it must be a whole number")
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise ValueError(f"{key} is {value}; it must be a whole number of 64 bits")
    return value
