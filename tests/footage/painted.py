"""Films whose frames carry their ordinal in their pixels."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, BITS = 96, 64, 12


def paint(ordinal: int) -> npt.NDArray[np.uint8]:
    """Return (HEIGHT, WIDTH, 3): the ordinal as twelve black or white bars, above a red left and a blue right."""
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    pixels[HEIGHT // 2 :, : WIDTH // 2] = (220, 30, 30)
    pixels[HEIGHT // 2 :, WIDTH // 2 :] = (30, 30, 220)
    for bit in range(BITS):
        pixels[: HEIGHT // 2, bit * 8 : bit * 8 + 8] = 235 if ordinal >> bit & 1 else 16
    return pixels


def ordinal_of(pixels: npt.NDArray[np.uint8]) -> int:
    """Return the ordinal that is painted into pixels of any size."""
    height, width = pixels.shape[:2]
    centres = [round((bit + 0.5) * width / BITS) for bit in range(BITS)]
    return sum(int(pixels[height // 4, centre].mean() > 128) << bit for bit, centre in enumerate(centres))


def write_film(
    path: Path,
    frame_count: int = 40,
    *,
    codec: str = "libx264",
    rate: Fraction = Fraction(25),
    times: Sequence[int] | None = None,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    rotation: float | None = None,
    aspect: Fraction | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a film; `times` are presentation times in 1/600 s, where the rate is not to be constant."""
    time_base = Fraction(1, 600) if times is not None else 1 / rate
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        chosen = {"g": "10", "bf": "2"} if codec == "libx264" else {}
        stream = container.add_stream(codec, rate=rate, options=chosen | (options or {}))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        stream.codec_context.time_base = time_base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for ordinal in range(frame_count):
            frame = av.VideoFrame.from_ndarray(paint(ordinal), format="rgb24").reformat(format=pixel_format)
            frame.pts = ordinal if times is None else times[ordinal]
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_large_film(path: Path, frame_count: int = 150) -> Path:
    """Write a film of which each frame has about 20 KiB: more than the first answers of a server hold."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "qp": "20", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(frame_count):
            pixels = random.integers(0, 255, (120, 160, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    assert path.stat().st_size > 2 << 20
    return path


def write_film_with(
    ffmpeg: str, path: Path, *words: str, frame_count: int = 60, rate: Fraction = Fraction(25), chain: str = "null"
) -> Path:
    """Write a film with the program ffmpeg, which has encoders and containers that PyAV lacks.

    Args:
        words: what the command line says of the output.
        chain: of filters, between the painted frames and the encoder.
    """
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(rate), "-i", "-"]
    painted = b"".join(paint(ordinal).tobytes() for ordinal in range(frame_count))
    run_ffmpeg(ffmpeg, *source, "-vf", chain, *words, str(path), stdin=painted)
    return path


def run_ffmpeg(ffmpeg: str, *words: str, stdin: bytes = b"") -> bytes:
    """Return what ffmpeg writes to its standard output."""
    done = subprocess.run([ffmpeg, "-v", "error", "-y", *words], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def write_sound(path: Path) -> Path:
    """Write a file with sound alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def damage(path: Path, start: int, stop: int) -> None:
    """Put zeros where the data of frames stand in a film, by their position in presentation order, `[start, stop)`."""
    with av.open(str(path)) as container:
        packets = [(packet.pts, packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for _, place, size in sorted(packets)[start:stop]:
        data[place + 4 : place + size] = bytes(size - 4)
    path.write_bytes(data)
