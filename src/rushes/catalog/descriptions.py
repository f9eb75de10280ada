"""What the pictures of the catalog show and how good they are: computed once each, kept under their digests."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.catalog.catalog import StoredFrame
from rushes.errors import MediaError
from rushes.footage.cuts import find_cuts
from rushes.footage.descriptor import DESCRIPTOR_LENGTH, LAYOUT_LENGTH, descriptor_of
from rushes.footage.found_shots import place_of_scan
from rushes.footage.picture import decode_picture
from rushes.footage.quality import MEASURES, Quality, find_mixtures, measure_quality, quality_of
from rushes.footage.signals import read_signals
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Lost, Seat, Work
from rushes.scale.filling import fill_vectors
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_vectors import read_vectors, write_vectors
from rushes.storage.pictures import FETCHES, Pictures, is_remote, without_query

# Names the folder of what is kept; a change of what is computed needs another.
_SCHEMA = "picture-descriptions-1"
_TOGETHER = 128  # pictures that a process looks at between two writes: what a kill can cost it
_SECONDS = 120.0  # that a picture may take, where it can be waited for: what hangs is listed

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class UnreadPicture:
    """A frame of the catalog whose picture cannot be looked at."""

    frame: StoredFrame
    reason: str

    def __str__(self) -> str:
        return f"{without_query(self.frame.image)}: {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class Descriptions:
    """What pictures show and how good they are.

    Attributes:
        frames: those whose picture could be read, in the order given.
        features: (frames, DESCRIPTOR_LENGTH), as `footage.descriptor` makes them.
        quality: (frames,) each.
        unread: the others, in the order given.
        computed_count: how many pictures were not known from before.
    """

    frames: tuple[StoredFrame, ...]
    features: Floats
    quality: Quality
    unread: tuple[UnreadPicture, ...]
    computed_count: int


def describe_pictures(
    frames: Sequence[StoredFrame],
    *,
    root: Path,
    cache_folder: Path,
    scans_folder: Path,
    threads: int,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> Descriptions:
    """Return what the pictures of frames show; only those that are not known from before are read.

    Whether a picture is part of a cross-fade is known from the pictures of its film before and after it, and from the
    scan of its film where one is kept.

    Args:
        frames: of each source in the order of time.
        root: folder of the project.
        cache_folder: where what was computed is kept; it may be emptied at any time.
        threads: that look in this process.
        engine: that looks at what is not known; None looks in this process.

    Raises:
        ProjectError, UsageError, MissingExtraError: as `Pictures.held`.
    """
    folder = cache_folder / _SCHEMA
    keys = {item.frame.id: _key_of(item) for item in frames}
    known = read_vectors(folder, set(keys.values()))
    # The same picture may stand in several files, of which one can be read.
    missing = list(
        {(keys[item.frame.id], item.image): item for item in frames if keys[item.frame.id] not in known}.values()
    )
    reasons: dict[str, str] = {}
    if missing:
        work: Work[StoredFrame, str | None] = Work(
            partial(_build, root, platform.node()),
            "looking at pictures",
            fills=folder,
            together=_TOGETHER,
            seconds=_SECONDS,
            worth=None,  # threads of one process keep every core busy: docs/decisions/2026-11-26-filled-by-many.md
            name_of=_name_of,
        )
        for item, why in fill_vectors(work, missing, engine=engine, threads=threads, progress=progress):
            reasons[item.image] = why.reason if isinstance(why, Lost) else why
        known |= read_vectors(folder, {keys[item.frame.id] for item in missing})
    there = tuple(item for item in frames if keys[item.frame.id] in known)
    unread = tuple(UnreadPicture(item, reasons[item.image]) for item in frames if keys[item.frame.id] not in known)
    seen = np.stack([known[keys[item.frame.id]] for item in there]) if there else np.empty((0, _LENGTH), np.float32)
    features, measured = seen[:, :DESCRIPTOR_LENGTH], seen[:, DESCRIPTOR_LENGTH:]
    faded = _faded(there, features[:, :LAYOUT_LENGTH], scans_folder)
    return Descriptions(there, features, quality_of(measured, faded), unread, len(missing) - len(reasons))


_LENGTH = DESCRIPTOR_LENGTH + len(MEASURES)


def _key_of(item: StoredFrame) -> str:
    """Return what a picture's description is kept under: its digest, or of one that nobody has read its address."""
    return item.sha256 or f"@{digest_of_bytes(item.image.encode())}"  # an address may hold a signature


def _name_of(item: StoredFrame) -> str:
    return without_query(item.image)


def _build(root: Path, machine: str, seat: Seat) -> Callable[[Sequence[StoredFrame]], list[str | None]]:
    """Return what looks at some pictures and keeps what it sees; it answers why, for each that cannot be read."""
    pictures = Pictures(root, machine=machine)

    def look(items: Sequence[StoredFrame]) -> list[str | None]:
        far = any(is_remote(item.image) for item in items)  # most of the time they are waited for
        with ThreadPoolExecutor(max(seat.threads, FETCHES) if far else seat.threads) as pool:
            seen = list(pool.map(lambda item: _look(item, pictures), items))
        kept = {_key_of(item): one for item, one in zip(items, seen, strict=True) if not isinstance(one, str)}
        if kept:
            write_vectors(seat.folder, list(kept), np.stack(list(kept.values())))
        return [one if isinstance(one, str) else None for one in seen]

    return look


def _look(item: StoredFrame, pictures: Pictures) -> Floats | str:
    """Return what a picture shows and how good it is, (_LENGTH,), or why it cannot be read."""
    try:
        with pictures.held(item.image, sha256=item.sha256) as path:
            pixels = decode_picture(path.read_bytes(), name=without_query(item.image))
    except MediaError as error:
        return error.reason
    except OSError as error:
        return error.strerror or str(error)
    return np.concatenate([descriptor_of(pixels), measure_quality(pixels)])


def _faded(frames: Sequence[StoredFrame], layouts: Floats, scans_folder: Path) -> Floats:
    """Return (frames,) how much of another picture shows through each."""
    faded = np.zeros(len(frames), np.float32)
    start = 0
    for source, members in groupby(frames, key=lambda item: item.frame.source):
        ordinals = np.array([item.frame.ordinal for item in members])
        rows = slice(start, start + len(ordinals))
        start += len(ordinals)
        seen = find_mixtures(layouts[rows])
        scanned = _faded_in_scan(scans_folder, source, ordinals)
        faded[rows] = seen if scanned is None else np.maximum(seen, scanned)
    return faded


def _faded_in_scan(scans_folder: Path, source: str, ordinals: npt.NDArray[np.int64]) -> Floats | None:
    """Return the same for frames of one film from its scan; None where none is kept."""
    path = place_of_scan(scans_folder, source)
    if not path.is_file():
        return None
    try:
        signals = read_signals(path)
    except MediaError:
        return None
    if signals.source != source:
        return None
    faded = np.zeros(len(ordinals), np.float32)
    for cut in find_cuts(signals):
        if cut.kind != "hard":
            within = (ordinals >= cut.start) & (ordinals < cut.stop)
            share = (ordinals[within] - cut.start + 0.5) / (cut.stop - cut.start)
            faded[within] = np.minimum(share, 1 - share)
    return faded
