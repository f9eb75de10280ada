"""What only a bucket does: refusals, other buckets, encryption, parts; on a store whose inside is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

from benchmarks.loopback_s3 import Store, environment, s3_here

from rushes.errors import PlaceError, UsageError
from rushes.storage.aws import S3Settings, s3_settings
from rushes.storage.buckets import BucketFolder, S3Folder, bucket_folder
from rushes.storage.object_folder import object_folder
from rushes.storage.places import Remote, parse_place
from storage.folders import reached_by

DATA = bytes(range(256)) * 10


@pytest.fixture
def store() -> Store:
    return Store({"films": {}, "frames": {}})


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Iterator[S3Settings]:
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        yield s3_settings(environment(endpoint), home=tmp_path)


@pytest.fixture
def folder(settings: S3Settings) -> BucketFolder:
    return bucket_folder(Remote("s3", "films", "set"))


def refuse(store: Store, method: str, word: str, code: str) -> None:
    store.refuse = lambda asked, bucket, key: code if asked == method and word in key else None


def test_what_stands_in_another_bucket_is_copied_by_the_store(folder: BucketFolder, store: Store) -> None:
    store.put("frames", "a é/b+%20.jpg", DATA, "image/jpeg")
    before = store.requests
    state = folder.copy_from(Remote("s3", "frames", "a é/b+%20.jpg"), "train/ü b.jpg")
    assert store.requests - before == 3  # its state, the copy, the state of the copy
    copy = store.buckets["films"]["set/train/ü b.jpg"]
    assert (copy.data, copy.kind, copy.etag) == (DATA, "image/jpeg", state.etag)
    for missing in (Remote("s3", "frames", "none.jpg"), Remote("s3", "nowhere", "a.jpg")):
        with pytest.raises(PlaceError, match=f"s3://{missing.host}/.*: there is no"):
            folder.copy_from(missing, "b.jpg")


@pytest.mark.parametrize("bucket", ["films", "frames"])
def test_an_object_too_large_for_one_request_is_copied_in_parts(
    settings: S3Settings, store: Store, bucket: str
) -> None:
    folder = S3Folder(Remote("s3", "films", "set/"), settings, largest_copy_bytes=1000)
    store.put(bucket, "big é.bin", DATA, "video/mp4")
    assert folder.copy_from(Remote("s3", bucket, "big é.bin"), "copy.bin").size_bytes == len(DATA)
    copy = store.buckets["films"]["set/copy.bin"]
    assert (copy.data, copy.kind) == (DATA, "video/mp4")
    assert copy.etag.endswith('-1"')
    refuse(store, "POST", "other.bin", "AccessDenied")
    with pytest.raises(PlaceError, match=r"may not be copied \(403"):
        folder.copy_from(Remote("s3", bucket, "big é.bin"), "other.bin")
    assert "set/other.bin" not in store.buckets["films"]
    assert store.uploads == {}


def test_what_was_put_in_parts_is_copied_though_its_etag_becomes_another(folder: BucketFolder, store: Store) -> None:
    store.put("films", "set/a", DATA, "x/y", '"00000000000000000000000000000000-3"')
    state = folder.copy_within("a", "b")
    assert state.etag == store.buckets["films"]["set/b"].etag
    assert not state.etag.endswith('-3"')


def test_under_a_key_of_the_store_copies_have_other_etags_and_are_taken_by_their_size(
    folder: BucketFolder, store: Store
) -> None:
    store.under_key.add("films")
    state = folder.write("a", DATA)
    assert folder.state("a") == state
    copy = folder.copy_within("a", "b")
    assert copy.etag != state.etag
    assert folder.read("b") == DATA


def test_a_copy_that_has_another_etag_for_no_reason_is_refused(folder: BucketFolder, store: Store) -> None:
    store.put("films", "set/a", DATA, "x/y", '"00000000000000000000000000000000"')
    known = folder.state("a")
    store.put("films", "set/a", DATA[::-1], "x/y")
    with pytest.raises(PlaceError, match="changed while it was copied"):
        folder.copy_within("a", "b", known=known)


def test_who_may_not_is_told_apart_from_what_is_missing(folder: BucketFolder, store: Store) -> None:
    folder.write("a", DATA)
    assert folder.state("none") is None
    with pytest.raises(PlaceError, match="set/none: there is no such object in the bucket"):
        folder.read("none")
    store.refuse = lambda method, bucket, key: "AccessDenied"
    for act, doing in (
        (lambda: folder.state("a"), "read"),
        (lambda: folder.read("a"), "read"),
        (lambda: list(folder.listing()), "listed"),
        (lambda: folder.write("a", b"x"), "written"),
        (lambda: folder.write_new("b", b"x"), "written"),
    ):
        with pytest.raises(PlaceError, match=rf"may not be {doing} \(403.*\)\. Check AWS_PROFILE"):
            act()
    refuse(store, "PUT", "set/b", "AccessDenied")
    with pytest.raises(PlaceError, match=r"set/b: may not be written \(403"):
        folder.copy_within("a", "b")
    assert list(store.buckets["films"]) == ["set/a"]


def test_a_bucket_that_is_missing_is_named_by_every_act(settings: S3Settings, tmp_path: Path) -> None:
    folder = bucket_folder(Remote("s3", "nowhere", "set/"))
    (tmp_path / "a").write_bytes(b"x")
    for act in (
        lambda: folder.state("a"),
        lambda: folder.read("a"),
        lambda: list(folder.listing()),
        lambda: folder.write("a", b"x"),
        lambda: folder.write_new("a", b"x"),
        lambda: folder.upload(tmp_path / "a", "a"),
        lambda: folder.copy_within("a", "b"),
    ):
        with pytest.raises(PlaceError, match=r"there is no bucket 'nowhere'\. Check its name, and AWS"):
            act()
    reasons = folder.delete(["a", "b"])
    assert set(reasons) == {"a", "b"}
    assert "there is no bucket 'nowhere'" in reasons["a"]


def test_of_many_removals_those_that_were_refused_are_named(folder: BucketFolder, store: Store) -> None:
    keys = [f"{number:04}" for number in range(2300)]
    for key in keys:
        store.put("films", f"set/{key}", b"x", "x/y")
    refuse(store, "DELETE", "77", "AccessDenied")
    reasons = folder.delete(keys)
    refused = [key for key in keys if "77" in key]
    assert sorted(reasons) == refused
    assert all("may not be removed (403 AccessDenied)" in reason for reason in reasons.values())
    assert sorted(store.buckets["films"]) == [f"set/{key}" for key in refused]


def test_a_store_that_removes_one_by_one_and_refuses_what_is_absent_removes_the_others(
    settings: S3Settings, store: Store
) -> None:
    assert settings.endpoint is not None
    with reached_by({"GOOGLE_BASE_URL": settings.endpoint, "GOOGLE_BEARER_TOKEN": "token"}):
        folder = object_folder(parse_place("gs://films/set/"))
        keys = [f"{number:03}" for number in range(60)]
        for key in keys[::2]:
            folder.write(key, b"x")

        def refusal(method: str, bucket: str, key: str) -> str | None:
            if method != "DELETE":
                return None
            return "AccessDenied" if "44" in key else "NoSuchKey" if key not in store.buckets[bucket] else None

        store.refuse = refusal
        assert "Check GOOGLE_APPLICATION_CREDENTIALS" in folder.delete(keys)["044"]
        assert list(store.buckets["films"]) == ["set/044"]


def test_marks_of_folders_are_no_objects(folder: BucketFolder, store: Store) -> None:
    for key in ("set/", "set/train/", "set/train/Rare/", "set/train/Rare/a.jpg", "set/empty", "set/train/b", "set/b/"):
        store.put("films", key, b"", "x/y")
    store.put("films", "set/b", b"data", "x/y")
    listed = sorted((key, state.size_bytes) for key, state in folder.listing())
    assert listed == [("b", 4), ("empty", 0), ("train/Rare/a.jpg", 0), ("train/b", 0)]


def test_a_key_that_cannot_be_named_is_said_in_a_listing(folder: BucketFolder, store: Store) -> None:
    store.put("films", "set/a//b.jpg", b"x", "x/y")
    with pytest.raises(PlaceError, match="holds a key with an empty part"):
        list(folder.listing())


def test_a_whole_bucket_is_a_place_too(settings: S3Settings, store: Store) -> None:
    folder = object_folder(parse_place("s3://films"))
    folder.write("a.txt", b"x")
    assert list(store.buckets["films"]) == ["a.txt"]
    assert [key for key, _ in folder.listing()] == ["a.txt"]


def test_a_picture_is_stored_as_a_picture(folder: BucketFolder, store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(DATA)
    folder.upload(tmp_path / "a.jpg", "a.jpg")
    folder.write("classes.json", b"[]")
    assert [stored.kind for stored in store.buckets["films"].values()] == ["image/jpeg", "application/json"]


def test_a_store_that_is_busy_is_asked_again(folder: BucketFolder, store: Store) -> None:
    asked: list[str] = []

    def busy(method: str, bucket: str, key: str) -> str | None:
        asked.append(method)
        return "SlowDown" if len(asked) % 3 else None

    store.refuse = busy
    folder.write("a", DATA)
    store.refuse = lambda method, bucket, key: None
    assert folder.read("a") == DATA


def test_a_store_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with reached_by(environment("http://127.0.0.1:9")), pytest.raises(PlaceError, match=r"reached.*Check AWS_END"):
        bucket_folder(Remote("s3", "films", "")).state("a")


def test_without_keys_for_other_clouds_the_way_to_give_them_is_named(tmp_path: Path) -> None:
    with reached_by({}), pytest.raises(UsageError, match="Set AZURE_STORAGE_ACCOUNT_NAME"):
        object_folder(parse_place("az://films/set/"))
    wrong = {"AZURE_STORAGE_ACCOUNT_NAME": "studio", "AZURE_STORAGE_ACCOUNT_KEY": "hush!"}
    with reached_by(wrong), pytest.raises(UsageError, match="AZURE_STORAGE_ACCOUNT_KEY") as caught:
        object_folder(parse_place("az://films/set/"))
    assert "hush" not in str(caught.value)
    for path, said in (
        (tmp_path / "none.json", "cannot be opened"),
        (tmp_path / "text.json", "is no file of a service"),
    ):
        (tmp_path / "text.json").write_text("hush")
        with (
            reached_by({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}),
            pytest.raises(UsageError, match=f"GOOGLE_APPLICATION_CREDENTIALS.*{said}") as caught,
        ):
            object_folder(parse_place("gs://films/set/"))
        assert "hush" not in str(caught.value)
    given = {
        "AZURE_STORAGE_ACCOUNT_NAME": "studio",
        "AZURE_STORAGE_ACCOUNT_KEY": "a2V5",
        "GOOGLE_BEARER_TOKEN": "token",
    }
    with reached_by(given):
        for address in ("az://films/set/", "gs://films/set/"):
            assert str(object_folder(parse_place(address)).place) == address
