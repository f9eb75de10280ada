"""Predictions as values: the mean over a video's frames, and its timeline."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.inference.prediction import (
    FramePrediction,
    PicturePrediction,
    Segment,
    VideoPrediction,
    best_class,
    plan_timeline,
    pool_scores,
)


def frame(ordinal: int, a: float) -> FramePrediction:
    return FramePrediction(ordinal, Fraction(ordinal, 24), f"00:00:00:{ordinal:02d}", {"a": a, "b": 1 - a})


def timeline(frames: list[FramePrediction], stop: int = 24) -> tuple[Segment, ...]:
    return plan_timeline(frames, stop=stop, stop_seconds=Fraction(stop, 24), stop_timecode="00:00:01:00")


def test_the_verdict_is_the_mean_over_frames() -> None:
    pooled = pool_scores(np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]], np.float32))
    np.testing.assert_allclose(pooled, [0.5, 0.5], atol=1e-6)
    assert pooled.dtype == np.float32


def test_no_frames_have_no_verdict() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        pool_scores(np.zeros((0, 2), np.float32))


def test_of_equal_classes_the_first_is_the_answer() -> None:
    assert best_class({"b": 0.5, "a": 0.5}) == "b"


def test_frames_of_one_answer_make_one_segment_up_to_the_next_sampled_frame() -> None:
    first, second = timeline([frame(0, 0.9), frame(6, 0.7), frame(12, 0.2), frame(18, 0.4)])
    assert (first.start, first.stop, first.predicted_class, first.sampled_frames) == (0, 12, "a", 2)
    assert first.confidence == pytest.approx(0.8)
    assert (first.start_timecode, first.stop_timecode) == ("00:00:00:00", "00:00:00:12")
    assert (second.start, second.stop, second.predicted_class) == (12, 24, "b")
    assert (second.stop_seconds, second.stop_timecode) == (Fraction(1), "00:00:01:00")


def test_a_class_that_comes_back_makes_a_segment_of_its_own() -> None:
    assert [segment.predicted_class for segment in timeline([frame(0, 1), frame(1, 0), frame(2, 1)])] == ["a", "b", "a"]


def test_no_frames_make_no_timeline() -> None:
    assert timeline([]) == ()


@given(st.dictionaries(st.integers(0, 99), st.floats(0, 1), min_size=1))
def test_a_timeline_has_no_gap_and_counts_every_frame(scores: dict[int, float]) -> None:
    frames = [frame(ordinal, a) for ordinal, a in sorted(scores.items())]
    segments = timeline(frames, stop=100)
    assert (segments[0].start, segments[-1].stop) == (frames[0].ordinal, 100)
    assert all(one.stop == other.start for one, other in pairwise(segments))
    assert all(one.predicted_class != other.predicted_class for one, other in pairwise(segments))
    assert sum(segment.sampled_frames for segment in segments) == len(frames)


def test_the_tables_hold_what_the_api_promises() -> None:
    scores = {"a": 0.25, "b": 0.75}
    picture = PicturePrediction("x.jpg", "photo", scores).to_table()
    assert picture == {"file": "x.jpg", "kind": "photo", "predicted_class": "b", "confidence": 0.75, "scores": scores}
    frames = (frame(0, 0.25),)
    video = VideoPrediction("x.mp4", scores, frames, timeline(list(frames)), Fraction(1)).to_table()
    assert (video["predicted_class"], video["confidence"], video["duration_seconds"]) == ("b", 0.75, 1.0)
    assert video["timeline"][0]["stop_timecode"] == "00:00:01:00"
    assert video["timeline"][0]["predicted_class"] == "b"
