"""Shots read from films: in order, once, and whatever is wrong with some of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from footage.painted import damage, ordinal_of, write_film
from footage.spliced import pan, still, write_frames
from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.shot_frames import plan_by_scan, plan_even
from rushes.datasets.shot_sample import FrameChoice, ShotReading, ShotSample, UnusableShot
from rushes.datasets.shot_samples import read_shot_samples
from rushes.errors import WeightsError
from rushes.footage.found_shots import find_shots, place_of_scan
from rushes.footage.movement import FEATURES, motion_series
from rushes.labels.shot_manifest import ShotRow
from rushes.storage.files import digest_of_file

SEEN = ShotReading(Preprocessing(96, 64), 8)


def row(path: Path, start: int, stop: int, *, root: Path | None = None) -> ShotRow:
    video = str(path.relative_to(root)) if root else str(path)
    return ShotRow(video, start, stop, {"scale": "MS"}, path.stem, digest_of_file(path), Fraction(25))


class Reader:
    """Reads shots into one project's cache."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, rows: list[ShotRow], reading: ShotReading = SEEN, *, threads: int = 2) -> list:
        found = list(
            read_shot_samples(
                rows,
                reading,
                project_root=self.root,
                scans_folder=self.root / "scans",
                cache_folder=self.root / "cache",
                threads=threads,
            )
        )
        assert [one for one, _ in found] == rows
        return [result for _, result in found]

    def samples(self, rows: list[ShotRow], reading: ShotReading = SEEN, *, threads: int = 2) -> list[ShotSample]:
        results = self.read(rows, reading, threads=threads)
        assert all(isinstance(result, ShotSample) for result in results), results
        return results


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "project")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [write_film(folder / f"film {number}.mp4", count) for number, count in enumerate((40, 90, 12))]


def test_the_frames_are_those_that_were_planned(films: list[Path], reader: Reader) -> None:
    rows = [row(films[0], 0, 40), row(films[1], 10, 50), row(films[2], 3, 7), row(films[1], 60, 61)]
    for sample, one in zip(reader.samples(rows), rows, strict=True):
        planned = plan_even(one.start, one.stop, 8)
        assert sample.ordinals.tolist() == list(planned)
        assert [ordinal_of(pixels) for pixels in sample.pixels] == list(planned)
        assert sample.pixels.shape == (len(planned), 64, 96, 3)
        assert sample.aggregates.shape == (len(FEATURES),)
        assert sample.subject is None


def test_a_second_reading_decodes_nothing_and_gives_the_same(films: list[Path], reader: Reader, tmp_path: Path) -> None:
    copies = [tmp_path / f"copy {number}.mp4" for number in range(2)]
    for copy, film in zip(copies, films, strict=False):
        copy.write_bytes(film.read_bytes())
    rows = [row(copies[0], 0, 40), row(copies[1], 20, 60)]
    first = reader.samples(rows)
    for copy in copies:
        copy.unlink()
    for one, other in zip(first, reader.samples(rows), strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.aggregates, other.aggregates)
        np.testing.assert_array_equal(one.series.values, other.series.values)


def test_samples_are_the_same_with_one_thread_and_with_many_in_any_order(
    films: list[Path], reader: Reader, tmp_path: Path
) -> None:
    rows = [row(films[1], start, start + 20) for start in range(0, 70, 10)] + [row(films[0], 0, 40)]
    one = reader.samples(rows, threads=1)
    many = Reader(tmp_path / "other").samples(rows[::-1], threads=4)[::-1]
    for sample, other in zip(one, many, strict=True):
        np.testing.assert_array_equal(sample.pixels, other.pixels)
        np.testing.assert_array_equal(sample.series.values, other.series.values)


def test_a_shot_that_stands_there_twice_is_read_once_and_given_twice(films: list[Path], reader: Reader) -> None:
    one = row(films[2], 0, 12)
    first, second = reader.samples([one, one])
    np.testing.assert_array_equal(first.pixels, second.pixels)


def test_the_scan_of_a_film_is_kept_and_that_of_a_clip_is_not(films: list[Path], reader: Reader) -> None:
    whole, parts = row(films[0], 0, 40), [row(films[1], 0, 40), row(films[1], 40, 80)]
    samples = reader.samples([whole, *parts])
    assert [path.name for path in (reader.root / "scans").iterdir()] == [
        place_of_scan(reader.root, parts[0].source).name
    ]
    signals = find_shots(films[1], scans=reader.root / "scans").signals
    for sample, part in zip(samples[1:], parts, strict=True):
        np.testing.assert_array_equal(sample.series.values, motion_series(signals, part.start, part.stop).values)


def test_a_film_whose_scan_is_kept_gives_the_same_samples(films: list[Path], reader: Reader, tmp_path: Path) -> None:
    rows = [row(films[1], 0, 40), row(films[1], 30, 80)]
    fresh = reader.samples(rows)
    other = Reader(tmp_path / "other")
    find_shots(films[1], scans=other.root / "scans")
    for one, two in zip(fresh, other.samples(rows), strict=True):
        np.testing.assert_array_equal(one.pixels, two.pixels)
        np.testing.assert_array_equal(one.aggregates, two.aggregates)


def test_the_scan_may_choose_the_frames(tmp_path: Path, reader: Reader) -> None:
    film = write_frames(tmp_path / "held.mp4", [*still(3, 40), *pan(3, 20, 5)])
    one = row(film, 0, 60)
    (sample,) = reader.samples([one], replace(SEEN, choice="scan"))
    assert sample.ordinals.tolist() == list(plan_by_scan(find_shots(film).signals, 0, 60, 8))


