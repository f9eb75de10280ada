"""The loopback S3 store, by boto3 and as a process of its own; the contract of places runs on it too."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from benchmarks.harness import ROOT
from benchmarks.loopback_s3 import Store, environment, s3_apart, s3_here

boto3 = pytest.importorskip("boto3", reason="the extra 'cloud' is not installed")


COMMAND = ROOT / ".venv-peers" / "bin" / "aws"


def client_of(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )


@pytest.fixture
def store() -> Store:
    return Store({"films": {}, "other": {}})


@pytest.fixture
def client(store: Store) -> Iterator[Any]:
    with s3_here(store) as endpoint, closing(client_of(endpoint)) as client:
        yield client


def status_of(address: str) -> int:
    with urlopen(address) as answer:
        return int(answer.status)


def code_of(act: Any, **how: Any) -> str:
    with pytest.raises(boto3.exceptions.botocore.exceptions.ClientError) as caught:
        act(**how)
    return str(caught.value.response["Error"]["Code"])


def test_an_object_is_what_was_put_whole_and_by_range(client: Any) -> None:
    put = client.put_object(Bucket="films", Key="a é+%20/b.jpg", Body=b"0123456789", ContentType="image/jpeg")
    got = client.get_object(Bucket="films", Key="a é+%20/b.jpg")
    assert got["Body"].read() == b"0123456789"
    assert (got["ETag"], got["ContentType"]) == (put["ETag"], "image/jpeg")
    assert put["ETag"] == '"781e5e245d69b566979b86e28d23f2c7"'
    for asked, data in (("bytes=2-4", b"234"), ("bytes=8-", b"89"), ("bytes=-3", b"789"), ("bytes=8-99", b"89")):
        assert client.get_object(Bucket="films", Key="a é+%20/b.jpg", Range=asked)["Body"].read() == data
    assert client.head_object(Bucket="films", Key="a é+%20/b.jpg")["ContentLength"] == 10
    assert code_of(client.get_object, Bucket="films", Key="a é+%20/b.jpg", Range="bytes=10-") == "InvalidRange"
    assert code_of(client.get_object, Bucket="films", Key="none") == "NoSuchKey"
    assert code_of(client.get_object, Bucket="none", Key="a") == "NoSuchBucket"


def test_a_put_may_ask_for_a_state(client: Any) -> None:
    first = client.put_object(Bucket="films", Key="a", Body=b"one", IfNoneMatch="*")["ETag"]
    assert code_of(client.put_object, Bucket="films", Key="a", Body=b"two", IfNoneMatch="*") == "PreconditionFailed"
    client.put_object(Bucket="films", Key="a", Body=b"two", IfMatch=first)
    assert code_of(client.put_object, Bucket="films", Key="a", Body=b"two", IfMatch=first) == "PreconditionFailed"
    assert code_of(client.put_object, Bucket="films", Key="b", Body=b"two", IfMatch=first) == "NoSuchKey"


def test_copies_are_made_between_keys_and_buckets(client: Any, store: Store) -> None:
    put = client.put_object(Bucket="films", Key="a é", Body=b"one", ContentType="image/png")
    source = {"Bucket": "films", "Key": "a é"}
    copied = client.copy_object(Bucket="other", Key="b", CopySource=source, CopySourceIfMatch=put["ETag"])
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    assert store.buckets["other"]["b"].kind == "image/png"
    assert code_of(client.copy_object, Bucket="films", Key="a é", CopySource=source) == "InvalidRequest"
    none = {"Bucket": "films", "Key": "none"}
    assert code_of(client.copy_object, Bucket="films", Key="c", CopySource=none) == "NoSuchKey"
    how = {"CopySource": source, "CopySourceIfMatch": '"other"'}
    assert code_of(client.copy_object, Bucket="films", Key="c", **how) == "PreconditionFailed"


def test_a_listing_comes_in_pages_in_order_with_folders_where_they_are_asked_for(client: Any) -> None:
    keys = [*(f"{letter}/{number}&<é" for letter in "ab" for number in range(7)), "c"]
    for key in keys:
        client.put_object(Bucket="films", Key=key, Body=b"x")
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket="films", PaginationConfig={"PageSize": 4}))
    assert len(pages) == 4
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    below = client.list_objects_v2(Bucket="films", Prefix="b/")
    assert [item["Key"] for item in below["Contents"]] == keys[7:14]
    pages = list(
        client.get_paginator("list_objects_v2").paginate(
            Bucket="films", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )
    assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["a/", "b/"]
    assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["c"]
    assert client.list_objects_v2(Bucket="other")["KeyCount"] == 0


def test_objects_are_removed_one_or_many_at_a_time_and_each_refusal_is_named(client: Any, store: Store) -> None:
    for key in ("a", "b&<", "kept/c"):
        client.put_object(Bucket="films", Key=key, Body=b"x")
    store.refuse = lambda method, bucket, key: "AccessDenied" if method == "DELETE" and "kept" in key else None
    client.delete_object(Bucket="films", Key="a")
    asked = {"Objects": [{"Key": key} for key in ("b&<", "kept/c", "none")]}
    answer = client.delete_objects(Bucket="films", Delete=asked)
    assert [fault["Key"] for fault in answer["Errors"]] == ["kept/c"]
    assert list(store.buckets["films"]) == ["kept/c"]
    assert code_of(client.delete_object, Bucket="films", Key="kept/c") == "AccessDenied"


def test_an_object_in_parts_is_there_once_all_are(client: Any, store: Store) -> None:
    client.put_object(Bucket="other", Key="whole", Body=b"0123456789")
    where = {"Bucket": "films", "Key": "a"}
    number = client.create_multipart_upload(**where)["UploadId"]
    tags = [client.upload_part(**where, UploadId=number, PartNumber=1, Body=b"ab")["ETag"]]
    source = {"Bucket": "other", "Key": "whole"}
    copied = client.upload_part_copy(
        **where, UploadId=number, PartNumber=2, CopySource=source, CopySourceRange="bytes=3-5"
    )
    tags.append(copied["CopyPartResult"]["ETag"])
    assert store.buckets["films"] == {}
    parts = [{"PartNumber": place, "ETag": tag} for place, tag in enumerate(tags, 1)]
    client.complete_multipart_upload(**where, UploadId=number, MultipartUpload={"Parts": parts})
    assert store.buckets["films"]["a"].data == b"ab345"
    assert store.buckets["films"]["a"].etag.endswith('-2"')
    number = client.create_multipart_upload(**where)["UploadId"]
    client.abort_multipart_upload(**where, UploadId=number)
    assert store.uploads == {}


def test_a_wait_holds_up_nobody_else() -> None:
    with s3_here(Store({"films": {}}), latency_seconds=0.2) as endpoint:
        started = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: status_of(f"{endpoint}/films?list-type=2"), range(16)))
        taken = time.perf_counter() - started
    assert statuses == [200] * 16
    assert 0.2 <= taken < 16 * 0.2  # one after the other they would take that long


def test_requests_that_come_in_pieces_or_together_are_answered_in_order(store: Store) -> None:
    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (b"PUT /films/a HT", b"TP/1.1\r\nContent-Length: 5\r\n\r", b"\nab", b"cde"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(b"GET /films/a HTTP/1.1\r\n\r\nHEAD /films/none HTTP/1.1\r\n\r\n")
        said = b""
        while b"404" not in said:
            said += await reader.read(1000)
        writer.close()
        await writer.wait_closed()
        return said

    with s3_here(store) as endpoint:
        said = asyncio.run(ask(int(endpoint.rpartition(":")[2])))
    assert said.index(b"200 OK") < said.index(b"abcde") < said.index(b"404")


@pytest.mark.skipif(not COMMAND.is_file(), reason="the peers' environment, with the aws command, is not set up")
def test_the_aws_command_moves_lists_and_fetches(tmp_path: Path) -> None:
    (tmp_path / "a é.jpg").write_bytes(b"x" * 10_000)

    def ask(*words: str) -> str:
        command = [str(COMMAND), "s3", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout

    with s3_apart(["films", "other"]) as endpoint:
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **environment(endpoint)}
        ask("cp", str(tmp_path / "a é.jpg"), "s3://films/train/a é.jpg")
        ask("mv", "s3://films/train/a é.jpg", "s3://other/b é.jpg")
        assert "b é.jpg" in ask("ls", "s3://other/")
        assert ask("ls", "s3://films/", "--recursive") == ""
        ask("cp", "s3://other/b é.jpg", str(tmp_path / "back.jpg"))
    assert (tmp_path / "back.jpg").read_bytes() == b"x" * 10_000


def test_it_runs_as_a_process_that_ends_with_whoever_started_it() -> None:
    with s3_apart(["films"]) as endpoint, closing(client_of(endpoint)) as client:
        client.put_object(Bucket="films", Key="a", Body=b"x" * 3_000_000)
        assert client.list_objects_v2(Bucket="films")["Contents"][0]["Size"] == 3_000_000
    with pytest.raises(URLError):
        urlopen(f"{endpoint}/films?list-type=2")
