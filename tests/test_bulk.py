from __future__ import annotations

import gc
from dataclasses import dataclass
from itertools import repeat

import pytest

from rushes.bulk import garbage_left, made_of_columns


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    page: int = 0


def test_values_made_of_columns_are_those_that_the_constructor_makes() -> None:
    count = 20_000
    made = made_of_columns(Note, count, {"text": repeat("a"), "page": range(count)})
    assert made == [Note("a", page) for page in range(count)]
    assert hash(made[7]) == hash(Note("a", 7))
    assert made_of_columns(Note, 0, {"text": [], "page": []}) == []


def test_a_column_that_is_missing_too_long_or_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="Note has the fields"):
        made_of_columns(Note, 1, {"text": ["a"]})
    with pytest.raises(ValueError, match="2 of page"):
        made_of_columns(Note, 1, {"text": ["a"], "page": [1, 2]})


def test_garbage_is_looked_for_again_afterwards() -> None:
    with garbage_left():
        assert not gc.isenabled()
        with garbage_left():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
