"""Many files predicted by an engine: the same answers however many processes, and what was answered is not again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from inference.plain import write_film, write_photo
from rushes.bundles.bundle import open_bundle
from rushes.errors import BundleError
from rushes.footage.sampling import EveryFrame, PerShot
from rushes.footage.source import Unreadable
from rushes.inference.kept_answers import KeptAnswers
from rushes.inference.predict import predict_path
from rushes.inference.predict_many import (
    FILMS_AT_ONCE,
    PIECE_FRAMES,
    Account,
    Batch,
    Piece,
    plan_batches,
    plan_pieces,
    predict_many,
)
from rushes.inference.prediction import PicturePrediction, Prediction, VideoPrediction
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.inference.tables import write_csv
from rushes.scale.choose import open_engine
from rushes.scale.engine import Done, Engine, Item, Lost, Work
from rushes.scale.in_process import InProcess
from rushes.storage.places import parse_place
from rushes.storage.reading import CHANGED
from storage.servers import web_server

COLOURS = ("red", "green", "blue")
COUNT = 2 * BATCH_SIZE + 3


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stills before and behind a film of more than a piece, and what cannot be read."""
    folder = tmp_path_factory.mktemp("footage")
    for number in range(COUNT):
        write_photo(folder / f"a{number}.jpg", COLOURS[number % 3], (20 + number, 12))
    write_film(folder / "b.mp4", [("red", PIECE_FRAMES), ("green", 20), ("blue", 7)])
    write_film(folder / "c.mp4", [("blue", 3)])
    write_photo(folder / "d.jpg", "red")
    (folder / "a7.jpg").write_bytes(b"no picture")
    (folder / "e.mp4").write_bytes(b"no film")
    return folder


@pytest.fixture(scope="module")
def expected(predictor: Predictor, footage: Path) -> list[Prediction]:
    """What the files are without an engine."""
    return list(predict_path(predictor, footage, sampling=EveryFrame()))


def predicted(colours: Path, footage: Path, *, engine: Engine | None = None, **options: object) -> list[Prediction]:
    found = predict_many(
        engine or InProcess(threads=1), open_bundle(colours), [footage], sampling=EveryFrame(), **options
    )  # fmt: skip
    return list(found)


def test_the_answers_are_those_without_an_engine_in_the_order_of_the_files(
    colours: Path, footage: Path, expected: list[Prediction]
) -> None:
    told: list[tuple[int, int | None]] = []
    account = Account()
    found = predicted(
        colours, footage, account=account, progress=lambda done, total, note="": told.append((done, total))
    )
    assert found == expected
    assert isinstance(found[7], Unreadable)
    film = found[COUNT]
    assert isinstance(film, VideoPrediction)
    assert [(one.start, one.stop) for one in film.timeline] == [
        (0, PIECE_FRAMES),
        (PIECE_FRAMES, PIECE_FRAMES + 20),
        (PIECE_FRAMES + 20, PIECE_FRAMES + 27),
    ]
    assert (account.pictures, account.kept) == (COUNT + 1 + PIECE_FRAMES + 27 + 3, 0)
    assert told == [(done, len(found)) for done in range(1, len(found) + 1)]


@pytest.mark.longer
def test_two_processes_answer_what_one_does(colours: Path, footage: Path, expected: list[Prediction]) -> None:
    with closing(open_engine("here", workers=2)) as engine:
        assert predicted(colours, footage, engine=engine) == expected


def test_what_was_answered_is_kept_and_comes_back_the_same_without_the_files_being_read(
    colours: Path, footage: Path, expected: list[Prediction], tmp_path: Path
) -> None:
    copy = tmp_path / "footage"
    copy.mkdir()
    for file in footage.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    kept = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
    first = predicted(colours, copy, kept=kept)
    for file in copy.iterdir():  # the same size and time, and nothing in them that could be read again
        state = file.stat()
        if file.name not in ("a7.jpg", "e.mp4"):
            file.write_bytes(b"\0" * state.st_size)
            os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    account = Account()
    again = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
    assert predicted(colours, copy, kept=again, account=account) == first
    # What cannot be read is tried again: it may have been mended.
    assert (account.pictures, account.kept) == (COUNT + 1 + PIECE_FRAMES + 30, COUNT + PIECE_FRAMES + 30)
    other = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="int8")
    assert other.picture(other.key(copy / "d.jpg", (1, 1)), copy / "d.jpg") is None
    again.remove()
    assert not (tmp_path / "kept").exists()


