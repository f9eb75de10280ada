"""What the pictures of the catalog show."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from footage.spliced import dissolved, still, write_frames
from footage.test_quality import sharp
from rushes.catalog.catalog import StoredFrame
from rushes.catalog.descriptions import Descriptions, describe_pictures
from rushes.footage.descriptor import DESCRIPTOR_LENGTH
from rushes.footage.found_shots import find_shots
from rushes.footage.picture import encode_picture
from rushes.footage.source import Frame
from rushes.scale.engine import Engine
from rushes.storage.files import digest_of_bytes
from scale.hanging import HUNG, Hanging
from storage.servers import web_server


def write_frame(root: Path, number: int, pixels: np.ndarray, *, source: str = "a" * 64) -> StoredFrame:
    data = encode_picture(pixels, "jpeg", 95)
    image = f"frames/{source[0]}/{number}.jpg"
    (root / image).parent.mkdir(parents=True, exist_ok=True)
    (root / image).write_bytes(data)
    frame = Frame(source, number * 100, Fraction(1, 100), number, "00:00:00:00", f"{source[0]}{number}")
    return StoredFrame(frame, image, digest_of_bytes(data), 0)


def describe(root: Path, frames: list[StoredFrame], engine: Engine | None = None) -> Descriptions:
    return describe_pictures(
        frames, root=root, cache_folder=root / "cache", scans_folder=root / "scans", threads=2, engine=engine
    )


@pytest.fixture
def frames(tmp_path: Path) -> list[StoredFrame]:
    return [write_frame(tmp_path, number, sharp(number)) for number in range(5)]


def test_each_picture_is_described_once_and_then_known_by_its_digest(tmp_path: Path, frames: list[StoredFrame]) -> None:
    first = describe(tmp_path, frames[:3])
    assert (first.computed_count, first.features.shape) == (3, (3, DESCRIPTOR_LENGTH))
    again = describe(tmp_path, frames)
    assert again.computed_count == 2
    np.testing.assert_array_equal(again.features[:3], first.features)
    for item in frames:
        (tmp_path / item.image).unlink()
    assert describe(tmp_path, frames).computed_count == 0


def test_a_picture_on_which_a_decoder_hangs_is_listed(tmp_path: Path, frames: list[StoredFrame]) -> None:
    found = describe(tmp_path, frames, Hanging(1))
    assert [(one.frame, one.reason) for one in found.unread] == [(frames[1], HUNG)]
    assert found.frames == (frames[0], *frames[2:])


def test_two_frames_of_one_picture_are_described_alike(tmp_path: Path, frames: list[StoredFrame]) -> None:
    twin = write_frame(tmp_path, 0, sharp(0), source="b" * 64)
    assert twin.sha256 == frames[0].sha256
    found = describe(tmp_path, [*frames, twin])
    np.testing.assert_array_equal(found.features[0], found.features[5])


def test_pictures_that_cannot_be_read_are_listed_and_the_others_described(
    tmp_path: Path, frames: list[StoredFrame]
) -> None:
    (tmp_path / frames[0].image).unlink()
    (tmp_path / frames[1].image).write_bytes(b"no picture")
    cut = (tmp_path / frames[2].image).read_bytes()[:-500]
    (tmp_path / frames[2].image).write_bytes(cut)
    frames[2] = replace(frames[2], sha256=digest_of_bytes(cut))
    found = describe(tmp_path, [*frames[:3], frames[4]])
    assert [item.frame.name for item in found.frames] == ["a4"]
    said = [str(one) for one in found.unread]
    lost, another = "Put it back, or take its footage in again", "is not the one that was labelled (its digest differs)"
    assert [text.partition(": ")[0] for text in said] == [f"frames/a/{number}.jpg" for number in range(3)]
    assert lost in said[0]
    assert another in said[1]
    assert "is cut off" in said[2]
    assert describe(tmp_path, [frames[0]]).features.shape == (0, DESCRIPTOR_LENGTH)


def test_a_picture_at_an_address_is_fetched_once_and_described_like_any_other(
    tmp_path: Path, frames: list[StoredFrame]
) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as web:
        address = web.put("/frames/a.jpg", (tmp_path / frames[0].image).read_bytes()) + "?X-Signature=hush"
        there = replace(frames[0], image=address, sha256="")
        gone = replace(frames[1], image=f"{web.base}/frames/gone.jpg", sha256="")
        found = describe(tmp_path, [there, gone, frames[2]])
        assert found.frames == (there, frames[2])
        np.testing.assert_array_equal(found.features[0], describe(tmp_path, frames[:1]).features[0])
        assert "there is no such file on the server (404)" in str(found.unread[0])
        asked = len(web.asked)
        assert describe(tmp_path, [there]).computed_count == 0
        assert len(web.asked) == asked


def test_a_cross_fade_is_seen_among_the_pictures_of_one_film_only(tmp_path: Path) -> None:
    one, other = sharp(1), sharp(2)
    mixed = ((one.astype(np.float32) + other) / 2).astype(np.uint8)
    film = [write_frame(tmp_path, number, pixels) for number, pixels in enumerate((one, mixed, other))]
    assert describe(tmp_path, film).quality.faded.round(1).tolist() == pytest.approx([0, 0.5, 0])
    apart = [
        write_frame(tmp_path, 0, pixels, source=letter * 64)
        for letter, pixels in zip("bcd", (one, mixed, other), strict=True)
    ]
    assert describe(tmp_path, apart).quality.faded.tolist() == [0, 0, 0]


def test_a_scan_that_is_kept_knows_of_cross_fades_that_no_picture_beside_shows(tmp_path: Path) -> None:
    shown = dissolved(still(1, 48), still(2, 48), 24)
    found = find_shots(write_frames(tmp_path / "film.mp4", shown), scans=tmp_path / "scans")
    assert [shot.opening.kind for shot in found.shots if shot.opening] == ["dissolve"]
    two = [write_frame(tmp_path, ordinal, shown[ordinal], source=found.source.digest) for ordinal in (10, 36)]
    assert describe(tmp_path, two).quality.faded.tolist() == pytest.approx([0, 0.5], abs=0.1)
    (tmp_path / "scans" / f"{found.source.digest[:16]}.parquet").write_bytes(b"spoilt")
    assert describe(tmp_path, two).quality.faded.tolist() == [0, 0]
