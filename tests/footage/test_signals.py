from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from footage.spliced import signals_of, still
from rushes.errors import MediaError
from rushes.footage.signals import Signals, read_signals, write_signals


@pytest.fixture(scope="module")
def signals() -> Signals:
    return signals_of([*still(1, 20), *still(2, 15)])


def test_signals_are_read_as_they_were_written(tmp_path: Path, signals: Signals) -> None:
    path = tmp_path / "scans" / "film.parquet"
    write_signals(path, signals)
    read = read_signals(path)
    for field in fields(Signals):
        one, other = getattr(read, field.name), getattr(signals, field.name)
        if isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        else:
            assert one == other
    assert [file.name for file in path.parent.iterdir()] == ["film.parquet"]


def test_any_reader_of_parquet_finds_a_row_per_frame_and_plain_columns(tmp_path: Path, signals: Signals) -> None:
    write_signals(tmp_path / "film.parquet", signals)
    table = pl.read_parquet(tmp_path / "film.parquet")
    assert table.height == 35
    assert {"ordinal", "pts", "step", "brightness", "sharpness", "look", "pan_x", "zoom"} <= set(table.columns)
    assert pl.read_parquet_metadata(tmp_path / "film.parquet")["schema"] == "scan/3"


def test_a_file_that_is_no_scan_says_so(tmp_path: Path, signals: Signals) -> None:
    path = tmp_path / "film.parquet"
    with pytest.raises(MediaError, match="no such scan"):
        read_signals(path)
    path.write_bytes(b"not parquet at all")
    with pytest.raises(MediaError, match="not a scan that can be read"):
        read_signals(path)
    pl.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(MediaError, match="schema none; this rushes reads scan/3"):
        read_signals(path)
    write_signals(path, signals)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MediaError, match="not a scan that can be read"):
        read_signals(path)


def test_a_scan_whose_words_are_damaged_says_so(tmp_path: Path, signals: Signals) -> None:
    path = tmp_path / "film.parquet"
    write_signals(path, signals)
    about = pl.read_parquet_metadata(path)
    for key, text in (("source", None), ("rate", "25/0"), ("rate", "abc"), ("film_frames", "many")):
        words = {name: value for name, value in about.items() if name not in (key, "ARROW:schema")}
        pl.read_parquet(path).write_parquet(path, metadata=words | ({key: text} if text else {}))
        with pytest.raises(MediaError, match="not a scan that can be read"):
            read_signals(path)
        write_signals(path, signals)


def test_signals_have_one_row_per_frame(signals: Signals) -> None:
    with pytest.raises(ValueError, match="35 of pts, 34 of step"):
        replace(signals, step=signals.step[:-1])


def test_a_frame_tells_brightness_contrast_and_what_is_clipped() -> None:
    black, white = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8)
    half = black.copy()
    half[:45] = 255
    signals = signals_of([black, white, half])
    assert signals.brightness.tolist() == pytest.approx([0, 255, 127.5], abs=1)
    assert signals.contrast.tolist() == pytest.approx([0, 0, 127.5], abs=1)
    assert signals.dark.tolist() == pytest.approx([1, 0, 0.5], abs=0.02)
    assert signals.bright.tolist() == pytest.approx([0, 1, 0.5], abs=0.02)
    assert signals.colour.tolist() == pytest.approx([0, 0, 0], abs=1)


def test_colour_tells_red_from_grey() -> None:
    red = np.zeros((90, 160, 3), np.uint8)
    red[:, :, 0] = 220
    signals = signals_of([red])
    assert signals.colour[0] > 60


def test_sharpness_falls_with_blur() -> None:
    import cv2

    sharp = np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 3), np.uint8)
    signals = signals_of([sharp, blurred])
    assert signals.sharpness[1] < signals.sharpness[0] / 2
