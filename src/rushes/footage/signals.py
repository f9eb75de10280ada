"""Signals: what one pass over a film's pixels notes of every frame, and its Parquet file."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.motion import Motion
from rushes.storage.files import whole_file

SCHEMA = "scan/3"
LUMA_GRID = (9, 16)  # rows and columns of the signature's luma
COLOUR_GRID = (5, 8)  # and of each of its two colour planes
SIGNATURE_BYTES = LUMA_GRID[0] * LUMA_GRID[1] + 2 * COLOUR_GRID[0] * COLOUR_GRID[1]
_MOTION = tuple(field.name for field in fields(Motion))
# What moved since the frame measured before, then the same over three such steps.
MOTION_COLUMNS = (*_MOTION, *(f"slow_{name}" for name in _MOTION))
_FRAME_COLUMNS = {
    "ordinal": np.int64,
    "pts": np.int64,
    "keyframe": np.bool_,
    "step": np.float32,
    "across": np.float32,
    "drift": np.float32,
    "brightness": np.float32,
    "contrast": np.float32,
    "dark": np.float32,
    "bright": np.float32,
    "colour": np.float32,
    "sharpness": np.float32,
    "look": np.uint64,
}
_PLANE = "signature"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """What is known of each frame of a film, in presentation order; every array has one row per decoded frame.

    Attributes:
        source: digest of the film.
        rate: average frames per second.
        time_base: unit of `pts`.
        film_frames: how many frames the film has, with those that could not be decoded.
        ordinal: (frames,), int64, rising. A frame that could not be decoded has no row.
        pts: (frames,), int64, in units of `time_base`.
        keyframe: (frames,), bool: its coding stands on its own.
        signature: (frames, SIGNATURE_BYTES), uint8: luma at LUMA_GRID, then blue and red difference at COLOUR_GRID.
        step: (frames,), 0 to 1: how unlike the frame before it is, small shifts and changes of exposure allowed.
        across: (frames,), 0 to 1: the least of the same between the frames shortly before and shortly after; low
            where a flash or a thing that crosses the picture comes and goes. As `step` where that is low.
        drift: (frames,), 0 to 1: how unlike the frame a quarter of a second before it is, as `step`; NaN where it was
            not measured (it is on every second frame).
        brightness, contrast: (frames,), mean and standard deviation of luma, 0 to 255.
        dark, bright: (frames,), share of the picture that is black or blown out, 0 to 1.
        colour: (frames,), mean distance from grey, 0 to 128.
        sharpness: (frames,), mean squared step between neighbouring pixels of the film, in luma steps.
        look: (frames,), uint64: perceptual hash, as `signature.signature_of` makes it.
        motion: (frames, MOTION_COLUMNS), float32: the motion since the frame measured before (about eight a second are
            measured), as `Motion` has it; NaN where none was. The columns `slow_…` are the same over three such steps,
            where what is slow shows; NaN also where nothing could be followed so far.
    """

    source: str
    rate: Fraction
    time_base: Fraction
    film_frames: int
    ordinal: npt.NDArray[np.int64]
    pts: npt.NDArray[np.int64]
    keyframe: npt.NDArray[np.bool_]
    signature: npt.NDArray[np.uint8]
    step: Floats
    across: Floats
    drift: Floats
    brightness: Floats
    contrast: Floats
    dark: Floats
    bright: Floats
    colour: Floats
    sharpness: Floats
    look: npt.NDArray[np.uint64]
    motion: Floats

    def __post_init__(self) -> None:
        count = len(self.pts)
        for field in fields(self)[4:]:
            found = getattr(self, field.name)
            if len(found) != count:
                raise ValueError(f"signals have one row per frame: {count} of pts, {len(found)} of {field.name}")
        if self.signature.shape != (count, SIGNATURE_BYTES) or self.motion.shape != (count, len(MOTION_COLUMNS)):
            raise ValueError(f"signatures are (frames, {SIGNATURE_BYTES}), got {self.signature.shape}")

    @property
    def frame_count(self) -> int:
        return len(self.pts)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Times of the frames since the first, float64 seconds; for measuring, not for addressing."""
        return np.asarray((self.pts - self.pts[:1]) * float(self.time_base), np.float64)

    def between(self, first: int, last: int) -> Signals:
        """Return the signals of the rows `[first, last)` alone."""
        rows = {field.name: getattr(self, field.name)[first:last] for field in fields(self)[4:]}
        return replace(self, **rows)


def write_signals(path: Path, signals: Signals) -> None:
    """Write signals as Parquet (zstd), whole or not at all."""
    import polars as pl

    columns: dict[str, Any] = {name: getattr(signals, name) for name in _FRAME_COLUMNS}
    columns[_PLANE] = pl.Series(_PLANE, signals.signature, dtype=pl.Array(pl.UInt8, SIGNATURE_BYTES))
    for number, name in enumerate(MOTION_COLUMNS):
        columns[name] = signals.motion[:, number]
    about = {
        "schema": SCHEMA,
        "source": signals.source,
        "rate": str(signals.rate),
        "time_base": str(signals.time_base),
        "film_frames": str(signals.film_frames),
    }
    with whole_file(path) as temporary:
        pl.DataFrame(columns).write_parquet(temporary, compression="zstd", metadata=about)


def read_signals(path: Path) -> Signals:
    """Read what `write_signals` wrote.

    Raises:
        MediaError: the file is missing, damaged, or of another version.
    """
    import polars as pl

    try:
        about = pl.read_parquet_metadata(path)
        if about.get("schema") != SCHEMA:
            found = about.get("schema", "none")
            raise MediaError(path, f"is a scan of schema {found}; this rushes reads {SCHEMA}. Delete it to scan again")
        table = pl.read_parquet(path)
        values: dict[str, Any] = {name: table[name].to_numpy().astype(kind) for name, kind in _FRAME_COLUMNS.items()}
        motion = np.stack([table[name].to_numpy() for name in MOTION_COLUMNS], axis=1)
        return Signals(
            source=about["source"],
            rate=Fraction(about["rate"]),
            time_base=Fraction(about["time_base"]),
            film_frames=int(about["film_frames"]),
            signature=table[_PLANE].to_numpy().reshape(-1, SIGNATURE_BYTES),
            motion=motion.astype(np.float32, copy=False),
            **values,
        )
    except FileNotFoundError:
        raise MediaError(path, "there is no such scan. Scan the film again") from None
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError, ZeroDivisionError) as error:
        raise MediaError(path, f"is not a scan that can be read ({error}). Delete it to scan again") from error
