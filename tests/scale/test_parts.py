from __future__ import annotations

import os
from pathlib import Path

import pytest

from rushes.errors import AbsentError, PlaceError
from rushes.scale.parts import hand_on, own_folder, prefix_of, sees, take_in, take_in_left, token_in
from rushes.storage.object_folder import ObjectFolder, object_folder


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


def test_the_next_driver_takes_in_what_a_killed_one_left_in_the_bucket(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "here").mkdir()
    bucket = object_folder(tmp_path / "bucket")
    prefix = prefix_of(tmp_path / "here")
    assert prefix == prefix_of(tmp_path / "here")
    hand_on(written_in(tmp_path / "there"), bucket, prefix)
    bucket.write("parts/another/three.parquet", b"of another folder")
    assert take_in_left(tmp_path / "here", bucket, prefix) == 2
    assert (tmp_path / "here" / "one.parquet").read_bytes() == b"one"
    assert [key for key, _ in bucket.listing()] == ["parts/another/three.parquet"]


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


def test_a_folder_of_a_process_that_is_no_more_goes_and_that_of_a_living_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, handle = own_folder()
    second, other = own_folder()
    assert first.is_dir()
    os.close(handle)  # as the end of its process does
    third, another = own_folder()
    assert (first.is_dir(), second.is_dir(), third.is_dir()) == (False, True, True)
    os.close(other)
    os.close(another)
