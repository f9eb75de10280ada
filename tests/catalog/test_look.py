"""One file looked at, while another program writes to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from catalog.test_ingest_at_scale import SETTINGS, write_photo
from catalog.test_ingest_pairs import write_pair
from footage.painted import write_film
from footage.stills import write_jpeg
from rushes.catalog.catalog import KnownFile
from rushes.catalog.frame_writer import PictureMaker
from rushes.catalog.look import FoundFilm, FoundStill, LookAt, key_of, look, what_happened
from rushes.footage.source import Unreadable
from rushes.storage.files import digest_of_file
from rushes.storage.reading import local_state

CHANGED = "changed while it was read. Run this again when nothing writes to it any more"


def once(act: Callable[[], object]) -> Callable[[], bool]:
    """Return a question whether to stop, which a look asks while it hashes; at the first, something happens."""
    done: list[bool] = []

    def asked() -> bool:
        if not done:
            done.append(True)
            act()
        return False

    return asked


def test_a_film_that_is_rewritten_while_its_digest_is_made_is_listed_and_not_remembered(tmp_path: Path) -> None:
    film, other = write_film(tmp_path / "a.mp4", 30), write_film(tmp_path / "b.mp4", 30, options={"crf": "40"})
    stopped = once(lambda: film.write_bytes(other.read_bytes()))
    answer = look(LookAt(film), PictureMaker(tmp_path, SETTINGS), stopped=stopped)
    assert answer.found == Unreadable(str(film), CHANGED)
    assert answer.seen == ()
    again = look(LookAt(film), PictureMaker(tmp_path, SETTINGS))
    assert isinstance(again.found, FoundFilm)
    assert again.found.read.digest == digest_of_file(other)
    assert again.found.state == local_state(film)
    (seen,) = again.seen
    assert (seen.size_bytes, seen.changed, seen.digest) == (*again.found.state, digest_of_file(other))


def test_a_film_that_is_removed_while_its_digest_is_made_is_said_to_be_gone(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 5)
    answer = look(LookAt(film), PictureMaker(tmp_path, SETTINGS), stopped=once(film.unlink))
    assert isinstance(answer.found, Unreadable)
    assert answer.found.reason.startswith("is not there: it was removed or moved")
    assert answer.seen == ()


def test_a_companion_that_is_rewritten_is_listed_neither_shown_nor_remembered(tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    pixels = write_jpeg(tmp_path / "other.jpg").read_bytes()
    stopped = once(lambda: jpeg.write_bytes(pixels + b"\0"))
    answer = look(LookAt(raw, (jpeg,)), PictureMaker(tmp_path, SETTINGS), stopped=stopped)
    assert isinstance(answer.found, FoundStill)
    assert (answer.found.digest, answer.found.companions) == (digest_of_file(raw), ())
    assert answer.found.lost == (Unreadable(str(jpeg), f"{CHANGED}; DSC_0012.DNG stands for it"),)
    assert [seen.path for seen in answer.seen] == [raw]


def test_a_known_photograph_that_changes_is_looked_at_anew(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", 1)
    state = local_state(photo)
    assert state is not None
    known = {key_of(photo): KnownFile(*state, "f" * 64)}
    assert look(LookAt(photo, known=known), PictureMaker(tmp_path, SETTINGS)).found.digest == "f" * 64  # type: ignore[union-attr]
    write_photo(photo, 2)
    found = look(LookAt(photo, known=known), PictureMaker(tmp_path, SETTINGS)).found
    assert isinstance(found, FoundStill)
    assert found.digest == digest_of_file(photo)


def test_what_happened_to_a_film_is_told_by_its_size_and_its_time(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"film")
    os.utime(film, ns=(1, 1_700_000_000_123_456_789))
    before = local_state(film)
    assert before is not None
    assert what_happened(film, before) is None
    assert what_happened(film, None) is None
    assert what_happened(film, (4, 1_700_000_000_123_456_700)) is None  # as a mount says it that counts by 100 ns
    for other in ((4, before[1] - 1000), (5, before[1])):
        assert str(what_happened(film, other)).startswith("changed while it was read, so that frames are missing")
    film.unlink()
    assert str(what_happened(film, before)).startswith("was removed or moved while it was read")
