from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rushes.evaluation.thumbnails import read_thumbnail, read_thumbnails
from storage.servers import web_server


def write_picture(path, size, *, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(path)


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "RGB"), ("a.png", "RGBA"), ("a.png", "P"), ("a.jpg", "L")])
def test_a_picture_is_shrunk_to_its_longest_side(tmp_path, name, mode):
    write_picture(tmp_path / name, (400, 200), mode=mode)
    thumbnail = read_thumbnail(tmp_path / name, side_pixels=100)
    assert (thumbnail.width_pixels, thumbnail.height_pixels) == (100, 50)
    assert Image.open(io.BytesIO(thumbnail.data)).format == "WEBP"
    assert thumbnail.uri.startswith("data:image/webp;base64,")


def test_a_small_picture_is_not_enlarged(tmp_path):
    write_picture(tmp_path / "a.jpg", (40, 30))
    assert read_thumbnail(tmp_path / "a.jpg", side_pixels=100).width_pixels == 40


def test_a_picture_that_cannot_be_read_is_a_value_not_an_error(tmp_path):
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.jpg").touch()
    for path in ("text.jpg", "empty.jpg", "missing.jpg", ""):
        assert read_thumbnail(tmp_path / path, side_pixels=100) is None


def test_thumbnails_stop_at_the_budget_and_the_most_important_come_first(tmp_path):
    for row in range(6):
        write_picture(tmp_path / f"{row}.jpg", (300, 200))
    images = [f"{row}.jpg" for row in range(6)]
    one = len(read_thumbnail(tmp_path / "0.jpg", side_pixels=320).data)
    assert list(read_thumbnails([4, 2, 5, 0], images, tmp_path, budget_bytes=int(one * 2.5))) == [4, 2]


def test_pictures_in_a_store_are_shown_and_those_that_cannot_be_had_are_not(tmp_path):
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    write_picture(tmp_path / "a.jpg", (300, 200))
    with web_server() as web:
        address = web.put("/a.jpg", (tmp_path / "a.jpg").read_bytes()) + "?X-Amz-Signature=hush"
        notes = []
        images = ["a.jpg", address, f"{web.base}/gone.jpg", "gopher://hush/a.jpg"]
        found = read_thumbnails(
            [3, 2, 1, 0],
            images,
            tmp_path,
            budget_bytes=100_000,
            progress=lambda done, total, note="": notes.append(note),
        )
    assert (found[3], found[2]) == (None, None)
    assert found[0] is not None
    assert found[1] == found[0]
    assert notes == ["gopher://…", f"{web.base}/gone.jpg", f"{web.base}/a.jpg?…", "a.jpg"]


def test_a_lost_picture_costs_nothing_and_is_kept_in_place(tmp_path):
    write_picture(tmp_path / "1.jpg", (30, 20))
    seen = []
    found = read_thumbnails(
        [0, 1],
        ["0.jpg", "1.jpg"],
        tmp_path,
        budget_bytes=10_000,
        progress=lambda done, total, note="": seen.append(done),
    )
    assert found[0] is None
    assert found[1] is not None
    assert seen == [0, 1]
