from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rushes.footage.hdr import (
    PRIMARIES_BT709,
    PRIMARIES_BT2020,
    PRIMARIES_P3,
    TRANSFER_HLG,
    TRANSFER_PQ,
    is_wide,
    narrow,
    tone_map,
)
from rushes.footage.video import DecodedFrame, decode_frames, index_video


def grays(*codes: float) -> npt.NDArray[np.uint16]:
    return np.repeat(np.rint(np.array(codes) * 65535).astype(np.uint16)[None, :, None], 3, axis=2)


def shown(pixels: npt.NDArray[np.uint8]) -> list[int]:
    return [int(value) for value in pixels[0, :, 1]]


def test_the_two_transfers_show_the_same_light_the_same() -> None:
    # BT.2408: paper white, 203 nits, is 58 % of PQ and 75 % of HLG; a grey card, 26 nits, is 38 % of both.
    pq = shown(tone_map(grays(0.5807, 0.3800), TRANSFER_PQ))
    hlg = shown(tone_map(grays(0.7500, 0.3800), TRANSFER_HLG))
    assert np.abs(np.subtract(pq, hlg)).max() <= 2
    assert 220 < pq[0] < 235
    assert 95 < pq[1] < 110


@pytest.mark.parametrize("transfer", [TRANSFER_PQ, TRANSFER_HLG])
def test_brighter_light_is_shown_brighter_up_to_the_peak(transfer: int) -> None:
    peak = 0.7518 if transfer == TRANSFER_PQ else 1.0  # 1,000 nits
    levels = shown(tone_map(grays(*np.linspace(0, peak, 40)), transfer))
    assert (levels[0], levels[-1]) == (0, 255)
    assert levels == sorted(levels)
    assert len(set(levels[-8:])) >= 6  # highlights keep their drawing
    assert shown(tone_map(grays(1.0), transfer)) == [255]


@pytest.mark.parametrize("transfer", [TRANSFER_PQ, TRANSFER_HLG])
@pytest.mark.parametrize("primaries", [PRIMARIES_BT709, PRIMARIES_BT2020, PRIMARIES_P3, 2])
def test_gray_stays_gray(transfer: int, primaries: int) -> None:
    pixels = tone_map(grays(*np.linspace(0, 1, 200)), transfer, primaries).astype(int)
    assert (pixels.max(axis=2) - pixels.min(axis=2)).max() <= 1


@pytest.mark.parametrize("primaries", [PRIMARIES_BT2020, PRIMARIES_P3])
def test_narrowing_keeps_gray_and_strengthens_colour(primaries: int) -> None:
    levels = np.arange(256, dtype=np.uint16) * 257
    gray = np.repeat(levels[None, :, None], 3, axis=2)
    assert np.abs(narrow(gray, primaries).astype(int) - np.arange(256)[None, :, None]).max() <= 1
    muted = np.array([[[150, 110, 100]]], np.uint16) * 257
    red, green, blue = (int(value) for value in narrow(muted, primaries)[0, 0])
    assert red > 150
    assert green < 110
    assert blue <= 100


def test_narrowing_is_what_zimg_computes() -> None:
    # By ffmpeg -vf zscale=pin=2020:tin=709:min=gbr:rin=full:p=709:t=709:m=gbr:r=full.
    pixels = np.array([[[128, 128, 128], [200, 100, 50], [220, 30, 30], [30, 30, 220], [50, 180, 60], [90, 100, 80]]])
    expected = [[128, 128, 128], [240, 73, 18], [255, 0, 0], [0, 5, 230], [0, 189, 0], [84, 101, 77]]
    found = narrow((pixels * 257).astype(np.uint16), PRIMARIES_BT2020)[0]
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_what_is_not_known_to_be_wide_is_left_alone() -> None:
    assert [is_wide(primaries) for primaries in (0, 1, 2, 5, 6, 9, 12)] == [False] * 5 + [True] * 2


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("formats/hlg10-color-test.mp4", (1920, 1080)),
        ("formats/hdr10-av1.mp4", (720, 1280)),
        ("nasa_13013_hevc10_hdr.mp4", (320, 180)),
    ],
)
def test_real_high_dynamic_range_is_neither_washed_out_nor_burnt_out(
    media: Path, name: str, size: tuple[int, int]
) -> None:
    path = media / "videos" / name
    index = index_video(path)
    frame = next(iter(decode_frames(path, index, [index.frame_count // 2])))
    assert isinstance(frame, DecodedFrame)
    assert frame.pixels.shape == (size[1], size[0], 3)
    brightest = frame.pixels.max(axis=2)
    assert np.percentile(brightest, 1) < 60
    assert np.percentile(brightest, 99) > 200
    assert (frame.pixels.min(axis=2) > 252).mean() < 0.05
