"""Photographs of a shoot looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rushes.datasets.synthetic.exif import StatedExif, write_jpeg
from rushes.errors import MediaError
from rushes.footage.pairs import Photograph
from rushes.footage.source import Unreadable
from rushes.inference.cull_look import Looking, look_at_photographs, look_by_engine
from rushes.inference.cull_plan import ScoredPhotograph
from rushes.inference.predictor import Predictor
from rushes.scale.choose import open_engine
from rushes.scale.engine import Done, Lost, Work
from rushes.scale.in_process import InProcess


def shoot(folder: Path, count: int = 5) -> list[Photograph]:
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(count):
        pixels = random.integers(0, 255, (6, 9, 3), np.uint8).repeat(40, 0).repeat(40, 1)
        stated = StatedExif(maker="X", model="Y", taken=f"2024:05:01 12:30:{number:02d}", focal_length=50.0)
        write_jpeg(folder / f"{number}.jpg", pixels, stated)
    return [Photograph(file) for file in sorted(folder.glob("*.jpg"))]


def seen(predictor: Predictor, photographs: list[Photograph], looking: Looking) -> list[ScoredPhotograph]:
    found = list(look_at_photographs(predictor, photographs, looking))
    assert all(isinstance(one, ScoredPhotograph) for one in found)
    return [one for one in found if isinstance(one, ScoredPhotograph)]


def test_each_photograph_has_the_score_that_the_bundle_gives_its_picture(predictor: Predictor, tmp_path: Path) -> None:
    from rushes.footage.pictures import read_picture

    photographs = shoot(tmp_path / "shoot")
    found = seen(predictor, photographs, Looking(class_index=1))
    pictures = [read_picture(Path(str(one.main))) for one in photographs]
    expected = predictor.probabilities(pictures)[:, 1]
    assert [one.score for one in found] == pytest.approx(expected.tolist(), abs=1e-3)
    assert [one.facts.captured_at for one in found] == [f"2024-05-01T12:30:{n:02d}" for n in range(5)]
    assert all(one.measures is not None and one.facts.focal_length == 50.0 for one in found)


def test_what_was_seen_is_kept_and_comes_back_the_same_without_the_files_being_read(
    predictor: Predictor, tmp_path: Path
) -> None:
    photographs = shoot(tmp_path / "shoot")
    looking = Looking(class_index=1, kept=tmp_path / "cache")
    first = seen(predictor, photographs, looking)
    for photograph in photographs:  # the same size and time, and nothing in them that could be read again
        path = Path(str(photograph.main))
        state = path.stat()
        path.write_bytes(b"\0" * state.st_size)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = seen(predictor, photographs, looking)
    assert [one.score for one in again] == [one.score for one in first]
    assert [one.facts for one in again] == [one.facts for one in first]
    assert [repr(one.measures) for one in again] == [repr(one.measures) for one in first]  # NaN is not equal to itself


def test_a_photograph_that_changed_and_another_class_are_looked_at_anew(predictor: Predictor, tmp_path: Path) -> None:
    photographs = shoot(tmp_path / "shoot", 2)
    looking = Looking(class_index=1, kept=tmp_path / "cache")
    first = seen(predictor, photographs, looking)
    write_jpeg(Path(str(photographs[0].main)), np.full((240, 360, 3), 255, np.uint8), StatedExif())
    again = seen(predictor, photographs, looking)
    assert again[0].score != first[0].score
    assert again[1].score == first[1].score
    other = seen(predictor, photographs, Looking(class_index=0, kept=tmp_path / "cache"))
    assert other[1].score != first[1].score


def test_sizes_and_times_are_those_of_the_files_as_they_were_read(predictor: Predictor, tmp_path: Path) -> None:
    first, second = shoot(tmp_path / "shoot", 2)
    path, beside = Path(str(first.main)), Path(str(second.main))
    photograph = Photograph(path, (beside,))
    before = {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in (path, beside)}
    for looking in (Looking(class_index=1), Looking(class_index=1, kept=tmp_path / "cache")):
        (found,) = seen(predictor, [photograph], looking)
        assert found.seen == before
    beside.write_bytes(b"replaced")
    (again,) = seen(predictor, [photograph], Looking(class_index=1, kept=tmp_path / "cache"))
    assert again.seen[str(beside)] != before[str(beside)]


def test_what_cannot_be_read_comes_in_its_place(predictor: Predictor, tmp_path: Path) -> None:
    photographs = shoot(tmp_path / "shoot", 3)
    Path(str(photographs[1].main)).write_bytes(b"no picture")
    found = list(look_at_photographs(predictor, photographs, Looking(class_index=0)))
    assert [isinstance(one, Unreadable) for one in found] == [False, True, False]


def test_a_card_that_was_pulled_out_stops_the_run_once_and_it_goes_on_from_there(
    predictor: Predictor, tmp_path: Path
) -> None:
    photographs = shoot(tmp_path / "card", 80)
    looking = Looking(class_index=1, kept=tmp_path / "cache", measures=False, threads=1)
    looked = look_at_photographs(predictor, photographs, looking)
    before = [next(looked) for _ in range(32)]  # one batch is answered, another read
    (tmp_path / "card").rename(tmp_path / "pulled")
    with pytest.raises(MediaError, match="the folder is gone: was a card pulled out"):
        list(looked)
    (tmp_path / "pulled").rename(tmp_path / "card")
    told: list[str] = []
    after = list(look_at_photographs(predictor, photographs, looking, progress=lambda _, __, name: told.append(name)))
    assert after[:32] == before
    assert len(after) == len(told) == 80


def test_what_could_not_be_seen_as_it_is_is_looked_at_anew(predictor: Predictor, tmp_path: Path) -> None:
    from footage.stills import write_raw

    (beside,) = shoot(tmp_path / "shoot", 1)
    raw = tmp_path / "shoot" / "0.nef"
    raw.write_bytes(b"no raw" * 50)
    photograph = Photograph(raw, (beside.main,))
    looking = Looking(class_index=1, kept=tmp_path / "cache")
    state = raw.stat()
    (first,) = seen(predictor, [photograph], looking)
    assert "0.jpg stands for it" in first.flaw
    whole = write_raw(tmp_path / "whole.dng", preview_width=720).read_bytes()
    raw.write_bytes(whole[: state.st_size])
    os.utime(raw, ns=(state.st_atime_ns, state.st_mtime_ns))
    (again,) = seen(predictor, [photograph], looking)
    assert again.flaw != first.flaw  # it was read again, though nothing shows that it changed


class Losing(InProcess):
    """An engine that loses one photograph, and works where it is asked."""

    workers = 2

    def map(self, work: Work[Photograph, None], items: Sequence[Photograph], **options: object) -> Iterator[list[Done]]:
        yield from super().map(work, [one for one in items if one.main.name != "1.jpg"], **options)
        yield [Done(1, one, Lost("died", "ended its process")) for one in items if one.main.name == "1.jpg"]


def test_what_an_engine_looked_at_is_kept_and_what_it_lost_is_named(predictor: Predictor, tmp_path: Path) -> None:
    photographs = shoot(tmp_path / "shoot", 4)
    looking = Looking(class_index=1, kept=tmp_path / "cache")
    alone = seen(predictor, photographs, Looking(class_index=1))
    lost = look_by_engine(Losing(threads=1), predictor.bundle, photographs, looking)
    assert {Path(path).name: one.reason for path, one in lost.items()} == {"1.jpg": "ended its process"}
    for photograph in photographs:  # what was kept needs no reading
        path, state = Path(str(photograph.main)), Path(str(photograph.main)).stat()
        path.write_bytes(b"\0" * state.st_size)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    left = [one for one in photographs if str(one.main) not in lost]
    found = seen(predictor, left, looking)
    assert [one.score for one in found] == pytest.approx([alone[n].score for n in (0, 2, 3)], abs=1e-6)
    assert look_by_engine(InProcess(threads=1), predictor.bundle, photographs, looking) == {}


def test_a_card_that_is_pulled_out_ends_the_work_of_an_engine_too(predictor: Predictor, tmp_path: Path) -> None:
    photographs = shoot(tmp_path / "card", 12)
    looking = Looking(class_index=1, kept=tmp_path / "cache", measures=False)

    def pull(done: int, total: int | None, note: str = "") -> None:
        (tmp_path / "card").rename(tmp_path / "pulled")

    with pytest.raises(MediaError, match="the folder is gone: was a card pulled out"):
        look_by_engine(Losing(threads=1), predictor.bundle, photographs, looking, progress=pull)


@pytest.mark.longer
def test_processes_see_what_one_sees(predictor: Predictor, tmp_path: Path) -> None:
    photographs = shoot(tmp_path / "shoot", 20)
    looking = Looking(class_index=1, kept=tmp_path / "cache", measures=False)
    told: list[int] = []
    with closing(open_engine("here", workers=2)) as engine:
        lost = look_by_engine(
            engine, predictor.bundle, photographs, looking, progress=lambda done, total, note="": told.append(done)
        )
        assert look_by_engine(engine, predictor.bundle, photographs, looking) == lost == {}
    assert told[-1] == 20
    found = seen(predictor, photographs, looking)
    alone = seen(predictor, photographs, Looking(class_index=1, measures=False))
    assert [one.score for one in found] == pytest.approx([one.score for one in alone], abs=1e-6)
    assert [one.facts.captured_at for one in found] == [one.facts.captured_at for one in alone]
