from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rushes.scale.engine import Engine, Lost, Seat, Work
from rushes.scale.filling import fill_vectors
from rushes.scale.here import Here
from rushes.storage.kept_vectors import read_vectors, write_vectors


def build_halves(seat: Seat) -> Callable[[Sequence[int]], list[str | None]]:
    def halve(numbers: Sequence[int]) -> list[str | None]:
        if 7 in numbers:
            raise ValueError("seven")
        even = [number for number in numbers if number % 2 == 0]
        if even:
            write_vectors(seat.folder, [str(number) for number in even], np.array([[number / 2] for number in even]))
        return [None if number % 2 == 0 else f"{number} is odd" for number in numbers]

    return halve


@pytest.mark.parametrize("workers", [1, 2])
def test_what_can_be_kept_is_there_and_what_cannot_is_told_in_order(tmp_path: Path, workers: int) -> None:
    engine: Engine | None = Here(workers=workers) if workers > 1 else None
    try:
        work: Work[int, str | None] = Work(build_halves, "halving", fills=tmp_path / "kept", together=2)
        refused = fill_vectors(work, range(10), engine=engine, threads=1)
    finally:
        if engine is not None:
            engine.close()
    assert [number for number, _ in refused] == [1, 3, 5, 7, 9]
    assert {number: why for number, why in refused if number != 7} == {n: f"{n} is odd" for n in (1, 3, 5, 9)}
    lost = dict(refused)[7]
    assert isinstance(lost, Lost)
    assert "ValueError: seven" in lost.reason
    kept = read_vectors(tmp_path / "kept", {str(number) for number in range(10)})
    assert {name: vector.tolist() for name, vector in kept.items()} == {str(n): [n / 2] for n in range(0, 10, 2)}


def test_nothing_to_fill_is_nothing_refused(tmp_path: Path) -> None:
    work: Work[int, str | None] = Work(build_halves, "halving", fills=tmp_path / "kept")
    assert fill_vectors(work, [], threads=1) == []
