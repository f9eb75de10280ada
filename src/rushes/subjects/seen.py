"""What a detector sees in the frames of a catalog: each picture looked at once, kept under its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rushes.catalog.catalog import StoredFrame
from rushes.errors import MediaError
from rushes.footage.picture import decode_picture
from rushes.labels.subjects import Subjects, parse_subjects, plan_subjects
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_pixels import make_room
from rushes.storage.kept_records import KeptRecords
from rushes.storage.pictures import FETCHES, Pictures, is_remote, without_query
from rushes.subjects.detection import Detection, Detector

FOLDER = "detections"  # in the cache; below it one folder of each detector
SHEET = "detector:"  # what the key of a detector's statements begins with
LOWEST_SCORE = 0.1  # what is seen is kept from here on, so that another --min-score looks at nothing again
_PART_SIZE = 256  # pictures looked at between two writes: what a kill can cost

Detections = tuple[Detection, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a detector sees in frames.

    Attributes:
        detections: frame id -> what is in its picture, of those that could be read.
        unread: (frame, reason) of the others, in the order given.
        looked_at: how many pictures were not known from before.
    """

    detections: Mapping[str, Detections]
    unread: tuple[tuple[StoredFrame, str], ...]
    looked_at: int


@dataclass(frozen=True, slots=True)
class LookPlan:
    """What would be looked at.

    Attributes:
        pictures: how many pictures the detector has not seen; frames with the same picture share it.
        kept: of how many frames it is known what the detector sees.
    """

    pictures: int
    kept: int


def plan_look(frames: Sequence[StoredFrame], detector: Detector, *, cache_folder: Path) -> LookPlan:
    """Return what `look_at_frames` would look at; no picture is read, and nothing is written.

    Args:
        cache_folder: of the project.
    """
    folder = cache_folder / FOLDER / detector.id[:24]
    kept = KeptRecords(folder) if folder.is_dir() else None
    pictures = {_key_of(item) for item in frames}
    known = {key for key in pictures if kept is not None and _parsed(kept.get(key)) is not None}
    return LookPlan(len(pictures - known), sum(_key_of(item) in known for item in frames))


def look_at_frames(
    frames: Sequence[StoredFrame],
    detector: Detector,
    *,
    root: Path,
    cache_folder: Path,
    threads: int,
    progress: Progress = silent,
) -> Seen:
    """Return what a detector sees in frames; only pictures that it has not seen before are read.

    Args:
        detector: one that computes with one thread is called by `threads` at once.
        root: folder of the project.
        cache_folder: of the project; it may be emptied at any time.

    Raises:
        WeightsError: the detector does not compute.
    """
    name = detector.id[:24]
    make_room(cache_folder / FOLDER, keep=name)
    kept = KeptRecords(cache_folder / FOLDER / name)
    keys = {item.frame.id: _key_of(item) for item in frames}
    known = {key: there for key in set(keys.values()) if (there := _parsed(kept.get(key))) is not None}
    missing = list({keys[item.frame.id]: item for item in frames if keys[item.frame.id] not in known}.values())
    reasons: dict[str, str] = {}
    progress(0, len(missing), "looking for subjects")
    pool_size = max(threads, FETCHES) if any(is_remote(item.image) for item in missing) else threads
    with Pictures(root) as pictures, ThreadPoolExecutor(pool_size, thread_name_prefix="subjects") as pool:
        for start in range(0, len(missing), _PART_SIZE):
            part = missing[start : start + _PART_SIZE]
            seen = pool.map(lambda item: _look(item, pictures, detector), part)
            for done, (item, found) in enumerate(zip(part, seen, strict=True)):
                key = keys[item.frame.id]
                if isinstance(found, str):
                    reasons[key] = found
                else:
                    known[key] = found
                    kept.put(key, _written(found))
                progress(start + done + 1, len(missing), "looking for subjects")
            kept.flush()
    return Seen(
        {item.frame.id: known[keys[item.frame.id]] for item in frames if keys[item.frame.id] in known},
        tuple((item, reasons[keys[item.frame.id]]) for item in frames if keys[item.frame.id] in reasons),
        len(missing) - len(reasons),
    )


def words_seen(detections: Sequence[Detection], *, min_score: float) -> Subjects:
    """Return what is in a picture as its subjects: the words of what is seen, the surest first."""
    return parse_subjects("\n".join(one.word for one in detections if one.score >= min_score))


def plan_statements(previous: Mapping[str, Subjects], seen: Seen, *, min_score: float) -> dict[str, Subjects]:
    """Return what changes in a detector's statements: frame id -> its words from now on, () for none.

    Frames that were not looked at, or whose pictures cannot be read, keep what was said of them.

    Args:
        previous: frame id -> what the detector said before.
    """
    stated = {frame: words_seen(found, min_score=min_score) for frame, found in seen.detections.items()}
    of_these = {frame: words for frame, words in previous.items() if frame in stated}
    changed = plan_subjects(of_these, {frame: words for frame, words in stated.items() if words}, is_whole=True)
    return dict(changed)


def _key_of(item: StoredFrame) -> str:
    """Return what a picture is kept under: its digest, or of one that nobody has read yet that of its address."""
    return item.sha256 or f"@{digest_of_bytes(item.image.encode())}"


def _look(item: StoredFrame, pictures: Pictures, detector: Detector) -> Detections | str:
    """Return what is in a picture, or why it cannot be read."""
    try:
        with pictures.held(item.image, sha256=item.sha256) as path:
            pixels = decode_picture(path.read_bytes(), name=without_query(item.image))
    except MediaError as error:
        return error.reason
    except OSError as error:
        return error.strerror or str(error)
    return detector.find(pixels)


def _written(found: Detections) -> bytes:
    rows = [[one.word, one.score, one.left, one.top, one.width, one.height] for one in found]
    return json.dumps(rows, ensure_ascii=False).encode()


def _parsed(record: bytes | None) -> Detections | None:
    if record is None:
        return None
    try:
        return tuple(Detection(str(row[0]), *map(float, row[1:])) for row in json.loads(record))
    except (ValueError, TypeError, IndexError):
        return None
