from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from footage.painted import paint, write_film, write_sound
from rushes.errors import MediaError
from rushes.footage.picture import encode_picture
from rushes.footage.sources import digest_of_place, read_source, read_still, source_name
from rushes.storage.files import digest_of_file
from rushes.storage.places import parse_place
from storage.servers import WebServer, web_server


def test_a_film_is_described(tmp_path: Path) -> None:
    path = write_film(tmp_path / "TT_S01_E01.mp4", 50)
    source, index = read_source(path, group="TT_S01_E01")
    assert index is not None
    assert (source.kind, source.name, source.group, source.codec) == ("video", "TT_S01_E01", "TT_S01_E01", "h264")
    assert (source.frame_count, source.rate, source.duration_seconds) == (50, Fraction(25), Fraction(2))
    assert (source.width_pixels, source.height_pixels) == (96, 64)
    assert source.digest == digest_of_file(path)
    assert Path(source.path).is_absolute()


def test_a_photograph_is_described_with_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "a b.jpg")
    source, still = read_still(tmp_path / "a b.jpg", group="shoot")
    assert (source.kind, source.name, source.codec, source.frame_count, source.rate) == (
        "photo",
        "a-b",
        "jpeg",
        1,
        None,
    )
    assert (source.width_pixels, source.height_pixels) == (40, 30) == still.pixels.shape[1::-1]
    assert read_source(tmp_path / "a b.jpg", name="b", group="shoot")[0].name == "b"


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("TT_S01_E01", "TT_S01_E01"),
        ("My film (1)", "My-film-1"),
        ("JONNY's", "JONNY-s"),
        ("..hidden", "hidden"),
        ("città.v2", "città.v2"),
        ("***", "source"),
        ("映画" * 60, ("映画" * 60)[:53]),
    ],
)
def test_names_are_made_of_letters_digits_and_a_few_marks(stem: str, name: str) -> None:
    assert source_name(Path("/films") / f"{stem}.mp4") == name


def test_what_cannot_be_footage_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.mov").touch()
    cases = {"gone.mp4": "no such file", "notes.txt": "no footage", "empty.mov": "0 bytes", "": "folder"}
    for name, reason in cases.items():
        with pytest.raises(MediaError, match=reason):
            read_source(tmp_path / name, group="g")
    with pytest.raises(MediaError, match="no moving pictures"):
        read_source(write_sound(tmp_path / "sound.m4v"), group="g")


def test_every_hostile_file_has_an_outcome(media: Path) -> None:
    refused = set()
    for path in sorted((media / "hostile").iterdir()):
        try:
            source, _ = read_source(path, group="hostile")
        except MediaError:
            refused.add(path.name)
        else:
            assert source.frame_count >= 1
    assert refused == {
        "broken_header.mp4", "dng_pruned_iphone12.dng", "empty_13_bytes.flv", "fragmented_uuid_no_frames.mp4",
        "malformed_free_box.mp4", "nef_pruned_58k.nef", "text_named.dng", "truncated.jpg",
    }  # fmt: skip


def test_a_real_raw_is_described_at_its_full_size(media: Path) -> None:
    source, index = read_source(media / "raw" / "Blackmagic_cinema.dng", group="lake")
    assert index is None
    assert (source.kind, source.codec, source.width_pixels, source.height_pixels) == ("raw", "dng", 4128, 2176)


@pytest.fixture
def web() -> Iterator[WebServer]:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as server:
        yield server


@pytest.mark.parametrize("name", ["a.png", "b.jpg"])
def test_a_photograph_in_a_store_is_known_by_the_same_digest_as_on_disk(
    web: WebServer, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(encode_picture(paint(5), "png" if name == "a.png" else "jpeg"))
    there = parse_place(web.put(f"/shoot/{name}", path.read_bytes()) + "?signature=hush")
    (here_source, here), (there_source, shown) = (read_still(place, group="g") for place in (path, there))
    assert here_source == replace(there_source, path=here_source.path)
    assert there_source.path == f"{web.base}/shoot/{name}?…"
    assert np.array_equal(here.pixels, shown.pixels)
    assert len(web.asked) == 1


def test_a_film_in_a_store_has_a_digest_of_its_own(web: WebServer, tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", 30)
    there = [parse_place(web.put(f"/{name}.mp4", path.read_bytes())) for name in ("a", "copy")]
    digests = {digest_of_place(place) for place in there}
    assert len(digests) == 1
    assert digests != {digest_of_file(path)}
    web.put("/a.mp4", path.read_bytes(), etag='"two"')
    assert digest_of_place(there[0]) not in digests


def test_a_film_of_which_a_server_vouches_for_nothing_is_read_whole_for_its_digest(
    web: WebServer, tmp_path: Path
) -> None:
    path = write_film(tmp_path / "a.mp4", 30)
    place = parse_place(web.put("/a.mp4", path.read_bytes(), etag=None, modified=None))
    assert digest_of_place(place) == digest_of_file(path)


def test_a_raw_in_a_store_is_read_as_on_disk(media: Path, web: WebServer) -> None:
    path = media / "raw" / "canon_eos_6d_small.dng"
    place = parse_place(web.put(f"/{path.name}", path.read_bytes()))
    (here_source, here), (there_source, there) = (read_still(at, group="g") for at in (path, place))
    assert here_source == replace(there_source, path=here_source.path)
    assert np.array_equal(here.pixels, there.pixels)
    assert web.sent[f"/{path.name}"] == path.stat().st_size  # once


def test_raws_in_a_store_that_are_damaged_are_told_as_on_disk(media: Path, web: WebServer) -> None:
    for name in ("nef_pruned_58k.nef", "text_named.dng", "raw_truncated_d70s_1.nef"):
        path = media / "hostile" / name
        place = parse_place(web.put(f"/{name}", path.read_bytes()))
        reasons = []
        for at in (path, place):
            try:
                reasons.append(read_still(at, group="g")[1].flaw)
            except MediaError as error:
                reasons.append(error.reason)
        assert reasons[0] == reasons[1]
