"""How loud a film's sound is over time in the band of speech, from one pass over it, and its Parquet file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.film import open_sound
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file
from rushes.storage.places import Place

if TYPE_CHECKING:
    import av

logger = logging.getLogger(__name__)

SCHEMA = "loudness/1"
RATE = 40  # levels a second: fine enough for the syllables of speech, four to five of them a second
SAMPLE_RATE = 8000  # of telephones, which carry speech and little else
STEP = SAMPLE_RATE // RATE
_BAND = (300, 3400)  # Hz, that of telephones too
FLOOR = -90.0  # dB: quieter is silence
_BLOCK = 4096  # levels that are worked out together
_JUMP = SAMPLE_RATE // 10  # samples: a smaller gap between two frames of sound is how containers round
_SLACK_SECONDS = 5  # that sound may go on after the picture

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Loudness:
    """How loud the sound of a film is.

    Attributes:
        source: digest of the film.
        levels: (moments,) float32: power in the band of speech, in dB of full scale, `RATE` a second from the film's
            first frame; FLOOR where there is no sound. Empty of a film without a sound track.
    """

    source: str
    levels: Floats


def kept_loudness(
    path: Place, index: VideoIndex, *, source: str, folder: Path | None, progress: Progress = silent
) -> Loudness:
    """Return the loudness of a film that is kept in a folder; where it is not, measured, and kept for the next time.

    Args:
        source: digest of the film.
        folder: the cache of the project; None keeps nothing. Where it cannot be written, the film is measured all the
            same.

    Raises:
        MediaError: as `measure_loudness`.
    """
    from polars.exceptions import PolarsError

    found = None if folder is None else read_kept_loudness(folder, source)
    if found is not None:
        return found
    measured = measure_loudness(path, index, source=source, progress=progress)
    if folder is not None:
        kept = _place_of(folder, source)
        try:
            write_loudness(kept, measured)
        except (OSError, PolarsError) as error:  # polars wraps what the system says of a full disk
            logger.info("%s cannot be written (%s)", kept, error)
    return measured


def read_kept_loudness(folder: Path, source: str) -> Loudness | None:
    """Return the loudness that is kept of a film; None where there is none, or it is damaged or of another film.

    Args:
        folder: the cache of the project.
        source: digest of the film.
    """
    kept = _place_of(folder, source)
    if not kept.is_file():
        return None
    try:
        found = read_loudness(kept)
    except MediaError as error:
        logger.info("%s; measuring again", error)
        return None
    return found if found.source == source else None


def _place_of(folder: Path, source: str) -> Path:
    return folder / "loudness" / f"{source[:16]}.parquet"


def measure_loudness(path: Place, index: VideoIndex, *, source: str = "", progress: Progress = silent) -> Loudness:
    """Return how loud a film's sound is over time, from one pass over it; all its channels are mixed.

    Args:
        index: of this very film: its first frame is where time begins, and its last where sound is no more looked at.
        progress: told of seconds.

    Raises:
        MediaError: the file cannot be opened, or its store gives no more of it.
    """
    most = int((index.duration_seconds + _SLACK_SECONDS) * SAMPLE_RATE)
    parts: list[Floats] = []
    with open_sound(path) as sound:
        if sound is not None:
            start = index.pts[0] * index.time_base
            for block in _blocks(_samples(sound.frames(), start, most)):
                parts.append(levels_of(block))
                progress(len(parts) * _BLOCK // RATE, int(index.duration_seconds), "seconds of sound")
    return Loudness(source, np.concatenate(parts) if parts else np.empty(0, np.float32))


def levels_of(samples: Floats) -> Floats:
    """Return the level of each fortieth of a second in the band of speech, in dB.

    Args:
        samples: at SAMPLE_RATE, 1 is full scale; what is left over at the end is left out.
    """
    windows = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)
    hann = np.hanning(STEP + 2)[1:-1].astype(np.float32)
    spectrum = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2
    hertz = np.fft.rfftfreq(STEP, 1 / SAMPLE_RATE)
    band = (hertz >= _BAND[0]) & (hertz <= _BAND[1])
    power = 2 * spectrum[:, band].sum(axis=1) / (STEP * float((hann**2).sum()))
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR / 10))), np.float32)


def write_loudness(path: Path, loudness: Loudness) -> None:
    """Write a loudness as Parquet (zstd), whole or not at all."""
    import polars as pl

    with whole_file(path) as temporary:
        table = pl.DataFrame({"level": loudness.levels})
        table.write_parquet(temporary, compression="zstd", metadata={"schema": SCHEMA, "source": loudness.source})


def read_loudness(path: Path) -> Loudness:
    """Read what `write_loudness` wrote.

    Raises:
        MediaError: the file is missing, damaged, or of another version.
    """
    import polars as pl

    try:
        about = pl.read_parquet_metadata(path)
        if about.get("schema") != SCHEMA:
            raise MediaError(path, f"is no loudness of schema {SCHEMA}. Delete it to measure again")
        return Loudness(about["source"], pl.read_parquet(path)["level"].to_numpy().astype(np.float32))
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError) as error:
        raise MediaError(path, f"is not a loudness that can be read ({error}). Delete it to measure again") from error


def _samples(frames: Iterator[av.AudioFrame], start: Fraction, most: int) -> Iterator[Floats]:
    """Yield the sound from a time on, mono at SAMPLE_RATE; where it stops and goes on later, with silence between.

    Args:
        start: in seconds of the container.
        most: samples; what comes later, as by a time stamp that is no time, is left out.
    """
    from av.audio.resampler import AudioResampler

    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    told = 0  # samples given so far
    for frame in frames:
        if frame.pts is not None and frame.time_base is not None:
            due = round((frame.pts * frame.time_base - start) * SAMPLE_RATE)
            if due >= most:
                continue
        else:
            due = told
        frame.pts = None
        samples = [part.to_ndarray().reshape(-1) for part in _resampled(resampler, frame)]
        sound = np.concatenate(samples).astype(np.float32, copy=False) if samples else np.empty(0, np.float32)
        if due > told + _JUMP:
            yield np.zeros(due - told, np.float32)
            told = due
        elif due < told - _JUMP:  # from before the first frame, or said twice
            sound = sound[min(len(sound), told - due) :]
        if len(sound):
            yield np.nan_to_num(sound)
            told += len(sound)


def _resampled(resampler: Any, frame: av.AudioFrame) -> list[av.AudioFrame]:
    """Return a frame as it is wanted; nothing of one whose layout changes in mid-film or that is damaged."""
    import av

    try:
        return list(resampler.resample(frame))
    except (av.FFmpegError, ValueError):
        return []


def _blocks(samples: Iterator[Floats]) -> Iterator[Floats]:
    """Yield sound in blocks of whole levels; the rest of the last one is left out."""
    size = _BLOCK * STEP
    waiting: list[Floats] = []
    count = 0
    for part in samples:
        waiting.append(part)
        count += len(part)
        if count >= size:
            joined = np.concatenate(waiting)
            for first in range(0, count - count % size, size):
                yield joined[first : first + size]
            waiting, count = [joined[count - count % size :]], count % size
    if count:
        yield np.concatenate(waiting)
