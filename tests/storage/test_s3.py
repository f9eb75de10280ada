"""What only Amazon's own library does, on a store whose inside is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("boto3", reason="the extra 'cloud' is not installed")

from benchmarks.loopback_s3 import Store, environment, s3_here

from rushes.errors import PlaceError
from rushes.storage.aws import s3_settings
from rushes.storage.places import Remote
from rushes.storage.s3 import S3Client
from rushes.storage.stores import State
from storage.folders import reached_by

FILM = Remote("s3", "films", "a é+%20.mp4")
COPY = Remote("s3", "other", "b/ü.mp4")


@pytest.fixture
def store() -> Store:
    return Store({"films": {}, "other": {}})


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[S3Client]:
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        yield S3Client(s3_settings(environment(endpoint), home=tmp_path))


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 4321])
def test_parts_make_up_the_whole(client: S3Client, store: Store, size: int) -> None:
    data = bytes(place % 251 for place in range(size))
    stored = store.put("films", FILM.key, data, "video/mp4")
    client.copy_in_parts(FILM, COPY, State(size, stored.etag), part_bytes=1000)
    copy = store.buckets["other"][COPY.key]
    assert (copy.data, copy.kind) == (data, "video/mp4")
    assert copy.etag.endswith(f'-{-(-size // 1000)}"')


def test_parts_of_two_versions_are_not_put_together(client: S3Client, store: Store) -> None:
    old = store.put("films", FILM.key, bytes(3000), "video/mp4")

    def change(method: str, bucket: str, key: str) -> None:
        if method == "PUT" and bucket == "other" and any(parts for *_, parts in store.uploads.values()):
            store.put("films", FILM.key, bytes(range(250)) * 12, "video/mp4")

    store.refuse = change
    with pytest.raises(PlaceError, match="changed while it was copied"):
        client.copy_in_parts(FILM, COPY, State(3000, old.etag), part_bytes=1000)
    assert store.buckets["other"] == {}
    assert store.uploads == {}


def test_what_is_encrypted_with_a_key_of_its_own_is_told(client: S3Client, store: Store) -> None:
    store.put("films", FILM.key, b"x", "video/mp4")
    store.under_key.add("other")
    store.put("other", COPY.key, b"x", "video/mp4")
    assert not client.is_under_key(FILM)
    assert client.is_under_key(COPY)
    with pytest.raises(PlaceError, match="there is no such object"):
        client.is_under_key(Remote("s3", "films", "none"))


def test_removals_that_are_refused_have_a_reason_each(client: S3Client, store: Store) -> None:
    store.put("films", FILM.key, b"x", "video/mp4")
    assert client.remove(FILM, [FILM.key, "none"]) == {}
    store.refuse = lambda method, bucket, key: {"a": "AccessDenied", "b": "MethodNotAllowed"}.get(key)
    reasons = client.remove(FILM, ["a", "b", "c"])
    assert sorted(reasons) == ["a", "b"]
    assert "may not be removed (403 AccessDenied)" in reasons["a"]
    assert "the store says MethodNotAllowed" in reasons["b"]
