from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rushes.datasets.picture_facts import PictureFacts, measure_picture, read_picture_facts
from rushes.errors import MediaError
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.storage.files import digest_of_bytes
from rushes.storage.pictures import PICTURES_FOLDER
from scale.hanging import HUNG, Hanging
from storage.servers import web_server


def gray(levels: list[list[int]]) -> np.ndarray:
    return np.repeat(np.array(levels, np.uint8)[:, :, None], 3, axis=2)


def test_the_facts_of_four_pixels_are_those_worked_by_hand() -> None:
    found = measure_picture(gray([[0, 255], [0, 255]]))
    assert (found.width, found.height, found.aspect) == (2, 2, 1.0)
    assert found.brightness == pytest.approx(0.5)
    assert found.contrast == pytest.approx(0.5)
    assert found.sharpness == pytest.approx(255**2 / 2)  # two steps of 255 across, two of 0 down
    assert (found.clipped_dark, found.clipped_bright) == (0.5, 0.5)


def test_what_is_all_but_black_or_white_is_clipped_and_what_is_not_quite_is_not() -> None:
    found = measure_picture(gray([[4, 5, 250, 251]]))
    assert (found.clipped_dark, found.clipped_bright) == (0.25, 0.25)
    assert found.aspect == 4


def test_green_is_brighter_than_blue() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[:, :, 1] = 255
    assert measure_picture(pixels).brightness == pytest.approx(0.587, abs=0.003)
    assert measure_picture(pixels[:, :, [0, 2, 1]]).brightness == pytest.approx(0.114, abs=0.003)


def test_a_picture_of_one_pixel_has_no_steps() -> None:
    found = measure_picture(gray([[128]]))
    assert (found.sharpness, found.contrast) == (0.0, 0.0)


def test_a_larger_copy_of_a_picture_is_as_bright_and_as_sharp() -> None:
    dice = np.random.default_rng(3)
    small = gray(dice.integers(0, 256, (128, 512)).tolist())
    large = np.kron(small, np.ones((3, 3, 1), np.uint8))
    one, other = measure_picture(small), measure_picture(large)
    assert (other.width, other.height) == (1536, 384)
    assert replace(other, width=512, height=128) == one


def test_a_blurred_picture_is_less_sharp() -> None:
    import cv2

    dice = np.random.default_rng(3)
    pixels = gray(dice.integers(0, 256, (90, 160)).tolist())
    assert measure_picture(cv2.GaussianBlur(pixels, (5, 5), 2)).sharpness < 0.1 * measure_picture(pixels).sharpness


@settings(max_examples=40)
@given(
    pixels=st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda size: arrays(np.uint8, (*size, 3))),
)
def test_facts_stay_within_their_ranges(pixels: np.ndarray) -> None:
    found = measure_picture(pixels)
    assert (found.height, found.width) == pixels.shape[:2]
    assert 0 <= found.brightness <= 1
    assert 0 <= found.contrast <= 0.5 + 1e-6
    assert 0 <= found.sharpness <= 255**2
    assert 0 <= found.clipped_dark + found.clipped_bright <= 1


def test_a_picture_and_its_mirror_have_the_same_facts() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    one, other = measure_picture(pixels), measure_picture(pixels[:, ::-1])
    assert one.sharpness == pytest.approx(other.sharpness)
    assert one.brightness == pytest.approx(other.brightness)


class Folder:
    """Pictures of one gray level each, and the rows that name them."""

    def __init__(self, root: Path, levels: list[int]) -> None:
        self.root = root
        self.rows = []
        for number, level in enumerate(levels):
            data = encode_picture(np.full((6, 8, 3), level, np.uint8), "png")
            (root / f"{number}.png").write_bytes(data)
            self.rows.append(ManifestRow(f"{number}.png", "MS", sha256=digest_of_bytes(data)))

    def facts(self, rows: list[ManifestRow] | None = None) -> dict[str, PictureFacts | MediaError]:
        return read_picture_facts(
            self.rows if rows is None else rows, project_root=self.root, cache_folder=self.root / "cache", threads=2
        )


def test_facts_stand_in_the_order_of_the_rows_and_are_those_of_each_picture(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [0, 51, 255])
    found = folder.facts()
    assert list(found) == ["0.png", "1.png", "2.png"]
    assert [round(facts.brightness, 6) for facts in found.values() if isinstance(facts, PictureFacts)] == [0, 0.2, 1]
    assert found["2.png"] == PictureFacts(8, 6, 1.0, 0.0, 0.0, 0.0, 1.0)


