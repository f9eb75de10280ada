"""What only a folder on this machine does: names of one file, temporary files, links."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rushes.errors import PlaceError
from rushes.storage.local_folder import LocalFolder
from storage.full_disk import files_of_at_most


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "set")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "picture.jpg").write_bytes(b"picture")
    return tmp_path / "picture.jpg"


@pytest.fixture
def other_file_system(tmp_path: Path) -> Iterator[Path]:
    """A file on a file system that shares no names with that of the tests."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev or not os.access(memory, os.W_OK):
        pytest.skip("there is no second file system here")
    path = memory / f"rushes-test-{os.getpid()}.jpg"
    path.write_bytes(b"far away")
    yield path
    path.unlink()


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_an_upload_and_a_copy_are_names_of_one_file(folder: LocalFolder, picture: Path, tmp_path: Path) -> None:
    folder.upload(picture, "train/Rare/a.jpg")
    folder.copy_within("train/Rare/a.jpg", "test/Rare/a.jpg")
    folder.write("test/Rare/a.jpg", b"new")  # never into the file that the others name
    assert picture.read_bytes() == b"picture"
    folder.copy_within("train/Rare/a.jpg", "test/Rare/a.jpg")
    folder.copy_within("train/Rare/a.jpg", "test/Rare/a.jpg")
    assert picture.stat().st_nlink == 3
    assert names_in(tmp_path / "set") == ["test/Rare/a.jpg", "train/Rare/a.jpg"]


def test_a_link_is_uploaded_as_what_it_leads_to(folder: LocalFolder, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(picture)
    folder.upload(tmp_path / "link.jpg", "a.jpg")
    assert not (tmp_path / "set" / "a.jpg").is_symlink()
    assert picture.stat().st_nlink == 2


def test_a_file_of_another_file_system_is_copied(folder: LocalFolder, other_file_system: Path, tmp_path: Path) -> None:
    folder.write("a.jpg", b"before")
    assert folder.upload(other_file_system, "a.jpg").size_bytes == 8
    assert folder.read("a.jpg") == b"far away"
    assert names_in(tmp_path / "set") == ["a.jpg"]


def test_what_a_killed_process_left_is_neither_listed_nor_kept(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("train/a.jpg", b"x")
    left = tmp_path / "set" / "train" / ".rushes-a-x7_wq2ab.jpg"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    assert [key for key, _ in folder.listing()] == ["train/a.jpg"]
    assert left.exists()  # looking changes nothing
    LocalFolder(tmp_path / "set").write("train/b.jpg", b"x")
    assert not left.exists()
    with pytest.raises(PlaceError, match="named like a temporary file"):
        folder.write("train/.rushes-a-x7_wq2ab.jpg", b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is not there on Windows")
def test_a_full_disk_leaves_what_was_there_and_says_what_to_do(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("a.bin", b"before")
    known = folder.state("a.bin")
    assert known is not None
    for act in (folder.write, folder.write_new, partial(folder.rewrite, known=known)):
        with files_of_at_most(1000), pytest.raises(PlaceError, match=r"cannot be written \(.*\)\. "):
            act("a.bin", bytes(10_000))
    assert folder.read("a.bin") == b"before"
    assert names_in(tmp_path / "set") == ["a.bin"]


def test_no_key_leads_through_a_link_out_of_the_folder(folder: LocalFolder, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret").write_bytes(b"x")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train").symlink_to(tmp_path / "out")
    assert list(folder.listing()) == []
    with pytest.raises(PlaceError, match="is a link, which may lead out of the folder"):
        folder.write("train/a", b"x")
    assert set(folder.delete(["train/secret"])) == {"train/secret"}
    assert names_in(tmp_path / "out") == ["secret"]


def test_a_folder_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    LocalFolder(tmp_path / "link").write("a", b"x")
    assert (tmp_path / "real" / "a").read_bytes() == b"x"


def test_a_file_where_a_folder_is_wanted_is_named(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("train", b"x")
    with pytest.raises(PlaceError, match="train"):
        folder.write("train/a.jpg", b"x")
    folder.write("test/a.jpg", b"x")
    with pytest.raises(PlaceError, match=r"set/test: cannot be written"):
        folder.write("test", b"x")
    assert set(folder.delete(["test", "train"])) == {"test"}
    assert LocalFolder(tmp_path / "set").state("test") is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="who is root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_named(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("train/a.jpg", b"x")
    (tmp_path / "set" / "train").chmod(0o555)
    with pytest.raises(PlaceError, match="Check who may write there"):
        folder.write("train/b.jpg", b"x")
    assert "Check who may write there" in folder.delete(["train/a.jpg"])["train/a.jpg"]


def test_a_name_that_is_no_text_is_named_in_a_listing(folder: LocalFolder, tmp_path: Path) -> None:
    folder.write("a.jpg", b"x")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path / "set") + b"/b\xff.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(PlaceError, match="letters that cannot be printed"):
        list(folder.listing())
