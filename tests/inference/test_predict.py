"""Footage as predictions: stills, films, folders, and what cannot be read."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from footage.stills import looks_like_quarters, write_raw
from inference.plain import write_film, write_photo
from rushes.footage.raw import read_raw
from rushes.footage.sampling import Every, EveryFrame, Keyframes, name_frames, plan_ordinals
from rushes.footage.source import Unreadable
from rushes.footage.sources import read_source
from rushes.inference.predict import predict_path, predict_pictures, predict_video
from rushes.inference.prediction import PicturePrediction, VideoPrediction
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.inference.tables import rows_of
from rushes.storage.places import Place
from rushes.storage.reading import CHANGED, REMOVED, local_state


def predict_film(predictor: Predictor, path: Path, sampling: object = None) -> VideoPrediction:
    found = predict_video(predictor, path, sampling=sampling or EveryFrame())
    assert isinstance(found, VideoPrediction), found
    return found


def test_a_photograph_is_predicted(predictor: Predictor, tmp_path: Path) -> None:
    (found,) = predict_path(predictor, write_photo(tmp_path / "a.jpg", "green"))
    assert isinstance(found, PicturePrediction)
    assert (found.path, found.kind, found.predicted_class) == (str(tmp_path / "a.jpg"), "photo", "green")
    assert list(found.scores) == ["red", "green", "blue"]
    assert found.confidence == max(found.scores.values()) > 0.5


def test_a_raw_is_seen_as_ingest_sees_it_by_a_preview_that_fills_the_working_size(
    predictor: Predictor, tmp_path: Path
) -> None:
    raw = write_raw(tmp_path / "a.dng", sensor=(3000, 2000), preview_width=720)
    (found,) = predict_path(predictor, raw)
    assert isinstance(found, PicturePrediction)
    pixels = read_raw(raw, size=predictor.working_size).pixels
    assert looks_like_quarters(pixels)
    assert list(found.scores.values()) == pytest.approx(predictor.probabilities([pixels])[0].tolist())


def test_a_film_has_a_timeline_and_a_verdict(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 12), ("green", 5), ("red", 8)])
    found = predict_film(predictor, film)
    assert found.predicted_class == "red"
    assert [(one.start, one.stop, one.predicted_class) for one in found.timeline] == [
        (0, 12, "red"),
        (12, 17, "green"),
        (17, 25, "red"),
    ]
    assert [(one.start_timecode, one.stop_timecode) for one in found.timeline] == [
        ("00:00:00:00", "00:00:01:02"),
        ("00:00:01:02", "00:00:01:07"),
        ("00:00:01:07", "00:00:02:05"),
    ]
    assert (len(found.frames), found.lost_frames, found.duration_seconds) == (25, 0, Fraction(5, 2))


def test_a_sampled_frame_speaks_up_to_the_next(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 12), ("green", 13)])
    found = predict_film(predictor, film, Every(Fraction(1)))
    assert [one.ordinal for one in found.frames] == [0, 10, 20]
    assert [(one.start, one.stop, one.predicted_class) for one in found.timeline] == [(0, 20, "red"), (20, 25, "green")]


def test_the_verdict_is_the_mean_of_the_frames(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 10), ("blue", 30)])
    found = predict_film(predictor, film)
    mean = sum(frame.scores["blue"] for frame in found.frames) / len(found.frames)
    assert found.predicted_class == "blue"
    assert found.confidence == pytest.approx(mean, abs=1e-5)


def test_more_frames_than_a_batch_keep_their_order(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", BATCH_SIZE + 5), ("green", BATCH_SIZE)])
    found = predict_film(predictor, film)
    assert [one.ordinal for one in found.frames] == list(range(2 * BATCH_SIZE + 5))
    assert [one.stop for one in found.timeline] == [BATCH_SIZE + 5, 2 * BATCH_SIZE + 5]


def test_timecodes_are_those_that_ingest_gives_the_frames(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", [("red", 60)], rate=24)
    found = predict_film(predictor, film)
    source, index = read_source(film, group="g")
    assert index is not None
    frames = name_frames(source, index, plan_ordinals(index, EveryFrame()))
    assert [one.timecode for one in found.frames] == [frame.timecode for frame in frames]


def test_keyframes_alone_can_be_asked(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 12)])
    assert [one.ordinal for one in predict_film(predictor, film, Keyframes()).frames][:2] == [0, 5]


def test_a_film_of_one_frame_is_a_film(predictor: Predictor, tmp_path: Path) -> None:
    found = predict_film(predictor, write_film(tmp_path / "a.mp4", [("blue", 1)]))
    assert [(one.start, one.stop, one.predicted_class) for one in found.timeline] == [(0, 1, "blue")]


def with_thresholds(predictor: Predictor, **thresholds: float) -> Predictor:
    return Predictor(replace(predictor.bundle, thresholds=thresholds), threads=1)


def test_a_picture_names_the_classes_whose_threshold_it_reaches(predictor: Predictor, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", "green")
    (plain,) = predict_path(predictor, photo)
    assert isinstance(plain, PicturePrediction)
    assert plain.above is None
    assert "above" not in plain.to_table()
    exactly = with_thresholds(predictor, green=plain.scores["green"], red=plain.scores["red"] + 1e-6, blue=0.0)
    (found,) = predict_path(exactly, photo)
    assert isinstance(found, PicturePrediction)
    assert found.above == ("green", "blue")
    assert found.to_table()["above"] == ["green", "blue"]
    assert found.predicted_class == "green"
    (none,) = predict_path(with_thresholds(predictor, red=0.9), photo)
    assert isinstance(none, PicturePrediction)
    assert none.to_table()["above"] == []


def test_a_film_counts_its_frames_above_each_threshold(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 6), ("green", 4)])
    found = predict_film(with_thresholds(predictor, red=0.5, green=0.5, blue=0.5), film)
    assert found.frames_above == {"red": 6, "green": 4}
    assert found.to_table()["frames_above"] == {"red": 6, "green": 4}
    assert [row.above for row in found.frames] == [("red",)] * 6 + [("green",)] * 4
    assert "frames_above" not in predict_film(predictor, film).to_table()
    cells = [row.get("above") for row in rows_of(found)]
    assert cells == [None] * 3 + ["red"] * 6 + ["green"] * 4


def test_a_folder_is_predicted_in_natural_order_and_a_bad_file_ends_nothing(
    predictor: Predictor, tmp_path: Path
) -> None:
    write_photo(tmp_path / "shot2.jpg", "green")
    write_photo(tmp_path / "shot10.png", "blue")
    write_photo(tmp_path / "shot1.jpg", "red")
    write_film(tmp_path / "shot5.mp4", [("blue", 3)])
    (tmp_path / "shot3.jpg").write_bytes(b"")
    (tmp_path / "shot4.mp4").write_text("not a film")
    (tmp_path / "notes.txt").write_text("left out")
    found = list(predict_path(predictor, tmp_path))
    assert [Path(one.path).name for one in found] == [
        "shot1.jpg", "shot2.jpg", "shot3.jpg", "shot4.mp4", "shot5.mp4", "shot10.png",
    ]  # fmt: skip
    answers = [one.reason if isinstance(one, Unreadable) else one.predicted_class for one in found]
    assert answers[:2] == ["red", "green"]
    assert "is empty (0 bytes)" in answers[2]
    assert "text file" in answers[3]
    assert answers[4:] == ["blue", "blue"]


def test_more_photographs_than_two_batches_keep_their_order(predictor: Predictor, tmp_path: Path) -> None:
    colours = [("red", "green", "blue")[index % 3] for index in range(2 * BATCH_SIZE + 5)]
    for index, colour in enumerate(colours):
        write_photo(tmp_path / f"{index}.jpg", colour, (20, 12))
    (tmp_path / "7.jpg").write_bytes(b"no picture")
    found = list(predict_path(predictor, tmp_path))
    assert isinstance(found.pop(7), Unreadable)
    colours.pop(7)
    assert [one.predicted_class for one in found if isinstance(one, PicturePrediction)] == colours


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.jpg", None, "there is no such file"),
        ("notes.md", b"hello", "is no video, photograph or camera raw by its name ('.md')"),
        ("noname", b"hello", "by its name (no extension)"),
        ("empty.mp4", b"", "is empty (0 bytes)"),
        ("text.nef", b"hello", ""),
    ],
)
def test_what_cannot_be_read_is_a_value_with_a_reason(
    predictor: Predictor, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (found,) = predict_path(predictor, tmp_path / name)
    assert isinstance(found, Unreadable)
    assert said in found.reason
    assert found.reason


def test_an_empty_folder_says_so(predictor: Predictor, tmp_path: Path) -> None:
    (found,) = predict_path(predictor, tmp_path)
    assert isinstance(found, Unreadable)
    assert "holds no video, photograph or camera raw" in found.reason


def test_a_consumer_that_stops_early_stops_the_reading(predictor: Predictor, tmp_path: Path) -> None:
    for index in range(5):
        write_photo(tmp_path / f"{index}.jpg", "red", (20, 12))
    predictions = predict_path(predictor, tmp_path)
    next(predictions)
    predictions.close()


def test_progress_counts_files_and_of_one_film_its_frames(predictor: Predictor, tmp_path: Path) -> None:
    told: list[tuple[int, int | None, str]] = []

    def note(done: int, total: int | None, note: str = "") -> None:
        told.append((done, total, note))

    film = write_film(tmp_path / "b.mp4", [("red", 3)])
    list(predict_path(predictor, film, sampling=EveryFrame(), progress=note))
    assert told == [(1, 3, "b.mp4"), (2, 3, "b.mp4"), (3, 3, "b.mp4")]
    told.clear()
    write_photo(tmp_path / "a.jpg", "red")
    list(predict_path(predictor, tmp_path, sampling=EveryFrame(), progress=note))
    assert told == [(1, 2, "a.jpg"), (2, 2, "b.mp4")]


def test_a_still_that_changes_while_it_is_read_is_not_answered(predictor: Predictor, tmp_path: Path) -> None:
    stills = [write_photo(tmp_path / f"{name}.jpg", "red") for name in "abc"]
    states: dict[Place, object] = {}

    def note_state(file: Place, state: tuple[int, int] | None) -> None:
        states[file] = state
        if file == stills[0]:
            os.utime(stills[0], (1, 1))
        if file == stills[1]:
            stills[1].unlink()

    before = {file: local_state(file) for file in stills}
    ((changed, removed, good),) = predict_pictures(predictor, [stills], note_state=note_state)
    assert changed == Unreadable(str(stills[0]), CHANGED)
    assert isinstance(removed, Unreadable)
    assert isinstance(good, PicturePrediction)
    assert states == before


def test_a_film_that_changes_while_it_is_read_is_not_answered(predictor: Predictor, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 20)])
    changed = predict_video(predictor, film, progress=lambda done, total, note="": os.utime(film, (done, done)))
    assert changed == Unreadable(str(film), CHANGED)
    removed = predict_video(predictor, film, progress=lambda done, total, note="": film.unlink(missing_ok=True))
    assert removed == Unreadable(str(film), REMOVED)


@pytest.mark.slow
def test_every_hostile_file_is_an_outcome(predictor: Predictor, media: Path) -> None:
    files = sorted((media / "hostile").iterdir())
    outcomes = [list(predict_path(predictor, file)) for file in files]
    assert [len(outcome) for outcome in outcomes] == [1] * len(files)
    assert all(one.reason for (one,) in outcomes if isinstance(one, Unreadable))


@pytest.mark.slow
def test_real_raws_and_a_real_film_are_predicted(predictor: Predictor, media: Path) -> None:
    raws = list(predict_path(predictor, media / "raw"))
    assert [one.kind for one in raws if isinstance(one, PicturePrediction)] == ["raw"] * 3
    film = predict_film(predictor, media / "videos" / "sam2_dog.mp4", Every(Fraction(2)))
    assert film.lost_frames == 0
    assert film.timeline[-1].stop_seconds == film.duration_seconds
