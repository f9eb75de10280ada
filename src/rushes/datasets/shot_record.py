"""A sample of a shot as the bytes that are kept of it, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.datasets.shot_sample import ShotReading, ShotSample
from rushes.footage.movement import FEATURES, MotionSeries, motion_features
from rushes.footage.signals import SCHEMA as SCAN_SCHEMA
from rushes.storage.files import digest_of_bytes

SCHEMA = "shot-sample/1"
_QUALITY = 95
_SERIES = ("seconds", "seconds_each", "values", "trusted")  # the arrays of a MotionSeries

Pixels = npt.NDArray[np.uint8]


def name_of_reading(reading: ShotReading) -> str:
    """Return a digest of all that decides what is kept of a shot, but for the shot itself."""
    shown = reading.preprocessing.to_table()
    about = {
        "schema": SCHEMA,
        "motion": [SCAN_SCHEMA, *FEATURES],
        "preprocessing": {key: value for key, value in shown.items() if key not in ("mean", "std")},
        "frames": reading.frames,
        "choice": reading.choice,
        "subject": reading.subject,
        "faces": reading.faces[1] if reading.faces and reading.subject else None,
    }
    return digest_of_bytes(json.dumps(about, sort_keys=True).encode())[:24]


@dataclass(frozen=True, slots=True, eq=False)
class PackedFrames:
    """The frames of a shot, packed small.

    Attributes:
        ordinals: (n,) int64, rising.
        pictures: n JPEGs.
        channels: of each picture.
        subject: (n, GRID, GRID) uint8, or None.
    """

    ordinals: npt.NDArray[np.int64]
    pictures: tuple[npt.NDArray[np.uint8], ...]
    channels: int
    subject: Pixels | None


def pack_frames(ordinals: npt.NDArray[np.int64], frames: Sequence[Pixels], subject: Pixels | None) -> PackedFrames:
    """Return prepared frames as JPEGs of quality 95 without subsampled colour."""
    pictures = tuple(_encoded(frame) for frame in frames)
    return PackedFrames(ordinals, pictures, frames[0].shape[2], subject)


def pack_sample(
    frames: PackedFrames, series: MotionSeries, *, cuts: Sequence[int] = (), notes: Sequence[str] = ()
) -> bytes:
    """Return a sample as bytes; its aggregates follow from its series and are left out."""
    about = {
        "schema": SCHEMA,
        "channels": frames.channels,
        "cuts": list(cuts),
        "notes": list(notes),
        "duration_seconds": series.duration_seconds,
    }
    arrays = {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        "ordinals": frames.ordinals,
        "sizes": np.array([len(picture) for picture in frames.pictures], np.int64),
        "pictures": np.concatenate(frames.pictures),
        **{f"series_{name}": getattr(series, name) for name in _SERIES},
    }
    if frames.subject is not None:
        arrays["subject"] = frames.subject
    whole = io.BytesIO()
    np.savez(whole, allow_pickle=False, **arrays)
    return whole.getvalue()


def unpack_sample(data: bytes) -> ShotSample:
    """Return the sample that was packed, its frames as JPEG left them.

    Raises:
        ValueError: the bytes are no such sample.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        if about.get("schema") != SCHEMA:
            raise ValueError(f"is of schema {about.get('schema')}; this rushes reads {SCHEMA}")
        edges = np.cumsum(arrays["sizes"])[:-1]
        pictures = [_decoded(one, about["channels"]) for one in np.split(arrays["pictures"], edges)]
        series = MotionSeries(
            **{name: arrays[f"series_{name}"] for name in _SERIES}, duration_seconds=about["duration_seconds"]
        )
        return ShotSample(
            pixels=np.stack(pictures),
            ordinals=arrays["ordinals"],
            subject=arrays.get("subject"),
            series=series,
            aggregates=motion_features(series),
            cuts=tuple(about["cuts"]),
            notes=tuple(about["notes"]),
        )


def _encoded(picture: Pixels) -> npt.NDArray[np.uint8]:
    import cv2

    stored = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.shape[2] == 3 else picture
    how = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(stored), how)
    return np.asarray(data, np.uint8).ravel()


def _decoded(data: npt.NDArray[np.uint8], channels: int) -> Pixels:
    import cv2

    if channels == 1:
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)[:, :, None]
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
