"""What a node does, in this process: no Ray is needed for it."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rushes.errors import MediaError
from rushes.scale.desk import Desk, Order, Packed, Reply, Wrong
from rushes.scale.engine import Chore, Lost, Seat
from rushes.scale.luggage import digest_of, pieces_of, stamp_of
from rushes.scale.parts import token_in


def build_writer(seat: Seat) -> Chore:
    def write(names: Sequence[str]) -> list[str]:
        for name in names:
            if name == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            if name == "refused":
                raise MediaError("bucket", "does not answer")
            (seat.folder / name).write_text(name)
        return [str(seat.folder)] * len(names)

    return write


def build_full(_seat: Seat) -> Chore:
    def write(places: Sequence[str]) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device", places[0])

    return write


def build_half(seat: Seat) -> Chore:
    def write(names: Sequence[str]) -> list[str]:
        (seat.folder / "frames").mkdir(exist_ok=True)
        (seat.folder / "frames" / "half").write_text(str(seat.folder))
        if names == ["where"]:
            return [str(seat.folder)]
        raise OSError(errno.ENOSPC, "No space left on device")

    return write


def build_reader(seat: Seat) -> Chore:
    return lambda names: [(seat.files[name] / "classes.json").read_text() for name in names]


def build_lambdas(seat: Seat) -> Chore:
    return lambda numbers: [(lambda: 1) if number == 2 else number for number in numbers]


def desk_of(order: Order, luggage: dict[str, Packed] | None = None) -> Desk:
    desk = Desk(pickle.dumps(order))
    assert desk.sit(luggage or {}) == b""
    return desk


def said(desk: Desk, items: Sequence[Any]) -> Any:
    return pickle.loads(desk.do(pickle.dumps(items)))


def test_a_node_that_sees_the_folder_writes_there_and_carries_nothing(tmp_path: Path) -> None:
    with token_in(tmp_path) as (name, word):
        reply = said(desk_of(Order(build_writer, 1, fills=(str(tmp_path), name, word))), ["a"])
    assert (reply.answers, reply.parts) == ([str(tmp_path)], [])
    assert (tmp_path / "a").read_text() == "a"


def test_a_node_that_does_not_see_the_folder_hands_on_what_it_wrote(tmp_path: Path) -> None:
    desk = desk_of(Order(build_writer, 1, fills=(str(tmp_path / "elsewhere"), "seen", "word")))
    assert said(desk, ["a", "b"]).parts == [("a", b"a"), ("b", b"b")]
    assert said(desk, ["c"]).parts == [("c", b"c")]


def test_files_are_used_in_place_where_they_are_the_same_and_unpacked_where_they_are_not(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "classes.json").write_text("Junk")
    here = Order(build_reader, 1, files={"bundle": (str(bundle), stamp_of(bundle))})
    assert Desk(pickle.dumps(here)).unseen() == []
    assert said(desk_of(here), ["bundle"]).answers == ["Junk"]
    there = Order(build_reader, 1, files={"bundle": (str(bundle), "another stamp")})
    assert Desk(pickle.dumps(there)).unseen() == ["bundle"]
    (tmp_path / "sent").mkdir()
    sent = bundle.rename(tmp_path / "sent" / "bundle")
    desk = desk_of(there, {"bundle": Packed("bundle", digest_of(sent), pieces_of(sent))})
    assert said(desk, ["bundle"]).answers == ["Junk"]


def test_a_full_disk_is_no_fault_of_the_item() -> None:
    wrong = said(desk_of(Order(build_writer, 1)), ["a", "full"])
    assert isinstance(wrong, Wrong)
    assert str(wrong.no_room).startswith("no room in ")
    assert not wrong.is_of_all


def test_a_full_folder_that_all_share_is_told_from_the_disk_of_a_node(tmp_path: Path) -> None:
    with token_in(tmp_path) as (name, word):
        order = Order(build_full, 1, fills=(str(tmp_path), name, word))
        shared, own = [said(desk_of(order), [place]) for place in (str(tmp_path / "a"), "/elsewhere/a")]
    assert (shared.no_room.folder, shared.is_of_all) == (tmp_path, True)
    assert (own.no_room.folder, own.is_of_all) == (Path("/elsewhere"), False)


def test_what_was_begun_on_a_full_disk_is_removed_there() -> None:
    desk = desk_of(Order(build_half, 1, fills=("elsewhere", "seen", "word")))
    (folder,) = said(desk, ["where"]).answers
    assert isinstance(said(desk, ["full"]), Wrong)
    assert list(Path(folder).iterdir()) == []


def test_an_error_for_a_person_is_sent_as_it_was_raised() -> None:
    wrong = said(desk_of(Order(build_writer, 1)), ["refused"])
    assert isinstance(wrong, Wrong)
    assert wrong.no_room is None
    assert isinstance(wrong.error, MediaError)
    assert wrong.error.path == "bucket"


def test_an_answer_that_cannot_be_sent_is_lost_alone() -> None:
    reply = said(desk_of(Order(build_lambdas, 1)), [1, 2, 3])
    assert isinstance(reply, Reply)
    assert [reply.answers[0], reply.answers[2]] == [1, 3]
    assert isinstance(reply.answers[1], Lost)
