"""What a model is shown, as one picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from learning.tiny import TASK, TinyProject
from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.augment import AUGMENTATIONS, Augmentation
from rushes.learning.sheet import (
    AUGMENTED,
    CLASSES_SHOWN,
    SHEET_BYTES,
    columns_of_sheet,
    pictures_of_classes,
    rows_of_sheet,
    write_sheet,
)

SHOWN = Preprocessing(64, 64)
RED = np.full((90, 160, 3), (255, 0, 0), np.uint8)
GREEN = np.full((200, 100, 3), (0, 255, 0), np.uint8)


def opened(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGBA"))


def columns_shown(row: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, stop) of each run of columns that are not transparent in the middle of a row."""
    solid = np.concatenate([[False], row[row.shape[0] // 2, :, 3] > 0, [False]]).astype(int)
    return list(zip(np.flatnonzero(np.diff(solid) == 1), np.flatnonzero(np.diff(solid) == -1), strict=True))


def test_a_row_is_a_picture_as_it_is_as_it_is_prepared_and_six_times_augmented(tmp_path: Path) -> None:
    path = tmp_path / "sheet.webp"
    write_sheet(path, [[RED], [GREEN]], preprocessing=SHOWN, augmentations=[AUGMENTATIONS["light"]] * 2)
    rows = [opened(row) for row in rows_of_sheet(path.read_bytes())]
    assert len(rows) == 2
    assert [len(columns_shown(row)) for row in rows] == [2 + AUGMENTED] * 2
    for row, channel in zip(rows, (0, 1), strict=True):
        start, stop = columns_shown(row)[0]
        assert row[row.shape[0] // 2, (start + stop) // 2, :3].argmax() == channel
    wide, tall = (columns_shown(row)[0] for row in rows)
    assert wide[1] - wide[0] > 1.7 * rows[0].shape[0] > tall[1] - tall[0]


def test_a_sheet_says_where_its_columns_are(tmp_path: Path) -> None:
    path = tmp_path / "sheet.webp"
    write_sheet(path, [[GREEN], [RED]], preprocessing=SHOWN, augmentations=[AUGMENTATIONS["light"]] * 2)
    width, columns = columns_of_sheet(path.read_bytes())
    assert len(columns) == 2 + AUGMENTED
    assert columns == columns_shown(opened(rows_of_sheet(path.read_bytes())[1]))  # that of the wider picture
    assert (columns[0][0], columns[-1][1]) == (0, width)


def test_without_augmentation_pictures_stand_beside_what_the_model_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "sheet.webp"
    write_sheet(path, [[RED, GREEN], [GREEN]], preprocessing=SHOWN)
    first, second = (opened(row) for row in rows_of_sheet(path.read_bytes()))
    assert len(columns_shown(first)) == 4
    assert len(columns_shown(second)) == 2


def test_gray_input_and_a_class_without_a_readable_picture_are_drawn_too(tmp_path: Path) -> None:
    path = tmp_path / "sheet.webp"
    gray = Preprocessing(32, 48, color="gray", mean=(0.5,), std=(0.5,))
    write_sheet(path, [[], [RED]], preprocessing=gray, augmentations=[Augmentation()] * 2)
    empty, shown = (opened(row) for row in rows_of_sheet(path.read_bytes()))
    assert columns_shown(empty) == []
    start, stop = columns_shown(shown)[1]
    colour = shown[shown.shape[0] // 2, (start + stop) // 2, :3].astype(int)
    assert np.ptp(colour) <= 6


def test_nothing_to_show_is_a_sheet_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "sheet.webp"
    write_sheet(path, [[], []], preprocessing=SHOWN)
    assert [columns_shown(opened(row)) for row in rows_of_sheet(path.read_bytes())] == [[], []]
    with pytest.raises(ValueError, match="no sheet"):
        rows_of_sheet(b"not a picture")


def test_a_sheet_of_noise_stays_small_and_is_the_same_twice(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    noise = [[dice.integers(0, 256, (180, 320, 3)).astype(np.uint8)] for _ in range(CLASSES_SHOWN)]
    written = []
    for name in ("a.webp", "b.webp"):
        write_sheet(
            tmp_path / name, noise, preprocessing=Preprocessing(112, 112),
            augmentations=[AUGMENTATIONS["strong"]] * CLASSES_SHOWN, seed=3,
        )  # fmt: skip
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert len(written[0]) <= 1.4 * SHEET_BYTES


def test_training_pictures_are_chosen_by_the_seed_and_unreadable_ones_passed_over(project: TinyProject) -> None:
    rows = [row for row in project.rows if row.group == "film-a"]
    first = pictures_of_classes(rows, TASK.classes, project_root=project.root, seed=0, each=2)
    assert [len(held) for held in first] == [2, 2, 2]
    again = pictures_of_classes(rows, TASK.classes, project_root=project.root, seed=0, each=2)
    np.testing.assert_array_equal(first[0][0], again[0][0])
    for row in rows[1:4]:  # three of four of the first class
        (project.root / row.img_ref).write_bytes(b"")
    left = pictures_of_classes(rows, TASK.classes, project_root=project.root, seed=0, each=2)
    assert len(left[0]) == 1
    assert [len(held) for held in left[1:]] == [2, 2]
