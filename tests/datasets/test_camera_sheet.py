"""The sheet of virtual clips shows some of each movement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.test_camera_clips import write_still
from rushes.datasets.synthetic.camera_clips import make_clips, stills_in
from rushes.datasets.synthetic.camera_sheet import write_clip_sheet


def test_a_sheet_has_a_strip_and_curves_for_clips_of_each_movement(tmp_path: Path) -> None:
    write_still(tmp_path / "stills" / "one.png", 1)
    clips = make_clips(tmp_path / "clips", stills_in(tmp_path / "stills"), count=8, width=64)
    large = write_clip_sheet(tmp_path / "sheet.png", clips, each=2)
    small = write_clip_sheet(tmp_path / "sheet.jpg", clips[:4], each=1)
    with Image.open(large) as image, Image.open(small) as other:
        assert image.width == other.width
        assert image.height > 1.6 * other.height
        pixels = np.asarray(image.convert("RGB"), int)
    zoom_curve = (np.abs(pixels - (0xFF, 0x9A, 0x4D)).max(axis=2) < 8).sum()
    assert zoom_curve > 8 * 1000


def test_a_sheet_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a sheet needs clips"):
        write_clip_sheet(tmp_path / "sheet.png", [])
