from __future__ import annotations

from fractions import Fraction

import numpy as np

from footage.spliced import Pixels, mixed, pan, signals_of, still
from rushes.footage.steps import Sight, reach_of, unlikeness


def sight(luma: Pixels, blue: int = 128, red: int = 128) -> Sight:
    return Sight(luma, np.stack([np.full((5, 8), blue), np.full((5, 8), red)]).astype(np.int16))


def tiny(seed: int, right: int = 0) -> Sight:
    import cv2

    grey = cv2.cvtColor(pan(seed, 3, right)[0], cv2.COLOR_RGB2GRAY)
    return sight(np.asarray(cv2.resize(grey, (40, 22), interpolation=cv2.INTER_AREA), np.uint8))


def test_a_picture_is_like_itself_moved_a_little_or_lit_otherwise() -> None:
    one = tiny(1)
    assert unlikeness(one, one) < 0.001
    assert unlikeness(one, tiny(1, right=10)) < 0.1
    assert unlikeness(one, sight(np.clip(one.luma * 0.6 + 20, 0, 255).astype(np.uint8))) < 0.02


def test_another_picture_is_unlike() -> None:
    assert min(unlikeness(tiny(1), tiny(seed)) for seed in range(2, 12)) > 0.25


def test_a_picture_is_unlike_nothing_and_nothing_is_like_nothing() -> None:
    black, white = sight(np.zeros((22, 40), np.uint8)), sight(np.full((22, 40), 255, np.uint8))
    assert unlikeness(tiny(1), black) == 1
    assert unlikeness(black, tiny(1)) == 1
    assert unlikeness(black, white) == 0


def test_a_change_of_hue_counts_where_it_is_great() -> None:
    grey = np.full((22, 40), 120, np.uint8)
    assert unlikeness(sight(grey, blue=220, red=100), sight(grey, blue=90, red=230)) == 1
    assert unlikeness(sight(grey, blue=120, red=130), sight(grey, blue=128, red=140)) == 0


def test_a_flash_is_a_step_but_nothing_lies_across_it() -> None:
    frames = still(3, 30)
    for number in (14, 15):
        frames[number] = mixed(still(4, 1)[0], np.full_like(frames[0], 255), 0.7)
    signals = signals_of(frames)
    assert signals.step[14] > 0.3
    assert signals.step[16] > 0.3
    assert signals.across.max() < 0.1


def test_what_lies_across_a_cut_is_as_unlike_as_its_sides() -> None:
    signals = signals_of([*still(3, 20), *still(9, 20)])
    assert signals.across[20] > 0.3
    assert np.delete(signals.step, 20).max() < 0.05


def test_a_flash_may_last_a_quarter_of_a_second_within_reason() -> None:
    assert reach_of(Fraction(24)) == 6
    assert reach_of(Fraction(24000, 1001)) == 5
    assert reach_of(Fraction(2)) == 0
    assert reach_of(Fraction(5)) == 1
    assert reach_of(Fraction(120)) == 30
    assert reach_of(Fraction(1000)) == 64
