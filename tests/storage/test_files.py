"""Files written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rushes.storage.files import digest_of_bytes, digest_of_file, sweep_temporaries, whole_file, write_bytes, write_json


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.bin"
    with whole_file(target) as temporary:
        temporary.write_bytes(b"half")
        assert not target.exists()
    assert target.read_bytes() == b"half"
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]


def test_an_error_leaves_the_file_before_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"before")

    def write_half() -> None:
        with whole_file(target) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_half()
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("name", ["a.png", "a", "a.tar.gz", f"{'long' * 30}.jpg", ".a.jpg", "a-b_c 1.jpg"])
def test_old_temporary_files_are_swept_and_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "down").mkdir()
    for other in (
        ".a.png",
        "a-x7_wq2ab.png",
        ".a-x7_wq2ab.png",
        ".rushes-a-x7_wq2a.png",
        ".rushes-a-X7_WQ2AB.png",
        ".rushes-a-x7_wq2ab.png.txt",
        name,
    ):
        (tmp_path / other).write_bytes(b"x")
        os.utime(tmp_path / other, (0, 0))
    (tmp_path / ".rushes-d-x7_wq2ab").mkdir()
    (tmp_path / ".rushes-l-x7_wq2ab").symlink_to(tmp_path / "down")
    before = sorted(tmp_path.iterdir())
    assert sweep_temporaries(tmp_path) == 0
    with whole_file(tmp_path / name) as temporary:
        assert sweep_temporaries(tmp_path) == 0
        os.utime(temporary, (0, 0))
        assert sweep_temporaries(tmp_path) == 1
        assert sorted(tmp_path.iterdir()) == before
        temporary.write_bytes(b"x")
    assert sweep_temporaries(tmp_path / "none") == 0


def test_digests_are_sha256_in_hex(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"rushes")
    assert digest_of_file(path) == digest_of_bytes(b"rushes") == hashlib.sha256(b"rushes").hexdigest()


def test_json_keeps_letters_of_every_script(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"название": "Кадр"})
    assert "Кадр" in (tmp_path / "a.json").read_text(encoding="utf-8")
