"""What is found of a place before work is begun there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

from benchmarks.loopback_s3 import Store, Stored, environment, s3_here

from rushes.storage.probe import probe
from storage.folders import reached_by


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store({"films": {}})
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        yield store


def test_a_bucket_that_takes_and_gives_is_well_and_nothing_stays_in_it(store: Store) -> None:
    found = probe("s3://films/parts/")
    assert (found.place, found.reachable, found.writable, found.skew_seconds, found.reason) == (
        "s3://films/parts/", True, True, 0.0, "",
    )  # fmt: skip
    assert store.buckets["films"] == {}


def test_a_bucket_that_may_only_be_read_is_told(store: Store) -> None:
    store.refuse = lambda method, *_: "AccessDenied" if method == "PUT" else None
    found = probe("s3://films/parts/")
    assert (found.reachable, found.writable) == (True, False)
    assert found.reason.startswith("may not be written (403")


def test_keys_that_end_before_the_object_is_removed_are_told(store: Store) -> None:
    store.refuse = lambda method, *_: "ExpiredToken" if method in ("DELETE", "POST") else None
    found = probe("s3://films/parts/")
    assert (found.reachable, found.writable) == (True, False)
    (key,) = (key.removeprefix("parts/") for key in store.buckets["films"])
    assert found.reason.startswith(f"{key} was written and was not removed: ")
    assert "keys" in found.reason
    assert "expired" in found.reason


def test_what_keeps_from_writing_goes_before_what_keeps_from_removing(store: Store) -> None:
    store.refuse = lambda method, *_: {"PUT": "AccessDenied", "DELETE": "ExpiredToken", "POST": "ExpiredToken"}.get(
        method
    )
    assert probe("s3://films/parts/").reason.startswith("may not be written (403")


def test_a_bucket_that_is_missing_and_a_web_server_are_told(store: Store) -> None:
    assert "there is no bucket 'nowhere'" in probe("s3://nowhere/parts/").reason
    assert "a web server takes no files" in probe("https://host/parts/?sig=hush").reason
    assert "hush" not in str(probe("https://host/parts/?sig=hush"))


def test_clocks_that_differ_are_told(store: Store) -> None:
    put = store.put

    def late(*given: str) -> Stored:
        stored = put(*given)
        object.__setattr__(stored, "modified", stored.modified + 1000)
        return stored

    store.put = late
    found = probe("s3://films/")
    assert found.writable
    assert found.skew_seconds is not None
    assert 990 < found.skew_seconds < 1010
    assert "differ by" in found.reason


def test_a_local_folder_is_looked_at_too(tmp_path: Path) -> None:
    assert probe(str(tmp_path)).reason == ""
    assert list(tmp_path.iterdir()) == []
