"""Pictures of frames written into a project, and noted in its catalog."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.catalog.intake import IngestSettings
from rushes.footage.picture import encode_picture, resize
from rushes.footage.signature import signature_of
from rushes.footage.source import Frame
from rushes.footage.video import DecodedFrame
from rushes.progress import Progress
from rushes.storage.files import digest_of_bytes, write_bytes

_EXTENSIONS = {"jpeg": "jpg", "webp": "webp", "png": "png"}
_FRAMES_PER_COMMIT = 64
_THUMBNAIL_QUALITY = 80


def write_frame(
    frame: Frame, pixels: npt.NDArray[np.uint8], *, root: Path, folder: str, settings: IngestSettings
) -> StoredFrame:
    """Write the picture of a frame under `root`/frames/`folder`, and its thumbnail; each whole or not at all."""
    data = encode_picture(pixels, settings.format, settings.quality)
    image = f"frames/{folder}/{frame.name}.{_EXTENSIONS[settings.format]}"
    if settings.thumbnail is not None:
        small = encode_picture(resize(pixels, settings.thumbnail), "jpeg", _THUMBNAIL_QUALITY)
        write_bytes(root / thumbnail_of(image), small)
    write_bytes(root / image, data)
    return StoredFrame(frame, image, digest_of_bytes(data), signature_of(pixels), str(settings.size))


def is_made_by(settings: IngestSettings, stored: StoredFrame) -> bool:
    """Return whether a picture is of the size and the format that settings ask for."""
    return stored.size == str(settings.size) and stored.image.endswith(f".{_EXTENSIONS[settings.format]}")


def thumbnail_of(image: str) -> str:
    """Return where the thumbnail of a frame's picture is, both relative to the project's folder."""
    return f"thumbnails/{image.partition('/')[2].rpartition('.')[0]}.jpg"


@dataclass(slots=True)
class FrameWriter:
    """Writes the frames of one film as they are decoded, from any thread, and notes them a few at a time.

    Attributes:
        frames: those that are wanted, by ordinal.
        progress: told of frames that are noted.
        new: how many are noted.
    """

    catalog: Catalog
    root: Path
    folder: str
    settings: IngestSettings
    frames: Mapping[int, Frame]
    total: int
    progress: Progress
    new: int = 0
    _batch: list[StoredFrame] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, decoded: DecodedFrame) -> None:
        """Write a frame."""
        pixels = resize(decoded.pixels, self.settings.size)
        stored = write_frame(
            self.frames[decoded.ordinal], pixels, root=self.root, folder=self.folder, settings=self.settings
        )
        with self._lock:
            self._batch.append(stored)
            if len(self._batch) >= _FRAMES_PER_COMMIT:
                self._note()

    def finish(self) -> None:
        """Note what is written and not yet noted."""
        with self._lock:
            self._note()

    def _note(self) -> None:
        if self._batch:
            self.catalog.add_frames(self._batch, now=now())
            self.new += len(self._batch)
            self._batch = []
            self.progress(self.new, self.total)


def now() -> str:
    """Return the time, as the catalog keeps it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
