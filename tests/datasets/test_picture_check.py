"""Whether pictures are there, those that were taken in, and whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.picture_check import Checked, Stated, _names_in, _plan_listings, check_pictures
from rushes.footage.picture import encode_picture
from rushes.scale.choose import open_engine
from rushes.storage.files import digest_of_bytes
from scale.hanging import HUNG, Hanging
from storage.servers import s3_store


def pixels(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (24, 32, 3), np.uint8)


def write_pictures(root: Path, count: int) -> list[Stated]:
    stated = []
    (root / "frames").mkdir(parents=True)
    for number in range(count):
        data = encode_picture(pixels(number))
        (root / f"frames/{number}.jpg").write_bytes(data)
        stated.append(Stated(f"frames/{number}.jpg", digest_of_bytes(data), f"frame {number}"))
    return stated


def check(root: Path, pictures: list[Stated], **more: object) -> Checked:
    return check_pictures(pictures, root=root, cache_folder=root / "cache", threads=2, **more)  # type: ignore[arg-type]


def faults(found: Checked) -> dict[str, str]:
    return {Path(one.picture.image).stem: one.fault for one in found.faulty}


def test_a_picture_that_is_missing_changed_or_cut_off_is_listed_by_name(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 6)
    (tmp_path / "frames/1.jpg").unlink()
    (tmp_path / "frames/2.jpg").write_bytes(encode_picture(pixels(99)))
    whole = (tmp_path / "frames/3.jpg").read_bytes()
    (tmp_path / "frames/3.jpg").write_bytes(whole[: len(whole) // 2])
    pictures[3] = Stated("frames/3.jpg", digest_of_bytes(whole[: len(whole) // 2]))  # it was taken in cut off
    (tmp_path / "frames/4.jpg").write_bytes(b"")
    found = check(tmp_path, pictures, deep=True)
    assert faults(found) == {"1": "missing", "2": "changed", "3": "corrupt", "4": "corrupt"}
    assert found.right_count == 2
    said = [str(one) for one in found.faulty]
    assert said[0].startswith("frames/1.jpg: is not there")
    assert "its digest differs" in said[1]
    assert "is cut off" in said[2]
    assert "is empty" in said[3]


def test_what_is_not_asked_to_be_decoded_is_held_against_its_digest_alone(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/0.jpg").write_bytes(b"no picture")
    stated = [Stated("frames/0.jpg", digest_of_bytes(b"no picture"))]
    assert faults(check(tmp_path, stated)) == {}
    assert faults(check(tmp_path, stated, deep=True)) == {"0": "corrupt"}


def test_what_was_right_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 3)
    assert check(tmp_path, pictures, deep=True).known_count == 0
    assert check(tmp_path, pictures, deep=True).known_count == 3
    assert check(tmp_path, pictures).known_count == 3  # what was decoded was held against its digest too
    assert check(tmp_path, pictures, deep=True, again=True).known_count == 0
    (tmp_path / "frames/1.jpg").write_bytes(encode_picture(pixels(98)))
    found = check(tmp_path, pictures, deep=True)
    assert (found.known_count, faults(found)) == (2, {"1": "changed"})


def test_a_quick_look_does_not_stand_for_a_deep_one(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 2)
    check(tmp_path, pictures)
    assert check(tmp_path, pictures, deep=True).known_count == 0


def test_a_picture_on_which_a_decoder_hangs_is_listed(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 4)
    found = check(tmp_path, pictures, deep=True, engine=Hanging(2))
    assert [(one.picture, one.fault, one.reason) for one in found.faulty] == [(pictures[2], "unreadable", HUNG)]
    assert found.right_count == 3


def test_a_file_that_is_written_to_meanwhile_is_listed_as_such(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 1)
    path = tmp_path / pictures[0].image

    class Late:
        """An engine that begins when the file is no longer as it was found."""

        name, workers = "late", 1

        def map(self, work, items, **more):  # type: ignore[no-untyped-def]  # as Engine.map
            os.utime(path, ns=(1, 1))
            yield from open_engine("here", workers=1).map(work, items, **more)

        def close(self) -> None:
            """Nothing to end."""

    found = check(tmp_path, pictures, engine=Late())
    assert faults(found) == {"0": "changed"}
    assert "changed while it was read" in str(found.faulty[0])


@pytest.mark.longer
def test_a_pool_finds_what_one_process_finds(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 40)
    (tmp_path / "frames/7.jpg").write_bytes(b"no picture")
    (tmp_path / "frames/9.jpg").unlink()
    here = check(tmp_path, pictures, deep=True, again=True)
    engine = open_engine("here", workers=2)
    try:
        pool = check(tmp_path, pictures, deep=True, again=True, engine=engine)
    finally:
        engine.close()
    assert pool == here
    assert faults(pool) == {"7": "changed", "9": "missing"}


def test_folders_with_many_pictures_are_listed_and_one_within_another_only_once() -> None:
    assert _plan_listings({"a/": 8, "a/b/": 100, "c/": 7, "d/e/": 9}) == ["a/", "d/e/"]
    assert _plan_listings({"": 20, "a/": 100}) == [""]
    assert _plan_listings({"b/": 9, "a/c/d/": 9, "a/c/": 8, "a-b/": 9, "a/": 3}) == ["a-b/", "a/c/", "b/"]


@given(st.dictionaries(st.lists(st.sampled_from(["a/", "b/", "a-b/"]), max_size=4).map("".join), st.integers(1, 20)))
def test_planned_folders_lie_apart_and_hold_every_folder_with_many_pictures(counts: dict[str, int]) -> None:
    names, planned = sorted(counts), _plan_listings(counts)
    held = [name for folder in planned for name in _names_in(folder, names)]
    assert held == [name for name in names if any(name.startswith(folder) for folder in planned)]
    assert {name for name, count in counts.items() if count >= 8} <= set(held)


@pytest.mark.longer
def test_a_bucket_is_listed_for_what_is_missing_and_read_only_where_that_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, other = encode_picture(pixels(0)), encode_picture(pixels(1))
    with s3_store() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        images = [bucket.put(f"frames/{number}.jpg", other if number == 3 else good) for number in range(10)]
        images += [f"s3://{bucket.name}/frames/30.jpg", f"s3://{bucket.name}/elsewhere/31.jpg"]
        pictures = [Stated(image, digest_of_bytes(good)) for image in images]
        assert faults(check(tmp_path, pictures)) == {"30": "missing", "31": "missing"}
        deep = check(tmp_path, pictures, deep=True)
        assert faults(deep) == {"3": "changed", "30": "missing", "31": "missing"}
        assert check(tmp_path, pictures, deep=True).known_count == 9
        bucket.put("frames/5.jpg", other)
        again = check(tmp_path, pictures, deep=True)
        assert (again.known_count, faults(again)["5"]) == (8, "changed")
        gone = Stated("s3://no-such-bucket/0.jpg", "")
        assert {one.fault for one in check(tmp_path, [gone]).faulty} == {"unreachable"}


def test_a_check_that_is_killed_half_way_goes_on_from_there(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path, 200)
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from rushes.datasets.picture_check import Stated, check_pictures\n"
        "root = Path(sys.argv[1])\n"
        "pictures = [Stated(*line.split('|')) for line in (root / 'list').read_text().splitlines()]\n"
        "def die(done, total, note=''):\n"
        "    if done >= 128: os.kill(os.getpid(), signal.SIGKILL)\n"
        "check_pictures(pictures, root=root, cache_folder=root / 'cache', deep=True, progress=die)\n"
    )
    lines = [f"{one.image}|{one.sha256}|{one.name}" for one in pictures]
    (tmp_path / "list").write_text("\n".join(lines))
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=120)
    assert ended.returncode == -signal.SIGKILL
    found = check(tmp_path, pictures, deep=True)
    assert (found.right_count, found.known_count) == (200, 128)
