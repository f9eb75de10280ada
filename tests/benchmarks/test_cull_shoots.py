from __future__ import annotations

from collections import Counter

import pytest
from benchmarks.cull_shoots import rotate


@pytest.mark.parametrize(("groups", "rotations"), [(16, 4), (8, 4), (9, 3)])
def test_each_shoot_is_test_once_and_validation_once_and_never_both(groups: int, rotations: int) -> None:
    names = [f"shoot-{number:02d}" for number in range(groups)]
    turns = rotate(names, rotations)
    assert len(turns) == rotations
    for name in names:
        assert Counter(turn[name] for turn in turns) == {"test": 1, "validation": 1, "train": rotations - 2}
