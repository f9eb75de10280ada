"""Limits: how much the server does for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from rushes.inference.bounds import Bounds

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the server takes in, and how long it works on it.

    Attributes:
        picture_bytes, video_bytes: of one file.
        body_bytes: of one request; of a batch, all its files together.
        batch_files: in one request.
        body_seconds: within which a body has to arrive, plus what its size takes at 128 KiB a second.
        decode_seconds: for one picture.
        explain_seconds: for one heat map.
        stall_seconds: a film that shows no progress for so long is given up.
        film_seconds: for one film in all.
        pixels: of one picture of a film; photographs have the bound of the whole of rushes, 178 million.
        memory_bytes: that a process which decodes may fill.
        receiving: requests whose bodies are coming in, of all callers; beyond them 503.
        receiving_per_caller: the same of one caller; beyond them 429.
        waiting: requests whose bodies are there and that are being answered or wait, of all callers; beyond them 503.
        per_caller: the same of one caller; beyond them 429.
        queue_seconds: within which a picture or a heat map has its turn; otherwise 503.
        waiting_films: films that run or wait for their turn; beyond them 503.
        films_per_caller: the same of one caller; beyond them 429.
        spool_bytes, spool_bytes_per_caller: that are on disk until they are answered; beyond them 507.
        kept_jobs, kept_bytes, kept_seconds: how many finished jobs are remembered, how large their results are
            together, and how long.
    """

    picture_bytes: int = 256 * _MIB
    video_bytes: int = 8 * _GIB
    body_bytes: int = 8 * _GIB + _MIB
    batch_files: int = 64
    body_seconds: float = 60.0
    decode_seconds: float = 30.0
    explain_seconds: float = 120.0
    stall_seconds: float = 120.0
    film_seconds: float = 6 * 3600.0
    duration_seconds: float = 4 * 3600.0
    frames: int = 40_000
    pixels: int = 36_000_000  # 8K is 33 million
    memory_bytes: int = 3 * _GIB
    receiving: int = 512
    receiving_per_caller: int = 128
    waiting: int = 256
    per_caller: int = 128
    queue_seconds: float = 60.0
    waiting_films: int = 32
    films_per_caller: int = 8
    spool_bytes: int = 64 * _GIB
    spool_bytes_per_caller: int = 32 * _GIB
    kept_jobs: int = 256
    kept_bytes: int = 256 * _MIB
    kept_seconds: float = 3600.0

    @property
    def bounds(self) -> Bounds:
        """What a film may be."""
        return Bounds(self.duration_seconds, self.frames, self.pixels)
