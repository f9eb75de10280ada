"""Pictures by reference, from the folder, a bucket and a web server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rushes.errors import MediaError, ProjectError, UnreachableError, UsageError
from rushes.storage.files import digest_of_bytes
from rushes.storage.pictures import (
    FETCHES,
    LIMIT_VARIABLE,
    PICTURES_FOLDER,
    Pictures,
    is_remote,
    without_query,
)
from storage.full_disk import files_of_at_most
from storage.servers import Bucket, WebServer, s3_store, web_server

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

DATA = b"a picture, as far as storage knows " * 100


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with s3_store("rushes-pictures") as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


def kept(root: Path) -> list[Path]:
    return sorted(path for path in (root / PICTURES_FOLDER).rglob("*") if path.is_file())


def fetch(root: Path, image: str, sha256: str = "", **how: int) -> bytes:
    with Pictures(root, **how) as pictures, pictures.held(image, sha256=sha256) as path:
        return path.read_bytes()


def test_a_local_file_is_given_where_it_is_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "a.jpg").write_bytes(DATA)
    with Pictures(tmp_path) as pictures:
        pictures.fetch_ahead("frames/a.jpg")
        with pictures.held("frames/a.jpg", sha256=digest_of_bytes(DATA)) as path:
            assert path == tmp_path / "frames" / "a.jpg"
        with pictures.held(str(tmp_path / "frames" / "a.jpg")) as path:
            assert path.read_bytes() == DATA
    assert not (tmp_path / PICTURES_FOLDER).exists()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("frames/gone.jpg", "the file is missing. Put it back"),
        ("a.jpg/b.jpg", "the file is missing"),
        ("", "the file is missing"),
        (".", "the file is missing"),
        ("a\0b.jpg", "the file is missing"),
    ],
)
def test_a_local_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path, image: str, said: str) -> None:
    (tmp_path / "a.jpg").write_bytes(DATA)
    with Pictures(tmp_path) as pictures, pytest.raises(MediaError, match=said), pictures.held(image):
        pass


def test_a_local_file_that_is_not_the_labelled_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(DATA)
    with (
        Pictures(tmp_path) as pictures,
        pytest.raises(MediaError, match=r"not the one.*manifest build") as caught,
        pictures.held("a.jpg", sha256="ab" * 32),
    ):
        pass
    assert caught.value.path == "a.jpg"


def test_a_picture_in_a_bucket_and_on_a_server_is_fetched_once_and_keeps_its_extension(
    bucket: Bucket, web: WebServer, tmp_path: Path
) -> None:
    in_bucket = bucket.put("base/TT_S01_E01_FRM-00-00-08-12.JPG", DATA)
    on_server = web.put("/a b.png", DATA[::-1]).replace(" ", "%20") + "?X-Amz-Signature=hush"
    for _ in range(2):
        assert fetch(tmp_path, in_bucket) == DATA
        assert fetch(tmp_path, on_server) == DATA[::-1]
        assert fetch(tmp_path, in_bucket, digest_of_bytes(DATA)) == DATA
    assert web.sent["/a b.png"] == len(DATA)
    assert sorted(path.suffix for path in kept(tmp_path)) == [".jpg", ".png"]
    assert not any("hush" in str(path) for path in kept(tmp_path))
    bucket.client.delete_object(Bucket=bucket.name, Key="base/TT_S01_E01_FRM-00-00-08-12.JPG")
    assert fetch(tmp_path, in_bucket) == DATA


def test_two_addresses_that_differ_in_their_query_are_two_pictures(web: WebServer, tmp_path: Path) -> None:
    address = web.put("/picture", DATA)
    fetch(tmp_path, f"{address}?id=1")
    fetch(tmp_path, f"{address}?id=2")
    assert len(kept(tmp_path)) == 2


def test_a_picture_of_another_digest_is_refused_and_a_new_one_replaces_the_one_that_is_kept(
    web: WebServer, tmp_path: Path
) -> None:
    address = web.put("/a.jpg", DATA)
    with pytest.raises(MediaError, match=r"/a\.jpg: the object is not the one that was labelled"):
        fetch(tmp_path, address, "ab" * 32)
    assert not kept(tmp_path)
    fetch(tmp_path, address)
    web.put("/a.jpg", DATA[::-1])
    assert fetch(tmp_path, address) == DATA
    assert fetch(tmp_path, address, digest_of_bytes(DATA[::-1])) == DATA[::-1]
    assert fetch(tmp_path, address) == DATA[::-1]


def test_what_a_store_does_not_give_is_said_with_its_address_and_without_its_signature(
    bucket: Bucket, web: WebServer, tmp_path: Path
) -> None:
    closed = web.put("/closed.jpg", DATA, refusals=100, refusal=403) + "?X-Amz-Signature=hush"
    for image, said in (
        (f"s3://{bucket.name}/gone.jpg", r"s3://rushes-pictures/gone\.jpg: there is no such object in the bucket"),
        (f"s3://{bucket.name}/a//b.jpg", "empty part"),
        (bucket.put("empty.jpg", b""), "is empty"),
        (f"{web.base}/gone.jpg", r"gone\.jpg: there is no such file on the server \(404\). Check the name"),
        (closed, "may not be read .* sign it again"),
        ("gopher://hush@host/a.jpg", r"gopher://…: rushes does not read"),
        ("https://me:hush@host/a.jpg", "user name or password"),
    ):
        with pytest.raises(MediaError, match=said) as caught:
            fetch(tmp_path, image)
        assert not isinstance(caught.value, UnreachableError)
        assert "hush" not in str(caught.value)
    assert not kept(tmp_path)


def test_a_picture_that_is_too_large_is_refused(web: WebServer, tmp_path: Path) -> None:
    from rushes.storage.stores import WHOLE_BYTES

    with pytest.raises(MediaError, match="whole files only"):
        fetch(tmp_path, web.put("/large.jpg", bytes(WHOLE_BYTES + 1), ranges=False))


def test_a_store_that_does_not_answer_is_not_asked_again(bucket: Bucket, tmp_path: Path) -> None:
    with web_server() as gone:
        addresses = [gone.put(f"/{number}.jpg", DATA) for number in range(200)]
    with Pictures(tmp_path) as pictures:
        for address in addresses:
            with pytest.raises(UnreachableError, match=r"\.jpg: the server cannot be reached"), pictures.held(address):
                pass
        with pytest.raises(UnreachableError, match="there is no bucket"), pictures.held("s3://rushes-nowhere/a.jpg"):
            pass
        with pictures.held(bucket.put("there.jpg", DATA)) as path:
            assert path.read_bytes() == DATA


def test_a_server_that_fails_again_and_again_is_out_of_reach(web: WebServer, tmp_path: Path) -> None:
    address = web.put("/busy.jpg", DATA, refusals=100)
    with pytest.raises(UnreachableError, match=r"503.*, also when asked again"):
        fetch(tmp_path, address)
    web.put("/busy.jpg", DATA, refusals=2)
    assert fetch(tmp_path, address) == DATA


def test_threads_that_want_one_picture_fetch_it_once(web: WebServer, tmp_path: Path) -> None:
    address, together = web.put("/a.jpg", DATA), threading.Barrier(8)
    with Pictures(tmp_path) as pictures, ThreadPoolExecutor(8) as pool:

        def read(_: int) -> bytes:
            together.wait()
            with pictures.held(address) as path:
                return path.read_bytes()

        assert set(pool.map(read, range(8))) == {DATA}
    assert web.sent["/a.jpg"] == len(DATA)


def test_several_pictures_are_fetched_at_the_same_time(web: WebServer, tmp_path: Path) -> None:
    addresses = [web.put(f"/{number}.jpg", DATA + bytes([number])) for number in range(40)]
    with Pictures(tmp_path) as pictures:
        found = list(pictures.read_each(addresses, Path.read_bytes))
    assert found == [DATA + bytes([number]) for number in range(40)]
    assert len(web.asked) == 40
    with Pictures(tmp_path) as pictures:
        before = {thread.name for thread in threading.enumerate()}
        for address in addresses:
            pictures.fetch_ahead(f"{address}?anew")
        names = {thread.name for thread in threading.enumerate()} - before
        assert 1 <= sum(name.startswith("fetched") for name in names) <= FETCHES


def test_pictures_that_cannot_be_read_are_values_in_the_order_of_the_others(web: WebServer, tmp_path: Path) -> None:
    (tmp_path / "here.jpg").write_bytes(DATA)
    there, signed = web.put("/there.jpg", DATA), web.put("/odd.jpg", b"odd") + "?X-Amz-Signature=hush"

    def read(path: Path) -> bytes:
        if path.read_bytes() == b"odd":
            raise MediaError(path, "is odd")
        return path.read_bytes()

    images = ["here.jpg", "gone.jpg", there, signed, f"{web.base}/gone.jpg", "here.jpg"]
    digests = [digest_of_bytes(DATA), "", "", "", "", "ab" * 32]
    with Pictures(tmp_path) as pictures:
        here, gone, from_server, odd, gone_there, other = pictures.read_each(images, read, digests=digests)
    assert here == from_server == DATA
    said = [str(one) for one in (gone, odd, gone_there, other)]
    assert [text.partition(": ")[0] for text in said] == [
        "gone.jpg", f"{web.base}/odd.jpg?…", f"{web.base}/gone.jpg", "here.jpg",
    ]  # fmt: skip
    assert said[1].endswith("is odd")


def test_the_pictures_that_were_used_longest_ago_make_room(web: WebServer, tmp_path: Path) -> None:
    limit = int(len(DATA) * 3.5)
    addresses = [web.put(f"/{number}.jpg", DATA) for number in range(5)]
    for number, address in enumerate(addresses[:3]):
        fetch(tmp_path, address, limit_bytes=limit)
        (new,) = [path for path in kept(tmp_path) if time.time() - path.stat().st_mtime < 60]
        os.utime(new, (0, 1000.0 + number))
    fetch(tmp_path, addresses[0], limit_bytes=limit)  # used again, it is the newest now
    for path in kept(tmp_path):
        if time.time() - path.stat().st_mtime < 60:
            os.utime(path, (0, 2000.0))
    fetch(tmp_path, addresses[3], limit_bytes=limit)
    assert sum(path.stat().st_size for path in kept(tmp_path)) <= limit
    asked = len(web.asked)
    fetch(tmp_path, addresses[0], limit_bytes=limit)
    fetch(tmp_path, addresses[3], limit_bytes=limit)
    assert len(web.asked) == asked
    fetch(tmp_path, addresses[1], limit_bytes=limit)
    assert len(web.asked) == asked + 1


def test_a_picture_that_is_held_is_not_removed_to_make_room(web: WebServer, tmp_path: Path) -> None:
    addresses = [web.put(f"/{number}.jpg", DATA) for number in range(4)]
    with Pictures(tmp_path, limit_bytes=len(DATA)) as pictures, pictures.held(addresses[0]) as first:
        os.utime(first, (0, 0))
        for address in addresses[1:]:
            with pictures.held(address) as path:
                os.utime(path, (0, 1))
        assert first.read_bytes() == DATA
    assert len(kept(tmp_path)) == 2


def test_a_full_disk_is_said_and_leaves_nothing_half_written(web: WebServer, tmp_path: Path) -> None:
    address = web.put("/a.jpg", DATA)
    with files_of_at_most(100), pytest.raises(ProjectError, match=r"pictures: a picture that was fetched cannot be"):
        fetch(tmp_path, address)
    assert not kept(tmp_path)
    assert fetch(tmp_path, address) == DATA


def test_pictures_that_cannot_be_kept_are_given_all_the_same(web: WebServer, tmp_path: Path) -> None:
    (tmp_path / ".rushes" / "cache").mkdir(parents=True)
    (tmp_path / ".rushes" / "cache" / "pictures").write_bytes(b"no folder")
    address = web.put("/a.jpg", DATA)
    with Pictures(tmp_path) as pictures:
        with pictures.held(address) as path, pictures.held(address) as again:
            assert path.read_bytes() == again.read_bytes() == DATA
        assert not path.exists()
        with pictures.held(address) as path:
            assert path.read_bytes() == DATA
    assert not path.parent.exists()


def test_the_limit_can_be_stated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for wrong in ("much", "0", "-1", "nan", "inf"):
        monkeypatch.setenv(LIMIT_VARIABLE, wrong)
        with pytest.raises(UsageError, match=f"{LIMIT_VARIABLE} is '{wrong}'; it must be a number of gibibytes"):
            Pictures(tmp_path)
    monkeypatch.setenv(LIMIT_VARIABLE, " 0.5 ")
    Pictures(tmp_path).close()


def test_references_are_told_apart_and_shown_without_what_may_be_secret() -> None:
    assert [is_remote(image) for image in ("frames/a.jpg", "/frames/a.jpg", "s3://b-c/a.jpg", "gs://b/a.jpg")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert without_query("frames/a?b.jpg") == "frames/a?b.jpg"
    assert without_query("s3://bucket/a.jpg") == "s3://bucket/a.jpg"
    assert without_query("https://host/a.jpg?X-Amz-Signature=hush") == "https://host/a.jpg?…"
    assert without_query("ftp://me:hush@host/a.jpg") == "ftp://…"


def test_a_local_picture_of_a_project_on_another_machine_is_said_to_be_there(tmp_path: Path) -> None:
    root = tmp_path / "project"
    away = Pictures(root, machine="studio-7")
    with pytest.raises(ProjectError) as caught, away.held("frames/one.jpg"):
        pass
    assert "frames/one.jpg: is on the machine studio-7" in str(caught.value)
    assert "store = " in str(caught.value)
    root.mkdir()
    (root / "rushes.toml").write_text("")  # the folder is shared
    shared = Pictures(root, machine="studio-7")
    with pytest.raises(MediaError, match="the file is missing"), shared.held("frames/one.jpg"):
        pass
