"""Previews as drawn sheets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.previewed import TASK, noise, small_project, write_project, write_row
from rushes.datasets.preview import ClassView, LostSample, read_preview
from rushes.datasets.preview_sheet import draw_preview, plan_sheet
from rushes.labels.manifest import ManifestRow
from rushes.timelines.drawn import ACCENT, PAPER


def colours_of(pixels: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, pixels.reshape(-1, 3).tolist()))


def test_frames_stand_in_their_cells_beside_their_standardised_pictures_and_curves(tmp_path: Path) -> None:
    rows = [
        write_row(tmp_path, name, class_name, np.where(noise(1)[:, :, :1] > 128, colour, 0).astype(np.uint8))
        for name, class_name, colour in (("a", "Junk", (200, 0, 0)), ("b", "Common", (0, 200, 0)))
    ]
    found = read_preview(write_project(tmp_path, rows).manifest, root=tmp_path, task=TASK)
    sheet, layout = np.asarray(draw_preview(found)), plan_sheet(found)
    assert sheet.shape[1] == layout.width
    assert layout.columns == 1
    assert layout.view_height == round(300 / (64 / 36))
    top = 178 + 62
    frame = sheet[top : top + layout.view_height, 44:344]
    gray = sheet[top : top + layout.view_height, 354:654]
    plot = sheet[top : top + layout.view_height, 664:994]
    assert frame[:, :, 0].max() > 150
    assert frame[:, :, 1:].max() < 40
    assert (gray.max(axis=2) - gray.min(axis=2)).max() == 0
    assert (gray.min(), gray.max()) == (0, 255)
    assert ACCENT in colours_of(plot)


def test_a_sheet_with_flat_missing_and_broken_pictures_can_be_drawn(tmp_path: Path) -> None:
    found = read_preview(small_project(tmp_path).manifest, root=tmp_path, task=TASK)
    layout = plan_sheet(found)
    sheet = draw_preview(found)
    assert layout.columns == 2
    assert sheet.size == (
        layout.width,
        178 + sum(layout.height_of_class(len(view.samples)) for view in found.classes) + 44,
    )
    assert np.asarray(sheet)[:, :20].max(axis=(0, 1)).tolist() == list(PAPER)


@pytest.mark.parametrize("count", [0, 1, 70])
def test_sheets_of_any_number_of_samples_can_be_drawn_even_if_none_is_there(tmp_path: Path, count: int) -> None:
    long = "名前 " + "a very long name of a frame " * 20
    lost = [
        LostSample(ManifestRow(f"{number}.png", "Common", name=long, group=long), "the file is missing. " * 40)
        for number in range(count)
    ]
    found = read_preview(small_project(tmp_path).manifest, root=tmp_path, task=TASK)
    found = replace(found, manifest=long, classes=(ClassView(long, 1000, tuple(lost)), ClassView("empty", 0, ())))
    assert plan_sheet(found).columns == {0: 1, 1: 1, 70: 3}[count]
    sheet = np.asarray(draw_preview(found))
    assert sheet[:, -20:].max(axis=(0, 1)).tolist() == list(PAPER)
