from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest

from footage.spliced import Pixels, dissolved, faded, mixed, pan, signals_of, still, zoom
from rushes.footage.cuts import find_cuts
from rushes.footage.shot import Cut
from rushes.footage.signals import Signals


def cuts_in(frames: list[Pixels], rate: Fraction = Fraction(24)) -> tuple[Cut, ...]:
    return find_cuts(signals_of(frames, rate))


def test_hard_cuts_are_found_at_the_first_frame_of_the_new_shot() -> None:
    frames = [*still(1, 30), *pan(2, 25, 2), *still(3, 40), *zoom(4, 30, 0.004)]
    found = cuts_in(frames)
    assert [(cut.ordinal, cut.kind, cut.start, cut.stop) for cut in found] == [
        (30, "hard", 30, 30),
        (55, "hard", 55, 55),
        (95, "hard", 95, 95),
    ]
    assert min(cut.confidence for cut in found) > 0.9


@pytest.mark.parametrize("length", [10, 16, 24, 36])
def test_a_dissolve_is_found_in_its_middle(length: int) -> None:
    found = cuts_in(dissolved(still(1, 60), still(2, 70), length))
    assert [cut.kind for cut in found] == ["dissolve"]
    assert abs(found[0].ordinal - (60 - length / 2)) <= 3
    assert abs(found[0].start - (60 - length)) <= 4
    assert abs(found[0].stop - 60) <= 4


@pytest.mark.parametrize("level", [0, 255])
def test_a_fade_through_black_or_white_is_one_cut_where_the_new_picture_begins(level: int) -> None:
    found = cuts_in(faded(still(1, 60), still(2, 60), 16, 6, level))
    assert [cut.kind for cut in found] == ["fade"]
    assert abs(found[0].ordinal - 66) <= 2
    assert found[0].start <= 48
    assert found[0].stop >= 78


def test_a_long_blank_is_a_shot_of_its_own() -> None:
    found = cuts_in(faded(still(1, 60), still(2, 60), 12, 40))
    assert [cut.kind for cut in found] == ["fade", "fade"]
    assert abs(found[0].ordinal - 60) <= 2
    assert abs(found[1].ordinal - 100) <= 2


def test_a_hard_cut_to_black_and_out_of_it_is_one_cut_where_the_blank_is_short() -> None:
    black = [np.zeros_like(still(1, 1)[0])] * 5
    found = cuts_in([*still(1, 40), *black, *still(2, 40)])
    assert [(cut.kind, cut.ordinal) for cut in found] == [("hard", 45)]


def test_black_frames_within_a_shot_are_no_cut() -> None:
    frames = still(1, 80)
    frames[30:32] = [np.zeros_like(frames[0])] * 2
    assert cuts_in(frames) == ()


def test_a_film_that_fades_in_and_out_has_no_cut_there() -> None:
    black = np.zeros_like(still(1, 1)[0])
    frames = faded([black] * 18, still(1, 60), 16, 0)
    frames = faded(frames, [black] * 18, 16, 0)
    assert cuts_in(frames) == ()


@pytest.mark.parametrize("frames_lit", [1, 3, 5])
def test_a_flash_is_no_cut(frames_lit: int) -> None:
    frames = still(5, 70)
    for number in range(30, 30 + frames_lit):
        frames[number] = mixed(frames[number], np.full_like(frames[number], 255), 0.9 - 0.1 * (number - 30))
    assert cuts_in(frames) == ()


@pytest.mark.parametrize("right", [1, 6, 20, -30])
def test_fast_motion_is_no_cut(right: int) -> None:
    assert cuts_in([*still(6, 20), *pan(6, 8, right), *still(6, 20)]) == ()


def test_a_change_of_exposure_is_no_cut() -> None:
    gains = np.concatenate([np.ones(30), np.linspace(1, 0.55, 20), np.full(30, 0.55)])
    frames = [np.clip(frame * gain, 0, 255).astype(np.uint8) for frame, gain in zip(still(7, 80), gains, strict=True)]
    assert cuts_in(frames) == ()


def test_two_cuts_seven_frames_apart_are_both_found() -> None:
    found = cuts_in([*still(1, 40), *still(2, 7), *still(3, 40)])
    assert [cut.ordinal for cut in found] == [40, 47]


