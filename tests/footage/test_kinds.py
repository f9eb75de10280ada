from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import MediaError
from rushes.footage.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS, VIDEO_EXTENSIONS, find_media, kind_of
from rushes.footage.source import Unreadable
from rushes.project import OWN_FOLDERS, Project
from rushes.storage.places import parse_place
from storage.servers import Bucket, s3_store


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
    assert [path.name for path in find_media(tmp_path)] == ["x.jpg"]


def put(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def test_what_a_project_made_itself_is_no_footage(tmp_path: Path) -> None:
    project = tmp_path / "season" / "project"
    own = [project / name / "film" / "x.jpg" for name in OWN_FOLDERS]
    footage = [project / "footage" / "frames" / "a.mp4", project / "b.mp4", tmp_path / "frames" / "c.jpg"]
    put(project / "rushes.toml", *own, *footage)
    (tmp_path / "season" / "link").symlink_to(project / "frames")
    assert set(find_media(tmp_path)) == set(footage)
    assert set(find_media(project)) == set(footage[:2])
    for named in (project / "frames", project / "frames" / "film", project / "frames" / "film" / "x.jpg"):
        assert list(find_media(named)) == [project / "frames" / "film" / "x.jpg"]


def test_every_folder_that_a_project_names_is_its_own(tmp_path: Path) -> None:
    project = Project(tmp_path, "p", {})
    named = {getattr(project, name) for name in dir(Project) if name.endswith("_folder")}
    assert {folder.relative_to(tmp_path).parts[0] for folder in named} <= OWN_FOLDERS


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    put(tmp_path / "x.jpg")
    for name in ("gone.jpg", "card", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).symlink_to(tmp_path / "nothing")
    told: list[Unreadable] = []
    assert [path.name for path in find_media(tmp_path, passed_over=told.append)] == ["x.jpg"]
    assert {Path(one.path).name for one in told} == {"gone.jpg", "card"}
    assert all("nothing, which is not there" in one.reason for one in told)


def test_a_folder_that_cannot_be_listed_is_told_and_the_rest_is_found(tmp_path: Path) -> None:
    put(tmp_path / "x.jpg")
    # No permission stops an administrator, under whom tests may run; a path that is too long stops everyone.
    above = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=above)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)
    told: list[Unreadable] = []
    assert find_media(tmp_path, passed_over=told.append) == [tmp_path / "x.jpg"]
    assert len(told) == 1
    assert "the folder cannot be listed" in told[0].reason


def test_a_file_is_itself_and_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.doc").write_text("x")
    assert find_media(tmp_path / "notes.doc") == [tmp_path / "notes.doc"]
    with pytest.raises(MediaError, match="no such file or folder"):
        find_media(tmp_path / "gone")
    with pytest.raises(MediaError, match="A place in a store has two slashes: s3://…"):
        find_media(Path("s3:/footage/films"))
    assert find_media(tmp_path) == []


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with s3_store("rushes-kinds") as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    shoot = ("shot10.jpg", "Shot2.jpg", ".hidden.jpg", ".cache/y.mp4", "notes.txt", "b/x.MP4", "b/", "takes.mp4/in.jpg")
    for key in (*(f"shoot/{name}" for name in shoot), "shoots/other.mp4", "odd", ".bin/a.mp4"):
        store.put(key, b"x")
    return store


def found(bucket: Bucket, text: str) -> list[str]:
    return [str(place).removeprefix(f"s3://{bucket.name}/") for place in find_media(parse_place(text))]


def test_a_prefix_in_a_bucket_is_listed_like_a_folder(bucket: Bucket) -> None:
    inside = ["shoot/b/x.MP4", "shoot/Shot2.jpg", "shoot/shot10.jpg", "shoot/takes.mp4/in.jpg"]
    assert found(bucket, f"s3://{bucket.name}/shoot/") == inside
    assert found(bucket, f"s3://{bucket.name}/shoot") == inside
    assert found(bucket, f"s3://{bucket.name}") == [*inside, "shoots/other.mp4"]
    assert found(bucket, f"s3://{bucket.name}/shoot/.cache/") == ["shoot/.cache/y.mp4"]


def test_an_object_is_returned_whatever_it_is_called(bucket: Bucket) -> None:
    assert found(bucket, f"s3://{bucket.name}/odd") == ["odd"]
    assert found(bucket, f"s3://{bucket.name}/nowhere.mp4") == ["nowhere.mp4"]  # told when it is read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://rushes-kinds/nothing/", "nothing below a folder of that name"),
        ("s3://rushes-kinds/nothing", "nothing below a folder of that name"),
        ("s3://rushes-no-such/", "there is no bucket"),
        ("https://host/films/", "cannot be listed"),
        ("https://host", "cannot be listed"),
    ],
)
def test_a_remote_folder_that_cannot_be_listed_is_said_to(bucket: Bucket, text: str, said: str) -> None:
    with pytest.raises(MediaError, match=said):
        find_media(parse_place(text))


def test_a_key_with_an_empty_part_is_said_to(bucket: Bucket) -> None:
    bucket.put("bad//a.mp4", b"x")
    with pytest.raises(MediaError, match="empty part"):
        find_media(parse_place(f"s3://{bucket.name}/bad/"))
    bucket.client.delete_object(Bucket=bucket.name, Key="bad//a.mp4")


def test_a_web_address_is_one_file() -> None:
    place = parse_place("https://host/film.mp4")
    assert find_media(place) == [place]
    assert kind_of(place) == "video"
