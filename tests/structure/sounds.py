"""Sound that rises and falls as speech does, in bursts at known times, and subtitles for it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from rushes.footage.loudness import SAMPLE_RATE, Loudness, levels_of
from rushes.structure.read_subtitles import RawSubtitle, SubtitleFile

SYLLABLES = 4.5  # a second


def lines_said(seconds: float, *, seed: int) -> list[tuple[float, float]]:
    """Return when somebody speaks in a film of so many seconds: lines of one to four seconds, with pauses between."""
    draw = np.random.default_rng(seed)
    lines, at = [], 3.0
    while at < seconds - 6:
        length = draw.uniform(0.8, 4)
        lines.append((at, at + length))
        at += length + draw.lognormal(0, 0.9)
    return lines


def speak(lines: list[tuple[float, float]], seconds: float, *, seed: int, noise: float = 0.01) -> np.ndarray:
    """Return the samples of noise in syllables while somebody speaks, and of faint noise throughout."""
    draw = np.random.default_rng(seed + 1)
    sound = noise * draw.standard_normal(round(seconds * SAMPLE_RATE), np.float32)
    for start, stop in lines:
        said = sound[round(start * SAMPLE_RATE) : round(stop * SAMPLE_RATE)]
        syllables = 0.15 + np.abs(np.sin(np.pi * SYLLABLES / SAMPLE_RATE * np.arange(len(said), dtype=np.float32)))
        said += 0.1 * draw.standard_normal(len(said), np.float32) * syllables
    return sound


def heard(lines: list[tuple[float, float]], seconds: float, *, seed: int, noise: float = 0.01) -> Loudness:
    return Loudness("ab" * 32, levels_of(speak(lines, seconds, seed=seed, noise=noise)))


def titles_of(lines: list[tuple[float, float]], *, offset: float = 0.0, speed: float = 1.0) -> SubtitleFile:
    """Return subtitles that stand an offset later than the lines, and run so much faster."""
    said = [(max(0.0, start / speed + offset), stop / speed + offset) for start, stop in lines]
    return SubtitleFile("a.srt", tuple(RawSubtitle(*span, "words") for span in said if span[1] > 0))


def write_wave(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
