"""Remote files, read from loopback servers."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import MediaError, UsageError
from rushes.storage.places import Remote, parse_place
from rushes.storage.reading import (
    BLOCK_BYTES,
    BLOCKS_AHEAD,
    BLOCKS_KEPT,
    digest_of_remote_film,
    exists,
    held,
    local_state,
    open_place,
    read_place,
    require_unchanged,
)
from rushes.storage.stores import WHOLE_BYTES, list_folder, list_keys
from storage.servers import Bucket, WebServer, s3_store, web_server

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

DATA = np.random.default_rng(0).bytes(5 * (1 << 20) + 12345)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with s3_store() as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


def remote(address: str) -> Remote:
    place = parse_place(address)
    assert isinstance(place, Remote)
    return place


# The contract, over both kinds of store.


@pytest.fixture(params=["s3", "http"])
def film(request: pytest.FixtureRequest) -> Remote:
    if request.param == "s3":
        return remote(request.getfixturevalue("bucket").put("a b/film é+%20.mp4", DATA))
    return remote(request.getfixturevalue("web").put("/a b/film é.mp4", DATA).replace(" ", "%20"))


def test_any_part_of_a_remote_file_is_what_it_is_in_the_original(film: Remote) -> None:
    original = io.BytesIO(DATA)
    random = np.random.default_rng(1)
    with open_place(film) as file:
        for _ in range(60):
            place, count = int(random.integers(0, len(DATA))), int(random.integers(0, 700_000))
            assert file.seek(place) == original.seek(place)
            assert file.read(count) == original.read(count)
            assert file.tell() == original.tell()
        assert file.seek(-10, io.SEEK_END) == len(DATA) - 10
        assert file.read() == DATA[-10:]
        assert file.read(5) == b""
        assert file.seek(len(DATA) + 5) == len(DATA) + 5
        assert file.read(1) == b""


def test_a_remote_file_is_read_whole(film: Remote) -> None:
    assert read_place(film) == DATA


def test_the_digest_of_a_film_is_made_of_its_state_and_its_ends_and_fetches_little(film: Remote) -> None:
    with held(film) as found:
        assert found is not None
        digest = digest_of_remote_film(found)
        ends = [hashlib.sha256(end).hexdigest() for end in (DATA[: 64 << 10], DATA[-(64 << 10) :])]
        lines = "\n".join(["remote/1", str(len(DATA)), found.state.stamp, *ends])
        assert digest == hashlib.sha256(lines.encode()).hexdigest()
        assert found.fetched.fetched_bytes < 3 * BLOCK_BYTES


# Blocks.


def test_a_jump_fetches_one_block_and_a_long_reading_takes_more_at_a_time(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA))
    with open_place(film) as file, held(film) as found:
        assert found is not None
        file.seek(3_000_000)
        file.read(10)
        assert web.sent["/film.mp4"] == found.fetched.fetched_bytes == 2 * BLOCK_BYTES  # the first states the size
        file.seek(0)
        while file.read(32768):
            pass
        assert found.fetched.requests <= len(DATA) / BLOCK_BYTES / 2
        assert max(_length(asked) for _, asked in web.asked) > 2 * BLOCK_BYTES
        assert web.sent["/film.mp4"] <= len(DATA)  # no block is fetched twice


def test_several_readers_in_order_take_turns_and_none_pushes_out_what_another_is_about_to_read(web: WebServer) -> None:
    count, part = 8, 6 << 20
    film = remote(web.put("/film.mp4", bytes(count * part)))
    with held(film) as found, ExitStack() as stack:
        assert found is not None
        files = [stack.enter_context(open_place(film)) for _ in range(count)]
        for number, file in enumerate(files):
            file.seek(number * part)
        for _ in range(part >> 15):
            for file in files:
                file.read(1 << 15)
        fetched = found.fetched
    assert fetched.fetched_bytes == count * part
    assert fetched.requests <= 1 + count * 6  # 1, 2, 4, 8 blocks, then the rest


def test_no_more_than_so_many_blocks_are_kept_in_memory(web: WebServer) -> None:
    data = bytes((BLOCKS_KEPT + 2 * BLOCKS_AHEAD) * BLOCK_BYTES)
    film = remote(web.put("/film.mp4", data))
    with open_place(film) as file, held(film) as found:
        assert found is not None
        while file.read(1 << 20):
            assert len(found._blocks) <= BLOCKS_KEPT


def test_readers_of_one_file_share_what_was_fetched(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA))
    with held(film):
        for _ in range(3):
            with open_place(film) as file:
                file.read(1000)
    assert len(web.asked) == 1
    with open_place(film) as file:
        file.read(1000)
    assert len(web.asked) == 2


def test_several_threads_read_one_file_at_the_same_time(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA))
    wrong: list[int] = []

    def read(seed: int) -> None:
        random = np.random.default_rng(seed)
        with open_place(film) as file:
            for _ in range(30):
                place = int(random.integers(0, len(DATA) - 1000))
                file.seek(place)
                if file.read(1000) != DATA[place : place + 1000]:
                    wrong.append(place)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _length(asked: str | None) -> int:
    first, _, last = (asked or "bytes=0-0").removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1


# Servers that fail.


@pytest.mark.parametrize("status", [503, 429, 500])
def test_a_server_that_is_busy_is_asked_again(web: WebServer, status: int) -> None:
    film = remote(web.put("/film.mp4", DATA, refusals=2, refusal=status))
    assert read_place(film) == DATA


@pytest.mark.parametrize("etag", ['"one"', None])
def test_a_connection_that_breaks_in_the_middle_is_made_again(web: WebServer, etag: str | None) -> None:
    film = remote(web.put("/film.mp4", DATA, breaks=2, etag=etag))
    assert read_place(film) == DATA


def test_a_connection_that_always_breaks_is_said_to(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA, breaks=10_000, breaks_after=0))
    with pytest.raises(MediaError, match="broke"):
        read_place(film)


@pytest.mark.parametrize("etag", ["other", "gone"])
def test_a_file_that_changes_between_two_readings_is_not_mixed(web: WebServer, etag: str) -> None:
    film = remote(web.put("/film.mp4", DATA))
    with open_place(film) as file:
        file.read(10)
        web.put("/film.mp4", DATA[::-1], etag='"two"' if etag == "other" else None, modified=1.1e9)
        file.seek(2_000_000)
        with pytest.raises(MediaError, match="changed while it was read"):
            file.read(10)


def test_a_file_that_changes_on_a_server_that_states_times_only_is_not_mixed(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA, etag=None))
    with open_place(film) as file:
        file.read(10)
        web.put("/film.mp4", DATA[::-1], etag=None, modified=1.1e9)
        file.seek(2_000_000)
        with pytest.raises(MediaError, match="changed while it was read"):
            file.read(10)


def test_a_file_that_shrinks_is_not_mixed(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA, etag=None, modified=None))
    with open_place(film) as file:
        file.read(10)
        web.put("/film.mp4", DATA[:1000], etag=None, modified=None)
        file.seek(2_000_000)
        with pytest.raises(MediaError, match="changed while it was read"):
            file.read(10)


def test_an_object_is_read_as_another_process_read_it_or_not_at_all(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA))
    with held(film) as first:
        assert first is not None
        state = first.state
    web.asked.clear()
    with held(film) as second:
        assert second is not None
        second.expect(state)
        second.expect(state)
        assert (second.size_bytes, web.asked) == (len(DATA), [])
        assert second.read(5, 9) == DATA[5:9]
    for etag in ('"two"', None):
        web.put("/film.mp4", DATA[::-1], etag=etag, modified=1.1e9)
        with held(film) as third, open_place(film) as file:
            assert third is not None
            third.expect(state)
            with pytest.raises(MediaError, match="changed while it was read"):
                file.read(10)
        with held(film) as fourth:
            assert fourth is not None
            fourth.read(0, 10)
            with pytest.raises(MediaError, match="changed while it was read"):
                fourth.expect(state)


def test_a_local_file_is_in_the_state_in_which_its_reading_began(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    before = local_state(path)
    require_unchanged(path, before)
    path.write_bytes(b"four")
    with pytest.raises(MediaError, match="changed while it was read"):
        require_unchanged(path, before)
    path.unlink()
    with pytest.raises(MediaError, match="was removed or moved while it was read"):
        require_unchanged(path, before)


def test_an_object_that_changes_or_vanishes_in_a_bucket_is_said_to(bucket: Bucket) -> None:
    film = remote(bucket.put("changing.mp4", DATA))
    with open_place(film) as file:
        file.read(10)
        bucket.put("changing.mp4", DATA[::-1])
        file.seek(2_000_000)
        with pytest.raises(MediaError, match="changed while it was read"):
            file.read(10)
    with open_place(film) as file:
        file.read(10)
        bucket.client.delete_object(Bucket=bucket.name, Key="changing.mp4")
        file.seek(2_000_000)
        with pytest.raises(MediaError, match="no longer there"):
            file.read(10)


def test_a_small_file_is_taken_whole_from_a_server_without_ranges(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA, ranges=False))
    with open_place(film) as file:
        file.seek(4_000_000)
        assert file.read(10) == DATA[4_000_000:4_000_010]
        assert file.seek(0, io.SEEK_END) == len(DATA)
    assert web.sent["/film.mp4"] <= 2 * len(DATA)


def test_a_large_file_on_a_server_without_ranges_is_refused_with_what_to_do(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", bytes(WHOLE_BYTES + 1), ranges=False))
    with pytest.raises(MediaError, match=r"whole files only.*Download it"):
        read_place(film)


def test_a_server_that_does_not_say_how_long_a_file_is_is_refused(web: WebServer) -> None:
    film = remote(web.put("/film.mp4", DATA, ranges=False, sized=False))
    with pytest.raises(MediaError, match="does not say how long"):
        read_place(film)


@pytest.mark.parametrize(
    ("status", "said"), [(404, "no such file on the server"), (403, "sign it again"), (401, "may not be read")]
)
def test_a_refusal_is_one_line_without_the_signature(web: WebServer, status: int, said: str) -> None:
    address = web.put("/film.mp4", DATA, refusals=100, refusal=status) + "?X-Amz-Signature=hush"
    with pytest.raises(MediaError, match=said) as caught:
        read_place(remote(address))
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_signature_is_sent_as_it_was_given(web: WebServer) -> None:
    address = web.put("/a b/film.mp4", DATA[:100]).replace(" ", "%20") + "?X-Amz-Signature=a%2Fb&x=1"
    assert read_place(remote(address)) == DATA[:100]
    assert web.asked[0][0] == "/a%20b/film.mp4?X-Amz-Signature=a%2Fb&x=1"


def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with web_server() as gone:
        address = gone.put("/film.mp4", DATA)
    with pytest.raises(MediaError, match="cannot be reached"):
        read_place(remote(address))


def test_an_empty_file_is_empty(web: WebServer, bucket: Bucket) -> None:
    assert read_place(remote(web.put("/empty.mp4", b""))) == b""
    assert read_place(remote(bucket.put("empty.mp4", b""))) == b""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://rushes-films/nowhere.mp4", "no such object in the bucket"),
        ("s3://rushes-nothing/a.mp4", "there is no bucket 'rushes-nothing'"),
        ("s3://rushes-films/a//b.mp4", "empty part"),
    ],
)
def test_what_is_not_in_a_store_is_said_in_one_line(bucket: Bucket, address: str, said: str) -> None:
    with pytest.raises(MediaError, match=said) as caught:
        read_place(remote(address))
    assert "\n" not in str(caught.value)
    assert not exists(remote(address))


def test_a_bucket_that_wants_a_signature_is_not_read_without(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    film = remote(bucket.put("closed.mp4", DATA))
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    with pytest.raises(MediaError, match="AWS_ACCESS_KEY_ID, and the policy of the bucket"):
        read_place(film)


def test_a_profile_file_gives_the_keys(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("[studio]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_PROFILE", "studio")
    assert read_place(remote(bucket.put("mine.mp4", DATA[:100]))) == DATA[:100]


def test_without_keys_the_way_to_give_them_is_named(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    film = remote(bucket.put("mine.mp4", DATA[:100]))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with web_server() as no_role:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", no_role.base)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        with pytest.raises(UsageError, match="no keys for S3 were found"):
            read_place(film)


def test_a_public_object_is_read_without_keys(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    film = remote(bucket.put("open.mp4", DATA[:1000]))
    bucket.client.put_object_acl(Bucket=bucket.name, Key="open.mp4", ACL="public-read")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert read_place(film) == DATA[:1000]


@pytest.mark.longer
@pytest.mark.slow
def test_keys_of_a_folder_come_in_pages(bucket: Bucket) -> None:
    for number in range(1005):  # a page has 1000
        bucket.put(f"many/{number}.jpg", b"x")
    assert len(list(list_keys(remote(f"s3://{bucket.name}/many/")))) == 1005
    bucket.put("many/deep/er.jpg", b"x")
    assert len(list_folder(remote(f"s3://{bucket.name}/many/"))) == 1005
    assert not any("/" in key for key in list_folder(remote(f"s3://{bucket.name}/")))
