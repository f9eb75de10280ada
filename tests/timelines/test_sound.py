"""Whether a film has sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from footage.painted import write_film
from rushes.errors import MediaError
from rushes.timelines.sound import has_sound


def write_talkie(path: Path) -> Path:
    """Write a film of one picture and a moment of silence."""
    with av.open(str(path), "w") as container:
        picture, voice = container.add_stream("mpeg4", rate=25), container.add_stream("aac", rate=8000, layout="mono")
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux([*voice.encode(frame), *voice.encode(None)])
    return path


def test_a_film_with_a_sound_track_has_sound(tmp_path: Path) -> None:
    assert has_sound(write_talkie(tmp_path / "talkie.mp4"))
    assert not has_sound(write_film(tmp_path / "silent.mp4", 3))


def test_a_file_that_is_no_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        has_sound(tmp_path / "gone.mp4")
