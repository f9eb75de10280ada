"""How stored pictures are stored, told from the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.photographed import coloured, confetti
from rushes.datasets.stored_form import StoredForm, find_stored_form, form_of
from rushes.footage.photo import read_photo
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow

PIXELS = coloured(confetti(width=90, height=60))


@pytest.mark.parametrize("quality", [1, 50, 75, 90, 95, 100])
def test_a_jpeg_states_its_quality_and_is_stored_so_again(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_picture(PIXELS, "jpeg", quality))
    form = form_of(path, webp_quality=1)
    assert form == StoredForm("jpeg", quality)
    np.testing.assert_array_equal(form.applied_to(PIXELS), read_photo(path).pixels)


def test_a_png_loses_nothing_and_a_webp_is_taken_for_what_the_project_says(tmp_path: Path) -> None:
    for end in ("png", "webp"):
        (tmp_path / f"a.{end}").write_bytes(encode_picture(PIXELS, end, 70))  # type: ignore[arg-type]
    png, webp = (form_of(tmp_path / f"a.{end}", webp_quality=70) for end in ("png", "webp"))
    assert png == StoredForm("png", 100)
    np.testing.assert_array_equal(png.applied_to(PIXELS), PIXELS)
    assert webp == StoredForm("webp", 70)
    np.testing.assert_array_equal(webp.applied_to(PIXELS), read_photo(tmp_path / "a.webp").pixels)


def test_what_something_else_stored_has_no_form(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", qtables=[list(range(1, 65)), list(range(2, 66))])
    Image.fromarray(PIXELS).save(tmp_path / "a.gif")
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    assert [form_of(tmp_path / name, webp_quality=90) for name in ("a.jpg", "a.gif", "b.jpg")] == [None] * 3


def test_most_pictures_speak_for_all_and_one_that_is_gone_for_none(tmp_path: Path) -> None:
    for name, quality in (("a", 80), ("b", 90), ("c", 90)):
        (tmp_path / f"{name}.jpg").write_bytes(encode_picture(PIXELS, "jpeg", quality))
    rows = [ManifestRow(f"{name}.jpg", "keep") for name in "abcd"]
    assert find_stored_form(rows, project_root=tmp_path, webp_quality=90) == StoredForm("jpeg", 90)
    assert find_stored_form(rows[3:], project_root=tmp_path, webp_quality=90) is None


@pytest.mark.parametrize("table", [{"format": "gif", "quality": 90}, {"format": "jpeg", "quality": 0}])
def test_a_table_that_describes_none_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no form of stored pictures"):
        StoredForm.from_table(table)
    assert StoredForm.from_table(StoredForm("webp", 70).to_table()) == StoredForm("webp", 70)
