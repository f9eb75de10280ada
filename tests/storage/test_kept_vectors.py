"""Vectors kept under digests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from rushes.storage.kept_vectors import join_vectors, read_vectors, write_vectors


def test_what_is_kept_is_read_back_by_digest(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    write_vectors(tmp_path, ["a", "b"], values[:2])
    write_vectors(tmp_path, ["c", "d"], values[2:])
    found = read_vectors(tmp_path, {"b", "c", "never"})
    assert {name: row.tolist() for name, row in found.items()} == {"b": [3, 4, 5], "c": [6, 7, 8]}


def test_a_part_that_was_spoilt_is_removed_and_the_others_are_read(tmp_path: Path) -> None:
    write_vectors(tmp_path, ["a"], np.ones((1, 2), np.float32))
    (tmp_path / "part-0000.npz").write_bytes(b"PK\x03\x04 cut off")
    assert list(read_vectors(tmp_path, {"a"})) == ["a"]
    assert not (tmp_path / "part-0000.npz").exists()


def test_an_empty_folder_or_none_holds_nothing(tmp_path: Path) -> None:
    assert read_vectors(tmp_path / "none", {"a"}) == {}


def test_many_small_parts_are_joined_and_few_are_left_as_they_are(tmp_path: Path) -> None:
    for number in range(31):
        write_vectors(tmp_path, [f"{number}"], np.full((1, 2), number, np.float32))
    join_vectors(tmp_path)
    assert len(list(tmp_path.glob("part-*.npz"))) == 31
    write_vectors(tmp_path, ["31"], np.full((1, 2), 31, np.float32))
    (tmp_path / "part-spoilt.npz").write_bytes(b"no part")
    join_vectors(tmp_path)
    known = read_vectors(tmp_path, {f"{number}" for number in range(32)})
    assert {name: float(row[0]) for name, row in known.items()} == {f"{number}": float(number) for number in range(32)}
    assert len(list(tmp_path.glob("part-*.npz"))) == 1


def test_parts_that_are_written_again_after_they_were_joined_are_joined_again_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    names = [f"{number:02d}" for number in range(40)]
    for _ in range(2):  # the second time the joined part is one of the small ones, and what is joined has its name
        for name in names:
            write_vectors(tmp_path, [name], np.ones((1, 2), np.float32))
        join_vectors(tmp_path)
        assert sorted(read_vectors(tmp_path, names)) == names
    assert len(list(tmp_path.glob("part-*.npz"))) == 1


def test_several_who_join_at_once_and_read_meanwhile_lose_nothing(tmp_path: Path) -> None:
    names = [f"{number:02d}" for number in range(40)]
    for name in names:
        write_vectors(tmp_path, [name], np.ones((1, 2), np.float32))

    def join_and_read(number: int) -> int:
        for _ in range(3):
            write_vectors(tmp_path, [names[number]], np.ones((1, 2), np.float32))
            join_vectors(tmp_path)
        return len(read_vectors(tmp_path, names))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(join_and_read, range(4))) == [40] * 4
    assert len(read_vectors(tmp_path, names)) == 40
