"""Measures of stored photographs: taken once, kept under what the pictures hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from footage.photographed import blurred, coloured, confetti
from rushes.datasets.photo_measures import read_photo_measures
from rushes.errors import MediaError, WeightsError
from rushes.footage.photo_measures import PhotoMeasures, measure_photograph
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.storage.files import digest_of_bytes


def stored(folder: Path, pictures: dict[str, np.ndarray]) -> list[ManifestRow]:
    """Put pictures into a folder and return the rows that name them."""
    rows = []
    for name, pixels in pictures.items():
        data = encode_picture(pixels, "png")
        (folder / name).write_bytes(data)
        rows.append(ManifestRow(name, "keep", sha256=digest_of_bytes(data)))
    return rows


def measures(
    folder: Path, rows: list[ManifestRow], *, faces: Path | None = None
) -> dict[str, PhotoMeasures | MediaError]:
    return read_photo_measures(rows, project_root=folder, cache_folder=folder / "cache", faces=faces, threads=2)


def test_kept_measures_are_those_of_the_picture_and_are_not_taken_again(tmp_path: Path) -> None:
    sharp = coloured(confetti(width=120, height=80))
    rows = stored(tmp_path, {"sharp.png": sharp, "soft.png": blurred(sharp, 3)})
    found = measures(tmp_path, rows)
    sharper, softer = found.values()
    assert isinstance(sharper, PhotoMeasures)
    assert isinstance(softer, PhotoMeasures)
    assert sharper.brightness == pytest.approx(measure_photograph(sharp).brightness)
    assert sharper.sharpness > softer.sharpness
    for row in rows:
        (tmp_path / row.img_ref).unlink()
    assert str(measures(tmp_path, rows)) == str(found)  # NaN is not equal to itself
    shutil.rmtree(tmp_path / "cache")
    assert all(isinstance(one, MediaError) for one in measures(tmp_path, rows).values())


def test_a_picture_that_cannot_be_read_is_a_value(tmp_path: Path) -> None:
    rows = stored(tmp_path, {"there.png": np.full((8, 8, 3), 9, np.uint8)})
    found = measures(tmp_path, [*rows, ManifestRow("gone.png", "keep", sha256="0" * 64)])
    assert isinstance(found["there.png"], PhotoMeasures)
    assert "gone.png" in str(found["gone.png"])


def test_a_detector_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"faces\.onnx is missing"):
        measures(tmp_path, [], faces=tmp_path / "faces.onnx")


def test_measures_with_and_without_a_detector_are_kept_apart(tmp_path: Path, media: Path) -> None:
    rows = stored(tmp_path, {"one.png": coloured(confetti(width=120, height=80))})
    detector = media / "weights" / "face_detection_yunet_n_640.onnx"
    without, found = measures(tmp_path, rows)["one.png"], measures(tmp_path, rows, faces=detector)["one.png"]
    assert isinstance(without, PhotoMeasures)
    assert isinstance(found, PhotoMeasures)
    assert np.isnan(without.faces)
    assert found.faces == 0
