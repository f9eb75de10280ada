from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import UsageError
from rushes.storage.kept_pixels import LIMIT_VARIABLE, KeptPixels, make_room

SHAPE = (4, 6, 3)


def pictures(count: int) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(0)
    return {f"{index:064x}": dice.integers(0, 256, SHAPE).astype(np.uint8) for index in range(count)}


def keep(folder: Path, given: dict[str, np.ndarray]) -> KeptPixels:
    kept = KeptPixels(folder, SHAPE, part_bytes=3 * 72)
    for digest, pixels in given.items():
        kept.put(digest, pixels)
    kept.flush()
    return kept


def test_what_was_kept_is_there_the_next_time_and_nothing_else(tmp_path: Path) -> None:
    given = pictures(8)
    keep(tmp_path / "kept", given)
    kept = KeptPixels(tmp_path / "kept", SHAPE)
    assert len(kept) == 8
    for digest, pixels in given.items():
        found = kept.get(digest)
        assert found is not None
        np.testing.assert_array_equal(found, pixels)
    assert kept.get("f" * 64) is None


def test_what_waits_to_be_written_can_be_read_and_nothing_is_kept_twice(tmp_path: Path) -> None:
    kept = KeptPixels(tmp_path / "kept", SHAPE)
    (digest, pixels), *_ = pictures(1).items()
    kept.put(digest, pixels)
    assert kept.get(digest) is pixels
    assert not (tmp_path / "kept").exists()
    kept.flush()
    kept.put(digest, pixels)
    kept.flush()
    assert len(list((tmp_path / "kept").glob("part-*.npy"))) == 1


def test_a_spoilt_part_is_removed_and_the_others_stay(tmp_path: Path) -> None:
    given = pictures(6)
    keep(tmp_path / "kept", given)
    spoilt, whole = sorted((tmp_path / "kept").glob("part-*.npy"))
    spoilt.write_bytes(spoilt.read_bytes()[:-10])
    kept = KeptPixels(tmp_path / "kept", SHAPE)
    assert len(kept) == 3
    assert whole.is_file()
    assert not spoilt.exists()
    assert not spoilt.with_suffix(".txt").exists()


def test_a_part_without_its_names_does_not_count_and_one_of_another_shape_is_removed(tmp_path: Path) -> None:
    keep(tmp_path / "kept", pictures(6))
    unnamed, named = sorted((tmp_path / "kept").glob("part-*.npy"))
    unnamed.with_suffix(".txt").unlink()
    assert len(KeptPixels(tmp_path / "kept", SHAPE)) == 3
    assert unnamed.is_file()
    assert len(KeptPixels(tmp_path / "kept", (4, 6, 1))) == 0
    assert not named.exists()


def test_room_is_made_by_removing_what_was_used_longest_ago(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "older", "oldest")):
        keep(tmp_path / name, pictures(6))
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    size = sum(path.stat().st_size for path in (tmp_path / "newest").iterdir())
    make_room(tmp_path, keep="oldest", limit_bytes=2 * size)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["newest", "oldest"]
    make_room(tmp_path, keep="oldest", limit_bytes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["oldest"]


def test_a_limit_that_is_no_number_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "much")
    with pytest.raises(UsageError, match=rf"{LIMIT_VARIABLE} is 'much'"):
        make_room(tmp_path, keep="any")


def test_where_nothing_can_be_written_pictures_are_not_kept_and_nobody_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = keep(tmp_path / "file" / "kept", pictures(8))
    assert len(kept) == 0


def test_pixels_whose_names_were_never_written_are_removed_in_the_end(tmp_path: Path) -> None:
    keep(tmp_path / "kept", pictures(3))
    (orphan,) = (tmp_path / "kept").glob("part-*.npy")
    orphan.with_suffix(".txt").unlink()
    KeptPixels(tmp_path / "kept", SHAPE)
    assert orphan.is_file()
    os.utime(orphan, (1_000_000, 1_000_000))
    KeptPixels(tmp_path / "kept", SHAPE)
    assert not orphan.exists()
