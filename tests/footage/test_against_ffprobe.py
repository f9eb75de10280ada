"""The index of a film beside what ffprobe says of it, frame by frame."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from footage.painted import write_film
from rushes.footage.video import index_video

VARIABLE = [0, 20, 60, 61, 90, 150, 151, 180, 240, 300, 301, 330]


def times_by_ffprobe(ffprobe: str, path: Path) -> list[Fraction | None]:
    """Return the time of every frame that ffprobe decodes, in seconds, in presentation order; None for one without."""
    words = ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts:stream=time_base", "-of", "json"]
    done = subprocess.run([ffprobe, *words, str(path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    time_base = Fraction(found["streams"][0]["time_base"])
    return [frame["pts"] * time_base if "pts" in frame else None for frame in found["frames"]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("constant.mp4", {}),
        ("ntsc.mov", {"rate": Fraction(24000, 1001)}),
        ("variable.mp4", {"times": VARIABLE, "frame_count": len(VARIABLE)}),
        ("motion.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
        ("mpeg.mkv", {"codec": "mpeg2video"}),
        ("hevc.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10"}}),
        ("vp9.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
        ("prores.mov", {"codec": "prores_ks", "pixel_format": "yuv422p10le"}),
    ],
)
def test_the_index_is_what_ffprobe_decodes(ffprobe: str, tmp_path: Path, name: str, options: dict[str, object]) -> None:
    path = write_film(tmp_path / name, **options)  # type: ignore[arg-type]
    index = index_video(path)
    assert [pts * index.time_base for pts in index.pts] == times_by_ffprobe(ffprobe, path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "videos/chaplin_360p.mp4",
        "videos/nosferatu_1922_480p.mp4",
        "videos/mdn_talking_head_60fps.mp4",
        "videos/nasa_13013_hevc10_hdr.mp4",
        "videos/formats/streamio_awesome_vfr.mov",
        "videos/formats/sample_sef_super_slow_motion.mp4",
        "videos/formats/bear-vp9-odd-dimensions.webm",
    ],
)
def test_the_index_of_a_real_film_is_what_ffprobe_decodes(ffprobe: str, media: Path, name: str) -> None:
    index = index_video(media / name)
    assert [pts * index.time_base for pts in index.pts] == times_by_ffprobe(ffprobe, media / name)
