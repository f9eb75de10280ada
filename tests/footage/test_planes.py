from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from footage.painted import write_film
from footage.spliced import picture
from rushes.footage.planes import Shrinker, shrink
from rushes.footage.video import index_video

CASES = [
    ("yuv420p.mkv", "ffv1", "yuv420p"),
    ("yuv422p10.mkv", "ffv1", "yuv422p10le"),
    ("yuv444p.mkv", "ffv1", "yuv444p"),
    ("yuv420p12.mkv", "ffv1", "yuv420p12le"),
    ("yuvj.avi", "mjpeg", "yuvj420p"),
    ("gray.mkv", "ffv1", "gray"),
    ("rgb.mkv", "ffv1", "bgr0"),
]


@pytest.mark.parametrize(("name", "codec", "layout"), CASES)
def test_luma_is_full_range_whatever_the_pixel_format(tmp_path: Path, name: str, codec: str, layout: str) -> None:
    path = write_film(tmp_path / name, 2, codec=codec, pixel_format=layout)
    index = index_video(path)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        small = Shrinker(index.width_pixels, index.height_pixels, index.flip)(frame)
        grey = np.asarray(frame.reformat(format="gray", dst_color_range="JPEG").to_ndarray(), np.uint8)
    wanted = cv2.resize(grey, small.luma.shape[::-1], interpolation=cv2.INTER_AREA)
    assert small.luma.shape == (107, 160)
    assert np.abs(small.luma.astype(int) - wanted).mean() < 4


def test_small_pictures_stand_upright_with_square_pixels(tmp_path: Path) -> None:
    for rotation, aspect, shape in ((0, None, (107, 160)), (90, None, (160, 107)), (0, Fraction(2), (53, 160))):
        path = write_film(tmp_path / f"{rotation}-{shape[0]}.mp4", 2, rotation=rotation, aspect=aspect)
        index = index_video(path)
        with av.open(str(path)) as container:
            small = Shrinker(index.width_pixels, index.height_pixels, index.flip)(next(container.decode(video=0)))
        assert small.luma.shape == shape
        assert small.blue.shape == small.red.shape == (5, 8)


def test_a_turned_film_has_its_colours_where_they_are_seen(tmp_path: Path) -> None:
    path = write_film(tmp_path / "turned.mp4", 2, rotation=180)
    index = index_video(path)
    with av.open(str(path)) as container:
        small = Shrinker(index.width_pixels, index.height_pixels, index.flip)(next(container.decode(video=0)))
    # Painted: red at the bottom left, blue at the bottom right; half a turn brings them to the top.
    assert small.red[0, -1] > 150 > small.red[0, 0]
    assert small.blue[0, 0] > 150 > small.blue[0, -1]


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (854, 480), (720, 1280), (161, 121), (80, 45)])
def test_shrinking_comes_close_to_a_true_average(width: int, height: int) -> None:
    plane = cv2.resize(picture(1)[:, :, 1], (width, height), interpolation=cv2.INTER_AREA)
    small = shrink(np.asarray(plane, np.uint8), 40, 22)
    wanted = cv2.resize(plane, (40, 22), interpolation=cv2.INTER_AREA)
    assert small.shape == (22, 40)
    assert np.abs(small.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize(("width", "height"), [(33, 17), (7, 5), (2, 300), (1, 1)])
def test_the_smallest_planes_have_a_small_picture_too(width: int, height: int) -> None:
    assert shrink(np.full((height, width), 77, np.uint8), 40, 22).tolist() == [[77] * 40] * 22


@pytest.mark.parametrize("layout", ["nv12", "yuyv422", "uyvy422", "p010le", "yuv420p10be", "yuv422p", "yuv444p12le"])
@pytest.mark.parametrize("stated", [0, 1])
def test_the_limited_range_is_stretched_once_in_every_layout(layout: str, stated: int) -> None:
    grey = np.tile(np.linspace(0, 255, 320, dtype=np.uint8), (180, 1))
    source = av.VideoFrame.from_ndarray(np.repeat(grey[:, :, None], 3, axis=2), format="rgb24")
    frame = source.reformat(format=layout, dst_color_range="MPEG")
    frame.color_range = stated
    small = Shrinker(320, 180, 0)(frame)
    assert abs(float(small.luma.mean()) - 127.5) < 1.5
    assert abs(float(small.luma.std()) - 73.6) < 1.5
