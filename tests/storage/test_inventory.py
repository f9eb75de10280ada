"""Files that list what is in a bucket or folder: taken instead of asking for it."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks.loopback_s3 import Store, environment, s3_here

from rushes.errors import MediaError
from rushes.footage.kinds import find_media
from rushes.storage.inventory import inventory_at
from rushes.storage.places import Place, Remote, parse_place
from storage.folders import reached_by

COLUMNS = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag"
ROWS = [
    ("films", "a+b/one%20%C3%A9%2B1.MP4", "v2", "true", "false", "5", "2026-01-01T00:00:00.000Z", "e1"),
    ("films", "a+b/one%20%C3%A9%2B1.MP4", "v1", "false", "false", "5", "2025-01-01T00:00:00.000Z", "e0"),
    ("films", "gone.mp4", "v1", "true", "true", "", "2025-01-01T00:00:00.000Z", ""),
    ("films", "notes.txt", "v1", "true", "false", "3", "2025-01-01T00:00:00.000Z", "e2"),
    ("films", "z/.hidden.jpg.xmp", "v1", "true", "false", "3", "2025-01-01T00:00:00.000Z", "e3"),
    ("films", "z/2.jpg", "v1", "true", "false", "3", "2025-01-01T00:00:00.000Z", "e4"),
]


def found(text: str) -> list[str]:
    return [str(place) for place in find_media(parse_place(text))]


def csv(rows: list[tuple[str, ...]]) -> bytes:
    return gzip.compress("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows).encode())


def manifest(parts: dict[str, bytes], **other: Any) -> bytes:
    return json.dumps(
        {
            "sourceBucket": "films",
            "destinationBucket": "arn:aws:s3:::lists",
            "version": "2016-11-30",
            "fileFormat": "CSV",
            "fileSchema": COLUMNS,
            "files": [
                {"key": key, "size": len(data), "MD5checksum": hashlib.md5(data, usedforsecurity=False).hexdigest()}
                for key, data in parts.items()
            ],
        }
        | other
    ).encode()


@pytest.fixture
def store() -> Iterator[Store]:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    store = Store({"films": {}, "lists": {}})
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        yield store


def put_inventory(store: Store, data: bytes, **other: Any) -> str:
    parts = {"films/all/data/1.gz": data}
    for key, part in parts.items():
        store.put("lists", key, part, "x/y")
    store.put("lists", "films/all/2026-11-25T01-00Z/manifest.json", manifest(parts, **other), "x/y")
    return "s3://lists/films/all/2026-11-25T01-00Z/manifest.json"


def test_an_inventory_of_s3_names_the_newest_versions_with_their_keys_decoded(store: Store) -> None:
    place = put_inventory(store, csv(ROWS))
    before = store.requests
    assert found(place) == ["s3://films/a b/one é+1.MP4", "s3://films/z/2.jpg"]
    assert store.requests - before <= 4  # the manifest and its part; the bucket of the films is not asked
    assert found(f"{place}#z/") == ["s3://films/z/2.jpg"]
    with pytest.raises(MediaError, match="lists no videos, raws or photographs below 'y/'"):
        found(f"{place}#y/")


def test_an_inventory_in_parquet_has_its_keys_as_they_stand(store: Store, tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "bucket": ["films"] * 3,
            "key": ["a+b/1%20.jpg", "old.jpg", "gone.jpg"],
            "is_latest": [True, False, True],
            "is_delete_marker": [False, False, True],
            "size": [1, 2, None],
            "e_tag": ["x", "y", ""],
        }
    ).write_parquet(tmp_path / "part.parquet")
    data = (tmp_path / "part.parquet").read_bytes()
    place = put_inventory(store, data, fileFormat="Parquet", fileSchema="message s3.inventory { … }")
    assert found(place) == ["s3://films/a+b/1%20.jpg"]


def test_an_inventory_that_is_orc_cut_off_or_mixed_up_is_refused(store: Store) -> None:
    with pytest.raises(MediaError, match="is an inventory in ORC, which is not read"):
        found(put_inventory(store, b"ORC", fileFormat="ORC"))
    place = put_inventory(store, csv(ROWS))
    store.put("lists", "films/all/data/1.gz", csv(ROWS[:1]), "x/y")
    with pytest.raises(MediaError, match="its MD5 differs"):
        found(place)
    with pytest.raises(MediaError, match="cannot be unpacked"):
        found(put_inventory(store, csv(ROWS)[:-9]))
    store.put("lists", "other.json", b'{"a": 1}', "x/y")
    with pytest.raises(MediaError, match="is no manifest of an S3 inventory"):
        found("s3://lists/other.json")


def test_a_downloaded_inventory_is_read_beside_its_manifest(tmp_path: Path) -> None:
    data = csv(ROWS)
    (tmp_path / "1.gz").write_bytes(data)
    (tmp_path / "manifest.json").write_bytes(manifest({"far/data/1.gz": data}))
    assert found(str(tmp_path / "manifest.json"))[-1] == "s3://films/z/2.jpg"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("list.txt", "# ours\na.jpg\n\nb/c d.mp4\nno.txt\na.jpg\n", ["{here}/a.jpg", "{here}/b/c d.mp4"]),
        ("list.csv", "s3://x-y/1.jpg\nhttps://h/2.jpg?sig=hush\n", ["s3://x-y/1.jpg", "https://h/2.jpg?…"]),
        ("list.csv", "Bucket,Key,Size\nx-y,1.jpg,3\nx-y,2.doc,3\n", ["s3://x-y/1.jpg"]),
        ("list.csv", "class,address\nRare,s3://x-y/k/1.jpg\n", ["s3://x-y/k/1.jpg"]),
    ],
)
def test_a_plain_list_names_keys_or_addresses(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    wanted = [place.format(here=tmp_path) for place in expected]
    assert found(str(tmp_path / name)) == found(str(tmp_path / f"{name}.gz")) == wanted


def test_a_list_in_a_bucket_names_keys_beside_it(store: Store) -> None:
    store.put("lists", "wanted/list.txt", b"1.jpg\nsub/2.jpg\n", "text/plain")
    assert found("s3://lists/wanted/list.txt") == ["s3://lists/wanted/1.jpg", "s3://lists/wanted/sub/2.jpg"]


def test_a_list_that_names_no_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("films,one.jpg,2026\nfilms,two.jpg,2026\n")
    with pytest.raises(MediaError, match=r"names no column of keys: it has 'films'.*manifest\.json"):
        found(str(tmp_path / "list.csv"))
    (tmp_path / "list.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(MediaError, match="is no Parquet file"):
        found(str(tmp_path / "list.parquet"))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(MediaError, match="lists no videos"):
        found(str(tmp_path / "empty.csv"))
    (tmp_path / "wrong.txt").write_text("ftp://user:hush@host/1.jpg\n")
    with pytest.raises(MediaError, match="lists what is no address") as caught:
        found(str(tmp_path / "wrong.txt"))
    assert "hush" not in str(caught.value)
    with pytest.raises(MediaError, match="there is no such file"):
        found(str(tmp_path / "none.csv"))


@pytest.mark.parametrize("place", [Path("film.mp4"), Remote("s3", "films", "csv/"), Path("folder.json/film.mov")])
def test_what_may_be_footage_is_no_inventory(place: Place) -> None:
    assert inventory_at(place) is None


def test_a_folder_that_is_called_like_a_list_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "shoot.csv").mkdir()
    (tmp_path / "shoot.csv" / "a.jpg").write_bytes(b"x")
    assert found(str(tmp_path / "shoot.csv")) == [str(tmp_path / "shoot.csv" / "a.jpg")]
