"""The header of an MP4 or MOV beside what demuxing all its packets and decoding all its frames gives."""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from footage.painted import write_film
from rushes.errors import MediaError
from rushes.footage.film import open_film
from rushes.footage.mp4 import SampleTimes, read_sample_times
from rushes.footage.video import _decoded_times, _Packets, _times_in_header, index_video

VARIABLE = [sum(random.Random(1).choices([10, 20, 25, 200], k=40)[:place]) for place in range(40)]
FILMS = {
    "B-pyramid.mp4": {"options": {"x264-params": "keyint=12:bframes=3:b-pyramid=normal"}},
    "B-pyramid.mov": {"options": {"x264-params": "keyint=12:bframes=3:b-pyramid=normal"}},
    "open gop.mp4": {"options": {"x264-params": "open-gop=1:keyint=10:bframes=3"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=10:log-level=none"}},
    "hevc open gop.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=10:open-gop=1:log-level=none"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"bf": "2", "g": "10"}},
    "mpeg2 open gop.mov": {"codec": "mpeg2video", "options": {"bf": "2", "g": "10"}},
    "vp9.mp4": {"codec": "libvpx-vp9", "options": {"g": "20", "lag-in-frames": "16", "cpu-used": "4"}},
    "motion.mov": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
    "broadcast.mp4": {"rate": Fraction(30000, 1001)},
    "variable.mp4": {"frame_count": 40, "times": VARIABLE},
    "one frame.mp4": {"frame_count": 1},
}
# What `ffmpeg` makes of a film: words before the input, and after it.
EDITS = {
    "cut at 0.3 s": (["-ss", "0.3"], []),
    "cut at 0.9 s and after 0.7 s": (["-ss", "0.9"], ["-t", "0.7"]),
    "begun late": (["-itsoffset", "1.5"], []),
    "begun late and cut": (["-itsoffset", "0.7", "-ss", "0.5"], []),
    "negative offsets": ([], ["-movflags", "negative_cts_offsets"]),
    "no edit list": ([], ["-use_editlist", "0"]),
    "index first": ([], ["-movflags", "faststart"]),
}


def stated(path: Path) -> SampleTimes | None:
    with open_film(path) as decoder, path.open("rb") as file:
        return read_sample_times(file, decoder.stream.id)


def assert_equal_to_packets(path: Path, *, by_header: bool = True) -> None:
    """Fail unless the header gives the very times, keyframes and last duration that the packets give."""
    with open_film(path) as decoder:
        frame = next(decoder.frames())
        header = _times_in_header(path, decoder.stream, frame.pts)
    with open_film(path) as decoder:
        packets = _Packets.of(decoder)
    assert (header is not None) == by_header, path.name
    if header is not None:
        assert header.times == packets.times(frame.pts), path.name
        assert header.last_duration == packets.duration, path.name


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.filterwarnings("ignore:deprecated pixel format")
def test_the_header_gives_what_packets_and_decoding_give(tmp_path: Path, name: str) -> None:
    path = write_film(tmp_path / name, **FILMS[name])  # type: ignore[arg-type]
    assert_equal_to_packets(path)
    assert index_video(path).pts == _decoded_times(path).pts


@pytest.mark.parametrize("name", ["B-pyramid.mp4", "open gop.mp4", "hevc open gop.mp4", "mpeg4.mp4", "vp9.mp4"])
@pytest.mark.parametrize("edit", EDITS)
def test_edit_lists_shift_and_cut_as_they_do_for_ffmpeg(tmp_path: Path, name: str, edit: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg on this machine")
    film = write_film(tmp_path / f"whole {name}", 60, **FILMS[name])  # type: ignore[arg-type]
    before, after = EDITS[edit]
    words = [ffmpeg, "-v", "error", *before, "-i", str(film), *after, "-c", "copy", str(tmp_path / name)]
    subprocess.run(words, check=True)
    assert_equal_to_packets(tmp_path / name)
    assert index_video(tmp_path / name).pts == _decoded_times(tmp_path / name).pts


def test_a_fragmented_film_is_left_to_its_packets(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "whole.mp4")
    with (
        av.open(str(whole)) as source,
        av.open(str(tmp_path / "parts.mp4"), "w", options={"movflags": "frag_keyframe+empty_moov"}) as parts,
    ):
        stream = parts.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                parts.mux(packet)
    assert_equal_to_packets(tmp_path / "parts.mp4", by_header=False)
    assert index_video(tmp_path / "parts.mp4").frame_count == 40


def test_every_real_film_has_the_same_index_by_its_header(media: Path) -> None:
    by_header = 0
    for path in sorted([*(media / "videos").rglob("*"), *(media / "hostile").iterdir()]):
        if path.suffix not in {".mp4", ".mov"}:
            continue
        try:
            index = index_video(path)
        except MediaError:
            continue
        with open_film(path) as decoder:
            frame = next(decoder.frames())
            header = _times_in_header(path, decoder.stream, frame.pts)
        if header is None or frame.interlaced_frame:
            continue
        with open_film(path) as decoder:
            packets = _Packets.of(decoder)
        assert header.times == packets.times(frame.pts), path.name
        assert (index.pts, index.keyframes) == (header.times.pts, header.times.keyframes)
        assert header.last_duration == packets.duration, path.name
        by_header += 1
    assert by_header >= 35


# A film of bytes written by hand.


def box(name: bytes, *parts: bytes) -> bytes:
    inside = b"".join(parts)
    return struct.pack(">I4s", 8 + len(inside), name) + inside


def full(name: bytes, *numbers: int, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]), b"".join(struct.pack(">I", number & 0xFFFFFFFF) for number in numbers))


