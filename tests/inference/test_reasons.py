"""Reasons for and against photographs, from measures written down by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.footage.photo_measures import MEASURES, PhotoMeasures
from rushes.inference.reasons import LARGE, MOST, find_reasons

NAN = float("nan")
PLAIN = PhotoMeasures(
    sharpness=0.75,
    subject_sharpness=0.7,
    eye_sharpness=NAN,
    eyes_open=NAN,
    faces=0,
    face_share=0,
    motion_blur=0.05,
    brightness=0.45,
    contrast=0.2,
    clipped_dark=0.01,
    clipped_bright=0.0,
    balance=0.9,
    thirds=0.4,
    symmetry=0.5,
    horizon=0.3,
    noise=1.0,
)


def shoot(count: int = 50) -> list[PhotoMeasures]:
    """Return plain photographs whose sharpness differs a little."""
    steps = np.linspace(-0.05, 0.05, count).tolist()
    return [replace(PLAIN, sharpness=0.75 + step, subject_sharpness=0.7 + step) for step in steps]


def words_of(one: PhotoMeasures, *others: PhotoMeasures) -> list[str]:
    return [reason.words for reason in find_reasons([one, *others])[0]]


def test_what_is_unremarkable_is_no_reason() -> None:
    assert find_reasons(shoot()) == [()] * 50
    assert find_reasons([PLAIN]) == [()]
    assert find_reasons([]) == []


def test_soft_eyes_are_named_with_the_share_of_the_shoot_that_is_sharper() -> None:
    eyes = [replace(PLAIN, eye_sharpness=0.6 + 0.001 * number) for number in range(49)]
    assert words_of(replace(PLAIN, eye_sharpness=0.35, sharpness=0.6), *eyes) == [
        "the eyes are soft for this shoot (0.35; the softest of this shoot)"
    ]
    assert words_of(replace(PLAIN, eye_sharpness=0.8), *eyes) == [
        "the eyes are sharp (0.80; the sharpest of this shoot)"
    ]


def test_beside_another_as_soft_none_is_the_softest() -> None:
    eyes = [replace(PLAIN, eye_sharpness=0.6 + 0.001 * number) for number in range(48)]
    twins = [replace(PLAIN, eye_sharpness=0.35, sharpness=0.6)] * 2
    assert words_of(*twins, *eyes) == ["the eyes are soft for this shoot (0.35; 98 % of this shoot are sharper)"]


def test_lines_that_are_not_level_are_no_reason() -> None:
    assert words_of(replace(PLAIN, horizon=6.0)) == []


def test_a_small_shoot_is_no_yardstick() -> None:
    few = [PLAIN] * (LARGE - 2)
    assert words_of(replace(PLAIN, subject_sharpness=0.5), *few) == []
    assert words_of(replace(PLAIN, subject_sharpness=0.1, sharpness=0.3), *few) == ["the subject is soft (0.10)"]


def test_a_soft_subject_beside_sharp_parts_says_where_the_focus_seems_to_lie() -> None:
    (words,) = words_of(replace(PLAIN, subject_sharpness=0.15, sharpness=0.8))
    assert words == "the subject is soft (0.15), and the focus seems to lie elsewhere: other parts have 0.80"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clipped_bright": 0.12}, "12 % of it is white without detail"),
        ({"eyes_open": 0.08}, "the eyes seem shut (0.08 of 1)"),
        ({"motion_blur": 0.42}, "smeared in one direction, as by motion (0.42)"),
        ({"brightness": 0.06}, "very dark (mean brightness 6 %)"),
        ({"brightness": 0.9}, "very bright (mean brightness 90 %)"),
        ({"noise": 11.7}, "noisy: the grain is 12 of 255 levels"),
        ({"thirds": 0.95}, "the subject lies on a crossing of thirds (0.95)"),
        ({"symmetry": 0.97}, "the left half mirrors the right (0.97)"),
        ({"balance": 0.4}, "what draws the eye lies to one side (balance 0.40)"),
        ({"contrast": 0.03}, "hardly any contrast (0.03)"),
        ({"clipped_dark": 0.4}, "40 % of it is black without detail"),
    ],
)
def test_a_fact_speaks_for_itself_in_any_shoot(changed: dict[str, float], words: str) -> None:
    (found,) = find_reasons([replace(PLAIN, **changed)])[0]
    assert found.words == words
    assert found.measure in changed
    assert found.value == changed[found.measure]
    assert found.speaks == ("for" if found.measure in ("thirds", "symmetry") else "against")


def test_more_of_a_fact_weighs_more() -> None:
    weights = [find_reasons([replace(PLAIN, clipped_bright=share)])[0][0].weight for share in (0.06, 0.12, 0.3, 0.9)]
    assert weights == sorted(weights)
    assert weights[0] < weights[2] == weights[3]


def test_a_duplicate_names_the_one_with_the_higher_score() -> None:
    better = [None, 0]
    (found,) = find_reasons([PLAIN, PLAIN], better=better, names=["a.nef", "b.nef"])[1]
    assert (found.measure, found.value, found.speaks) == ("duplicate", None, "against")
    assert found.words == "shows the same as a.nef, which has the higher score"
    assert (
        find_reasons([PLAIN, PLAIN], better=better)[1][0].words
        == "shows the same as number 1, which has the higher score"
    )
    assert find_reasons([PLAIN, PLAIN], better=better)[0] == ()


def test_the_sharpest_and_the_softest_of_a_series_are_named() -> None:
    series = [replace(PLAIN, subject_sharpness=value) for value in (0.5, 0.6, 0.62, 0.75)]
    found = find_reasons([*series, PLAIN], groups=[7, 7, 7, 7, -1])
    assert [[reason.words for reason in one] for one in found] == [
        ["the subject is soft (0.50; the softest of its series of 4)"],
        [],
        [],
        ["the subject is sharp (0.75; the sharpest of its series of 4)"],
        [],
    ]


def test_open_eyes_are_worth_saying_only_where_many_seem_shut() -> None:
    wide, shut = replace(PLAIN, eyes_open=0.95), replace(PLAIN, eyes_open=0.3)
    assert words_of(*[wide] * 40) == []
    assert words_of(*[wide] * 20, *[shut] * 20) == ["the eyes seem open (0.95 of 1; in 50 % of this shoot they do not)"]


def test_what_each_photograph_is_given_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="each of 2 photographs"):
        find_reasons([PLAIN, PLAIN], groups=[1])


values = st.one_of(st.just(NAN), st.floats(0, 1))


@settings(max_examples=50)
@given(rows=st.lists(st.lists(values, min_size=len(MEASURES), max_size=len(MEASURES)), max_size=30))
def test_reasons_are_few_weighed_in_order_and_never_of_what_is_unknown(rows: list[list[float]]) -> None:
    measures = [PhotoMeasures(*row) for row in rows]
    for one, reasons in zip(measures, find_reasons(measures, groups=[0] * len(rows)), strict=True):
        weights = [reason.weight for reason in reasons]
        assert len(reasons) <= MOST
        assert weights == sorted(weights, reverse=True)
        assert all(0 <= weight <= 1 for weight in weights)
        assert all(getattr(one, reason.measure) == reason.value for reason in reasons)