def test_answers_are_written_while_the_next_one_takes_long(colours: Path, tmp_path: Path) -> None:
    bundle = open_bundle(colours)
    kept = KeptAnswers(tmp_path / "kept", bundle, runtime="onnxruntime", seconds=0.2)
    scores = dict.fromkeys(bundle.classes, 0.5)
    for round_ in range(2):  # also once more, after it was written for the first time
        keys = [kept.key(tmp_path / f"{round_}-{number}.jpg", (1, 1)) for number in range(3)]
        for key in keys:  # which come together, as from a worker
            kept.keep_pictures({key: PicturePrediction("a.jpg", "photo", scores, None)})
        give_up = time.monotonic() + 60
        while sum(1 for _ in (tmp_path / "kept").glob("part-*.txt")) <= round_ and time.monotonic() < give_up:
            time.sleep(0.02)
        there = KeptAnswers(tmp_path / "kept", bundle, runtime="onnxruntime")
        assert all(there.picture(key, tmp_path / "a.jpg") is not None for key in keys)
        kept.flush()
    kept.remove()
    assert not (tmp_path / "kept").exists()


def test_a_file_that_is_added_in_front_leaves_the_others_known(colours: Path, tmp_path: Path) -> None:
    for number in range(BATCH_SIZE + 2):
        write_photo(tmp_path / "in" / f"b{number:02d}.jpg", COLOURS[number % 3], (20 + number, 12))
    kept = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
    first = predicted(colours, tmp_path / "in", kept=kept)
    write_photo(tmp_path / "in" / "a.jpg", "green")
    account = Account()
    found = predicted(colours, tmp_path / "in", kept=kept, account=account)
    assert (account.pictures, account.kept) == (BATCH_SIZE + 3, BATCH_SIZE + 2)
    assert found[1:] == first


def test_a_job_that_goes_on_asks_a_server_for_one_byte_of_each_file_that_it_knows(
    colours: Path, tmp_path: Path
) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    photo = write_photo(tmp_path / "a.jpg", "red")
    with web_server() as web:
        place = parse_place(web.put("/a.jpg", photo.read_bytes()))
        kept = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
        first = list(predict_many(InProcess(threads=1), open_bundle(colours), [place], kept=kept))
        web.sent.clear()
        account = Account()
        again = predict_many(InProcess(threads=1), open_bundle(colours), [place], kept=kept, account=account)
        assert list(again) == first
        assert (account.kept, sum(web.sent.values())) == (1, 1)


def test_of_many_films_so_many_are_begun_before_the_first_of_them_are_looked_at_to_their_ends(
    colours: Path, tmp_path: Path
) -> None:
    for number in range(FILMS_AT_ONCE + 1):
        write_film(tmp_path / "in" / f"{number:03d}.mp4", [("red", 1)])
    write_film(tmp_path / "in" / "000.mp4", [("red", PIECE_FRAMES + 1)])
    asked: list[object] = []

    class Noting(Losing):
        def map(self, work: Work[Item, object], items: Sequence[Item], **options: object) -> object:
            asked.extend(items)
            yield from super().map(work, items)

    found = predicted(colours, tmp_path / "in", engine=Noting())
    assert len(found) == FILMS_AT_ONCE + 1
    kinds = [type(one).__name__ for one in asked]
    assert kinds == ["Film"] * FILMS_AT_ONCE + ["Piece", "Film"]


