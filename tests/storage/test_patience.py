"""A store that throttles is asked again, on every operation; one that does not stop ends with one clear error."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

from benchmarks.loopback_s3 import Store, environment, s3_here

from rushes.errors import ExpiredKeysError, ThrottledError, UsageError
from rushes.scale.engine import Work
from rushes.storage.aws import s3_settings
from rushes.storage.buckets import S3Folder
from rushes.storage.patience import patiently, stated_patience, without_patience
from rushes.storage.places import Remote
from rushes.storage.reading import open_place, read_place
from rushes.storage.stores import list_folder, list_keys
from storage.folders import reached_by

DATA = bytes(range(256)) * 10
LARGE = bytes(9 << 20)
FILM = Remote("s3", "films", "set/a.jpg")


@pytest.fixture
def store() -> Store:
    store = Store({"films": {}, "frames": {}})
    for key in ("set/a.jpg", "set/b.jpg"):
        store.put("films", key, DATA, "image/jpeg")
    store.put("frames", "c.jpg", DATA, "image/jpeg")
    return store


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Iterator[S3Folder]:
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        yield S3Folder(
            Remote("s3", "films", "set/"), s3_settings(environment(endpoint), home=tmp_path), largest_copy_bytes=8 << 20
        )


def throttle(store: Store, requests: int, code: str = "SlowDown") -> None:
    """Let the store refuse so many requests; obstore alone gives up after five."""
    left = [requests]

    def refuse(*_: str) -> str | None:
        left[0] -= 1
        return code if left[0] >= 0 else None

    store.refuse = refuse


def upload(folder: S3Folder, path: Path) -> object:
    path.write_bytes(LARGE)
    return folder.upload(path, "large.bin")


OPERATIONS: dict[str, Callable[[S3Folder, Path], object]] = {
    "get": lambda folder, _: folder.read("a.jpg"),
    "range": lambda *_: open_place(FILM).read(7),
    "picture": lambda *_: read_place(FILM),
    "head": lambda folder, _: folder.state("a.jpg"),
    "list": lambda folder, _: list(folder.listing()),
    "keys": lambda *_: list(list_keys(Remote("s3", "films", "set/"))),
    "folder": lambda *_: list_folder(Remote("s3", "films", "set/")),
    "put": lambda folder, _: folder.write("d.jpg", DATA),
    "put where nothing is": lambda folder, _: folder.write_new("e.jpg", DATA),
    "put in parts": upload,
    "copy": lambda folder, _: folder.copy_within("a.jpg", "f.jpg"),
    "copy from another bucket": lambda folder, _: folder.copy_from(Remote("s3", "frames", "c.jpg"), "g.jpg"),
    "delete": lambda folder, _: folder.delete(["a.jpg", "b.jpg"]) == {} or pytest.fail("refused"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_outlasts_a_store_that_throttles(
    name: str, folder: S3Folder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    throttle(store, 6)
    before = store.requests
    assert OPERATIONS[name](folder, tmp_path / "large.bin") is not None
    assert store.requests - before > 6


@pytest.mark.longer
def test_a_copy_in_parts_outlasts_it_too(
    folder: S3Folder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    upload(folder, tmp_path / "large.bin")
    dice = random.Random(3)
    store.refuse = lambda *_: "SlowDown" if dice.random() < 0.3 else None
    assert folder.copy_within("large.bin", "other.bin").size_bytes == len(LARGE)
    assert store.uploads == {}


def test_single_removals_that_are_refused_for_now_are_asked_for_again(
    folder: S3Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    counts = {"set/a.jpg": 0, "set/b.jpg": 0}

    def refuse(method: str, bucket: str, key: str) -> str | None:
        if key not in counts:
            return None
        counts[key] += 1
        return {"set/a.jpg": "SlowDown" if counts[key] < 4 else None, "set/b.jpg": "AccessDenied"}[key]

    store.refuse = refuse
    assert {key: reason[:18] for key, reason in folder.delete(["a.jpg", "b.jpg"]).items()} == {
        "b.jpg": "may not be removed"
    }
    assert "set/a.jpg" not in store.buckets["films"]


def test_what_was_refused_before_a_request_that_fails_was_refused_all_the_same(
    folder: S3Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    posts = 0

    def refuse(method: str, bucket: str, key: str) -> str | None:
        nonlocal posts
        posts += method == "POST"
        if method == "POST":  # the first is of the library that tells no reasons
            return "InvalidRequest" if posts > 2 else None
        return {"set/a.jpg": "AccessDenied", "set/b.jpg": "SlowDown" if posts == 2 else None}.get(key)

    store.refuse = refuse
    failed = folder.delete(["a.jpg", "b.jpg", "c.jpg"])
    assert "may not be removed" in failed["a.jpg"]
    assert "400 InvalidRequest" in failed["b.jpg"]
    assert set(failed) == {"a.jpg", "b.jpg"}


def test_a_listing_goes_on_from_the_key_where_it_was_throttled(
    folder: S3Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    wanted = {f"set/{number % 5}/{number:05}.jpg" for number in range(3100)}
    for key in wanted:
        store.put("films", key, b"x", "image/jpeg")
    dice = random.Random(5)
    store.refuse = lambda *_: "SlowDown" if dice.random() < 0.5 else None
    listed = [key for key, _ in folder.listing()]
    assert len(listed) == len(wanted) + 2
    assert {f"set/{key}" for key in listed} >= wanted
    found = list(list_keys(Remote("s3", "films", "set")))  # whose folders are listed side by side
    assert len(found) == len(wanted) + 2
    assert set(found) >= wanted


@pytest.mark.longer
def test_a_store_that_goes_on_throttling_is_told_once_with_what_to_do(folder: S3Folder, store: Store) -> None:
    throttle(store, 10_000)
    with pytest.raises(ThrottledError, match=r"s3://films/: .*503.*throttles.*--workers 1.*try again later.*is kept"):
        read_place(FILM)
    for act in (lambda: folder.write("d.jpg", DATA), lambda: folder.copy_within("a.jpg", "e.jpg"), folder.listing):
        with pytest.raises(ThrottledError, match=r"s3://films/: .*503.*throttles or is down.*is kept"):
            list(act())  # type: ignore[call-overload]
    assert "throttles" in folder.delete(["a.jpg"])["a.jpg"]


@pytest.mark.parametrize("ends", [True, False])
def test_what_is_of_no_file_is_raised_though_a_library_took_it_for_damage_or_the_end(
    ends: bool, folder: S3Folder, store: Store
) -> None:
    store.refuse = lambda *_: "ExpiredToken"
    with pytest.raises(ExpiredKeysError, match="the keys have expired"), open_place(FILM) as file:  # noqa: PT012
        with pytest.raises(ExpiredKeysError):
            file.read(1)
        if not ends:
            raise ValueError("damaged")


def test_an_item_may_take_its_time_beside_that_for_which_a_store_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "600")
    assert Work(len, "reading", seconds=120.0).limit_seconds == 720.0
    assert Work(len, "reading").limit_seconds == 0.0


def test_a_store_that_used_up_the_patience_is_not_waited_for_again_until_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "0.2")
    asked: list[str] = []

    def refuse() -> str:
        asked.append("refused")
        raise RuntimeError("status code: 503")

    def ask(call: Callable[[], str]) -> str:
        return patiently(call, store="s3://patience", throttled=lambda error: True)

    with pytest.raises(RuntimeError):
        ask(refuse)
    assert len(asked) > 1
    asked.clear()
    with pytest.raises(RuntimeError):
        ask(refuse)
    assert len(asked) == 1
    assert ask(lambda: "there") == "there"
    asked.clear()
    with pytest.raises(RuntimeError):
        ask(refuse)
    assert len(asked) > 1


def test_a_thread_may_go_without_patience_and_takes_it_from_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", "30")
    asked: list[str] = []

    def answer_late() -> str:
        asked.append("asked")
        if len(asked) < 3:
            raise RuntimeError("status code: 503")
        return "there"

    def ask() -> str:
        return patiently(answer_late, store="s3://hurry", throttled=lambda error: True)

    with pytest.raises(RuntimeError), without_patience():
        ask()
    assert len(asked) == 1
    assert ask() == "there"


def test_a_patience_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("long", "-1", "inf"):
        monkeypatch.setenv("RUSHES_PATIENCE_SECONDS", wrong)
        with pytest.raises(UsageError, match="RUSHES_PATIENCE_SECONDS is"):
            stated_patience()


@pytest.mark.parametrize("name", OPERATIONS)
def test_keys_that_expire_end_what_was_to_be_done(name: str, folder: S3Folder, store: Store, tmp_path: Path) -> None:
    store.refuse = lambda *_: "ExpiredToken"
    with pytest.raises(ExpiredKeysError, match=r"s3://\w+/: the keys have expired\. Get new ones") as caught:
        OPERATIONS[name](folder, tmp_path / "large.bin")
    assert "127.0.0.1" not in str(caught.value)
