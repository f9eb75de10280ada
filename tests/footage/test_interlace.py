from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.filter import Graph

from footage.painted import write_film
from rushes.footage.interlace import with_neighbours
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.footage.video_index import VideoIndex

WIDTH, HEIGHT, COUNT, STEP = 160, 96, 20, 4
DETAIL = np.s_[10:40, 4:28]  # one row light, one dark, and nothing moves
CODECS = {
    "h264.mp4": ("libx264", {"flags": "+ildct+ilme", "crf": "4", "g": "8", "bf": "2"}, "yuv420p"),
    "mpeg2.mkv": ("mpeg2video", {"flags": "+ildct+ilme", "qmin": "1", "qmax": "2", "g": "8", "bf": "2"}, "yuv422p"),
    "prores.mov": ("prores_ks", {"flags": "+ildct"}, "yuv422p10le"),
}


def picture_at(field: int) -> npt.NDArray[np.uint8]:
    """A light bar that has moved STEP columns with each field, beside still lines that are one row high."""
    pixels = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    pixels[10:40:2, :32] = 200
    left = 40 + STEP * (field % 16)
    pixels[:, left : left + 24] = 230
    return pixels


def write_interlaced(path: Path, *, top_first: bool = True) -> Path:
    codec, options, pixel_format = CODECS[path.name.removeprefix("bff_")]
    graph = Graph()
    source = graph.add_buffer(
        width=WIDTH, height=HEIGHT, format=av.VideoFormat(pixel_format), time_base=Fraction(1, 25)
    )
    fields = graph.add("setfield", "tff" if top_first else "bff")
    graph.link_nodes(source, fields, graph.add("buffersink")).configure()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        for ordinal in range(COUNT):
            first, second = picture_at(2 * ordinal), picture_at(2 * ordinal + 1)
            woven = first.copy()
            woven[1 if top_first else 0 :: 2] = second[1 if top_first else 0 :: 2]
            frame = av.VideoFrame.from_ndarray(woven, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = ordinal, Fraction(1, 25)
            graph.vpush(frame)
            frame = graph.vpull()
            frame.pict_type = 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pixels_of(path: Path, index: VideoIndex, ordinals: list[int], *, deinterlace: bool) -> list[npt.NDArray[np.uint8]]:
    found = list(decode_frames(path, index, ordinals, deinterlace=deinterlace))
    assert [frame.ordinal for frame in found] == ordinals
    assert [frame.pts for frame in found] == [index.pts[ordinal] for ordinal in ordinals]
    assert all(isinstance(frame, DecodedFrame) for frame in found)
    return [frame.pixels for frame in found if isinstance(frame, DecodedFrame)]


def comb(pixels: npt.NDArray[np.uint8]) -> float:
    """How far rows lie from the mean of the rows beside them."""
    rows = pixels[..., 1].astype(float)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


@pytest.mark.parametrize("name", CODECS)
def test_combs_go_and_still_detail_stays(tmp_path: Path, name: str) -> None:
    path = write_interlaced(tmp_path / name)
    index = index_video(path)
    assert (index.interlaced, index.frame_count) == (True, COUNT)
    middle = list(range(1, COUNT - 1))
    combed = pixels_of(path, index, middle, deinterlace=False)
    whole = pixels_of(path, index, middle, deinterlace=True)
    for before, after in zip(combed, whole, strict=True):
        assert comb(before[:, 40:]) > 5 > 1 > comb(after[:, 40:])
        assert abs(comb(after[DETAIL]) - comb(before[DETAIL])) < 0.1 * comb(before[DETAIL])


@pytest.mark.parametrize("top_first", [True, False])
def test_the_field_that_came_first_is_kept(tmp_path: Path, top_first: bool) -> None:
    path = write_interlaced(tmp_path / ("h264.mp4" if top_first else "bff_h264.mp4"), top_first=top_first)
    (whole,) = pixels_of(path, index_video(path), [5], deinterlace=True)
    assert np.abs(whole.astype(int) - picture_at(10))[:, 36:].mean() < 3


@pytest.mark.parametrize("name", CODECS)
def test_a_frame_comes_out_the_same_whichever_others_are_wanted(tmp_path: Path, name: str) -> None:
    path = write_interlaced(tmp_path / name)
    index = index_video(path)
    dense = pixels_of(path, index, list(range(COUNT)), deinterlace=True)
    for wanted in ([0], [7], [8], [9], [COUNT - 1], [0, 1], [3, 8, 16], [2, 4, 6], [15, 16, 17, 18]):
        for ordinal, sparse in zip(wanted, pixels_of(path, index, wanted, deinterlace=True), strict=True):
            assert np.array_equal(sparse, dense[ordinal]), (wanted, ordinal)


def test_a_film_that_is_not_interlaced_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_film(tmp_path / "plain.mp4", 12)
    index = index_video(path)
    assert not index.interlaced
    plain, asked = (pixels_of(path, index, [0, 5, 11], deinterlace=value) for value in (False, True))
    assert all(np.array_equal(one, other) for one, other in zip(plain, asked, strict=True))


def test_a_lost_frame_stays_lost_and_those_beside_it_are_made_whole(tmp_path: Path) -> None:
    path = write_interlaced(tmp_path / "prores.mov")
    index = index_video(path)
    with av.open(str(path)) as container:
        place, size = next((p.pos, p.size) for p in container.demux(video=0) if p.pts == index.pts[9])
    data = bytearray(path.read_bytes())
    data[place : place + size] = bytes(size)
    path.write_bytes(data)
    found = list(decode_frames(path, index, [7, 8, 9, 10], deinterlace=True))
    assert [(frame.ordinal, isinstance(frame, DecodedFrame)) for frame in found] == [
        (7, True), (8, True), (9, False), (10, True),
    ]  # fmt: skip
    assert comb(found[1].pixels[:, 40:]) < 1  # type: ignore[union-attr]


def test_the_frames_beside_the_wanted_ones_are_looked_at() -> None:
    assert with_neighbours([0, 5, 6, 19], 20) == [0, 1, 4, 5, 6, 7, 18, 19]


def test_a_real_interlaced_film_loses_its_combs(media: Path) -> None:
    path = media / "videos" / "formats" / "interlaced_tff_h264.mp4"
    index = index_video(path)
    assert (index.interlaced, index.frame_count) == (True, 126)
    wanted = [10, 40, 80, 120]
    combed = pixels_of(path, index, wanted, deinterlace=False)
    whole = pixels_of(path, index, wanted, deinterlace=True)
    for before, after in zip(combed, whole, strict=True):
        assert comb(after) < 0.85 * comb(before)
