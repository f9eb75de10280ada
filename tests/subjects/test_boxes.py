"""Boxes: where they are in the picture, and one for each thing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.subjects.boxes import MOST_DETECTIONS, Boxes, Manner, detections_of, place_on_canvas, suppress
from rushes.subjects.coco import COCO_80, COCO_90, coco_words
from rushes.subjects.detection import Pixels

SIDES = st.integers(1, 90)


def picture(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), 200, np.uint8)


def boxes(rows: list[tuple[float, ...]], scores: list[float], classes: list[int]) -> Boxes:
    corners = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(corners, np.array(scores, np.float32), np.array(classes, np.int64))


@given(width=SIDES, height=SIDES, manner=st.sampled_from(["corner", "middle", "stretch"]))
def test_a_box_around_the_whole_picture_is_found_around_the_whole_picture(
    width: int, height: int, manner: Manner
) -> None:
    placed = place_on_canvas(picture(width, height), width=32, height=24, manner=manner)
    assert placed.pixels.shape == (24, 32, 3)
    around = (placed.left, placed.top, placed.left + placed.width, placed.top + placed.height)
    [found] = detections_of(boxes([around], [0.9], [0]), placed, ["thing"], min_score=0.5)
    assert (found.left, found.top, found.width, found.height) == pytest.approx((0, 0, 1, 1), abs=1e-5)
    inside = placed.pixels[round(24 * around[1]) : round(24 * around[3]), round(32 * around[0]) : round(32 * around[2])]
    assert (inside == 200).all()


def test_what_is_no_box_in_the_picture_is_left_out() -> None:
    placed = place_on_canvas(picture(64, 32), width=64, height=64, manner="corner")
    nothing = float("nan")
    rows = [
        (0, 0, 0.5, 0.25), (nothing, 0, 1, 1), (0, 0, float("inf"), 1), (0.5, 0.2, 0.5, 0.3), (0.6, 0.3, 0.2, 0.1),
        (0, 0.6, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1),
    ]  # fmt: skip
    given_boxes = boxes(rows, [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, nothing, 0.1, 0.9, 0.9], [0, 0, 0, 0, 0, 0, 0, 0, 7, 1])
    [found] = detections_of(given_boxes, placed, ["thing", ""], min_score=0.5)
    assert (found.word, found.width, found.height) == ("thing", 0.5, 0.5)


def test_there_are_never_more_detections_than_a_picture_may_have() -> None:
    placed = place_on_canvas(picture(64, 64), width=64, height=64, manner="stretch")
    rows = [(at / 300, 0, (at + 0.5) / 300, 1) for at in range(300)]
    found = detections_of(boxes(rows, [0.5 + at / 1000 for at in range(300)], [0] * 300), placed, ["x"], min_score=0.1)
    assert len(found) == MOST_DETECTIONS
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@st.composite
def some_boxes(draw: st.DrawFn) -> Boxes:
    count = draw(st.integers(0, 12))
    places = np.array(draw(st.lists(st.tuples(*[st.integers(0, 20)] * 4), min_size=count, max_size=count)), np.float32)
    low = places.reshape(-1, 4)[:, :2]
    corners = np.hstack([low, low + places.reshape(-1, 4)[:, 2:] + 1]) / 50
    scores = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    classes = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    return Boxes(corners.astype(np.float32), np.array(scores, np.float32) / 10, np.array(classes, np.int64))


@given(some_boxes())
def test_of_boxes_of_one_thing_the_surest_stays(given_boxes: Boxes) -> None:
    def share(one: int, other: int) -> float:
        low = np.maximum(given_boxes.corners[one, :2], given_boxes.corners[other, :2])
        high = np.minimum(given_boxes.corners[one, 2:], given_boxes.corners[other, 2:])
        common = float(np.prod(np.maximum(0, high - low)))
        areas = [float(np.prod(given_boxes.corners[at, 2:] - given_boxes.corners[at, :2])) for at in (one, other)]
        return common / (sum(areas) - common)

    stay = suppress(given_boxes.corners, given_boxes.scores, given_boxes.classes)
    assert [given_boxes.scores[row] for row in stay] == sorted((given_boxes.scores[row] for row in stay), reverse=True)
    for row in range(len(given_boxes.scores)):
        alike = [at for at in stay if given_boxes.classes[at] == given_boxes.classes[row] and at != row]
        if row in stay:
            assert all(share(row, at) < 0.5 + 1e-5 for at in alike)
        else:
            assert any(
                share(row, at) > 0.5 - 1e-5 and given_boxes.scores[at] >= given_boxes.scores[row] for at in alike
            )


def test_the_words_of_coco_stand_at_their_numbers() -> None:
    assert (len(COCO_80), len(set(COCO_80)), len(COCO_90)) == (80, 80, 90)
    numbered = coco_words(91)
    assert numbered is not None
    assert [numbered[at] for at in (0, 1, 13, 62, 67, 72, 90)] == [
        "", "person", "stop sign", "chair", "dining table", "tv", "toothbrush",
    ]  # fmt: skip
    assert [word for word in COCO_90 if word] == list(COCO_80)
    assert coco_words(79) is None
