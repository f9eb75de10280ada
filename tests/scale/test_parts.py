from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import AbsentError, ExpiredKeysError, PlaceError, RushesError, ThrottledError
from rushes.scale.parts import hand_on, sees, take_in, token_in, way_through
from rushes.storage.local_folder import LocalFolder
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.stores import State


@pytest.fixture(params=["answer", "bucket"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectFolder | None:
    (tmp_path / "bucket").mkdir()
    return object_folder(tmp_path / "bucket") if request.param == "bucket" else None


def written_in(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "one.parquet").write_bytes(b"one")
    (folder / "deep" / "two.parquet").write_bytes(b"two")
    (folder / ".rushes-three-abcd1234.parquet").write_bytes(b"half")
    return folder


def test_parts_arrive_whole_and_leave_nothing_behind(tmp_path: Path, bucket: ObjectFolder | None) -> None:
    there, here = written_in(tmp_path / "there"), tmp_path / "here"
    parts = hand_on(there, bucket, "parts/a/")
    assert [name for name, _ in parts] == ["deep/two.parquet", "one.parquet"]
    assert all((data is None) == (bucket is not None) for _, data in parts)
    take_in(parts, here, bucket, "parts/a/")
    assert (here / "deep" / "two.parquet").read_bytes() == b"two"
    assert (here / "one.parquet").read_bytes() == b"one"
    assert [path.name for path in there.rglob("*") if path.is_file()] == [".rushes-three-abcd1234.parquet"]
    assert bucket is None or list(bucket.listing()) == []


def test_what_tells_of_other_parts_arrives_behind_them(tmp_path: Path, bucket: ObjectFolder | None) -> None:
    there = tmp_path / "there"
    for name in ("frames/aa/one.jpg", ".rushes/taken/one.parquet", "zz.npy"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(b"x")
    parts = hand_on(there, bucket, "parts/a/")
    assert [name for name, _ in parts] == ["frames/aa/one.jpg", "zz.npy", ".rushes/taken/one.parquet"]


def left_by_a_driver(folder: Path, bucket: ObjectFolder, store: str, *, silent_for: float) -> str:
    """Leave parts in a bucket as a driver does that was killed some seconds after it said that it lives."""
    word = "0123456789abcdef"
    hand_on(written_in(folder.parent / "there"), bucket, f"parts/{word}/")
    bucket.write(f"parts/alive/{word}", b"")
    said = time.time() - silent_for
    os.utime(folder.parent / "bucket" / "parts" / "alive" / word, (said, said))
    (folder / ".rushes" / "parts").mkdir(parents=True)
    (folder / ".rushes" / "parts" / word).write_text(store)
    return word


def test_the_next_driver_takes_in_what_a_killed_one_left_in_the_bucket(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket, here = object_folder(tmp_path / "bucket"), tmp_path / "here"
    left_by_a_driver(here, bucket, "a store", silent_for=900)
    bucket.write("parts/another/three.parquet", b"of another folder")
    with way_through(bucket, here, "another store"):
        assert not (here / "one.parquet").exists()
    with way_through(bucket, here, "a store"):
        assert (here / "one.parquet").read_bytes() == b"one"
        assert (here / "deep" / "two.parquet").read_bytes() == b"two"
    assert [key for key, _ in bucket.listing()] == ["parts/another/three.parquet"]
    assert sorted(path.name for path in here.iterdir()) == ["deep", "one.parquet"]


def test_what_a_driver_that_lives_waits_for_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket, here = object_folder(tmp_path / "bucket"), tmp_path / "here"
    word = left_by_a_driver(here, bucket, "a store", silent_for=20)
    with way_through(bucket, here, "a store") as first, way_through(bucket, here, "a store") as second:
        assert first.prefix != second.prefix
    assert sorted(key for key, _ in bucket.listing(f"parts/{word}/")) == [
        f"parts/{word}/deep/two.parquet",
        f"parts/{word}/one.parquet",
    ]
    assert [path.name for path in here.rglob("*") if path.is_file()] == [word]


def test_a_driver_says_now_and_then_that_it_lives(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket = object_folder(tmp_path / "bucket")
    with way_through(bucket, tmp_path / "here", "a store", beat=0.01):
        (life,) = [key for key, _ in bucket.listing("parts/alive/")]
        first = bucket.read(life)
        while bucket.read(life) == first:
            time.sleep(0.01)
    assert list(bucket.listing()) == []


class WithoutKeysNow(LocalFolder):
    """A folder like a bucket whose keys have ended, and are there again after three tries."""

    tries = 0

    def write(self, key: str, data: bytes) -> State:
        self.tries += 1
        if 2 <= self.tries <= 4:
            raise ExpiredKeysError("the keys have ended")
        return super().write(key, data)


def test_a_driver_goes_on_to_say_that_it_lives_once_there_are_keys_again(tmp_path: Path) -> None:
    bucket = WithoutKeysNow(tmp_path / "bucket")
    with way_through(bucket, tmp_path / "here", "a store", beat=0.06):
        (life,) = [key for key, _ in bucket.listing("parts/alive/")]
        first = bucket.read(life)
        while bucket.read(life) == first:
            time.sleep(0.01)
        assert bucket.tries >= 5


class EndsEarly(LocalFolder):
    """A folder like a bucket that says no more what is in it, once it is told so."""

    error: RushesError | None = None

    def listing(self, prefix: str = "") -> Iterator[tuple[str, State]]:
        if self.error is not None:
            raise self.error
        return super().listing(prefix)


@pytest.mark.parametrize(
    "error", [ExpiredKeysError("the keys have ended"), ThrottledError("slow down"), PlaceError("bucket", "is gone")]
)
def test_a_bucket_that_ends_behind_a_map_neither_undoes_it_nor_hides_what_ended_it(
    tmp_path: Path, error: RushesError
) -> None:
    bucket = EndsEarly(tmp_path / "bucket")
    with way_through(bucket, tmp_path / "here", "a store") as way:
        hand_on(written_in(tmp_path / "there"), bucket, way.prefix)
        bucket.error = error
    assert not (tmp_path / "here" / "one.parquet").exists()
    bucket.error = None
    with pytest.raises(KeyboardInterrupt):
        end_in(bucket, tmp_path / "here", error)
    assert (tmp_path / "here" / "one.parquet").read_bytes() == b"one"


def end_in(bucket: EndsEarly, folder: Path, error: RushesError) -> None:
    """Take in what waits, and end by Ctrl-C once the bucket is gone."""
    with way_through(bucket, folder, "a store", stale=0):
        bucket.error = error
        raise KeyboardInterrupt


def test_what_was_handed_on_and_not_waited_for_is_taken_in_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket, here = object_folder(tmp_path / "bucket"), tmp_path / "here"
    with way_through(bucket, here, "a store") as way:
        hand_on(written_in(tmp_path / "there"), bucket, way.prefix)
    assert (here / "one.parquet").read_bytes() == b"one"
    assert list(bucket.listing()) == []


def test_what_an_ended_process_hands_on_behind_its_driver_is_taken_in_by_a_later_one(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket, here = object_folder(tmp_path / "bucket"), tmp_path / "here"
    with way_through(bucket, here, "a store") as way:
        bucket.write(f"{way.prefix}before.parquet", b"before")
        way.stays_open = True
    assert (here / "before.parquet").read_bytes() == b"before"
    bucket.write(f"{way.prefix}behind.parquet", b"behind")
    with way_through(bucket, here, "a store"):
        assert not (here / "behind.parquet").exists()
    with way_through(bucket, here, "a store", stale=0):
        assert (here / "behind.parquet").read_bytes() == b"behind"
    assert list(bucket.listing()) == []
    assert sorted(path.name for path in here.iterdir()) == ["before.parquet", "behind.parquet"]


def test_a_part_that_another_driver_took_in_is_no_fault_and_one_that_is_lost_is(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    bucket = object_folder(tmp_path / "bucket")
    (tmp_path / "one.parquet").write_bytes(b"one")
    take_in([("one.parquet", None)], tmp_path, bucket, "parts/a/")
    with pytest.raises(AbsentError):
        take_in([("two.parquet", None)], tmp_path, bucket, "parts/a/")


def test_no_part_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"'\.\.'"):
        take_in([("../out", b"")], tmp_path, None, "")


def test_the_same_folder_is_known_by_its_word_and_a_copy_is_not(tmp_path: Path) -> None:
    with token_in(tmp_path / "here") as (name, word):
        assert sees(tmp_path / "here", name, word)
        assert not sees(tmp_path / "here", name, "another word")
        assert not sees(tmp_path / "there", name, word)
    assert list((tmp_path / "here").iterdir()) == []
