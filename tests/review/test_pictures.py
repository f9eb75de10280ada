from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.loopback_s3 import Store, environment, s3_here
from PIL import Image

from footage.stills import looks_like_quarters, quarters, stored_as, write_jpeg, write_raw
from review.shoots import wait_for
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Kind, Rendition, Renditions
from rushes.review.session import Item
from storage.folders import reached_by

JPEG_END = b"\xff\xd9"


def item_of(
    path: Path, number: int = 0, *, size: tuple[int, int] = (1200, 800), companions: tuple[str, ...] = ()
) -> Item:
    digest = f"{number:064x}"
    return Item(f"{number:016x}:0", path.name, str(path), "frames/none.jpg", digest, True, *size, companions=companions)


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_is_upright_and_of_the_size_that_is_asked_for(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored_as(Image.fromarray(quarters(1200, 800)), orientation).save(tmp_path / "a.jpg", exif=exif, quality=95)
    renditions = Renditions(tmp_path)
    thumb = pixels_of(renditions.make(item_of(tmp_path / "a.jpg"), "thumb").data)
    assert thumb.shape == (213, 320, 3)
    assert looks_like_quarters(thumb)
    assert pixels_of(renditions.make(item_of(tmp_path / "a.jpg"), "fit").data).shape == (800, 1200, 3)


def test_a_raw_is_shown_by_its_preview_and_by_the_jpeg_beside_it(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", orientation=6)
    item = item_of(raw, size=(800, 1200))
    made = Renditions(tmp_path).make(item, "full")
    assert looks_like_quarters(pixels_of(made.data))
    assert pixels_of(made.data).shape == (720, 480, 3)
    red = np.full((1200, 800, 3), (200, 30, 30), np.uint8)
    beside = write_jpeg(tmp_path / "a.jpg", red)
    shown = pixels_of(Renditions(tmp_path).make(replace(item, companions=(str(beside),)), "thumb").data)
    assert np.abs(shown.astype(int) - (200, 30, 30)).max() < 12
    beside.write_bytes(b"\xff\xd8\xffbroken")
    again = Renditions(tmp_path).make(replace(item, companions=(str(beside),)), "thumb")
    assert (looks_like_quarters(pixels_of(again.data)), again.flaw) == (True, "")


def test_a_jpeg_is_served_as_it_is_at_full_size_and_a_raw_is_not(tmp_path: Path) -> None:
    photo, raw = write_jpeg(tmp_path / "a.jpg"), write_raw(tmp_path / "b.dng")
    renditions = Renditions(tmp_path)
    assert renditions.original(item_of(photo)) == (photo, "image/jpeg")
    assert renditions.original(item_of(raw)) is None
    assert renditions.original(item_of(tmp_path / "gone.jpg")) is None


def test_what_cannot_be_read_is_a_picture_that_says_so_and_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
    made = Renditions(tmp_path).make(item_of(tmp_path / "a.jpg"), "fit")
    assert (made.is_lasting, pixels_of(made.data).shape) == (False, (1066, 1600, 3))
    assert "damaged" in made.flaw or "cannot be" in made.flaw or "not a picture" in made.flaw
    assert pixels_of(Renditions(tmp_path).make(item_of(tmp_path / "a.jpg"), "thumb").data).shape == (213, 320, 3)


@pytest.mark.parametrize("kind", ["thumb", "fit"])
def test_a_store_that_gives_nothing_more_is_said_in_the_picture(kind: Kind, tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    item = replace(item_of(tmp_path / "a.jpg"), path="s3://films/a.jpg")
    store = Store({"films": {}})
    store.refuse = lambda *_: "ExpiredToken"
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        made = Renditions(tmp_path).make(item, kind)
    assert (made.is_lasting, "the keys have expired" in made.flaw) == (False, True)


def test_where_the_disk_is_away_the_small_picture_of_the_project_stands_for_it(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "frames" / "a.jpg", quarters(640, 400))
    item = replace(item_of(tmp_path / "away" / "a.jpg"), image="frames/a.jpg")
    made = Renditions(tmp_path).make(item, "fit")
    assert looks_like_quarters(pixels_of(made.data))
    assert made.flaw.startswith("a kept picture of 640 × 400 pixels stands for the file, which is gone")
    assert not made.is_lasting


def test_a_file_that_changed_is_another_picture(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "a.jpg")
    renditions = Renditions(tmp_path)
    before = renditions.key(item_of(path), "thumb")
    assert renditions.key(item_of(path), "thumb") == before != renditions.key(item_of(path), "fit")
    os.utime(path, (1, 1))
    assert renditions.key(item_of(path), "thumb") != before


def test_the_cache_keeps_what_was_used_last_within_its_limit_and_over_restarts(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, limit_bytes=1000, memory_bytes=0)
    for name in ("aa", "bb", "cc"):
        cache.put(name, bytes(298) + JPEG_END)
    assert cache.get("aa") is not None
    cache.put("dd", bytes(298) + JPEG_END)
    assert [name in cache for name in ("aa", "bb", "cc", "dd")] == [True, False, True, True]
    for number, name in enumerate(("cc", "aa", "dd")):
        os.utime(tmp_path / name / f"{name}.jpg", (number, number))
    again = PictureCache(tmp_path, limit_bytes=1000, memory_bytes=0)
    again.put("ee", bytes(298) + JPEG_END)
    assert [name in again for name in ("aa", "cc", "dd", "ee")] == [True, False, True, True]
    assert len(list(tmp_path.rglob("*.jpg"))) == 3


def test_a_spoilt_or_missing_file_of_the_cache_is_made_again(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, memory_bytes=0)
    for name in ("aa", "bb"):
        cache.put(name, b"picture" + JPEG_END)
    (tmp_path / "aa" / "aa.jpg").write_bytes(b"half")
    (tmp_path / "bb" / "bb.jpg").unlink()
    assert (cache.get("aa"), cache.get("bb")) == (None, None)
    cache.put("aa", b"again" + JPEG_END)
    assert cache.get("aa") == b"again" + JPEG_END


def test_a_cache_that_cannot_be_written_keeps_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    cache = PictureCache(tmp_path / "file" / "cache")
    cache.put("aa", b"picture" + JPEG_END)
    assert cache.get("aa") == b"picture" + JPEG_END


class SlowRenditions(Renditions):
    """Renditions that take as long as a test wants, and note in which order they were begun."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.begun: list[tuple[str, Kind]] = []
        self.go_on = threading.Event()

    def key(self, item: Item, kind: Kind) -> str:
        return f"{item.id[:16]}{kind}"

    def make(self, item: Item, kind: Kind, smaller_from: object = None) -> Rendition:
        self.begun.append((item.name, kind))
        assert self.go_on.wait(30)
        return Rendition(f"{item.name} {kind}".encode() + JPEG_END)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowRenditions]:
    renditions = SlowRenditions(tmp_path)
    yield renditions
    renditions.go_on.set()


ITEMS = [item_of(Path(f"/shoot/{number}.jpg"), number) for number in range(60)]


def test_who_waits_for_the_large_picture_is_served_before_thumbs_and_the_latest_first(
    tmp_path: Path, slow: SlowRenditions
) -> None:
    desk = PictureDesk(ITEMS, renditions=slow, cache=PictureCache(tmp_path), threads=2, works_ahead=False)
    first = [desk.ask(ITEMS[number], "thumb", slow.key(ITEMS[number], "thumb")) for number in range(2)]
    wait_for(lambda: len(slow.begun) == 2)
    waits = [desk.ask(ITEMS[n], kind, slow.key(ITEMS[n], kind)) for n, kind in ((2, "thumb"), (3, "fit"), (4, "fit"))]
    slow.go_on.set()
    for asked in (*first, *waits):
        asked.future.result(30)
    assert slow.begun[2:] == [("4.jpg", "fit"), ("3.jpg", "fit"), ("2.jpg", "thumb")]
    desk.close()


def test_a_picture_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path, slow: SlowRenditions) -> None:
    desk = PictureDesk(ITEMS, renditions=slow, cache=PictureCache(tmp_path), threads=2, works_ahead=False)
    busy = [desk.ask(ITEMS[number], "thumb", slow.key(ITEMS[number], "thumb")) for number in range(2)]
    wait_for(lambda: len(slow.begun) == 2)
    one, other = (desk.ask(ITEMS[2], "thumb", slow.key(ITEMS[2], "thumb")) for _ in range(2))
    left = desk.ask(ITEMS[3], "thumb", slow.key(ITEMS[3], "thumb"))
    one.leave()
    left.leave()
    slow.go_on.set()
    assert other.future.result(30).data.startswith(b"2.jpg"), "somebody else still waits for it"
    assert left.future.cancelled()
    assert [asked.future.result(30).data[:5] for asked in busy] == [b"0.jpg", b"1.jpg"]
    assert ("3.jpg", "thumb") not in slow.begun
    desk.close()


def test_threads_work_ahead_of_the_reader_and_leave_one_free(tmp_path: Path, slow: SlowRenditions) -> None:
    cache = PictureCache(tmp_path)
    desk = PictureDesk(ITEMS, renditions=slow, cache=cache, threads=3)
    wait_for(lambda: len(slow.begun) == 2)
    asked = desk.ask(ITEMS[40], "fit", slow.key(ITEMS[40], "fit"))
    wait_for(lambda: len(slow.begun) == 3)
    assert slow.begun[2] == ("40.jpg", "fit")
    slow.go_on.set()
    assert asked.future.result(30).data.startswith(b"40.jpg")
    wait_for(lambda: all(slow.key(item, "thumb") in cache for item in ITEMS))
    wait_for(lambda: all(slow.key(ITEMS[number], "fit") in cache for number in range(34, 60)))
    assert slow.key(ITEMS[20], "fit") not in cache, "only what is near the reader"
    desk.close()


def test_a_fault_reaches_who_waits_and_the_threads_go_on(tmp_path: Path) -> None:
    class Faulty(SlowRenditions):
        def make(self, item: Item, kind: Kind, smaller_from: object = None) -> Rendition:
            if item is ITEMS[0]:
                raise ZeroDivisionError
            return Rendition(b"fine" + JPEG_END)

    renditions = Faulty(tmp_path)
    desk = PictureDesk(ITEMS, renditions=renditions, cache=PictureCache(tmp_path), threads=2, works_ahead=False)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            desk.ask(ITEMS[0], "fit", renditions.key(ITEMS[0], "fit")).future.result(30)
    assert desk.ask(ITEMS[1], "fit", renditions.key(ITEMS[1], "fit")).future.result(30).data == b"fine" + JPEG_END
    desk.close()
