"""Samples of shots side by side."""

from __future__ import annotations

import numpy as np
import pytest

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.shot_record import name_of_reading, pack_frames, pack_sample, unpack_sample
from rushes.datasets.shot_sample import MOST_STEPS, ShotReading, ShotSample, shorten_series, stack_samples
from rushes.footage.movement import FEATURES, SERIES_COLUMNS, MotionSeries, motion_features

SMALL = Preprocessing(8, 6)


def series(pairs: int, value: float = 1.0) -> MotionSeries:
    each = np.full(pairs, 0.125, np.float32)
    return MotionSeries(
        seconds=np.cumsum(each, dtype=np.float32),
        seconds_each=each,
        values=np.full((pairs, len(SERIES_COLUMNS)), value, np.float32),
        trusted=np.ones(pairs, np.bool_),
        duration_seconds=pairs / 8 + 0.04,
    )


def sample(frames: int, pairs: int, *, value: int = 7, subject: bool = True) -> ShotSample:
    moved = series(pairs, value)
    return ShotSample(
        pixels=np.full((frames, 6, 8, 3), value, np.uint8),
        ordinals=np.arange(frames),
        subject=np.full((frames, 2, 2), 255, np.uint8) if subject else None,
        series=moved,
        aggregates=motion_features(moved),
    )


def test_what_a_sample_lacks_is_zero_and_masked_out() -> None:
    stacked = stack_samples([sample(4, 5), sample(1, 0, value=3)], 4)
    assert stacked.pixels.shape == (2, 4, 6, 8, 3)
    assert stacked.mask.tolist() == [[True] * 4, [True, False, False, False]]
    assert stacked.pixels[1, 0].min() == 3
    assert stacked.pixels[1, 1:].max() == 0
    assert stacked.subject is not None
    np.testing.assert_array_equal(stacked.subject[:, :, 0, 0], stacked.mask.astype(np.float32))
    assert stacked.series.shape == (2, 5, len(SERIES_COLUMNS))
    assert stacked.series_mask.sum(axis=1).tolist() == [5, 0]
    assert stacked.aggregates.shape == (2, len(FEATURES))
    assert stacked.aggregates.dtype == stacked.series.dtype == np.float32


def test_the_last_batch_may_be_of_one_shot_without_motion() -> None:
    stacked = stack_samples([sample(2, 0, subject=False)], 8)
    assert stacked.pixels.shape[:2] == (1, 8)
    assert stacked.subject is None
    assert stacked.series.shape[1] == 1
    assert not stacked.series_mask.any()


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "at least one"),
        ([sample(9, 1)], "room for 8"),
        ([sample(2, 1), sample(2, 1, subject=False)], "maps of the subject"),
    ],
)
def test_a_batch_that_cannot_be_is_a_bug(samples: list[ShotSample], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stack_samples(samples, 8)


def test_a_long_series_is_averaged_and_a_short_one_stays() -> None:
    rising = np.arange(300, dtype=np.float32)[:, None]
    short = shorten_series(rising)
    assert len(short) == MOST_STEPS
    assert (np.diff(short[:, 0]) > 0).all()
    assert short[0, 0] == 0.5
    assert short[-1, 0] == 298
    np.testing.assert_array_equal(shorten_series(rising[:128]), rising[:128])
    np.testing.assert_array_equal(shorten_series(rising[:4], 2), [[0.5], [2.5]])


def test_what_was_not_measured_does_not_count_in_a_mean() -> None:
    series = np.array([[1], [np.nan], [np.nan], [np.nan]], np.float32)
    np.testing.assert_array_equal(shorten_series(series, 2), [[1], [0]])
    np.testing.assert_array_equal(shorten_series(series, 4), [[1], [0], [0], [0]])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("maps", [True, False])
def test_a_sample_is_packed_and_comes_back(channels: int, maps: bool) -> None:
    frames = [np.full((40, 60, channels), value, np.uint8) for value in (20, 90, 200)]
    subject = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2) if maps else None
    moved = series(4)
    data = pack_sample(pack_frames(np.array([3, 5, 9]), frames, subject), moved, cuts=[6], notes=["dark"])
    back = unpack_sample(data)
    assert np.abs(back.pixels.astype(int) - np.stack(frames)).max() <= 2
    assert back.ordinals.tolist() == [3, 5, 9]
    assert (back.cuts, back.notes) == ((6,), ("dark",))
    assert (back.subject is None) == (subject is None)
    np.testing.assert_array_equal(back.series.values, moved.values)
    assert back.series.duration_seconds == moved.duration_seconds
    np.testing.assert_array_equal(back.aggregates, motion_features(moved))


def test_what_decides_about_a_sample_decides_where_it_is_kept() -> None:
    names = {
        name_of_reading(reading)
        for reading in (
            ShotReading(SMALL),
            ShotReading(SMALL, 8),
            ShotReading(SMALL, choice="scan"),
            ShotReading(SMALL, subject=True),
            ShotReading(SMALL, subject=True, faces=("faces.onnx", "abc")),
            ShotReading(Preprocessing(8, 8)),
        )
    }
    assert len(names) == 6
    other_mean = Preprocessing(8, 6, mean=(0.1, 0.2, 0.3))
    assert name_of_reading(ShotReading(other_mean)) == name_of_reading(ShotReading(SMALL))
    assert name_of_reading(ShotReading(SMALL, faces=("faces.onnx", "abc"))) == name_of_reading(ShotReading(SMALL))


@pytest.mark.parametrize(("frames", "choice"), [(0, "even"), (8, "best")])
def test_a_reading_that_cannot_be_is_a_bug(frames: int, choice: str) -> None:
    with pytest.raises(ValueError, match="got"):
        ShotReading(SMALL, frames, choice)  # type: ignore[arg-type]