@pytest.mark.parametrize("rate", [Fraction(12), Fraction(30000, 1001), Fraction(60)])
def test_cuts_are_found_at_other_rates(rate: Fraction) -> None:
    length = round(rate)
    found = cuts_in([*still(1, 2 * length), *still(2, 2 * length), *still(3, 2 * length)], rate)
    assert [cut.ordinal for cut in found] == [2 * length, 4 * length]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_film_of_a_few_frames_has_no_cuts(count: int) -> None:
    assert cuts_in(still(1, count)) == ()


def test_cuts_are_stated_in_ordinals_where_frames_were_lost() -> None:
    signals = signals_of([*still(1, 30), *still(2, 30)])
    moved = np.where(signals.ordinal >= 10, signals.ordinal + 5, signals.ordinal)
    assert [cut.ordinal for cut in find_cuts(replace(signals, ordinal=moved))] == [35]


@pytest.mark.parametrize("length", [1, 3])
def test_every_slide_of_a_slide_show_is_a_shot(length: int) -> None:
    frames = [frame for seed in range(8) for frame in still(seed, length)]
    assert [cut.ordinal for cut in cuts_in(frames, Fraction(length, 5))] == list(range(length, 8 * length, length))


def test_cuts_that_follow_one_another_quickly_do_not_hide_one_another() -> None:
    frames = [*still(1, 30), *(frame for seed in range(2, 6) for frame in still(seed, 6)), *still(7, 30)]
    assert [cut.ordinal for cut in cuts_in(frames)] == [30, 36, 42, 48, 54]


@pytest.mark.parametrize("rate", [1, 2])
def test_a_cutaway_of_two_long_frames_is_no_flash(rate: int) -> None:
    frames = [*still(1, 12), *still(2, 2), *still(1, 12)]
    assert [cut.ordinal for cut in cuts_in(frames, Fraction(rate))] == [12, 14]


def test_an_interruption_of_a_fifth_of_a_second_is_a_flash_at_any_rate() -> None:
    for rate in (24, 60, 120):
        frames = [*still(1, rate), *still(2, rate // 5), *still(1, rate)]
        assert cuts_in(frames, Fraction(rate)) == ()


def test_a_change_of_hue_alone_is_a_cut() -> None:
    blue, red = np.zeros((180, 320, 3), np.uint8), np.zeros((180, 320, 3), np.uint8)
    blue[:], red[:] = (40, 60, 200), (180, 40, 40)
    drawn = still(1, 1)[0] // 4
    assert [cut.ordinal for cut in cuts_in([drawn + blue] * 20 + [drawn + red] * 20)] == [20]


def test_a_fade_out_of_black_with_a_caption_is_a_fade() -> None:
    caption = np.zeros_like(still(1, 1)[0])
    caption[150:165, 120:200] = 230
    shares = np.linspace(0.04, 1, 25)
    coming = [
        np.maximum(mixed(caption, frame, share), caption) for frame, share in zip(still(2, 25), shares, strict=True)
    ]
    found = cuts_in([*[caption] * 40, *coming, *still(2, 50)])
    assert [cut.kind for cut in found] == ["fade"]
    assert abs(found[0].ordinal - 40) <= 6


def test_many_cuts_take_no_more_than_their_share_of_time() -> None:
    import time

    signals = signals_of([frame for seed in range(6) for frame in still(seed, 9)])
    long, longer = (_repeated(signals, times) for times in (100, 400))
    spent = []
    for one in (long, longer):
        started = time.process_time()
        assert len(find_cuts(one)) > 400
        spent.append(time.process_time() - started)
    assert spent[1] < 12 * spent[0]  # four times the film; not sixteen times the time


def _repeated(signals: Signals, times: int) -> Signals:
    arrays = {field.name: getattr(signals, field.name) for field in fields(signals)}
    many = {name: np.concatenate([value] * times) for name, value in arrays.items() if isinstance(value, np.ndarray)}
    count = times * signals.frame_count
    return replace(signals, **many | {"ordinal": np.arange(count), "pts": np.arange(count), "film_frames": count})
