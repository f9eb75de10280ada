"""A film in other codecs, sizes and lengths, for measuring."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from benchmarks.harness import CACHE, ROOT, Say
from rushes.storage.files import whole_file

_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "21"},
    "libx265": {"preset": "ultrafast", "crf": "26", "x265-params": "log-level=none"},
}


def transcode(film: Path, *, codec: str, height: int, seconds: int, say: Say) -> Path:
    """Return the first seconds of a film in another codec and size; written once and then kept."""
    import av

    path = CACHE / f"{film.stem}-{codec}-{height}p-{seconds}s.mp4"
    if path.is_file():
        return path
    say(f"Encoding {seconds} s as {codec} at {height} lines, once; it is kept in {CACHE.relative_to(ROOT)}.")
    with (
        whole_file(path) as temporary,
        av.open(str(film)) as source,
        av.open(str(temporary), "w", format="mp4") as target,
    ):
        read = source.streams.video[0]
        read.thread_type = "AUTO"
        rate = Fraction(read.average_rate or 24)
        written = target.add_stream(codec, rate=rate, options=_OPTIONS[codec])
        written.width, written.height = round(read.width * height / read.height / 2) * 2, height
        written.pix_fmt = "yuv420p"
        for number, frame in enumerate(source.decode(read)):
            if number >= seconds * rate:
                break
            small = frame.reformat(width=written.width, height=height)
            small.pts, small.time_base = number, 1 / rate
            target.mux(written.encode(small))
        target.mux(written.encode(None))
    return path


def repeat(unit: Path, *, times: int) -> Path:
    """Return a film that shows another so many times over, without encoding again; written once and then kept."""
    import av

    path = CACHE / f"{unit.stem}-times{times}.mp4"
    if path.is_file():
        return path
    with whole_file(path) as temporary, av.open(str(temporary), "w", format="mp4") as film:
        target = None
        shift = 0
        for _ in range(times):
            last = 0
            with av.open(str(unit)) as source:
                stream = source.streams.video[0]
                target = target or film.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
                    film.mux(packet)
            shift += last
    return path