def movie(*, extra: bytes = b"", edit: bytes = b"", track: int = 1, **tables: bytes | None) -> bytes:
    """Return a movie of four samples of 10 bytes each, 100 ticks apart, 1,000 a second; tables may be replaced."""
    plain: dict[str, bytes | None] = {
        "stsd": full(b"stsd", 1),
        "stts": full(b"stts", 1, 4, 100),
        "stss": full(b"stss", 1, 1),
        "stsc": full(b"stsc", 1, 1, 4, 1),
        "stsz": full(b"stsz", 10, 4),
        "stco": full(b"stco", 1, 16),
    }
    inside = [table for table in (plain | tables).values() if table is not None]
    media = box(b"mdia", full(b"mdhd", 0, 0, 1000, 400, 0), box(b"minf", box(b"stbl", *inside)))
    trak = box(b"trak", full(b"tkhd", 0, 0, track, 0, 400), edit, media)
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(44)) + box(b"moov", full(b"mvhd", 0, 0, 500, 200, 0), trak, extra)


def read(content: bytes, track: int = 1) -> SampleTimes | None:
    return read_sample_times(io.BytesIO(content), track)


def elst(*entries: tuple[int, int], rate: int = 0x10000, version: int = 0) -> bytes:
    if version:
        flat = b"".join(struct.pack(">qqI", duration, start, rate) for duration, start in entries)
        return box(b"edts", box(b"elst", bytes([1, 0, 0, 0]), struct.pack(">I", len(entries)), flat))
    flat = b"".join(struct.pack(">iiI", duration, start, rate) for duration, start in entries)
    return box(b"edts", box(b"elst", bytes(4), struct.pack(">I", len(entries)), flat))


def test_a_plain_header_is_read() -> None:
    times = read(movie())
    assert times is not None
    assert (times.pts.tolist(), times.keys.tolist()) == ([0, 100, 200, 300], [True, False, False, False])
    assert (times.entry_count, times.ticks_per_second) == (4, 1000)


@pytest.mark.parametrize("version", [0, 1])
def test_composition_offsets_are_signed_in_either_version(version: int) -> None:
    times = read(movie(ctts=full(b"ctts", 4, 1, 0, 1, 100, 1, -100, 1, 0, version=version)))
    assert times is not None
    assert times.pts.tolist() == [0, 200, 100, 300]


def test_an_edit_drops_what_is_before_it_and_waits_as_long_as_it_says() -> None:
    times = read(movie(edit=elst((50, -1), (200, 100), version=1)))
    assert times is not None
    assert times.pts.tolist() == [100, 200, 300]  # the empty edit is 50 of 500 a second, so 100 of 1,000
    assert times.places.tolist() == [1, 2, 3]


def test_a_later_movie_header_and_64_bit_offsets_are_read() -> None:
    assert read(movie(stco=box(b"co64", bytes(4), struct.pack(">IQ", 1, 16)))) is not None


