"""Pictures of frames written into a project, or into the bucket in which it keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.catalog.catalog import StoredFrame
from rushes.catalog.intake import IngestSettings
from rushes.errors import PlaceError
from rushes.footage.picture import encode_picture, resize
from rushes.footage.signature import signature_of
from rushes.footage.source import Frame
from rushes.footage.video import DecodedFrame
from rushes.storage.files import digest_of_bytes, write_bytes
from rushes.storage.object_folder import object_folder
from rushes.storage.places import parse_place

_EXTENSIONS = {"jpeg": "jpg", "webp": "webp", "png": "png"}
_FRAMES_PER_NOTE = 64
_THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class PictureMaker:
    """Writes pictures, each with its thumbnail, whole or not at all.

    Attributes:
        root: folder that stands for the project's.
        store: folder of a bucket that takes the pictures of frames; "" for `root`.
    """

    root: Path
    settings: IngestSettings
    store: str = ""

    def extension(self) -> str:
        """Return what names of pictures end in, without the dot."""
        return _EXTENSIONS[self.settings.format]

    def write_frame(self, frame: Frame, pixels: npt.NDArray[np.uint8], *, folder: str) -> StoredFrame:
        """Write the picture of a frame: `frames/FOLDER/NAME.jpg`, in the store where there is one."""
        image = f"frames/{folder}/{frame.name}.{self.extension()}"
        return self.write(frame, pixels, image=image, thumbnail=thumbnail_of(image), store=self.store)

    def write(
        self, frame: Frame, pixels: npt.NDArray[np.uint8], *, image: str, thumbnail: str, store: str
    ) -> StoredFrame:
        """Write a picture at a path of its own, below the store where one is given."""
        settings = self.settings
        data = encode_picture(pixels, settings.format, settings.quality)
        put = self._put_here if not store else object_folder(parse_place(store)).write
        if settings.thumbnail is not None:
            put(thumbnail, encode_picture(resize(pixels, settings.thumbnail), "jpeg", _THUMBNAIL_QUALITY))
        put(image, data)
        return StoredFrame(frame, store + image, digest_of_bytes(data), signature_of(pixels), str(settings.size))

    def remove(self, stored: Sequence[StoredFrame]) -> None:
        """Remove pictures that were written, with their thumbnails, as far as that can be done."""
        keys = [item.image.removeprefix(self.store) for item in stored]
        keys += [thumbnail_of(key) for key in keys] if self.settings.thumbnail is not None else []
        with suppress(OSError, PlaceError):
            if self.store:
                object_folder(parse_place(self.store)).delete(keys)
                return
            for key in keys:
                (self.root / key).unlink(missing_ok=True)

    def _put_here(self, path: str, data: bytes) -> None:
        write_bytes(self.root / path, data)


def is_made_by(settings: IngestSettings, stored: StoredFrame) -> bool:
    """Return whether a picture is of the size and the format that settings ask for."""
    return stored.size == str(settings.size) and stored.image.endswith(f".{_EXTENSIONS[settings.format]}")


def thumbnail_of(image: str) -> str:
    """Return where the thumbnail of a frame's picture is, both relative to the project's folder."""
    return f"thumbnails/{image.partition('/')[2].rpartition('.')[0]}.jpg"


@dataclass(slots=True)
class FrameWriter:
    """Writes the frames of one film as they are decoded, from any thread, and tells of them a few at a time.

    Attributes:
        frames: those that are wanted, by ordinal.
        note: told of frames whose pictures are written.
        written: ordinals of those it was told of.
    """

    maker: PictureMaker
    folder: str
    frames: Mapping[int, Frame]
    note: Callable[[Sequence[StoredFrame]], None]
    written: list[int] = field(default_factory=list)
    _batch: list[StoredFrame] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, decoded: DecodedFrame) -> None:
        """Write a frame."""
        pixels = resize(decoded.pixels, self.maker.settings.size)
        stored = self.maker.write_frame(self.frames[decoded.ordinal], pixels, folder=self.folder)
        with self._lock:
            self._batch.append(stored)
            if len(self._batch) >= _FRAMES_PER_NOTE:
                self._tell()

    def finish(self) -> None:
        """Tell of what is written and was not told of yet."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        if self._batch:
            batch, self._batch = self._batch, []
            self.note(batch)
            self.written += (item.frame.ordinal for item in batch)


def now() -> str:
    """Return the time, as the catalog keeps it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