def test_the_bars_of_a_shot_are_those_that_all_its_frames_have(tmp_path: Path, reader: Reader) -> None:
    frames = pan(5, 20, 3)
    for number, frame in enumerate(frames):
        frame[:24], frame[-24:] = 0, 0
        if number < 6:  # a fade in, of which single frames would tell nothing
            frame[:] = frame // (20 - number)
    film = write_frames(tmp_path / "wide.mp4", frames)
    reading = ShotReading(Preprocessing(160, 66, letterbox="remove"), 20)
    (sample,) = reader.samples([row(film, 0, 20)], reading)
    (kept,) = reader.samples([row(film, 0, 20)], ShotReading(Preprocessing(160, 66), 20))
    assert sample.pixels[:, 0].max() > 20
    assert kept.pixels[:, 0].max() < 20
    # The same crop for all: the fade's frames are darker versions of the same place.
    first = sample.pixels[5].astype(float)
    assert np.corrcoef(first.ravel(), sample.pixels[6].astype(float).ravel())[0, 1] > 0.9


def test_a_cut_inside_a_shot_is_found_and_ends_nothing(tmp_path: Path, reader: Reader) -> None:
    film = write_frames(tmp_path / "two.mp4", [*still(1, 30), *pan(2, 30, 2)])
    both, first, late = reader.samples([row(film, 0, 60), row(film, 0, 30), row(film, 28, 60)])
    assert both.cuts == (30,)
    assert first.cuts == late.cuts == ()


def test_a_black_shot_is_read_and_said_to_be_black(tmp_path: Path, reader: Reader) -> None:
    black = [np.zeros_like(still(1, 1)[0])] * 20
    grey = [np.full_like(black[0], 128)] * 20
    film = write_frames(tmp_path / "black.mp4", [*black, *grey])
    samples = reader.samples([row(film, 0, 20), row(film, 20, 40)], replace(SEEN, subject=True))
    assert [sample.notes for sample in samples] == [("all of it is black",), ("all of it is one even colour",)]
    assert all(np.isfinite(sample.aggregates).all() for sample in samples)
    assert samples[0].subject is not None
    assert samples[0].subject.max() == 0


def test_bad_shots_among_good_ones_say_why(films: list[Path], reader: Reader, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(films[2].read_bytes())
    missing = row(gone, 0, 12)
    gone.unlink()
    replaced = tmp_path / "replaced.mp4"
    replaced.write_bytes(films[2].read_bytes())
    other = row(replaced, 0, 12)
    replaced.write_bytes(films[0].read_bytes())
    text = tmp_path / "text.mp4"
    text.write_text("no film at all")
    rows = [
        row(films[0], 0, 40), missing, other, row(text, 0, 5), row(films[0], 30, 41), row(films[0], 50, 60),
        replace(missing, video="ftp://host/film.mp4"), row(films[0], 10, 20),
    ]  # fmt: skip
    results = reader.read(rows)
    good = [isinstance(result, ShotSample) for result in results]
    assert good == [True, *[False] * 6, True]
    reasons = [result.reason if isinstance(result, UnusableShot) else "" for result in results]
    for reason, words in zip(
        reasons[1:7],
        ("", "digest differs", "", "frames 30 to 40, but the file ends with frame 39", "ends with frame 39", "ftp"),
        strict=True,
    ):
        assert reason
        assert words in reason


def test_a_spoilt_cache_is_read_again(films: list[Path], reader: Reader) -> None:
    rows = [row(films[0], 0, 40)]
    (first,) = reader.samples(rows)
    (part,) = (reader.root / "cache" / "shots").rglob("part-*.bin")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 255
    part.write_bytes(bytes(data))
    (again,) = reader.samples(rows)
    np.testing.assert_array_equal(first.pixels, again.pixels)


@pytest.mark.parametrize("choice", ["even", "scan"])
def test_damaged_frames_are_left_out_and_counted(tmp_path: Path, reader: Reader, choice: FrameChoice) -> None:
    film = write_film(tmp_path / "scratched.mp4", 60)
    damage(film, 20, 30)
    whole, start, within = reader.read([row(film, 0, 60), row(film, 0, 12), row(film, 22, 26)],
                                       replace(SEEN, frames=32, choice=choice))  # fmt: skip
    assert isinstance(whole, ShotSample)
    assert isinstance(start, ShotSample)
    assert [ordinal_of(pixels) for pixels in whole.pixels] == whole.ordinals.tolist()
    assert len(whole.notes) == 1
    assert "of its 60 frames are damaged" in whole.notes[0]
    assert (len(whole.pixels) == 32) == (choice == "scan")
    assert start.notes == ()
    assert isinstance(within, UnusableShot)
    assert "damaged" in within.reason


def test_what_is_taken_first_is_read_without_waiting_for_the_rest(films: list[Path], reader: Reader) -> None:
    rows = [row(films[number % 3], 0, 12) for number in range(3)]
    samples = read_shot_samples(
        rows, SEEN, project_root=reader.root, scans_folder=None, cache_folder=reader.root / "cache", threads=1
    )
    assert next(samples)[0] == rows[0]
    samples.close()
    assert not (reader.root / "scans").exists()


def test_a_detector_that_is_not_there_is_an_error(films: list[Path], reader: Reader, tmp_path: Path) -> None:
    reading = replace(SEEN, subject=True, faces=(str(tmp_path / "none.onnx"), "abc"))
    with pytest.raises(WeightsError, match=r"none\.onnx is missing"):
        reader.read([row(films[0], 0, 40)], reading)
