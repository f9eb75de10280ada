"""How alike shots are."""

from __future__ import annotations

import numpy as np

from rushes.structure.similarity import best_pairs


def test_shots_of_many_pictures_are_compared_piece_by_piece_and_alike() -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(5000, 3)).astype(np.float32)  # more pairs than are held at once
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    firsts = np.array([0, 1, 700, 3000, 4999])
    parts = np.split(rows, firsts[1:])
    some = best_pairs(rows, firsts, rows, firsts)
    alone = [[best_pairs(one, np.array([0]), other, np.array([0]))[0, 0] for other in parts] for one in parts]
    assert np.allclose(some, alone, atol=1e-6)
    assert np.allclose(np.diag(some), 0, atol=1e-6)