DOUBTS = {
    "no movie": box(b"ftyp", b"isom"),
    "nothing at all": b"",
    "another track": movie(track=2),
    "fragments to come": movie(extra=box(b"mvex")),
    "a fragment": movie() + box(b"moof"),
    "two movies": movie() + movie(),
    "two sample descriptions": movie(stsd=full(b"stsd", 2)),
    "no sample description": movie(stsd=None),
    "no durations": movie(stts=None),
    "no sizes": movie(stsz=None),
    "no chunks": movie(stco=None),
    "no samples in chunks": movie(stsc=None),
    "two tables of durations": movie(other=full(b"stts", 1, 4, 100)),
    "durations of too few samples": movie(stts=full(b"stts", 1, 3, 100)),
    "durations of too many samples": movie(stts=full(b"stts", 1, 5, 100)),
    "durations that were negative": movie(stts=full(b"stts", 2, 3, 100, 1, -100)),
    "more durations than the table holds": movie(stts=full(b"stts", 3, 4, 100)),
    "an absurd count of durations": movie(stts=full(b"stts", 0xFFFFFFFF, 4, 100)),
    "an absurd count of one duration": movie(stts=full(b"stts", 1, 0xFFFFFFFF, 100)),
    "offsets of too few samples": movie(ctts=full(b"ctts", 1, 3, 100)),
    "an absurd offset": movie(ctts=full(b"ctts", 1, 4, -(2**30))),
    "an absurd count of samples": movie(stsz=full(b"stsz", 1, 0x7FFFFFFF), stts=full(b"stts", 1, 0x7FFFFFFF, 1)),
    "samples of no size": movie(stsz=full(b"stsz", 0, 4, 10, 0, 10, 10)),
    "samples past the end": movie(stsz=full(b"stsz", 500, 4)),
    "a chunk past the end": movie(stco=full(b"stco", 1, 0x7FFFFFFF)),
    "samples of another count in chunks": movie(stsc=full(b"stsc", 1, 1, 3, 1)),
    "chunks from 2 on": movie(stsc=full(b"stsc", 1, 2, 4, 1)),
    "keyframe 0": movie(stss=full(b"stss", 1, 0)),
    "keyframe 5 of 4": movie(stss=full(b"stss", 1, 5)),
    "keyframes that fall": movie(stss=full(b"stss", 2, 3, 1)),
    "an empty table of keyframes": movie(stss=full(b"stss", 0)),
    "keyframes elsewhere": movie(other=box(b"sbgp", bytes(4), b"rap ", bytes(4))),
    "two edits": movie(edit=elst((50, 0), (50, 200))),
    "an edit of no length": movie(edit=elst((0, 0))),
    "an edit at another speed": movie(edit=elst((200, 0), rate=0x20000)),
    "an empty edit alone": movie(edit=elst((200, -1))),
    "an edit past the end": movie(edit=elst((200, 4000))),
    "an edit longer than time": movie(edit=elst((2**62, 0), version=1)),
    "a box shorter than its head": struct.pack(">I4s", 4, b"moov") + movie(),
    "a box longer than its parent": movie(stss=struct.pack(">I4s", 4000, b"stss")),
    "boxes without end": box(b"free") * 5000 + movie(),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_header_that_leaves_a_doubt_is_left_to_the_packets(doubt: str) -> None:
    assert read(DOUBTS[doubt]) is None


def test_no_damaged_header_raises_or_takes_much_memory(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "whole.mp4", 60, options={"x264-params": "keyint=12:bframes=3"}).read_bytes()
    start = whole.rindex(b"moov")
    dice = random.Random(0)
    for _ in range(2000):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 1, 2, 8])):
            damaged[dice.randrange(start, len(damaged))] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)])
        times = read(bytes(damaged[: dice.randrange(start, len(damaged))] if dice.random() < 0.1 else damaged))
        assert times is None or len(times.pts) <= 10_000


def test_a_film_whose_tables_are_corrupt_is_indexed_by_its_packets(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 60)
    expected = index_video(path).pts
    data = bytearray(path.read_bytes())
    place = data.index(b"stts") + 8
    data[place + 4 : place + 8] = struct.pack(">I", 59)  # of 60 samples
    path.write_bytes(data)
    assert stated(path) is None
    assert index_video(path).pts == expected


def test_only_the_header_is_read(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", 60)

    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Counting.taken += len(data)
            return data

    content = path.read_bytes()
    media = content.index(b"mdat") - 4
    blank = bytearray(content)
    blank[media + 16 : media + 2000] = bytes(1984)
    assert read_sample_times(Counting(bytes(blank)), 1) is not None
    assert Counting.taken < len(content) / 2


def test_two_hours_at_24_frames_per_second_are_read() -> None:
    count = 172_800
    head = movie(
        stts=full(b"stts", count, *([1, 512] * count)),
        ctts=full(b"ctts", count, *([1, 1024] * count)),
        stss=full(b"stss", count // 48, *range(1, count, 48)),
        stsz=full(b"stsz", 0, count, *([1] * count)),
        stsc=full(b"stsc", 1, 1, 1, 1),
        stco=full(b"stco", count, *range(count)),
    )
    times = read(head)
    assert times is not None
    assert np.array_equal(times.pts, np.arange(count) * 512 + 1024)
