from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import MediaError
from rushes.footage.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS, VIDEO_EXTENSIONS, find_media, kind_of


def test_the_extension_decides_and_case_does_not_matter() -> None:
    assert kind_of(Path("a/B.MP4")) == "video"
    assert kind_of(Path("DSC_0001.NEF")) == "raw"
    assert kind_of(Path("scan.dng")) == "raw"
    assert kind_of(Path("x.JPeG")) == "photo"
    assert kind_of(Path("notes.txt")) is None
    assert kind_of(Path("README")) is None


def test_no_extension_is_of_two_kinds() -> None:
    assert not VIDEO_EXTENSIONS & PHOTO_EXTENSIONS
    assert not RAW_EXTENSIONS & (VIDEO_EXTENSIONS | PHOTO_EXTENSIONS)


def test_footage_of_a_folder_comes_in_natural_order_without_the_rest(tmp_path: Path) -> None:
    for name in ("shot10.jpg", "Shot2.jpg", "shot1.jpg", ".hidden.jpg", "notes.txt", "b/x.mp4", ".cache/y.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [str(path.relative_to(tmp_path)) for path in find_media(tmp_path)]
    assert found == ["b/x.mp4", "shot1.jpg", "Shot2.jpg", "shot10.jpg"]


def test_a_folder_that_links_to_itself_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(b"x")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    assert [path.name for path in find_media(tmp_path)] == ["x.jpg"]


def test_a_file_is_itself_and_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert find_media(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    with pytest.raises(MediaError, match="no such file or folder"):
        find_media(tmp_path / "gone")
    assert find_media(tmp_path) == []
