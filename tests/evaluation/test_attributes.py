from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.evaluation.attributes import OTHER, UNKNOWN, columns_that_tell, slices_of_column, varies


def counts(slices):
    return {name: int(rows.sum()) for name, rows in slices.items()}


def test_categories_come_by_their_number_and_what_is_rare_or_not_known_at_the_end():
    values = ["Canon"] * 12 + ["Nikon"] * 20 + ["Sony"] * 3 + ["Leica"] * 2 + [None] * 4
    found = counts(slices_of_column(values))
    assert found == {"Nikon": 20, "Canon": 12, OTHER: 5, UNKNOWN: 4}
    assert list(found) == ["Nikon", "Canon", OTHER, UNKNOWN]


def test_numbers_are_cut_into_five_bins_of_equal_counts():
    assert counts(slices_of_column([row / 100 for row in range(100)])) == {
        "0.00–0.19": 20, "0.20–0.39": 20, "0.40–0.59": 20, "0.60–0.79": 20, "0.80–0.99": 20,
    }  # fmt: skip


def test_a_number_that_is_not_known_is_in_no_bin():
    assert counts(slices_of_column([1.0, None] * 10 + [2.0] * 10)) == {"1": 10, "2": 10, UNKNOWN: 10}


def test_equal_numbers_are_in_one_bin():
    values = [100.0] * 70 + [200.0] * 4 + [400.0] * 12 + [800.0, 1600.0, 3200.0, 6400.0]
    assert counts(slices_of_column(values)) == {"100": 70, "200–6400": 20}


def test_few_numbers_are_one_bin():
    assert counts(slices_of_column([0.1, 0.5, 0.25])) == {"0.1–0.5": 3}


def test_words_beside_several_words_are_taken_as_words():
    assert counts(slices_of_column([("car", "night"), "car", None], fewest=1)) == {"car": 2, "night": 1}


def test_what_does_not_tell_samples_apart_is_left_out_and_so_is_what_cuts_them_as_another_does():
    columns = {
        "codec": ["h264"] * 20,
        "camera": ["A"] * 10 + ["B"] * 10,
        "maker": ["x"] * 10 + ["y"] * 10,
        "lens": ["A"] * 20,
        "half known": ["A"] * 10 + [None] * 10,
    }
    assert list(columns_that_tell(columns)) == ["camera"]
    assert not varies(slices_of_column([]))


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=80), st.integers(1, 12))
def test_every_number_is_in_one_bin_and_no_bin_is_small(values, fewest):
    slices = slices_of_column(values, fewest=fewest)
    covered = np.sum([*slices.values(), np.zeros(len(values))], axis=0)
    assert covered.tolist() == [1] * len(values)
    sizes = [int(rows.sum()) for name, rows in slices.items() if name != UNKNOWN]
    assert len(sizes) <= 5
    assert len(sizes) < 2 or min(sizes) >= fewest


@pytest.mark.parametrize("count", [1, 9, 10, 19, 50, 51, 99])
def test_bins_are_about_equal(count):
    sizes = [int(rows.sum()) for rows in slices_of_column([float(row) for row in range(count)]).values()]
    assert len(sizes) == min(5, max(1, count // 10))
    assert max(sizes) - min(sizes) <= 1