def test_a_file_that_changed_is_answered_anew(colours: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "in" / "a.jpg", "red")
    film = write_film(tmp_path / "in" / "b.mp4", [("red", 3)])
    kept = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
    predicted(colours, tmp_path / "in", kept=kept)
    write_photo(photo, "blue", (80, 60))
    write_film(film, [("green", 5)])
    account = Account()
    found = predicted(colours, tmp_path / "in", kept=kept, account=account)
    assert [one.predicted_class for one in found if not isinstance(one, Unreadable)] == ["blue", "green"]
    assert account.kept == 0


class Losing:
    """An engine that loses whatever touches some files."""

    name = "here"
    workers = 1

    def __init__(self, *lost: str) -> None:
        self._lost = lost
        self._alone = InProcess(threads=1)

    def map(self, work: Work[Item, object], items: Sequence[Item], **options: object) -> object:
        for part in self._alone.map(work, items):
            yield [
                Done(one.number, one.item, Lost("died", "ended its process"))
                if any(name in f"{one.item} {getattr(one.item, 'files', '')}" for name in self._lost)
                else one
                for one in part
            ]

    def close(self) -> None:
        self._alone.close()


def test_a_file_that_ends_its_process_is_listed_and_its_neighbours_are_answered(
    colours: Path, footage: Path, expected: list[Prediction]
) -> None:
    found = predicted(colours, footage, engine=Losing("a9.jpg", "sampled frames"))
    lost = {Path(one.path).name: one.reason for one in found if isinstance(one, Unreadable)}
    assert lost["a9.jpg"] == lost["b.mp4"] == "ended its process"
    assert set(lost) == {"a7.jpg", "a9.jpg", "b.mp4", "e.mp4"}
    neighbours = [one for one in found if Path(one.path).name in ("a8.jpg", "a10.jpg", "d.jpg")]
    assert [one.predicted_class for one in neighbours if not isinstance(one, Unreadable)] == ["blue", "green", "red"]
    assert [Path(one.path).name for one in found] == [Path(one.path).name for one in expected]


