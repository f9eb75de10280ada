from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import MediaError
from rushes.footage.loudness import (
    FLOOR,
    RATE,
    SAMPLE_RATE,
    Loudness,
    kept_loudness,
    levels_of,
    measure_loudness,
    read_loudness,
    write_loudness,
)
from rushes.footage.video import index_video
from structure.sounds import write_wave

_DIGEST = "cd" * 32


def _tone(hertz: float, seconds: float, *, amplitude: float = 0.5) -> np.ndarray:
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def _film(path: Path, sound: np.ndarray | None, *, seconds: float, delay: float = 0.0) -> Path:
    """Write a film with a sound that begins some seconds after the picture."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc=size=64x48:rate=25:duration={seconds}"]
    if sound is not None:
        write_wave(path.with_suffix(".wav"), sound)
        command += ["-itsoffset", str(delay), "-i", str(path.with_suffix(".wav")), "-c:a", "pcm_s16le"]
    subprocess.run([*command, "-c:v", "mpeg4", str(path)], check=True)
    return path


def test_levels_are_of_the_band_of_speech_in_decibels_of_full_scale() -> None:
    assert levels_of(_tone(1000, 1))[5] == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.2)
    assert levels_of(_tone(60, 1)).max() < -40
    assert (levels_of(np.zeros(SAMPLE_RATE, np.float32)) == np.float32(FLOOR)).all()
    assert len(levels_of(_tone(1000, 1.01))) == RATE


def test_the_sound_of_a_film_is_heard_at_its_time(tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), _tone(800, 2), np.zeros(SAMPLE_RATE, np.float32)])
    for delay in (0.0, 1.5):
        film = _film(tmp_path / "film.mkv", sound, seconds=6, delay=delay)
        loud = np.flatnonzero(measure_loudness(film, index_video(film)).levels > -30)
        assert loud[0] / RATE == pytest.approx(1 + delay, abs=0.06)
        assert loud[-1] / RATE == pytest.approx(3 + delay, abs=0.06)


def test_a_film_without_sound_has_no_levels(tmp_path: Path) -> None:
    film = _film(tmp_path / "film.mkv", None, seconds=1)
    assert len(measure_loudness(film, index_video(film)).levels) == 0


def test_loudness_is_measured_once_and_again_where_what_is_kept_is_spoilt(tmp_path: Path) -> None:
    film = _film(tmp_path / "film.mkv", _tone(800, 2), seconds=2)
    index, folder = index_video(film), tmp_path / "cache"
    first = kept_loudness(film, index, source=_DIGEST, folder=folder)
    (kept,) = (folder / "loudness").iterdir()
    write_loudness(kept, Loudness(_DIGEST, np.full(3, -7, np.float32)))
    assert kept_loudness(film, index, source=_DIGEST, folder=folder).levels.tolist() == [-7, -7, -7]
    kept.write_bytes(b"spoilt")
    again = kept_loudness(film, index, source=_DIGEST, folder=folder)
    assert np.array_equal(again.levels, first.levels)
    assert np.array_equal(read_loudness(kept).levels, first.levels)
    assert np.array_equal(kept_loudness(film, index, source="ef" * 32, folder=None).levels, first.levels)


def test_what_is_no_loudness_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"x")
    for name in ("a.parquet", "none.parquet"):
        with pytest.raises(MediaError, match="Delete it to measure again"):
            read_loudness(tmp_path / name)


def test_a_time_stamp_that_is_no_time_does_not_fill_the_memory(tmp_path: Path) -> None:
    film = _film(tmp_path / "film.mkv", _tone(800, 1), seconds=2, delay=40_000.0)
    levels = measure_loudness(film, index_video(film)).levels
    assert len(levels) <= 8 * RATE