def test_what_was_measured_is_not_read_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 200])
    first = folder.facts()
    for picture in tmp_path.glob("*.png"):
        picture.unlink()
    assert folder.facts() == first
    shutil.rmtree(tmp_path / "cache")
    assert all(isinstance(one, MediaError) for one in folder.facts().values())


def test_a_picture_on_which_a_decoder_hangs_is_a_value(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 200])
    found = read_picture_facts(
        folder.rows, project_root=tmp_path, cache_folder=tmp_path / "cache", threads=1, engine=Hanging(1)
    )
    assert isinstance(found["0.png"], PictureFacts)
    assert isinstance(found["1.png"], MediaError)
    assert found["1.png"].reason == HUNG


def test_a_picture_under_another_name_is_known_by_its_digest(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10])
    (first,) = folder.facts().values()
    assert folder.facts([replace(folder.rows[0], img_ref="elsewhere.png")]) == {"elsewhere.png": first}


def test_a_picture_that_cannot_be_read_is_a_value_and_nothing_is_kept_of_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 20, 30])
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").unlink()
    lost = folder.facts()["1.png"]
    assert isinstance(lost, MediaError)
    assert "1.png" in str(lost)
    (tmp_path / "1.png").write_bytes(whole)
    assert isinstance(folder.facts()["1.png"], PictureFacts)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_a_spoilt_picture_is_a_value(tmp_path: Path, data: bytes) -> None:
    folder = Folder(tmp_path, [10, 20])
    (tmp_path / "0.png").write_bytes(data)
    found = folder.facts([replace(folder.rows[0], sha256=""), folder.rows[1]])
    assert [isinstance(one, PictureFacts) for one in found.values()] == [False, True]


def test_a_picture_that_is_not_the_labelled_one_is_a_value(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 20])
    (tmp_path / "0.png").write_bytes((tmp_path / "1.png").read_bytes())
    found = folder.facts()
    assert isinstance(found["0.png"], MediaError)
    assert isinstance(found["1.png"], PictureFacts)


def test_a_lost_copy_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10])
    found = folder.facts([replace(folder.rows[0], img_ref="gone.png"), folder.rows[0]])
    assert [isinstance(one, PictureFacts) for one in found.values()] == [False, True]


def test_rows_without_a_digest_are_known_by_their_bytes(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10])
    bare = [replace(folder.rows[0], sha256="")]
    first = folder.facts(bare)
    assert folder.facts() == first
    (tmp_path / "0.png").write_bytes(encode_picture(np.full((6, 8, 3), 99, np.uint8), "png"))
    assert folder.facts(bare) != first


def test_a_spoilt_part_of_the_cache_is_measured_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 20])
    first = folder.facts()
    (part,) = (tmp_path / "cache").glob("*/part-*.npz")
    part.write_bytes(part.read_bytes()[:100])
    assert folder.facts() == first


def test_the_size_is_that_of_the_file_and_upright_however_small_it_is_decoded(tmp_path: Path) -> None:
    from PIL import Image

    picture = Image.new("RGB", (3000, 1500), (90, 90, 90))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    picture.save(tmp_path / "large.jpg", exif=exif)
    found = read_picture_facts(
        [ManifestRow("large.jpg", "MS")], project_root=tmp_path, cache_folder=tmp_path / "cache"
    )["large.jpg"]
    assert isinstance(found, PictureFacts)
    assert (found.width, found.height) == (1500, 3000)


def test_progress_counts_every_picture_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path, [10, 20, 30])
    (tmp_path / "0.png").unlink()
    told: list[tuple[int, int | None]] = []
    read_picture_facts(
        folder.rows,
        project_root=tmp_path,
        cache_folder=tmp_path / "cache",
        progress=lambda done, total, note="": told.append((done, total)),
    )
    assert told == [(3, 3)]  # they were given to one process at once


def test_pictures_in_a_store_are_fetched_once_for_their_facts(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    folder = Folder(tmp_path, [10, 20])
    here = list(folder.facts().values())
    with web_server() as web:
        addresses = [web.put(f"/{row.img_ref}", (tmp_path / row.img_ref).read_bytes()) for row in folder.rows]
        there = [ManifestRow(f"{address}?X-Amz-Signature=hush", "MS") for address in addresses]
        assert list(folder.facts(there).values()) == here
        shutil.rmtree(tmp_path / PICTURES_FOLDER)
        assert list(folder.facts(there).values()) == here
        assert len(web.asked) == 2
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hush" in path.read_bytes()]