def test_a_film_that_changes_between_its_pieces_is_told_as_changed(colours: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", PIECE_FRAMES + 5)])

    class Changing(Losing):
        def map(self, work: Work[Item, object], items: Sequence[Item], **options: object) -> object:
            yield from super().map(work, items)
            os.utime(film, ns=(1, 1))

    (found,) = predicted(colours, film, engine=Changing())
    assert isinstance(found, Unreadable)
    assert "changed while it was read" in found.reason


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """Let another program write to a file all the while."""
    ended = threading.Event()

    def write() -> None:
        for second in count():
            os.utime(path, (second, second))
            if ended.wait(0.001):
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


def test_a_film_of_one_piece_that_changes_while_it_is_read_is_not_answered(colours: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "in" / "a.mp4", [("red", PIECE_FRAMES - 5)])
    write_film(tmp_path / "in" / "b.mp4", [("green", 3)])
    kept = KeptAnswers(tmp_path / "kept", open_bundle(colours), runtime="onnxruntime")
    with written_to(film):
        changed, good = predicted(colours, tmp_path / "in", kept=kept)
    assert changed == Unreadable(str(film), CHANGED)
    assert not isinstance(good, Unreadable)
    account = Account()
    again, _ = predicted(colours, tmp_path / "in", kept=kept, account=account)
    assert not isinstance(again, Unreadable)
    assert again.predicted_class == "red"
    assert account.kept == 3


def test_batches_and_pieces_are_the_same_whatever_the_engine() -> None:
    files = [Path(f"{number}.jpg") for number in range(BATCH_SIZE + 1)]
    numbers = (*range(BATCH_SIZE), BATCH_SIZE + 7)
    assert plan_batches(list(zip(numbers, files, strict=True))) == [
        Batch(numbers[:BATCH_SIZE], tuple(files[:BATCH_SIZE])),
        Batch((BATCH_SIZE + 7,), (files[-1],)),
    ]
    assert str(Batch(numbers, tuple(files))) == f"0.jpg and {BATCH_SIZE} more"
    assert PIECE_FRAMES % BATCH_SIZE == 0
    assert plan_pieces(3, Path("a.mp4"), PIECE_FRAMES + 1) == [
        Piece(3, Path("a.mp4"), 0, PIECE_FRAMES),
        Piece(3, Path("a.mp4"), PIECE_FRAMES, PIECE_FRAMES + 1),
    ]
    assert plan_pieces(0, Path("a.mp4"), 0) == []


def test_what_cannot_be_done_is_said_before_files_are_read(colours: Path, tmp_path: Path) -> None:
    found = predict_many(InProcess(), open_bundle(colours), [tmp_path / "gone.jpg"], runtime="fast")
    with pytest.raises(BundleError, match="there is no runtime 'fast'"):
        next(found)
    with pytest.raises(ValueError, match="predict_video"):
        next(predict_many(InProcess(), open_bundle(colours), [tmp_path], sampling=PerShot(1)))
    (missing,) = predict_many(InProcess(), open_bundle(colours), [tmp_path / "gone.jpg"])
    assert "there is no such file" in str(missing)
    (empty,) = predict_many(InProcess(), open_bundle(colours), [tmp_path])
    assert "holds no video" in str(empty)


KILLED = """
import os, signal, sys
from pathlib import Path
from rushes.bundles.bundle import open_bundle
from rushes.inference.kept_answers import KeptAnswers
from rushes.inference.predict_many import predict_many
from rushes.inference.tables import write_csv
from rushes.scale.in_process import InProcess

folder, pictures, out = map(Path, sys.argv[1:])
bundle = open_bundle(folder)

def progress(done, total, note=""):
    if done == 300:
        os.kill(os.getpid(), signal.SIGKILL)

kept = KeptAnswers(out.with_name("kept"), bundle, runtime="onnxruntime")
found = predict_many(InProcess(threads=1), bundle, [pictures], kept=kept, progress=progress)
write_csv(found, out, classes=bundle.classes)
"""


class Unseeing(InProcess):
    """Does work as a process of another machine does, on which a folder is not."""

    def __init__(self, folder: Path) -> None:
        super().__init__(threads=1)
        self._folder = folder

    def map(self, work: Work[Item, Any], items: Iterable[Item], **how: Any) -> Iterator[list[Done[Item, Any]]]:
        aside = self._folder.with_name("aside")
        self._folder.rename(aside)
        parts = list(super().map(work, items, **how))
        aside.rename(self._folder)
        yield from parts


def test_footage_that_another_machine_does_not_see_is_said_to_be_here(colours: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "in" / "a.jpg", "red")
    write_film(tmp_path / "in" / "b.mp4", [("red", 3)])
    found = list(predict_many(Unseeing(tmp_path / "in"), open_bundle(colours), [tmp_path / "in"]))
    assert len(found) == 2
    for one in found:
        assert isinstance(one, Unreadable)
        assert one.reason.startswith("is on this machine, and not on the one that was to read it")


@pytest.mark.longer
def test_after_kill_9_the_file_is_that_of_an_unbroken_run_and_only_what_is_missing_is_answered(
    colours: Path, tmp_path: Path
) -> None:
    for number in range(400):
        write_photo(tmp_path / "in" / f"{number}.jpg", COLOURS[number % 3], (10 + number % 40, 12))
    bundle = open_bundle(colours)
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    write_csv(predict_many(InProcess(threads=1), bundle, [tmp_path / "in"]), whole, classes=bundle.classes)
    killed = subprocess.run([sys.executable, "-c", KILLED, colours, tmp_path / "in", out], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    kept = KeptAnswers(tmp_path / "kept", bundle, runtime="onnxruntime")
    account = Account()
    found = predict_many(InProcess(threads=1), bundle, [tmp_path / "in"], kept=kept, account=account)
    write_csv(found, out, classes=bundle.classes)
    assert out.read_bytes() == whole.read_bytes()
    assert (account.pictures, account.kept) == (400, 256)
