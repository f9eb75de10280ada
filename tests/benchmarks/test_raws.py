from __future__ import annotations

import numpy as np

from rushes.datasets.synthetic.dng import format_dng
from rushes.footage.picture import encode_picture
from rushes.footage.raw import read_raw


def test_the_raw_that_is_measured_is_one_and_its_preview_is_found(tmp_path):
    mosaic = np.full((800, 1200), 3000, np.uint16)
    preview = np.zeros((720, 1080, 3), np.uint8)
    preview[:, :540] = (200, 40, 40)
    path = tmp_path / "measured.dng"
    path.write_bytes(format_dng(mosaic, encode_picture(preview), 1080))
    shown = read_raw(path)
    assert (shown.width_pixels, shown.height_pixels) == (1200, 800)
    assert shown.pixels.shape == (720, 1080, 3)
    assert abs(int(shown.pixels[300, 100, 0]) - 200) < 8
