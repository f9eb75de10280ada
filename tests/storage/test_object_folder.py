"""The contract of places that are written to, over every kind of them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.errors import PlaceError, UsageError
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote, parse_place
from rushes.storage.stores import State, is_other
from storage.folders import folders_at
from storage.servers import web_server

_numbers = itertools.count()


@pytest.fixture(scope="module", params=["local", "memory", "s3", "loopback", "google", "azure"])
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with folders_at(request.param, tmp_path_factory.mktemp("places")) as make:
        yield make


Places = Callable[[str], ObjectFolder]


@pytest.fixture
def folder(places: Places) -> ObjectFolder:
    return places(f"data{next(_numbers)}/set é")


def held(folder: ObjectFolder, prefix: str = "") -> dict[str, bytes]:
    return {key: folder.read(key) for key, _ in folder.listing(prefix)}


def test_a_place_that_is_not_there_yet_has_no_keys(folder: ObjectFolder) -> None:
    assert list(folder.listing()) == []
    assert folder.state("train/a.jpg") is None


def test_what_is_written_is_listed_and_read_with_its_state(folder: ObjectFolder) -> None:
    wanted = {"a.txt": b"one", "train/Rare/b é+%20 #1.jpg": b"two" * 1000, "train/Rare/deep/er/c": b""}
    stated = {key: folder.write(key, data) for key, data in wanted.items()}
    assert held(folder) == wanted
    for key, state in folder.listing():
        assert state.size_bytes == len(wanted[key])
        assert not is_other(stated[key], state) or stated[key].modified is None
        assert folder.state(key) == state


def test_what_is_written_again_is_replaced(folder: ObjectFolder) -> None:
    before = folder.write("a.txt", b"one")
    after = folder.write("a.txt", b"other")
    assert is_other(before, after)
    assert held(folder) == {"a.txt": b"other"}


def test_a_folder_of_a_place_is_listed_and_not_what_begins_alike(folder: ObjectFolder) -> None:
    for key in ("train/a", "train/Rare/b", "training/c", "d"):
        folder.write(key, b"x")
    assert sorted(key for key, _ in folder.listing("train/")) == ["train/Rare/b", "train/a"]
    assert sorted(key for key, _ in folder.listing("train")) == ["train/Rare/b", "train/a"]
    assert list(folder.listing("none/")) == []


@pytest.mark.longer
def test_more_keys_than_a_page_holds_are_listed(folder: ObjectFolder) -> None:
    keys = {f"{number % 7}/{number:05}.jpg" for number in range(2100)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: folder.write(key, b"x"), keys))
    counts: list[int] = []
    listed = [key for key, _ in folder.listing(progress=lambda done, total, note="": counts.append(done))]
    assert len(listed) == len(keys)
    assert set(listed) == keys
    assert counts[:2] == [1000, 2000]
    assert folder.delete([*keys, "none.jpg"]) == {}
    assert list(folder.listing()) == []


def test_of_many_who_write_where_nothing_stands_one_succeeds(folder: ObjectFolder) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: folder.write_new("lock", str(number).encode()), range(8)))
    (won,) = [number for number, answer in enumerate(answers) if answer is not None]
    assert held(folder) == {"lock": str(won).encode()}
    assert folder.write_new("lock", b"late") is None
    folder.delete(["lock"])
    assert folder.write_new("lock", b"next") is not None


def test_a_file_is_rewritten_only_in_the_state_that_is_known(folder: ObjectFolder) -> None:
    first = folder.write_new("lock", b"first")
    assert first is not None
    second = folder.rewrite("lock", b"second!", known=first)
    assert second is not None
    assert folder.rewrite("lock", b"third", known=first) is None
    assert folder.read("lock") == b"second!"
    assert folder.rewrite("lock", b"third", known=second) is not None
    known = folder.state("lock")
    assert known is not None
    folder.delete(["lock"])
    assert folder.rewrite("lock", b"fourth", known=known) is None
    assert folder.state("lock") is None


def test_of_many_who_rewrite_one_state_one_succeeds(folder: ObjectFolder) -> None:
    known = folder.write("lock", b"old")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: folder.rewrite("lock", b"of %d" % number, known=known), range(8)))
    (won,) = [number for number, answer in enumerate(answers) if answer is not None]
    assert folder.read("lock") == b"of %d" % won


@pytest.mark.parametrize("size", [0, 10, (8 << 20) + 12345])
def test_a_local_file_is_put_at_a_key(folder: ObjectFolder, tmp_path: Path, size: int) -> None:
    data = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)
    (tmp_path / "picture.jpg").write_bytes(data[:size])
    folder.write("train/a.jpg", b"before")
    state = folder.upload(tmp_path / "picture.jpg", "train/a.jpg")
    assert state.size_bytes == size
    assert folder.read("train/a.jpg") == data[:size]
    assert folder.copy_from(tmp_path / "picture.jpg", "train/b.jpg").size_bytes == size
    assert (tmp_path / "picture.jpg").read_bytes() == data[:size]


def test_a_local_file_that_is_missing_is_named(folder: ObjectFolder, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"none\.jpg"):
        folder.upload(tmp_path / "none.jpg", "a.jpg")
    assert list(folder.listing()) == []


def test_an_object_is_copied_over_whatever_stands_there(folder: ObjectFolder) -> None:
    folder.write("train/Rare/a é.jpg", b"picture")
    folder.write("b.jpg", b"other")
    for to in ("test/Common/a é.jpg", "b.jpg", "b.jpg", "train/Rare/a é.jpg"):
        state = folder.copy_within("train/Rare/a é.jpg", to)
        assert state.size_bytes == 7
        assert state == folder.state(to)
    assert set(held(folder).values()) == {b"picture"}
    assert len(held(folder)) == 3


def test_a_copy_of_what_is_missing_or_changed_is_refused_and_names_the_source(folder: ObjectFolder) -> None:
    with pytest.raises(PlaceError, match=r"none\.jpg: there is no such"):
        folder.copy_within("none.jpg", "b.jpg")
    with pytest.raises(PlaceError, match=r"none\.jpg: there is no such"):
        folder.copy_within("none.jpg", "b.jpg", known=State(3, '"00000000000000000000000000000000"'))
    folder.write("a.jpg", b"one")
    known = folder.state("a.jpg")
    assert known is not None
    assert folder.copy_within("a.jpg", "c.jpg", known=known).size_bytes == 3
    folder.write("a.jpg", b"three")
    with pytest.raises(PlaceError, match=r"bytes|changed"):
        folder.copy_within("a.jpg", "b.jpg", known=known)


def test_what_stands_elsewhere_in_the_same_store_is_copied(places: Places, folder: ObjectFolder) -> None:
    other = places(f"other{next(_numbers)}")
    other.write("x/a é.jpg", b"picture")
    source = other.place / "x/a é.jpg" if isinstance(other.place, Path) else other.place
    if isinstance(source, Remote):
        source = Remote(source.scheme, source.host, f"{source.key}x/a é.jpg")
    assert folder.copy_from(source, "b.jpg").size_bytes == 7
    assert held(folder) == {"b.jpg": b"picture"}
    assert held(other) == {"x/a é.jpg": b"picture"}


@pytest.mark.parametrize("size", [0, 1000, (16 << 20) + 3])
def test_what_stands_on_a_web_server_is_brought_whole_or_not_at_all(folder: ObjectFolder, size: int) -> None:
    data = hashlib.sha256(b"x").digest() * (size // 32 + 1)
    with web_server() as web:
        source = parse_place(web.put("/a.jpg", data[:size]))
        assert isinstance(source, Remote)
        assert folder.copy_from(source, "train/a.jpg").size_bytes == size
        assert folder.read("train/a.jpg") == data[:size]
        missing = Remote(source.scheme, source.host, "none.jpg")
        with pytest.raises(PlaceError, match=r"none\.jpg: there is no such file on the server"):
            folder.copy_from(missing, "train/b.jpg")
    assert set(held(folder)) == {"train/a.jpg"}


def test_a_file_that_changes_on_the_way_is_refused_and_nothing_stands_in_its_place(folder: ObjectFolder) -> None:
    with web_server() as web:
        address = web.put("/a.jpg", bytes((16 << 20) + 3))

        def change(path: str, number: int) -> None:
            if number == 2:
                web.put(path, bytes((16 << 20) + 3), etag='"two"')

        web.before = change
        with pytest.raises(PlaceError, match="changed while it was copied"):
            folder.copy_from(parse_place(address), "a.jpg")
    assert held(folder) == {}


def test_what_is_removed_is_gone_and_what_is_absent_is_no_fault(folder: ObjectFolder) -> None:
    for key in ("a/b.jpg", "a/c.jpg", "d é&<>.jpg"):
        folder.write(key, b"x")
    assert folder.delete(["a/b.jpg", "d é&<>.jpg", "none/e.jpg", "f.jpg"]) == {}
    assert set(held(folder)) == {"a/c.jpg"}
    assert folder.delete([]) == {}


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../../b", "./a", "a/.", "a\\b", "a/", "a\nb", "x" * 1100])
def test_a_key_that_leads_nowhere_in_the_place_is_refused(folder: ObjectFolder, key: str) -> None:
    folder.write("a", b"x")
    for act in (
        lambda: folder.state(key),
        lambda: folder.read(key),
        lambda: folder.write(key, b"x"),
        lambda: folder.write_new(key, b"x"),
        lambda: folder.rewrite(key, b"x", known=State(1)),
        lambda: folder.copy_within("a", key),
        lambda: folder.copy_within(key, "b"),
    ):
        with pytest.raises(PlaceError):
            act()
    assert set(folder.delete([key, "a"])) == {key}
    assert list(folder.listing()) == []


names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", "..") and name.isprintable())


@given(
    wanted=st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), max_size=6)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_and_not_removed_is_what_is_listed(places: Places, wanted: dict[str, bytes]) -> None:
    folder = places(f"law{next(_numbers)}")
    # A file and a folder of one name cannot both stand in a folder.
    inside = {key: data for key, data in wanted.items() if not any(other.startswith(f"{key}/") for other in wanted)}
    for key, data in inside.items():
        assert folder.write_new(key, data) is not None
    moved = {f"moved/{number}": key for number, key in enumerate(inside)}
    for to, key in moved.items():
        folder.copy_within(key, to, known=folder.state(key))
    assert held(folder) == inside | {to: inside[key] for to, key in moved.items()}
    assert folder.delete(list(inside)) == {}
    assert held(folder) == {to: inside[key] for to, key in moved.items()}


def test_a_web_server_is_no_place_to_write_to() -> None:
    with pytest.raises(UsageError, match="a web server takes no files"):
        object_folder(parse_place("https://host/folder/"))
